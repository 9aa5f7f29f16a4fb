"""What nozzle writes into git's store is what git itself would write, in every kind of repository."""

import subprocess
from pathlib import Path

import pytest

from nozzle.steps import Steps
from nozzle.steps.loose import Loose
from tests.steps.conftest import Author, made

NAMES = ("a.b", "a0", "a-b/x", "a/b/c", "a/b.c", "a/b0", "a/b-c/d", "ä/ö", "z z/'q'", "A", "-", "0")


@pytest.mark.parametrize("form", ["sha1", "sha256"])
def test_git_finds_nothing_wrong_with_any_order_of_names(author: Author, form: str) -> None:
    author.git("init", "-q", f"--object-format={form}")
    with Steps.open(author.root) as steps:
        for name in NAMES:
            made(steps, f"deep/{name}", f"text of {name}\n")
            assert author.status() == ""
    author.sound()
    author.git("add", "-A")
    assert author.git("write-tree") == author.git("rev-parse", "HEAD^{tree}")


@pytest.mark.parametrize("data", [b"", b"x", b"\0\xff\r\n" * 5000, b"blob 3\0abc"])
def test_a_blob_has_the_name_that_git_gives_it(author: Author, data: bytes) -> None:
    author.git("init", "-q")
    sha = Loose(author.root / ".git/objects", 20).write("blob", data)
    done = subprocess.run(["git", "cat-file", "blob", sha], cwd=author.root, capture_output=True, check=True)
    assert done.stdout == data
    author.sound()


def test_what_is_packed_already_stays_readable_and_gc_finds_nothing_odd(author: Author, steps: Steps) -> None:
    made(steps, "a.md", "1")
    author.git("gc", "-q", "--prune=now")
    made(steps, "b.md", "1")
    author.git("gc", "-q", "--prune=now")
    author.sound()
    assert author.git("show", "HEAD:a.md") == author.git("show", "HEAD:b.md") == "1"


def test_a_store_that_others_may_write_stays_one(author: Author) -> None:
    author.git("init", "-q", "--shared=group")
    with Steps.open(author.root) as steps:
        made(steps, "a.md", "1")
    store = author.root / ".git/objects"
    modes = {folder.stat().st_mode for folder in store.iterdir() if len(folder.name) == 2}
    assert modes == {store.stat().st_mode}


def test_a_title_with_a_nul_is_not_cut_there(author: Author, steps: Steps) -> None:
    from nozzle.steps import Record

    steps.record(Record("cell", "a.md", "one\0two", {"a.md": b"1"}))
    assert author.git("log", "-1", "--format=%s") == "one two"


def test_nothing_half_written_is_left(author: Author, steps: Steps) -> None:
    made(steps, "a.md", "1")
    assert list(Path(author.root / ".git/objects").rglob("tmp_obj_*")) == []
