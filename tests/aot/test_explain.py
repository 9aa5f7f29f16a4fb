"""What is said of a function is right."""

import numpy as np
import pytest

from nozzle import aot
from nozzle.aot.explain import account, evidence
from nozzle.aot.types import parse_types
from nozzle.errors import Missing
from tests.aot.conftest import needs_mlir
from tests.aot.programs import M, V


def test_types_are_read_as_they_are_written():
    assert [str(one) for one in parse_types("f32[n], f64[m,3], i64[], b1[n]")] == [
        "f32[n]",
        "f64[m, 3]",
        "i64[]",
        "b1[n]",
    ]


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def test_an_account_counts_what_numpy_would_move():
    found = account(aot.compile(softmax).traced((M,)).graph)
    assert (found.kernels, found.arrays) == (1, 5)
    assert found.least == 2 * M.nbytes
    assert found.moved == 2 * M.nbytes
    assert found.plain > 6 * M.nbytes


def test_a_compiled_function_shows_what_became_of_it_on_a_page():
    compiled = aot.compile(softmax)
    assert compiled._repr_markdown_() == "**softmax**: not called yet"
    compiled(M)
    text = compiled._repr_markdown_()
    assert "- 1 kernel; 4 of 5 arrays never in memory" in text
    assert "<details><summary>fused</summary>" in text


@needs_mlir
def test_evidence_is_measured_and_close():
    found = evidence(aot.compile(softmax, wait=True), M, rounds=3)
    assert min(found.native, found.python, found.copy) > 0
    assert found.apart < 1e-5
    assert "times as fast as NumPy" in str(found)


@needs_mlir
@pytest.mark.parametrize(
    ("target", "word"), [("linalg", "linalg.generic"), ("llvm", "define void @nz_f"), ("asm", "ret")]
)
def test_every_rung_is_printed(target, word):
    def f(a, b):
        return a + b

    try:
        text = aot.show(aot.compile(f), V, V, target=target)
    except Missing as error:
        pytest.skip(str(error))
    assert word in text
    assert "insertvalue" not in text or target == "llvm"


def test_it_is_said_as_often_as_one_asks():
    compiled = aot.compile(softmax)
    assert aot.explain(compiled, M) == aot.explain(compiled, M)
