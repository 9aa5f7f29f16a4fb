"""A text as lines, the way Markdown counts them: a line ends at \\r\\n, \\n or \\r and nowhere else.

`str.splitlines` also breaks at U+2028, form feeds and five more, which would shift every span below one of them.
Nothing here changes a byte: joining the lines gives the text back.
"""

from collections.abc import Iterable
from io import StringIO

from nozzle.errors import Unreadable


def split(text: str) -> list[str]:
    """Cut a text into lines that keep their ends.

    >>> split("a\\r\\nb\\u2028c\\rd")
    ['a\\r\\n', 'b\\u2028c\\r', 'd']
    """
    return StringIO(text, newline="").readlines()


def trimmed(rows: Iterable[str]) -> list[str]:
    """Lines right-stripped, without the blank ones around them.

    >>> trimmed(["\\n", "a \\n", "", "b", " "])
    ['a', '', 'b']
    """
    bare = [row.rstrip() for row in rows]
    said = [at for at, row in enumerate(bare) if row]
    return bare[said[0] : said[-1] + 1] if said else []


def decoded(content: bytes, where: str) -> str:
    """The text of an entry; Unreadable, with the line, when it is none."""
    try:
        return content.decode()
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise Unreadable(f"{where}:{line}: this is not UTF-8 text; save it as UTF-8, and it is read") from None


def eol(text: str) -> str:
    """Return the line ending of a text: the first one it uses, a plain newline when it has none."""
    feed, carriage = text.find("\n"), text.find("\r")
    if carriage < 0 or 0 <= feed < carriage:
        return "\n"
    return "\r\n" if feed == carriage + 1 else "\r"
