"""Functions inside a function, `def` and `lambda`: inlined where they are called.

Python looks up what such a function reads from around it when it is called; here it has what stood there when it was
defined. The two are the same where none of that is bound again later: where it is, the function is refused.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from nozzle.aot.build import Refuse, Value
from nozzle.aot.frontend import scope
from nozzle.aot.names import INNER, bound, reads
from nozzle.aot.source import Source

if TYPE_CHECKING:
    from nozzle.aot.frontend.walker import Walker

TURNS = (ast.For, ast.While, *(one for one in INNER if one not in (ast.FunctionDef, ast.Lambda)))
AGAIN = "pass it as an argument, or give what is bound later another name"


@dataclass(frozen=True, slots=True, eq=False)
class Helper:
    """A function that another one defines, and what it read from around it then."""

    within: Callable[..., Any]
    """The function of the author's that it stands in: what it reads from outside, it reads where that does."""
    source: Source
    signature: inspect.Signature
    around: dict[str, Value]

    @property
    def __name__(self) -> str:
        return self.source.tree.name

    def __repr__(self) -> str:
        return f"the function {self.__name__}"


def defined(w: Walker, node: ast.FunctionDef) -> None:
    if node.decorator_list:
        raise Refuse("a decorator", "define the function without it, and call it")
    w.names[node.name] = helper(w, node)


def anonymous(w: Walker, node: ast.Lambda) -> Helper:
    body = ast.copy_location(ast.Return(node.body), node.body)
    made = ast.parse("def f(): pass").body[0]
    assert isinstance(made, ast.FunctionDef)
    made.name, made.args, made.body = "lambda", node.args, [body]
    return helper(w, ast.copy_location(made, node), node)


def helper(w: Walker, node: ast.FunctionDef, written: ast.AST | None = None) -> Helper:
    """A function as it was `written`; what is not kept in the tree is a lambda's own definition."""
    at = written or node
    if any(isinstance(one, TURNS) and any(each is at for each in ast.walk(one)) for one in ast.walk(w.source.tree)):
        raise Refuse("a function made in a loop", "define it before the loop, and pass it what changes")
    own = bound(node.body).keys() | {one.arg for one in ast.walk(node.args) if isinstance(one, ast.arg)}
    there, now = bound(w.source.tree.body), bound([w.statement]).keys() - {node.name}
    end = node.end_lineno or node.lineno, node.end_col_offset or 0
    free = set().union(*map(reads, node.body)) - own
    if node.name in free:
        raise Refuse(f"{node.name} calls itself", "write it as a loop")
    around = {}
    for name in sorted(free & (w.names.keys() | there.keys())):
        if there.get(name, end) > end or name in now:
            raise Refuse(f"{name}, which {node.name} reads, is bound again behind it", AGAIN)
        around[name] = scope.lookup(w, ast.copy_location(ast.Name(name, ast.Load()), node))
    return Helper(w.function, replace(w.source, tree=node), _signature(w, node.args), around)


def _signature(w: Walker, given: ast.arguments) -> inspect.Signature:
    kind = inspect.Parameter
    plain = [*given.posonlyargs, *given.args]
    defaults: list[Value] = [kind.empty] * (len(plain) - len(given.defaults)) + [w.value(one) for one in given.defaults]
    found = [
        kind(
            one.arg, kind.POSITIONAL_ONLY if at < len(given.posonlyargs) else kind.POSITIONAL_OR_KEYWORD, default=value
        )
        for at, (one, value) in enumerate(zip(plain, defaults, strict=True))
    ]
    if given.vararg:
        found.append(kind(given.vararg.arg, kind.VAR_POSITIONAL))
    for one, default in zip(given.kwonlyargs, given.kw_defaults, strict=True):
        found.append(kind(one.arg, kind.KEYWORD_ONLY, default=kind.empty if default is None else w.value(default)))
    if given.kwarg:
        found.append(kind(given.kwarg.arg, kind.VAR_KEYWORD))
    return inspect.Signature(found)
