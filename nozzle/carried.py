"""What is known of the outputs that stand, in all entries, as one table that every step carries along.

A squash, a shallow clone, an amended message or another name leaves one commit where there were many, or other steps
behind an entry; whichever it is, the table says of every output how long its cell took, which files it read and wrote,
and where it reached. A copy lies beside git: for commits whose words were changed, and for entries that no step holds.
It refuses to be more than that: which files have changed, and what may run again, is for others to say.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

from nozzle.document.entry import SHOWN
from nozzle.steps import Steps

BACK = 200
"""How many steps back the newest table is looked for: the author's own commits carry none."""
TRAILER = "Inputs"
"""What it is called in a step; in older ones it says of each output what its cell read, and nothing else."""
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
"""A cell's chain, as its output names it (12 hex) -> what is known."""
Table = Mapping[str, Rows]
"""Entry -> its rows."""


class Carried:
    """The table at HEAD."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._copy = steps.private / "outputs"
        self._table: Table | None = None
        self._told: set[str] = set()
        """Entries that the newest table names."""

    def of(self, rel: str) -> Rows:
        """What is known of the outputs of one entry."""
        return self._known().get(rel, {})

    def anywhere(self) -> Rows:
        """What is known of the outputs of all entries: one that was moved or copied has the same chains."""
        return {chain: row for rows in self._known().values() for chain, row in rows.items()}

    def put(self, rel: str, rows: Rows) -> None:
        """From now on these outputs stand in an entry."""
        table = self._known()
        if table.get(rel, {}) == rows:
            return
        self._table = {**table, rel: dict(rows)}
        self._remember()

    def forget(self) -> None:
        """HEAD is elsewhere."""
        self._table = None

    def text(self, hidden: Callable[[str], bool]) -> str:
        """The table as a trailer says it, without entries that no step may name."""
        return packed({rel: rows for rel, rows in self._known().items() if rel in self._told or not hidden(rel)})

    def _known(self) -> Table:
        if self._table is None:
            table = unpacked(newest(self._steps))
            self._told = set(table)
            self._table = _over(self._remembered(), table)
        return self._table

    def _remembered(self) -> Table:
        try:
            return unpacked(self._copy.read_text("utf-8"))
        except (OSError, ValueError):
            return {}

    def _remember(self) -> None:
        part = self._copy.with_name("outputs-new")
        try:
            part.parent.mkdir(mode=0o700, exist_ok=True)
            part.write_text(packed(self._known()), "utf-8")
            part.replace(self._copy)
        except OSError:
            Path(part).unlink(missing_ok=True)  # a cache, but for entries in no step: the steps say it too


def newest(steps: Steps, rev: str = "HEAD") -> str:
    """The table that the last steps behind a commit carry."""
    carried = (step.trailers[TRAILER] for step in steps.history(rev=rev, limit=BACK) if TRAILER in step.trailers)
    return next(carried, "")


def joined(ours: str, theirs: str) -> str:
    """Two tables as one; where both know an output, ours."""
    return packed(_over(unpacked(theirs), unpacked(ours)))


def packed(table: Table) -> str:
    """One line for each output of which something is known: entry, chain, and a word for each thing.

    >>> packed({"a b.md": {"12": Row("56", 0.25, {"x.csv": "34"}, ("y.csv",), ("network",))}})
    'a%20b.md 12 cell:56 took:0.25 reached:network wrote:y.csv x.csv=34'
    """
    rows = ((rel, chain, row) for rel, cells in sorted(table.items()) for chain, row in sorted(cells.items()))
    return "\n".join(" ".join([quote(rel), chain, *_words(row)]) for rel, chain, row in rows if _words(row))


def unpacked(text: str) -> dict[str, dict[str, Row]]:
    """What `packed` was given; a word that was left out, or that is odd, says nothing.

    >>> table = {"a b.md": {"12": Row("56", 0.25, {"x:y=.csv": "34"}, ("y.csv",), ("files:/tmp",))}}
    >>> unpacked(packed(table)) == table
    True
    """
    table: dict[str, dict[str, Row]] = {}
    for line in text.split("\n"):
        rel, _, rest = line.partition(" ")
        chain, *words = rest.split(" ")
        if rel and chain and words:
            table.setdefault(unquote(rel), {})[chain[:SHOWN]] = _row(words)
    return table


def _words(row: Row) -> list[str]:
    """A path is quoted, so a colon that stands in a word is ours."""
    known = row.seconds is not None
    return [
        *([f"cell:{row.source}", f"took:{row.seconds:.3g}"] if known else []),
        *(f"reached:{quote(effect, safe='/')}" for effect in row.effects),
        *(f"wrote:{quote(path)}" for path in sorted(row.writes)),
        *(f"{quote(path)}={digest}" for path, digest in sorted(row.reads.items())),
    ]


def _row(words: list[str]) -> Row:
    said: dict[str, list[str]] = {key: [] for key in _SAYS}
    reads = {}
    for word in words:
        key, colon, value = word.partition(":")
        if colon and key in said:
            said[key].append(unquote(value))
        elif not colon:
            path, _, digest = word.partition("=")
            reads[unquote(path)] = digest
    source, took = "".join(said["cell"][:1]), "".join(said["took"][:1])
    return Row(source, _number(took), reads, tuple(said["wrote"]), tuple(said["reached"]))


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _over(below: Table, above: Table) -> Table:
    """Both tables; where both know an output, the second."""
    return {rel: {**below.get(rel, {}), **above.get(rel, {})} for rel in {**below, **above}}
