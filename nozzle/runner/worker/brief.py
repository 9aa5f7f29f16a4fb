"""What a value is, in a few words that are the same in every run: type, shape, dtype, length, a short repr.

What is kept of every cell (`outline`) holds numbers, and no text: a password that was typed, or a patient's name that
was read, stands in no file unless a cell shows it.
"""

from __future__ import annotations

import numbers
import re
import types
from itertools import islice
from typing import Any

WIDTH = 60
NUMBERS = (bool, int, float, complex, type(None))
NAMED = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type)
_address = re.compile(r" at 0x[0-9a-f]+|0x[0-9a-f]{6,}")


def brief(value: Any) -> str:
    """Describe a value; never raises, and never calls more of it than its shape, its length and its repr."""
    try:
        return _brief(value)
    except BaseException:  # a value may do anything when it is looked at: ask to exit, say that it was cancelled
        return _kind(value)


def outline(value: Any) -> str:
    """Describe a value without any text that it holds; never raises."""
    try:
        return _brief(value) if _is_plain(value) else _sized(value)
    except BaseException:
        return _kind(value)


def _is_plain(value: Any, depth: int = 3) -> bool:
    """Whether what is said of it can be no more than numbers and names of types."""
    if type(value) in (list, tuple, set, frozenset) and depth:
        return all(_is_plain(each, depth - 1) for each in islice(value, 8))
    return type(value) in NUMBERS or isinstance(value, NAMED) or _shape(value) is not None


def _sized(value: Any) -> str:
    sized = isinstance(value, (str, bytes, bytearray, list, tuple, dict, set, frozenset))
    sized = sized or type(value).__module__ in ("array", "collections")
    return f"{_kind(value)} of {len(value)}" if sized else _kind(value)


def _brief(value: Any) -> str:
    kind = _kind(value)
    if isinstance(value, NAMED):
        return f"{kind} {getattr(value, '__name__', '')}".strip()
    shape, dtype = _shape(value), getattr(value, "dtype", None)
    if shape == "()" and isinstance(value, numbers.Number):
        return f"{kind} {_short(str(value))}"  # a number that NumPy made is a number
    if shape is not None:
        return f"{kind} {shape}" + (f" {dtype}" if dtype is not None and isinstance(str(dtype), str) else "")
    if isinstance(value, (str, bytes, bytearray)) and len(value) > WIDTH:
        return f"{kind} of {len(value)}"  # half of a secret is not recognised as one
    if type(value).__module__ in ("array", "collections") and not isinstance(value, dict) and len(value) > WIDTH:
        return f"{kind} of {len(value)}"  # its repr is as long as itself
    if isinstance(value, (str, bytes, list, tuple, dict, set, frozenset)):
        return f"{kind} of {len(value)}: {_short(_repr(value))}"
    if isinstance(value, NUMBERS):
        return f"{kind} {_short(repr(value))}"
    return f"{kind} {_short(_address.sub('', repr(value)))}"


def _repr(value: Any) -> str:
    """The repr of a container's first few, so that a big one costs nothing; of strings in it, none that is long."""
    if isinstance(value, dict):
        few: Any = dict(islice(value.items(), 8))
        long = any(
            isinstance(each, (str, bytes, bytearray)) and len(each) > 20 for pair in few.items() for each in pair
        )
    elif isinstance(value, (str, bytes)):
        return repr(value)
    else:
        few = type(value)(islice(value, 8))
        long = any(isinstance(each, (str, bytes, bytearray)) and len(each) > 20 for each in few)
    return "…" if long else repr(few)


def _shape(value: Any) -> str | None:
    shape = getattr(value, "shape", None)
    return str(tuple(shape)) if isinstance(shape, (tuple, list)) else None


def _kind(value: Any) -> str:
    return type(value).__name__


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"
