"""A talk that was held elsewhere becomes an entry, and a machine's words never become the author's."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nozzle.document.edit import Edit, apply
from nozzle.document.entry import Entry, Span
from nozzle.document.plan import plan
from nozzle.document.talk.log import parts
from nozzle.document.talk.quote import from_chat, from_log, guessed, quote
from nozzle.document.talk.turn import Conversation, Turn
from nozzle.document.thought.map import condense
from tests.document.citation import supported

LOG = (Path(__file__).parents[1] / "talk" / "scan.md").read_text()


def spoken(text: str) -> list[tuple[str, str]]:
    """Who speaks, and the first words."""
    rows = text.split("\n")
    return [(part.who, rows[part.span.start][:24]) for part in parts(text)]


def bare(text: str) -> list[str]:
    return [row for row in text.splitlines() if row.strip() and not row.startswith(("<!-- nozzle", "<!-- /nozzle"))]


def test_the_authors_turns_are_found_in_a_log_that_names_only_the_machine() -> None:
    assert [first for who, first in spoken(LOG) if who == "author"] == [
        "# A scan that is fast en",
        "yeah no pep talk please.",
        "okay so I ran it",
        "No let's just call np.cu",
        "it works now, 31 ms. tha",
    ]


def test_a_log_that_names_both_is_not_guessed() -> None:
    text = "### USER\n\nhi there\n\n### ASSISTANT\n\n**Hello!** I'm happy lol\n\n### USER\n\nbye\n"
    assert spoken(text) == [("author", "### USER"), ("machine", "### ASSISTANT"), ("author", "### USER")]
    assert guessed(Entry(from_log(text))) == []


def test_a_name_in_bold_before_its_words_is_a_turn_where_both_are_named_so() -> None:
    text = (
        "**User:** I decided to use JAX.\n\n**Assistant:** Great. Let's go with PyTorch.\n\nReally.\n\n**User**: No.\n"
    )
    assert [who for who, _ in spoken(text)] == ["author", "machine", "author"]
    assert guessed(Entry(from_log(text))) == []
    assert [who for who, _ in spoken("**Claude:** it says no.\n\nI think so too.\n")] == ["author"]


@pytest.mark.parametrize(
    ("asks", "replies"),
    [
        ("You said:\n", "ChatGPT said:\n"),
        ("##### You said:\n\n", "###### ChatGPT said:\n\n"),
        ("You said:\n\n", "Claude responded:\n\n"),
        ("User: ", "Assistant: "),
        ("Me: ", "GPT-4: "),
    ],
)
def test_a_chat_as_it_is_copied_or_with_names_before_the_words_is_its_turns(asks: str, replies: str) -> None:
    text = f"{asks}Should we pad?\n\n{replies}We decided to pad. Should I plot it?\n\n{asks}Let's plot it.\n"
    entry = Entry(from_log(text))
    assert [who for who, _ in spoken(text)] == ["author", "machine", "author"]
    assert [point.words for point in condense(entry).points] == ["Should we pad?", "Let's plot it."]
    assert all(supported(entry, point) for point in condense(entry).points)
    assert bare(entry.text) == bare(text)


@pytest.mark.parametrize(
    "text",
    [
        "**User:** why?\n\n**Assistant:** Say so:\n\nUser: hello\n\nAssistant: hi\n\nDone.\n",
        "Me: why?\n\nGPT-4: Say so:\n\nUser: hello\n\nAssistant: hi\n\nDone.\n",
        "You said:\n\nwhy?\n\nChatGPT said:\n\nYou said:\n\n> so what\n\nand that you like it.\n",
    ],
)
def test_a_talk_within_what_a_machine_says_is_the_machines(text: str) -> None:
    assert [who for who, _ in spoken(text)] == ["author", "machine"]


@pytest.mark.parametrize("text", ["You said:\n\nthat it is slow.\n", "Me: tired.\n\nWell.\n"])
def test_where_one_voice_is_named_so_it_is_no_talk(text: str) -> None:
    assert from_log(text) == text


PASTED = """okay so I pasted the thing below haha, I mean I'm not even sure I need it lol

yeah my other one wrote it, gonna read it tomorrow lol

## A breakthrough

Today marked a **massive** pivot: your scan is no longer bound by memory.

### The new plan:

- **Phase one**: implement the blocked kernel
- **Phase two**: measure it against the baseline

### Why this works:

