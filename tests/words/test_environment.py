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


def test_the_first_part_of_a_key_is_not_written_where_the_output_is_cut(say: Say, folder: Path) -> None:
    source = "tok = 'ghp_' + 'x1' * 18\nprint('p' * 21 + '\\n' + (tok + '\\n') * 60_000, end='')"
    path = entry(folder, cell(source))
    say("run")
    everything = path.read_text() + git(folder, "log", "-p")
    assert "MB of output kept" in everything
    assert "ghp_x1" not in everything
    assert not [file for file in (path.parent / "_out").iterdir() if "ghp_x1" in file.read_text()]


def test_a_key_far_behind_in_a_file_of_bytes_keeps_it_out_of_every_step(say: Say, folder: Path) -> None:
    source = "with open('cache.db', 'wb') as f: f.write(b'\\0' * 1_500_000 + b'ghp_' + b'x1' * 18)"
    entry(folder, cell(source))
    assert "cache.db: what looks like a secret (github token) is in it" in say("run").out
    assert "cache.db" not in git(folder, "ls-tree", "-r", "--name-only", "HEAD")


def test_a_title_tells_no_secret_either(say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GH_PAT", SECRETS["GH_PAT"])
    entry(folder, cell(f"# {SECRETS['GH_PAT']}\n1 / 0"))
    assert SECRETS["GH_PAT"] not in say("run").out
