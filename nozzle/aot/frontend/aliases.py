"""Names that a branch or a loop binds to arrays: in NumPy the array itself, in native code a copy of it.

The two differ where the array is written to while the name is still read; that is refused. So it is with what NumPy
may copy or look at, as the array lies in memory, and with arrays without axes, which are numbers here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from nozzle.aot.graph import CONTROL, VIEWS, WRITES, Graph, Node, root, walk
from nozzle.aot.source import NotAdmissible

Owners = frozenset[Node]
"""Nodes that own memory."""


def check_aliases(graph: Graph) -> None:
    """Raise NotAdmissible where a copy is read after what it is of was written to."""
    if not any(node.op in WRITES for node in walk(graph.block)):
        return
    seen = _Seen()
    _walk(seen, graph.block.nodes)
    _read(seen, graph.block.results)


@dataclass(slots=True)
class _Seen:
    """What is so at one place of the program."""

    looks: dict[Node, Owners] = field(default_factory=dict)
    """Of every array that is a copy here, whose memory it may be in NumPy."""
    stale: dict[Node, Node] = field(default_factory=dict)
    """Of those, which may differ by now, and what wrote to it."""

    def fork(self) -> _Seen:
        return _Seen(dict(self.looks), dict(self.stale))

    def join(self, other: _Seen) -> None:
        for node, owners in other.looks.items():
            self.looks[node] = self.looks.get(node, frozenset()) | owners
        self.stale |= other.stale

    def owners(self, node: Node) -> Owners:
        return self.looks.get(base(node), frozenset([base(node)]))

    def bind(self, node: Node, owners: Owners) -> None:
        self.looks[node] = owners
        self.stale.pop(node, None)

    def make(self, node: Node) -> None:
        """It owns new memory; what it owned in an earlier turn of a loop is out of reach."""
        for one, owners in self.looks.items():
            self.looks[one] = owners - {node}

    def write(self, node: Node) -> None:
        owner = root(node.inputs[0])
        self.stale |= {one: node for one, owners in self.looks.items() if owner in owners}


def base(node: Node) -> Node:
    """What a node looks at, here or in NumPy; itself where it looks at nothing."""
    while node.op in (*VIEWS, "real", "imag"):
        node = node.inputs[0]
    return node


def _walk(seen: _Seen, nodes: Sequence[Node]) -> None:
    given: dict[Node, list[Owners]] = {}
    for node in nodes:
        _read(seen, node.inputs[1:] if node.op in WRITES else node.inputs)
        if node.op in CONTROL:
            given[node] = _branch(seen, node) if node.op == "if" else _loop(seen, node)
        elif node.op == "result":
            seen.bind(node, given[node.inputs[0]][node.attrs["at"]])
        elif node.op in WRITES:
            seen.write(node)
        elif "perhaps" in node.attrs or (node.op == "item" and "boxed" in node.attrs):
            seen.bind(node, seen.owners(node.inputs[0]))
        elif node.op not in VIEWS:
            seen.make(node)


def _read(seen: _Seen, nodes: Sequence[Node]) -> None:
    for node in nodes:
        copy = root(node)
        if copy in seen.stale:
            raise NotAdmissible(
                seen.stale[copy].loc,
                f"an array is written to that another name may be, bound by line {copy.loc.line} and read later",
                "bind that name to a copy: y = x.copy()",
            )


def _branch(seen: _Seen, node: Node) -> list[Owners]:
    sides = [seen.fork(), seen.fork()]
    found: list[Owners] = [frozenset() for _ in node.blocks[0].results]
    for side, block in zip(sides, node.blocks, strict=True):
        _walk(side, block.nodes)
        _read(side, block.results)
        found = [have | side.owners(one) for have, one in zip(found, block.results, strict=True)]
    seen.looks, seen.stale = {}, {}
    for side in sides:
        seen.join(side)
    return found


def _loop(seen: _Seen, node: Node) -> list[Owners]:
    """Turn after turn, until no turn tells anything new."""
    many = len(node.blocks[-1].results)
    carried = [seen.owners(one) for one in node.inputs[len(node.inputs) - many :]]
    turned = False
    while True:
        turn = seen.fork()
        for block in node.blocks:
            for param, owners in zip(block.params[len(block.params) - many :], carried, strict=True):
                turn.bind(param, owners)
            _walk(turn, block.nodes)
        results = node.blocks[-1].results
        _read(turn, results)
        handed = [turn.owners(one) for one in results]
        more = [one | two for one, two in zip(carried, handed, strict=True)]
        before = seen.fork()
        seen.join(turn)
        if turned and more == carried and seen == before:
            return handed if _has_turns(node) else carried
        carried, turned = more, True


def _has_turns(node: Node) -> bool:
    """Whether a loop is known to have a turn at least."""
    bounds = node.inputs[:3]
    if node.op != "for" or any(one.op != "const" for one in bounds):
        return False
    return bool(range(*(one.attrs["value"] for one in bounds)))
