"""Where a text came from: steps made in a row are this clone's own, each of them."""

import subprocess
from pathlib import Path

import pytest

from nozzle.steps import Record, Steps, origin

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
        fetched(author, "theirs")
        theirs = author.git("rev-parse", "origin/main")
        author.git("update-ref", "-d", "refs/remotes/origin/main")
        rows = [f"create refs/remotes/origin/b{number:03} {tip}\n" for number in range(200)]
        refs = "".join([*rows, f"create refs/remotes/origin/z\u2028z\u00a0 {theirs}\n"])
        subprocess.run(["git", "update-ref", "--stdin"], cwd=author.root, input=refs, text=True, check=True)
        assert (steps.head_text("a.md"), steps.brought("a.md")) == (b"mine", [b"theirs"])


@pytest.mark.parametrize("name", ["a file.md", "line\nline.md"])
def test_what_was_brought_is_told_as_a_checkout_writes_it_and_as_git_keeps_it(author: Author, name: str) -> None:
    with Steps.open(author.root) as steps:
        author.commit(".gitattributes", "*.md text eol=crlf\n")
        assert (steps.head_text(name), steps.brought(name)) == (b"", [])
        author.commit(name, "1\n2\n\n")
        assert (steps.head_text(name), steps.brought(name)) == (b"1\r\n2\r\n\r\n", [])
        author.git("update-ref", "refs/remotes/origin/main", author.git("commit-tree", "-m", "theirs", "HEAD^{tree}"))
        assert steps.brought(name) == [b"1\r\n2\r\n\r\n", b"1\n2\n\n"]


def test_of_many_branches_that_were_made_here_none_was_brought(author: Author) -> None:
    with Steps.open(author.root) as steps:
        made(steps, "a.md", "0")
        for number in range(60):
            author.git("branch", f"b{number}")
            author.git("switch", "-q", f"b{number}")
            steps.record(row(number))
        assert (steps.head_text("a.md"), steps.brought("a.md")) == (b"59\n", [])


AT_HOME = {
    "amend": [("commit", "-q", "--amend", "-m", "other words"), ("commit", "-q", "--amend", "-m", "again")],
    "merge": [("merge", "-q", "--no-ff", "-m", "both", "side")],
    "rebase": [("rebase", "-q", "side")],
    "cherry-pick": [("cherry-pick", "side")],
    "revert": [("revert", "--no-edit", "HEAD")],
}


@pytest.mark.parametrize("how", AT_HOME)
def test_what_git_makes_here_of_commits_made_here_is_as_they_are(author: Author, how: str) -> None:
    with Steps.open(author.root) as steps:
        made(steps, "a.md", "0")
        author.git("switch", "-qc", "side")
        author.commit("b.md", "side")
        author.git("switch", "-q", "main")
        author.commit("c.md", "main")
        for words in AT_HOME[how]:
            author.git(*words)
    with Steps.open(author.root) as again:
        assert again.alone()


@pytest.mark.parametrize("how", ["amend", "squash", "rebase", "orphan", "mail"])
def test_a_commit_that_git_made_here_of_somebody_elses_is_not_mine(author: Author, tmp_path: Path, how: str) -> None:
    author.git("init", "-q", "-b", "main")
    author.commit("a.md", "theirs")
    mail = author.git("format-patch", "--root", "--stdout", "HEAD")
    author.git("clone", "-q", ".", str(tmp_path / "clone"))
    mine = Author(tmp_path / "clone")
    mine.git("remote", "remove", "origin")
    if how == "amend":
        mine.git("commit", "-q", "--amend", "-m", "mine")
    elif how == "squash":
        mine.commit("b.md", "mine")
        mine.git("reset", "-q", "--soft", "HEAD~1")
        mine.git("commit", "-q", "--amend", "-m", "mine")
    elif how == "rebase":
        mine.commit("b.md", "mine")
        mine.git("rebase", "-q", "--root", "--force-rebase")
    elif how == "orphan":
        mine.git("switch", "-q", "--orphan", "new")
        mine.git("restore", "-s", "main", "a.md")
        mine.commit("a.md", "theirs")
    else:
        mine = Author(tmp_path)
        mine.git("init", "-q", "-b", "main", "fresh")
        mine = Author(tmp_path / "fresh")
        mine.git("am", "-q", given=mail + "\n")
        mine.git("commit", "-q", "--amend", "-m", "mine")
    with Steps.open(mine.root) as steps:
        assert not steps.alone()


def test_who_was_alone_stays_so_when_the_reflog_forgets(author: Author) -> None:
    with Steps.open(author.root) as steps:
        made(steps, "a.md", "0")
        author.commit("a.md", "by hand")
        assert steps.alone()
    author.git("reflog", "expire", "--expire=now", "--all")
    author.commit("a.md", "more")
    with Steps.open(author.root) as again:
        assert again.alone()
        made(again, "a.md", "step")
        author.git("switch", "-qc", "theirs")
        author.commit("b.md", "theirs")
        author.git("reflog", "expire", "--expire=now", "--all")
    with Steps.open(author.root) as again:
        assert not again.alone()


