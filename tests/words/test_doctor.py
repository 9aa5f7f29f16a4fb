"""doctor: what is there, what is lacking, and exactly what nozzle lends."""

import venv
from pathlib import Path

from tests.words.conftest import Say


def test_doctor_names_what_is_lent_to_an_environment_without_ipython(say: Say, folder: Path) -> None:
    say("new", "One")
    venv.create(folder / ".venv", symlinks=True)
    (told,) = [line for line in say("doctor").out.split("\n") if line[2:].startswith("cells")]
    assert "nozzle lends its own" in told
    assert "traitlets, matplotlib_inline, " in told
    assert "nothing else" in told
