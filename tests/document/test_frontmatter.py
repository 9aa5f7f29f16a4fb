import pytest
from hypothesis import given
from hypothesis import strategies as st

from nozzle.document.doubts import doubts
from nozzle.document.entry import Entry
from nozzle.document.frontmatter import FrontMatter, conflict, read
from nozzle.document.outline import outline

ONES = ",".join("x" * 9)
BOMB = f"a: &a [{ONES}]\n" + "".join(
    f"{b}: &{b} [{','.join([f'*{a}'] * 9)}]\n" for a, b in ["ab", "bc", "cd", "de", "ef"]
)


def front(text: str) -> FrontMatter:
    return read(outline(text))


def test_words_are_read_as_the_author_wrote_them() -> None:
    text = "---\ntitle: Kernel fusion\ndate: 2026-11-22\nrun: ask\nat: 12:30\ndraft: true\norder: 3\nwidth: 1.5\n"
    text += "answer: yes\ncode: 007\nquoted: '3'\nempty:\ntags: [a, b]\nkernelspec:\n  name: python3\n---\n"
    assert front(text) == FrontMatter(
        {
            "title": "Kernel fusion", "date": "2026-11-22", "run": "ask", "at": "12:30", "draft": True, "order": 3,
            "width": 1.5, "answer": "yes", "code": "007", "quoted": "3", "empty": None, "tags": ["a", "b"],
            "kernelspec": {"name": "python3"},
        },
        (0, 16),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "meta"),
    [
        ("", {}),
        ("# no front matter\n", {}),
        ("\n---\na: 1\n---\n", {}),
        ("---\n---\n", {}),
        ("---\na: 1\na: 2\n---\n", {"a": 2}),
        ("---\r\na: 1\r\n---\r\n", {"a": 1}),
        ("---\ra: 1\r...\r", {"a": 1}),
        ("---\n1: 2\nnull: 3\n---\n", {"1": 2, "null": 3}),
        ("---\na: &x [1]\nb: *x\n---\n", {"a": [1], "b": [1]}),
        ("---\na: !!python/object/apply:os.system [ls]\n---\n", {"a": ["ls"]}),
        ("---\na: !!timestamp 2026-99-99\nb: !!int x\n---\n", {"a": "2026-99-99", "b": "x"}),
        (f"---\nn: {'9' * 5000}\n---\n", {"n": "9" * 5000}),
    ],
)
def test_it_says(text: str, meta: dict[str, object]) -> None:
    assert (front(text).meta, front(text).problem) == (meta, "")


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("---\ntitle: x\n\n```{code-cell}\n1\n```\n", 1, "not closed"),
        ("\ufeff---\ntitle: x\n---\n", 1, "byte-order mark"),
        ("---\na: 1\nb: c: d\n---\n", 3, "mapping values are not allowed here"),
        ("---\na: 1\n\tb: 2\n---\n", 3, "cannot start any token"),
        ("---\na: 1\nb: \x07\n---\n", 3, "special characters are not allowed"),
        ("---\n- a\n---\n", 2, "`key: value`"),
        ("---\njust words\n---\n", 2, "`key: value`"),
        (f"---\n{BOMB}---\n", 2, "more than 10,000 values"),
        ("---\na: &a [*a]\n---\n", 2, "contains itself"),
        ("---\n" + "[" * 5000 + "\n---\n", 1, "nested too deeply"),
        ("---\n" + "a: b\n" * 20_000 + "---\n", 1, "longer than"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(text: str, line: int, words: str) -> None:
    problem = front(text).problem
    assert problem.startswith(f"line {line}: ")
    assert words in problem
    assert "\n" not in problem
    assert front(text).meta == {}


@given(st.text(st.sampled_from("ab:-&*[]{}!|>'\"#%@\n \t\x07?,<1é"), max_size=40))
def test_any_text_is_read_without_an_exception(text: str) -> None:
    found = front(f"---\n{text}\n---\n")
    assert found.span[1] > 0 or found.problem


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\n=======\n\ntext\n", None),
        ("a\n<<<<<<< HEAD\nb\n=======\nc\n>>>>>>> other\n", 1),
        ("<<<<<<< HEAD\r\nb\r\n||||||| base\r\nx\r\n=======\r\nc\r\n>>>>>>> other\r\n", 0),
        ("```{code-cell}\n<<<<<<< HEAD\n1\n=======\n2\n>>>>>>> other\n```\n", 1),
        ("a\n=======\n<<<<<<< HEAD\n>>>>>>> other\n", None),
        (">>>>>>> a\n=======\n<<<<<<< b\n", None),
        ("<<<<<<< HEAD\nb\n=======\n", None),
        ("    <<<<<<< HEAD\n    =======\n    >>>>>>> other\n", None),
        ("<<<<<<<<< HEAD\n=======\n>>>>>>> other\n", None),
    ],
)
def test_a_conflict_is_all_three_marks_in_order(text: str, line: int | None) -> None:
    assert conflict(outline(text).rows) == line


