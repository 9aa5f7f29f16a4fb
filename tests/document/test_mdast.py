"""Text -> tree: what every piece of syntax becomes, and that no text is too strange."""

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nozzle.document.mdast import Node, children, parse, plain, walk


def tree(text: str) -> list[Any]:
    """A tree without lines and anchors: (type, words or children), short enough to compare by eye."""
    return [_short(node) for node in children(parse(text)["mdast"])]


def _short(node: Node) -> Any:
    if "children" in node:
        return (node["type"], *map(_short, children(node)))
    return (node["type"], node.get("value") or node.get("url") or "")


def first(text: str, kind: str) -> Node:
    return next(node for node in walk(parse(text)["mdast"]) if node["type"] == kind)


def text(words: str) -> tuple[str, str]:
    return ("text", words)


CASES = {
    "# A *b*\n": [("heading", text("A "), ("emphasis", text("b")))],
    "a\nb  \nc\n": [("paragraph", text("a\nb"), ("break", ""), text("c"))],
    "- a\n- b\n": [("list", ("listItem", text("a")), ("listItem", text("b")))],
    "- a\n\n- b\n": [("list", ("listItem", ("paragraph", text("a"))), ("listItem", ("paragraph", text("b"))))],
    "> q\n": [("blockquote", ("paragraph", text("q")))],
    "> [!TIP]\n> do\n": [("admonition", ("admonitionTitle", text("Tip")), ("paragraph", text("do")))],
    "> [!OTHER]\n> do\n": [("blockquote", ("paragraph", text("[!OTHER]\ndo")))],
    "```{note} Yes\nbody\n```": [("admonition", ("admonitionTitle", text("Yes")), ("paragraph", text("body")))],
    ":::{dropdown} More\nbody\n:::": [("details", ("summary", text("More")), ("paragraph", text("body")))],
    "~~gone~~ `c` $x$": [
        ("paragraph", ("delete", text("gone")), text(" "), ("inlineCode", "c"), text(" "), ("inlineMath", "x"))
    ],
    "it costs $5 and $6": [("paragraph", text("it costs $5 and $6"))],
    "$$\na\n$$": [("math", "a")],
    "```math\na\n```": [("math", "a")],
    "```{mermaid}\ngraph TB\n```": [("mermaid", "graph TB")],
    "```mermaid\ngraph TB\n```": [("mermaid", "graph TB")],
    "% said aside": [("mystComment", "said aside")],
    "+++": [("blockBreak", "")],
    "H{sub}`2`O": [("paragraph", text("H"), ("subscript", text("2")), text("O"))],
    "{abc}`kept`": [("paragraph", ("mystRole", "kept"))],
    "```{abc}\nkept *as it is*\n```": [("mystDirective", "kept *as it is*")],
    "T\n: d\n": [("definitionList", ("definitionTerm", text("T")), ("definitionDescription", text("d")))],
    "::::{tab-set}\n:::{tab-item} A\nx\n:::\n::::": [("tabSet", ("tabItem", ("paragraph", text("x"))))],
    "::::{grid} 2\n:::{card} A\nx\n:::\n::::": [("grid", ("card", ("cardTitle", text("A")), ("paragraph", text("x"))))],
    "/ask Why *so*?": [("div", ("paragraph", text("Why "), ("emphasis", text("so")), text("?")))],
    "```{do}\nit\n```": [("div", ("paragraph", text("it")))],
    "---\n- no mapping\n---\nhi": [("code", "- no mapping"), ("paragraph", text("hi"))],
}


@pytest.mark.parametrize("source", CASES, ids=lambda source: source.split("\n")[0])
def test_syntax_becomes_the_nodes_mystmd_makes_of_it(source: str) -> None:
    assert tree(source) == CASES[source]


def test_front_matter_is_read_and_not_shown() -> None:
    article = parse('---\ntitle: "Crystals"\ndate: 2025-09-27\ntags: [a, 1]\n---\nhi')
    assert article["frontmatter"] == {"title": "Crystals", "date": "2025-09-27", "tags": ["a", 1]}
    assert [node["type"] for node in children(article["mdast"])] == ["paragraph"]
    assert parse("---\n: [\n---\n")["warnings"]


def test_blocks_know_the_line_they_stand_in_even_inside_a_directive() -> None:
    root = parse("---\ntitle: x\n---\n\n:::{note} T\n:class: tip\n\nin it\n:::\n")["mdast"]
    assert [
        node["position"]["start"]["line"] for node in walk(root) if node["type"] in ("admonition", "paragraph")
    ] == [
        5,
        8,
    ]


