"""What is known of the outputs that stand, in all entries, as one table that every step carries along.

A squash, a shallow clone, an amended message or another name leaves one commit where there were many, or other steps
behind an entry; whichever it is, the table says of every output how long its cell took, which files it read and wrote,
and where it reached. A copy lies beside git: for commits whose words were changed, and for entries that no step holds.
It refuses to be more than that: which files have changed, and what may run again, is for others to say.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, unquote_to_bytes

from nozzle.document.entry import SHOWN
from nozzle.document.facts import from_trailers
from nozzle.steps import Step, Steps

BACK = 200
"""How many steps back the newest table is looked for: the author's own commits carry none."""
TRAILER = "Inputs"
"""What it is called in a step; in older ones it says of each output what its cell read, and nothing else."""
SHORT = 6
"""Digits that name a run of which nothing is known but how long it took: most runs are such, and each step says them
all."""
_SAYS = ("cell", "took", "reached", "wrote")
"""What a word of a row says that is no path=digest of a file that was read: the cell's own digest, seconds, ..."""


@dataclass(frozen=True, slots=True)
class Row:
    """What is known of the run that made an output."""

    source: str = ""
    """The cell's own digest."""
    seconds: float | None = None
    """None: no more is known than what it read."""
    reads: Mapping[str, str] = field(default_factory=dict)
    """Path from the root -> digest of its content."""
    writes: tuple[str, ...] = ()
    """Paths from the root."""
    effects: tuple[str, ...] = ()


Rows = Mapping[str, Row]
"""A cell's chain, as its output names it (12 hex, or the first 6 of a plain one) -> what is known."""
Table = Mapping[str, Rows]
"""Entry -> its rows."""


