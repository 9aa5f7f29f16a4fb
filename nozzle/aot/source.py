"""The source of a function as a syntax tree that knows its file and lines; and errors that point into it."""

from __future__ import annotations

import ast
import inspect
import linecache
import textwrap
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from nozzle.aot.graph import Loc
from nozzle.errors import Refused


class NotAdmissible(Refused):
    """This cannot be compiled: where, why, and what to write instead."""

    def __init__(self, loc: Loc, reason: str, instead: str = "") -> None:
        self.loc, self.reason, self.instead = loc, reason, instead
        lines = [f"{loc}: not admissible in a compiled function: {reason}"]
        if loc.text.strip():
            bare = loc.text.lstrip()
            lines += [f"    {bare}", "    " + " " * max(loc.column - 1 - (len(loc.text) - len(bare)), 0) + "^"]
        if instead:
            lines.append(f"  instead: {instead}")
        super().__init__("\n".join(lines))


class Sourceless(NotAdmissible):
    """There is no text of it to compile, as of what is typed at a plain Python prompt: it runs as Python."""


@dataclass(frozen=True, slots=True)
class Source:
    tree: ast.FunctionDef
    file: str
    line: int
    """What to add to a line of the tree."""
    column: int

    def loc(self, node: ast.AST) -> Loc:
        line = getattr(node, "lineno", 1) + self.line
        return Loc(
            self.file,
            line,
            getattr(node, "col_offset", 0) + 1 + self.column,
            linecache.getline(self.file, line).rstrip(),
        )


def source_of(function: Callable[..., Any]) -> Source:
    """Parse a function; NotAdmissible when it is a lambda, a generator, or async, Sourceless when it has no source."""
    code = function.__code__
    here = Loc(code.co_filename, code.co_firstlineno)
    try:
        lines, first = inspect.getsourcelines(function)
    except (OSError, TypeError) as error:
        raise Sourceless(here, "its source is not to be had", "define it in a file or a cell") from error
    text = "".join(lines)
    try:
        tree = ast.parse(textwrap.dedent(text)).body[0]
    except SyntaxError as error:
        raise NotAdmissible(
            here, "its source cannot be read alone", "define it with def, on lines of its own"
        ) from error
    if not isinstance(tree, ast.FunctionDef):
        raise NotAdmissible(here, "only functions made with def are compiled", "use def")
    indent = len(lines[0]) - len(lines[0].lstrip())
    return Source(tree, code.co_filename, first - 1, indent)
