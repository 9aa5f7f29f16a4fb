"""Native code answers as Python does: the same programs, and calls that try to break it."""

import importlib
import os
import signal
import subprocess
import threading
import time

import numpy as np
import pytest

from nozzle import aot
from nozzle.aot import cache, cpu
from nozzle.aot.compiled import Special
from nozzle.aot.worker import WORKER
from tests.aot.agree import fresh, same
from tests.aot.conftest import needs_mlir
from tests.aot.programs import PROGRAMS, M, S, V

pytestmark = needs_mlir
LOOSE = {"half_precision": 2e-3}


def only(compiled):
    (group,) = compiled.specials.values()
    (special,) = group
    return special


@pytest.mark.parametrize(("function", "arguments"), PROGRAMS, ids=lambda one: getattr(one, "__name__", ""))
def test_native_code_answers_as_python(function, arguments):
    compiled, mine, theirs = aot.compile(function, wait=True), fresh(arguments), fresh(arguments)
    with np.errstate(all="ignore"):
        got, want = compiled(*mine), function(*theirs)
    assert only(compiled).native is not None, only(compiled).said
    assert same(got, want, rtol=LOOSE.get(function.__name__, 1e-5))
    assert all(same(x, y, rtol=1e-5) for x, y in zip(mine, theirs, strict=True))


def saxpy(a, b, c):
    return a * b + c


@pytest.mark.parametrize(
    "strange", [np.ma.array(V, mask=V > 0), V.view(np.recarray)], ids=lambda one: type(one).__name__
)
def test_arrays_with_an_arithmetic_of_their_own_are_refused_also_after_plain_ones(strange):
    compiled = aot.compile(saxpy, wait=True)
    plain = np.asarray(strange)
    compiled(plain, plain, plain)
    with pytest.raises(aot.NotAdmissible, match=f"is a {type(strange).__name__}, not a plain array"):
        compiled(strange, strange, strange)


@pytest.mark.parametrize("n", [0, 1, 2, 7, 8, 31, 1000])
def test_one_library_serves_every_length(n):
    compiled = aot.compile(saxpy, wait=True)
    compiled(V, V, V)
    x = np.linspace(-1, 1, n, dtype="f4")
    assert np.array_equal(compiled(x, x, x), x * x + x)


