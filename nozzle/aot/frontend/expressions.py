"""Expressions: what is known while compiling is computed here, all else becomes nodes."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from nozzle.aot.build import Listed, Refuse, Value, describe
from nozzle.aot.frontend import binding, branches
from nozzle.aot.frontend.values import has_node
from nozzle.aot.graph import Node
from nozzle.aot.ops import create, elementwise, index, product, transcendental
from nozzle.aot.sizes import Dim
from nozzle.aot.types import Tensor
from nozzle.aot.whole import as_double, as_int, checked

if TYPE_CHECKING:
    from nozzle.aot.frontend.walker import Walker


FLOAT64 = Tensor("float64")


def constant(w: Walker, node: ast.Constant) -> Value:
    return node.value


def binary(w: Walker, node: ast.BinOp) -> Value:
    left, right = w.value(node.left), w.value(node.right)
    w.at(node)
    return operate(w, node.op, left, right)


def operate(w: Walker, op: ast.operator, left: Value, right: Value) -> Value:
    if not has_node(left) and not has_node(right):
        return FOLD[type(op)](left, right)
    if isinstance(op, ast.MatMult):
        return product.matmul(w.b, create.together(w.b, left), create.together(w.b, right))
    left, right = create.together(w.b, left), create.together(w.b, right)
    if isinstance(left, tuple) or isinstance(right, tuple):
        return joined_lists(op, left, right)
    left, right = complexes(w, w.b.lift(left), w.b.lift(right))
    if not isinstance(op, (ast.BitAnd, ast.BitOr, ast.BitXor)):
        left, right = counted(w, left, right)
    if isinstance(op, ast.Pow):
        (left,) = counted(w, left)
        return transcendental.raise_to(w.b, left, right, pythons=True)
    name = BINARY[type(op)]
    if name in ("divide", "floor_divide", "remainder") and left.tensor.weak and right.tensor.weak:
        not_zero(w, right)
    checked(w.b, name, left, right)
    if name == "divide" and left.tensor.weak and right.tensor.weak and "c" in (left.tensor.kind, right.tensor.kind):
        return elementwise.quotient(w.b, left, right)
    found = w.b.ufunc(name, left, right, pythons=True)

    remember(w, name, left, right, found)
    return found


def complexes(w: Walker, left: Node, right: Node) -> tuple[Node, Node]:
    """A Python complex on the left takes a np.float64 for the Python float that it is too."""
    if left.tensor.weak and left.tensor.kind == "c" and right.tensor == FLOAT64 and "boxed" not in right.attrs:
        return left, w.b.emit("cast", (right,), Tensor("float64", (), True), dtype="float64")
    return left, right


def counted(w: Walker, *operands: Node) -> list[Node]:
    """Python's bools are 0 and 1 where there is arithmetic between them."""
    if all(one.tensor.weak and one.tensor.kind == "b" for one in operands):
        return [as_int(w.b, one) for one in operands]
    return list(operands)


def joined_lists(op: ast.operator, left: Value, right: Value) -> Value:
    """`+` and `*` of lists and tuples."""
    if any(isinstance(one, Node) for one in (left, right)):
        raise Refuse("an operation between a list or a tuple and an array", "make it an array: np.array(...)")
    if isinstance(left, tuple) and isinstance(right, tuple) and type(left) is not type(right):
        raise TypeError("can only concatenate a list with a list, and a tuple with a tuple")
    found = FOLD[type(op)](left, right)
    return Listed(found) if isinstance(left, Listed) or isinstance(right, Listed) else found


def not_zero(w: Walker, right: Node) -> None:
    if right.op == "const" and right.attrs["value"]:
        return
    dim = w.b.known.get(right)
    if dim is not None and (w.b.facts.at_least(dim, 1) or w.b.facts.at_least(Dim() - dim, 1)):
        return
    w.b.trap(w.b.ufunc("not_equal", right, 0, pythons=True), ZeroDivisionError, "division by zero")


def remember(w: Walker, name: str, left: Node, right: Node, found: Node) -> None:
    """Integers known as sizes stay so through sums, products and quotients."""
    if found.tensor.rank or found.tensor.kind not in "iu":
        return
    one, two = w.b.known.get(left), w.b.known.get(right)
    if one is None or two is None:
        return
    if name in ("add", "subtract", "multiply"):
        w.b.known[found] = one + two if name == "add" else one - two if name == "subtract" else one.times(two)
    elif name in ("floor_divide", "remainder") and w.b.facts.at_least(two, 1):
        w.b.known[found] = one.joined("//" if name == "floor_divide" else "%", two)


