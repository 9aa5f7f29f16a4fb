"""Whose a part of a text is: a cell, a word to the agents, a line of an answer to a proposal.

What cannot be shown to be this user's starts nothing: an allow-list, no list of strangers. Asked from top to bottom:

    it was typed here while nozzle looked on, accepted, or signed by a trusted key    his
    it stands in a text of somebody else's, and was not his at HEAD                   theirs
    it stands in none, and has lines of a part of theirs that stands here no more     theirs: git may have mixed the two
    it was his at HEAD, and what is above it is so by somebody else's doing           theirs: it is another program
    else                                                                              his: he typed it

A text of somebody else's is one that git may have put here, from wherever in the history, or of which this is a copy.
A cell is asked about after exactly those above it; only an edit of his own carries the cells below it along.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from hashlib import sha256
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nozzle.document.entry import Cell, Entry
    from nozzle.keys import Key
    from nozzle.words.journal import Journal


ENDED = "died"
"""The status of an output that vouches for nothing: nozzle may have written that ending without running the cell."""

SEEN = "theirs"
"""The note of what was seen to come from elsewhere: git forgets what was fetched, with the next fetch."""
FEW = 3
"""Words that two people may well say alike."""
_imports = re.compile(
    r"^[ \t]*(import [\w., \t]+|from [\w.]+ import (\([\w,\s]*\)|[\w,* \t]+))?(#.*)?$",
    re.M,
)


@dataclass(frozen=True, slots=True)
class Part:
    """Something in a text that starts something here, if it is his."""

    digest: str
    """Of what it says, wherever it stands."""
    name: str
    """What it is called when it is his: a cell by its chain, so after those above it. Empty: it starts nothing."""
    kind: str
    """The language, or the word."""
    body: str
    """Its lines as they stand in the text."""
    above: str = ""
    """The digest of the cell above; empty for the first one."""

    options: str = ""
    """What else it says of how it runs; its `#|` lines stand in the body."""

    @property
    def lines(self) -> frozenset[tuple[str, ...]]:
        """What its lines say, and in which language, but for blanks and lone brackets; and each with the one below it:
        so a line that is gone, or stands elsewhere, tells too.
        """
        rows = [self.options, *(row.rstrip() for row in self.body.split("\n")), ""]
        alone = ((self.kind, row.strip()) for row in rows if re.search(r"\w", row))
        return frozenset([*alone, *((self.kind, *two) for two in pairwise(rows))])

    @property
    def telling(self) -> frozenset[tuple[str, ...]]:
        """Its lines that are not alike everywhere, as imports are, and comments."""
        rows = (row.strip() for row in (_code(self.body) if self.kind == "python" else self.body).split("\n"))
        return frozenset((self.kind, row) for row in rows if re.search(r"\w", row))


def _code(body: str) -> str:
    """Python without its imports and comments: in a string, or for a magic, a line that begins with # is none."""
    from nozzle.document.normal import python_form

    bare = "\n".join(row for row in body.split("\n") if not row.lstrip().startswith("#"))
    return _imports.sub("", bare if bare == body or python_form(bare) == python_form(body) else body)


Parts = Callable[["Entry"], list[Part]]


def cells(entry: Entry) -> list[Part]:
    """The cells, also those that never run."""
    found, above = [], ""
    for cell in entry.cells:
        found.append(_part(cell, above))
        above = cell.digest if cell.runs else above
    return found


def _part(cell: Cell, above: str) -> Part:
    return Part(cell.digest, cell.chain, cell.language, cell.body, above, cell.options.counted)


def words(entry: Entry) -> list[Part]:
    """What is said to the agents."""
    from nozzle.document.prompts import prompts

    def rows(start: int, stop: int) -> str:
        return "".join(entry.rows[start:stop]).replace("\r", "")

    return [Part(each.digest, each.digest, each.word, rows(each.span.start, each.span.stop)) for each in prompts(entry)]


def refused(here: Journal, entry: Entry, rel: str) -> set[str]:
    """Chains of the cells that may not run."""
    return {part.name for part in _theirs(_Case(here, rel, cells), entry)}


def unheard(here: Journal, entry: Entry, rel: str) -> set[str]:
    """Digests of the prompts that start nothing."""
    return {part.name for part in _theirs(_Case(here, rel, words), entry)}


