"""os.wait() and its like, for cells: a snapshot is a child of the kernel's, and no child of the cell's."""

from __future__ import annotations

import errno
import os
from typing import Any


class Waits:
    """Knows the snapshots among the children, and reaps them."""

    def __init__(self) -> None:
        self.frozen: set[int] = set()
        self._waitpid, self._waitid, self._wait4 = os.waitpid, os.waitid, os.wait4
        os.waitpid, os.waitid = self.waitpid, self.waitid
        os.wait4, os.wait3, os.wait = self.wait4, self.wait3, self.wait

    def others(self) -> list[int]:
        """Children that are no snapshots, of any thread."""
        self._reap()
        found: list[int] = []
        for task in os.listdir("/proc/self/task"):
            try:
                with open(f"/proc/self/task/{task}/children") as children:
                    found += map(int, children.read().split())
            except OSError:
                continue  # the thread has just ended
        return [pid for pid in found if pid not in self.frozen]

    def waitpid(self, pid: int, options: int, /) -> tuple[int, int]:
        """As os.waitpid, blind to snapshots."""
        return self._waitpid(self._chosen(pid, options), options)

    def wait4(self, pid: int, options: int) -> tuple[int, int, Any]:
        """As os.wait4, blind to snapshots."""
        return self._wait4(self._chosen(pid, options), options)

    def wait(self) -> tuple[int, int]:
        """As os.wait."""
        return self.waitpid(-1, 0)

    def wait3(self, options: int) -> tuple[int, int, Any]:
        """As os.wait3."""
        return self.wait4(-1, options)

    def waitid(self, idtype: int, id: int, options: int, /) -> Any:
        """As os.waitid; of all children, or of a group, the snapshots are passed over."""
        if idtype not in (os.P_ALL, os.P_PGID) or not self.frozen:
            return self._waitid(idtype, id, options)
        found = self._ended(idtype, id, options)
        return self._waitid(os.P_PID, found, options) if found else None

    def _chosen(self, pid: int, options: int) -> int:
        """The child that a wait for any child is about."""
        if pid > 0 or not self.frozen:
            return pid
        kind, group = (os.P_ALL, 0) if pid == -1 else (os.P_PGID, -pid or os.getpgrp())
        return self._ended(kind, group, os.WEXITED | (options & os.WNOHANG)) or self.others()[0]

    def _ended(self, kind: int, group: int, options: int) -> int:
        """A child that has ended and is no snapshot; 0 when there is none and none was to be waited for."""
        while True:
            if not self.others():
                raise ChildProcessError(errno.ECHILD, os.strerror(errno.ECHILD))
            found = self._waitid(kind, group, options | os.WNOWAIT)
            if found is None or found.si_pid not in self.frozen:
                return found.si_pid if found else 0

    def _reap(self) -> None:
        for pid in list(self.frozen):
            try:
                if self._waitpid(pid, os.WNOHANG)[0]:
                    self.frozen.discard(pid)
            except ChildProcessError:
                self.frozen.discard(pid)
