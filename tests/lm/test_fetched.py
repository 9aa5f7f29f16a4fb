"""Instructions kept elsewhere: the journal's own go first, and what was once sent stays as it is."""

import threading
from pathlib import Path

from nozzle.errors import NozzleError
from nozzle.lm import Fetched, Prompts


def test_what_has_come_is_used_where_the_journal_has_none_of_its_own(tmp_path: Path) -> None:
    kept = Fetched("production", lambda name, label: f"{name} {label}")
    kept.wait(20)
    (tmp_path / "voice.md").write_text("<!-- mine -->\nDry.")
    prompts = Prompts(tmp_path, kept)
    assert prompts.text("voice") == "Dry."
    assert prompts.text("answer") == "answer production"
    assert prompts.version("answer") != Prompts().version("answer")


def test_nobody_waits_and_what_comes_late_does_not_change_what_was_sent() -> None:
    answered = threading.Event()

    def slow(name: str, label: str) -> str:
        answered.wait(20)
        return "late"

    kept = Fetched("production", slow, ["answer", "voice"])
    prompts = Prompts(None, kept)
    first = prompts.text("answer")
    assert first == Prompts().text("answer")
    answered.set()
    kept.wait(20)
    assert prompts.text("answer") == first
    assert prompts.text("voice") == "late"


def test_a_server_that_has_nothing_leaves_the_words_as_they_are_shipped() -> None:
    kept = Fetched("production", lambda name, label: "", ["answer"])
    kept.wait(20)
    assert Prompts(None, kept).text("answer") == Prompts().text("answer")


def test_a_server_that_only_just_answers_is_waited_for_where_an_instruction_is_used_at_once() -> None:
    begun = threading.Event()

    def soon(name: str, label: str) -> str:
        begun.wait(0.1)
        return f"{name} {label}"

    assert Prompts(None, Fetched("lab", soon, ["answer"])).text("answer") == "answer lab"


def test_what_is_no_text_is_not_used_and_that_is_said_once() -> None:
    said: list[str] = []

    def chat(name: str, label: str) -> str:
        raise NozzleError(f"{name} is a chat")

    kept = Fetched("production", chat, ["answer"], said.append)
    assert Prompts(None, kept).text("answer") == Prompts().text("answer")
    assert Prompts(None, kept).text("answer") == Prompts().text("answer")
    assert said == ["answer is a chat"]
