"""nozzle import: a chat becomes an entry that nothing runs in by itself."""

import json
from pathlib import Path

import pytest

from tests.document.test_talk import PASTED
from tests.words.conftest import Say, git

LOG = (Path(__file__).parents[1] / "talk" / "scan.md").read_text()
CHAT = {"title": "Two agents", "messages": [{"role": "user", "content": "hi"}, {"role": "assistant", "content": "ho"}]}


@pytest.fixture(autouse=True)
def begun(folder: Path) -> None:
    """There is a repository already."""
    git(folder, "init", "-qb", "main")


def test_a_log_becomes_an_entry_whose_guesses_are_listed(say: Say, folder: Path) -> None:
    (folder / "scan.md").write_text(LOG)
    said = say("import", "scan.md")
    assert said.status == 0
    assert said.out.startswith("journal/scan.md\n  4 turns of a machine; 1 cell of yours waits for 'nozzle run'\n")
    assert "4 of them end is a guess" in said.out
    written = (folder / "journal/scan.md").read_text()
    assert "date: 2026-11-20\nrun: ask\n---\n" in written
    assert 'os.remove("everything")' in written


def test_what_reads_as_pasted_is_told_with_its_lines(say: Say, folder: Path) -> None:
    (folder / "chat.md").write_text(f"{LOG}\n{PASTED}")
    said = say("import", "chat.md")
    assert "below your own words, and written as the machine writes" in said.out
    assert said.status == 0


def test_a_watch_leaves_an_imported_cell_alone_and_run_runs_only_yours(say: Say, folder: Path) -> None:
    (folder / "scan.md").write_text(LOG)
    (folder / "everything").write_text("still here")
    say("import", "scan.md")
    git(folder, "init", "-q")
    assert say("run").status == 0
    written = (folder / "journal/scan.md").read_text()
    assert written.count("<!-- nozzle:output ") == 1
    assert "copied 10000" in written
    assert (folder / "everything").exists()


def test_an_export_of_one_chat_is_dated_and_named(say: Say, folder: Path) -> None:
    (folder / "chat.json").write_text(json.dumps([CHAT]))
    made = json.loads(say("import", "chat.json", "--json").out)
    assert made["entry"].endswith("-two-agents.md")
    assert (
        "hi\n\n<!-- nozzle:quote v=1 by=assistant -->\n\nho\n\n<!-- /nozzle -->\n"
        in (folder / made["entry"]).read_text()
    )


def test_of_several_chats_one_is_picked(say: Say, folder: Path) -> None:
    (folder / "chats.json").write_text(json.dumps([CHAT, {**CHAT, "title": "Other"}]))
    asked = say("import", "chats.json")
    assert asked.status == 1
    assert "2 turns  Other" in asked.out
    assert "--pick N" in asked.out
    assert not (folder / "journal").exists()
    assert say("import", "chats.json", "--pick", "2").out.split("\n")[0].endswith("-other.md")
    assert len(say("import", "chats.json", "--all", "--json").out.splitlines()) == 2


def test_a_second_import_takes_a_new_name_and_an_imported_entry_is_refused(say: Say, folder: Path) -> None:
    (folder / "scan.md").write_text(LOG)
    say("import", "scan.md")
    assert say("import", "scan.md").out.startswith("journal/scan-2.md")
    assert "told apart already" in say("import", "journal/scan.md").out


def test_a_secret_in_a_chat_does_not_reach_the_journal(say: Say, folder: Path) -> None:
    token = "ghp_" + "a1B2" * 9
    (folder / "chat.json").write_text(json.dumps([{**CHAT, "messages": [{"role": "user", "content": f"use {token}"}]}]))
    said = say("import", "chat.json")
    assert "secret was taken out" in said.out
    assert token not in (folder / said.out.split("\n")[0]).read_text()


def test_what_cannot_be_read_is_said_in_one_line(say: Say, folder: Path) -> None:
    (folder / "bytes.json").write_bytes(b"[\xff")
    (folder / "prose.md").write_text("just me\n")
    assert "byte 1 is not UTF-8" in say("import", "bytes.json").out
    assert say("import", "nowhere.json").status == 2
    assert "no turn of a machine" in say("import", "prose.md").out


def test_a_guess_is_shown_as_one_on_the_site(say: Say, folder: Path) -> None:
    (folder / "scan.md").write_text(LOG)
    say("import", "scan.md")
    assert say("build").status == 0
    page = (folder / "site/journal/scan.html").read_text()
    assert page.count("where it ends is a guess, ") == 4
    assert page.count('class="nozzle nozzle-quote"') == 4
