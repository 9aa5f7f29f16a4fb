"""Kernels for a GPU: right as far as one can know without one, accepted by NVIDIA's assembler, launched as is meant.

What they compute is run on this processor, a thread to a block (`alone`). On a device they are run where one is.
"""

import importlib.util
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from nozzle import aot
from nozzle.aot import cpu, gpu
from nozzle.aot.build import Refuse
from nozzle.errors import Missing, Refused
from tests.aot.agree import fresh
from tests.aot.alone import Here
from tests.aot.conftest import needs_mlir
from tests.aot.programs import PROGRAMS, B, D, M, S, V, W
from tests.aot.random_programs import make
from tests.aot.test_device import Device, bare

pytestmark = needs_mlir
KERNELS = (
    *("saxpy", "rows_broadcast", "strides_may_be_anything", "softmax", "layer_norm", "booleans"),
    *("residual", "products", "stacks_of_matrices", "max_abs_diff", "prefix", "prefix_along_axes"),
    *("a_store_that_reads_what_it_writes", "integers_divide_as_in_numpy", "masks"),
    *("nan_and_infinity_are_kept", "views_look_at_the_same_memory", "grids", "emptiness"),
    *("zero_dimensional", "transcendental", "transcendental_in_double", "half_precision"),
    *("statistics", "a_branch_on_two_sizes", "products_of_odd_sizes", "few_rows_times_much"),
    "a_number_in_the_shape_of_an_array",
)
NAMED = {function.__name__: (function, arguments) for function, arguments in PROGRAMS}


def launched(function, arguments):
    return gpu.Launched(aot.compile(function).traced(arguments), Here())


@pytest.mark.parametrize("name", KERNELS)
def test_kernels_compute_what_python_does(name):
    function, arguments = NAMED[name]
    with np.errstate(all="ignore"):
        assert launched(function, arguments).check(arguments) == ""


def test_kernels_of_random_functions_compute_what_python_does():
    right = 0
    for seed in range(3 * 10**6, 3 * 10**6 + 40):
        function, arguments, source = make(seed, f"f{seed}")
        values = list(arguments.values())
        try:
            with np.errstate(all="ignore"):
                function(*fresh(tuple(values)))
                found = launched(function, values)
        except (ValueError, IndexError, TypeError, np.exceptions.ComplexWarning, aot.NotAdmissible, Refuse):
            continue
        with np.errstate(all="ignore"):
            assert found.check(values) == "", source
        right += 1
    assert right > 10


def totals(x):
    return x.sum(), (x > 0).any(), x.max(), np.cumsum(x)


