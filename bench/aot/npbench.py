"""The public NumPy programs of NPBench, unmodified: which compile natively, whether they agree, and how fast they are.

    git clone https://github.com/spcl/npbench && python bench/aot/npbench.py npbench [--size S] [--only adi,lu] [--best]

Every program is printed, also what is refused and why. `numba` is `numba.njit` on the same unmodified source, where it
is installed; `best` is the quickest of the variants that NPBench has adapted to numba by hand, all cores, fastmath and
all. Times are medians; `first` is the first call, with compilation and the check against Python, `made` what of it was
compilation: from text to library, with the worker running. NPBench is by ETH Zurich (BSD-3-Clause; Ziogas et al., ICS
2021); nothing of it is kept here.
"""

import argparse
import copy
import importlib.util
import json
import math
import statistics
import sys
import time
import types
from pathlib import Path

import numpy as np

from nozzle import aot
from nozzle.aot import cache
from nozzle.aot.worker import WORKER


def module(path):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def program(root, info, size):
    """The function of a program, and its arguments by name."""
    folder = root / "npbench/benchmarks" / info["relative_path"]
    values = dict(info["parameters"][size])
    init = info.get("init")
    if init:
        made = getattr(module(folder / f"{info['module_name']}.py"), init["func_name"])(
            *(values[one] for one in init["input_args"])
        )
        values.update(zip(init["output_args"], made if len(init["output_args"]) > 1 else (made,), strict=True))
    return getattr(module(folder / f"{info['module_name']}_numpy.py"), info["func_name"]), values


def seconds(call, arguments, patience):
    """The median over fresh arguments, up to a patience in seconds."""
    taken = []
    while len(taken) < 9 and (len(taken) < 3 or sum(taken) < patience):
        given = [copy.deepcopy(one) for one in arguments]
        start = time.perf_counter()
        call(*given)
        taken.append(time.perf_counter() - start)
    return statistics.median(taken)


def clocked(call, spent, *given):
    start = time.perf_counter()
    try:
        return call(*given)
    finally:
        spent[0] += time.perf_counter() - start


def flat(value):
    return [one for part in value for one in flat(part)] if isinstance(value, (tuple, list)) else [value]


def agree(got, want):
    return all(
        (one is None) == (two is None)
        and (
            one is None
            or np.allclose(one, two, rtol=1e-4, atol=1e-5 * float(np.max(np.abs(two), initial=0)), equal_nan=True)
        )
        for one, two in zip(flat(got), flat(want), strict=True)
    )


def by_numba(function, arguments, want, patience):
    if not importlib.util.find_spec("numba"):
        return None
    import numba

    names = dict(function.__globals__)
    for name, value in names.items():
        if isinstance(value, types.FunctionType) and value.__module__ == function.__module__ and value is not function:
            names[name] = numba.njit(value)
    try:
        jitted = numba.njit(types.FunctionType(function.__code__, names, function.__name__, function.__defaults__))
        given = [copy.deepcopy(one) for one in arguments]
        return seconds(jitted, arguments, patience) if agree([jitted(*given), given], want) else None
    except Exception:  # what numba cannot compile it says in many ways
        return None


def by_best(root, info, arguments, want, patience):
    """The quickest of the variants adapted to numba that answer right; None where there is none."""
    if not importlib.util.find_spec("numba"):
        return None
    folder, taken = root / "npbench/benchmarks" / info["relative_path"], []
    for path in sorted(folder.glob(f"{info['module_name']}_numba_*.py")):
        try:
            function = getattr(module(path), info["func_name"])
            given = [copy.deepcopy(one) for one in arguments]
            if agree([function(*given), given], want):
                taken.append(seconds(function, arguments, patience))
        except Exception:  # what numba cannot compile it says in many ways
            continue
    return min(taken, default=None)


