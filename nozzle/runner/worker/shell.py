"""A cell in IPython: its InteractiveShell, with displays and errors that go to the host instead of a terminal."""

from __future__ import annotations

import ast
import base64
import codeop
import io
import json
import os
import sys
import warnings
from _sitebuiltins import Quitter
from collections.abc import Mapping
from itertools import takewhile
from typing import Any

import IPython
import traitlets
from IPython.core import pylabtools
from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.events import EventManager, available_events
from IPython.core.interactiveshell import InteractiveShell
from traitlets.config import Config

from . import programs
from .channel import Channel
from .frames import Frames, remember
from .streams import Streams

BINARY = ("image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf")


class Compiler(CachingCompiler):
    """Names the code of a cell after the cell, so that no count stands in a traceback."""

    cell = "cell"
    blank = 0
    """Blank lines at the top of the cell: IPython takes them away, the author counts them."""

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        Compiler.blank = len(list(takewhile(_is_blank, raw_code.splitlines())))
        return Compiler.cell

    def cache(self, transformed_code: str, number: int = 0, raw_code: str | None = None) -> str:
        name: str = super().cache(transformed_code, number, raw_code)
        if raw_code is not None and len(raw_code.splitlines()) == len(transformed_code.splitlines()) + Compiler.blank:
            remember(name, raw_code)
        return name

    def ast_parse(self, source: str, filename: str = "<unknown>", symbol: str = "exec") -> ast.AST:
        if filename == Compiler.cell:
            source = "\n" * Compiler.blank + source
        return super().ast_parse(source, filename, symbol)


def _is_blank(line: str) -> bool:
    return not line.strip()


class Publisher(DisplayPublisher):
    """display(), update_display() and clear_output()."""

    def publish(
        self,
        data: Mapping[str, Any],
        metadata: Mapping[str, Any] | None = None,
        source: Any = None,
        *,
        transient: Mapping[str, Any] | None = None,
        update: bool = False,
        **_: Any,
    ) -> None:
        if Shell.streams.late():
            print(data.get("text/plain", ""))
            return
        message = {"t": "display_data", "data": plain(data), "metadata": metadata or {}, "update": update}
        Shell.channel.tell({**message, "display_id": (transient or {}).get("display_id", "")})

    def clear_output(self, wait: bool = False) -> None:
        Shell.channel.tell({"t": "clear_output", "wait": wait})


class Hook(DisplayHook):
    """The value of a cell's last line."""

    def write_output_prompt(self) -> None:
        """There is no prompt to write."""

    def write_format_data(self, format_dict: Mapping[str, Any], md_dict: Any = None) -> None:
        data = plain(format_dict)
        Shell.channel.tell({"t": "execute_result", "data": data, "metadata": md_dict or {}})

    def log_output(self, format_dict: Mapping[str, Any]) -> None:
        """The entry is the log; a second copy of every picture would only cost memory."""

    def finish_displayhook(self) -> None:
        self._is_active = False


class Callbacks(EventManager):
    """What libraries do before and after a cell, such as showing its figures; the first failure is the cell's."""

    def trigger(self, event: str, *arguments: Any, **named: Any) -> None:
        for callback in list(self.callbacks[event]):
            Shell.in_callback = True
            try:
                callback(*arguments, **named)
            except Exception:  # a library's, told as the cell's own
                self.shell.showtraceback()
            finally:
                Shell.in_callback = False


