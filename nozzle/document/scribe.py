"""Turning what happened into the edit that writes it under its cell.

A pure function of the newest text: when the author types meanwhile, it is called again on the new text instead of
merging. What it writes is opaque: whatever a cell prints stays inside a fence or a quote, and can become neither a
cell nor a marker.
"""

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from nozzle.document import gfm, seal
from nozzle.document.edit import Edit
from nozzle.document.entry import SHOWN, Cell, Entry, Envelope, Slot, Span
from nozzle.document.lines import eol, trimmed
from nozzle.document.outputs import Display, Failure, Output, Text, plain
from nozzle.document.prompts import prompts

LONGEST_WORD = 4096
"""Characters of a text that are looked through for its last word."""
STDERR = "<details><summary>stderr</summary>"
"""How what a cell said on stderr begins."""
IMAGES = {"image/svg+xml": "svg", "image/png": "png", "image/jpeg": "jpg", "image/gif": "gif"}


@dataclass(frozen=True, slots=True)
class Result:
    """What is to be written under one cell."""

    chain: str
    status: str
    outputs: Sequence[Output] = ()
    cause: str = ""
    hint: str = ""
    """Words of nozzle's own, one line of Markdown."""
    cut: bool = False
    """What was printed may go on in the middle of a word: more comes, or was left out."""


@dataclass(frozen=True, slots=True)
class Hand:
    """How it is written: whose signature, what must not be shown, how much is shown."""

    sign: seal.Sign | None = None
    redact: Callable[[str], str] = lambda text: text
    lines: int = 60
    """An output of more lines is shown by its head and tail, and kept whole in a file."""


@dataclass(slots=True)
class _Page:
    """The body of an envelope as it grows."""

    hand: Hand
    name: str
    rows: list[str] = field(default_factory=list)
    files: dict[str, bytes] = field(default_factory=dict)
    shown: int = 0

    def block(self, rows: Iterable[str]) -> None:
        if self.rows:
            self.rows.append("")
        self.rows.extend(rows)

    def file(self, content: bytes, suffix: str) -> str:
        name = seal.file_name(content, suffix)
        self.files[f"_out/{name}"] = content
        return f"_out/{name}"

    def alt(self, what: str) -> str:
        words = re.sub(r"[^\w .:,+-]", "", self.name).strip() or "output"
        return f"{words}, {what}"


def _name(cell: Cell) -> str:
    """What its outputs are called to a reader who sees no code: by the cell's label, else by its language."""
    return cell.label or cell.language


def write(entry: Entry, result: Result, hand: Hand) -> Edit | None:
    """The edit that puts a result under its cell; None when the cell is no longer in the entry."""
    slot = entry.slot(result.chain)
    if slot is None:
        return None
    page = _Page(hand, _name(slot.cell))
    for output in result.outputs:
        page.shown += 1
        _show(page, _in_words(output) if result.cut else output)
    if result.cause:
        page.block([f"*{one_line(hand.redact(result.cause))}*"])
    if result.hint:
        page.block([f"*{result.hint}*"])
    rows = _sealed(slot.cell, result.status, page, hand)
    return Edit(*_placed(entry, slot, rows), files=page.files)


def ended(entry: Entry, block: Envelope, result: Result, files: Mapping[str, bytes], hand: Hand) -> Edit | None:
    """The edit that tells how a cell ended that is written as running; what it had shown, `files` too, stays."""
    slot = next((slot for slot in entry.slots if any(each.span == block.span for each in slot.blocks)), None)
    if slot is None:
        return None
    chain = block.closing.get("chain", result.chain)
    page = _Page(hand, _name(slot.cell), list(block.body), dict(files))
    page.block([f"*{result.cause}*"])
    rows = _sealed(replace(slot.cell, chain=chain, digest=block.keys.get("cell", "")), result.status, page, hand)
    return Edit(*put(entry, block.span, rows), files=page.files)


def restore(entry: Entry, reference: Entry) -> list[Edit]:
    """The edits that bring back what `reference` has under cells and prompts as they still stand, and `entry` lacks.

    An older output than the reference's is a lack too: a buffer from before the last run holds it.
    """
    edits = []
    for slot in entry.slots:
        kept = reference.slot(slot.cell.chain) if slot.cell.runs else None
        if kept and kept.fresh and kept.output and (slot.output is None or slot.output.keys != kept.output.keys):
            rows = [row.rstrip("\r\n") for row in reference.rows[kept.output.span.start : kept.output.span.stop]]
            edits.append(Edit(*_placed(entry, slot, rows)))
    return [*edits, *_regions(entry, reference)]


def lacks_answers_only(entry: Entry, reference: Entry) -> bool:
    """Whether a text is the reference without some answers, line by line, or with an empty line in the place of one.

    Who deletes a block leaves the blank lines that stood around it; a buffer from before it never had that above it.
    """
    there = [block.keys for block in entry.envelopes]
    gone = [block for block in reference.envelopes if block.kind == "answer" and block.keys not in there]

    def left(instead: Sequence[str]) -> list[str]:
        rows = list(reference.rows)
        for block in reversed(gone):
            rows[block.span.start : block.span.stop] = instead
        return rows

    return bool(gone) and entry.rows in (left([]), left([entry.eol]))


