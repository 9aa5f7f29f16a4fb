"""Whether two answers are the same: kind, dtype, shape, and every number within a bound."""

import copy
from typing import Any

import numpy as np


def same(got: Any, want: Any, rtol: float = 0.0) -> bool:
    if isinstance(want, tuple):
        return (
            isinstance(got, tuple)
            and len(got) == len(want)
            and all(same(g, w, rtol) for g, w in zip(got, want, strict=True))
        )
    if want is None:
        return got is None
    numpy = (np.generic, np.ndarray)
    if type(got) is not type(want) and not (isinstance(got, numpy) and isinstance(want, numpy)):
        return False
    one, two = np.asarray(got), np.asarray(want)
    if one.dtype != two.dtype or one.shape != two.shape:
        return False
    if rtol and one.dtype.kind in "fc" and two.size:
        scale = np.max(np.abs(two[np.isfinite(two)]), initial=0)
        return bool(np.allclose(one, two, rtol=rtol, atol=rtol * scale, equal_nan=True))
    return bool(np.array_equal(one, two, equal_nan=one.dtype.kind in "fc"))


def fresh(arguments: tuple[Any, ...]) -> list[Any]:
    """Copies that keep strides and layout."""
    return [keep(one) for one in arguments]


def keep(value: Any) -> Any:
    if not isinstance(value, np.ndarray) or value.base is None:
        return copy.deepcopy(value)
    base = copy.deepcopy(value.base)
    offset = value.__array_interface__["data"][0] - value.base.__array_interface__["data"][0]
    return np.ndarray(value.shape, value.dtype, base.reshape(-1).view("u1").data, offset, value.strides)
