"""Tree -> HTML: what a reader sees, and what nobody can smuggle in."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from nozzle.document.entry import Entry
from nozzle.document.mdast import parse
from nozzle.publish.colour import coloured
from nozzle.publish.drawing import Drawing, Mark
from nozzle.publish.html import draw

VOID = {"br", "hr", "img", "input", "wbr", "col", "source"}


def html(text: str, **facts: object) -> str:
    return draw(parse(text)["mdast"], Drawing(**facts))  # type: ignore[arg-type]


class Balance(HTMLParser):
    """Fails on a tag that closes what is not open, and on anything a page must not contain."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag not in ("script", "style", "object", "embed", "form", "base", "meta", "link")
        for name, value in attrs:
            assert not name.startswith("on")
            assert name not in ("style", "srcdoc")
            bare = re.sub(r"[\x00-\x20]", "", value or "").lower()
            assert not (name in ("href", "src") and bare.startswith(("javascript:", "data:text", "vbscript:")))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag


def balanced(page: str) -> None:
    reader = Balance()
    reader.feed(page)
    reader.close()
    assert reader.open == []


@pytest.mark.parametrize(
    ("source", "shown"),
    [
        ("# A", '<h1 id="a">A <a class="anchor" href="#a" aria-label="link to this section">#</a></h1>'),
        ("a *b* `c<d`", "<p>a <em>b</em> <code>c&lt;d</code></p>"),
        ("0. x", '<ol start="0"><li>x</li></ol>'),
        ("- [x] a", '<ul class="tasks"><li><input type="checkbox" aria-label="a" disabled checked> a</li></ul>'),
        ("{abbr}`A (B)`", '<p><abbr title="B">A</abbr></p>'),
        ("[a](https://x.org)", '<p><a href="https://x.org" rel="noopener">a</a></p>'),
        ("![a](https://x.org/a.png)", '<p><a class="away" href="https://x.org/a.png" rel="noopener">a</a></p>'),
        ("```python\nx = 1\n```", '<pre tabindex="0"><code class="language-python">x <span class="o">='),
        ("```nolang\n<x>\n```", '<pre tabindex="0"><code class="language-nolang">&lt;x&gt;\n</code></pre>'),
        ("```{zzz} arg\nbody\n```", '<code class="kind">{zzz}</code> <code>arg</code>'),
        ("$x$", "<mi>x</mi>"),
        (r"$\frac{$", r'<code class="math" title="NoAvailableTokensError">\frac{</code>'),
        ("a[^1]\n\n[^1]: note", '<li id="fn-1"><p>note</p><a class="back" href="#fnref-1"'),
        ("{ref}`gone`", '<span class="broken"'),
        ("Vec<T> is <b>bold</b>", "<p>Vec&lt;T&gt; is <b>bold</b></p>"),
        ("/ask Why?", '<div class="addressed ask"><p class="who">Question</p><p>Why?</p></div>'),
    ],
)
def test_a_node_is_drawn(source: str, shown: str) -> None:
    assert shown in html(source)


@pytest.mark.parametrize(
    "source",
    [
        "<script>alert(1)</script>",
        "<div onclick='x()' style='position:fixed'>a</div>",
        "<a href='java&#10;script:alert(1)'>a</a>",
        '<a href=" \x01javascript:alert(1)">a</a>',
        "[a](javascript:alert(1))",
        "<img src=x onerror=alert(1)>",
        "<svg><script>alert(1)</script></svg>",
        "<math><mtext></mtext><style></math>",
        "<iframe srcdoc='<script>alert(1)</script>'></iframe>",
        "<scr<script>ipt>alert(1)</script>",
        "<!--><script>alert(1)</script>-->",
        "<textarea><img title='</textarea><img src onerror=alert(1)>'>",
        "$\\text{</math><script>alert(1)</script>}$",
        "$\\href{javascript:alert(1)}{x}$",
        '```mermaid\ngraph TB\nA["</text><script>alert(1)</script>"]\n```',
        '```{figure} a.png\n:alt: "><script>alert(1)</script>\n:class: x" onload="y\n```',
        '```{code-block} "><script>\n:filename: <script>\na\n```',
        '("><script>alert(1)</script>)=\n# x',
        "</section></main></body>",
    ],
)
def test_nothing_harmful_passes(source: str) -> None:
    page = html(source)
    balanced(page)
    assert "alert(1)</script" not in page


