"""The normal form of a Python cell: comments, blank lines and spacing away, all that can change what it means kept.

Two cells with one form do the same; a cell keeps its form while the author only tidies it. The form must be the same
under every Python, so it is made by expressions of our own: `tokenize` and `ast` differ between versions. What a cell
means to IPython counts too: a `;` at the end stays, magics and prompts are not ours to read.

It refuses to be clever: names, numbers and strings stay as they are written, and a cell that holds anything unsure
(magics, an unclosed bracket or string, indentation that Python would refuse) counts as it is, letter by letter.
"""

import re
from collections.abc import Iterator

_RAW = "raw:"  # no other form begins so: in those a space stands between a name and a colon

_NAME = r"[A-Za-z0-9_\x80-\U0010ffff]"  # more than Python's names, so that no Unicode table matters
_PREFIX = r"(?:[rR][bBfFtT]?|[bBfFtT][rR]?|[uU])?"
_DIGITS = r"[0-9](?:_?[0-9])*"
_TOKEN = re.compile(
    rf"""
    (?P<space>[ \t]+) | (?P<comment>\#[^\n]*) | (?P<join>\\\n) | (?P<newline>\n)
  | (?P<string>{_PREFIX}(?:\"\"\"|'''|"|'))
  | (?P<number>(?>0[xX](?:_?[0-9a-fA-F])+ | 0[oO](?:_?[0-7])+ | 0[bB](?:_?[01])+
      | (?:{_DIGITS}(?:\.(?:{_DIGITS})?)? | \.{_DIGITS})(?:[eE][+-]?{_DIGITS})?[jJ]?)(?!{_NAME}|["']))
  | (?P<name>(?![0-9]){_NAME}+)
  | (?P<open>[(\[{{]) | (?P<close>[)\]}}])
  | (?P<operator>\*\*=? | //=? | <<=? | >>=? | -> | := | <> | \.\.\. | [-+*/%&|^@=<>]= | != | [-+*/%&|^@=<>~.,:;])
    """,
    re.VERBOSE,
)
# Prompts, which IPython strips before Python sees the cell, and what it takes for ends of lines though Python does not.
_IPYTHON = re.compile(
    r"[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]|^\s*>>>|^\.\.\.(?: |$)|^\s*\.{3,}:|^In \[\d+\]: ", re.MULTILINE
)
_STRING = {
    quote: re.compile(rf"(?:[^\\{quote[0]}{end}]++|\\.{more})*+{quote}", re.DOTALL)
    for quote, end, more in (
        ('"', r"\n", ""),
        ("'", r"\n", ""),
        ('"""', "", '|"(?!"")'),
        ("'''", "", "|'(?!'')"),
    )
}
_SPECIAL = re.compile(r"""[{}\\\n"']""")
_STARTS = {"+", "-", "~", "@", "*", "..."}
_PAIRS = {")": "(", "]": "[", "}": "{"}
_DEEPEST = 40


class _Unsure(Exception):
    """Not certainly Python as every version reads it."""


def python_form(source: str) -> str:
    """Return the normal form of a cell.

    >>> python_form("x=1 # one") == python_form("x = 1")
    True
    >>> python_form("%time x")
    'raw:%time x'
    """
    source = source.replace("\r\n", "\n")
    try:
        return "\n".join(_lines(source))
    except _Unsure:
        return _RAW + source


def _lines(source: str) -> Iterator[str]:
    """The logical lines, each as its tokens with a space between, behind as many spaces as its level."""
    blank = source[: len(source) - len(source.lstrip())]
    if blank.rpartition("\n")[2] or _IPYTHON.search(source):
        raise _Unsure  # IPython takes an indented first line's indentation from all lines
    indents = [(0, 0)]
    for indent, tokens in _logical(source):
        yield " " * _level(indents, indent) + " ".join(tokens)


