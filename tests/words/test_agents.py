"""ask, how, news: the explainer on the terminal."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nozzle.document.entry import Entry
from nozzle.errors import Missing
from nozzle.lm import Call, Failed, Reply, Scripted, Span, Tracer, Usage
from nozzle.lm.model import Keyless
from nozzle.words.ask import About, answer
from nozzle.words.journal import Journal, journal
from tests.lm.test_ask import Interrupted
from tests.words.conftest import Say, cell, entry, git

WORK = "# Batches\n\nA batch holds four rows.\n\n" + cell("#| label: load\nbatch = [1, 2]") + "\n"


@pytest.fixture
def here(say: Say, folder: Path) -> Iterator[Journal]:
    git(folder, "init", "-q")
    entry(folder, WORK)
    with journal(folder) as here:
        yield here


def test_ask_answers_on_the_terminal_and_writes_nothing(say: Say, folder: Path) -> None:
    git(folder, "init", "-q")
    path = entry(folder, WORK)
    say("run")
    before = path.read_bytes()
    said = say("ask", "what", "is", "batch?")
    assert said.status == 0
    assert said.out.startswith("`batch` is list of 2: [1, 2]; [load](#load) makes it.")
    assert "from the code and the steps" in said.out
    assert path.read_bytes() == before
    assert (folder / ".nozzle" / "recall.db").exists()
    assert git(folder, "status", "--porcelain") == ""


def test_ask_at_a_step_knows_nothing_of_what_came_after(say: Say, folder: Path) -> None:
    git(folder, "init", "-q")
    path = entry(folder, WORK)
    say("run")
    step = json.loads(say("log", "-n", "1", "--json").out)["sha"]
    path.write_text(path.read_text() + cell("#| label: later\nlater = 3"))
    say("run")
    assert "makes it" in say("ask", "what is `later`?").out
    assert "[later]" not in say("ask", f"@{step}", "what is `later`?").out


def test_a_step_is_asked_of_what_stood_there_then_and_in_the_other_entries(say: Say, folder: Path) -> None:
    git(folder, "init", "-q")
    path, other = entry(folder, WORK), entry(folder, "# Rates\n\nThe zeta margin is unknown.\n", "journal/other.md")
    say("run")
    step = json.loads(say("log", "-n", "1", "--json").out)["sha"]
    path.write_text(path.read_text() + "\nThe flux threshold is 0.0421.\n\n" + cell("batch = [7, 8, 9]"))
    other.write_text(other.read_text() + "\nThe zeta margin is 17 since today.\n")
    entry(folder, "# New\n\nThe zeta margin is 99.\n", "journal/new.md")
    say("run")
    assert "0.0421" in say("ask", "flux threshold").out
    questions = "flux threshold\nzeta margin\nwhat is `batch`?\n\n"
    for said in (
        say("teleport", step, "--entry", "journal/entry.md", input=questions),
        say("ask", f"@{step}", "zeta?"),
    ):
        assert "The zeta margin is unknown." in said.out
        assert not [later for later in ("0.0421", "is 17", "is 99", "list of 3") if later in said.out]


def test_a_model_that_answers_for_a_step_is_told_and_held_to_what_stood_there_then(
    here: Journal, say: Say, folder: Path
) -> None:
    say("run")
    step = here.steps.resolve("HEAD")
    (folder / "later.csv").write_text("1")
    entry(folder, WORK + '\nAda said "the later word of hers stands here".\n')
    model = Scripted(lambda messages: 'She said "the later word of hers stands here". It is kept in later.csv.')
    here.model = model
    said = answer(here, About(Entry(WORK), "journal/entry.md", step), "what is `batch`, and what did Ada say?")
    assert "later word" not in str(model.calls)
    assert "(quoted from nowhere here)" in said.text
    assert "(shown nowhere here)" in said.text


def test_how_tells_the_six_answers_when_nothing_runs(say: Say, folder: Path) -> None:
    git(folder, "init", "-q")
    entry(folder, WORK)
    say("run")
    said = say("how")
    assert said.out.startswith("journal/entry.md: 1 cell: 1 ran well.\n\n**Goal.** Batches")


@pytest.mark.parametrize("model", ["", 'model = "openai/none"\nmodel_url = "http://127.0.0.1:9"\n'])
def test_ask_how_it_is_doing_tells_the_same_and_asks_no_model(say: Say, folder: Path, model: str) -> None:
    git(folder, "init", "-q")
    entry(folder, WORK)
    (folder / "nozzle.toml").write_text(model)
    say("run")
    said = say("ask", "how's that job doing?")
    assert said.out == say("how").out
    assert said.status == 0
    assert not (folder / ".nozzle" / "traces.jsonl").exists()


def test_what_had_come_when_ctrl_c_ends_an_answer_is_shown(here: Journal, capsys: pytest.CaptureFixture[str]) -> None:
    here.model = Interrupted()
    with pytest.raises(KeyboardInterrupt):
        answer(here, About(Entry(WORK), "journal/entry.md"), "why?")
    assert capsys.readouterr().out == "Well, \n"


def test_news_are_listed_until_they_are_fixed(say: Say, folder: Path) -> None:
    git(folder, "init", "-q")
    path = entry(folder, cell("#| label: half\nhalf = 1 / 0"))
    say("run")
    said = say("news")
    assert said.status == 1
    assert "journal/entry.md:18: **Hold on, breaking: [half](#half) failed:** `ZeroDivisionError" in said.out
    path.write_text(path.read_text().replace("half = 1 / 0", "half = 1 / 2"))
    say("run")
    assert say("news").out == "nothing is broken\n"
    assert json.loads(say("news", "--all", "--json").out)["fixed"] is True


def test_what_was_broken_is_named_and_leads_nowhere_once_it_is_gone(say: Say, folder: Path) -> None:
    git(folder, "init", "-q")
    path = entry(folder, cell("print([y][0])"))
    say("run")
    path.write_text(path.read_text().replace("print([y][0])", "print(3)", 1))
    say("run")
    (told,) = [row for row in path.read_text().splitlines() if "It was:" in row]
    assert "It was: `print([y][0])` failed" in told
    assert "leads nowhere" not in say("build").out


def test_a_silence_that_is_over_is_no_news(say: Say, folder: Path) -> None:
    git(folder, "init", "-q")
    opens = "<!-- nozzle:news v=1 of=0123456789ab by=watch via=facts status={} -->"
    told = f"{opens}\n\n> [!CAUTION]\n> It.\n\n<!-- /nozzle -->"
    path = entry(folder, f"/ask why?\n\n{told.format('model-is-silent')}\n")
    assert say("news").status == 1
    path.write_text(f"/ask why?\n\n{told.format('model-spoke')}\n")
    assert say("news").out == "nothing is broken\n"


def test_teleport_talks_with_what_stood_there_then_and_changes_nothing(say: Say, folder: Path) -> None:
    git(folder, "init", "-q")
    path = entry(folder, WORK)
    say("run")
    step = json.loads(say("log", "-n", "1", "--json").out)["sha"]
    path.write_text(path.read_text() + cell("#| label: later\nlater = 3"))
    say("run")
    before, head = path.read_bytes(), git(folder, "rev-parse", "HEAD")
    said = say("teleport", step, input="what is `batch`?\nwhat is `later`?\n\n")
    assert f"journal/entry.md, as it was at {step}: 1 cell." in said.out
    assert "[load](#load) makes it" in said.out
    assert "[later](#later)" not in said.out
    assert (path.read_bytes(), git(folder, "rev-parse", "HEAD")) == (before, head)


def test_do_writes_the_task_at_the_end_and_says_what_is_missing(say: Say, folder: Path) -> None:
    git(folder, "init", "-q")
    path = entry(folder, "Words.")
    said = say("do", "count", "the", "rows")
    assert said.out.startswith("journal/entry.md: /do :here: count the rows\n")
    assert path.read_text().startswith("Words.\n\n/do :here: count the rows\n\n<!-- nozzle:task")
    assert "No model is set" in path.read_text()
    assert said.status == 3


@pytest.mark.parametrize("words", ["", " \n", ":here:", ":here: "])
def test_a_task_without_words_is_none(say: Say, folder: Path, words: str) -> None:
    git(folder, "init", "-q")
    path = entry(folder, "Words.")
    said = say("do", words)
    assert (said.status, said.out) == (2, 'nozzle: what is to be done? nozzle do "..."\n')
    assert path.read_text() == "Words."


def test_a_task_that_says_where_it_is_to_be_done_says_it_once(say: Say, folder: Path) -> None:
    git(folder, "init", "-q")
    path = entry(folder, "Words.")
    say("do", ":here: count")
    assert path.read_text().startswith("Words.\n\n/do :here: count\n\n")


def test_what_an_older_nozzle_left_of_calls_in_the_folder_of_a_thread_comes_home(say: Say, folder: Path) -> None:
    entry(folder, "Words.\n")
    say("run")
    say("fork", "HEAD", "side")
    there = folder.parent / f"{folder.name}.threads" / "side" / ".nozzle" / "traces.jsonl"
    for at, path in ((2, folder / ".nozzle" / "traces.jsonl"), (1, there)):
        span = Span.chat(f"vendor/{at}", Call([]), at * 10**9, "", {})
        Tracer(path).add(span.answered(Reply("ok"), (at + 1) * 10**9))
    there.write_bytes(there.read_bytes() * 2 + b"half")
    assert [row.split()[2] for row in say("learn", "traces").out.splitlines()[:2]] == ["vendor/1", "vendor/2"]
    assert not there.exists()
    assert say("learn", "traces").out.count("vendor/") == 2


def test_learn_traces_names_a_provider_that_should_have_hit(say: Say, folder: Path) -> None:
    git(folder, "init", "-q")
    assert say("learn", "traces").out == "no model was asked here\n"
    tracer = Tracer(folder / ".nozzle" / "traces.jsonl")
    messages = [{"role": "system", "content": "s" * 8000}]
    for cached in (0, 1500, 0):
        span = Span.chat("vendor/m", Call(messages), 0, "", {"nozzle.signature": "do"})
        tracer.add(span.answered(Reply("ok", usage=Usage(2000, 5, cached, cost=0.01)), 10**9))
    rows = say("learn", "traces").out.splitlines()
    assert "do       vendor/m  2000 sent, 1500 cached (75%), 5 back, 1.0 s, $0.0100" in rows[1]
    assert [row.endswith("!") for row in rows[:3]] == [False, False, True]
    assert rows[3] == "6,000 tokens sent, 1,500 of them cached, 15 received, $0.0300"
    assert rows[4] == "! vendor/m cached nothing in 1 calls that begin like an earlier one"


def test_what_failed_is_counted_and_what_nobody_counted_is_said_to_be_an_estimate(say: Say, folder: Path) -> None:
    git(folder, "init", "-q")
    span = Span.chat("vendor/m", Call([]), 0, "", {"nozzle.signature": "do"})
    tracer = Tracer(folder / ".nozzle" / "traces.jsonl")
    tracer.add(span.failed("truncated", "cut off", 10**9, Usage(100_000, 4096, cost=0.5)))
    tracer.add(replace(span, id="1" * 16).answered(Reply("ok", usage=Usage(7, 1, estimated=True)), 10**9))
    rows = say("learn", "traces").out.splitlines()
    assert any(
        "failed: truncated: cut off; 100000 sent, 0 cached (0%), 4096 back, 1.0 s, $0.5000" in row for row in rows
    )
    assert any("about 7 sent, 1 back (not counted there)" in row for row in rows)
    assert rows[2] == "100,007 tokens sent, 0 of them cached, 4,097 received, $0.5000"


@pytest.mark.parametrize(
    ("failed", "status"),
    [(Failed("unreachable", "nobody is there"), 1), (Keyless("it needs A_KEY"), Missing.status)],
)
def test_a_question_that_was_not_answered_is_no_success(
    say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch, failed: Failed, status: int
) -> None:
    entry(folder, "# T\n")
    git(folder, "init", "-q")
    monkeypatch.setattr("nozzle.words.company.model", lambda here: Scripted(lambda messages: failed))
    said = say("ask", "why?")
    assert f"No answer: {failed}" in said.out
    assert said.status == status


def test_an_at_sign_alone_names_no_step(say: Say, here: Journal) -> None:
    said = say("ask", "@", "what is `later`?")
    assert said.status == 2
    assert "@ names no step" in said.out
