"""fork, threads, compare, take, merge: threads side by side."""

import json
import os
import queue
import shutil
import signal
from pathlib import Path
from typing import Any

import pytest

from nozzle import disk, whole
from nozzle.document.contrast import authors, contrast
from nozzle.document.entry import Entry
from nozzle.errors import NozzleError
from nozzle.keys import Key, my_key
from nozzle.loop import Loop, Message, Moved
from nozzle.words.journal import journal
from nozzle.words.threads import _named
from tests.words.conftest import WAITS, Say, cell, entry, git, process, until

WHO = ("-c", "user.name=Ann", "-c", "user.email=ann@x.org")


def label(name: str, body: str) -> str:
    return cell(f"#| label: {name}\n{body}")


THREE = "# Rate\n\nWe begin.\n\n" + label("load", "x = 2") + "\nThen:\n\n" + label("twice", "print(x * 2)") + "\nEnd.\n"


@pytest.fixture
def two(say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """A journal that has run, and a thread forked from it: the folder of each."""
    entry(folder, THREE)
    say("run")
    said = say("fork", "HEAD", "other")
    assert said.status == 0, said.out
    return folder, folder.parent / f"{folder.name}.threads" / "other"


def run(say: Say, monkeypatch: pytest.MonkeyPatch, place: Path, *words: str) -> str:
    monkeypatch.chdir(place)
    said = say(*words)
    return said.out


def edit(place: Path, old: str, new: str) -> None:
    path = place / "journal" / "entry.md"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_fork_is_a_branch_in_a_folder_of_its_own(two: tuple[Path, Path]) -> None:
    main, other = two
    assert (other / "journal" / "entry.md").read_bytes() == (main / "journal" / "entry.md").read_bytes()
    assert git(other, "branch", "--show-current") == "other"
    assert git(other, "status", "--porcelain") == ""
    assert git(main, "branch", "--show-current") != "other"


def test_cells_of_a_fork_run_there(two: tuple[Path, Path], say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    main, other = two
    edit(other, "x * 2", "x * 3")
    run(say, monkeypatch, other, "run")
    assert "```text\n6\n```" in (other / "journal" / "entry.md").read_text()
    assert "```text\n4\n```" in (main / "journal" / "entry.md").read_text()
    assert git(other, "branch", "--show-current") == "other"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("HEAD", "bad name"), "cannot name a thread"),
        (("HEAD", "@"), "cannot name a thread"),
        (("HEAD", "other"), "there is a thread other already"),
        (("nosuch",), "nosuch"),
    ],
)
def test_a_fork_that_cannot_be(two: tuple[Path, Path], say: Say, words: tuple[str, ...], why: str) -> None:
    said = say("fork", *words)
    assert said.status != 0
    assert why in said.out


def test_a_folder_that_holds_something_is_left_alone(two: tuple[Path, Path], say: Say) -> None:
    _, other = two
    (other.parent / "third").mkdir()
    (other.parent / "third" / "mine").write_text("mine")
    said = say("fork", "HEAD", "third")
    assert "is not empty" in said.out
    assert (other.parent / "third" / "mine").read_text() == "mine"
    assert "third" not in git(two[0], "branch")


