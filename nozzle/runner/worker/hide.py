"""Put folders out of a kernel's reach: an empty file system over each, in a mount namespace that cannot be undone.

The first user namespace may mount; the second one owns only a copy of those mounts, which the system therefore locks.
A process of the host is then a stranger, whose /proc/PID/root cannot be entered. A system that refuses any of this
is no error: the kernel runs, and says that nothing is hidden.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable, Sequence
from pathlib import Path

NEW_USER, NEW_MOUNTS = 0x10000000, 0x00020000
READ_ONLY, NO_SUID, NO_DEV, NO_EXEC, RECURSIVE, PRIVATE = 1, 2, 4, 8, 0x4000, 1 << 18
BIND = 0x1000 | RECURSIVE
DUMPABLE = 4


def hide(folders: Sequence[str]) -> bool:
    """Hide `folders` from this process and all it starts; say whether that was done. Call while single-threaded."""
    if not folders or not all(os.path.isdir(folder) for folder in folders):
        return False
    return _mounted(lambda: _cover(folders))


def lay_over(over: Sequence[Sequence[str]]) -> bool:
    """Let other folders (and files) lie where these are: (path, what is seen there), in this order.

    A thread of the journal sees its own worktree where the first one lies, so that no path leads out of it.
    """
    return _mounted(lambda: _bind(over))


def own_memory(folder: str) -> bool:
    """Let an empty file system in memory, which nobody else sees, lie over the one of all programs."""
    return _mounted(lambda: _call("mount", b"none", os.fsencode(folder), b"tmpfs", NO_SUID | NO_DEV, b"mode=1777"))


def _mounted(mount: Callable[[], object]) -> bool:
    """Mount in a namespace of our own, then leave the right to undo it behind."""
    try:
        here = os.getcwd()
        _enter_namespaces()
        _call("mount", None, b"/", None, RECURSIVE | PRIVATE, None)
        mount()
        _enter_namespaces()
        os.chdir(here)
        _call("prctl", DUMPABLE, 1, 0, 0, 0)  # the host goes on reading how it fares in /proc
    except OSError:
        return False
    return True


def _cover(folders: Sequence[str]) -> None:
    for folder in folders:
        _call("mount", b"none", os.fsencode(folder), b"tmpfs", READ_ONLY | NO_SUID | NO_DEV | NO_EXEC, b"mode=555")


def _bind(over: Sequence[Sequence[str]]) -> None:
    for at, what in over:
        _call("mount", os.fsencode(what), os.fsencode(at), None, BIND, None)


def _enter_namespaces() -> None:
    """Enter a new user and mount namespace in which everybody keeps their number."""
    user, group = os.geteuid(), os.getegid()
    everybody = user == 0
    us = os.getpid()
    ask, answer = os.pipe()
    helper = os.fork() if everybody else 0
    if everybody and helper == 0:
        # The map of all numbers can only be written from outside the new namespace.
        try:
            os.close(answer)
            os.read(ask, 1)
            _write_maps(us, _identity("uid_map"), _identity("gid_map"))
        except OSError:
            os._exit(1)
        os._exit(0)
    try:
        _call("unshare", NEW_USER | NEW_MOUNTS)
    finally:
        os.close(ask)
        os.close(answer)
        if everybody:
            _, status = os.waitpid(helper, 0)
    if not everybody:
        Path("/proc/self/setgroups").write_text("deny")
        _write_maps(us, f"{user} {user} 1\n", f"{group} {group} 1\n")
    elif status:
        raise PermissionError("the numbers of users cannot be mapped")


def _identity(name: str) -> str:
    """The helper's own map as an identity: who is known outside stays themselves inside."""
    rows = [line.split() for line in Path("/proc/self", name).read_text().splitlines()]
    return "".join(f"{inside} {inside} {count}\n" for inside, _outside, count in rows)


def _write_maps(pid: int, users: str, groups: str) -> None:
    Path(f"/proc/{pid}/uid_map").write_text(users)
    Path(f"/proc/{pid}/gid_map").write_text(groups)


def _call(name: str, *arguments: object) -> None:
    library = ctypes.CDLL(None, use_errno=True)
    if getattr(library, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
