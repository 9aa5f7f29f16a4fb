"""The outline is markdown-it's, from scratch and after any edit."""

import random
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.front_matter import front_matter_plugin
from mdit_py_plugins.myst_blocks import myst_block_plugin

from nozzle.document import toplevel
from nozzle.document.entry import Entry
from nozzle.document.outline import outline
from nozzle.document.toplevel import Top

PARSER = MarkdownIt("commonmark").enable("table").use(front_matter_plugin).use(colon_fence_plugin)
PARSER.use(myst_block_plugin).use(dollarmath_plugin)

FRAGMENTS = """\
```{code-cell} python|```|````|````{code-cell}|~~~{code-cell} python|~~~|~~~~ x|:::{code-cell} python|:::|::::
::::{note}|::: {note} T|print(1)|x = 2|# Heading|#|####### x|#tag|para||||> quote|>quote|> text.|> 1. ten
>|> |> >|> > deep|> - a|> 1. >|> *|> ```|> $$|>\ttab|- item|- item|-|-    |-   four|-    five|- $$|- $$ x|- > $$
- ---|- x--|- - -|- [ ] task|* z|  * nested|    - nested|   - three|*   **wide** x|+1|+ + +|1. one|2. two|1.
12) x|10. ten|1.  **wide**|2.  y|99999999999. x|  12) x|  indented|    code|   # Heading|\tTab|-\tx|$$|$$ x
x $$|$$ (label)|$$ x $$|$$ x $$ (label)|a $$ b|$$$|  $$|$x$ y|---| ---|----|--- x|--|===|=x|...|***|* * *
_ _ _|_x_|**bold** x|+++|+++ {"a": 1}|% comment|  % more|<!-- c -->|<!--|-->|<!-- nozzle:output v=1 -->|<div>
</div>|<script>|</script>|<?php|?>|<b>|a <b>x</b>|<https://a.b>|```python|``` x`y|`x` y|| a \x01 b \x01
\x01---\x01---\x01|\x01 a \x01|\x01-\x01|\x01\x01|\x01:-:\x01 --\x01|a \x01 b|-\x01-|# a \x01 b|``` a\x01b
::: a\x01b|> a \x01 b|- a \x01 b|<!-- a \x01 b|\x01 a \\\x01 b \x01|:tags: [a]|:x|~~x~~|[^1]: note|[a]: b|[a]:
"title|title"|[x|[x] y|text [a] b|(label)=|(x) y|\x0c(a)=|\xa0x|\x1c|\u2028|a\u2028b|\ufeff|\ufeff---|é😀|\0
\x85|-foo| |  |    |\t|a\rb|a\r\nb|99 x|12 x|<div class="x">|<p>|</p >|<details><summary>|<DIV>|<table/>|<divx>
- --|=|   ---|==|+++ |(a)= |% |% a\n\t% b|() =|()=|(=)=|((a)=|  (b)=|+++x|++ +|   %|<div |-- -""".replace(
    "\n", "|"
).split("|")
FRAGMENTS = [fragment.replace("\x01", "|") for fragment in FRAGMENTS]


