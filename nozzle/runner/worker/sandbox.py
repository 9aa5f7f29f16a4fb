"""A process that gives up rights for good: where it may write and read, and whom it may talk to (Landlock, seccomp).

No root, no package, a millisecond. Whatever it starts or forks is bound in the same way. What the system cannot do is
said, never pretended.
Sources: the kernel's Documentation/userspace-api/landlock.rst and seccomp_filter.rst.
"""

from __future__ import annotations

import ctypes
import os
import platform
import resource
import struct
import sys
import tempfile
from collections.abc import Iterable
from typing import Any

from . import hide

NO_NEW_PRIVILEGES, SECCOMP, FILTER, VERSION = 38, 22, 2, 1
CREATE, ADD, RESTRICT = 444, 445, 446
READ = 1 << 0 | 1 << 2 | 1 << 3  # execute, read a file, list a folder
OF_FILES = 1 << 0 | 1 << 1 | 1 << 2 | 1 << 14 | 1 << 15  # what can be granted for a file
WRITE_BY_ABI = {1: 0x1FFF, 2: 0x3FFF, 3: 0x7FFF, 5: 0xFFFF}
TCP_BY_ABI, SCOPES_BY_ABI = {4: 0b11}, {6: 0b11}  # bind and connect; abstract sockets and signals
DENIED, REFUSE, ALLOW, KILL = 13, 0x00050000, 0x7FFF0000, 0x80000000
MEMORY = "/dev/shm"
"""Where programs share memory: one folder for all of them, so that other programs' lies there too."""
LOAD, JUMP, EQUAL, AT_LEAST, ANY_OF, RETURN = 0x20, 0x05, 0x15, 0x35, 0x45, 0x06
NOT_PERMITTED = 1
SHARED, OWN = 0o7022, 0o400
"""Of a file's mode: what lets others write, or runs as somebody else; and that its owner may read it."""
X32 = 0x40000000
CPU = resource.RLIMIT_CPU
SYSTEMS = {
    "x86_64": (
        0xC000003E, 41, (101, 165, 248, 249, 250, 298, 310, 311, 321, 323, 425),
        (92, 93, 94, 260, 188, 189, 190, 197, 198, 199, 463, 466, 469), {90: 1, 91: 1, 268: 2, 452: 2},
    ),
    "aarch64": (
        0xC00000B7, 198, (117, 40, 217, 218, 219, 241, 270, 271, 280, 282, 425),
        (54, 55, 5, 6, 7, 14, 15, 16, 463, 466, 469), {52: 1, 53: 2, 452: 2},
    ),
}  # fmt: skip
"""Architecture, socket(), and what nobody in here needs: ptrace, mount, the kernel's keyrings, perf_event_open,
process_vm_readv and writev, bpf, userfaultfd, io_uring_setup (which opens sockets by itself).

Then what changes a file's owner or attributes, and the place of the mode in what sets one (chmod and its like): a file
of the same user need not be written to for that, and Landlock has no right for it.
"""


def landlock_version() -> int:
    """Of this system's Landlock; 0 where there is none."""
    return max(0, int(_library().syscall(CREATE, None, 0, VERSION)))


def confine(write: Iterable[str], read: Iterable[str], network: bool) -> dict[str, Any]:
    """Bind this process: writes below `write`, reads below both, sockets only with `network`. What now holds.

    Times of its user's files it may set wherever they lie, and modes that let nobody else write.
    """
    _library().prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0)
    version = landlock_version()
    if version:
        _landlock(version, list(write), list(read), network)
    filtered = _filtered(network)
    return {"files": version, "network": filtered and not network, "signals": version >= 6}


def bound(message: dict[str, Any]) -> dict[str, Any]:
    """Bind this process as the host says; what now holds. Call while single-threaded.

    It gets memory to share of its own. Where the system gives it none it may use that of all programs, unless something
    of this user's lies there: no bounds could tell that from what it makes itself.
    """
    write = message["write"]
    if MEMORY in write and not hide.own_memory(MEMORY) and _is_used():
        write = [path for path in write if path != MEMORY]
    cpu = message["cpu"] and message["cpu"] + int(sum(os.times()[:2]))  # what it has taken was not an agent's
    limits = ((resource.RLIMIT_AS, message["memory"]), (resource.RLIMIT_FSIZE, message["file"]), (CPU, cpu))
    for limit, most in limits:
        if most:
            hard = resource.getrlimit(limit)[1]  # nobody may go above it
            most = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(limit, (most, most))
    if message["temporary"]:
        os.environ["TMPDIR"] = tempfile.tempdir = message["temporary"]
    return confine(write, message["read"], message["network"])


