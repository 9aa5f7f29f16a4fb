"""What was about to be written when nozzle was killed, and what the author had saved by then.

An intent lies in git while a file is being exchanged. It refuses to decide what becomes of it: that is the ledger's.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
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


def packed(intents: Iterable[Intent]) -> dict[str, bytes]:
    """As git keeps them: name -> bytes."""
    flat: dict[str, bytes] = {}
    for number, each in enumerate(intents):
        about = {"entry": each.rel, "head": each.head, "inputs": each.inputs, "steps": [_told(s) for s in each.steps]}
        parts = {"about": json.dumps(about).encode(), "base": each.base, "new": each.new}
        texts = ((f"text/{at}", step.files[each.rel] or b"") for at, step in enumerate(each.steps))
        parts |= {name: text for name, text in texts if text != each.new}
        parts |= {f"file/{name}": data for name, data in each.files.items()}
        flat |= {f"{number}/{name}": data for name, data in parts.items()}
    return flat


def unpacked(flat: Mapping[str, bytes]) -> list[Intent]:
    """What `packed` was given."""
    found = []
    for number in sorted({name.split("/")[0] for name in flat}):
        parts = {name.split("/", 1)[1]: data for name, data in flat.items() if name.startswith(f"{number}/")}
        if {"about", "base", "new"} <= parts.keys():
            about = json.loads(parts["about"])
            files = {name.removeprefix("file/"): data for name, data in parts.items() if name.startswith("file/")}
            steps = tuple(_step(about["entry"], at, told, parts, files) for at, told in enumerate(about["steps"]))
            whole = (about["entry"], about["head"], parts["base"], parts["new"], files, about["inputs"], steps)
            found.append(Intent(*whole))
    return found


def _told(step: Record) -> dict[str, object]:
    """A step without what it holds: its text and its files are kept once for all."""
    folder = PurePosixPath(step.entry).parent
    shown = [os.path.relpath(path, folder) for path in step.files if path != step.entry]
    named = {"files": shown, "adopt": step.adopt, "trailers": dict(step.trailers)}
    return {"kind": step.kind, "title": step.title, **named}


def _step(rel: str, at: int, told: Any, parts: Mapping[str, bytes], files: Mapping[str, bytes]) -> Record:
    folder, text = PurePosixPath(rel).parent, parts.get(f"text/{at}", parts["new"])
    shown = {(folder / name).as_posix(): files[name] for name in told["files"]}
    return Record(told["kind"], rel, told["title"], {rel: text, **shown}, tuple(told["adopt"]), told["trailers"])


def beside(path: Path) -> list[disk.Leftover]:
    """What a killed exchange left beside a file, or beside what it points to; oldest first."""
    real = Path(os.path.realpath(path))
    return [each for each in disk.leftovers([real.parent]) if each.path == real] if real.parent.is_dir() else []
