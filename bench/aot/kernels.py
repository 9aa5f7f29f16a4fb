"""Native code against NumPy, numba, numexpr, jax and torch, and the bound that copying sets: one run, one thread.

    python bench/aot/kernels.py [--reps 25] [--only saxpy] [--json out.json]

A number is the median time of an arm over that of copying as many bytes as the kernel must move. Arms run in turn, in
an order shuffled for every repetition, after one call that warms up; every arm's answer is compared with NumPy's first,
and one that is wrong is `void`. A peer that is not installed is `-`. The exit status is 1 when a goal is missed.
"""

import argparse
import importlib.util
import json
import os
import random
import statistics
import sys
import time
from functools import partial

for name in (
    "OPENBLAS_NUM_THREADS",
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMBA_NUM_THREADS",
    "NUMEXPR_MAX_THREADS",
    "NOZZLE_AOT_THREADS",
):
    os.environ[name] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
os.environ["JAX_ENABLE_X64"] = "1"

import numpy as np  # noqa: E402

from nozzle import aot  # noqa: E402

ARMS = ("nozzle", "numpy", "numba", "numba fast", "numexpr", "jax", "torch")
RNG = np.random.default_rng(0)


def saxpy(a, b, c):
    return a * b + c


def saxpy_out(a, b, c, out):
    out[:] = a * b + c


def max_abs_diff(a, b):
    return np.max(np.abs(a - b))


def total(a):
    return np.sum(a)


def mean_square(a, b):
    return np.mean((a - b) ** 2)


def prefix(a):
    return np.cumsum(a)


