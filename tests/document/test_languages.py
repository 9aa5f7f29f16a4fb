"""What a cell is run by: nozzle's own workers by usual names, the front matter's kernel by its language."""

import pytest

from nozzle.document.entry import Entry

JULIA = "---\nkernelspec:\n  name: julia-1.10\n  language: julia\n---\n\n"
PYTHON = "---\nkernelspec:\n  name: mine\n  language: python\n---\n\n"


@pytest.mark.parametrize(
    ("front", "named", "language"),
    [
        ("", "", "python"),
        ("", "ipython3", "python"),
        ("", "deno", "deno"),
        (PYTHON, "", "python"),
        (PYTHON, "R", "R"),
        (JULIA, "", "julia-1.10"),
        (JULIA, "julia", "julia-1.10"),
        (JULIA, "Julia", "julia-1.10"),
        (JULIA, "python", "python"),
        (JULIA, "bash", "bash"),
        (JULIA, "R", "R"),
        ("---\nkernelspec:\n  name: deno\n---\n\n", "", "deno"),
    ],
)
def test_what_a_cell_is_run_by(front: str, named: str, language: str) -> None:
    (cell,) = Entry(f"{front}```{{code-cell}} {named}\nx\n```\n").cells
    assert cell.language == language
