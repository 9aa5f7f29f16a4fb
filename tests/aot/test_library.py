"""A library made ahead of time answers as its function, quantised or not; what one library cannot be is refused."""

import importlib.util
import shutil
import subprocess

import numpy as np
import pytest

from nozzle import aot
from nozzle.aot import library
from nozzle.aot.types import parse_types
from nozzle.errors import Refused
from tests.aot.agree import same
from tests.aot.conftest import needs_mlir

pytestmark = needs_mlir
RNG = np.random.default_rng(4)
X, W = RNG.standard_normal((9, 20), dtype="f4"), RNG.standard_normal((20, 33), dtype="f4")
V = np.ones(3)


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


def two(x):
    return x + 1, x.sum()


def loop(x, n):
    total = 0.0
    for i in range(n):
        total += x[i]
    return total


def scaled(x, by, really):
    return x * by if really else x


def into(x, y):
    y[:] = x * 2


@pytest.mark.parametrize(
    ("function", "types", "arguments", "words"),
    [
        (two, "i64[n]", ([1.9, 2.9],), "x is an array of float64, and this library is for int64"),
        (two, "f32[n]", (np.array([1 + 2j]),), "x is an array of complex128"),
        (two, "f32[n]", (np.array([2**24 + 1]),), "x is an array of int64"),
        (two, "f64[n]", (np.array([1.0]).astype(">f8"),), "x is an array of >f8"),
        (two, "f64[n]", (np.ma.array([1.0]),), "x is a MaskedArray, and no plain array"),
        (two, "f64[n]", (np.ones((2, 2)),), "x must have 1 axes"),
        (loop, "f64[n],i64", (np.ones(3), 2.5), "n must be a whole number, and is a float"),
        (loop, "f64[n],i64", (np.ones(3), 2**64), "n does not fit 64 bits"),
        (scaled, "f64[n],f64,b1", (np.ones(3), 1j, True), "by must be a real number, and is a complex"),
        (scaled, "f64[n],f64,b1", (np.ones(3), 2**53 + 1, True), "by is no number of 64 bits"),
        (loop, "f64[n],i64", (np.ones(3), np.int64(2)), "n is NumPy's int64, .* Python's numbers: n.item"),
        (loop, "f64[n],i64", (np.ones(3), np.array(2)), "n is NumPy's int64"),
        (scaled, "f64[n],f64,b1", (np.ones(3), np.float64(2), True), "by is NumPy's float64"),
        (scaled, "f64[n],f64,b1", (np.ones(3), 2.0, np.bool_(True)), "really is NumPy's bool"),
        (scaled, "f64[n],f64,b1", (np.ones(3), 2.0, 3), "really must be True or False, and is a int"),
        (into, "f64[n],f64[n]", (V, V), "y is written to, and overlaps x"),
    ],
)
def test_a_stub_cuts_nothing_down_to_fit(tmp_path, function, types, arguments, words):
    found = stub(library.build(aot.compile(function), parse_types(types), tmp_path))
    with pytest.raises((TypeError, ValueError, OverflowError), match=words):
        found(*arguments)


def test_a_stub_takes_what_fits(tmp_path):
    found = stub(library.build(aot.compile(loop), parse_types("f64[n],i64"), tmp_path))
    assert found([1.0, 2.0, 4.0], 3) == 7.0
    assert found(np.ones(9)[::2], True) == 1.0
    odd = np.frombuffer(b"x" + np.ones(3).tobytes(), "f8", offset=1)
    assert found(odd, 3) == 3.0
    found = stub(library.build(aot.compile(scaled), parse_types("f64[n],f64,b1"), tmp_path))
    assert found([1.0], 2, True) == [2.0]
    assert np.isnan(found([1.0], float("nan"), True)).all()


def added(a, b):
    return a + b


def narrow(a, x):
    return a * x


