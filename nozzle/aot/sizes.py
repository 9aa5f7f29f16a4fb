"""The size of an axis as a value: a linear expression over what the call brings, and what was assumed about it.

A size is never a number here, so one piece of native code serves all sizes. Where NumPy's rules turn on a number
(do these two broadcast? does this slice reach the end? is this index in range?), `Facts` decides as the first call
had it and writes the decision down as a guard. A later call for which a guard does not hold is compiled anew; so
native code holds no test that was already made at its door. What depends on a loop's own variable is proved from the
loop's bounds, or left open (`None`), and then tested while it runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Size:
    """A number that the call brings: the length of an axis (`a.0`) or an integer argument (`n`)."""

    name: str
    hint: int = field(compare=False)
    """What it was in the call that is being compiled."""

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True)
class Mixed:
    """Two sizes joined by something not linear: `*`, `//`, `%`, `**`, `min` or `max`."""

    op: str
    left: Dim
    right: Dim

    def __str__(self) -> str:
        return f"{self.op}({self.left}, {self.right})" if self.op.isalpha() else f"({self.left} {self.op} {self.right})"


@dataclass(frozen=True, slots=True, eq=False)
class Var:
    """A number known only while the code runs; `node` computes it, from `low` to `high` where that is known."""

    node: Any
    low: Dim | None = None
    high: Dim | None = None

    def __str__(self) -> str:
        return f"<{getattr(self.node, 'op', self.node)}>"


Atom = Size | Mixed | Var
JOIN: dict[str, Callable[[int, int], int]] = {
    "*": lambda a, b: a * b,
    "//": lambda a, b: a // b,
    "%": lambda a, b: a % b,
    "**": lambda a, b: a**b,
    "min": min,
    "max": max,
}


@dataclass(frozen=True, slots=True)
class Dim:
    """`const + sum of factor * atom`.

    >>> n = Dim.of(Size("n", 5))
    >>> str(n - 2), (n - 2).hint, n - 2 + 2 == n
    ('n - 2', 3, True)
    """

    terms: tuple[tuple[Atom, int], ...] = ()
    const: int = 0

    @staticmethod
    def of(value: Atom | int) -> Dim:
        return Dim((), value) if isinstance(value, int) else Dim(((value, 1),), 0)

    def __add__(self, other: Dim | int) -> Dim:
        if isinstance(other, int):
            return Dim(self.terms, self.const + other)
        total = dict(self.terms)
        for atom, factor in other.terms:
            total[atom] = total.get(atom, 0) + factor
        kept = sorted(((a, f) for a, f in total.items() if f), key=lambda term: (str(term[0]), id(term[0])))
        return Dim(tuple(kept), self.const + other.const)

    def __sub__(self, other: Dim | int) -> Dim:
        return self + (-other if isinstance(other, int) else other.scaled(-1))

    def scaled(self, factor: int) -> Dim:
        return Dim(tuple((atom, f * factor) for atom, f in self.terms) if factor else (), self.const * factor)

    def times(self, other: Dim) -> Dim:
        if other.fixed is not None:
            return self.scaled(other.fixed)
        if self.fixed is not None:
            return other.scaled(self.fixed)
        factors = [*self._factors(), *other._factors()]
        powers = [one for one in factors if one[1] is not None]
        if any(sum(base == one for one, _ in factors) > 1 for base, _ in powers):
            return _product(factors)
        left, right = sorted((self, other), key=str)
        return Dim.of(Mixed("*", left, right))

    def _factors(self) -> list[tuple[Dim, Dim | None]]:
        """What it is a product of: bases and exponents; no exponent where it is no power."""
        if self.const or len(self.terms) != 1 or self.terms[0][1] != 1 or not isinstance(self.terms[0][0], Mixed):
            return [(self, None)]
        atom = self.terms[0][0]
        if atom.op == "*":
            return [*atom.left._factors(), *atom.right._factors()]
        return [(atom.left, atom.right)] if atom.op == "**" else [(self, None)]

    def joined(self, op: str, other: Dim) -> Dim:
        """By `//`, `%`, `**`, `min` or `max`."""
        if self.fixed is not None and other.fixed is not None:
            return Dim.of(JOIN[op](self.fixed, other.fixed))
        return Dim.of(Mixed(op, self, other))

    @property
    def fixed(self) -> int | None:
        """The number it is in every call, if it is one."""
        return None if self.terms else self.const

    @property
    def hint(self) -> int | None:
        """What it was in the call that is being compiled; None when it depends on what runs."""
        return self.value({})

    def value(self, sizes: Mapping[str, int]) -> int | None:
        """With these sizes; what is not named keeps its hint."""
        total = self.const
        for atom, factor in self.terms:
            one = _value(atom, sizes)
            if one is None:
                return None
            total += factor * one
        return total

    def atoms(self) -> Iterable[Atom]:
        for atom, _ in self.terms:
            yield atom
            if isinstance(atom, Mixed):
                yield from atom.left.atoms()
                yield from atom.right.atoms()

    @property
    def power(self) -> Mixed | None:
        """The power that it is, where it is one and nothing else."""
        if self.const or len(self.terms) != 1 or self.terms[0][1] != 1:
            return None
        atom = self.terms[0][0]
        return atom if isinstance(atom, Mixed) and atom.op == "**" else None

    @property
    def at_entry(self) -> bool:
        """Whether it is known when the call begins."""
        return not any(isinstance(atom, Var) for atom in self.atoms())

    def source(self, name: Callable[[Size], str]) -> str:
        """As a Python expression; only of what is known at entry."""
        parts = [str(self.const)] if self.const or not self.terms else []
        parts += [("" if f == 1 else f"{f}*") + _source(atom, name) for atom, f in self.terms]
        return "(" + " + ".join(parts) + ")"

    def __str__(self) -> str:
        text = ""
        for atom, factor in self.terms:
            sign = (" - " if factor < 0 else " + ") if text else ("-" if factor < 0 else "")
            text += sign + (str(atom) if abs(factor) == 1 else f"{abs(factor)}*{atom}")
        if not text:
            return str(self.const)
        return text + (f" {'-' if self.const < 0 else '+'} {abs(self.const)}" if self.const else "")


def _product(factors: Iterable[tuple[Dim, Dim | None]]) -> Dim:
    """With the powers of one base joined: their exponents, none of which is negative, add up.

    >>> r, i, k = (Dim.of(Size(name, 3)) for name in "rik")
    >>> str(r.times(r.joined("**", i)).times(r.joined("**", k - i - 1)))
    '(r ** k)'
    """
    powers: dict[Dim, Dim] = {}
    for base, exponent in factors:
        powers[base] = powers.get(base, Dim()) + (Dim.of(1) if exponent is None else exponent)
    found = Dim.of(1)
    for base, exponent in powers.items():
        one = base if exponent.fixed == 1 else base.joined("**", exponent)
        left, right = sorted((found, one), key=str)
        found = one if found.fixed == 1 else Dim.of(Mixed("*", left, right))
    return found


def _value(atom: Atom, sizes: Mapping[str, int]) -> int | None:
    if isinstance(atom, Size):
        return sizes.get(atom.name, atom.hint)
    if isinstance(atom, Var):
        return None
    left, right = atom.left.value(sizes), atom.right.value(sizes)
    if left is None or right is None or (atom.op in ("//", "%") and right == 0) or (atom.op == "**" and right < 0):
        return None
    return JOIN[atom.op](left, right)


def _source(atom: Atom, name: Callable[[Size], str]) -> str:
    if isinstance(atom, Size):
        return name(atom)
    assert isinstance(atom, Mixed)
    left, right = atom.left.source(name), atom.right.source(name)
    return f"{atom.op}({left}, {right})" if atom.op.isalpha() else f"({left} {atom.op} {right})"


@dataclass(frozen=True, slots=True)
class Guard:
    """What native code takes for granted: `dim == 0`, `dim != 0` or `dim >= 0`."""

    dim: Dim
    kind: str

    def __str__(self) -> str:
        left = Dim(tuple((a, f) for a, f in self.dim.terms if f > 0), max(self.dim.const, 0))
        right = Dim(tuple((a, -f) for a, f in self.dim.terms if f < 0), max(-self.dim.const, 0))
        return f"{left} {self.kind} {right}"

    def source(self, name: Callable[[Size], str]) -> str:
        return f"{self.dim.source(name)} {self.kind} 0"


def longest(dim: Dim) -> Dim | None:
    """A bound of a length that is known when the call begins: that of a slice is the length of what it is cut from."""
    return _bound(dim, upper=True)


def _bound(dim: Dim, *, upper: bool) -> Dim | None:
    found = Dim.of(dim.const)
    for atom, factor in dim.terms:
        one = _bound_of(atom, upper=upper == (factor > 0))
        if one is None:
            return None
        found = found + one.scaled(factor)
    return found


def _bound_of(atom: Atom, *, upper: bool) -> Dim | None:
    if isinstance(atom, Var):
        return atom.high if upper else atom.low
    if isinstance(atom, Size) or atom.op not in ("min", "max"):
        return Dim.of(atom) if Dim.of(atom).at_entry else None
    two = [one for side in (atom.right, atom.left) if (one := _bound(side, upper=upper)) is not None]
    if (atom.op == "min") == upper:  # either side bounds it
        return two[0] if two else None
    lengths = [one for one in two if one.const >= 0 and all(f > 0 and isinstance(a, Size) for a, f in one.terms)]
    if len(two) < 2 or len(lengths) < 2 or Dim() not in two:
        return None
    other = two[1] if two[0] == Dim() else two[0]
    return other if upper else Dim()  # of 0 and a length


def pruned(guards: Iterable[Guard]) -> tuple[Guard, ...]:
    """Without those that another implies: of `n >= 1` and `n >= 2`, the second."""
    kept: dict[Any, Guard] = {}
    for one in guards:
        key = (one.kind, one.dim.terms) if one.kind == ">=" else (one.kind, one.dim)
        if key not in kept or one.dim.const < kept[key].dim.const:
            kept[key] = one
    return tuple(kept.values())


class Facts:
    """Decides about sizes as the first call had it, and remembers what was assumed.

    >>> n, m, facts = Dim.of(Size("n", 5)), Dim.of(Size("m", 5)), Facts()
    >>> facts.equal(n, m), facts.equal(n, m + 1), facts.at_least(n, m), [str(guard) for guard in facts.guards]
    (True, False, True, ['n == m'])
    """

    def __init__(self) -> None:
        self.guards: list[Guard] = []
        self._same: dict[Atom, Dim] = {}
        self._nothing: list[Dim] = []
        """What was found to be 0, and puts nothing in the place of an atom."""

    @staticmethod
    def of(guards: Iterable[Guard]) -> Facts:
        """What guards say of which sizes are the same."""
        facts = Facts()
        for one in guards:
            if one.kind == "==":
                facts._learn(facts.plain(one.dim))
        return facts

    def plain(self, dim: Dim) -> Dim:
        """With what was found equal put in."""
        while True:
            found = next(((atom, factor) for atom, factor in dim.terms if atom in self._same), None)
            if found is None:
                return dim
            atom, factor = found
            rest = Dim(tuple(term for term in dim.terms if term[0] is not atom and term[0] != atom), dim.const)
            dim = rest + self._same[atom].scaled(factor)

    def is_one(self, dim: Dim) -> bool:
        """Whether it is known to be 1, without anything being assumed: an axis of that length is read again and again.

        >>> n = Dim.of(Size("n", 1))
        >>> facts = Facts.of([Guard(n.scaled(3) - Dim.of(Size("m", 2)) - 1, "==")])
        >>> facts.is_one(n.scaled(3) - Dim.of(Size("m", 2))), facts.is_one(n)
        (True, False)
        """
        gap = self.plain(dim - 1)
        if gap.terms:
            return any(self.plain(one) in (gap, Dim() - gap) for one in self._nothing)
        return gap.const == 0

    def equal(self, left: Dim, right: Dim) -> bool | None:
        """Whether they are; None when only the running code can know."""
        gap = self.plain(left - right)
        if gap.fixed is not None:
            return gap.fixed == 0
        hint = gap.hint
        if not gap.at_entry or hint is None:
            low, high = self._edge(gap, 1), self._edge(gap, -1)
            apart = (low is not None and low.hint is not None and low.hint > 0 and self._assume(low - 1, ">=")) or (
                high is not None and high.hint is not None and high.hint < 0 and self._assume(Dim() - high - 1, ">=")
            )
            return False if apart else None
        self._assume(gap, "==" if hint == 0 else "!=")
        if hint == 0:
            self._learn(gap)
        return hint == 0

    def at_least(self, left: Dim, right: Dim | int) -> bool | None:
        """Whether `left >= right`; None when only the running code can know."""
        gap = self.plain(left - right)
        if gap.fixed is not None:
            return gap.fixed >= 0
        if not gap.at_entry and self._higher(
            self.plain(left), self.plain(right) if isinstance(right, Dim) else Dim.of(right)
        ):
            return True
        if gap.at_entry and gap.hint is not None:
            if gap.hint >= 0:
                return self._assume(gap, ">=")
            self._assume(Dim() - gap - 1, ">=")
            return False
        least = self._edge(gap, 1)
        if least is not None and least.hint is not None and least.hint >= 0:
            return least.fixed is not None or self._assume(least, ">=")
        most = self._edge(gap, -1)
        if most is not None and most.hint is not None and most.hint < 0:
            most.fixed is not None or self._assume(Dim() - most - 1, ">=")
            return False
        return None

    def _higher(self, left: Dim, right: Dim) -> bool:
        """Whether one is a power and the other a lower power of the same base, or at most 1."""
        power = left.power
        if power is None or not power.left.at_entry or self.at_least(power.left, 1) is not True:
            return False
        if right.fixed is not None:
            return right.fixed <= 1 and self.at_least(power.right, 0) is True
        other = right.power
        if other is None or other.left != power.left:
            return False
        return self.at_least(power.right, other.right) is True

    def _edge(self, dim: Dim, sign: int) -> Dim | None:
        """The least (1) or greatest (-1) that it can be, known at entry; None when there is no such bound."""
        for _ in range(16):
            dim = self.plain(dim)
            found = next(((a, f) for a, f in dim.terms if isinstance(a, Var)), None)
            if found is None:
                return dim if dim.at_entry else None
            atom, factor = found
            bound = atom.low if factor * sign > 0 else atom.high
            if bound is None:
                return None
            dim = Dim(tuple(term for term in dim.terms if term[0] is not atom), dim.const) + bound.scaled(factor)
        return None

    def _assume(self, dim: Dim, kind: str) -> bool:
        plain = dim.terms and all(f > 0 and isinstance(a, Size) and "." in a.name for a, f in dim.terms)
        if not (kind == ">=" and plain and dim.const >= 0):  # lengths are never negative
            guard = Guard(dim, kind)
            if guard not in self.guards:
                self.guards.append(guard)
        return True

    def _learn(self, gap: Dim) -> None:
        """Of what is 0: put the rest in the place of a size, else of what sizes are joined to."""
        latest_first = gap.terms[::-1]
        for atom, factor in sorted(latest_first, key=lambda term: isinstance(term[0], Mixed)):
            if abs(factor) == 1 and not isinstance(atom, Var):
                rest = Dim(tuple(term for term in gap.terms if term[0] != atom), gap.const)
                if atom not in self._within(rest):
                    self._same[atom] = rest.scaled(-factor)
                    return
        if gap.terms:
            self._nothing.append(gap)

    def _within(self, dim: Dim) -> set[Atom]:
        """Every atom that it rests on, through what was found equal."""
        found: set[Atom] = set()
        left = list(dim.atoms())
        while left:
            atom = left.pop()
            if atom not in found:
                found.add(atom)
                left += self._same[atom].atoms() if atom in self._same else ()
        return found
