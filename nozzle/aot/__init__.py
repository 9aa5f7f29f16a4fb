"""Typed NumPy functions to fused native code: a tensor is just a tensor.

    from nozzle import aot

    @aot.compile
    def saxpy(a: aot.f32["n"], b: aot.f32["n"], c: aot.f32["n"]):
        return a * b + c

It keeps its meaning: the graph of a function is defined by `interpret`, with NumPy, and native code is checked against
that on its first real inputs. Where there is no MLIR the function runs as the Python that it is, with the same answer.
`aot.show(f, ...)` prints every rung from the graph down; ADMISSIBLE.md, beside this file, lists what may be said.
This room stands on its own ground: it knows nothing of journals, and nothing of nozzle but its errors.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, overload

from nozzle.errors import Missing

try:
    import numpy  # noqa: F401  (all below needs it)
except ModuleNotFoundError as error:
    raise Missing(
        "nozzle.aot compiles functions of NumPy's arrays, and there is no NumPy: pip install 'nozzle[aot]'"
    ) from error

import nozzle.aot.explain  # noqa: F401  (before `explain` below takes the name: loading it later would take it back)
from nozzle.aot.compiled import Compiled, Options
from nozzle.aot.passes.quantise import SCHEMES
from nozzle.aot.source import NotAdmissible as NotAdmissible
from nozzle.aot.types import Annotation

b1, i8, i16, i32, i64 = (Annotation(name) for name in ("bool", "int8", "int16", "int32", "int64"))
u8, u16, u32, u64 = (Annotation(name) for name in ("uint8", "uint16", "uint32", "uint64"))
f16, f32, f64 = (Annotation(name) for name in ("float16", "float32", "float64"))
c64, c128 = Annotation("complex64"), Annotation("complex128")
Float = Annotation(None)


Calls = Sequence[tuple[Any, ...]]


@overload
def compile(
    function: Callable[..., Any],
    /,
    *,
    wait: bool | None = None,
    quantize: str = "",
    calibrate: Calls = (),
    constant: Sequence[str] = (),
) -> Compiled: ...
@overload
def compile(
    *, wait: bool | None = None, quantize: str = "", calibrate: Calls = (), constant: Sequence[str] = ()
) -> Callable[[Callable[..., Any]], Compiled]: ...
def compile(
    function: Any = None,
    /,
    *,
    wait: bool | None = None,
    quantize: str = "",
    calibrate: Calls = (),
    constant: Sequence[str] = (),
) -> Any:
    """Compile a function of arrays and numbers, for every kind of call when it first comes.

    `wait`: whether a first call waits for its native code, or is answered as Python meanwhile, which is the default
    outside a journal. `quantize`: products of matrices by fewer bits: "i8" (exact sums of bytes, scaled back), "f16" or
    "bf16" (factors rounded; a call with a number too large for the format is answered in floats). `calibrate`:
    arguments of calls whose values set the scales of "i8", else those of the first call that is not all zeros; a later
    one that brings more than they hold, or NaN, is answered in floats. How far the answers are from those of the floats
    `aot.explain` says, and the log, at INFO, when native code is there.
    `constant`: names of arguments whose arrays do not change: what rests on them alone, as weights that are rounded,
    is computed once for an array. An array is known by its identity; at its first, second, fourth, ... call all of it
    is compared with what it was, and one that changed raises ValueError.
    A large call is divided among threads where arithmetic outweighs memory; `NOZZLE_AOT_THREADS` says how many, and
    then for all that can be divided. Raises NotAdmissible, from the first call, with the line of what cannot be
    compiled, or is calibrated on calls of another kind; ValueError for another scheme, or for what is no list of calls.
    """
    if quantize and quantize not in SCHEMES:
        raise ValueError(f"there is no scheme {quantize!r}; there are {', '.join(SCHEMES)}")
    if isinstance(constant, str):
        constant = (constant,)
    if not all(isinstance(one, (tuple, list)) for one in calibrate):
        raise ValueError("calibrate= is a list of calls, each a tuple of its arguments: calibrate=[(x, w)]")
    options = Options(wait, quantize, tuple(tuple(one) for one in calibrate), tuple(constant))
    return Compiled(function, options) if function is not None else lambda python: Compiled(python, options)


def show(function: Compiled, *arguments: Any, target: str = "graph") -> str:
    """One rung of the compiler for a call with these arguments: graph, fused, linalg, llvm or asm; gpu or ptx."""
    from nozzle.aot.rungs import rung

    return rung(function, arguments, target)


def explain(function: Compiled, *arguments: Any) -> str:
    """What became of a function for a call like this, as Markdown: kernels, memory spared, guards, exactness."""
    from nozzle.aot.explain import explain as words

    return words(function, *arguments)


def evidence(function: Compiled, *arguments: Any) -> Any:
    """Measured then and there: ratio to NumPy, to the bound that copying sets, greatest difference."""
    from nozzle.aot.explain import evidence as measured

    return measured(function, *arguments)


def table() -> str:
    """What is admissible, as a Markdown table."""
    from nozzle.aot.ops import table as whole

    return whole()


__all__ = [
    "Annotation",
    "Compiled",
    "Float",
    "NotAdmissible",
    *("b1", "i8", "i16", "i32", "i64", "u8", "u16", "u32", "u64", "f16", "f32", "f64", "c64", "c128"),
    "compile",
    "evidence",
    "explain",
    "show",
    "table",
]
