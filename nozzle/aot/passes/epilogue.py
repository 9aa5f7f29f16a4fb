"""Fuse what follows a product of matrices into it: a bias, a residual, added to a tile while it is near.

Only where the product itself is wanted by nobody else, and is read element for element.
"""

from __future__ import annotations

from dataclasses import replace

from nozzle.aot.graph import WRITES, Block, Graph, Node, root, sources
from nozzle.aot.ops.product import PRODUCTS
from nozzle.aot.passes.fuse import free_names, pulled
from nozzle.aot.sizes import Facts


def epilogue(graph: Graph) -> Graph:
    """Join every product with the elementwise kernel behind it."""
    facts = Facts.of(graph.guards)
    made: list[Node] = []
    block = _joined(graph.block, facts, made)
    note = f"epilogue: {len(made)} product{'s' * (len(made) != 1)} finished tile by tile"
    return replace(graph, block=block, notes=(*graph.notes, note)) if made else graph


def _joined(block: Block, facts: Facts, made: list[Node]) -> Block:
    nodes = list(block.nodes)
    for at, node in enumerate(nodes):
        if node.blocks and node.op != "fused":
            inner = tuple(_joined(one, facts, made) for one in node.blocks)
            nodes[at] = replace(node, attrs={**node.attrs, "origin": node.attrs.get("origin", node)}, blocks=inner)
    at = 0
    while at < len(nodes):
        behind = _behind(nodes, at, block, facts)
        if behind is not None:
            product, after = nodes[at].blocks[0], nodes[behind].blocks[0]
            whole = Block((), (*product.nodes, *after.nodes), after.results)
            between = nodes[at + 1 : behind]
            fused = Node("fused", (), None, {"epilogue": True}, nodes[at].loc, (whole,))
            nodes[at : behind + 1] = [*between, fused]
            made.append(fused)
            at += len(between)
        at += 1
    return Block(block.params, tuple(nodes), block.results)


def _behind(nodes: list[Node], at: int, block: Block, facts: Facts) -> int | None:
    """Where the kernel stands that may be joined to the product at `at`."""
    if nodes[at].op != "fused" or "rows" in nodes[at].attrs:
        return None
    product = nodes[at].blocks[0].nodes[-1]
    if product.op not in PRODUCTS or [one.tensor.rank for one in product.inputs] != [2, 2]:
        return None
    if product.tensor.dtype not in ("float32", "float64", "int32"):
        return None
    behind = at + 1
    while behind < len(nodes) and _stands_aside(nodes[behind], product):
        behind += 1
    if behind == len(nodes) or nodes[behind].op != "fused" or nodes[behind].attrs:
        return None
    last = nodes[behind].blocks[0].nodes[-1]
    if not pulled(last) or (last.op == "cast" and last.tensor.rank != 2):
        return None
    shape = [facts.plain(dim) for dim in product.tensor.shape]
    if [facts.plain(dim) for dim in last.tensor.shape] != shape or not _element_for_element(last, product):
        return None
    rest = Block((), tuple(nodes[behind + 1 :]), block.results)
    used = {root(one) for one in (*free_names(rest), *block.results) if one.type is not None}
    return behind if product not in used else None


def _stands_aside(node: Node, product: Node) -> bool:
    """Whether a node between the two may as well stand before the product."""
    if node.op == "fused":
        still = not any(one.op in WRITES for one in node.blocks[0].nodes)
        return still and all(root(one) is not product for one in free_names(Block((), (node,), ())))
    if node.op in ("store", "check") or node.blocks:
        return False
    return all(root(one) is not product for one in node.inputs)


def _element_for_element(last: Node, product: Node) -> bool:
    """Whether it reads the product, and only at its own place."""

    def through(node: Node) -> bool:
        return node is not product and pulled(node) and node.op != "gather" and node.tensor.rank == 2

    def steady(node: Node) -> bool:
        if node is product or through(node) or node.type is None or not node.tensor.rank:
            return True
        return not _reaches(node, product) if pulled(node) else root(node) is not product  # a view of the product

    found = list(sources(last, through))
    return product in found and all(map(steady, found))


def _reaches(node: Node, product: Node) -> bool:
    return any(one is product for one in sources(node, lambda _: True))
