"""Tasks that need no model: a fence that is to be run, two steps that are to be compared, words to be looked up.

It refuses to guess: a fence must stand right below, steps are named or the last two, and the words are the author's.
"""

import re
from dataclasses import dataclass

from nozzle.document.entry import Entry
from nozzle.document.thought.pasted import here_and_now, refrains
from nozzle.document.thought.said import Paragraph
from nozzle.document.thought.threads import terms

LANGUAGES = {"python": "python", "py": "python", "bash": "bash", "sh": "bash", "shell": "bash"}
"""Info strings of fences that can be run, and as what."""
_THIS = re.compile(r"(?i)\b(?:run|try|execute|evaluate) (?:this|that|it|the (?:code|snippet|block|script|lines?))\b")
_COMPARE = re.compile(r"(?i)\b(?:compare|diff)\b")
_STEPS = re.compile(r"(?i)\b(?:these|those|the|my) (?:last |latest |newest )?(?:two|2) steps\b")
_NAMED = re.compile(r"\b(?=[0-9a-f]*[0-9])[0-9a-f]{7,40}\b")
_THAT = re.compile(r"(?i)\b(?:that|this|it)\b")
_ASKING = frozenset(("look", "journal", "search", "find", "grep", "entry", "note", "run", "try", "execute"))


@dataclass(frozen=True, slots=True)
class Fence:
    """Code in a plain fence, which nobody runs."""

    language: str
    source: str


def fence_below(entry: Entry, paragraph: Paragraph, words: str) -> Fence | None:
    """The fence right below a paragraph that says to run it; what nozzle wrote between them does not count."""
    this = _THIS.search(words)
    if this is None or not here_and_now(words[this.end() :]) or refrains(words):
        return None
    own = {line for block in entry.envelopes for line in range(block.span.start, block.span.stop)}
    below = (top for top in entry.outline.tops if top.start >= paragraph.span.stop and top.start not in own)
    top = next(below, None)
    if top is None or top.kind != "fence":
        return None
    if any(entry.rows[line].strip() for line in range(paragraph.span.stop, top.start) if line not in own):
        return None
    language = LANGUAGES.get(top.info.strip().lower())
    rows = [row.rstrip("\r\n") for row in entry.rows[top.start + 1 : top.stop]]
    closed = bool(rows) and rows[-1].strip() == top.markup
    source = "\n".join(rows[:-1])
    return Fence(language, source) if language and closed and source.strip() else None


def steps_to_compare(words: str) -> tuple[str, str] | None:
    """The two steps that are to be compared; empty names: the last two of the entry.

    >>> steps_to_compare("compare 3f2a9b1 with 77c0d12"), steps_to_compare("let's compare these two steps")
    (('3f2a9b1', '77c0d12'), ('', ''))
    >>> steps_to_compare("compare the two scans") is None
    True
    """
    if not _COMPARE.search(words):
        return None
    named = _NAMED.findall(words)
    if len(named) == 2:
        return named[0], named[1]
    return ("", "") if _STEPS.search(words) else None


def meant(words: str, paragraph: Paragraph, above: Paragraph | None) -> str:
    """What is to be looked up: of "look that up", what was said before it: a heading is not said; "" for nothing."""
    if not _THAT.search(words) or terms(words) - _ASKING:
        return words
    before = [each.text for each in paragraph.sentences if each.text != words]
    return " ".join(before) or (above.text if above and not above.heading else "")
