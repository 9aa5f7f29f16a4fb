import re

from hypothesis import given
from hypothesis import strategies as st

from nozzle.document import scribe, spoken
from nozzle.document.entry import Entry
from nozzle.document.insert import insert
from nozzle.document.lines import eol, split, trimmed
from nozzle.document.outputs import Text
from nozzle.document.prompts import prompts
from nozzle.document.scribe import Hand, Result
from nozzle.document.spoken import Saying

TEXTS = st.text(st.sampled_from("ab\r\n\t \x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029\0é😀"))


@given(TEXTS)
def test_lines_joined_are_the_text(text: str) -> None:
    assert "".join(split(text)) == text


@given(TEXTS)
def test_a_line_ends_where_markdown_ends_it_and_nowhere_else(text: str) -> None:
    assert split(text) == re.findall(r"[^\r\n]*(?:\r\n|\n|\r)|[^\r\n]+", text)


def test_the_line_ending_is_the_first_one() -> None:
    assert [eol(text) for text in ("", "a", "a\nb\r\n", "a\r\nb\n", "a\rb\n", "\r", "a\u2028b\r\n")] == [
        "\n", "\n", "\n", "\r\n", "\r", "\r", "\r\n",
    ]  # fmt: skip


@given(st.lists(st.sampled_from(["", " ", "\t\n", "a", " b ", "c\r\n"])))
def test_blank_lines_around_are_away_and_those_between_stay(rows: list[str]) -> None:
    assert trimmed(rows) == "\n".join(row.rstrip() for row in rows).strip("\n").split("\n") or not any(trimmed(rows))


MANY = 1_000_000
"""To take the first of a list away so often would take hours."""


def test_a_million_blank_lines_around_what_was_said_end() -> None:
    around = "\n" * MANY
    entry = Entry("```{code-cell} python\n1\n```\n\n/ask what?\n")
    cell, asked = entry.cells[0], prompts(entry)[0]
    shown = scribe.write(entry, Result(cell.chain, "ok", (Text("stdout", f"{around}x{around}"),)), Hand())
    assert shown is not None
    assert "\n\n```text\nx\n```\n\n" in shown.text
    answered = spoken.answer(entry, asked.digest, Saying(f"{around[:50_000]}x"), Hand())
    assert answered is not None
    assert "\n> x\n" in answered.text
    put = insert(entry, "prose", f"{around}x{around}")
    assert put is not None
    assert put.text.strip() == "x"
    read = Entry(f"<!-- nozzle:note v=1 of=abc by=explainer -->{around}x{around}<!-- /nozzle -->\n")
    assert [block.body for block in read.envelopes] == [("x",)]
