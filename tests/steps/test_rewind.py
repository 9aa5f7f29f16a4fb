"""Going back never destroys work."""

import threading
from pathlib import Path

import pytest

from nozzle.errors import Refused
from nozzle.steps import Record, Steps, Thread

from .conftest import Author, made

TOKEN = "ghp_" + "x1" * 18


def test_what_would_be_lost_is_a_step_first(author: Author, steps: Steps) -> None:
    author.commit(".gitignore", "ignored\n")
    first = made(steps, "a.md", "1")
    made(steps, "a.md", "2")
    author.write("a.md", "3")
    author.write("new/x", "untracked")
    author.write("ignored", "mine")
    rewound = steps.rewind(first)
    assert rewound.thread_before.name == "main"
    assert rewound.where == first
    assert rewound.rescued is not None
    assert rewound.rescued.kind == "save"
    assert steps.files(rewound.rescued) == [("M", "a.md")]
    assert author.git("rev-parse", "main") == rewound.rescued.sha
    assert next(steps.history("a.md", rev="main")) == rewound.rescued
    assert steps.thread().name == ""
    assert author.read("a.md") == b"1"
    assert author.read("ignored") == b"mine"
    assert author.read("new/x") == b"untracked"
    assert author.status() == "?? new/x"


@pytest.mark.parametrize(("there", "mine"), [("x", "x"), ("x/y", "x"), ("x", "x/y")])
def test_an_untracked_file_that_stands_in_the_way_is_a_step_first(
    author: Author, steps: Steps, there: str, mine: str
) -> None:
    author.commit(there, "theirs")
    first = made(steps, "a.md", "1")
    author.git("rm", "-q", there)
    author.git("commit", "-qm", "removed")
    author.write(mine, "mine")
    rewound = steps.rewind(first)
    assert rewound.rescued is not None
    assert steps.text("main", mine) == b"mine"
    assert author.read(there) == b"theirs"
    assert author.status() == ""


def test_a_file_that_must_not_be_kept_stops_a_rewind(author: Author, steps: Steps) -> None:
    first = made(steps, "a.md", "1")
    made(steps, "a.md", "2")
    author.write("a.md", TOKEN)
    with pytest.raises(Refused, match=r"a\.md: line 1 looks like a secret \(github token\), so no step may keep it"):
        steps.rewind(first)
    assert author.read("a.md") == TOKEN.encode()


def test_a_link_to_a_place_that_must_not_be_kept_stops_a_rewind(author: Author, steps: Steps) -> None:
    author.commit("there", "theirs")
    first = made(steps, "a.md", "1")
    made(steps, "a.md", "2")
    (author.root / "there").unlink()
    (author.root / "there").symlink_to(f"/run/{TOKEN}")
    with pytest.raises(Refused, match=r"there: line 1 looks like a secret"):
        steps.rewind(first)


def test_a_secret_that_is_only_staged_stops_a_rewind_too(author: Author, steps: Steps) -> None:
    first = made(steps, "a.md", "1")
    head = made(steps, "a.md", "2")
    author.write("a.md", TOKEN)
    author.git("add", "a.md")
    author.write("a.md", "3")
    with pytest.raises(Refused, match="looks like a secret"):
        steps.rewind(first)
    assert author.git("rev-parse", "HEAD") == head.sha
    assert author.read("a.md") == b"3"


def test_a_step_of_what_must_not_be_kept_is_refused_by_whatever_way(author: Author, steps: Steps) -> None:
    first = made(steps, "a.md", "1")
    record = Record("save", "a.md", "A save", {"a.md": b"fine", "b.txt": TOKEN.encode()})
    with pytest.raises(Refused, match=r"b\.txt: line 1 looks like a secret"):
        steps.record(record)
    with pytest.raises(Refused, match=r"b\.txt: line 1 looks like a secret"):
        steps.record_aside([record], first.sha)
    assert author.git("log", "--all", "--format=%H").split() == [first.sha]


def test_nothing_to_lose_makes_no_step(author: Author, steps: Steps) -> None:
    first = made(steps, "a.md", "1")
    second = made(steps, "a.md", "2")
    assert steps.rewind(first).rescued is None
    assert steps.rewind(second).rescued is None
    assert author.read("a.md") == b"2"
    assert author.git("branch", "--format=%(refname:short)").split("\n")[1:] == ["main"]


def test_staged_text_that_differs_from_the_disk_is_kept_too(author: Author, steps: Steps) -> None:
    first = made(steps, "a.md", "1")
    made(steps, "a.md", "2")
    author.write("a.md", "staged")
    author.git("add", "a.md")
    author.write("a.md", "on disk")
    rewound = steps.rewind(first)
    assert rewound.rescued is not None
    assert steps.text("main", "a.md") == b"on disk"
    assert steps.text("main~1", "a.md") == b"staged"
    assert author.status() == ""


def test_removed_files_come_back(author: Author, steps: Steps) -> None:
    first = made(steps, "a.md", "1")
    made(steps, "b.md", "1")
    (author.root / "a.md").unlink()
    steps.rewind(first)
    assert author.read("a.md") == b"1"
    assert steps.text("main", "a.md") is None


