"""Loops over what is not plainly counted: ranges of any step, several arrays at once; and where a count ended."""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING

from nozzle.aot.build import Refuse, Value
from nozzle.aot.frontend import expressions
from nozzle.aot.frontend.jumps import Until
from nozzle.aot.frontend.values import Range
from nozzle.aot.graph import Node
from nozzle.aot.names import assigned
from nozzle.aot.ops import elementwise
from nozzle.aot.types import Tensor

if TYPE_CHECKING:
    from nozzle.aot.frontend.walker import Walker

WHOLE = Tensor("int64", (), True)


def pythons(w: Walker, over: Range) -> Range:
    """With bounds that are Python's own numbers, as all are that a range gives."""
    bounds = (over.start, over.stop, over.step)
    return Range(*(whole(w, one) if isinstance(one, Node) else operator.index(one) for one in bounds))


def whole(w: Walker, value: Value) -> Node:
    node = w.b.lift(value)
    if node.tensor.rank or node.tensor.kind not in "iub":
        raise Refuse("the bounds of a range are integers", "use int(x)")
    return node if node.tensor.weak else elementwise.to_python(w.b, int, node)


def turns(w: Walker, over: Range) -> Node:
    """How many a range has, or less than one for none; ValueError, while running, for a step of zero."""
    b = w.b
    start, stop, step = (whole(w, one) for one in (over.start, over.stop, over.step))
    b.trap(b.ufunc("not_equal", step, 0, pythons=True), ValueError, "range() arg 3 must not be zero")
    up = b.ufunc("greater", step, 0, pythons=True)
    gap = operate(w, ast.Sub(), stop, start)
    way = b.emit("where", (up, gap, b.ufunc("negative", gap, pythons=True)), WHOLE)
    size = elementwise.greatest(b, b.ufunc("absolute", step, pythons=True), 1)  # the trap may come later
    return b.ufunc(
        "floor_divide",
        b.ufunc("add", way, b.ufunc("subtract", size, 1, pythons=True), pythons=True),
        size,
        pythons=True,
    )


def at(w: Walker, over: Range, turn: Node) -> Value:
    """What a range of any step gives in one turn."""
    return operate(w, ast.Add(), over.start, operate(w, ast.Mult(), turn, over.step))


def operate(w: Walker, op: ast.operator, left: Value, right: Value) -> Value:
    return expressions.operate(w, op, left, right)


def shortest(w: Walker, nodes: tuple[Node, ...]) -> Value:
    """The least length of some arrays."""
    dims = [node.tensor.shape[0] for node in nodes]
    if all(w.b.facts.equal(dims[0], dim) for dim in dims[1:]):
        return w.b.length(nodes[0], 0)
    return elementwise.least(w.b, *(w.b.length(node, 0) for node in nodes))


def ended(w: Walker, statement: ast.For, over: Range, before: Value) -> Value:
    """What the name of a counting loop holds behind it: its last number, else what it was; None where nobody knows."""
    if isinstance(statement, Until) or not isinstance(statement.target, ast.Name) or isinstance(over.step, Node):
        return None
    if statement.target.id in assigned(statement.body, lambda _: False):
        return None
    if all(isinstance(one, int) for one in (over.start, over.stop)):
        whole = range(over.start, over.stop, over.step)
        return whole[-1] if whole else before
    return _last(w, over, before)


def _last(w: Walker, over: Range, before: Value) -> Value:
    b, up = w.b, over.step > 0
    low, high = (over.start, over.stop) if up else (over.stop, over.start)
    whole = isinstance(before, int) or (isinstance(before, Node) and before.type == WHOLE)
    if not whole and b.facts.at_least(b.dim(high) - b.dim(low), 1) is not True:
        return None
    gap = operate(w, ast.Sub(), operate(w, ast.Sub(), over.stop, over.start), 1 if up else -1)
    last = operate(
        w, ast.Add(), over.start, operate(w, ast.Mult(), operate(w, ast.FloorDiv(), gap, over.step), over.step)
    )
    if not whole:
        return last
    ran = b.ufunc("greater" if up else "less", over.stop, over.start, pythons=True)
    return b.emit("where", (ran, b.lift(last), b.lift(before)), WHOLE)
