"""Cells are found as mystmd finds them.

The expected lists are the answers of mystmd's own parser (myst-parser 1.7.3 with myst-ext-tabs), pinned; the sample in
mystmd_cells.json was made by `python bench/mystmd_cells.py 100 --seed 2026 --pin tests/document/mystmd_cells.json`.
"""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from nozzle.document.outline import nested_cells, outline

PINNED = json.loads(Path(__file__).with_name("mystmd_cells.json").read_text(encoding="utf-8"))

DIFFERENT = {
    "front matter that is not closed": (["total = 1"], []),  # mystmd: no cells; nozzle runs nothing in such a file
    "in a formula that holds a blank line": ([], []),  # mystmd: a blank line ends no formula begun, the cell counts
}

# name, text, the bodies of the cells at top level, of those elsewhere
CASES = [
    ("a backtick fence", "# Sums\n\n```{code-cell} python\ntotal = 1\n```\n\ntext below\n", ["total = 1"], []),
    ("a colon fence", "# Sums\n\n:::{code-cell} python\ntotal = 1\n:::\n\ntext below\n", ["total = 1"], []),
    ("a tilde fence", "~~~{code-cell} python\ntotal = 1\n~~~\n", ["total = 1"], []),
    ("a colon fence right under a paragraph", "text\n:::{code-cell} python\ntotal = 1\n:::\ntext\n", ["total = 1"], []),
    (
        "a backtick fence right under a paragraph",
        "text\n```{code-cell} python\ntotal = 1\n```\ntext\n",
        ["total = 1"],
        [],
    ),
    ("a colon fence in a longer one", "::::{note}\n:::{code-cell} python\ntotal = 1\n:::\n::::\n", [], ["total = 1"]),
    (
        "a colon fence in one of the same length",
        ":::{note}\n:::{code-cell} python\ntotal = 1\n:::\n:::\n",
        [],
        ["total = 1"],
    ),
    ("a backtick fence in a colon fence", ":::{note}\n```{code-cell} python\ntotal = 1\n```\n:::\n", [], ["total = 1"]),
    ("in a dropdown", "::::{dropdown} More\n```{code-cell} python\ntotal = 1\n```\n::::\n", [], ["total = 1"]),
    (
        "in a tab",
        ":::::{tab-set}\n::::{tab-item} One\n:::{code-cell} python\ntotal = 1\n:::\n::::\n:::::\n",
        [],
        ["total = 1"],
    ),
    ("in a list", "- first\n\n  ```{code-cell} python\n  total = 1\n  ```\n- second\n", [], ["total = 1"]),
    (
        "in a numbered list",
        "1. first\n\n   ```{code-cell} python\n   total = 1\n   ```\n2. second\n",
        [],
        ["total = 1"],
    ),
    ("in a quote", "> ```{code-cell} python\n> total = 1\n> ```\n", [], ["total = 1"]),
    (
        "Windows line ends",
        "# Sums\r\n\r\n```{code-cell} python\r\ntotal = 1\r\nrest = 2\r\n```\r\ntext\r\n",
        ["total = 1\nrest = 2"],
        [],
    ),
    ("old Macintosh line ends", "# Sums\r\r```{code-cell} python\rtotal = 1\r```\rtext\r", ["total = 1"], []),
    (
        "separators that are no line ends",
        'left\u2028right\n\n```{code-cell} python\nname = "a\u2028b\x0c\x85\x1c"\n```\n',
        ['name = "a\u2028b\x0c\x85\x1c"'],
        [],
    ),
    ("a tab in the code", "```{code-cell} python\nif 1:\n\ttotal = 1\n```\n", ["if 1:\n\ttotal = 1"], []),
    ("a fence behind a tab is code", "\t```{code-cell} python\n\ttotal = 1\n\t```\n", [], []),
    ("a fence behind three spaces", "   ```{code-cell} python\n   total = 1\n   ```\n", ["total = 1"], []),
    ("a fence behind four spaces is code", "text\n\n    ```{code-cell} python\n    total = 1\n    ```\n", [], []),
    ("an unclosed backtick fence", "# Sums\n\n```{code-cell} python\ntotal = 1\n\ntext\n", ["total = 1\n\ntext"], []),
    ("an unclosed colon fence", "# Sums\n\n:::{code-cell} python\ntotal = 1\n\ntext\n", ["total = 1\n\ntext"], []),
    (
        "front matter with backticks in it",
        '---\ntitle: a\nmark: "```"\n---\n```{code-cell} python\ntotal = 1\n```\n',
        ["total = 1"],
        [],
    ),
    (
        "front matter with Windows line ends",
        "---\r\ntitle: a\r\n---\r\n\r\n```{code-cell} python\r\ntotal = 1\r\n```\r\n",
        ["total = 1"],
        [],
    ),
    (
        "a byte-order mark before front matter",
        "\ufeff---\ntitle: a\n---\n\n```{code-cell} python\ntotal = 1\n```\n",
        ["total = 1"],
        [],
    ),
    ("an example in a longer fence", "````md\n```{code-cell} python\ntotal = 1\n```\n````\n", [], []),
    ("in an HTML comment", "<!--\n```{code-cell} python\ntotal = 1\n```\n-->\n", [], []),
    ("a space before the name", "``` {code-cell} python\ntotal = 1\n```\n", ["total = 1"], []),
    ("no space before the language", "```{code-cell}python\ntotal = 1\n```\n", ["total = 1"], []),
    ("no language", "```{code-cell}\ntotal = 1\n```\n", ["total = 1"], []),
    ("the language ipython3", "```{code-cell} ipython3\ntotal = 1\n```\n", ["total = 1"], []),
    (
        "options between colons",
        "```{code-cell} python\n:tags: [a, b]\n:label: sum\n\ntotal = 1\n```\n",
        ["total = 1"],
        [],
    ),
    ("options in YAML", "```{code-cell} python\n---\ntags: [a, b]\n---\ntotal = 1\n```\n", ["total = 1"], []),
    (
        "options in comments stay in the code",
        "```{code-cell} python\n#| label: sum\ntotal = 1\n```\n",
        ["#| label: sum\ntotal = 1"],
        [],
    ),
    (
        "a colon line in the code closes a colon fence",
        ':::{code-cell} python\ntext = """\n:::\n"""\n:::\n',
        ['text = """'],
        [],
    ),
    ("but not a longer one", '::::{code-cell} python\ntext = """\n:::\n"""\n::::\n', ['text = """\n:::\n"""'], []),
    (
        "backticks in a longer fence",
        '````{code-cell} python\ntext = """\n```\n"""\n````\n',
        ['text = """\n```\n"""'],
        [],
    ),
    ("a closing fence that is longer", "```{code-cell} python\ntotal = 1\n`````\ntext\n", ["total = 1"], []),
    ("a closing fence with spaces behind it", "```{code-cell} python\ntotal = 1\n```  \t\ntext\n", ["total = 1"], []),
    ("no newline at the end", "```{code-cell} python\ntotal = 1\n```", ["total = 1"], []),
    ("a NUL in the code", '```{code-cell} python\nname = "a\x00b"\n```\n', ['name = "a�b"'], []),
    ("in a div", "<div>\n```{code-cell} python\ntotal = 1\n```\n</div>\n", [], []),
    ("in a div with blank lines", "<div>\n\n```{code-cell} python\ntotal = 1\n```\n\n</div>\n", ["total = 1"], []),
    ("blank lines around the code", "```{code-cell} python\n\n\ntotal = 1\n\n\n```\n", ["total = 1"], []),
    (
        "code that begins with a colon",
        "```{code-cell} python\n:no option\ntotal = 1\n```\n",
        [":no option\ntotal = 1"],
        [],
    ),
    ("an empty cell", "```{code-cell} python\n```\n", [""], []),
    (
        "two cells without a line between",
        "```{code-cell} python\n1\n```\n```{code-cell} python\n2\n```\n",
        ["1", "2"],
        [],
    ),
    ("capital letters in the name", "```{Code-Cell} python\n1\n```\n", [], []),
    ("below a formula", "$$\na\n$$\n\n```{code-cell} python\ntotal = 1\n```\n", ["total = 1"], []),
    (
        "dollars in a paragraph and in the code",
        'it costs $$ here\n\n```{code-cell} python\nprice = "$$"\n```\n',
        ['price = "$$"'],
        [],
    ),
    (
        "a line comment that shows a fence",
        "% ```{code-cell} python\n\n```{code-cell} python\ntotal = 1\n```\n",
        ["total = 1"],
        [],
    ),
    ("block breaks", '+++ {"a": 1}\n```{code-cell} python\ntotal = 1\n```\n+++\n', ["total = 1"], []),
    ("front matter that is not closed", "---\ntitle: a\n\n```{code-cell} python\ntotal = 1\n```\n", [], []),
    ("in a formula that holds a blank line", "$$\na\n\n```{code-cell} python\ntotal = 1\n```\n$$\n", ["total = 1"], []),
    ("in a formula", "$$\n```{code-cell} python\ntotal = 1\n```\n$$\n", [], []),
]


