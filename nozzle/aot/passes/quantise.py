"""Quantisation: products of floats by products of fewer bits.

`i8`: both factors are rounded to whole numbers between -127 and 127, multiplied exactly with sums of 32 bits, and
scaled back. The scale of the left factor is one number, from the greatest value that it had in the calibration; a call
that brings more, or NaN, or weights that no scale can be made of, is `Beyond` it, and answered in floats. The scale of
the right factor, the weights, is one number for every column, from the weights that a call brings. `f16` and `bf16`:
both factors are rounded to that format, and multiplied in the width that they had; a call that brings what is too large
for the format is `Beyond` it too.

Only products of matrices (two axes or more on both sides) are quantised, by `i8` only those whose sums fit 32 bits for
sure; everything else stays as it is.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nozzle.aot.build import Builder
from nozzle.aot.graph import Graph, Node, walk
from nozzle.aot.interpret import Run, interpret, sizes_of
from nozzle.aot.ops.elementwise import where
from nozzle.aot.ops.reduce import reduce
from nozzle.aot.passes.rewrite import rewrite
from nozzle.aot.sizes import Dim, Facts, longest, pruned
from nozzle.aot.types import Tensor

SCHEMES = ("i8", "f16", "bf16")
LARGEST = {"f16": 65504.0, "bf16": (2 - 2**-7) * 2.0**127}
"""The greatest number of a format."""
BEYOND = {
    "i8": "values beyond those that the scales were calibrated on, or not finite",
    **{name: f"values beyond {most:.6g}, the greatest of {name}" for name, most in LARGEST.items()},
}
"""What a call brings that is not answered quantised."""


class Beyond(ValueError):
    """A call brings what its scales cannot hold."""


@dataclass(frozen=True, slots=True)
class Quantised:
    """What quantising a graph did."""

    scheme: str
    products: int
    calls: int
    """How many it was calibrated on."""
    error: float
    """The greatest difference from the float graph on these, as a share of its greatest result."""
    blank: bool = False
    """Whether some scale is of nothing but zeros, or as good as that: an array that is empty, or was not filled yet."""
    long: int = 0
    """Products that stay as they are, for their sums may not fit."""

    def __str__(self) -> str:
        what = f"{_products(self.products)} of matrices by {self.scheme}"
        what += f", {self.long} with sums of more than {LONGEST} stay{'s' * (self.long == 1)} in floats" * (
            self.long > 0
        )
        calls = f"{self.calls} call{'s' * (self.calls != 1)}"
        return f"{what}; greatest error {self.error:.2g} of the greatest result, on {calls}"


def _products(many: int) -> str:
    return f"{many} product{'s' * (many != 1)}"


def quantised_by(scheme: str, graph: Graph, calls: Sequence[Sequence[Any]]) -> tuple[Graph, Quantised]:
    """The quantised graph, calibrated on the inputs of some calls, and how far it is from the float graph there."""
    most = calibrated(graph, copy.deepcopy(calls))
    made = quantise(scheme, most)(graph)
    errors = [_error(made, graph, inputs) for inputs in calls]
    blank = scheme == "i8" and any(value < _smallest(node) for node, value in most.items())
    many, every = len(products(graph, scheme, Facts.of(graph.guards))), len(products(graph))
    return made, Quantised(scheme, many, len(calls), max(errors, default=0.0), blank, every - many)


def _error(made: Graph, graph: Graph, inputs: Sequence[Any]) -> float:
    """How far the quantised graph is from the other for a call; 0 where that is answered in floats."""
    try:
        got = interpret(made, copy.deepcopy(inputs))
    except Beyond:
        return 0.0
    return apart(got, interpret(graph, copy.deepcopy(inputs)))


def apart(got: Any, want: Any) -> float:
    """The greatest difference of two answers, as a share of the greatest of what is wanted; of floats only."""
    if isinstance(want, (tuple, list)):
        return max(map(apart, got, want), default=0.0)
    two = np.asarray(want)
    if two.dtype.kind not in "fc":
        return 0.0
    wide = "c16" if two.dtype.kind == "c" else "f8"
    if np.any(np.isfinite(two) & ~np.isfinite(np.asarray(got))):
        return np.inf
    with np.errstate(all="ignore"):  # what is infinite in both is no difference
        gap = np.abs(np.asarray(got).astype(wide) - two.astype(wide))
    most = np.max(np.abs(two[np.isfinite(two)].astype(wide)), initial=0)
    return float(np.max(gap[np.isfinite(gap)], initial=0) / (most or 1))


MOST = 127
"""The greatest whole number; its negative is the least, so that zero is in the middle."""
LONGEST = (2**31 - 1) // MOST**2
"""How many products of two of them surely have a sum of 32 bits."""


def products(graph: Graph, scheme: str = "", facts: Facts | None = None) -> list[Node]:
    """Those that can be quantised; by a scheme, those that are."""
    return [node for node in walk(graph.block) if _fits(node) and (facts is None or _short(node, scheme, facts))]


def _short(node: Node, scheme: str, facts: Facts) -> bool:
    """Whether its sums fit, for lengths like those of this call."""
    most = longest(node.inputs[0].tensor.shape[-1])
    return scheme != "i8" or (most is not None and facts.at_least(Dim.of(LONGEST), most) is True)


def _smallest(node: Node) -> float:
    """The least that the greatest value of a factor may be: below it a scale, or what undoes it, is no number."""
    return float(np.finfo(node.tensor.dtype).tiny) * MOST**2


def _fits(node: Node) -> bool:
    return (
        node.op == "matmul"
        and node.tensor.dtype in ("float32", "float64")
        and all(one.tensor.rank > 1 for one in node.inputs)
    )


class _Watch(Run):
    """Remembers the greatest value of every left factor."""

    def __init__(self, values: dict[Node, Any], sizes: dict[str, int], found: dict[Node, float]) -> None:
        super().__init__(values, sizes)
        self.found = found

    def node(self, node: Node) -> None:
        if _fits(node):
            left = np.abs(self.values[node.inputs[0]])
            most = float(np.max(left, where=np.isfinite(left), initial=0))
            self.found[node] = max(self.found.get(node, 0.0), most)
        super().node(node)


def calibrated(graph: Graph, calls: Sequence[Sequence[Any]]) -> dict[Node, float]:
    """The greatest absolute value that the left factor of every product has in these calls; arrays may be written."""
    found: dict[Node, float] = {}
    with np.errstate(all="ignore"):
        for inputs in calls:
            values = dict(zip(graph.inputs, inputs, strict=True))
            _Watch(values, sizes_of(graph.inputs, inputs), found).block(graph.block)
    return found


def quantise(scheme: str, most: Mapping[Node, float]) -> Callable[[Graph], Graph]:
    """The pass for one scheme; `most` is what `calibrated` found."""

    def whole(graph: Graph) -> Graph:
        facts = Facts.of(graph.guards)

        def change(node: Node, now: Node) -> Sequence[Node]:
            if not _fits(node) or not _short(node, scheme, facts):
                return ()
            b = Builder()
            b.facts, b.loc = facts, node.loc
            _bytes(b, now, most.get(node, 0.0)) if scheme == "i8" else _rounded(b, now, scheme)
            return b.nodes

        made = rewrite(graph, change)
        notes = (*graph.notes, f"quantise: {_products(len(products(graph, scheme, facts)))} by {scheme}")
        return replace(made, guards=pruned((*graph.guards, *facts.guards)), notes=notes)

    return whole


def _bytes(b: Builder, node: Node, most: float) -> None:
    left, right = node.inputs
    number = np.dtype(node.tensor.dtype).type
    some = most if most >= _smallest(node) else 1.0
    step = number(some / MOST)
    heights = reduce(b, "max", b.ufunc("absolute", right), (right.tensor.rank - 2,), True, right.tensor.dtype)
    _within(b, left, number(most * (1 + 0.5 / MOST)), _scalable(b, heights, some))
    steps = b.ufunc("divide", b.ufunc("maximum", heights, number(np.finfo(number).tiny * MOST)), number(MOST))
    factors = (_whole(b, "multiply", left, number(1 / step)), _whole(b, "divide", right, steps))
    product = b.emit("wide_matmul", factors, Tensor("int32", node.tensor.shape))
    b.ufunc("multiply", b.cast(product, node.tensor.dtype), b.ufunc("multiply", steps, step))


def _scalable(b: Builder, heights: Node, most: float) -> Node:
    """Test that every column of the weights is zero, or has a scale whose product with that of the left is a number.

    What is known of weights is one array, which can be kept.
    """
    number = np.dtype(heights.tensor.dtype).type
    limits = np.finfo(number)
    least = float(limits.tiny) * MOST * max(1.0, MOST / most)
    greatest = float(limits.max) * min(1.0, MOST / most * (MOST - 1))
    small = b.ufunc("less", heights, number(least))
    fine = b.ufunc("less_equal", heights, number(greatest))
    some = b.ufunc("bitwise_or", b.ufunc("invert", small), b.ufunc("equal", heights, number(0)))
    both = b.ufunc("bitwise_and", fine, some)
    return reduce(b, "all", both, tuple(range(heights.tensor.rank)), True, "bool")


def _within(b: Builder, left: Node, most: Any, scalable: Node) -> None:
    """Test that nothing of the left factor is cut off by more than it is rounded; nothing is small enough for the
    weights that are not `scalable`."""
    near = b.ufunc("less_equal", b.ufunc("absolute", left), where(b, scalable, most, type(most)(-1)))
    good = reduce(b, "all", near, tuple(range(near.tensor.rank)), False, "bool")
    b.emit("check", (good,), None, kind=Beyond, message=BEYOND["i8"], parts=True)


def _holds(b: Builder, factor: Node, scheme: str) -> None:
    """Test that no finite number becomes infinite."""
    near = b.ufunc("less_equal", b.ufunc("absolute", factor), LARGEST[scheme])
    fine = b.ufunc("bitwise_or", near, b.ufunc("invert", b.ufunc("isfinite", factor)))
    good = reduce(b, "all", fine, tuple(range(fine.tensor.rank)), False, "bool")
    b.emit("check", (good,), None, kind=Beyond, message=BEYOND[scheme], parts=True)


def _whole(b: Builder, scaled: str, node: Node, by: Any) -> Node:
    number = np.dtype(node.tensor.dtype).type
    near = b.ufunc("rint", b.ufunc(scaled, node, by))
    return b.cast(b.ufunc("maximum", b.ufunc("minimum", near, number(MOST)), number(-MOST)), "int8")


def _rounded(b: Builder, node: Node, scheme: str) -> None:
    dtype = node.tensor.dtype
    for factor in node.inputs:
        _holds(b, factor, scheme)

    def near(one: Node) -> Node:
        if scheme == "f16":
            return b.cast(b.cast(one, "float16"), dtype)
        narrow = b.cast(one, "float32")
        return b.cast(b.emit("bfloat16", (narrow,), narrow.tensor), dtype)

    b.emit("matmul", tuple(map(near, node.inputs)), node.tensor)
