"""Looking back: the walk, and what words mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nozzle.errors import NozzleError, Unreadable, WrongCommand
from nozzle.steps import Steps
from nozzle.steps.step import message, quoted, step, unquoted

from .conftest import Author, made


def test_only_steps_newest_first(author: Author, steps: Steps) -> None:
    a = made(steps, "a.md", "1")
    author.commit("x", "by hand", "Nozzle-Kind: is only spoken of here")
    b = made(steps, "b.md", "1")
    c = made(steps, "a.md", "2")
    assert list(steps.history()) == [c, b, a]
    assert list(steps.history("a.md")) == [c, a]
    assert list(steps.history("a.m")) == []
    assert list(steps.history(limit=1)) == [c]
    assert list(steps.history(limit=0)) == []
    assert list(steps.history(rev=b.sha)) == [b, a]
    assert next(steps.history()) == c


def test_an_empty_repository_has_no_history(steps: Steps) -> None:
    assert list(steps.history()) == []
    with pytest.raises(WrongCommand, match="no step here yet"):
        steps.resolve("HEAD")


def test_history_of_what_is_not_there_is_an_error(steps: Steps) -> None:
    made(steps, "a.md", "1")
    with pytest.raises(NozzleError, match="git log failed"):
        list(steps.history(rev="--output=x"))


def test_trailers_survive_rebase_amend_and_cherry_pick(author: Author, steps: Steps) -> None:
    made(steps, "a.md", "1")
    author.git("switch", "-qc", "side")
    wanted = made(steps, "a.md", "2", trailers={"Cell": "abcd1234"})
    author.git("switch", "-q", "main")
    author.commit("x", "y")
    author.git("cherry-pick", "-x", "side")
    author.git("commit", "-q", "--amend", "--signoff", "--no-edit")
    found = next(steps.history())
    assert (found.kind, found.cell, found.entry, found.thread) == ("cell", "abcd1234", "a.md", "side")
    assert found.sha != wanted.sha


def test_words_that_mean_a_step(author: Author, steps: Steps) -> None:
    a = made(steps, "a.md", "1", trailers={"Cell": "c0ffee001122"})
    b = made(steps, "a.md", "2", trailers={"Cell": "c0ffee001122"})
    author.git("branch", "old", a.sha)
    author.git("tag", "v1", a.sha)
    for words, wanted in (
        (a.sha, a),
        (a.sha[:7], a),
        ("HEAD~1", a),
        ("@^", a),
        ("old", a),
        ("v1", a),
        ("HEAD", b),
        ("c0ffee001122", b),
        ("C0FFEE", b),
        ("#cell-c0ffee001122", b),
        (" main ", b),
    ):
        assert steps.resolve(words) == wanted, words


def test_a_cell_is_found_on_other_threads_too(author: Author, steps: Steps) -> None:
    made(steps, "a.md", "1")
    author.git("switch", "-qc", "side")
    there = made(steps, "a.md", "2", trailers={"Cell": "c0ffee001122"})
    author.git("switch", "-q", "main")
    assert steps.resolve("c0ffee") == there


def test_a_commit_by_hand_can_be_meant(author: Author, steps: Steps) -> None:
    sha = author.commit("x", "y", "Subject line\n\nbody")
    found = steps.resolve("HEAD")
    assert (found.sha, found.kind, found.title) == (sha, "", "Subject line")


def test_near_words_are_offered(author: Author, steps: Steps) -> None:
    one = made(steps, "a.md", "1")
    author.git("branch", "fusion")
    with pytest.raises(WrongCommand, match="no step is called 'fusoin': did you mean fusion"):
        steps.resolve("fusoin")
    author.git("branch", "idea")
    with pytest.raises(WrongCommand, match="no step is called 'deadbeef': `nozzle log`"):
        steps.resolve("deadbeef")
    with pytest.raises(WrongCommand, match=f"did you mean {one.sha[:7]}"):
        steps.resolve("cell in a")
    for words in ("", "--help", "zzzzzz", "main:a.md", "a\nb", "deadbeef", "HEAD~99"):
        with pytest.raises(WrongCommand):
            steps.resolve(words)


def test_diff_files_and_text(author: Author, steps: Steps) -> None:
    first = made(steps, "a.md", "one\n")
    author.write("_out/p.png", b"\x89PNG\0")
    second = made(steps, "a.md", "two\n", adopt=("_out/p.png",))
    assert "-one\n+two" in steps.diff(second)
    assert "p.png" not in steps.diff(second, ["a.md"])
    assert "+one" in steps.diff(first)
    assert steps.files(second) == [("A", "_out/p.png"), ("M", "a.md")]
    assert steps.text(second, "_out/p.png") == b"\x89PNG\0"
    assert steps.text("HEAD~1", "a.md") == b"one\n"
    assert steps.text(second, "nope") is None
    assert steps.text(second, "_out") is None


def test_a_pruned_step_is_said(steps: Steps) -> None:
    one = made(steps, "a.md", "1")
    with pytest.raises(Unreadable, match="not in"):
        steps._repo.step("1" * len(one.sha))


@given(st.text())
def test_any_value_survives_its_trailer(value: str) -> None:
    assert unquoted(quoted(value)) == value
    if value:
        read = step("0" * 40, 0, message("title", [("Kind", "cell"), ("Reads", value)]).decode())
        assert read.trailers == {"Kind": "cell", "Reads": value}


@given(st.text())
def test_any_title_is_one_line(title: str) -> None:
    read = step("0" * 40, 0, message(title, [("Kind", "cell")]).decode())
    assert read.kind == "cell"
    assert "\n" not in read.title
    assert read.title
