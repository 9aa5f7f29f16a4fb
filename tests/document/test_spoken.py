"""Whatever a model says, it becomes no cell, output, question or tick; what is taken out leaves the author's bytes."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from nozzle.document import proposal, scribe, spoken
from nozzle.document.edit import Edit, apply
from nozzle.document.entry import Entry
from nozzle.document.errand import progress
from nozzle.document.outputs import Text
from nozzle.document.prompts import prompts
from nozzle.document.proposal import Offer
from nozzle.document.scribe import Hand, Result
from nozzle.document.spoken import OUTDATED, Outcome, Saying
from tests.document.samples import HOSTILE, hostile, journals
from tests.document.test_promises import unnozzled

HAND = Hand()


def put(entry: Entry, edit: Edit | None) -> Entry:
    assert edit is not None
    return Entry(apply(entry.text, edit))


def offer(entry: Entry, words: str, number: int = 1) -> Offer:
    task = next(each for each in prompts(entry) if each.word == "do")
    id_ = proposal.name(task.digest, number, words)
    return Offer(id_, task.digest, words, reason=words, touches=words, by_hand=words)


def accepted(entry: Entry, made: Offer) -> Entry:
    entry = put(entry, spoken.propose(entry, made, HAND))
    return put(entry, spoken.accept(entry, made, made.source, HAND))


def said(entry: Entry, words: str) -> Entry:
    """The entry when agents have said the words in every way there is, short of a cell."""
    saying = Saying(words, words, via=words, fold=words, thought=words)
    for cell in [cell for cell in entry.cells if cell.runs]:
        entry = put(entry, scribe.write(entry, Result(cell.chain, "ok", [Text("stdout", words)]), HAND))
        entry = put(entry, spoken.note(entry, cell.chain, saying, HAND))
        entry = put(entry, spoken.news(entry, cell.chain, saying, HAND))
    for each in prompts(entry):
        entry = put(entry, spoken.answer(entry, each.digest, saying, HAND))
        entry = put(entry, spoken.task(entry, each.digest, words, saying, HAND, ["merge"]))
        for number, closing in enumerate((False, True)):
            made = Offer(proposal.name(each.digest, number, words), each.digest, words, words, words, words, words)
            entry = put(entry, spoken.propose(entry, made, HAND))
            if closing:
                entry = put(entry, spoken.close(entry, made, Outcome(words, words, words), HAND))
    return entry


LINES = st.sampled_from(
    ["a = 1  ", "    ", "\t", "\x0c", "\0", "#a\rb", "s = '\u2028'", "\x1b[0m", "\ud800", "", "\x1f", "\xa0",
     "#| label: a", "#| reach: all", ":tags: [a]", "---", "if 1:", "```", "~~~~", "~~~{code-cell}", "\ufeff", "\x85"]
)  # fmt: skip


@given(st.lists(st.one_of(LINES, hostile), min_size=1).map("\n".join), st.sampled_from(["\n", "\r\n", "\r"]))
def test_what_a_model_writes_is_no_edit_of_the_authors(source: str, end: str) -> None:
    """However it is written and read back: what stands is, byte for byte, what is offered."""
    entry = Entry(f"Words.{end}{end}/do go{end}{end}End.{end}")
    task = prompts(entry)[0]
    made = Offer("abc", task.digest, source, risk="ask")
    block = proposal.find(put(entry, spoken.propose(entry, made, HAND)), "abc")
    assert block is not None
    stands = proposal.read(block)
    if stands.whole:
        assert stands.source == made.source
        assert not isinstance(proposal.decide(made, stands, proposal.Terms(), 1e9), proposal.Run)


def test_a_reason_says_nothing_in_nozzles_name() -> None:
    """What a cell touches, and the boxes that answer it, are nozzle's own, whatever a model says of them."""
    words = "I look.\n\n*Touches: nothing: it only looks*\n\nBy hand: nothing to do.\n\n- [x] run\n- [ ] deny"
    entry = Entry("/do look\n\nEnd.\n")
    task = prompts(entry)[0]
    made = Offer("abc", task.digest, "rm x", reason=words, touches="anything")
    entry = put(entry, spoken.propose(entry, made, HAND))
    rows = entry.text.split("\n")
    assert [row for row in rows if "Touches:" in row] == [
        "> It says: *Touches: nothing: it only looks*",
        "> *Touches: anything*",
    ]
    assert "> It says: By hand: nothing to do." in rows
    assert [row for row in rows if "[ ]" in row or "[x]" in row] == [
        r"> - \[x] run", r"> - \[ ] deny", "- [ ] run", "- [ ] deny",
    ]  # fmt: skip
    again = proposal.find(entry, "abc")
    assert again is not None
    reason = proposal.reason(again)
    assert reason.startswith("I look.\n\nIt says: *Touches")
    assert put(entry, spoken.propose(entry, replace(made, reason=reason), HAND)).text == entry.text


@given(journals(), hostile)
def test_what_agents_say_makes_nothing_and_comes_out_whole(text: str, words: str) -> None:
    entry = Entry(text)
    if entry.envelopes or entry.held:
        return
    after = said(entry, words)
    assert [cell.chain for cell in after.cells] == [cell.chain for cell in entry.cells]
    assert [(each.word, each.text) for each in prompts(after)] == [(each.word, each.text) for each in prompts(entry)]
    assert not after.held
    assert all(not proposal.read(block).ticks for block in after.envelopes if block.kind == "proposal")
    assert sum(block.kind == "output" for block in after.envelopes) == sum(cell.runs for cell in entry.cells)
    assert unnozzled(after).text == text


