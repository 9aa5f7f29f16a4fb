"""Typed Python to a graph: the function's syntax tree is walked once with types in place of values.

Names are rebound freely; the graph is in single assignment form. What is known while compiling (numbers, tuples,
dtypes, functions) is computed here and leaves no node; helper functions are inlined. `if`, `for` and `while` over what
is not known become nodes with blocks. What has no place in a graph is refused with its line.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nozzle.aot.build import Builder, Refuse, Value
from nozzle.aot.frontend.aliases import check_aliases
from nozzle.aot.frontend.given import left_where_of_another_type, left_where_theirs
from nozzle.aot.frontend.values import Capture
from nozzle.aot.frontend.walker import Walker
from nozzle.aot.graph import Block, Boxed, Graph, Node, check
from nozzle.aot.ops import create
from nozzle.aot.sizes import Dim, Size, pruned
from nozzle.aot.types import Tensor, weak


@dataclass(frozen=True, slots=True)
class Argument:
    """What one argument of a call is like: a tensor with the lengths it had, or something known while compiling."""

    name: str
    type: Tensor | None
    value: Any = None
    """Where `type` is None."""
    dense: bool = True
    """Whether it lies in C order without gaps."""
    boxed: bool = False
    """Whether it is an array without axes, and not a number."""

    @staticmethod
    def of(name: str, value: Any) -> Argument:
        if isinstance(value, np.ndarray):
            dims = tuple(Dim.of(Size(f"{name}.{axis}", length)) for axis, length in enumerate(value.shape))
            return Argument(name, Tensor(value.dtype.name, dims), None, bool(value.flags.c_contiguous), not value.ndim)
        if isinstance(value, np.generic):
            return Argument(name, Tensor(value.dtype.name))
        if isinstance(value, (bool, int, float, complex)):
            return Argument(name, weak(value))
        return Argument(name, None, value)


@dataclass(frozen=True, slots=True)
class Traced:
    graph: Graph
    captures: tuple[Capture, ...]


def trace(
    function: Callable[..., Any],
    arguments: Sequence[Argument],
    values: Mapping[str, int],
    same: Sequence[tuple[Dim, Dim]] = (),
) -> Traced:
    """The graph of a function for arguments like these; `values` are the integers among them, as hints.

    Which lengths are said to be the `same` becomes a guard.

    Raises NotAdmissible; or what NumPy would raise (ValueError, IndexError) where the call cannot but fail.
    """
    b = Builder()
    for length, other in same:
        b.facts.equal(length, other)
    walker = Walker(b, function, [])
    b.loc = walker.source.loc(walker.source.tree)
    params = []
    for one in arguments:
        if one.type is None:
            walker.names[one.name] = one.value
            continue
        boxed = {"boxed": True} if one.boxed else {}
        node = Node("param", (), one.type, {"name": one.name, "dense": one.dense, **boxed}, b.loc)
        if one.type.rank == 0 and one.type.kind in "iu":
            b.known[node] = Dim.of(Size(one.name, values[one.name]))
        params.append(node)
        walker.names[one.name] = node
    result = walker.call()
    outputs: list[Node] = []
    try:
        shape = _outputs(b, result, outputs)
    except Refuse as error:
        back = [node for node in ast.walk(walker.source.tree) if isinstance(node, ast.Return)]
        instead = error.instead or "return arrays, numbers and tuples of them"
        raise walker.refuse(back[-1], f"what is given back: {error.reason}", instead) from None
    block = Block(tuple(params), tuple(b.nodes), tuple(outputs))
    graph = Graph(function.__name__, block, shape, pruned(b.facts.guards), b.approximate)
    try:
        check(graph)
    except ValueError as error:
        raise RuntimeError(f"the graph of {function.__name__} is not well formed: {error}") from error
    check_aliases(graph)
    return Traced(left_where_theirs(left_where_of_another_type(graph, b.met)), tuple(walker.captures))


def _outputs(b: Builder, value: Value, outputs: list[Node]) -> Any:
    if value is None:
        return None
    value = create.together(b, value)
    if isinstance(value, tuple):
        return type(value)(_outputs(b, one, outputs) for one in value)
    node = b.lift(value)
    if node.op == "item" and "boxed" in node.attrs:
        raise Refuse("an array without axes that looks at another", "give back a number, x[0], or a copy, y.copy()")
    if node.op == "param" and "boxed" in node.attrs:
        name = node.attrs["name"]
        raise Refuse(f"{name}, an array without axes", f"give back its number, {name}[()], or a copy, {name}.copy()")
    if node not in outputs:
        outputs.append(node)
    at = outputs.index(node)
    return Boxed(at) if node in b.boxes else at
