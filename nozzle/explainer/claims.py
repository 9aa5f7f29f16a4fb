"""Whether what a model says is shown: its numbers, files, quotes, addresses and diagrams, checked by code.

A sentence that names one which no cell, no output and no word of the author's bears out stays as it is and stands grey,
with the reason in words. Nothing is taken away and nothing is called false: it is only not shown here. What agents said
earlier shows nothing.
"""

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from nozzle.document.entry import Entry, Envelope, Span
from nozzle.explainer.links import code_spans, holds

SHOWS = ("output", "quote", "cell", "attempt")
"""Envelopes that hold what was run, or brought in."""
SMALL = 3
"""Whole numbers below it are words of the language, and no claims."""
QUOTED = 4
"""Words from which on something in quotation marks is a quotation."""
SHOWN, FOUND, READ = "shown nowhere here", "quoted from nowhere here", "an address that stands nowhere here"

_number = re.compile(r"(?<![\w.#])(\d[\d_,]*\d|\d)((?:\.\d+)*)(?:[eE]([-+]?\d+))?(%?)")
_file = re.compile(
    r"(?<![\w/:.@-])(?:[\w.-]+/)*[\w-]+\.(?:py|md|csv|json|txt|toml|ya?ml|ipynb|npy|npz|pt|sh|html|svg|png|jpe?g|pdf|parquet|"
    r"mlir|c|h|rs|js|ts|log|db|sql|zip|gz)(?![\w/])"
)  # fmt: skip
_url = re.compile(r"https?://[^\s<>\"'`\])]+[^\s<>\"'`\]).,;:!?]")
_quote = re.compile(r"\"([^\"\n]{12,400})\"|“([^”\n]{12,400})”")
_target = re.compile(r"(?<=\])\([^()\s]*\)")
_link = re.compile(r"\[[^\[\]\n]*\]\([^()\s]*\)")
_end = re.compile(r"(?<=[.!?:])[\"')\]”]*\s+")
_lead = re.compile(r"\s*(?:(?:[-*+]|\d+[.)])\s+(?:\[[ xX]\]\s+)?|#{1,6}\s+)?")
_item = re.compile(r"\s*(?:[-*+]|\d+[.)])\s|#{1,6}\s")
_fence = re.compile(r" {0,3}(`{3,}|~{3,})\s*\{?(\w*)\}?")
_place = re.compile(r"(?i)\blines?\s+\d+(?:\s*(?:-|–|to|and)\s*\d+)?")


@dataclass(frozen=True)
class Evidence:
    """What was run, read and written here."""

    text: str
    there: Callable[[str], bool] = lambda path: False
    """Whether a file is there, by its path from the entry or the root."""
    elsewhere: Callable[[str], bool] = lambda words: False
    """Whether these words stand in another entry of the journal."""
    undrawn: Callable[[str], str] = lambda source: ""
    """Why a Mermaid diagram is not drawn; empty when it is."""

    @cached_property
    def numbers(self) -> list[float]:
        return sorted({value for value, *_ in _numbers(_target.sub("", self.text))})

    @cached_property
    def words(self) -> str:
        return _plain(self.text)

    def shows(self, value: float, off: float) -> bool:
        """Whether some number here is this one, rounded."""
        at = bisect_left(self.numbers, value - off)
        return at < len(self.numbers) and self.numbers[at] <= value + off


def shown(entry: Entry, but: str = "", claims: Sequence[str] = ()) -> str:
    """What an entry shows: the author's words, cells and outputs; without one cell, by its chain, and its `claims`."""
    hidden = [block.span for block in entry.envelopes if block.kind not in SHOWS]
    if slot := entry.slot(but) if but else None:
        hidden += [slot.cell.span]
        for span in (block.span for block in slot.blocks):
            places = _places(entry.rows[span.start : span.stop], claims)
            hidden += [Span(span.start + place.start, span.start + place.stop) for place in places]
    said = {row for block in entry.envelopes if block.kind in ("cell", "attempt") for row in _reason(block.span, entry)}
    out = {row for span in hidden for row in range(span.start, span.stop)} | said
    return "".join(row for at, row in enumerate(entry.rows) if at not in out and not row.startswith("<!--"))


def besides(output: Envelope, claims: Sequence[str]) -> bool:
    """Whether an output shows anything but these words, which an agent said there."""
    out = {row for span in _places(output.body, claims) for row in range(span.start, span.stop)}
    left = (row for at, row in enumerate(output.body) if at not in out)
    return any(row.strip() and not row.startswith("```") for row in left)


def _places(rows: Sequence[str], claims: Sequence[str]) -> Iterator[Span]:
    """Where each of some words stands among lines, the last such place; all of them when one stands nowhere."""
    bare, stop = [row.rstrip() for row in rows], len(rows)
    for claim in reversed(claims):
        words = [row.rstrip() for row in claim.split("\n")]
        at = next((at for at in range(stop - len(words), -1, -1) if bare[at : at + len(words)] == words), None)
        if at is None:
            yield Span(0, len(rows))
            return
        yield Span(at, at + len(words))
        stop = at


