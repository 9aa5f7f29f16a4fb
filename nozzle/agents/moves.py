"""The doer's move: one sentence and one cell, read off a reply; the last one calls `final_answer`."""

import re
from collections.abc import Set
from dataclasses import dataclass

from nozzle import schema
from nozzle.document.entry import LANGUAGES, Entry
from nozzle.document.proposal import written

DO = "do"
REASON = 4000
"""Characters of why."""
LONGEST = 100_000
"""Characters of a cell that is proposed."""

_plain_fence = re.compile(r"^(`{3,})(python|py|bash|sh|shell)[ \t]*$", re.M)


@dataclass(frozen=True)
class Nothing:
    """The doer is asked nothing beyond what both are sent."""


@dataclass(frozen=True)
class Move:
    """What the doer wants to do next."""

    reason: str = schema.checked("", "Why, in a sentence.", max_length=REASON)
    language: str = schema.checked("python", "Of the cell.")
    source: str = schema.checked("", "The cell's code.", min_length=1, max_length=LONGEST)


def relabels(text: str, labels: Set[str]) -> str:
    """Why a reply is not taken whose cell has a label that another has: links to that one would lead here.

    >>> relabels("```{code-cell} python\\n#| label: fit\\n1\\n```", {"fit"})
    'a cell of this entry has the label fit already: choose another, or none'
    """
    taken = next((cell.label for cell in _entry(text).cells if cell.label in labels), "")
    return f"a cell of this entry has the label {taken} already: choose another, or none" if taken else ""


def _entry(text: str) -> Entry:
    """A reply as the text of an entry; a plain fence in it is a cell, where it has no other."""
    entry = Entry(text.strip() + "\n")
    return (
        entry
        if entry.cells
        else Entry(_plain_fence.sub(lambda match: f"{match[1]}{{code-cell}} {match[2]}", entry.text))
    )


def read(text: str) -> Move:
    """A reply as a move; ValueError says what it must be, when it is none.

    >>> read("Look first.\\n\\n```{code-cell} bash\\nls\\n```").source
    'ls'
    """
    entry = _entry(text)
    if len(entry.cells) != 1:
        raise ValueError(f"it must hold exactly one {{code-cell}} fence, and holds {len(entry.cells)}")
    (cell,) = entry.cells
    if cell.typing:
        raise ValueError(f"its fence is not whole: {cell.typing}")
    if cell.language not in LANGUAGES.values():
        raise ValueError(f"a cell of yours is python or bash: nothing could bind one in {cell.language}")
    if not cell.runs:
        raise ValueError("its cell is empty or skipped")
    rest = [row for at, row in enumerate(entry.rows) if not cell.span.start <= at < cell.span.stop]
    return schema.read(Move, {"reason": "".join(rest).strip(), "language": cell.language, "source": written(cell.body)})