def test_numbers_keep_the_width_that_the_types_say(tmp_path):
    made = library.build(aot.compile(added), parse_types("u8, u8"), tmp_path / "u8")
    assert "uint8_t a, uint8_t b" in made.header.read_text()
    add = stub(made)
    with np.errstate(all="ignore"):
        assert same(add(np.uint8(200), np.uint8(100)), np.uint8(200) + np.uint8(100))
    for wrong in (200, np.int64(3), 1.5):
        with pytest.raises(TypeError, match=r"this library is for uint8: np.uint8\(a\)"):
            add(wrong, np.uint8(1))
    made = library.build(aot.compile(narrow), parse_types("f32, f64[n]"), tmp_path / "f32")
    assert same(stub(made)(np.float32(0.1), V), np.float32(0.1) * V)


def bounded(x, lo=0.0, top=np.inf, *, k=2, hi):
    return np.clip(x, lo, np.minimum(hi, top)) * k


def test_a_stub_is_called_as_its_function_is(tmp_path):
    made = stub(library.build(aot.compile(bounded), parse_types("f64[n], f64, f64, i64, f64"), tmp_path))
    x = np.arange(-2.0, 5)
    for named in ({"hi": 2.0}, {"hi": 3.0, "lo": -1.0}, {"hi": 1.0, "k": 3}):
        assert np.array_equal(made(x, **named), bounded(x, **named))
    for arguments, named in (((x,), {}), ((x, 0.0, 1.0, 2), {"hi": 1.0})):
        with pytest.raises(TypeError):
            made(*arguments, **named)


def test_a_default_of_another_type_is_to_be_given(tmp_path):
    made = stub(library.build(aot.compile(bounded), parse_types("f64[n], f64, f32, i64, f64"), tmp_path))
    with pytest.raises(TypeError, match=r"lo.*top"):
        made(V, hi=2.0)


def doubled(x):
    x *= 2


def test_a_list_is_not_written_to(tmp_path):
    made = stub(library.build(aot.compile(doubled), parse_types("f64[n]"), tmp_path))
    with pytest.raises(ValueError, match="x is written to"):
        made([1.0, 2.0])


def spread(x):
    return np.broadcast_to(x.max(), x.shape)


def test_a_view_is_refused_with_what_it_is_a_view_of(tmp_path):
    with pytest.raises(Refused, match="a view of what it computes: copy it"):
        library.build(aot.compile(spread), parse_types("f64[n]"), tmp_path)


def named(out0, status, *, double, scratch1, x_d0, x, np, λ):
    return out0 * double + status * x_d0 + x * scratch1 + np * λ


def _array(max, int):
    return max[: len(max) - 1] * int


def np_(struct, ctypes, é):
    return (struct @ ctypes + é).sum(axis=0)


def λx(x):
    return x * 2


@pytest.mark.parametrize(
    ("function", "types", "arguments", "names"),
    [
        (named, "f64[n], f64[n], f64, f64, i64, f64[n], f64[n], f64", (V, V), {"double": 2.0, "scratch1": 0.5}),
        (_array, "f64[n], f64", (V, 3.0), {}),
        (np_, "f64[m,k], f64[k,n], f64", (np.ones((2, 3)), np.ones((3, 4)), 0.5), {}),
        (λx, "f64[n]", (V,), {}),
    ],
    ids=lambda one: getattr(one, "__name__", ""),
)
def test_names_of_the_authors_are_not_taken_for_ours(function, types, arguments, names, tmp_path):
    if names:
        names = {**names, "x_d0": 4, "x": V, "np": V, "λ": 0.25}
    compiled = aot.compile(function, wait=True)
    want = function(*arguments, **names)
    assert same(compiled(*arguments, **names), want)
    assert all(one.native is not None for group in compiled.specials.values() for one in group)
    made = library.build(aot.compile(function), parse_types(types), tmp_path)
    assert same(stub(made)(*arguments, **names), want)
    if shutil.which("cc"):
        for suffix, compiler in (("c", "cc"), ("cpp", "c++")):
            source = tmp_path / f"uses.{suffix}"
            source.write_text(f'#include "{made.header.name}"\nint main(void) {{ return 0; }}\n', encoding="utf-8")
            if shutil.which(compiler):
                subprocess.run([compiler, "-Wall", "-Werror", "-c", source, "-o", tmp_path / "uses.o"], check=True)
