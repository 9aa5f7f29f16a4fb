"""Going back is quick where a state was kept, and never does twice what reached outside."""

import socket

import pytest

from nozzle.document.events import Replaying
from tests.conftest import Workshop
from tests.loop.conftest import Watched
from tests.words.conftest import cell


def calls(server: socket.socket) -> int:
    """How often somebody has come to a server."""
    server.settimeout(0.2)
    count = 0
    try:
        while True:
            server.accept()[0].close()
            count += 1
    except TimeoutError:
        return count


def replays(watched: Watched) -> list[object]:
    return [notice.event for notice in list(watched.workshop.notices) if isinstance(notice.event, Replaying)]


@pytest.mark.parametrize("policy", ["auto", "never"])
def test_what_reached_outside_is_done_once(watched: Watched, policy: str) -> None:
    assert watched.loop.tools.snapshots is not None
    watched.loop.tools.snapshots.policy = policy  # type: ignore[assignment]
    with socket.create_server(("127.0.0.1", 0)) as server:
        call = f"import socket; socket.create_connection(('127.0.0.1', {server.getsockname()[1]})).close(); x = 1"
        path = watched.save(cell(call) + "\n" + cell("print(x, 'below')"))
        watched.until(lambda: "1 below" in path.read_text())
        assert calls(server) == 1
        path.write_text(path.read_text().replace("'below'", "'edited'"))
        if policy == "auto":
            watched.until(lambda: "1 edited" in path.read_text())
        else:
            watched.until(lambda: any("would reach outside again" in text for text in watched.told("held")))
        assert calls(server) == 0


def test_an_edit_goes_on_from_the_state_above_it(watched: Watched) -> None:
    slow = "import time; time.sleep(0.3); x = [1]"
    path = watched.save(cell(slow) + "\n" + cell("x.append(2); print(x)"))
    watched.until(lambda: "[1, 2]" in path.read_text())
    path.write_text(path.read_text().replace("append(2)", "append(3)"))
    watched.until(lambda: "[1, 3]" in path.read_text())
    assert replays(watched) == []


def test_a_checkout_and_a_save_go_on_from_the_state_of_that_step(watched: Watched, workshop: Workshop) -> None:
    slow = "import time; time.sleep(0.3); x = [1]"
    path = watched.save(cell(slow))
    watched.until(lambda: "status=ok" in path.read_text())
    watched.quiet()
    first = workshop.here.steps.thread().head
    path.write_text(path.read_text() + "\n" + cell("x.append(2); print(x)"))
    watched.until(lambda: "[1, 2]" in path.read_text())
    watched.quiet()
    workshop.here.steps.rewind(workshop.here.steps.resolve(first))
    watched.quiet()
    path.write_text(path.read_text() + "\n" + cell("x.append(9); print(x)"))
    watched.until(lambda: "[1, 9]" in path.read_text())
    assert replays(watched) == []
