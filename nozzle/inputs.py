"""What the cells of all entries read, as one table that every step carries along.

A squash, a shallow clone or an amended message leaves one commit where there were many; whichever it is, it says of
every output which files it was made from. It refuses to be more than that: which of them have changed is for the past
to say.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import quote, unquote

from nozzle.steps import Steps

Reads = Mapping[str, str]
"""Path from the root -> digest of its content."""
Table = dict[str, dict[str, Reads]]
"""Entry -> a cell's chain -> what it read."""

BACK = 200
"""How many steps back the newest table is looked for: the author's own commits carry none."""


class Inputs:
    """The table at HEAD, kept in the newest step, and once more beside git for the commits whose words were changed."""

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self._cache = steps.private / "inputs.json"
        self._table: Table | None = None

    def of(self, rel: str) -> Mapping[str, Reads]:
        """What the cells of one entry read, by chain."""
        return self._known().get(rel, {})

    def put(self, rel: str, rows: Mapping[str, Reads]) -> None:
        """From now on the cells of an entry have read this."""
        table = self._known()
        if table.get(rel, {}) == rows:
            return
        self._table = {**table, rel: dict(rows)}
        self._remember()

    def forget(self) -> None:
        """HEAD is elsewhere."""
        self._table = None

    @property
    def text(self) -> str:
        """The table, as a trailer says it."""
        return packed(self._known())

    def _known(self) -> Table:
        if self._table is None:
            carried = (step.trailers["Inputs"] for step in self._steps.history(limit=BACK) if "Inputs" in step.trailers)
            self._table = _over(self._remembered(), unpacked(next(carried, "")))
        return self._table

    def _remembered(self) -> Table:
        try:
            found = json.loads(self._cache.read_text("utf-8"))
            return {str(rel): {str(chain): dict(reads) for chain, reads in rows.items()} for rel, rows in found.items()}
        except (OSError, ValueError, AttributeError, TypeError):
            return {}

    def _remember(self) -> None:
        part = self._cache.with_name("inputs-new.json")
        try:
            part.parent.mkdir(mode=0o700, exist_ok=True)
            part.write_text(json.dumps(self._table), "utf-8")
            part.replace(self._cache)
        except OSError:
            Path(part).unlink(missing_ok=True)  # a cache: the steps say it too


def packed(table: Table) -> str:
    """One line for each cell that read something: entry, chain, and path=digest for each file.

    >>> packed({"a b.md": {"12": {"x.csv": "34"}}})
    'a%20b.md 12 x.csv=34'
    """
    rows = ((rel, chain, reads) for rel, cells in sorted(table.items()) for chain, reads in sorted(cells.items()))
    return "\n".join(
        " ".join([quote(rel), chain, *(f"{quote(path)}={digest}" for path, digest in sorted(reads.items()))])
        for rel, chain, reads in rows
        if reads
    )


def unpacked(text: str) -> Table:
    """What `packed` was given.

    >>> unpacked(packed({"a b.md": {"12": {"x.csv": "34"}}}))
    {'a b.md': {'12': {'x.csv': '34'}}}
    """
    table: Table = {}
    for line in text.split("\n"):
        rel, _, rest = line.partition(" ")
        chain, *pairs = rest.split(" ")
        reads = {unquote(path): digest for path, _, digest in (pair.partition("=") for pair in pairs)}
        if rel and chain and reads:
            table.setdefault(unquote(rel), {})[chain] = reads
    return table


def _over(below: Table, above: Table) -> Table:
    """Both tables; where both know a cell, the second."""
    return {rel: {**below.get(rel, {}), **above.get(rel, {})} for rel in {**below, **above}}
