"""A doer's cell whose state needs one above it to reach outside again: that is asked, in the text, each time."""

import socket
from collections.abc import Callable, Iterator

import pytest

from nozzle.agents.crew import Told
from tests.agents.conftest import Table, fence
from tests.agents.test_tasks import TASK
from tests.conftest import Workshop
from tests.loop.test_kept_states import calls

Open = Callable[..., Table]
ASKS = "would reach outside again"


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


@pytest.fixture
def table(table: Open, workshop: Workshop, server: socket.socket) -> Callable[[], Table]:
    """A doer that fetches once, fails once, and goes on; no state is kept, so its failure is undone by a replay."""
    port = server.getsockname()[1]
    fetch = fence(f"#| label: fetch\nimport socket\nsocket.create_connection(('127.0.0.1', {port})).close()\nz = 1")
    wrong, goes_on = (
        fence("raise ValueError('no')"),
        fence("#| label: after\nprint('has', z if 'z' in dir() else None)"),
    )

    def begun() -> Table:
        one = table(fetch, wrong, goes_on, agents_online=True, snapshots="never")
        one.begin(TASK)
        one.tick()  # fetch
        one.tick()  # wrong
        return one

    return begun


def test_what_stands_says_what_would_be_done_again(table: Callable[[], Table], server: socket.socket) -> None:
    one = table()
    text = one.tick()
    assert f"'fetch' (line 15) {ASKS} (network): to run this, that is done again; `keep` goes on" in text, text
    assert one.kinds().count("proposal") == 1
    assert calls(server) == 1


@pytest.mark.parametrize(
    ("say", "shown", "times"),
    [
        ("tick run", "has 1", 2),
        ("tick keep", "has 1", 1),
        ("tick skip", "has None", 1),
        ("tick deny", "you denied it", 1),
        ("/sure", "has 1", 2),
        ("/sure keep", "has 1", 1),
        ("/sure skip", "has None", 1),
        ("/nope", "you said no", 1),
    ],
)
def test_it_is_answered_like_any_other(
    table: Callable[[], Table], server: socket.socket, say: str, shown: str, times: int
) -> None:
    one = table()
    one.tick()
    tick, _, box = say.rpartition(" ")
    text = one.tick(box) if tick == "tick" else one.save(lambda text: text + f"\n{say}\n\n")
    if ASKS in text and "has" not in text:
        one.go()
    assert shown in one.text, one.text
    assert calls(server) == times


@pytest.mark.parametrize(("word", "shown", "times"), [("run", "has 1", 2), ("skip", "has None", 1), ("deny", "no", 1)])
def test_the_terminal_answers_it_too(
    table: Callable[[], Table], server: socket.socket, word: str, shown: str, times: int
) -> None:
    one = table()
    one.tick()
    assert one.seat.answer("", word)  # type: ignore[arg-type]
    assert shown in one.go()
    assert calls(server) == times


def test_what_was_allowed_beforehand_does_not_cover_it(table: Callable[[], Table], server: socket.socket) -> None:
    one = table()
    one.save(lambda text: text + "\n/sure 5\n\n")
    assert ASKS in one.text
    assert calls(server) == 1


def test_an_edit_alone_does_nothing_again(table: Callable[[], Table], server: socket.socket) -> None:
    one = table()
    one.tick()
    text = one.save(lambda text: text.replace("print('has'", "print('mine'"))
    assert "an edit alone does not let it" in text
    assert ASKS in text
    assert calls(server) == 1
    assert "mine 1" in one.tick()
    assert calls(server) == 1


def test_skip_answers_nothing_that_does_not_ask_it(table: Callable[[], Table]) -> None:
    one = table()
    assert not one.seat.answer("", "skip")
    one.save(lambda text: text + "\n/sure skip\n\n")
    assert any("nothing waits here that would be done again" in each.text for each in one.workshop.notices)
    assert one.kinds().count("proposal") == 1


def test_who_saw_it_from_another_thread_answers_by_its_name(table: Callable[[], Table], server: socket.socket) -> None:
    """As the entry that the task came from tells it to the task's own thread."""
    one = table()
    one.tick()
    (block,) = one.blocks("proposal")
    one.seat.tasks.told(Told(block.of, "sure", "skip", block.keys["id"]))
    assert "has None" in one.go()
    assert calls(server) == 1


def test_to_go_on_in_a_kernel_that_is_gone_is_asked_once_more(
    table: Callable[[], Table], server: socket.socket
) -> None:
    one = table()
    one.tick()
    one.loop.desks[one.path].kernels.close()
    text = one.tick("keep")
    assert f"no kernel that has been there is left to go on in; 'fetch' (line 15) {ASKS}" in text, text
    assert one.kinds().count("proposal") == 1
    assert calls(server) == 1
    assert "has None" in one.tick("skip")
