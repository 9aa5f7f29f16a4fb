"""A map as text for a terminal, as a page in Markdown, and as an entry to be published; in one order everywhere.

Open questions come first, because they are what one wants to see after a night; then what was decided and taken back,
what was done and what it showed, what comes next, and the threads. It says that no model was asked.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from nozzle.document.entry import Entry
from nozzle.document.thought.map import AT_ODDS, Link, Map, Point
from nozzle.document.thought.said import named
from nozzle.document.thought.threads import Thread

LABEL = "Drawn from the text by cue words and shapes; no model was asked."

_LEGEND = (
    "? open   ~ a machine replied, and nothing of yours settles it   ✓ closed, or it went well   ✗ it failed"
    "   - + said, and what took it back"
)

Where = Callable[[Link], str]
"""How a place is named: `entry.md:12`, or as a link."""
Row = Callable[[Point], str]
Start = Callable[[Thread], str]

_STATES = {
    "open": "?",
    "closed": "✓",
    "replied": "~",
    "reversed": "↺",
    "stands": "·",
    "ok": "✓",
    "failed": "✗",
    "waiting": "…",
}


def label(found: Map) -> str:
    """Who drew it, who judged it, and what that is worth."""
    return f"{_drawn(found)}{_judged(found)}"


def _judged(found: Map) -> str:
    if not found.judge:
        return ""
    refused = sum(bool(point.doubt) for point in found.points)
    return f" {found.judge} judged {found.judged} of {_few(len(found.points), 'point')} and refused {refused}."


def _drawn(found: Map) -> str:
    if not found.model:
        return LABEL if not found.judge else LABEL.replace("no model was asked", "no model chose them")
    refused = f"; {_few(found.refused, 'point')} of its own words refused" if found.refused else ""
    return f"Chosen by {found.model}: each point stands word for word in the line beside it{refused}."


def as_text(found: Map, name: str) -> str:
    """The map for a terminal; every point begins with its line, as `name:line`."""

    def where(link: Link) -> str:
        return f"{name}:{link.line + 1}"

    def row(point: Point) -> str:
        return f"{where(point.links[0])}  {_STATES[point.state]} {point.words}{_also(point, where)}"

    def pair(point: Point) -> str:
        if len(point.links) == 1:
            return row(point)
        now, before = point.links[:2]
        return f"{where(before)}  - {_clipped(before.words)}\n  {where(now)}  + {point.words}{_doubt(point)}"

    def start(thread: Thread) -> str:
        return f"{where(_start(thread))}  {thread.name}, {_size(thread)}"

    lines = [_counted(found, name), f"  {label(found)}", f"  {_LEGEND}"]
    for title, rows in _sections(found, row, pair, start):
        lines += ["", title, *(f"  {each}" for each in rows)]
    return "\n".join(lines)


def as_page(found: Map, name: str, entry: str) -> str:
    """The map as Markdown beside an entry; `entry` is the way to it from there."""

    def where(link: Link) -> str:
        return f"[{link.line + 1}]({entry}#L{link.line + 1})"

    def row(point: Point) -> str:
        return f"{_STATES[point.state]} {escaped(point.words)} {where(point.links[0])}{escaped_also(point)}"

    def escaped_also(point: Point) -> str:
        return _also(replace(point, note=_with_code(point.note), doubt=escaped(point.doubt)), where)

    def pair(point: Point) -> str:
        if len(point.links) == 1:
            return row(point)
        now, before = point.links[:2]
        then = f"{escaped(point.words)} {where(now)}{escaped(_doubt(point))}"
        return f"~~{escaped(_clipped(before.words))}~~ {where(before)}, then: {then}"

    def start(thread: Thread) -> str:
        return f"{escaped(thread.name)}, {_size(thread)}, from {where(_start(thread))}"

    lines = [f"# Map of {name}", "", f"*{_counted(found, name)}. {label(found)}*", "", f"*{_LEGEND}*"]
    for title, rows in _sections(found, row, pair, start):
        lines += ["", f"## {title}", "", *(f"- {each}" for each in rows)]
    return "\n".join(lines) + "\n"


def post(found: Map, title: str, entry: str) -> str:
    """The body of an entry that tells the map in the "we" of author and machine; `entry` is the way to the raw one."""

    def where(link: Link) -> str:
        return f"[{_cited(link)}]({entry}#{anchor(link)})"

    size = f"{_few(len(found.threads), 'thread')} out of {_few(found.paragraphs, 'paragraph')}"
    back = "Every sentence leads back to where it was said."
    told = [f"This is [{escaped(title)}]({entry}), condensed: {size}. {label(found)} {back}"]
    for number, thread in enumerate(found.threads):
        points = [point for point in found.points if point.thread == number]
        if rows := [f"{row}{escaped(_doubt(point))}" for point in points for row in _told([point], where)]:
            told += [f"## {escaped(thread.name)}", "\n".join(f"- {row}" for row in rows)]
    if found.next:
        told += ["## Next", f"We go on here: {_quoted(found.next.words)} ({where(found.next.links[0])})."]
    return "\n\n".join(told) + "\n"


def placed(found: Map, entry: Entry) -> Map:
    """The map with each place of the author's by the name that it alone has on a page: of two that are alike, too."""
    names = {line: name for name, span in named(entry).items() for line in range(span.start, span.stop)}

    def link(one: Link) -> Link:
        name = names.get(one.line, "") if one.by != "cell" else ""
        return replace(one, digest=name) if one.digest and name.startswith(one.digest) else one

    return replace(found, points=tuple(replace(point, links=tuple(map(link, point.links))) for point in found.points))


