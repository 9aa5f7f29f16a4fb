"""The author's index: staged stays staged, what was committed is clean, a lock is waited for and then named."""

import os
import subprocess
import sys
import threading
import time

import pytest

from nozzle.errors import Unwritable
from nozzle.steps import Record, Steps

from .conftest import Author, made, save


def test_staged_and_edited_files_stay_as_they_are(author: Author, steps: Steps) -> None:
    author.commit("staged", "1\n")
    author.commit("edited", "1\n")
    author.commit("both", "1\n")
    author.write("staged", "2\n")
    author.write("both", "2\n")
    author.write("new", "2\n")
    author.git("add", "staged", "both", "new")
    author.write("both", "3\n")
    author.write("edited", "3\n")
    before = author.git("diff", "--cached"), author.git("diff")
    step = made(steps, "a.md", "x")
    assert steps.files(step) == [("A", "a.md")]
    assert (author.git("diff", "--cached"), author.git("diff")) == before


def test_a_partly_staged_entry_keeps_its_staged_part(author: Author, steps: Steps) -> None:
    author.commit("a.md", "1\n")
    author.write("a.md", "2\n")
    author.git("add", "a.md")
    made(steps, "a.md", "3\n")
    assert author.git("show", ":a.md") == "2"
    assert steps.at_head("a.md") == b"3\n"
    assert author.status() == "MM a.md"
    author.git("reset", "-q", "a.md")
    assert author.status() == ""
    made(steps, "a.md", "4\n")
    assert author.status() == ""


def test_staged_text_that_becomes_a_step_is_clean(author: Author, steps: Steps) -> None:
    author.commit("a.md", "1\n")
    author.write("a.md", "2\n")
    author.git("add", "a.md")
    made(steps, "a.md", "2\n")
    assert author.status() == ""


def test_a_promised_file_is_clean_afterwards(author: Author, steps: Steps) -> None:
    author.write("a.md", "1\n")
    author.git("add", "-N", "a.md")
    made(steps, "a.md", "1\n")
    assert author.status() == ""
    author.commit("other", "x")
    assert steps.at_head("a.md") == b"1\n"


def test_a_file_staged_for_removal_stays_so(author: Author, steps: Steps) -> None:
    author.commit("a.md", "1\n")
    author.git("rm", "-q", "--cached", "a.md")
    made(steps, "a.md", "2\n")
    assert author.status() == "D  a.md\n?? a.md"


def test_text_newer_on_disk_than_in_the_step_shows_as_edited(author: Author, steps: Steps) -> None:
    author.write("a.md", "newer")
    assert steps.record(Record("cell", "a.md", "t", {"a.md": b"older"}))
    assert author.status() == " M a.md"
    assert author.git("show", ":a.md") == "older"


def test_an_index_of_old_or_compressed_form_is_followed(author: Author, steps: Steps) -> None:
    author.commit("x", "1")
    for form in ("4", "2"):
        author.git("update-index", f"--index-version={form}")
        made(steps, f"a{form}.md", "x")
        assert author.status() == ""
    author.git("update-index", "--split-index")
    made(steps, "b.md", "x")
    made(steps, "b.md", "y")
    assert author.status() == ""


def test_an_index_that_the_author_changed_meanwhile_is_read_again(author: Author, steps: Steps) -> None:
    made(steps, "a.md", "1")
    author.write("a.md", "mine")
    author.git("add", "a.md")
    made(steps, "a.md", "2")
    assert author.git("show", ":a.md") == "mine"


def test_a_short_lock_is_waited_for(author: Author, steps: Steps) -> None:
    made(steps, "a.md", "1")
    lock = author.root / ".git/index.lock"
    lock.write_text("")
    timer = threading.Timer(0.3, lock.unlink)
    timer.start()
    made(steps, "a.md", "2")
    timer.join()
    assert author.status() == ""


def test_a_long_lock_is_named_with_its_owner(author: Author, steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nozzle.steps.index.PATIENCE", 0.3)
    made(steps, "a.md", "1")
    lock = author.root / ".git/index.lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", "import sys; f = open(sys.argv[1], 'x'); print('held', flush=True); input()", str(lock)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        with pytest.raises(Unwritable, match=f"process {holder.pid} .*holds {lock}, 0 s old: let it finish"):
            save(steps, "a.md", "2")
        holder.communicate(b"\n")
    old = time.time() - 100
    os.utime(lock, (old, old))
    with pytest.raises(Unwritable, match=r"index\.lock, 10\d s old is there and no running process.*remove it"):
        save(steps, "a.md", "2")
    assert author.git("rev-list", "--count", "HEAD") == "1"
    lock.unlink()
    assert save(steps, "a.md", "2")
    assert author.status() == ""


def test_a_locked_branch_is_waited_for_and_named(author: Author, steps: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nozzle.steps.refs.PATIENCE", 0.3)
    made(steps, "a.md", "1")
    lock = author.root / ".git/refs/heads/main.lock"
    lock.write_text("")
    with pytest.raises(Unwritable, match=r"main\.lock"):
        save(steps, "a.md", "2")
    lock.unlink()
    assert save(steps, "a.md", "2")


def test_an_unborn_branch_with_staged_files(author: Author, steps: Steps) -> None:
    author.write("staged", "x")
    author.git("add", "staged")
    step = made(steps, "a.md", "1")
    assert steps.files(step) == [("A", "a.md")]
    assert author.status() == "A  staged"


def test_a_step_goes_to_the_branch_that_was_switched_to(author: Author, steps: Steps) -> None:
    made(steps, "a.md", "1")
    author.git("switch", "-qc", "other")
    assert made(steps, "a.md", "2").thread == "other"
    author.git("switch", "-q", "main")
    assert steps.at_head("a.md") == b"1"
    author.git("pack-refs", "--all")
    author.git("gc", "-q", "--prune=now")
    assert made(steps, "a.md", "3").thread == "main"
    author.git("pack-refs", "--all")
    assert steps.at_head("a.md") == b"3"
    author.commit("b", "x")
    made(steps, "a.md", "4")
    assert author.git("ls-tree", "--name-only", "HEAD") == "a.md\nb"
    assert author.status() == ""
