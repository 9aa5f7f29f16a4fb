"""Putting a paragraph or a cell of the author's own into an entry, where he points.

The author writes in a browser too; what he writes there goes into the text as an editor would put it: whole lines,
blank lines around, the line ends that the file has. A place is named by what stands above it, a paragraph's or a cell's
digest, so it is found again after the text has moved; under a cell it is below all that nozzle wrote there.
"""

import re
from collections.abc import Sequence
from typing import Literal

from nozzle.document.edit import Edit, apply
from nozzle.document.entry import Entry, Span
from nozzle.document.lines import split, trimmed
from nozzle.document.prompts import HERE, SHORT
from nozzle.document.proposal import find
from nozzle.document.scribe import fence
from nozzle.document.thought.said import named
from nozzle.document.toplevel import Top

_OPEN = {"fence": "a fence", "colon_fence": "a block", "html_block": "a comment", "math_block": "a formula"}
"""What goes on to the end of the text when nothing closes it."""
_LISTS = ("bullet_list_open", "ordered_list_open")
_taking = re.compile(r" {0,3}(?:(\[\^[^\]\s]+\]:)|:(?:\s|$))")
"""A footnote's or a definition's beginning: an indented block below is a part of it, when it is published."""
_tag = re.compile(r"<!--.*?(?:-->|\Z)|<(/?)([a-zA-Z][a-zA-Z0-9-]*)\b[^<>]*>", re.S)
_EMPTY = ("br", "col", "hr", "img", "source", "wbr")
"""Tags that hold nothing, and are not closed."""
_surrogates = re.compile("[\ud800-\udfff]")
"""Halves of a character, which a browser can send and no file can hold."""
_box = re.compile(r"(\s*[-*+] )\[ \]( (run|deny|keep|skip)\b.*)", re.S)
_ticked = re.compile(r"(\s*[-*+] )\[[xX]\]( (?:run|deny|keep|skip)\b.*)", re.S)
What = Literal["prose", "cell", "ask", "do", "wtf", "sure", "nope", "stop"]


def insert(entry: Entry, what: What, text: str, below: str = "", language: str = "python") -> Edit | None:
    """The edit that puts a text below a place (`said-…`, `cell-…`; empty: the end); None when the place is gone.

    >>> insert(Entry("a\\n"), "prose", "b").text
    '\\nb\\n'
    """
    line = _line(entry, below)
    rows = _rows(what, text, language)
    if line is None or not rows:
        return None
    end = entry.eol
    above, under = entry.rows[line - 1 : line], entry.rows[line : line + 1]
    head = end if above and above[0].strip() else ""
    if above and not above[0].endswith(("\n", "\r")):
        head += end
    spoken = what not in ("prose", "cell")  # and is heard once a blank line follows
    tail = end if (under[0].strip() if under else spoken) else ""
    return Edit(Span(line, line), head + "".join(row + end for row in rows) + tail)


def swallowed(entry: Entry, put: Edit) -> str:
    """Why what is put into an entry would not stand there by itself: what is open above it, or what it would leave
    open for what stands below, now or later; empty: nothing.

    >>> entry = Entry("One.\\n\\n```text\\nnever closed\\n")
    >>> swallowed(entry, insert(entry, "prose", "Two."))
    'line 3 opens a fence that nothing closes: it would be part of that'
    """
    last = entry.outline.tops[-1] if entry.outline.tops else None
    if last is not None and last.kind in _OPEN and put.span.start >= last.stop:
        after = Entry(apply(entry.text, put), before=entry).outline.tops[len(entry.outline.tops) - 1]
        if after.stop > last.stop:
            return f"line {last.start + 1} opens {_OPEN[last.kind]} that nothing closes: it would be part of that"
    opens = _left_open(entry, put)
    return f"it opens {opens} that nothing closes: what comes below would be part of that" if opens else ""


def _left_open(entry: Entry, put: Edit) -> str:
    """What is still open where that ends which is put into an entry, in words: it takes in the block below.

    Where there is none, one is thought of. A list that goes on in the one below takes in nothing.
    """
    under = next((top for top in entry.outline.tops if top.start >= put.span.start), None)
    below = f"{entry.eol}x{entry.eol}" if under is None else ""
    written = Entry(apply(entry.text, put) + below, before=entry)
    at = len(written.rows) - 1 if under is None else under.start + len(written.rows) - len(entry.rows)
    own = [top for top in written.outline.tops if put.span.start <= top.start < at]
    raw = [row for top in own if top.kind == "html_block" for row in written.rows[top.start : top.stop]]
    goes_on = own and at < own[-1].stop and not (under is not None and under.kind == own[-1].kind in _LISTS)
    if under is not None and under.kind == "code_block" and (takes := _takes(written, own, put, at)):
        return takes
    return _markup("".join(raw)) or (_OPEN.get(own[-1].kind, "something") if goes_on else "")


def _takes(written: Entry, own: Sequence[Top], put: Edit, at: int) -> str:
    """What in the last lines that were put takes in an indented block below them, in words; empty: nothing."""
    last = at
    while last > put.span.start and not written.rows[last - 1].strip():
        last -= 1
    first = last
    while first > put.span.start and written.rows[first - 1].strip():
        first -= 1
    if any(top.kind in ("fence", "colon_fence", "code_block") and top.start < last <= top.stop for top in own):
        return ""
    begins = next(filter(None, map(_taking.match, reversed(written.rows[first:last]))), None)
    return "" if begins is None else "a footnote" if begins[1] else "a definition"