def anchor(link: Link) -> str:
    """The name of a place on a page, whatever line it stands on."""
    return f"cell-{link.digest}" if link.by == "cell" else f"said-{link.digest}"


def as_dict(found: Map) -> dict[str, object]:
    """The map as a program reads it; lines counted from 1."""
    return {
        "model": found.model or None, "refused": found.refused,
        "judge": found.judge or None, "judged": found.judged,
        "paragraphs": found.paragraphs, "turns": found.turns, "guesses": found.guesses,
        "threads": [
            {"name": thread.name, "paragraphs": len(thread.paragraphs), "from": thread.paragraphs[0].span.start + 1,
             "to": thread.paragraphs[-1].span.stop}
            for thread in found.threads
        ],
        "points": [_row(point) for point in found.points],
        "next": _row(found.next) if found.next else None,
    }  # fmt: skip


def _row(point: Point) -> dict[str, object]:
    links = [{"line": each.line + 1, "words": each.words, "by": each.by, "digest": each.digest} for each in point.links]
    return {
        "kind": point.kind, "state": point.state, "words": point.words, "note": point.note, "thread": point.thread,
        "doubt": point.doubt,
        "links": links,
    }  # fmt: skip


def _counted(found: Map, name: str) -> str:
    machine = f", {_few(found.turns, 'turn')} of a machine left out" if found.turns else ""
    guess = f" ({_few(found.guesses, 'end')} of them guessed)" if found.guesses else ""
    return f"{name}: {_few(found.paragraphs, 'paragraph')} in {_few(len(found.threads), 'thread')}{machine}{guess}"


