"""Trust: remembered by bytes and digests, merged between processes, and gone rather than wrong when damaged."""

import subprocess
import sys
from pathlib import Path

import pytest

from nozzle.errors import Unreadable, Unwritable
from nozzle.keys import Key, Trust, add_typed, my_key, typed

ADA, BOB = Key.of(b"a" * 32, "Ada"), Key.of(b"b" * 32, "Bob")


def test_nothing_is_trusted_at_first_and_asking_makes_no_file(tmp_path: Path) -> None:
    trust = Trust(tmp_path / "config")
    assert not trust.trusts_key(ADA.public)
    assert trust.trusts_cells(["k1"]) == trust.trusts_files(["f1"]) == set()
    assert not (tmp_path / "config").exists()


def test_what_is_trusted_is_there_for_the_next_process(tmp_path: Path) -> None:
    trust = Trust(tmp_path / "config")
    trust.trust_key(ADA)
    trust.trust_cells(["k1", "k2"])
    trust.trust_files(["f1"])
    again = Trust(tmp_path / "config")
    assert again.trusts_key(ADA.public)
    assert again.keys() == {ADA.id: ADA}
    assert again.trusts_cells(iter(["k2", "k3"])) == {"k2"}
    assert again.trusts_files(["f1", "k1"]) == {"f1"}
    assert (tmp_path / "config/trust.json").stat().st_mode & 0o777 == 0o600


def test_what_is_forgotten_is_gone_and_the_rest_stays(tmp_path: Path) -> None:
    trust = Trust(tmp_path)
    trust.trust_key(ADA)
    trust.trust_key(BOB)
    trust.trust_cells(["k1"])
    trust.trust_files(["f1"])
    trust.forget_key(ADA.public)
    assert not trust.trusts_key(ADA.public)
    assert trust.keys() == {BOB.id: BOB}
    assert trust.trusts_cells(["k1"]) == {"k1"}
    assert trust.trusts_files(["f1"]) == {"f1"}


def test_trust_is_in_the_bytes_not_in_the_name(tmp_path: Path) -> None:
    trust = Trust(tmp_path)
    trust.trust_key(ADA)
    assert not trust.trusts_key(BOB.public)
    trust.trust_key(Key.of(ADA.public, "Ada at work"))
    assert [key.name for key in trust.keys().values()] == ["Ada at work"]


def test_my_own_key_is_trusted_without_a_word(tmp_path: Path) -> None:
    trust = Trust(tmp_path)
    signer = my_key(tmp_path)
    assert trust.trusts_key(signer.public)
    assert trust.keys() == {}


def test_a_broken_key_of_mine_makes_no_key_trusted(tmp_path: Path) -> None:
    public = my_key(tmp_path).public
    (tmp_path / "key").write_bytes(b"broken")
    assert not Trust(tmp_path).trusts_key(public)


def test_a_change_by_another_process_is_seen(tmp_path: Path) -> None:
    one, two = Trust(tmp_path), Trust(tmp_path)
    assert one.trusts_cells(["k1"]) == set()
    two.trust_cells(["k1"])
    assert one.trusts_cells(["k1"]) == {"k1"}
    two.trust_key(ADA)
    assert one.trusts_key(ADA.public)
    two.forget_key(ADA.public)
    assert not one.trusts_key(ADA.public)


def test_trusting_again_writes_nothing(tmp_path: Path) -> None:
    trust = Trust(tmp_path)
    trust.trust_cells(["k1"])
    before = (tmp_path / "trust.json").stat()
    trust.trust_cells(["k1"])
    after = (tmp_path / "trust.json").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


MANY = """
import sys
from pathlib import Path
from nozzle.keys import Trust
for n in range(20):
    Trust(Path(sys.argv[1])).trust_cells([f"{sys.argv[2]}-{n}"])
"""


def test_processes_that_write_at_once_lose_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", MANY, str(tmp_path)]
    started = [subprocess.Popen([*command, str(number)]) for number in range(3)]
    assert [process.wait() for process in started] == [0, 0, 0]
    everything = {f"{number}-{n}" for number in range(3) for n in range(20)}
    assert Trust(tmp_path).trusts_cells(everything) == everything
    assert sorted(path.name for path in tmp_path.iterdir()) == ["lock", "trust.json"]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"{}",
        b"\xff",
        b"[" * 100_000,
        b'{"v": 1, "keys": 3, "cells": [], "files": []}',
        b'{"v": 1, "keys": ["torn"], "cells": [], "files": []}',
        b'{"v": 1, "keys": [], "cells": [1], "files": []}',
    ],
    ids=range(9),
)
def test_a_damaged_file_is_kept_aside_and_said_once(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "trust.json").write_bytes(content)
    trust = Trust(tmp_path)
    assert trust.trusts_cells(["k1"]) == trust.trusts_files(["k1"]) == set()
    trust.trust_cells(["k1"])
    (notice,) = trust.notices
    assert "trust.broken-0: a damaged trust.json" in notice
    assert (tmp_path / "trust.broken-0").read_bytes() == content
    assert Trust(tmp_path).trusts_cells(["k1"]) == {"k1"}


def test_a_cut_at_any_byte_trusts_nothing(tmp_path: Path) -> None:
    Trust(tmp_path).trust_key(ADA)
    Trust(tmp_path).trust_cells(["k1"])
    whole = (tmp_path / "trust.json").read_bytes()
    for length in range(len(whole) - 1):
        (tmp_path / "trust.json").write_bytes(whole[:length])
        assert not Trust(tmp_path).trusts_key(ADA.public)


def test_a_file_of_a_newer_nozzle_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "trust.json").write_bytes(b'{"v": 2}')
    with pytest.raises(Unreadable, match="newer nozzle"):
        Trust(tmp_path).trust_cells(["k1"])
    assert (tmp_path / "trust.json").read_bytes() == b'{"v": 2}'


def test_a_folder_that_cannot_be_written_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unwritable, match="set NOZZLE_HOME"):
        Trust(tmp_path / "file").trust_cells(["k1"])


def test_what_was_typed_is_remembered_once(tmp_path: Path) -> None:
    private = tmp_path / ".git" / "nozzle"
    assert typed(private) == set()
    add_typed(private, ["b", "a"])
    add_typed(private, ["a", "c"])
    assert typed(private) == {"a", "b", "c"}
    assert (private / "typed").read_text() == "a\nb\nc\n"


def test_a_torn_line_costs_itself_only(tmp_path: Path) -> None:
    (tmp_path / "typed").write_bytes(b"aaaa\nbb")
    add_typed(tmp_path, ["cccc"])
    assert typed(tmp_path) == {"aaaa", "bb", "cccc"}


def test_typing_that_cannot_be_noted_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Unwritable, match="what you typed"):
        add_typed(tmp_path / "file", ["a"])
