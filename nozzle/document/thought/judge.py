"""A judge of a map: a model reads each point beside the lines that it leads to, and says whether they bear it out.

It changes no point and takes none away: what it refuses is marked so, with its reason, and what it did not speak of is
not counted as judged.
"""

import re
from dataclasses import replace

from nozzle.document.thought.map import Map, Point

LONGEST = 160
"""Characters of a reason that are shown."""
_row = re.compile(r"\s*(?:- )?(\d+) *\| *(yes|no)\b *(?:\| *(.*\S))?\s*", re.I)


def asked(found: Map) -> str:
    """What the judge is shown: each point with its number, what it claims, and the lines that it leads to."""
    return "\n\n".join(_asked(number, point) for number, point in enumerate(found.points, 1))


def judged(found: Map, reply: str, model: str) -> Map:
    """The map with the verdicts of a reply; of two on one point, the refusal counts."""
    verdicts: dict[int, str] = {}
    for line in reply.splitlines():
        if (match := _row.fullmatch(line)) and 0 < int(match[1]) <= len(found.points):
            refused = " ".join((match[3] or "no reason given").split())[:LONGEST] if match[2].lower() == "no" else ""
            verdicts[int(match[1])] = verdicts.get(int(match[1])) or refused
    points = [replace(point, doubt=verdicts.get(number, "")) for number, point in enumerate(found.points, 1)]
    return replace(found, points=tuple(points), judge=model, judged=len(verdicts))


def _asked(number: int, point: Point) -> str:
    note = f" ({point.note})" if point.note else ""
    lines = [f"   line {link.line + 1}, {_whose(link.by)}: {link.words}" for link in point.links]
    return "\n".join([f"{number}. {point.kind}, {point.state}: {point.words}{note}", *lines])


def _whose(by: str) -> str:
    return {"author": "the author's", "machine": "a machine's", "cell": "a cell"}[by]
