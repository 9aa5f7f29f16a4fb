"""What a value is, in a few words that are the same in every run: type, shape, dtype, length, a short repr.

What is kept of every cell (`outline`) holds numbers, and no text: a password that was typed, or a patient's name that
was read, stands in no file unless a cell shows it. No repr is called but that of a plain value: an author's object may
ask a server for it, or take its time.
"""

from __future__ import annotations

import enum
import numbers
import types
from collections import deque
from itertools import chain, islice
from typing import Any

WIDTH = 60
NUMBERS = (bool, int, float, complex, type(None))
NAMED = (types.ModuleType, types.FunctionType, types.BuiltinFunctionType, type)
PLAIN = {*NUMBERS, str, bytes, bytearray, range, type(...), type(NotImplemented)}
HOLDERS = (dict, list, tuple, set, frozenset, deque)
LIBRARIES = (
    "array",
    "datetime",
    "decimal",
    "fractions",
    "pathlib",
    "pathlib._local",
    "re",
    "torch",
    "uuid",
    "zoneinfo",
)
"""Modules whose values have a repr that only tells what they are."""
MANY = 1000
"""Values in a holder that are looked at, to know whether it can be shown."""


def brief(value: Any) -> str:
    """Describe a value; never raises, and calls only its shape and length, and the repr of a plain one."""
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
    if isinstance(value, enum.Enum):
        return f"{kind} {value._name_}"  # its repr holds that of what it stands for
    return f"{kind} {_short(repr(value))}" if _has_plain_repr(value) else _sized(value)


def _has_plain_repr(value: Any, depth: int = 3) -> bool:
    """Whether to ask for its repr calls nothing of the author's."""
    kind = type(value)
    if kind in HOLDERS:
        held = chain(value, value.values()) if kind is dict else value
        return depth > 0 and len(value) <= MANY and all(_has_plain_repr(each, depth - 1) for each in held)
    if kind is slice:
        return all(_has_plain_repr(each) for each in (value.start, value.stop, value.step))
    return kind in PLAIN or kind.__module__ in LIBRARIES or kind.__module__.startswith("pandas._libs.")


def _repr(value: Any) -> str:
    """The repr of a container's first few, so that a big one costs nothing; of strings in it, none that is long."""
    if isinstance(value, dict):
        few: Any = dict(islice(value.items(), 8))
        long = any(
            isinstance(each, (str, bytes, bytearray)) and len(each) > 20 for pair in few.items() for each in pair
        )
    elif isinstance(value, str):
        return str.__repr__(value)
    elif isinstance(value, bytes):
        return bytes.__repr__(value)
    else:
        few = next(each for each in HOLDERS if isinstance(value, each))(islice(value, 8))
        long = any(isinstance(each, (str, bytes, bytearray)) and len(each) > 20 for each in few)
    return repr(few) if not long and _has_plain_repr(few) else "…"


def _shape(value: Any) -> str | None:
    shape = getattr(value, "shape", None)
    return str(tuple(shape)) if isinstance(shape, (tuple, list)) else None


def _kind(value: Any) -> str:
    return type(value).__name__


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"
