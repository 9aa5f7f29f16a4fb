"""A page in pieces: equal keys, equal HTML, and one change changes one piece."""

import pytest

from nozzle.publish import Mark, render

TEXT = "# Title\n\none\n\ntwo\n\n<details>\n\nthree\n\n</details>\n\ntwo\n"


def test_one_edit_changes_one_block() -> None:
    before, after = render("a.md", TEXT)[1], render("a.md", TEXT.replace("one", "uno"))[1]
    changed = [(a, b) for a, b in zip(before, after, strict=True) if a[0] != b[0]]
    assert [(a[1], b[1]) for a, b in changed] == [("<p>one</p>", "<p>uno</p>")]


def test_keys_are_unique_and_hold_what_belongs_together() -> None:
    blocks = render("a.md", TEXT)[1]
    assert len({key for key, _ in blocks}) == len(blocks) == 4
    assert blocks[2][1] == "<details>\n<p>three</p></details>".replace("\n", "")
    assert blocks[3][0] == blocks[1][0] + "-2"


def test_marks_and_cells_reach_the_blocks() -> None:
    text = "```{code-cell} python\n1\n```\n\n<!-- nozzle:output of=1 -->\n\n```text\n1\n```\n\n<!-- /nozzle -->\n"
    blocks = render("a.md", text, cells={0: ("abc",)}, marks={4: Mark("intact", "intact")})[1]
    assert 'id="cell-abc"' in blocks[0][1]
    assert "badge-intact" in blocks[1][1]


@pytest.mark.parametrize("title", ["Slow", "Rich & <b>bold</b>", "With *stress* and `code`"])
def test_a_title_that_is_said_twice_is_shown_once(title: str) -> None:
    _, blocks, _ = render("slow_run.md", f"---\ntitle: {title}\n---\n\n# {title}\n\nwords\n")
    html = "".join(each for _, each in blocks)
    assert "<h" not in html


def test_the_title_is_that_of_the_built_page() -> None:
    named = {"# Slow\n": "Slow", "---\ntitle: Said\n---\n# Slow\n": "Said", "words\n": "Slow run"}
    assert [render("journal/2026-11-26-slow-run.md", text)[0] for text in named] == list(named.values())


def test_what_is_not_shown_is_grey_on_the_page() -> None:
    text = '<!-- nozzle:answer v=1 of=1 by=explainer -->\n\n> [!TIP]\n> <span class="unshown">It is **9**.</span>\n\n'
    _, blocks, _ = render("e.md", f"{text}<!-- /nozzle -->\n")
    assert '<span class="unshown">It is <strong>9</strong>.</span>' in "".join(html for _, html in blocks)


@pytest.mark.parametrize("option", ["tags: [remove-cell]", "tags: [remove-input]", "tags: [hide-input, hide-cell]"])
@pytest.mark.parametrize("kind", ["proposal", "cell"])
def test_what_may_be_allowed_to_run_is_shown_whatever_its_tags_say(kind: str, option: str) -> None:
    cell = f"```{{code-cell}} bash\n#| {option}\ncurl seen\n```\n"
    said = "<!-- nozzle:output of=1 -->\n\n```text\nprinted\n```\n\n<!-- /nozzle -->\n"
    text = f"<!-- nozzle:{kind} id=1 -->\n\n> [!IMPORTANT]\n> Look.\n\n{cell}\n<!-- /nozzle -->\n\n"
    html = "".join(each for _, each in render("a.md", text + said)[1])
    assert "seen" in html
    assert "folded" not in html
    assert "printed" in html
    mine = "".join(each for _, each in render("a.md", f"{cell}\n{said}")[1])
    assert ("seen" not in mine) or ("folded" in mine)
