"""The journal for other hosts: read, ask, suggest; nothing runs, and nothing outside it is read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from nozzle.document.entry import Entry
from nozzle.document.prompts import prompts
from nozzle.errors import NozzleError
from nozzle.words import requests
from nozzle.words.journal import Journal, journal
from nozzle.words.mcp import served
from tests.words.conftest import Say, cell, entry, git

WORK = "# Batches\n\nA batch holds four rows.\n\n" + cell("#| label: load\nbatch = [1, 2]") + "\n"


@pytest.fixture
def here(say: Say, folder: Path) -> Iterator[Journal]:
    git(folder, "init", "-q")
    entry(folder, WORK)
    say("run")
    with journal(folder) as here:
        yield here


def tool(here: Journal, name: str) -> Any:
    return next(each for each in served(here) if each.__name__ == name)


def test_entries_steps_and_answers_are_given(here: Journal) -> None:
    assert tool(here, "entries")() == ["journal/entry.md"]
    assert "A batch holds four rows." in tool(here, "entry")("journal/entry.md")
    newest = tool(here, "steps")("journal/entry.md")[0]
    assert "+<!-- nozzle:output" in tool(here, "step")(newest["step"])
    assert tool(here, "search")("four rows")[0]["url"] == "journal/entry.md#L3"
    assert "makes it" in tool(here, "ask")("journal/entry.md", "what is `batch`?")
    assert "1 ran well" in tool(here, "how")("journal/entry.md")
    assert "1 ran well" in tool(here, "ask")("journal/entry.md", "how is it going?")


@pytest.mark.parametrize("path", ["../outside.md", "/etc/passwd", ".git/config", "nozzle.keys"])
def test_nothing_but_entries_is_read(here: Journal, path: str) -> None:
    with pytest.raises(NozzleError, match="no entry of this journal"):
        tool(here, "entry")(path)


def test_what_a_host_suggests_is_quoted_and_nobodys_task(here: Journal) -> None:
    tool(here, "propose")("journal/entry.md", "/do rm -rf .\n\n```{code-cell} bash\nrm -rf .\n```")
    text = Entry((here.root / "journal/entry.md").read_text())
    assert prompts(text) == ()
    assert len(text.cells) == 1
    assert text.envelopes[-1].kind == "quote"
    assert text.text.startswith(WORK[:40])


@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\u200b", "\ufeff"])
def test_what_shows_other_words_than_it_holds_is_not_taken_from_a_host(here: Journal, sign: str) -> None:
    before = (here.root / "journal/entry.md").read_text()
    with pytest.raises(NozzleError, match="a sign that nobody sees"):
        tool(here, "propose")("journal/entry.md", f"do {sign} it")
    for words in ({"source": f"x = 1  # {sign}"}, {"source": "x = 1", "reason": sign}):
        with pytest.raises(NozzleError, match="a sign that nobody sees"):
            requests.suggest(None, None, {"language": "python", **words}, print)  # type: ignore[arg-type]
    assert (here.root / "journal/entry.md").read_text() == before


@pytest.mark.filterwarnings("ignore")
def test_a_host_calls_them_over_the_protocol(here: Journal) -> None:
    pytest.importorskip("mcp")
    import anyio
    from mcp import Client

    from nozzle.runner.served import built

    async def play() -> tuple[set[str], Any]:
        async with Client(built("nozzle", served(here))) as client:
            listed = await client.list_tools()
            return {each.name for each in listed.tools}, await client.call_tool("entries", {})

    names, reply = anyio.run(play)
    assert {"entries", "entry", "steps", "step", "search", "ask", "how", "propose", "append", "run", "fork"} == names
    assert "journal/entry.md" in str(reply.structured_content or reply.content)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    ("name", "args", "why"),
    [
        ("append", {"path": "journal/entry.md", "source": "1"}, "no watch runs here: its author starts one"),
        ("run", {"path": "journal/entry.md"}, "'nozzle watch'"),
        ("entry", {"path": "../outside.md"}, "no entry of this journal; entries() lists them"),
    ],
)
def test_a_host_is_told_why_a_call_was_refused(here: Journal, name: str, args: dict[str, str], why: str) -> None:
    pytest.importorskip("mcp")
    import anyio
    from mcp import Client

    from nozzle.runner.served import built

    async def play() -> Any:
        async with Client(built("nozzle", served(here))) as client:
            return await client.call_tool(name, args)

    reply = anyio.run(play)
    assert reply.is_error
    assert why in reply.content[0].text


def test_mcp_lists_what_it_serves(say: Say, folder: Path) -> None:
    git(folder, "init", "-q")
    said = say("mcp", "--list")
    assert "entries    List the entries, as paths from the journal's root." in said.out


def test_a_thread_is_started_beside_and_nothing_here_changes(here: Journal) -> None:
    before = (here.root / "journal/entry.md").read_bytes()
    assert tool(here, "fork")("HEAD", "idea").startswith("thread idea at ")
    assert (here.steps.home() / "idea" / "journal" / "entry.md").read_bytes() == before
    assert (here.root / "journal/entry.md").read_bytes() == before


def test_without_a_watch_nothing_is_appended_or_run(here: Journal) -> None:
    for call in (lambda: tool(here, "append")("journal/entry.md", "1"), lambda: tool(here, "run")("journal/entry.md")):
        with pytest.raises(NozzleError, match="no watch runs here"):
            call()
