"""A cell that runs although nobody was asked, for by its code it only looks: what would act is refused as it begins.

The code was judged before; this is for what was judged wrong. Python's audit hooks tell of an act before it is done, so
that an error stands in its place. What C code does without telling Python is held by the bounds alone.
"""

from __future__ import annotations

import _thread
import re
import sys
import threading
from collections.abc import Sequence
from typing import Any

from . import tools
from .own import os

WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
BY_TOOL = ("subprocess.Popen", "os.posix_spawn", "os.exec")
"""How a shell begins that only looks, by the tool for that: its command was judged too."""
ON_FILES = (
    "os.remove", "os.rmdir", "os.mkdir", "os.link", "os.symlink", "os.rename", "os.truncate", "os.chmod", "os.chown",
    "os.utime", "os.setxattr", "os.removexattr", "sqlite3.connect",
)  # fmt: skip
ACTS = {
    **dict.fromkeys((*BY_TOOL, "os.system", "os.spawn", "os.fork", "os.forkpty", "pty.spawn"), "start a program"),
    **dict.fromkeys(
        ("ctypes.dlopen", "ctypes.dlsym", "ctypes.dlsym/handle", "ctypes.call_function"), "call what lies in a library"
    ),
    **dict.fromkeys(("gc.get_objects", "gc.get_referrers", "gc.get_referents"), "go through all that is in memory"),
    **dict.fromkeys(
        ("socket.connect", "socket.bind", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo"), "reach the network"
    ),
    **dict.fromkeys(("os.kill", "os.killpg", "signal.pthread_kill"), "signal a process"),
}
"""What each event would do."""
REFUSED = "this cell ran unasked, for it seemed only to look, and it would {}: that is asked"
_read_only = re.compile(r"file:[\w./ -]+\?mode=ro(?:&cache=\w+)?")
"""How SQLite is told to write nothing; to one who has not said that it is a URI, it is a file of that name."""
_BEGIN = [
    (module, name, getattr(module, name))
    for module in (threading, _thread)
    for name in ("_start_new_thread", "_start_joinable_thread", "start_new_thread", "start_joinable_thread")
    if hasattr(module, name)
]
"""What begins a thread: it could wait until nobody looks."""


def _no_thread(*_: Any, **__: Any) -> Any:
    raise PermissionError(REFUSED.format("begin a thread"))


class Looks:
    """The hook; it refuses nothing until it is on, and then nothing to threads that were there before."""

    def __init__(self, root: str, anywhere: Sequence[str]) -> None:
        """`anywhere`: folders in which what is written matters to nobody, but for those of the journal."""
        self._on = False
        self._others: set[int] = set()
        self._root = os.path.join(os.path.realpath(root), "")
        self._anywhere = tuple(folder for folder in anywhere if folder not in ("/dev/", "/proc/", "/sys/"))
        sys.addaudithook(self._hook)

    def turn(self, on: bool) -> None:
        """Refuse from now on, or no more."""
        self._on, self._others = on, {*sys._current_frames()} - {threading.get_ident()}
        for module, name, begin in _BEGIN:
            setattr(module, name, _no_thread if on else begin)

    def _hook(self, event: str, arguments: Any) -> None:
        if not self._on or threading.get_ident() in self._others:
            return
        act = ACTS.get(event, "")
        if act and event in BY_TOOL and _by_tool():
            return
        if event in ON_FILES or (event == "open" and _writes(*arguments[1:3])):
            paths = arguments[:2] if event in ("os.rename", "os.link", "os.symlink") else arguments[:1]
            act = next((f"change {each}" for each in paths if not self._is_anywhere(each)), "")
        if act:
            raise PermissionError(REFUSED.format(act))

    def _is_anywhere(self, path: Any) -> bool:
        if isinstance(path, int) or path in (":memory:", os.devnull):  # what is open was judged when it was opened
            return True
        if isinstance(path, str) and _read_only.fullmatch(path) and not os.path.lexists(path):
            return True
        name = os.path.join(os.path.realpath(os.fsdecode(path)), "")
        return name.startswith(self._anywhere) and not name.startswith(self._root)


def _writes(mode: Any, flags: Any) -> bool:
    return not set("wax+").isdisjoint(mode) if isinstance(mode, str) else bool((flags or 0) & WRITING)


def _by_tool() -> bool:
    frame: Any = sys._getframe(2)
    while frame is not None:
        if frame.f_code.co_filename == tools.__file__:
            return True
        frame = frame.f_back
    return False
