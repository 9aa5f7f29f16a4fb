"""Answers without a model: quoted from the journal or read off the code, and labelled so."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from nozzle.document.entry import Cell, Entry
from nozzle.document.facts import Facts
from nozzle.document.plan import plan
from nozzle.explainer import Found, Known, Live, Recall, answer, report
from tests.words.conftest import cell

NOTES = "# Prefix sums\n\nThe scan is exclusive: the first element is zero.\n\n" + cell("#| label: scan\nscan = [0]")
WORK = (
    "---\ntitle: Work\n---\n\n"
    + cell("#| label: load\nbatch = [1, 2]")
    + "\n"
    + cell("#| label: use\nprint(batch)")
    + "\n"
)


@pytest.fixture
def recall(tmp_path: Path) -> Callable[..., Recall]:
    def recall(**texts: str) -> Recall:
        named = {f"journal/{name}.md": text for name, text in texts.items()}
        return Recall(tmp_path / "cache" / "recall.db", lambda: named, lambda: [("abc", "work: scan (error)")])

    return recall


def facts(cell: Cell) -> Facts | None:
    return Facts("ok", names={"batch": "list of 2: [1, 2]"}) if cell.label == "load" else None


def test_what_was_written_is_found_by_its_words_with_its_place(recall: Callable[..., Recall]) -> None:
    found = recall(notes=NOTES, work=WORK).search("is the scan exclusive?")
    assert found[0].url == "journal/notes.md#L3"
    assert "exclusive" in found[0].content
    assert "step:abc" in [each.url for each in found]


def test_an_entry_that_changed_is_indexed_anew_and_one_that_is_gone_is_forgotten(recall: Callable[..., Recall]) -> None:
    assert recall(notes=NOTES).search("exclusive")
    assert recall(notes=NOTES.replace("exclusive", "inclusive")).search("exclusive") == []
    assert recall().search("inclusive") == []


def test_a_broken_index_is_built_again(recall: Callable[..., Recall], tmp_path: Path) -> None:
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "recall.db").write_bytes(b"no database" * 100)
    assert recall(notes=NOTES).search("exclusive")


@pytest.mark.parametrize("query", ["", "???", '"; drop table block --', "NEAR(", "the of and"])
def test_no_words_break_the_search(recall: Callable[..., Recall], query: str) -> None:
    assert isinstance(recall(notes=NOTES).search(query), list)


def test_a_question_about_a_name_is_answered_from_the_code(recall: Callable[..., Recall]) -> None:
    said = answer("what is batch?", Found(Entry(WORK), recall().search, facts))
    assert said.text == "`batch` is list of 2: [1, 2]; [load](#load) makes it; used by [use](#use)."
    assert said.via == "facts"


def test_any_other_is_answered_by_what_the_journal_says(recall: Callable[..., Recall]) -> None:
    said = answer("is it exclusive?", Found(Entry("/ask is it exclusive?\n\n"), recall(notes=NOTES).search))
    assert "by search (no model was asked)" in said.text
    assert "`journal/notes.md`, line 3" in said.text
    assert said.via == "search"


def test_what_nobody_wrote_is_not_answered(recall: Callable[..., Recall]) -> None:
    said = answer("what of zebras?", Found(Entry(""), recall(notes=NOTES).search))
    assert said.text.startswith("Nothing in this journal fits these words.")


def test_the_six_answers_are_given_while_a_cell_runs() -> None:
    entry = Entry("# Count\n\n" + WORK.partition("---\n\n")[2])
    live = Live(entry.cells[1], 12.0, "one\ntwo\n")
    said = report(entry, Known(plan(entry), facts, live))
    assert said.text.startswith("2 cells: 2 due.\nRunning: [use](#use), for 12 s.\n\n    one\n    two")
    assert "**Goal.** Count" in said.folded
    assert "**Made.** `batch` (list of 2: [1, 2])" in said.folded
    assert "[load](#load) makes `batch`" in said.folded
    assert "**Next.** [load](#load) (new)" in said.folded


def test_a_live_output_with_a_secret_is_told_without_it() -> None:
    entry = Entry(WORK)
    said = report(entry, Known(live=Live(entry.cells[0], 1.0, "key abc")), lambda text: text.replace("abc", "***"))
    assert "abc" not in said.text


def test_what_stands_far_down_in_a_long_entry_is_found_at_its_own_line(recall: Callable[..., Recall]) -> None:
    other = [f"Paragraph {at} is about the weather of that day and no more than that." for at in range(300)]
    text = "\n\n".join(["---\ntitle: Long\n---", *other[:150], "Softmax has the constant one half.", *other[150:]])
    found = recall(long=text).search("which constant has the softmax?")
    line = text.split("\n").index("Softmax has the constant one half.") + 1
    assert (found[0].url, found[0].content) == (f"journal/long.md#L{line}", "Softmax has the constant one half.")


def test_of_a_long_paragraph_the_part_that_fits_is_quoted_with_its_line(recall: Callable[..., Recall]) -> None:
    rows = [f"row {at} tells of other things" for at in range(400)]
    rows[299] = "the forms lie in the blue folder"
    said = answer("where do the forms lie?", Found(Entry(""), recall(notes="\n".join(rows)).search))
    assert "`journal/notes.md`, line 300:\n\n    the forms lie in the blue folder\n" in said.text
    (row,) = recall(notes="They say so. " * 90 + "The forms lie here.").search("where do the forms lie?")
    assert row.quoted("where do the forms lie?").content == "… The forms lie here."


def test_neither_the_question_nor_front_matter_is_an_answer(recall: Callable[..., Recall]) -> None:
    notes = "---\ntitle: Forms\n---\n\nWhere do the forms lie?\n\nThey lie there.\n"
    said = answer("Where do the forms lie?", Found(Entry(""), recall(notes=notes).search))
    assert said.text.endswith("line 7:\n\n    They lie there.")
    assert not said.folded


def test_an_index_of_an_older_form_is_built_again(recall: Callable[..., Recall], tmp_path: Path) -> None:
    assert recall(notes=NOTES).search("exclusive")
    with closing(sqlite3.connect(tmp_path / "cache" / "recall.db")) as index:
        index.executescript("drop table seen; create table seen (name text primary key, digest text)")
        index.execute("pragma user_version = 0")
    assert recall(notes=NOTES).search("exclusive")[0].url == "journal/notes.md#L3"