def softmax(x):
    e = np.exp(x - x.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


def layer_norm(x):
    mean = x.mean(axis=1, keepdims=True)
    return (x - mean) / np.sqrt(((x - mean) ** 2).mean(axis=1, keepdims=True) + 1e-5)


def gelu(x):
    return 0.5 * x * (1 + np.tanh(0.7978845608 * (x + 0.044715 * x**3)))


def sine(x):
    return np.sin(x)


def cosine(x):
    return np.cos(x)


def exp2(x):
    return np.exp2(x)


def log2(x):
    return np.log2(x)


def log1p(x):
    return np.log1p(x)


def expm1(x):
    return np.expm1(x)


def residual(x, w, b):
    return np.maximum(x @ w + b, 0) + x


def matmul(a, b):
    return a @ b


def bytes_matmul(a, b):
    return a.astype(np.int32) @ b.astype(np.int32)


FUNCTIONS = (sine, cosine, exp2, log2, log1p, expm1)
EXPRESSIONS = {"saxpy": "a*b+c", "gelu": "0.5*x*(1+tanh(0.7978845608*(x+0.044715*x**3)))", "total": "sum(a)"}
SIZES = (10**4, 10**6, 10**7)


def floats(*shape):
    return RNG.standard_normal(shape, dtype="f4")


def rows():
    """(function, arguments, bytes that must move, goal against the bound or NumPy)."""
    for n in SIZES:
        a, b, c = floats(n), floats(n), floats(n)
        bound = 1.1 if n > 10**4 else None
        yield saxpy, (a, b, c), 16 * n, bound
        yield saxpy_out, (a, b, c, np.empty_like(a)), 16 * n, bound
        yield max_abs_diff, (a, b), 8 * n, bound
        yield total, (a,), 4 * n, bound
        yield prefix, (a,), 8 * n, bound
    for shape in ((10, 1000), (1000, 1000), (10000, 1000)):
        x = floats(*shape)
        for function in (softmax, layer_norm, gelu):
            yield function, (x,), 8 * x.size, None
    for dtype in ("f4", "f8"):
        x = RNG.uniform(0.1, 10, 10**6).astype(dtype)
        for function in FUNCTIONS:
            yield function, (x,), 2 * x.nbytes, None
    for n in (64, 256, 500, 512, 1024, 2048):
        yield matmul, (floats(n, n), floats(n, n)), 12 * n * n, None
    yield matmul, (floats(2048, 2048), floats(2048)), 4 * 2048 * 2048, None
    x, w = floats(256, 512), floats(512, 512)
    yield residual, (x, w, w[0]), 8 * x.size + 4 * w.size, None


def arms(function, arguments):
    """Every way to make the call that is installed, by name."""
    compiled = aot.compile(function, wait=True)
    compiled(*arguments)
    (special,) = next(iter(compiled.specials.values()))
    found = {"numpy": lambda: function(*arguments)}
    if special.native is not None:
        found["nozzle"] = lambda: compiled(*arguments)
    if importlib.util.find_spec("numba"):
        import numba

        for name, fast in (("numba", False), ("numba fast", True)):
            jitted = numba.njit(fastmath=fast)(function)
            found[name] = lambda jitted=jitted: jitted(*arguments)
    if importlib.util.find_spec("numexpr") and function.__name__ in EXPRESSIONS:
        import numexpr

        names = dict(zip(function.__code__.co_varnames, arguments, strict=False))
        text = EXPRESSIONS[function.__name__]
        found["numexpr"] = lambda: numexpr.evaluate(text, names)
    if importlib.util.find_spec("jax") and function is not saxpy_out:
        found["jax"] = by_jax(function, arguments)
    if importlib.util.find_spec("torch"):
        import torch

        torch.set_num_threads(1)
        traced = torch.compile(function)  # it takes NumPy's calls and arrays for its own
        found["torch"] = lambda: traced(*arguments)
    return found


def by_jax(function, arguments):
    import types

    import jax

    names = {**function.__globals__, "np": jax.numpy}
    jitted = jax.jit(types.FunctionType(function.__code__, names))
    given = [jax.numpy.asarray(one) for one in arguments]
    return lambda: jax.block_until_ready(jitted(*given))


def right(call, want):
    """Whether an arm works and answers as NumPy does."""
    try:
        got = call()
    except Exception:  # a peer that cannot is void, whatever it raises
        return False
    if want is None:
        return True
    return np.allclose(np.asarray(got), want, rtol=1e-3, atol=1e-3 * float(np.max(np.abs(want))))


def measure(function, arguments, moved, reps):
    """The median seconds of every arm, and of a copy."""
    found = arms(function, arguments)
    want = function(*arguments)
    found = {name: call for name, call in found.items() if name == "numpy" or right(call, want)}
    source, target = np.ones(max(moved // 16, 1)), np.ones(max(moved // 16, 1))
    found["copy"] = lambda: np.copyto(target, source)
    taken = {name: [] for name in found}
    for _ in range(reps):
        order = list(found)
        random.shuffle(order)
        for name in order:
            found[name]()
            start = time.perf_counter()
            found[name]()
            taken[name].append(time.perf_counter() - start)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reps", type=int, default=25)
    parser.add_argument("--only", default="")
    parser.add_argument("--json", default="")
    chosen = parser.parse_args()
    print(f"{'kernel':14}{'shape':>14}{'copy us':>10}" + "".join(f"{arm:>12}" for arm in ARMS) + "   goal")
    results, missed = [], 0
    for function, arguments, moved, goal in rows():
        if chosen.only and function.__name__ not in chosen.only.split(","):
            continue
        seconds = measure(function, arguments, moved, chosen.reps if moved < 10**7 else max(chosen.reps // 3, 5))
        ratios = {arm: seconds[arm] / seconds["copy"] for arm in ARMS if arm in seconds}
        words = verdict(ratios, goal, function)
        missed += "MISSED" in words
        shape = "x".join(map(str, arguments[0].shape))
        cells = "".join(f"{ratios[arm]:12.2f}" if arm in ratios else f"{'-':>12}" for arm in ARMS)
        print(f"{function.__name__:14}{shape:>14}{seconds['copy'] * 1e6:10.1f}{cells}   {words}", flush=True)
        results.append({"kernel": function.__name__, "shape": shape, "seconds": seconds, "goal": words})
    if not chosen.only or "bytes_matmul" in chosen.only.split(","):
        missed += product_of_bytes(chosen.reps)
        layers(chosen.reps)
    overhead()
    if chosen.json:
        with open(chosen.json, "w") as file:
            json.dump(results, file, indent=1)
    sys.exit(1 if missed else 0)


def verdict(ratios, goal, function):
    """Against the goals of the table: the bound, the best peer, NumPy."""
    if "nozzle" not in ratios:
        return "void"
    mine, others = ratios["nozzle"], [value for arm, value in ratios.items() if arm not in ("nozzle", "numpy")]
    words = []
    if goal is not None:
        words.append(f"<= {goal} bound {'met' if mine <= goal else 'MISSED'}")
    if function is matmul:
        words.append(
            f"{mine / ratios['numpy']:.2f} of NumPy <= 1.1 {'met' if mine <= 1.1 * ratios['numpy'] else 'MISSED'}"
        )
    if function in (softmax, layer_norm, gelu):
        words.append(
            f"{ratios['numpy'] / mine:.1f}x NumPy >= 1.5 {'met' if ratios['numpy'] >= 1.5 * mine else 'MISSED'}"
        )
    if function in FUNCTIONS:
        words.append(f"{ratios['numpy'] / mine:.1f}x NumPy >= 1 {'met' if ratios['numpy'] >= mine else 'MISSED'}")
    if others and function is not matmul:
        words.append(
            f"{mine / min(others):.2f} of the best peer <= 1.1 {'met' if mine <= 1.1 * min(others) else 'MISSED'}"
        )
    return "; ".join(words)


def product_of_bytes(reps, n=512):
    """An exact product of bytes with sums of 32 bits, and a quantised one, against NumPy's of floats."""
    a, b = (RNG.integers(-128, 128, (n, n)).astype("i1") for _ in range(2))
    x, y = floats(n, n), floats(n, n)
    whole, near = aot.compile(bytes_matmul, wait=True), aot.compile(matmul, wait=True, quantize="i8")
    if not np.array_equal(whole(a, b), bytes_matmul(a, b)):
        print("product of bytes: void")
        return 1
    found = medians({"bytes": lambda: whole(a, b), "quantised": lambda: near(x, y), "floats": lambda: x @ y}, reps)
    ratio = found["floats"] / found["bytes"]
    words = "met" if ratio >= 3 else "MISSED"
    print(
        f"product of bytes, {n}^3, exact: {ratio:.2f} times NumPy's of f32, goal >= 3 {words};"
        f" f32 quantised by i8, scales included: {found['floats'] / found['quantised']:.2f} times"
    )
    return int(ratio < 3)


def layers(reps, width=1024):
    """Few rows times weights, quantised by i8: the weights rounded in every call, and once."""
    w = floats(width, width)
    every, once = (aot.compile(matmul, wait=True, quantize="i8", constant=one) for one in ((), ("b",)))
    for rows in (1, 32, 128):
        x = floats(rows, width)
        calls = {"every": partial(every, x, w), "once": partial(once, x, w), "floats": partial(np.matmul, x, w)}
        found = medians(calls, reps)
        ratios = [found["floats"] / found[name] for name in ("every", "once")]
        words = f"{ratios[0]:.2f} times NumPy's of f32; weights constant: {ratios[1]:.2f}"
        print(f"{rows}x{width} times {width}^2 by i8: {words}")


def medians(calls, reps):
    """Seconds of each, in turn, after one call that warms up."""
    taken = {name: [] for name in calls}
    for _ in range(reps):
        for name, call in calls.items():
            call()
            start = time.perf_counter()
            call()
            taken[name].append(time.perf_counter() - start)
    return {name: statistics.median(seconds) for name, seconds in taken.items()}


def overhead():
    """What a call costs that does nothing."""
    one = np.ones(1, "f4")
    found = arms(saxpy, (one, one, one))
    compiled = aot.compile(saxpy, wait=True)
    compiled(one, one, one)
    for name, call in found.items():
        for _ in range(1000):
            call()
        rounds = []
        for _ in range(7):
            start = time.perf_counter()
            for _ in range(2000):
                call()
            rounds.append((time.perf_counter() - start) / 2000)
        goal = (
            " goal <= 0.5 " + ("met" if statistics.median(rounds) <= 0.5e-6 else "MISSED") if name == "nozzle" else ""
        )
        print(f"call of one element, {name}: {statistics.median(rounds) * 1e6:.2f} us{goal}")


if __name__ == "__main__":
    main()
