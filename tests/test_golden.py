"""Each folder in golden/ is a behaviour: its name says it, before.md leads to after.md through the real loop.

A folder may hold more than one save: before.md, then.md: each is written over the author's part as an editor would.
"""

import re
from pathlib import Path

import pytest

from tests.conftest import Workshop

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path for path in GOLDEN.iterdir() if path.is_dir())


def plain(text: bytes) -> str:
    """A text without what differs between machines and Pythons: signatures, and the marks under lines of tracebacks."""
    shown = re.sub(r" (sig|sha)=[\w.:]+", r" \1=…", text.decode())
    return re.sub(r"^ +[~^]+ *(\r?\n)", "", shown, flags=re.M)


def play(case: Path, workshop: Workshop) -> Path:
    """The saves of a case, one after the other, each run."""
    path = workshop.write((case / "before.md").read_bytes().decode())
    workshop.run(path)
    if (then := case / "then.py").exists():
        change: dict[str, object] = {}
        exec(then.read_text(), change)
        path.write_bytes(change["save"](path.read_bytes()))  # type: ignore[operator]
        workshop.run(path)
    return path


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden(case: Path, workshop: Workshop, request: pytest.FixtureRequest) -> None:
    path = play(case, workshop)
    actual = plain(path.read_bytes())
    if request.config.getoption("--update-golden"):
        (case / "after.md").write_bytes(actual.encode())
    assert actual == (case / "after.md").read_bytes().decode()
    once, steps = path.read_bytes(), list(workshop.here.steps.history())
    workshop.run(path)
    assert path.read_bytes() == once, "a second run changed the text"
    assert list(workshop.here.steps.history()) == steps, "a second run made a step"