@pytest.mark.parametrize("many", [1, 2, 7, 1000])
def test_a_slice_of_one_element_is_read_again_and_again_whatever_makes_it_one(many):
    def stepped(x):
        return x + x[::1000], x * x[: len(x) // len(x)]

    def tripled(x, y):
        return np.concatenate((x, x, x))[len(y) * 2 :] + np.arange(5.0)

    x = np.arange(1.0, many + 1)
    for function, arguments in ((stepped, (x,)), (tripled, (x[:1], x[:1]))):
        compiled = aot.compile(function, wait=True)
        assert same(compiled(*fresh(arguments)), function(*arguments))
        assert only(compiled).native is not None, only(compiled).said


@pytest.mark.parametrize(
    "x",
    [
        V[::-1],
        V[::3],
        V.astype(">f4"),
        np.frombuffer(b"\0" + V.tobytes(), "u1")[1:].view("f4"),
        np.broadcast_to(V[:1], 9),
    ],
    ids=["reversed", "strided", "big-endian", "unaligned", "broadcast"],
)
def test_memory_may_lie_in_any_way(x):
    compiled = aot.compile(saxpy, wait=True)
    for _ in range(2):
        assert np.array_equal(compiled(x, x, x), x * x + x)


def shift(x, y):
    x[1:] = y[:-1]


def test_arrays_that_overlap_what_is_written_are_seen():
    compiled, base, want = aot.compile(shift, wait=True), np.arange(9.0), np.arange(9.0)
    compiled(np.arange(8.0), np.arange(8.0))
    compiled(base[:-1], base[1:])
    shift(want[:-1], want[1:])
    assert np.array_equal(base, want)


def test_what_is_read_only_is_not_written():
    x = np.arange(5.0)
    x.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        aot.compile(shift, wait=True)(x, np.arange(5.0))


def pick(x, k):
    total = 0.0
    for i in range(k):
        total += x[i * 2]
    return total


@pytest.mark.parametrize("k", [51, 10**6, -1, 0])
def test_an_index_out_of_range_is_an_error_and_no_fault(k):
    compiled = aot.compile(pick, wait=True)
    compiled(V, 3)
    if k <= 0:
        assert compiled(V, k) == 0.0
    else:
        with pytest.raises(IndexError, match="out of bounds"):
            compiled(V, k)


def looked_up(x, at):
    return x[at]


@pytest.mark.parametrize("at", [[100], [-101], [2**62]])
def test_an_array_of_indices_is_tested_too(at):
    compiled = aot.compile(looked_up, wait=True)
    assert same(compiled(V, np.array([3, -1])), V[[3, -1]])
    with pytest.raises(IndexError):
        compiled(V, np.array(at))


def two_lengths_of_the_data(x, y):
    return (x[x > -9] + y[y > -9]).sum()


@pytest.mark.parametrize("sizes", [(10**6, 10), (10, 10**6)])
def test_lengths_that_the_data_decides_are_tested_before_they_are_read(sizes):
    compiled = aot.compile(two_lengths_of_the_data, wait=True)
    assert compiled(S, S) == pytest.approx(two_lengths_of_the_data(S, S))
    assert only(compiled).native is not None
    with pytest.raises(ValueError, match="broadcast"):
        compiled(*(np.ones(n) for n in sizes))


def lengths_in_a_loop(x, y, n):
    total = 0.0
    for i in range(n):
        z = x + y[i:]
        total += z.sum() + z[0]
    return total


def test_lengths_in_a_loop_are_tested_before_they_are_read():
    compiled = aot.compile(lengths_in_a_loop, wait=True)
    assert compiled(S, S, 1) == pytest.approx(lengths_in_a_loop(S, S, 1))
    assert only(compiled).native is not None
    with pytest.raises(ValueError, match="broadcast"):
        compiled(np.ones(10**6), np.ones(10**6), 40)


def chaos(x, n):
    for _ in range(n):
        x = 3.99 * x * (1 - x)
    return x, np.sum(x * np.sin(x))


def test_what_a_last_bit_decides_is_answered_by_python_and_nobody_is_wrong(monkeypatch, caplog):
    x = np.linspace(0.1, 0.9, 200)
    compiled = aot.compile(chaos, wait=True)
    compiled(x, 3)
    code = only(compiled).native
    run = cpu.Native.run
    monkeypatch.setattr(cpu.Native, "run", lambda self, inputs: run(self, [inputs[0] + 1e-15, *inputs[1:]]))
    assert code.check([x.copy(), 60], [x.copy(), 60]) == cpu.UNSTEADY
    unsteady = aot.compile(chaos, wait=True)
    assert same(unsteady(x, 60), chaos(x, 60))
    assert only(unsteady).said == cpu.UNSTEADY
    assert "disagrees" not in caplog.text
    assert code.check([x.copy(), 2], [x.copy(), 2]) == ""
    monkeypatch.setattr(cpu.Native, "run", lambda self, inputs: run(self, [inputs[0] * 0.99, *inputs[1:]]))
    assert "differ" in code.check([x.copy(), 5], [x.copy(), 5])


def long_way(x):
    y = np.cumsum(x)
    return np.cumsum(y[::-1])


def test_where_memory_runs_out_python_answers(monkeypatch):
    compiled = aot.compile(long_way, wait=True)
    compiled(S)
    code = only(compiled).native
    monkeypatch.setattr(code, "counts", lambda *_: (2**58,))
    assert len(code.lowered.scratch) == 1
    assert same(code([S]), long_way(S))


def positive(x):
    return x[x > 0]


def test_a_result_is_as_long_as_the_data_has_it_and_owns_its_memory():
    compiled = aot.compile(positive, wait=True)
    for x in (S, -np.ones(4), np.ones(7), np.zeros(0)):
        found = compiled(x)
        assert same(found, positive(x))
        assert found.flags.owndata


@pytest.mark.parametrize("at", [[0], [-1], []])
def test_an_index_into_nothing_is_an_error(at):
    compiled = aot.compile(looked_up, wait=True)
    assert same(compiled(V[:0], np.zeros(0, int)), V[:0])
    if at:
        with pytest.raises(IndexError, match="out of bounds"):
            compiled(V[:0], np.array(at))


def test_an_infinite_part_does_not_hide_or_make_a_difference():
    want = np.array([complex(-np.inf, 1.0), complex(np.nan, 2.0)])
    assert not cpu.differ(want + 1e-12j, want, False)
    assert cpu.differ(want + 0.1j, want, False)


def test_an_infinity_that_blas_makes_nan_of_is_no_difference_and_its_sign_is_one() -> None:
    want = np.array([complex(np.nan, np.nan), 1 + 2j])
    assert not cpu.differ(np.array([complex(np.inf, np.nan), 1 + 2j]), want, False)
    assert cpu.differ(np.array([complex(1.0, np.nan), 1 + 2j]), want, False)
    assert cpu.differ(np.array([complex(np.inf, 1.0)]), np.array([complex(-np.inf, 1.0)]), False)


def product(a, b):
    return a @ b


def test_halves_are_added_up_in_floats_and_the_sum_is_rounded_as_numpy_does():
    random = np.random.default_rng(0)
    a, b = (random.normal(size=size).astype("f2") for size in ((40, 300), (300, 20)))
    compiled = aot.compile(product, wait=True)
    true = a.astype("f8") @ b.astype("f8")
    assert compiled(a, b).dtype == np.float16
    np.testing.assert_allclose(compiled(a, b), true, rtol=2**-10, atol=2**-10)


def divided(a, b):
    return a // b, a % b


def test_division_by_zero_is_an_error_for_numbers_and_zero_for_arrays():
    compiled = aot.compile(divided, wait=True)
    assert compiled(7, -2) == (-4, -1)
    with pytest.raises(ZeroDivisionError):
        compiled(7, 0)
    least = np.array([-(2**63), 5, -5])
    with np.errstate(all="ignore"):
        assert same(compiled(least, np.array([-1, 0, 0])), divided(least, np.array([-1, 0, 0])))


def looks(x):
    return x, x[1:], x[None]


def test_a_view_that_is_given_back_is_a_view():
    x = np.arange(5.0)
    whole, part, _ = aot.compile(looks, wait=True)(x)
    assert whole is x
    part[0] = 9
    assert x[1] == 9


def test_a_plain_program_is_answered_at_once_and_becomes_native():
    before = set(threading.enumerate())
    compiled = aot.compile(saxpy, wait=False)
    assert np.array_equal(compiled(V, V, V), saxpy(V, V, V))
    for thread in set(threading.enumerate()) - before:
        thread.join(60)
    assert only(compiled).native is not None
    assert np.array_equal(compiled(V, V, V), saxpy(V, V, V))


def test_a_warm_start_needs_no_compiler(monkeypatch):
    aot.compile(saxpy, wait=True)(M, M, M)
    monkeypatch.setattr(WORKER, "ask", lambda *_, **__: pytest.fail("asked to compile"))
    compiled = aot.compile(saxpy, wait=True)
    compiled(M, M, M)
    assert only(compiled).details["warm"]


def cubed(a):
    return a * a * a


def test_when_the_compiler_dies_python_answers_and_the_next_one_compiles(monkeypatch, caplog):
    monkeypatch.setattr(WORKER, "_start", lambda: (_ for _ in ()).throw(OSError("no more processes")))
    WORKER.stop()
    compiled = aot.compile(cubed, wait=True)
    assert np.array_equal(compiled(V), cubed(V))
    assert "no more processes" in only(compiled).said
    monkeypatch.undo()
    again = aot.compile(cubed, wait=True)
    again(V)
    assert only(again).native is not None


def test_a_compiler_that_somebody_ended_is_started_again():
    aot.compile(saxpy, wait=True)(V, V, V)
    WORKER.ask("llvm", text="module {}")
    WORKER._process.kill()
    WORKER._process.wait()
    assert "source_filename" in WORKER.ask("llvm", text="module {}")["text"]


def test_native_code_that_disagrees_is_news_and_is_not_used(monkeypatch, caplog):
    wrong = cpu.Native.run
    monkeypatch.setattr(cpu.Native, "run", lambda self, inputs: wrong(self, inputs) + 1)
    compiled = aot.compile(cubed, wait=True)
    assert np.array_equal(compiled(V), cubed(V))
    assert "disagrees" in only(compiled).said
    assert "disagrees" in caplog.text


def test_a_forked_child_may_compile():
    aot.compile(saxpy, wait=True)(V, V, V)
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        compiled = aot.compile(cubed, wait=True)
        fine = np.array_equal(compiled(V.astype("f8")), cubed(V.astype("f8"))) and only(compiled).native is not None
        WORKER.stop()
        os._exit(0 if fine else 1)
    assert os.waitpid(child, 0)[1] == 0


@pytest.mark.parametrize("folder", [".nozzle/aot", "elsewhere"])
def test_git_passes_the_cache_by(folder, tmp_path):
    git = ["git", "-C", str(tmp_path)]
    subprocess.run([*git, "init", "-q"], check=True)
    cache.make(tmp_path / folder)
    (tmp_path / folder / "x.so").touch()
    assert subprocess.run([*git, "status", "--porcelain"], capture_output=True, check=True).stdout == b""


def test_the_cache_is_named_by_content():
    assert cache.place("one") == cache.place("one")
    assert cache.place("one") != cache.place("two")
    assert cache.place("one", 3) != cache.place("one", 2)


def test_the_compiled_wrapper_answers_and_hands_on_what_it_does_not_know():
    compiled = aot.compile(saxpy, wait=True)
    compiled(V, V, V)
    assert type(compiled._fast).__name__ == "builtin_function_or_method"
    assert same(compiled(V, V, V), saxpy(V, V, V))
    assert same(compiled(V[::2], V[::2], V[::2]), saxpy(V[::2], V[::2], V[::2]))
    assert same(compiled(V, 2.0, V), saxpy(V, 2.0, V))
    with pytest.raises(ValueError, match="broadcast"):
        compiled(V, V, V[:3])
    with pytest.raises(TypeError):
        compiled(V, V)


def test_the_wrapper_gives_arrays_back_once():
    import sys

    compiled = aot.compile(saxpy, wait=True)
    for _ in range(3):
        result = compiled(V, V, V)
    other = saxpy(V, V, V)
    assert sys.getrefcount(result) == sys.getrefcount(other)
    assert result.flags.owndata


def mixed(x, k, s, flag):
    return x * s + k if flag else x, k + 1, s * 2, x.sum()


def test_the_wrapper_knows_python_numbers():
    compiled = aot.compile(mixed, wait=True)
    for arguments in ((V, 3, 0.5, True), (V, 2**40, -0.5, False), (V, -7, 1.0, True)):
        for _ in range(2):
            assert same(compiled(*arguments), mixed(*arguments), rtol=1e-6)


@pytest.mark.parametrize(
    ("got", "want"),
    [((1.0, 2.0), np.array([1.0, 2.0])), (np.int64(1), 1), (1.0, np.float64(1.0)), (np.array([1]), [1]), (1.0, True)],
)
def test_a_value_of_another_kind_is_a_difference(got, want):
    assert cpu.differ(got, want, False)


def shifted(x, y):
    return x + y.sum()


@pytest.mark.parametrize("trap", [None, IndexError, ValueError])
def test_where_python_raises_native_code_raises_that_or_is_not_used(trap, monkeypatch):
    run = cpu.Native.run

    def native(self, inputs):
        if trap is not None:
            raise trap("it is wrong")
        return run(self, inputs)

    def python(self, arguments):
        raise ValueError("it is wrong")

    monkeypatch.setattr(cpu.Native, "run", native)
    monkeypatch.setattr(Special, "plain", python)
    compiled = aot.compile(shifted, wait=True)
    with pytest.raises(ValueError, match="it is wrong"):
        compiled(V, V)
    assert (only(compiled).native is not None) is (trap is ValueError)


def test_an_argument_that_nobody_was_seen_to_write_is_compared_too(monkeypatch):
    def native(self, inputs):
        answer = run(self, inputs)
        inputs[1][:] = 0
        return answer

    run = cpu.Native.run
    monkeypatch.setattr(cpu.Native, "run", native)
    compiled = aot.compile(shifted, wait=True)
    compiled(V, V.copy())
    assert "argument y" in only(compiled).said


def mass(x):
    return np.broadcast_to(x[0, 0], x.shape)


def greatest(x):
    return np.broadcast_to(x.max(), x.shape), x.max()


def rows(x):
    return np.broadcast_to(len(x), (3,))


def as_often(x):
    return np.broadcast_to(x.sum(), (int(x.argmax()) + 1,))


def tail(x):
    return np.broadcast_to((x > 2).any(), x.shape)[1:]


@pytest.mark.parametrize("function", [mass, greatest, rows, as_often, tail])
def test_a_number_that_is_given_back_as_an_array_is_the_number_of_this_call(function):
    compiled = aot.compile(function, wait=True)
    for x in (np.zeros((2, 2)), np.array([[1.0, 5], [2, 3]]), np.array([[7.0, 6], [9, 8], [1, 1]])):
        assert same(compiled(x), function(x))
    assert all(one.native is not None for group in compiled.specials.values() for one in group)


def test_a_result_that_is_never_written_does_not_pass_the_first_check(monkeypatch):
    monkeypatch.setattr(cpu.np, "empty", np.zeros)
    monkeypatch.setattr(cpu.Native, "_into", lambda *_: None)
    for x in (np.zeros(3), np.zeros(3, "i1"), np.ones(3, "?")):
        compiled = aot.compile(greater, wait=True)
        assert same(compiled(x, x), x)
        assert "disagrees" in only(compiled).said


def greater(x, y):
    return np.maximum(x, y)


def written_out(folder, monkeypatch, lines):
    """A function of these lines, in a file of its own."""
    name = f"written_{abs(hash(tuple(lines)))}"
    (folder / f"{name}.py").write_text("\n    ".join(["import numpy as np\ndef long(x):", *lines]) + "\n")
    monkeypatch.syspath_prepend(folder)
    return importlib.import_module(name).long


CHAIN = [f"y{i} = x * {i}.5 + {f'y{i - 1}' if i else 'x'} * 0.5" for i in range(500)]


@pytest.mark.parametrize(
    "lines",
    [
        [*CHAIN, "return y499"],
        [*CHAIN, "x[:] = y499", "return (y3 + y450).sum(axis=-1), y499"],
        ["m = x[None] * np.ones((3, 1))", "y = m @ m.T", *["y = y * 0.5 + 1"] * 500, "return y - y.max(axis=-1)"],
        ["y = x", *["y = y + y * x"] * 300, "return y.sum()"],
    ],
    ids=["chain", "stored", "product", "shared"],
)
def test_a_function_of_hundreds_of_lines_is_native(lines, tmp_path, monkeypatch):
    function = written_out(tmp_path, monkeypatch, lines)
    compiled, mine, theirs = aot.compile(function, wait=True), V / 100, V / 100
    assert same(compiled(mine), function(theirs), rtol=1e-5)
    assert same(mine, theirs, rtol=1e-5)
    assert only(compiled).native is not None, only(compiled).said


def test_an_expression_that_is_too_deep_for_the_compiler_is_answered_by_python(tmp_path, monkeypatch, caplog):
    function = written_out(tmp_path, monkeypatch, ["return " + " + ".join(["x"] * 900)])
    compiled = aot.compile(function, wait=True)
    for _ in range(2):
        assert same(compiled(V), function(V))
    assert [one.split(" (")[0] for one in caplog.messages] == [
        "nozzle.aot: long runs as Python, for the compiler failed: RecursionError: maximum recursion depth exceeded"
    ]


@pytest.mark.parametrize("wait", [True, False])
def test_a_fault_of_the_compiler_is_no_fault_of_a_call(wait, monkeypatch, caplog):
    def broken(*_):
        raise KeyError("nobody knows")

    monkeypatch.setattr(cpu, "Native", broken)
    compiled = aot.compile(saxpy, wait=wait)
    assert same(compiled(V, V, V), saxpy(V, V, V))
    while only(compiled).said == "":
        time.sleep(0.01)
    assert only(compiled).said.startswith("the compiler failed: KeyError: 'nobody knows' (test_native.py:")
    assert "saxpy runs as Python, for the compiler failed: KeyError" in caplog.text
    assert same(compiled(V, V, V), saxpy(V, V, V))
