"""Functions inside a compiled function: what they read from around them is what Python reads, or they are refused."""

import importlib
import re

import numpy as np
import pytest

from nozzle import aot
from tests.aot.agree import fresh, same
from tests.aot.conftest import needs_mlir

V = np.linspace(-1.0, 1.0, 7)
G = 3.0


def double(a):
    return a * 1000


def runge_kutta(y, h):
    def slope(t, y):
        return -y * t + np.sin(y)

    t = 0.0
    for _ in range(5):
        k1 = slope(t, y)
        k2 = slope(t + h / 2, y + h / 2 * k1)
        k3 = slope(t + h / 2, y + h / 2 * k2)
        k4 = slope(t + h, y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        t += h
    return y


def with_defaults(x, c):
    s = x.sum() * c

    def scaled(a, b=c, *, k=2):
        return (a - s) * b + k * G

    return scaled(x) + scaled(x, 1.0, k=3)


def deep(x):
    def outer(a):
        def inner(b):
            return b + a

        return inner(a) * x

    return outer(x)


def with_its_own_names(x):
    def twice(x):
        y = x * 2
        return y

    y = twice(x) + 1
    return twice(y)


def leaves_early(x):
    def first_above(v, bound):
        for i in range(v.shape[0]):
            if v[i] > bound:
                return i
        return -1

    return first_above(x, 0.5), first_above(x, 100.0)


def writes(x):
    y = np.zeros(x.shape[0])

    def put(i, value):
        y[i] = value

    for i in range(x.shape[0]):
        put(i, x[i] * 2)
    return y


def newton(f, slope, z):
    for _ in range(20):
        z = z - f(z) / slope(z)
    return z


def handed_on(x):
    return newton(lambda z: z * z - 2.0, lambda z: 2 * z, 1.0) + x


def behind_a_loop(x):
    total = 0.0
    for i in range(x.shape[0]):
        total += x[i]
    scale = lambda a: a * total  # noqa: E731
    return scale(x)


def by_the_data(x):
    if x.sum() > 1:

        def step(a):
            return a + 1
    else:

        def step(a):
            return a - 1

    return step(x)


def while_it_runs(n):
    step = lambda k: k // 2 if k % 2 == 0 else 3 * k + 1  # noqa: E731
    count = 0
    while n != 1:
        n = step(n)
        count += 1
    return count


def numbered_pairs(x, y):
    total = 0.0
    for i, (a, b) in enumerate(zip(x, y)):  # noqa: B905
        total += i * a * b
    for (i, a), b in zip(enumerate(x, 1), y):  # noqa: B905
        total += i * a - b
    for i, (j, a) in enumerate(enumerate(x[1:], 3), 2):
        total += i * j * a
    return total


@needs_mlir
@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        (runge_kutta, (V, 0.1)),
        (with_defaults, (V, 2.0)),
        (deep, (V,)),
        (with_its_own_names, (V,)),
        (leaves_early, (V,)),
        (writes, (V,)),
        (handed_on, (V,)),
        (behind_a_loop, (V,)),
        (while_it_runs, (27,)),
        (numbered_pairs, (V, V[:5] * 2)),
    ],
)
def test_a_function_inside_is_inlined(function, arguments):
    compiled = aot.compile(function, wait=True)
    assert same(compiled(*fresh(arguments)), function(*fresh(arguments)), rtol=1e-12)
    ((special,),) = compiled.specials.values()
    assert special.native is not None, special.said


def bound_again(x):
    c = 1.0

    def scaled(a):
        return a * c

    c = 2.0
    return scaled(x)


def in_a_loop(x):
    total = 0.0
    for i in range(3):
        scaled = lambda a: a * i  # noqa: B023, E731
        total += scaled(x).sum()
    return total


def of_later_ones(x):
    def one(a):
        return double(a) + 1

    def double(a):
        return a * 2

    return one(x)


def itself(n):
    def product(k):
        return 1 if k < 2 else k * product(k - 1)

    return product(n)


def given_back(x):
    def one(a):
        return a

    return one


def decorated(x):
    @np.vectorize
    def one(a):
        return a

    return one(x)


def counts(x):
    c = 0

    def one():
        nonlocal c
        c += 1
        return c

    return one() + x


def in_one_breath(x):
    k = 1.0
    k, g = x[1], (lambda v: v * k)
    return g(x)


