"""What is written on the page goes into the text as an editor would put it, and touches nothing else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nozzle.document.edit import apply
from nozzle.document.entry import Entry
from nozzle.document.insert import What, insert, swallowed, tick
from nozzle.document.prompts import prompts
from nozzle.document.proposal import find, read
from nozzle.document.thought.said import named, said

TEXT = "---\ntitle: t\n---\n\nOne thing.\n\n```{code-cell} python\n1\n```\n\nAnother thing.\n"


def put(text: str, what: What, words: str, below: str = "") -> str:
    edit = insert(Entry(text), what, words, below)
    assert edit is not None
    return apply(text, edit)


def name(text: str, words: str) -> str:
    return next(f"said-{each.digest}" for each in said(Entry(text)) if each.text == words)


def test_a_paragraph_goes_to_the_end_with_a_blank_line_above() -> None:
    assert put(TEXT, "prose", "More.\n") == TEXT + "\nMore.\n"
    assert put("", "prose", "First.") == "First.\n"
    assert put("no end", "prose", "x") == "no end\n\nx\n"


def test_a_paragraph_goes_below_the_one_that_is_named() -> None:
    written = put(TEXT, "prose", "Between.", name(TEXT, "One thing."))
    assert "One thing.\n\nBetween.\n\n```{code-cell}" in written


def test_below_a_cell_is_below_what_it_showed() -> None:
    cell = Entry(TEXT).cells[0]
    shown = f"<!-- nozzle:output v=1 of={cell.chain[:12]} status=ok sha=0 -->\n\n```text\n1\n```\n\n<!-- /nozzle -->\n"
    text = TEXT.replace("1\n```\n", "1\n```\n\n" + shown)
    written = put(text, "ask", "why one?", f"cell-{cell.chain[:12]}")
    assert "<!-- /nozzle -->\n\n/ask why one?\n\nAnother thing." in written


def test_a_cell_is_fenced_so_that_nothing_in_it_closes_it() -> None:
    written = put("", "cell", "x = '''\n```\n'''")
    assert [cell.body for cell in Entry(written).cells] == ["x = '''\n```\n'''"]


def test_a_question_of_one_line_is_a_paragraph() -> None:
    assert put("", "ask", "\n why  is it so?\n") == "/ask why is it so?\n\n"


@pytest.mark.parametrize("what", ["ask", "do"])
@pytest.mark.parametrize(
    "words",
    [
        "why\n\n  is it so?",
        "Why does this fail?\n\n```python\nfor i in range(3):\n    print(i)\n```",
        ":a: b\nis no option",
        "---\ntitle: x\n---\nnor is this",
    ],
)
def test_a_question_or_task_of_several_lines_stands_as_it_was_typed(words: str, what: What) -> None:
    (found,) = prompts(Entry(put(TEXT, what, words, name(TEXT, "One thing."))))
    assert (found.word, found.text, found.settled, found.options.values) == (what, words, True, {})


def test_a_task_of_several_lines_can_be_for_this_place() -> None:
    (found,) = prompts(Entry(put("", "do", ":here: count\n\nthe lines")))
    assert (found.text, found.here) == ("count\n\nthe lines", True)


SAME = "Same.\n\nBetween.\n\nSame.\n\n> Same.\n\n| a |\n|---|\n| 1 |\n\n$$\nx\n$$\n\nLast.\n"


@pytest.mark.parametrize("line", [0, 4, 6, 8, 12])
def test_every_block_of_the_authors_has_a_name_of_its_own(line: int) -> None:
    entry = Entry(SAME)
    (name,) = [name for name, span in named(entry).items() if span.start == line]
    stop = named(entry)[name].stop
    written = put(SAME, "prose", "New.", f"said-{name}")
    assert written == "".join(entry.rows[:stop]) + "\nNew.\n" + "".join(entry.rows[stop:])


@pytest.mark.parametrize("what", ["prose", "cell", "ask"])
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("One.\n\n```text\nnever closed\n", "line 3 opens a fence that nothing closes"),
        ("<!-- a comment\n\nOne.", "line 1 opens a comment that nothing closes"),
        (":::{note}\nOne.\n", "line 1 opens a block that nothing closes"),
        ("```text\nclosed\n```\n", ""),
        ("<!-- closed -->\n", ""),
        ("<div>\nOne.", ""),
        ("1. one\n2. two", ""),
    ],
)
def test_what_would_go_into_something_open_is_told(text: str, why: str, what: What) -> None:
    edit = insert(Entry(text), what, "Two.")
    assert edit is not None
    assert swallowed(Entry(text), edit) == (f"{why}: it would be part of that" if why else "")


@pytest.mark.parametrize("below", ["Below.\n", "", "```{code-cell} python\n1\n```\n", "- a list\n", "$$\nx\n$$\n"])
@pytest.mark.parametrize(
    ("words", "opens"),
    [
        ("The log says:\n\n```\nLoss is nan", "a fence"),
        ("~~~python\nx = 1\n~~", "a fence"),
        ("<!-- and then I stop", "a comment"),
        (":::{note}\nHm.", "a block"),
        ("<div>\nunclosed", "<div>"),
        ("<details><summary>x", "<summary>"),
        ("<script>\n\nx", "<script>"),
        ("```\nclosed\n```", ""),
        ("<!-- closed -->", ""),
        ("<div>\n\nclosed<br>\n\n</div>", ""),
        ("- an item", ""),
        ("[a]: https://example.org", ""),
        ("a < b and <!-- not at the start", ""),
        ("---\ntitle: x\n---", ""),
    ],
)
def test_what_would_take_in_what_comes_below_is_told(words: str, opens: str, below: str) -> None:
    entry = Entry(f"Above.\n\n{below}")
    edit = insert(entry, "prose", words, name(entry.text, "Above."))
    assert edit is not None
    why = f"it opens {opens} that nothing closes: what comes below would be part of that"
    assert swallowed(entry, edit) == (why if opens else "")


def test_formulas_that_are_left_open_take_in_nothing_either() -> None:
    entry = Entry("Above.\n\nBelow.\n\n$$\nx\n$$\n")
    edit = insert(entry, "prose", "$$\ny", name(entry.text, "Above."))
    assert edit is not None
    assert swallowed(entry, edit).startswith("it opens a formula that nothing closes: ")


@pytest.mark.parametrize(
    ("words", "opens"),
    [
        ("[^n]:", "a footnote"),
        ("[^n]: words", "a footnote"),
        ("Text.\n\n[^n]: words\nmore", "a footnote"),
        ("term\n:", "a definition"),
        ("term\n: what it is", "a definition"),
        ("[^n]: words\n\nText.", ""),
        ("see: this[^n]", ""),
        ("```text\n[^n]: words\n```", ""),
    ],
)
def test_an_indented_block_is_not_made_a_part_of_a_footnote_or_a_definition(words: str, opens: str) -> None:
    for below, takes in (("    code\n", bool(opens)), ("Plain.\n", False)):
        held = Entry(f"One.\n\n{below}")
        edit = insert(held, "prose", words, f"said-{next(iter(named(held)))}")
        assert edit is not None
        told = swallowed(held, edit)
        why = f"it opens {opens} that nothing closes: what comes below would be part of that"
        assert told == (why if takes else "")


def test_half_a_character_is_written_as_what_stands_for_it() -> None:
    assert put("", "prose", "lone \ud800 half") == "lone \ufffd half\n"


def test_a_place_that_is_gone_is_none() -> None:
    assert insert(Entry(TEXT), "prose", "x", "said-00000000") is None
    assert insert(Entry(TEXT), "prose", "x", "cell-000000000000") is None
    assert insert(Entry(TEXT), "prose", " \n ", "") is None


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@given(words=st.text(min_size=1, max_size=60), what=st.sampled_from(["prose", "cell", "ask", "do"]))
@settings(max_examples=120)
def test_the_lines_that_were_there_stay_byte_for_byte(words: str, what: What, end: str) -> None:
    text = TEXT.replace("\n", end)
    edit = insert(Entry(text), what, words, name(text, "One thing."))
    if edit is None:
        assert not words.strip() or not "".join(words.split())
        return
    rows = Entry(text).rows
    assert apply(text, edit) == "".join(rows[: edit.span.start]) + edit.text + "".join(rows[edit.span.stop :])
    assert edit.span.start == edit.span.stop


OFFER = """Text.