def note_words(here: Journal, entry: Entry, rel: str) -> None:
    """Nothing here came from elsewhere: what is said to the agents is his, also when something does. (Outputs say so
    of cells: he signs them.)
    """
    from nozzle.keys import add_typed

    case = _Case(here, rel, words)
    add_typed(here.steps.shared, [case.mark(part) for part in words(entry)])


def answered(here: Journal, entry: Entry, before: Entry, rel: str) -> set[str]:
    """Names of what stood to be answered before, and stands now as somebody else has it, or with a line of his.

    A box alone is nobody's line: where the author and somebody else tick the same one, the rest of it tells.
    """
    from nozzle.document.proposal import answerable, boxes

    was, now = answerable(before), answerable(entry)
    changed = {name for name in was.keys() & now.keys() if set(now[name].body) - set(was[name].body)}
    if not changed or not here.may_hold_others():
        return set()

    def parts(one: Entry) -> list[Part]:
        found = []
        for name, block in answerable(one).items():
            if name in changed:
                rows = set(block.body) - set(was[name].body) - boxes(block)
                for body in ("\n".join(block.body), *sorted(rows)):
                    digest = _of(name, body)
                    found.append(Part(digest, digest, name, body))
        return found

    return {part.kind for part in _theirs(_Case(here, rel, parts), entry)}


def by_git(here: Journal, entry: Entry, rel: str) -> bool:
    """Whether git alone may have written this text."""
    return entry.text.encode("utf-8", "surrogateescape") in [here.steps.head_text(rel), *here.steps.brought(rel)]


def accept(here: Journal, found: Iterable[tuple[str, Cell]]) -> None:
    """Trust cells, each in an entry; a line of theirs that is kept in another cell there, in this clone, is his too."""
    from nozzle.keys import add_typed

    accepted = list(found)
    here.trust.trust_cells(cell.chain for _, cell in accepted)
    lines = {_line(rel, line) for rel, cell in accepted for line in _part(cell, "").lines}
    add_typed(here.steps.shared, lines)


