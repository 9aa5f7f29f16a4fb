"""What a second thread is worth: the same call with one thread, and with as many as there are cores.

    python bench/aot/threads.py [--rounds 9] [--sizes 1e6,4e6,1e7]

Ratios of medians, taken in turn in one run; over 1 is a gain. A call with fewer than `ranges.LARGE` elements is not
divided. What is marked * is divided only where NOZZLE_AOT_THREADS says so, as here: memory is what takes its time.
"""

import argparse
import os
import statistics
import time

import kernels

from nozzle import aot

CORES = str(len(os.sched_getaffinity(0)))


def arms(function, arguments):
    """One call for each number of threads; both compiled alike."""
    found = {}
    for many in ("1", CORES):
        os.environ["NOZZLE_AOT_THREADS"] = many
        compiled = aot.compile(function, wait=True)
        compiled(*arguments)
        found[many] = compiled
    return found


def dear(function, arguments):
    compiled = aot.compile(function, wait=True)
    compiled(*arguments)
    ((special,),) = compiled.specials.values()
    return special.native.ranges.dear


def measure(function, arguments, rounds):
    taken = {many: [] for many in ("1", CORES)}
    compiled = arms(function, arguments)
    for _ in range(rounds):
        for many, call in compiled.items():
            os.environ["NOZZLE_AOT_THREADS"] = many
            call(*arguments)
            start = time.perf_counter()
            call(*arguments)
            taken[many].append(time.perf_counter() - start)
    return {many: statistics.median(seconds) for many, seconds in taken.items()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--sizes", default="1e6,4e6,1e7")
    chosen = parser.parse_args()
    print(f"{CORES} threads against one{'':6}" + "".join(f"{size:>10}" for size in chosen.sizes.split(",")))
    floats = kernels.floats
    w = floats(512, 512)
    for name in (
        "saxpy",
        "max_abs_diff",
        "total",
        "mean_square",
        "prefix",
        "softmax",
        "layer_norm",
        "gelu",
        "residual",
    ):
        function, cells = getattr(kernels, name), []
        for size in map(int, map(float, chosen.sizes.split(","))):
            flat = [floats(size) for _ in range(3)]
            rows = flat[0][: size // 512 * 512].reshape(-1, 512)
            two = dict.fromkeys(("max_abs_diff", "mean_square"), flat[:2])
            arguments = {"saxpy": flat, "residual": [rows[:4096], w, w[0]], **two}.get(
                name, flat[:1] if name in ("total", "prefix") else [rows]
            )
            found = measure(function, arguments, chosen.rounds)
            cells.append(f"{found['1'] / found[CORES]:10.2f}")
        print(f"{name + ' *' * (not dear(function, arguments)):25}" + "".join(cells), flush=True)


if __name__ == "__main__":
    main()
