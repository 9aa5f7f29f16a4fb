"""Two ways to go on: `if`, `a if c else b`, `and`, `or`; and what a name is where they meet."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nozzle.aot.build import Refuse, Value, common, describe
from nozzle.aot.frontend.jumps import RESULT
from nozzle.aot.frontend.values import NOTHING, Fixed, Unset, same
from nozzle.aot.graph import Block, Node
from nozzle.aot.names import returns
from nozzle.aot.ops import elementwise
from nozzle.aot.types import Tensor
from nozzle.aot.whole import exact

if TYPE_CHECKING:
    from nozzle.aot.frontend.walker import Walker


def branch(w: Walker, statement: ast.If, rest: Sequence[ast.stmt]) -> Value:
    """An `if`; what comes after goes into both branches when one of them returns. A 1-tuple when it returned."""
    test = settled(w, w.guarded(statement, condition, statement.test))
    after = rest if returns(statement) else ()
    if not isinstance(test, Node):
        found = w.statements([*(statement.body if test else statement.orelse), *after])
        return NOTHING if found is NOTHING and not returns(statement) else (found,)
    before = dict(w.names)
    sides = []
    for body in (statement.body, statement.orelse):
        w.names = dict(before)
        outer = w.b.open()
        found = w.statements([*body, *after])
        sides.append((w.names, found, w.b.nodes))
        w.b.nodes = outer
    if returns(statement):
        w.names = before
        pair = [None if found is NOTHING else found for _, found, _ in sides]
        return (w.guarded(statement, joined, test, sides, [("", pair[0], pair[1])])[""],)
    w.names = before
    changed = [
        name for name in {**sides[0][0], **sides[1][0]} if not same(sides[0][0].get(name), sides[1][0].get(name))
    ]
    pairs = []
    for name in changed:
        one, two = (side[0].get(name, Unset("it is set in one branch only")) for side in sides)
        if name == RESULT:
            one = inside(w, sides[0][2], blank, w, two) if isinstance(one, Unset) else one
            two = inside(w, sides[1][2], blank, w, one) if isinstance(two, Unset) else two
        if isinstance(one, Unset) or isinstance(two, Unset):
            w.names[name] = one if isinstance(one, Unset) else two
        else:
            pairs.append((name, one, two))
    w.names.update({name: value for name, value in sides[0][0].items() if name not in changed})
    w.names.update(w.guarded(statement, joined, test, sides, pairs))
    return NOTHING


def settled(w: Walker, test: Value) -> Value:
    """Whether two integers of the call are the same is settled before it is compiled: shapes may follow from it."""
    if not isinstance(test, Node) or test.op not in ("equal", "not_equal"):
        return test
    one, two = (w.b.known.get(side) for side in test.inputs)
    if one is None or two is None or not one.at_entry or not two.at_entry:
        return test
    return w.b.facts.equal(one, two) is (test.op == "equal")


def condition(w: Walker, node: ast.expr) -> Value:
    value = w.value(node)
    if isinstance(value, Node):
        if value.tensor.rank:
            raise Refuse("the truth of an array", "use .any() or .all()")
        return elementwise.truth(w.b, value)
    return bool(value)


def joined(w: Walker, test: Node, sides: Sequence[Any], pairs: Sequence[tuple[str, Value, Value]]) -> dict[str, Value]:
    """One `if` node, and for every name what it is behind it."""
    results: tuple[list[Node], list[Node]] = ([], [])
    trees = [(name, pair(w, name, one, two, sides, results)) for name, one, two in pairs]
    blocks = [Block((), tuple(nodes), tuple(found)) for (_, _, nodes), found in zip(sides, results, strict=True)]
    if any(block.nodes for block in blocks):
        node = w.b.emit("if", (test,), None, blocks)
        return {name: place(w, node, tree) for name, tree in trees}
    node = w.b.emit("if", (test,), None, blocks) if results[0] else test
    return {name: place(w, node, tree) for name, tree in trees}


def pair(
    w: Walker, name: str, one: Value, two: Value, sides: Sequence[Any], results: tuple[list[Node], list[Node]]
) -> Any:
    """Bring two values to one type, each in its own block."""
    if isinstance(one, tuple) and one.__class__ is two.__class__ and len(one) == len(two):
        return one.__class__(pair(w, name, x, y, sides, results) for x, y in zip(one, two, strict=True))
    if same(one, two):
        return Fixed(one)
    if not all(isinstance(x, (Node, bool, int, float, complex, np.generic)) for x in (one, two)):
        what = f"{name or 'the result'} is {describe(one)} in one branch and {describe(two)} in the other"
        raise Refuse(what, "give it numbers or arrays in both, or another name in one")
    lifted = [inside(w, side[2], w.b.lift, value) for side, value in zip(sides, (one, two), strict=True)]
    type = meet(w, name, lifted[0].tensor, lifted[1].tensor)
    for found, side, node in zip(results, sides, lifted, strict=True):
        found.append(inside(w, side[2], as_type, w, node, type))
    return type


def blank(w: Walker, value: Value) -> Value:
    """Something of the same type, where nobody will read it."""
    if isinstance(value, tuple):
        return value.__class__(blank(w, one) for one in value)
    if not isinstance(value, Node):
        return value
    type = value.tensor
    zero = w.b.const(0, type.dtype)
    if not type.rank:
        return as_type(w, zero, type)
    if not all(dim.at_entry for dim in type.shape):
        raise Refuse("an array is returned in a loop whose size depends on the data", "return it after the loop")
    return w.b.emit("full", (zero,), type, shape=type.shape)


def inside(w: Walker, nodes: list[Node], do: Callable[..., Value], *arguments: Any) -> Value:
    outer, w.b.nodes = w.b.nodes, nodes
    try:
        return do(*arguments)
    finally:
        w.b.nodes = outer


def place(w: Walker, node: Node, tree: Any) -> Value:
    if isinstance(tree, tuple):
        return type(tree)(place(w, node, one) for one in tree)
    if isinstance(tree, Fixed):
        return tree.value
    at = sum(one.op == "result" and one.inputs[0] is node for one in w.b.nodes)
    return w.b.emit("result", (node,), tree, at=at)


def boolean(w: Walker, node: ast.BoolOp) -> Value:
    """`and`, `or`: what stands right is computed only where it counts."""
    return chain(w, node, list(node.values))


def chain(w: Walker, node: ast.BoolOp, values: list[ast.expr]) -> Value:
    left = w.value(values[0])
    if len(values) == 1:
        return left
    wants = isinstance(node.op, ast.And)
    if not isinstance(left, Node):
        return chain(w, node, values[1:]) if bool(left) == wants else left
    if left.tensor.rank:
        raise Refuse("and, or between arrays", "use & and |, or np.logical_and")
    test = elementwise.truth(w.b, left)
    yes: Callable[[], Value] = lambda: chain(w, node, values[1:])  # noqa: E731
    no: Callable[[], Value] = lambda: left  # noqa: E731
    return choose(w, test, *((yes, no) if wants else (no, yes)))


def choice(w: Walker, node: ast.IfExp) -> Value:
    test = condition(w, node.test)
    if not isinstance(test, Node):
        return w.value(node.body if test else node.orelse)
    return choose(w, test, lambda: w.value(node.body), lambda: w.value(node.orelse))


def choose(w: Walker, test: Node, yes: Callable[[], Value], no: Callable[[], Value]) -> Value:
    sides = []
    for side in (yes, no):
        outer = w.b.open()
        found = side()
        sides.append((None, found, w.b.nodes))
        w.b.nodes = outer
    return joined(w, test, sides, [("", sides[0][1], sides[1][1])])[""]


def as_type(w: Walker, node: Node, type: Tensor) -> Node:
    if node.tensor.dtype == type.dtype and (type.weak == node.tensor.weak or type.rank):
        return node
    if type.kind == "f":
        exact(w.b, node)
    if type.weak:
        found = w.b.emit("cast", (node,), Tensor(type.dtype, (), True), dtype=type.dtype)
    else:
        found = w.b.cast(node, type.dtype)
    w.b.met.append(found)
    return found


def meet(w: Walker, name: str, one: Tensor, two: Tensor) -> Tensor:
    """The type that a name has after a branch or a loop; a rank never changes, a number may widen."""
    if one.rank != two.rank or (one.rank and one.dtype != two.dtype):
        raise Refuse(f"{name or 'the result'} changes its type from {one} to {two}", "use another name, or astype")
    for left, right in zip(one.shape, two.shape, strict=True):
        if w.b.facts.equal(left, right) is not True:
            raise Refuse(f"{name or 'the result'} changes its shape from {one} to {two}", "use another name")
    if one.rank or one.dtype == two.dtype:
        return Tensor(one.dtype, one.shape, one.weak and two.weak)
    both = one.weak and two.weak
    return Tensor(np.result_type(one.dtype, two.dtype).name if both else common(one, two), (), both)
