"""What a name can hold while a function is walked, besides nodes and numbers."""

from __future__ import annotations

import operator
import types
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nozzle.aot.build import Value
from nozzle.aot.graph import Node


@dataclass(frozen=True, slots=True)
class Capture:
    """A name from outside the function, and what it was: native code holds only while it still is that."""

    scope: Mapping[str, Any] | types.CellType | types.ModuleType
    name: str
    value: Any
    inside: tuple[Any, ...] = ()
    """Of a function: what it was made of, which `%autoreload` exchanges in place."""

    @staticmethod
    def of(scope: Mapping[str, Any] | types.CellType | types.ModuleType, name: str, value: Any) -> Capture:
        return Capture(scope, name, value, parts_of(value))

    def holds(self) -> bool:
        now = outer(self.scope, self.name)
        parts = parts_of(now)
        if len(parts) != len(self.inside) or not all(map(operator.is_, parts, self.inside)):
            return False
        if isinstance(self.value, (bool, int, float, complex, np.generic, tuple, str)):
            return now is self.value or bool(exactly(now) == exactly(self.value))
        return now is self.value


def exactly(value: Any) -> Any:
    """What tells one constant from another where == does not: 1 from 1.0 and True, 0.0 from -0.0, NaN from none.

    >>> exactly((1, 0.0)) == exactly((1.0, 0.0)), exactly(0.0) == exactly(-0.0), exactly((1, "a")) == exactly((1, "a"))
    (False, False, True)
    """
    if isinstance(value, tuple):
        return (type(value), *map(exactly, value))
    if isinstance(value, np.generic):
        return value.dtype, value.tobytes()
    return type(value), repr(value) if isinstance(value, (float, complex)) else value


def parts_of(value: Any) -> tuple[Any, ...]:
    """What a function is made of, and can be exchanged in it: its code and its defaults; nothing of all else."""
    function = getattr(value, "python", value)
    if not isinstance(function, types.FunctionType):
        return ()
    named = function.__kwdefaults__ or {}
    return (function.__code__, function.__defaults__, *named, *named.values())


def outer(scope: Mapping[str, Any] | types.CellType | types.ModuleType, name: str) -> Any:
    if isinstance(scope, types.CellType):
        return scope.cell_contents
    return getattr(scope, name, None) if isinstance(scope, types.ModuleType) else scope.get(name)


@dataclass(frozen=True, slots=True)
class Method:
    """A method of an array, not yet called."""

    owner: Node
    name: str


@dataclass(frozen=True, slots=True)
class Range:
    start: Value
    stop: Value
    step: Value
    """A number, or a node."""

    def __repr__(self) -> str:
        return "a range"


@dataclass(frozen=True, slots=True)
class Enumerated:
    source: Over
    start: Value = 0


@dataclass(frozen=True, slots=True)
class Zipped:
    sources: tuple[Over, ...]


Over = Node | Range | Zipped | Enumerated
"""What a loop counts through."""


class Once(tuple[Value, ...]):
    """What `zip` or `enumerate` gives of what is known while compiling."""


ONCE = "write it where the loop over it begins, once for each loop"


def is_once(value: Value) -> bool:
    """Whether it is what `zip` or `enumerate` gives, or holds that: in Python it is used up by the first loop."""
    plain = isinstance(value, tuple) and not isinstance(value, Once)
    return any(map(is_once, value)) if plain else isinstance(value, (Once, Zipped, Enumerated))


@dataclass(frozen=True, slots=True)
class Unset:
    """A name that may have no value here."""

    why: str


class Nothing:
    """A block that did not return."""


NOTHING = Nothing()


@dataclass(frozen=True, slots=True)
class Fixed:
    """A value that both branches agree on while compiling."""

    value: Value


def same(one: Value, two: Value) -> bool:
    if one is two:
        return True
    if isinstance(one, (Node, Unset)) or isinstance(two, (Node, Unset)) or type(one) is not type(two):
        return False
    if isinstance(one, tuple):
        return len(one) == len(two) and all(map(same, one, two))
    return bool(one == two)


def has_node(value: Value) -> bool:
    return isinstance(value, (Node, Range, Zipped, Enumerated)) or (
        isinstance(value, tuple) and any(map(has_node, value))
    )
