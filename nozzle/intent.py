"""What was about to be written when nozzle was killed, and what the author had saved by then.

An intent lies in git while a file is being exchanged. It refuses to decide what becomes of it: that is the ledger's.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nozzle import disk


@dataclass(frozen=True, slots=True)
class Intent:
    """For one entry."""

    rel: str
    head: str
    """The step that the text is of."""
    base: bytes
    """The author's text."""
    new: bytes
    """The same with what was meant to be written."""
    files: Mapping[str, bytes]
    """Path from the entry's folder -> what it shows."""
    inputs: str = ""
    """What the cells read whose outputs stand in the new text: the table that its step is to carry."""


def packed(intents: Iterable[Intent]) -> dict[str, bytes]:
    """As git keeps them: name -> bytes."""
    flat: dict[str, bytes] = {}
    for number, each in enumerate(intents):
        parts = {"entry": os.fsencode(each.rel), "head": each.head.encode(), "base": each.base, "new": each.new}
        parts |= {"inputs": each.inputs.encode()}
        parts |= {f"file/{name}": data for name, data in each.files.items()}
        flat |= {f"{number}/{name}": data for name, data in parts.items()}
    return flat


def unpacked(flat: Mapping[str, bytes]) -> list[Intent]:
    """What `packed` was given."""
    found = []
    for number in sorted({name.split("/")[0] for name in flat}):
        parts = {name.split("/", 1)[1]: data for name, data in flat.items() if name.startswith(f"{number}/")}
        if {"entry", "base", "new"} <= parts.keys():
            files = {name.removeprefix("file/"): data for name, data in parts.items() if name.startswith("file/")}
            head = parts.get("head", b"").decode()
            rel, inputs = os.fsdecode(parts["entry"]), parts.get("inputs", b"").decode()
            found.append(Intent(rel, head, parts["base"], parts["new"], files, inputs))
    return found


def beside(path: Path) -> list[disk.Leftover]:
    """What a killed exchange left beside a file, or beside what it points to; oldest first."""
    real = Path(os.path.realpath(path))
    return [each for each in disk.leftovers([real.parent]) if each.path == real] if real.parent.is_dir() else []
