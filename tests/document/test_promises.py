"""The author's bytes and the executor's outputs, attacked with any text and any output."""

from random import Random

from hypothesis import example, given, settings
from hypothesis import strategies as st

from nozzle.document import scribe
from nozzle.document.edit import apply
from nozzle.document.entry import Entry
from nozzle.document.outputs import Display, Failure, Output, Text
from nozzle.document.plan import plan
from nozzle.document.scribe import Hand, Result
from tests.document.samples import HOSTILE, hostile, journals, texts

HAND = Hand(sign=lambda chain, digest: "key:signature")


def shown(words: str) -> tuple[Output, ...]:
    """The same words by every way in which a cell can show them."""
    return (
        Text("stdout", words),
        Text("stderr", words),
        Display({"text/plain": words}, result=True),
        Display({"text/markdown": words}),
        Display({"text/latex": words}),
        Display({"text/html": words, "text/plain": words}),
        Display({"text/html": f"<table><tr><td>{words}</td></tr></table>"}),
        Display({"application/json": words}),
        Display({words: words}),
        Failure("E", words, (words,)),
    )


def filled(entry: Entry, words: str) -> Entry:
    """The entry when every cell that can run has shown the words."""
    for chain in [cell.chain for cell in entry.cells if cell.runs]:
        edit = scribe.write(entry, Result(chain, "ok", shown(words), cause=words), HAND)
        assert edit is not None
        entry = Entry(apply(entry.text, edit))
    return entry


def unnozzled(entry: Entry) -> Entry:
    for block in reversed(entry.envelopes):
        entry = Entry(apply(entry.text, scribe.remove(entry, block)))
    return entry


@given(texts())
def test_any_text_is_an_entry_and_its_lines_are_the_text(text: str) -> None:
    entry = Entry(text)
    assert "".join(entry.rows) == text
    assert all(0 <= block.span.start < block.span.stop <= len(entry.rows) for block in entry.blocks)
    assert len(plan(entry)) == len(entry.cells) == len(entry.slots)


@given(journals(), hostile)
@example("```{code-cell}\n1\n```", "```\n")
def test_whatever_a_cell_shows_it_makes_no_cell_and_outputs_come_out_whole(text: str, words: str) -> None:
    entry = Entry(text)
    if entry.envelopes or entry.held:
        return
    after = filled(entry, words)
    assert [cell.chain for cell in after.cells] == [cell.chain for cell in entry.cells]
    assert [(block.name, block.body) for block in after.blocks] == [(block.name, block.body) for block in entry.blocks]
    assert len(after.envelopes) == sum(cell.runs for cell in entry.cells)
    assert unnozzled(after).text == text


@given(journals(), hostile)
def test_the_plan_of_a_finished_entry_is_empty(text: str, words: str) -> None:
    entry = Entry(text)
    if entry.held:
        return
    assert all(row.do in ("done", "skipped") for row in plan(filled(entry, words)))


CELL = "author line {0}a\n\n```{{code-cell}} python\nx = {0}\n```\n\nauthor line {0}b\n\n"
FULL = "# T\n\n" + "".join(map(CELL.format, range(4)))


def finished(entry: Entry, words: str) -> Entry:
    """The entry when all that is due has run."""
    while due := [row.cell for row in plan(entry) if row.do == "due"]:
        edit = scribe.write(entry, Result(due[0].chain, "ok", (Text("stdout", words),)), HAND)
        assert edit is not None
        entry = Entry(apply(entry.text, edit))
    return entry


def outside(entry: Entry) -> list[str]:
    """The author's lines, blank ones left out."""
    inside = {line for each in entry.envelopes for line in range(each.span.start, each.span.stop)}
    return [row.strip() for line, row in enumerate(entry.rows) if line not in inside and row.strip()]


@settings(max_examples=300)
@given(st.randoms(use_true_random=False), st.integers(1, 12))
def test_however_many_lines_are_lost_a_run_takes_no_line_of_the_authors(chance: Random, count: int) -> None:
    rows = finished(Entry(FULL), "out").text.split("\n")
    at = chance.randrange(len(rows))
    gone = chance.choice((range(at, at + count), chance.sample(range(len(rows)), min(3, count))))
    damaged = "\n".join(row for line, row in enumerate(rows) if line not in set(gone)).replace("x = 0", "x = 100")
    before = Entry(damaged)
    assert not any("author" in row for each in before.envelopes for row in each.body)
    assert outside(finished(before, "new")) == outside(before)


def test_every_hostile_output_is_shown_inside_its_envelope() -> None:
    for words in HOSTILE:
        after = filled(Entry("# T\n\n```{code-cell}\n1\n```\nafter\n"), words)
        assert len(after.cells) == len(after.envelopes) == 1
        kinds = [top.kind for top in after.outline.tops if top.start >= after.envelopes[0].span.stop]
        assert kinds == ["paragraph_open"], words


@settings(max_examples=60)
@given(journals(), journals(), hostile)
def test_an_output_restored_into_another_text_changes_no_other_line(text: str, other: str, words: str) -> None:
    entry, source = Entry(other), Entry(text)
    if entry.held or source.held or source.envelopes or entry.envelopes:
        return
    reference = filled(source, words)
    edits = scribe.restore(entry, reference)
    after = Entry(apply(other, *edits))
    assert len(after.envelopes) == len(edits)
    assert unnozzled(after).text == other
