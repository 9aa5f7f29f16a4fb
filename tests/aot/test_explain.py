"""What is said of a function is right."""

import numpy as np
import pytest

from nozzle import aot
from nozzle.aot import mlir
from nozzle.aot.explain import Evidence, account, evidence
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
    assert "1 kernel; 4 of 5 arrays never in memory" in text
    assert "<details><summary>fused</summary>" in text


@needs_mlir
def test_evidence_is_measured_and_shown_from_then_on():
    compiled = aot.compile(softmax, wait=True)
    compiled(M)
    text = compiled._repr_markdown_()
    assert "checked against Python on its first inputs: greatest difference " in text
    assert "measured" not in text
    found = evidence(compiled, M, rounds=3)
    assert min(found.native, found.python, found.copy) > 0
    assert found.apart <= found.bound < 1e-3
    assert repr(found) == str(found)
    assert str(found).endswith("within its bound")
    assert f"- measured: {found}" in compiled._repr_markdown_()
    assert "| NumPy | " in found._repr_markdown_()


@needs_mlir
def test_what_is_infinite_in_both_is_no_difference():
    compiled = aot.compile(exact, wait=True)
    compiled(np.array([np.inf, np.nan, 1.0]))
    assert "greatest difference 0, within its bound" in aot.explain(compiled, V)


def test_a_difference_beyond_the_bound_is_said():
    assert "greatest difference 0.5, more than its bound, 0.1" in str(Evidence(1, 1, 1, 0.5, 0.1))


def exact(x):
    return x + 1


@needs_mlir
def test_it_says_how_far_each_operation_may_be_from_exact():
    compiled = aot.compile(softmax, wait=True)
    assert "- exp within 4 ulp; sum within 1 ulp for each term; all else exact" in aot.explain(compiled, M)
    assert "- every operation is exact" in aot.explain(aot.compile(exact, wait=True), M)


def cubed(x):
    return x**3


@needs_mlir
def test_it_says_that_a_cube_is_no_power_of_numpys():
    compiled = aot.compile(cubed, wait=True)
    compiled(M)
    assert "powers and linear algebra multiply" in aot.explain(compiled, M)


def test_what_runs_as_python_claims_nothing_of_native_code(monkeypatch):
    monkeypatch.setattr(mlir, "found", lambda: "")
    text = aot.explain(aot.compile(softmax), M)
    assert "as native code it would be 1 kernel; 4 of 5 arrays never in memory" in text
    assert "exact" not in text
    assert "within" not in text


def test_what_was_measured_of_python_says_so(monkeypatch):
    monkeypatch.setattr(mlir, "found", lambda: "")
    found = evidence(aot.compile(softmax), M, rounds=2)
    assert str(found).startswith("as Python, for want of native code: ")
    assert "native code is" not in found._repr_markdown_()


def test_a_page_counts_once():
    compiled = aot.compile(softmax)
    compiled(M)
    text = compiled._repr_markdown_()
    assert text.count("never in memory") == 1
    assert "# rows: 4 of them in 1 pass over rows" in text
    assert text.count("<details>") == 2


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


@pytest.mark.parametrize("word", [aot.explain, aot.show, aot.evidence])
def test_a_word_of_a_function_says_which_arguments_it_wants(word):
    with pytest.raises(TypeError, match=r"softmax is called as softmax\(x\): give all of these"):
        word(aot.compile(softmax))