def expected(text: str) -> list[Top]:
    """What markdown-it says; it fails on some texts that do not end in a newline, so they get one."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    bare = text.rstrip(" \t")
    if bare and not bare.endswith("\n"):
        text += "\n"
    return [
        Top(token.type, *token.map, *shown(token.type, token.info, token.markup))
        for token in PARSER.parse(text)
        if token.level == 0 and token.map
    ]


def shown(kind: str, info: str, markup: str) -> tuple[str, str]:
    fence = kind in ("fence", "colon_fence")
    return info if fence else "", markup if fence or kind == "heading_open" else ""


def document(chance: random.Random, most: int) -> list[str]:
    """Lines drawn from all fragments, or from a few, which then meet more often."""
    fragments = chance.choice([FRAGMENTS, [*chance.sample(FRAGMENTS, 6), "", "para"]])
    return chance.choices(fragments, k=chance.randint(1, most))


def text_of(chance: random.Random, lines: list[str]) -> str:
    return "\n".join(lines) + chance.choice(["\n", "\n", "", " ", "\n  ", "\n\n"])


@pytest.mark.parametrize(("window", "most", "number"), [(1, 8, 12_000), (400, 14, 6_000), (1, 40, 2_000)])
def test_random_documents_have_the_blocks_of_markdown_it(
    monkeypatch: pytest.MonkeyPatch, often: Callable[[int], int], window: int, most: int, number: int
) -> None:
    monkeypatch.setattr(toplevel, "WINDOW", window)
    chance = random.Random(f"{window} {most}")
    for _ in range(often(number)):
        text = text_of(chance, document(chance, most))
        assert list(outline(text).tops) == expected(text), text


@pytest.mark.parametrize(("window", "most", "number"), [(1, 12, 4_000), (400, 40, 600)])
def test_after_any_edit_the_outline_is_that_of_the_new_text(
    monkeypatch: pytest.MonkeyPatch, often: Callable[[int], int], window: int, most: int, number: int
) -> None:
    monkeypatch.setattr(toplevel, "WINDOW", window)
    chance = random.Random(f"{window} {most}")
    for _ in range(often(number)):
        lines = document(chance, most)
        found = outline(text_of(chance, lines))
        for _ in range(4):
            at = chance.randint(0, len(lines))
            lines[at : at + chance.randint(0, 2)] = document(chance, 3)[1:]
            text = text_of(chance, lines)
            found = outline(text, found)
            assert found == outline(text), text


@settings(max_examples=400)
@given(st.lists(st.one_of(st.sampled_from(FRAGMENTS), st.text(max_size=12)), max_size=12).map("\n".join))
def test_any_text_has_the_blocks_of_markdown_it(text: str) -> None:
    assert list(outline(text).tops) == expected(text)


@settings(max_examples=400)
@given(st.text(st.sampled_from("-#>`~:$|%+()=[]1. \t\nab\r\0<!"), max_size=60))
def test_any_mess_of_marks_has_the_blocks_of_markdown_it(text: str) -> None:
    assert list(outline(text).tops) == expected(text)


def test_what_did_not_change_is_not_parsed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(f"= {n}\n\n" for n in range(2000))  # each needs the parser
    before = outline(text)
    seen = watched(monkeypatch)
    after = outline(text.replace("= 1000\n", "= 1000\n= more\n"), before)
    assert len(after.tops) == 2000
    assert sum(seen) < 3 * toplevel.WINDOW
    assert outline(text, before) is before


def test_a_dollar_far_below_makes_a_formula_of_what_was_a_paragraph() -> None:
    text = "- $$ x\n\n" + "word\n\n" * 2000
    before = outline(text)
    after = outline(text + "$$\n", before)
    assert (before.tops[0].stop, before.loose) == (2, (0,))
    assert [(top.kind, top.stop) for top in after.tops] == [("bullet_list_open", 4003)]


def test_lines_are_counted_as_markdown_counts_them() -> None:
    text = "a\u2028b\x0c\x85c\r\n\r\n```x\0\ry\r\n```"
    assert outline(text).tops == (Top("paragraph_open", 0, 1), Top("fence", 2, 5, "x\ufffd", "```"))
    assert "".join(outline(text).rows) == text


@pytest.mark.parametrize("line", ["$$ a", "- $$ a", "<!--", "```", "- - a", "[a]: b", "> 1. >", "a | b", "=", "    "])
def test_a_hostile_text_is_not_parsed_over_and_over(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = watched(monkeypatch)
    text = f"{line}\n\n" * 3000 + "x $$\n"
    outline(text)
    assert sum(seen) < 3 * len(text) + 4 * toplevel.WINDOW


def watched(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Characters handed to markdown-it, window by window."""
    seen: list[int] = []

    class Watched(toplevel.Window):
        def __init__(self, text: str, start: int, stop: int) -> None:
            seen.append(stop - start)
            super().__init__(text, start, stop)

    monkeypatch.setattr(toplevel, "Window", Watched)
    return seen


def test_a_long_first_line_names_its_cell_with_its_beginning_and_an_ellipsis() -> None:
    short, long = (Entry(f"```{{code-cell}}\n{'x' * count}\n```\n").cells[0].title for count in (60, 61))
    assert (short, long) == ("x" * 60, "x" * 59 + "…")


CELLS = [
    "```{code-cell} python\nx = 1\n```",
    "```{code-cell} bash\nls\n```",
    "```{code-cell}\n#| label: a",
    "```",
    "~~~",
    "<!-- nozzle:output v=1 of=aaaaaaaaaaaa -->\n\n```text\n1\n```\n\n<!-- /nozzle chain=aaaaaaaaaaaa sig=b -->",
    "<!-- nozzle:cell v=1 id=c by=doer -->\n\n> why\n\n```{code-cell} python\ny = 2\n```\n\n<!-- /nozzle -->",
    "<!-- nozzle:note v=1 of=aaaaaaaaaaaa -->\n\n> a\n\n<!-- /nozzle -->",
    "<!-- nozzle:news v=1 -->",
    "<!-- /nozzle -->",
    "prose",
    "# Heading",
    "- item",
    "/ask why",
    "```{note}\nx\n```",
    "---\nkernelspec: {name: ir, language: R}\n---",
    "---",
    "",
]


def test_after_any_edit_an_entry_has_the_blocks_of_the_new_text() -> None:
    chance = random.Random("blocks")
    for _ in range(1500):
        lines = chance.choices(CELLS, k=chance.randint(1, 14))
        found = Entry("\n".join(lines))
        for _ in range(5):
            at = chance.randint(0, len(lines))
            lines[at : at + chance.randint(0, 2)] = chance.choices(CELLS, k=chance.randint(0, 2))
            text = "\n".join(lines)
            found, fresh = Entry(text, before=found), Entry(text)
            if chance.random() < 0.8:
                assert (found.blocks, found.envelopes, found.slots) == (fresh.blocks, fresh.envelopes, fresh.slots), (
                    text
                )
            assert found.held == fresh.held, text
