"""Replacing lines of a text and leaving every other byte alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from nozzle.document.entry import Span
from nozzle.document.lines import split


@dataclass(frozen=True, slots=True)
class Edit:
    """Put `text` where the lines of `span` stand; an empty span inserts."""

    span: Span
    text: str
    files: Mapping[str, bytes] = field(default_factory=dict)
    """Content-named files to be written beside the entry: path from the entry's folder -> bytes."""


def apply(text: str, *edits: Edit) -> str:
    """Apply edits that do not overlap, in any order.

    >>> apply("a\\nb\\n", Edit(Span(1, 1), "x\\n"), Edit(Span(0, 1), ""))
    'x\\nb\\n'
    """
    rows = split(text)
    for edit in sorted(edits, key=lambda edit: (edit.span.start, edit.span.stop), reverse=True):
        rows[edit.span.start : edit.span.stop] = [edit.text]
    return "".join(rows)
