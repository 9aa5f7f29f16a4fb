"""nozzle keep: the state of a step, for after a restart."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nozzle.errors import Refused, WrongCommand
from nozzle.words.counted import counted

if TYPE_CHECKING:
    from nozzle.control import Line, Reply
    from nozzle.desk import Copy, Desk
    from nozzle.document.entry import Entry
    from nozzle.loop import Loop
    from nozzle.runner import Job, Session
    from nozzle.words.journal import Journal
    from nozzle.words.shelf import Shelf
    from nozzle.words.voice import Ears


@click.command(name="keep")
@click.argument("step", required=False)
@click.argument("entry", required=False, type=click.Path(path_type=Path))
@click.option("--list", "lists", is_flag=True, help="The states that are kept.")
@click.option("--drop", is_flag=True, help="Keep that of STEP (or of a cell that --list names) no longer.")
@click.option("--json", "as_json", is_flag=True, help="With --list: one JSON object a line.")
def command(step: str | None, entry: Path | None, lists: bool, drop: bool, as_json: bool) -> int:
    """Keep the state of STEP across restarts: its variables, as cloudpickle writes them.

    States in live memory go when the watch ends; this one does not, so going on below it runs no cell above it again,
    tomorrow and after. It is that of ENTRY (by default the step's own) after the cells that had run there, taken from
    live memory, or made by running them. It lies in git under refs/nozzle, signed by this machine's key: what another
    key signed is not read, unless you trust that key. It goes with no push, and 'git gc' frees what --drop gave up.
    It serves the cells below it, as long as nothing above is edited: name the step of the cell that took long.

    A name that cannot be saved (a connection, an open file, an array that shares its memory with another) is told with
    the reason, and the exit status is 1. The others are kept: cells below that do not name it go on from them, and for
    one that does all cells above run again. What libraries keep inside is not saved, but for random generators and
    how NumPy, pandas and Matplotlib show things. A state made by another Python, or with other versions of packages,
    is not used, and that is said.
    """
    from nozzle.words.journal import journal

    with journal(entry) as here:
        if lists:
            return listed(here, as_json)
        if step is None:
            raise WrongCommand("name a step, as 'nozzle log' shows them; 'nozzle keep --list' shows what is kept")
        return dropped(here, step, entry) if drop else _kept(here, step, entry)


def listed(here: Journal, as_json: bool = False) -> int:
    """Tell which states are kept."""
    from nozzle.words.visible import echo

    rows = kept(here)
    for row in rows:
        echo(json.dumps(row) if as_json else line(row))
    if not rows and not as_json:
        click.echo("no state is kept across restarts; 'nozzle keep STEP' keeps one")
    return 0


def kept(here: Journal) -> list[dict[str, Any]]:
    """Of each state that is kept across restarts: cell, title, entry, when, bytes, what it lacks; or why not."""
    shelf = here.shelf(here.warn)
    return [_row(shelf, cell) for cell in here.steps.kept()]


def _row(shelf: Shelf, cell: str) -> dict[str, Any]:
    facts = shelf.facts(cell)
    if isinstance(facts, str):
        return {"cell": cell, "refused": facts}
    about = facts["about"]
    lacks = {name: str(why) for name, why in facts["lacks"].items()}
    return {"cell": cell, **about, "bytes": facts["bytes"], "seconds": facts["seconds"], "lacks": lacks}


def line(row: Mapping[str, Any]) -> str:
    """One of them as one line."""
    if "refused" in row:
        return f"{row['cell'][:8]}  not used: {row['refused']}"
    lacks = f"  without {', '.join(row['lacks'])}" if row["lacks"] else ""
    return f"{row['cell'][:8]}  {row['when']}  {_size(row['bytes']):>9}  {row['entry']}: {row['title']}{lacks}"


def dropped(here: Journal, step: str, entry: Path | None) -> int:
    """Keep a state no longer."""
    found = [cell for cell in here.steps.kept() if cell.startswith(step)] if len(step) >= 4 else []
    if not found:
        _, _, text = _meant(here, step, entry)
        ran = list(takewhile(lambda slot: slot.fresh, (slot for slot in text.slots if slot.cell.runs)))
        found = [cell for cell in here.steps.kept() if ran and cell == ran[-1].cell.chain]
    for cell in found:
        here.steps.drop_kept(cell)
        click.echo(f"the state after cell {cell[:8]} is kept no longer")
    if not found:
        raise WrongCommand(f"no state of {step} is kept; 'nozzle keep --list' shows those that are")
    return 0


def _kept(here: Journal, step: str, entry: Path | None) -> int:
    from nozzle import control
    from nozzle.words.repl import at_work
    from nozzle.words.visible import echo

    path, sha, _ = _meant(here, step, entry)
    with at_work(here):
        status = 0
        for each in control.ask(here.steps.private, "keep", path=str(path), step=sha) or ():
            if "say" in each:
                echo(each["say"])
            status = each.get("status", status)
    return status


def _meant(here: Journal, step: str, entry: Path | None) -> tuple[Path, str, Entry]:
    """The entry whose state it is, the step's digest, and the entry's text there."""
    found = here.steps.resolve(step)
    rel = here.rel(entry) if entry else found.entry
    if not rel:
        raise WrongCommand(f"{found.sha[:8]} is a step of no entry: name one, 'nozzle keep {step} ENTRY'")
    return here.root / rel, found.sha, _text(here, found.sha, rel)


def _text(here: Journal, sha: str, rel: str) -> Entry:
    from nozzle.document.entry import Entry

    held = here.steps.text(sha, rel)
    if held is None:
        raise WrongCommand(f"{sha[:8]} holds no {rel}")
    return Entry(held.decode("utf-8", "replace"))


def keep(loop: Loop, ears: Ears, args: Mapping[str, Any], reply: Reply) -> None:
    """The watch's end of it: make the state of a step, beside the entry's own, and put it away."""
    from nozzle.words.journal import journal
    from nozzle.words.typed import work

    path, sha = Path(os.path.normpath(str(args.get("path", "")))), str(args.get("step", ""))
    if not path.is_relative_to(loop.tools.root):
        raise WrongCommand(f"{path} is outside this journal, {loop.tools.root}")
    if not path.is_file():
        raise WrongCommand(f"{path} is no longer there: go to a step that has it, and keep its state there")
    desk = loop.desk(path)
    with journal(loop.tools.root) as here:
        text = _text(here, sha, desk.rel)
    copy = desk.copied_at(text)
    work(reply, lambda: _put_away(desk, text, copy, sha))


def _put_away(desk: Desk, text: Entry, copy: Copy, sha: str) -> Iterator[Line]:
    from nozzle.words.journal import journal

    session, above = copy.session, copy.above
    titles = {cell.chain: cell.title for cell in text.cells}
    why = copy.waits.removeprefix("you are above it: ")
    try:
        if not above:
            raise Refused(why or f"no cell of {desk.rel} had run at that step")
        if others := sorted({job.language for job in above} - {"python"}):
            raise Refused(f"the state was not kept: of cells in {' and '.join(others)} none is saved")
        if copy.said:
            yield {"say": f"! {copy.said}"}
        if why:
            yield {"say": f"it is the state after {titles[above[-1].cell]}, and no further: {why}"}
        yield from _gone_to(session, above)
        with journal(desk.tools.root) as here, (shelf := here.shelf(here.warn)).room() as (path, file):
            state = session.save(file)
            if isinstance(state, str):
                raise Refused(f"the state was not kept: {state}")
            about = {"entry": desk.rel, "title": titles[state.cell], "step": sha, "when": _now()}
            size = _size(shelf.put(state, path, about)["bytes"])
        yield {"say": f"kept: the state after {about['title']}: {counted(len(state.names), 'name')}, {size}"}
        for name, reason in state.lacks.items():
            yield {"say": f"could not be saved: `{name}` ({reason})"}
        if state.lacks:
            raise Refused("cells below that name nothing of this go on from the rest; for others all above run again")
    finally:
        session.close()


def _gone_to(session: Session, above: list[Job]) -> Iterator[Line]:
    from nozzle.document.events import Finished, Replaying

    for event in session.go_to(above):
        match event:
            case Replaying(number=1, total=total):
                yield {"say": f"{counted(total, 'cell')} of the step {'runs' if total == 1 else 'run'} again for it"}
            case Finished(cause=cause):
                raise Refused(cause)


def _size(count: int) -> str:
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count / 1e3:.1f} kB"


def _now() -> str:
    return datetime.now(UTC).astimezone().strftime("%Y-%m-%d %H:%M")
