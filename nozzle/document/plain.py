"""What the names of an entry are surely bound to: modules that were imported, and values of Python's and NumPy's own.

Read off the code, and never guessed: a name is plain when everything that any cell binds to it is. A method that looks
at a plain value may act where the value is somebody else's (`replace` of a string, and of a path).
"""

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

MAKES = frozenset(
    {
        "bool", "bytes", "complex", "dict", "enumerate", "float", "format", "frozenset", "int", "len", "list", "ord",
        "chr", "range", "read", "recall", "repr", "reversed", "set", "sorted", "str", "tuple", "zip",
    }
)  # fmt: skip
"""Functions whose results are plain, whatever they are given."""
STAYS = frozenset(
    {
        "capitalize", "copy", "count", "endswith", "find", "format", "index", "isdigit", "items", "join", "keys",
        "lower", "replace", "rstrip", "split", "splitlines", "startswith", "strip", "title", "tolist", "upper",
        "values", "zfill", "astype", "cumsum", "flatten", "ravel", "reshape", "round", "transpose",
    }
)  # fmt: skip
"""Methods of a plain value whose results are plain."""
ARRAYS = ("numpy", "math", "statistics")
"""Modules whose functions give plain values."""
_magic = re.compile(r"^\s*(?:%(?:matplotlib|config|load_ext|autoreload)\b|!).*$", re.M)


@dataclass(frozen=True, slots=True)
class Bound:
    """What names stand for."""

    modules: Mapping[str, str] = field(default_factory=dict)
    """Names that an import bound, and to what: `np` to `numpy`."""
    plain: frozenset[str] = frozenset()

    def all_plain(self, values: Iterable[ast.expr | None]) -> bool:
        """The same of all that a name is bound to; None stands for what nobody can tell."""
        return all(value is not None and self.is_plain(value) for value in values)

    def is_plain(self, node: ast.expr) -> bool:
        """Whether an expression is surely a value of Python's or NumPy's own."""
        match node:
            case ast.Constant() | ast.JoinedStr() | ast.Compare():
                return True
            case ast.List() | ast.Tuple() | ast.Set() | ast.Dict():
                return True
            case ast.ListComp() | ast.SetComp() | ast.DictComp():
                return True
            case ast.Name(id=name):
                return name in self.plain
            case ast.UnaryOp(operand=operand):
                return self.is_plain(operand)
            case ast.BinOp(left=left, right=right):
                return self.is_plain(left) and self.is_plain(right)
            case ast.IfExp(body=one, orelse=other):
                return self.is_plain(one) and self.is_plain(other)
            case ast.Call(func=ast.Name(id=name)):
                return name in MAKES
            case ast.Call(func=ast.Attribute(value=ast.Name(id=module), attr=_)) if module in self.modules:
                return self.modules[module] in ARRAYS
            case ast.Call(func=ast.Attribute(value=held, attr=name)):
                return name in STAYS and self.is_plain(held)
        return False


def bound(sources: Sequence[str]) -> Bound:
    """What the names of these cells stand for, all of them together; nothing where that cannot be read.

    >>> found = bound(["import numpy as np", "x = np.zeros(3); text = 'a'.upper(); p = open('a')"])
    >>> found.modules, sorted(found.plain)
    ({'np': 'numpy'}, ['text', 'x'])
    """
    values: dict[str, list[ast.expr | None]] = {}
    modules: dict[str, str] = {}
    for source in sources:
        try:
            tree = ast.parse(_magic.sub("", source))
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            return Bound(dict(modules))
        for name, value in _bindings(tree, modules):
            values.setdefault(name, []).append(value)
    if "*" in values:
        return Bound(modules)
    found = Bound(modules, frozenset(values) - MAKES)
    while lost := {name for name in found.plain if not found.all_plain(values[name])}:
        found = Bound(modules, found.plain - lost)
    return found


def _bindings(tree: ast.Module, modules: dict[str, str]) -> Iterator[tuple[str, ast.expr | None]]:
    """Each name that is bound anywhere, with what it is bound to; None where that is not plain to see, `*` where it
    could be any name."""
    simple: set[int] = set()
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                for each in names:
                    modules[each.asname or each.name.partition(".")[0]] = each.name
                    yield each.asname or each.name.partition(".")[0], None
            case ast.ImportFrom(module=module, names=names):
                for each in names:  # `from a import *` binds the name *
                    modules[each.asname or each.name] = f"{module}.{each.name}"
                    yield each.asname or each.name, None
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    if isinstance(target, ast.Name):
                        simple.add(id(target))
                        yield target.id, value
            case ast.AnnAssign(target=ast.Name() as target, value=ast.expr() as value):
                simple.add(id(target))
                yield target.id, value
            case ast.AugAssign(target=ast.Name() as target, value=value):
                simple.add(id(target))
                yield target.id, value
            case ast.Global(names=names) | ast.Nonlocal(names=names):
                yield from ((name, None) for name in names)
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, None
            case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
                yield name, None
            case ast.arg(arg=name):
                yield name, None
            case ast.Name(id="exec" | "eval" | "globals" | "vars" | "locals" | "setattr" | "get_ipython"):
                yield "*", None
            case _:
                continue
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and id(node) not in simple:
            yield node.id, None
