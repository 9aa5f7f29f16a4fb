"""A map that a model draws: it may choose, and say what kind each point is; the words are the author's, word for word.

A point is a row `kind | name of the paragraph | words from it`, of a reversal also the name and the words of what it
takes back. It refuses each row whose words do not stand in the paragraph that it names, so every link bears its point
out, whatever a model makes up.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import cast, get_args

from nozzle.document.entry import Entry
from nozzle.document.thought.cues import Kind
from nozzle.document.thought.map import Link, Map, Point, State, condense
from nozzle.document.thought.said import Paragraph, said

KINDS = ("question", "task", "decision", "reversal", "wish", "done")
_STATE: dict[str, State] = {"question": "open", "task": "open", "done": "ok"}


def shown(entry: Entry) -> str:
    """The author's paragraphs, each after its name."""
    return "\n\n".join(f"{each.digest}: {each.text}" for each in said(entry) if not each.heading)


def drawn(entry: Entry, reply: str, model: str) -> Map:
    """The map of an entry with a model's points; cells and threads are what they are in the map without one."""
    named = {each.digest: each for each in said(entry)}
    base = condense(entry)
    place = {line: number for number, thread in enumerate(base.threads) for line in thread.lines}
    points, refused = base.of("cell"), 0
    for row in _rows(reply):
        point = _point(row, named)
        refused += point is None
        if point is not None:
            points.append(replace(point, thread=place.get(named[point.links[0].digest].span.start, 0)))
    back = {point.links[1] for point in points if point.kind == "reversal" and len(point.links) > 1}
    kept = [point for point in points if point.kind == "reversal" or point.links[0] not in back]
    return replace(base, points=tuple(sorted(kept, key=lambda point: point.line)), model=model, refused=refused)


def _rows(reply: str) -> Iterator[list[str]]:
    for line in reply.splitlines():
        parts = [part.strip() for part in line.strip().removeprefix("- ").split(" | ")]
        if len(parts) > 1:
            yield parts


def _point(row: list[str], named: dict[str, Paragraph]) -> Point | None:
    """The point of a row; None when its words are not where it says."""
    kind, *rest = row
    links = [link for name, words in zip(rest[::2], rest[1::2], strict=False) if (link := _link(name, words, named))]
    if kind not in KINDS or len(rest) not in (2, 4) or len(links) * 2 != len(rest):
        return None
    if len(links) == 2 and (kind != "reversal" or links[1].line > links[0].line):
        return None
    return Point(cast(Kind, kind), _words(rest[1]), tuple(links), _STATE.get(kind, "stands"))


def _link(name: str, words: str, named: dict[str, Paragraph]) -> Link | None:
    """The sentence that holds these words."""
    paragraph, words = named.get(name), _words(words)
    if paragraph is None or len(words) < 3:
        return None
    sentence = next((each for each in paragraph.sentences if words in each.text), None)
    return Link(sentence.line, sentence.text, paragraph.digest) if sentence else None


def _words(copied: str) -> str:
    return " ".join(copied.strip('"“”').split())


assert set(KINDS) <= set(get_args(Kind))