class Carried:
    """The table at HEAD."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._copy = steps.private / "outputs"
        self._table: Table | None = None
        self._at = ""
        """The commit at which it was read."""
        self._told: set[str] = set()
        """Entries that the newest table names."""
        self._lines: dict[str, tuple[Rows, str]] = {}
        """By entry: of which rows its line tells, and the line."""

    def of(self, rel: str) -> Rows:
        """What is known of the outputs of one entry."""
        return self._known().get(rel, {})

    def anywhere(self) -> Rows:
        """What is known of the outputs of all entries: one that was moved or copied has the same chains."""
        return {chain: row for rows in self._known().values() for chain, row in rows.items()}

    def put(self, rel: str, rows: Rows) -> None:
        """From now on these outputs stand in an entry; without any, nothing is said of it."""
        table, rows = self._known(), unpacked(packed({rel: rows})).get(rel, {})
        if table.get(rel, {}) == rows:
            return
        others = {each: table[each] for each in table if each != rel}
        self._table = {**others, rel: rows} if rows else others
        self._remember()

    def forget(self) -> None:
        """HEAD may be elsewhere."""
        if self._at != self._steps.thread().head:
            self._table = None

    def text(self, hidden: Callable[[str], bool]) -> str:
        """The table as a trailer says it, without entries that no step may name, and those that are gone."""
        told = ((rel, rows) for rel, rows in self._known().items() if rel in self._told or not hidden(rel))
        return self._packed({rel: rows for rel, rows in told if self._is_there(rel)})

    def _known(self) -> Table:
        if self._table is None:
            self._at = self._steps.thread().head
            table = unpacked(newest(self._steps))
            self._told = set(table)
            self._table = _over(self._remembered(), table)
        return self._table

    def _packed(self, table: Table) -> str:
        """The same as `packed`; only what has changed is put into words again."""
        for rel, rows in table.items():
            if rel not in self._lines or self._lines[rel][0] is not rows:
                self._lines[rel] = rows, packed({rel: rows})
        return "\n".join(filter(None, (self._lines[rel][1] for rel in sorted(table))))

    def _is_there(self, rel: str) -> bool:
        """Whether an entry stands here, or at HEAD; of one that is gone tell the steps that had it, and the copy."""
        return (self._steps.root / rel).exists() or bool(self._steps.blob("HEAD", rel))

    def _remembered(self) -> Table:
        try:
            return unpacked(self._copy.read_text("utf-8"))
        except (OSError, ValueError):
            return {}

    def _remember(self) -> None:
        part = self._copy.with_name("outputs-new")
        try:
            part.parent.mkdir(mode=0o700, exist_ok=True)
            part.write_text(self._packed(self._known()), "utf-8")
            part.replace(self._copy)
        except OSError:
            Path(part).unlink(missing_ok=True)  # a cache, but for entries in no step: the steps say it too


def newest(steps: Steps, rev: str = "HEAD") -> str:
    """The table that the last steps behind a commit carry, with what runs since then say in theirs: the words of the
    step that carried a newer one may have been changed."""
    since: dict[str, dict[str, Row]] = {}
    for step in steps.history(rev=rev, limit=BACK):
        if TRAILER in step.trailers:
            return joined(packed(since), step.trailers[TRAILER])
        if step.kind == "cell" and step.cell:
            since.setdefault(step.entry, {}).setdefault(step.cell[:SHOWN], row_of(step))
    return packed(since)


def row_of(step: Step) -> Row:
    """What the step of a run says of it."""
    facts, said = from_trailers(step.trailers), step.trailers
    writes = tuple(unquote(word) for word in said.get("Writes", "").split())
    return Row(said.get("Source", ""), facts.seconds, facts.reads, writes, facts.effects)


def joined(ours: str, theirs: str) -> str:
    """Two tables as one; where both know an output, ours."""
    return packed(_over(unpacked(theirs), unpacked(ours)))


def packed(table: Table) -> str:
    """A line for each entry: in one word each, the outputs of which no more is known than how long they took; then for
    every other one its chain, and a word for each thing.

    >>> packed({"a b.md": {"12": Row("56", 0.25, {"x.csv": "34"}, ("y.csv",), ("network",)), "78": Row("9a", 2.0)}})
    'a%20b.md 78.9a~2 | 12 cell:56 took:0.25 reached:network wrote:y.csv x.csv=34'
    """
    lines = []
    for rel, rows in sorted(table.items()):
        plain = [word for chain, row in sorted(rows.items()) if (word := _plain(chain, row))]
        others = [
            [chain, *_words(row)] for chain, row in sorted(rows.items()) if _words(row) and not _plain(chain, row)
        ]
        if groups := [group for group in (plain, *others) if group]:
            lines.append(" ".join([_quoted(rel), " | ".join(map(" ".join, groups))]))
    return "\n".join(lines)


def unpacked(text: str) -> dict[str, dict[str, Row]]:
    """What `packed` was given; a word that was left out, or that is odd, says nothing.

    >>> table = {"a b.md": {"12": Row("56", 0.25, {"x:y=.csv": "34"}, ("y.csv",), ("files:/tmp",))}}
    >>> unpacked(packed(table)) == table
    True
    """
    table: dict[str, dict[str, Row]] = {}
    for line in text.split("\n"):
        rel, _, rest = line.partition(" ")
        for group in rest.split(" | ") if rel and rest else ():
            chain, *words = group.split(" ")
            rows = table.setdefault(_unquoted(rel), {})
            if "~" in chain:
                rows.update(map(_plain_row, (chain, *words)))
            elif words:
                rows[chain[:SHOWN]] = _row(words)
    return table


def _plain(chain: str, row: Row) -> str:
    if row.seconds is None or row.reads or row.writes or row.effects:
        return ""
    return f"{chain[:SHORT]}.{row.source[:SHORT]}~{row.seconds:.3g}"


def _plain_row(word: str) -> tuple[str, Row]:
    name, _, took = word.partition("~")
    chain, _, source = name.partition(".")
    return chain, Row(source, _number(took))


def _words(row: Row) -> list[str]:
    """A path is quoted, so a colon that stands in a word is ours."""
    known = row.seconds is not None
    return [
        *([f"cell:{row.source}", f"took:{row.seconds:.3g}"] if known else []),
        *(f"reached:{_quoted(effect)}" for effect in row.effects),
        *(f"wrote:{_quoted(path)}" for path in sorted(row.writes)),
        *(f"{_quoted(path)}={digest}" for path, digest in sorted(row.reads.items())),
    ]


def _row(words: list[str]) -> Row:
    said: dict[str, list[str]] = {key: [] for key in _SAYS}
    reads = {}
    for word in words:
        key, colon, value = word.partition(":")
        if colon and key in said:
            said[key].append(_unquoted(value))
        elif not colon:
            path, _, digest = word.partition("=")
            reads[_unquoted(path)] = digest
    source, took = "".join(said["cell"][:1]), "".join(said["took"][:1])
    return Row(source, _number(took), reads, tuple(said["wrote"]), tuple(said["reached"]))


def _quoted(name: str) -> str:
    """As one word; also of a file whose name is no UTF-8."""
    return quote(os.fsencode(name))


def _unquoted(word: str) -> str:
    return os.fsdecode(unquote_to_bytes(word))


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _over(below: Table, above: Table) -> Table:
    """Both tables; where both know an output, by however many digits, the second."""
    return {rel: _rows_over(below.get(rel, {}), above.get(rel, {})) for rel in {**below, **above}}


def _rows_over(below: Rows, above: Rows) -> Rows:
    known = {chain[:SHORT] for chain in above}
    return {chain: row for chain, row in below.items() if chain[:SHORT] not in known} | dict(above)
