"""Which files a cell made or changed."""

import os

from nozzle.steps import Steps

from .conftest import Author, made


def test_what_a_cell_made_and_changed(author: Author, steps: Steps) -> None:
    author.commit(".gitignore", "*.tmp\n")
    author.commit("tracked", "1")
    author.commit("dirty", "1")
    author.commit("gone", "1")
    author.write("dirty", "edited before")
    author.write("mine", "untracked before")
    before = steps.snapshot()
    assert steps.changed(before).new_files == steps.changed(before).newly_dirty == ()
    author.write("tracked", "22")
    author.write("out/ä\nb.csv", "made")
    author.write("x.tmp", "ignored")
    (author.root / "gone").unlink()
    (author.root / "link").symlink_to("tracked")
    found = steps.changed(before)
    assert set(found.new_files) == {"out/ä\nb.csv", "link"}
    assert set(found.newly_dirty) == {"tracked", "gone"}
    assert steps.changed(found.now).newly_dirty == ()
    author.write("dirty", "edited again")
    author.write("mine", "written again")
    os.utime(author.root / "mine", ns=(1, 1))
    again = steps.changed(found.now)
    assert (again.new_files, again.newly_dirty) == (("mine",), ("dirty",))


def test_without_a_snapshot_all_that_differs_from_head(author: Author, steps: Steps) -> None:
    made(steps, "a.md", "1")
    assert steps.changed(None).newly_dirty == ()
    author.write("a.md", "2")
    author.git("add", "a.md")
    author.write("b", "x")
    found = steps.changed(None)
    assert (found.new_files, found.newly_dirty) == (("b",), ("a.md",))


def test_a_snapshot_does_not_touch_the_index(author: Author, steps: Steps) -> None:
    made(steps, "a.md", "1")
    os.utime(author.root / "a.md", ns=(1, 1))
    before = (author.root / ".git/index").stat().st_mtime_ns
    steps.snapshot()
    assert (author.root / ".git/index").stat().st_mtime_ns == before
