"""What is given back may be, by way of a branch or a loop, what only Python can give: then Python answers.

An argument, or what looks at one: native code gives back a copy there, and who writes to that would not reach the
argument. And a number of another type, as an int where another way gives a float. Which way a call took is known while
it runs: beside every such value goes a bool that says whether it is one of these.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace

from nozzle.aot.frontend.aliases import base
from nozzle.aot.graph import CONTROL, Block, Graph, Node, stored, walk
from nozzle.aot.passes.rewrite import rewrite
from nozzle.aot.source import NotAdmissible
from nozzle.aot.types import Tensor

TRUTH = Tensor("bool", (), True)
Place = tuple[Node, int]
"""A branch or a loop, and which of its results."""


def left_where_theirs(graph: Graph) -> Graph:
    """The graph, which leaves a call to Python where what it gives back is memory of the caller's.

    Raises NotAdmissible where something of the caller's was written to before, which cannot be done twice.
    """
    return _left(graph, [one for one in graph.inputs if one.tensor.rank], THEIRS)


def left_where_of_another_type(graph: Graph, cast: Iterable[Node]) -> Graph:
    """The graph, which leaves a call to Python where a number that it gives back is one that was `cast` to meet others.

    Raises NotAdmissible as `left_where_theirs`.
    """
    return _left(graph, [one for one in cast if not one.tensor.rank], OTHERS)


class OtherType(TypeError):
    """A number is of another type than most ways give."""


@dataclass(frozen=True, slots=True)
class _Words:
    kind: type[Exception]
    message: str
    late: str
    instead: str


THEIRS = _Words(
    ValueError,
    "what is given back is an argument, or looks at one: copy it",
    "what is given back may be an argument, or another array, and an argument is written to",
    "give back a copy where the ways meet, y = x.copy(), or nothing of what was changed in place",
)
OTHERS = _Words(
    OtherType,
    "the number that is given back is of another type here: give back one type, 0.0 where others are floats",
    "a number of one type or of another is given back, by the way that a call takes, and an argument is written to",
    "give back numbers of one type: 0.0 where others are floats, x.dtype.type(0) where they are NumPy's",
)


def _left(graph: Graph, begin: Collection[Node], words: _Words) -> Graph:
    """The graph, which leaves a call to Python where what it gives back is one of these."""
    marks = _Marks(graph, begin, *_asked(graph, begin))
    asked = list(dict.fromkeys(base(one) for one in graph.outputs if base(one) in marks.of))
    if not asked:
        return graph
    if stored(graph.block.nodes) & set(graph.inputs):
        chosen = [one for one in asked if one in _of_these(begin, marks.places, _chosen)]
        if chosen:
            raise NotAdmissible(chosen[0].loc, words.late, words.instead)
        if words is OTHERS:  # a loop that begins with 0 and adds floats, and had no turn
            return graph
    made = rewrite(graph, marks.put)
    nodes = list(made.block.nodes)
    for one in asked:
        good = Node("invert", (marks.of[one],), TRUTH, {}, one.loc)
        attrs = {"kind": words.kind, "message": words.message, "python": True}
        nodes += [good, Node("check", (good,), None, attrs, one.loc)]
    return replace(made, block=replace(made.block, nodes=tuple(nodes)))


def _asked(graph: Graph, begin: Collection[Node]) -> tuple[dict[Node, Place], list[Place]]:
    """Of which place every result is, and what a loop carries; the places that a mark is needed for."""
    places: dict[Node, Place] = {}
    for node in walk(graph.block):
        if node.op == "result":
            places[node] = node.inputs[0], node.attrs["at"]
        for block in node.blocks if node.op in CONTROL else ():
            many = len(node.blocks[-1].results)
            places |= {one: (node, at) for at, one in enumerate(block.params[len(block.params) - many :])}
    theirs = _of_these(begin, places, _sources)
    left = [base(one) for one in graph.outputs]
    found: dict[Place, None] = {}
    while left:
        one = left.pop()
        if one in theirs and one in places and places[one] not in found:
            found[places[one]] = None
            left += [base(each) for each in _sources(places[one])]
    return places, list(found)


def _of_these(
    begin: Collection[Node], places: dict[Node, Place], sources: Callable[[Place], Iterable[Node]]
) -> set[Node]:
    """What may be one of these: they, and places that may hold one."""
    found, before = set(begin), 0
    while before < len(found):
        before = len(found)
        found |= {one for one, place in places.items() if any(base(each) in found for each in sources(place))}
    return found


def _sources(place: Place) -> Iterable[Node]:
    """What a place may hold: what a branch or a turn of a loop gives, or what a loop begins with."""
    return [*_given(place), *_first(place)]


def _given(place: Place) -> Iterable[Node]:
    """What a branch or a turn gives."""
    node, at = place
    return [block.results[at] for block in (node.blocks if node.op == "if" else node.blocks[-1:])]


def _chosen(place: Place) -> Iterable[Node]:
    """What a place holds by what the code says, and not because a loop that begins with it had no turn."""
    plain = [one for one in _first(place) if base(one).op == "result" or "carried" in base(one).attrs]
    return [*_given(place), *plain]


def _first(place: Place) -> Iterable[Node]:
    """What a loop begins with."""
    node, at = place
    return [] if node.op == "if" else [node.inputs[len(node.inputs) - len(node.blocks[-1].results) + at]]


@dataclass(slots=True)
class _Marks:
    graph: Graph
    begin: Collection[Node]
    places: dict[Node, Place]
    asked: list[Place]
    of: dict[Node, Node] = field(default_factory=dict)
    """Of a result, or of what a loop carries: its mark, whether it is one of `begin`."""

    def __post_init__(self) -> None:
        for one, place in self.places.items():
            if place in self.asked:
                mark = {"carried": True} if one.op == "param" else {}
                self.of[one] = Node(one.op, (), TRUTH, mark, one.loc)

    def put(self, node: Node, now: Node) -> Sequence[Node]:
        """The node as it was, and as it is now: with the marks that it needs."""
        if node.op == "result" and node in self.of:
            control, at = self.places[node]
            many = len(control.blocks[-1].results)
            attrs = {"at": many + self._mine(control).index(at)}
            self.of[node] = Node("result", now.inputs, TRUTH, attrs, node.loc)
            return [self.of[node], now]
        mine = self._mine(node)
        return self._marked(node, now, mine) if mine else ()

    def _mine(self, node: Node) -> list[int]:
        """Which results of a branch or a loop have a mark."""
        return [at for control, at in self.asked if control is node]

    def _marked(self, node: Node, now: Node, mine: list[int]) -> list[Node]:
        blocks = [self._block(node, one, new, mine) for one, new in zip(node.blocks, now.blocks, strict=True)]
        before: list[Node] = []
        if node.op != "if":
            first = node.inputs[len(node.inputs) - len(node.blocks[-1].results) :]
            before = [self._mark(first[at]) for at in mine]
        constants = [one for one in before if one.op == "const"]
        return [*constants, replace(now, inputs=(*now.inputs, *before), blocks=tuple(blocks))]

    def _block(self, node: Node, old: Block, new: Block, mine: list[int]) -> Block:
        params = new.params
        if node.op != "if":
            carried = old.params[len(old.params) - len(node.blocks[-1].results) :]
            params = (*params, *(self.of[carried[at]] for at in mine))
        if old is not node.blocks[-1] and node.op == "while":
            return replace(new, params=params)
        marks = [self._mark(old.results[at]) for at in mine]
        constants = [one for one in marks if one.op == "const"]
        return Block(params, (*new.nodes, *constants), (*new.results, *marks))

    def _mark(self, node: Node) -> Node:
        """Whether a node is one of these."""
        one = base(node)
        if one in self.of:
            return self.of[one]
        return Node("const", (), TRUTH, {"value": one in self.begin}, node.loc)
