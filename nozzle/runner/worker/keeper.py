"""The parent of a family of kernels: the first one, the snapshots forked from it, and those woken from them.

It reaps what ends, says how a kernel ended, and ends a kernel with all that it started. When its host goes away,
however that happens, the whole family goes too: whoever loses their parent in it becomes the keeper's own child.
Processes that left a kernel's group are found by a mark in their environment.
"""

from __future__ import annotations

import ctypes
import os
import select
import signal
import socket
import time

from . import mark

CHILD_SUBREAPER = 36
ROUNDS, QUIET, PAUSE = 200, 2, 0.002
"""A process that forks while it is looked for is found in the next round; it is over when two find nobody."""


def keep(line: int) -> None:
    """Fork: the parent is the keeper until the host hangs up at `line`; the child goes on and becomes the kernel."""
    ctypes.CDLL(None).prctl(CHILD_SUBREAPER, 1, 0, 0, 0)
    kernel = os.fork()
    if kernel:
        try:
            _Keeper(line, kernel).serve()
        finally:
            os._exit(0)
    os.close(line)
    os.setsid()


class _Keeper:
    def __init__(self, line: int, kernel: int) -> None:
        null = os.open(os.devnull, os.O_RDWR)
        for standard in (0, 1, 2):
            os.dup2(null, standard)
        os.closerange(3, line)
        os.closerange(line + 1, 4096)
        self.line = socket.socket(fileno=line)
        self.watched = {kernel}
        self.died, died = os.pipe()
        os.set_blocking(self.died, False)
        os.set_blocking(died, False)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(died, warn_on_full_buffer=False)
        self._say("kernel", kernel)

    def serve(self) -> None:
        """Do what the host says: `watch PID`, `end PID MARK`."""
        heard = b""
        while True:
            ready = _readable(self.line.fileno(), self.died)
            if self.died in ready:
                os.read(self.died, 4096)
                self._reap()
            if self.line.fileno() in ready:
                data = _received(self.line)
                if not data:
                    return self._end_all()
                *words, heard = (heard + data).split(b"\n")
                for word in words:
                    self._obey(word.decode().split())

    def _obey(self, words: list[str]) -> None:
        pid = int(words[1])
        if words[0] == "watch":
            is_new = pid in self._children() - self.watched
            self.watched |= {pid} if is_new else set()
            self._say("ours" if is_new else "foreign", pid)
        else:
            _end(pid, words[2])
            self._reap()
            self._say("ended", pid)

    def _children(self) -> set[int]:
        """Processes that are nobody's but the keeper's: its kernel, what was woken, what lost its parent here."""
        me = os.getpid()
        return set(map(int, _read(f"/proc/{me}/task/{me}/children").split()))

    def _say(self, *words: object) -> None:
        try:
            self.line.sendall(" ".join(map(str, words)).encode() + b"\n")
        except OSError:
            pass  # the host is gone, which is heard next

    def _reap(self) -> None:
        while found := _zombie():
            pid, *how = found
            if pid in self.watched:
                self.watched.remove(pid)
                self._say("gone", pid, *how)

    def _end_all(self) -> None:
        for _ in range(10 * ROUNDS):
            below = _descendants(os.getpid(), spared=False)
            if not below:
                return
            for pid in below:
                _kill(pid)
            while _zombie():
                pass
            time.sleep(PAUSE)


def _readable(*descriptors: int) -> list[int]:
    poll = select.poll()  # select knows no number above 1023
    for descriptor in descriptors:
        poll.register(descriptor, select.POLLIN)
    return [descriptor for descriptor, _ in poll.poll()]


def _received(line: socket.socket) -> bytes:
    try:
        return line.recv(1 << 16)
    except ConnectionError:
        return b""


def _zombie() -> tuple[int, int, int] | None:
    """A child that has ended: its number, and how (`si_code`, `si_status`)."""
    try:
        found = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG)
    except ChildProcessError:
        return None
    return (found.si_pid, found.si_code, found.si_status) if found else None


def _end(kernel: int, marker: str) -> None:
    """By descent first: a program that is just being started has no environment yet."""
    below = _descendants(kernel, spared=True)
    try:
        os.killpg(kernel, signal.SIGKILL)
    except ProcessLookupError:
        pass
    for pid in [kernel, *below]:
        _kill(pid)
    quiet = 0
    for _ in range(ROUNDS):
        quiet = 0 if [pid for pid in _marked(marker.encode()) if _kill(pid)] else quiet + 1
        if quiet == QUIET:
            return
        time.sleep(PAUSE)


def _descendants(pid: int, spared: bool) -> list[int]:
    """All below a process; snapshots, which outlive the kernel that they were forked from, may be spared."""
    found = []
    for task in _listed(f"/proc/{pid}/task"):
        for child in map(int, _read(f"/proc/{pid}/task/{task}/children").split()):
            if spared and mark.FROZEN.encode() in _read(f"/proc/{child}/environ"):
                continue
            found += [child, *_descendants(child, spared)]
    return found


def _marked(marker: bytes) -> list[int]:
    others = (int(name) for name in _listed("/proc") if name.isdigit() and int(name) != os.getpid())
    return [pid for pid in others if marker in _read(f"/proc/{pid}/environ")]


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _read(file: str) -> bytes:
    try:
        with open(file, "rb") as opened:
            return opened.read()
    except OSError:
        return b""


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        return False
    return True
