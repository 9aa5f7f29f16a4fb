"""The table of what is due, row by row."""

import pytest

from nozzle.document import scribe
from nozzle.document.edit import apply
from nozzle.document.entry import Entry
from nozzle.document.outputs import Text
from nozzle.document.plan import NOTHING_ASKED, TABLE, UNFINISHED, Asked, failed, gathered, plan, unfinished
from nozzle.document.scribe import Hand, Result

ONE, TWO, THREE = (f"```{{code-cell}} python\n{body}\n```\n" for body in ("a = 1", "b = 2", "c = 3"))
RAISES = "```{code-cell} python\n:tags: [raises-exception]\n1/0\n```\n"


def ran(text: str, *statuses: str) -> Entry:
    """The entry after its first cells ended so."""
    entry = Entry(text)
    for cell, status in zip([cell for cell in entry.cells if cell.runs], statuses, strict=False):
        edit = scribe.write(entry, Result(cell.chain, status, (Text("stdout", "x"),)), Hand())
        assert edit is not None
        entry = Entry(apply(entry.text, edit))
    return entry


def told(entry: Entry, asked: Asked = NOTHING_ASKED) -> list[str]:
    return [f"{row.do} {row.why}" if row.do == "due" else row.do for row in plan(entry, asked)]


@pytest.mark.parametrize("status", ["error", "timeout", "stopped", "died", "running"])
def test_what_did_not_end_well_is_not_due_and_holds_what_is_below(status: str) -> None:
    entry = ran(ONE + TWO, status)
    assert told(entry) == ["done", "held"]
    how = "which did not end" if status in UNFINISHED else "which failed"
    assert how in plan(entry)[1].reason
    assert [slot.cell.body for slot in failed(entry)] == ["a = 1"]


def test_new_cells_are_due() -> None:
    assert told(Entry(ONE + TWO)) == ["due new", "due new"]


def test_what_ended_well_is_done() -> None:
    assert told(ran(ONE + TWO, "ok", "ok")) == ["done", "done"]


def test_an_edited_cell_is_due_and_so_is_what_stands_below() -> None:
    entry = ran(ONE + TWO + THREE, "ok", "ok", "ok")
    assert told(Entry(entry.text.replace("b = 2", "b = 5"))) == ["done", "due edited", "due above changed"]


def test_a_comment_or_a_label_makes_nothing_due() -> None:
    entry = ran(ONE + TWO, "ok", "ok")
    assert told(Entry(entry.text.replace("a = 1", "#| label: one\na = 1  # now with a word"))) == ["done", "done"]


@pytest.mark.parametrize("status", sorted({status for status, fresh in TABLE if status != "nothing"}))
def test_whatever_was_recorded_an_edit_makes_it_due(status: str) -> None:
    entry = ran(ONE, status)
    assert told(Entry(entry.text.replace("a = 1", "a = 9"))) == ["due edited"]


def test_an_empty_cell_and_a_skipped_one_stand_outside_the_chain() -> None:
    skipped = "```{code-cell} python\n:tags: [skip-execution]\nx\n```\n"
    plain = ran(ONE + TWO, "ok", "ok")
    entry = Entry(
        plain.text.replace(
            "```{code-cell} python\nb = 2", "```{code-cell}\n```\n" + skipped + "```{code-cell} python\nb = 2"
        )
    )
    assert told(entry) == ["done", "skipped", "skipped", "done"]


def test_an_expected_exception_lets_the_cells_below_run() -> None:
    entry = ran(RAISES + ONE, "error")
    assert told(entry) == ["done", "due new"]
    assert failed(entry) == []


def test_an_expected_exception_that_does_not_come_is_no_failure() -> None:
    assert told(ran(RAISES + ONE, "ok", "ok")) == ["done", "done"]


def test_below_an_error_an_edited_cell_is_held() -> None:
    entry = ran(ONE + TWO, "error")
    assert told(Entry(entry.text.replace("b = 2", "b = 3"))) == ["done", "held"]


def test_below_a_running_cell_nothing_starts() -> None:
    entry = Entry(ONE + TWO)
    first = entry.cells[0].chain
    assert told(entry, Asked(running=lambda cell: cell.chain == first)) == ["running", "held"]


def test_a_changed_input_makes_its_cell_and_all_below_due() -> None:
    entry = ran(ONE + TWO + THREE, "ok", "ok", "ok")
    second = entry.cells[1].chain
    asked = Asked(changed=lambda cell: cell.chain == second)
    assert told(entry, asked) == ["done", "due input changed", "due above changed"]


def test_who_asks_gets_what_was_done_again() -> None:
    entry = ran(ONE + TWO, "ok", "ok")
    assert told(entry, Asked(wanted=lambda cell: True)) == ["due asked", "due asked"]


@pytest.mark.parametrize(
    ("status", "count"), [("stopped", 1), ("died", 1), ("running", 1), ("error", 0), ("timeout", 0), ("ok", 0)]
)
def test_what_was_cut_off_is_unfinished(status: str, count: int) -> None:
    assert len(unfinished(ran(ONE, status))) == count


def test_a_held_cell_holds_what_is_below_it() -> None:
    entry = Entry(ONE + TWO)
    rows = plan(entry, Asked(held=lambda cell, why: "not trusted" if cell.body == "a = 1" else ""))
    assert [row.do for row in rows] == ["held", "held"]
    assert rows[0].reason == "not trusted"
    assert rows[1].reason.startswith("below 'a = 1'")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("```{code-cell} python\nx = 1\n\n```{code-cell} python\ny = 2\n```\n", "opens another fence"),
        ("<<<<<<< HEAD\n\n" + ONE + "\n=======\n\n>>>>>>> other\n", "conflict"),
        ("---\ntitle: x\n\n" + ONE, "front matter"),
        (ONE + "\n<!-- nozzle:output v=1 of=0 -->\n\n" + TWO, "lost its first or last line"),
    ],
)
def test_what_the_author_is_still_at_does_not_run(text: str, words: str) -> None:
    rows = plan(Entry(text))
    assert [row.do for row in rows][:1] == ["held"] or not rows
    assert words in (rows[0].reason if rows else Entry(text).held)


def test_one_reason_that_holds_many_cells_is_told_once() -> None:
    held = plan(Entry("---\nrun: perhaps\n---\n" + ONE + TWO + THREE))
    ((row, reason),) = gathered(held)
    assert (row.cell.body, reason.startswith("its front matter says"), reason.endswith(" (3 cells)")) == (
        "a = 1", True, True,
    )  # fmt: skip
    apart = plan(Entry(ONE + TWO), Asked(held=lambda cell, why: "no" if cell.body == "a = 1" else ""))
    assert [reason for _, reason in gathered(apart)] == ["no", "below 'a = 1' (line 1), which is held"]


def test_an_unclosed_cell_is_none() -> None:
    assert plan(Entry(ONE + "\n```{code-cell} python\nx = 1\n"))[1:] == []
