"""Loops over what is not plainly counted: ranges of any step, several arrays at once; and where a count ended."""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING, Any

from nozzle.aot.build import Refuse, Value, describe
from nozzle.aot.frontend import expressions
from nozzle.aot.frontend.jumps import Until
from nozzle.aot.frontend.values import Enumerated, Once, Over, Range, Zipped
from nozzle.aot.graph import Node
from nozzle.aot.names import assigned
from nozzle.aot.ops import elementwise, index
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


def counted(function: Any, arguments: list[Value], names: dict[str, Value]) -> Value:
    """`enumerate` or `zip`: over what is known here a tuple, else what a loop goes over."""
    if function is zip:
        if strict := names.get("strict", False):
            raise Refuse("zip with strict=", "assert that the lengths are the same, and leave it out")
        if all(isinstance(one, (tuple, range)) for one in arguments):
            return Once(zip(*arguments, strict=bool(strict)))
        return Zipped(tuple(map(_source, arguments)))
    if not arguments and "iterable" not in names:
        raise TypeError("enumerate() missing required argument 'iterable' (pos 1)")
    given = dict(zip(("iterable", "start"), arguments, strict=False)) | names
    source, start = given["iterable"], given.get("start", 0)
    if isinstance(source, (tuple, range)) and isinstance(start, int):
        return Once(enumerate(source, start))
    return Enumerated(_source(source), start)


def _source(value: Value) -> Over:
    """What a loop may go over together with other things."""
    if isinstance(value, range):
        return Range(value.start, value.stop, value.step)
    if isinstance(value, (Range, Zipped, Enumerated)):
        return value
    if isinstance(value, Node) and value.type is not None and value.tensor.rank:
        return value
    raise Refuse(
        f"{describe(value)} in zip or enumerate, beside what is not known while compiling", "count, and use the index"
    )


def length(w: Walker, source: Over) -> Value:
    """How many turns a loop over it has."""
    match source:
        case Node():
            return w.b.length(source, 0)
        case Zipped():
            return shortest(w, source.sources)
        case Enumerated():
            return length(w, source.source)
    return elementwise.greatest(w.b, turns(w, pythons(w, source)), 0)


def each(w: Walker, source: Over, turn: Node) -> Value:
    """What it gives in one turn."""
    match source:
        case Node():
            return index.index(w.b, source, turn)
        case Zipped():
            return tuple(each(w, one, turn) for one in source.sources)
        case Enumerated():
            number = turn if source.start == 0 else operate(w, ast.Add(), turn, whole(w, source.start))
            return number, each(w, source.source, turn)
    return at(w, pythons(w, source), turn)


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


def shortest(w: Walker, sources: tuple[Over, ...]) -> Value:
    """The least length of them."""
    arrays = [one for one in sources if isinstance(one, Node)]
    if len(arrays) == len(sources) and _as_long(w, arrays):
        return w.b.length(arrays[0], 0)
    return elementwise.least(w.b, *(length(w, one) for one in sources))


def _as_long(w: Walker, arrays: list[Node]) -> bool:
    return all(w.b.facts.equal(arrays[0].tensor.shape[0], one.tensor.shape[0]) for one in arrays[1:])


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