def unary(w: Walker, node: ast.UnaryOp) -> Value:
    value = w.value(node.operand)
    if isinstance(node.op, ast.Not):
        if not isinstance(value, Node):
            return not value
        if value.tensor.rank:
            raise Refuse("the truth of an array", "use ~x, or np.logical_not(x)")
        return w.b.ufunc("invert", elementwise.to_python(w.b, bool, value), pythons=True)
    if not isinstance(value, Node):
        return FOLD[type(node.op)](value)
    name = {ast.USub: "negative", ast.UAdd: "positive", ast.Invert: "invert"}[type(node.op)]
    (value,) = counted(w, value)
    checked(w.b, name, value)
    found = w.b.ufunc(name, value, pythons=True)
    if isinstance(node.op, ast.USub) and value in w.b.known:
        w.b.known[found] = Dim() - w.b.known[value]
    return found


def compare(w: Walker, node: ast.Compare) -> Value:
    return link(w, node, 0, w.value(node.left))


def link(w: Walker, node: ast.Compare, at: int, left: Value) -> Value:
    """The comparisons of a chain from one on; what may fail further right is done only where those before hold."""
    right = w.value(node.comparators[at])
    one = compare_two(w, node.ops[at], left, right)
    if at + 1 == len(node.ops) or (not isinstance(one, Node) and not one):
        return one
    if not isinstance(one, Node):
        return link(w, node, at + 1, right)
    if one.tensor.rank:
        raise Refuse("a chain of comparisons of arrays", "join them: (a < x) & (x < b)")
    outer = w.b.open()
    rest = link(w, node, at + 1, right)
    inner, w.b.nodes = w.b.nodes, outer
    if any(each.op == "check" or each.blocks for each in inner):
        sides = [(None, rest, inner), (None, False, [])]
        return branches.joined(w, elementwise.truth(w.b, one), sides, [("", rest, False)])[""]
    w.b.nodes += inner
    return both(w, one, rest)


def compare_two(w: Walker, op: ast.cmpop, left: Value, right: Value) -> Value:
    if isinstance(op, (ast.Is, ast.IsNot)):
        same = is_same(left, right)
        return same if isinstance(op, ast.Is) else not same
    if not has_node(left) and not has_node(right):
        return FOLD[type(op)](left, right)
    if type(op) not in COMPARE:
        raise Refuse("in, of what is not known while compiling", "use np.any(x == y)")
    left, right = complexes(w, w.b.lift(left), w.b.lift(right))
    as_double(w.b, left, right)
    return w.b.ufunc(COMPARE[type(op)], left, right, pythons=True)


def is_same(left: Value, right: Value) -> bool:
    """Whether two are one object; refused where only a call can say it."""
    if left is right or left is None or right is None or not (has_node(left) or has_node(right)):
        return left is right
    raise Refuse("is, between what is not known while compiling", "compare with ==, or ask whether it is None")


def both(w: Walker, left: Node, right: Value) -> Value:
    if not isinstance(right, Node):
        return left if right else False
    return w.b.ufunc("bitwise_and", left, right, pythons=True)


def subscript(w: Walker, node: ast.Subscript) -> Value:
    owner, key = w.value(node.value), binding.key(w, node.slice)
    w.at(node)
    if owner is np.mgrid:
        return create.mgrid(w.b, key)
    if not isinstance(key, (int, np.integer)):
        owner = create.together(w.b, owner)
    if isinstance(owner, Node):
        return index.index(w.b, owner, key)
    if isinstance(owner, tuple) and not isinstance(key, Node):
        return owner[key]
    raise Refuse(f"an item of {describe(owner)}", "index arrays, or tuples by constants")


def sequence(w: Walker, node: ast.Tuple | ast.List) -> Value:
    kind = Listed if isinstance(node, ast.List) else tuple
    return kind(w.value(one) for one in node.elts)


def comprehension(w: Walker, node: ast.ListComp | ast.GeneratorExp) -> Value:
    if len(node.generators) != 1 or node.generators[0].ifs:
        raise Refuse("a comprehension with if, or over two", "write a loop")
    source = w.value(node.generators[0].iter)
    if not isinstance(source, (tuple, range)):
        raise Refuse("a comprehension over what is not known while compiling", "write a loop that fills an array")
    before, found = dict(w.names), []
    for one in source:
        binding.bind(w, node.generators[0].target, one)
        found.append(w.value(node.elt))
    w.names = before
    return Listed(found)


BINARY = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.FloorDiv: "floor_divide",
    ast.Mod: "remainder",
    ast.BitAnd: "bitwise_and",
    ast.BitOr: "bitwise_or",
    ast.BitXor: "bitwise_xor",
    ast.LShift: "left_shift",
    ast.RShift: "right_shift",
}
COMPARE = {
    ast.Eq: "equal",
    ast.NotEq: "not_equal",
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
}
FOLD: dict[type, Callable[..., Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
    ast.Pow: lambda a, b: a**b,
    ast.BitAnd: lambda a, b: a & b,
    ast.BitOr: lambda a, b: a | b,
    ast.BitXor: lambda a, b: a ^ b,
    ast.LShift: lambda a, b: a << b,
    ast.RShift: lambda a, b: a >> b,
    ast.MatMult: lambda a, b: a @ b,
    ast.USub: lambda a: -a,
    ast.UAdd: lambda a: +a,
    ast.Invert: lambda a: ~a,
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}
