"""What of this machine's environment reaches a cell, and what of it may be written down."""

from pathlib import Path

import pytest

from tests.words.conftest import Say, cell, entry

SECRETS = {
    "GH_PAT": "abcdef0123456789", "DB_PASS": "hunter2hunter2", "MYSQL_PWD": "pwpwpwpwpw", "PASSPHRASE": "correcthorse",
}  # fmt: skip


def test_no_cell_gets_what_a_name_says_is_a_secret(say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    path = entry(folder, cell(f"import os\nprint([os.environ.get(name) for name in {list(SECRETS)}])"))
    assert say("run").status == 0
    assert "[None, None, None, None]" in path.read_text()


def test_a_secret_that_a_cell_finds_elsewhere_is_not_written_down(
    say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GH_PAT", SECRETS["GH_PAT"])
    path = entry(folder, cell("print('abcdef0' + '123456789')"))
    say("run")
    assert "[redacted: known secret]" in path.read_text()


def test_a_harmless_variable_takes_no_words_out_of_an_output(
    say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYBOARD_LAYOUT", "qwerty-us")
    path = entry(folder, cell("import os\nprint('typed on', os.environ['KEYBOARD_LAYOUT'])"))
    say("run")
    assert "typed on qwerty-us" in path.read_text()
