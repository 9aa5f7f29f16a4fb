"""Tools of MCP servers in cells: what only looks runs, what acts is the author's to allow, once, and by its name."""

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from nozzle.document.risk import judge
from nozzle.server import Server
from nozzle.settings import load
from tests.agents.conftest import LOOSE, Table, fence
from tests.agents.test_tasks import TASK
from tests.conftest import Workshop
from tests.words.conftest import cell, git

pytest.importorskip("mcp", reason="nozzle[mcp] is not installed")
Open = Callable[..., Table]
DONE = fence('final_answer("ok")')
TOOL = str(Path(__file__).with_name("calendar_server.py"))


@pytest.fixture
def told(tmp_path: Path, workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """A calendar in the settings; what was put into it."""
    monkeypatch.setattr("nozzle.runner.connected.PATIENCE", 120.0)  # on a busy machine it takes its time to begin
    file = tmp_path / "calendar.txt"
    server = Server(command=(sys.executable, TOOL, str(file)), env=("CALENDAR_USER",), looks=("events",))
    workshop.here.settings = replace(workshop.here.settings, mcp={"calendar": server})
    return lambda: file.read_text().splitlines() if file.exists() else []


def shown(workshop: Workshop, *sources: str) -> str:
    path = workshop.write("\n".join(cell(source) for source in sources))
    workshop.run(path)
    return path.read_text()


def test_a_server_says_what_it_can_and_each_tool_is_a_typed_function(
    workshop: Workshop, told: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CALENDAR_USER", "ada")
    monkeypatch.setenv("OTHER", "not given")
    text = shown(
        workshop,
        "print(mcp, dir(mcp.calendar))\nprint(mcp.calendar)",
        "print(mcp.calendar.add.__doc__)\nmcp.calendar.events('monday')",
    )
    assert "mcp.calendar ['add', 'events', 'move']" in text, text
    assert "mcp.calendar.add(title: str, hours: float = 1.0)  Put something into the calendar." in text
    assert "It may act outside this journal: the author decides." in text
    assert "['monday: nothing', 'as ada, no other']" in text


def test_an_author_calls_what_he_likes_and_the_step_says_that_it_acted(
    workshop: Workshop, told: Callable[[], list[str]]
) -> None:
    shown(workshop, "mcp.calendar.add('tea', hours=2)")
    assert told() == ["tea 2.0"]
    past = workshop.here.ledger(print).past
    (only,) = workshop.here.read(workshop.root / "journal/entry.md").cells
    fact = past.last("journal/entry.md", only)
    assert fact is not None
    assert "mcp.calendar.add" in fact.effects


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("mcp.diary.add('x')", "the settings name no MCP server diary"),
        ("mcp.calendar.drop('x')", "mcp.calendar has no tool drop"),
        ("mcp.calendar.add()", "missing a required argument: 'title'"),
        ("mcp.calendar.add('')", "mcp.calendar.add:"),
    ],
)
def test_what_cannot_be_called_is_said(workshop: Workshop, told: object, source: str, words: str) -> None:
    assert words in shown(workshop, source)


def test_a_server_that_does_not_start_is_named(workshop: Workshop) -> None:
    server = Server(command=(sys.executable, "-c", "raise SystemExit(3)"))
    workshop.here.settings = replace(workshop.here.settings, mcp={"gone": server})
    assert "the MCP server gone did not start" in shown(workshop, "print(mcp.gone)")


@pytest.mark.parametrize(
    ("source", "risk"),
    [
        ("print(mcp.calendar)", "read"),
        ("print(mcp.calendar.events('monday'))", "read"),
        ("mcp.calendar.find('x')", "ask"),
        ("mcp.calendar.events.append('x')", "ask"),
        ("mcp = 3", "ask"),
        ("c = mcp.calendar.add", "ask"),
        ("c = mcp.calendar.add\nc('x')", "ask"),
    ],
)
def test_how_much_a_call_could_do_is_read_off_its_whole_name(source: str, risk: str) -> None:
    assert judge(source, "python", ("mcp.calendar.events",)) == risk


def test_a_doer_looks_at_once_and_what_acts_stands_until_it_is_ticked(
    table: Open, told: Callable[[], list[str]], workshop: Workshop
) -> None:
    (workshop.root / LOOSE).unlink()
    one = table(fence("print(mcp.calendar.events('monday'))"), fence("mcp.calendar.add('tea')"), DONE)
    text = one.begin(TASK)
    assert "monday: nothing" in text
    assert "`mcp.calendar.add` does, which acts outside this journal: it waits for you" in text
    assert told() == []
    one.tick()
    assert told() == ["tea 1.0"]
    assert one.labels() == ["read", "kept", "read"]


def test_what_acts_waits_for_a_tick_also_when_it_was_edited(table: Open, told: Callable[[], list[str]]) -> None:
    one = table(fence("mcp.calendar.add('tea')"), DONE)
    one.begin(TASK)
    assert "an edit alone does not let it" in one.save(lambda text: text.replace("'tea'", "'milk'"))
    assert told() == []
    one.tick()
    assert told() == ["milk 1.0"]


def test_one_allowance_is_one_act(table: Open, told: Callable[[], list[str]]) -> None:
    one = table(fence("mcp.calendar.add('tea')"), DONE)
    one.begin(TASK)
    one.tick()
    assert told() == ["tea 1.0"]
    one.save(without_output)
    one.go()
    assert told() == ["tea 1.0"]