def _logical(source: str) -> Iterator[tuple[str, list[str]]]:
    """Each logical line: its indentation as written, its tokens."""
    place, brackets = 0, list[str]()
    indent, tokens, last = "", list[str](), "newline"
    while place < len(source):
        found = _TOKEN.match(source, place)
        if found is None or (last == "join" and found.lastgroup in ("comment", "newline", "join")):
            raise _Unsure
        kind, text, place = str(found.lastgroup), found[0], found.end()
        if kind == "newline" and not brackets:
            if tokens:
                yield indent, tokens
            indent, tokens = "", []
        elif kind == "space":
            if last == "newline" and not tokens:
                indent = text
            continue
        elif kind not in ("newline", "comment", "join"):
            if kind == "string":
                place = _string_end(source, place, text, 0)
                text = source[found.start() : place]
            _bracket(brackets, kind, text)
            _magic(tokens, kind, text)
            tokens.append(text)
        elif kind == "join" and not tokens:
            raise _Unsure
        last = kind
    if brackets or last == "join":
        raise _Unsure
    if tokens:
        yield indent, tokens


def _bracket(brackets: list[str], kind: str, text: str) -> None:
    if kind == "open":
        brackets.append(text)
    elif kind == "close" and (not brackets or brackets.pop() != _PAIRS[text]):
        raise _Unsure


def _magic(tokens: list[str], kind: str, text: str) -> None:
    """Refuse what IPython reads otherwise: `%x`, `/f x` at the start of a line, `a = %x`; `!`, `?` are no tokens."""
    if kind == "operator" and (text not in _STARTS if not tokens else text == "%" and tokens[-1] == "="):
        raise _Unsure


def _level(indents: list[tuple[int, int]], indent: str) -> int:
    """The depth of a line, counting columns as Python does: tabs to 8, and once more to 1, which must agree."""
    here = len(indent.expandtabs(8)), len(indent)
    if here[0] > indents[-1][0] and here[1] > indents[-1][1]:
        indents.append(here)
    while here[0] < indents[-1][0]:
        indents.pop()
    if here != indents[-1]:
        raise _Unsure
    return len(indents) - 1


def _string_end(source: str, place: int, opening: str, depth: int) -> int:
    """Where the string ends that opened right before `place`."""
    prefix = opening.rstrip("\"'")
    quote = opening[len(prefix) :]
    if depth > _DEEPEST:
        raise _Unsure
    if not set(prefix) & set("fFtT"):
        if found := _STRING[quote].match(source, place):
            return found.end()
        raise _Unsure
    while found := _SPECIAL.search(source, place):
        text, place = found[0], found.end()
        doubled = source.startswith(text, place)
        if text == quote[0] and source.startswith(quote, place - 1):
            return place - 1 + len(quote)
        if text in "{}" and doubled:
            place += 1
        elif text == "{":
            place = _field_end(source, place, quote, depth)
        elif text == "\\":
            place = _escape_end(source, place, "r" in prefix.lower())
        elif text == "}" or (text == "\n" and len(quote) == 1):
            raise _Unsure
    raise _Unsure


def _escape_end(source: str, place: int, raw: bool) -> int:
    """Where the text of an f-string goes on after a backslash."""
    after = source[place : place + 1]
    if after in ("{", "}"):
        if not raw:
            raise _Unsure
        return place
    if not raw and source.startswith("N{", place):
        return source.find("}", place) + 1 or len(source)
    return place + 1


def _field_end(source: str, place: int, quote: str, depth: int) -> int:
    """Where the replacement field of an f-string ends; inside it, quotes may be those of the string around it."""
    brackets = list[str]()
    while place < len(source):
        if source[place] == "}" and not brackets:
            return place + 1
        if source[place] == ":" and not brackets:
            return _format_end(source, place + 1, quote, depth)
        if source[place] == "!":
            place += 1
            continue
        found = _TOKEN.match(source, place)
        if found is None:
            raise _Unsure
        place = found.end()
        if found.lastgroup == "string":
            place = _string_end(source, place, found[0], depth + 1)
        _bracket(brackets, str(found.lastgroup), found[0])
    raise _Unsure


def _format_end(source: str, place: int, quote: str, depth: int) -> int:
    """Where a field ends whose format begins at `place`; fields inside the format are fields."""
    if depth > _DEEPEST:
        raise _Unsure
    while found := _SPECIAL.search(source, place):
        text, place = found[0], found.end()
        if text == "}":
            return place
        if text in "\\\n" or source.startswith("{{", place - 1) or source.startswith(quote, place - 1):
            raise _Unsure
        if text == "{":
            place = _field_end(source, place, quote, depth + 1)
    raise _Unsure