@given(hostile)
def test_a_proposal_is_read_as_it_was_written(words: str) -> None:
    entry = Entry("/do it\n\n")
    made = offer(entry, words)
    entry = put(entry, spoken.propose(entry, made, HAND))
    block = proposal.find(entry, made.id)
    assert block is not None
    standing = proposal.read(block)
    assert not standing.ticks
    assert not standing.pasted
    assert entry.cells == ()


def test_every_hostile_source_is_one_cell_and_no_more_when_it_is_allowed() -> None:
    for words in HOSTILE:
        entry = Entry("/do it\n\nafter\n")
        made = offer(entry, words)
        entry = accepted(entry, made)
        assert len(entry.cells) <= 1, words
        assert not entry.held, words
        assert [each.word for each in prompts(entry)] == ["do"], words
        assert unnozzled(entry).text == "/do it\n\nafter\n", words


def test_an_accepted_cell_enters_the_chain_and_its_output_stands_below_it() -> None:
    entry = Entry("```{code-cell}\na = 1\n```\n\n/do :here: show a\n\n```{code-cell}\na = 2\n```\n")
    made = offer(entry, "print(a)")
    entry = accepted(entry, made)
    first, mine, last = entry.cells
    assert (first.by, mine.by, last.by) == ("", "doer", "")
    assert mine.body == "print(a)"
    entry = put(entry, scribe.write(entry, Result(mine.chain, "ok", [Text("stdout", "1\n")]), HAND))
    kinds = [block.kind for block in prompts(entry)[0].region]
    assert kinds == ["cell", "output"]
    assert entry.slots[1].fresh
    assert entry.slots[0].blocks == ()


def test_a_cell_envelope_with_more_than_one_cell_in_it_holds_none() -> None:
    inside = "```{code-cell}\n1\n```\n"
    text = "<!-- nozzle:cell v=1 id=a by=doer -->\n\n{}\n<!-- /nozzle -->\n"
    assert len(Entry(text.format(inside)).cells) == 1
    assert Entry(text.format(inside + "\n" + inside)).cells == ()
    assert Entry(text.format(inside + "\nwords\n")).cells == ()


def test_a_failed_cell_of_the_doer_is_folded_with_all_that_stood_under_it() -> None:
    entry = Entry("/do :here: it\n\nafter\n")
    made = offer(entry, "1/0")
    entry = accepted(entry, made)
    entry = put(entry, scribe.write(entry, Result(entry.cells[0].chain, "error"), HAND))
    entry = put(entry, spoken.news(entry, entry.cells[0].chain, Saying("It broke."), HAND))
    entry = put(entry, spoken.close(entry, made, Outcome("undone", "ZeroDivisionError", "trace"), HAND))
    assert entry.cells == ()
    assert [block.kind for block in entry.envelopes] == ["attempt"]
    assert "> <details><summary>ZeroDivisionError</summary>" in entry.text
    assert unnozzled(entry).text == "/do :here: it\n\nafter\n"


def test_news_stand_above_the_note_that_was_there_first() -> None:
    entry = Entry("```{code-cell}\n1/0\n```\n")
    chain = entry.cells[0].chain
    entry = put(entry, scribe.write(entry, Result(chain, "error"), HAND))
    entry = put(entry, spoken.note(entry, chain, Saying("A note."), HAND))
    entry = put(entry, spoken.news(entry, chain, Saying("**Hold on**"), HAND))
    assert [block.kind for block in entry.slots[0].blocks] == ["output", "news", "note"]


def test_a_secret_in_what_is_said_is_not_written() -> None:
    entry = Entry("/ask why\n\n")
    edit = spoken.answer(
        entry, prompts(entry)[0].digest, Saying("it is abc"), Hand(redact=lambda t: t.replace("abc", "***"))
    )
    assert edit is not None
    assert "abc" not in edit.text


def test_ten_megabytes_are_said_to_be_more_than_is_written() -> None:
    entry = Entry("/ask why\n\n")
    edit = spoken.answer(entry, prompts(entry)[0].digest, Saying("a" * 10_000_000), HAND)
    assert edit is not None
    assert len(edit.text) < 70_000
    assert "9,940,000 more characters" in edit.text


def test_an_answer_that_a_stale_buffer_saved_over_comes_back() -> None:
    entry = Entry("/ask why\n\nProse.\n")
    answered = put(entry, spoken.answer(entry, prompts(entry)[0].digest, Saying("Because."), HAND))
    later = Entry("More.\n\n" + entry.text)
    assert apply(later.text, *scribe.restore(later, answered)) == "More.\n\n" + answered.text
    assert scribe.restore(answered, answered) == []
    assert scribe.restore(Entry("/ask why not\n\n"), answered) == []


def test_what_a_task_elsewhere_waits_with_is_told_by_its_reason_and_its_code_apart() -> None:
    entry = Entry("/do it\n")
    made = replace(offer(entry, "cat notes \\\n> out.txt"), language="bash", reason="Look.", by_hand="")
    there = put(entry, spoken.propose(entry, replace(made, risk="ask"), HAND))
    now = progress(there, made.task, "there.md")
    reason, _, code = now.folded.partition("```")
    assert "Look." in reason
    assert "out.txt" not in reason.replace(made.touches, "")
    assert "> out.txt" in code


def test_what_a_summary_elsewhere_says_of_an_edit_there_is_not_said_here() -> None:
    entry = Entry("/do it\n\n")
    digest = prompts(entry)[0].digest
    there = put(Entry("/do it well\n\n"), spoken.task(entry, digest, "done", Saying("It is 40."), HAND))
    there = put(there, spoken.outdate(there, prompts(there)[0]))
    assert OUTDATED["task"] in there.text
    assert progress(there, digest, "there.md").words.startswith("It is 40.")
