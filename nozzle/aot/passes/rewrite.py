"""Put other nodes in the place of some: whatever rests on one that changed, sizes included, is built anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from nozzle.aot.graph import Block, Graph, Node
from nozzle.aot.ops.index import Axis
from nozzle.aot.sizes import Atom, Dim, Mixed, Size, Var
from nozzle.aot.types import Tensor

Change = Callable[[Node, Node], Sequence[Node]]
"""(the node as it was, with its inputs put in) -> what stands in its place, the last of them its value; or nothing."""


def rewrite(graph: Graph, change: Change) -> Graph:
    """The graph with every node that `change` has something for replaced."""
    block = _Rewrite(change).block(graph.block)
    return graph if block is graph.block else replace(graph, block=block)


def swapped(graph: Graph, others: Mapping[Node, Node]) -> Graph:
    """The graph with other nodes of the same type for some, which are not in its blocks."""
    made = _Rewrite(lambda *_: ())
    made.new |= others
    return replace(graph, block=made.block(graph.block))


class _Rewrite:
    def __init__(self, change: Change) -> None:
        self.change = change
        self.new: dict[Node, Node] = {}
        self.vars: dict[Var, Var] = {}

    def block(self, block: Block) -> Block:
        nodes = [made for node in block.nodes for made in self.node(node)]
        results = tuple(self.new.get(one, one) for one in block.results)
        same = len(nodes) == len(block.nodes) and all(map(_is, nodes, block.nodes)) and results == block.results
        return block if same else Block(block.params, tuple(nodes), results)

    def node(self, node: Node) -> list[Node]:
        inputs = tuple(self.new.get(one, one) for one in node.inputs)
        blocks = tuple(map(self.block, node.blocks))
        type, attrs = self.value(node.type), {key: self.value(value) for key, value in node.attrs.items()}
        steady = inputs == node.inputs and blocks == node.blocks and type is node.type
        if not steady or not all(map(_is, attrs.values(), node.attrs.values())):
            self.new[node] = replace(node, inputs=inputs, blocks=blocks, type=type, attrs=attrs)
        made = self.new.get(node, node)
        instead = list(self.change(node, made))
        if instead:
            self.new[node] = instead[-1]
        return instead or [made]

    def value(self, value: Any) -> Any:
        """With sizes that rest on what changed put in; the same object where none does."""
        if isinstance(value, Dim):
            return self.dim(value)
        if isinstance(value, Tensor):
            shape = self.value(value.shape)
            return value if shape is value.shape else replace(value, shape=shape)
        if isinstance(value, Axis):
            start = self.dim(value.start)
            return value if start is value.start else replace(value, start=start)
        if isinstance(value, tuple):
            found = tuple(map(self.value, value))
            return value if all(map(_is, found, value)) else found
        return value

    def dim(self, dim: Dim) -> Dim:
        if not any(isinstance(atom, Var) and atom.node in self.new for atom in dim.atoms()):
            return dim
        return Dim(tuple((self.atom(atom), factor) for atom, factor in dim.terms), dim.const)

    def atom(self, atom: Atom) -> Atom:
        if isinstance(atom, Size):
            return atom
        if isinstance(atom, Mixed):
            return replace(atom, left=self.dim(atom.left), right=self.dim(atom.right))
        if atom.node not in self.new:
            return atom
        if atom not in self.vars:
            low, high = (None if edge is None else self.dim(edge) for edge in (atom.low, atom.high))
            self.vars[atom] = Var(self.new[atom.node], low, high)
        return self.vars[atom]


def _is(one: Any, two: Any) -> bool:
    return one is two
