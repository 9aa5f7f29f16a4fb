"""The top-level blocks of a text, exactly as markdown-it-py finds them, at a fraction of the cost.

* Most blocks need no parser. A paragraph whose every line starts with a character that can open nothing else, a
  heading, a rule, a fence, a comment, a plain list, quote, table or formula: an expression says where each ends.
  Whatever could be a second thing (the header of a table holds a `|`, a target ends in `)=`) is left to markdown-it.
* The rest goes to markdown-it's own rules, over a window that ends at a blank line and grows until the block ends
  before a further line of text inside it: then the lines beyond could not have been part of it. Only `$$` looks
  further: it finds no end and is a paragraph. Then the window grows to the next line that could be its end.

It refuses to guess: an expression here may match too little, never something else than markdown-it's rules would.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator
from functools import cache, cached_property
from typing import NamedTuple

from nozzle.document.window import Found, Window

WINDOW = 1000
"""Characters given to markdown-it at first, for a block that needs it."""


class Top(NamedTuple):
    """A top-level block: the type of its opening token and its lines, half-open, as markdown-it's `token.map`."""

    kind: str
    start: int
    stop: int
    info: str = ""
    """Of a fence: what stands behind its marker, as it is written."""
    markup: str = ""
    """Of a fence or a heading: its marker."""


# What a line may begin with, at any depth, and be nothing but a paragraph's: not the start of another block, not the
# underline of a heading, not the second row of a table. \s, because a target may be indented with any white space.
_TEXT = r"""(?: [^\s`~:|<>\#*+_=0-9%($\[-]
  | \*++[^\s*] | _++[^\s_] | =++[^\s=] | \#++[^\s\#] | \+[^\s+] | -++[^\s:|-]
  | `{1,2}+(?!`) | ~{1,2}+(?!~) | :{1,2}+[^\s:|-] | [0-9]++(?![.)]) | \((?![^\n]*\)=) | \[[^][\\\n]*+\](?!:) )"""
_FIRST = rf"(?:{_TEXT}|\$(?!\$))[^\n]*\n"
_MORE = rf"(?:[ \t]*+(?:{_TEXT}|[$[])[^\n]*\n)*+"
_GAP = r"(?:[ \t]*+\n)"
_LAST = rf"(?={_GAP}|\Z)"
_TAG = "(?:details|summary|div|p|table|thead|tbody|tr|td|th|ul|ol|li|h[1-6]|section|figure|figcaption|center)"
# What ends a paragraph without a blank line, for certain.
_NEXT = r"(?=[*+-][ ]+[^\s] | 1[.)][ ]+[^\s] | `{3}[^`\n]*\n | ~{3} | :{3} | \#{1,6}[ ] | > | <!--)"


def _list(name: str, marker: str, same: str, any_of_kind: str, spaces: int, deeper: int) -> str:
    """A list of paragraphs with that many spaces behind its markers, up to a line that can be no part of it."""
    space, inner = f"[ ]{{{spaces}}}", rf"[ ]{{{deeper},}}(?:[*+-]|[0-9]{{1,9}}[.)])[ ]{{1,4}}{_FIRST}{_MORE}"
    return rf"""(?P<{name}{spaces}>{marker}{space}{_FIRST}{_MORE}
        (?:{inner} | {_GAP}*+{same}{space}{_FIRST}{_MORE})*+
        (?:{_GAP}*+\Z | {_GAP}++(?![ \t]|{any_of_kind})))"""


