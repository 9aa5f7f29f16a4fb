"""A product of bytes that were widened first is a product of bytes, summed in 32 bits: four times as much at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nozzle.aot.graph import Graph, Node
from nozzle.aot.passes.rewrite import rewrite


def narrow(graph: Graph) -> Graph:
    """`a.astype(int32) @ b.astype(int32)` of int8 matrices, without the copies."""
    made: list[Node] = []

    def change(node: Node, now: Node) -> Sequence[Node]:
        if node.op != "matmul" or node.tensor.dtype != "int32" or not all(map(_widened, now.inputs)):
            return ()
        inputs = tuple(one.inputs[0] for one in now.inputs)
        made.append(replace(now, op="wide_matmul", inputs=inputs))
        return made[-1:]

    graph = rewrite(graph, change)
    note = f"narrow: {len(made)} product{'s' * (len(made) != 1)} of bytes"
    return replace(graph, notes=(*graph.notes, note)) if made else graph


def _widened(node: Node) -> bool:
    return node.op == "cast" and node.tensor.rank > 1 and node.inputs[0].tensor.dtype == "int8"
