"""A cell's options, however they are written: one reader for what runs and for what is shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

import nozzle.document.entry as entry_room
from nozzle.document import plan
from nozzle.document.doubts import doubts
from nozzle.document.entry import Cell, Entry
from nozzle.document.mdast import parse, walk
from nozzle.document.options import LONGEST

UNCLOSED = "this cell is not closed, so it does not run; end it with a line"
SKIPPED = [
    "#| tags: [skip-execution]",
    "#| tags:\n#|   - skip-execution",
    "#| tags:\n#| - hide-input\n#| - skip-execution",
    "#| label: a\n#| tags: [hide-input,\n#|   skip-execution]",
    "\n#| tags: skip-execution  # for now",
    '#| "tags": ["skip-execution"]',
    "#| tags: [skip-execution]\n#| caption: Fig: two colons",
    ":tags: [skip-execution]",
    ":tags: hide-input skip-execution",
    ":tags:\n:  - skip-execution",
    ":tags:\n  - hide-input\n  - skip-execution",
    ":label: a\n:tags: [hide-input,\n  skip-execution]\n:width: 3",
    "---\ntags: hide-input, skip-execution\n---",
    "---\ntags:\n  - skip-execution\n---",
]


def cell(options: str, code: str = "print(1)") -> Cell:
    return Entry(f"```{{code-cell}} python\n{options}\n{code}\n```\n").cells[0]


@pytest.mark.parametrize("options", SKIPPED)
def test_a_tag_to_skip_is_seen_on_one_line_or_on_several(options: str) -> None:
    found = cell(options)
    assert (found.options.skip, found.runs, found.options.problem) == (True, False, "")
    assert found.body.endswith("print(1)")


@pytest.mark.parametrize("options", SKIPPED)
def test_what_is_shown_has_the_tags_of_what_runs(options: str) -> None:
    tree = parse(f"```{{code-cell}} python\n{options}\nprint(1)\n```\n")["mdast"]
    (block,) = (node for node in walk(tree) if node["type"] == "block")
    assert set(block["data"]["tags"]) == cell(options).options.tags


@pytest.mark.parametrize(
    "line",
    [
        "date: 2026-02-30", f"n: {'9' * 5000}", "n: !!int x", f"a: {'[' * 3000}", "a: {", "- a", "a: &a [*a]",
        "t: !!timestamp x", "a: b: c", "\tx: 1", "a: \x07", "a: '",
    ],
)  # fmt: skip
@pytest.mark.parametrize("shape", ["---\n{}\n---", "#| {}", ":x: 1\n:  {}"])
def test_options_that_cannot_be_read_raise_nothing(line: str, shape: str) -> None:
    entry = Entry(f"```{{code-cell}} python\n{shape.format(line)}\nprint(1)\n```\n")
    assert len(plan.plan(entry, plan.Asked())) == 1
    assert parse(entry.text)["kind"] == "Notebook"


@pytest.mark.parametrize(
    "options", ["---\na: {\n---", "---\n- a\n---", "#| tags:\n#|   - [skip-execution", ":tags:\n:  ]"]
)
def test_a_cell_whose_options_cannot_be_read_does_not_run_and_says_why(options: str) -> None:
    assert "its options are no" in plan.unfit(cell(options))


@given(st.text("abc:#|-[]{}'\"&*!, \n\t01", max_size=40), st.sampled_from(["#| ", ":", "", "  "]))
def test_any_options_have_a_reading(text: str, lead: str) -> None:
    lines = "\n".join(lead + row for row in text.split("\n"))
    for options in (lines, f"---\n{lines}\n---", f":tags:\n{lines}"):
        entry = Entry(f"````{{code-cell}} python\n{options}\nx = 1\n````\n")
        assert entry.cells[0].options.problem or entry.cells[0].options.values is not None


@pytest.mark.parametrize(
    ("said", "seconds"), [("30", 30.0), ("1.5", 1.5), ("'2'", 2.0), ("inf", LONGEST), ("1e12", LONGEST)]
)
@pytest.mark.parametrize("shape", ["#| timeout: {}", ":timeout: {}", "---\ntimeout: {}\n---"])
def test_a_time_limit_is_a_number_of_seconds_and_has_a_longest(said: str, seconds: float, shape: str) -> None:
    found = cell(shape.format(said))
    assert (found.options.timeout, plan.unfit(found)) == (seconds, "")


@pytest.mark.parametrize("said", ["nan", "-3", "0", "soon", "[1]", ""])
def test_a_time_limit_that_is_none_holds_the_cell_and_is_named(said: str) -> None:
    assert "is no number of seconds above 0" in plan.unfit(cell(f"#| timeout: {said}"))


@pytest.mark.parametrize(
    ("options", "counted"),
    [
        ("#| timeout: 30", "timeout=30"),
        (":timeout: 30", "timeout=30"),
        ("---\ntimeout: 30\n---", "timeout=30"),
        ("#| once: true\n#| label: x", "once=true"),
        ("#| once:", "once=True"),
        ("#| tags: [raises-exception, hide-input]", "raises-exception"),
        ("#| tags:\n#|   - raises-exception", "raises-exception"),
    ],
)
def test_what_counts_in_the_digest_is_the_same_however_it_is_written(options: str, counted: str) -> None:
    assert cell(options).options.counted == counted


def test_words_after_a_comment_sign_that_are_no_option_are_a_comment() -> None:
    found = cell("#| just a word to the reader")
    assert (found.options.values, plan.unfit(found)) == ({}, "")


def test_code_that_only_looks_like_an_option_stays_code() -> None:
    found = cell(":x: 1", "  y = 2\n:z")
    assert found.body == "  y = 2\n:z"


def test_front_matter_is_read_once_for_what_runs_and_what_is_shown() -> None:
    text = "---\ndraft: yes\nat: 12:30\ndate: 2026-11-22\nx: 0o17\nversion: 1.10\n---\n"
    assert parse(text)["frontmatter"] == Entry(text).meta


@pytest.mark.parametrize("said", ["once: maybe", "cache: lazy", "verify: bogus", "verify: rtol=x", "verify: rtol=0",
                                  "verify: mask=(", "verify: mask=", "verify: 1e-6"])  # fmt: skip
def test_a_value_that_says_nothing_is_not_guessed(said: str) -> None:
    key, value = said.split(": ")
    assert plan.unfit(cell(f"#| {said}")).startswith(f"its {key}, {value}, is n")


@pytest.mark.parametrize("said", ["once", "once: true", "once: no", "cache: off", "verify: exact", "verify: shape",
                                  "verify: skip", "verify: rtol=1e-6", "verify: mask=a=b|[0-9]+"])  # fmt: skip
def test_a_value_that_says_something_is_fit(said: str) -> None:
    assert plan.unfit(cell(f"#| {said}")) == ""


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (["#| timout: 3"], [(1, "the option timout says nothing here; is timeout meant?")]),
        (["#| lable: a", "#| tag: x"], [(1, "the option lable says nothing here; is label meant?"),
                                        (6, "the option tag says nothing here; is tags meant?")]),
        (["#| label: a", "#| label: b", "#| name: a"],
            [(11, "the label a is that of line 1 already; links lead there")]),
        (["#| echo: false\n#| fig-cap: A figure\n#| label: a\n#| output: asis\n#| warning: false"], []),
    ],
)  # fmt: skip
def test_what_is_likely_not_meant_is_told(cells: list[str], told: list[tuple[int, str]]) -> None:
    text = "\n".join(f"```{{code-cell}} python\n{each}\n1\n```\n" for each in cells)
    assert list(doubts(Entry(text))) == told


def test_an_unknown_way_to_run_holds_the_entry() -> None:
    text = "---\nrun: sometimes\n---\n\n```{code-cell} python\n1\n```\n"
    assert Entry(text).held == "its front matter says run: sometimes; write one of save, ask, never"
    assert Entry(text.replace("sometimes", "ask")).held == ""


@pytest.mark.parametrize(("text", "told"), [
    ("# T\n\n```{code-cell} python\nprint(1)\n", [(3, f"{UNCLOSED} ```")]),
    ("```{code-cell} python\nprint(1)\n``\n", [(1, f"{UNCLOSED} ```")]),
    (":::{code-cell} python\nprint(1)", [(1, f"{UNCLOSED} :::")]),
    ("```{code-cell}", [(1, f"{UNCLOSED} ```")]),
    ("```{code-cell} python\nprint(1)\n````", []),
    ("```python\nprint(1)\n", []),
])  # fmt: skip
def test_a_cell_that_is_not_closed_is_told(text: str, told: list[tuple[int, str]]) -> None:
    assert list(doubts(Entry(text))) == told


PLAIN = "---\ntitle: t\n---\n\n```bash\nls\n```\n\n```python\n1\n```\n\n```py\n2\n```\n"


@pytest.mark.parametrize(("text", "told"), [
    (PLAIN, [(9, "```python is shown and does not run; a cell begins ```{code-cell} python")]),
    (f"{PLAIN}\n```{{code-cell}} python\n3\n```\n", []),
    (PLAIN.removeprefix("---\ntitle: t\n---\n"), []),
])  # fmt: skip
def test_code_that_was_likely_meant_as_a_cell_is_told(text: str, told: list[tuple[int, str]]) -> None:
    assert list(doubts(Entry(text))) == told


def test_a_block_that_has_only_moved_is_not_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    plainly = entry_room.read_options
    monkeypatch.setattr(entry_room, "read_options", lambda rows: (read.append(rows[-1]), plainly(rows))[1])
    text = "```{code-cell} python\nmoved = 1\n```\n\n```{code-cell} python\nmoved = 2\n```\n"
    before = Entry(text)
    assert [found.span.start for found in before.cells] == [0, 4]
    after = Entry(f"Words.\n\n{text}", before)
    assert [found.span.start for found in after.cells] == [2, 6]
    assert [found.chain for found in after.cells] == [found.chain for found in before.cells]
    assert read == ["moved = 1", "moved = 2"]
