"""nozzle threads: which there are, where, and what each is doing."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import click

from nozzle.words.counted import counted

if TYPE_CHECKING:
    from pathlib import Path

    from nozzle.steps import Steps, Worktree
    from nozzle.words.journal import Journal


@click.command(name="threads")
@click.option("-v", "--verbose", is_flag=True, help="The states that are kept: step, age, memory, what each saves.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(verbose: bool, as_json: bool) -> int:
    """List the threads that have a folder of their own, with what each is doing.

    A thread is a branch: 'git branch' lists those without a folder, too. With -v follow the states of kernels that the
    watch keeps: going back to one of them takes a blink instead of the seconds it would take to run the cells again.
    And the kernels that stand ready for a first cell, with the imports done that entries here usually begin with.
    Last come those that 'nozzle keep' keeps across restarts.
    """
    from nozzle.words.journal import journal

    with journal() as here:
        for worktree in here.steps.worktrees():
            told = _asked(worktree)
            thread = worktree.thread
            found = {
                "thread": thread.name, "head": thread.head, "folder": str(thread.folder), "gone": worktree.gone,
                "here": thread.folder == here.root, "watched": told is not None, "doing": (told or {}).get("doing", []),
                "kept": (told or {}).get("kept", []) if worktree.first else [],
                "ready": (told or {}).get("ready", []) if worktree.first else [],
            }  # fmt: skip
            if as_json:
                click.echo(json.dumps(found))
                continue
            for line in _lines(here, found, verbose):
                click.echo(line)
        if verbose and not as_json:
            _outlive(here)
    return 0


def _outlive(here: Journal) -> None:
    from nozzle.words import keep
    from nozzle.words.visible import echo

    if rows := keep.kept(here):
        click.echo(f"{counted(len(rows), 'state')} kept across restarts:")
    for row in rows:
        echo(f"    {keep.line(row)}")


def standing(here: Journal, rel: str) -> list[dict[str, object]]:
    """Each thread that has a folder: what its watch says that it does, its last step, the last news of an entry there.

    Asks the watches, so the loop of none may wait for it; reads git by itself, so that any thread may ask.
    """
    from nozzle.steps import Steps

    with Steps.open(here.root) as steps:
        return [_stands(steps, worktree, here, rel) for worktree in steps.worktrees() if not worktree.gone]


def _stands(steps: Steps, worktree: Worktree, here: Journal, rel: str) -> dict[str, object]:
    thread, told = worktree.thread, _asked(worktree)
    left = steps.left() if thread.folder == here.root else None
    last = steps.resolve(thread.head) if thread.head else None
    return {
        "thread": thread.name, "folder": str(thread.folder), "here": thread.folder == here.root,
        "has": (thread.folder / rel).is_file(), "watched": told is not None, "doing": (told or {}).get("doing", []),
        "left": left[0] if left else "", "sha": thread.head[:10], "title": last.title if last else "no step yet",
        "news": _news(here, thread.folder / rel),
    }  # fmt: skip


def _news(here: Journal, path: Path) -> str:
    """The last line of news that stands in an entry, as words."""
    from nozzle.document.mdast import parse, plain

    found = [block for _, entry in here.readable([path] if path.is_file() else []) for block in entry.envelopes]
    rows = [row for block in found if block.kind == "news" for row in block.body if row.startswith("> **")]
    return plain(parse(rows[-1].removeprefix("> "))["mdast"]) if rows else ""


def _asked(worktree: Worktree) -> dict[str, Any] | None:
    """What the watch of a worktree says of itself; None when none runs there."""
    from nozzle import control
    from nozzle.errors import NozzleError
    from nozzle.steps import Steps

    if worktree.gone:
        return None
    try:
        with Steps.open(worktree.thread.folder) as there:
            lines = control.ask(there.private, "doing")
            return next((line for line in lines if "doing" in line), {}) if lines is not None else None
    except NozzleError:
        return None


def _lines(here: Journal, found: dict[str, Any], verbose: bool) -> Iterator[str]:
    title = here.steps.resolve(found["head"]).title if found["head"] else "no step yet"
    sign = "*" if found["here"] else " "
    yield f"{sign} {found['thread'] or '(no branch)'}  {found['head'][:8]}  {title}"
    if found["gone"]:
        yield f"    {found['folder']} is gone; the branch stays: 'git worktree prune' forgets the folder"
        return
    doing = found["doing"] or (["at rest"] if found["watched"] else ["no watch runs there"])
    yield f"    {found['folder']}"
    yield from (f"    {line}" for line in doing)
    if verbose:
        yield from (f"    {line}" for line in _kept([_named(here, row) for row in found["kept"]]))
        yield from (f"    {line}" for line in _ready(found["ready"]))


def _named(here: Journal, row: dict[str, Any]) -> dict[str, Any]:
    """A state, with the cell's title and the thread that made it, where that is another than the first."""
    from pathlib import Path

    folder = Path(row["folder"])
    threads = [each.thread for each in here.steps.worktrees() if not each.first]
    thread = next((each for each in threads if folder.is_relative_to(each.folder)), None)
    if thread is None:
        return row
    step = next(here.steps.history(rev=thread.head, cell=row["chain"], limit=1), None)
    title = step.title.partition(": ")[2] if step else row["cell"]
    return {**row, "cell": f"{thread.name}: {title}"}


def _ready(rows: list[dict[str, Any]]) -> Iterator[str]:
    for row in rows:
        yield f"a kernel stands ready with {', '.join(row['names'])} imported, {row['bytes'] / 1e6:.0f} MB"


def _kept(rows: list[dict[str, Any]]) -> Iterator[str]:
    if not rows:
        return
    yield f"{counted(len(rows), 'state')} kept, {sum(row['bytes'] for row in rows) / 1e6:.0f} MB:"
    yield "  cell                            age       memory   saves"
    for row in rows:
        saves = "what reached outside" if row["saves"] >= 3600 else f"{row['saves']:.2f} s"
        yield f"  {row['cell'][:30]:<30}  {row['age']:6.0f} s  {row['bytes'] / 1e6:7.1f} MB   {saves}"
