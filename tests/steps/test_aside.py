"""Steps on a thread of their own: what was begun elsewhere is kept, and nothing here moves."""

from typing import Any

import pytest

from nozzle.steps import Elsewhere, Record, Steps, threads

from .conftest import Author, made


def late(text: str) -> Record:
    return Record("cell", "journal/a.md", "late", {"journal/a.md": text.encode(), "journal/_out/p.png": b"p"})


def test_a_step_aside_touches_neither_head_nor_index_nor_files(author: Author, steps: Steps) -> None:
    start = made(steps, "journal/a.md", "1")
    head = made(steps, "journal/a.md", "2")
    author.write("journal/a.md", "typing")
    author.write("s", "staged")
    author.git("add", "s")
    before, index = author.status(), (author.root / ".git/index").read_bytes()
    thread = steps.record_aside([late("1, and more"), late("1, and more still")], at=start.sha)
    assert (steps.thread().name, steps.thread().head) == ("main", head.sha)
    assert (author.status(), (author.root / ".git/index").read_bytes()) == (before, index)
    assert author.read("journal/a.md") == b"typing"
    assert author.git("log", "--format=%s", thread.name) == "late\nlate\ncell in journal/a.md"
    assert steps.text(thread.head, "journal/_out/p.png") == b"p"
    assert steps.resolve(thread.name).thread == thread.name == f"nozzle/a-{start.sha[:7]}"
    author.sound()


def test_a_second_step_aside_from_one_commit_is_a_second_thread(steps: Steps) -> None:
    start = made(steps, "journal/a.md", "1")
    names = {steps.record_aside([late(text)], at=start.sha).name for text in ("x", "y")}
    assert len(names) == 2


def test_a_step_for_one_place_is_not_made_at_another(author: Author, steps: Steps) -> None:
    start = made(steps, "journal/a.md", "1")
    head = made(steps, "journal/a.md", "2")
    with pytest.raises(Elsewhere) as told:
        steps.record_all([late("1, and more")], at=start.sha)
    assert told.value.now == head.sha
    assert author.git("rev-parse", "HEAD") == head.sha


def test_git_at_work_is_seen(author: Author, steps: Steps) -> None:
    made(steps, "journal/a.md", "1")
    assert not steps.moving()
    lock = author.root / ".git/index.lock"
    with lock.open("w"):
        assert steps.moving()
    lock.unlink()
    author.write("s", "staged")
    author.git("add", "s")
    assert steps.moving(), "git has just written the index"


@pytest.mark.parametrize(("words", "by_hand"), [(["commit", "-qam", "x"], True), (["checkout", "-q", "HEAD~1"], False)])
def test_a_commit_by_hand_is_told_from_a_checkout(
    author: Author, steps: Steps, words: list[str], by_hand: bool
) -> None:
    made(steps, "journal/a.md", "1")
    made(steps, "journal/a.md", "2")
    if by_hand:
        author.write("journal/a.md", "3")
    author.git(*words)
    assert steps.committed_by_hand() is by_hand


def test_a_name_that_is_taken_in_this_moment_is_passed_over(
    author: Author, steps: Steps, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = made(steps, "journal/a.md", "1")
    unused, taken = threads.unused, list[str]()

    def beaten(*words: Any) -> str:
        name = unused(*words)
        if not taken:
            taken.append(name)
            author.git("branch", name)
        return name

    monkeypatch.setattr(threads, "unused", beaten)
    assert steps.record_aside([late("2")], at=first.sha).name not in taken
