"""Turns as an entry: the author's words as they are, a machine's in envelopes, `nozzle:quote`.

Whatever a turn holds stays in it: an open fence is closed, a line that looks like a marker of nozzle's is spelled so
that it is none, and what still would reach beyond its turn is quoted line by line. A guessed end says how sure it is
and carries a digest of the author's line below it: when somebody moves that end, the two no longer match, and it
counts as put right.
"""

import re
from collections.abc import Iterator, Sequence

from nozzle.document.entry import Entry, Envelope, Span, hexdigest
from nozzle.document.lines import eol, split
from nozzle.document.outline import outline
from nozzle.document.talk.log import Part, parts
from nozzle.document.talk.turn import Conversation, name

FORMAT = "1"
_CLOSE = "<!-- /nozzle -->"
_marker = re.compile(r"^( {0,3})<!--(?= /?nozzle\b)", re.MULTILINE)
_said = re.compile(r"^( {0,3})/(?=(?:ask|do|wtf|sure|nope|stop)\b)", re.MULTILINE)


def from_log(text: str, by: str = "machine") -> str:
    """A Markdown log as an entry: the same lines, with an envelope around each turn of the machine."""
    rows, end = split(text), eol(text)
    found = parts(text)
    out = "".join(rows[: found[0].span.start]) if found else text
    at = found[0].span.start if found else len(rows)
    for index, part in enumerate(found):
        out += "".join(rows[at : part.span.start])
        body = "".join(rows[part.span.start : part.span.stop])
        at = part.span.stop
        if part.who == "author":
            out += _kept(body, end)
            continue
        below = found[index + 1] if index + 1 < len(found) else None
        out = _spaced(out, end) + end.join(quote(body, by, _guess(part, below, rows, by), part.shown))
        out += end + (end if at < len(rows) and rows[at].strip() else "")
    return out + "".join(rows[at:])


def from_chat(chat: Conversation, front: str) -> str:
    """An exported conversation as an entry, below its front matter; lines end in LF."""
    out = [front.rstrip("\n"), ""]
    for turn in chat.turns:
        text = turn.text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
        if turn.who == "author":
            out += [_kept(text, "\n").rstrip("\n"), ""]
        elif text.strip():
            out += [*quote(text, turn.by), ""]
    return "\n".join(out)


def quote(text: str, by: str, guess: str = "", shown: bool = False) -> list[str]:
    """The rows of an envelope around a machine's words, without line ends."""
    closing = f"<!-- /nozzle {guess} -->" if guess else _CLOSE
    opening = _opening(by, shown)
    rows: list[str] = []
    for body in _versions(_marker.sub(r"\1&lt;!--", text)):
        rows = [opening, "", *body, "", closing]
        if _whole(rows):
            break
    return rows


def guessed(entry: Entry) -> list[Envelope]:
    """The quotes whose end is a guess that nobody has moved yet."""
    return [
        block
        for block in entry.envelopes
        if (guess := block.closing.get("guess")) and guess == _digest(_below(entry.rows, block.span.stop))
    ]


def _opening(by: str, shown: bool) -> str:
    return f"<!-- nozzle:quote v={FORMAT} by={name(by)}{' shown=author' if shown else ''} -->"


def _guess(part: Part, below: Part | None, rows: Sequence[str], by: str) -> str:
    """What the closing marker says of a guessed end; nothing when the end is certain."""
    if part.sure == 100 or (below is None and not part.shown):
        return ""
    machine = below is not None and below.who == "machine"
    line = below.span.start if below else part.span.stop
    row = _opening(by, below.shown) if below and machine else _below(rows, line)
    return f"guess={_digest(row)} sure={part.sure}"


def _below(rows: Sequence[str], line: int) -> str:
    return next((row.strip() for row in rows[line:] if row.strip()), "")


def _digest(line: str) -> str:
    return hexdigest(line)[:8]


def _kept(text: str, end: str) -> str:
    """The author's words; only what would run, ask or reach into the turn below is spelled otherwise."""
    text = _said.sub(r"\1\\/", _marker.sub(r"\1&lt;!--", text))
    for version in _versions(text):
        rows = [*version, "", f"<!-- nozzle:quote v={FORMAT} by=x -->"]
        tops = outline("\n" + "\n".join(rows) + "\n").tops
        if tops and tops[-1].kind == "html_block" and tops[-1].start == len(rows):
            break
    plain = [row.rstrip("\r\n") for row in split(text)]
    return text if version == plain else end.join(version) + end


def _versions(text: str) -> Iterator[list[str]]:
    """The rows of a turn: as they are, with its last fence closed, quoted line by line."""
    rows = [row.rstrip("\r\n") for row in split(text)]
    yield rows
    if tops := outline("\n" + "\n".join(rows) + "\n").tops:
        yield [*rows, tops[-1].markup or "-->"]
    yield [f"> {row}".rstrip() for row in rows]


def _whole(rows: Sequence[str]) -> bool:
    """Whether these rows are one envelope and nothing else."""
    found = Entry("\n" + "\n".join(rows) + "\n")
    return [block.span for block in found.envelopes] == [Span(1, len(rows) + 1)]


def _spaced(text: str, end: str) -> str:
    """A text that ends in a blank line."""
    if not text or text.endswith(end + end):
        return text
    return text + end if text.endswith(end) else text + end + end
