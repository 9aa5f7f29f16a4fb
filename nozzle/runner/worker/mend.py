"""What a copied process needs to go on as if it were the only one: its own file positions, locks, pipes, loop."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import mmap
import os
import selectors
import sys
import threading
from collections.abc import Iterable
from typing import Any

from .hazards import Hazards

KEPT = os.O_ACCMODE | os.O_APPEND | os.O_NONBLOCK | os.O_SYNC
"""Flags with which a file is opened anew."""
SOFT = 1
"""omp_pause_soft: the team of threads is given back, what the program set stays."""
PIPE_SIZE_IS, PIPE_SIZE, ALL, NO_WAITING = 1031, 1032, 1 << 30, 2
FIXED, PRIVATE, SHARED, ANONYMOUS = 0x10, mmap.MAP_PRIVATE, mmap.MAP_SHARED, mmap.MAP_ANONYMOUS


def pause_openmp() -> None:
    """Let every GNU OpenMP end its threads (OpenMP 5.0, 3.2.44): in a copy it would wait for them for ever."""
    with open("/proc/self/maps") as maps:
        paths = {line.split(None, 5)[5].strip() for line in maps if "libgomp" in line}
    for path in paths:
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(path, mode=os.RTLD_NOLOAD).omp_pause_resource_all(SOFT)


def own_semaphores(hazards: Hazards, frozen: bool) -> None:
    """Take the semaphores out of the pages that other branches hold too: as they were, in pages of our own."""
    call = ctypes.CDLL(None, use_errno=True).mmap
    call.restype = ctypes.c_void_p
    call.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
    way = PRIVATE if frozen else SHARED
    pages = list(hazards.semaphores())
    if not frozen:  # since the freezing they are private, so no longer among the shared
        pages += [(start, mmap.PAGESIZE) for start in hazards.private]
    for start, size in pages:
        content = ctypes.string_at(start, size)
        if call(start, size, mmap.PROT_READ | mmap.PROT_WRITE, FIXED | way | ANONYMOUS, -1, 0) == start:
            ctypes.memmove(start, content, size)
            hazards.private.add(start)


def reopen(files: Iterable[tuple[int, int, int, str]]) -> None:
    """Open files anew, each at the position it had: a fork shares positions."""
    for descriptor, flags, position, _ in files:
        with contextlib.suppress(OSError):
            _open(descriptor, f"/proc/self/fd/{descriptor}", flags, position)


def reopen_there(files: Iterable[tuple[int, int, int, str]], root: str) -> None:
    """The same in another worktree: what lies below `root` is opened by its name. OSError when it is not there."""
    for descriptor, flags, position, path in files:
        if path.startswith(os.path.join(root, "")):
            _open(descriptor, path, flags, position)


def _open(descriptor: int, path: str, flags: int, position: int) -> None:
    keep = fcntl.fcntl(descriptor, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
    new = os.open(path, flags & KEPT)
    os.lseek(new, position, os.SEEK_SET)
    os.dup2(new, descriptor, inheritable=not keep)
    os.close(new)


def own_pipes(pipes: Iterable[Iterable[int]]) -> None:
    """A new pipe for each of these, all of whose ends are here, with the same in it."""
    tee = ctypes.CDLL(None).tee
    for ends in pipes:
        flags = {end: fcntl.fcntl(end, fcntl.F_GETFL) for end in ends}
        old = next(end for end in flags if flags[end] & os.O_ACCMODE == os.O_RDONLY)
        reader, writer = os.pipe()
        fcntl.fcntl(writer, PIPE_SIZE_IS, fcntl.fcntl(old, PIPE_SIZE))
        tee(old, writer, ALL, NO_WAITING)
        for end, ways in flags.items():
            keep = fcntl.fcntl(end, fcntl.F_GETFD) & fcntl.FD_CLOEXEC
            os.dup2(reader if ways & os.O_ACCMODE == os.O_RDONLY else writer, end, inheritable=not keep)
            fcntl.fcntl(end, fcntl.F_SETFL, ways)
        os.close(reader)
        os.close(writer)


def renew_loops(loops: Iterable[Any]) -> None:
    """Give each asyncio loop a selector and a waking pair of its own; its tasks go on."""
    for loop in loops:
        old = getattr(loop, "_selector", None)
        if loop.is_closed() or not isinstance(old, selectors.BaseSelector):
            continue
        loop._selector = new = selectors.DefaultSelector()
        for key in list(old.get_map().values()):
            new.register(key.fileobj, key.events, key.data)
        old.close()
        loop._close_self_pipe()
        loop._make_self_pipe()


def renew_tqdm() -> None:
    """Its lock may have been held, and its monitor is a thread, which a copy has not."""
    bars = getattr(sys.modules.get("tqdm.std"), "tqdm", None)
    if bars is not None:
        bars.set_lock(threading.RLock())
        bars.monitor = None
