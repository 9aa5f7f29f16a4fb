"""Linear algebra and histograms in the compiled language itself: these functions are inlined where NumPy's are called.

They are read as the author's own helpers are, but what they assert is NumPy's LinAlgError, at the author's own line.
"""

from __future__ import annotations

from typing import Any

import numpy as np

FAMILY = "linear algebra"
SQUARE = "Last 2 dimensions of the array must be square"


def cholesky(a: Any) -> Any:
    """The lower triangle whose product with its own transpose is `a`."""
    assert a.shape[0] == a.shape[1], SQUARE
    full = a * 1.0
    lower = np.zeros_like(full)
    for i in range(a.shape[0]):
        for j in range(i):
            lower[i, j] = (full[i, j] - lower[i, :j] @ lower[j, :j]) / lower[j, j]
        rest = full[i, i] - lower[i, :i] @ lower[i, :i]
        assert rest > 0 or rest != rest, "Matrix is not positive definite"  # NaN is answered with NaN
        lower[i, i] = np.sqrt(rest)
    return lower


def _pivot(left: Any, k: int) -> Any:
    """Which row at or below the k-th begins with the largest number, and its size."""
    pivot = k
    best = abs(left[k, k])
    for i in range(k + 1, left.shape[0]):
        here = abs(left[i, k])
        if here > best:
            best = here
            pivot = i
    return pivot, best


def _exchange(left: Any, one: int, two: int) -> None:
    """Exchange two rows."""
    for j in range(left.shape[1]):
        kept = left[one, j]
        left[one, j] = left[two, j]
        left[two, j] = kept


def solve(a: Any, b: Any) -> Any:
    """`x` with `a @ x == b`, by elimination with row exchanges."""
    assert a.shape[0] == a.shape[1], SQUARE
    assert b.ndim < 3, "a stack of right sides"
    assert a.shape[0] == b.shape[0], "Input operand 1 has a mismatch in its core dimension 0"
    left, right = a * 1.0, b * 1.0
    common = np.result_type(left.dtype, right.dtype)
    left, right = left.astype(common), right.astype(common)
    size = a.shape[0]
    for k in range(size):
        pivot, best = _pivot(left, k)
        assert best != 0, "Singular matrix"
        _exchange(left, k, pivot)
        row = right[k].copy()
        right[k] = right[pivot]
        right[pivot] = row
        for i in range(k + 1, size):
            factor = left[i, k] / left[k, k]
            left[i, k + 1 :] -= factor * left[k, k + 1 :]
            right[i] -= factor * right[k]
    for i in range(size - 1, -1, -1):
        for j in range(i + 1, size):
            right[i] -= left[i, j] * right[j]
        right[i] = right[i] / left[i, i]
    return right


def inv(a: Any) -> Any:
    return solve(a, np.eye(a.shape[0], dtype=a.dtype))


def det(a: Any) -> Any:
    """By elimination with row exchanges."""
    assert a.shape[0] == a.shape[1], SQUARE
    left = a * 1.0
    size = a.shape[0]
    found = left.dtype.type(1)
    for k in range(size):
        pivot, best = _pivot(left, k)
        if pivot != k:
            found = -found
            _exchange(left, k, pivot)
        found = found * left[k, k]
        if best > 0:
            for i in range(k + 1, size):
                left[i, k + 1 :] -= left[i, k] / left[k, k] * left[k, k + 1 :]
    return found


def cov(m: Any) -> Any:
    """Of the rows."""
    wide = m.astype(np.result_type(m.dtype, np.float64))
    away = wide - wide.mean(axis=1, keepdims=True)
    return (away @ away.T.conj() / (m.shape[1] - 1)).squeeze().copy()


def histogram(a: Any, bins: int = 10, *, weights: Any = None) -> Any:
    """Counts, or sums of weights, in bins of one width from the least to the greatest; and the edges."""
    assert bins > 0, "`bins` must be positive"
    if weights is not None:
        assert a.shape[0] == weights.shape[0], "weights should have the same shape as a."
    low, high = a.min(), a.max()
    width = np.float64(high) - np.float64(low)
    edges = np.linspace(low, high, bins + 1)
    counts = np.zeros(bins, np.int64) if weights is None else np.zeros(bins, weights.dtype)
    for i in range(a.shape[0]):
        at = int((np.float64(a[i]) - np.float64(low)) / width * bins)
        if at >= bins:
            at = bins - 1
        if a[i] < edges[at]:
            at = at - 1
        elif at < bins - 1 and a[i] >= edges[at + 1]:
            at = at + 1
        counts[at] += 1 if weights is None else weights[i]
    return counts, edges


INLINED = {
    np.linalg.cholesky: cholesky,
    np.linalg.solve: solve,
    np.linalg.inv: inv,
    np.linalg.det: det,
    np.cov: cov,
    np.histogram: histogram,
}
