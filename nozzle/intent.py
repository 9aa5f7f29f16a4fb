"""What was about to be written when nozzle was killed, and what the author had saved by then.

An intent lies in git while a file is being exchanged. It refuses to decide what becomes of it: that is the ledger's.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nozzle import disk
from nozzle.steps import Record


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
    steps: tuple[Record, ...] = ()
    """The steps that were to be made, with those that are owed from before."""
    temp: str = ""
    """The file beside it that the new text is exchanged by: what comes out of the entry lies under this name."""


def packed(intents: Iterable[Intent]) -> dict[str, bytes]:
    """As git keeps them: name -> bytes."""
    flat: dict[str, bytes] = {}
    for number, each in enumerate(intents):
        steps = [_told(step) for step in each.steps]
        about = {"entry": each.rel, "head": each.head, "inputs": each.inputs, "temp": each.temp, "steps": steps}
        parts = {"about": json.dumps(about).encode(), "base": each.base, "new": each.new}
        parts |= {f"file/{name}": data for name, data in each.files.items()}
        for at, step in enumerate(each.steps):
            parts |= {f"step/{at}/{path}": data for path, data in step.files.items() if data is not None}
        flat |= {f"{number}/{name}": data for name, data in parts.items()}
    return flat


def unpacked(flat: Mapping[str, bytes]) -> list[Intent]:
    """What `packed` was given."""
    found = []
    for number in sorted({name.split("/")[0] for name in flat}):
        parts = {name.split("/", 1)[1]: data for name, data in flat.items() if name.startswith(f"{number}/")}
        if {"about", "base", "new"} <= parts.keys():
            about = json.loads(parts["about"])
            told = enumerate(about["steps"])
            steps = tuple(_step(about["entry"], each, _below(parts, f"step/{at}/")) for at, each in told)
            texts = parts["base"], parts["new"], _below(parts, "file/")
            found.append(Intent(about["entry"], about["head"], *texts, about["inputs"], steps, about["temp"]))
    return found


def _told(step: Record) -> dict[str, object]:
    """A step without what its files hold."""
    gone = [path for path, data in step.files.items() if data is None]
    return {"kind": step.kind, "title": step.title, "gone": gone, "adopt": step.adopt, "trailers": dict(step.trailers)}


def _step(rel: str, told: Any, files: Mapping[str, bytes]) -> Record:
    held = {**files, **dict.fromkeys(told["gone"])}
    return Record(told["kind"], rel, told["title"], held, tuple(told["adopt"]), told["trailers"])


def _below(parts: Mapping[str, bytes], head: str) -> dict[str, bytes]:
    """Those parts whose names begin so, by what follows."""
    return {name.removeprefix(head): data for name, data in parts.items() if name.startswith(head)}


def beside(path: Path) -> list[disk.Leftover]:
    """What a killed exchange left beside a file, or beside what it points to; oldest first."""
    real = Path(os.path.realpath(path))
    return [each for each in disk.leftovers([real.parent]) if each.path == real] if real.parent.is_dir() else []
