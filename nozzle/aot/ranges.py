"""Threads by ranges: a large call as several calls on parts of its first axis, that know nothing of each other.

Which functions these are is read off the graph: every row of a result comes from the same row of the arguments, and
from arguments that have no such axis. A reduction over that axis is joined from those of the parts, a mean weighed by
their lengths, a running sum moved by the totals before it; so floats are added in another order, as in any native sum.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from nozzle.aot.graph import Graph, Node
from nozzle.aot.ops import OPS
from nozzle.aot.ops.product import PRODUCTS
from nozzle.aot.sizes import Dim, Facts

LARGE = 1 << 21
"""A call whose arguments have fewer elements than this is not worth a second thread."""
JOIN = {"sum": np.add, "prod": np.multiply, "max": np.maximum, "min": np.minimum, "any": np.logical_or}
JOIN["all"] = np.logical_and
REDUCE = (*JOIN, "argmax", "argmin")


DEAR = 8
"""What an element must cost, in additions: below that memory is what takes the time, and all threads share it."""


def threads(dear: bool = True) -> int:
    """How many there may be: `NOZZLE_AOT_THREADS`; else, for what is dear, one for every core of this process."""
    said = os.environ.get("NOZZLE_AOT_THREADS", "")
    if said.isdigit():
        return max(int(said), 1)
    if not dear:
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@dataclass(frozen=True, slots=True)
class Ranges:
    """How a call is taken apart, and put together."""

    inputs: tuple[bool, ...]
    """Which have the axis."""
    outputs: tuple[str, ...]
    """For each: `rows`; `cumsum`; `mean`; or the reduction."""
    beside: tuple[Dim, ...]
    """For each: of how many numbers of a row it is the mean; else 1."""
    dear: bool
    """Whether arithmetic outweighs memory."""

    def many(self) -> int:
        return min(threads(self.dear), 64)

    def parts(self, inputs: Sequence[Any]) -> list[slice]:
        """The ranges of the axis; one where the call is small, or there is one thread."""
        many = self.many()
        length = next(len(one) for one, has in zip(inputs, self.inputs, strict=True) if has)
        if many < 2 or length < many or sum(one.size for one in inputs if isinstance(one, np.ndarray)) < LARGE:
            return [slice(0, length)]
        edges = [length * at // many for at in range(many + 1)]
        return list(map(slice, edges, edges[1:]))

    def taken(self, inputs: Sequence[Any], part: slice) -> list[Any]:
        return [one[part] if has else one for one, has in zip(inputs, self.inputs, strict=True)]

    def joined(self, at: int, pieces: Sequence[Any], counts: Sequence[int]) -> Any:
        """A reduction of the whole, from those of parts of so many numbers, which are arrays of rank 0."""
        dtype = pieces[0].dtype
        with np.errstate(all="ignore"):
            if self.outputs[at] != "mean":
                return np.asarray(JOIN[self.outputs[at]].reduce(np.stack(pieces)), dtype)
            many = np.array(counts, pieces[0].real.dtype)
            return np.asarray(np.add.reduce(np.stack(pieces) * many) / np.add.reduce(many), dtype)

    def moved(self, at: int, result: Any, parts: Sequence[slice]) -> None:
        """Bring the running sums of the parts together, in place."""
        if self.outputs[at] == "cumsum":
            ends = np.stack([result[part.stop - 1] for part in parts])
            before = np.add.accumulate(ends, dtype=result.dtype)[:-1]
            every(
                lambda one: np.add(result[one[0]], one[1], out=result[one[0]]),
                list(zip(parts[1:], before, strict=True)),
            )


def ranges(graph: Graph, outputs: Sequence[Node]) -> Ranges | None:
    """How calls of a graph may be taken apart; None where its parts would know of each other."""
    facts = Facts.of(graph.guards)
    arrays = [node for node in graph.inputs if node.tensor.rank]
    if not arrays or any(node.blocks or (node.type is None and not _by_parts(node)) for node in graph.block.nodes):
        return None
    if any(one not in outputs for one in graph.outputs):
        return None
    for axis in dict.fromkeys(facts.plain(node.tensor.shape[0]) for node in arrays):
        found = _Axis(graph, facts, axis).found(outputs) if axis.fixed is None else None
        if found is not None:
            return found
    return None


def _by_parts(node: Node) -> bool:
    """Whether it is a test that holds of the whole where it holds of every part."""
    return bool(node.op == "check" and node.attrs.get("parts"))


class _Axis:
    """One length, and which nodes have it as their first axis."""

    def __init__(self, graph: Graph, facts: Facts, length: Dim) -> None:
        self.graph, self.facts, self.length = graph, facts, length
        self.atoms = set(length.atoms())
        self.rows: dict[Node, bool] = {}
        """Whether a node has the axis; what is not here may not be computed in parts."""

    def found(self, outputs: Sequence[Node]) -> Ranges | None:
        for node in (*self.graph.inputs, *self.graph.block.nodes):
            if node.type is None or not self._sized(node):
                continue
            known = self._of(node)
            if known is not None:
                self.rows[node] = known
        ways = [self._way(node) for node in outputs]
        if not outputs or any(way is None for way in ways):
            return None
        has = tuple(self.rows.get(node, False) for node in self.graph.inputs)
        beside = tuple(
            self._beside(node) if way == "mean" else Dim.of(1) for node, way in zip(outputs, ways, strict=True)
        )
        return Ranges(has, tuple(map(str, ways)), beside, sum(map(self._cost, self.graph.block.nodes)) > DEAR)

    def _cost(self, node: Node) -> int:
        """Of one element, in additions."""
        if node.op in PRODUCTS:
            return 2 * DEAR
        return OPS[node.op].cost if self.rows.get(node) and node.op in OPS else 0

    def _is(self, dim: Dim) -> bool:
        return self.facts.plain(dim) == self.length

    def _free(self, dim: Dim) -> bool:
        return not self.atoms & set(self.facts.plain(dim).atoms())

    def _sized(self, node: Node) -> bool:
        """Whether the length is its first axis and nothing else, or not in it at all."""
        shape = node.tensor.shape
        return all(map(self._free, shape[1:])) and (not shape or self._is(shape[0]) or self._free(shape[0]))

    def _of(self, node: Node) -> bool | None:
        has = bool(node.tensor.rank) and self._is(node.tensor.shape[0])
        if node.op == "param":
            return has
        if node.op == "const" or (node.op == "size" and self._free(node.attrs["of"])):
            return False
        if node.op == "full":
            return has if all(one in self.rows for one in node.inputs) else None
        if any(one not in self.rows for one in node.inputs) or node.op in ("iota", "size"):
            return None
        if not any(self.rows[one] for one in node.inputs):
            return None if has else False
        return has if has and self._steady(node) else None

    def _steady(self, node: Node) -> bool:
        """Whether a row of it comes from the same row of its inputs."""
        first = node.inputs[0]
        if node.op in REDUCE or node.op in ("cumsum", "cumprod"):
            return 0 not in node.attrs.get("axes", (node.attrs.get("axis"),))
        if node.op in PRODUCTS:
            return self.rows[first] and not self.rows[node.inputs[1]] and first.tensor.rank > 1
        if node.op == "slice":
            axis = node.attrs["plan"][0]
            return axis.out == 0 and axis.step == 1 and self.facts.plain(axis.start).fixed == 0
        if node.op == "transpose":
            return bool(node.attrs["axes"][0] == 0)
        if node.op in ("cast", "copy") or (node.op in OPS and OPS[node.op].emit is not None):
            rank = node.tensor.rank
            return all(one.tensor.rank == rank for one in node.inputs if self.rows[one])
        return False

    def _way(self, node: Node) -> str | None:
        """How a result is put together."""
        if self.rows.get(node):
            return "rows"
        if self._averages(node):
            return "mean"
        if node in self.rows or not node.inputs or not self.rows.get(node.inputs[0]):
            return None
        first = node.inputs[0].tensor
        if node.op in JOIN and not node.tensor.rank:
            return node.op
        return "cumsum" if node.op == "cumsum" and first.rank == 1 else None

    def _averages(self, node: Node) -> bool:
        """Whether it is a sum of all that there is, over how many there are."""
        if node.op != "divide" or node.tensor.rank or self._way(node.inputs[0]) != "sum":
            return False
        total, many = node.inputs
        while many.op == "cast":
            many = many.inputs[0]
        count = self.length.times(self._beside(node))
        return many.op == "size" and self._is(total.inputs[0].tensor.shape[0]) and self._plainly(many) == count

    def _plainly(self, size: Node) -> Dim:
        return self.facts.plain(size.attrs["of"])

    def _beside(self, mean: Node) -> Dim:
        """How many numbers a row has of what a mean is of."""
        found = Dim.of(1)
        for dim in mean.inputs[0].inputs[0].tensor.shape[1:]:
            found = found.times(self.facts.plain(dim))
        return found


_pool: list[ThreadPoolExecutor] = []
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_pool.clear)


def every(do: Any, parts: Sequence[Any]) -> list[Any]:
    """Do it for every part, each in a thread; the first in this one."""
    if len(parts) < 2:
        return [do(one) for one in parts]
    if not _pool:
        _pool.append(ThreadPoolExecutor(min(threads(), 64), thread_name_prefix="nozzle-aot"))
    others = [_pool[0].submit(do, one) for one in parts[1:]]
    try:
        mine = do(parts[0])
    finally:
        rest = [one.exception() for one in others]  # none may still write when this returns
    raised = next((one for one in rest if one is not None), None)
    if raised is not None:
        raise raised
    return [mine, *(one.result() for one in others)]
