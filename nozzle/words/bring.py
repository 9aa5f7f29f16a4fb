"""What `take` and `merge` share: the author's bytes of an entry merged, and the outputs that still hold put back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nozzle.document.entry import Entry
    from nozzle.steps import Record
    from nozzle.words.journal import Journal


@dataclass(frozen=True, slots=True)
class Brought:
    """An entry as it is to be."""

    rel: str
    text: bytes
    whole: bool
    """Both changed other places; else conflict markers stand in it."""


def merged(here: Journal, rel: str, base: bytes, theirs: bytes, names: tuple[str, str], called: str = "") -> Brought:
    """The entry here with what changed there from `base`: without envelopes merged, then with the outputs that hold.

    It is `called` otherwise here, where it gets its name from there.
    """
    mine = _now(here, called or rel)
    plain = [authors(text) for text in (mine, base, theirs)]
    text, whole = here.steps.merge_text(plain[0], plain[1], plain[2], names)
    return Brought(rel, with_outputs(text, [mine, theirs]), whole)


def with_outputs(text: bytes, known: Iterable[bytes]) -> bytes:
    """A text with all outputs that these know for cells as they stand in it, signatures and all."""
    from nozzle.document import scribe
    from nozzle.document.edit import apply

    entry = _entry(text)
    for other in known:  # the first that knows one has it
        missing = [edit for edit in scribe.restore(entry, _entry(other)) if edit.span.start == edit.span.stop]
        entry = _entry(apply(entry.text, *missing).encode())
    return entry.text.encode()


def save(
    here: Journal, brought: Sequence[Brought], others: Mapping[str, bytes | None], record: Record, at: str
) -> None:
    """Write entries and other files, and make the step of them that `record` describes; Refused before any is written.

    They come from the step `at`, and with them what is known of outputs there. Refused when one must not be kept.
    """
    from nozzle import carried, disk, whole

    known = carried.joined(carried.newest(here.steps), carried.newest(here.steps, at))
    files = {**{each.rel: each.text for each in brought}, **others}
    record = replace(record, files=files, trailers={**record.trailers, carried.TRAILER: known})
    here.steps.check([record])
    beside = carried.Carried(here.steps)
    for each in brought:  # should this be killed between the text and its step
        beside.put(each.rel, carried.unpacked(known).get(each.rel, {}))
    for each in brought:
        path = here.root / each.rel
        whole.make(path.parent, root=here.root)
        if not path.exists():
            whole.write(path, each.text, root=here.root)
            continue
        disk.rewrite(path, partial(_instead, here, each))
    here.steps.put_files(others, record.merges)
    here.steps.record(record)


def _instead(here: Journal, brought: Brought, author: bytes) -> bytes | None:
    """What is brought, in the place of the author's text: in a step by now, also where he saved it a moment ago."""
    if author == brought.text:
        return None
    if _keep(here, brought.rel, author):
        here.warn(f"{brought.rel}: you saved it in this moment; that text is a step, and not in what was brought")
    return brought.text


def keep_first(here: Journal, rels: Iterable[str]) -> None:
    """What the author has written here and is in no step yet becomes one; Refused when it must not be kept in one."""
    for rel in rels:
        if (here.root / rel).exists():
            _keep(here, rel, (here.root / rel).read_bytes())


def _keep(here: Journal, rel: str, text: bytes) -> bool:
    """Make a step of an author's text, if none has it; whether one was to be made."""
    from nozzle.errors import Refused

    ledger = here.ledger(here.warn)
    fresh = ledger.judge(rel, text, None) == "saved"
    if fresh and (why := here.steps.unfit(rel, text)):
        raise Refused(f"{rel}: {why}, so no step may keep it: take that out, then try again")
    ledger.save(rel, text)
    return fresh


def pictures(here: Journal, rel: str, text: bytes, at: str, there: str = "") -> dict[str, bytes]:
    """The files that an entry's outputs show and that are not here yet, as they are at a step; `there`: how the entry
    is called in it, where that is another name."""
    from pathlib import PurePosixPath

    from nozzle.document import seal

    folder, other = PurePosixPath(rel).parent, PurePosixPath(there or rel).parent
    found: dict[str, bytes] = {}
    for block in _entry(text).envelopes:
        for name in seal.files(block.body):
            path = (folder / "_out" / name).as_posix()
            data = here.steps.text(at, (other / "_out" / name).as_posix())
            if data is not None and not (here.root / path).exists():
                found[path] = data
    return found


def _now(here: Journal, rel: str) -> bytes:
    path = here.root / rel
    return path.read_bytes() if path.exists() else b""


def _entry(text: bytes) -> Entry:
    from nozzle.document.entry import Entry

    return Entry(text.decode("utf-8", "replace"))


def authors(text: bytes) -> bytes:
    """What of an entry's text is the author's."""
    from nozzle.document import contrast

    return contrast.authors(_entry(text)).encode()