def test_forks_that_are_reseeded_draw_other_numbers_each_its_own(
    say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry(folder, "# Draw\n\n" + cell("import random; random.seed(1)") + "\nThen:\n\n" + cell("print(random.random())"))
    say("run")
    steps = map(json.loads, say("log", "--json").out.splitlines())
    first = [step["sha"] for step in steps if step["kind"] == "cell"][-1]
    drawn = {}
    for name, words in (("same", ()), ("one", ("--reseed",)), ("two", ("--reseed",))):
        assert say("fork", first, name, *words).status == 0
        place = folder.parent / f"{folder.name}.threads" / name
        assert git(place, "status", "--porcelain") == ""
        for _ in range(2):
            run(say, monkeypatch, place, "run", "--again")
            text = (place / "journal" / "entry.md").read_text()
            drawn.setdefault(name, set()).add(text.rpartition("```text\n")[2].split("\n")[0])
        if words:
            assert text.index("random.seed(1)") < text.index("label: reseed") < text.index("Then:")
        monkeypatch.chdir(folder)
    assert [len(numbers) for numbers in drawn.values()] == [1, 1, 1]
    assert len(set.union(*drawn.values())) == 3
    assert drawn["same"] == {(folder / "journal" / "entry.md").read_text().rpartition("```text\n")[2].split("\n")[0]}


def test_threads_are_listed(two: tuple[Path, Path], say: Say) -> None:
    said = say("threads")
    assert f"    {two[1]}" in said.out
    assert "  other  " in said.out
    assert said.out.startswith("* ")
    rows = [json.loads(line) for line in say("threads", "--json").out.splitlines()]
    assert [(row["here"], row["watched"], row["gone"]) for row in rows] == [(True, False, False), (False, False, False)]


def test_a_worktree_deleted_by_hand_is_told_and_can_be_forked_again(two: tuple[Path, Path], say: Say) -> None:
    shutil.rmtree(two[1])
    assert "is gone; the branch stays" in say("threads").out
    said = say("fork", "HEAD", "other")
    assert (said.status, "its folder is gone: 'nozzle fork other NAME' goes on from it" in said.out) == (2, True)
    assert say("fork", "other", "again").status == 0


def test_steps_of_a_worktree_deleted_by_hand_are_not_for_git_to_explain(two: tuple[Path, Path]) -> None:
    said: list[str] = []
    with journal(two[1]) as there:
        ledger = there.ledger(said.append)
        text = (two[1] / "journal" / "entry.md").read_bytes()
        ledger.save("journal/entry.md", text)
        shutil.rmtree(two[1])
        ledger.save("journal/entry.md", text + b"\nmore\n")
    (why,) = said
    assert why.startswith(f"{two[1]} was taken away, and its branch holds all steps")


def test_a_watch_of_a_worktree_that_git_takes_away_ends_with_a_word(two: tuple[Path, Path]) -> None:
    with journal(two[1]) as there:
        messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        loop = Loop(there.tools(lambda notice: None, messages.put), messages)
        loop.desk(two[1] / "journal" / "entry.md")
        git(two[0], "worktree", "remove", "--force", str(two[1]))
        messages.put(Moved())
        with pytest.raises(NozzleError, match="was taken away"):
            loop.run()
        loop.close()


def test_states_of_another_thread_are_named_by_it_and_by_their_cells(
    two: tuple[Path, Path], say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    main, other = two
    edit(other, "x * 2", "x * 3")
    run(say, monkeypatch, other, "run")
    chain = Entry((other / "journal" / "entry.md").read_text()).cells[1].chain
    row = {"cell": chain[:8], "chain": chain, "age": 1.0, "bytes": 1, "saves": 1.0, "folder": str(other / "journal")}
    with journal(main) as here:
        assert _named(here, row)["cell"] == "other: twice"
        assert _named(here, {**row, "cell": "load", "folder": str(main / "journal")})["cell"] == "load"


def test_what_differs_is_told_cell_by_cell(two: tuple[Path, Path], say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    main, other = two
    edit(other, "x * 2", "x * 2.5")
    edit(other, "End.", "The end.")
    (other / "journal" / "data.txt").write_text("1")
    run(say, monkeypatch, other, "run")
    git(other, "add", "journal/data.txt"), git(other, *WHO, "commit", "-qm", "data")
    said = run(say, monkeypatch, main, "compare", "HEAD", "other")
    assert "~ twice" in said
    assert "4 → 5, +1 (+25.00%)" in said
    assert "+ The end." in said
    assert "+ journal/data.txt" in said
    assert say("compare", "HEAD", "HEAD").status == 0


def test_variables_are_compared_as_their_cells_left_them(
    two: tuple[Path, Path], say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    main, other = two
    edit(other, "x = 2", "x = 'two'; extra = [1]")
    run(say, monkeypatch, other, "run")
    said = run(say, monkeypatch, main, "compare", "HEAD", "other")
    rows = [row.strip() for row in said.splitlines()]
    at = rows.index("≠ variables")
    assert rows[at + 1 : at + 4] == ["+ extra: list of 1: [1]", "- x: int 2", "+ x: str of 3"]
    edit(other, "extra = [1]", "extra = [1]; del extra")
    run(say, monkeypatch, other, "run")
    assert "extra: list" not in run(say, monkeypatch, main, "compare", "HEAD", "other")


def test_a_comparison_as_a_page(two: tuple[Path, Path], say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    main, other = two
    edit(other, "print(x * 2)", "print('<b>')")
    run(say, monkeypatch, other, "run")
    path = Path(run(say, monkeypatch, main, "compare", "HEAD", "other", "--page").strip())
    page = path.read_text()
    assert "&lt;b&gt;" in page
    assert "<b>" not in page
    assert git(main, "status", "--porcelain") == ""


def test_a_cell_is_taken_with_its_output_and_its_files(
    two: tuple[Path, Path], say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    main, other = two
    edit(other, "\nEnd.", "\nNew words.\n\n" + label("third", "open('made', 'w').write('3'); print(x + 1)") + "\nEnd.")
    run(say, monkeypatch, other, "run")
    step = git(other, "rev-parse", "HEAD")
    said = run(say, monkeypatch, main, "take", step)
    text = (main / "journal" / "entry.md").read_text()
    assert "Take third from other" in said
    assert "due" not in said
    assert "```text\n3\n```" in text
    assert "New words" not in text
    assert text.index("twice") < text.index("third") < text.index("End.")
    assert (main / "journal" / "made").read_text() == "3"
    assert run(say, monkeypatch, main, "verify", "--attest").count("intact") >= 1


def test_a_taken_cell_replaces_its_like_and_is_due_where_its_state_is_another(
    two: tuple[Path, Path], say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    main, other = two
    edit(other, "x * 2", "x * 7")
    run(say, monkeypatch, other, "run")
    edit(main, "x = 2", "x = 3")
    said = run(say, monkeypatch, main, "take", git(other, "rev-parse", "HEAD"))
    assert "due: load, twice" in said
    text = (main / "journal" / "entry.md").read_text()
    assert ("x = 3" in text, "x * 7" in text, "x * 2" in text) == (True, True, False)


def test_what_is_known_of_a_taken_cell_is_known_where_taking_was_killed_before_its_step(
    two: tuple[Path, Path], say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    def killed(*given: object) -> None:
        raise Killed

    main, other = two
    edit(other, "x * 2", "x * 7")
    run(say, monkeypatch, other, "run")
    monkeypatch.chdir(main)
    with monkeypatch.context() as here:
        here.setattr("nozzle.steps.Steps.record", killed)
        with pytest.raises(Killed):
            say("take", "other")
    edit(main, "\nEnd.", "\n" + cell("print(x + 1)") + "\nEnd.")
    said = say("run")
    assert (said.status, "x * 7" in (main / "journal" / "entry.md").read_text()) == (0, True), said.out


@pytest.fixture
def namesakes(say: Say, folder: Path) -> tuple[Path, Path]:
    """The same, where two cells share a label."""
    entry(folder, "# Rate\n\n" + label("a", "precious = 1") + "\nThen:\n\n" + label("a", "print(precious + 1)"))
    say("run")
    assert say("fork", "HEAD", "other").status == 0
    return folder, folder.parent / f"{folder.name}.threads" / "other"


def test_of_cells_that_share_a_label_the_one_that_was_edited_there_is_replaced(
    namesakes: tuple[Path, Path], say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    main, other = namesakes
    assert "there is nothing to take" in run(say, monkeypatch, main, "take", "HEAD")
    edit(other, "precious + 1", "precious + 7")
    run(say, monkeypatch, other, "run")
    assert "Take a from other" in run(say, monkeypatch, main, "take", "other")
    text = (main / "journal" / "entry.md").read_text()
    assert (text.count("precious = 1"), text.count("precious + 1"), text.count("precious + 7")) == (1, 0, 1)
    assert "```text\n8\n```" in text


def test_where_it_cannot_be_told_which_of_them_is_meant_both_are_named(
    namesakes: tuple[Path, Path], say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    main, other = namesakes
    edit(other, label("a", "precious = 1"), "")
    edit(other, "precious + 1", "7")
    run(say, monkeypatch, other, "run")
    before = (main / "journal" / "entry.md").read_bytes()
    monkeypatch.chdir(main)
    said = say("take", "other")
    assert (said.status, "the label a is that of cells in lines 3 and " in said.out) == (1, True)
    assert (main / "journal" / "entry.md").read_bytes() == before


def test_what_is_no_step_of_a_cell_cannot_be_taken(two: tuple[Path, Path], say: Say) -> None:
    git(two[0], *WHO, "commit", "-q", "--allow-empty", "-m", "by hand")
    said = say("take", "HEAD")
    assert (said.status != 0, "is no step of a cell" in said.out) == (True, True)


@pytest.mark.parametrize("there", ["other", "main", "HEAD"])
def test_a_cell_that_stands_here_already_is_not_said_to_be_taken(
    two: tuple[Path, Path], say: Say, monkeypatch: pytest.MonkeyPatch, there: str
) -> None:
    main, other = two
    edit(other, "x = 2", "x = 3")
    run(say, monkeypatch, other, "run")
    monkeypatch.chdir(main)
    there = git(main, "branch", "--show-current") if there == "main" else there
    head = git(main, "rev-parse", "HEAD")
    said = say("take", there)
    assert (said.status, "there is nothing to take" in said.out) == (1, True)
    assert ("below other cells" in said.out) == (there == "other")
    assert git(main, "rev-parse", "HEAD") == head


@pytest.mark.parametrize("changed", [False, True])
def test_an_entry_that_was_taken_away_there_goes_here_unless_it_was_changed(
    two: tuple[Path, Path], say: Say, monkeypatch: pytest.MonkeyPatch, changed: bool
) -> None:
    main, other = two
    git(other, "rm", "-q", "journal/entry.md")
    git(other, *WHO, "commit", "-qm", "taken away")
    if changed:
        edit(main, "We begin.", "We begin again.")
    said = run(say, monkeypatch, main, "merge", "other")
    assert f"journal/entry.md: taken away there{'; changed here, so it stays' if changed else ', and here'}" in said
    assert (main / "journal" / "entry.md").exists() == changed
    assert git(main, "status", "--porcelain") == ""


def test_a_page_for_which_there_is_no_room_is_told(
    two: tuple[Path, Path], say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(whole, "write", full)
    said = say("compare", "HEAD", "HEAD~1", "--page")
    assert (said.status, said.out.endswith("cannot be written: No space left on device\n")) == (1, True)


def test_a_merge_keeps_the_outputs_that_hold(two: tuple[Path, Path], say: Say, monkeypatch: pytest.MonkeyPatch) -> None:
    main, other = two
    edit(other, "\nEnd.", "\n" + label("third", "print(x + 1)") + "\nEnd.")
    run(say, monkeypatch, other, "run")
    edit(main, "We begin.", "We begin again.")
    said = run(say, monkeypatch, main, "merge", "other")
    text = (main / "journal" / "entry.md").read_text()
    assert "all outputs hold" in said
    assert ("We begin again." in text, "```text\n4\n```" in text, "```text\n3\n```" in text) == (True, True, True)
    assert len(git(main, "log", "-1", "--format=%P").split()) == 2
    told = git(main, "log", "-1", "--format=%B")
    assert "journal/entry.md:\n  + third: only there\n" in told
    assert "  + third: only there" in said
    assert "Nozzle-Merged: other" in told
    assert json.loads(say("log", "--json").out.splitlines()[0])["kind"] == "merge"
    assert git(main, "status", "--porcelain") == ""
    assert "there is nothing to merge" in say("merge", "other").out


def test_what_the_author_saves_while_a_thread_is_merged_is_a_step(
    two: tuple[Path, Path], say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    main, other = two
    edit(other, "We begin.", "We begin there.")
    run(say, monkeypatch, other, "run")
    monkeypatch.chdir(main)
    exchange = disk.exchange

    def saved_meanwhile(path: Path, *rest: Any, **more: Any) -> disk.Written:
        monkeypatch.setattr(disk, "exchange", exchange)
        path.write_text(path.read_text() + "\nA late thought.\n")
        return exchange(path, *rest, **more)

    monkeypatch.setattr(disk, "exchange", saved_meanwhile)
    said = say("merge", "other")
    assert "you saved it in this moment" in said.out
    assert "We begin there." in (main / "journal" / "entry.md").read_text()
    assert "+A late thought." in git(main, "log", "-p", "--first-parent")


def test_a_merge_leaves_due_what_no_longer_holds(
    two: tuple[Path, Path], say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    main, other = two
    edit(other, "x * 2", "x * 5")
    run(say, monkeypatch, other, "run")
    edit(main, "x = 2", "x = 3")
    said = run(say, monkeypatch, main, "merge", "other")
    assert "2 cells due" in said
    assert run(say, monkeypatch, main, "run").count("twice")
    assert "```text\n15\n```" in (main / "journal" / "entry.md").read_text()


def test_where_both_changed_the_same_lines_nothing_runs(
    two: tuple[Path, Path], say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    main, other = two
    edit(other, "x * 2", "x * 5")
    run(say, monkeypatch, other, "run")
    edit(main, "x * 2", "x * 7")
    said = say("merge", "other") if monkeypatch.chdir(main) is None else None
    assert said is not None
    assert said.status == 1
    text = (main / "journal" / "entry.md").read_text()
    assert ("<<<<<<<" in text, "x * 5" in text, "x * 7" in text) == (True, True, True)
    assert say("run").status == 1
    assert (main / "journal" / "entry.md").read_text() == text


def test_where_both_changed_the_same_lines_the_outputs_above_stay(
    two: tuple[Path, Path], say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    main, other = two
    edit(other, "x * 2", "x * 5")
    run(say, monkeypatch, other, "run")
    edit(main, "x * 2", "x * 7")
    before = (main / "journal" / "entry.md").read_text()
    assert "<<<<<<<" not in before
    run(say, monkeypatch, main, "merge", "other")
    after = (main / "journal" / "entry.md").read_text()
    assert after.startswith(before[: before.index("x * 7")].rpartition("```{code-cell}")[0])
    mine = after.index("<<<<<<<"), after.index("=======\n"), after.index(">>>>>>>")
    settled = (
        after[: mine[0]] + after[after.index("\n", mine[0]) + 1 : mine[1]] + after[after.index("\n", mine[2]) + 1 :]
    )
    (main / "journal" / "entry.md").write_text(settled)
    assert say("due").out.count("[") == 1


def test_a_file_that_changed_here_and_there_is_left_to_git(
    two: tuple[Path, Path], say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    main, other = two
    for place, text in ((main, "here"), (other, "there")):
        (place / "code.py").write_text(text)
        git(place, "add", "."), git(place, *WHO, "commit", "-qm", text)
    said = run(say, monkeypatch, main, "merge", "other")
    assert "code.py: changed here and there" in said
    assert (main / "code.py").read_text() == "here"


WRITES = label("write", "open('out.csv', 'w').write(f'{x},{x * 2}')")


@pytest.mark.parametrize(
    ("here", "there", "whose", "left"),
    [
        (["x = 7", "x = 2"], ["x = 5"], "it is the one from there", "5,10"),
        (["x = 7"], ["x = 5", "x = 2"], "it stays, as its cell here does", "7,14"),
        (["x = 7"], ["x * 3}"], "it stays until the cell that writes it runs", "7,14"),
    ],
)
def test_a_file_that_cells_wrote_here_and_there_is_that_of_the_cell_that_stands(
    two: tuple[Path, Path], say: Say, monkeypatch: pytest.MonkeyPatch,
    here: list[str], there: list[str], whose: str, left: str,
) -> None:  # fmt: skip
    main, other = two[0], two[1].parent / "more"
    edit(main, "\nEnd.", f"\n{WRITES}\nEnd.")
    run(say, monkeypatch, main, "run")
    run(say, monkeypatch, main, "fork", "HEAD", "more")
    for place, words in ((main, here), (other, there)):
        for old, new in zip(["x * 2}" if "*" in words[0] else "x = 2", *words], words, strict=False):
            edit(place, old, new)
            run(say, monkeypatch, place, "run")
    said = run(say, monkeypatch, main, "merge", "more")
    assert f"journal/out.csv: cells wrote it here and there; {whose}" in said
    assert (main / "journal" / "out.csv").read_text() == left
    run(say, monkeypatch, main, "run")
    assert (main / "journal" / "out.csv").read_text() == ("7,21" if "*" in there[0] else left)


def test_a_file_that_is_taken_below_other_cells_is_told_as_such(
    two: tuple[Path, Path], say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    main, other = two
    edit(other, "x = 2", "x = 5")
    edit(other, "\nEnd.", f"\n{WRITES}\nEnd.")
    run(say, monkeypatch, other, "run")
    said = run(say, monkeypatch, main, "take", git(other, "rev-parse", "HEAD"))
    assert "journal/out.csv: as it came there; here other cells stand above" in said
    edit(other, "x = 5", "x = 6")
    run(say, monkeypatch, other, "run")
    said = run(say, monkeypatch, main, "merge", "other")
    assert "journal/out.csv: cells wrote it here and there; it is the one from there" in said
    assert (main / "journal" / "out.csv").read_text() == "6,12"


def test_the_authors_text_is_what_nozzle_did_not_write(two: tuple[Path, Path]) -> None:
    text = (two[0] / "journal" / "entry.md").read_text()
    assert text != THREE
    assert authors(Entry(text)) == THREE


def test_cells_with_other_labels_are_other_cells() -> None:
    here, there = Entry(label("a", "1") + "\n" + label("b", "2")), Entry(label("a", "1") + "\n" + label("c", "3"))
    assert [(each.kind, each.title) for each in contrast(here, there)] == [("only here", "b"), ("only there", "c")]


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("   k     v\n0  2  0.25\n1  4  0.50", "    k    v\n0   2  1.0\n1  14  0.5"),
        (
            "| | k |\n| --- | ---: |\n| 0 | 0.25 |\n\n[table](_out/0a1b.html)",
            "| | k |\n| --- | -----: |\n| 0 |   1.0 |\n\n[table](_out/77c2.html)",
        ),
    ],
)
def test_numbers_of_a_table_are_told_though_its_columns_are_wider(here: str, there: str) -> None:
    shown = "<!-- nozzle:output v=1 of={} status=ok sha=0 -->\n\n{}\n\n<!-- /nozzle sig=x -->\n"
    of = Entry(cell("k")).cells[0].chain[:12]
    (found,) = contrast(*(Entry(f"{cell('k')}\n{shown.format(of, text)}") for text in (here, there)))
    assert (0.25, 1.0) in found.numbers


@pytest.mark.parametrize(
    ("one", "two", "numbers"),
    [
        ("F1 done", "F2 done", ()),
        ("v1.2 of 2024-11-28", "v1.3 of 2024-11-28", ()),
        ("loss=1 at .5, -2", "loss=2 at .6, -3", ((1.0, 2.0), (5.0, 6.0), (-2.0, -3.0))),
    ],
)
def test_a_digit_of_a_word_is_no_number(one: str, two: str, numbers: tuple[tuple[float, float], ...]) -> None:
    shown = "<!-- nozzle:output v=1 of={} status=ok sha=0 -->\n\n```text\n{}\n```\n\n<!-- /nozzle sig=x -->\n"
    of = Entry(cell("k")).cells[0].chain[:12]
    (found,) = contrast(*(Entry(f"{cell('k')}\n{shown.format(of, text)}") for text in (one, two)))
    assert found.numbers == numbers


def test_cells_are_paired_by_label_then_by_code() -> None:
    here = Entry(label("a", "1") + "\n" + cell("2") + "\n" + cell("3"))
    there = Entry(label("a", "10") + "\n" + cell("3") + "\n" + cell("4"))
    assert [(each.kind, each.title) for each in contrast(here, there)] == [
        ("edited", "a"), ("only here", here.cells[1].title), ("only there", there.cells[2].title),
    ]  # fmt: skip


def test_threads_under_a_watch_share_places_and_are_told_of_a_file_that_both_write(
    say: Say, folder: Path, tmp_path: Path
) -> None:
    git(folder, "init", "-q", "-b", "main")
    (folder / "nozzle.toml").write_text("cells = 1\n")
    path = entry(folder, cell("x = 1"))
    assert say("run").status == 0
    assert say("fork", "HEAD", "other").status == 0
    other = folder.parent / f"{folder.name}.threads" / "other" / "journal"
    shared = tmp_path / "shared"
    with process("watch", "--no-page") as watch:
        until(lambda: all(row["watched"] for row in map(json.loads, say("threads", "--json").out.splitlines())))
        path.write_text(path.read_text() + "\n" + cell(f"{WAITS}\nopen({str(shared)!r}, 'w').close()"))
        until((folder / "journal" / "began").exists)
        text = (other / "entry.md").read_text()
        (other / "entry.md").write_text(text + "\n" + cell(f"print('there'); open({str(shared)!r}, 'w').close()"))
        until(lambda: "waits for a place: 1 run at once" in say("threads").out)
        (folder / "journal" / "go").touch()
        until(lambda: "there\n```" in (other / "entry.md").read_text())
        until(lambda: "went on\n```" in path.read_text())
        watch.send_signal(signal.SIGINT)
        said, _ = watch.communicate(timeout=30)
    assert f"writes {shared}, and so does the thread in {folder}: the last one wins" in " ".join(said.split())


@pytest.mark.parametrize("trusted", [True, False])
def test_two_machines_of_one_author_each_add_their_key(say: Say, folder: Path, tmp_path: Path, trusted: bool) -> None:
    entry(folder, cell("print(1)"))
    git(folder, "init", "-q"), git(folder, "add", "journal"), git(folder, *WHO, "commit", "-qm", "begin")
    git(folder, "branch", "there")
    assert say("run").status == 0
    mine = (folder / "nozzle.keys").read_text()
    theirs = my_key(tmp_path / "there").key("Ann")
    git(folder, "worktree", "add", "-q", tmp_path / "other", "there")
    (tmp_path / "other" / "nozzle.keys").write_text(f"# Mine\n{theirs.line}\n")
    (tmp_path / "other" / "plain.txt").write_text("x\n")
    git(tmp_path / "other", "add", "."), git(tmp_path / "other", *WHO, "commit", "-qm", "there")
    if trusted:
        say("key", "add", theirs.line)
    said = say("merge", "there")
    assert said.status == 0, said.out
    assert (folder / "nozzle.keys").read_text() == mine + (f"{theirs.line}\n" if trusted else "")
    assert (f"nozzle key add '{theirs.line}'" in said.out) == (not trusted)
    assert (folder / "plain.txt").exists()
    assert git(folder, "status", "--porcelain", "--untracked-files=no") == ""
    assert "Already up to date" in git(folder, "merge", "there")


def test_a_key_that_the_author_is_adding_is_not_written_over_by_a_merge(
    two: tuple[Path, Path], say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    main, other = two
    key = Key.of(bytes(32), "Bea")
    say("key", "add", key.line)
    with (other / "nozzle.keys").open("a") as file:
        file.write(f"{key.line}\n")
    git(other, *WHO, "commit", "-qam", "a key")
    with (main / "nozzle.keys").open("a") as file:
        file.write("# Who else?\n")
    assert "nozzle.keys: changed here and in no step yet" in run(say, monkeypatch, main, "merge", "other")
    git(main, *WHO, "commit", "-qam", "a question")
    assert "nozzle.keys" in run(say, monkeypatch, main, "merge", "other")
    assert (main / "nozzle.keys").read_text().endswith(f"# Who else?\n{key.line}\n")


def test_a_merge_keeps_programs_programs_and_follows_no_link(
    two: tuple[Path, Path], say: Say, monkeypatch: pytest.MonkeyPatch
) -> None:
    main, other = two
    (other / "tool.sh").write_text("#!/bin/sh\n")
    (other / "tool.sh").chmod(0o755)
    git(other, "add", "tool.sh")
    git(other, *WHO, "commit", "-qm", "a tool")
    run(say, monkeypatch, main, "merge", "other")
    assert (main / "tool.sh").stat().st_mode & 0o777 == 0o755
    victim = main.parent / "victim"
    victim.write_text("mine")
    (other / "tool.sh").unlink()
    (other / "tool.sh").symlink_to(victim)
    git(other, *WHO, "commit", "-qam", "a link")
    said = run(say, monkeypatch, main, "merge", "other")
    assert "is a link here or there" in said
    assert victim.read_text() == "mine"


def test_the_authors_files_are_not_swept_into_the_step_of_a_program(folder: Path) -> None:
    git(folder, "init", "-qb", "main")
    for name in ("lib.py", "named.py", "staged.txt"):
        (folder / name).write_text("1\n")
    entry(folder, cell("echo 2 >> ../named.py; touch ../began; until [ -e ../go ]; do sleep 0.05; done", "bash"))
    git(folder, "add", "-A")
    git(folder, *WHO, "commit", "-qm", "begun")
    with process("run") as started:
        until(lambda: (folder / "began").exists())
        for name in ("lib.py", "staged.txt"):
            (folder / name).write_text("half typed\n")
        git(folder, "add", "staged.txt")
        (folder / "go").touch()
        said, _ = started.communicate(timeout=60)
    assert "lib.py changed while programs of" in said
    changed = git(folder, "show", "--format=", "--name-only", "HEAD").split()
    assert "named.py" in changed
    assert not {"lib.py", "staged.txt"} & set(changed)
    assert git(folder, "diff", "--cached", "--name-only") == "staged.txt"


def test_an_entry_outside_the_journals_folder_is_compared_as_one(say: Say, folder: Path) -> None:
    for name in ("README.md", "talks/one.md", "notes/run by name.md"):
        entry(folder, f"# {name}\n\n" + label("sum", "x = 1; print(x)"), name)
    entry(folder, "Words.\n", "notes/plain.md")
    (folder / "nozzle.toml").write_text('entries = ["talks/*.md"]\n')
    say("run")
    say("run", "notes/run by name.md")
    say("fork", "HEAD", "other")
    for path in folder.rglob("*.md"):
        path.write_text(path.read_text().replace("x = 1", "x = 2").replace("Words", "More words"))
    say("run")
    say("run", "notes/run by name.md")
    git(folder, "add", "notes/plain.md")
    git(folder, *WHO, "commit", "-q", "-m", "plain")
    said = say("compare", "other", "HEAD").out
    assert said.count("~ sum\n") == 3
    assert said.count("x: int 2") == 3
    assert "~ README.md" not in said
    assert "+ notes/plain.md\n" in said


HELPER = """import subprocess
def sh(words):
    subprocess.run(words, shell=True, check=True)"""
POOL = """from concurrent.futures import ProcessPoolExecutor
def write(n):
    open(f"made{n}.txt", "w").write("x")
with ProcessPoolExecutor(2) as pool:
    list(pool.map(write, range(2)))"""
NATIVE = """import ctypes
c = ctypes.CDLL(None)
c.fopen.restype = ctypes.c_void_p
c.fclose(ctypes.c_void_p(c.fopen(b"made.txt", b"w")))"""


@pytest.mark.parametrize(
    ("cells", "made"),
    [
        ((HELPER, "sh('echo x > made.txt')"), {"made.txt"}),
        ((POOL,), {"made0.txt", "made1.txt"}),
        ((NATIVE,), {"made.txt"}),
    ],
    ids=["a function above", "a pool", "C"],
)
def test_what_nobody_sees_a_cell_write_is_in_its_step(
    say: Say, folder: Path, cells: tuple[str, ...], made: set[str]
) -> None:
    entry(folder, "\n".join(map(cell, cells)))
    assert say("run").status == 0
    held = git(folder, "show", "--format=", "--name-only", "HEAD").split()
    assert {f"journal/{name}" for name in made} <= set(held)
    assert git(folder, "status", "--porcelain") == ""


def test_a_file_that_a_hidden_program_may_have_made_is_named_and_from_then_on_seen(say: Say, folder: Path) -> None:
    entry(folder, "# Old\n", "journal/old.md")
    (folder / "journal" / "mine.txt").write_text("x")
    (folder / "journal" / "tool.py").write_text(HELPER)
    os.utime(folder / "journal" / "mine.txt", (1, 1))
    path = entry(folder, cell("from tool import sh") + "\n" + cell("sh('echo x > made.txt')"))
    said = say("run", str(path)).out
    assert "journal/made.txt changed while programs of sh('echo x > made.txt') ran, and may be your own work" in said
    assert "mine.txt" not in said
    path.write_text(path.read_text() + "\n" + cell("sh('echo x > one.txt')") + "\n" + cell("sh('echo x > two.txt')"))
    said = say("run", str(path)).out
    assert "journal/one.txt changed while programs of" in said
    assert "journal/two.txt" in git(folder, "show", "--format=", "--name-only", "HEAD").split()


def test_an_entry_outside_the_journals_folder_is_nobody_elses_when_its_marker_was_written(
    say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nozzle.run.LONG", 0.1)
    (folder / "tool.py").write_text(HELPER)
    path = entry(folder, cell("from tool import sh\nsh('sleep 1')"), "mine.md")
    said = say("run", str(path))
    assert said.status == 0
    assert "may be your own work" not in said.out


def test_entries_of_a_worktree_that_is_moved_were_not_taken_away(two: tuple[Path, Path]) -> None:
    said: list[str] = []
    with journal(two[1]) as there:
        ledger, head = there.ledger(said.append), there.steps.thread().head
        git(two[0], "worktree", "move", two[1], two[1].with_name("moved"))
        ledger.remove("journal/entry.md")
        assert git(two[0], "rev-parse", "other").strip() == head
    assert said == [f"{two[1]} was moved to {two[1].with_name('moved')}: its entries are looked after from there"]


@pytest.mark.parametrize("where", ["there", "here"])
def test_a_merge_follows_an_entry_to_its_new_name(say: Say, folder: Path, tmp_path: Path, where: str) -> None:
    here = entry(folder, cell("x = 1") + "\n" + "between\n\n" * 9 + cell("print('old', 2)"))
    say("run")
    git(folder, "branch", "other")
    git(folder, "worktree", "add", "-q", str(tmp_path / "there"), "other")
    there = tmp_path / "there" / "journal" / "entry.md"
    (there if where == "there" else here).rename((there if where == "there" else here).with_name("new.md"))
    mine = here if where == "there" else here.with_name("new.md")
    theirs = there.with_name("new.md") if where == "there" else there
    mine.write_text(mine.read_text().replace("x = 1", "x = 10"))
    theirs.write_text(theirs.read_text().replace("'old', 2", "'new', 2"))
    for at in (folder, tmp_path / "there"):
        git(at, "add", "-A")
        git(at, "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qm", "changed")
    said = say("merge", "other")
    assert said.status == 0, said.out
    assert [path.name for path in (folder / "journal").glob("*.md")] == ["new.md"]
    text = (folder / "journal" / "new.md").read_text()
    assert ("x = 10" in text, "'new', 2" in text, text.count("print(")) == (True, True, 1)
    assert git(folder, "status", "--porcelain", "journal") == ""


PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
PICTURE = f"import base64\nfrom IPython.display import Image\nImage(base64.b64decode('{PNG}'))"


@pytest.mark.parametrize("names", [("sub/mine.md", "entry.md"), ("entry.md", "sub/new.md"), ("a/mine.md", "b/new.md")])
def test_a_picture_goes_along_where_an_entry_got_another_name(
    say: Say, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, names: tuple[str, str]
) -> None:
    entry(folder, "# Words\n\n" + "between\n\n" * 9 + cell("print('old', 2)"))
    say("run")
    git(folder, "branch", "other")
    git(folder, "worktree", "add", "-q", str(tmp_path / "there"), "other")
    for at, name, change in zip((folder, tmp_path / "there"), names, ("# Mine", "# Words"), strict=True):
        path = at / "journal" / name
        path.parent.mkdir(exist_ok=True)
        (at / "journal" / "entry.md").rename(path)
        more = "" if change == "# Mine" else "\n" + cell(PICTURE)
        path.write_text(path.read_text().replace("# Words", change) + more)
        run(say, monkeypatch, at, "run")
        git(at, "add", "-A")
        git(at, *WHO, "commit", "-q", "--allow-empty", "-m", "changed")
    monkeypatch.chdir(folder)
    said = say("merge", "other")
    assert said.status == 0, said.out
    (path,) = (folder / "journal").rglob("*.md")
    text = path.read_text()
    assert ("# Mine" in text, text.count("print("), text.count("](_out/")) == (True, 1, 1)
    shown = text.partition("](_out/")[2].partition(")")[0]
    assert (path.parent / "_out" / shown).is_file()


@pytest.mark.parametrize("where", ["there", "here"])
def test_a_small_entry_with_a_new_name_and_an_edited_line_is_still_one(
    say: Say, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    entry(folder, "# T\n\n" + cell("print('first', 'one')") + "\n" + cell("print('last')"))
    say("run")
    git(folder, "branch", "other")
    git(folder, "worktree", "add", "-q", str(tmp_path / "there"), "other")
    for at, word, name in ((folder, "last", "here"), (tmp_path / "there", "one", "there")):
        path = at / "journal" / "entry.md"
        path.write_text(path.read_text().replace(f"'{word}'", f"'{name} is new'"))
        if name == where:
            path.rename(path.with_name("new.md"))
        run(say, monkeypatch, at, "run")
        git(at, "add", "-A")
        git(at, *WHO, "commit", "-q", "--allow-empty", "-m", "changed")
    monkeypatch.chdir(folder)
    said = say("merge", "other")
    assert "new.md" in said.out
    (path,) = (folder / "journal").rglob("*.md")
    assert path.name == "new.md"
    assert "there is new" in path.read_text()
    assert "here is new" in path.read_text()
