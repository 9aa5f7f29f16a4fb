"""Bash cells: one shell from cell to cell."""

import os
from collections.abc import Callable

import pytest
from kernel_bench import Bench, until

from nozzle.document.events import Replaying, Stream
from nozzle.runner import Limits
from nozzle.runner.bash import CUT_OFF, UNHEARD


@pytest.fixture
def bash(opened: Callable[..., Bench]) -> Callable[..., object]:
    bench = opened()

    def run(source: str, **options: object) -> Bench:
        bench.run(source, language="bash", **options)
        return bench

    return run


def test_the_state_is_kept(bash: Callable[..., Bench]) -> None:
    bash("x=3; declare -A m=([a]=1)\nf() {\n  echo f$1\n}\nmkdir sub; cd sub; set -u; shopt -s extglob; alias l=ls")
    bench = bash('echo $x ${m[a]}; f 2; basename "$PWD"; echo err >&2; echo $-')
    assert bench.stdout.splitlines()[:3] == ["3 1", "f2", "sub"]
    assert "u" in bench.stdout.splitlines()[3]
    assert bench.stderr == "err\n"
    assert bench.finished.status == "ok"
    assert bench.finished.spawned
    assert bench.finished.packages["bash"][0].isdigit()
    assert bench.finished.memory > 0


@pytest.mark.parametrize(
    ("source", "status"),
    [("false", 1), ("(exit 7); ", 7), ("nosuch", 127), ("if", 2), ("sleep 60 & kill $!; wait $!", 143)],
)
def test_the_last_status_is_the_cells(bash: Callable[..., Bench], source: str, status: int) -> None:
    bash("kept=1")
    bench = bash(source)
    assert (bench.finished.status, bench.error.ename) == ("error", f"exit {status}")
    assert bench.error.evalue == f"the last command ended with status {status}"
    assert bash("[ $kept = 1 ]").finished.status == "ok"
    assert bash("false; true").finished.status == "ok"


def test_error_messages_count_lines_within_the_cell(bash: Callable[..., Bench]) -> None:
    assert "line 3: nosuch: command not found" in bash("true\n\nnosuch").stderr


def test_a_trace_shows_only_the_authors_commands(bash: Callable[..., Bench]) -> None:
    bash("set -x")
    assert bash("echo a").stderr.splitlines()[-1] == "++ echo a"
    assert "251" not in bash("echo b").stderr


def test_redirections_last_and_our_line_is_not_theirs(bash: Callable[..., Bench]) -> None:
    bash("exec 2>&1; echo moved >&2; exec 3>file; echo text >&3; exec 3>&-")
    bench = bash("cat file; echo moved >&2; [ -e /proc/self/fd/251 ] || echo closed")
    assert bench.stdout == "text\nmoved\nclosed\n"


def test_standard_input_is_empty(bash: Callable[..., Bench]) -> None:
    assert bash("cat; read x; echo $?").stdout == "1\n"


def test_an_exit_ends_the_shell_and_the_state(bash: Callable[..., Bench]) -> None:
    bench = bash("echo bye; exit 3")
    assert (bench.stdout, bench.finished.status, bench.finished.cause) == ("bye\n", "died", "exit 3")
    assert bench.session.at == ""


def test_an_interrupt_ends_the_cell_where_it_is(bash: Callable[..., Bench], opened: Callable[..., Bench]) -> None:
    bench = opened()
    for event in bench.start("echo running; sleep 60; echo never", language="bash"):
        bench.events.append(event)
        if isinstance(event, Stream):
            bench.session.interrupt()
    assert (bench.stdout, bench.finished.status, bench.finished.cause) == ("running\n", "stopped", "you stopped it")


def test_a_time_limit_ends_the_cell(bash: Callable[..., Bench]) -> None:
    bash("true")
    bench = bash("sleep 60; echo never", timeout=0.1)
    assert (bench.stdout, bench.finished.status, bench.finished.cause) == ("", "timeout", "time limit of 0.1 s")