_BLOCK = re.compile(
    rf"""
    [ ]{{0,3}}(?:
        (?P<paragraph_open>{_FIRST}{_MORE}(?:{_LAST}|{_NEXT}))
      | (?P<heading_open>(?P<level>\#{{1,6}})(?:[ \t][^\n|]*)?\n)
      | (?P<fence>(?P<marker>`{{3,}}(?=[^`\n]*\n)|~{{3,}}+)(?P<info>[^\n|]*)\n)
      | (?P<colon_fence>(?P<colons>:{{3,}}+)(?P<name>[^\n|]*)\n)
      | (?P<math_block>\$\$[ \t]*+\n)
      | (?P<comment><!--[^\n|]*\n)
      | (?P<html_block></?{_TAG}(?=[\s>]|/>)[^\n|]*\n (?:(?!{_GAP})[^\n]+\n)*+)
      | (?P<setext>(?![^\n]*\|){_TEXT}[^\n]*\n[ ]{{0,3}}(?P<line>-|=)(?P=line)*+[ \t]*\n)
      | (?P<myst_target>\([^\n|]+\)=[ \t]*\n)
      | (?P<myst_block_break>\+{{3}}[^\n|]*\n)
      | (?P<myst_line_comment>%[^\n|]*\n (?:[ \t]*+%[^\n]*\n)*+)
      | (?P<hr>(?:(?:-[ \t]*+){{3,}}+|(?:\*[ \t]*+){{3,}}+|(?:_[ \t]*+){{3,}}+)\n))
  | (?P<blockquote_open>
        (?:>[^\n]*\n(?=>))*+>[^\n]*(?:[^\s>*+.)-]|[^\s>0-9][0-9]*+[.)])[ \t]*\n{_LAST})
  | (?P<table_open>
        (?P<header>\|[^\n\\]*\|)[ \t]*\n (?P<rule>\|(?:[ \t]*:?-+:?[ \t]*\|)++)[ \t]*\n (?:\|[^\n]*\n)*+{_LAST})
    """,
    re.VERBOSE,
)
_MARKERS = "*+-0123456789"
"""What a list begins with."""
_CELLS = 0x10000
"""Beyond as many, markdown-it may end a table early."""
_BLANKS = re.compile(rf"{_GAP}*+")
_BLANK = re.compile(r"\n[ \t]*+\n")
_FRONT = re.compile(r"(-{3,})[^\n]*\n")


