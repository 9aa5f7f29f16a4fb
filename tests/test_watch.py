"""A save is noticed once, whole and at once, whatever editor makes it; what is no save is not noticed."""

import os
import queue
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from nozzle import watch
from nozzle.errors import Unreadable
from nozzle.watch import HeadMoved, Saved
from tests import editors

PATIENCE = 60.0


def entries(path: Path) -> bool:
    return path.suffix == ".md"


class Ear:
    """Collects what a watch says, each saved file with what it held at that moment (None: there was none)."""

    def __init__(self) -> None:
        self.heard: queue.Queue[watch.Change] = queue.Queue()
        self.texts: list[tuple[Path, bytes | None]] = []

    def put(self, change: watch.Change) -> None:
        if isinstance(change, Saved):
            for path in sorted(change.paths):
                self.texts.append((path, path.read_bytes() if path.is_file() else None))
        self.heard.put(change)

    def until(self, done: Callable[[], bool]) -> None:
        while not done():
            self.heard.get(timeout=PATIENCE)

    def until_silent(self, root: Path) -> None:
        """Until everything that happened so far has been heard: removals are told last."""
        probe = root / f"probe-{len(self.texts)}.md"
        probe.touch()
        self.until(lambda: (probe, b"") in self.texts)
        probe.unlink()
        self.until(lambda: (probe, None) in self.texts)
        self.texts = [(path, text) for path, text in self.texts if path != probe]


@pytest.fixture
def ear(tmp_path: Path) -> Iterator[Ear]:
    ear = Ear()
    with watch.changes(tmp_path, entries, put=ear.put):
        yield ear


@pytest.fixture
def entry(tmp_path: Path) -> Path:
    path = tmp_path / "entry.md"
    path.write_bytes(b"# title\nfirst\n")
    return path


@pytest.mark.parametrize("save", [*editors.SYSCALLS, *editors.PROGRAMS], ids=lambda save: save.__name__)
def test_each_save_is_noticed_with_its_text(entry: Path, ear: Ear, save: editors.Save) -> None:
    ear.until_silent(entry.parent)
    ear.texts.clear()
    text = b"# title\nfirst\nsecond\n"
    save(entry, text)
    ear.until_silent(entry.parent)
    several = {editors.twice: 2, editors.autosave: 3}
    assert 1 <= len(ear.texts) <= several.get(save, 1)
    assert ear.texts[-1] == (entry, text)


def test_a_thousand_slow_saves_and_no_torn_notice(entry: Path) -> None:
    torn, seen, turn = [], 0, threading.Semaphore(0)

    def put(change: watch.Change) -> None:
        nonlocal seen
        if entry.read_bytes() != text:
            torn.append(change)
        seen += 1
        turn.release()

    text = entry.read_bytes()
    with watch.changes(entry.parent, entries, put=put):
        for number in range(1000):
            text = b"# title\n" + b"line %d\n" % number * 20
            editors.slow_in_place(entry, text)
            assert turn.acquire(timeout=PATIENCE)
    assert (torn, seen) == ([], 1000)


def test_nothing_is_said_of_what_is_not_wanted(tmp_path: Path, ear: Ear) -> None:
    for name in (".git", ".nozzle", "site", "node_modules", ".venv", "__pycache__"):
        (tmp_path / name / "deep").mkdir(parents=True)
        (tmp_path / name / "deep" / "entry.md").write_text("no")
    (tmp_path / "data.csv").write_text("no")
    (tmp_path / ".entry.md.nozzle-0123456789ab").write_text("no")
    (tmp_path / ".entry.nozzle-0123456789ab.md").write_text("no")
    (tmp_path / "read.md").touch()
    ear.until_silent(tmp_path)
    (tmp_path / "read.md").read_bytes()
    os.utime(tmp_path / "read.md")
    ear.until_silent(tmp_path)
    assert ear.texts == [(tmp_path / "read.md", b"")]


