"""nozzle.keys: read whatever stands in it, append once, follow no link."""

from pathlib import Path

import pytest

from nozzle.errors import Refused, Unreadable
from nozzle.keys import Key, known, publish

ADA, BOB = Key.of(b"a" * 32, "Ada Lovelace"), Key.of(b"b" * 32, "Bob")


def test_a_key_is_added_once_with_a_head_that_explains(tmp_path: Path) -> None:
    assert known(tmp_path) == {}
    assert publish(tmp_path, ADA)
    assert publish(tmp_path, BOB)
    assert not publish(tmp_path, Key.of(ADA.public, "another name"))
    assert known(tmp_path) == {ADA.id: ADA, BOB.id: BOB}
    head, *lines = (tmp_path / "nozzle.keys").read_text().splitlines()
    assert head.startswith("# ")
    assert lines == [ADA.line, BOB.line]


def test_what_others_wrote_stays(tmp_path: Path) -> None:
    before = b"\xef\xbb\xbf# ours\r\n<<<<<<< HEAD\r\n\xff\xfe\r\n" + BOB.line.encode()
    (tmp_path / "nozzle.keys").write_bytes(before)
    publish(tmp_path, ADA)
    assert (tmp_path / "nozzle.keys").read_bytes() == before + f"\n{ADA.line}\n".encode()
    assert list(known(tmp_path).values()) == [BOB, ADA]


def test_lines_that_are_no_keys_are_passed_over(tmp_path: Path) -> None:
    swapped = f"{ADA.id} {BOB.line.split()[1]} Ada Lovelace"
    (tmp_path / "nozzle.keys").write_text(f"# c\n\n{swapped}\n{BOB.id}\n  {ADA.line}  \n{BOB.line} # tail\n")
    assert known(tmp_path) == {ADA.id: ADA, BOB.id: Key.of(BOB.public, "Bob # tail")}


def test_a_link_is_neither_read_nor_written(tmp_path: Path) -> None:
    (tmp_path / "victim").write_text("mine\n")
    (tmp_path / "nozzle.keys").symlink_to("victim")
    with pytest.raises(Refused, match=r"nozzle\.keys: not a plain file"):
        publish(tmp_path, ADA)
    with pytest.raises(Refused):
        known(tmp_path)
    assert (tmp_path / "victim").read_text() == "mine\n"


def test_a_root_that_is_no_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unreadable, match=r"nozzle\.keys: not a directory"):
        known(tmp_path / "file")
