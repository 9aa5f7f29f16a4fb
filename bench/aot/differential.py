"""The second lane: many random functions, each answered by Python, by its graph after every pass, and by native code.

    python bench/aot/differential.py [--first 0] [--many 10000] [--minutes 10] [--kept FILE]

Every difference is printed with its source. The exit status is 1 when there is one. With `--kept` the counts so far are
in a file, and the next run goes on where the last one stopped; a file of other code than this is begun anew.
"""

import argparse
import collections
import hashlib
import json
import sys
import time
import warnings
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from nozzle import aot
from nozzle.aot import cache, cpu, passes
from nozzle.aot.build import Refuse
from nozzle.aot.interpret import Left
from nozzle.aot.lower import lower
from tests.aot import random_numbers
from tests.aot.agree import fresh
from tests.aot.random_programs import make, others

TOGETHER = 25
"""Functions to a module."""


def one(seed, count):
    """What is to be compiled for a seed; None where the call is an error, is refused, or a pass is wrong."""
    function, arguments, source = make(seed, f"f{seed}")
    values = list(arguments.values())
    theirs = fresh(tuple(values))
    try:
        want = function(*theirs), tuple(theirs)
        special = aot.compile(function).traced(values)
        for graph in (special.graph, *(passes.run(special.graph, upto=one) for one in passes.PASSES)):
            mine = fresh(tuple(values))
            wrong = cpu.differ(
                (special.interpreted(mine, graph), tuple(mine)), want, cpu.exact(special), cpu.least(special)
            )
            if wrong:
                report(count, "DIFFERS before native code", seed, wrong, source)
                return None
        return (
            special,
            lower(passes.run(special.graph), cache.processor()),
            [values[at] for at in special.tensors],
            source,
        )
    except aot.NotAdmissible:
        count["refused"] += 1
    except Refuse:
        count["no native form"] += 1
    except Left:
        count["left to Python by a guard"] += 1
    except (ValueError, IndexError, TypeError):
        count["an error in Python too"] += 1
    return None


def report(count, what, seed, wrong, source):
    count[what] += 1
    print(f"{what}: seed {seed}: {wrong}\n{source}", flush=True)


def native(module, count):
    if not module:
        return
    path, _ = cache.library("\n".join(lowered.text for _, _, lowered, _, _ in module))
    for seed, special, lowered, inputs, source in module:
        code = cpu.Native(special, lowered, path)
        wrong = code.check(fresh(tuple(inputs)), fresh(tuple(inputs)))
        for later in range(3):
            given = special.whole(others(later, inputs))
            if not wrong and special.holds(*given):
                inner = tuple(given[at] for at in special.tensors)
                said = code.check(fresh(inner), fresh(inner))
                wrong = "" if said in (cpu.UNSTEADY, cpu.LATE) else said
        if wrong:
            report(count, "DIFFERS in native code", seed, wrong, source)
        else:
            count["agree on every rung"] += 1


def numbers(seed, count):
    """A random function of Python's own numbers, called with ever greater ones."""
    function, calls, source = random_numbers.make(seed)
    compiled = aot.compile(function, wait=True)
    for arguments in calls:
        got, want = (random_numbers.outcome(one, arguments) for one in (compiled, function))
        if not random_numbers.alike(got, want):
            report(count, "DIFFERS in Python's numbers", seed, f"{got} for {want} at {arguments}", source)
            return
    count["agree in Python's numbers"] += 1


def code():
    """What decides the answers: the compiler, and what makes the functions."""
    root = Path(__file__).parents[2]
    files = [*sorted((root / "nozzle/aot").rglob("*.py")), root / "tests/aot/random_programs.py"]
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:16]


def kept(path, first):
    """The counts so far, and the seed to go on with."""
    if path and path.exists():
        found = json.loads(path.read_text())
        if (found["code"], found["first"]) == (code(), first):
            return collections.Counter(found["count"]), found["next"]
    return collections.Counter(), first


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--many", type=int, default=10000)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--kept", type=Path)
    chosen = parser.parse_args()
    warnings.simplefilter("ignore")
    np.seterr(all="ignore")
    made, (count, seed) = code(), kept(chosen.kept, chosen.first)
    end, until = chosen.first + chosen.many, time.monotonic() + 60 * chosen.minutes
    module = []
    while seed < end and time.monotonic() < until:
        while seed < end and len(module) < TOGETHER:
            found = one(seed, count)
            module += [(seed, *found)] if found is not None else []
            seed += 1
        native(module, count)
        numbers(seed, count)
        module = []
        if chosen.kept:
            told = {"code": made, "first": chosen.first, "next": seed, "count": count}
            chosen.kept.write_text(json.dumps(told))
    print(f"{seed - chosen.first:6} of {chosen.many} functions, seeds from {chosen.first}")
    for what, many in count.most_common():
        print(f"{many:6} {what}")
    sys.exit(1 if any(what.startswith("DIFFERS") for what in count) else 0)


if __name__ == "__main__":
    main()
