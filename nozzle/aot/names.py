"""Which names a block of statements sets, and which it reads before it sets them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence

INNER = (ast.FunctionDef, ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
"""What has names of its own."""
NOWHERE = (0, 0)
"""Before every place in a text."""


def assigned(body: Sequence[ast.stmt], is_array: Callable[[str], bool]) -> set[str]:
    """The names that are rebound; `x += y` on an array writes into it and rebinds nothing."""
    found = set()
    for node in (one for statement in body for one in ast.walk(statement)):
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name) and is_array(node.target.id):
            continue
        targets: list[ast.AST] = []
        if isinstance(node, ast.Assign):
            targets = list(node.targets)
        elif isinstance(node, (ast.AugAssign, ast.AnnAssign, ast.For)):
            targets = [node.target]
        elif isinstance(node, ast.Delete):
            targets = list(node.targets)
        for target in targets:
            found |= {
                one.id for one in ast.walk(target) if isinstance(one, ast.Name) and not isinstance(one.ctx, ast.Load)
            }
    return found


def bound(body: Sequence[ast.stmt]) -> dict[str, tuple[int, int]]:
    """The names that a function with this body has for its own, its arguments apart, and where each is bound last.

    Those of functions in it are not its own.

    >>> bound(ast.parse("x = 1; f = lambda y: y; x = 2").body)
    {'x': (1, 24), 'f': (1, 7)}
    """
    found: dict[str, tuple[int, int]] = {}
    for node in own(body):
        if isinstance(node, ast.FunctionDef):
            found[node.name] = max(found.get(node.name, NOWHERE), (node.lineno, node.col_offset))
        elif isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            found[node.id] = max(found.get(node.id, NOWHERE), (node.lineno, node.col_offset))
    return found


def own(body: Sequence[ast.stmt]) -> Iterator[ast.AST]:
    """All nodes of a function with this body that are its own: not what stands in functions in it, or comprehensions.

    >>> [node.id for node in own(ast.parse("[k for k in x]; f = lambda v: v").body) if isinstance(node, ast.Name)]
    ['f']
    """
    left: list[ast.AST] = [*reversed(body)]
    while left:
        node = left.pop()
        yield node
        if not isinstance(node, INNER):
            left += ast.iter_child_nodes(node)


def returns(statement: ast.stmt) -> bool:
    """Whether a function may end in a statement of its own."""
    return any(isinstance(node, ast.Return) for node in own([statement]))


def reads(node: ast.AST | None) -> set[str]:
    """The names that an expression or statement reads anywhere."""
    if node is None:
        return set()
    found = {one.id for one in ast.walk(node) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)}
    return found | {
        one.target.id for one in ast.walk(node) if isinstance(one, ast.AugAssign) and isinstance(one.target, ast.Name)
    }


def read_first(body: Sequence[ast.stmt], name: str) -> bool:
    """Whether a turn of the loop may read the name before it sets it.

    >>> read_first(ast.parse("y = x; x = 1").body, "x"), read_first(ast.parse("x = 1; y = x").body, "x")
    (True, False)
    """
    return _first(body, name) == "read"


def _first(body: Sequence[ast.stmt], name: str) -> str:
    """read, set, or nothing certain."""
    for statement in body:
        found = _of(statement, name)
        if found:
            return found
    return ""


def _of(statement: ast.stmt, name: str) -> str:
    if isinstance(statement, ast.If):
        if name in reads(statement.test):
            return "read"
        sides = {_first(statement.body, name), _first(statement.orelse, name)}
        return "read" if "read" in sides else "set" if sides == {"set"} else ""
    if isinstance(statement, (ast.For, ast.While)):
        head = statement.iter if isinstance(statement, ast.For) else statement.test
        if name in reads(head):
            return "read"
        if isinstance(statement, ast.For) and name in _stored(statement.target):
            return ""
        return "read" if _first(statement.body, name) == "read" else ""
    if name in reads(statement):
        return "read"
    targets = (
        statement.targets
        if isinstance(statement, ast.Assign)
        else [statement.target]
        if isinstance(statement, ast.AnnAssign)
        else []
    )
    return "set" if any(name in _stored(target) for target in targets) else ""


def _stored(target: ast.AST) -> set[str]:
    return {one.id for one in ast.walk(target) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
