"""A question back, at most one: where the author took something back unnamed, settled what was open, or set no measure.

No model is asked. It refuses to ask for asking's sake: where no rule holds nothing is asked, and nothing twice.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from nozzle.document.entry import Entry, hexdigest
from nozzle.document.thought.map import Map, Point, condense
from nozzle.document.thought.said import said
from nozzle.document.thought.show import anchor, escaped
from nozzle.document.thought.threads import terms

SHARED = 2
"""Words that a decision must share with an open question, to be asked whether it settles it."""
_BETTER = re.compile(
    r"(?i)\b(faster|slower|quicker|smaller|bigger|simpler|cleaner|nicer|better|cheaper|lighter|(?:more|less) \w{4,})\b"
)
_MEASURED = re.compile(r"(?i)\d|\b(?:half|twice|than|percent|as \w+ as)\b")


HEAD = 60
"""Characters of a paragraph that name it in a link."""


@dataclass(frozen=True, slots=True)
class Back:
    """What could be asked of the author, and the paragraph that calls for it."""

    digest: str
    words: str

    @property
    def what(self) -> str:
        """What names the question itself, whatever its paragraph says."""
        return hexdigest("back", self.words)[:8]


def linked(entry: Entry, found: Back) -> str:
    """The question, and a link to the paragraph that called for it."""
    text = next((each.text for each in said(entry) if each.digest == found.digest), "")
    words = " ".join(text.split())
    head = words if len(words) <= HEAD else words[:HEAD].rsplit(" ", 1)[0] + " …"
    return f"{found.words}\n\nAsked because of [“{escaped(head)}”](#said-{found.digest})." if head else found.words


def back(entry: Entry, fresh: Collection[str]) -> Back | None:
    """The one question that the paragraphs of these digests call for; None, often."""
    found = condense(entry)
    points = [point for point in found.points if point.links[0].digest in fresh]
    asked = (ask for rule in (_unnamed, _settles, _unmeasured) for point in points for ask in rule(found, point))
    return next((each for each in asked if each.words not in entry.text), None)


def _unnamed(found: Map, point: Point) -> Iterator[Back]:
    """It takes something back, and does not say what."""
    if point.kind == "reversal" and len(point.links) == 1:
        before = [each for each in found.of("decision", state=["stands"]) if each.line < point.line]
        if before:
            yield _of(point, f"What does this take back? The last that I heard decided is {_quoted(before[-1])}.")


def _settles(found: Map, point: Point) -> Iterator[Back]:
    """It decides what may be an open question's answer, and does not say so."""
    if point.kind != "decision" or point.state != "stands":
        return
    for question in found.of("question", state=["open", "replied"]):
        shared = terms(question.words) & terms(point.words)
        if question.line < point.line and len(shared) >= SHARED:
            yield _of(point, f"Does this settle {_quoted(question)}, which is open further up?")


def _unmeasured(found: Map, point: Point) -> Iterator[Back]:
    """It sets out to make something better, and names no measure."""
    better = _BETTER.search(point.words)
    if point.kind == "task" and point.state == "open" and better and not _MEASURED.search(point.words):
        yield _of(point, f"How would you know that it is {better[1].lower()}: which number, measured against what?")


def _quoted(point: Point) -> str:
    return f"[“{escaped(point.words)}”](#{anchor(point.links[0])})"


def _of(point: Point, words: str) -> Back:
    return Back(point.links[0].digest, words)