class Source:
    """The text as markdown-it normalises it, ending in a newline."""

    def __init__(self, text: str) -> None:
        self.text = _complete(_normal(text))
        self._window: Window | None = None

    def blocks(self, rows: list[str], line: int) -> Iterator[tuple[Top, bool]]:
        """Yield the blocks from a line that is known to be a boundary, and whether any later line could change them."""
        position = len(_normal("".join(rows[:line])))
        while True:
            start = _end(_BLANKS, self.text, position)
            if start >= len(self.text):
                return
            line += self.text.count("\n", position, start)
            found = self._block(start)
            stop = line + self.text.count("\n", start, found.end)
            if found.kind:
                yield Top(found.kind, line, stop, found.info, found.markup), found.loose
            position, line = found.end, stop

    def _block(self, start: int) -> Found:
        if start == 0 and self._dashed:
            return self._front()
        found = _BLOCK.match(self.text, start)
        if found is None and self.text[start] in _MARKERS:
            found = _lists().match(self.text, start)
        if found is None:
            return self._parsed(start)
        kind, stop = str(found.lastgroup).rstrip("1234"), found.end()
        match kind:
            case "fence":
                return self._fenced(kind, stop, found["info"], found["marker"])
            case "colon_fence":
                return self._fenced(kind, stop, found["name"], found["colons"])
            case "comment":
                return Found("html_block", self._after("-->", start))
            case "setext":
                return Found("heading_open", stop, markup=found["line"])
            case "heading_open":
                return Found(kind, stop, markup=found["level"])
            case "math_block":
                return self._formula(start, stop)
            case "table_open":
                columns, rows = found["header"].count("|"), self.text.count("\n", start, stop)
                if columns != found["rule"].count("|") or columns * rows > _CELLS:
                    return self._parsed(start)
        return Found(kind, stop)

    @property
    def _dashed(self) -> bool:
        """The first line may open front matter, even in a list there, and then it ends anywhere."""
        return self.text.startswith("-") and "--" in self.text[: self.text.index("\n")]

    def _front(self) -> Found:
        opened = _FRONT.match(self.text)
        closed = opened and _front_end(len(opened[1])).search(self.text, opened.end() - 1)
        return (
            Found("front_matter", closed.end())
            if closed
            else Window(self.text, 0, len(self.text)).block(0)._replace(loose=True)
        )

    def _formula(self, start: int, opened: int) -> Found:
        closed = _DOLLARS.search(self.text, opened)
        if closed is None:
            return self._parsed(start)
        return Found("math_block_label" if closed["label"] else "math_block", closed.end() + 1)

    def _fenced(self, kind: str, opened: int, info: str, marker: str) -> Found:
        closed = _fence_end(marker[0], len(marker)).search(self.text, opened - 1)
        return Found(kind, closed.end() if closed else len(self.text), info, marker)

    def _after(self, word: str, start: int) -> int:
        """The end of the first line that holds a word; the end of the text when none does."""
        found = self.text.find(word, start)
        return self.text.index("\n", found) + 1 if found >= 0 else len(self.text)

    def _parsed(self, start: int) -> Found:
        """Let markdown-it parse one block, over a window that decides it."""
        window = self._window
        if window is None or not window.start <= start < window.stop:
            window = self._opened(start, WINDOW)
        while True:
            found, size = window.block(start), max(WINDOW, window.stop - start)
            if window.stop == len(self.text):
                return found
            if _end(_BLANKS, self.text, found.end) >= window.stop:
                window = self._opened(start, 4 * size)
            elif found.loose and (further := self._dollars_after(window.stop)):
                window = self._opened(start, max(2 * size, further - start))
            else:
                return found

    def _opened(self, start: int, size: int) -> Window:
        """Open a window of at least that size that ends at a blank line; it serves the blocks below as well."""
        blank = _BLANK.search(self.text, start + size)
        self._window = Window(self.text, start, blank.end() if blank else len(self.text))
        return self._window

    def _dollars_after(self, position: int) -> int:
        """The end of the first line from here on that could close a `$$`; 0 when there is none."""
        place = bisect_right(self._dollars, position)
        return self._dollars[place] if place < len(self._dollars) else 0

    @cached_property
    def _dollars(self) -> list[int]:
        return [found.end() for found in _DOLLARS.finditer(self.text)]


# The end of a line that closes a `$$`: it ends in them, or in them and a label.
_DOLLARS = re.compile(r"\$\$(?P<label>[^\S\n]*\([^)$\n]+\))?[^\S\n]*$", re.MULTILINE)


def _end(pattern: re.Pattern[str], text: str, position: int) -> int:
    found = pattern.match(text, position)
    return found.end() if found else position


def _normal(text: str) -> str:
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return text.replace("\0", "\ufffd")


def _complete(text: str) -> str:
    """End the text in a newline; a last line of spaces alone is none to markdown-it, without one it may even fail."""
    bare = text.rstrip(" \t")
    if not bare or bare.endswith("\n"):
        return bare
    return text + "\n" if not text.endswith("\n") else text


@cache
def _lists() -> re.Pattern[str]:
    """Compiled once a list is met: it is as large as all the rest."""
    bullets = (_list("bullet_list_open", rf"(?P<b{n}>[*+-])", rf"(?P=b{n})", r"[*+-]", n, n + 1) for n in range(1, 5))
    numbers = (
        _list("ordered_list_open", rf"[0-9]{{1,2}}(?P<n{n}>[.)])", rf"[0-9]{{1,2}}(?P=n{n})", "[0-9]", n, n + 3)
        for n in range(1, 5)
    )
    return re.compile("|".join((*bullets, *numbers)), re.VERBOSE)


@cache
def _front_end(dashes: int) -> re.Pattern[str]:
    return re.compile(rf"\n(?:\.\.\.| {{0,3}}-{{{dashes},}})[ \t]*\n")


@cache
def _fence_end(character: str, length: int) -> re.Pattern[str]:
    return re.compile(rf"\n {{0,3}}{character}{{{length},}}[ \t]*\n")