def one(root, info, chosen):
    """One line of the table."""
    function, values = program(root, info, chosen.size)
    arguments = [values[name] for name in info["input_args"]]
    with np.errstate(all="ignore"):
        theirs, mine = ([copy.deepcopy(one) for one in arguments] for _ in range(2))
        want = [function(*theirs), theirs]
        compiled, made = aot.compile(function, wait=True), [0.0]
        library = cache.library
        cache.library = lambda *given: clocked(library, made, *given)
        start = time.perf_counter()
        got = [compiled(*mine), mine]
        first = time.perf_counter() - start
        cache.library = library
        special = next(iter(compiled.specials.values()))[0]
        plain = seconds(function, arguments, chosen.patience)
        native = seconds(compiled, arguments, chosen.patience) if special.native else None
        numba = by_numba(function, arguments, want, chosen.patience)
        best = by_best(chosen.root, info, arguments, want, chosen.patience) if chosen.best else None
    return {
        "plain": plain,
        "native": native,
        "numba": numba,
        "best": best,
        "first": first,
        "made": made[0],
        "agrees": agree(got, want),
        "said": special.said,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("root", type=Path)
    parser.add_argument("--size", default="S")
    parser.add_argument("--only", default="")
    parser.add_argument("--best", action="store_true")
    parser.add_argument("--patience", type=float, default=3.0)
    chosen = parser.parse_args()
    print(
        f"{'program':12}{'numpy ms':>10}{'native ms':>10}{'x numpy':>9}{'numba ms':>10}{'x numba':>9}{'x best':>9}"
        f"{'first s':>9}{'made s':>9}  "
    )
    found, many = [], 0
    WORKER.ask("llvm", text="func.func @begin() {\n  return\n}")
    for path in sorted((chosen.root / "bench_info").glob("*.json")):
        info = json.loads(path.read_text())["benchmark"]
        name = info["short_name"]
        if chosen.only and name not in chosen.only.split(","):
            continue
        many += 1
        try:
            row = one(chosen.root, info, chosen)
        except (aot.NotAdmissible, ImportError, MemoryError, TypeError, ValueError) as error:
            words = [line.strip() for line in str(error).splitlines() if line]
            instead = next((f"; {line}" for line in words if line.startswith("instead:")), "")
            print(f"{name:12}refused: {words[0].split('function: ')[-1]}{instead}", flush=True)
            continue
        found.append(row)
        print(line(name, row), flush=True)
    summary(found, many)


def line(name, row):
    ms = [f"{row[key] * 1e3:10.3f}" if row[key] else f"{'-':>10}" for key in ("plain", "native", "numba")]
    faster = f"{row['plain'] / row['native']:9.2f}" if row["native"] else f"{'-':>9}"
    numba, best = (
        f"{row[peer] / row['native']:9.2f}" if row["native"] and row[peer] else f"{'-':>9}"
        for peer in ("numba", "best")
    )
    words = ("agrees" if row["agrees"] else "DIFFERS") + (f"; {row['said']}" if row["said"] else "")
    return f"{name:12}{ms[0]}{ms[1]}{faster}{ms[2]}{numba}{best}{row['first']:9.2f}{row['made']:9.2f}  {words}"


def summary(found, many):
    native = [row for row in found if row["native"] and row["agrees"]]
    both = [row for row in native if row["numba"]]
    print(f"\n{len(native)} of {many} native and agreeing")
    if native:
        print(f"geometric mean against NumPy {mean(row['plain'] / row['native'] for row in native):.2f}")
        first, made = (statistics.median(row[key] for row in native) for key in ("first", "made"))
        print(f"median first call {first:.2f} s, compilation {made:.2f} s")
    if both:
        ratio = mean(row["numba"] / row["native"] for row in both)
        print(f"geometric mean against numba, unmodified source, where both run ({len(both)}): {ratio:.2f}")
    adapted = [row for row in native if row["best"]]
    if adapted:
        ratio = mean(row["best"] / row["native"] for row in adapted)
        print(f"geometric mean against numba's best adapted variant, where both run ({len(adapted)}): {ratio:.2f}")
    sys.exit(0 if len(native) == many else 1)


def mean(ratios):
    logs = [math.log(one) for one in ratios]
    return math.exp(sum(logs) / len(logs))


if __name__ == "__main__":
    main()
