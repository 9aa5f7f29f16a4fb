"""A hundred trivial cells: executed cold, run with their steps, run again unchanged, and with cell 50 edited."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from contest import Race, Took, Void, process, race, same
from peers import plain
from table import Row, raced
from workplace import Workplace, clean, commits

from figures import hundred

ARMS = Path(__file__).resolve().parent.parent / "arms"


def cold(where: Workplace) -> Iterator[Row]:
    """The executor alone, in a new process, with its start and its end."""
    name = "100 cells, executor only, cold"
    if why := where.peers.missing("nbclient"):
        yield Row("cells-cold", name, why=why)
        return
    folder = where.new("cold")
    (folder / "cells.json").write_text(json.dumps(hundred.sources()))
    (folder / "cells.ipynb").write_text(hundred.notebook())
    inside: dict[str, list[float]] = {"ours": [], "theirs": []}

    def ours(rep: int) -> Took:
        done = process([sys.executable, ARMS / "session.py", "cells.json"], folder)
        return _printed(done, inside["ours"])

    def theirs(rep: int) -> Took:
        python = where.peers.program("nbclient", "python")
        done = process([python, ARMS / "notebook.py", "cells.ipynb"], folder, plain())
        return _printed(done, inside["theirs"])

    found = race(ours, theirs, where.times(5), where.control, same)
    yield raced("cells-cold", name, found, "nbclient", 1 / 10)
    warm = Race(
        [replace(took, seconds=seconds) for took, seconds in zip(found.ours, inside["ours"][1:], strict=True)],
        [replace(took, seconds=seconds) for took, seconds in zip(found.theirs, inside["theirs"][1:], strict=True)],
        found.noisy, found.load,
    )  # fmt: skip
    yield raced("cells-cold", "  the same without the imports of either", warm, "nbclient")


def _printed(done: Took, inside: list[float]) -> Took:
    said = json.loads(str(done.evidence))
    if said["printed"] != hundred.printed():
        raise Void("the cells did not print what they should")
    inside.append(said["seconds"])
    return Took(done.seconds, done.cpu, said["printed"])


def steps(where: Workplace) -> Iterator[Row]:
    """`nozzle run` of a new entry, and 100 times `git add` and `git commit` of as much text."""

    def ours(rep: int) -> Took:
        folder = journal(where)
        done = where.nozzle(folder, "run", "--quiet")
        if hundred.shown((folder / "journal" / "hundred.md").read_text()) != hundred.printed():
            raise Void("not every cell has the output it should have")
        if clean(where, folder) or commits(where, folder) < hundred.COUNT + 1:
            raise Void(f"{commits(where, folder)} commits, and status says {clean(where, folder)!r}")
        return Took(done.seconds, done.cpu)

    def theirs(rep: int) -> Took:
        folder = where.repository("by-hand")
        path, took = folder / "hundred.md", Took(0.0)
        text = hundred.entry()
        for at in range(hundred.COUNT):
            text += f"output {at}\n"
            path.write_text(text)
            for words in (("add", "hundred.md"), ("commit", "-q", "-m", f"cell {at}")):
                done = where.git(folder, *words)
                took = Took(took.seconds + done.seconds, took.cpu + done.cpu)
        if clean(where, folder) or commits(where, folder) != hundred.COUNT:
            raise Void("git did not commit all")
        return took

    found = race(ours, theirs, where.times(3), where.control, same)
    yield raced("cells-steps", "nozzle run of 100 new cells, with steps", found, "100 git add+commit", 2.0)


def unchanged(where: Workplace) -> Iterator[Row]:
    """Nothing is due."""
    yield from _against_jcache(where, "unchanged", "nozzle run of 100 cells, nothing due", 1 / 20, edit=False)


def edited(where: Workplace) -> Iterator[Row]:
    """Cell 50 was edited: it and what stands below it run."""
    yield from _against_jcache(where, "edited", "nozzle run, cell 50 of 100 edited", 1 / 5, edit=True)


def _against_jcache(where: Workplace, figure: str, name: str, goal: float, edit: bool) -> Iterator[Row]:
    if why := where.peers.missing("jcache"):
        yield Row(figure, name, why=why)
        return
    folder, book = journal(where), where.new("jcache")
    path = folder / "journal" / "hundred.md"
    where.nozzle(folder, "run", "--quiet")
    env = {**plain(), "JUPYTERCACHE": str(book / "cache")}
    jcache = where.peers.program("jcache", "jcache")
    (book / "hundred.ipynb").write_text(hundred.notebook())
    process([jcache, "notebook", "add", "hundred.ipynb"], book, env, given="y\n")
    process([jcache, "project", "execute"], book, env)

    def changes(rep: int) -> dict[int, str]:
        return {50: f"print({rep + 7000})"} if edit else {}

    def ours(rep: int) -> Took:
        if edit:
            before = changes(rep - 1)[50] if rep >= 0 else "print(50 * 50)"
            path.write_text(path.read_text().replace(f"\n{before}\n", f"\n{changes(rep)[50]}\n"))
        held, count = path.read_bytes(), commits(where, folder)
        done = where.nozzle(folder, "run", "--quiet")
        if not edit and (path.read_bytes() != held or commits(where, folder) != count):
            raise Void("nothing was due, and yet something was written")
        return Took(done.seconds, done.cpu, _right(hundred.shown(path.read_text()), changes(rep)))

    def theirs(rep: int) -> Took:
        (book / "hundred.ipynb").write_text(hundred.notebook(changes(rep)))
        done = process([jcache, "project", "execute"], book, env)
        python = where.peers.program("jcache", "python")
        said = process([python, ARMS / "cached.py", book / "cache", "hundred.ipynb"], book, env)
        return Took(done.seconds, done.cpu, _right(json.loads(str(said.evidence)), changes(rep)))

    found = race(ours, theirs, where.times(5), where.control, same)
    yield raced(figure, name, found, "jupyter-cache", goal)


def _right(outputs: list[str], edits: dict[int, str]) -> list[str]:
    if outputs != hundred.printed(edits):
        raise Void("the outputs are not those of the cells")
    return outputs


def journal(where: Workplace) -> Path:
    """A new journal with the entry of a hundred cells."""
    folder = where.repository("journal")
    (folder / "journal").mkdir()
    (folder / "journal" / "hundred.md").write_text(hundred.entry())
    return folder
