"""The key a person signs with: where he keeps it is his to say, and what is wrong with it is told him."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from nozzle.keys import my_key
from nozzle.settings import config_folder
from tests.keys.test_signer import BACKEND
from tests.words.conftest import Say, cell, entry


@pytest.fixture
def vault(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A keyring, and settings that ask for it."""
    keyring = pytest.importorskip("keyring")
    (tmp_path / "vault_backend.py").write_text(BACKEND)
    monkeypatch.syspath_prepend(str(tmp_path))
    before = keyring.get_keyring()
    keyring.set_keyring(__import__("vault_backend").Keyring())
    config_folder().mkdir(parents=True)
    (config_folder() / "settings.toml").write_text("keyring = true\n")
    yield tmp_path / "vault"
    keyring.set_keyring(before)
    sys.modules.pop("vault_backend")


def test_a_key_in_the_keyring_signs_and_is_trusted(say: Say, folder: Path, vault: Path) -> None:
    entry(folder, cell("print(1)"))
    assert say("run").status == 0
    assert vault.exists()
    assert not (config_folder() / "key").exists()
    assert "(trusted)" in say("verify", "--attest").out
    assert "private half: in this system's keyring" in say("key").out


def test_a_journal_cannot_say_where_the_users_key_is_kept(say: Say, folder: Path) -> None:
    entry(folder, cell("print(1)"))
    (folder / "nozzle.toml").write_text("keyring = true\n")
    said = say("run")
    assert (said.status, "keyring belongs to you, not to a journal" in said.out) == (2, True)


@pytest.mark.parametrize("word", ["run", "key", "doctor"])
def test_that_others_could_read_the_key_is_told(say: Say, folder: Path, word: str) -> None:
    my_key(config_folder())
    (config_folder() / "key").chmod(0o644)
    entry(folder, cell("print(1)"))
    assert "others could read your signing key: closed" in say(word).out
    assert "others could read" not in say(word).out


def test_that_trust_was_damaged_is_told(say: Say, folder: Path) -> None:
    my_key(config_folder())
    (config_folder() / "trust.json").write_text("{")
    entry(folder, cell("print(1)"))
    said = say("run").out + say("verify", "--attest").out
    assert said.count("a damaged trust.json, kept as it was") == 1


def test_what_key_prints_is_what_key_add_takes(say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    line = say("key").out.splitlines()[0]
    monkeypatch.setenv("NOZZLE_HOME", str(folder / "other"))
    assert say("key", "add", "nonsense words").status == 2
    assert "`nozzle key` on the other machine prints one" in say("key", "add", "nonsense words").out
    say("key", "add", line)
    assert say("key", "list").out == f"{line.split()[0]} {line.split()[2]}\n"
