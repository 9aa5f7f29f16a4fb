"""What became of a function, in words and figures: what fused, what memory it spares, what it takes for granted.

`account` counts, and says the same on every machine; `evidence` measures, then and there.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nozzle.aot import cache, passes
from nozzle.aot.compiled import Compiled, Special
from nozzle.aot.cpu import Native, exact, least
from nozzle.aot.graph import CONTROL, VIEWS, Block, Graph, Node, root, walk
from nozzle.aot.ops import OPS
from nozzle.aot.passes.fuse import pulled
from nozzle.aot.passes.quantise import apart
from nozzle.aot.types import Tensor

ROUNDS = 15
GRAIN, MANY = 2e-4, 200
"""Seconds that one measurement takes at least, and the calls that it is made of at most."""


@dataclass(frozen=True, slots=True)
class Account:
    """What one call does to memory; bytes of arrays, each counted once where it is read and where it is written."""

    kernels: int
    arrays: int
    """What NumPy would allocate."""
    kept: int
    """What is in memory now, results included."""
    plain: int
    """Bytes that NumPy moves, operation by operation."""
    moved: int
    """Bytes that the kernels move."""
    least: int
    """Bytes of what is given and what is given back."""
    loops: bool
    """Whether there are loops, whose turns are not counted."""


def account(graph: Graph) -> Account:
    """Count what a graph does, by the sizes of the call that it was traced for."""
    fused = passes.run(graph)
    kernels = [node for node in walk(fused.block) if node.op == "fused"]
    arrays = [one for one in walk(graph.block) if one.type and one.tensor.rank and one.op not in (*VIEWS, "result")]
    written = {one for kernel in kernels for one in kernel.blocks[0].results if one.tensor.rank}
    outside = {root(one) for one in (*graph.inputs, *graph.outputs) if one.tensor.rank}
    plain = sum(_bytes(one.tensor) + sum(_bytes(i.tensor) for i in one.inputs if i.type) for one in arrays)
    return Account(
        len(kernels),
        len(arrays),
        len(written),
        plain,
        sum(_moved(kernel.blocks[0]) for kernel in kernels),
        sum(_bytes(one.tensor) for one in outside),
        any(one.op in CONTROL for one in walk(graph.block)),
    )


def _bytes(type: Tensor) -> int:
    total = np.dtype(type.dtype).itemsize if type.rank else 0
    for dim in type.shape:
        total *= max(dim.hint if dim.hint is not None else 1, 0)
    return total


def _moved(block: Block) -> int:
    """What a kernel reads and writes: memory that comes from outside it, and its results."""
    inside = {node for node in block.nodes if pulled(node) or node.op in VIEWS}
    reads: dict[Node, None] = {}
    for node in block.nodes:
        if node.op != "store" or node.inputs[1] not in inside:
            reads |= {one: None for one in node.inputs if one.type and one.tensor.rank and one not in block.nodes}
    stores = sum(_bytes(node.inputs[0].tensor) for node in block.nodes if node.op == "store")
    return sum(_bytes(one.tensor) for one in reads) + sum(_bytes(one.tensor) for one in block.results) + stores


def explain(function: Compiled, *arguments: Any) -> str:
    """What became of a function for a call like this, as Markdown; nothing in it is measured."""
    return described(function.special(arguments))


def page(function: Compiled) -> str:
    """Every kind of call so far, each with its graph folded away, before and after fusion."""
    parts = []
    for special in (one for group in function.specials.values() for one in group):
        rungs = (("graph", special.body), ("fused", passes.run(special.body)))
        folded = [f"<details><summary>{name}</summary>\n\n```text\n{graph}\n```\n\n</details>" for name, graph in rungs]
        parts.append("\n\n".join([described(special), *folded]))
    return "\n\n".join(parts) or f"**{function.python.__name__}**: not called yet"


def described(special: Special) -> str:
    """What became of one kind of call, as Markdown."""
    lines = [f"**{special.graph.name}**: {_state(special)}", ""]
    lines += _memory(account(special.body), "" if special.native else "as native code it would be ")
    if special.graph.guards:
        lines.append(f"- for calls where {', '.join(map(str, special.graph.guards))}; others are compiled anew")
    if special.quantised is not None:
        lines.append(f"- quantised: {special.quantised}")
    if special.kept is not None:
        names, many = " and ".join(special.kept.names), len(special.kept.ahead.results)
        lines.append(f"- {many} array{'s' * (many != 1)} computed once for {names}, and kept while it lives unchanged")
    if special.native is not None:
        lines.append(f"- {bounds(special)}")
    if "evidence" in special.details:
        lines.append(f"- measured: {special.details['evidence']}")
    return "\n".join(lines)


def _memory(found: Account, before: str) -> list[str]:
    kernels = f"{found.kernels} kernel{'s' * (found.kernels != 1)}"
    arrays = f"{found.arrays - found.kept} of {found.arrays} arrays never in memory"
    if found.loops:
        moved = "it has loops; the bytes that their turns move are not counted"
    else:
        moved = f"{_size(found.moved)} moved, {_size(found.plain)} by NumPy; {_size(found.least)} come and go"
    return [f"- {before}{kernels}; {arrays}; {moved}"] if before else [f"- {kernels}; {arrays}", f"- {moved}"]


def bounds(special: Special) -> str:
    """How far native floats may be from Python's, by the operations that the graph has."""
    if exact(special):
        return "every operation is exact"
    found: dict[str, list[str]] = {}
    for node in walk(special.graph.block):
        op = OPS.get(node.op)
        if (
            op is not None
            and op.ulp
            and node.type
            and node.tensor.kind in "fc"
            and op.name not in found.get(op.bound, ())
        ):
            found.setdefault(op.bound, []).append(op.name)
    said = [f"{', '.join(names)} within {bound}" for bound, names in found.items()]
    if any(node.type and node.tensor.kind == "c" for node in walk(special.graph.block)):
        said.append("complex products within 4 ulp")
    if special.graph.approximate:
        said.append("powers and linear algebra multiply and add in another order than NumPy's")
    return "; ".join([*said, "all else exact"])


