import re

from hypothesis import given
from hypothesis import strategies as st

from nozzle.document.lines import eol, split

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
