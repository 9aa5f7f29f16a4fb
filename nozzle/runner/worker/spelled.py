"""Names of another program's as Python can write them: `get-events` is `get_events`, and `from` is `from_`."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable


def spelled(names: Iterable[str]) -> dict[str, str]:
    """How Python writes each name -> the name, in their order; one that is written as it is keeps it.

    >>> spelled(["time-zone", "from", "time_zone", "2nd"])
    {'time_zone_': 'time-zone', 'from_': 'from', 'time_zone': 'time_zone', '_2nd': '2nd'}
    """
    names = list(names)
    taken = {name for name in names if spelling(name) == name}
    found: dict[str, str] = {}
    for name in names:
        word = spelling(name)
        while word != name and word in taken:
            word += "_"
        taken.add(word)
        found[word] = name
    return found


def spelling(name: str) -> str:
    """One name as Python can write it."""
    word = re.sub(r"\W", "_", name)
    if keyword.iskeyword(word):
        return word + "_"
    return word if word.isidentifier() else "_" + word