def by_turns(x):
    total = 0.0
    for k in (1.0, 2.0):
        one = lambda v: v * k  # noqa: B023, E731
        total += one(x).sum()
    return total


def taken_away(x):
    k = 1.0

    def one(a):
        return a * k

    del k
    return one(x)


def looped_twice(x):
    pairs = zip(x, x)  # noqa: B905
    total = 0.0
    for a, b in pairs:
        total += a * b
    for a, b in pairs:
        total += a * b
    return total


def twice(pairs):
    total = 0
    for _ in range(2):
        for a, b in pairs:
            total += a * b
    return total


def handed_twice(x):
    return twice(zip((1, 2), (3, 4))) + x  # noqa: B905


def perhaps_deleted(x):
    k = 1.0
    if x[0] > 5:
        del k
    return x * k


def never_set(x):
    def one(a):
        return a * scale

    if x.shape[0] > 1000:
        scale = 1.0
    return one(x)


def settled(x, mode):
    if mode == "strict":
        if x[0] < 0:
            x[0] = -1
            return
        x[0] = 5
    x[0] = 7


def settled_too(x, deep):
    if x.ndim == 1:  # noqa: SIM102
        if deep:
            if x[0] > 0:
                return x * 2

            def inner(a):
                return a + 1

            x = inner(x)
    return x - 1


@needs_mlir
def test_what_follows_a_branch_that_is_settled_while_compiling_is_there():
    for mode in ("strict", "lax"):
        mine, theirs = np.array([2.0, 5.0]), np.array([2.0, 5.0])
        aot.compile(settled, wait=True)(mine, mode)
        settled(theirs, mode)
        assert same(mine, theirs)
    for deep in (True, False):
        for x in (V, -V):
            assert same(aot.compile(settled_too, wait=True)(x, deep), settled_too(x, deep))


@needs_mlir
def test_a_function_reads_from_outside_where_it_was_written(tmp_path, monkeypatch):
    """Though it is called by one of another file, that has names of its own."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "that_file.py").write_text("K = 100.0\nG = 1.0\ndef applied(f, x):\n    return f(x) + K\n")
    source = (
        "from that_file import applied\nK, G = 2.0, 3.0\ndef given(x):\n    return applied(lambda v: v * K + G, x)\n"
    )
    (tmp_path / "this_file.py").write_text(source)
    here, there = importlib.import_module("this_file"), importlib.import_module("that_file")
    compiled = aot.compile(here.given, wait=True)
    assert same(compiled(V), here.given(V))
    here.K = 5.0
    assert same(compiled(V), here.given(V))
    there.K = 7.0
    assert same(compiled(V), here.given(V))


@needs_mlir
def test_a_name_of_the_file_that_hides_one_of_pythons_is_heeded(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "hiding_file.py").write_text("def size(x):\n    return x * len(x)\ndef other(x):\n    return 100\n")
    here = importlib.import_module("hiding_file")
    compiled = aot.compile(here.size, wait=True)
    for _ in range(3):
        assert same(compiled(V), V * 7)
    here.len = here.other
    assert same(compiled(V), V * 100)


@pytest.mark.parametrize(
    ("function", "reason"),
    [
        (bound_again, "c, which scaled reads, is bound again behind it"),
        (in_a_loop, "a function made in a loop"),
        (of_later_ones, "double, which one reads, is bound again behind it"),
        (itself, "product calls itself"),
        (given_back, "what is given back"),
        (decorated, "a decorator"),
        (by_the_data, "in one branch and the function step in the other"),
        (counts, "a name that is set outside"),
        (in_one_breath, "k, which lambda reads, is bound again behind it"),
        (by_turns, "a function made in a loop"),
        (taken_away, "k, which one reads, is bound again behind it"),
        (looped_twice, "zip or enumerate gets a name"),
        (handed_twice, "zip or enumerate goes to"),
        (perhaps_deleted, "k may have no value here: it was deleted"),
        (never_set, "scale, which one reads, is bound again behind it"),
    ],
)
def test_a_function_inside_that_python_would_read_otherwise_is_refused(function, reason):
    with pytest.raises(aot.NotAdmissible, match=re.escape(reason)):
        aot.compile(function, wait=True)(5 if function is itself else V)