@dataclass(slots=True)
class _Case:
    """Parts of one kind, of one entry."""

    here: Journal
    rel: str
    parts: Parts
    known: set[str] = field(init=False)
    """What was typed here."""
    _vouched: dict[tuple[str, str], set[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        from nozzle.keys import typed

        self.known = typed(self.here.steps.shared)

    def mark(self, part: Part, rel: str = "") -> str:
        """How a part is noted that was typed here: a cell says by itself after which ones it stands."""
        return part.name if self.parts is cells else _of(rel or self.rel, part.digest)

    def vouched(self, entry: Entry, rel: str = "") -> set[str]:
        """Names of the parts that were typed here, accepted, or signed."""
        if (entry.text, rel) not in self._vouched:
            found = {part.name for part in self.parts(entry) if part.name and self.mark(part, rel) in self.known}
            if self.parts is cells:
                chains = [cell.chain for cell in entry.cells if cell.runs]
                found |= self.here.trust.trusts_cells(chains) | _signed(self.here, entry, rel or self.rel)
            self._vouched[entry.text, rel] = found
        return self._vouched[entry.text, rel]

    def others(self, entry: Entry, rel: str = "") -> list[Part]:
        """What nobody vouches for."""
        own = self.vouched(entry, rel)
        return [part for part in self.parts(entry) if part.name not in own]


def _theirs(case: _Case, entry: Entry) -> list[Part]:
    """The parts of a text that may not start anything; what is his is noted, and what was seen to be theirs."""
    from nozzle.keys import typed

    steps, rel, mine = case.here.steps, case.rel, case.parts(entry)
    if not mine:
        return []
    head, texts = _read(steps.head_text(rel)), [_read(content) for content in steps.brought(rel)]
    noted = typed(steps.shared, SEEN)
    vouched = _vouched(case, entry, texts)
    seen, copied = _seen(case, entry, texts, noted)
    was = _digests(case, head) - {part.digest for part in case.others(head)}
    foreign = {part for part in mine if part.digest in seen | copied and part.digest not in was}
    left = [part for part in mine if part.name and part.name not in vouched and part not in foreign]
    mixed = _mixed(case, [part for part in left if part.digest not in was], entry, head, texts)
    moved = {part for part in left if _of(rel, part.name) in noted} | _moved(case, left, entry, head, texts)
    foreign = {part for part in mine if part.name and part.name not in vouched} & (foreign | mixed | moved)
    own = {part for part in mine if part.name} - foreign
    fresh = own if entry.text != head.text else {part for part in own if part.name not in vouched}
    theirs = {part.digest for part in foreign if part.digest in seen or part in mixed}
    _note(case, fresh, theirs | {part.name for part in moved})
    return [part for part in mine if part in foreign]


def _vouched(case: _Case, entry: Entry, texts: list[Entry]) -> set[str]:
    """Names of the parts that are vouched for here, or where git has them from: an output may have gone since."""
    found, mine = case.vouched(entry), {part.name for part in case.parts(entry)}
    for one in texts:
        if (mine - found) & {part.name for part in case.parts(one)}:
            found = found | (case.vouched(one) & mine)
    return found


def _seen(case: _Case, entry: Entry, texts: list[Entry], noted: set[str]) -> tuple[set[str], set[str]]:
    """Digests of what stands in a text of somebody else's, or stood in one; and of what may be copied from there."""
    mine = case.parts(entry)
    seen = {part.digest for part in mine if _of(case.rel, part.digest) in noted}
    seen |= {part.digest for one in texts for part in case.parts(one)}
    copied = _copied(case, entry, seen)
    known = seen | copied | case.vouched(entry)
    asked = [part for part in mine if not {part.digest, part.name} & known]
    return seen | {part.digest for one in _earlier(case, asked) for part in case.others(one)}, copied


def _note(case: _Case, own: set[Part], theirs: set[str]) -> None:
    """What was typed here, and what was seen to be theirs, by digest or name; of lines of answers nothing is noted."""
    from nozzle.keys import add_typed

    if case.parts in (cells, words):
        add_typed(case.here.steps.shared, [case.mark(part) for part in own])
        add_typed(case.here.steps.shared, {_of(case.rel, name) for name in theirs}, SEEN)


def _earlier(case: _Case, asked: list[Part]) -> list[Entry]:
    """Older versions, which git may have written over this one, that hold one of these parts."""
    bodies = {part.body.encode() for part in asked if part.name}
    found = case.here.steps.earlier(case.rel, bodies) if bodies else ()
    return [_read(content) for content in found]


def _mixed(case: _Case, typed: list[Part], entry: Entry, head: Entry, texts: list[Entry]) -> set[Part]:
    """Those in which git may have put lines of somebody else's: his part is here no more, and this has two of its
    lines, or half of them, and one of these, or two of them in a row, is in no part that this user vouches for.

    Git mixes no two changes of one line, nor of two that follow each other: so with his line came one beside it, and
    where he took one away the two around it are here.
    """
    if case.parts not in (cells, words):
        return set()
    here, found = Counter(part.digest for part in case.parts(entry)), []
    mine = [(part, part.telling) for part in typed]
    for one in texts if typed else ():
        there = Counter(part.digest for part in case.parts(one))
        gone = [part for part in case.parts(one) if there[part.digest] > here[part.digest]]
        for other, lines in [(part, part.telling) for part in gone]:
            found += [(part, other, one) for part, each in mine if _is_much(each & lines, each)]
    if not found:
        return set()
    bases = [_read(before) for before, _ in case.here.steps.apart(case.rel)]
    own = [part for one in (entry, head, *texts, *bases) for part in case.parts(one) if part.name in case.vouched(one)]
    his = {line for part in own for line in part.lines}
    theirs = [
        (part, part.lines & other.lines - his) for part, other, one in found if other.name not in case.vouched(one)
    ]
    return {part for part, lines in theirs if any(_line(case.rel, line) not in case.known for line in lines)}


def _is_much(shared: frozenset[tuple[str, ...]], lines: frozenset[tuple[str, ...]]) -> bool:
    return len(shared) > 1 or 2 * len(shared) >= len(lines) > 1


def _moved(case: _Case, left: list[Part], entry: Entry, head: Entry, texts: list[Entry]) -> set[Part]:
    """Cells of his that stand, with all above them, in a text of somebody else's; or right below a cell as they do in
    none of his; or below a place where somebody else took a cell of his away.
    """
    if case.parts is not cells:
        return set()
    names = {part.name for one in texts for part in case.parts(one)}
    found = {part for part in left if part.name in names}
    was, there = _running(case, head), [part for one in texts for part in case.parts(one)]
    at_head, joints = {part.digest for part in was}, {(part.above, part.digest) for part in was}
    known = at_head | {part.digest for part in there} | {""}
    new = [part for part in left if part.digest in at_head and part.above in known]
    if all((part.above, part.digest) in joints for part in new):
        return found
    joints |= {(part.above, part.digest) for one in texts for part in case.parts(one) if part.name in case.vouched(one)}
    new = [part for part in new if (part.above, part.digest) not in joints]
    theirs = {(part.above, part.digest) for one in [*texts, *_earlier(case, new)] for part in case.others(one)}
    return found | {part for part in new if (part.above, part.digest) in theirs} | _below_taken(case, entry, was)


def _below_taken(case: _Case, entry: Entry, was: list[Part]) -> set[Part]:
    """The cells below a place where one of HEAD's is gone that somebody else took out since the two went apart."""
    taken, now = set[str](), _running(case, entry)
    for before, after in case.here.steps.apart(case.rel):
        taken |= _digests(case, _read(before)) - _digests(case, _read(after))
    taken -= {part.digest for part in now}
    matcher = SequenceMatcher(None, [part.digest for part in was], [part.digest for part in now], autojunk=False)
    for what, start, stop, at, _ in matcher.get_opcodes():
        if what == "delete" and taken & {part.digest for part in was[start:stop]}:
            return set(now[at:])
    return set()


def _read(content: bytes) -> Entry:
    from nozzle.document.entry import Entry

    return Entry(content.decode("utf-8", "replace"))


def _digests(case: _Case, entry: Entry) -> set[str]:
    return {part.digest for part in case.parts(entry)}


def _running(case: _Case, entry: Entry) -> list[Part]:
    return [part for part in case.parts(entry) if part.name]


def _copied(case: _Case, entry: Entry, seen: set[str]) -> set[str]:
    """Digests of other people's parts in the entries of which this may be a copy.

    Who writes the other entry gains nothing: a lesser part of it gets here by the author's own hand alone.
    """
    if case.parts not in (cells, words):
        return set()
    found: set[str] = set()
    own = case.vouched(entry)
    left = (part for part in case.parts(entry) if part.digest not in seen and part.name not in own)
    signs = {sign for part in left if (sign := _sign(part))}
    for rel, content in case.here.steps.brought_anywhere() if signs else ():
        other = _read(content) if any(sign in content for sign in signs) else None
        if other and any(_is_copy(parts(entry), parts(other)) for parts in (cells, _all)):
            found |= {part.digest for part in case.others(other, rel)}
    return found


def _all(entry: Entry) -> list[Part]:
    return cells(entry) + words(entry)


def _sign(part: Part) -> bytes:
    """A line of it: the longest of those that are no comment and no import, where it has one."""
    rows = [row for _, row in part.telling] or [row.strip() for row in part.body.split("\n")]
    return max(sorted(rows), key=len, default="").encode() if part.name else b""


def _is_copy(mine: list[Part], theirs: list[Part]) -> bool:
    """Whether parts are the greater part of what somebody has, or the greater part of them is his: two at least, or the
    only one there is, after the same ones. Imports and short words are alike everywhere, so they count for nothing.
    """
    one, other = ({part.digest: part.name for part in each if _counts(part)} for each in (mine, theirs))
    shared = one.keys() & other.keys()
    if not shared or len(shared) == len(one) == len(other) or len([part for part in mine if part.name]) == 1:
        return bool(shared)
    if len(shared) == 1:
        return min(len(one), len(other)) == 1 and bool(set(one.values()) & set(other.values()))
    return 2 * len(shared) > min(len(one), len(other))


def _counts(part: Part) -> bool:
    from nozzle.document.prompts import WORDS

    return len(part.body.split()) > FEW if part.kind in WORDS else bool(_imports.sub("", part.body).strip())


def _line(rel: str, line: tuple[str, ...]) -> str:
    return _of(rel, *line)


def _of(*parts: str) -> str:
    return sha256("\0".join(parts).encode("utf-8", "surrogateescape")).hexdigest()


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