<!-- nozzle:proposal v=1 of=1 id=abc by=explainer risk=ask -->

> [!IMPORTANT]
> I could run it here:

```{code-cell} bash
ls
```

- [ ] run
- [ ] deny

<!-- /nozzle -->

After.
"""


@pytest.mark.parametrize(
    ("box", "source", "stands"), [("run", "", "ls"), ("deny", "", "ls"), ("run", "ls -l\n```\n", "ls -l\n```")]
)
def test_a_box_is_ticked_as_the_author_would_and_the_fence_may_change(box: str, source: str, stands: str) -> None:
    edit = tick(Entry(OFFER), "abc", box, source)
    assert edit is not None
    written = apply(OFFER, edit)
    block = find(Entry(written), "abc")
    assert block is not None
    assert (read(block).ticks, read(block).source) == (frozenset({box}), stands)
    assert written.startswith("Text.\n\n<!-- nozzle:proposal")
    assert written.endswith("<!-- /nozzle -->\n\nAfter.\n")


def test_boxes_in_what_is_proposed_are_not_ticked() -> None:
    listed = OFFER.replace("ls\n", "cat <<EOF\n- [ ] run\nEOF\n")
    edit = tick(Entry(listed), "abc", "run")
    assert edit is not None
    assert apply(listed, edit) == listed.replace("```\n\n- [ ] run", "```\n\n- [x] run")


def test_a_box_of_a_proposal_that_is_gone_is_not_ticked() -> None:
    assert tick(Entry(OFFER), "abd", "run") is None
    assert tick(Entry(OFFER), "abc", "both") is None