def cells(text: str) -> tuple[list[str], list[str]]:
    found = outline(text)
    tops = [top for top in found.tops if re.match(r"\s*\{code-cell\}", top.info)]
    return [body(found.rows[top.start : top.stop]) for top in tops], [code for _, code in nested_cells(found)]


def body(rows: list[str]) -> str:
    """The body of a top-level cell, read as that of a cell inside another directive."""
    around = ":" * 40
    return nested_cells(outline("".join([f"{around}{{note}}\n", *rows, f"\n{around}\n"])))[0][1]


@pytest.mark.parametrize(("text", "top", "nested"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_the_cells_of(text: str, top: list[str], nested: list[str], request: pytest.FixtureRequest) -> None:
    name = request.node.callspec.id
    assert cells(text) == DIFFERENT.get(name, (top, nested))
    assert (name in DIFFERENT) == (cells(text) != (top, nested))


@pytest.mark.parametrize("each", PINNED, ids=range(len(PINNED)))
def test_a_random_document_holds_the_cells_that_mystmd_found(each: dict[str, Any]) -> None:
    assert cells(each["text"]) == (each["top"], each["nested"])


def test_a_nested_cell_is_told_with_its_line() -> None:
    text = "# T\n\n- a\n  - b\n\n    ```{code-cell}\n    1\n    ```\n\n"
    text += "::::{note}\n:class: x\n\n:::{code-cell}\n2\n:::\n::::\n"
    assert nested_cells(outline(text)) == [(5, "1"), (12, "2")]
    for line, _ in nested_cells(outline(text)):
        assert "{code-cell}" in outline(text).rows[line]


def test_a_cell_in_a_directive_whose_body_is_no_markdown_is_none() -> None:
    assert nested_cells(outline("````{code} md\n```{code-cell}\n1\n```\n````\n")) == []
