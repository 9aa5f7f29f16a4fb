"""A doer's cell that must leave its bounds says so, is shown so, and is let out once, by an answer of its own."""

import socket
from collections.abc import Callable, Iterator

import pytest

from nozzle.document.risk import Ground, weigh
from nozzle.runner import possible
from nozzle.words.verify import rerun_all
from tests.agents.conftest import Table, fence
from tests.agents.test_tasks import TASK
from tests.conftest import Workshop
from tests.loop.test_kept_states import calls
from tests.words.conftest import cell

Open = Callable[..., Table]
DONE = fence('final_answer("ok")')
HELD = "it leaves its bounds (network), and one allowance is one run"
pytestmark = pytest.mark.skipif(
    not (possible().files and possible().network), reason="this system has no Landlock, or seccomp is not known here"
)


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def fetch(server: socket.socket, reach: str = "#| reach: network\n") -> str:
    port = server.getsockname()[1]
    return fence(f"{reach}import socket\nsocket.create_connection(('127.0.0.1', {port})).close()\nprint('fetched')")


def held(one: Table) -> list[str]:
    desk = one.loop.desks[one.path]
    return [row.reason for row in desk.plan() if row.do == "held"]


def test_it_stands_with_what_it_will_reach_and_runs_so_when_it_is_ticked(table: Open, server: socket.socket) -> None:
    one = table(fetch(server), DONE)
    text = one.begin(TASK)
    assert "*Touches: the network, this once, and files in this journal. It runs in a kernel of its own" in text
    assert calls(server) == 0
    text = one.tick()
    assert "fetched\n```" in text
    assert calls(server) == 1
    steps = list(one.workshop.here.steps.history())
    assert [step.trailers["Answer"] for step in steps if step.trailers.get("Reach") == "network"] == ["kept"]
    assert any(step.trailers.get("Effects") == "network" for step in steps)


def test_without_saying_so_the_same_cell_stays_in_its_bounds(table: Open, server: socket.socket) -> None:
    one = table(fetch(server, ""), DONE)
    text = one.begin(TASK)
    assert "`#| reach: all` on top would let it out" in text
    assert "PermissionError" in one.tick()
    assert calls(server) == 0


def test_what_must_reach_all_writes_where_no_agent_may(table: Open) -> None:
    one = table(fence("#| reach: all\ntouch ../../outside", language="bash"), DONE)
    assert "anything that you can reach yourself, this once" in one.begin(TASK)
    one.tick()
    assert (one.workshop.root.parent / "outside").exists()


@pytest.mark.parametrize("odd", ["    ", "a = 1  ", "\t", "\x0c", "#\0", "#a\rb"])
def test_what_becomes_of_its_code_when_it_is_written_is_no_answer(table: Open, server: socket.socket, odd: str) -> None:
    one = table(fetch(server, f"#| reach: network\nif True:\n    a = 1\n{odd}\n"), DONE)
    one.begin(TASK)
    assert one.labels() == []
    assert one.kinds().count("proposal") == 1
    assert calls(server) == 0


@pytest.mark.parametrize("words", ["/sure 5", "/sure all"])
def test_nothing_said_beforehand_covers_it(table: Open, server: socket.socket, words: str) -> None:
    one = table(fence("import shutil"), fetch(server), DONE)
    one.begin(TASK)
    one.save(lambda text: text + f"\n{words}\n\n")
    assert "the network, this once" in one.text or one.tick()
    assert one.kinds().count("proposal") == 1
    assert calls(server) == 0
    one.seat.answer("", "run")
    one.go()
    assert calls(server) == 1


def test_an_edit_that_goes_further_is_shown_first(table: Open, server: socket.socket) -> None:
    one = table(fetch(server, ""), DONE)
    one.begin(TASK)
    text = one.save(lambda text: text.replace("import socket\n", "#| reach: network\nimport socket\n"))
    assert "the network, this once" in text
    assert calls(server) == 0
    one.tick()
    assert calls(server) == 1


