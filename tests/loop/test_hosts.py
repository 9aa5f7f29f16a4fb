"""What another program asks of a watch: a cell stands as a proposal, a run is what a save would run, and no more."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from nozzle.document.entry import Entry
from nozzle.errors import NozzleError
from nozzle.words.hush import Hush
from nozzle.words.mcp import served
from nozzle.words.requests import serving
from nozzle.words.voice import Ears
from tests.loop.conftest import Watched
from tests.words.conftest import cell

PATH = "journal/entry.md"
CODE = "import os\nprint('from a host', os.getpid() > 0)"


@pytest.fixture
def heard(watched: Watched) -> Iterator[Watched]:
    here = watched.workshop.here
    with serving(watched.loop, here, Ears(Hush(here.redact)), "watch"):
        yield watched


def call(watched: Watched, name: str, *args: str) -> str:
    function = next(each for each in served(watched.workshop.here) if each.__name__ == name)
    return str(function(*args))


def begun(watched: Watched) -> Path:
    path = watched.save(cell("print('mine')"))
    watched.until(lambda: "mine\n```" in path.read_text())
    watched.quiet()
    return path


def test_a_cell_that_is_appended_waits_for_the_author_and_runs_in_bounds(heard: Watched) -> None:
    path = begun(heard)
    assert "it runs when its author ticks it" in call(heard, "append", PATH, CODE, "python", "To see who I am.")
    heard.until(lambda: "- [ ] run" in path.read_text())
    heard.quiet()
    text = path.read_text()
    assert "> Another program proposes this cell, which no author has asked for. To see who I am." in text
    assert "from a host True" not in text
    call(heard, "run", PATH)
    heard.quiet()
    assert path.read_text() == text, "a run answers no proposal"
    heard.save(text.replace("- [ ] run", "- [x] run"))
    heard.until(lambda: "from a host True" in path.read_text())
    heard.quiet()
    (ours, theirs) = Entry(path.read_text()).cells
    assert (ours.by, theirs.by) == ("", "mcp")


def test_a_run_is_what_a_save_would_run(heard: Watched) -> None:
    path = begun(heard)
    assert call(heard, "run", PATH) == "0 cells run"
    heard.ask(lambda loop: loop.desks[path].rest("you stopped it; save, or say: nozzle run"))
    with pytest.raises(NozzleError, match="you stopped it"):
        call(heard, "run", PATH)


@pytest.mark.parametrize(("source", "language"), [("", "python"), ("x", "cobol"), ("x" * 100_001, "python")])
def test_what_is_no_cell_is_refused(heard: Watched, source: str, language: str) -> None:
    path = begun(heard)
    before = path.read_text()
    with pytest.raises(NozzleError, match="a cell has code"):
        call(heard, "append", PATH, source, language)
    assert path.read_text() == before


@pytest.mark.parametrize("name", ["journal/none.md", "../entry.md", "journal/\0.md", "journal", ""])
def test_what_is_no_entry_is_refused_by_its_name(heard: Watched, name: str) -> None:
    begun(heard)
    with pytest.raises(NozzleError, match="is no entry of this journal"):
        call(heard, "entry", name)


def test_what_is_found_and_answered_holds_no_secret(heard: Watched) -> None:
    token = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
    heard.save(f"The crystal key is {token} and grows.\n")
    heard.quiet()
    for told in (call(heard, "search", "crystal key"), call(heard, "ask", PATH, "What is the crystal key?")):
        assert "crystal" in told
        assert token not in told
