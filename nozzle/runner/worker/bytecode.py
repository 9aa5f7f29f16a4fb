"""What stands in code, told without running it: names that it reads and sets, attributes, texts, imports."""

from __future__ import annotations

import ast
import dis
import hashlib
import re
import types
from collections.abc import Iterable, Iterator

_GLOBAL = ("NAME", "GLOBAL", "GLOBALS")
_word = re.compile(r"\w+")


def loaded(code: types.CodeType) -> set[str]:
    """Global names that code reads or takes away, with all that stands in it."""
    return set(_named(code, ("LOAD_", "DELETE_"), _GLOBAL))


def stored(code: types.CodeType) -> set[str]:
    """Global names that code sets."""
    return set(_named(code, ("STORE_",), _GLOBAL))


def attributes(code: types.CodeType) -> set[str]:
    """What code takes from values and modules by name."""
    return set(_named(code, ("LOAD_", "IMPORT_"), ("ATTR", "METHOD", "FROM")))


def names(code: types.CodeType) -> set[str]:
    """All that code names but for its own variables: global names, attributes that it takes or sets, modules."""
    within = (each for each in code.co_consts if isinstance(each, types.CodeType))
    return set(code.co_names).union(*map(names, within))


def texts(code: types.CodeType) -> Iterator[str]:
    """The texts that stand in code."""
    yield from _texts(code.co_consts)


def words(said: Iterable[str]) -> set[str]:
    """All words in texts."""
    return {word for text in said for word in _word.findall(text)}


def imported_first(source: str) -> set[str]:
    """Names that the first lines import: what they meant before is not read."""
    found: set[str] = set()
    for each in ast.parse(source).body:
        if not isinstance(each, (ast.Import, ast.ImportFrom)):
            break
        found |= {alias.asname or alias.name.split(".")[0] for alias in each.names}
    return found


def set_on(source: str) -> Iterator[list[str]]:
    """The dotted names that a source sets or takes away, part by part: `np.random.x = 1` is np, random, x."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and not isinstance(node.ctx, ast.Load):
            parts, inner = [node.attr], node.value
            while isinstance(inner, ast.Attribute):
                parts, inner = [inner.attr, *parts], inner.value
            if isinstance(inner, ast.Name):
                yield [inner.id, *parts]


def called_first(source: str) -> Iterator[str]:
    """What a source calls with plain values before it does anything else, by its full name as far as it imports that:
    `import numpy as np; np.random.seed(1)` is numpy.random.seed."""
    modules: dict[str, str] = {}
    for each in ast.parse(source).body:
        if isinstance(each, ast.Import):
            modules |= {alias.asname: alias.name for alias in each.names if alias.asname}
        elif isinstance(each, ast.ImportFrom):
            modules |= {alias.asname or alias.name: f"{each.module}.{alias.name}" for alias in each.names}
        elif isinstance(each, ast.Expr) and isinstance(each.value, ast.Call) and _is_plain(*each.value.args):
            first, *rest = ast.unparse(each.value.func).split(".")
            yield ".".join([modules.get(first, first), *rest])
        elif not (isinstance(each, ast.Assign) and _is_plain(each.value, *each.targets)):
            return


def _is_plain(*nodes: ast.AST) -> bool:
    return all(isinstance(each, (ast.Name, ast.Constant)) for each in nodes)


def digest(code: types.CodeType) -> str:
    """What code does, whatever it is called and wherever it stands."""
    consts = [digest(each) if isinstance(each, types.CodeType) else repr(each) for each in code.co_consts]
    given = (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags)
    what = (code.co_code, consts, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars, given)
    return hashlib.sha256(repr(what).encode()).hexdigest()


def _named(code: types.CodeType, begin: tuple[str, ...], end: tuple[str, ...]) -> Iterator[str]:
    """What the instructions name whose own names begin and end so."""
    for step in dis.get_instructions(code):
        if step.opname.startswith(begin) and step.opname.endswith(end):
            yield str(step.argval)
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield from _named(each, begin, end)


def _texts(values: object) -> Iterator[str]:
    for each in values if isinstance(values, (tuple, frozenset)) else ():
        if isinstance(each, str):
            yield each
        else:
            yield from _texts(each.co_consts if isinstance(each, types.CodeType) else each)
