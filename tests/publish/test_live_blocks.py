"""A page in pieces: equal keys, equal HTML, and one change changes one piece."""

from nozzle.publish import Mark, render_blocks

TEXT = "# Title\n\none\n\ntwo\n\n<details>\n\nthree\n\n</details>\n\ntwo\n"


def test_one_edit_changes_one_block() -> None:
    before, after = render_blocks(TEXT), render_blocks(TEXT.replace("one", "uno"))
    changed = [(a, b) for a, b in zip(before, after, strict=True) if a[0] != b[0]]
    assert [(a[1], b[1]) for a, b in changed] == [("<p>one</p>", "<p>uno</p>")]


def test_keys_are_unique_and_hold_what_belongs_together() -> None:
    blocks = render_blocks(TEXT)
    assert len({key for key, _ in blocks}) == len(blocks) == 4
    assert blocks[2][1] == "<details>\n<p>three</p></details>".replace("\n", "")
    assert blocks[3][0] == blocks[1][0] + "-2"


def test_marks_and_cells_reach_the_blocks() -> None:
    text = "```{code-cell} python\n1\n```\n\n<!-- nozzle:output of=1 -->\n\n```text\n1\n```\n\n<!-- /nozzle -->\n"
    blocks = render_blocks(text, cells={0: "abc"}, marks={4: Mark("intact", "intact")})
    assert 'id="cell-abc"' in blocks[0][1]
    assert "badge-intact" in blocks[1][1]