def test_abbreviations_of_the_front_matter_are_marked_where_they_are_words() -> None:
    source = "---\nabbreviations:\n  IR: intermediate representation\n---\nThe *IR* of IRIS, `IR` and [IR](x)."
    found = [node for node in walk(parse(source)["mdast"]) if node["type"] == "abbreviation"]
    assert [(plain(node), node["title"]) for node in found] == [("IR", "intermediate representation")]


def test_tables_have_heads_sides_and_captions() -> None:
    table = first("| a | b |\n|:--|--:|\n| 1 | 2 |\n", "table")
    assert [cell.get("align") for cell in children(children(table)[1])] == ["left", "right"]
    listed = parse("```{list-table} Cap\n:header-rows: 1\n:name: T\n* - a\n  - b\n* - 1\n  - 2\n```")["mdast"]
    rows = [node for node in walk(listed) if node["type"] == "tableRow"]
    assert [[plain(cell) for cell in children(row)] for row in rows] == [["a", "b"], ["1", "2"]]
    assert all(cell["header"] for cell in children(rows[0]))
    assert plain(first('```{csv-table} C\n:header: x, y\n"1, 2", 3\n```', "table")) == "xy1, 23"


def test_a_list_table_that_is_no_list_keeps_its_words() -> None:
    assert first("```{list-table}\njust words\n```", "mystDirective")["value"] == "just words"


def test_code_takes_its_options() -> None:
    source = "```{code-block} python\n:lineno-start: 3\n:emphasize-lines: 1,3-4\n:caption: C\na\n```"
    code = first(source, "code")
    assert (code["lang"], code["startingLineNumber"], code["emphasizeLines"]) == ("python", 3, [1, 3, 4])
    assert plain(first(source, "caption")) == "C"


@pytest.mark.parametrize(
    "source",
    [
        "```{code-cell} python\n:tags: [hide-input, x]\n:label: Fuse\n1\n```",
        ":::{code-cell} python\n---\ntags: [hide-input, x]\nlabel: Fuse\n---\n1\n:::",
        "~~~~{code-cell} python\n#| label: Fuse\n#| tags: [hide-input, x]\n1\n~~~~",
    ],
)
def test_a_cell_is_the_same_however_its_options_are_written(source: str) -> None:
    cell = first(source, "block")
    code = children(cell)[0]
    assert (cell["kind"], cell["html_id"], cell["data"]["tags"]) == ("notebook-code", "fuse", ["hide-input", "x"])
    assert (code["lang"], code["executable"], code["visibility"]) == ("python", True, "hide")


def test_names_find_their_target_and_numbers_are_counted() -> None:
    source = """
(top)=
# A *title*

{ref}`top` {numref}`Fig. %s <f>` {numref}`f` {eq}`e` [](#top) [](#f) {ref}`nowhere`

```{figure} a.png
:name: f
A caption
```

$$ x $$ (e)
"""
    root = parse(source)["mdast"]
    said = [(plain(node), node["resolved"]) for node in walk(root) if node["type"] == "crossReference"]
    title, caption = ("A title", True), ("A caption", True)
    assert said == [title, ("Fig. 1", True), ("Figure 1", True), ("(1)", True), title, caption, ("", False)]


def test_a_machines_heading_never_takes_the_authors_anchor() -> None:
    source = "<!-- nozzle:answer by=x -->\n\n# Result\n\n<!-- /nozzle -->\n\n# Result\n"
    heads = [node for node in walk(parse(source)["mdast"]) if node["type"] == "heading"]
    assert [node["html_id"] for node in heads] == ["result-1", "result"]


OUTPUT = """a

<!-- nozzle:output v=1 of=9a0b status=ok -->

```text
3
```

<!-- /nozzle sig=Kx0 -->

b
"""


def test_what_nozzle_wrote_is_one_node() -> None:
    blocks = children(parse(OUTPUT)["mdast"])
    assert [node["type"] for node in blocks] == ["paragraph", "div", "paragraph"]
    assert blocks[1]["class"] == "nozzle nozzle-output"
    facts = {"kind": "output", "v": "1", "of": "9a0b", "status": "ok", "sig": "Kx0"}
    assert blocks[1]["data"]["nozzle"] == facts
    assert blocks[1]["position"] == {"start": {"line": 3}, "end": {"line": 9}}
    assert tree("\n".join(blocks[1]["children"][0]["value"])) == tree("3")


