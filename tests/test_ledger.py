"""The file and its steps: what could not be kept is kept later, what must not be never is, nor is another's work."""

import hashlib
import json
import socket
import subprocess
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from nozzle.disk.file import swap
from nozzle.document import scribe
from nozzle.document.entry import Entry
from nozzle.document.events import Finished
from nozzle.document.facts import Facts
from nozzle.document.outputs import Text
from nozzle.document.scribe import Hand, Result
from nozzle.errors import NozzleError, Unwritable
from nozzle.intent import Intent, packed, unpacked
from nozzle.ledger import ASIDE
from nozzle.loop import Saved
from nozzle.past import Since
from nozzle.piece import Origin, Piece, compose
from nozzle.recovery import recover
from nozzle.sieve import Sieve
from nozzle.steps import Record, Steps, Taken
from nozzle.words.journal import journal
from nozzle.words.site import build_site
from tests.conftest import Workshop

TOKEN = "ghp_" + "x1" * 18
READS = "```{code-cell} python\nprint(open('../data.csv').read())\n```\n"


def cell(body: str, language: str = "python") -> str:
    return f"```{{code-cell}} {language}\n{body}\n```\n"


def git(folder: Path, *words: str) -> str:
    who = ("-c", "user.name=Ann", "-c", "user.email=ann@x.org")
    return subprocess.run(["git", *who, *words], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()


def everything(workshop: Workshop) -> str:
    """All that git holds, whether anything names it or not."""
    words = ("cat-file", "--batch-all-objects", "--batch", "--unordered")
    done = subprocess.run(["git", *words], cwd=workshop.root, capture_output=True, check=True)
    return done.stdout.decode("utf-8", "replace")


def told(workshop: Workshop) -> str:
    return "\n".join(notice.text for notice in workshop.notices)


def due(workshop: Workshop) -> list[str]:
    loop = workshop.loop()
    for path in workshop.here.entries():
        loop.desk(path)
    return [row.why for desk in loop.desks.values() for row in desk.due()]


def test_a_step_that_is_owed_when_nozzle_ends_is_made_at_the_next_start(workshop: Workshop) -> None:
    path = workshop.write(cell("print(1)"))
    workshop.run(path)
    path.write_text(path.read_text().replace("print(1)", "open('../.git/MERGE_HEAD', 'w').close(); print(2)"))
    workshop.run(path)
    assert "a merge is under way" in told(workshop)
    (workshop.root / ".git/MERGE_HEAD").unlink()
    assert recover(workshop.here.ledger(print)) == []
    assert git(workshop.root, "status", "--porcelain", "--", "journal") == ""
    assert "```text\n2\n```" in git(workshop.root, "show", "HEAD:journal/entry.md")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lock of git's is not waited for long."""
    monkeypatch.setattr("nozzle.steps.index.PATIENCE", 0.2)


@pytest.mark.usefixtures("impatient")
def test_what_is_owed_over_a_restart_becomes_the_steps_that_it_would_have_been(workshop: Workshop) -> None:
    workshop.write("1,2", "journal/in.csv")
    path = workshop.write(cell("x = 1") + cell("print(open('in.csv').read(), end='', file=open('out.txt', 'w'))"))
    workshop.run(path)
    path.write_text(path.read_text().replace("x = 1", "x = 2"))
    before = workshop.here.steps.thread().head
    lock = workshop.root / ".git/index.lock"
    lock.touch()
    workshop.run(path)
    assert workshop.here.steps.thread().head == before
    lock.unlink()
    recover(workshop.here.ledger(print))
    history = list(workshop.here.steps.history())
    made = list(reversed(history[: [step.sha for step in history].index(before)]))
    assert [step.kind for step in made] == ["save", "cell", "cell"]
    assert made[-1].trailers["Writes"] == "journal/out.txt"
    assert {"Seconds", "Memory", "Inputs"} <= made[-1].trailers.keys()
    assert git(workshop.root, "show", "HEAD:journal/out.txt") == "1,2"
    assert git(workshop.root, "status", "--porcelain", "--", "journal") == "?? journal/in.csv"
    assert workshop.here.ledger(print).past.reads("journal/entry.md") == {"journal/in.csv"}


def test_a_save_found_beside_the_file_stays_there_until_a_step_holds_it(workshop: Workshop) -> None:
    path = workshop.write(cell("print(1)"))
    workshop.run(path)
    left = path.with_name(".entry.md.nozzle-0123456789ab")
    left.write_text("the author's\n")
    (workshop.root / ".git/MERGE_HEAD").touch()
    assert "it is no step yet" in recover(workshop.here.ledger(print))[0]
    assert left.read_text() == "the author's\n"
    (workshop.root / ".git/MERGE_HEAD").unlink()
    assert "it is a step now" in recover(workshop.here.ledger(print))[0]
    assert not left.exists()
    assert "the author's" in everything(workshop)


def meant(workshop: Workshop, base: str, new: str, temp: str = "", **more: Any) -> None:
    """A process was killed that meant to write this."""
    head = workshop.here.steps.thread().head
    intent = Intent("journal/entry.md", head, base.encode(), new.encode(), {}, temp=temp, **more)
    workshop.here.steps.intend(packed([intent]))


def test_an_older_text_beside_the_file_is_not_put_over_the_newest_save(workshop: Workshop) -> None:
    """It came out of the file when an earlier output was written, and an editor held it open."""
    path = workshop.write("# One\n")
    workshop.here.ledger(print).save("journal/entry.md", b"# One\n")
    path.with_name(".entry.md.nozzle-0123456789ab").write_text("# One\n")
    path.write_text("# One\n\nThe newest paragraph.\n")
    meant(workshop, path.read_text(), path.read_text() + "\nA line of nozzle's.\n")
    assert not any("your last save" in line for line in recover(workshop.here.ledger(print)))
    assert "The newest paragraph." in path.read_text()
    assert "A line of nozzle's." in path.read_text()
    assert [each.name for each in path.parent.iterdir()] == ["entry.md"]
    assert "The newest paragraph." in git(workshop.root, "log", "-p")


def test_what_came_out_of_the_file_as_it_was_exchanged_is_the_newest_save(workshop: Workshop) -> None:
    path = workshop.write("# One\n\nA line of nozzle's.\n")
    path.with_name(".entry.md.nozzle-0123456789ab").write_text("# One\n\nThe newest paragraph.\n")
    path.with_name(".entry.md.nozzle-abcdefabcdef").write_text("# An older one\n")
    meant(workshop, "# One\n", path.read_text(), ".entry.md.nozzle-0123456789ab")
    assert "your last save was found beside it and is back" in recover(workshop.here.ledger(print))[0]
    assert "The newest paragraph." in path.read_text()
    assert "# An older one" in git(workshop.root, "log", "-p")


@pytest.mark.parametrize("ours", [False, True], ids=["to both", "to ours"])
def test_what_waited_for_the_end_of_a_merge_is_not_put_over_what_it_came_to(workshop: Workshop, ours: bool) -> None:
    """A save in the middle of a conflict is older than how it was settled."""
    path, other = workshop.write("one\n\n" + cell("print(1)")), workshop.root / "journal/other.md"
    workshop.run(path)
    start = path.read_text()
    who = ("-c", "user.name=A", "-c", "user.email=a@x.org")
    git(workshop.root, "checkout", "-q", "-b", "side")
    path.write_text(start.replace("one", "side"))
    git(workshop.root, *who, "commit", "-qam", "side")
    git(workshop.root, "checkout", "-q", "main")
    path.write_text(start.replace("one", "main"))
    git(workshop.root, *who, "commit", "-qam", "main")
    merge = ["git", *who, "merge", "-q", "side"]
    assert subprocess.run(merge, cwd=workshop.root, capture_output=True).returncode == 1
    loop = workshop.loop()
    desks = [loop.desk(path)]
    path.write_text(path.read_text().replace("main", "main, edited"))
    workshop.write(cell("print('c')"), "journal/other.md")
    loop.advance([path, other])
    loop.run(until_idle=True)
    desks[0].step()
    assert "a merge is under way" in told(workshop)
    rows = path.read_text().split("\n")
    both = "\n".join(row for row in rows if row[:7] not in ("<<<<<<<", "=======", ">>>>>>>"))
    path.write_text(start.replace("one", "main") if ours else both)
    git(workshop.root, "add", "-A")
    git(workshop.root, *who, "commit", "-qm", "settled by hand")
    settled = git(workshop.root, "rev-parse", "HEAD:journal/entry.md")
    loop.advance([path, other])
    loop.run(until_idle=True)
    loop.close()
    after = git(workshop.root, "log", "--format=%s", "HEAD", "--not", "HEAD^{/settled by hand}").split("\n")
    assert [title for title in after if title] == []
    assert git(workshop.root, "rev-parse", "HEAD:journal/entry.md") == settled
    assert git(workshop.root, "status", "--porcelain", "--", "journal") == ""
    assert "main, edited" in everything(workshop)


def test_what_is_exchanged_is_named_in_what_was_meant(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every write; a killed one leaves a file of this name."""
    path = workshop.write(cell("print(1)"))
    temps: list[str] = []
    monkeypatch.setattr("nozzle.disk.rounds.swap", lambda temp, target: temps.append(temp.name) or swap(temp, target))
    monkeypatch.setattr(Steps, "fulfilled", lambda steps: None)
    workshop.run(path)
    (intent,) = unpacked(workshop.here.steps.intent() or {})
    assert intent.temp == temps[-1]


def test_an_intent_holds_each_step_with_its_own_files(workshop: Workshop) -> None:
    """A picture of a step that is owed from before, and one that goes."""
    rel = "journal/entry.md"
    owed = Record("cell", rel, "one", {rel: b"1", "journal/_out/a.png": b"A"}, ("data.csv",), {"Cell": "c"})
    last = Record("cell", rel, "two", {rel: b"2", "journal/_out/a.png": None})
    intent = Intent(rel, "head", b"", b"2", {"_out/b.png": b"B"}, "inputs", (owed, last), ".entry.md.nozzle-0")
    assert unpacked(packed([intent])) == [intent]
    older = {"entry": rel, "head": "head", "inputs": "", "steps": [{"kind": "cell", "files": []}]}
    flat = {"0/about": json.dumps(older).encode(), "0/base": b"", "0/new": b"2", "0/text/0": b"1"}
    assert unpacked(flat) == [Intent(rel, "head", b"", b"2", {})], "an older nozzle was killed"


def test_an_entry_that_cannot_be_written_at_the_start_does_not_stop_the_others(
    workshop: Workshop, tmp_path: Path
) -> None:
    (tmp_path / "elsewhere").mkdir()
    linked, other = workshop.write("# L\n", "journal/linked/l.md"), workshop.write("# O\n", "journal/other.md")
    names = ["journal/linked/l.md", "journal/other.md"]
    for path, rel in zip((linked, other), names, strict=True):
        workshop.here.ledger(print).save(rel, path.read_bytes())
    (linked.parent / "_out").symlink_to(tmp_path / "elsewhere")
    head = workshop.here.steps.thread().head
    intents = (
        Intent(names[0], head, b"# L\n", b"# L\n\nmade\n", {"_out/a.txt": b"shown"}),
        Intent(names[1], head, b"# O\n", b"# O\n\nmade\n", {}),
    )
    workshop.here.steps.intend(packed(intents))
    ledger = workshop.here.ledger(print)
    said = recover(ledger)
    assert "is a link to elsewhere" in said[0]
    assert "wait in git until that is mended" in said[1]
    assert linked.read_text() == "# L\n"
    assert other.read_text() == "# O\n\nmade\n"
    assert [intent.rel for intent in unpacked(workshop.here.steps.intent() or {})] == names[:1]
    assert not ledger.catch_up()
    (linked.parent / "_out").unlink()
    assert ledger.catch_up()
    assert git(workshop.root, "show", f"HEAD:{names[0]}") == "# L\n\nmade"
    assert git(workshop.root, "show", "HEAD:journal/linked/_out/a.txt") == "shown"
    assert workshop.here.steps.intent() is None


@pytest.mark.parametrize(
    "first",
    [
        cell("with open('../log.txt', 'a') as file:\n    file.write('x\\n')"),
        cell("import subprocess\nsubprocess.run('echo x >> ../log.txt', shell=True)"),
        cell("echo x >> ../log.txt", "bash"),
    ],
    ids=["opened", "a program", "a shell"],
)
def test_what_a_replay_writes_once_more_is_told_and_in_the_step_that_needed_it(workshop: Workshop, first: str) -> None:
    path = workshop.write(first + cell("print(1)"))
    workshop.run(path)
    workshop.notices.clear()
    path.write_text(path.read_text().replace("print(1)", "print(2)"))
    workshop.run(path)
    if (workshop.root / "log.txt").read_text() == "x\n":
        pytest.skip("the state was kept: nothing ran again")
    assert "log.txt: written again, as cells above print(2) ran again" in told(workshop)
    assert git(workshop.root, "show", "HEAD:log.txt") == "x\nx"
    assert git(workshop.root, "status", "--porcelain") == ""


@pytest.mark.parametrize("watched", [True, False], ids=["while a loop is at work", "while nobody looks"])
def test_an_entry_that_goes_to_another_folder_takes_what_it_shows_along(workshop: Workshop, watched: bool) -> None:
    path = workshop.write(cell("from IPython.display import SVG\nSVG('<svg xmlns=\"http://www.w3.org/2000/svg\"/>')"))
    loop = workshop.loop()
    loop.advance([path])
    loop.run(until_idle=True)
    (picture,) = (path.parent / "_out").iterdir()
    content = picture.read_bytes()
    new = path.parent / "deep/er/moved.md"
    new.parent.mkdir(parents=True)
    path.rename(new)
    if watched:
        loop.messages.put(Saved(frozenset({path, new})))
        loop.run(until_idle=True)
    else:
        assert workshop.here.ledger(print).removed() == ["journal/entry.md was renamed to journal/deep/er/moved.md"]
    loop.close()
    assert (new.parent / "_out" / picture.name).read_bytes() == content
    held = git(workshop.root, "ls-tree", "-r", "--name-only", "HEAD").split("\n")
    assert f"journal/deep/er/_out/{picture.name}" in held
    assert git(workshop.root, "status", "--porcelain", "--", "journal") == ""


def test_a_picture_that_was_swept_away_before_a_kill_is_in_no_later_step(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the file's going and the step that says so."""
    drawn = 'from IPython.display import SVG\nSVG(\'<svg xmlns="http://www.w3.org/2000/svg" id="one"/>\')'
    path = workshop.write(cell(drawn))
    workshop.run(path)
    (old,) = (path.parent / "_out").iterdir()
    path.write_text(path.read_text().replace("one", "two"))
    made = Steps.record_all

    def ended(steps: Steps, records: list[Record], at: str | None) -> list[Any]:
        if records[-1].kind == "cell":
            raise KeyboardInterrupt
        return made(steps, records, at)

    with monkeypatch.context() as killed:
        killed.setattr(Steps, "record_all", ended)
        with pytest.raises(KeyboardInterrupt):
            workshop.run(path)
    assert not old.exists()
    assert recover(workshop.here.ledger(print)) == []
    assert f"journal/_out/{old.name}" not in git(workshop.root, "ls-tree", "-r", "--name-only", "HEAD")
    assert git(workshop.root, "status", "--porcelain", "--", "journal") == ""


def test_what_its_own_cells_write_makes_no_other_repository_of_a_journal(workshop: Workshop) -> None:
    path = workshop.write(cell("open('g.csv', 'w').write('1')"), "README.md")
    workshop.run(path)
    assert git(workshop.root, "show", "HEAD:g.csv") == "1"
    assert workshop.here.ledger(print).begin_thread() == ""
    workshop.write("int main;\n", "main.c")
    git(workshop.root, "add", "main.c")
    git(workshop.root, "-c", "user.name=A", "-c", "user.email=a@x.org", "commit", "-qm", "a program")
    assert workshop.here.ledger(print).begin_thread()


def test_what_was_due_when_the_author_went_elsewhere_starts_nothing_and_makes_no_step(workshop: Workshop) -> None:
    """A cell that still settled: he saves, commits by hand and goes back, and nobody has looked at the file since."""
    path = workshop.write(cell("print(1)"))
    loop = workshop.loop()
    loop.advance([path])
    loop.run(until_idle=True)
    before = workshop.here.steps.resolve("HEAD")
    desk = loop.desks[path]
    desk.settled = float("inf")
    path.write_text(path.read_text() + "\n" + cell("print(2)"))
    loop.messages.put(Saved(frozenset({path})))
    loop.run(until_idle=True)
    git(workshop.root, "-c", "user.name=A", "-c", "user.email=a@x.org", "commit", "-qam", "by hand")
    workshop.here.steps.rewind(before)
    desk.settled = 0.0
    loop.run(until_idle=True)
    loop.close()
    assert git(workshop.root, "rev-parse", "HEAD") == before.sha
    assert git(workshop.root, "status", "--porcelain") == ""
    assert "2\n```" not in everything(workshop)


def test_an_entry_that_git_is_to_pass_over_runs_and_is_in_no_step(workshop: Workshop) -> None:
    workshop.write("journal/private/\n*.draft.md\n", ".gitignore")
    words = ("MY DIARY", "MY DRAFT")
    paths = [
        workshop.write(f"# {words[0]}\n\n" + cell("print(6 * 7)"), "journal/private/diary.md"),
        workshop.write(f"# {words[1]}\n\n" + cell("print(6 * 7)"), "journal/x.draft.md"),
    ]
    workshop.run(*paths, workshop.write(cell("print(1)")))
    assert ["```text\n42\n```" in path.read_text() for path in paths] == [True, True]
    assert not [word for word in words if word in everything(workshop)]
    assert told(workshop).count(".gitignore names it") == 2
    built = build_site(workshop.here, workshop.root / "site")
    assert built.written
    assert not [page for page in (workshop.root / "site").rglob("*.html") if "MY D" in page.read_text()]
    workshop.write("*.draft.md\n", ".gitignore")
    workshop.run(paths[0], again=True)
    assert words[0] in git(workshop.root, "show", "HEAD:journal/private/diary.md")


def test_an_entry_that_git_holds_is_kept_whatever_gitignore_says(workshop: Workshop) -> None:
    path = workshop.write("# Held\n")
    workshop.here.ledger(print).save("journal/entry.md", path.read_bytes())
    workshop.write("*.md\n", ".gitignore")
    path.write_text("# Held, and edited\n")
    workshop.run(path)
    assert git(workshop.root, "show", "HEAD:journal/entry.md") == "# Held, and edited"
    git(workshop.root, "rm", "-q", "--cached", "journal/entry.md")
    git(workshop.root, "-c", "user.name=A", "-c", "user.email=a@x.org", "commit", "-qm", "out")
    path.write_text("# A secret of mine\n")
    workshop.run(path)
    assert git(workshop.root, "ls-files") == ""


def test_a_file_whose_line_ends_git_converts_is_not_changed_for_that(workshop: Workshop) -> None:
    workshop.write("*.csv text eol=crlf\n", ".gitattributes")
    workshop.write("a\r\nb\r\n", "x.csv")
    git(workshop.root, "add", "-A"), git(workshop.root, "commit", "-qm", "begin")
    ledger = workshop.here.ledger(print)
    assert not ledger.is_changed("x.csv")
    workshop.write("a\r\nc\r\n", "x.csv")
    assert ledger.is_changed("x.csv")
    (workshop.root / "x.csv").unlink()
    assert ledger.is_changed("x.csv")


def test_an_entry_that_cannot_be_read_hides_no_removal(workshop: Workshop) -> None:
    rel = "journal/gone.md"
    workshop.here.ledger(print).save(rel, b"# Gone\n")
    with workshop.write("", "journal/large.md").open("w") as file:
        file.truncate(101_000_000)
    assert workshop.here.ledger(print).removed() == [f"{rel} was taken away"]
    assert workshop.here.steps.at_head(rel) is None


@pytest.mark.parametrize("done", ["land", "clone", "amend"])
def test_what_a_cell_read_is_known_after(workshop: Workshop, done: str, tmp_path: Path) -> None:
    workshop.write("1\n", "data.csv")
    path = workshop.write("# T\n")
    git(workshop.root, "add", "."), git(workshop.root, "commit", "-qm", "begin")
    workshop.here.steps.start_thread()
    path.write_text(READS)
    workshop.run(path)
    root = workshop.root
    if done == "land":
        workshop.here.steps.land()
    elif done == "amend":
        git(root, "commit", "-q", "--amend", "-m", "my own words")
    else:
        root = tmp_path / "clone"
        git(workshop.root, "clone", "-q", "--depth", "1", f"file://{workshop.root}", str(root))
    (root / "data.csv").write_text("2\n")
    with journal(root, trust_all=True) as here:
        assert due(Workshop(here)) == ["input changed"]


def test_a_shell_cell_takes_what_it_wrote_and_not_what_the_author_was_at(workshop: Workshop) -> None:
    for name in ("notes.txt", "plan.txt"):
        workshop.write("one\n", name)
    git(workshop.root, "add", "."), git(workshop.root, "commit", "-qm", "begin")
    workshop.write("half a thought\n", "notes.txt")
    workshop.write("a letter\n", "letter.txt")
    (workshop.root / "plan.txt").unlink()
    path = workshop.write(cell("echo more >> ../notes.txt; echo 1 > ../made.txt", "bash"))
    workshop.run(path)
    names = git(workshop.root, "log", "-1", "--name-only", "--format=").split()
    assert names == ["journal/entry.md", "made.txt"]


def test_no_secret_of_an_entry_reaches_git_by_any_way(workshop: Workshop) -> None:
    path = workshop.write(cell("print('one')"))
    workshop.run(path)
    path.write_text(f"{path.read_text()}\n{TOKEN}\n\n" + cell("print('two')"))
    workshop.run(path)
    assert "two" in path.read_text().split("print('two')")[1]
    assert "looks like a secret" in told(workshop)
    assert TOKEN not in everything(workshop)


def test_no_secret_that_a_cell_draws_writes_or_names_reaches_a_step(workshop: Workshop) -> None:
    body = """
from IPython.display import SVG
tok = "ghp_" + "x1" * 18
open(f"../{tok}.txt", "w").write("x")
open("../leak.txt", "w").write(tok)
SVG(f"<svg xmlns='http://www.w3.org/2000/svg'><text>{tok}</text></svg>")
"""
    path = workshop.write(cell(body))
    workshop.run(path)
    (picture,) = (workshop.root / "journal/_out").glob("*.svg")
    assert "redacted" in picture.read_text()
    assert TOKEN not in everything(workshop)
    assert told(workshop).count("looks like a secret (github token); a cell wrote it") == 2


def test_no_secret_that_a_cell_pickles_or_links_to_reaches_a_step(workshop: Workshop) -> None:
    body = """
import os, pickle
tok = "ghp_" + "x1" * 18
os.symlink("/run/" + tok, "../link")
pickle.dump("sk-ant-" + "x1" * 50, open("../config.pkl", "wb"))
open("../fine.txt", "w").write("x")
"""
    workshop.run(workshop.write(cell(body)))
    names = git(workshop.root, "log", "-1", "--name-only", "--format=").split()
    assert names == ["fine.txt", "journal/entry.md"]
    assert told(workshop).count("; a cell wrote it, and the file is left out of every step") == 2


SPOKEN = """
import struct, zlib
from IPython.display import Image
token = "ghp_" + "x1" * 18
def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)) + chunk(b"tEXt", b"Comment\\0 " + token.encode())
open("data.csv", "w").write("1")
Image(b"\\x89PNG\\r\\n\\x1a\\n" + head + chunk(b"IDAT", zlib.compress(b"\\0\\0")) + chunk(b"IEND", b""))
"""
"""A cell that draws a picture whose comment is a secret."""


def test_a_picture_that_holds_a_secret_is_left_out_and_its_cell_is_a_step(workshop: Workshop) -> None:
    path = workshop.write(cell(SPOKEN))
    workshop.run(path)
    workshop.run(path)
    assert "looks like a secret" in told(workshop)
    assert [step.kind for step in workshop.here.steps.history("journal/entry.md")] == ["cell", "save"]
    assert git(workshop.root, "ls-tree", "-r", "--name-only", "HEAD", "journal").split() == [
        "journal/data.csv",
        "journal/entry.md",
    ]
    assert git(workshop.root, "status", "--porcelain") == "?? journal/_out/"
    assert TOKEN not in everything(workshop), "nor has what was meant to be written"


@pytest.mark.parametrize("again", [False, True])
def test_what_came_with_a_text_that_no_step_may_keep_is_in_the_next_step(workshop: Workshop, again: bool) -> None:
    """Also when nozzle is started again in between."""
    rel, ledger = "journal/entry.md", workshop.here.ledger(workshop.here.warn)
    workshop.write("1", "made.csv")
    ledger.judge(rel, b"# One\n", None)
    ledger.save(rel, b"# One\n")
    secret = f"# {TOKEN}\n".encode()
    assert not ledger.record(rel, [Record("cell", rel, "a cell", {rel: secret, "shown.txt": b"2"}, ("made.csv",))])
    if again:
        workshop.write("# Two\n")
        ledger = workshop.here.ledger(workshop.here.warn)
        recover(ledger)
    ledger.save(rel, b"# Two\n")
    names = git(workshop.root, "show", "--name-only", "--format=", "HEAD").split()
    assert names == [rel, "made.csv", "shown.txt"]
    assert workshop.here.steps.intent() is None
    assert TOKEN not in everything(workshop)


def test_no_name_that_holds_a_secret_reaches_what_a_step_says_of_itself(workshop: Workshop) -> None:
    """Names of files that a cell read, or wrote elsewhere, and of what it made."""
    workshop.write("read\n", f"journal/{TOKEN}.txt")
    workshop.write("too\n", "journal/plain.txt")
    body = """
import glob, os
file = glob.glob("ghp*.txt")[0]
print(open(file).read(), open("plain.txt").read())
exec(file[:-4] + " = 3")
os.makedirs("/tmp/" + file, exist_ok=True)
os.rmdir("/tmp/" + file)
"""
    workshop.run(workshop.write(cell(body)))
    assert "a name that a cell used looks like a secret" in told(workshop)
    (step, *_) = workshop.here.steps.history("journal/entry.md")
    assert step.kind == "cell"
    assert step.trailers["Reads"].startswith("journal/plain.txt=")
    assert "journal/plain.txt=" in step.trailers["Inputs"]
    assert TOKEN not in everything(workshop)
    assert "plain.txt" in (beside_git := (workshop.root / ".git/nozzle/outputs").read_text())
    assert TOKEN not in beside_git


def test_no_secret_of_a_save_that_is_owed_reaches_git_when_a_merge_ends(workshop: Workshop) -> None:
    """Whichever of the owed saves it stands in, and though a later one is without it."""
    here, rel = workshop.here, "journal/entry.md"
    ledger = here.ledger(here.warn)
    base: bytes | None = None
    for text in (b"# one\n", b"# two\n", b"# two\n" + TOKEN.encode(), b"# three\n"):
        workshop.write(text.decode())
        ledger.judge(rel, text, base)
        ledger.save(rel, text)
        if base is None:
            head = here.steps.thread().head
            (workshop.root / ".git/MERGE_HEAD").write_text(head)
        base = text
    (workshop.root / ".git/MERGE_HEAD").unlink()
    assert ledger.catch_up()
    assert TOKEN not in everything(workshop)
    assert here.steps.at_head(rel) == b"# three\n"
    assert [step.kind for step in here.steps.history(rel)] == ["save"] * 3


def test_what_was_saved_in_a_merge_that_is_given_up_becomes_no_step_here(workshop: Workshop) -> None:
    here, rel = workshop.here, "journal/entry.md"
    said: list[str] = []
    ledger = here.ledger(said.append)
    before, mixed = b"# ours\n", b"# ours and theirs\n"
    workshop.write(before.decode())
    ledger.judge(rel, before, None)
    ledger.save(rel, before)
    head = here.steps.thread().head
    (workshop.root / ".git/MERGE_HEAD").write_text(head)
    workshop.write(mixed.decode())
    ledger.judge(rel, mixed, before)
    ledger.save(rel, mixed)
    (workshop.root / ".git/MERGE_HEAD").unlink()
    workshop.write(before.decode())
    assert ledger.catch_up()
    assert here.steps.thread().head == head
    assert "the merge was given up; what was saved meanwhile is on thread" in "".join(said)
    (name,) = set(git(workshop.root, "branch", "--format=%(refname:short)").split()) - {here.steps.thread().name}
    assert git(workshop.root, "show", f"{name}:{rel}") == mixed.decode().strip()


def test_what_a_cell_wrote_is_asked_again_when_its_owed_step_is_made(workshop: Workshop) -> None:
    path = workshop.write(cell("open('../made.txt', 'w').write('harmless')"))
    workshop.run(path)
    head = workshop.here.steps.thread().head
    ledger, rel = workshop.here.ledger(workshop.here.warn), "journal/entry.md"
    ledger.judge(rel, path.read_bytes(), None)
    record = Record("note", rel, "A note", {rel: path.read_bytes() + b"\nmore\n"}, ("made.txt",))
    (workshop.root / ".git/MERGE_HEAD").write_text(head)
    path.write_bytes(record.files[rel] or b"")
    ledger.record(rel, [record])
    workshop.write(TOKEN, "made.txt")
    (workshop.root / ".git/MERGE_HEAD").unlink()
    assert ledger.catch_up()
    assert workshop.here.steps.at_head(rel) == record.files[rel]
    assert TOKEN not in everything(workshop)


def result(workshop: Workshop, text: str, number: int, head: str) -> Piece:
    """What a cell of a text shows, that began there."""
    ran, rows = Entry(text).cells[number], (Text("stdout", f"shown by {number}\n"),)
    edit = partial(scribe.write, result=Result(ran.chain, "ok", rows), hand=Hand())
    return Piece("cell", ran.chain, f"cell {number}", edit, ran, origin=Origin(head, text.encode()))


def test_results_that_began_from_two_texts_are_each_kept_where_they_began(workshop: Workshop) -> None:
    rel, ledger = "journal/entry.md", workshop.here.ledger(print)
    texts = [cell("print(1)"), cell("print(1)") + "\n" + cell("print(2)")]
    pieces = []
    for number, text in enumerate(texts):
        workshop.write(text)
        ledger.judge(rel, text.encode(), None)
        ledger.save(rel, text.encode())
        pieces.append(result(workshop, text, number, ledger.head(rel)))
    lost = result(workshop, texts[1], 1, ledger.head(rel))
    lost = replace(lost, title="lost", origin=Origin(ledger.head(rel), b"# Nothing\n"))
    told = ledger.aside(rel, [*pieces, lost])
    assert [titles for titles, _ in told] == ["cell 0", "cell 1", "lost"]
    assert told[2][1] == "it has no place in the text that it began from, and is in no step"
    for number, (_, where) in enumerate(told[:2]):
        assert f"shown by {number}" in git(workshop.root, "show", f"{where.rsplit(' ', 1)[1]}:{rel}")


def test_what_waits_for_an_entry_goes_along_when_it_is_renamed(workshop: Workshop) -> None:
    old, new, text = "journal/entry.md", "journal/other.md", cell("print(1)")
    path, ledger = workshop.write(text), workshop.here.ledger(print)
    ledger.judge(old, text.encode(), None)
    ledger.save(old, text.encode())
    made, _ = compose(Entry(text), [result(workshop, text, 0, ledger.head(old))])
    ledger.keep(old, text.encode(), made)
    ledger.rename(old, new, text.encode())
    (intent,) = unpacked(workshop.here.steps.intent() or {})
    assert intent.rel == new
    assert [step.entry for step in intent.steps] == [new]
    assert list(intent.steps[0].files) == [new]
    ledger.write(path.rename(workshop.root / new), new, text.encode(), made)
    assert not ledger.owes()
    assert workshop.here.steps.intent() is None
    assert git(workshop.root, "ls-tree", "-r", "--name-only", "HEAD", "journal") == new
    assert [step.kind for step in workshop.here.steps.history(new)] == ["cell", "save"]


@pytest.mark.parametrize("then", ["renamed", "removed"])
def test_an_entry_whose_steps_are_owed_leaves_none_of_its_name_behind(workshop: Workshop, then: str) -> None:
    rel, new, ledger = "journal/draft.md", "journal/final.md", workshop.here.ledger(print)
    workshop.here.steps.record(Record("save", "a.md", "begin", {"a.md": b"# A\n"}))
    (workshop.root / ".git/MERGE_HEAD").touch()
    path = workshop.write("# Draft\n", rel)
    ledger.judge(rel, b"# Draft\n", None)
    ledger.save(rel, b"# Draft\n")
    assert ledger.owes()
    if then == "renamed":
        path.rename(workshop.root / new)
        ledger.rename(rel, new, b"# Draft\n")
    else:
        path.unlink()
        ledger.remove(rel)
    (workshop.root / ".git/MERGE_HEAD").unlink()
    assert ledger.catch_up()
    assert not ledger.owes()
    held = git(workshop.root, "ls-tree", "-r", "--name-only", "HEAD", "journal")
    assert held == (new if then == "renamed" else "")
    assert "# Draft" in git(workshop.root, "log", "-p", "HEAD")
    assert git(workshop.root, "status", "--porcelain", "journal") == ""
    assert not ledger.elsewhere()


def test_what_is_owed_and_cannot_be_put_on_a_thread_yet_goes_there_later(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    rel, steps = "journal/entry.md", workshop.here.steps
    workshop.write("# Mine\n")
    for text in (b"one", b"two"):
        steps.record(Record("save", rel, "by hand", {rel: b"# Mine\n", "a.md": text}))
    loop, old = workshop.loop(), git(workshop.root, "rev-parse", "HEAD~1")
    ledger = loop.tools.ledger
    book = ledger.book(rel)
    book.head, book.owed_at = steps.thread().head, old
    book.owed = [Record("save", rel, "entry: save", {rel: b"# His\n"})]

    def full(self: Steps, records: list[Record], at: str) -> None:
        raise Unwritable("the disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(Steps, "record_aside", full)
        assert not ledger.catch_up()
        assert loop._patience() == 1.0
    assert "the disk is full" in told(workshop)
    assert ledger.catch_up()
    loop.close()
    (thread,) = git(workshop.root, "for-each-ref", "--format=%(refname)", "--contains", old, "--no-merged=HEAD").split()
    assert git(workshop.root, "show", f"{thread}:{rel}") == "# His"


def test_what_the_cells_of_an_entry_read_is_known_under_its_new_name(workshop: Workshop) -> None:
    workshop.write("1\n", "data.csv")
    path = workshop.write(READS)
    workshop.run(path)
    path.rename(path.with_name("other.md"))
    workshop.here.ledger(print).removed()
    assert workshop.here.ledger(print).past.reads("journal/other.md") == {"data.csv"}
    workshop.write("2\n", "data.csv")
    assert due(workshop) == ["input changed"]


def test_files_that_any_entry_shows_stay_and_those_that_none_shows_go(workshop: Workshop) -> None:
    draw = 'from IPython.display import SVG\nSVG(\'<svg xmlns="http://www.w3.org/2000/svg"><circle r="{}"/></svg>\')'
    path = workshop.write(cell(draw.format(1)) + "\n" + cell(draw.format(2)))
    workshop.run(path)
    one, two = [slot.output.body[0].partition("_out/")[2][:-1] for slot in Entry(path.read_text()).slots if slot.output]
    workshop.write(f"![shown](journal/_out/{one})\n", "README.md")
    path.write_text(cell("print('neither')"))
    workshop.run(path)
    assert [file.name for file in (workshop.root / "journal/_out").iterdir()] == [one]
    assert git(workshop.root, "ls-files", "journal/_out") == f"journal/_out/{one}"
    assert two not in git(workshop.root, "ls-files")


def test_a_damaged_file_beside_the_entry_is_made_anew(workshop: Workshop) -> None:
    draw = "from IPython.display import SVG\nSVG('<svg xmlns=\"http://www.w3.org/2000/svg\"/>')"
    path = workshop.write(cell(draw))
    workshop.run(path)
    (picture,) = (workshop.root / "journal/_out").iterdir()
    whole = picture.read_bytes()
    picture.write_bytes(b"damaged")
    workshop.run(path, again=True)
    assert picture.read_bytes() == whole


def test_outputs_are_not_written_through_a_link_that_leads_elsewhere(workshop: Workshop, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (workshop.root / "journal").mkdir()
    (workshop.root / "journal/_out").symlink_to(tmp_path / "elsewhere")
    path = workshop.write(cell("from IPython.display import SVG\nSVG('<svg xmlns=\"http://www.w3.org/2000/svg\"/>')"))
    workshop.run(path)
    assert "is a link" in told(workshop)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_cell_that_reached_outside_is_not_run_again_to_make_a_state(workshop: Workshop) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0)
        call = f"import socket; socket.create_connection(('127.0.0.1', {server.getsockname()[1]})).close()"
        path = workshop.write(cell(call) + "\n" + cell("print('below')"))
        workshop.run(path)
        server.accept()[0].close()
        path.write_text(path.read_text().replace("print('below')", "print('edited')"))
        loop = workshop.loop()
        desk = loop.desk(path)
        desk.permit.resting = ""
        assert [row.do for row in desk.plan()] == ["done", "held"]
        assert "would reach outside again (network)" in desk.plan()[1].reason
        workshop.run(path)
        with pytest.raises(BlockingIOError):
            server.accept()
        workshop.run(path, again=True)  # somebody said so
        server.accept()[0].close()
    assert "```text\nedited\n```" in path.read_text()


def test_after_going_to_another_branch_steps_want_a_thread_again(workshop: Workshop) -> None:
    workshop.write("x\n", "code.c")
    path = workshop.write("# T\n")
    git(workshop.root, "add", "."), git(workshop.root, "commit", "-qm", "begin")
    ledger = workshop.here.ledger(lambda text: None)
    assert ledger.begin_thread().startswith("nozzle/")
    git(workshop.root, "switch", "-q", "main")
    ledger.judge("journal/entry.md", path.read_bytes(), None)
    ledger.save("journal/entry.md", b"# T\n\nmore\n")
    assert workshop.here.steps.thread().name.startswith("nozzle/")
    assert git(workshop.root, "rev-list", "--count", "main") == "1"


def test_a_branch_called_nozzle_does_not_make_a_thread_of_every_thread(workshop: Workshop) -> None:
    workshop.write("x\n", "code.c")
    git(workshop.root, "add", "."), git(workshop.root, "commit", "-qm", "begin")
    git(workshop.root, "branch", "nozzle")
    assert workshop.here.ledger(print).begin_thread().startswith("nozzle-")
    assert workshop.here.ledger(print).begin_thread() == ""


def test_an_entry_of_any_name_can_be_kept(workshop: Workshop) -> None:
    name = b"journal/caf\xe9.md".decode("utf-8", "surrogateescape")
    try:
        path = workshop.write(cell("print(1)"), name)
    except OSError:
        pytest.skip("this disk takes no such name")
    workshop.run(path)
    assert "```text\n1\n```" in path.read_text()


def test_the_first_step_that_git_hinders_is_owed_and_so_is_the_key(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nozzle.steps.index.PATIENCE", 0.3)
    path = workshop.write("# T\n")
    told: list[str] = []
    ledger = workshop.here.ledger(told.append)
    ledger.first = workshop.here.publish_key
    lock = workshop.root / ".git" / "index.lock"
    lock.write_text("")
    ledger.judge("journal/entry.md", path.read_bytes(), None)
    ledger.save("journal/entry.md", path.read_bytes())
    assert any("index.lock" in each for each in told)
    lock.unlink()
    until = time.monotonic() + 20
    while not ledger.catch_up():
        assert time.monotonic() < until
        time.sleep(0.05)
    kept = git(workshop.root, "ls-tree", "-r", "--name-only", "HEAD").split()
    assert {"journal/entry.md", "nozzle.keys"} <= set(kept)


def test_with_the_key_no_edit_of_the_authors_is_committed(workshop: Workshop) -> None:
    rel, edit = "nozzle.keys", "# A key of a friend's, to be asked about.\n"
    workshop.here.steps.record(Record("save", rel, "begin", {rel: b"# Who signs\n"}))
    path = workshop.write("# Who signs\n" + edit, rel)
    for _ in range(2):
        workshop.here.publish_key()
        line = path.read_text().removeprefix("# Who signs\n" + edit)
        assert line.count("\n") == 1
        assert workshop.here.steps.at_head(rel) == b"# Who signs\n" + line.encode()
    assert [step.kind for step in workshop.here.steps.history()] == ["key", "save"]
    assert git(workshop.root, "diff", "--numstat").split() == ["1", "0", rel]


def test_an_output_is_never_written_through_a_link(workshop: Workshop) -> None:
    victim = workshop.root / "victim"
    victim.write_text("mine")
    rows = "\n".join(["row"] * 70) + "\n"
    name = hashlib.sha256(rows.encode()).hexdigest()[:16] + ".txt"
    made = f"import os; os.makedirs('_out', exist_ok=True); os.symlink('../../victim', '_out/{name}')"
    path = workshop.write(cell(f"{made}\nprint('row\\n' * 70, end='')"))
    workshop.run(path)
    shown = path.parent / "_out" / name
    assert name in path.read_text()
    assert victim.read_text() == "mine"
    assert not shown.is_symlink()
    assert shown.read_text() == rows


def test_a_pipe_that_a_cell_makes_is_not_waited_for(workshop: Workshop) -> None:
    rows = ["import os", "os.mkfifo('pipe')", "fd = os.open('pipe', os.O_RDWR)", "open('pipe', 'w').write('x')"]
    path = workshop.write(cell("\n".join([*rows, "print(os.read(fd, 1))"])))
    workshop.run(path)
    assert "b'x'" in path.read_text()


def test_while_a_step_is_owed_nothing_is_noted_as_done(workshop: Workshop) -> None:
    path = workshop.write(cell("print(1)"))
    workshop.run(path)
    (workshop.root / ".git" / "MERGE_HEAD").write_text("")
    ledger = workshop.here.ledger(print)
    ledger.judge("journal/entry.md", path.read_bytes(), None)
    assert not ledger.owes()
    ledger.save("journal/entry.md", path.read_bytes() + b"more\n")
    assert ledger.owes()


@pytest.mark.parametrize("folder", ["notes", "journal"])
def test_files_of_an_entry_that_was_run_by_its_name_stay(workshop: Workshop, folder: str) -> None:
    shows = "from IPython.display import HTML, display\ndisplay(HTML('<i>{}</i>'))"
    (workshop.root / folder).mkdir(exist_ok=True)
    for name in ("a", "b"):
        path = workshop.root / folder / f"{name}.md"
        path.write_text(cell(shows.format(name)))
        workshop.run(path)
    assert len(list((workshop.root / folder / "_out").glob("*.html"))) == 2


def test_a_file_that_git_could_not_give_back_is_not_swept_away(workshop: Workshop) -> None:
    kept = workshop.root / "journal" / "_out" / "0123456789abcdef.png"
    kept.parent.mkdir(parents=True)
    kept.write_bytes(b"from elsewhere")
    workshop.run(workshop.write(cell("print(1)")))
    assert kept.exists()


@pytest.mark.parametrize(
    "again", [cell("open('raw.csv', 'w').write('cleaned')"), cell("printf cleaned > *.csv", "bash")]
)
def test_each_step_holds_what_its_cell_wrote_though_cells_below_wrote_it_again(workshop: Workshop, again: str) -> None:
    path = workshop.write(
        cell("open('raw.csv', 'w').write('raw')")
        + again
        + cell("import os\nos.remove('raw.csv')\nopen('final.csv', 'w').write('f')")
    )
    workshop.run(path)
    steps = [step for step in workshop.here.steps.history("journal/entry.md") if step.kind == "cell"]
    held = [
        (workshop.here.steps.text(step, "journal/raw.csv"), workshop.here.steps.text(step, "journal/final.csv"))
        for step in reversed(steps)
    ]
    assert held == [(b"raw", None), (b"cleaned", None), (None, b"f")]
    assert git(workshop.root, "status", "--porcelain") == ""


@pytest.mark.parametrize("move", ["os.rename('run', 'kept')", "shutil.move('run', 'kept')"])
def test_a_folder_that_a_cell_gives_another_name_is_all_its_files(workshop: Workshop, move: str) -> None:
    path = workshop.write(
        cell("import os, shutil\nos.makedirs('run/plots')\nopen('run/plots/p.csv', 'w').write('1')")
        + cell("open('run/data.csv', 'w').write('2')")
        + cell(move)
    )
    workshop.write("# An entry\n", "journal/run/note.md")
    git(workshop.root, "add", "journal/run/note.md"), git(workshop.root, "commit", "-qm", "note")
    workshop.run(path)
    held = set(git(workshop.root, "ls-tree", "-r", "--name-only", "HEAD", "journal").split())
    moved = {"journal/kept/data.csv", "journal/kept/plots/p.csv"}
    assert held == {"journal/entry.md", "journal/run/note.md", *moved}, "an entry is no cell's to take away"
    assert git(workshop.root, "diff", "--cached", "--name-only") == "", "the author's next commit brings nothing back"


def test_a_folder_that_a_cell_takes_away_is_gone_from_the_index_too(workshop: Workshop) -> None:
    workshop.write("x\n", "journal/run/sub/data.csv")
    git(workshop.root, "add", "."), git(workshop.root, "commit", "-qm", "begin")
    (workshop.root / "journal/run/sub/data.csv").unlink()
    workshop.run(workshop.write(cell("import os\nos.removedirs('run/sub')")))
    assert git(workshop.root, "ls-tree", "-r", "--name-only", "HEAD", "journal") == "journal/entry.md"
    assert git(workshop.root, "status", "--porcelain") == ""


def test_a_link_that_a_cell_makes_is_in_its_step_and_not_what_the_author_is_at(workshop: Workshop) -> None:
    workshop.write("1\n", "journal/data.csv")
    git(workshop.root, "add", "."), git(workshop.root, "commit", "-qm", "begin")
    workshop.write("1\nhalf a thought\n", "journal/data.csv")
    workshop.run(workshop.write(cell("import os\nos.symlink('data.csv', 'latest.csv')")))
    names = git(workshop.root, "log", "-1", "--name-only", "--format=").split()
    assert names == ["journal/entry.md", "journal/latest.csv"]
    assert git(workshop.root, "ls-tree", "HEAD", "journal/latest.csv").startswith("120000")
    assert git(workshop.root, "status", "--porcelain") == "M journal/data.csv"


def test_what_a_cell_makes_a_program_is_one_in_its_step(workshop: Workshop) -> None:
    path = workshop.write(cell("open('go.sh', 'w').write('x')") + cell("import os\nos.chmod('go.sh', 0o755)"))
    workshop.run(path)
    steps = [step for step in workshop.here.steps.history("journal/entry.md") if step.kind == "cell"]
    modes = [git(workshop.root, "ls-tree", step.sha, "journal/go.sh")[:6] for step in steps]
    assert modes == ["100755", "100644"]


@pytest.mark.usefixtures("impatient")
def test_what_a_cell_wrote_is_held_by_a_step_that_is_owed_over_a_restart(workshop: Workshop) -> None:
    path = workshop.write(cell("open('../made.txt', 'w').write('made')"))
    workshop.run(path)
    path.write_text(path.read_text().replace("'made'", "'made anew'"))
    lock = workshop.root / ".git/index.lock"
    lock.touch()
    workshop.run(path)
    lock.unlink()
    workshop.write("the author's\n", "made.txt")
    recover(workshop.here.ledger(print))
    assert git(workshop.root, "show", "HEAD:made.txt") == "made anew"
    assert git(workshop.root, "status", "--porcelain") == "M made.txt"
    assert git(workshop.root, "diff", "--cached", "--name-only") == "", "the author's is not staged"


HANDS = [".env", ".a.md.swp", "4913", "letter.md~", "#letter.md#", ".idea/work.xml", "paper.tex", "Untitled.ipynb"]


@pytest.mark.parametrize("name", HANDS)
def test_a_new_file_such_as_people_make_is_not_taken_for_a_shell_cells(workshop: Workshop, name: str) -> None:
    """The code does not say the name, so it stands for an author who saves while the cell runs."""
    spelled = f"{name[:-1]}'{name[-1]}'" if "#" not in name else "'#letter.m'd#"
    path = workshop.write(cell(f"cd ..; mkdir -p .idea; echo x > {spelled}; echo 1 > made.dat", "bash"))
    workshop.run(path)
    assert (workshop.root / name).read_text() == "x\n"
    assert git(workshop.root, "log", "-1", "--name-only", "--format=").split() == ["journal/entry.md", "made.dat"]
    assert f"{name} changed while programs of cd .." in told(workshop)
    assert name not in workshop.here.ledger(print).past._of("journal/entry.md").written


def test_a_new_text_that_the_code_above_names_is_the_cells(workshop: Workshop) -> None:
    body = "import subprocess\ndef make(): subprocess.run('echo x > ../table.tex', shell=True)"
    path = workshop.write(cell(body) + cell("make()"))
    workshop.run(path)
    assert "table.tex" in git(workshop.root, "log", "-1", "--name-only", "--format=").split()


@pytest.mark.parametrize(
    ("body", "whose"),
    [
        ("echo done", "the author's"),
        ("sort ../table.csv", "the cell's"),
        ("(while sleep 0.01; do :; done) & echo $! > pid", "the cell's"),
    ],
    ids=["unnamed", "named", "while something goes on"],
)
def test_what_a_cell_above_made_and_a_shell_cell_does_not_name_may_be_the_authors(
    workshop: Workshop, body: str, whose: str
) -> None:
    """The author saves the file while the cell runs."""
    go = f"touch began; while test ! -e go; do sleep 0.01; done; rm began go; {body}"
    path = workshop.write(cell("open('../table.csv', 'w').write('made')") + cell(go, "bash"))

    def author() -> None:
        while not (path.parent / "began").exists():
            time.sleep(0.01)
        workshop.write("my own words", "table.csv")
        (path.parent / "go").touch()

    thread = threading.Thread(target=author, daemon=True)
    thread.start()
    workshop.run(path)
    thread.join()
    assert (workshop.root / "table.csv").read_text() == "my own words"
    held = git(workshop.root, "show", "HEAD:table.csv")
    assert held == ("made" if whose == "the author's" else "my own words")
    assert ("table.csv changed while programs of" in told(workshop)) == (whose == "the author's")


LOOP = "(while sleep 0.02; do echo x >> ../log.txt; done) > /dev/null 2>&1 & while test ! -e ../log.txt; do :; done"
THREAD = """import threading, time, os
def work():
    while True:
        with open('../log.txt', 'a') as file:
            file.write('x\\n')
        time.sleep(0.02)
threading.Thread(target=work, daemon=True).start()
while not os.path.exists('../log.txt'): time.sleep(0.01)"""


@pytest.mark.parametrize("goes_on", [cell(LOOP, "bash"), cell(THREAD)], ids=["a program", "a thread"])
def test_what_a_cell_above_goes_on_writing_is_in_the_steps_of_those_below(workshop: Workshop, goes_on: str) -> None:
    path = workshop.write(goes_on + cell("sleep 0.3", "bash"))
    workshop.run(path)
    first, second = (step for step in workshop.here.steps.history("journal/entry.md", limit=2))
    before, after = (workshop.here.steps.text(step, "log.txt") for step in (second, first))
    assert before
    assert after
    assert len(before) < len(after)
    assert "log.txt changed" not in told(workshop)


def test_what_a_shell_cell_writes_itself_is_not_said_to_be_written_again(workshop: Workshop) -> None:
    path = workshop.write(cell("open('../above.csv', 'a').write('1')"))
    workshop.run(path)
    workshop.notices.clear()
    path.write_text(path.read_text() + cell("echo hi > ../mine.csv", "bash"))
    workshop.run(path)
    assert "mine.csv: written" not in told(workshop)
    assert "mine.csv, " not in told(workshop)
    assert ("above.csv: written again" in told(workshop)) == ((workshop.root / "above.csv").read_text() == "11")


def test_what_the_cell_above_wrote_is_not_taken_for_the_authors(workshop: Workshop) -> None:
    """Programs that nobody expected ran, and nobody had looked before."""
    past, path = workshop.here.ledger(print).past, workshop.write(cell("pass"))
    workshop.write("1", "made.dat"), workshop.write("2", "letter.txt")
    rel, (ran,) = "journal/entry.md", Entry(path.read_text()).cells
    past.remember(rel, ran, Facts("ok"), ["made.dat"])
    since = Since(0)
    assert past.written(rel, ran, Finished(ran.chain, "ok", spawned=True), since) == ({"made.dat"}, {"letter.txt"})


@pytest.mark.parametrize("text", ["", f"\n{TOKEN}\n"], ids=["as it was", "with a secret"])
def test_what_the_author_made_of_a_file_is_a_step_before_cells_write_over_it(workshop: Workshop, text: str) -> None:
    path = workshop.write(cell("open('../conf.json', 'w').write('1')") + cell("print(open('../conf.json').read())"))
    workshop.run(path)
    workshop.write("an hour of tuning", "conf.json")
    path.write_text(path.read_text().replace("print(", "print('now', ") + text)
    workshop.notices.clear()
    workshop.run(path)
    if (workshop.root / "conf.json").read_text() != "1":
        pytest.skip("the state was kept: nothing ran again")
    assert "conf.json: no step has it as it is" in told(workshop)
    assert "conf.json: written again" in told(workshop)
    (step,) = git(workshop.root, "log", "--format=%H", "--grep=conf.json, changed by hand").split()
    assert git(workshop.root, "show", f"{step}:conf.json") == "an hour of tuning"
    assert TOKEN not in everything(workshop)
    assert git(workshop.root, "diff", "--name-only", "HEAD", "--", "conf.json") in ("", "conf.json" if text else "")


@pytest.mark.parametrize("again", ["follows", "is made over", "is asked for", "names it"])
def test_what_the_author_made_of_a_file_is_a_step_before_its_own_cell_runs(workshop: Workshop, again: str) -> None:
    path = workshop.write(cell("n = 1") + cell("open('../labels.csv', 'w').write('one')"))
    workshop.run(path)
    workshop.write("an hour of work", "labels.csv")
    workshop.notices.clear()
    text = path.read_text()
    match again:
        case "follows":
            path.write_text(text.replace("n = 1", "n = 2"))
        case "is made over":
            path.write_text(text.replace("write('one')", "write('two')"))
        case "names it":
            path.write_text(text + cell("open('../labels.csv', 'w').write('three')"))
    workshop.run(path, again=again == "is asked for")
    assert told(workshop).count("labels.csv: no step has it as it is") == 1
    (step,) = git(workshop.root, "log", "--format=%H", "--grep=labels.csv, changed by hand").split()
    assert git(workshop.root, "show", f"{step}:labels.csv") == "an hour of work"
    assert git(workshop.root, "show", "HEAD:labels.csv") in ("one", "two", "three")
    assert git(workshop.root, "status", "--porcelain") == ""


def test_what_the_author_made_of_a_file_is_a_step_before_another_entry_writes_over_it(workshop: Workshop) -> None:
    workshop.run(workshop.write(cell("open('../labels.csv', 'w').write('one')")))
    workshop.write("an hour of work", "labels.csv")
    workshop.run(workshop.write(cell("open('../labels.csv', 'w').write('two')"), "journal/other.md"))
    (step,) = git(workshop.root, "log", "--format=%H", "--grep=labels.csv, changed by hand").split()
    assert git(workshop.root, "show", f"{step}:labels.csv") == "an hour of work"
    assert git(workshop.root, "show", "HEAD:labels.csv") == "two"


def test_only_cells_that_run_have_their_files_looked_at_and_each_once(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = workshop.write(cell("open('../a.csv', 'w').write('one')") + cell("open('../b.csv', 'w').write('one')"))
    workshop.run(path)
    workshop.write("mine", "a.csv"), workshop.write("mine", "b.csv")
    taken: list[str] = []
    take = Sieve.taken

    def noted(sieve: Sieve, paths: Iterable[str]) -> Mapping[str, Taken]:
        taken.extend(paths := list(paths))
        return take(sieve, paths)

    monkeypatch.setattr(Sieve, "taken", noted)
    ledger = workshop.here.ledger(print)
    known, (a, b) = ledger.past, [each.chain for each in Entry(path.read_text()).cells]
    assert known.written_by("journal/entry.md", Entry(path.read_text()), [a]) == {"a.csv"}
    assert known.written_by("journal/other.md", Entry(cell("print('none')")), [a, b]) == set()
    assert list(ledger.holding.edited(["a.csv"])[0]) == ["a.csv"]
    assert ledger.holding.edited(["a.csv"]) == ({}, [])
    git(workshop.root, "checkout", "a.csv", "b.csv")
    assert ledger.holding.edited(["a.csv", "b.csv", "gone.csv"]) == ({}, [])
    assert taken == ["a.csv"]


def test_no_file_that_is_as_a_cell_left_it_is_the_authors(workshop: Workshop) -> None:
    path = workshop.write(cell("open('../conf.json', 'w').write('1')") + cell("print(2)"))
    workshop.run(path)
    workshop.notices.clear()
    path.write_text(path.read_text().replace("print(2)", "print(3)"))
    workshop.run(path)
    assert "you changed" not in told(workshop)
    assert "changed by hand" not in git(workshop.root, "log", "--format=%s")


def test_no_secret_that_the_author_put_into_a_file_reaches_git_before_it_is_written_over(workshop: Workshop) -> None:
    path = workshop.write(cell("open('../conf.json', 'w').write('1')") + cell("print(2)"))
    workshop.run(path)
    workshop.write(TOKEN, "conf.json")
    path.write_text(path.read_text().replace("print(2)", "print(3)"))
    workshop.run(path)
    assert "conf.json: line 1 looks like a secret" in told(workshop)
    assert TOKEN not in everything(workshop)


@pytest.mark.parametrize("why", ["ignored", "large", "secret", "entry"])
def test_what_the_author_made_of_a_file_that_no_step_holds_is_copied_aside_before_cells_write_over_it(
    workshop: Workshop, why: str
) -> None:
    workshop.write({"ignored": "*.csv\n", "entry": "journal/\n"}.get(why, ""), ".gitignore")
    workshop.here.steps.cap = 1000
    path = workshop.write(cell("open('../labels.csv', 'w').write('one')"))
    workshop.run(path)
    workshop.run(path, again=True)
    assert ASIDE not in told(workshop)
    mine = {"large": "an hour of work\n" * 99, "secret": TOKEN}.get(why, "an hour of work")
    workshop.write(mine, "labels.csv")
    for _ in range(2):  # in another process each
        workshop.run(path, again=True)
    (said,) = [row for row in told(workshop).split("\n") if ASIDE in row]
    assert (workshop.root / "labels.csv").read_text() == "one"
    assert Path(said.rpartition(f"{ASIDE} ")[2]).read_text() == mine
    assert TOKEN not in everything(workshop)


def test_what_was_allowed_to_a_cell_that_could_not_start_is_allowed_still(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop, path = workshop.loop(), workshop.write(cell("echo 1", "bash"))
    desk = loop.desk(path)
    desk.ask()
    desk.permit.said = {"c" * 64: "again"}
    (allowed,) = desk.permit.acting

    def broken(self: Steps) -> None:
        raise NozzleError("index file corrupt")

    monkeypatch.setattr(Steps, "snapshot", broken)
    with pytest.raises(NozzleError, match="corrupt"):
        desk.start(loop.clock())
    assert (desk.permit.said, desk.permit.acting) == ({"c" * 64: "again"}, {allowed})
    loop.close()


def test_no_cell_writes_over_what_can_be_kept_nowhere(workshop: Workshop) -> None:
    workshop.write("*.csv\n", ".gitignore")
    path = workshop.write(cell("open('../labels.csv', 'w').write('one')"))
    workshop.run(path)
    workshop.write("an hour of work", "labels.csv")
    workshop.write("no folder", ".git/nozzle/yours")
    workshop.run(path, again=True)
    assert "labels.csv: you changed what a cell wrote, no step may hold it, and it cannot be copied" in told(workshop)
    assert (workshop.root / "labels.csv").read_text() == "an hour of work"


def test_who_writes_inside_an_output_is_told(workshop: Workshop) -> None:
    path = workshop.write(cell("print(1)"))
    workshop.run(path)
    loop = workshop.loop()
    desk = loop.desk(path)
    path.write_text(path.read_text().replace("\n1\n", "\n1\nand this\n"))
    desk.look(0.0)
    assert "line 5: you wrote inside the output of 'print(1)': its next run takes that away" in told(workshop)
    workshop.notices.clear()
    path.write_text(path.read_text() + "\nmore\n")
    desk.look(1.0)
    assert "inside the output" not in told(workshop)
    loop.close()


def test_an_entry_that_is_a_link_comes_with_a_clone(workshop: Workshop, tmp_path: Path) -> None:
    workshop.write(cell("print(1)"), "real/s.md")
    path = workshop.root / "journal/s.md"
    path.parent.mkdir()
    path.symlink_to("../real/s.md")
    workshop.run(path)
    assert git(workshop.root, "status", "--porcelain", "--", "journal", "real") == ""
    git(tmp_path, "clone", "-q", str(workshop.root), "clone")
    assert "```text\n1\n```" in (tmp_path / "clone/journal/s.md").read_text()
    assert (tmp_path / "clone/journal/s.md").is_symlink()


def test_a_hard_link_that_is_cut_is_told(workshop: Workshop) -> None:
    path = workshop.write(cell("print(1)"))
    (workshop.root / "other.md").hardlink_to(path)
    workshop.run(path)
    assert "it has another name, by a hard link, which keeps the text as it was" in told(workshop)


def test_what_may_take_long_does_not_follow_a_save(workshop: Workshop) -> None:
    """How long it took is known by its step, after a squash by the table, and to who has neither not at all."""
    workshop.here.settings = replace(workshop.here.settings, follow=0.5)
    slow = cell("a = 1") + "\n" + cell("import time; time.sleep(0.6)") + "\n" + cell("print(3)")
    path = workshop.write(slow)
    workshop.run(path)

    def held(source: str) -> str:
        text = path.read_text()
        path.write_text(text.replace("a = 1", source))
        loop = workshop.loop()
        desk = loop.desk(path)
        desk.permit.saved()
        rows = desk.plan()
        loop.close()
        path.write_text(text)
        assert [row.do for row in rows] == ["due", "held", "held"]
        return rows[1].reason

    assert "all that is due took 1 s last time" in held("a = 2")
    first = git(workshop.root, "rev-list", "--max-parents=0", "HEAD")
    git(workshop.root, "reset", "-q", "--soft", first), git(workshop.root, "commit", "-qm", "squashed")
    assert "all that is due took 1 s last time" in held("a = 3")
    (workshop.root / ".git/nozzle/outputs").unlink()
    assert "how long 'import time; time.sleep(0.6)' (line 8) takes is not known here" in held("a = 4")