def test_the_next_step_starts_a_thread(author: Author, steps: Steps) -> None:
    first = made(steps, "journal/2026 fusion.md", "1")
    last = made(steps, "journal/2026 fusion.md", "2")
    steps.rewind(first)
    step = made(steps, "journal/2026 fusion.md", "3")
    assert step.thread == f"nozzle/2026-fusion-{first.sha[:7]}" == steps.thread().name
    assert author.git("rev-parse", "main") == last.sha
    steps.rewind(first)
    assert made(steps, "journal/2026 fusion.md", "4").thread == f"nozzle/2026-fusion-{first.sha[:7]}-2"
    assert author.status() == ""


def test_saved_text_on_no_thread_is_kept_on_a_new_one(author: Author, steps: Steps) -> None:
    first = made(steps, "a.md", "1")
    second = made(steps, "a.md", "2")
    steps.rewind(first)
    author.write("a.md", "tried")
    rewound = steps.rewind(second)
    assert rewound.rescued is not None
    assert rewound.rescued.thread.startswith("nozzle/kept-")
    assert rewound.thread_before == Thread(rewound.rescued.thread, rewound.rescued.sha, author.root)
    assert steps.text(rewound.rescued.thread, "a.md") == b"tried"


def test_a_commit_by_hand_on_no_branch_is_kept(author: Author, steps: Steps) -> None:
    first = made(steps, "a.md", "1")
    second = made(steps, "a.md", "2")
    steps.rewind(first)
    lonely = author.commit("b", "x")
    steps.rewind(second)
    assert author.git("branch", "--contains", lonely, "--format=%(refname:short)").startswith("nozzle/kept-")


def test_an_ignored_file_in_the_way_is_not_overwritten(author: Author, steps: Steps) -> None:
    first = made(steps, "data.csv", "old")
    author.git("rm", "-q", "--cached", "data.csv")
    author.commit(".gitignore", "data.csv\n")
    author.write("data.csv", "precious")
    with pytest.raises(Refused, match=r"data\.csv"):
        steps.rewind(first)
    assert author.read("data.csv") == b"precious"
    assert steps.thread().name == "main"


def test_a_repository_inside_is_left_alone(author: Author, steps: Steps) -> None:
    first = made(steps, "a.md", "1")
    made(steps, "a.md", "2")
    inner = Author(author.root / "inner")
    inner.root.mkdir()
    inner.git("init", "-q")
    inner.commit("x", "1")
    inner.write("y", "2")
    steps.rewind(first)
    assert inner.read("y") == b"2"
    assert inner.status() == "?? y"


def test_from_an_unborn_branch(author: Author, steps: Steps) -> None:
    step = made(steps, "a.md", "1")
    author.git("switch", "-q", "--orphan", "fresh")
    author.write("b", "x")
    author.git("add", "b")
    rewound = steps.rewind(step)
    assert rewound.rescued is not None
    assert steps.text("fresh", "b") == b"x"
    assert author.git("rev-list", "--count", "fresh") == "1"
    assert author.read("a.md") == b"1"


def test_conflicts_of_a_stash_are_kept_as_they_stand(author: Author, steps: Steps) -> None:
    first = made(steps, "a.md", "1\n")
    author.write("a.md", "stashed\n")
    author.git("stash", "-q")
    made(steps, "a.md", "2\n")
    author.git("stash", "pop", ok=False)
    conflict = author.read("a.md")
    assert b"<<<<<<<" in conflict
    assert steps.rewind(first).rescued is not None
    assert steps.text("main", "a.md") == conflict
    assert author.git("stash", "list") != ""


def test_filters_apply_as_git_would(author: Author, steps: Steps, nobody: Path) -> None:
    author.git("config", "filter.up.clean", "tr a-z A-Z")
    author.git("config", "filter.up.smudge", "tr A-Z a-z")
    author.commit(".gitattributes", "*.up filter=up\n")
    first = made(steps, "a.md", "1")
    author.write("x.up", "text")
    author.git("add", "x.up")
    assert steps.rewind(first).rescued is not None
    assert steps.text("main", "x.up") == b"TEXT"
    author.git("switch", "-q", "main")
    assert author.read("x.up") == b"text"


def test_a_rewind_where_nothing_can_be_lost_touches_no_other_file(author: Author, steps: Steps) -> None:
    author.commit("other", "x")
    first = made(steps, "a.md", "1")
    made(steps, "a.md", "2")
    before = (author.root / "other").stat()
    steps.rewind(first)
    after = (author.root / "other").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_an_index_lock_is_waited_for(author: Author, steps: Steps) -> None:
    first = made(steps, "a.md", "1")
    made(steps, "a.md", "2")
    lock = author.root / ".git/index.lock"
    lock.write_text("")
    timer = threading.Timer(0.3, lock.unlink)
    timer.start()
    steps.rewind(first)
    timer.join()
    assert author.read("a.md") == b"1"
