"""Cells of the doer run in bounds; what a proposal says of them is what holds; what it cannot undo waits."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from nozzle.agents.crew import Crew
from nozzle.document.entry import Cell
from nozzle.document.events import Finished
from nozzle.document.risk import Ground, weigh
from nozzle.loop import Saved
from nozzle.past import Past, Since
from nozzle.runner import Bounds, bounds, possible
from nozzle.words.door import Door
from nozzle.words.verify import rerun_all
from tests.agents.conftest import LOOSE, Table, fence
from tests.agents.test_tasks import TASK
from tests.conftest import Workshop
from tests.words.conftest import cell, git

Open = Callable[..., Table]
pytestmark = pytest.mark.skipif(
    not (possible().files and possible().network), reason="this system has no Landlock, or seccomp is not known here"
)


@pytest.fixture
def table(table: Open, workshop: Workshop) -> Open:
    """A journal of which git holds everything."""
    (workshop.root / LOOSE).unlink()
    return table


DONE = fence('final_answer("ok")')


@pytest.mark.parametrize("hiding", [True, False])
def test_no_cell_of_an_agent_reads_what_lets_a_reader_of_the_page_in(table: Open, home: Path, hiding: bool) -> None:
    """Not either where the system hides no folder: whoever has it allows what waits for the author."""
    door = Door.of(Path("/journal"), home / "nozzle")
    door.keep(4321)
    assert Door.of(Path("/journal"), home / "nozzle").port == 4321
    read = f"print('read', open({str(door.file)!r}).read())"
    look = f"try:\n    {read}\nexcept OSError as error:\n    print('shut', error.errno)"
    one = table(fence(look), DONE)
    if not hiding:
        one.loop.tools = replace(one.loop.tools, hidden=())
    text = one.begin(TASK)
    if "shut" not in text:
        text = one.tick()
    assert "\nshut " in text
    assert door.key not in text


def test_what_was_taken_for_a_look_and_acts_fails_before_it_has(
    table: Open, workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Crew, "weighed", lambda *_: ("read", "nothing: it only looks"))
    acts = fence("print(open('_out/made', 'w').write('x'))")
    (workshop.root / "journal/_out").mkdir(parents=True)
    one = table(acts, fence("print('seen')"), DONE)
    text = one.begin(TASK)
    assert not (workshop.root / "journal/_out/made").exists()
    assert "it seemed only to look" in text
    assert one.labels() == ["read", "undone"]
    assert "more than its code says" in text
    assert "Traceback" not in text
    one.tick()
    assert (workshop.root / "journal/_out/made").read_text() == "x"
    assert one.labels() == ["read", "undone", "kept", "read", "read"]


def test_a_cell_on_no_list_runs_by_itself_where_bounds_hold_and_git_has_all(table: Open) -> None:
    one = table(fence("import os\nprint('pid', os.getpid() > 0)"), DONE)
    text = one.begin(TASK)
    assert "pid True" in text
    assert one.labels() == ["countdown", "countdown"]


def test_a_look_at_a_file_beside_the_entrys_folder_is_one(table: Open, workshop: Workshop) -> None:
    (workshop.root / "data").mkdir()
    (workshop.root / "data/a.csv").write_text("1,2")
    one = table(fence("print(read('../data/a.csv'))"), DONE)
    assert "1,2" in one.begin(TASK)
    assert one.labels()[0] == "read"


def test_what_it_leaves_at_work_ends_with_it_and_is_asked(table: Open) -> None:
    later = "import time, threading\ndef later():\n    time.sleep(2)\n    open('_out/made', 'w')"
    later = fence(f"{later}\nthreading.Thread(target=later, daemon=True).start()")
    one = table(later, DONE)
    text = one.begin(TASK)
    assert "it left something at work" in text
    assert "goes on when it is over" in text
    assert one.labels() == ["countdown", "undone"]
    assert one.kinds().count("proposal") == 1
    one.tick()
    assert one.labels()[:3] == ["countdown", "undone", "kept"]


def test_the_record_of_a_cell_that_met_its_bounds_is_called_by_its_error(table: Open) -> None:
    one = table(fence("import os\nopen('../nozzle.toml', 'w')"), DONE)
    text = one.begin(TASK)
    assert "<summary>PermissionError: " in text
    assert "ran in bounds" in text


TRAP = fence("class T:\n    def __repr__(self):\n        open('_out/rows', 'w').close()\n        return ''\nt = T()")


def test_what_would_look_at_what_an_agents_code_left_that_ran_by_itself_is_no_look(table: Open) -> None:
    one = table(TRAP, fence("print(t)"), DONE, countdown=0.3)
    one.loop.clock = clock = _Writing(one, False, "rows", after="countdown")
    text = one.begin(TASK)
    assert clock.mine.read_text() == "mine"
    assert "as it stands on an agent's code that ran by itself" in text
    assert one.labels() == ["countdown"]


def test_below_an_agents_code_that_the_author_ticked_a_look_is_one(table: Open, workshop: Workshop) -> None:
    (workshop.root / LOOSE).write_text("1")
    one = table(fence("import os\ny = 2"), fence("print(y)"), DONE)
    one.begin(TASK)
    one.tick()
    assert one.labels() == ["kept", "read", "read"]


def test_it_waits_where_git_could_not_give_back_what_lies_there(table: Open) -> None:
    one = table(fence("import os"), DONE)
    (one.workshop.root / ".gitignore").write_text("data\n")
    (one.workshop.root / "data").mkdir()
    (one.workshop.root / "data" / "rows.csv").write_text("1")
    text = one.begin(TASK)
    assert "git could not give back data/: it waits for you (confined: writes only in" in text
    assert one.labels() == []


@pytest.mark.parametrize("source", ["write('_out/rows.csv', 'new')", "edit('_out/rows.csv', 'weeks', 'no')"])
def test_a_file_that_git_could_not_give_back_is_not_written_over_unasked(table: Open, source: str) -> None:
    one = table(fence(source), DONE)
    (one.workshop.root / ".gitignore").write_text("*.csv\n")
    rows = one.workshop.write("weeks of work", "journal/_out/rows.csv")
    one.path = one.workshop.write(TASK, "journal/entry.md")
    one.loop.advance([one.path])
    text = one.go()
    assert "it writes over _out/rows.csv, which git could not give back: it waits for you" in text
    assert rows.read_text() == "weeks of work"


def test_what_waits_for_a_file_that_the_last_step_is_to_hold_does_not_wait_when_it_does(
    table: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Crew, "work", lambda crew, job, then: then(job()))  # a model that is as quick as can be
    first = fence("import os\nopen('_out/first.txt', 'w').write('x')")
    one = table(first, fence("import json\nprint(json.dumps({}))"), DONE)
    one.workshop.write("k", "journal/_out/k")
    commit(one.workshop.root, "journal/_out/k")
    one.path = one.workshop.write(TASK, "journal/entry.md")
    one.loop.advance([one.path])
    one.go()
    assert one.labels() == ["countdown", "countdown", "countdown"]


def test_a_file_that_git_holds_and_a_new_one_are_written(table: Open) -> None:
    one = table(fence("write('_out/rows.txt', 'new')\nwrite('_out/more.csv', 'new')"), DONE)
    (one.workshop.root / ".gitignore").write_text("*.csv\n")
    rows = one.workshop.write("old", "journal/_out/rows.txt")
    commit(one.workshop.root, "journal/_out/rows.txt")
    one.path = one.workshop.write(TASK, "journal/entry.md")
    one.loop.advance([one.path])
    one.go()
    assert rows.read_text() == "new"
    assert one.labels() == ["countdown", "read"]


@pytest.mark.parametrize(
    "source", ["import requests", "import shutil\nshutil.rmtree('x')", "import os\nos.remove('x')"]
)
def test_what_says_that_it_wants_out_or_less_waits(table: Open, source: str) -> None:
    one = table(fence(source), DONE)
    assert "so it waits for you" in one.begin(TASK)
    assert one.labels() == []


@pytest.mark.parametrize(
    "source",
    ["open('entry.md', 'a')", "import socket as s\ns.socket()", "open('nozzle.toml', 'w')", "open('/tmp/out', 'w')"],
)
def test_what_was_let_run_does_no_more_than_its_label_says(table: Open, source: str) -> None:
    one = table(fence(source), DONE)
    one.begin(TASK)
    if one.kinds().count("proposal"):
        one.tick()
    assert "status=undone" in one.text, one.text
    assert "PermissionError" in one.text


def test_the_authors_cells_above_and_in_other_entries_are_free(table: Open) -> None:
    one = table(fence("y = x"), DONE)
    text = one.begin(cell("open('free', 'w').write('1')") + "\n" + TASK)
    assert "status=error" not in text
    assert (one.path.parent / "free").exists()


def test_a_cell_can_make_files_where_no_entry_could_appear(table: Open) -> None:
    one = table(fence("import os\nopen('_out/rows.txt', 'w').write('1')\nopen('../src/a.py', 'w').write('2')"), DONE)
    (one.workshop.root / "src").mkdir()
    one.begin(TASK)
    assert (one.path.parent / "_out" / "rows.txt").exists()
    assert (one.workshop.root / "src" / "a.py").exists()


def test_what_a_cell_made_is_looked_for_once(table: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    one, asked, written = table(fence("open('../src/a.dat', 'w').write('2')"), DONE), list[str](), Past.written

    def counted(past: Past, rel: str, cell: Cell, finished: Finished, since: Since) -> tuple[set[str], set[str]]:
        asked.append(cell.chain)
        return written(past, rel, cell, finished, since)

    monkeypatch.setattr(Past, "written", counted)
    (one.workshop.root / "src").mkdir()
    assert "Made: `src/a.dat`." in one.begin(TASK)
    assert len(asked) == len(set(asked))


def test_the_next_text_of_an_entry_is_not_theirs_to_write(tmp_path: Path) -> None:
    """Renamed over the entry, it would take the right along."""
    (tmp_path / "journal").mkdir()
    for name in ("entry.md", ".entry.md.1", "entry.md~", "rows.csv"):
        (tmp_path / "journal" / name).write_text("")
    shut = [tmp_path / "journal", tmp_path / "journal" / "entry.md"]
    write = bounds(tmp_path, tmp_path / "journal", shut).write
    assert [Path(path).name for path in write if path.startswith(str(tmp_path))] == ["rows.csv"]


def test_a_journal_is_verified_with_its_agents_cells_in_bounds(table: Open) -> None:
    """On a copy, in which they read what is installed from the journal's own root."""
    one = table(fence("y = 2"), DONE)
    (one.workshop.root / "mine.py").write_text("print('from', __name__)")
    above = cell(f"import sys\nsys.path.append({str(one.workshop.root)!r})")
    text = one.begin(above + "\n" + TASK + cell("import mine"))
    assert "from mine" in text
    assert rerun_all(one.workshop.here, [one.path]) == 0


