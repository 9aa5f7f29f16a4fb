"""Going back is quick where a state was kept, and never does twice what reached outside."""

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from nozzle.document.events import Replaying
from nozzle.page import Deed
from nozzle.publish import target
from nozzle.words.deeds import Doing
from nozzle.words.requests import _acted, decide
from tests.conftest import Workshop
from tests.loop.conftest import Reply, Watched
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


def answered(watched: Watched, option: str) -> bool:
    """Whether `nozzle answer` with this option finds something to answer."""
    reply, args = Reply(), {"answer": option, "path": "", "id": ""}
    watched.ask(lambda loop: decide(loop, None, args, reply))  # type: ignore[arg-type]
    return reply.status == 0


def replays(watched: Watched) -> list[object]:
    return [notice.event for notice in list(watched.workshop.notices) if isinstance(notice.event, Replaying)]


@pytest.mark.parametrize("policy", ["always", "never"])
@pytest.mark.parametrize(
    ("above", "language"), [("open('data', 'w').write('1 ') and None", "python"), ("printf '1 ' > data", "bash")]
)
def test_a_cell_that_adds_to_a_file_answers_alike_with_and_without_kept_states(
    watched: Watched, policy: str, above: str, language: str
) -> None:
    assert watched.loop.tools.snapshots is not None
    watched.loop.tools.snapshots.policy = policy  # type: ignore[assignment]
    adds = cell("_ = open('data', 'a').write('2 ')\nprint('it has', open('data').read())")
    path = watched.save(cell(above, language) + "\n" + adds)
    watched.until(lambda: "it has 1 2" in path.read_text())
    watched.quiet()
    path.write_text(path.read_text().replace("'2 '", "'3 '"))
    watched.until(lambda: "it has 1 3" in path.read_text())


@pytest.mark.parametrize("policy", ["always", "never"])
def test_what_programs_write_in_a_replay_belongs_to_the_state_that_is_kept(watched: Watched, policy: str) -> None:
    assert watched.loop.tools.snapshots is not None
    watched.loop.tools.snapshots.policy = policy  # type: ignore[assignment]
    begins = cell("import subprocess\n_ = subprocess.run(\"printf '1 ' > data\", shell=True)")
    adds = cell("_ = subprocess.run(\"printf '2 ' >> data\", shell=True)\nprint('it has', open('data').read())")
    path = watched.save(begins + "\n" + adds)
    watched.until(lambda: "it has 1 2" in path.read_text())
    for number in range(3, 6):
        watched.quiet()
        path.write_text(path.read_text().replace(f"'{number - 1} '", f"'{number} '"))
        watched.until(lambda number=number: "it has" in path.read_text() and f"it has 1 {number}" in path.read_text())


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


@pytest.mark.parametrize(
    ("source", "language"),
    [
        ("echo 1 >> ran; true || curl -d @ran https://example.org", "bash"),
        ("open('ran', 'a').write('1\\n')\n!true || git push", "python"),
        ("%%bash\necho 1 >> ran; true || ssh host ls", "python"),
        ("import os; open('ran', 'a').write('1\\n'); os.system('true || sbatch job.sh')", "python"),
    ],
)
def test_a_program_that_is_there_to_act_elsewhere_runs_once(watched: Watched, source: str, language: str) -> None:
    assert watched.loop.tools.snapshots is not None
    watched.loop.tools.snapshots.policy = "never"
    path = watched.save(cell(source, language) + "\n" + cell("print(1, 'below')"))
    watched.until(lambda: "1 below" in path.read_text())
    watched.ask(lambda loop: [desk.kernels.close() for desk in loop.desks.values()])
    path.write_text(path.read_text().replace("'below'", "'edited'"))
    watched.until(lambda: any("would reach outside again (program:" in text for text in watched.told("held")))
    assert (path.parent / "ran").read_text() == "1\n"


def test_an_edit_goes_on_from_the_state_above_it(watched: Watched) -> None:
    assert watched.loop.tools.snapshots is not None
    watched.loop.tools.snapshots.policy = "auto"  # in every lane: this is what they are for
    slow = "import time; time.sleep(0.3); x = [1]"
    path = watched.save(cell(slow) + "\n" + cell("x.append(2); print(x)"))
    watched.until(lambda: "[1, 2]" in path.read_text())
    path.write_text(path.read_text().replace("append(2)", "append(3)"))
    watched.until(lambda: "[1, 3]" in path.read_text())
    assert replays(watched) == []


