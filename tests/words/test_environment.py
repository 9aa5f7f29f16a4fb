"""What of this machine's environment reaches a cell, and what of it may be written down."""

from pathlib import Path

import pytest

from tests.words.conftest import Say, cell, entry, git

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


SHOWN = """
from html import escape
from IPython.display import HTML, Markdown, display
value = "p&ss_" + "w*rd<12>x"
display(HTML(f"<table><tr><th>k</th></tr><tr><td>{escape(value)}</td></tr></table>"))
display(Markdown("so it is " + "".join("\\\\" + char if char in "_*<" else char for char in value)))
"""


def test_a_secret_in_a_table_or_in_markdown_is_written_down_nowhere_escaped_or_not(
    say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DB_PASSWORD", "p&ss_w*rd<12>x")
    path = entry(folder, cell(SHOWN))
    assert say("run").status == 0
    text, (kept,) = path.read_text(), (path.parent / "_out").glob("*.html")
    assert "[redacted: known secret]" in kept.read_text()
    assert text.count("redacted: known secret]") == 2
    everything = text + kept.read_text() + git(folder, "log", "-p")
    assert not [form for form in ("rd&lt;12", "\\_w", "rd\\<12") if form in everything]


def test_a_harmless_variable_takes_no_words_out_of_an_output(
    say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KEYBOARD_LAYOUT", "qwerty-us")
    path = entry(folder, cell("import os\nprint('typed on', os.environ['KEYBOARD_LAYOUT'])"))
    say("run")
    assert "typed on qwerty-us" in path.read_text()
