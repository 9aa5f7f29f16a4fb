"""Which cells a name comes from: definitions and uses read off the code, and the cells that a failure rests on.

Read, not run: a name made by exec or a star import is not seen, and an attribute set on an object counts as a change
of that object. A cell that does not parse defines nothing and uses every word in it.
"""

import ast
import difflib
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from nozzle.document.entry import Cell, Entry

CHANGING = {
    "append", "extend", "insert", "pop", "update", "clear", "sort", "remove", "setdefault", "fill", "resize", "add",
    "discard", "reverse", "write", "fit",
}  # fmt: skip
"""Methods that change what they are called on."""

_word = re.compile(r"[A-Za-z_]\w*")
_shell_name = re.compile(r"^\s*(?:export\s+|local\s+)?([A-Za-z_]\w*)=", re.M)


@dataclass(frozen=True, slots=True)
class Names:
    """Of one cell."""

    defines: frozenset[str]
    uses: frozenset[str]


@dataclass(frozen=True, slots=True)
class Change:
    """A cell as it was and as it is; one of the two may be missing."""

    old: Cell | None
    new: Cell | None

    @property
    def cell(self) -> Cell:
        found = self.new or self.old
        assert found is not None, "a change is of something"
        return found

    def diff(self) -> list[str]:
        """What was edited, as a patch without its head."""
        before = self.old.body.split("\n") if self.old else []
        after = self.new.body.split("\n") if self.new else []
        return [
            row for row in difflib.unified_diff(before, after, n=1, lineterm="") if not row.startswith(("---", "+++"))
        ]

    def names(self) -> frozenset[str]:
        """What the statements define that were edited; where they define nothing, all that the cell does."""
        old, new = (_statements(cell) if cell else {} for cell in (self.old, self.new))
        edited = (node for text, node in {**old, **new}.items() if not (text in old and text in new))
        reader = _Reader()
        for node in edited:
            reader.visit(node)
        whole = (names(cell).defines for cell in (self.old, self.new) if cell)
        return frozenset(reader.defines) or frozenset().union(*whole)


def _statements(cell: Cell) -> dict[str, ast.stmt]:
    """The top-level statements of a cell; none of one that is not Python."""
    tree = _tree(cell.body) if cell.language == "python" else None
    return {ast.dump(node): node for node in tree.body} if tree else {}


def names(cell: Cell) -> Names:
    """What a cell defines and uses."""
    return _names(cell.language, cell.body)


@lru_cache(maxsize=4096)
def _names(language: str, body: str) -> Names:
    if language != "python":
        return Names(frozenset(_shell_name.findall(body)), frozenset(_word.findall(body)))
    if (tree := _tree(body)) is None:
        return Names(frozenset(), frozenset(_word.findall(body)))
    reader = _Reader()
    reader.visit(tree)
    return Names(frozenset(reader.defines), frozenset(reader.uses))


def code(entry: Entry, language: str) -> list[str]:
    """The code of an entry in a language, cell by cell."""
    return [cell.body for cell in entry.cells if cell.language == language]


def _tree(body: str) -> ast.Module | None:
    """The code of a cell; None when it does not parse."""
    try:
        return ast.parse("\n".join("" if row.lstrip().startswith(("%", "!")) else row for row in body.split("\n")))
    except (SyntaxError, ValueError):
        return None


class _Reader(ast.NodeVisitor):
    """Top-level definitions; every name that is read, in functions too."""

    def __init__(self) -> None:
        self.defines: set[str] = set()
        self.uses: set[str] = set()
        self._depth = 0

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.uses.add(node.id)
        elif not self._depth:
            self.defines.add(node.id)

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> None:
        if not self._depth:
            self.defines.add(node.name)
        self._depth += 1
        self.generic_visit(node)
        self._depth -= 1

    visit_AsyncFunctionDef = visit_ClassDef = visit_FunctionDef

    def visit_Import(self, node: ast.Import | ast.ImportFrom) -> None:
        if not self._depth:
            self.defines |= {(alias.asname or alias.name).split(".")[0] for alias in node.names}

    visit_ImportFrom = visit_Import

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.generic_visit(node)
        if isinstance(node.target, ast.Name):
            self.uses.add(node.target.id)

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        changes = isinstance(node.func, ast.Attribute) and node.func.attr in CHANGING
        if changes and not self._depth and isinstance(node.func, ast.Attribute):
            self._changed(node.func.value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load) and not self._depth:
            self._changed(node.value)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.generic_visit(node)
        if not isinstance(node.ctx, ast.Load) and not self._depth:
            self._changed(node.value)

    def _changed(self, node: ast.expr) -> None:
        if isinstance(node, ast.Name):
            self.defines.add(node.id)


def behind(cells: Sequence[Cell], at: Cell, wanted: Iterable[str]) -> list[Cell]:
    """The cells above `at` that what it needs rests on, nearest first."""
    needs = set(wanted) or set(names(at).uses)
    found = []
    above = [cell for cell in cells if cell.runs and cell.span.start < at.span.start]
    for cell in reversed(above):
        here = names(cell)
        if needs & here.defines:
            found.append(cell)
            needs |= here.uses
    return found


def changes(old: Entry, new: Entry) -> list[Change]:
    """The cells that differ between two texts of an entry, in text order; a comment's edit is none."""
    before = [cell for cell in old.cells if cell.runs]
    after = [cell for cell in new.cells if cell.runs]
    matcher = difflib.SequenceMatcher(None, [c.digest for c in before], [c.digest for c in after], autojunk=False)
    found = []
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind != "equal":
            found += _paired(before[a:b], after[c:d])
    return found


def _paired(old: Sequence[Cell], new: Sequence[Cell]) -> list[Change]:
    """By label where there is one (those that share one in order), else in order."""
    both = {cell.label for cell in old} & {cell.label for cell in new} - {""}
    labels = {label: [cell for cell in old if cell.label == label] for label in both}
    rest = [cell for cell in old if cell.label not in both]
    found = []
    for cell in new:
        likes = labels.get(cell.label, []) if cell.label else rest
        found.append(Change(likes.pop(0) if likes else None, cell))
    gone = [cell for cell in old if any(cell is each for likes in (*labels.values(), rest) for each in likes)]
    return [*found, *(Change(cell, None) for cell in gone)]
