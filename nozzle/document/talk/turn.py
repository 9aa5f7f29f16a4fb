"""A turn: what one of the two said before the other spoke again."""

import re
from dataclasses import dataclass
from typing import Literal

Who = Literal["author", "machine"]


@dataclass(frozen=True, slots=True)
class Turn:
    """Words of one voice, as they were written."""

    who: Who
    text: str
    by: str = ""
    """Of a machine: its name as the export has it."""
    sure: int = 100
    """Percent: how sure it is that this turn ends where it ends."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """A talk from its first turn to its last."""

    title: str
    turns: tuple[Turn, ...]
    date: str = ""
    """The day it began, ISO; empty when the export does not say."""
    notes: tuple[str, ...] = ()
    """What was wrong with it, and what was done about it; one line each."""


def name(by: str) -> str:
    """A machine's name as a marker can hold it.

    >>> name("gpt-4o (mini)"), name("")
    ('gpt-4o-mini', 'machine')
    """
    return re.sub(r"[^A-Za-z0-9._:/-]+", "-", by).strip("-")[:60] or "machine"
