"""nozzle merge: all of another thread, here."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from collections.abc import Mapping

    from nozzle.steps import Step
    from nozzle.words.bring import Brought
    from nozzle.words.journal import Journal

ALIKE = 0.65
"""Share of their words that an entry and one of another name have in common at least to be one."""
LINES = 40
"""Of a summary."""
KEYS = "nozzle.keys"
WHOSE = {
    "mine": "cells wrote it here and there; it stays, as its cell here does",
    "theirs": "cells wrote it here and there; it is the one from there, as its cell is",
    "due": "cells wrote it here and there; it stays until the cell that writes it runs",
}


@click.command(name="merge")
@click.argument("thread")
def command(thread: str) -> int:
    """Bring all of THREAD here, as one step that names both and says what THREAD came to.

    What nozzle wrote is taken off, the author's words are merged as git merges, and outputs that still answer their
    cells are put back with their signatures; the rest is due. Where both changed the same lines, git's conflict markers
    stand in the entry, outputs of the cells above them stay, and nothing in it runs until you have decided. Exits with
    1 then. A file that cells wrote both here and there is taken whole, from where its cell still stands with its
    output; of others, git merges the lines. An entry that was taken away there goes here too, unless you have changed
    it; one that got another name there or here is one entry here, under that name. Of the keys that nozzle.keys names
    there, those that you trust are added to it here.
    """
    from nozzle.errors import Refused
    from nozzle.steps import Record
    from nozzle.words.bring import keep_first, pictures, save
    from nozzle.words.journal import journal
    from nozzle.words.made import chosen, made, meeting

    with journal() as here:
        other, head = here.steps.resolve(thread), here.steps.thread()
        base = here.steps.merge_base(head.head, other.sha) if head.head else ""
        if base == other.sha:
            raise Refused(f"{thread} holds no step that this thread lacks: there is nothing to merge")
        rels = [path for path in here.steps.differing(base or head.head, other.sha) if here.settings.is_entry(path)]
        names = _Names.between(here, base, other)
        keep_first(here, {*rels, *map(names.here, rels)})
        everything = outputs_aside(here, here.steps.thread().head, other)
        mine, theirs = made(here, base, here.steps.thread().head), made(here, base, other.sha)
        both = meeting(mine, theirs, everything)
        keys, strange = signers(here, base, other)
        others = here.steps.merged_files(other, [*everything, *both, KEYS]) | keys
        lost = [rel for rel in rels if base and here.steps.text(other, rel) is None]
        moved = {old for new, old in names.there.items() if names.is_taken(here, new)}
        gone = {rel: _is_as(here, rel, base) for rel in lost if rel not in moved}
        rest = [rel for rel in rels if rel not in lost]
        came = {rel: each for rel in rest if (each := _entry(here, rel, base, other, names, head.name))}
        brought = list(came.values())
        whose = chosen(both, mine, theirs, brought)
        others |= {path: here.steps.text(other, path) for path in both if whose[path] == "theirs"}
        others |= {rel: None for rel, is_as_it_was in gone.items() if is_as_it_was}
        others |= {rel: None for rel in moved if (here.root / rel).exists()}
        for rel, each in came.items():
            others |= pictures(here, each.rel, each.text, here.steps.thread().head, names.here(rel))
            others |= pictures(here, each.rel, each.text, other.sha, rel)
        title = _title(here, thread, base, other)
        first = brought[0].rel if brought else ""
        told = here.redact("\n".join(summary(here, base, other)))
        record = Record("merge", first, title, {}, (), {"Merged": thread}, other.sha, told)
        save(here, brought, others, record, other.sha)
        here.bring_traces(thread)
        rows = [title, told, *(f"  {path}: {WHOSE[who]}" for path, who in whose.items()), *strange, *_left(here, gone)]
        click.echo("\n".join(filter(None, rows)))
        return _told(here, brought)


def _title(here: Journal, thread: str, base: str, other: Step) -> str:
    """What its step is called; commits by hand are no steps."""
    count = len(list(here.steps.history(rev=other.sha, limit=500, until=base)))
    return f"Merge thread {thread}: {count} step{'s' * (count != 1)}" if count else f"Merge thread {thread}"


def _left(here: Journal, gone: Mapping[str, bool]) -> list[str]:
    """A line for each entry that was taken away there; whether it is here as it was where the threads went apart."""
    return [
        f"  {rel}: taken away there{', and here' if is_as_it_was else '; changed here, so it stays'}"
        for rel, is_as_it_was in gone.items()
        if is_as_it_was or (here.root / rel).exists()
    ]


def signers(here: Journal, base: str, other: Step) -> tuple[dict[str, bytes | None], list[str]]:
    """`nozzle.keys` with the keys from there that are trusted here, if it changes; and what is said of the others.

    Two machines each add a line at its end, which no merge of lines brings together. Refused when the file here holds
    what no step holds.
    """
    from nozzle.errors import Refused
    from nozzle.keys import keys_in, with_key

    ours, theirs = here.steps.at_head(KEYS) or b"", here.steps.text(other, KEYS) or b""
    known = {key.public for key in keys_in(ours).values()}
    new = [key for key in keys_in(theirs).values() if key.public not in known]
    strange = [key for key in new if not here.trust.trusts_key(key.public)]
    before = (here.steps.text(base, KEYS) if base else None) or b""
    content, whole = here.steps.merge_text(ours, before, theirs, ("here", "there"))
    if strange or not whole:
        content = ours
        for key in new:
            content = content if key in strange else with_key(content, key)
    add = "is not trusted here and stays out; if it is of another machine of yours: nozzle key add"
    said = [f"  {KEYS}: {key.id} {key.name} {add} {shlex.quote(key.line)}" for key in strange]
    if content == ours or not theirs:
        return {}, said
    path = here.root / KEYS
    if path.is_symlink() or (path.exists() and not here.steps.is_at_head(KEYS, path.read_bytes())):
        raise Refused(f"{KEYS}: changed here and in no step yet; save a step first, or move it away")
    return {KEYS: content}, said


def summary(here: Journal, base: str, other: Step) -> list[str]:
    """What a thread has come to since it began: its cells, what came of them, its files; a line each."""
    from nozzle.document.seal import is_made_here
    from nozzle.words.compare import differences, lines

    if not base:
        return []
    before, found = here.steps.resolve(base), list[str]()
    for rel, contrasts in differences(here, before, other):
        found.append(f"{rel}:")
        for contrast in contrasts:
            first, *more = lines(contrast)
            found += [f"  {first}", *(f"  {row}" for row in more if contrast.numbers)]
    files = here.steps.differing(base, other.sha)
    found += [f"  {path}" for path in files if not (here.settings.is_entry(path) or is_made_here(path))]
    return found if len(found) <= LINES else [*found[:LINES], f"  and {len(found) - LINES} more"]


def outputs_aside(here: Journal, head: str, other: Step) -> list[str]:
    """Entries, and the files of their outputs: what of these is wanted follows from the merged entries.

    Also those that are called otherwise by now, here and there.
    """
    from nozzle.document.seal import is_made_here

    base = here.steps.merge_base(head, other.sha)
    paths = {path for each in (head, base) if each for path in here.steps.differing(each, other.sha)}
    return [path for path in sorted(paths) if here.settings.is_entry(path) or is_made_here(path)]


@dataclass(frozen=True, slots=True)
class _Names:
    """Entries that got another name since two threads went apart: the new name -> the old one, there and here."""

    there: Mapping[str, str]
    mine: Mapping[str, str]

    @classmethod
    def between(cls, here: Journal, base: str, other: Step) -> _Names:
        if not base:
            return cls({}, {})
        return cls(_renamed(here, base, other.sha), _renamed(here, base, here.steps.thread().head))

    def before(self, rel: str) -> str:
        """How what is called so there was called before both."""
        return self.there.get(rel, rel)

    def here(self, rel: str) -> str:
        """How it is called here."""
        before = self.before(rel)
        return next((new for new, old in self.mine.items() if old == before), before)

    def is_taken(self, here: Journal, rel: str) -> bool:
        """Whether the entry that is called so there is the one that is called otherwise here."""
        called = self.here(rel)
        return (here.root / called).exists() and (called == rel or not (here.root / rel).exists())


def _renamed(here: Journal, base: str, to: str) -> dict[str, str]:
    """Entries that have another name in the second commit: the new name -> the old one.

    As git finds them; and by what their authors wrote, since of a small entry most is its outputs.
    """
    found = {new: old for new, old in here.steps.renames(base, to).items() if here.settings.is_entry(new)}
    paths = [path for path in here.steps.differing(base, to) if here.settings.is_entry(path)]
    before, after = (
        {path: _words(text) for path in paths if (text := here.steps.text(at, path)) is not None} for at in (base, to)
    )
    pairs = [
        (_alike(before[old], after[new]), new, old) for old in before.keys() - after for new in after.keys() - before
    ]
    for alike, new, old in sorted(pairs, reverse=True):
        if alike >= ALIKE and new not in found and old not in found.values():
            found[new] = old
    return found


def _words(text: bytes) -> Counter[bytes]:
    """The words that an entry's author wrote."""
    from nozzle.words.bring import authors

    return Counter(re.findall(rb"[\w\x80-\xff]+", authors(text)))


