"""Code -> HTML with classes. Pygments colours; what was coloured once is not coloured again."""

import re
from functools import lru_cache
from html import escape
from typing import Any

_ALIASES = {"ipython": "python", "ipython3": "python", "py": "python", "pytb": "pytb", "mlir": "llvm", "jsonc": "json"}
_PLAIN = frozenset(("", "text", "txt", "plain", "plaintext", "none", "output"))


@lru_cache(maxsize=4096)
def coloured(lang: str, source: str) -> str:
    """Return code as HTML; an unknown language is shown in one colour."""
    name = _ALIASES.get(lang.lower(), lang.lower())
    if name in _PLAIN or len(source) > 400_000:
        return escape(source, quote=False)
    return _spans(name, source)


def _spans(name: str, source: str) -> str:
    from pygments.lexers import get_lexer_by_name
    from pygments.util import ClassNotFound

    try:
        lexer = get_lexer_by_name(name, stripnl=False)
    except ClassNotFound:
        return escape(source, quote=False)
    parts: list[str] = []
    run, style = "", ""
    for kind, value in lexer.get_tokens(source):
        name = _style(kind) if value.strip() else style
        if name != style:
            parts.append(_span(style, run))
            run, style = "", name
        run += value
    parts.append(_span(style, run))
    html = "".join(parts)
    if source.endswith("\n"):
        return html
    last = html.rindex("\n")  # a lexer wants every line ended: a comment on the last one is none else
    return html[:last] + html[last + 1 :]


def _style(kind: Any) -> str:
    from pygments.token import STANDARD_TYPES

    while kind not in STANDARD_TYPES:
        kind = kind.parent
    return STANDARD_TYPES[kind]


def _span(style: str, run: str) -> str:
    if not run:
        return ""
    if style in _UNCOLOURED:
        return escape(run, quote=False)
    # a span that ends on its line can be numbered and marked line by line
    rows = (f'<span class="{style}">{escape(row, quote=False)}</span>' if row else "" for row in run.split("\n"))
    return "\n".join(rows)


_UNCOLOURED = frozenset(("", "w", "n", "p", "nx", "x", "g"))
_LINE = re.compile(r"\n")


def lines(html: str, first: int, numbered: bool, marked: frozenset[int]) -> str:
    """Put every line of coloured code in a span of its own, numbered or marked."""
    rows = _LINE.split(html.removesuffix("\n"))
    return "\n".join(_row(row, first + at, numbered, at + 1 in marked) for at, row in enumerate(rows))


def _row(row: str, number: int, numbered: bool, marked: bool) -> str:
    style = "line marked" if marked else "line"
    count = f' data-line="{number}"' if numbered else ""
    return f'<span class="{style}"{count}>{row}</span>'
