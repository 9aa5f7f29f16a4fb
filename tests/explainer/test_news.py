"""What broke and which edit lies nearest: read off two texts, nothing run again."""

import pytest

from nozzle.document.entry import Cell, Entry
from nozzle.document.events import Error, Finished
from nozzle.document.mdast import parse, plain, walk
from nozzle.explainer import Broke, examine, headline, tell
from nozzle.explainer.slices import behind, changes, names
from tests.words.conftest import cell

THREAD = "\n".join(
    cell(source)
    for source in (
        "#| label: load\nimport numpy as np\nbatch = np.arange(4)",
        "#| label: title\ntitle = 'a'",
        "#| label: weights\nweights = np.ones((4, 4))",
        "#| label: scale\nscale = 2",
        "#| label: fit\nfit = (batch @ weights) * scale",
    )
)


def broke(old: str, new: str, *operands: str, times: int = 1) -> Broke:
    before, after = Entry(old), Entry(new)
    at = after.cells[-1]
    error = Error(
        at.chain, "ValueError", "shapes", (), "batch @ weights", tuple((name, "int 0") for name in operands), 1
    )
    green = (before, before.cells[-1])
    return examine(after, at, Finished(at.chain, "error"), error, green, times)


def suspects(found: Broke) -> list[str]:
    return [each.change.cell.title for each in found.suspects]


def edited(*pairs: tuple[str, str]) -> str:
    text = THREAD
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


@pytest.mark.parametrize(
    ("edits", "first"),
    [
        ([("np.ones((4, 4))", "np.ones((3, 3))")], "weights"),
        ([("np.arange(4)", "np.arange(3)"), ("title = 'a'", "title = 'b'")], "load"),
        ([("np.ones((4, 4))", "np.ones((3, 3))"), ("scale = 2", "scale = 3")], "weights"),
        ([("weights = np.ones((4, 4))", "weight = np.ones((4, 4))"), ("title = 'a'", "title = 'b'")], "weights"),
        ([("(batch @ weights)", "(batch @ weights.T)"), ("np.arange(4)", "np.arange(3)")], "fit"),
    ],
)
def test_the_nearest_edit_that_the_failing_names_rest_on_comes_first(edits: list[tuple[str, str]], first: str) -> None:
    assert suspects(broke(THREAD, edited(*edits), "batch", "weights"))[0] == first


def test_a_comment_is_no_edit() -> None:
    found = broke(THREAD, edited(("scale = 2", "scale = 2  # double"), ("np.arange(4)", "np.arange(3)")), "batch")
    assert suspects(found) == ["load"]


def test_a_cell_that_is_gone_is_a_suspect() -> None:
    without = THREAD.replace(cell("#| label: weights\nweights = np.ones((4, 4))"), "")
    assert suspects(broke(THREAD, without, "batch"))[0] == "weights"


def test_the_block_says_what_where_and_since_when() -> None:
    said = tell(broke(THREAD, edited(("np.ones((4, 4))", "np.ones((3, 3))")), "batch", times=3))
    assert said.text.startswith("**Hold on, breaking: [fit](#fit) failed:** `ValueError: shapes` — the third time")
    assert "At `batch @ weights` (line 1), where `batch` is int 0." in said.text
    assert "Nearest suspect: [weights](#weights)" in said.text
    assert "    -weights = np.ones((4, 4))\n    +weights = np.ones((3, 3))" in said.folded


RATES = "\n".join(
    cell(source)
    for source in (
        "#| label: rates\nimport math\nrate = 0.5\nother = 1",
        "#| label: root\ndef root(a, b):\n    return math.sqrt(a - b)",
        "#| label: use\nsum(root(3, k * rate) for k in range(4))",
    )
)


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        ("rate = 0.5", "rate = 1.5", " (it has to do with `rate`)"),
        ("import math", "import cmath as math", " (it has to do with `math`)"),
        ("other = 1", "other = 2", ""),
    ],
)
def test_what_a_suspect_has_to_do_with_it_is_what_was_edited(old: str, new: str, why: str) -> None:
    """The failing frame is a function's, which names what it was called with otherwise."""
    said = tell(broke(RATES, RATES.replace(old, new), "math", "a", "b"))
    assert f"Nearest suspect: [rates](#rates){why}. It last ran well" in said.text