@pytest.mark.parametrize("how", ["fetch", "remote", "remote branch"])
def test_who_fetches_is_alone_no_longer_from_that_moment_on(author: Author, tmp_path: Path, how: str) -> None:
    with Steps.open(author.root) as steps:
        made(steps, "a.md", "0")
        author.git("clone", "-q", ".", str(tmp_path / "theirs"))
        assert steps.alone()
        made(steps, "a.md", "1")
        assert steps.alone()
        if how == "fetch":
            author.git("fetch", "-q", str(tmp_path / "theirs"))
        elif how == "remote":
            author.git("remote", "add", "origin", str(tmp_path / "theirs"))
        else:
            author.git("update-ref", "refs/remotes/origin/main", "HEAD")
        assert not steps.alone()
        made(steps, "a.md", "2")
        assert not steps.alone()


@pytest.mark.parametrize("name", ["refs/pull/1", "refs/heads/x/y", "refs/tags/x", "refs/x"])
def test_who_got_somebody_elses_commit_by_whatever_name_is_alone_no_longer(author: Author, name: str) -> None:
    with Steps.open(author.root) as steps:
        made(steps, "a.md", "0")
        assert steps.alone()
        author.git("update-ref", name, author.git("commit-tree", "-m", "theirs", "HEAD^{tree}"))
        assert not steps.alone()
    with Steps.open(author.root) as again:
        assert not again.alone()


def test_names_that_lead_to_my_own_commits_change_nothing(author: Author) -> None:
    with Steps.open(author.root) as steps:
        made(steps, "a.md", "0")
        made(steps, "a.md", "1")
        author.git("tag", "-a", "one", "-m", "one", "HEAD~1")
        author.git("branch", "side", "HEAD~1")
        author.git("notes", "add", "-m", "a note")
        (author.root / "a.md").write_text("mine")
        author.git("stash")
        steps.put_branch("site", {"index.html": b"site"}, "the site")
        steps.put_branch("site", {"index.html": b"more"}, "the site again")
        aside = steps.record_aside([row(7)], author.git("rev-parse", "HEAD~1"))
        assert steps.alone()
    with Steps.open(author.root) as again:
        assert again.alone()
        assert again.brought("a.md") == []
        assert aside.name in author.git("branch")


def fetched(author: Author, *texts: str) -> None:
    """As if somebody else had made commits with these texts."""
    tip = author.git("rev-parse", "HEAD")
    for text in texts:
        blob = author.git("hash-object", "-w", "--stdin", given=text)
        tree = author.git("mktree", given=f"100644 blob {blob}\ta.md\n")
        tip = author.git("commit-tree", "-m", "theirs", "-p", tip, tree)
    author.git("update-ref", "refs/remotes/origin/main", tip)


def test_what_was_ever_at_a_path_is_found_also_when_it_is_asked_again(author: Author) -> None:
    with Steps.open(author.root) as steps:
        author.commit("a.md", "mine\n")
        fetched(author, "one\n\n  two\n", "none\n")
        assert steps.earlier("a.md", {b"one\ntwo"}) == [b"one\n\n  two\n"]
        assert steps.earlier("a.md", {b"one\nthree"}) == []
        author.git("merge", "-q", "origin/main")
        fetched(author, "one\nthree\n", "gone\n")
        made(steps, "a.md", "of a step\n")
        author.commit("a.md", "of my own\n")
        made(steps, "a.md", "none\n")
        assert steps.earlier("a.md", {b"one\nthree"}) == [b"one\nthree\n"]
        assert set(steps.earlier("a.md", {b"one\ntwo", b"gone"})) == {b"gone\n", b"one\n\n  two\n"}
        assert steps.earlier("a.md", {b"of a step", b"of my own", b"mine"}) == []


def test_a_thread_that_begins_at_somebody_elses_commit_makes_it_nobody_elses(author: Author) -> None:
    with Steps.open(author.root) as steps:
        author.commit("a.md", "mine")
        fetched(author, "theirs")
        author.git("switch", "-q", "--detach", "origin/main")
        author.git("update-ref", "-d", "refs/remotes/origin/main")
        made(steps, "b.md", "1")
        assert steps.thread().name.startswith("nozzle/")
        assert steps.brought("a.md") == [b"theirs"]


def test_a_step_asks_no_reflog_whose_commits_the_others_are(author: Author, monkeypatch: pytest.MonkeyPatch) -> None:
    """And all that is no step does, also where HEAD is again where it was."""
    read: list[str] = []
    reflog = origin._reflog
    monkeypatch.setattr(origin, "_reflog", lambda repo, name: (read.append(name), reflog(repo, name))[1])

    def asks(steps: Steps, text: bytes = b"mine") -> bool:
        read.clear()
        assert steps.brought("a.md") == [b"theirs"]
        steps.earlier("a.md", [text])
        return bool(read)

    with Steps.open(author.root) as steps:
        made(steps, "a.md", "0")
        fetched(author, "theirs")
        assert asks(steps)
        made(steps, "a.md", "mine")
        steps.record_all([row(1), row(2)])
        assert not asks(steps)
        made(steps, "a.md", "mine again")
        assert not asks(steps, b"again")
        tip = author.git("rev-parse", "HEAD")
        author.commit("a.md", "by hand")
        assert asks(steps)
        author.git("reset", "-q", "--hard", tip)
        assert asks(steps)
        made(steps, "a.md", "mine, too")
        assert not asks(steps)
        author.git("update-ref", "refs/remotes/origin/other", author.git("commit-tree", "-m", "x", "HEAD^{tree}"))
        read.clear()
        assert b"mine, too" in steps.brought("a.md")
        assert read
