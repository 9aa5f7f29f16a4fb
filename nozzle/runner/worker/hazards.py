"""What would make a forked copy of this process wrong or dead: each found before the fork, in a millisecond.

A fork has one thread and shares every open file, socket and shared page with the original. What is found here cannot
be mended in the copy, so there is none, and the state after such a cell is only had by running it again.
"""

from __future__ import annotations

import _thread
import fcntl
import os
import select
import sys
import threading
from collections.abc import Iterable, Iterator
from signal import ITIMER_PROF, ITIMER_REAL, ITIMER_VIRTUAL, getitimer, getsignal, valid_signals
from typing import Any, NamedTuple

from .interrupt import Interrupts

HARMLESS = {"jemalloc_bg_thd", "TMonitor"}
"""Threads that whoever started them does without: an allocator's, and tqdm's."""
DEADLY = ("tf_", "polars", "cuda", "grpc", "tokio")
"""Names of threads whose pools wait for them for ever in a fork."""
GPU = ("/dev/nvidia", "/dev/kfd", "/dev/dri")
TIMERS = (ITIMER_REAL, ITIMER_VIRTUAL, ITIMER_PROF)
"""Of `signal.setitimer` and `signal.alarm`: a fork has none of them."""
SEMAPHORE = "/dev/shm/sem."


class Hazards:
    """Knows what is the kernel's own among threads, children, descriptors and pages."""

    def __init__(self) -> None:
        self.own: set[int] = set()
        """Descriptors of the kernel's, which a copy replaces."""
        self.private: set[int] = set()
        """Addresses of semaphores that are this branch's own already."""

    def found(self, children: list[int], loops: Iterable[Any]) -> str:
        """Why there can be no copy, in plain words; empty when there can."""
        if others := threads():
            return f"a thread that it started goes on ({others[0]})"
        if children:
            return "a program that it started goes on"
        if ticking():
            return "a timer that it set has yet to go off"
        return self._shared_pages() or self._descriptors(_of_loops(loops))

    def semaphores(self) -> Iterator[tuple[int, int]]:
        """Address and size of the pages that hold semaphores between processes."""
        for start, stop, path in _shared():
            if path.startswith(SEMAPHORE) or start in self.private:
                yield start, stop - start

    def whole_pipes(self) -> list[list[int]]:
        """The descriptors of each pipe of the cells that has both ends here."""
        return [ends for ends in self.pipes().values() if _is_whole(ends)]

    def pipes(self) -> dict[str, list[int]]:
        """The descriptors of each pipe that the cells hold."""
        found: dict[str, list[int]] = {}
        for descriptor, target in self._open():
            if target.startswith("pipe:"):
                found.setdefault(target, []).append(descriptor)
        return found

    def files(self) -> list[tuple[int, int, int, str]]:
        """Open files of the cells: descriptor, flags, position, path."""
        found = []
        for descriptor, target in self._open():
            if target.startswith("/") and not target.startswith("/dev/"):
                try:
                    flags = fcntl.fcntl(descriptor, fcntl.F_GETFL)
                    found.append((descriptor, flags, os.lseek(descriptor, 0, os.SEEK_CUR), target))
                except OSError:
                    continue  # a folder, or something without a position
        return found

    def _shared_pages(self) -> str:
        for start, _, path in _shared():
            if not (path.startswith(SEMAPHORE) or start in self.private):
                return f"it shares memory with other processes or a file ({os.path.basename(path) or 'unnamed'})"
        return ""

    def _descriptors(self, known: set[int]) -> str:
        for descriptor, target in self._open():
            if descriptor in known:
                continue
            if target.startswith("socket:"):
                return "it holds an open socket"
            if target.startswith(GPU):
                return f"it holds the GPU ({target})"
            if target.startswith("anon_inode:") and "pidfd" not in target:
                return f"it holds what cannot be copied ({target.removeprefix('anon_inode:').strip('[]')})"
        for ends in self.pipes().values():
            if not (set(ends) <= known or _is_whole(ends) or _is_over(ends)):
                return "it holds a pipe whose other end is elsewhere"
        return ""

    def _open(self) -> Iterator[tuple[int, str]]:
        for name in os.listdir("/proc/self/fd"):
            if int(name) not in self.own:
                try:
                    yield int(name), os.readlink(f"/proc/self/fd/{name}")
                except OSError:
                    continue  # the listing's own


