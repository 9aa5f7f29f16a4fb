"""Which files a cell made or changed."""

import os
from pathlib import Path

import pytest

from nozzle.errors import Missing
from nozzle.steps import Steps
from nozzle.steps.door import Door

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


def test_what_git_was_told_not_to_look_at_it_could_not_give_back(author: Author, steps: Steps) -> None:
    for name in ("plain", "assumed", "skipped", "absent"):
        author.commit(name, "1")
    assert steps.unkept() == []
    author.git("update-index", "--assume-unchanged", "assumed")
    author.git("update-index", "--skip-worktree", "skipped", "absent")
    (author.root / "absent").unlink()
    author.write("assumed", "mine")
    assert sorted(steps.unkept()) == ["assumed", "skipped"]
    author.write("plain", "2")
    assert sorted(steps.unkept()) == ["assumed", "plain", "skipped"]


def test_what_a_filter_leaves_out_git_could_not_give_back(author: Author, steps: Steps) -> None:
    author.git("config", "filter.strip.clean", "sed s/drawn//")
    lfs = author.root.parent / "git-lfs"
    lfs.write_text("#!/bin/sh\nsed s/drawn//\n")
    lfs.chmod(0o755)
    author.git("config", "filter.lfs.clean", f"{lfs} clean -- %f")
    author.write(".gitattributes", "*.ipynb filter=strip\n*.bin filter=lfs\n*.txt -filter\nnone.* filter=gone\n")
    for name in ("fit.ipynb", "empty.ipynb", "sub/a\nb.ipynb", "gone.ipynb", "big.bin", "a.txt", "none.csv", "plain"):
        author.write(name, "" if "empty" in name else "drawn")
    author.git("add", ".")
    author.git("commit", "-qm", "all")
    (author.root / "gone.ipynb").unlink()
    author.git("commit", "-qam", "without one")
    assert sorted(steps.unkept()) == ["fit.ipynb", "sub/a\nb.ipynb"]
    author.write("empty.ipynb", "drawn")
    assert author.git("status", "--porcelain") == ""
    assert sorted(steps.unkept()) == ["empty.ipynb", "fit.ipynb", "sub/a\nb.ipynb"]
    author.git("config", "filter.lfs.clean", "sed s/drawn//")
    assert sorted(steps.unkept()) == ["big.bin", "empty.ipynb", "fit.ipynb", "sub/a\nb.ipynb"]


@pytest.mark.parametrize(
    ("attributes", "config", "content"),
    [
        ("* text=auto\n", (), b"a\r\nb\r\n"),
        ("", ("core.autocrlf", "input"), b"a\r\nb\n"),
        ("*.csv eol=lf\n", (), b"a\r\n"),
        ("*.csv ident\n", (), b"$Id: mine by hand $\n"),
        ("*.csv working-tree-encoding=UTF-16LE-BOM\n", (), "a,b\n".encode("utf-16")),
        ("*.csv filter=unspecified\n", ("filter.unspecified.clean", "sed s/a/b/"), b"a\n"),
        ("*.csv filter=set\n", ("filter.set.clean", "sed s/a/b/"), b"a\n"),
    ],
)
def test_what_git_keeps_in_other_bytes_it_could_not_give_back(
    author: Author, steps: Steps, attributes: str, config: tuple[str, ...], content: bytes
) -> None:
    if config:
        author.git("config", *config)
    author.write(".gitattributes", attributes)
    author.write("plain.txt", "c\n")
    (author.root / "rows.csv").write_bytes(content)
    author.git("add", ".")
    author.git("commit", "-qm", "all")
    assert steps.unkept() == ["rows.csv"]


@pytest.mark.parametrize("name", ["known", "fresh"])
def test_a_submodule_that_holds_what_its_own_git_does_not_counts(author: Author, steps: Steps, name: str) -> None:
    other = author.root.parent / "other"
    other.mkdir()
    theirs = Author(other)
    theirs.git("init", "-q")
    theirs.commit("known", "1")
    author.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(other), "lib")
    author.git("commit", "-qm", "lib")
    assert steps.unkept() == []
    author.write(f"lib/{name}", "mine")
    assert steps.unkept() == ["lib"]


def test_a_folder_that_went_away_is_no_missing_git(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *_: True)  # it goes between GitPython's look and git's start
    with pytest.raises(Missing, match="gone: this folder is not there any more"):
        Door(tmp_path / "gone").ask("status")