@pytest.mark.parametrize("name", ["other.md", "below/other.md", "../README.md"])
def test_no_entry_can_be_made_by_an_agents_cell(table: Open, name: str) -> None:
    source = f"import os\nos.makedirs('below', exist_ok=True)\nopen({name!r}, 'w')"
    one = table(fence(source), DONE)
    one.begin(TASK)
    assert "PermissionError" in one.text
    assert not (one.path.parent / name).exists()


def test_another_entry_that_is_saved_while_an_agents_cell_runs_waits_for_it(
    table: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no bounds hold, what appears meanwhile may be the cell's doing."""
    monkeypatch.setattr("nozzle.kernels.bounds", lambda *_, **__: Bounds(("/",), ("/",)))
    folder = "journal"
    source = (
        "import time\nfrom pathlib import Path\n"
        "Path('other.md').write_text('# Other\\n\\n```{code-cell}\\nopen(\"pwned\", \"w\")\\n```\\n')\n"
        "print('made', flush=True)\n"
        "while not Path('_out/go').exists():\n    time.sleep(0.05)"
    )
    one = table(fence(source), DONE)
    (one.workshop.root / folder).mkdir(exist_ok=True)
    other = one.workshop.root / folder / "other.md"
    one.path = one.workshop.write(TASK, f"{folder}/entry.md")
    one.loop.clock = _Poking(one, other)
    one.loop.advance([one.path])
    one.go()
    assert other.exists()
    assert not (other.parent / "pwned").exists()
    assert any("may have written it" in notice.text for notice in one.workshop.notices)


class _Poking:
    """A clock that tells the loop of a file as soon as it is there, as the watcher would; then the cell may end."""

    def __init__(self, table: Table, path: Path) -> None:
        self.table, self.path, self.told = table, path, False

    def __call__(self) -> float:
        import time

        if not self.told and self.path.exists():
            self.told = True
            self.table.loop.messages.put(Saved(frozenset([self.path])))
        if self.path in self.table.loop.desks:
            (self.path.parent / "_out" / "go").touch()
        return time.monotonic()


@pytest.mark.parametrize("sure", [False, True])
def test_what_git_could_not_give_back_any_more_when_the_countdown_ends_waits(table: Open, sure: bool) -> None:
    one = table(fence("write('_out/fit.csv', 'agent')"), DONE, countdown=0.3)
    one.loop.clock = clock = _Writing(one, sure)
    one.begin(TASK)
    assert clock.mine.read_text() == "mine"
    assert "writes over _out/fit.csv" in one.text
    assert "something has changed since it was proposed" in one.text
    assert one.labels() == []
    one.tick()
    assert clock.mine.read_text() == "agent"
    assert one.labels()[0] == "kept"


class _Writing:
    """A clock by which the author writes a file as soon as a proposal stands, `after` an answer to another, and may
    have said `/sure all`."""

    def __init__(self, table: Table, sure: bool, name: str = "fit.csv", after: str = "") -> None:
        self.table, self.sure, self.after = table, sure, after
        self.mine = table.workshop.root / "journal" / "_out" / name

    def __call__(self) -> float:
        import time

        if not self.mine.exists() and self.table.loop.desks and self.table.blocks("proposal") and self._is_time():
            self.mine.parent.mkdir(exist_ok=True)
            self.mine.write_text("mine")
            for task in self.table.seat.tasks.active.values():
                task.sure_of_all = self.sure
        return time.monotonic()

    def _is_time(self) -> bool:
        return not self.after or self.after in self.table.labels()


def test_where_nothing_holds_the_label_says_so() -> None:
    assert weigh("import os", "python", Ground())[1] == (
        "anything: code cannot tell, so it waits for you (not confined: this system has neither Landlock nor seccomp)"
    )


def commit(root: Path, name: str) -> None:
    git(root, "add", name)
    git(root, "-c", "user.name=Ann", "-c", "user.email=ann@x.org", "commit", "-qm", name)


IMPORTS = cell("import sys\nsys.path.insert(0, '../lib')\nimport helper\nprint('f is', helper.f())")


def test_what_an_agents_cell_wrote_is_run_free_by_nobody_unasked(table: Open) -> None:
    evil = "f = lambda: 7\nopen('escaped', 'w').write('free')\n"
    one = table(fence(f"open('../lib/helper.py', 'w').write({evil!r})"), DONE)
    root = one.workshop.root
    one.workshop.write("f = lambda: 3\n", "lib/helper.py")
    commit(root, "lib")
    other = one.workshop.write("# B\n\n" + IMPORTS, "journal/b.md")
    one.loop.advance([other])
    one.loop.run(until_idle=True)
    one.begin(TASK)
    one.loop.messages.put(Saved(frozenset([root / "lib" / "helper.py"])))
    one.loop.run(until_idle=True)
    (row,) = one.loop.desks[other].plan()
    assert (row.do, "an agent's cell has written lib/helper.py, which it read" in row.reason) == ("held", True)
    other.write_text(other.read_text() + "\nMore.\n")
    one.loop.messages.put(Saved(frozenset([other])))
    one.loop.run(until_idle=True)
    assert "f is 3" in other.read_text()
    assert not (other.parent / "escaped").exists()
    one.loop.desks[other].ask()
    one.loop.run(until_idle=True)
    assert "f is 7" in other.read_text()


def test_what_the_author_made_of_it_since_runs_by_itself(table: Open) -> None:
    one = table(fence("open('../lib/helper.py', 'w').write('f = lambda: 7')"), DONE)
    helper = one.workshop.write("f = lambda: 3\n", "lib/helper.py")
    commit(one.workshop.root, "lib")
    other = one.workshop.write("# B\n\n" + IMPORTS, "journal/b.md")
    one.loop.advance([other])
    one.loop.run(until_idle=True)
    one.begin(TASK)
    assert "lambda: 7" in helper.read_text()
    helper.write_text("f = lambda: 8\n")
    one.loop.messages.put(Saved(frozenset([helper])))
    one.loop.run(until_idle=True)
    assert "f is 8" in other.read_text()


@pytest.mark.parametrize("hooks", ["", "hooks"])
def test_what_agents_are_told_and_what_git_starts_is_not_theirs_to_write(table: Open, hooks: str) -> None:
    one = table(fence("open('../prompts/system.md', 'w')"), fence("open('../hooks/pre-commit', 'w')"), DONE)
    for name in ("prompts", "hooks"):
        (one.workshop.root / name).mkdir()
    if hooks:
        git(one.workshop.root, "config", "core.hooksPath", hooks)
    one.begin(TASK)
    assert not (one.workshop.root / "prompts" / "system.md").exists()
    assert (one.workshop.root / "hooks" / "pre-commit").exists() is not bool(hooks)
