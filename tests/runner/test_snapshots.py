"""A state that was kept is woken as it was; all that is done to snapshots changes no answer."""

import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest
from kernel_bench import Bench, until

from nozzle.document.events import Finished, InputRequest, Replaying, Restarted, Started
from nozzle.runner import Session, Snapshots, find_interpreter
from nozzle.runner.kernel import Frozen
from nozzle.runner.snapshots import Trail


def pids(snapshots: Snapshots) -> list[int]:
    """Of the frozen processes."""
    images = {image for snapshot in snapshots.all() for image in snapshot.images.values()}
    return [image.pid for image in images if isinstance(image, Frozen)]


def gone(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return True


def test_an_edited_cell_goes_on_from_the_state_above_it(keeping: Bench) -> None:
    keeping.run("x = [1]")
    keeping.run("x.append(2)")
    keeping.run("x.append(3); print(x)")
    keeping.jobs.pop()
    keeping.run("x.append(4); print(x)")
    assert (keeping.stdout, keeping.of(Replaying)) == ("[1, 2, 4]\n", [])


@pytest.mark.parametrize("language", ["python", "bash"])
@pytest.mark.parametrize("inside", [".", "deeper"])
def test_a_folder_that_was_put_in_the_place_of_the_cells_is_theirs(keeping: Bench, language: str, inside: str) -> None:
    go, look = {
        "python": (f"import os; os.makedirs({inside!r}, exist_ok=True); os.chdir({inside!r})", "print(os.listdir())"),
        "bash": (f"mkdir -p {inside}; cd {inside}", "ls"),
    }[language]
    keeping.run(go, language=language)
    for name in ("one", "two"):  # the live worker, and one that is woken
        shutil.rmtree(keeping.folder)
        (keeping.folder / inside).mkdir(parents=True)
        (keeping.folder / inside / name).touch()
        keeping.jobs = keeping.jobs[:1]
        keeping.run(f"{look}  # {name}", language=language)
        assert keeping.stdout.strip("[]'\n") == name
        assert not keeping.of(Replaying)


def test_one_state_is_woken_as_often_as_one_likes(keeping: Bench) -> None:
    keeping.run("x = [1]")
    for number in range(3):
        keeping.jobs = keeping.jobs[:1]
        keeping.run(f"x.append({number}); print(x)")
        assert keeping.stdout == f"[1, {number}]\n"
    assert not keeping.of(Replaying)


def test_what_lies_between_the_kept_state_and_the_cell_runs_again(opened: Callable[..., Bench]) -> None:
    store = Snapshots("always")
    bench = opened(snapshots=store)
    bench.run("x = [1]")
    store.policy = "never"
    bench.run("x.append(2)")
    bench.run("x.append(3)")
    assert bench.again().status == "ok"
    assert [event.above for event in bench.of(Replaying)] == [bench.jobs[1].cell]


def test_python_and_bash_go_back_together(keeping: Bench) -> None:
    keeping.run("x = 1")
    keeping.run("y=1; f() { echo f$y; }; cd /; shopt -s extglob; set -u; alias l=ls", language="bash")
    keeping.run("x = 2")
    keeping.run("y=2; unset -f f; cd /tmp", language="bash")
    keeping.jobs = keeping.jobs[:2]
    keeping.run("f; pwd; shopt -q extglob && echo $-; alias l", language="bash")
    assert keeping.stdout.splitlines()[:2] == ["f1", "/"]
    assert "u" in keeping.stdout.splitlines()[2]
    keeping.run("print(x)")
    assert (keeping.stdout, keeping.of(Replaying)) == ("1\n", [])


@pytest.mark.parametrize(
    "setup",
    ["sleep 1000 &", "exec 5>file", "exec 1>file", "RANDOM=1", "pushd / >/dev/null"],
)
def test_a_shell_that_cannot_be_written_out_is_replayed(keeping: Bench, setup: str) -> None:
    keeping.run("kept=1", language="bash")
    keeping.run(setup, language="bash")
    assert keeping.session.live.tainted
    keeping.run("true", language="bash")
    keeping.again()
    assert [event.above for event in keeping.of(Replaying)] == [keeping.jobs[1].cell]


def test_a_shell_comes_back_whole(keeping: Bench) -> None:
    strange = "s='two\nlines \"quoted\" $x'; declare -a a=(1 'b c'); declare -A m=([k]=v); declare -i n=3; export e=1"
    keeping.run(
        strange + "; set -- p 'q r'; trap 'echo bye' EXIT; umask 027; readonly r=1; unset HOME", language="bash"
    )
    show = 'declare -p s a m n e r; echo "$2" $#; trap -p EXIT; umask; echo ${HOME-none}'
    keeping.run(show, language="bash")
    first = keeping.stdout
    keeping.again()
    assert (keeping.stdout, keeping.of(Replaying)) == (first, [])
    assert first.endswith("q r 2\ntrap -- 'echo bye' EXIT\n0027\nnone\n")


def test_the_live_worker_dies_and_its_snapshots_stay(keeping: Bench) -> None:
    keeping.run("import os; x = 1; print(os.getpid())")
    live = int(keeping.stdout)
    os.kill(live, signal.SIGKILL)
    assert until(lambda: gone(live))
    keeping.run("print(x)")
    assert (keeping.stdout, keeping.of(Replaying)) == ("1\n", [])
    assert keeping.run("os.abort()").cause == "signal 6 (SIGABRT)"
    keeping.jobs.pop()
    keeping.run("print(x + 1)")
    assert (keeping.stdout, keeping.of(Replaying)) == ("2\n", [])


def test_a_snapshot_that_the_system_took_is_replayed(keeping: Bench) -> None:
    keeping.run("x = 1")
    store = keeping.session.live._snapshots
    assert store is not None
    (frozen,) = pids(store)
    os.kill(frozen, signal.SIGKILL)
    assert until(lambda: gone(frozen))
    keeping.run("x += 1; print(x)")
    keeping.again()
    assert (keeping.stdout, len(keeping.of(Replaying))) == ("2\n", 1)


def test_the_system_takes_snapshots_before_the_live_worker(keeping: Bench) -> None:
    keeping.run("1")
    (frozen,) = pids(keeping.session.live._snapshots)  # type: ignore[arg-type]
    assert until(lambda: Path(f"/proc/{frozen}/oom_score_adj").read_text() == "1000\n")
    keeping.again()
    keeping.run("print(open('/proc/self/oom_score_adj').read())")
    assert keeping.stdout.split() == ["0"]


def test_a_dropped_store_leaves_no_process(keeping: Bench) -> None:
    keeping.run("1")
    keeping.run("2")
    store = keeping.session.live._snapshots
    assert store is not None
    frozen = pids(store)
    assert len(frozen) == 2
    store.clear()
    keeping.session.close()
    assert until(lambda: all(map(gone, frozen)))


def test_what_a_cell_read_must_still_be_so(keeping: Bench) -> None:
    keeping.run("import json")
    (keeping.folder / "data").write_text("old")
    keeping.run("x = open('data').read()")
    keeping.run("print(x)")
    (keeping.folder / "data").write_text("new")
    keeping.again()
    assert (keeping.stdout, [event.above for event in keeping.of(Replaying)]) == ("new\n", [keeping.jobs[1].cell])
    (keeping.folder / "data").write_text("old")
    keeping.again()
    assert (keeping.stdout, keeping.of(Replaying)) == ("old\n", [])


def test_what_the_cells_themselves_wrote_is_made_again_when_it_has_changed(keeping: Bench) -> None:
    keeping.run("open('made', 'w').write('1')")
    keeping.run("x = open('made').read()")
    (keeping.folder / "made").write_text("2")
    keeping.run("print(x, open('made').read())")
    keeping.again()
    assert (keeping.stdout, len(keeping.of(Replaying))) == ("1 1\n", 2)
    (keeping.folder / "made").write_text("1")  # as it was, at another time
    keeping.again()
    assert (keeping.stdout, keeping.of(Replaying)) == ("1 1\n", [])


def test_what_programs_of_a_cell_wrote_is_made_again_too(keeping: Bench) -> None:
    keeping.run("echo 1 > made", language="bash")
    keeping.session.wrote(keeping.jobs[-1].cell, ["journal/made"])
    keeping.run("echo 2 >> made; cat made", language="bash")
    keeping.jobs.pop()
    keeping.run("echo 3 >> made; cat made", language="bash")
    assert (keeping.stdout, len(keeping.of(Replaying))) == ("1\n3\n", 1)


def test_a_cell_that_may_run_once_stands_below_a_kept_state(keeping: Bench) -> None:
    keeping.run("print('sent', file=open('log', 'a'))", once=True)
    keeping.run("1")
    keeping.again()
    assert (keeping.finished.status, (keeping.folder / "log").read_text()) == ("ok", "sent\n")


def test_a_child_of_a_cell_is_the_only_one_it_sees(keeping: Bench) -> None:
    keeping.run("import os, subprocess")
    keeping.run("p = subprocess.Popen(['true']); pid, status = os.wait(); print(pid == p.pid, status)")
    assert keeping.stdout == "True 0\n"
    keeping.run(
        "every = os.wait, lambda: os.waitpid(-1, 0), lambda: os.wait3(0), lambda: os.waitid(os.P_ALL, 0, os.WEXITED)\n"
        "for wait in every:\n"
        "    try:\n        wait()\n    except ChildProcessError:\n        print('none')"
    )
    assert keeping.stdout == "none\n" * 4
    keeping.run("p = subprocess.Popen(['sleep', '60']); print(os.waitpid(-1, os.WNOHANG)); p.kill(); print(p.wait())")
    assert keeping.stdout == "(0, 0)\n-9\n"


def test_a_woken_worker_is_as_good_as_a_fresh_one(keeping: Bench) -> None:
    keeping.run("x = 1")
    keeping.run("pass")
    keeping.again()
    for event in keeping.start("print(input('name? '))"):
        keeping.events.append(event)
        if isinstance(event, InputRequest):
            keeping.session.answer("Ada")
    assert keeping.stdout == "Ada\n"
    assert keeping.run("1/0", raises=True).status == "error"
    assert keeping.error.ename == "ZeroDivisionError"
    keeping.run("import subprocess; subprocess.run(['echo', 'from below']); 41 + x")
    assert keeping.stdout == "from below\n"
    assert keeping.run("import time; time.sleep(60)", timeout=0.1).status == "timeout"
    assert keeping.run("x").status == "ok"


def test_a_woken_worker_that_sleeps_for_ever_is_replaced(keeping: Bench) -> None:
    """The lock is held in the state that was kept, by nobody who lives there; a fresh one has its thread."""
    keeping.run("import os, threading\nlock, born = threading.Lock(), os.getpid()")
    keeping.run("print('shown')\nif os.getpid() != born:\n    lock.acquire(); lock.acquire()")
    assert keeping.stdout == "shown\n"
    keeping.jobs.pop()
    keeping.run("print('again')\nif os.getpid() != born:\n    lock.acquire(); lock.acquire()")
    kinds = [type(event) for event in keeping.events if not isinstance(event, Started)]
    assert kinds.count(Restarted) == 1
    assert keeping.finished.status == "ok"
    assert len(keeping.of(Replaying)) == 1
    assert keeping.stdout == "again\nagain\n"
    keeping.again()
    assert not keeping.of(Restarted)


def test_what_may_run_once_is_not_begun_again(keeping: Bench) -> None:
    keeping.run("import os, threading\nlock, born = threading.Lock(), os.getpid()")
    keeping.run("2")
    keeping.jobs.pop()
    finished = keeping.run("if os.getpid() != born:\n    lock.acquire(); lock.acquire()", once=True)
    assert (finished.status, finished.cause) == ("died", "signal 9 (SIGKILL)")


def test_two_sessions_share_the_states_of_one_store(opened: Callable[..., Bench]) -> None:
    store = Snapshots("always")
    one, two = opened(snapshots=store), opened(snapshots=store)
    one.run("x = [1]")
    two.jobs = list(one.jobs)
    two.run("x.append(2); print(x)")
    one.run("x.append(3); print(x)")
    assert (two.stdout, two.of(Replaying), one.stdout) == ("[1, 2]\n", [], "[1, 3]\n")


def test_a_cell_cheaper_than_its_snapshot_is_not_kept() -> None:
    store = Snapshots()
    cheap = Trail().after(Finished("a", "ok", seconds=0.0), lambda path: "")
    assert not store.pays(cheap)
    assert store.pays(cheap.after(Finished("b", "ok", seconds=1.0), lambda path: ""))
    assert not store.pays(cheap.after(Finished("b", "ok", seconds=1.0), lambda path: "").kept(0.01, {}))


def test_keeping_states_takes_a_fifth_of_what_running_the_cells_took_at_most() -> None:
    copied = 3  # a fork costs about twice itself once more, in pages that are copied later
    trail = Trail().kept(0.01, {}).after(Finished("b", "ok", seconds=5 * copied * 0.01 - 0.01), lambda path: "")
    assert not Snapshots().pays(trail)
    assert Snapshots().pays(trail.after(Finished("c", "ok", seconds=0.01), lambda path: ""))


def test_a_fresh_worker_is_woken_from_one_that_ran_nothing(opened: Callable[..., Bench]) -> None:
    store = Snapshots()
    one, two = opened(snapshots=store), opened(snapshots=store)
    one.run("x = 1; import os; print(os.getpid(), os.getppid())")
    two.run("print('x' in globals(), os.getpid() if 'os' in globals() else 'no os')")
    assert two.stdout == "False no os\n"
    kernels = [bench.session.live.kernels["python"] for bench in (one, two)]
    assert [kernel.woken for kernel in kernels] == [False, True]
    assert kernels[0].process.keeper is kernels[1].process.keeper
    assert two.run("import numpy; numpy.ones(3).sum()").status == "ok"
    store.clear()


def test_without_states_nothing_is_frozen(opened: Callable[..., Bench]) -> None:
    store = Snapshots("never")
    one, two = opened(snapshots=store), opened(snapshots=store)
    one.run("1"), two.run("1")
    assert store.beginnings.bare(one.session.live.place) is None


def test_an_attempt_is_undone(opened: Callable[..., Bench]) -> None:
    bench = opened(snapshots=Snapshots())
    bench.run("x = [1]")
    assert bench.session.keep() == ""
    bench.run("x.append('attempt')")
    bench.jobs.pop()
    assert list(bench.session.go_to(bench.jobs)) == []
    assert bench.session.at == bench.jobs[-1].cell
    bench.run("print(x)")
    assert bench.stdout == "[1]\n"


def test_a_state_that_cannot_be_had_is_told(keeping: Bench) -> None:
    keeping.run(
        "import threading; t = threading.Thread(target=threading.Event().wait, daemon=True); t.start()", once=True
    )
    keeping.run("1")
    told = list(keeping.session.go_to(keeping.jobs[:1]))
    assert [getattr(event, "cause", "") for event in told] == [
        f"{keeping.jobs[0].name} above could not be run again: it may run only once"
    ]


HOST = """
import sys
from pathlib import Path
from nozzle.runner import Job, Session, Snapshots, find_interpreter
folder, store = Path(sys.argv[1]), Snapshots("always")
session = Session(folder, find_interpreter(folder), root=folder, snapshots=store)
jobs = [Job("a", "import os; print(os.getpid())"), Job("b", "print(os.getpid())")]
for count in (1, 2, 1, 2):
    for event in session.run(jobs[:count]):
        if hasattr(event, "text"):
            print(event.text.strip(), end=" ", flush=True)
print(*(image.pid for snapshot in store.all() for image in snapshot.images.values()), "ready", flush=True)
sys.stdin.read()
"""


def test_a_killed_host_takes_its_snapshots_along(tmp_path: Path) -> None:
    import subprocess
    import sys

    command = [sys.executable, "-c", HOST, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as host:
        assert host.stdout is not None
        words = ""
        while "ready" not in words:
            words += host.stdout.readline()
        found = [int(word) for word in words.split() if word.isdigit()]
        assert len([pid for pid in found if not gone(pid)]) >= 3
        os.kill(host.pid, signal.SIGKILL)
        assert until(lambda: all(map(gone, found)))


def test_a_kernel_ends_with_what_it_started_and_the_snapshots_stay(keeping: Bench) -> None:
    keeping.run("import subprocess")
    keeping.run("print(subprocess.Popen(['setsid', 'sleep', '1000']).pid)")
    child = int(keeping.stdout)
    keeping.session.close()
    assert until(lambda: gone(child))
    keeping.jobs.pop()
    keeping.run("subprocess")
    assert (keeping.finished.status, keeping.of(Replaying)) == ("ok", [])


def test_a_session_of_no_store_keeps_nothing(tmp_path: Path) -> None:
    session = Session(tmp_path, find_interpreter(tmp_path), root=tmp_path)
    bench = Bench(session, tmp_path)
    bench.run("1")
    bench.run("2")
    bench.again()
    assert len(bench.of(Replaying)) == 1
    session.close()