def without_output(text: str) -> str:
    start = text.index("<!-- nozzle:output", text.index("mcp.calendar.add"))
    return text[:start] + text[text.index("-->", text.index("<!-- /nozzle", start)) + 4 :]


def test_no_cell_acts_by_another_name_without_the_authors_word(
    table: Open, told: Callable[[], list[str]], workshop: Workshop
) -> None:
    """Its code hides what it calls; where bounds hold it runs by a rule, and the host refuses."""
    (workshop.root / LOOSE).unlink()
    hidden = "call = globals()['m' + 'cp'].calendar\ngetattr(call, 'add')('forged')"
    one = table(fence(hidden), DONE)
    text = one.begin(TASK)
    if one.kinds().count("proposal"):  # no bounds hold on this system, so it stands
        return
    assert "nobody has allowed this cell to" in text
    assert told() == []


def test_what_an_agents_cell_left_behind_does_not_act_through_an_authors_cell(
    table: Open, told: Callable[[], list[str]], workshop: Workshop
) -> None:
    (workshop.root / LOOSE).unlink()
    trap = "m = globals()['m' + 'cp']\nclass Loud:\n    def __repr__(self):\n        return m.calendar.add('forged')"
    one = table(fence(trap + "\nx = Loud()"), DONE)
    text = one.begin(TASK + cell("x"))
    if one.kinds().count("proposal"):
        text = one.tick()
    assert "nobody has allowed this cell to" in text, text
    assert told() == []


def test_a_journal_that_came_by_git_connects_to_nothing_until_it_is_trusted(workshop: Workshop, tmp_path: Path) -> None:
    file = tmp_path / "started"
    server = f"[mcp.theirs]\ncommand = ['touch', '{file}']\n"
    (workshop.root / "nozzle.toml").write_text(server)
    git(workshop.root, "add", "nozzle.toml")
    git(workshop.root, "-c", "user.name=Eve", "-c", "user.email=eve@example.org", "commit", "-qm", "hers")
    git(workshop.root, "remote", "add", "origin", str(workshop.root))
    workshop.here.settings = load(workshop.root)
    text = shown(workshop, "print(mcp.theirs)")
    assert "names MCP servers and came by git" in text, text
    assert not file.exists()


def test_a_setting_that_is_none_is_named_with_its_place(workshop: Workshop) -> None:
    (workshop.root / "nozzle.toml").write_text("[mcp.calendar]\ncommand = ['x']\nlook = ['y']\n")
    with pytest.raises(Exception, match=r"nozzle\.toml:3"):
        load(workshop.root)


@pytest.fixture
def odd(tmp_path: Path, workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """A server with all that the protocol allows; the tools that were called."""
    monkeypatch.setattr("nozzle.runner.connected.PATIENCE", 120.0)
    file = tmp_path / "called.txt"
    server = Server(command=(sys.executable, str(Path(TOOL).with_name("odd_server.py")), str(file)), looks=LOOKS)
    workshop.here.settings = replace(workshop.here.settings, mcp={"odd": server})
    return lambda: file.read_text().splitlines() if file.exists() else []


LOOKS = ("get-events", "count", "bad", "show", "both", "import")


def test_names_that_python_has_for_itself_or_cannot_write_are_written_otherwise_and_all_pages_are_read(
    workshop: Workshop, odd: object
) -> None:
    text = shown(
        workshop,
        "print(mcp.odd)",
        "print(mcp.odd.mail(from_='me', to='you'))\nprint(mcp.odd.mail(**{'from': 'her', 'to': 'him'}))",
        "print(mcp.odd.get_events('utc'))\nprint(mcp.odd.import_())",
    )
    assert "mcp.odd.mail(from_: str, to: str)" in text, text
    assert "mcp.odd.get_events(time_zone: str, day: Any = None, more: Any = None)" in text
    assert "mcp.odd.import_()" in text
    assert 'mail 1 {"from": "me", "to": "you"}' in text
    assert 'mail 2 {"from": "her", "to": "him"}' in text
    assert 'get-events 3 {"time-zone": "utc"}' in text


def test_what_comes_beside_text_is_named(workshop: Workshop, odd: object) -> None:
    text = shown(workshop, "print(mcp.odd.show())", "print(mcp.odd.both())")
    named = ["[image: image/png, 5 bytes]", "[resource: file:///a.csv, text/csv]\na,b\n1,2"]
    assert "\n".join(["two rows", *named, "[resource link: file:///b.pdf, 1,234 bytes]"]) in text, text
    assert f"{named[0]}\n{{'rows': 2}}" in text


def test_a_server_that_refuses_a_request_keeps_its_session(workshop: Workshop, odd: object) -> None:
    text = shown(workshop, "try: mcp.odd.bad()\nexcept RuntimeError as error: print(error, mcp.odd.count())")
    assert "the MCP server odd says: no such thing (-32602) count 2 {}" in text, text


def test_of_a_server_that_dies_in_a_call_that_acts_it_is_said_that_it_may_have_acted(
    workshop: Workshop, odd: Callable[[], list[str]]
) -> None:
    text = shown(workshop, "mcp.odd.die()")
    assert "the line to the MCP server odd broke" in text, text
    assert "what it was asked to do may have been done all the same" in text
    assert odd() == ["die"]


def test_a_tool_that_only_looks_does_so_by_the_name_that_python_writes(
    table: Open, odd: object, workshop: Workshop
) -> None:
    one = table(fence("print(mcp.odd.get_events('utc'))"), DONE)
    assert "get-events 1" in one.begin(TASK)
    assert one.labels() == ["read", "read"]