def weighed(text: str, evidence: Evidence) -> str:
    """A model's words with what is shown nowhere in grey, and a diagram that is not drawn as its source."""
    out: list[str] = []
    group: list[str] = []
    fence: list[str] = []
    for row in [*text.split("\n"), ""]:
        if fence:
            fence.append(row)
            mark = _fence.match(fence[0])
            if mark and re.fullmatch(rf" {{0,3}}{mark[1]}[`~]*\s*", row):
                out += _fenced(fence, evidence)
                fence = []
        elif _fence.match(row) or not row.strip() or _item.match(row) or (group and _kind(row) != _kind(group[0])):
            out += _group(group, evidence)
            group = []
            fence = [row] if _fence.match(row) else []
            group = [row] if row.strip() and not fence else []
            out += [row] if not row.strip() else []
        else:
            group.append(row)
    return "\n".join([*out, *fence[:-1]] if fence else out[:-1])


def _reason(span: Span, entry: Entry) -> Iterator[int]:
    """The lines in which the doer says why: a quote around no fence."""
    fenced = ""
    for at in range(span.start, span.stop):
        row = entry.rows[at].strip().removeprefix(">").strip()
        if match := re.match(r"(`{3,})", row):
            fenced = "" if fenced and row == fenced else fenced or match[1]
        elif not fenced and entry.rows[at].startswith(">"):
            yield at


def _kind(row: str) -> str:
    return row.lstrip()[:1] if row.lstrip()[:1] in ("|", ">") else ""


def _group(rows: list[str], evidence: Evidence) -> list[str]:
    """A paragraph, an item, a table or a quotation."""
    if not rows:
        return []
    match _kind(rows[0]):
        case "|":
            why = _why("\n".join(rows), evidence)
            return [*rows, "", _grey(f"the table: {why}")] if why else rows
        case ">":
            words = " ".join(row.lstrip().removeprefix(">") for row in rows)
            return rows if _stands(words, evidence) else [*rows, "", _grey(FOUND)]
    text = "\n".join(rows)
    lead = (_lead.match(text) or [""])[0]
    return [lead + "".join(_sentence(each, evidence) for each in _sentences(text[len(lead) :]))]


def _sentences(text: str) -> Iterator[str]:
    """Cut at the ends of sentences, with the white space behind them; never in code or in a link."""
    quoted, linked, begin = code_spans(text), [match.span() for match in _link.finditer(text)], 0
    for match in _end.finditer(text):
        if not (holds(quoted, match.end()) or holds(linked, match.end())):
            yield text[begin : match.end()]
            begin = match.end()
    yield text[begin:]


def _sentence(text: str, evidence: Evidence) -> str:
    words = text.rstrip()
    why = _why(words, evidence) if words and not words.endswith("?") else ""
    return f'<span class="unshown">{words} *({why})*</span>{text[len(words) :]}' if why else text


def _why(text: str, evidence: Evidence) -> str:
    """What a sentence names that is shown nowhere; empty when there is nothing."""
    for url in _url.findall(text):
        if url not in evidence.text and not evidence.elsewhere(url):
            return READ
    for found in _quote.finditer(text):
        words = found[1] or found[2]
        if len(words.split()) >= QUOTED and not _stands(words, evidence):
            return FOUND
    bare = _place.sub("", _target.sub("", _url.sub("", text)))
    for path in _file.findall(bare):
        if path not in evidence.text and not evidence.there(path):
            return SHOWN
    for value, off, percent in _numbers(_file.sub("", bare)):
        if value < SMALL and value == int(value) and not percent:
            continue
        if not (evidence.shows(value, off) or (percent and evidence.shows(value / 100, off / 100))):
            return SHOWN
    return ""


def _stands(words: str, evidence: Evidence) -> bool:
    plain = _plain(words)
    return not plain or plain in evidence.words or evidence.elsewhere(plain)


def _plain(text: str) -> str:
    """Words without Markdown's signs, white space made single."""
    return " ".join(re.sub(r"[*_`>]|^#+ ", " ", text, flags=re.M).split()).strip(" .,;:…")


def _numbers(text: str) -> Iterator[tuple[float, float, bool]]:
    """Value, half of its last place, and whether it is a share in percent."""
    for match in _number.finditer(text):
        whole, parts = re.sub("[_,]", "", match[1]), match[2]
        if parts.count(".") > 1:
            continue  # a version, a date: no number
        power = int(match[3] or 0)
        if len(whole) > 300 or abs(power) > 300:
            continue
        value = float(f"{whole}{parts}e{power}")
        off = 0.5000001 * 10.0 ** (power - len(parts.removeprefix("."))) if parts or power else 1e-9
        yield value, off, bool(match[4])


def _fenced(rows: list[str], evidence: Evidence) -> list[str]:
    """A fence as it is; a diagram that is not drawn as its source, with the reason."""
    match = _fence.match(rows[0])
    if match is None or match[2].lower() != "mermaid" or not (why := evidence.undrawn("\n".join(rows[1:-1]))):
        return rows
    return [f"*(a diagram that is not drawn: {why}; its source:)*", "", f"{match[1]}text", *rows[1:]]


def _grey(words: str) -> str:
    return f'<span class="unshown">*({words})*</span>'
