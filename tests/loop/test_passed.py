"""A result waits for quiet, and the text goes on without it."""

from dataclasses import replace

import pytest

from tests.conftest import Workshop

from .conftest import Watched, cells


@pytest.fixture
def workshop(workshop: Workshop) -> Workshop:
    """A late result waits for as long as somebody may be typing."""
    workshop.here.settings = replace(workshop.here.settings, quiet=30.0)
    return workshop


def test_a_result_that_waits_when_the_text_goes_on_is_a_step_of_the_thread(watched: Watched) -> None:
    watched.save(cells("import time; time.sleep(1.8); print('waits', 6 * 7)"))
    watched.until(lambda: any(n.kind == "finished" for n in list(watched.workshop.notices)))
    assert "waits 42" not in watched.read()
    branches = watched.git("branch")
    watched.save(cells("print('next')"))
    watched.until(lambda: "next\n```\n\n<!-- /nozzle" in watched.read())
    assert "the text had gone on; step" in watched.told("aside")[-1]
    step = watched.told("aside")[-1].split("step ")[1][:8]
    assert "waits 42" in watched.git("show", f"{step}:journal/entry.md")
    watched.quiet()
    assert watched.git("merge-base", "HEAD", step).startswith(step)
    assert watched.git("branch") == branches
    assert watched.git("status", "--porcelain", "journal/entry.md") == ""


@pytest.mark.parametrize("away", ["removed", "checkout"])
def test_a_result_that_waits_is_meant_for_no_text_once_that_is_left(watched: Watched, away: str) -> None:
    path = watched.save("# First\n")
    watched.ask(lambda loop: loop.tools.ledger.save("journal/entry.md", b"# First\n"))
    watched.git("branch", "first")
    watched.save(cells("import time; time.sleep(1.8); print('waits', 6 * 7)"))
    watched.until(lambda: any(n.kind == "finished" for n in list(watched.workshop.notices)))
    watched.until(lambda: watched.ask(lambda loop: loop.tools.ledger.owes()))
    path.unlink() if away == "removed" else watched.git("checkout", "-q", "first")
    watched.until(lambda: any("on thread" in text for text in watched.told("aside")))
    thread = watched.told("aside")[-1].rsplit(" ", 1)[1]
    assert "waits 42" in watched.git("show", f"{thread}:journal/entry.md")
    watched.quiet()
    assert not watched.ask(lambda loop: loop.tools.ledger.owes())
    assert watched.ask(lambda loop: loop.tools.ledger.steps.intent()) is None
