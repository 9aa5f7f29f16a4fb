"""Comparisons of whole numbers that no dtype holds: of those with a sign and uint64, of a Python int beyond a dtype.

NumPy answers these as the numbers are, not as their bits; so does what is made here, of comparisons within one dtype.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nozzle.aot.graph import Node
from nozzle.aot.types import Tensor

if TYPE_CHECKING:
    from nozzle.aot.build import Builder

TURNED = {
    "equal": "equal",
    "not_equal": "not_equal",
    "less": "greater",
    "less_equal": "greater_equal",
    "greater": "less",
    "greater_equal": "less_equal",
}
"""The same comparison with its sides changed."""
BELOW = ("not_equal", "less", "less_equal")
"""What is true where the left side is less than all that the right can be."""
ABOVE = ("not_equal", "greater", "greater_equal")


def compared(b: Builder, name: str, left: Node, right: Node) -> Node | None:
    """The comparison of two whole numbers where their own dtypes are not enough; None where they are."""
    if name not in TURNED or left.tensor.kind not in "iu" or right.tensor.kind not in "iu":
        return None
    if left.tensor.weak and not right.tensor.weak:
        return compared(b, TURNED[name], right, left)
    if right.tensor.weak and not left.tensor.weak:
        return _with_python(b, name, left, right)
    if left.tensor.weak or "uint64" not in (left.tensor.dtype, right.tensor.dtype):
        return None
    if left.tensor.kind == right.tensor.kind:
        return None
    if left.tensor.dtype == "uint64":
        return compared(b, TURNED[name], right, left)
    below = b.ufunc("less", left, 0)
    rest = b.ufunc(name, b.cast(left, "uint64"), right)
    if name in BELOW:
        return b.ufunc("bitwise_or", below, rest)
    return b.ufunc("bitwise_and", b.ufunc("invert", below), rest)


def _with_python(b: Builder, name: str, left: Node, right: Node) -> Node | None:
    """Of an array with a Python int, which may be more than its dtype holds, or less."""
    info = np.iinfo(left.tensor.dtype)
    if right.op == "const":
        number = right.attrs["value"]
        if info.min <= number <= info.max:
            return None
        node = b.const(name in (BELOW if number > info.max else ABOVE), "bool")
        shape = left.tensor.shape
        return b.emit("full", (node,), Tensor("bool", shape), shape=shape) if shape else node
    if left.tensor.dtype == "int64":
        return None
    low = b.ufunc("less", right, int(info.min), pythons=True)
    found = b.ufunc(name, left, b.emit("cast", (right,), Tensor(left.tensor.dtype), dtype=left.tensor.dtype))
    found = _instead(b, found, low, name in ABOVE)
    if left.tensor.dtype == "uint64":
        return found
    return _instead(b, found, b.ufunc("greater", right, int(info.max), pythons=True), name in BELOW)


def _instead(b: Builder, found: Node, where: Node, answer: bool) -> Node:
    """What was found, but where something holds the answer is another."""
    if answer:
        return b.ufunc("bitwise_or", found, where)
    return b.ufunc("bitwise_and", found, b.ufunc("invert", where))
