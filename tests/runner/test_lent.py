"""An environment of the project's without IPython: nozzle lends its own, and figures are shown as anywhere else."""

import base64
import importlib.util
import venv
from collections.abc import Callable
from importlib.metadata import distributions
from pathlib import Path

import pytest
from kernel_bench import Bench

from nozzle.document.events import DisplayData
from nozzle.runner import Interpreter

NEEDED = "matplotlib numpy pillow contourpy cycler fonttools kiwisolver packaging pyparsing python-dateutil six"
DRAW = "import matplotlib.pyplot as plt\nplt.plot([1, 3, 2])\nprint('drawn')"
LISTED = "from importlib.metadata import distributions as d\nprint(sorted(each.name.lower() for each in d()))"


@pytest.fixture
def project(tmp_path: Path) -> Interpreter:
    """An environment that has matplotlib and what it needs, and nothing else."""
    folder = tmp_path / ".venv"
    venv.create(folder, symlinks=True)
    site = next(folder.glob("lib/python*/site-packages"))
    for one in distributions():
        for file in (one.files or ()) if one.name.lower() in NEEDED.split() else ():
            here, place = Path(str(file.locate())), site / file.parts[0]
            if file.parts[0] not in ("..", "__pycache__") and not place.exists():
                place.symlink_to([here, *here.parents][len(file.parts) - 1])
    return Interpreter(folder / "bin" / "python", "the project's .venv")


@pytest.mark.skipif(importlib.util.find_spec("matplotlib") is None, reason="there is no matplotlib to lend to")
def test_a_figure_is_shown_where_only_matplotlib_is_installed(
    opened: Callable[..., Bench], project: Interpreter
) -> None:
    bench = opened(interpreter=project)
    assert bench.run(DRAW).status == "ok", bench.stderr
    assert bench.stdout == "drawn\n"
    (figure,) = bench.of(DisplayData)
    assert base64.b64decode(figure.data["image/png"]).startswith(b"\x89PNG")
    bench.run(LISTED)
    assert "ipython" not in bench.stdout


def test_an_older_matplotlib_finds_what_it_asks_ipython_for(bench: Bench) -> None:
    assert bench.run("from IPython.core.pylabtools import backend2gui; print(backend2gui.get('inline'))").status == "ok"
    assert bench.stdout == "None\n"
