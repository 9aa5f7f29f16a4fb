"""A library made ahead of time answers as its function, quantised or not; what one library cannot be is refused."""

import importlib.util

import numpy as np
import pytest

from nozzle import aot
from nozzle.aot import library
from nozzle.aot.types import parse_types
from nozzle.errors import Refused
from tests.aot.conftest import needs_mlir

pytestmark = needs_mlir
RNG = np.random.default_rng(4)
X, W = RNG.standard_normal((9, 20), dtype="f4"), RNG.standard_normal((20, 33), dtype="f4")


def times(x, w):
    return x @ w


def stub(made):
    """The function of a library, by its Python stub."""
    spec = importlib.util.spec_from_file_location(made.stub.stem, made.stub)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return getattr(found, made.stub.stem)


def test_a_quantised_library_has_the_scales_of_its_calibration(tmp_path):
    compiled = aot.compile(times, wait=True, quantize="i8", calibrate=[(X, W)])
    made = library.build(compiled, parse_types("f32[m,k], f32[k,n]"), tmp_path)
    assert np.array_equal(stub(made)(X, W), compiled(X, W))


def test_a_quantised_library_without_calibration_is_refused(tmp_path):
    with pytest.raises(Refused, match="calibrate="):
        library.build(aot.compile(times, quantize="i8"), parse_types("f32[m,k], f32[k,n]"), tmp_path)


def positive(x):
    return x[x > 0]


def test_a_result_as_long_as_the_data_has_it_is_refused(tmp_path):
    with pytest.raises(Refused, match="the data decides the size"):
        library.build(aot.compile(positive), parse_types("f32[n]"), tmp_path)


def line(x):
    return np.sin(x) + np.cos(x)


def test_tables_come_with_the_library(tmp_path):
    made = library.build(aot.compile(line), parse_types("f64[n]"), tmp_path)
    x = np.linspace(-1e6, 1e6, 999)
    assert np.allclose(stub(made)(x), line(x), rtol=1e-13, atol=1e-15)
