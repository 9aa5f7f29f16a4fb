"""MCP servers that are reached by a URL: the token is named in the settings, and stands nowhere."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from nozzle.server import Server
from nozzle.settings import load
from tests.agents.test_servers import TOOL, shown
from tests.conftest import Workshop

pytest.importorskip("mcp", reason="nozzle[mcp] is not installed")
TOKEN = "tea-at-five-o-clock"
NAME = "CALENDAR_DOOR"
"""Nothing in it says that a secret stands there."""


@pytest.fixture
def told(tmp_path: Path, workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], list[str]]]:
    """A calendar that serves over HTTP, in the settings; what was put into it."""
    file = tmp_path / "calendar.txt"
    monkeypatch.setenv(NAME, TOKEN)
    with subprocess.Popen(
        [sys.executable, TOOL, str(file), TOKEN], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as serving:
        assert serving.stdout is not None
        url = f"http://127.0.0.1:{serving.stdout.readline().strip()}/mcp?v=1"
        server = Server(url=url, token=NAME, looks=("events", "key"))
        workshop.here.settings = replace(workshop.here.settings, mcp={"calendar": server})
        yield lambda: file.read_text().splitlines() if file.exists() else []
        serving.terminate()


def test_its_tools_are_functions_as_of_any_other_server(workshop: Workshop, told: Callable[[], list[str]]) -> None:
    text = shown(workshop, "print(mcp.calendar)", "mcp.calendar.events('monday')", "mcp.calendar.add('tea', hours=2)")
    assert "mcp.calendar.add(title: str, hours: float = 1.0)  Put something into the calendar." in text, text
    assert "['monday: nothing', 'as nobody, no other']" in text
    assert told() == ["tea 2.0"]
    steps = workshop.here.steps.history()
    assert [step.trailers["Effects"] for step in steps if "Effects" in step.trailers] == ["mcp.calendar.add"]


def test_the_token_stands_nowhere_and_no_cell_has_it(workshop: Workshop, told: object) -> None:
    text = shown(workshop, f"import os\nprint(os.environ.get({NAME!r}))", "print(mcp.calendar.key())")
    assert "None\n```" in text
    assert "your token is [redacted" in text
    for path in workshop.root.rglob("*"):
        assert not path.is_file() or TOKEN.encode() not in path.read_bytes(), path


def test_a_token_that_only_the_keyring_knows_is_taken_out_too(
    workshop: Workshop, told: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(NAME)
    monkeypatch.setattr("nozzle.keys.secret", {NAME: TOKEN}.get)
    assert "your token is [redacted: token]" in shown(workshop, "print(mcp.calendar.key())")


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ("", f"neither the environment nor the keyring has {NAME}"),
        ("another", "the MCP server calendar did not answer"),
    ],
)
def test_a_token_that_is_missing_or_wrong_is_said(
    workshop: Workshop, told: object, monkeypatch: pytest.MonkeyPatch, value: str, words: str
) -> None:
    monkeypatch.setenv(NAME, value)
    text = shown(workshop, "print(mcp.calendar)")
    assert words in text, text
    assert "?v=1" not in text


def test_a_server_that_is_not_there_is_named_with_its_address(workshop: Workshop) -> None:
    server = Server(url="http://127.0.0.1:9/mcp?key=abc")
    workshop.here.settings = replace(workshop.here.settings, mcp={"gone": server})
    text = shown(workshop, "print(mcp.gone)")
    assert "the MCP server gone did not answer" in text
    assert "is it there, at http://127.0.0.1:9/mcp?" in text
    assert "key=abc" not in text


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ("looks = ['x']", "either a command, which is started, or a url"),
        ("command = ['x']\nurl = 'https://example.org/mcp'", "either a command, which is started, or a url"),
        ("url = 'example.org/mcp'", "should be an address"),
        ("url = 'http://example.org/mcp'", "should begin with https://"),
        ("url = 'https://ada:secret-word@example.org/mcp'", "should hold no password"),
        ("url = 'https://example.org/mcp'\ntoken = 'ghp_secret-word'", "never the token itself"),
        ("url = 'https://example.org/mcp'\nenv = ['A']", "env is for a command"),
        ("command = ['x']\ntoken = 'A'", "token is for a url"),
    ],
)
def test_a_setting_that_cannot_be_is_named_and_no_secret_repeated(workshop: Workshop, rows: str, words: str) -> None:
    (workshop.root / "nozzle.toml").write_text(f"[mcp.calendar]\n{rows}\n")
    with pytest.raises(Exception, match=r"nozzle\.toml:[123]") as raised:
        load(workshop.root)
    assert words in str(raised.value)
    assert "secret-word" not in str(raised.value)


def test_no_library_is_loaded_before_a_cell_names_a_server() -> None:
    asked = "import sys, nozzle.runner; print(sorted({'asyncio', 'mcp', 'httpx'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True)
    assert done.stdout == "[]\n", done.stderr
