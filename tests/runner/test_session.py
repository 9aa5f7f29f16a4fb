"""The state is always the one that the cells above make."""

import os
import resource
import signal
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from kernel_bench import Bench, until

from nozzle.document.events import Event, Finished, InputRequest, Replaying
from nozzle.runner import Job, Snapshots


def test_cells_share_a_state(bench: Bench) -> None:
    bench.run("x = 1")
    bench.run("x += 1")
    bench.run("print(x)")
    assert bench.stdout == "2\n"
    assert not bench.of(Replaying)
    assert bench.session.at == bench.jobs[-1].cell


def test_a_cell_run_again_replays_what_is_above_it(replaying: Bench) -> None:
    replaying.run("x = 1; print('quiet')")
    replaying.run("x += 1; print(x)")
    replaying.again()
    first, second = replaying.jobs
    assert replaying.events[0] == Replaying(second.cell, first.cell, 1, 1)
    assert replaying.stdout == "2\n"
    assert {event.cell for event in replaying.events} == {second.cell}


def test_a_deleted_definition_is_gone_below(bench: Bench) -> None:
    bench.run("gone = 1")
    bench.run("kept = 1")
    bench.delete(0)
    assert bench.run("gone").status == "error"
    assert bench.error.ename == "NameError"
    assert [event.above for event in bench.of(Replaying)] == [bench.jobs[0].cell]


def test_the_first_cell_is_always_fresh(bench: Bench) -> None:
    bench.run("x = 1")
    bench.jobs = []
    bench.session.live.at = "another"
    assert bench.run("x").status == "error"


def test_both_languages_are_one_chain(replaying: Bench) -> None:
    replaying.run("import os; open('from_python', 'w').close()")
    replaying.run("ls; y=2", language="bash")
    assert replaying.stdout == "from_python\n"
    replaying.run("x = 1")
    replaying.run("echo $y", language="bash")
    assert (replaying.stdout, replaying.of(Replaying)) == ("2\n", [])
    replaying.again()
    assert (replaying.stdout, len(replaying.of(Replaying))) == ("2\n", 3)


def test_the_death_of_one_worker_drops_the_state_of_both(replaying: Bench) -> None:
    replaying.run("x = 1")
    replaying.run("exit 3", language="bash")
    assert replaying.session.at == ""
    replaying.jobs.pop()
    replaying.run("print(x)")
    assert (replaying.stdout, len(replaying.of(Replaying))) == ("1\n", 1)


def test_a_failed_cell_above_stops_the_replay(replaying: Bench) -> None:
    replaying.run("import os; os.path.exists('flag') and 1/0", label="load")
    replaying.run("1")
    (replaying.folder / "flag").touch()
    finished = replaying.again()
    assert finished.status == "error"
    assert finished.cause == "cell load above could not be run again: ZeroDivisionError: division by zero"
    assert [type(event) for event in replaying.events] == [Replaying, Finished]
    assert replaying.session.at == ""


def test_an_expected_failure_above_does_not(bench: Bench) -> None:
    bench.run("x = 1; 1/0", raises=True)
    assert bench.run("x").status == "ok"
    assert bench.again().status == "ok"


def test_a_slow_cell_above_stops_the_replay(replaying: Bench) -> None:
    replaying.run("import os, time; os.path.exists('flag') and time.sleep(60)", timeout=0.5)
    replaying.run("1")
    (replaying.folder / "flag").touch()
    name = f"cell {replaying.jobs[0].cell[:8]}"
    assert replaying.again().cause == f"{name} above could not be run again: time limit of 0.5 s"


def test_a_dead_cell_above_stops_the_replay(replaying: Bench) -> None:
    replaying.run("import os; os.path.exists('flag') and os._exit(3)", raises=True)
    replaying.run("1")
    (replaying.folder / "flag").touch()
    assert replaying.again().cause.endswith("above could not be run again: exit 3")


def test_what_may_run_once_is_never_replayed(replaying: Bench) -> None:
    replaying.run("print('first', file=open('log', 'a'))")
    replaying.run("print('once', file=open('log', 'a'))", once=True, label="send")
    assert replaying.run("1").status == "ok"
    finished = replaying.again()
    assert (finished.status, finished.cause) == (
        "error",
        "cell send above could not be run again: it may run only once",
    )
    assert (replaying.folder / "log").read_text() == "first\nonce\n"
    assert replaying.session.at == ""


