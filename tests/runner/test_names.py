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
