"""What this machine's environment gives a cell, and what it must not: interpreters, and secrets in variables."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nozzle.document.entry import Entry
    from nozzle.runner import Interpreter
    from nozzle.words.journal import Journal


def interpreter_for(journal: Journal, entry: Entry) -> Interpreter:
    """The Python that runs an entry's cells; the journal's settings name one only when they are trusted."""
    from nozzle.document.entry import LANGUAGES
    from nozzle.runner import find_interpreter

    spec = entry.meta.get("kernelspec")
    spec = spec if isinstance(spec, Mapping) else {}
    is_python = LANGUAGES.get(str(spec.get("language") or "python").lower()) == "python"
    name = str(spec.get("name", "")) if is_python else ""
    named = journal.settings.python if journal.trusts_settings("python") else ""
    root = journal.first if named or journal.owns(".venv") else None
    return find_interpreter(root, named=named, kernelspec=name)


def token_for(server: str) -> str:
    """The token for a Jupyter server, `host:port`: that of Jupyter's own variables where they name this server, else
    what the keyring holds for `jupyter+` and the server. It goes to no other.
    """
    from urllib.parse import urlsplit

    from nozzle.keys import secret

    if urlsplit(os.environ.get("JUPYTER_GATEWAY_URL", "")).netloc == server:
        return os.environ.get("JUPYTER_GATEWAY_AUTH_TOKEN", "")
    return secret(f"jupyter+{server}")


def known_secrets(named: Iterable[str] = ()) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of the environment's variables that hold secrets, which no cell gets, and the values told by them.

    They are those whose names say so, and those that are `named` for it.
    """
    from nozzle.document.secrets import known_values, secret_names, telling

    also = {name: os.environ[name].strip() for name in named if name in os.environ}
    values = known_values(os.environ) | {value for value in also.values() if telling(value)}
    return tuple(sorted(secret_names(os.environ) | set(also))), tuple(sorted(values))


_typed: set[str] = set()
"""Passwords that cells of this process asked for, and got."""


def learn(value: str) -> None:
    """A password was typed: from now on it is a secret of this process, as those in its environment are."""
    from nozzle.document.secrets import telling

    if telling(value):
        _typed.add(value.strip())


def redactor(values: tuple[str, ...]) -> Callable[[str], str]:
    from nozzle.document.secrets import redact

    return lambda text: redact(text, (*values, *_typed))


def rule(values: tuple[str, ...]) -> Callable[[str, bytes], str]:
    """Why a file must not become part of a step; empty when it may."""
    from nozzle.document.secrets import unfit

    return lambda path, content: unfit(path, content, (*values, *_typed))