def ticking() -> bool:
    """Whether a timer of a cell's is to go off yet, one of C's among them."""
    if any(any(getitimer(each)) for each in TIMERS):
        return True
    try:
        with open("/proc/self/timers") as made:
            return bool(made.read(1))
    except OSError:  # this system names none
        return False


def left() -> list[str]:
    """Names of the threads beside the main one that a fork has left in this process: those are not in the copy."""
    me, found = str(os.getpid()), []
    for task in os.listdir("/proc/self/task"):
        if task != me:
            try:
                with open(f"/proc/self/task/{task}/comm") as name:
                    found.append(name.read().strip())
            except OSError:
                continue
    return found


class Standing(NamedTuple):
    """What of it stands before a cell."""

    begun: int
    handlers: dict[int, Any]
    """What Python calls at a signal: files that change send some, and whoever else may."""


def standing() -> Standing:
    return Standing(begun(), _handlers())


def at_work(before: Standing) -> bool:
    """Whether a thread of Python's or a timer goes on here, or a signal would call what the cell gave it."""
    others = {*sys._current_frames()} - {threading.main_thread().ident, *_harmless()}
    given = any(before.handlers.get(number) is not each for number, each in _handlers().items())
    return ticking() or bool(others) or begun() > before.begun or given


def _handlers() -> dict[int, Any]:
    found = {number: getsignal(number) for number in valid_signals()}
    return {number: each for number, each in found.items() if callable(each) and not isinstance(each, Interrupts)}


def begun() -> int:
    """Threads that Python began, those in C alone too, which have no frame; in a fork also some that are not in it."""
    return _thread._count() - len(_harmless())


def _harmless() -> list[int | None]:
    return [each.ident for each in threading.enumerate() if type(each).__name__ in HARMLESS]


def threads() -> list[str]:
    """Names of the threads that cells have started in Python, without those that do nothing of theirs."""
    others = (thread for thread in threading.enumerate() if thread is not threading.main_thread())
    return [thread.name for thread in others if type(thread).__name__ not in HARMLESS]


def harm(names: list[str]) -> str:
    """What those threads mean for the copy: "" nothing, "doubt" use it with care, else why it is none."""
    others = [name for name in names if name not in HARMLESS]
    monitors = sum(type(thread).__name__ in HARMLESS for thread in threading.enumerate())
    if deadly := [name for name in others if name.startswith(DEADLY)]:
        return f"a library's threads do not survive a copy ({deadly[0]})"
    return "doubt" if len(others) > monitors else ""


def _is_whole(ends: list[int]) -> bool:
    """Whether both ends of a pipe are here."""
    return {fcntl.fcntl(end, fcntl.F_GETFL) & os.O_ACCMODE for end in ends} == {os.O_RDONLY, os.O_WRONLY}


def _is_over(ends: list[int]) -> bool:
    """Whether the other end of a pipe is closed everywhere, and nothing is in it."""
    poll = select.poll()
    for end in ends:
        poll.register(end, select.POLLIN)
    events = [event for _, event in poll.poll(0)]
    return len(events) == len(ends) and all(
        e & (select.POLLHUP | select.POLLERR) and not e & select.POLLIN for e in events
    )


def _shared() -> Iterator[tuple[int, int, str]]:
    with open("/proc/self/maps") as maps:
        for line in maps:
            if line[line.index(" ") + 4] == "s" and "w" in line.split(" ", 2)[1]:
                place, _, _, _, _, *path = line.split(None, 5)
                start, _, stop = place.partition("-")
                yield int(start, 16), int(stop, 16), (path[0].strip() if path else "")


def _of_loops(loops: Iterable[Any]) -> set[int]:
    """Descriptors of asyncio's own: its selector's and the pair by which it wakes itself."""
    found = set()
    for loop in loops:
        for name in ("_selector", "_ssock", "_csock"):
            try:
                found.add(getattr(loop, name).fileno())
            except (AttributeError, OSError, ValueError):
                continue
    return found


def drained() -> None:
    """Let libraries that know of copies put away their threads: each leaves a callable in `sys.nozzle_drains`."""
    for drain in list(getattr(sys, "nozzle_drains", ())):
        drain()
