"""What was about to be written when nozzle was killed, and what the author had saved by then.

An intent lies in git while a file is being exchanged; so does what waits for a step that may be made. It refuses to
decide what becomes of it: that is the ledger's.
"""

import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nozzle import disk
from nozzle.steps import Record, Taken


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


@dataclass(frozen=True, slots=True)
class Left:
    """What came with a step of an entry that may not be made, for the next one to bring."""

    files: Mapping[str, bytes | None] = field(default_factory=dict)
    adopt: tuple[str, ...] = ()
    taken: Mapping[str, Taken] = field(default_factory=dict)


def packed(intents: Iterable[Intent], left: Mapping[str, Left] = MappingProxyType({})) -> dict[str, bytes]:
    """As git keeps them, and what is `left` of each entry: name -> bytes."""
    flat: dict[str, bytes] = {}
    for number, each in enumerate(intents):
        steps = [_told(step) for step in each.steps]
        about = {"entry": each.rel, "head": each.head, "inputs": each.inputs, "temp": each.temp, "steps": steps}
        parts = {"about": json.dumps(about).encode(), "base": each.base, "new": each.new}
        parts |= {f"file/{name}": data for name, data in each.files.items()}
        for at, step in enumerate(each.steps):
            parts |= {f"step/{at}/{path}": data for path, data in step.files.items() if data is not None}
        flat |= {f"{number}/{name}": data for name, data in parts.items()}
    for number, (rel, waits) in enumerate(left.items()):
        told = {"entry": rel, "gone": _gone(waits.files), "adopt": waits.adopt, "taken": _took(waits.taken)}
        flat[f"left-{number}/about"] = json.dumps(told).encode()
        flat |= {f"left-{number}/file/{path}": data for path, data in waits.files.items() if data is not None}
    return flat


def unpacked(flat: Mapping[str, bytes]) -> list[Intent]:
    """What `packed` was given."""
    found = []
    for number in sorted({name.split("/")[0] for name in flat}):
        parts = {name.split("/", 1)[1]: data for name, data in flat.items() if name.startswith(f"{number}/")}
        if {"about", "base", "new"} <= parts.keys():
            about = {"steps": [], "inputs": "", "temp": ""} | json.loads(parts["about"])
            told = [(at, each) for at, each in enumerate(about["steps"]) if "gone" in each]  # older ones name no files
            steps = tuple(_step(about["entry"], each, _below(parts, f"step/{at}/")) for at, each in told)
            texts = parts["base"], parts["new"], _below(parts, "file/")
            found.append(Intent(about["entry"], about["head"], *texts, about["inputs"], steps, about["temp"]))
    return found


def unpacked_left(flat: Mapping[str, bytes]) -> dict[str, Left]:
    """What `packed` was given, by entry."""
    found = {}
    for head in sorted({name.split("/")[0] for name in flat if name.startswith("left-")}):
        about = json.loads(flat[f"{head}/about"])
        files = {**_below(flat, f"{head}/file/"), **dict.fromkeys(about["gone"])}
        found[about["entry"]] = Left(files, tuple(about["adopt"]), _taken(about))
    return found


def _told(step: Record) -> dict[str, object]:
    """A step without what its files hold."""
    named = {"gone": _gone(step.files), "adopt": step.adopt, "trailers": dict(step.trailers)}
    return {"kind": step.kind, "title": step.title, "taken": _took(step.taken), **named}


def _took(taken: Mapping[str, Taken]) -> dict[str, object]:
    return {path: [each.mode, each.sha, each.stamp] for path, each in taken.items()}


def _taken(told: Any) -> dict[str, Taken]:
    return {path: Taken(mode, sha, tuple(stamp)) for path, (mode, sha, stamp) in told.get("taken", {}).items()}


def _gone(files: Mapping[str, bytes | None]) -> list[str]:
    return [path for path, data in files.items() if data is None]


def _step(rel: str, told: Any, files: Mapping[str, bytes]) -> Record:
    held = {**files, **dict.fromkeys(told["gone"])}
    return Record(told["kind"], rel, told["title"], held, tuple(told["adopt"]), told["trailers"], taken=_taken(told))


def _below(parts: Mapping[str, bytes], head: str) -> dict[str, bytes]:
    """Those parts whose names begin so, by what follows."""
    return {name.removeprefix(head): data for name, data in parts.items() if name.startswith(head)}


def beside(path: Path) -> list[disk.Leftover]:
    """What a killed exchange left beside a file, or beside what it points to; oldest first."""
    real = Path(os.path.realpath(path))
    return [each for each in disk.leftovers([real.parent]) if each.path == real] if real.parent.is_dir() else []
