"""Whether code names a file: by its name, by a pattern, or by a variable that the code so far may have given it; and
how several are named.

It refuses to run anything: a name that is put together from pieces is not found.
"""

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import lru_cache

_WORD = re.compile(r"[^\s'\"`;|&<>()=,]+")
_OPEN = re.compile(r"\$\{\w+\}|\$\w+|\{\w*\}|%[sd]")
"""What stands for something else in a word: of a shell, of Python."""
_INTO = re.compile(r">\s*[\"']?\$")
"""A shell writes into what a variable names."""


def names(code: str, path: str, so_far: str = "") -> bool:
    """Whether this code names a file; with what ran before it, `so_far`, by a variable, too.

    >>> names("sort table.csv", "out/table.csv"), names("echo done", "out/table.csv")
    (True, False)
    >>> names("printf x > *.csv", "out/table.csv"), names("echo * $OUT", "out/table.csv")
    (True, False)
    >>> names("echo x > run$n.csv", "run1.csv"), names("echo x > run$n.csv", "walk1.csv")
    (True, False)
    >>> names('echo x >> "$OUT"', "table.csv", "OUT=table.csv"), names('echo x >> "$OUT"', "table.csv", "OUT=a")
    (True, False)
    """
    name = path.rpartition("/")[2]
    if name in code or (name in so_far and _INTO.search(code)):
        return True
    return any(fnmatchcase(name, pattern) for pattern in _patterns(code))


def few(paths: Sequence[str], most: int = 8) -> str:
    """Files in a row, the first of them by name.

    >>> few(["a", "b"]), few(["a", "b", "c"], 2)
    ('a, b', 'a, b and 1 more')
    """
    more = len(paths) - most
    return ", ".join(paths[:most]) + (f" and {more} more" if more > 0 else "")


@lru_cache(maxsize=64)
def _patterns(code: str) -> tuple[str, ...]:
    """Those that code names files by: asked of one cell for every file that is known."""
    return tuple(pattern for pattern in map(_pattern, _WORD.findall(code)) if pattern.strip("*?"))


def _pattern(word: str) -> str:
    """The last part of a path as a pattern; empty where it is none."""
    pattern = _OPEN.sub("*", word.rpartition("/")[2])
    return pattern if set("*?[").intersection(pattern) else ""