def _regions(entry: Entry, reference: Entry) -> Iterator[Edit]:
    """What stood under a prompt that now lacks some of it, and holds nothing else: all of it, as it was."""
    known = {each.digest: each for each in prompts(reference)}
    for asked in prompts(entry):
        before = known[asked.digest].region if asked.digest in known else ()
        if len(before) > len(asked.region) and all(block in _bare(before) for block in _bare(asked.region)):
            rows = [row.rstrip("\r\n") for row in reference.rows[before[0].span.start : before[-1].span.stop]]
            yield Edit(
                *put(entry, Span(asked.region[0].span.start if asked.region else asked.below, asked.below), rows)
            )


def _bare(blocks: Iterable[Envelope]) -> list[tuple[str, Mapping[str, str]]]:
    return [(block.kind, block.keys) for block in blocks]


def remove(entry: Entry, block: Envelope) -> Edit:
    """The edit that takes an envelope out, with the blank line written above it."""
    start, stop = block.span.start, block.span.stop
    if start and not entry.rows[start - 1].strip():
        start -= 1
    if entry.rows[stop - 1].endswith(("\n", "\r")) or start == 0:
        return Edit(Span(start, stop), "")
    above = entry.rows[start - 1]  # the file ended without a line end, and shall again
    return Edit(Span(start - 1, stop), above.rstrip("\r\n"))


def _placed(entry: Entry, slot: Slot, rows: Sequence[str]) -> tuple[Span, str]:
    """Where an output goes and as what text: over the old one, else right under its cell."""
    under = Span(slot.cell.below, slot.cell.below)
    return put(entry, slot.output.span if slot.output else under, rows)


def put(entry: Entry, span: Span, rows: Sequence[str]) -> tuple[Span, str]:
    """Rows over those of a span, or at an empty one, a blank line above; a missing last line end stays missing."""
    above = entry.rows[span.stop - 1]
    closed = above.endswith(("\n", "\r"))
    end = eol(above) if closed else entry.eol  # its own: in a mixed file "\n" after "\r" would be one line end
    body = end.join(rows)
    if span.start < span.stop:
        return span, body + end * closed
    return span, end + body + end if closed else end + end + body


def _sealed(cell: Cell, status: str, page: _Page, hand: Hand) -> list[str]:
    """The rows of a whole envelope, digest and signature made."""
    body = tuple(row.rstrip() for row in page.rows)
    known = {name.removeprefix("_out/"): content for name, content in page.files.items()}
    keys = _keys(cell, status)
    full = seal.digest("output", keys, body, lambda name: _sha(known.get(name)))
    closing = f" chain={cell.chain[: seal.CHAIN_SHOWN]}"
    if hand.sign:
        closing += f" sig={hand.sign(cell.chain[: seal.CHAIN_SHOWN], full)}"
    middle = ["", *body, ""] if body else []
    return [marker("output", {**keys, "sha": full[:SHOWN]}), *middle, f"<!-- /nozzle{closing} -->"]


def _sha(content: bytes | None) -> str | None:
    return None if content is None else hashlib.sha256(content).hexdigest()


def _keys(cell: Cell, status: str) -> dict[str, str]:
    return {"v": seal.FORMAT, "of": cell.chain[:SHOWN], "cell": cell.digest, "status": status}


def marker(kind: str, keys: Mapping[str, str]) -> str:
    return f"<!-- nozzle:{kind} " + " ".join(f"{key}={value}" for key, value in keys.items()) + " -->"


def _show(page: _Page, output: Output) -> None:
    match output:
        case Text(name="stdout", text=text):
            _text(page, text, "text")
        case Text(text=text):
            _stderr(page, text)
        case Failure():
            _failure(page, output)
        case Display():
            _display(page, output)