def test_a_checkout_and_a_save_go_on_from_the_state_of_that_step(watched: Watched, workshop: Workshop) -> None:
    assert watched.loop.tools.snapshots is not None
    watched.loop.tools.snapshots.policy = "auto"  # in every lane: this is what they are for
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


class Server:
    """Somebody outside, and how often he was called."""

    def __init__(self, listening: socket.socket) -> None:
        self.listening = listening
        self.code = f"import socket; socket.create_connection(('127.0.0.1', {listening.getsockname()[1]})).close()"

    @property
    def calls(self) -> int:
        return calls(self.listening)


@pytest.fixture
def waiting(watched: Watched) -> Iterator[tuple[Watched, Path, Server]]:
    """A replay waits for the author's word: the first cell called somebody, no state was kept, the last was edited."""
    assert watched.loop.tools.snapshots is not None
    watched.loop.tools.snapshots.policy = "never"
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Server(listening)
        path = watched.save(cell(f"{server.code}; x = [1]") + "\n" + cell("x.append(2); print(x, 'below')"))
        watched.until(lambda: "[1, 2] below" in path.read_text())
        assert server.calls == 1
        path.write_text(path.read_text().replace("'below'", "'edited'"))
        watched.until(lambda: any("/sure runs it again" in text for text in watched.told("held")))
        yield watched, path, server


ANSWERS = [
    ("", "run", "[1, 2] edited", 1, ""),
    ("keep", "keep", "[1, 2, 2] edited", 0, "has seen other cells since"),
    ("skip", "skip", "NameError: name 'x' is not defined", 0, "was not run again"),
]


@pytest.mark.parametrize("how", ["in the text", "in the terminal", "on the page"])
@pytest.mark.parametrize(("word", "option", "shown", "again", "said"), ANSWERS)
def test_a_replay_goes_on_as_the_author_says(
    waiting: tuple[Watched, Path, Server], how: str, word: str, option: str, shown: str, again: int, said: str
) -> None:
    watched, path, server = waiting
    if how == "in the text":
        path.write_text(path.read_text() + f"\n/sure {word}\n\n")
    elif how == "on the page":
        doing = Doing(watched.workshop.here, watched.loop)
        page = target(watched.workshop.here.rel(path))
        waits = doing(Deed("waiting", page)).data["replay"]
        assert isinstance(waits, dict)
        assert "would reach outside again (network)" in waits["why"]
        answer = {"cell": waits["cell"], "answer": option.replace("run", "again")}
        assert not doing(Deed("replay", page, {**answer, "cell": "another"})).ok
        assert doing(Deed("replay", page, answer)).ok
    else:
        assert answered(watched, option)
    watched.until(lambda: shown in path.read_text())
    assert server.calls == again
    watched.quiet()
    told = next(step for step in watched.workshop.here.steps.history() if step.kind == "cell")
    assert said in told.trailers.get("State", "")
    assert bool(said) == ("State" in told.trailers)
    assert bool(said) == any("as you said" in text for text in watched.told("warning"))


def test_an_answer_is_good_for_one_replay(waiting: tuple[Watched, Path, Server]) -> None:
    watched, path, server = waiting
    path.write_text(path.read_text() + "\n/sure\n\n")
    watched.until(lambda: "[1, 2] edited" in path.read_text())
    assert server.calls == 1
    watched.quiet()
    before = len(watched.told("held"))
    path.write_text(path.read_text().replace("'edited'", "'once more'"))
    watched.until(lambda: any("/sure runs it again" in text for text in watched.told("held")[before:]))
    assert "once more\n```" not in path.read_text()
    assert server.calls == 0