@pytest.mark.parametrize("n", [1, 255, 256, 257, 2049, 300_000])
def test_one_module_serves_every_length_with_as_many_blocks_as_that_asks_for(n):
    found = launched(totals, (S,))
    x = np.random.default_rng(n).standard_normal(n)
    assert cpu.differ(gpu.on_host(found.run([x]), np.asarray), totals(x), exact=False) == ""
    assert [blocks for name, blocks in found.driver.launched] == [
        *[min(-(-n // 256), 1024), 1] * 3,
        *[min(-(-n // 2048), 1024)] * 2,
    ]


def test_what_is_written_to_and_overlaps_is_left_to_the_library():
    def shifted(x, y):
        x[:] = x + y
        return x

    found = launched(shifted, (S.copy(), S))
    x = S.copy()
    assert found.takes([x, S])
    assert not found.takes([x[1:], x[:-1]])
    want = x[1:] + x[:-1]
    assert np.array_equal(found([x[1:], x[:-1]]), want)


def chosen(x):
    return x[x > 0]


def greatest(x):
    return np.argmax(x)


def twice(n):
    return n * 2


def turned(x):
    return x * 1j


def functions(x):
    return np.sin(x) + np.cos(x) + np.log1p(x)


def bytes_in_columns(x):
    return (x + x).sum(axis=0)


def halves(x):
    return np.exp(x) * 0.1


def tangent(x):
    return np.tan(x)


@pytest.mark.parametrize(
    ("function", "arguments", "words"),
    [
        (chosen, (V,), "a choice by a mask"),
        (greatest, (V,), "argmax"),
        (twice, (3,), "a number that comes of no array"),
        (turned, (V,), "complex numbers"),
    ],
)
def test_what_has_no_kernels_says_why(function, arguments, words):
    with pytest.raises(Refuse, match=f"{words},? on a device"):
        launched(function, arguments)


def ptx(function, *arguments):
    try:
        return aot.show(aot.compile(function), *arguments, target="ptx")
    except Missing as error:
        pytest.skip(str(error))


def count(text, word):
    return len(re.findall(word, text))


def softmax(x):
    e = np.exp(x - np.max(x, axis=1, keepdims=True))
    return e / np.sum(e, axis=1, keepdims=True)


def test_elements_are_one_kernel_that_contracts_nothing():
    text = ptx(NAMED["saxpy"][0], V, W, V)
    assert count(text, r"\.entry nz_saxpy_") == 1
    assert (count(text, r"mul\.rn\.f32"), count(text, r"add\.rn\.f32"), count(text, "fma")) == (1, 1, 0)
    assert (count(text, r"ld\.global\.nc"), count(text, r"st\.global")) == (3, 1)


def test_a_reduction_is_folded_in_registers_and_keeps_nan():
    text = ptx(NAMED["max_abs_diff"][0], V, W)
    assert count(text, r"\.entry ") == 2
    assert count(text, r"max\.NaN\.f32") > 2
    assert count(text, r"shfl\.sync\.bfly") >= 10
    assert count(text, r"ld\.global\.nc\.b32") == 2


def test_softmax_is_one_kernel_without_calls():
    text = ptx(softmax, M)
    assert count(text, r"\.entry ") == 1
    assert count(text, "call") == 0
    assert count(text, r"div\.rn\.f32") >= 1


def test_the_rung_before_is_the_gpu_dialect():
    text = aot.show(aot.compile(NAMED["max_abs_diff"][0]), V, W, target="gpu")
    assert "gpu.all_reduce" in text
    assert "gpu.block_id" in text
    assert "insertvalue" not in text


def test_a_function_that_a_device_has_not_is_said():
    with pytest.raises(Refused, match=r"tangent has no rung ptx: .*there is no tan on a device"):
        ptx(tangent, V)
    with pytest.raises(Refused, match="chosen has no rung gpu: a choice by a mask on a device; instead: "):
        aot.show(aot.compile(chosen), V, target="gpu")


def ptxas():
    """NVIDIA's assembler: on the path, or in the wheel nvidia-cuda-nvcc-cu12."""
    found = shutil.which("ptxas")
    spec = importlib.util.find_spec("nvidia") if found is None else None
    beside = [Path(one) / "cuda_nvcc/bin/ptxas" for one in (spec.submodule_search_locations if spec else ()) or ()]
    return found or next((str(one) for one in beside if one.exists()), "")


@pytest.mark.heavy
@pytest.mark.parametrize("chip", ["sm_80", "sm_90"])
@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (NAMED["saxpy"][0], (V, W, V)),
        (NAMED["max_abs_diff"][0], (D, D)),
        (NAMED["prefix"][0], (S,)),
        (NAMED["booleans"][0], (M > 0,)),
        (softmax, (M,)),
        (NAMED["statistics"][0], (D,)),
        (functions, (S,)),
        (bytes_in_columns, (B.reshape(8, 8),)),
        (halves, (M.astype("f2"),)),
    ],
)
def test_the_assembler_takes_it_and_spills_nothing(function, arguments, chip, tmp_path):
    if not ptxas():
        pytest.skip("there is no ptxas: pip install nvidia-cuda-nvcc-cu12")
    source = tmp_path / "x.ptx"
    source.write_text(ptx(function, *arguments))
    command = [ptxas(), "-v", f"-arch={chip}", "-o", str(tmp_path / "x.cubin"), str(source)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert re.findall(r"(\d+) bytes spill stores", done.stderr)
    assert set(re.findall(r"(\d+) bytes spill", done.stderr)) == {"0"}


class Cupy(Device):
    """A double of CuPy's arrays: NumPy's memory, that NumPy may not read."""

    __module__ = "cupy"
    shape = property(lambda self: self.held.shape)
    strides = property(lambda self: self.held.strides)
    dtype = property(lambda self: self.held.dtype)

    def __getitem__(self, key):
        return type(self)(self.held[bare(key)])

    def copy(self):
        return type(self)(self.held.copy())

    def reshape(self, shape):
        return type(self)(self.held.reshape(shape))


class There(Here):
    """`Here`, with arrays that NumPy may not read."""

    def load(self, made):
        get = super().load(made)

        def bare(name):
            launch = get(name)
            return lambda blocks, arguments: launch(blocks, [getattr(one, "held", one) for one in arguments])

        return bare

    def empty(self, shape, dtype):
        return Cupy(super().empty(shape, dtype))

    def host(self, array):
        return array.held


def test_a_call_with_arrays_of_cupys_is_answered_by_kernels_and_by_cupy_where_there_are_none(caplog, monkeypatch):
    monkeypatch.setattr(cpu, "_said", set())
    monkeypatch.setattr(gpu, "missing", str)
    driver = There()
    monkeypatch.setattr(gpu, "Cuda", lambda: driver)
    compiled = aot.compile(softmax)
    for _ in range(2):
        got = compiled(Cupy(M))
        assert isinstance(got, Cupy)
        assert np.allclose(got.held, softmax(M))
    assert [blocks for _, blocks in driver.launched] == [len(M)] * 3  # one of them for the check
    assert len(compiled.specials) == 1
    assert np.allclose(compiled(M), softmax(M))
    assert len(compiled.specials) == 2
    assert not caplog.records
    masked = aot.compile(chosen)
    assert np.array_equal(masked(Cupy(V)).held, V[V > 0])
    assert "operation by operation: a choice by a mask on a device" in caplog.records[0].getMessage()


def test_kernels_that_disagree_are_not_used(caplog, monkeypatch):
    monkeypatch.setattr(gpu, "missing", str)
    monkeypatch.setattr(gpu, "Cuda", There)
    monkeypatch.setattr(gpu.Launched, "run", lambda self, inputs: Cupy(inputs[0].held * 0))
    assert np.allclose(aot.compile(softmax)(Cupy(M)).held, softmax(M))
    assert "its kernels disagree with its library" in caplog.records[0].getMessage()


class Broken(There):
    def load(self, made):
        raise RuntimeError("CUDA_ERROR_INVALID_PTX")


def test_a_driver_that_takes_no_kernels_is_said_and_the_library_answers(caplog, monkeypatch):
    monkeypatch.setattr(cpu, "_said", set())
    monkeypatch.setattr(gpu, "missing", str)
    monkeypatch.setattr(gpu, "Cuda", Broken)
    assert np.allclose(aot.compile(softmax)(Cupy(M)).held, softmax(M))
    assert "its kernels could not be made: CUDA_ERROR_INVALID_PTX" in caplog.records[0].getMessage()


@pytest.mark.gpu
@pytest.mark.parametrize("name", KERNELS)
def test_on_a_device_the_answer_is_cupys(name):
    cupy = pytest.importorskip("cupy", reason="there is no CuPy")
    if not cupy.cuda.is_available():
        pytest.skip("there is no device")
    function, arguments = NAMED[name]
    compiled = aot.compile(function)
    there = [cupy.asarray(one) if isinstance(one, np.ndarray) else one for one in arguments]
    got, want = compiled(*there), function(*there)
    (special,) = compiled.specials[next(iter(compiled.specials))]
    assert special.native is not None, special.said
    assert cpu.differ(gpu.on_host(got, cupy.asnumpy), gpu.on_host(want, cupy.asnumpy), False, cpu.least(special)) == ""
