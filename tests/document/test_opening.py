"""What a cell imports first, and what the entries of a journal have of that in common."""

import pytest

from nozzle.document.entry import Entry
from nozzle.document.opening import opening, usual


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("", ()),
        ("# one\nimport numpy", ("numpy",)),
        ('"""What it is."""\nimport numpy', ("numpy",)),
        ("import a.b as c, d; from e.f import *", ("a.b", "d", "e.f")),
        ("from . import a\nimport numpy", ()),
        ("import os\nos.environ['A'] = '1'\nimport numpy", ("os",)),
        ("x = 3\nimport numpy", ()),
        ("try:\n    import numpy\nexcept ImportError:\n    pass", ()),
        ("%matplotlib inline\nimport numpy", ()),
        ("import numpy as", ()),
        ("import \0", ()),
    ],
)
def test_an_opening_ends_where_something_else_is_done(source: str, names: tuple[str, ...]) -> None:
    assert opening(source) == names


def entry(*sources: str) -> Entry:
    return Entry("\n\n".join(f"```{{code-cell}} python\n{source}\n```" for source in sources))


def test_what_one_entry_in_three_begins_with_is_usual() -> None:
    many = [
        entry("import numpy, os"), entry("import numpy\nimport pandas"), entry("import matplotlib.pyplot, numpy"),
        entry("import torch"), entry("import pandas"), entry("1"), entry(), entry("x = 1", "import sympy"),
    ]  # fmt: skip
    assert usual(many) == ("numpy", "pandas")
    assert usual([]) == usual([entry("import os")]) == ()


def test_skipped_cells_and_other_languages_are_no_beginning() -> None:
    text = "```{code-cell} bash\nls\n```\n\n```{code-cell} python\n:tags: [skip-execution]\nimport torch\n```\n\n"
    assert usual([Entry(text + entry("import numpy").text)]) == ("numpy",)
