"""Notes that need no model: a number that changed although its cell did not, a new warning, a cell that grew slow.

What is told in a quiet journal too is that native code and Python disagree: somebody's compiler is wrong then.
Silence is the usual answer. A cell that the author has just edited surprises nobody by printing something else.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from nozzle.document.entry import Cell, Envelope
from nozzle.document.facts import Facts
from nozzle.document.plan import Why
from nozzle.document.scribe import STDERR
from nozzle.document.spoken import Saying
from nozzle.explainer.links import code

SLOW, SLOWER = 2.0, 3.0
"""Seconds from which a cell counts as slow, and how many times longer than last time."""
BIG, BIGGER = 300e6, 2.0
"""Bytes from which its memory counts, and how many times more."""
MOST = 3
WORDS = 60
"""Characters that are shown of what a name is."""

_number = re.compile(
    r"(?<![\w.])[-+]?(?:(?:\d{1,3}(?:,\d{3})+(?!\d)|\d[\d_]*)\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|(?:nan|NaN|inf)\b)"
)
"""Not a digit of a name: in `layer1 loss 0.5` there is one number."""
_blank = re.compile(r"\s+")
_disagrees = re.compile(r"nozzle\.aot: (.+?) runs as Python, for its native code disagrees: (.*)")
_warning = re.compile(r"\b\w*Warning\b: .*")


@dataclass(frozen=True, slots=True)
class Ran:
    """A run that ended well, and the one before it."""

    cell: Cell
    why: Why
    before: Envelope | None
    """Its output as it stood."""
    after: Envelope
    last: Facts | None
    now: Facts


def surprises(ran: Ran) -> Saying | None:
    """What is worth two lines; None when nothing is."""
    return _saying([*_disagreements(ran), *_warnings(ran), *_numbers(ran), *_costs(ran)])


def disagreement(ran: Ran) -> Saying | None:
    """What is worth saying to whoever wants to hear only of what is broken; None when nothing is."""
    return _saying(_disagreements(ran))


def made(ran: Ran) -> Saying | None:
    """What surprises, and what the cell made: its names and their shapes, its figures, how long it took.

    None when it made nothing and was quick: its output says the rest. The time is told roughly, so that the same result
    is the same note.
    """
    names = [f"{code(name)}: {_short(words)}" for name, words in sorted(_values(ran.now.names), key=_function_last)]
    figures = sum(row.startswith("![") for row in ran.after.body)
    seconds = ran.now.seconds or 0.0
    if not (names or figures or seconds >= SLOW):
        return surprises(ran)
    more = f"; and {len(names) - MOST} more" if len(names) > MOST else ""
    parts = [f"Made {'; '.join(names[:MOST])}{more}"] if names else []
    parts += [f"{figures} figure{'s' if figures > 1 else ''}"] if figures else []
    told = f"{', '.join(parts) or 'It ran'}, {_roughly(seconds)}. No model was asked."
    found = [*_disagreements(ran), *_warnings(ran), *_numbers(ran), *_costs(ran)]
    return _saying([*found[:1], told], [*found[1:], *names[MOST:]])


def _values(names: Mapping[str, str]) -> list[tuple[str, str]]:
    """Names that hold something, and what: no module, nothing that is called private."""
    shown = ((name, re.sub(r" #[0-9a-f]{8}$", "", words)) for name, words in names.items())
    return [(name, words) for name, words in shown if name[:1] != "_" and not words.startswith("module ")]


def _function_last(named: tuple[str, str]) -> tuple[bool, str]:
    return named[1].startswith(("function ", "type ")), named[0]


def _short(words: str) -> str:
    """What a name is, on one line, as code."""
    return code(words if len(words) <= WORDS else words[: WORDS - 1] + "…")


def _roughly(seconds: float) -> str:
    """How long something took, to one digit.

    >>> _roughly(0.31), _roughly(34.2), _roughly(612.0)
    ('in less than a second', 'in about 30 s', 'in about 10 min')
    """
    if seconds < 1:
        return "in less than a second"
    value, unit = (seconds, "s") if seconds < 100 else (seconds / 60, "min")
    return f"in about {float(f'{value:.1g}'):.0f} {unit}"


def _saying(found: Sequence[str], folded: Sequence[str] = ()) -> Saying | None:
    if not found:
        return None
    shown, rest = found[:2], [*found[2:], *folded]
    return Saying("\n".join(shown), "\n".join(f"- {each}" for each in rest), "explainer", "facts")


def _numbers(ran: Ran) -> list[str]:
    """Lines of the output that differ from the last only in their numbers."""
    if ran.before is None or ran.why in ("edited", "new") or ran.before.status != "ok":
        return []
    was, now = _text(ran.before), _text(ran.after)
    if was == now:
        return []
    if len(was) != len(now):
        return [f"The same code now prints {len(now)} lines; it was {len(was)}."]
    pairs = [(old, new) for old, new in zip(was, now, strict=True) if old != new]
    told = [_changed(old, new) for old, new in pairs if _words(old) == _words(new)]
    if not told:
        return [f"The same code says something else than before ({len(pairs)} of {len(now)} lines)."]
    more = f" (and {len(pairs) - MOST} more lines)" if len(pairs) > MOST else ""
    return ["The same code came to another result: " + "; ".join(told[:MOST]) + more + "."]


def _words(row: str) -> str:
    """A line without its numbers, and without the blanks by which columns are kept in line."""
    return _blank.sub("", _number.sub("#", row))


def _changed(old: str, new: str) -> str:
    """What became of the first number that changed: by its name where one stands before it, else as the whole line.

    >>> _changed("{'n': 10, 'auc': 0.8}", "{'n': 10, 'auc': 0.6}"), _changed("1 of 3 rows", "1 of 2 rows")
    ('`auc`: `0.8` became `0.6`', '`1 of 3 rows` became `1 of 2 rows`')
    """
    end = 0
    for one, other in zip(_number.finditer(old), _number.finditer(new), strict=False):
        if one[0] == other[0]:
            end = other.end()
            continue
        before = new[end : other.start()]
        label = before.strip(" :=|`*'\"{}[](),;")[:30]
        if label and (end == 0 or before.rstrip().endswith((":", "="))):
            return f"{code(label)}: {code(one[0])} became {code(other[0])}"
        if len(old) > WORDS or len(new) > WORDS:
            return f"{code(one[0])} became {code(other[0])}"
        break
    return f"{code(old.strip())} became {code(new.strip())}"


def _warnings(ran: Ran) -> list[str]:
    before = set(_said(ran.before)) if ran.before else set()
    fresh = [words for words in dict.fromkeys(_said(ran.after)) if words not in before]
    if not fresh or (ran.before is None and ran.why == "new" and ran.last is None and not fresh):
        return []
    return [f"New: {code(fresh[0][:200])}" + (f", and {len(fresh) - 1} more." if len(fresh) > 1 else ".")]


def _disagreements(ran: Ran) -> list[str]:
    """Of a compiled function and the Python that it is, on its first inputs; said once, and not of what was said."""
    before = _differ(ran.before) if ran.before else {}
    fresh = [match for words, match in _differ(ran.after).items() if words not in before]
    return [
        f"Native code disagrees with Python, which answers in its place: {code(match[1])} gave {code(match[2])}."
        for match in fresh
    ]


def _differ(block: Envelope) -> dict[str, re.Match[str]]:
    return {match[0]: match for row in block.body for match in _disagrees.finditer(row)}


def _said(block: Envelope) -> list[str]:
    return [match[0] for row in block.body for match in _warning.finditer(row)]


def _costs(ran: Ran) -> list[str]:
    found = []
    if ran.last is None or ran.last.status != "ok":
        return []
    now, last = ran.now.seconds, ran.last.seconds
    if now is not None and last is not None and now > SLOW and now > SLOWER * max(last, 0.05):
        found.append(f"It took {now:.1f} s; last time it was {last:.1f} s.")
    if ran.now.memory > BIG and ran.now.memory > BIGGER * max(ran.last.memory, 1):
        found.append(f"It held {ran.now.memory / 1e6:.0f} MB at most; last time it was {ran.last.memory / 1e6:.0f} MB.")
    return found


def _text(block: Envelope) -> Sequence[str]:
    """What it printed or came to: the rows in its fences, but for stderr, where programs log as they go."""
    rows, inside, aside = [], "", False
    for row in block.body:
        if not inside and row in (STDERR, "</details>"):
            aside = row == STDERR
        elif not inside and (match := re.match(r"(`{3,})(text|json)$", row)):
            inside = match[1]
        elif inside and row == inside:
            inside = ""
        elif inside and not aside:
            rows.append(row)
    return rows
