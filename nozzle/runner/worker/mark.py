"""The mark in a kernel's environment by which its processes are known, and how a fork of it gets another one.

The environment that others see is the one a process was started with, so a fork's is overwritten where it lies.
"""

from __future__ import annotations

import ctypes
import os

NAME = "NOZZLE_KERNEL"
"""Names the kernels that a process belongs to, outermost first."""
FROZEN = "frozen"
"""How the mark of a snapshot begins; all marks are of one length."""


def mine() -> str:
    """The mark of this kernel."""
    return os.environ.get(NAME, "").rpartition(":")[2]


def change(new: str) -> bool:
    """Be known by another mark; False when the environment is not where it was."""
    old, name = mine().encode(), NAME.encode()
    start, stop = _place()
    block = ctypes.string_at(start, stop - start)
    entry = block.find(name + b"=")
    at = block.find(old, entry)
    if entry < 0 or at < 0 or not old or len(old) != len(new) or b"\0" in block[entry:at]:
        return False
    ctypes.memmove(start + at, new.encode(), len(new))
    outer = os.environ[NAME].rpartition(":")[:2]
    os.environ[NAME] = "".join(outer) + new
    return True


def _place() -> tuple[int, int]:
    with open("/proc/self/stat", "rb") as stat:
        fields = stat.read().rpartition(b")")[2].split()
    return int(fields[47]), int(fields[48])  # env_start, env_end; the first two fields are cut off
