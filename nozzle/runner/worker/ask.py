"""input() and getpass(): a question to whoever watches, EOFError when nobody answers."""

from __future__ import annotations

import builtins
import getpass
import os
import sys
import threading
from typing import Any

from .channel import Channel


def install(channel: Channel) -> None:
    """Let every question go through the channel."""

    def ask(prompt: object, password: bool) -> str:
        if os.getpid() != channel.owner or threading.current_thread() is not threading.main_thread():
            raise EOFError("only the cell itself can ask a question")
        if sys.stdout is not None:  # as a cell may have made it
            sys.stdout.flush()
        answer = channel.ask({"t": "input_request", "prompt": str(prompt), "password": password})["text"]
        if answer is None:
            raise EOFError("nobody answered")
        return str(answer)

    def _input(prompt: object = "", /) -> str:
        return ask(prompt, False)

    def _getpass(prompt: str = "Password: ", stream: Any = None, **_: Any) -> str:
        return ask(prompt, True)

    _input.__name__, _getpass.__name__ = "input", "getpass"
    builtins.input = _input
    getpass.getpass = _getpass
