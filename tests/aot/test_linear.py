"""What NumPy's linear algebra raises is raised by its own name, at the author's line; what it answers is answered."""

import numpy as np
import pytest

from nozzle import aot
from nozzle.aot import library
from nozzle.aot.types import parse_types
from tests.aot.conftest import needs_mlir

A, B = np.eye(3) + 0.1, np.ones(3)


def solve(a, b):
    return np.linalg.solve(a, b)


def det(a):
    return np.linalg.det(a)


def cholesky(a):
    return np.linalg.cholesky(a)


@pytest.mark.parametrize(
    ("function", "good", "bad", "words"),
    [
        (solve, (A, B), (np.zeros((3, 3)), B), "Singular matrix"),
        (solve, (A, B), (np.ones((2, 3)), np.ones(2)), "must be square"),
        (det, (A,), (np.ones((2, 3)),), "must be square"),
        (cholesky, (A,), (-A,), "not positive definite"),
    ],
)
def test_what_numpy_raises_is_raised_as_numpy_does_at_the_line_of_the_author(function, good, bad, words):
    compiled = aot.compile(function, wait=True)
    assert np.allclose(compiled(*good), function(*good))
    with pytest.raises(np.linalg.LinAlgError, match=words) as raised:
        compiled(*bad)
    assert "ops/linear.py" not in str(raised.value)


@pytest.mark.parametrize("function", [solve, det, cholesky])
@pytest.mark.parametrize("strange", [np.nan, np.inf])
def test_what_is_not_finite_is_answered(function, strange):
    compiled, rest = aot.compile(function, wait=True), (B,) if function is solve else ()
    compiled(A, *rest)
    odd = A.copy()
    odd[1, 1] = strange
    compiled(odd, *rest)


@pytest.mark.parametrize(("a", "b"), [(A * 1j, B), (A, B * 1j), (A.astype("f4"), B), (np.eye(3, dtype=int), B)])
def test_both_sides_of_an_equation_meet_in_one_dtype(a, b):
    compiled = aot.compile(solve, wait=True)
    got = compiled(a, b)
    assert got.dtype == solve(a, b).dtype
    assert np.allclose(got, solve(a, b), atol=1e-6)


@needs_mlir
def test_a_library_raises_it_too(tmp_path):
    library.build(aot.compile(solve), parse_types("f64[n,n],f64[n]"), tmp_path)
    assert "(_nz_np.linalg.LinAlgError, 'Singular matrix')" in (tmp_path / "solve.py").read_text()