def _alike(one: Counter[bytes], two: Counter[bytes]) -> float:
    """The share of words that two texts have in common."""
    return 2 * (one & two).total() / ((one.total() + two.total()) or 1)


def _entry(here: Journal, rel: str, base: str, other: Step, names: _Names, name: str) -> Brought | None:
    """An entry as it is to be; under its new name where it got one there or here, and under ours where it got two."""
    from nozzle.words.bring import Brought, merged

    theirs = here.steps.text(other, rel)
    if theirs is None:
        return None
    called, before = (names.here(rel), names.before(rel)) if names.is_taken(here, rel) else (rel, rel)
    if not (here.root / called).exists():
        return Brought(rel, theirs, True)
    text = here.steps.text(base, before) if base else b""
    to = rel if called == before else called
    return merged(here, to, text or b"", theirs, (name or "here", other.thread or other.sha[:8]), called)


def _is_as(here: Journal, rel: str, base: str) -> bool:
    """Whether an entry is here, and its author has changed nothing of it since a step."""
    from nozzle.words.bring import authors

    before = here.steps.text(base, rel)
    there = (here.root / rel).is_file()
    return before is not None and there and authors((here.root / rel).read_bytes()) == authors(before)


def _told(here: Journal, brought: list[Brought]) -> int:
    from nozzle.document import plan
    from nozzle.document.entry import Entry
    from nozzle.words.counted import counted

    status = 0
    for each in brought:
        if not each.whole:
            click.echo(f"✗ {each.rel}: both changed the same lines; decide between the markers, then save")
            status = 1
            continue
        due = len([row for row in plan.plan(Entry(each.text.decode())) if row.do == "due"])
        rest = f"{counted(due, 'cell')} due; 'nozzle run' runs what is" if due else "all outputs hold"
        click.echo(f"  {each.rel}: {rest}")
    return status
