"""What became of a function, in words and figures: what fused, what memory it spares, what it takes for granted.

`account` counts, and says the same on every machine; `evidence` measures, then and there.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from nozzle.aot import cache, passes
from nozzle.aot.compiled import Compiled, Special
from nozzle.aot.cpu import Native, exact
from nozzle.aot.graph import CONTROL, VIEWS, Block, Graph, Node, root, walk
from nozzle.aot.passes.fuse import pulled
from nozzle.aot.passes.quantise import apart
from nozzle.aot.types import Tensor

ROUNDS = 15


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
    """Every kind of call so far, each with its fused graph folded away."""
    parts = []
    for special in (one for group in function.specials.values() for one in group):
        graph = f"<details><summary>fused</summary>\n\n```text\n{passes.run(special.body)}\n```\n\n</details>"
        parts.append(f"{described(special)}\n\n{graph}")
    return "\n\n".join(parts) or f"**{function.python.__name__}**: not called yet"


def described(special: Special) -> str:
    """What became of one kind of call, as Markdown."""
    found = account(special.body)
    spared = found.arrays - found.kept
    lines = [f"**{special.graph.name}**: {_state(special)}", ""]
    lines.append(
        f"- {found.kernels} kernel{'s' * (found.kernels != 1)}; {spared} of {found.arrays} arrays never in memory"
    )
    if found.loops:
        lines.append("- it has loops; the bytes that their turns move are not counted")
    else:
        lines.append(f"- {_size(found.moved)} moved, {_size(found.plain)} by NumPy; {_size(found.least)} come and go")
    if special.graph.guards:
        lines.append(f"- for calls where {', '.join(map(str, special.graph.guards))}; others are compiled anew")
    if special.quantised is not None:
        lines.append(f"- quantised: {special.quantised}")
    if special.kept is not None:
        names, many = " and ".join(special.kept.names), len(special.kept.ahead.results)
        lines.append(f"- {many} array{'s' * (many != 1)} computed once for {names}, and kept while it lives unchanged")
    bound = "every operation is exact" if exact(special) else "sums, products and transcendentals within their bounds"
    lines.append(f"- {bound}")
    return "\n".join(lines)


def _state(special: Special) -> str:
    if isinstance(special.native, Native):
        return f"native code by {cache.compiler()}, checked against Python on its first inputs"
    return f"runs as Python; {special.said or 'its native code is being made'}"


def _size(count: int) -> str:
    for unit in ("B", "kB", "MB"):
        if count < 1000:
            return f"{count:.3g} {unit}"
        count //= 1000
    return f"{count} GB"


@dataclass(frozen=True, slots=True)
class Evidence:
    """What was measured of one call: seconds are medians, taken in turn in one run."""

    native: float
    python: float
    copy: float
    """Seconds to copy as many bytes as the call must move."""
    apart: float
    """The greatest difference from Python, as a share of the greatest result."""

    def __str__(self) -> str:
        speed = f"{self.python / self.native:.3g} times as fast as NumPy"
        bound = f"{self.native / self.copy:.3g} times the bound that copying sets"
        return f"{speed}; {bound}; greatest difference {self.apart:.2g}"


def evidence(function: Compiled, *arguments: Any, rounds: int = ROUNDS) -> Evidence:
    """Measure a call against the same in NumPy and against a copy of as many bytes; arguments are not written to."""
    import copy
    import statistics

    special = function.special(arguments)
    mine, theirs = copy.deepcopy(arguments), copy.deepcopy(arguments)
    got, want = function(*mine), function.python(*theirs)
    gap = apart((got, list(mine)), (want, list(theirs)))
    many = max(account(special.body).least // 16, 1)
    source, target = np.ones(many), np.ones(many)
    calls: list[Callable[[], Any]] = [
        lambda: function(*mine),
        lambda: function.python(*theirs),
        lambda: np.copyto(target, source),
    ]
    taken: list[list[float]] = [[], [], []]
    with np.errstate(all="ignore"):
        for _ in range(rounds):
            for one, seconds in zip(calls, taken, strict=True):
                one()
                start = time.perf_counter()
                one()
                seconds.append(time.perf_counter() - start)
    native, python, copied = map(statistics.median, taken)
    return Evidence(native, python, copied, gap)
