"""Passes are functions from graph to graph, in one tuple; each leaves a well-formed graph that means the same."""

from __future__ import annotations

from collections.abc import Callable

from nozzle.aot.graph import Graph, check
from nozzle.aot.passes.epilogue import epilogue
from nozzle.aot.passes.fuse import fuse
from nozzle.aot.passes.narrow import narrow
from nozzle.aot.passes.rows import rows

PASSES: tuple[Callable[[Graph], Graph], ...] = (narrow, fuse, rows, epilogue)


def run(graph: Graph, upto: Callable[[Graph], Graph] | None = None) -> Graph:
    """The graph after every pass, or after `upto`; checked after each."""
    for one in PASSES:
        graph = one(graph)
        check(graph)
        if one is upto:
            break
    return graph