def test_a_cell_may_be_left_out_of_a_replay_and_nothing_of_it_is_kept(opened: Callable[..., Bench]) -> None:
    kept = Snapshots("always")
    bench = opened(snapshots=kept)
    bench.run("print('sent', file=open('log', 'a'))", once=True)
    bench.run("x = 1")
    kept.clear()
    bench.session.close()
    bench.jobs[0] = replace(bench.jobs[0], replay="skip")
    assert bench.run("print(x)").status == "ok"
    assert (bench.folder / "log").read_text() == "sent\n"
    assert bench.session.live.impure.endswith("was not run again")
    assert (kept.all(), bench.session.live.tainted) == ([], bench.session.live.impure)
    bench.session.close()
    assert bench.session.live.impure == ""


def test_a_state_counts_as_another_only_when_its_kernel_has_been_there(opened: Callable[..., Bench]) -> None:
    kept = Snapshots("always")
    bench = opened(snapshots=kept)
    bench.run("x = [1]")
    bench.run("x.append(2)")
    first = bench.jobs[:1]
    assert not bench.session.stand(first, ["another"])
    assert bench.session.stand(first, [first[0].cell])
    states = len(kept.all())
    bench.jobs = [*first]
    bench.run("print(x)")
    assert bench.stdout == "[1, 2]\n"
    assert len(kept.all()) == states
    bench.session.close()
    assert not bench.session.stand(first, [first[0].cell])


def test_a_replay_can_be_stopped(replaying: Bench) -> None:
    replaying.run("import os, time; os.path.exists('flag') and time.sleep(60)")
    replaying.run("1")
    (replaying.folder / "flag").touch()
    seen: list[Event] = []
    for event in replaying.session.run(replaying.jobs):
        seen.append(event)
        if isinstance(event, Replaying):
            replaying.session.interrupt()
    assert seen[-1] == Finished(replaying.jobs[-1].cell, "stopped", cause="you stopped it")
    assert replaying.session.at == ""


def test_a_replay_gets_the_answers_that_were_given(bench: Bench) -> None:
    for event in bench.start("a, b = input(), input()"):
        if isinstance(event, InputRequest):
            bench.session.answer(f"answer {len(bench.session._answers)}")
    bench.run("print(a, b)")
    said = bench.stdout
    bench.again()
    assert bench.stdout == said == "answer 0 answer 1\n"
    assert not bench.of(InputRequest)


def test_a_folder_that_is_gone_is_told(bench: Bench) -> None:
    bench.folder.rmdir()
    finished = bench.run("1")
    assert finished.status == "died"
    assert "did not start" in finished.cause


def test_a_worker_that_died_between_cells_is_replaced(replaying: Bench) -> None:
    replaying.run("import os; x = os.getpid(); print(x)")
    os.kill(int(replaying.stdout), signal.SIGKILL)
    until(replaying.session.live.kernels["python"].process.is_gone)
    assert replaying.run("x").status == "ok"
    assert len(replaying.of(Replaying)) == 1


def test_a_closed_session_starts_afresh(replaying: Bench) -> None:
    replaying.run("x = 1")
    replaying.session.close()
    replaying.session.close()
    assert replaying.session.at == ""
    replaying.run("print(x)")
    assert (replaying.stdout, len(replaying.of(Replaying))) == ("1\n", 1)


def test_a_job_is_named_for_a_person() -> None:
    assert (Job("0123456789", "").name, Job("0123456789", "", label="sum").name) == ("cell 01234567", "cell sum")


@pytest.fixture
def full() -> Iterator[None]:
    """This process has more files open than `select` can count."""
    soft, hard = limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < 2048:
        pytest.skip("this system allows no more than 2048 open files")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    held = [os.open(os.devnull, os.O_RDONLY) for _ in range(1100)]
    yield
    for each in held:
        os.close(each)
    resource.setrlimit(resource.RLIMIT_NOFILE, limits)


@pytest.mark.usefixtures("full")
def test_a_host_may_have_many_files_open(keeping: Bench) -> None:
    for language in ("python", "bash"):
        assert keeping.run("echo 1" if language == "bash" else "print(1)", language=language).status == "ok"
        assert keeping.stdout == "1\n"
    assert keeping.session.live.tainted == ""
    asked = keeping.start("print(input())")
    assert any(isinstance(event, InputRequest) and keeping.session.answer("a") for event in asked)
    assert [event.status for event in asked if isinstance(event, Finished)] == ["ok"]
