"""Whose a cell is. What cannot be shown to be this user's does not run: an allow-list, never a list of strangers.

A cell is this user's when he typed it (no version of the entry that git may have put here, from wherever in the
history, holds it, nor does an entry of which this one is a copy), when he typed it earlier while
nozzle looked on, when he accepted it, or when a key that he trusts signed its output. All of this is asked of the
chain, the cell after exactly those above it; only an edit of his own carries the cells below it along.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from hashlib import sha256
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nozzle.document.entry import Cell, Entry
    from nozzle.keys import Key
    from nozzle.words.journal import Journal


ENDED = "died"
"""The status of an output that vouches for nothing: nozzle may have written that ending without running the cell."""

SEEN = "theirs"
"""The note of what was seen to come from elsewhere: git forgets what was fetched, with the next fetch."""
_imports = re.compile(
    r"^[ \t]*(import [\w., \t]+|from [\w.]+ import (\([\w,\s]*\)|[\w,* \t]+))?(#.*)?$",
    re.M,
)


def refused(here: Journal, entry: Entry, rel: str) -> set[str]:
    """Chains of the cells that may not run."""
    from nozzle.document.entry import Entry
    from nozzle.keys import add_typed, typed

    known = typed(here.steps.shared)
    head = Entry(here.steps.head_text(rel).decode("utf-8", "replace"))
    others = [Entry(content.decode("utf-8", "replace")) for content in here.steps.brought(rel)]
    seen = typed(here.steps.shared, SEEN)
    brought = {cell.digest for one in others for cell in one.cells}
    brought |= {cell.digest for cell in entry.cells if _at(rel, cell) in seen}
    here_too = set(brought)
    brought |= _copied(here, entry, brought, known)
    before = _vouched(here, head, rel, known)
    carried = {cell.digest for cell in head.cells} - {cell.digest for cell in head.cells if cell.chain not in before}
    own = vouched = _vouched(here, entry, rel, known)
    older = _earlier(
        here, [cell for cell in entry.cells if not {cell.digest, cell.chain} & (brought | own)], rel, known
    )
    brought, here_too = brought | older, here_too | older
    own = own | {cell.chain for cell in entry.cells if cell.digest not in brought or cell.digest in carried}
    chains = [cell.chain for cell in entry.cells if cell.runs]
    for one in others:  # its output may have gone here, and stand signed where it came from
        if (set(chains) - own) & {cell.chain for cell in one.cells}:
            own |= _vouched(here, one, rel, known) & set(chains)
    typed_now = own if entry.text != head.text else own - vouched
    add_typed(here.steps.shared, [chain for chain in chains if chain in typed_now])
    foreign = [cell for cell in entry.cells if cell.runs and cell.chain not in own and cell.digest in here_too]
    add_typed(here.steps.shared, [_at(rel, cell) for cell in foreign], SEEN)
    return set(chains) - own


def _at(rel: str, cell: Cell) -> str:
    return sha256(f"{rel}\0{cell.digest}".encode("utf-8", "surrogateescape")).hexdigest()


def _copied(here: Journal, entry: Entry, brought: set[str], known: set[str]) -> set[str]:
    """Digests of other people's cells in the entries of which this may be a copy.

    Who writes the other entry gains nothing: a lesser part of it gets here by the author's own hand alone.
    """
    from nozzle.document.entry import Entry

    found: set[str] = set()
    cells = [cell for cell in entry.cells if cell.runs]
    signs = {cell.body.strip().split("\n")[0].encode() for cell in cells if cell.digest not in brought}
    for rel, content in here.steps.brought_anywhere(here.settings.is_entry) if signs else ():
        if not any(sign in content for sign in signs):
            continue
        other = Entry(content.decode("utf-8", "replace"))
        if _is_copy(cells, [cell for cell in other.cells if cell.runs]):
            own = _vouched(here, other, rel, known)
            found |= {cell.digest for cell in other.cells if cell.chain not in own}
    return found


def _is_copy(cells: list[Cell], theirs: list[Cell]) -> bool:
    """Whether cells are the greater part of what somebody has, or the greater part of them is his: two at least, or the
    only one there is, after the same ones. Imports are alike everywhere, so they count for nothing.
    """
    mine, other = ({cell.digest: cell.chain for cell in each if not _only_imports(cell)} for each in (cells, theirs))
    shared = mine.keys() & other.keys()
    if not shared or len(shared) == len(mine) == len(other) or len(cells) == 1:
        return bool(shared)
    if len(shared) == 1:
        return min(len(mine), len(other)) == 1 and bool(set(mine.values()) & set(other.values()))
    return 2 * len(shared) > min(len(mine), len(other))


def _only_imports(cell: Cell) -> bool:
    return not _imports.sub("", cell.body).strip()


def _earlier(here: Journal, cells: list[Cell], rel: str, known: set[str]) -> set[str]:
    """Digests of those cells that an older version of this entry has, which git may have written over it; but for what
    was this user's there.
    """
    from nozzle.document.entry import Entry

    found: set[str] = set()
    for content in here.steps.earlier(rel, {cell.body.encode() for cell in cells if cell.runs}) if cells else ():
        older = Entry(content.decode("utf-8", "replace"))
        own = _vouched(here, older, rel, known)
        found |= {cell.digest for cell in older.cells if cell.chain not in own}
    return found


def _vouched(here: Journal, entry: Entry, rel: str, known: set[str]) -> set[str]:
    """Chains that were typed here, accepted, or signed."""
    chains = [cell.chain for cell in entry.cells if cell.runs]
    return {chain for chain in chains if chain in known} | here.trust.trusts_cells(chains) | _signed(here, entry, rel)


def _signed(here: Journal, entry: Entry, rel: str) -> set[str]:
    """Chains whose output a trusted key signed, and which stand as they were signed."""
    from nozzle.document.seal import FORMAT, report_all
    from nozzle.keys import check

    trusted: Iterable[Key] = [key for key in here.keys if here.trust.trusts_key(key.public)]

    def verify(chain: str, digest: str, signature: str) -> str | None:
        key = check(signature, FORMAT, chain, digest, trusted)
        return key.id if key else None

    reports = report_all(entry, here.file_digest((here.root / rel).parent), verify)
    return {
        cell.chain
        for cell, block, report in reports
        if cell and report.signer and report.state == "intact" and block.status != ENDED
    }