def test_a_conflict_that_a_cell_printed_is_none_but_one_about_its_output_is() -> None:
    printed = "<!-- nozzle:output v=1 of=1 -->\n\n```text\n<<<<<<< HEAD\n=======\n>>>>>>> x\n```\n\n<!-- /nozzle -->\n"
    assert Entry(printed).held == ""
    assert Entry(printed.replace("```text", "```text\n<!-- /nozzle -->")).held == ""
    text = printed + "\n<<<<<<< HEAD\n" + printed + "=======\n" + printed + ">>>>>>> x\n"
    assert Entry(text).held.startswith("line 11: git conflict")


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("kernelspec: python3", "line 3: kernelspec should be a table"),
        ("kernelspec: [python3]", "line 3: kernelspec should be a table"),
        ("kernelspec: {name: [a]}", "line 3: kernelspec's name should be a word"),
        ("kernelspec:\n  language: 3", "line 3: kernelspec's language should be a word"),
        ("kernel: {host: a}", "line 3: kernel should be an address"),
        ("kernel: julia", "line 3: julia is no address"),
    ],
)
def test_a_kernel_named_in_a_way_that_names_none_holds_the_entry(said: str, words: str) -> None:
    assert Entry(f"---\ntitle: x\n{said}\n---\n").held.startswith(words)


@pytest.mark.parametrize(
    "said",
    ["voice:", "voice: conduct", "kernelspec:", "kernelspec: {name: python3, display_name: 3}", "kernel:", "tags:"],
)
def test_a_key_that_says_nothing_holds_nothing(said: str) -> None:
    entry = Entry(f"---\n{said}\n---\n")
    assert entry.held == ""
    assert list(doubts(entry)) == []


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("tags: {a: 1}", "tags should be a list of words"),
        ("tags: [[a], b]", "tags should be a list of words"),
        ("date: soon", "date: soon is no day"),
        ("date: 2026-02-30", "date: 2026-02-30 is no day"),
        ("title: [a]", "title should be one line of text"),
        ("voice: condct", "there is no voice condct; is conduct meant?"),
        ("voice: loud", "there is no voice loud; say quiet, notes or conduct"),
    ],
)
def test_what_pages_cannot_use_is_told_and_holds_nothing(said: str, words: str) -> None:
    entry = Entry(f"---\n\n{said}\n---\n")
    ((line, told),) = doubts(entry)
    assert (line, entry.held) == (3, "")
    assert told.startswith(words)


def test_a_conflict_that_begins_inside_a_block_is_told_as_one() -> None:
    theirs = "2\n```\n\n<!-- /nozzle chain=b -->\n>>>>>>> other\n"
    opening = f"<!-- nozzle:output v=1 of={'a' * 12} status=ok -->"
    block = f"{opening}\n\n```text\n<<<<<<< HEAD\n1\n```\n\n<!-- /nozzle chain=a -->\n"
    text = f"# T\n\n```{{code-cell}} python\n1\n```\n\n{block}=======\n{theirs}"
    assert Entry(text).held.startswith("line 10: git conflict")