class Shell(InteractiveShell):
    """IPython without a terminal, a history, a thread and a traceback of its own."""

    display_pub_class = traitlets.Type(Publisher)
    displayhook_class = traitlets.Type(Hook)
    compiler_class = traitlets.Type(Compiler)
    channel: Channel
    frames: Frames
    streams: Streams
    told = False
    in_callback = False

    def showtraceback(self, exc_tuple: Any = None, *_: Any, **__: Any) -> None:
        if self.told and self.in_callback:
            return
        self.told = True
        self.channel.tell(self.frames.error(*self._get_exc_info(exc_tuple)))  # type: ignore[no-untyped-call]

    def showsyntaxerror(self, *_: Any, **__: Any) -> None:
        self.showtraceback()

    def _format_exception_for_storage(self, *_: Any, **__: Any) -> dict[str, Any]:
        return {}

    def system(self, cmd: str) -> None:
        programs.system(self, cmd)

    system_raw = system_piped = system

    def getoutput(self, cmd: str, split: bool = True, depth: int = 0) -> Any:
        from IPython.utils.text import LSString, SList

        said = programs.output(self, cmd)
        return SList(said.splitlines()) if split else LSString(said)

    def init_events(self) -> None:
        super().init_events()  # type: ignore[no-untyped-call]
        self.events, usual = Callbacks(self, available_events), self.events
        self.events.callbacks.update(usual.callbacks)

    def init_io(self) -> None:
        """The streams are ours already."""

    def enable_gui(self, gui: Any = None) -> None:
        """There is no window to open."""


class Engine:
    """Runs cells in a shell that lives as long as the kernel."""

    def __init__(self, channel: Channel, frames: Frames, streams: Streams) -> None:
        settings = Config()
        settings.HistoryManager.enabled = False
        settings.InteractiveShell.colors = "nocolor" if IPython.version_info >= (9,) else "NoColor"
        Shell.channel, Shell.frames, Shell.streams = channel, frames, streams
        self.shell = Shell.instance(config=settings)
        self.shell.compile.flags &= ~getattr(codeop, "PyCF_ALLOW_INCOMPLETE_INPUT", 0)  # "'(' was never closed"
        for name in ("exit", "quit"):
            self.shell.user_ns[name] = Quitter(name, "")
        programs.register(self.shell)
        vars(pylabtools).setdefault("backend2gui", {})  # matplotlib 3.8 asks for the windows to open: there is none
        frames.leave_out(os.path.dirname(IPython.__file__))
        frames.leave_out(os.path.dirname(traitlets.__file__))
        warnings.filterwarnings("ignore", message="To exit: use")
        self.namespace: dict[str, Any] = self.shell.user_ns

    def run(self, source: str, name: str) -> bool:
        """Run a cell; False when it failed, which was then told."""
        self.shell.told = False
        Compiler.cell = name
        _give_streams()
        result = self.shell.run_cell(source, store_history=True)  # type: ignore[no-untyped-call]
        if not result.success and not self.shell.told:
            failure = result.error_before_exec or result.error_in_exec
            self.shell.showtraceback((type(failure), failure, None))
        return bool(result.success) and not self.shell.told

    def is_plain(self, source: str) -> bool:
        """Whether IPython runs it as it stands: no magic, with a sign or without, and no prompt taken away."""
        return bool(self.shell.transform_cell(source).strip() == source.strip())  # type: ignore[no-untyped-call]

    def loops(self) -> list[Any]:
        """The asyncio loop of the cells; older versions of IPython keep it in the function's own namespace."""
        module = sys.modules["IPython.core.async_helpers"]
        return [getattr(module, "_asyncio_event_loop", None)]


def _give_streams() -> None:
    """Where a cell said that nothing is to be shown, IPython is given something to say nothing to."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name, None) is None:
            setattr(sys, name, Nowhere())


class Nowhere(io.TextIOBase):
    """Takes what is written, and keeps none of it."""

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        return len(text)


def plain(data: Mapping[str, Any]) -> dict[str, str]:
    """A MIME bundle as text: base64 for what is binary, JSON for what is structured.

    >>> plain({"text/plain": "a", "image/png": b"\\x00", "application/json": {"a": 1}})
    {'text/plain': 'a', 'image/png': 'AA==', 'application/json': '{"a": 1}'}
    """
    return {kind: _text(kind, value) for kind, value in data.items() if value is not None}


def _text(kind: str, value: Any) -> str:
    if isinstance(value, (bytes, bytearray)):
        return base64.b64encode(value).decode()
    if not isinstance(value, str):
        return json.dumps(value, default=str)
    return "".join(value.split()) if kind in BINARY else value
