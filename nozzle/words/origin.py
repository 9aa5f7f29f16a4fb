"""Whose a cell is. What cannot be shown to be this user's does not run: an allow-list, never a list of strangers.

A cell is this user's when he typed it (no version of the entry that git may have put here, from wherever in the
history, holds it, nor does an entry of which this one is a copy), when he typed it earlier while
nozzle looked on, when he accepted it, or when a key that he trusts signed its output. All of this is asked of the
chain, the cell after exactly those above it; only an edit of his own carries the cells below it along.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nozzle.document.entry import Cell, Entry
    from nozzle.keys import Key
    from nozzle.words.journal import Journal


ENDED = "died"
"""The status of an output that vouches for nothing: nozzle may have written that ending without running the cell."""


def refused(here: Journal, entry: Entry, rel: str) -> set[str]:
    """Chains of the cells that may not run."""
    from nozzle.document.entry import Entry
    from nozzle.keys import add_typed, typed

    known = typed(here.steps.private)
    head, *others = [Entry(content.decode("utf-8", "replace")) for content in here.steps.brought(rel)] or [Entry("")]
    brought = {cell.digest for one in (head, *others) for cell in one.cells}
    brought |= _copied(here, [cell for cell in entry.cells if cell.digest not in brought], known)
    before = _vouched(here, head, rel, known)
    carried = {cell.digest for cell in head.cells} - {cell.digest for cell in head.cells if cell.chain not in before}
    own = _vouched(here, entry, rel, known)
    brought |= _earlier(
        here, [cell for cell in entry.cells if not {cell.digest, cell.chain} & (brought | own)], rel, known
    )
    own |= {cell.chain for cell in entry.cells if cell.digest not in brought or cell.digest in carried}
    chains = [cell.chain for cell in entry.cells if cell.runs]
    if entry.text != head.text:
        add_typed(here.steps.private, [chain for chain in chains if chain in own])
    return set(chains) - own


def _copied(here: Journal, cells: list[Cell], known: set[str]) -> set[str]:
    """Digests of other people's cells in the entries of which these may be copies: those that begin alike, or have the
    greater part of them. What two people write alike in one cell makes no copy of the rest.
    """
    from nozzle.document.entry import Entry

    found: set[str] = set()
    digests, chains = {cell.digest for cell in cells}, {cell.chain for cell in cells if cell.runs}
    signs = {cell.body.strip().split("\n")[0].encode() for cell in cells} if cells else set()
    for rel, content in here.steps.brought_anywhere(here.settings.is_entry) if cells else ():
        if not any(sign in content for sign in signs):
            continue
        other = Entry(content.decode("utf-8", "replace"))
        theirs = {cell.digest: cell.chain for cell in other.cells}
        if chains & set(theirs.values()) or 2 * len(digests & theirs.keys()) > len(digests):
            own = _vouched(here, other, rel, known)
            found |= {digest for digest, chain in theirs.items() if chain not in own}
    return found


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