def test_a_half_written_file_is_no_news(entry: Path, ear: Ear) -> None:
    with entry.open("wb", buffering=0) as file:
        file.write(b"half")
        ear.until_silent(entry.parent)
        assert (entry, b"half") not in ear.texts
        file.write(b" and half")
    ear.until(lambda: (entry, b"half and half") in ear.texts)


def test_files_in_folders_made_later(tmp_path: Path, ear: Ear) -> None:
    folder = tmp_path / "2026" / "november"
    folder.mkdir(parents=True)
    (folder / "one.md").write_text("at once")
    ear.until(lambda: (folder / "one.md", b"at once") in ear.texts)
    (folder / "two.md").write_text("later")
    ear.until(lambda: (folder / "two.md", b"later") in ear.texts)


def test_a_whole_tree_copied_in(tmp_path: Path, ear: Ear) -> None:
    expected = set()
    for number in range(30):
        folder = tmp_path / f"a{number % 3}" / f"b{number}" / "c"
        folder.mkdir(parents=True)
        (folder / "entry.md").write_text(str(number))
        expected.add((folder / "entry.md", str(number).encode()))
    ear.until(lambda: expected <= set(ear.texts))


def test_a_renamed_folder_is_still_watched(tmp_path: Path, ear: Ear) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    (old / "deep").mkdir(parents=True)
    (old / "deep" / "entry.md").write_text("one")
    ear.until(lambda: (old / "deep" / "entry.md", b"one") in ear.texts)
    old.rename(new)
    ear.until(lambda: (new / "deep" / "entry.md", b"one") in ear.texts)
    ear.until(lambda: (old, None) in ear.texts)
    (new / "deep" / "entry.md").write_text("two")
    ear.until(lambda: (new / "deep" / "entry.md", b"two") in ear.texts)


def test_a_folder_that_leaves_is_let_go_and_may_return(tmp_path: Path, ear: Ear) -> None:
    inside, outside = tmp_path / "journal", tmp_path / ".venv" / "journal"
    outside.parent.mkdir()
    inside.mkdir()
    (inside / "entry.md").write_text("one")
    ear.until(lambda: (inside / "entry.md", b"one") in ear.texts)
    inside.rename(outside)
    ear.until(lambda: (inside, None) in ear.texts)
    (tmp_path / "other").mkdir()
    (tmp_path / "other").rename(tmp_path / "another")  # only now is the first one known to be gone
    ear.until_silent(tmp_path)
    (outside / "entry.md").write_text("two")
    ear.until_silent(tmp_path)
    assert all(text != b"two" for _, text in ear.texts)
    outside.rename(inside)
    ear.until(lambda: (inside / "entry.md", b"two") in ear.texts)


def test_removal_is_told_once_it_lasts(entry: Path, ear: Ear) -> None:
    entry.unlink()
    ear.until(lambda: (entry, None) in ear.texts)


def test_a_link_is_whole_when_it_appears(entry: Path, ear: Ear) -> None:
    hard, soft = entry.with_name("hard.md"), entry.with_name("soft.md")
    os.link(entry, hard)
    soft.symlink_to(entry)
    ear.until(lambda: {hard, soft} <= {path for path, _ in ear.texts})


def test_changes_are_put_together(tmp_path: Path) -> None:
    with watch.changes(tmp_path, entries, debounce=0.05) as heard:
        for number in range(20):
            (tmp_path / f"{number}.md").write_text("text")
        told: set[Path] = set()
        batches = 0
        for change in heard:
            assert isinstance(change, Saved)
            told |= change.paths
            batches += 1
            if len(told) == 20:
                break
    assert batches < 20


def git(repo: Path, *words: str) -> None:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
    subprocess.run(["git", *who, *words], cwd=repo, check=True, capture_output=True)