def _markup(html: str) -> str:
    """The last tag of raw HTML that is not closed in it.

    >>> _markup("<div><p>x</p>"), _markup("<hr><i></i>")
    ('<div>', '')
    """
    stands: list[str] = []
    for found in _tag.finditer(html):
        name = (found[2] or "").lower()
        if found[1] and name in stands:
            del stands[len(stands) - 1 - stands[::-1].index(name) :]
        elif name and not found[1] and name not in _EMPTY:
            stands.append(name)
    return f"<{stands[-1]}>" if stands else ""


def tick(entry: Entry, id_: str, box: str, source: str = "", task: str = "") -> Edit | None:
    """The edit that ticks a box of a proposal, its fence as the author changed it; None when it stands no more.

    Of several tasks that are offered together, the box of `task`; of all of them where none is named.
    """
    block = find(entry, id_)
    if block is None or box not in ("run", "deny", "keep", "skip"):
        return None
    rows = entry.rows[block.span.start : block.span.stop]
    if source.strip() and (fenced := _fence(rows)):
        first, last = fenced
        end = "\r\n" if rows[first].endswith("\r\n") else "\n"
        info = rows[first].strip().lstrip("`~:")
        rows[first:last] = [row + end for row in fence(info, _rows("prose", source))]
    under = _under(rows)
    ticked = [
        _box.sub(r"\1[x]\2", row) if at >= under and _meant(row, box, task) else row for at, row in enumerate(rows)
    ]
    return Edit(block.span, "".join(ticked)) if ticked != rows else None


def clear(entry: Entry, id_: str) -> Edit | None:
    """The edit that clears the boxes of a proposal; None when none is ticked, or it stands no more."""
    block = find(entry, id_)
    if block is None:
        return None
    rows = entry.rows[block.span.start : block.span.stop]
    under = _under(rows)
    cleared = [_ticked.sub(r"\1[ ]\2", row) if at >= under else row for at, row in enumerate(rows)]
    return Edit(block.span, "".join(cleared)) if cleared != rows else None


def _under(rows: list[str]) -> int:
    """The line of a proposal below its fence: a program may print boxes of its own."""
    fenced = _fence(rows)
    return fenced[1] if fenced else 0


def _meant(row: str, box: str, task: str) -> bool:
    match = _box.match(row)
    return match is not None and match[3] == box and (not task or match[2].strip() == f"{box}: {task}")


def _fence(rows: list[str]) -> tuple[int, int] | None:
    """The lines of the code-cell in a proposal, half-open."""
    first = next((at for at, row in enumerate(rows) if re.match(r"[`~:]{3,}\{code-cell\}", row)), None)
    if first is None:
        return None
    mark = re.match(r"[`~:]+", rows[first])
    close = (mark[0] if mark else "```").strip()
    last = next((at for at in range(first + 1, len(rows)) if rows[at].strip() == close), None)
    return None if last is None else (first, last + 1)


def _line(entry: Entry, below: str) -> int | None:
    """The line before which it goes."""
    kind, _, digest = below.partition("-")
    if not below:
        return len(entry.rows)
    if kind == "cell" and digest:
        slot = entry.slot(digest)
        if slot is None:
            return None
        return slot.blocks[-1].span.stop if slot.blocks else slot.cell.span.stop
    found = named(entry).get(digest) if kind == "said" else None
    return _past_envelopes(entry, found.stop) if found else None


def _past_envelopes(entry: Entry, line: int) -> int:
    """Past what nozzle wrote right under a paragraph: an answer belongs to its question."""
    for block in entry.envelopes:
        if block.span.start >= line and not any(row.strip() for row in entry.rows[line : block.span.start]):
            line = block.span.stop
    return line


def _rows(what: What, text: str, language: str = "python") -> list[str]:
    if what in SHORT:
        behind = " ".join(text.split())
        return [f"/{what} {behind}".rstrip()] if SHORT[what].fullmatch(behind) else []
    whole = _surrogates.sub("\ufffd", text.replace("\0", "\ufffd"))
    rows = trimmed(split(whole.replace("\r\n", "\n").replace("\r", "\n")))
    if not rows or what == "prose":
        return rows
    if what == "cell":
        return fence(f"{{code-cell}} {language}", rows)
    if len(rows) > 1:
        return _block(what, rows)
    return [re.sub(r"\s+", " ", f"/{what} {' '.join(rows)}")]


def _block(what: What, rows: list[str]) -> list[str]:
    """A question or a task of several lines, as it was typed: its block, in which a blank line ends no sentence.

    >>> _block("do", [":here: count", "", "the lines"])
    ['```{do}', ':here:', '', 'count', '', 'the lines', '```']
    """
    here = what == "do" and (rows[0] == HERE or rows[0].startswith(f"{HERE} "))
    body = [rows[0].removeprefix(HERE).strip(), *rows[1:]] if here else rows
    if here or rows[0].startswith((":", "---")):  # words, no options
        body = [*([HERE] if here else []), "", *trimmed(body)]
    return fence(f"{{{what}}}", body)
