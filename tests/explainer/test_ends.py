"""What is said of work that did not come to its end, and what the work is for."""

import pytest

from nozzle.document.edit import apply
from nozzle.document.entry import Entry
from nozzle.document.outputs import Text
from nozzle.document.plan import plan
from nozzle.document.scribe import Hand, Result, write
from nozzle.explainer import Found, Known, answer, asks_how, report
from tests.words.conftest import cell

SLOW = cell("#| label: fit\nfor n in range(9): step(n)")


def ended(text: str, status: str, cause: str, printed: str = "") -> Entry:
    entry = Entry(text)
    outputs = (Text("stdout", printed),) if printed else ()
    edit = write(entry, Result(entry.cells[0].chain, status, outputs, cause), Hand())  # type: ignore[arg-type]
    assert edit is not None
    return Entry(apply(text, edit))


@pytest.mark.parametrize("question", ["what happened to fit?", "why did it stop?", "was it interrupted?"])
def test_a_cell_that_was_stopped_is_told_with_its_cause_and_how_to_go_on(question: str) -> None:
    entry = ended(SLOW, "stopped", "Stopped: you stopped it", "step 3 of 9\n")
    said = answer(question, Found(entry, lambda words: []))
    assert said.via == "facts"
    assert said.text == (
        "[fit](#fit) did not come to its end (Stopped: you stopped it). The last that it showed: `step 3 of 9`. "
        "`nozzle run` runs it again; a save does not."
    )


def test_a_question_about_something_else_is_not_answered_with_it() -> None:
    entry = ended(SLOW, "stopped", "Stopped: you stopped it")
    assert "did not come" not in answer("what is a residual?", Found(entry, lambda words: [])).text


def test_how_says_that_it_was_stopped_and_what_takes_it_up() -> None:
    entry = ended(SLOW, "stopped", "Stopped: you stopped it")
    said = report(entry, Known(plan(entry)))
    assert said.text == "1 cell: 1 stopped."
    assert "`nozzle run` takes up [fit](#fit), which did not come to its end" in said.folded


HOW = (
    "how's that job doing?", "How is it going?", "Hey, how’s the training run coming along so far?", "how far are you?",
    "how far is the task?", "what's running?", "what is going on here?", "status", "progress of the job?",
    "I was away. How is it going?",
)  # fmt: skip
NOT_HOW = (
    "how is the loss doing compared to the baseline?", "How far is epoch 3 from the end?", "how is it done?",
    "how is the job of the encoder doing in this model?", "progress in the field since 2020?",
    "what is going on in line 3?", "how far did the loss fall?", "what is happening to the gradient?",
)  # fmt: skip


def test_only_how_the_work_is_doing_gets_the_six_answers() -> None:
    assert [words for words in HOW if not asks_how(words)] == []
    assert [words for words in NOT_HOW if asks_how(words)] == []


def test_how_it_is_going_is_no_open_question() -> None:
    entry = Entry("# Fusion\n\nDoes numpy fuse?\n\n/ask how's that job doing?\n\n" + SLOW)
    assert "**Open questions.** Does numpy fuse? (line 3)\n" in report(entry, Known()).folded


@pytest.mark.parametrize(
    ("text", "goal"),
    [
        ("# Fusion\n\nDoes numpy fuse? I doubt it.\n\n", "Fusion: Does numpy fuse?"),
        ("# Fusion\n\n/ask does numpy fuse?\n\n/ask how is it going?\n\n", "Fusion: does numpy fuse?"),
        ("# Fusion\n\nProse.\n\n/do :here: fit a line\n\n", "fit a line"),
        ("Just prose here.\n\n", "Just prose here."),
    ],
)
def test_the_goal_is_in_the_authors_own_words(text: str, goal: str) -> None:
    assert f"**Goal.** {goal}\n" in report(Entry(text + SLOW), Known()).folded + "\n"
