"""A stranger's words, as a terminal may show them: what would move the cursor or hide something is spelled out.

Titles, paths and cells come with a repository. An escape sequence in one of them could draw another line than the one
that is there, and a mark that turns the direction of writing another program than the one that would run.
"""

import re
import unicodedata

import click

_UNSEEN = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Controls, formats (marks of direction, joiners, what has no width), halves of characters, separators of lines."""
_CSI = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")


def visible(text: str, lines: bool = False) -> str:
    r"""The text with nothing in it that a terminal obeys but tabs, and with `lines` the ends of lines.

    >>> visible("safe()\x1b[2K\r# not shown\n"), visible("a\u202eb")
    ('safe()\\x1b[2K\\r# not shown\\n', 'a\\u202eb')
    """
    if text.isprintable():
        return text
    kept = "\t\n" if lines else "\t"
    return "".join(char if char in kept or not _unseen(char) else _spelled(char) for char in text)


def echo(text: str, color: str = "", *, bold: bool = False, err: bool = False, lines: bool = False) -> None:
    """Show text that may hold a stranger's words."""
    shown = visible(text, lines)
    click.echo(click.style(shown, fg=color or None, bold=bold) if color or bold else shown, err=err)


def without_colors(text: str) -> str:
    """What a program prints, without the sequences by which it is coloured."""
    return _CSI.sub("", text) if "\x1b" in text else text


def _unseen(char: str) -> bool:
    return unicodedata.category(char) in _UNSEEN


def _spelled(char: str) -> str:
    return char.encode("unicode_escape").decode()
