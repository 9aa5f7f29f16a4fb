"""A small process beside each kernel that ends all that the kernel started, however the kernel or its host ended.

It waits for the other end of its socket to close: the host does that to end the kernel, and the system does it when
the host is killed. Processes that left the kernel's group are found by a mark in their environment.
"""

from __future__ import annotations

import os
import signal
import time

ROUNDS, QUIET, PAUSE = 200, 2, 0.002
"""A process that forks while it is looked for is found in the next round; it is over when two find nobody."""


def post(line: int, marker: str) -> None:
    """Fork the warden of this process; `line` is the descriptor of its end of the host's socket.

    It is no child of the kernel's, for a cell may wait for all of its own.
    """
    kernel = os.getpid()
    between = os.fork()
    if between:
        os.close(line)
        os.waitpid(between, 0)
        return
    try:
        if os.fork():
            return
        os.setsid()
        _keep_only(line)
        while os.read(line, 64):
            pass
        _end(kernel, marker)
    finally:
        os._exit(0)


def _keep_only(line: int) -> None:
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.closerange(3, line)
    os.closerange(line + 1, 4096)


def _end(kernel: int, marker: str) -> None:
    """By descent first: a program that is just being started has no environment yet."""
    below = _descendants(kernel)
    try:
        os.killpg(kernel, signal.SIGKILL)
    except ProcessLookupError:
        pass
    for pid in below:
        _kill(pid)
    quiet = 0
    for _ in range(ROUNDS):
        quiet = 0 if [pid for pid in _marked(marker.encode()) if _kill(pid)] else quiet + 1
        if quiet == QUIET:
            return
        time.sleep(PAUSE)


def _descendants(pid: int) -> list[int]:
    found = []
    for task in _listed(f"/proc/{pid}/task"):
        for child in map(int, _read(f"/proc/{pid}/task/{task}/children").split()):
            found += [child, *_descendants(child)]
    return found


def _marked(marker: bytes) -> list[int]:
    others = (int(name) for name in _listed("/proc") if name.isdigit() and int(name) != os.getpid())
    return [pid for pid in others if marker in _read(f"/proc/{pid}/environ")]


def _listed(folder: str) -> list[str]:
    try:
        return os.listdir(folder)
    except OSError:
        return []


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        return b""


def _kill(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except OSError:
        return False
    return True
