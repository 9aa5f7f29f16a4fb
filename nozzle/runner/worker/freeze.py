"""Snapshots: a frozen fork of the kernel, which sleeps until it is woken, as often as one likes.

Who wakes is a fork of the frozen one and a kernel like any other. It refuses to freeze what would not live.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import struct
import sys
import time
import warnings
from typing import TYPE_CHECKING, Any

from . import hazards, mark, mend, preload

if TYPE_CHECKING:
    from .loop import Kernel

NUMBER = struct.Struct("<i")
FIRST_TO_GO = 1000
"""oom_score_adj of a snapshot: when memory ends, the system takes snapshots before anything else."""


def freeze(kernel: Kernel, marker: str, line: int) -> None:
    """Leave a frozen copy listening at `line`, known by `marker`; comes back here, and in each kernel woken from it."""
    began = time.monotonic()
    os.set_inheritable(line, False)
    kernel.hazards.own.add(line)
    hazards.drained()
    kernel.streams.tidy()
    why = kernel.hazards.found(kernel.waits.others(), kernel.loops())
    mine = mark.mine()
    if not why and not mark.change(marker):
        why = "its environment was overwritten"
    if why:
        _close(kernel, line)
        return kernel.channel.send({"t": "tainted", "why": why})
    mend.pause_openmp()
    ctypes.CDLL(None).fflush(None)
    files, pipes = kernel.hazards.files(), kernel.hazards.whole_pipes()
    drawn = None if kernel.untouched else _random_state()
    listen, say = os.pipe()
    forking = time.monotonic()
    pid = _fork()
    if pid:
        forked = time.monotonic()
        os.close(say)
        os.read(listen, 1)  # until the copy is out of reach: of what this process changes, and of what is done to it
        os.close(listen)
        kernel.waits.frozen.add(pid)
        mark.change(mine)
        _close(kernel, line)
        harm = hazards.harm(hazards.left())
        costs = {"fork": forked - forking, "seconds": time.monotonic() - began}
        return kernel.channel.send({"t": "frozen", "pid": pid, "harm": harm, **costs})
    os.close(listen)
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    mend.own_semaphores(kernel.hazards, frozen=True)
    mend.own_pipes(pipes)
    os.close(say)
    message = _sleep(kernel, line)
    mend.own_semaphores(kernel.hazards, frozen=False)
    mend.reopen(files)
    if message["over"]:
        mend.reopen_there(files, message["root"])
    mend.own_pipes(pipes)
    mend.renew_loops(kernel.loops())
    mend.renew_tqdm()
    if drawn is not None:
        sys.modules["random"].setstate(drawn)
    if kernel.untouched:
        preload.draw_anew()
    kernel.channel.send({"t": "ready", "hidden": kernel.hidden})
    return None


def _close(kernel: Kernel, line: int) -> None:
    os.close(line)
    kernel.hazards.own.discard(line)


def _sleep(kernel: Kernel, line: int) -> dict[str, Any]:
    """Be a snapshot; comes back in the kernels woken from it, with the words that woke them."""
    null = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(null, standard)
    os.close(null)
    kernel.streams.forget()
    kernel.waits.frozen.clear()
    _take_line(kernel, line)
    _let_system_take_it(FIRST_TO_GO)
    while True:
        try:
            message, (woken, *_) = kernel.channel.receive()
        except (EOFError, ConnectionError, ValueError):
            os._exit(0)
        pid = _orphan()
        if pid:
            os.close(woken)
            kernel.channel.send({"t": "woke", "pid": pid})
            continue
        os.setsid()
        _take_line(kernel, woken)
        _let_system_take_it(0)
        mark.change(message["wake"])
        signal.signal(signal.SIGINT, kernel.interrupts)
        kernel.move(message)
        return message


def _take_line(kernel: Kernel, line: int) -> None:
    """Speak and listen at `line` from now on."""
    kernel.channel.line.close()
    kernel.channel.line = socket.socket(fileno=line)
    os.set_inheritable(line, False)
    kernel.channel.owner = os.getpid()
    kernel.hazards.own = {0, 1, 2, line}


def _fork() -> int:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # from 3.12 on: threads are running; that is looked at after the fork
        return os.fork()


def _orphan() -> int:
    """Fork a process that is nobody's here, but the keeper's; its number, or 0 in it."""
    listen, say = os.pipe()
    between = _fork()
    if between == 0:
        os.close(listen)
        pid = _fork()
        if pid:
            os.write(say, NUMBER.pack(pid))
            os._exit(0)
        os.close(say)
        return 0
    os.close(say)
    said = os.read(listen, NUMBER.size)
    os.close(listen)
    os.waitpid(between, 0)
    return int(NUMBER.unpack(said)[0])


def _let_system_take_it(score: int) -> None:
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as file:
        file.write(str(score))


def _random_state() -> Any:
    """Of the standard library's generator, which Python seeds anew in every fork; NumPy's and torch's go on."""
    module = sys.modules.get("random")
    return module.getstate() if module is not None else None
