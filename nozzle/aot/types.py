"""What a value is: a dtype and a shape. A scalar is a tensor of rank 0; a Python number is a *weak* one.

Weak is NumPy's word (NEP 50): `x * 2.0` keeps the width of `x`. Which dtype an operation gives is not written down
anywhere in this room: NumPy itself is asked, with operands of length one.

Annotations say what a function expects: `aot.f32["n"]`, `aot.f64["m", "k"]`, `aot.i64[()]`; the same letter is the
same length. `Float` is a float whose width the call decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nozzle.aot.sizes import Dim

DTYPES = (
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"),
    *("float16", "float32", "float64", "complex64", "complex128"),
)


@dataclass(frozen=True, slots=True)
class Tensor:
    dtype: str
    shape: tuple[Dim, ...] = ()
    weak: bool = False
    """A Python bool, int, float or complex: it takes the width of what it meets."""

    @property
    def rank(self) -> int:
        return len(self.shape)

    @property
    def kind(self) -> str:
        """NumPy's letter: b, i, u, f or c."""
        return np.dtype(self.dtype).kind

    def __str__(self) -> str:
        name = {"bool": "bool", "int64": "int", "float64": "float", "complex128": "complex"}.get(self.dtype, self.dtype)
        return name if self.weak else SHORT[self.dtype] + (f"[{', '.join(map(str, self.shape))}]" if self.shape else "")


SHORT = {
    name: {"bool": "b1", "complex64": "c64", "complex128": "c128"}.get(
        name, name[0] + "".join(c for c in name if c.isdigit())
    )
    for name in DTYPES
}


def stand_in(type: Tensor) -> Any:
    """Something of this type to show NumPy: a Python one for a weak scalar, else ones of length one."""
    if type.weak:
        return {"b": True, "i": 1, "f": 1.0, "c": 1j}[type.kind]
    return np.ones((1,) * type.rank, type.dtype) if type.rank else np.dtype(type.dtype).type(1)


def weak(value: bool | int | float | complex) -> Tensor:
    """The type of a Python number."""
    name = {bool: "bool", int: "int64", float: "float64", complex: "complex128"}[builtin(value)]
    return Tensor(name, (), True)


def builtin(value: object) -> type:
    return next(kind for kind in (bool, int, float, complex) if isinstance(value, kind))


PYTHONS = {"bool": bool, "int64": int, "float64": float, "complex128": complex}
"""The types of which a number is Python's; those of all others are NumPy's, and keep their width."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """A dtype (None: any float), and the letters or numbers of its axes; no axes said: any shape."""

    dtype: str | None
    axes: tuple[str | int, ...] | None = None

    def __getitem__(self, axes: str | int | tuple[str | int, ...]) -> Annotation:
        return Annotation(self.dtype, axes if isinstance(axes, tuple) else (axes,))

    def __str__(self) -> str:
        name = SHORT[self.dtype] if self.dtype else "Float"
        return name + (f"[{', '.join(map(str, self.axes))}]" if self.axes is not None else "")

    def against(self, value: Any, letters: dict[str, int]) -> str:
        """What is wrong with a value, in words; empty when nothing is. Letters met are bound."""
        array = np.asarray(value)
        fits = array.dtype.kind == "f" if self.dtype is None else array.dtype == np.dtype(self.dtype)
        if not fits and not isinstance(value, (bool, int, float, complex)):
            return f"is {array.dtype}"
        if self.axes is None:
            return ""
        if len(self.axes) != array.ndim:
            return f"has {array.ndim} axes"
        for at, (axis, length) in enumerate(zip(self.axes, array.shape, strict=True)):
            want = letters.setdefault(axis, length) if isinstance(axis, str) else axis
            if want != length:
                return f"has length {length} along axis {at}, where {axis} is {want}"
        return ""


def parse_types(text: str) -> list[Annotation]:
    """`f32[n], f32[m,n], int` as the command line says it.

    >>> [str(one) for one in parse_types("f32[n], f64[m,3], i64")]
    ['f32[n]', 'f64[m, 3]', 'i64[]']
    """
    names = {short: name for name, short in SHORT.items()}
    words: Sequence[str] = [word.strip() for word in text.replace("]", "],").split(",")]
    found: list[Annotation] = []
    whole = ""
    for word in words:
        whole = f"{whole},{word}" if whole else word
        if whole.count("[") > whole.count("]") or not whole:
            continue
        name, _, axes = whole.rstrip("]").partition("[")
        if name not in names:
            raise ValueError(f"{name!r} is no type; there are {', '.join(names)}")
        found.append(
            Annotation(names[name], tuple(int(a) if a.strip().isdigit() else a.strip() for a in axes.split(",") if a))
        )
        whole = ""
    if whole:
        raise ValueError(f"{whole!r} has a bracket that is not closed")
    return found