def _is_used() -> bool:
    """Whether this user shares memory with programs elsewhere."""
    try:
        with os.scandir(MEMORY) as there:
            return any(each.stat(follow_symlinks=False).st_uid == os.getuid() for each in there)
    except OSError:
        return True


def libraries() -> list[str]:
    """Where this Python finds what it imports: its own folders, its path, and what is installed in place of a copy."""
    home = os.path.realpath(os.path.expanduser("~"))
    modules = (sys.modules.get(getattr(finder, "__module__", "")) for finder in sys.meta_path)
    places = [place for module in modules for place in getattr(module, "MAPPING", {}).values()]  # setuptools' finder
    found = (os.path.realpath(path) for path in (sys.prefix, sys.base_prefix, *sys.path, *map(str, places)))
    return [path for path in found if os.path.commonpath((path, home)) != path]  # never a folder that home lies in


def _landlock(version: int, write: list[str], read: list[str], network: bool) -> None:
    every = _newest(WRITE_BY_ABI, version)
    tcp, scopes = (0 if network else _newest(TCP_BY_ABI, version)), _newest(SCOPES_BY_ABI, version)
    fields = struct.pack("QQQ", every, tcp, scopes)[: 24 if version >= 6 else 16 if version >= 4 else 8]
    rules = _call(CREATE, ctypes.create_string_buffer(fields, len(fields)), len(fields), 0)
    for rights, paths in ((every, write), (READ, read)):
        for path in paths:
            _allow(rules, path, rights)
    _call(RESTRICT, rules, 0)
    os.close(rules)


def _allow(rules: int, path: str, rights: int) -> None:
    try:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
    except OSError:
        return  # what is not there needs no right
    rights &= -1 if os.path.isdir(path) else OF_FILES
    _call(ADD, rules, 1, ctypes.create_string_buffer(struct.pack("=Qi", rights, place), 12), 0)
    os.close(place)


def _filtered(network: bool) -> bool:
    """Refuse calls to the system; without `network` no socket is left but pairs, whose ends nobody else can have. False
    where this system's numbers are not known.
    """
    if platform.machine() not in SYSTEMS:
        return False
    architecture, socket, others, owners, modes = SYSTEMS[platform.machine()]
    steps = [(LOAD, 0, 0, 4), (EQUAL, 1, 0, architecture), (RETURN, 0, 0, KILL), (LOAD, 0, 0, 0)]
    steps += [*_refuse([*([] if network else [socket]), *others], DENIED), *_refuse(owners, NOT_PERMITTED)]
    for call, place in modes.items():
        steps += [
            (EQUAL, 0, 5, call), (LOAD, 0, 0, 16 + 8 * place), (ANY_OF, 2, 0, SHARED), (ANY_OF, 0, 1, OWN),
            (RETURN, 0, 0, ALLOW), (RETURN, 0, 0, REFUSE | NOT_PERMITTED),
        ]  # fmt: skip
    steps.append((RETURN, 0, 0, ALLOW))
    code = b"".join(struct.pack("HBBI", *step) for step in steps)
    array = ctypes.create_string_buffer(code, len(code))
    program = ctypes.create_string_buffer(struct.pack("HxxxxxxQ", len(steps), ctypes.addressof(array)), 16)
    return bool(_library().prctl(SECCOMP, FILTER, program, 0, 0) == 0)


def _refuse(calls: Iterable[int], error: int) -> list[tuple[int, int, int, int]]:
    """The part of a filter that refuses these calls, and those of another way of calling, with an error."""
    tests = [(AT_LEAST, X32), *((EQUAL, call) for call in calls)]
    jumps = [(test, len(tests) - at, 0, number) for at, (test, number) in enumerate(tests)]
    return [*jumps, (JUMP, 0, 0, 1), (RETURN, 0, 0, REFUSE | error)]


def _newest(table: dict[int, int], version: int) -> int:
    return max((rights for since, rights in table.items() if since <= version), default=0)


def _call(number: int, *arguments: Any) -> int:
    result = _library().syscall(number, *arguments)
    if result < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(result)


def _library() -> Any:
    return ctypes.CDLL(None, use_errno=True)
