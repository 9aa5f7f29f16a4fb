"""What an operation is: its meaning in NumPy, its lowering, its stated error. Families fill these tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from nozzle.aot.build import Value


class Scalars(Protocol):
    """Where the lowering of a scalar operation is written to; values are SSA names, types are NumPy's dtype names."""

    def op(self, name: str, type: str, *operands: str) -> str:
        """`name operands : type`, its result."""

    def near(self, name: str, type: str, *operands: str) -> str:
        """As `op` of the arith dialect, in code of ours that has a bound: a product may be fused with a sum."""

    def const(self, value: Any, dtype: str) -> str: ...
    def compare(self, predicate: str, dtype: str, left: str, right: str) -> str:
        """By `arith.cmpf` or `arith.cmpi`, whichever fits; the predicate is eq, ne, lt, le, gt or ge."""

    def select(self, condition: str, dtype: str, yes: str, no: str) -> str: ...
    def cast(self, value: str, source: str, target: str) -> str: ...
    def bits(self, value: str, source: str, target: str) -> str:
        """The same bits as another type of the same width."""

    def look(self, table: str, at: str) -> str:
        """The whole number of 64 bits at a place, itself one, of a table that `angle.table` makes."""

    def spared(self, rare: str) -> bool:
        """Whether a condition may be taken to be false, as it nearly always is: where it was not, all is done again."""

    def product(self, left: str, right: str) -> tuple[str, str]:
        """The low and the high half of a product of two int64."""

    def parts(self, value: str, dtype: str) -> tuple[str, str]:
        """Real and imaginary part."""

    def whole(self, real: str, imaginary: str, dtype: str, /) -> str:
        """A complex number of two parts."""


Emit = Callable[[Scalars, str, tuple[str, ...]], str]
"""(where to write, dtype of the operands, operands) -> result."""


@dataclass(frozen=True, slots=True)
class Op:
    name: str
    family: str
    run: Callable[..., Any]
    """What it means: of NumPy values, with the node's attributes."""
    emit: Emit | None = None
    """How one element is computed, where every element is computed alike."""
    ulp: float = 0
    """The most that the native result may differ, in units in the last place; 0: not a bit."""
    cost: int = 1
    """About how many additions it is worth; what is dear is computed once, what is cheap where it is used."""
    terms: bool = False
    """Whether floats are added, or multiplied, in another order: `ulp` is then for each of them, in units in the last
    place of what they come to without their signs. Source: N. Higham, Accuracy and Stability of Numerical Algorithms,
    section 4.2."""

    @property
    def bound(self) -> str:
        """`ulp`, in words; empty where not a bit may differ."""
        return f"{self.ulp:g} ulp{' for each term' * self.terms}" if self.ulp else ""


Handler = Callable[..., Value]
AnyHandler = TypeVar("AnyHandler", bound=Callable[..., Any])
"""(builder, arguments) -> value: makes the nodes of one NumPy function."""

OPS: dict[str, Op] = {}
FUNCTIONS: dict[Any, Handler] = {}
"""A NumPy function or a builtin -> what makes its nodes."""
METHODS: dict[str, Handler] = {}
"""The name of a method of an array -> the same, the array first."""
FAMILY: dict[str, str] = {}
"""The name of a function -> its family, for the table of what is admissible."""


def define(op: Op) -> None:
    OPS[op.name] = op


def function(family: str, *keys: Any, method: str = "", name: str = "") -> Callable[[AnyHandler], AnyHandler]:
    """Say which functions, and which method of an array, a handler makes the nodes of."""

    def register(handler: AnyHandler) -> AnyHandler:
        for key in keys:
            FUNCTIONS[key] = handler
            module = getattr(key, "__module__", "") or ""
            spelled = name or key.__name__
            builtins = module == "builtins"
            FAMILY[spelled if builtins else f"np.{'linalg.' if 'linalg' in module else ''}{spelled}"] = family
        if method:
            METHODS[method] = handler
            FAMILY[f".{method}"] = family
        return handler

    return register
