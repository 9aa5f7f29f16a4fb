"""Quantised products: exact where they say so, near the float function, and the same with and without MLIR."""

import numpy as np
import pytest

from nozzle import aot
from nozzle.aot import cache, cpu, mlir, passes
from nozzle.aot.lower import lower
from nozzle.aot.lower.processor import Processor
from nozzle.aot.passes.quantise import LONGEST, SCHEMES, apart
from tests.aot.agree import same
from tests.aot.conftest import needs_mlir

RNG = np.random.default_rng(11)
X, W, BIAS, V = (RNG.standard_normal(shape, dtype="f4") for shape in ((37, 66), (66, 45), (45,), (45, 9)))
NEAR = {"i8": 0.05, "f16": 0.002, "bf16": 0.02}


def perceptron(x, w, bias, v):
    return np.maximum(x @ w + bias, 0) @ v


def in_a_loop(x, w, bias, v):
    y = x[x[:, 0] > 0] @ w
    for i in range(3):
        y = np.tanh(y / 20) @ (v @ v.T) + bias * i
    return y, len(y)


def only(compiled):
    ((special,),) = compiled.specials.values()
    return special


@pytest.mark.parametrize("function", [perceptron, in_a_loop])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_quantised_function_is_near_the_float_one_and_says_how_near(function, scheme):
    compiled = aot.compile(function, quantize=scheme)
    got, want = compiled(X, W, BIAS, V), function(X, W, BIAS, V)
    said = compiled.traced((X, W, BIAS, V)).quantised
    assert 0 < said.error < NEAR[scheme]
    assert apart(got, want) == pytest.approx(said.error, rel=0.1)
    assert f"quantised: {said.products} products of matrices by {scheme}; greatest error" in aot.explain(
        compiled, X, W, BIAS, V
    )


@needs_mlir
def test_what_quantising_costs_is_said_when_native_code_is_there(caplog):
    caplog.set_level("INFO", "nozzle.aot")

    def told_once(x, w):
        return x @ w

    compiled = aot.compile(told_once, wait=True, quantize="i8")
    for _ in range(2):
        compiled(X, W)
    said = [one for one in caplog.messages if "told_once is quantised" in one]
    assert said == [f"nozzle.aot: told_once is quantised: {only(compiled).quantised}"]


@needs_mlir
@pytest.mark.parametrize("function", [perceptron, in_a_loop])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_native_code_of_a_quantised_function_answers_as_its_graph(function, scheme):
    compiled = aot.compile(function, wait=True, quantize=scheme)
    got = compiled(X, W, BIAS, V)
    special = only(compiled)
    assert special.native is not None, special.said
    assert not cpu.differ(got, special.interpreted((X, W, BIAS, V)), special.native.exact, cpu.STEP)


def test_without_mlir_the_answer_is_the_same(monkeypatch):
    monkeypatch.setattr(mlir, "found", lambda: "")
    compiled = aot.compile(perceptron, quantize="i8")
    got = compiled(X, W, BIAS, V)
    assert np.array_equal(got, compiled.traced((X, W, BIAS, V)).interpreted((X, W, BIAS, V)))
    assert not np.array_equal(got, perceptron(X, W, BIAS, V))


def times(x, w):
    return x @ w


@pytest.mark.parametrize("wait", [pytest.param(True, marks=needs_mlir), False])
def test_the_calibration_sets_the_scale_and_what_is_beyond_it_is_answered_in_floats(wait, caplog, monkeypatch):
    monkeypatch.setattr(cpu, "_said", set())
    whole = np.eye(2, dtype="f4")
    compiled = aot.compile(times, wait=wait, quantize="i8", calibrate=[(whole * 1.27, whole), (whole, whole)])
    assert np.allclose(compiled(whole * 0.5, whole), whole * 0.5, atol=0.01)
    assert caplog.messages == [] or not wait
    caplog.clear()
    for _ in range(2):
        assert np.array_equal(compiled(whole * 5.03, whole), whole * 5.03)
    assert [one for one in caplog.messages if "answers in floats" in one] == [
        "nozzle.aot: times answers in floats where a call brings values beyond those that the scales were calibrated "
        "on, or not finite"
    ]
    assert np.all(compiled(whole * 0, whole * 0) == 0)