def test_who_ignores_an_interrupt_is_killed(opened: Callable[..., Bench]) -> None:
    bench = opened(limits=Limits(grace=0.1))
    finished = bench.run("trap '' INT; sleep 60", language="bash", timeout=0.1)
    assert (finished.status, finished.cause) == ("timeout", "time limit of 0.1 s; it did not stop and was killed")


def test_a_job_left_behind_is_late(bash: Callable[..., Bench]) -> None:
    bench = bash("(sleep 0.05; echo late) &")
    assert [(event.cell, event.text) for event in until(bench.session.drain)] == [(bench.jobs[0].cell, "late\n")]


def test_big_cells_and_strange_characters(bash: Callable[..., Bench]) -> None:
    bench = bash("cat <<'E'\n" + "ü\\ '\"$x\n" * 20_000 + "E")
    assert bench.stdout == "ü\\ '\"$x\n" * 20_000


def test_it_starts_whatever_number_its_line_has(opened: Callable[..., Bench]) -> None:
    bench, held, taken = opened(), list[int](), os.path.exists("/proc/self/fd/251")
    elsewhere = os.dup(251) if taken else -1  # of whoever started these tests
    if taken:
        os.close(251)
    try:
        for last in range(243, 252):
            while not held or held[-1] < last:
                held.append(os.open(os.devnull, os.O_RDONLY))
            assert bench.run("echo here", language="bash").status == "ok", last
            assert bench.stdout == "here\n"
            bench.session.close()
            bench.jobs.clear()
    finally:
        for each in held:
            os.close(each)
        if taken:
            os.dup2(elsewhere, 251)
            os.close(elsewhere)


@pytest.mark.parametrize("words", ["IFS=,", "IFS=$'\\t'", "set -f", "set -o posix", "IFS="])
def test_all_that_the_author_named_is_in_a_state_that_is_kept(keeping: Bench, words: str) -> None:
    names = ("rate", "EPOCHS", "EPOCH_LEN", "BASHDIR", "BASH_FILES")
    keeping.run(f"{'; '.join(f'{name}=1' for name in names)}; export TOKENS=5; {words}", language="bash")
    for number in range(2):
        keeping.jobs = keeping.jobs[:1]
        show = " ".join(f"${name}" for name in names)
        keeping.run(f'echo "{show}" {number}; env | grep TOKENS; echo ${{PATH:+set}}', language="bash")
        assert keeping.stdout == f"1 1 1 1 1 {number}\nTOKENS=5\nset\n"
        assert not keeping.of(Replaying)


def test_where_it_was_before_and_what_it_is_compatible_with_are_in_a_state_that_is_kept(keeping: Bench) -> None:
    keeping.run('mkdir -p deep/er; cd deep; cd er; cd() { echo moved; builtin cd "$@"; }', language="bash")
    for number in range(2):
        keeping.jobs = keeping.jobs[:1]
        keeping.run(f'echo "$(basename "$OLDPWD")" compat=$BASH_COMPAT {number}', language="bash")
        assert keeping.stdout == f"deep compat= {number}\n"
        assert not keeping.of(Replaying)


@pytest.mark.parametrize(
    ("source", "said"), [("builtin() { :; }; echo once", UNHEARD), ("ulimit -n 100; echo once", CUT_OFF)]
)
def test_a_cell_that_takes_what_the_shell_hears_by_ends_it_in_plain_words(
    bash: Callable[..., Bench], source: str, said: str
) -> None:
    bench = bash(source)
    assert bench.stdout == "once\n"
    assert said in bench.stderr
    assert bench.finished.status == "died"


@pytest.mark.parametrize(
    "words", ['builtin() { command builtin "$@"; }', "function declare { :; }", "trap 'echo now' DEBUG"]
)
def test_a_shell_that_would_not_write_out_what_it_knows_runs_again(keeping: Bench, words: str) -> None:
    keeping.run(f"x=1; {words}", language="bash")
    keeping.run("echo $x", language="bash")
    keeping.jobs = keeping.jobs[:1]
    keeping.run("echo $x again", language="bash")
    assert "1 again" in keeping.stdout
    assert keeping.of(Replaying)
