"""A stop reaches a cell that waits for a tool of the host at once, and what may have been done all the same is told."""

import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest

from nozzle.server import Server
from tests.agents.conftest import fence, replying
from tests.agents.test_servers import TOOL
from tests.conftest import Workshop
from tests.loop.conftest import Watched
from tests.words.conftest import cell

CODE = "mcp.calendar.move('tea')"
PERHAPS = "mcp.calendar.move was under way, and may have been done all the same"


@pytest.fixture
def gone(tmp_path: Path) -> Iterator[None]:
    """No server is left when the journal's work is over, also none that is in the middle of a call."""
    yield
    for each in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended since
            assert str(tmp_path / "calendar.txt") not in each.read_text(errors="replace"), "a server was left at work"


@pytest.fixture
def begun(
    gone: None, workshop: Workshop, tmp_path: Path, request: pytest.FixtureRequest
) -> Callable[[str], tuple[Watched, Path]]:
    """An entry of this text, in which a call that never ends has begun."""
    pytest.importorskip("mcp", reason="nozzle[mcp] is not installed")
    file = tmp_path / "calendar.txt"
    server = Server(command=(sys.executable, TOOL, str(file)))
    workshop.here.settings = replace(workshop.here.settings, mcp={"calendar": server})

    def save(text: str) -> tuple[Watched, Path]:
        watched: Watched = request.getfixturevalue("watched")
        path = watched.save(text)
        if "/do" in text:
            watched.until(lambda: "- [ ] run" in path.read_text())
            watched.quiet()
            watched.save(path.read_text().replace("- [ ] run", "- [x] run"))
        watched.until(file.exists)
        return watched, path

    return save


def effects(watched: Watched) -> list[str]:
    steps = watched.workshop.here.steps.history()
    return [step.trailers["Effects"] for step in steps if "Effects" in step.trailers]


def test_a_cell_of_the_authors_is_stopped_by_the_word_of_the_terminal(
    begun: Callable[[str], tuple[Watched, Path]],
) -> None:
    watched, path = begun(cell(CODE))
    assert watched.ask(lambda loop: loop.desk(path).stop())
    watched.until(lambda: "status=stopped" in path.read_text())
    watched.quiet()
    assert f"Stopped: you stopped it; {PERHAPS}" in path.read_text()
    assert effects(watched) == ["mcp.calendar.move"]


def test_a_cell_of_the_authors_is_stopped_in_the_text(begun: Callable[[str], tuple[Watched, Path]]) -> None:
    watched, path = begun(cell(CODE))
    watched.save(path.read_text() + "\n/stop\n\n")
    watched.until(lambda: PERHAPS in path.read_text())
    watched.quiet()
    assert effects(watched) == ["mcp.calendar.move"]
    assert path.read_text().count("status=") == 1


def test_a_time_limit_ends_it_too(begun: Callable[[str], tuple[Watched, Path]]) -> None:
    watched, path = begun(cell("print(mcp.calendar)") + cell(f"#| timeout: 1\n{CODE}"))
    watched.until(lambda: PERHAPS in path.read_text())
    assert "time limit of 1 s" in path.read_text()


@pytest.mark.parametrize("stops", ["in the text", "in the terminal"])
def test_a_cell_of_the_doers_is_stopped_and_its_task_with_it(
    begun: Callable[[str], tuple[Watched, Path]], workshop: Workshop, stops: str
) -> None:
    workshop.here.model = replying(fence(CODE))
    watched, path = begun("/do :here: move it\n\n")
    if stops == "in the text":
        watched.save(path.read_text() + "\n/stop\n\n")
    else:
        assert watched.ask(lambda loop: loop.desk(path).stop())
    watched.until(lambda: "nozzle:task" in path.read_text())
    watched.quiet()
    text = path.read_text()
    assert PERHAPS in text
    assert "status=stopped" in text
    assert effects(watched) == ["mcp.calendar.move"]
    assert "out of words" not in text