def test_raw_tags_cannot_leave_the_box_that_says_who_speaks() -> None:
    inside = "</section></div>\n\nmine?\n\n<div class='nozzle-output badge x'>\n"
    page = html(f"<!-- nozzle:note -->\n\n{inside}\n<!-- /nozzle -->\n\nhis")
    assert page.index("mine?") < page.index("</section>") < page.index("his")
    assert 'class="x"' in page
    balanced(page)


@pytest.mark.parametrize(("by", "words"), [("doer", "Written by the doer"), ("explainer", "Offered by the explainer")])
def test_a_cell_says_whose_idea_it_was(by: str, words: str) -> None:
    page = html(f"<!-- nozzle:cell v=1 of=1 id=2 by={by} -->\n\n```{{code-cell}} bash\nls\n```\n\n<!-- /nozzle -->\n")
    assert f'<span class="what">{words}' in page


def test_markdown_between_raw_tags_is_drawn_inside_them() -> None:
    page = html("<details><summary>s</summary>\n\n*m*\n\n</details>\n\nafter")
    assert page.replace("\n", "") == "<details><summary>s</summary><p><em>m</em></p></details><p>after</p>"


CELL = "```{code-cell} python\n#| label: fuse\n#| timeout: 3\nx = 1\n```\n"


def test_news_that_are_over_are_no_alarm() -> None:
    news = "<!-- nozzle:news v=1 of=1 by=explainer{} -->\n\n> [!CAUTION]\n> it\n\n<!-- /nozzle -->\n"
    assert 'class="nozzle nozzle-news"' in html(news.format(""))
    over = html(news.format(" status=fixed"))
    assert 'class="nozzle nozzle-mended"' in over
    assert "Breaking" not in over


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("denied", "Proposed, and denied"),
        ("by-hand", "Proposed, and run by hand"),
        ("undone", "An attempt that failed"),
        ("", "An attempt that failed"),
    ],
)
def test_what_never_ran_is_no_attempt_that_failed(status: str, words: str) -> None:
    page = html(f"<!-- nozzle:attempt v=1 of=1 id=2 by=doer status={status or 'x'} -->\n\n> ls\n\n<!-- /nozzle -->\n")
    assert f"<summary>{words}</summary>" in page
    assert f'aria-label="{words}"' in page


OUTPUT = "\n<!-- nozzle:output of=1 status=error -->\n\n```text\nboo\n```\n\n<!-- /nozzle -->\n"


def test_a_cell_has_its_label_its_anchors_and_no_option_lines() -> None:
    page = html("\n" + CELL, cells={1: ("9a0b", "77aa-1")})
    assert '<div id="fuse" class="cell" role="group" aria-label="python cell fuse"><a class="chain" id="cell-9a' in page
    assert '<a class="name" id="cell-77aa-1"></a>' in page
    assert "timeout" not in page
    assert '<span class="lang">python</span>' in page


def test_what_a_marker_says_of_a_kind_makes_a_block_none_of_that_kind() -> None:
    offered = (
        "\n<!-- nozzle:proposal of=1 id=2 risk=ask kind=task -->\n\n- [ ] run: it\n\n<!-- /nozzle kind=output -->\n"
    )
    assert 'class="nozzle nozzle-proposal"' in html(offered)


def test_an_output_says_what_it_is_and_how_far_it_can_be_trusted() -> None:
    page = html(OUTPUT, marks={1: Mark("stale", "stale: the code <changed>")})
    assert '<section class="nozzle nozzle-output failed" aria-label="Output">' in page
    assert '<span class="badge badge-stale">stale: the code &lt;changed&gt;</span>' in page
    assert "boo" in page


@pytest.mark.parametrize(
    ("tag", "code", "output"),
    [
        ("hide-input", "folded", "open"),
        ("hide-output", "open", "folded"),
        ("remove-input", "gone", "open"),
        ("remove-output", "open", "gone"),
        ("remove-cell", "gone", "gone"),
    ],
)
def test_tags_hide_and_remove(tag: str, code: str, output: str) -> None:
    page = html(CELL.replace("x = 1", "xyzzy").replace("#| timeout: 3", f"#| tags: [{tag}]") + OUTPUT)

    def state(word: str) -> str:
        if word not in page:
            return "gone"
        before = page[: page.index(word)]
        return "folded" if before.count('<details class="folded">') > before.count("</details>") else "open"

    assert (state("xyzzy"), state("boo")) == (code, output)