@pytest.mark.parametrize("wait", [pytest.param(True, marks=needs_mlir), False])
@pytest.mark.parametrize("strange", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_is_answered_in_floats(wait, strange):
    compiled = aot.compile(times, wait=wait, quantize="i8")
    compiled(X, W)
    for at in (0, 1):
        odd = [X.copy(), W.copy()]
        odd[at][0, 0] = strange
        with np.errstate(all="ignore"):
            assert np.array_equal(compiled(*odd), times(*odd), equal_nan=True)


@pytest.mark.parametrize("first", [X * 0, X[:0]], ids=["zeros", "nothing"])
def test_a_first_call_of_nothing_sets_no_scale(first):
    compiled = aot.compile(times, wait=bool(mlir.found()), quantize="i8")
    assert np.array_equal(compiled(first, W), first @ W)
    assert 0 < apart(compiled(X, W), X @ W) < NEAR["i8"]
    assert 0 < only(compiled).quantised.error < NEAR["i8"]


def test_a_product_whose_sums_may_not_fit_32_bits_stays_in_floats():
    compiled = aot.compile(times, wait=bool(mlir.found()), quantize="i8")
    for depth in (8, LONGEST, LONGEST + 1, 140_000):
        x, w = np.ones((2, depth), "f4"), np.ones((depth, 3), "f4")
        assert np.array_equal(compiled(x, w), np.full((2, 3), depth, "f4"))
    ((short, long),) = compiled.specials.values()
    assert (short.quantised.products, short.quantised.long) == (1, 0)
    assert (long.quantised.products, long.quantised.long) == (0, 1)
    assert "0 products of matrices by i8, 1 with sums of more than 133144 stays in floats" in str(long.quantised)


@pytest.mark.parametrize("size", [1e-30, 1e-33, 1e-35, 1e-37, 1e-38, 1e-39, 1e-42])
@pytest.mark.parametrize("at", [0, 1], ids=["left", "weights"])
def test_what_is_too_small_for_a_scale_is_answered_in_floats(size, at):
    compiled = aot.compile(times, wait=bool(mlir.found()), quantize="i8")
    tiny = [X, W]
    tiny[at] = tiny[at] * np.float32(size)
    for _ in range(2):
        assert apart(compiled(*tiny), times(*tiny)) < NEAR["i8"]


def test_scales_whose_product_is_no_number_are_not_used():
    compiled = aot.compile(times, wait=bool(mlir.found()), quantize="i8")
    for left, right in ((1e-20, 1e-20), (1e30, 1e30), (1e-20, 1e30)):
        x, w = X * np.float32(left), W * np.float32(right)
        x[3] = 0
        with np.errstate(all="ignore"):
            assert apart(compiled(x, w), times(x, w)) < NEAR["i8"]
            assert np.array_equal(np.isnan(compiled(x, w)), np.isnan(times(x, w)))


def shifted(x, w):
    x += 1
    y = x @ w
    x += 1
    return y


@pytest.mark.parametrize("wait", [pytest.param(True, marks=needs_mlir), False])
def test_what_a_call_wrote_before_it_was_seen_to_be_beyond_is_written_once(wait):
    compiled = aot.compile(shifted, wait=wait, quantize="i8")
    compiled(X.copy(), W)
    mine, theirs = X * 100, X * 100
    assert np.array_equal(compiled(mine, W), shifted(theirs, W))
    assert np.array_equal(mine, theirs)


@pytest.mark.parametrize(
    ("calls", "words"),
    [
        ([(X.astype("f8"), W)], r"calibrated on \(float64\[37, 66\], float32\[66, 45\]\), and called with float32"),
        ([(X * 0, W)], "all zeros"),
        ([(X[:, 1:], W)], r"calibrate=, is an error: (.|\n)*calibrate on calls whose arguments fit together"),
        ([(X, W), (X, W[1:])], "calibrate=, is an error"),
    ],
)
def test_a_calibration_that_is_of_no_use_is_refused_by_the_call(calls, words):
    with pytest.raises(aot.NotAdmissible, match=words):
        aot.compile(times, quantize="i8", calibrate=calls)(X, W)


@pytest.mark.parametrize("calls", [(X, W), [(X,)]])
def test_what_is_no_list_of_calls_is_no_calibration(calls):
    with pytest.raises(ValueError, match=r"\[\(x, w\)\]"):
        aot.compile(times, quantize="i8", calibrate=calls)


def test_a_calibration_may_lie_in_any_way():
    assert aot.compile(times, quantize="i8", calibrate=[(X.T.copy().T, W)])(X, W).shape == (37, 45)


@needs_mlir
def test_a_large_quantised_call_is_still_divided():
    special = aot.compile(times, wait=True, quantize="i8")
    special(X, W)
    assert only(special).native.ranges is not None


@pytest.mark.parametrize("wait", [pytest.param(True, marks=needs_mlir), False])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_what_was_calibrated_on_one_row_answers_for_many(scheme, wait):
    compiled = aot.compile(times, wait=wait, quantize=scheme)
    for rows in (1, 37, 1, 5):
        assert apart(compiled(X[:rows], W), X[:rows] @ W) < NEAR[scheme]
    assert apart(compiled(X[:, :1].copy(), W[:1]), X[:, :1] @ W[:1]) < NEAR[scheme]


def test_a_scheme_that_is_not_there_is_said():
    with pytest.raises(ValueError, match="there are i8, f16, bf16"):
        aot.compile(times, quantize="i4")


def bytes_product(a, b):
    return a.astype(np.int32) @ b.astype(np.int32)


def some_bytes(*shape):
    found = RNG.integers(-128, 128, shape).astype("i1")
    found.flat[:2] = -128
    return found


@needs_mlir
@pytest.mark.parametrize("processor", [None, Processor(32, False), Processor(16, False)], ids=["own", "32", "16"])
@pytest.mark.parametrize(
    ("m", "k", "n"), [(3, 5, 7), (8, 16, 32), (33, 130, 70), (4, 0, 40), (65, 1, 33), (64, 66, 64)]
)
def test_products_of_bytes_are_exact_on_any_processor(m, k, n, processor):
    a, b = some_bytes(m, k + 1)[:, :k].copy(), some_bytes(k + 1, n)[:k].copy()
    special = aot.compile(bytes_product).traced((a, b))
    graph = passes.run(special.graph)
    assert "narrow: 1 product of bytes" in graph.notes
    lowered = lower(graph, processor or cache.processor())
    path, _ = cache.library(lowered.text)
    assert np.array_equal(cpu.Native(special, lowered, path).run((a, b)), bytes_product(a, b))


@needs_mlir
@pytest.mark.parametrize(("scheme", "most"), [("f16", 65504.0), ("bf16", 3.3e38)])
def test_what_a_format_does_not_hold_is_answered_in_floats(scheme, most, caplog):
    compiled = aot.compile(times, wait=True, quantize=scheme)
    x, w = np.full((2, 4), 8.0, "f4"), np.eye(4, dtype="f4")
    assert same(compiled(x, w), times(x, w))
    assert same(compiled(x * 0 + np.float32(most), w), times(x * 0 + np.float32(most), w), rtol=1e-2)
    assert not caplog.messages
    large = x * 0 + np.float32(most * 1.03)
    assert same(compiled(large, w), times(large, w))
    assert same(compiled(w, large.T.copy()), times(w, large.T))
    assert "the greatest of " + scheme in caplog.messages[0]


def test_the_sums_over_a_slice_are_no_longer_than_what_it_is_cut_from():
    """A slice from where only the running code knows: a head of attention."""

    def heads(x, w, many):
        width = w.shape[0] // many
        found = np.zeros((x.shape[0], w.shape[1]), x.dtype)
        for head in range(many):
            low = head * width
            found += x[:, low : low + width] @ w[low : low + width]
        return found

    x, w = (np.random.default_rng(3).normal(size=shape).astype("f4") for shape in ((5, 12), (12, 7)))
    compiled = aot.compile(heads, quantize="i8")
    assert "1 product of matrices by i8;" in str(compiled.traced((x, w, 3)).quantised)
    assert np.allclose(compiled(x, w, 3), heads(x, w, 3), atol=0.2)
