"""Random functions: Python, the graph, the graph after every pass and native code give one answer."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nozzle import aot
from nozzle.aot import cache, cpu, passes
from nozzle.aot.build import Refuse
from nozzle.aot.lower import lower
from tests.aot import random_numbers
from tests.aot.agree import fresh
from tests.aot.conftest import needs_mlir
from tests.aot.random_programs import make, others


def traced(seed: int) -> tuple[Any, list[Any], Any, str] | None:
    """A special, its arguments, what Python answers, the source; None where the call is an error or is refused."""
    function, arguments, source = make(seed, f"f{seed}")
    values = list(arguments.values())
    try:
        with np.errstate(all="ignore"):
            theirs = fresh(tuple(values))
            want = function(*theirs), tuple(theirs)
        return aot.compile(function).traced(values), values, want, source
    except (ValueError, IndexError, TypeError, np.exceptions.ComplexWarning, aot.NotAdmissible):
        return None


@given(st.integers(0, 10**9))
@settings(max_examples=60)
def test_every_pass_keeps_what_a_random_function_means(seed):
    found = traced(seed)
    if found is None:
        return
    special, values, want, source = found
    for graph in (special.graph, *(passes.run(special.graph, upto=one) for one in passes.PASSES)):
        mine = fresh(tuple(values))
        got = special.interpreted(mine, graph), tuple(mine)
        assert not cpu.differ(got, want, cpu.exact(special), cpu.least(special)), source


@needs_mlir
@pytest.mark.parametrize("first", [10**6, 2 * 10**6])
def test_native_code_of_random_functions_answers_as_python(first):
    module = []
    for seed in range(first, first + 25):
        found = traced(seed)
        if found is None:
            continue
        special, values, _, source = found
        try:
            module.append((special, lower(passes.run(special.graph)), values, source))
        except Refuse:
            continue
    path, _ = cache.library("\n".join(lowered.text for _, lowered, _, _ in module))
    for special, lowered, values, source in module:
        native = cpu.Native(special, lowered, path)
        for one in (values, *(others(seed, values) for seed in range(3))):
            if special.holds(*one):
                inputs = tuple(one[at] for at in special.tensors)
                wrong = native.check(fresh(inputs), fresh(inputs))
                assert wrong in ("", cpu.UNSTEADY, cpu.LATE), f"{wrong}\n{source}\n{one}"


@needs_mlir
@pytest.mark.parametrize("first", range(0, 24, 4))
def test_random_functions_of_pythons_numbers_answer_as_python_in_every_call(first):
    for seed in range(first, first + 4):
        function, calls, source = random_numbers.make(seed)
        compiled = aot.compile(function, wait=True)
        for arguments in calls:
            got, want = random_numbers.outcome(compiled, arguments), random_numbers.outcome(function, arguments)
            assert random_numbers.alike(got, want), f"{got} for {want}\n{source}\n{arguments}"
        assert all(one.native is not None for group in compiled.specials.values() for one in group)
