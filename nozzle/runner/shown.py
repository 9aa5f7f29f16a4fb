"""What cells with `cache: true` showed, beside what they made; the oldest of both go when they take too much room.

They lie in git's own folder, so that they never come with a clone: to take up what a cell made is to run it.
"""

import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nozzle.document.events import ClearOutput, DisplayData, Event, ExecuteResult, Stream
from nozzle.document.secrets import find

SEARCHED = 1_000_000
"""Bytes of what a cell made that are looked through for secrets."""
Shown = Stream | DisplayData | ExecuteResult | ClearOutput
KINDS: dict[str, type[Shown]] = {each.__name__: each for each in (Stream, DisplayData, ExecuteResult, ClearOutput)}
MADE, SHOWN = ".made", ".shown"
ROOM = 4 << 30
"""Bytes that all of it may take."""


def is_shown(event: Event) -> bool:
    return isinstance(event, Stream | DisplayData | ExecuteResult | ClearOutput)


def write(folder: Path, name: str, events: Iterable[Event], room: int = ROOM) -> str:
    """Keep what a run showed, which completes it; why that cannot be, or nothing."""
    part, made = folder / f"{name}.{os.getpid()}.part", folder / (name + MADE)
    try:
        text = "\n".join(json.dumps({"kind": type(event).__name__, **asdict(event)}) for event in events)
        with made.open("rb") as file:
            held = file.read(SEARCHED).decode("utf-8", "replace")
        if hit := next(iter(find(f"{text}\n{held}")), None):
            made.unlink(missing_ok=True)
            return f"it holds what looks like a secret ({hit.kind})"
        part.write_text(text, "utf-8")
        part.rename(folder / (name + SHOWN))
        _make_room(folder, room)
    except OSError as error:
        part.unlink(missing_ok=True)
        return f"it could not be written ({error.strerror})"
    return ""


def read(folder: Path, name: str, cell: str) -> Iterator[Shown]:
    """What a run showed, as if this cell did now."""
    for row in (folder / (name + SHOWN)).read_text("utf-8").splitlines():
        said: dict[str, Any] = json.loads(row)
        yield KINDS[said.pop("kind")](**{**said, "cell": cell})


def _make_room(folder: Path, room: int) -> None:
    made = [(path, path.stat()) for path in folder.glob("*" + MADE)]
    for path, stat in sorted(made, key=lambda each: -each[1].st_mtime_ns):
        room -= stat.st_size
        if room < 0:
            path.unlink(missing_ok=True)
            path.with_suffix(SHOWN).unlink(missing_ok=True)
