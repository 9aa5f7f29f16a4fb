"""Where a text came from: steps made in a row are this clone's own, each of them."""

import subprocess

import pytest

from nozzle.steps import Record, Steps

from .conftest import Author, made


def row(number: int) -> Record:
    return Record("cell", "a.md", f"row {number}", {"a.md": f"{number}\n".encode()})


def test_every_step_of_a_row_was_made_here(author: Author) -> None:
    with Steps.open(author.root) as steps:
        made(steps, "a.md", "0")
        steps.record_all([row(1), row(2), row(3)])
    with Steps.open(author.root) as again:
        assert again.alone()


def test_a_commit_of_somebody_else_among_them_is_foreign(author: Author) -> None:
    with Steps.open(author.root) as steps:
        made(steps, "a.md", "0")
        author.git("switch", "-qc", "theirs")
        author.commit("a.md", "theirs")
        author.git("switch", "-q", "main")
        author.git("reflog", "expire", "--expire=now", "--all")
        author.git("merge", "-q", "--ff-only", "theirs")
        steps.record_all([row(1), row(2)])
    with Steps.open(author.root) as again:
        assert not again.alone()


def test_what_any_branch_of_a_remote_holds_was_brought_however_many_there_are(author: Author) -> None:
    with Steps.open(author.root) as steps:
        author.commit("a.md", "mine")
        tip = author.git("rev-parse", "HEAD")
        author.git("switch", "-qc", "theirs")
        author.commit("a.md", "theirs")
        theirs = author.git("rev-parse", "HEAD")
        author.git("switch", "-q", "main")
        author.git("branch", "-D", "theirs")
        rows = [f"create refs/remotes/origin/b{number:03} {tip}\n" for number in range(200)]
        refs = "".join([*rows, f"create refs/remotes/origin/z\u2028z\u00a0 {theirs}\n"])
        subprocess.run(["git", "update-ref", "--stdin"], cwd=author.root, input=refs, text=True, check=True)
        assert steps.brought("a.md") == [b"mine", b"theirs"]


@pytest.mark.parametrize("name", ["a file.md", "line\nline.md"])
def test_what_was_brought_is_told_as_a_checkout_writes_it_and_as_git_keeps_it(author: Author, name: str) -> None:
    with Steps.open(author.root) as steps:
        author.commit(".gitattributes", "*.md text eol=crlf\n")
        assert steps.brought(name) == [b""]
        author.commit(name, "1\n2\n\n")
        assert steps.brought(name) == [b"1\r\n2\r\n\r\n", b"1\n2\n\n"]


def test_of_many_branches_that_were_made_here_none_was_brought(author: Author) -> None:
    with Steps.open(author.root) as steps:
        made(steps, "a.md", "0")
        for number in range(60):
            author.git("branch", f"b{number}")
            author.git("switch", "-q", f"b{number}")
            steps.record(row(number))
        assert steps.brought("a.md") == [b"59\n"]
