"""A cell without IPython: exec, the repr of the last expression, a traceback. No magics, no rich display."""

from __future__ import annotations

import ast
import asyncio
import builtins
import inspect
import sys
from types import CodeType, ModuleType
from typing import Any

from .channel import Channel
from .frames import Frames, remember

LACKS = "This Python has no IPython: no rich display, no magics. To have them: python -m pip install ipython\n"


class Engine:
    """Runs cells in a module that lives as long as the kernel."""

    def __init__(self, channel: Channel, frames: Frames) -> None:
        self.channel = channel
        self.frames = frames
        self.module = ModuleType("__main__")
        vars(self.module)["__builtins__"] = builtins  # those that cells may change, and not the kernel's own
        self.namespace: dict[str, Any] = self.module.__dict__
        self._said = False
        self._loop: asyncio.AbstractEventLoop | None = None
        sys.modules["__main__"] = self.module

    def is_plain(self, source: str) -> bool:
        return True

    def run(self, source: str, name: str) -> bool:
        """Run a cell; False when it failed, which was then told."""
        if not self._said:
            self._said = True
            sys.stderr.write(LACKS)
        remember(name, source)
        try:
            self._run(ast.parse(source, name), name)
        except BaseException:  # a cell may raise anything, and the kernel goes on
            self.channel.tell(self.frames.error(*sys.exc_info()))
            return False
        return True

    def loops(self) -> list[Any]:
        """The asyncio loop of the cells."""
        return [self._loop]

    def _run(self, tree: ast.Module, name: str) -> None:
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        self._value(compile(tree, name, "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True))
        if isinstance(last, ast.Expr):
            expression = ast.Expression(last.value)
            value = self._value(compile(expression, name, "eval", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True))
            if value is not None:
                self.channel.tell({"t": "execute_result", "data": {"text/plain": repr(value)}, "metadata": {}})

    def _value(self, code: CodeType) -> Any:
        value = eval(code, self.module.__dict__)
        if not code.co_flags & inspect.CO_COROUTINE:
            return value
        self._loop = self._loop or asyncio.new_event_loop()
        return self._loop.run_until_complete(value)