def test_rich_html_is_framed_in_a_sandbox_and_its_text_folded() -> None:
    link = "[f, output 1 as HTML](_out/77aa.html)\n"
    page = html(OUTPUT.replace("```\n\n<!-- /", f"```\n\n{link}\n<!-- /"))
    assert '<iframe sandbox="allow-scripts" loading="lazy" src="_out/77aa.html"' in page
    assert page.index("<iframe") < page.index("boo")
    assert "<iframe" not in html(link)
    table = html(OUTPUT.replace("```text\nboo\n```", f"| a |\n|---|\n| 1 |\n\n{link}"))
    assert "<table>" in table
    assert "<iframe" not in table


def test_numbered_and_marked_lines_are_lines() -> None:
    page = html("```{code} python\n:number-lines: 7\n:emphasize-lines: 2\n'''a\nb'''\n```")
    assert page.count('<span class="line') == 2
    assert '<span class="line marked" data-line="8">' in page
    balanced(page)


def test_mystmds_own_tree_is_drawn_too() -> None:
    said = {"type": "text", "value": "hi"}
    output = {"type": "output", "jupyter_data": {"output_type": "stream", "text": ["a\n", "b"]}}
    cite = {"type": "cite", "identifier": "k", "children": [said]}
    root = {
        "type": "root",
        "children": [
            {"type": "block", "children": [{"type": "somethingNew", "children": [said]}]},
            {"type": "outputs", "children": [output]},
            {"type": "citeGroup", "kind": "parenthetical", "children": [cite]},
        ],
    }
    page = draw(root, Drawing())
    assert '<div class="block">hi</div>' in page
    assert "a\nb" in page
    assert '(<a class="cite" href="#cite-k">hi</a>)' in page
    balanced(page)


RAW = [
    "<",
    ">",
    "</",
    "/>",
    "div",
    "p",
    "a ",
    "b",
    "script",
    "details",
    "!--",
    "--",
    "=",
    '"',
    "'",
    "href",
    "class",
    "&lt;",
]
MARKS = [
    "*",
    "`",
    "$",
    "[a](b)",
    "\n",
    "\n\n",
    "> ",
    "- ",
    "```",
    "{note}",
    ":::",
    "<!-- nozzle:note -->",
    "<!-- /nozzle -->",
]


@settings(max_examples=400)
@given(st.lists(st.sampled_from(RAW + MARKS + ["$$", "\\frac", "{", "}", " ", "x"]), max_size=40).map("".join))
@example("*" * 4000 + "a" + "*" * 4000)
@example("<b>" * 3000)
@example("> " * 50 + "- " * 50 + "<b>*a")
@example("$" + "{" * 3000 + "$")
def test_any_text_becomes_a_balanced_page(source: str) -> None:
    balanced(html(source))


@settings(max_examples=150)
@given(st.text())
def test_any_characters_become_a_balanced_page(source: str) -> None:
    balanced(html(source))


def test_a_card_leads_nowhere_dangerous() -> None:
    assert "javascript" not in html(":::{card}\n:link: javascript:alert(1)\nwords\n:::\n")
    assert 'href="https://x.org"' in html(":::{card}\n:link: https://x.org\nwords\n:::\n")


def test_the_authors_cell_is_never_shown_as_an_output() -> None:
    cell = "```{code-cell} python\nprint(1)\n```\n"
    text = f"<!-- nozzle:output v=1 of=abc -->\n\nwords\n\n{cell}\n<!-- /nozzle chain=abcdef -->\n"
    assert "nozzle-output" not in html(text)


def test_a_marker_that_says_two_things_is_none() -> None:
    text = "<!-- nozzle:output of=1 status=error status=ok -->\n\n```text\nboo\n```\n\n<!-- /nozzle -->\n"
    assert "nozzle-output" not in html(text)
    assert Entry(text).held.startswith("line 1: a nozzle block")


def test_a_comment_on_the_last_line_is_one() -> None:
    for source in ("ls  # all of it", "ls  # all of it\n", "a\nb  # c", "x = [\n", "", "\n"):
        assert re.sub("<[^>]*>", "", coloured("bash", source)) == source
    assert coloured("bash", "ls  # all of it").endswith("># all of it</span>")
