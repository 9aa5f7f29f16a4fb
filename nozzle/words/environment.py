"""What this machine's environment gives a cell, and what it must not: interpreters, and secrets in variables."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nozzle.document.entry import Entry
    from nozzle.runner import Interpreter
    from nozzle.words.journal import Journal

_secret = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIAL", re.I)


def interpreter_for(journal: Journal, entry: Entry) -> Interpreter:
    """The Python that runs an entry's cells; the journal's settings name one only when they are trusted."""
    from nozzle.runner import find_interpreter

    spec = entry.meta.get("kernelspec")
    name = str(spec.get("name", "")) if isinstance(spec, Mapping) else ""
    named = journal.settings.python if journal.trusts_settings() else ""
    root = journal.first if named or journal.owns(".venv") else None
    return find_interpreter(root, named=named, kernelspec=name)


def known_secrets() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names and values of environment variables that look like secrets."""
    found = {name: value for name, value in os.environ.items() if _secret.search(name) and len(value) >= 8}
    return tuple(found), tuple(found.values())


def redactor(values: tuple[str, ...]) -> Callable[[str], str]:
    from nozzle.document.secrets import redact

    return lambda text: redact(text, values)
