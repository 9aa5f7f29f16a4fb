"""Fuse what goes row by row: a reduction over the last axis, and what is computed from it and from the same row.

Softmax is four kernels after `fuse`, each of which reads the whole matrix. Row by row they read it once: a row stays in
the nearest cache, a row's maximum and sum in registers, and what only the row needs has memory for one row.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from nozzle.aot.graph import VIEWS, Block, Graph, Node, root, sources
from nozzle.aot.passes.fuse import free_names, pulled
from nozzle.aot.sizes import Dim, Facts

FOLDS = ("sum", "prod", "max", "min", "any", "all")


def rows(graph: Graph) -> Graph:
    """Join runs of kernels that share their rows."""
    facts = Facts.of(graph.guards)
    made: list[int] = []
    block = _joined(graph.block, facts, made)
    note = f"rows: {sum(made)} of them in {len(made)} pass{'es' * (len(made) != 1)} over rows"
    return replace(graph, block=block, notes=(*graph.notes, note)) if made else graph


def _joined(block: Block, facts: Facts, made: list[int]) -> Block:
    nodes: list[Node] = []
    run: _Run | None = None
    for at, node in enumerate(block.nodes):
        if node.op == "fused":
            if run is not None and run.takes(node):
                continue
            nodes += run.closed(block, at, made) if run else []
            run = _Run.begun(node, facts)
            if run is None:
                nodes.append(node)
        elif node.blocks:
            nodes += run.closed(block, at, made) if run else []
            run = None
            inner = tuple(_joined(one, facts, made) for one in node.blocks)
            nodes.append(replace(node, attrs={**node.attrs, "origin": node.attrs.get("origin", node)}, blocks=inner))
        elif run is not None and run.keeps(node):
            continue
        elif run is not None and not run.independent(node):
            nodes += [*run.closed(block, at, made), node]
            run = None
        else:
            nodes.append(node)
    nodes += run.closed(block, len(block.nodes), made) if run else []
    return Block(block.params, tuple(nodes), block.results)


class _Run:
    """Kernels over the same rows, so far."""

    def __init__(self, first: Node, facts: Facts, over: tuple[Dim, ...]) -> None:
        self.facts, self.over = facts, over
        self.kernels = [first]
        self.views: list[Node] = []
        self.made = {first.blocks[0].nodes[-1]}

    @staticmethod
    def begun(kernel: Node, facts: Facts) -> _Run | None:
        last = kernel.blocks[0].nodes[-1]
        if last.op not in FOLDS or last.inputs[0].tensor.rank < 2:
            return None
        rank = last.inputs[0].tensor.rank
        shape = tuple(facts.plain(dim) for dim in last.inputs[0].tensor.shape)
        return _Run(kernel, facts, shape[:-1]) if last.attrs["axes"] == (rank - 1,) else None

    def takes(self, kernel: Node) -> bool:
        """Take a kernel in, if it goes over the same rows and reads no other row of what was made here."""
        last = kernel.blocks[0].nodes[-1]
        if last.op in FOLDS:
            rank = last.inputs[0].tensor.rank
            shape = last.inputs[0].tensor.shape
            fits = rank == len(self.over) + 1 and last.attrs["axes"] == (rank - 1,)
        elif pulled(last) or last.op == "copy":
            shape = last.tensor.shape
            fits = len(shape) == len(self.over) + 1
        else:
            return False
        if not fits or tuple(self.facts.plain(dim) for dim in shape[: len(self.over)]) != self.over:
            return False
        if not all(self._aligned(one, len(self.over) + 1) for one in last.inputs):
            return False
        self.kernels.append(kernel)
        self.made.add(last)
        return True

    def _aligned(self, node: Node, rank: int) -> bool:
        """Whether what was made here is read in step with the row."""
        if node.type is None or not node.tensor.rank:
            return True
        if node in self.made:
            return node.tensor.rank == rank
        if root(node) not in self.made and not self._reaches(node):
            return True
        if node.tensor.rank != rank or (node.op not in ("slice", "copy") and not pulled(node)):
            return False
        if node.op == "slice":
            plan = node.attrs["plan"]
            source = node.inputs[0]
            steady = all(
                axis.out == at and axis.step == 1 and axis.start.fixed == 0
                for at, axis in enumerate(plan[: len(self.over)])
            )
            return steady and (
                self._aligned(source, rank) or (source in self.made and source.tensor.rank == len(self.over))
            )
        return node.op not in ("gather", "iota") and all(self._aligned(one, rank) for one in node.inputs)

    def _reaches(self, node: Node) -> bool:

        def through(one: Node) -> bool:
            return one not in self.made and bool(one.type and one.tensor.rank) and seen(one)

        def seen(one: Node) -> bool:
            return one.op in VIEWS or pulled(one) or one.op == "copy"

        return any(one in self.made for one in sources(node, through))

    def keeps(self, node: Node) -> bool:
        """Take a view of what was made here."""
        if node.op in VIEWS and root(node) in self.made:
            self.views.append(node)
            return True
        return False

    def independent(self, node: Node) -> bool:
        """Whether a node may stand before all of this."""
        return not any(root(one) in self.made for one in node.inputs if one.type is not None)

    def closed(self, block: Block, at: int, made: list[int]) -> list[Node]:
        """One node for all of it; what it was, when it is but one kernel."""
        if len(self.kernels) == 1:
            return [*self.kernels, *self.views]
        used = _used(block.nodes[at:], block.results) | {root(one) for one in _used(block.nodes[at:], block.results)}
        outside = [view for view in self.views if view in used]
        used |= {root(view) for view in outside}
        results = tuple(kernel.blocks[0].nodes[-1] for kernel in self.kernels if kernel.blocks[0].nodes[-1] in used)
        phases = tuple(kernel.blocks[0].nodes[-1] for kernel in self.kernels)
        nodes: list[Node] = []
        for kernel in self.kernels:
            for node in kernel.blocks[0].nodes:
                nodes += [view for view in self.views if view in node.inputs and view not in nodes]
                nodes += [node] if node not in nodes else []
        made.append(len(self.kernels))
        attrs = {"rows": len(self.over), "phases": phases}
        return [Node("fused", (), None, attrs, self.kernels[0].loc, (Block((), tuple(nodes), results),)), *outside]


def _used(nodes: Sequence[Node], results: Sequence[Node]) -> set[Node]:
    return free_names(Block((), tuple(nodes), tuple(results))) | set(results)
