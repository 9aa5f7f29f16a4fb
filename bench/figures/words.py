"""How long a word of the command line takes to answer, beside plain Python, and beside git where git has the word."""

import sys
from collections.abc import Iterator

from contest import Spread, Took, Void, process, race
from table import Row, raced, shown, took
from workplace import Workplace

from figures.hundred import entry
from nozzle.cli import WORDS

HELP, COMMAND_HELP = 5.0, 6.0


def rows(where: Workplace) -> Iterator[Row]:
    yield _helped(where, [], "nozzle --help", HELP)
    found = []
    for word, _, _ in WORDS:
        try:
            found.append(_helped(where, [word], f"nozzle {word} --help", COMMAND_HELP))
        except Void as why:
            yield Row("words", f"nozzle {word} --help", why=f"void: {why}")
    found.sort(key=lambda row: -row.value.median if row.value else 0.0)
    slowest = found[0]
    note = ", ".join(f"{row.what.split()[1]} {shown(row.value.median, 'x')}" for row in found if row.value)
    yield Row(
        "words", f"slowest of {len(found)}: {slowest.what}", slowest.value, "x", COMMAND_HELP, slowest.ours,
        slowest.theirs, slowest.noisy, load=slowest.load, cpu=slowest.cpu, notes=[f"--help of {note}"],
    )  # fmt: skip
    yield from _asked(where)


def _helped(where: Workplace, words: list[str], what: str, goal: float) -> Row:
    folder = where.folder

    def ours(rep: int) -> Took:
        done = where.nozzle(folder, *words, "--help")
        if "Usage:" not in str(done.evidence):
            raise Void(f"{what} shows no help")
        return Took(done.seconds, done.cpu)

    def theirs(rep: int) -> Took:
        done = process([sys.executable, "-c", "pass"])
        return Took(done.seconds, done.cpu)

    found = race(ours, theirs, where.times(9 if not words else 5), where.control, lambda mine, other: "")
    return raced("words", what, found, "python -c pass", goal)


def _asked(where: Workplace) -> Iterator[Row]:
    """Words that only look, in a journal of 100 cells that have run."""
    journal = where.repository("asked")
    (journal / "journal").mkdir()
    (journal / "journal" / "hundred.md").write_text(entry())
    where.nozzle(journal, "run", "--quiet")
    proofs = {"log": "cell", "due": "nothing is due", "run": ""}
    for word, proof in proofs.items():

        def ours(rep: int, word: str = word, proof: str = proof) -> Took:
            done = where.nozzle(journal, word)
            if proof not in str(done.evidence):
                raise Void(f"nozzle {word} did not answer what it should")
            return Took(done.seconds, done.cpu)

        def theirs(rep: int) -> Took:
            done = where.git(journal, "log", "-30", "--format=%h %ai %s")
            return Took(done.seconds, done.cpu)

        found = race(ours, theirs, where.times(7), where.control, lambda mine, other: "")
        pure = Spread.of(where.control.seconds[-len(found.ours) :]).median
        mine = Spread.of([each.seconds for each in found.ours]).median
        name = "nozzle run, nothing due" if word == "run" else f"nozzle {word}"
        notes = [f"{name}: {took(mine)}, {mine / pure:.1f} x python -c pass"]
        yield raced("words", f"{name}, 100 cells", found, "git log", notes=notes)
