"""What a cell did to the names is told, also where it changed a value in place."""

from collections.abc import Callable

import pytest
from kernel_bench import Bench

CHANGES = [
    ("numpy", "import numpy as np; x = np.zeros(3)", "x[1] = 2", "x"),
    ("pandas", "import pandas as pd; x = pd.DataFrame({'a': [1.0, 2.0], 'b': ['u', 'v']})", "x.loc[0, 'a'] = 9", "x"),
    ("pandas", "import pandas as pd; x = pd.Series([1, 2, 3])", "x.iloc[2] = 5", "x"),
    ("torch", "import torch; x = torch.zeros(3, requires_grad=True)", "with torch.no_grad(): x += 1", "x"),
]


@pytest.mark.heavy
@pytest.mark.parametrize(("library", "before", "change", "name"), CHANGES, ids=[change for _, _, change, _ in CHANGES])
def test_a_change_in_place_is_seen(
    opened: Callable[..., Bench], library: str, before: str, change: str, name: str
) -> None:
    pytest.importorskip(library)
    bench = opened()
    first = bench.run(before).names[name]
    assert "#" in first
    assert bench.run("y = 1").names == {"y": "int 1"}
    second = bench.run(change).names[name]
    assert second != first
    assert second.partition("#")[0] == first.partition("#")[0]


ANYTHING = ["asyncio.CancelledError()", "SystemExit('boo')", "KeyboardInterrupt()", "GeneratorExit()"]


@pytest.mark.parametrize("raised", ANYTHING)
def test_whatever_a_value_does_when_it_is_looked_at_the_kernel_goes_on(bench: Bench, raised: str) -> None:
    ended = bench.run(f"import asyncio\nclass Task:\n    def __repr__(self): raise {raised}\nt = Task()\nprint('made')")
    assert ended.status == "ok"
    assert ended.names["t"] == "Task"
    assert bench.stdout == "made\n"
    assert bench.run("u = t").names == {"u": "Task"}


def test_a_value_that_does_not_say_its_class_is_told_by_the_one_it_has(bench: Bench) -> None:
    bench.run("class Proxy:\n    __class__ = property(lambda self: 1 / 0)\np = Proxy()")
    assert bench.run("x = 1").names == {"x": "int 1"}
