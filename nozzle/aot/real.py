"""Arithmetic of Python's floats, where it raises, or leaves the real numbers, and NumPy's does not.

A float to a power, a function of `math`, a float as an integer: what has no float for an answer is left to Python,
which raises, or answers with a complex number or a long integer. Sums, products and quotients of floats raise nothing
but ZeroDivisionError; arrays and NumPy's own numbers keep to NumPy's rules.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from nozzle.aot.graph import Node

if TYPE_CHECKING:
    from nozzle.aot.build import Builder

GROWS = ("exp", "exp2", "expm1", "sinh", "cosh", "hypot", "power")
"""Functions that may be too large for a float."""


def powered(b: Builder, base: Node, exponent: Node, found: Node) -> None:
    """Leave to Python a power of Python's numbers that is no finite float, though they are finite."""
    if base.op == "const" and exponent.op == "const" and np.isfinite(found.attrs.get("value", 0.0)):
        return
    fine = b.ufunc("isfinite", found)
    for one in (base, exponent):
        if one.tensor.kind in "fc" and one.op != "const":
            fine = b.ufunc("bitwise_or", fine, b.ufunc("invert", b.ufunc("isfinite", one)))
    if not (exponent.op == "const" and np.real(exponent.attrs["value"]) >= 0 and not np.imag(exponent.attrs["value"])):
        safe = fine if exponent.tensor.kind != "c" else b.ufunc("equal", exponent, 0, pythons=True)
        b.leave(
            b.ufunc("bitwise_or", safe, b.ufunc("not_equal", base, 0, pythons=True)),
            ZeroDivisionError,
            "zero to a negative power",
        )
    b.leave(fine, OverflowError, "a Python float to this power is too large, or no real number")


def defined(b: Builder, name: str, operands: list[Node], found: Node) -> None:
    """Leave to Python what a function of `math` has no number for."""
    fine = b.ufunc("isfinite", found)
    lost, endless = b.ufunc("isnan", found), b.ufunc("isinf", found)
    for one in operands:
        for what, which in ((lost, "isnan"), (endless, "isfinite")):
            given = b.ufunc(which, one)
            given = given if which == "isnan" else b.ufunc("invert", given)
            fine = b.ufunc("bitwise_or", fine, b.ufunc("bitwise_and", what, given))
    if name in GROWS:
        b.leave(fine, OverflowError, "math range error")
    else:
        b.leave(fine, ValueError, "math domain error")


def integral(b: Builder, node: Node, dtype: str, words: str) -> None:
    """Leave to Python a float that is no integer of a dtype: NaN, or out of its range."""
    info = np.iinfo(dtype)
    low = ("greater_equal", float(info.min)) if dtype == "int64" else ("greater", float(info.min) - 1)
    wide = b.cast(node, "float64")
    fine = b.ufunc("bitwise_and", b.ufunc(low[0], wide, low[1]), b.ufunc("less", wide, float(int(info.max) + 1)))
    b.leave(fine, OverflowError, words)