def test_an_edit_alone_lets_nothing_out(table: Open, server: socket.socket) -> None:
    """His version stands as he has it, says so, and waits for his tick like the one that was proposed."""
    one = table(fetch(server), DONE)
    one.begin(TASK)
    text = one.save(lambda text: text.replace("print('fetched')", "print('later')"))
    assert "an edit alone does not let it" in text
    assert text == one.go()
    assert one.labels() == []
    assert calls(server) == 0
    assert "later\n```" in one.tick()
    assert calls(server) == 1


def test_an_edit_that_takes_the_reach_away_runs_in_bounds(table: Open, server: socket.socket) -> None:
    one = table(fetch(server), DONE)
    one.begin(TASK)
    one.save(lambda text: text.replace("#| reach: network\n", ""))
    assert one.labels()[0] == "edited"
    assert calls(server) == 0


def test_one_allowance_is_one_run(table: Open, server: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a cell above that has changed nor an output that was taken away runs it again; the author's word does."""
    for room in ("agents.seat", "loop"):
        monkeypatch.setattr(f"nozzle.{room}.PATIENT", 0.0)
    one = table(fetch(server), DONE, settle=0.0)
    one.begin(TASK)
    one.tick()
    one.save(lambda text: text.replace("x = [1, 2, 3]", "x = [1, 2]"))
    assert HELD in held(one)[0]
    assert calls(server) == 1
    one.save(lambda text: text + "\n/sure\n\n")
    assert calls(server) == 1
    one.save(without_output)
    one.save(without_output)
    assert HELD in held(one)[0]
    assert calls(server) == 0


def without_output(text: str) -> str:
    start = text.index("<!-- nozzle:output", text.index("fetched"))
    return text[:start] + text[text.index("-->", text.index("<!-- /nozzle", start)) + 4 :]


def test_who_runs_the_entry_again_lets_it_out_again_and_a_replay_does_not(
    table: Open, workshop: Workshop, server: socket.socket
) -> None:
    one = table(fetch(server), DONE)
    one.begin(TASK)
    one.tick()
    one.loop.close()
    one.path.write_text(one.text + cell("print(len(x))"))
    workshop.run(one.path)
    assert "3\n```" in one.text.rpartition("print(len(x))")[2]
    assert calls(server) == 1, "the new cell needs the state above, and that needs none of it"
    workshop.run(one.path, again=True)
    assert calls(server) == 1


def test_a_journal_is_verified_without_it(
    table: Open, server: socket.socket, capsys: pytest.CaptureFixture[str]
) -> None:
    one = table(fetch(server), DONE)
    one.begin(TASK)
    one.tick()
    assert rerun_all(one.workshop.here, [one.path]) == 0
    assert calls(server) == 1
    assert "4 cells: 3 the same, 0 differ, 1 skipped" in capsys.readouterr().out


def test_a_restart_between_the_answer_and_the_run_asks_again(table: Open, server: socket.socket) -> None:
    one = table(fetch(server), DONE)
    one.begin(TASK)
    desk = one.loop.desks[one.path]
    assert one.seat.answer("", "run")
    desk.tick(one.loop.clock())
    desk.flush()
    assert one.kinds()[1] == "cell"
    again = table(DONE)
    again.path = one.path
    again.loop.advance([one.path])
    again.go()
    assert calls(server) == 0
    assert again.kinds()[1] == "proposal"


def test_another_program_that_proposes_such_a_cell_is_answered_the_same(table: Open, server: socket.socket) -> None:
    one = table()
    one.begin("Words.\n")
    source = fetch(server).split("\n", 3)[3].removesuffix("\n```")
    one.seat.conductor.offers.suggest(source, "python", "It asks.")  # type: ignore[attr-defined]
    one.loop.desks[one.path].flush()
    assert "the network, this once" in one.text
    one.tick()
    assert calls(server) == 1


def test_the_hosts_that_it_names_are_told() -> None:
    source = "#| reach: network\ncurl -O https://example.org/rows.csv http://127.0.0.1:80/x"
    assert weigh(source, "bash", Ground()) == (
        "ask",
        "the network, this once, and files in this journal; it names example.org, 127.0.0.1:80. It runs in a kernel of "
        "its own, and waits for you",
    )


def test_a_reach_that_is_none_is_named(table: Open) -> None:
    one = table(fence("#| reach: everything\nprint(1)"), DONE)
    one.begin(TASK)
    assert "neither network nor all" in one.text or "neither network nor all" in one.tick()