def _few(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _sections(found: Map, row: Row, pair: Row, start: Start) -> Iterator[tuple[str, list[str]]]:
    """The parts of a map in their order; those that hold nothing are left out, but for the questions."""
    unsettled = [*found.of("question", state=["open"]), *found.of("question", state=["replied"])]
    yield "Open questions", [row(point) for point in unsettled] or ["none"]
    for title, points, draw in (
        ("What is wanted", found.of("wish"), row),
        ("Errors that were pasted", found.of("traceback"), row),
        ("To do", found.of("task", "shell", state=["open"]), row),
        ("Decisions", found.of("decision", state=["stands"]), row),
        ("Taken back", found.of("reversal"), pair),
        (
            "Done, and what it showed",
            [each for each in found.of("cell", "done") if each.kind == "done" or each.state == "ok"],
            row,
        ),
        ("Failed", found.of("cell", state=["failed"]), row),
        ("Not run, or not as it stands", found.of("cell", state=["waiting"]), row),
        ("Closed", found.of("question", "task", "shell", state=["closed"]), row),
        ("Asked of a machine, which replied", found.of("task", "shell", state=["replied"]), row),
        (
            "Taken back since, and refused by the judge",
            [each for each in found.of("decision", state=["reversed"]) if each.doubt],
            row,
        ),
        ("Next", [found.next] if found.next else [], row),
    ):
        if points:
            yield title, [draw(point) for point in points]
    if found.threads:
        yield "Threads", [start(thread) for thread in found.threads]


def _size(thread: Thread) -> str:
    return _few(len(thread.paragraphs), "paragraph")


def _start(thread: Thread) -> Link:
    return Link(thread.paragraphs[0].span.start, "", thread.paragraphs[0].digest)


def _also(point: Point, where: Where) -> str:
    """What stands behind a point: what it usually comes from, what closed it, what a machine replied."""
    told = [point.note] if point.kind in ("traceback", "cell", "reversal") and point.note else []
    told += [point.note] if point.state == "open" and point.note else []
    for link in point.links[1:]:
        how = {"machine": "a machine replied", "cell": "the cell"}.get(
            link.by, "see" if point.kind == "reversal" else AT_ODDS + " with" if point.note == AT_ODDS else "closed"
        )
        told.append(f"{how} {where(link)}")
    if point.doubt:
        told.append(f"refused by the judge: {point.doubt}")
    return f"  ({'; '.join(told)})" if told else ""


def _doubt(point: Point) -> str:
    return f"  (refused by the judge: {point.doubt})" if point.doubt else ""


def _told(points: Sequence[Point], where: Where) -> Iterator[str]:
    """A thread's points in the order in which they were made, in the "we" of two."""
    for point in points:
        first = f"{_quoted(point.words)} ({where(point.links[0])})"
        after = f" ({where(point.links[1])})" if len(point.links) > 1 else ""
        match point.kind, point.state:
            case "question", "closed":
                yield f"We asked {first}, and found an answer{after}."
            case "question", "replied":
                yield f"We asked {first}; the machine replied, and it is not settled."
            case "question", "open":
                yield f"We still do not know: {first}."
            case ("decision", "stands"):
                yield f"We decided: {first}" + (f", at odds with another decision{after}." if after else ".")
            case "reversal", _:
                before = _quoted(_clipped(point.links[1].words)) if after else ""
                yield f"First it was {before}{after}; then {first}." if after else f"We took something back: {first}."
            case ("shell", "closed"):
                continue  # its cell is told
            case (("task" | "shell"), "closed"):
                yield f"We set out: {first}, and did it{after}."
            case (("task" | "shell"), "replied"):
                yield f"We asked for {first}, and the machine replied."
            case (("task" | "shell"), "reversed") | ("question", "reversed"):
                continue  # it stands with what took it back
            case (("task" | "shell"), _):
                yield f"We have yet to do this: {first}."
            case "traceback", _:
                yield (
                    f"We ran into {first}"
                    + (f", {_with_code(point.note)}" if point.note else "")
                    + (f", and got over it{after}." if after else ".")
                )
            case "cell", ("ok" | "failed"):
                yield f"We ran {first}: {_quoted(point.note)}."
            case "wish", _:
                yield f"We want this: {first}."
            case "done", _:
                yield f"We can say: {first}."
            case _:
                continue


def _cited(link: Link) -> str:
    return "the cell" if link.by == "cell" else "there"


def _quoted(words: str) -> str:
    """Somebody's words in a sentence: what made them bold or code is left out."""
    bare = re.sub(r"(\*\*|`)(?=[^\s*`])([^*`]*[^\s*`])\1", r"\2", words)
    return f"“{escaped(bare)}”"


def _with_code(words: str) -> str:
    """Words in which code stands between backticks, and stays code."""
    parts = words.split("`")
    return "".join(f"`{part}`" if at % 2 and at + 1 < len(parts) else escaped(part) for at, part in enumerate(parts))


def _clipped(words: str, most: int = 150) -> str:
    return words if len(words) <= most else words[:most].rsplit(" ", 1)[0] + " …"


def escaped(words: str) -> str:
    """Words that Markdown shows as they are.

    >>> escaped("a*b <x> [y](z) $1")
    'a\\\\*b \\\\<x> \\\\[y\\\\](z) \\\\$1'
    """
    return re.sub(r"([\\`*_\[\]<$#|~{])", r"\\\1", words)