@pytest.mark.parametrize(
    "source",
    [
        "```\n<!-- nozzle:output v=1 -->\n```\n\nx\n\n<!-- /nozzle -->\n",
        "> <!-- nozzle:output v=1 -->\n\nx\n\n<!-- /nozzle -->\n",
        " <!-- nozzle:output v=1 -->\n\nx\n\n<!-- /nozzle -->\n",
        "<!-- nozzle:output v='1' -->\n\nx\n\n<!-- /nozzle -->\n",
        "<!-- nozzle:output v=1 -->\n\nx\n",
        "<!-- nozzle:output v=1 --> y\n\nx\n\n<!-- /nozzle -->\n",
    ],
)
def test_what_only_looks_like_an_envelope_is_none(source: str) -> None:
    assert not any("nozzle" in node.get("data", {}) for node in walk(parse(source)["mdast"]))


def test_an_envelope_in_which_another_begins_has_lost_its_end_and_is_none() -> None:
    blocks = children(parse(OUTPUT.replace("```text\n3\n```", "<!-- nozzle:note -->\n\nx"))["mdast"])
    assert [node["type"] for node in blocks] == ["paragraph", "html", "div", "paragraph"]


def test_no_question_and_no_task_stands_in_an_envelope() -> None:
    inner = OUTPUT.replace("```text\n3\n```", "/ask me?\n\n:::{do}\nrm\n:::")
    blocks = children(parse(inner)["mdast"])
    assert [node["type"] for node in blocks] == ["paragraph", "div", "paragraph"]
    assert not any(node.get("class") in ("ask", "do") for node in walk(blocks[1]))


def test_a_cells_tags_reach_the_outputs_under_it() -> None:
    cell = "```{code-cell} python\n:tags: [remove-output]\n1\n```\n\n"
    blocks = children(parse(cell + OUTPUT.removeprefix("a\n\n") + "\n" + OUTPUT)["mdast"])
    assert [node.get("visibility") for node in blocks] == [None, "remove", None, None, None, None]


def test_a_cell_of_the_doer_ends_the_reach_of_the_tags_above_it() -> None:
    hidden = "```{code-cell} python\n:tags: [hide-output]\n1\n```\n\n"
    doer = "<!-- nozzle:cell by=doer -->\n\n```{code-cell} python\n2\n```\n\n<!-- /nozzle -->\n\n"
    output = "<!-- nozzle:output of=1 -->\n\nx\n\n<!-- /nozzle -->\n\n"
    blocks = children(parse(hidden + output + doer + output)["mdast"])
    assert [node.get("visibility") for node in blocks] == [None, "hide", None, None]


PIECES = [
    "```", "~~~", ":::", "::::", "{note}", "{code-cell}", "{list-table}", "{csv-table}", "{figure}", "{tab-set}",
    "---", "<!-- nozzle:output v=1 -->", "<!-- /nozzle -->", "<div>", "</div>", "<!--", "-->", "$$", "$",
    "(a)=", "[^1]", "[^1]:", "[](#a)", "{ref}`a`", "> ", "- ", "* ", "1. ", "| a |", "|--|", "#", "+++", "%",
    ":", "    ", "\t", "\n", "\n\n", " ", "\r", "\u2028", "\0", "\ufeff", "**", "_", "`", "[!NOTE]",
    "/ask ", ":label: x", "#| tags: [", "\\", "é", "*", "<", "&",
]  # fmt: skip
ANY = st.one_of(st.text(), st.lists(st.sampled_from(PIECES), max_size=40).map("".join))


@settings(max_examples=400)
@given(ANY)
@example("%")
@example("*" * 4000 + "a" + "*" * 4000)
@example("\n".join(":" * (900 - n) + "{note}" for n in range(880)))
@example("> " * 3000 + "a")
@example("---\n" + "[" * 3000 + "\n---\n")
@example("---\n" + "[" * 1990 + "\n---\n")
@example("---\n" + "- " * 990 + "\n---\n")
@example("```{csv-table}\n\0\n```")
def test_any_text_has_a_tree(source: str) -> None:
    article = parse(source)
    assert article["version"] == 3
    assert all("type" in node for node in walk(article["mdast"]))


@settings(max_examples=200)
@given(st.lists(st.sampled_from(PIECES), max_size=25).map("".join))
def test_words_are_never_lost(before: str) -> None:
    root = parse(before + "\n\nzebra")["mdast"]
    assert "zebra" in repr(root)
