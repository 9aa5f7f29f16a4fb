"""Decide which tensors are ever in memory; all others are computed where they are used, element by element.

Every kernel of the result is a `fused` node that ends in what it leaves behind: a tensor, a sum, a store. What stands
before that in its block has no memory of its own. A tensor goes to memory when

* it is a result, or is read in a loop or branch further in;
* it is written into, or looked at in another shape;
* a product of matrices reads it, which reads every element many times;
* something that it reads is overwritten before it is used;
* it is dear and used twice;
* it ends a long way of such that are not in memory: a kernel, too, has an end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from nozzle.aot.graph import CONTROL, VIEWS, Block, Graph, Node, root, sources, stored
from nozzle.aot.ops import OPS
from nozzle.aot.ops.product import PRODUCTS
from nozzle.aot.types import Tensor

ANCHORS = (
    "sum",
    "prod",
    "max",
    "min",
    "any",
    "all",
    "argmax",
    "argmin",
    "cumsum",
    "cumprod",
    *PRODUCTS,
    "compress",
    "copy",
    "item",
    "store",
    "scatter",
    "put",
)
FREE = ("full", "iota")
DEAR = 8
"""A tensor that costs more additions than this for one element is not computed twice."""
LONG = 96
"""As many operations stand behind each other in one kernel."""


def fuse(graph: Graph) -> Graph:
    """Group the nodes of every block into kernels."""
    block = _Block(graph.block).fused()
    kernels = sum(node.op == "fused" for node in _walk(block))
    note = f"fuse: {kernels} kernel{'s' * (kernels != 1)}"
    return replace(graph, block=block, notes=(*graph.notes, note))


def _walk(block: Block) -> Iterator[Node]:
    for node in block.nodes:
        yield node
        for inner in node.blocks:
            yield from _walk(inner)


def pulled(node: Node) -> bool:
    """Whether an element of it can be computed from elements of its inputs."""
    return node.type is not None and (
        node.op in ("cast", "gather", *FREE) or (node.op in OPS and OPS[node.op].emit is not None)
    )


def half(node: Node) -> bool:
    """The real or the imaginary part of memory, which in NumPy is a view of it."""
    return node.op in ("real", "imag") and node.inputs[0].tensor.kind == "c" and not pulled(root(node.inputs[0]))


def _dot(node: Node) -> bool:
    """A product of two vectors, which reads every element once."""
    return node.op == "matmul" and all(one.tensor.rank == 1 for one in node.inputs)


def free_names(block: Block) -> set[Node]:
    """What a block uses from outside."""
    inside, used = set(block.params), set(block.results)
    for node in block.nodes:
        inside.add(node)
        used.update(node.inputs)
        for inner in node.blocks:
            used |= free_names(inner)
        if node.op == "fused":
            inside |= set(node.blocks[0].results)
    return used - inside


class _Block:
    """One block, and what is known of its nodes."""

    def __init__(self, block: Block) -> None:
        self.block = block
        self.place = {node: at for at, node in enumerate(block.nodes)}
        self.users: dict[Node, list[Node]] = {}
        self.deep: set[Node] = {root(one) for one in block.results if one.tensor.rank}
        self.written: list[tuple[int, Node]] = []
        for at, node in enumerate(block.nodes):
            for one in dict.fromkeys(node.inputs):
                self.users.setdefault(one, []).append(node)
            for inner in node.blocks:
                self.deep |= {root(one) for one in free_names(inner) if one.type is not None and one.tensor.rank}
            self.written += [(at, one) for one in stored([node])]
        self.deep |= {one for _, one in self.written}
        self.deep |= {root(node) for node in block.nodes if node.op == "reshape"}
        whole = (*PRODUCTS, "scatter", "put")
        self.deep |= {
            root(one)
            for node in block.nodes
            if node.op in whole and not _dot(node)
            for one in node.inputs
            if one.tensor.rank
        }
        self.deep |= {
            root(one)
            for node in block.nodes
            if node.op in CONTROL
            for one in node.inputs
            if one.type and one.tensor.rank
        }
        self.latest: dict[Node, int] = {}
        self.reading: dict[Node, frozenset[Node]] = {}
        self.copies: dict[Node, Node] = {}
        self.kept: set[Node] = set()
        self._decide()

    def _decide(self) -> None:
        for node in self.block.nodes:
            self.reading[node] = self._reads(node)
        cost: dict[Node, int] = {}
        for node in reversed(self.block.nodes):
            if node.type is not None and node.tensor.rank:
                self.latest[node] = max((self._when(user) for user in self.users.get(node, ())), default=-1)
                if pulled(node) and (self._must(node) or self._overwritten(node)):
                    self.kept.add(node)
        way: dict[Node, int] = {}
        for node in self.block.nodes:
            if node.type is None or not node.tensor.rank:
                continue
            cost[node], way[node] = self._cost(node, cost), self._way(node, way)
            if pulled(node) and node not in self.kept:
                twice = cost[node] > DEAR and self._many(node) > 1
                if twice or (way[node] >= LONG and not half(node)):
                    self.kept.add(node)
            if node in self.kept:
                cost[node] = way[node] = 0

    def _way(self, node: Node, way: dict[Node, int]) -> int:
        """How many operations stand behind each other on the way to a node from what is in memory."""
        return 1 + max((way.get(one, 0) for one in node.inputs), default=0) if pulled(node) or node.op in VIEWS else 0

    def _reads(self, node: Node) -> frozenset[Node]:
        """The memory that an element of it may come from."""
        if node.op in VIEWS or pulled(node):
            return frozenset().union(*(self._seen(one) for one in node.inputs))
        return frozenset({node})

    def _seen(self, one: Node) -> frozenset[Node]:
        if one.type is None or not one.tensor.rank:
            return frozenset()
        return self.reading.get(one, frozenset({root(one)}))

    def _when(self, user: Node) -> int:
        """The latest time that a node used by this one is computed, if it is computed where it is used."""
        waits = user.op in VIEWS or (pulled(user) and user not in self.kept and user.tensor.rank)
        return self.latest.get(user, -1) if waits else self.place[user]

    def _must(self, node: Node) -> bool:
        if node not in self.deep:
            return False
        return node.op not in FREE or any(one is node for _, one in self.written) or self._shown(node)

    def _shown(self, node: Node) -> bool:
        """Whether a cheap one must be in memory all the same."""
        if any(root(one) is node for one in self.block.results):
            return True
        whole = [
            n for n in self.block.nodes if n.op in ("reshape", *PRODUCTS, "scatter", "put", *CONTROL) and not _dot(n)
        ]
        return any(root(one) is node for n in whole for one in n.inputs)

    def _overwritten(self, node: Node) -> bool:
        if half(node):  # it looks at memory, as in NumPy
            return False
        reads = self.reading[node]
        for at, one in self.written:
            if one in reads and self.place[node] < at <= self.latest[node]:
                store = self.block.nodes[at]
                if at < self.latest[node] or not (store.op == "store" and in_step(store, self.reading)):
                    return True
        return False

    def _cost(self, node: Node, cost: dict[Node, int]) -> int:
        own = OPS[node.op].cost if pulled(node) and node.op in OPS else 0
        return own + sum(cost.get(one, 0) for one in node.inputs) if pulled(node) or node.op in VIEWS else 0

    def _many(self, node: Node) -> int:
        """In how many places it is used, seen through views."""
        return sum(self._many(user) if user.op in VIEWS else 1 for user in self.users.get(node, ()))

    def fused(self) -> Block:
        nodes: list[Node] = []
        for node in self.block.nodes:
            if node.op in CONTROL:
                blocks = tuple(_Block(inner).fused() for inner in node.blocks)
                nodes.append(
                    replace(node, attrs={**node.attrs, "origin": node.attrs.get("origin", node)}, blocks=blocks)
                )
            elif node.op in ("compress", "copy") and not self.users.get(node) and node not in self.deep:
                continue
            elif node in self.kept or node.op in ANCHORS:
                nodes += self._kernel(node)
            elif not self._waits(root(node)) or (root(node).op in FREE and root(node) in self.deep):
                nodes.append(node)
        return Block(self.block.params, tuple(nodes), self.block.results)

    def _waits(self, node: Node) -> bool:
        return node in self.place and pulled(node) and bool(node.tensor.rank) and node not in self.kept

    def _kernel(self, node: Node) -> list[Node]:
        if node.op == "store" and not self._safe(node):
            target, value = node.inputs
            copy = Node("copy", (value,), Tensor(value.tensor.dtype, value.tensor.shape), {}, node.loc)
            store = Node("store", (target, copy), None, {}, node.loc)
            first = Node("fused", (), None, {}, node.loc, (Block((), (*self._tail(copy), copy), (copy,)),))
            return [first, Node("fused", (), None, {}, node.loc, (Block((), (store,), ()),))]
        results = (node,) if node.type is not None else ()
        return [Node("fused", (), None, {}, node.loc, (Block((), (*self._tail(node), node), results),))]

    def _safe(self, store: Node) -> bool:
        """Whether a store may read its value while it writes."""
        value = store.inputs[1]
        if not value.tensor.rank or root(value) in self.kept or value in self.kept:
            return root(value) is not root(store.inputs[0])
        return root(store.inputs[0]) not in self._seen(value) or in_step(store, self.reading)

    def _tail(self, node: Node) -> list[Node]:
        """What is computed on the way to a node, in the order of the program."""

        def through(one: Node) -> bool:
            return one is node or one.op in VIEWS or (one.type is not None and self._waits(one))

        found = [one for one in sources(node, through) if one is not node and one.op not in VIEWS and through(one)]
        views = self._views(found, node)
        return sorted(dict.fromkeys((*found, *views)), key=lambda one: self.place.get(one, -1))

    def _views(self, found: list[Node], node: Node) -> dict[Node, None]:
        """The views of what has no memory; views of memory stand outside."""
        views: dict[Node, None] = {}
        inside = set(found)
        for one in (*found, node):
            for inner in one.inputs:
                chain = []
                while inner.op in VIEWS:
                    chain.append(inner)
                    inner = inner.inputs[0]
                if inner in inside:
                    views.update(dict.fromkeys(chain))
        return views


def in_step(store: Node, reading: dict[Node, frozenset[Node]]) -> bool:
    """Whether the value of a store reads what is written only at the very place that is written."""
    target, value = store.inputs
    base = root(target)

    def through(one: Node) -> bool:
        reads = one.type is not None and one.tensor.rank and base in reading.get(one, frozenset())
        return bool(reads) and root(one) is not base

    def steady(one: Node) -> bool:
        if through(one):
            return pulled(one) and one.op != "gather" and one.tensor.rank == target.tensor.rank
        return root(one) is not base or alike(one, target)

    return all(map(steady, sources(value, through)))


def alike(one: Node, two: Node) -> bool:
    """Whether two views look at the same elements in the same order."""
    if one is two:
        return True
    if one.op != two.op or one.op not in VIEWS or len(one.inputs) != len(two.inputs):
        return False
    same = one.tensor.shape == two.tensor.shape and _spelt(one) == _spelt(two)
    return same and alike(one.inputs[0], two.inputs[0])


def _spelt(view: Node) -> object:
    plan = view.attrs.get("plan")
    return (
        [(str(axis.start), axis.start, axis.step, axis.out) for axis in plan]
        if plan
        else sorted((key, value) for key, value in view.attrs.items() if key in ("axes", "shape"))
    )
