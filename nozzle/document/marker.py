"""The two lines that an envelope stands between, and whether one closes the other.

Lines alone know nothing of Markdown: whether one of them is a comment at the top level, and so a marker at all, is for
whoever has parsed the text to say.
"""

import re
from collections.abc import Mapping

OPENING = re.compile(r"<!-- nozzle:([a-z]+)((?: [a-z]+=[A-Za-z0-9._:/-]*)*) -->\s*")
CLOSING = re.compile(r"<!-- /nozzle((?: [a-z]+=[A-Za-z0-9._:/-]*)*) -->\s*")
REMAINS = re.compile(r"<!-- /?nozzle\b")
"""What looks like a marker, or was one."""


def keys(words: str) -> Mapping[str, str]:
    """What a marker says.

    >>> keys(" v=1 of=9a0b1c2d3e4f")
    {'v': '1', 'of': '9a0b1c2d3e4f'}
    """
    return dict(pair.split("=", 1) for pair in words.split())


def marker(pattern: re.Pattern[str], line: str) -> re.Match[str] | None:
    """A line as a marker, by `OPENING` or `CLOSING`; one that says two things of one key is none.

    >>> marker(OPENING, "<!-- nozzle:output status=error status=ok -->") is None
    True
    """
    found = pattern.fullmatch(line)
    words = found[found.re.groups].split() if found else []
    return found if len(words) == len({word.split("=", 1)[0] for word in words}) else None


def closes(closing: re.Match[str], opening: re.Match[str]) -> bool:
    """Whether this closing line can be that of the envelope: an output's names the cell that it is of."""
    of = keys(opening[2]).get("of", "")
    return keys(closing[1]).get("chain", of).startswith(of)
