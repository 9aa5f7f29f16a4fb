"""What a model claims and nothing shows stands grey; what is shown stays as it is; nothing is taken away."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nozzle.document.entry import Entry
from nozzle.explainer.claims import FOUND, READ, SHOWN, Evidence, shown, weighed
from nozzle.explainer.links import checked
from nozzle.publish.flow import undrawn

HERE = Evidence(
    "The loss was 0.3333333 after 1,200 steps, from `train.csv`; see https://example.org/a?b=1\n"
    "An exclusive scan begins with the *neutral element* of its operator.\n0.25\n",
    there=lambda path: path == "model.py",
    elsewhere=lambda words: words == "a passage of another entry",
    undrawn=undrawn,
)


@pytest.mark.parametrize(
    "text",
    [
        "The loss is 0.33.",
        "It took 1200 steps; 25% of it is noise.",
        "Both cells run, and 2 fail.",
        "Would 77 be better?",
        "See `train.csv` and `model.py`, line 99.",
        "It says \"begins with the neutral element of its operator\".",
        "> begins with the neutral element",
        "Elsewhere: \"a passage of another entry\".",
        "Read [there](https://example.org/a?b=1).",
        "Use `float64` on Python 3.11.4, as x86_64 does.",
        "3. an item\n4. another",
        "```python\nprint(77)\n```",
        "A link [to it](#cell-99aa00bb11cc).",
    ],
)  # fmt: skip
def test_what_is_shown_stays_as_it_is(text: str) -> None:
    assert weighed(text, HERE) == text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("The loss is 0.34.", SHOWN),
        ("It took 1201 steps.", SHOWN),
        ("It is 26% noise.", SHOWN),
        ("It wrote 1e6 rows.", SHOWN),
        ("See `other.csv`.", SHOWN),
        ("It says \"begins with the first element of its operator\".", FOUND),
        ("Read https://example.org/other for more.", READ),
    ],
)  # fmt: skip
def test_what_is_not_shown_stands_grey_and_says_why(text: str, why: str) -> None:
    assert weighed(text, HERE) == f'<span class="unshown">{text} *({why})*</span>'


def test_only_the_sentence_is_grey() -> None:
    text = "It ran. The loss is 0.34. It is low.\n\n- a `0.5. no end` of 9 items\n- fine"
    assert weighed(text, HERE) == (
        f'It ran. <span class="unshown">The loss is 0.34. *({SHOWN})*</span> It is low.\n\n'
        f'- <span class="unshown">a `0.5. no end` of 9 items *({SHOWN})*</span>\n- fine'
    )


def test_a_table_and_a_quotation_keep_their_shape() -> None:
    table = "| a | b |\n|---|---|\n| 77 | 0.25 |"
    assert weighed(table, HERE) == f'{table}\n\n<span class="unshown">*(the table: {SHOWN})*</span>'
    quote = "> Nobody ever wrote\n> these words."
    assert weighed(quote, HERE) == f'{quote}\n\n<span class="unshown">*({FOUND})*</span>'


@pytest.mark.parametrize("mark", ["```", "~~~~"])
def test_a_diagram_that_does_not_parse_is_its_source_and_says_why(mark: str) -> None:
    good = "```mermaid\ngraph TD\n  A[load] --> B[train]\n```"
    assert weighed(good, HERE) == good
    source = "graph TD\n  A --> B\n  A[load it] -->|then| B[train"
    bad = f"So:\n\n{mark}mermaid\n{source}\n{mark}\n\nDone."
    why = "*(a diagram that is not drawn: line 3 does not parse; its source:)*"
    assert weighed(bad, HERE) == f"So:\n\n{why}\n\n{mark}text\n{source}\n{mark}\n\nDone."


WORK = """# Work

Aim: 41 rows.

```{code-cell} python
#| label: sum
print(6)
```

<!-- nozzle:output v=1 of=9a0b1c2d3e4f status=ok sha=5f1e22c09a77 -->

```text
6
```

<!-- /nozzle sig=77 -->

<!-- nozzle:answer v=1 of=9a0b1c2d3e4f by=explainer -->

> [!TIP]
> It is 88.

<!-- /nozzle -->
"""


def test_an_entry_shows_what_was_run_and_written_and_not_what_agents_said() -> None:
    evidence = Evidence(shown(Entry(WORK)))
    assert evidence.numbers == [6.0, 41.0]
    chain = Entry(WORK).cells[0].chain
    assert Evidence(shown(Entry(WORK), chain)).numbers == [6.0, 41.0], "its output shows it too"
    assert Evidence(shown(Entry(WORK), chain, ["6"])).numbers == [41.0], "and what it only claims shows nothing"
    assert Evidence(shown(Entry(WORK), chain, ["7"])).numbers == [41.0], "nor does what may hold a claim"


@given(st.lists(st.sampled_from(["a 7.5 b", "x.", " ", "", "- i 9", "```", "~~~", "| 1 |", "> q", "`c. d`", "# 8"])))
def test_nothing_is_taken_away(rows: list[str]) -> None:
    text = "\n".join(rows)
    grey = re.compile(r'\n\n<span class="unshown">\*\([^)]*\)\*</span>|<span class="unshown">| \*\([^)]*\)\*</span>')
    assert grey.sub("", weighed(text, Evidence(""))) == text


@pytest.mark.parametrize("odd", ["[", "`x`. ", "` `` ", "[a](b) `c` x. ", "](", "a`b. "])
def test_however_odd_a_long_reply_is_it_is_read_in_one_go(odd: str) -> None:
    text = odd * (200_000 // len(odd))
    assert weighed(text, Evidence("")).count("unshown") == 0
    assert checked(text, Entry(""), lambda path: True) == text
