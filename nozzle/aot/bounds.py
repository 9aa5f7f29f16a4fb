"""Between which numbers a Python int lies: what cannot leave 64 bits is not tested while it runs.

Lengths and integer arguments are first taken for any number that they can be; where that proves nothing, for at most
2**31, and then for at most 2**20, as the first call has them. What was taken for granted becomes a guard, so that a
call with a greater one is compiled anew. What a loop carries is bounded by how often it turns and what a turn adds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from nozzle.aot.graph import Node
from nozzle.aot.sizes import Atom, Dim, Facts, Mixed, Size, Var

LEAST, MOST = -(2**63), 2**63 - 1
LIMITS = (0, 2**31, 2**20)
"""What a size is taken to be at most, one after the other; 0: whatever a size can be."""
LENGTH = 2**62
"""No array is longer: that many bytes are nowhere."""
TURNS = 2**52
"""No `while` loop turns more often: at a thousand million turns a second that takes 50 days."""


@dataclass(frozen=True, slots=True)
class Span:
    """From `low` to `high`, both included, where every size named is at most what it was taken for."""

    low: int
    high: int
    sizes: frozenset[Size] = frozenset()

    def joined(self, *others: Span) -> Span:
        """The least span that has all of them."""
        every = (self, *others)
        sizes = frozenset[Size]().union(*(one.sizes for one in every))
        return Span(min(one.low for one in every), max(one.high for one in every), sizes)

    def also(self, *others: Span) -> Span:
        """Itself, which rests on what others rest on."""
        return Span(self.low, self.high, self.sizes.union(*(one.sizes for one in others)))

    @property
    def fits(self) -> bool:
        return self.low >= LEAST and self.high <= MOST

    @property
    def size(self) -> int:
        """The greatest that it can be without its sign."""
        return max(abs(self.low), abs(self.high))


ALL = Span(LEAST, MOST)
Combine = Callable[[Span, Span], Span]


def _add(a: Span, b: Span) -> Span:
    return Span(a.low + b.low, a.high + b.high)


def _subtract(a: Span, b: Span) -> Span:
    return Span(a.low - b.high, a.high - b.low)


def _multiply(a: Span, b: Span) -> Span:
    edges = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
    return Span(min(edges), max(edges))


def _left_shift(a: Span, b: Span) -> Span:
    if b.low < 0 or b.high > 63:
        return Span(LEAST - 1, MOST + 1)
    return _multiply(a, Span(1, 1 << b.high))


def _right_shift(a: Span, b: Span) -> Span:
    return Span(min(a.low, 0), max(a.high, 0)) if a.low >= 0 or a.high < 0 else a


def _floor_divide(a: Span, b: Span) -> Span:
    if a.low >= 0 and b.low >= 1:
        return Span(0, a.high)
    return Span(-a.size, a.size)


def _remainder(a: Span, b: Span) -> Span:
    return Span(min(b.low + 1, 0), max(b.high - 1, 0))


def _bitwise_and(a: Span, b: Span) -> Span:
    natural = [one.high for one in (a, b) if one.low >= 0]
    return Span(0, min(natural)) if natural else _bitwise(a, b)


def _bitwise(a: Span, b: Span) -> Span:
    bits = max(one.bit_length() for one in (a.low, a.high, b.low, b.high))
    return Span(0 if a.low >= 0 and b.low >= 0 else -(1 << bits), (1 << bits) - 1)


def _power(a: Span, b: Span) -> Span:
    if b.high > 64:
        return Span(LEAST - 1, MOST + 1)
    most = max(a.size, 1) ** max(b.high, 0)
    return Span(0 if a.low >= 0 else -most, most)


COMBINE: dict[str, Combine] = {
    "add": _add,
    "subtract": _subtract,
    "multiply": _multiply,
    "left_shift": _left_shift,
    "right_shift": _right_shift,
    "floor_divide": _floor_divide,
    "remainder": _remainder,
    "bitwise_and": _bitwise_and,
    "bitwise_or": _bitwise,
    "bitwise_xor": _bitwise,
    "ipow": _power,
    "min": lambda a, b: Span(min(a.low, b.low), min(a.high, b.high)),
    "max": lambda a, b: Span(max(a.low, b.low), max(a.high, b.high)),
}
OF_SIZES = {"*": "multiply", "//": "floor_divide", "%": "remainder", "**": "ipow", "min": "min", "max": "max"}


@dataclass(slots=True)
class Bounds:
    """What is known of the whole numbers of one graph that is being made."""

    known: Mapping[Node, Dim]
    facts: Facts
    carried: dict[tuple[Node, int], Span] = field(default_factory=dict)
    """What a loop carries, and what comes of it, for each limit."""
    found: dict[tuple[Node, int], Span] = field(default_factory=dict)

    def proves(self, what: Callable[[int], Span], good: Callable[[Span], bool] = lambda span: span.fits) -> bool:
        """Whether a span is good for some limit; then the limit is guarded."""
        for limit in LIMITS:
            span = what(limit)
            if good(span):
                for size in sorted(span.sizes, key=str):
                    self.facts.at_least(Dim.of(limit), Dim.of(size))
                    if "." not in size.name:
                        self.facts.at_least(Dim.of(size), -limit)
                return True
        return False

    def of(self, node: Node, limit: int) -> Span:
        """Where a whole number lies."""
        key = node, limit
        if key in self.carried:
            return self.carried[key]
        if key not in self.found:
            span = self._of(node, limit)
            whole = _dtype(node)
            low, high = max(span.low, whole.low), min(span.high, whole.high)
            self.found[key] = Span(low, max(low, high), span.sizes)
        return self.found[key]

    def _of(self, node: Node, limit: int) -> Span:
        if node.op == "const":
            return Span(int(node.attrs["value"]), int(node.attrs["value"]))
        dim = self.known.get(node)
        own = dim.terms[0][0] if dim is not None and len(dim.terms) == 1 else None
        if not isinstance(own, Var) or own.node is not node:
            own = None
        if dim is not None and (own is None or (own.low is not None and own.high is not None)):
            return self.dim(dim, limit)
        if node.op in COMBINE and len(node.inputs) == 2:
            one, two = (self.of(side, limit) for side in node.inputs)
            return COMBINE[node.op](one, two).also(one, two)
        if node.op == "where":
            return self.of(node.inputs[1], limit).joined(self.of(node.inputs[2], limit))
        if node.op in ("cast", "positive") and node.inputs[0].tensor.kind in "iub":
            return self.of(node.inputs[0], limit)
        if node.op in ("negative", "absolute"):
            span = self.of(node.inputs[0], limit)
            negated = Span(-span.high, -span.low, span.sizes)
            return negated if node.op == "negative" else Span(0, span.size, span.sizes)
        if node.op == "result" and node.inputs[0].op == "if":
            one, two = (self.of(block.results[node.attrs["at"]], limit) for block in node.inputs[0].blocks)
            return one.joined(two)
        return ALL

    def dim(self, dim: Dim, limit: int) -> Span:
        """Where a size lies."""
        total = Span(dim.const, dim.const)
        for atom, factor in dim.terms:
            span = self._atom(atom, limit)
            total = _add(total, _multiply(span, Span(factor, factor))).also(total, span)
        return total

    def _atom(self, atom: Atom, limit: int) -> Span:
        if isinstance(atom, Size):
            length = "." in atom.name
            if not limit or abs(atom.hint) > limit:
                return Span(0, LENGTH) if length else ALL
            return Span(0 if length else -limit, limit, frozenset({atom}))
        if isinstance(atom, Mixed):
            left, right = self.dim(atom.left, limit), self.dim(atom.right, limit)
            return COMBINE[OF_SIZES[atom.op]](left, right).also(left, right)
        if (atom.node, limit) in self.carried or atom.low is None or atom.high is None:
            return self.of(atom.node, limit)
        low, high = self.dim(atom.low, limit), self.dim(atom.high, limit)
        return Span(low.low, max(low.low, high.high)).also(low, high)


def _dtype(node: Node) -> Span:
    """What the dtype of a node can hold."""
    if node.tensor.kind not in "iu":
        return Span(0, 1) if node.tensor.kind == "b" else ALL
    info = np.iinfo(node.tensor.dtype)
    return Span(int(info.min), int(info.max))


@dataclass(slots=True)
class Turns:
    """What one loop does to the whole numbers that it carries."""

    bounds: Bounds
    params: Sequence[Node]
    first: Sequence[Node]
    results: Sequence[Node]
    ends: Sequence[Node]
    """Start and stop of a counted loop, and its step; nothing of a `while`."""
    spans: list[list[Span]] = field(default_factory=list)
    """Of each, for each limit."""

    def learn(self) -> bool:
        """Bound what the loop carries, for those who walk its body anew; whether anything was learnt."""
        self.bounds.found.clear()
        self.spans = [
            [self._span(at, limit) for limit in LIMITS] if _whole(param) else [ALL for _ in LIMITS]
            for at, param in enumerate(self.params)
        ]
        return any(_bounded(span) for row in self.spans for span in row)

    def say(self, nodes: Sequence[Node]) -> None:
        """These are what the loop carries."""
        for node, row in zip(nodes, self.spans, strict=True):
            for limit, span in zip(LIMITS, row, strict=True):
                if _whole(node) and _bounded(span):
                    self.bounds.carried[node, limit] = span

    def _span(self, at: int, limit: int) -> Span:
        """Where what is carried lies: by what a turn adds to it, else by what a turn makes of whatever it was."""
        begin = self.bounds.of(self.first[at], limit)
        added = self._added(self.results[at], self.params[at], limit, {})
        if added is not None:
            grown = self._often(added, limit)
            found = _add(begin, grown.joined(Span(0, 0))).also(begin, grown)
        else:
            found = begin.joined(self.bounds.of(self.results[at], limit))
        return found if found.fits else ALL

    def _often(self, each: Span, limit: int) -> Span:
        turns = turned(self.bounds, self.ends, limit)
        return _multiply(turns, each).also(turns, each)

    def _added(self, node: Node, param: Node, limit: int, seen: dict[Node, Span | None]) -> Span | None:
        """What a node is more than a parameter; None where it is not that parameter and something."""
        if node is param:
            return Span(0, 0)
        if node not in seen:
            seen[node] = None
            seen[node] = self._more(node, param, limit, seen)
        return seen[node]

    def _more(self, node: Node, param: Node, limit: int, seen: dict[Node, Span | None]) -> Span | None:
        if node.op in ("add", "subtract"):
            left, right = (self._added(side, param, limit, seen) for side in node.inputs)
            if left is not None and right is None:
                other = self.bounds.of(node.inputs[1], limit)
                return COMBINE[node.op](left, other).also(left, other)
            if right is not None and left is None and node.op == "add":
                other = self.bounds.of(node.inputs[0], limit)
                return _add(right, other).also(right, other)
            return None
        if node.op == "where":
            return _both(self._added(side, param, limit, seen) for side in node.inputs[1:])
        if node.op != "result":
            return None
        control, at = node.inputs[0], node.attrs["at"]
        if control.op == "if":
            return _both(self._added(block.results[at], param, limit, seen) for block in control.blocks)
        body, own = control.blocks[-1], 1 if control.op == "for" else 0
        ends = control.inputs[:3] if own else ()
        begin = self._added(control.inputs[len(ends) + at], param, limit, seen)
        each = self._added(body.results[at], body.params[own + at], limit, {})
        if begin is None or each is None:
            return None
        turns = turned(self.bounds, ends, limit)
        return _add(begin, _multiply(turns, each).joined(Span(0, 0))).also(begin, turns, each)


def _whole(node: Node) -> bool:
    return node.tensor.weak and node.tensor.kind == "i"


def _bounded(span: Span) -> bool:
    return span.low > LEAST or span.high < MOST


def _both(spans: Iterable[Span | None]) -> Span | None:
    one, two = spans
    return None if one is None or two is None else one.joined(two)


def turned(bounds: Bounds, ends: Sequence[Node], limit: int) -> Span:
    """How often a loop turns."""
    if not ends:
        return Span(0, TURNS)
    start, stop = (bounds.of(one, limit) for one in ends[:2])
    step = int(ends[2].attrs["value"])
    gap = stop.high - start.low if step > 0 else start.high - stop.low
    return Span(0, max(-(-gap // abs(step)), 0)).also(start, stop)
