"""What is admissible means what it means in NumPy; what is not is refused with its line, the reason, and a way out."""

import numpy as np
import pytest

from nozzle import aot
from nozzle.aot.graph import check
from nozzle.aot.ops import FAMILIES, FUNCTIONS, OPS
from tests.aot.agree import fresh, same
from tests.aot.programs import PROGRAMS, V

SCALE = 2.0


@pytest.mark.parametrize(("function", "arguments"), PROGRAMS, ids=lambda one: getattr(one, "__name__", ""))
def test_the_graph_means_what_the_function_means(function, arguments):
    mine, theirs = fresh(arguments), fresh(arguments)
    with np.errstate(all="ignore"):
        want = function(*theirs)
    special = aot.compile(function).traced(mine)
    check(special.graph)
    got = special.interpreted(mine)
    assert same(got, want, rtol=1e-6 if "half" not in function.__name__ else 2e-3)
    assert all(same(one, two, rtol=1e-6) for one, two in zip(mine, theirs, strict=True))


def takes_input(x):
    y = x + 1
    return eval("y") + y


def prints(x):
    print(x)


def changes_type(x):
    y = x
    for _ in range(3):
        y = y.sum(axis=0)
    return y


def may_be_unset(x):
    if x[0] > 0:
        y = x
    return y


def a_number_or_a_word(x):
    y = 1
    if x[0] > 0:
        y = "a"
    return x * y


def makes_a_dict(x):
    return {"x": x}


def calls_itself(x):
    return calls_itself(x)


def truth_of_an_array(x):
    if x > 0:
        return x
    return -x


@pytest.mark.parametrize(
    ("function", "reason", "instead"),
    [
        (takes_input, "a call of eval", "write the expression itself"),
        (prints, "a call of print", "print it outside"),
        (changes_type, "changes its type", "use another name"),
        (a_number_or_a_word, "in one branch and", "another name in one"),
        (may_be_unset, "may have no value here", "give y a value before"),
        (makes_a_dict, "a dict expression", "use tuples"),
        (calls_itself, "calls itself", "write it as a loop"),
        (truth_of_an_array, "the truth of an array", "use .any() or .all()"),
    ],
)
def test_what_is_not_admissible_is_refused_with_its_line(function, reason, instead):
    with pytest.raises(aot.NotAdmissible) as caught:
        aot.compile(function)(V.reshape(10, 10) if function is changes_type else V)
    text = str(caught.value)
    assert f"{__file__}:" in text
    assert reason in text
    assert instead in text


def test_a_refusal_points_at_the_place():
    with pytest.raises(aot.NotAdmissible) as caught:
        aot.compile(takes_input)(V)
    lines = str(caught.value).splitlines()
    assert lines[1].strip() == 'return eval("y") + y'
    assert lines[2].index("^") == lines[1].index("eval")


@pytest.mark.parametrize(
    "value", [object(), [1.0], np.array(["a"]), np.ma.masked_array([1.0]), {}], ids=lambda value: type(value).__name__
)
def test_what_is_no_array_of_numbers_is_refused(value):
    with pytest.raises(aot.NotAdmissible, match="the argument x is a"):
        aot.compile(lambda_free)(value)


def lambda_free(x):
    return x


def test_annotations_are_held():
    @aot.compile
    def add(a: aot.f32["n"], b: aot.f32["n"]):
        return a + b

    assert same(add(V, V), V + V)
    with pytest.raises(aot.NotAdmissible, match="b has length 99 along axis 0, where n is 100"):
        add(V, V[:99])
    with pytest.raises(aot.NotAdmissible, match=r"(?s)a is float64.*instead: pass what the annotation says"):
        add(V.astype(float), V)


def test_what_numpy_refuses_is_refused_as_numpy_does():
    with pytest.raises(ValueError, match="could not be broadcast"):
        aot.compile(plus)(V, V[:7])
    with pytest.raises(IndexError, match="out of bounds"):
        aot.compile(first)(V[:0])
    with pytest.raises(IndexError, match="index 7 is out of bounds"):
        aot.compile(picked)(V[:5], 7)


def picked(x, i):
    return x[i]


def plus(a, b):
    return a + b


def first(x):
    return x[0]


def scaled(x):
    return x * SCALE


def test_a_changed_global_is_seen(monkeypatch):
    compiled = aot.compile(scaled)
    assert same(compiled(V), V * 2)
    monkeypatch.setitem(globals(), "SCALE", 3.0)
    assert same(compiled(V), V * 3)


def by(x, factor=2.0):
    return x * factor


def by_name(x, *, factor=2.0):
    return x * factor


def helped(x):
    return by(x)


def helped_by_name(x):
    return by_name(x)


def other(x, factor=3.0):
    return x * factor + 100


def other_by_name(x, *, factor=3.0):
    return x * factor + 100


@pytest.mark.parametrize(
    ("function", "helper", "new", "how"),
    [
        (helped, by, other, "__code__"),
        (helped, by, other, "__defaults__"),
        (helped_by_name, by_name, other_by_name, "__code__"),
        (helped_by_name, by_name, other_by_name, "__kwdefaults__"),
    ],
)
def test_a_helper_that_is_changed_in_place_is_seen(function, helper, new, how, monkeypatch):
    compiled = aot.compile(function, wait=True)
    assert same(compiled(V), V * 2)
    monkeypatch.setattr(helper, how, getattr(new, how))
    assert same(compiled(V), function(V))
    assert not same(compiled(V), V * 2)


@pytest.mark.parametrize(("function", "how"), [(by, "__defaults__"), (by_name, "__kwdefaults__")])
def test_a_default_that_is_changed_in_place_is_seen(function, how, monkeypatch):
    compiled = aot.compile(function, wait=True)
    assert same(compiled(V), V * 2)
    monkeypatch.setattr(function, how, (5.0,) if how == "__defaults__" else {"factor": 5.0})
    assert same(compiled(V), V * 5)


def test_one_graph_serves_all_sizes_until_a_guard_fails():
    compiled = aot.compile(plus)
    for n in (5, 6, 100):
        compiled(V[:n], V[:n])
    assert len(compiled.specials) == 1
    assert len(next(iter(compiled.specials.values()))) == 1
    assert same(compiled(V[:1], V), V[:1] + V)
    assert len(next(iter(compiled.specials.values()))) == 2


def test_the_graph_is_printed_with_its_guards_and_lines():
    text = aot.show(aot.compile(plus), V, V)
    assert text.splitlines()[:2] == ["plus(%a: f32[a.0], %b: f32[b.0])", "  where a.0 == b.0"]
    assert "add(%a, %b)" in text
    assert "# line" in text


def test_every_operation_says_what_it_means_and_belongs_to_a_family():
    assert {op.family for op in OPS.values()} <= {module.FAMILY for module in FAMILIES}
    assert all(callable(op.run) for op in OPS.values())
    assert len(FUNCTIONS) > 150


def test_the_table_of_what_is_admissible_stands_in_the_documentation():
    from pathlib import Path

    assert aot.table() in (Path(__file__).parents[2] / "nozzle/aot/ADMISSIBLE.md").read_text()


def test_without_mlir_it_runs_as_python_and_says_so_once(monkeypatch, caplog):
    from nozzle.aot import cpu, mlir

    monkeypatch.setattr(mlir, "found", lambda: "")
    monkeypatch.setattr(cpu, "_said", set())
    for _ in range(2):
        compiled = aot.compile(plus)
        assert same(compiled(V, V), V + V)
    assert caplog.text.count("there is no MLIR") == 1
    with pytest.raises(aot.NotAdmissible):
        aot.compile(prints)(V)