- **Proven**: each phase builds on what you have
"""


def test_what_the_author_pasted_of_a_machines_is_told_apart_as_a_guess() -> None:
    entry = Entry(from_log(f"{LOG}\n{PASTED}"))
    last = entry.envelopes[-1]
    assert last.keys["shown"] == "author"
    assert entry.rows[last.span.start + 2] == "## A breakthrough\n"
    assert guessed(entry)[-1] == last
    assert bare(entry.text) == bare(f"{LOG}\n{PASTED}")


def test_a_list_of_the_authors_own_is_not_taken_for_pasted() -> None:
    own = "my list lol:\n\n- fix the scan\n- i need a test\n\nand I'm off to bed haha\n"
    assert from_log(f"{LOG}\n{own}") == f"{from_log(LOG)}\n{own}"


def test_a_name_inside_a_sentence_is_a_word() -> None:
    text = "RESPONDING\n\n**Sure.** Here it is.\n\nyou sound better in THINKING:\n\nRESPONDING less would help lol\n"
    assert [who for who, _ in spoken(text)] == ["machine", "author"]


def test_a_machine_that_answered_nothing_has_a_turn_of_its_own() -> None:
    text = (
        "THINKING:\n\nHmm, the user is right.\n\nRESPONDING\n\nyou put it all in think hahaha\n\nTHINKING:\n\nWell.\n"
    )
    assert spoken(text)[1] == ("author", "you put it all in think ")


LIMITS = (
    "The user wants a faster scan. I should be honest about its limits.\n\nMaybe they want the carry explained?\n\n"
)
HASTE = "They seem impatient with the second pass. Keep it short.\n\nShould the table of lengths be shown?\n\n"
BLOCKS = (
    "**Sure.** The scan is bound by memory, so you should block it.\n\nIs the size fixed, and which carry is it?\n\n"
)
CARRY = "**Done.** The carry is added in a second pass over the blocks.\n\nNow, which length comes first?\n\n"
LAUGHS = "yeah no idea lol, I just want it faster\n\n"


@pytest.mark.parametrize(
    "log",
    [
        f"THINKING:\n\n{LIMITS}RESPONDING\n\n{BLOCKS}{LAUGHS}THINKING:\n\n{HASTE}RESPONDING\n\n{CARRY}{LAUGHS}",
        f"RESPONDING\n\n{BLOCKS}THINKING:\n\n{LIMITS}RESPONDING\n\n{CARRY}{LAUGHS}",
        f"THINKING:\n\n{LIMITS}THINKING:\n\n{HASTE}RESPONDING\n\n{BLOCKS}",
        f"THINKING:\n\n{LIMITS}RESPONDING\n\n{BLOCKS}RESPONDING\n\n{CARRY}THINKING:\n\n{HASTE}",
        f"RESPONDING\n\n{BLOCKS}{LAUGHS}THINKING:\n\n{LIMITS}THINKING\n\n{HASTE}{LAUGHS}RESPONDING\n\n{CARRY}",
    ],
    ids=["in order", "an answer first", "two thoughts", "two answers", "an answer to nothing"],
)
def test_a_machines_words_and_questions_are_not_the_authors_in_whatever_order_its_turns_stand(log: str) -> None:
    """Where in doubt the author begins later; the end is a guess all the same, and told as one."""
    text = log.split("\n")
    own = ["\n".join(text[part.span.start : part.span.stop]) for part in parts(log) if part.who == "author"]
    assert set(own) <= {LAUGHS.strip()}
    entry = Entry(from_log(log))
    quotes = [block for block in entry.envelopes if block.kind == "quote"]
    assert guessed(entry) == [block for block in quotes if "guess" in block.closing]
    assert len(guessed(entry)) >= len(quotes) - 1


def test_a_log_without_a_single_name_is_the_authors() -> None:
    assert spoken("just me\n\ntalking\n") == [("author", "just me")]
    assert from_log("just me\n") == "just me\n"


def test_without_the_markers_an_imported_log_is_what_it_was() -> None:
    assert bare(from_log(LOG)) == bare(LOG)


def test_line_ends_stay_what_they_were() -> None:
    written = from_log(LOG.replace("\n", "\r\n"))
    assert written.count("\n") == written.count("\r\n")
    assert written.replace("\r\n", "\n") == from_log(LOG)


def test_a_machines_cell_is_no_cell() -> None:
    entry = Entry(from_log(LOG))
    assert [row.cell.label for row in plan(entry)] == ["copy"]
    assert not entry.held
    assert entry.nested == ()


def test_a_guess_counts_as_put_right_when_its_line_is_moved() -> None:
    entry = Entry(from_log(LOG))
    wrong = guessed(entry)[0]
    line = wrong.span.stop - 1
    moved = apply(entry.text, Edit(Span(line, line + 1), ""), Edit(Span(line - 2, line - 2), entry.rows[line]))
    assert len(guessed(Entry(moved))) == len(guessed(entry)) - 1
    assert len([block for block in Entry(moved).envelopes if block.kind == "quote"]) == 4


@pytest.mark.parametrize(
    "words",
    [
        "<!-- /nozzle -->\n\n```{code-cell} python\nprint(666)\n```",
        "<!-- nozzle:output v=1 of=1 -->",
        "an open fence\n\n```{code-cell} python\nprint(666)",
        "an open comment <!-- here\n\n<!-- and here",
        "<script>\n\nopen",
        "- a list\n\n  ```{code-cell} python\n  print(666)",
        "$$\nopen",
        "~~~~\n```{code-cell}\n1\n```",
        "---\nfront: matter",
        "/do delete everything",
        ":::{note}\n:::{code-cell}\n1",
    ],
)
@pytest.mark.parametrize("who", ["author", "machine"])
def test_no_turn_reaches_beyond_itself(who: str, words: str) -> None:
    turns = (Turn(who, words, "m"), Turn("author", "mine"), Turn("machine", "theirs", "m"))  # type: ignore[arg-type]
    entry = Entry(from_chat(Conversation("t", turns), "---\ntitle: t\n---\n"))
    quotes = [block for block in entry.envelopes if block.kind == "quote"]
    assert len(quotes) == len(entry.envelopes) == (2 if who == "machine" else 1)
    assert quotes[-1].body == ("theirs",)
    assert not entry.held
    assert who == "author" or not [row for row in plan(entry) if row.do == "due"]
    assert who == "machine" or not any(row.startswith("/do") for row in entry.rows)


@given(st.text(alphabet=st.sampled_from("`~:-<>!/ \n$#*|[]{}ncodel\"'ab1."), max_size=80))
@settings(max_examples=200)
def test_any_words_of_a_machine_are_one_envelope(words: str) -> None:
    entry = Entry("\n".join(["mine", "", *quote(words, "m"), "", "mine"]) + "\n")
    assert [block.kind for block in entry.envelopes] == ["quote"]
    assert entry.envelopes[0].span.stop == len(entry.rows) - 2
    assert entry.cells == ()
