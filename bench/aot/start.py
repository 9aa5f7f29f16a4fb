"""How long it takes until `a * b + c` is native: with nothing there, with the compiler running, from the cache.

    python bench/aot/start.py [--rounds 7]

Every figure is the median over fresh processes that have NumPy loaded, beside the least of them: milliseconds on the
clock, and of the processor. The goals of the first call stand at the right; the exit status is 1 when one is missed.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

BYTECODE = Path(tempfile.gettempdir()) / f"nozzle-start-{os.getpid()}"
CHILD = """
import json, time
import numpy as np
x = np.ones(1000, "f4")
def both():
    return time.perf_counter(), time.process_time()
def saxpy(a, b, c):
    return a * b + c
def other(a):
    return a - 1
start = both()
from nozzle import aot
loaded = both()
if {compiler}:
    aot.compile(other, wait=True)(x)
ready = both()
first = aot.compile(saxpy, wait=True)
first(x, x, x)
done = both()
((special,),) = first.specials.values()
from nozzle.aot import cache
assert special.native is not None, special.said
assert special.details["warm"] is {warm}
told = dict(compiler=cache.compiler(), linker=cache.linker())
print(json.dumps([[b - a for a, b in zip(start, loaded)], [b - a for a, b in zip(ready, done)], told]))
"""


def child(folder, compiler, warm):
    with tempfile.NamedTemporaryFile("w", suffix=".py", dir=folder) as file:
        file.write(CHILD.format(compiler=compiler, warm=warm))
        file.flush()
        environment = {**os.environ, "NOZZLE_AOT_CACHE": folder, "PYTHONPYCACHEPREFIX": str(BYTECODE)}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # as where a program is installed
        done = subprocess.run([sys.executable, file.name], env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    chosen = parser.parse_args()
    goals = {"with the compiler running": 60, "from the cache": 20}
    found = {"loading nozzle.aot": [], "with nothing there": [], "with the compiler running": [], "from the cache": []}
    with tempfile.TemporaryDirectory() as folder:
        child(folder, False, False)  # the bytecode is there from now on
    for _ in range(chosen.rounds):
        for what, compiler in (("with nothing there", False), ("with the compiler running", True)):
            with tempfile.TemporaryDirectory() as folder:
                loaded, first, told = child(folder, compiler, False)
                found["loading nozzle.aot"].append(loaded)
                found[what].append(first)
                if compiler:
                    found["from the cache"].append(child(folder, False, True)[1])
    shutil.rmtree(BYTECODE)
    print(f"{told['compiler']}; linked by {told['linker']}, loaded by ctypes (dlopen)")
    print(f"{'first call of a*b+c':28}{'ms':>8}{'least':>8}{'cpu ms':>8}{'least':>8}")
    missed = 0
    for what, rows in found.items():
        clock, processor = zip(*rows, strict=True)
        cells = [f"{1000 * of(one):8.1f}" for one in (clock, processor) for of in (statistics.median, min)]
        goal = goals.get(what)
        good = goal is None or 1000 * statistics.median(clock) <= goal
        missed += not good
        words = "" if goal is None else f"  goal <= {goal} {'met' if good else 'MISSED'}"
        print(f"{what:28}{''.join(cells)}{words}", flush=True)
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
