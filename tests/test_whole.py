"""Files come and go below a root by no link, at any level."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from nozzle import whole
from nozzle.errors import Unwritable

HANDS: dict[str, Callable[[Path, Path], object]] = {
    "write": lambda path, root: whole.write(path, b"x", root=root),
    "add": lambda path, root: whole.add(path, b"x", root=root),
    "remove": lambda path, root: whole.remove(path, root=root),
    "make": lambda path, root: whole.make(path, root=root),
    "opened": lambda path, root: whole.opened(path, root=root),
}


@pytest.mark.parametrize("hand", HANDS)
@pytest.mark.parametrize("place", ["link/file", "a/link/file", "a/link/b/file", "a/../../out/file", "../out/file"])
def test_a_link_at_any_level_is_an_error_and_so_is_a_way_up(tmp_path: Path, hand: str, place: str) -> None:
    root, out = tmp_path / "root", tmp_path / "out"
    (root / "a").mkdir(parents=True)
    (out / "b").mkdir(parents=True)
    for file in (out / "file", out / "b/file"):
        file.write_text("theirs")
    (root / "link").symlink_to(out)
    (root / "a/link").symlink_to(out)
    before = sorted(out.rglob("*"))
    if hand == "remove" and ".." in place:
        assert not whole.remove(root / place, root=root)
    else:
        with pytest.raises((Unwritable, OSError)):
            HANDS[hand](root / place, root)
    assert sorted(out.rglob("*")) == before
    assert {file.read_text() for file in (out / "file", out / "b/file")} == {"theirs"}


def test_what_the_system_takes_in_parts_is_added_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda out, content: write(out, content[:3]))
    whole.add(tmp_path / "a.txt", b"one two three", root=tmp_path)
    assert (tmp_path / "a.txt").read_bytes() == b"one two three"


def test_true_folders_are_made_and_empty_ones_pruned(tmp_path: Path) -> None:
    whole.write(tmp_path / "a/b/c.txt", b"one", root=tmp_path)
    whole.add(tmp_path / "a/d.txt", b"two", root=tmp_path)
    whole.add(tmp_path / "a/d.txt", b"three", root=tmp_path)
    assert (tmp_path / "a/d.txt").read_bytes() == b"twothree"
    with whole.opened(tmp_path / "a/b/c.txt", root=tmp_path) as file:
        assert file.read() == b"one"
    assert whole.remove(tmp_path / "a/b/c.txt", root=tmp_path)
    assert not whole.remove(tmp_path / "a/b/c.txt", root=tmp_path)
    whole.prune(tmp_path / "a/b", root=tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["a", "d.txt"]