def _state(special: Special) -> str:
    if isinstance(special.native, Native):
        checked = "checked against Python on its first inputs"
        gap = special.native.gap
        said = "" if gap is None else f": greatest difference {gap:.2g}, within its bound"
        return f"native code by {cache.compiler()}, {checked}{said}"
    return f"runs as Python; {special.said or 'its native code is being made'}"


def _size(count: int) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count //= 1000
    return f"{count} GB"


@dataclass(frozen=True, slots=True, repr=False)
class Evidence:
    """What was measured of one call: seconds are the least of several rounds, taken in turn in one run.

    The least, since a library's threads wait for each other where other programs are busy, a hundred times as long.
    """

    native: float
    python: float
    copy: float
    """Seconds to copy as many bytes as the call must move."""
    apart: float
    """The greatest difference from Python, as a share of the greatest result."""
    bound: float = 0.0
    """As much as that may be."""
    plain: bool = False
    """Whether there is no native code, and it was Python that was measured against Python."""

    @property
    def held(self) -> str:
        """The difference, and whether it is as it may be."""
        within = "within its bound" if self.apart <= self.bound else f"more than its bound, {self.bound:.2g}"
        return f"greatest difference {self.apart:.2g}, {within}"

    def __str__(self) -> str:
        speed = f"{self.python / self.native:.3g} times as fast as NumPy"
        bound = f"{self.native / self.copy:.3g} times the bound that copying sets"
        return f"{'as Python, for want of native code: ' * self.plain}{speed}; {bound}; {self.held}"

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        """A table, for the page of a journal."""
        name = "as Python, for want of native code" if self.plain else "native code"
        rows = [
            (name, self.native, self.held),
            (
                "NumPy",
                self.python,
                f"{'it' if self.plain else name} is {self.python / self.native:.3g} times as fast as it",
            ),
            (
                "a copy of as many bytes",
                self.copy,
                f"it is {self.native / self.copy:.3g} times the bound that this is",
            ),
        ]
        lines = [f"| {name} | {_seconds(taken)} | {words} |" for name, taken, words in rows]
        return "\n".join(["| | one call | |", "|---|---|---|", *lines])


def _seconds(taken: float) -> str:
    for unit, many in (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)):
        if taken >= many:
            return f"{taken / many:.3g} {unit}"
    return f"{taken / 1e-9:.3g} ns"


def evidence(function: Compiled, *arguments: Any, rounds: int = ROUNDS) -> Evidence:
    """Measure a call against the same in NumPy and against a copy of as many bytes; arguments are not written to.

    From then on the function shows it, too.
    """
    import copy

    special = function.special(arguments)
    mine, theirs = copy.deepcopy(arguments), copy.deepcopy(arguments)
    rest, named = function.put(mine)
    got, want = function(*rest, **named), function.answer(*theirs)
    gap = apart((got, list(mine)), (want, list(theirs)))
    many = max(account(special.body).least // 16, 1)
    source, target = np.ones(many), np.ones(many)
    calls: list[Callable[[], Any]] = [
        lambda: function(*rest, **named),
        lambda: function.answer(*theirs),
        lambda: np.copyto(target, source),
    ]
    native, python, copied = _least(calls, rounds)
    found = special.details["evidence"] = Evidence(
        native, python, copied, gap, _allowed(special), special.native is None
    )
    return found


def _allowed(special: Special) -> float:
    """As much as native code and Python may differ, as a share of the greatest result."""
    if special.quantised is not None:
        return max(2 * special.quantised.error, least(special))
    return 0.0 if exact(special) else max(least(special), float(np.finfo("f4").eps))


def _least(calls: Sequence[Callable[[], Any]], rounds: int) -> list[float]:
    """Seconds that one call of each takes at least, which come in turn; so many at a time that a clock can tell."""
    taken: list[list[float]] = [[] for _ in calls]
    with np.errstate(all="ignore"):
        many = [max(1, min(int(GRAIN / (_timed(one, 1) or GRAIN)), MANY)) for one in calls]
        for _ in range(rounds):
            for one, times, seconds in zip(calls, many, taken, strict=True):
                one()
                seconds.append(_timed(one, times))
    return list(map(min, taken))


def _timed(call: Callable[[], Any], times: int) -> float:
    start = time.perf_counter()
    for _ in range(times):
        call()
    return (time.perf_counter() - start) / times