def test_a_word_that_is_typed_on_is_the_longer_word(
    waiting: tuple[Watched, Path, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    watched, path, server = waiting
    monkeypatch.setattr("nozzle.loop.PATIENT", 3.0)  # here he is in the middle of a word
    text = path.read_text()
    path.write_text(text + "\n/sure\n\n")
    watched.until(lambda: watched.ask(lambda loop: loop.desk(path).permit.said))
    path.write_text(text + "\n/sure keep\n\n")
    watched.until(lambda: "[1, 2, 2] edited" in path.read_text())
    assert server.calls == 0


def test_no_answer_and_a_kernel_that_is_gone_leave_it_waiting(waiting: tuple[Watched, Path, Server]) -> None:
    watched, path, server = waiting
    watched.ask(lambda loop: loop.desk(path).close())
    path.write_text(path.read_text() + "\n/sure keep\n\n/sure tomorrow\n\n")
    watched.until(lambda: any("no kernel that has been there" in text for text in watched.told("held")))
    watched.quiet()
    assert "edited\n```" not in path.read_text()
    assert server.calls == 0
    assert not answered(watched, "deny")
    assert not answered(watched, "keep")


def test_what_may_run_once_runs_again_when_the_author_says_so(watched: Watched) -> None:
    assert watched.loop.tools.snapshots is not None
    watched.loop.tools.snapshots.policy = "never"
    once = "#| once: true\nprint('sent', file=open('log', 'a')); x = 1"
    path = watched.save(cell(once) + "\n" + cell("print(x, 'below')"))
    watched.until(lambda: "1 below" in path.read_text())
    path.write_text(path.read_text().replace("'below'", "'edited'") + "\n/sure\n\n")
    watched.until(lambda: "1 edited" in path.read_text())
    assert (path.parent / "log").read_text() == "sent\nsent\n"


def test_sure_lets_go_on_what_is_stale(watched: Watched) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = Server(listening)
        path = watched.save(cell("a = 1") + "\n" + cell(f"{server.code}; print('a is', a)"))
        watched.until(lambda: "a is 1" in path.read_text())
        path.write_text(path.read_text().replace("a = 1", "a = 2"))
        watched.until(lambda: any("stale" in text for text in watched.told("held")))
        path.write_text(path.read_text() + "\n/sure\n\n")
        watched.until(lambda: "a is 2" in path.read_text())
        assert server.calls == 2


def test_what_may_run_only_once_is_not_run_again_for_an_edit_above_it(watched: Watched) -> None:
    once = "#| once: true\nopen('sent', 'a').write('x') and None; print('a is', a)"
    path = watched.save(cell("a = 1") + "\n" + cell(once))
    watched.until(lambda: "a is 1" in path.read_text())
    path.write_text(path.read_text().replace("a = 1", "a = 2"))
    watched.until(lambda: any("stale" in text and "may run only once" in text for text in watched.told("held")))
    watched.quiet()
    assert (path.parent / "sent").read_text() == "x"


def test_after_going_back_the_replay_that_is_told_as_due_can_be_answered(watched: Watched, workshop: Workshop) -> None:
    assert watched.loop.tools.snapshots is not None
    watched.loop.tools.snapshots.policy = "never"
    once = "#| once: true\nx = 1; open('ran', 'a').write('x')"
    path = watched.save(cell("pass") + "\n" + cell(once) + "\n" + cell("print(x, 'below')"))
    watched.until(lambda: "1 below" in path.read_text())
    watched.quiet()
    watched.git("checkout", "-q", "HEAD~1")
    watched.until(lambda: watched.told("moved"))
    watched.quiet()
    assert "1 below" not in path.read_text()
    assert answered(watched, "run")
    watched.until(lambda: "1 below" in path.read_text())
    assert (path.parent / "ran").read_text() == "xx"


def test_of_several_replays_that_nobody_has_asked_for_one_must_be_named(watched: Watched) -> None:
    assert watched.loop.tools.snapshots is not None
    watched.loop.tools.snapshots.policy = "never"
    paths = [watched.save(cell("#| once: true\nx = 1"), f"journal/{name}.md") for name in "ab"]
    watched.until(lambda: all("status=ok" in path.read_text() for path in paths))
    watched.quiet()
    watched.ask(lambda loop: [desk.kernels.close() for desk in loop.desks.values()])
    for path in paths:
        path.write_text(path.read_text() + "\n" + cell("print(x, 'below')"))
    watched.until(lambda: len([text for text in watched.told("held") if "only once" in text]) == 2)
    watched.ask(lambda loop: [desk.rest("you are elsewhere") for desk in loop.desks.values()])
    replies = [Reply(), Reply()]
    for reply, named in zip(replies, ("", str(paths[1])), strict=True):
        args = {"answer": "run", "path": named, "id": ""}
        watched.ask(lambda loop, reply=reply, args=args: _acted(decide, loop, None, args, reply))  # type: ignore[misc]
    assert replies[0].status == 2
    assert all(f"journal/{name}.md" in str(replies[0].lines) for name in "ab")
    assert replies[1].status == 0
    watched.until(lambda: "1 below" in paths[1].read_text())
    watched.quiet()
    assert "1 below" not in paths[0].read_text()