def _text(page: _Page, text: str, info: str) -> None:
    """A fence; what is long is shown by head and tail, and kept whole in a file."""
    rows = _rows(page, text)
    if not any(rows):
        return
    limit = page.hand.lines
    if len(rows) <= limit and sum(map(len, rows)) <= 200 * limit:
        return page.block(fence(info, rows))
    path = page.file(("\n".join(rows) + "\n").encode(), "txt")
    head, tail = _clipped(rows[: limit * 2 // 3]), _clipped(rows[-(limit // 3) :]) if len(rows) > limit else []
    page.block(fence(info, head))
    page.block([f"[… {len(rows):,} {'line' if len(rows) == 1 else 'lines'}]({path})"])
    if tail:
        page.block(fence(info, tail))


def _clipped(rows: Sequence[str], width: int = 400) -> list[str]:
    return [row if len(row) <= width else row[:width] + " …" for row in rows]


def _in_words(output: Output) -> Output:
    return replace(output, text=_whole_words(output.text)) if isinstance(output, Text) else output


def _whole_words(text: str) -> str:
    """The text without a last word that may go on: half a key does not look like one.

    >>> _whole_words("one two"), _whole_words("one two\\n"), _whole_words("....")
    ('one ', 'one two\\n', '....')
    """
    end = text[-LONGEST_WORD:]
    word = end.split()[-1] if end and not end[-1].isspace() else ""
    return text.removesuffix(word) if any(map(str.isalnum, word)) else text


def _rows(page: _Page, text: str) -> list[str]:
    text = page.hand.redact(plain(text).encode("utf-8", "replace").decode())
    return trimmed(text.split("\n"))


def fence(info: str, rows: Sequence[str]) -> list[str]:
    """A fence one backtick longer than any run inside, so that nothing in it can close it."""
    longest = max((len(run) for row in rows for run in re.findall(r"`+", row)), default=0)
    ticks = "`" * max(3, longest + 1)
    return [f"{ticks}{info}", *rows, ticks]


def _stderr(page: _Page, text: str) -> None:
    inner = _Page(page.hand, page.name)
    _text(inner, text, "text")
    if inner.rows:
        page.files |= inner.files
        page.block([STDERR, "", *inner.rows, "", "</details>"])


def _failure(page: _Page, failure: Failure) -> None:
    text = "\n".join(failure.traceback) or f"{failure.ename}: {failure.evalue}"
    _text(page, text, "pytb")


def _display(page: _Page, shown: Display) -> None:
    for mime, suffix in IMAGES.items():
        if mime in shown.data and (content := _image(page, shown.data[mime], suffix)):
            return page.block([f"![{page.alt(f'output {page.shown}')}]({page.file(content, suffix)})"])
    if html := shown.data.get("text/html"):
        return _html(page, html, shown.data.get("text/plain", ""))
    if markdown := shown.data.get("text/markdown"):
        return page.block(quoted(_rows(page, markdown)))
    if latex := shown.data.get("text/latex"):
        return _latex(page, latex)
    if "application/json" in shown.data:
        return _text(page, _json(shown.data["application/json"]), "json")
    if "text/plain" in shown.data:
        return _text(page, shown.data["text/plain"], "text")
    kinds = ", ".join(sorted(shown.data))
    page.block([f"*A result that cannot be shown here: {one_line(kinds)}*"])


def _image(page: _Page, data: str, suffix: str) -> bytes | None:
    if suffix == "svg":
        return page.hand.redact(data).encode("utf-8", "replace")
    try:
        return base64.b64decode(data)
    except (binascii.Error, ValueError):
        return None


def _html(page: _Page, html: str, text: str) -> None:
    """Its table or text for every reader, and a link to the whole."""
    html = page.hand.redact(html)
    path = page.file(html.encode("utf-8", "replace"), "html")
    rows = gfm.table(html)
    if rows:
        page.block([page.hand.redact(row) for row in rows])
    elif text:
        _text(page, text, "text")
    page.block([f"[{page.alt(f'output {page.shown} as HTML')}]({path})"])


def _latex(page: _Page, latex: str) -> None:
    rows = _rows(page, latex)
    if len(rows) == 1 and re.fullmatch(r"\$[^$]+\$", rows[0]):
        return page.block(quoted(rows))
    body = "\n".join(rows).strip()
    body = re.sub(r"^\$\$?|\$\$?$", "", body).strip()
    page.block(quoted(fence("math", body.split("\n"))))


def quoted(rows: Sequence[str]) -> list[str]:
    return [f"> {row}" if row else ">" for row in rows]


def _json(value: object) -> str:
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError:
            return str(value)
    return json.dumps(value, indent=1, ensure_ascii=False)


def one_line(text: str) -> str:
    """Words of ours with a value in them, unable to start a block or to end the emphasis."""
    text = plain(text).replace("\n", " ").strip()
    return re.sub(r"([\\`*_\[\]<>{}$|])", r"\\\1", text)


def late(entry: Entry, chain: str, text: str, hand: Hand) -> Edit | None:
    """A note under the output: what a cell's threads or background jobs said after it had finished."""
    slot = entry.slot(chain)
    if slot is None or not slot.blocks:
        return None
    page = _Page(hand, _name(slot.cell))
    _text(page, _whole_words(text), "text")
    if not page.rows:
        return None
    keys = {"v": seal.FORMAT, "of": slot.cell.chain[:SHOWN], "by": "nozzle"}
    rows = [marker("note", keys), "", *quoted(["[!NOTE]", "After the cell had finished:", "", *page.rows])]
    rows += ["", "<!-- /nozzle -->"]
    last = slot.blocks[-1].span.stop
    old = next((block for block in slot.blocks if block.kind == "note" and block.keys.get("by") == "nozzle"), None)
    return Edit(*put(entry, old.span if old else Span(last, last), rows), files=page.files)
