"""Telling a process that sleeps for ever from one that works or waits for something that can come.

A copy of a process has one thread. If that waits for a lock without a time limit, uses no processor and has nobody
below it, then nobody is left who could wake it. It only looks; what to do about it is the caller's.
"""

import os
import platform
from pathlib import Path

LOOKS = 3
"""Times that a process must look dead, with PAUSE between them."""
PAUSE = 1.0
"""Seconds between two looks."""
FUTEX = {"x86_64": 202, "aarch64": 98}.get(platform.machine(), -1)


class Watchdog:
    """Looks at one process, now and then."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._last: object = None
        self._seen = 0

    def look(self) -> bool:
        """Look once more; whether it sleeps for ever."""
        sight = _sleeping(self._pid)
        self._seen = self._seen + 1 if sight is not None and sight == self._last else 0
        self._last = sight
        return self._seen >= LOOKS - 1


def used(group: int) -> float | None:
    """Seconds of processor time that the processes of a group have used so far; None where that cannot be seen."""
    ticks, seen = 0, False
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
        except OSError:  # it has gone
            continue
        if fields[2] == str(group):
            ticks, seen = ticks + sum(map(int, fields[11:15])), True
    return ticks / os.sysconf("SC_CLK_TCK") if seen else None


def _sleeping(pid: int) -> object:
    """What stays the same while a process waits for a lock that nobody can give; None when it does not."""
    folder = Path(f"/proc/{pid}")
    try:
        if len(os.listdir(folder / "task")) > 1 or (folder / "task" / str(pid) / "children").read_text().split():
            return None
        state, *fields = (folder / "stat").read_text().rpartition(")")[2].split()
        call = (folder / "syscall").read_text().split()
    except OSError:
        return None
    if state != "S" or len(call) < 5 or call[0] != str(FUTEX) or int(call[4], 16) != 0:
        return None
    return fields[10], fields[11], call[1]  # ticks in the program and in the system, the lock's address
