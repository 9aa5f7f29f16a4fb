"""ask, how, news: the explainer on the terminal."""

import json
from pathlib import Path

from tests.words.conftest import Say, cell, entry, git

WORK = "# Batches\n\nA batch holds four rows.\n\n" + cell("#| label: load\nbatch = [1, 2]") + "\n"


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


def test_ask_at_a_step_knows_nothing_of_what_came_after(say: Say, folder: Path) -> None:
    git(folder, "init", "-q")
    path = entry(folder, WORK)
    say("run")
    step = json.loads(say("log", "-n", "1", "--json").out)["sha"]
    path.write_text(path.read_text() + cell("#| label: later\nlater = 3"))
    say("run")
    assert "makes it" in say("ask", "what is `later`?").out
    assert "[later]" not in say("ask", f"@{step}", "what is `later`?").out


def test_how_tells_the_six_answers_when_nothing_runs(say: Say, folder: Path) -> None:
    git(folder, "init", "-q")
    entry(folder, WORK)
    say("run")
    said = say("how")
    assert said.out.startswith("journal/entry.md: 1 cell: 1 ran well.\n\n**Goal.** Batches")


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