@pytest.mark.parametrize(
    "words",
    [
        ("commit", "--allow-empty", "-m", "three"),
        ("checkout", "HEAD~1"),
        ("checkout", "-b", "feature/new"),
        ("reset", "HEAD~1"),
    ],
    ids=lambda words: words[0],
)
def test_head_moves(tmp_path: Path, words: tuple[str, ...]) -> None:
    git(tmp_path, "init", "-b", "main")
    for message in ("one", "two"):
        git(tmp_path, "commit", "--allow-empty", "-m", message)
    with watch.changes(tmp_path, entries, git=[tmp_path / ".git"]) as heard:
        git(tmp_path, "status")
        git(tmp_path, *words)
        assert next(iter(heard)) == HeadMoved()


def test_git_without_a_move_says_nothing(tmp_path: Path) -> None:
    git(tmp_path, "init", "-b", "main")
    git(tmp_path, "commit", "--allow-empty", "-m", "one")
    with watch.changes(tmp_path, entries, git=[tmp_path / ".git"]) as heard:
        (tmp_path / "data.csv").write_text("1")
        git(tmp_path, "add", "data.csv")
        git(tmp_path, "status")
        git(tmp_path, "stash", "list")
        (tmp_path / "last.md").write_text("text")
        assert next(iter(heard)) == Saved(frozenset({tmp_path / "last.md"}))


def test_a_commit_on_a_new_branch_with_folders_is_told(tmp_path: Path) -> None:
    git(tmp_path, "init", "-b", "main")
    git(tmp_path, "commit", "--allow-empty", "-m", "one")
    with watch.changes(tmp_path, entries, git=[tmp_path / ".git"]) as heard:
        told = iter(heard)
        git(tmp_path, "checkout", "-b", "deep/er/branch")
        assert next(told) == HeadMoved()
        git(tmp_path, "commit", "--allow-empty", "-m", "two")
        assert next(told) == HeadMoved()


def test_what_is_no_folder_is_refused(entry: Path) -> None:
    with pytest.raises(Unreadable, match="is no folder"):
        watch.changes(entry, entries)


def limited(tmp_path: Path, setting: str, code: str) -> str:
    """Run `code` in a user namespace of its own with a limit of inotify lowered; return what it prints."""
    (tmp_path / "a" / "b" / "c").mkdir(parents=True)
    script = f"echo {setting.split('=')[1]} > /proc/sys/user/{setting.split('=')[0]} && exec {sys.executable} -"
    setup = f"import pathlib, sys\nfrom nozzle import errors, watch\nroot = pathlib.Path({str(tmp_path)!r})\n"
    run = ["unshare", "--user", "--map-root-user", "sh", "-c", script]
    done = subprocess.run(run, input=setup + code, capture_output=True, text=True)
    if not done.stdout:
        pytest.skip(f"no limits can be set here: {done.stderr}")
    return done.stdout


START = """
try:
    watch.changes(root, bool)
except errors.Missing as error:
    print(error)
"""


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("max_inotify_watches=2", "fs.inotify.max_user_watches="),
        ("max_inotify_instances=0", "fs.inotify.max_user_instances="),
    ],
)
@pytest.mark.skipif(not shutil.which("unshare"), reason="no namespaces")
def test_a_used_up_limit_names_the_setting(tmp_path: Path, setting: str, expected: str) -> None:
    assert f"sudo sysctl {expected}" in limited(tmp_path, setting, START)


LATER = """
with watch.changes(root, bool) as heard:
    for number in range(4):
        (root / str(number)).mkdir()
    print(*(change for change in [next(iter(heard))]))
"""


@pytest.mark.skipif(not shutil.which("unshare"), reason="no namespaces")
def test_a_limit_reached_later_is_said(tmp_path: Path) -> None:
    told = limited(tmp_path, "max_inotify_watches=6", LATER)
    assert told.startswith("Unseen(")
    assert "sudo sysctl fs.inotify.max_user_watches=" in told


def test_it_ends_at_once_and_leaves_no_thread(tmp_path: Path) -> None:
    before = threading.active_count()
    heard = watch.changes(tmp_path, entries)
    started = time.monotonic()
    heard.close()
    assert list(heard) == []
    assert threading.active_count() == before
    assert time.monotonic() - started < 5