def test_a_cell_that_never_ran_well_has_no_suspects() -> None:
    entry = Entry(cell("1/0"))
    found = examine(entry, entry.cells[0], Finished("", "died", cause="signal 9 (SIGKILL)"), None)
    assert "signal 9 (SIGKILL)" in tell(found).text
    assert "has not run well before" in tell(found).text
    assert headline(found) == "breaking: 1/0: signal 9 (SIGKILL)"


@pytest.mark.parametrize(
    ("source", "defines", "uses"),
    [
        ("a = b + 1", {"a"}, {"b"}), ("x.append(y)", {"x"}, {"x", "y"}), ("d['k'] = v", {"d"}, {"d", "v"}),
        ("def f(p):\n    q = p\n    return q + r", {"f"}, {"p", "q", "r"}), ("import numpy as np", {"np"}, set()),
        ("%time z = 1\na += 1", {"a"}, {"a"}), ("(1", set(), set()), ("o.attr = 1", {"o"}, {"o"}),
    ],
)  # fmt: skip
def test_names_are_read_off_the_code(source: str, defines: set[str], uses: set[str]) -> None:
    read = names(Entry(cell(source)).cells[0])
    assert (set(read.defines), set(read.uses)) == (defines, uses)


def test_what_a_cell_rests_on_is_found_upwards() -> None:
    cells = Entry(THREAD).cells
    assert [each.title for each in behind(cells, cells[-1], ["batch"])] == ["load"]
    assert [each.title for each in behind(cells, cells[-1], [])] == ["scale", "weights", "load"]


def test_changes_pair_cells_by_label_and_then_by_order() -> None:
    old, new = Entry(cell("#| label: a\n1") + "\n" + cell("2")), Entry(cell("3") + "\n" + cell("#| label: a\n4"))
    pairs = [(each.old and each.old.body, each.new and each.new.body) for each in changes(old, new)]
    assert ("#| label: a\n1", "#| label: a\n4") in pairs
    assert isinstance(changes(old, new)[0].cell, Cell)


def test_changes_of_cells_that_share_a_label_pair_in_order() -> None:
    old, new = (Entry("\n".join(cell(f"#| label: a\n{code}") for code in codes)) for codes in ("123", "45"))
    pairs = [(each.old and each.old.body[-1], each.new and each.new.body[-1]) for each in changes(old, new)]
    assert pairs == [("1", "4"), ("2", "5"), ("3", None)]


def failed(source: str, *operands: tuple[str, str]) -> Broke:
    entry = Entry(cell(source))
    at = entry.cells[-1]
    error = Error(at.chain, "ValueError", "no", (), "f(x)", operands, 1)
    return examine(entry, at, Finished(at.chain, "error"), error, None, 1)


@pytest.mark.parametrize("source", ["b = [1][2]", "x = '`'; 1 / 0", "[ -d /x ] || exit 3"])
def test_the_code_is_quoted_letter_by_letter_and_leads_to_its_cell(source: str) -> None:
    found = failed(source)
    links = [node for node in walk(parse(tell(found).text)["mdast"]) if node["type"] in ("link", "crossReference")]
    assert [plain(link) for link in links] == [source]
    assert links[0]["identifier"] == f"cell-{found.cell.digest[:12]}"


def test_that_a_module_is_a_module_is_no_news() -> None:
    told = tell(failed("f(x)", ("time", "module time"), ("x", "int 3"))).text
    assert "where `x` is int 3." in told
    assert "module" not in told
    assert "(line 1)." in tell(failed("f(x)", ("time", "module time"))).text


def test_one_colon_is_enough() -> None:
    assert headline(failed("def f(n):\n    return n")).startswith("breaking: def f(n): ValueError")
