"""What is a question or a task in the text, and what only looks like one."""

import pytest
from hypothesis import given

from nozzle.document import spoken
from nozzle.document.edit import Edit, apply
from nozzle.document.entry import SHOWN, Entry
from nozzle.document.prompts import Prompt, prompt, prompts
from nozzle.document.scribe import Hand
from nozzle.document.spoken import Saying
from tests.document.samples import journals

ANSWERED = Saying("Because.", via="search")


def words(text: str) -> list[tuple[str, str]]:
    return [(each.word, each.text) for each in prompts(Entry(text))]


def answered(text: str, said: Saying = ANSWERED) -> str:
    edit = spoken.answer(Entry(text), prompts(Entry(text))[0].digest, said, Hand())
    assert edit is not None
    return apply(text, edit)


def written(entry: Entry, edit: Edit | None) -> Entry:
    assert edit is not None
    return Entry(apply(entry.text, edit))


def test_directives_and_paragraphs_ask_and_do() -> None:
    text = "/ask why is\nit red?\n\n```{ask}\nwhat now\n```\n\n:::{do} count the lines\n:here:\n:::\n\n"
    text += "/do :here: go\n\n/wtf\n\n/sure 3\n\n"
    assert words(text) == [
        ("ask", "why is\nit red?"), ("ask", "what now"), ("do", "count the lines"),
        ("do", "go"), ("wtf", ""), ("sure", "3"),
    ]  # fmt: skip
    assert [each.here for each in prompts(Entry(text)) if each.word == "do"] == [True, True]


@pytest.mark.parametrize(
    "text",
    [
        "```text\n/ask why\n\n```\n", "# /ask why\n\n", "> /ask why\n\n", "- /ask why\n\n", "<!--\n/ask why\n-->\n\n",
        "% /ask why\n\n", "Prose\n/ask why\n\n", "    /ask why\n\n", "/ask\n\n", "/asking why\n\n", "/surely\n\n",
        " /ask why\n\n",
        "````{note}\n```{ask}\nwhy\n```\n````\n", "```{ask}\nwhy\n", "$$\n/ask why\n$$\n", "a /ask why\n\n",
        "<!-- nozzle:note v=1 -->\n\n/ask why\n\n```{ask}\nwhy\n```\n\n<!-- /nozzle -->\n",
    ],
)  # fmt: skip
def test_nothing_else_asks(text: str) -> None:
    assert words(text) == []


def test_a_paragraph_is_settled_by_a_blank_line_below_it() -> None:
    assert [each.settled for text in ("/ask why", "/ask why\n", "/ask why\n\n") for each in prompts(Entry(text))] == [
        False, False, True,
    ]  # fmt: skip


def test_an_answer_stands_under_its_question_and_a_second_one_over_it() -> None:
    once = answered("/ask why\n\nProse.\n")
    assert once == (
        "/ask why\n\n"
        f"<!-- nozzle:answer v=1 of={prompts(Entry(once))[0].digest[:SHOWN]} by=explainer via=search -->\n\n"
        "> [!TIP]\n> Because.\n\n<!-- /nozzle -->\n\nProse.\n"
    )
    assert answered(answered("/ask why\n\nProse.\n", Saying("No."))) == once


def test_an_edited_question_keeps_its_answer_which_says_so_once_until_it_is_as_it_was() -> None:
    text = answered("/ask why\n\n").replace("/ask why", "/ask why not")
    asked = prompts(Entry(text))[0]
    assert asked.stale
    edit = spoken.outdate(Entry(text), asked)
    assert edit is not None
    marked = Entry(apply(text, edit))
    assert "> *Asked before the question was edited" in marked.text
    assert spoken.outdate(marked, prompts(marked)[0]) is None
    back = Entry(marked.text.replace("/ask why not", "/ask why"))
    edit = spoken.outdate(back, prompts(back)[0])
    assert edit is not None
    assert apply(back.text, edit) == answered("/ask why\n\n")


def test_what_came_of_a_task_that_was_edited_says_so_until_it_is_as_it_was() -> None:
    entry = Entry("/do count the cats\n\n")
    digest = prompts(entry)[0].digest
    done = written(entry, spoken.task(entry, digest, "done", Saying("It is 40."), Hand()))
    edited = Entry(done.text.replace("cats", "dogs"))
    marked = written(edited, spoken.outdate(edited, prompts(edited)[0]))
    assert "asked=before" in marked.text
    assert "> *Begun before the task was edited; delete this block" in marked.text
    again = written(edited, spoken.task(edited, digest, "done", Saying("It is 40."), Hand()))
    assert again.text == marked.text, "also when it ends, or goes on elsewhere, after that"
    back = Entry(marked.text.replace("dogs", "cats"))
    assert written(back, spoken.outdate(back, prompts(back)[0])).text == done.text


def test_two_questions_of_the_same_words_are_two() -> None:
    first, second = prompts(Entry("/ask why\n\n/ask why\n\n"))
    assert first.digest != second.digest
    assert prompt(Entry("More.\n\n/ask why\n\n"), first.digest) is not None


def test_a_question_knows_the_cell_above_it() -> None:
    entry = Entry("```{code-cell}\n1/0\n```\n\n/wtf\n\n```{code-cell}\n2\n```\n")
    assert prompts(entry)[0].above == entry.cells[0].chain


@given(journals())
def test_prompts_are_found_in_any_text_and_lie_outside_envelopes(text: str) -> None:
    entry = Entry(text)
    owned = {line for block in entry.envelopes for line in range(block.span.start, block.span.stop)}
    for each in prompts(entry):
        assert each.span.start not in owned
        assert prompt(entry, each.digest) == each


def done(asked: Prompt) -> str:
    return f"\n<!-- nozzle:task v=1 of={asked.digest[:SHOWN]} by=doer status=done -->\n\n> Done.\n\n<!-- /nozzle -->\n"


def test_what_stands_under_a_prompt_keeps_its_name_whatever_is_typed_above_or_taken_away() -> None:
    first, second = prompts(Entry("/do it\n\n/do it\n\n"))
    text = f"/do it\n{done(first)}\n/do it\n{done(second)}\n"
    assert [each.digest for each in prompts(Entry(text))] == [first.digest, second.digest]
    new, *rest = prompts(Entry(f"/do it\n\n{text}"))
    assert [each.digest for each in rest] == [first.digest, second.digest]
    assert new.digest not in (first.digest, second.digest)
    (left,) = prompts(Entry(f"/do it\n{done(second)}\n"))
    assert left.digest == second.digest
    copied = prompts(Entry(f"/do it\n{done(first)}\nWords.\n\n/do it\n{done(first)}\n"))
    assert [each.digest for each in copied] == [first.digest, second.digest], "a name is one prompt's"


def test_an_edit_of_one_question_makes_no_other_stale() -> None:
    first, second = prompts(Entry("/ask why\n\n/ask why\n\n"))

    def answer(asked: Prompt) -> str:
        return f"\n<!-- nozzle:answer v=1 of={asked.digest[:SHOWN]} by=explainer -->\n\n> So.\n\n<!-- /nozzle -->\n"

    edited = f"/ask why not\n{answer(first)}\n/ask why\n{answer(second)}\n"
    assert [each.stale for each in prompts(Entry(edited))] == [True, False]
    assert [each.stale for each in prompts(Entry(f"/ask why\n{answer(second)}\n"))] == [False]
