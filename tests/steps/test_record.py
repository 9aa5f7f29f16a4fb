"""What a step holds, and how it gets into git."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from nozzle.errors import NozzleError, Refused
from nozzle.steps import Record, Steps

from .conftest import Author, made, save


def test_a_step_is_a_commit_with_trailers(author: Author, steps: Steps) -> None:
    step = made(steps, "a.md", "x\n", trailers={"Cell": "0123abcd", "Seconds": "0.12", "Reads": "data/a.csv"})
    assert author.git("log", "-1", "--format=%B").split("\n") == [
        "cell in a.md",
        "",
        "Nozzle-Kind: cell",
        "Nozzle-Entry: a.md",
        "Nozzle-Thread: main",
        "Nozzle-Cell: 0123abcd",
        "Nozzle-Seconds: 0.12",
        "Nozzle-Reads: data/a.csv",
    ]
    assert (step.sha, step.thread, step.entry, step.cell, step.kind) == (
        author.git("rev-parse", "HEAD"),
        "main",
        "a.md",
        "0123abcd",
        "cell",
    )
    assert abs(step.when - datetime.now(UTC)) < timedelta(minutes=1)
    assert author.status() == ""
    assert author.git("log", "--format=%an <%ae>") == "nozzle <nozzle@localhost>"
    assert "nozzle" in author.git("reflog", "-1")


def test_nothing_changed_is_no_step(author: Author, steps: Steps) -> None:
    assert save(steps, "a.md", "x")
    assert save(steps, "a.md", "x") is None
    assert steps.record(Record("save", "b.md", "gone before it was there", {"b.md": None})) is None
    assert author.git("rev-list", "--count", "HEAD") == "1"


def test_a_record_of_nothing_in_an_empty_repository_is_no_step(steps: Steps) -> None:
    assert steps.record(Record("save", "b.md", "nothing", {"b.md": None})) is None
    assert steps.thread().head == ""


def test_bytes_are_kept_whatever_git_would_make_of_them(author: Author, steps: Steps, nobody: Path) -> None:
    nobody.joinpath(".gitconfig").write_text("[core]\n autocrlf = true\n safecrlf = true\n")
    for data in (b"a\r\nb\nc\r", b"\xef\xbb\xbfx", b"\x00\xff\xfe", b"", b"$Id$\n"):
        made(steps, "a.md", data)
        assert steps.at_head("a.md") == data
        assert author.status() == ""


def test_bytes_are_kept_where_attributes_ask_for_other_line_ends(author: Author, steps: Steps) -> None:
    author.commit(".gitattributes", "*.md text=auto ident\n")
    made(steps, "a.md", b"a\r\nb\r\n")
    assert steps.at_head("a.md") == b"a\r\nb\r\n"
    made(steps, "b.md", b"a\nb\n$Id$\n")
    assert steps.at_head("b.md") == b"a\nb\n$Id$\n"
    assert author.status() == ""


@pytest.mark.parametrize("how", ["eol=crlf", "autocrlf"])
def test_where_git_writes_other_line_ends_it_keeps_its_own(author: Author, nobody: Path, how: str) -> None:
    if how == "eol=crlf":
        author.git("init", "-q", "-b", "main")
        author.commit(".gitattributes", "*.md text eol=crlf\n")
    with Steps.open(author.root) as steps:
        if how == "autocrlf":
            nobody.joinpath(".gitconfig").write_text("[core]\n autocrlf = true\n")
        step = made(steps, "a.md", b"a\r\nb\r\n")
        assert (steps.text(step, "a.md"), author.status()) == (b"a\nb\n", "")
        assert steps.is_at_head("a.md", b"a\r\nb\r\n")
        assert save(steps, "a.md", b"a\r\nb\r\n") is None
        other = made(steps, "a.md", b"a\r\nc\r\n")
        author.git("switch", "-q", "--detach", "HEAD~1")
        assert author.read("a.md") == b"a\r\nb\r\n"
        assert steps.rewind(other).rescued is None
        assert author.read("a.md") == b"a\r\nc\r\n"
        mixed = made(steps, "a.md", b"a\r\nb\n")
        assert steps.text(mixed, "a.md") == (b"a\nb\n" if how == "eol=crlf" else b"a\r\nb\n")
        assert author.status() == ""


def test_files_can_go(author: Author, steps: Steps) -> None:
    made(steps, "deep/er/a.md", "x")
    made(steps, "b.md", "y")
    (author.root / "deep/er/a.md").unlink()
    step = steps.record(Record("save", "deep/er/a.md", "gone", {"deep/er/a.md": None}))
    assert step is not None
    assert steps.files(step) == [("D", "deep/er/a.md")]
    assert author.git("ls-tree", "-r", "--name-only", "HEAD") == "b.md"
    assert author.status() == ""


def test_a_file_becomes_a_folder_and_back(author: Author, steps: Steps) -> None:
    made(steps, "a", "file")
    (author.root / "a").unlink()
    author.write("a/b", "inside")
    assert steps.record(Record("save", "a", "folder", {"a": None, "a/b": b"inside"}))
    assert author.status() == ""
    (author.root / "a/b").unlink()
    (author.root / "a").rmdir()
    author.write("a", "file")
    assert steps.record(Record("save", "a", "file", {"a/b": None, "a": b"file"}))
    assert author.status() == ""
    author.sound()


@pytest.mark.parametrize(
    "path",
    [
        "a b.md",
        "ümläut/日本.md",
        "new\nline.md",
        "dir\n/x.md",
        '"quoted".md',
        "tab\t.md",
        ":(top)x",
        "*.md",
        "-n",
        "back\\",
    ],
)
def test_any_name_works(author: Author, steps: Steps, path: str) -> None:
    author.write("other.md", "not ours")
    step = made(steps, path, "1")
    made(steps, path, "2", adopt=(path,))
    assert steps.at_head(path) == b"2"
    assert steps.text(step, path) == b"1"
    assert steps.files(step) == [("A", path)]
    assert [found.entry for found in steps.history(path)] == [path, path]
    assert author.status() == "?? other.md"


def test_a_name_that_is_not_unicode_works(author: Author, steps: Steps) -> None:
    path = os.fsdecode(b"caf\xe9.md")
    made(steps, path, "1")
    assert next(steps.history(path)).entry == path


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a//b", ".git/config", "sub/.GIT/hooks/x", "", "a/./b"])
def test_paths_that_lead_elsewhere_are_refused(steps: Steps, path: str) -> None:
    with pytest.raises(Refused):
        steps.record(Record("save", "x", "x", {path: b"x"}))
    with pytest.raises(Refused):
        steps.record(Record("save", "x", "x", {}, adopt=(path,)))


def test_a_title_or_value_cannot_forge_a_trailer(steps: Steps) -> None:
    title = "nice\n\nNozzle-Kind: land\nNozzle-Thread: evil"
    step = steps.record(
        Record("cell", "a.md", title, {"a.md": b"x"}, trailers={"Reads": "a\nNozzle-Kind: land", "Kind": "b"})
    )
    assert step is not None
    assert step.kind == "cell"
    assert step.thread == "main"
    assert step.trailers["Reads"] == "a\nNozzle-Kind: land"
    with pytest.raises(Refused):
        steps.record(Record("cell", "a.md", "t", {"a.md": b"y"}, trailers={"A: b\nNozzle-Kind": "x"}))


def test_programs_stay_programs(author: Author, steps: Steps) -> None:
    author.write("run.sh", "1")
    os.chmod(author.root / "run.sh", 0o755)
    made(steps, "run.sh", "2")
    assert author.git("ls-tree", "HEAD", "run.sh").startswith("100755")
    os.chmod(author.root / "run.sh", 0o644)
    assert save(steps, "run.sh", "2")
    assert author.git("ls-tree", "HEAD", "run.sh").startswith("100644")
    assert author.status() == ""


def test_a_disk_that_knows_no_programs_changes_none(author: Author) -> None:
    author.git("init", "-q")
    author.git("config", "core.fileMode", "false")
    author.write("run.sh", "1")
    author.git("add", "--chmod=+x", "run.sh")
    author.git("commit", "-qm", "x")
    with Steps.open(author.root) as steps:
        made(steps, "run.sh", "2")
    assert author.git("ls-tree", "HEAD", "run.sh").startswith("100755")


def test_an_entry_that_is_a_link_keeps_its_text_where_it_is(author: Author, steps: Steps) -> None:
    author.write("real/a.md", "1")
    (author.root / "a.md").symlink_to("real/a.md")
    (author.root / "dir").symlink_to("real")
    author.git("add", "-A")
    author.git("commit", "-qm", "x")
    for path, data in (("a.md", b"2"), ("dir/a.md", b"3")):
        made(steps, path, data)
        assert steps.at_head(path) == steps.at_head("real/a.md") == data
    assert author.git("ls-tree", "HEAD", "a.md").startswith("120000")
    assert author.status() == ""


def test_an_entry_that_is_a_link_to_elsewhere_is_refused(author: Author, steps: Steps, tmp_path: Path) -> None:
    tmp_path.joinpath("outside.md").write_text("x")
    (author.root / "a.md").symlink_to(tmp_path / "outside.md")
    with pytest.raises(Refused, match="symbolic link"):
        steps.record(Record("save", "a.md", "x", {"a.md": b"x"}))


def test_what_a_cell_wrote_is_adopted_as_git_would(author: Author, steps: Steps) -> None:
    author.commit(".gitignore", "*.tmp\nout/\n")
    author.commit(".gitattributes", "*.txt text eol=lf\n")
    author.write("kept.tmp", "1")
    author.git("add", "-f", "kept.tmp")
    author.git("commit", "-qm", "x")
    author.write("kept.tmp", "2")
    author.write("x.tmp", "ignored")
    author.write("out/y", "ignored")
    author.write("a.txt", b"a\r\nb\r\n")
    author.write("p/run", "#!/bin/sh")
    os.chmod(author.root / "p/run", 0o755)
    (author.root / "link").symlink_to("nowhere")
    author.write("stranger", "untouched")
    step = steps.record(
        Record("cell", "e.md", "wrote", {}, adopt=("kept.tmp", "x.tmp", "out/y", "a.txt", "p/run", "link", "no/such"))
    )
    assert step is not None
    assert steps.files(step) == [("A", "a.txt"), ("M", "kept.tmp"), ("A", "link"), ("A", "p/run")]
    assert steps.text(step, "a.txt") == b"a\nb\n"
    assert author.git("ls-tree", "HEAD", "link", "p/run").count("120000") == 1
    assert author.git("ls-tree", "HEAD", "p/run").startswith("100755")
    assert author.status() == "?? stranger"


def test_what_a_cell_removed_goes(author: Author, steps: Steps) -> None:
    author.commit("data.csv", "1")
    (author.root / "data.csv").unlink()
    step = steps.record(Record("cell", "e.md", "removed", {}, adopt=("data.csv",)))
    assert step is not None
    assert steps.files(step) == [("D", "data.csv")]
    assert author.status() == ""


def test_a_large_file_is_left_out_and_said(author: Author, steps: Steps) -> None:
    steps.cap = 10
    author.write("big", "x" * 11)
    author.write("small", "x" * 10)
    step = steps.record(Record("cell", "e.md", "wrote", {}, adopt=("big", "small")))
    assert step is not None
    assert steps.files(step) == [("A", "small")]
    assert step.trailers["Left-Out"] == "big"
    assert steps.left_out == ("big",)


def test_several_steps_in_a_row_are_a_commit_each(author: Author, steps: Steps) -> None:
    author.write("a.md", "3")
    records = [Record("cell", "a.md", f"cell {n}", {"a.md": n.encode()}) for n in ("1", "2", "2", "3")]
    assert [step.title for step in steps.record_all(records)] == ["cell 1", "cell 2", "cell 3"]
    assert author.git("log", "--format=%s") == "cell 3\ncell 2\ncell 1"
    assert author.status() == ""


def test_the_identity_is_the_authors_when_he_has_one(author: Author, steps: Steps, nobody: Path) -> None:
    made(steps, "a.md", "1")
    nobody.joinpath(".gitconfig").write_text("[user]\n name = Ann Ö\n email = ann@x.org\n")
    made(steps, "a.md", "2")
    assert author.git("log", "--format=%an <%ae> %cn").split("\n") == [
        "Ann Ö <ann@x.org> Ann Ö",
        "nozzle <nozzle@localhost> nozzle",
    ]


def test_no_hook_no_signature(author: Author, steps: Steps, nobody: Path) -> None:
    hooks = nobody / "hooks"
    hooks.mkdir()
    for name in ("pre-commit", "commit-msg", "post-checkout", "reference-transaction", "post-index-change"):
        (hooks / name).write_text("#!/bin/sh\ntouch $HOME/hooked\nexit 1\n")
        (hooks / name).chmod(0o755)
    nobody.joinpath(".gitconfig").write_text(
        f"[core]\n hooksPath = {hooks}\n[commit]\n gpgSign = true\n[gpg]\n program = false\n"
    )
    first = made(steps, "a.md", "1")
    made(steps, "a.md", "2")
    steps.rewind(first)
    made(steps, "a.md", "3")
    assert not (nobody / "hooked").exists()


def test_a_repository_with_long_digests(author: Author) -> None:
    author.git("init", "-q", "--object-format=sha256")
    with Steps.open(author.root) as steps:
        first = made(steps, "d/a.md", "1")
        made(steps, "d/a.md", "2")
        author.git("gc", "-q", "--prune=now")
        assert len(first.sha) == 64
        steps.rewind(first)
        made(steps, "d/a.md", "3")
        steps.intend({"a": b"x"})
        assert steps.intent() == {"a": b"x"}
    assert author.status() == ""
    author.sound()


def test_a_clone_of_depth_one(author: Author, tmp_path: Path) -> None:
    with Steps.open(author.root) as steps:
        for n in range(3):
            made(steps, "a.md", str(n))
    subprocess.run(["git", "clone", "-q", "--depth=1", f"file://{author.root}", str(tmp_path / "clone")], check=True)
    with Steps.open(tmp_path / "clone") as steps:
        made(steps, "a.md", "new")
        assert len(list(steps.history())) == 2
    Author(tmp_path / "clone").sound()


def test_what_the_callers_git_says_is_not_heard(author: Author, tmp_path: Path) -> None:
    """Started from a git hook of another repository."""
    program = (
        "import sys; from pathlib import Path; from nozzle.steps import Record, Steps\n"
        "with Steps.open(Path(sys.argv[1])) as s: print(s.record(Record('save', 'a', 't', {'a': b'x'})).sha)\n"
    )
    other = Author(tmp_path / "other")
    other.root.mkdir()
    other.git("init", "-q")
    leaks = {
        "GIT_DIR": str(other.root / ".git"),
        "GIT_WORK_TREE": str(other.root),
        "GIT_INDEX_FILE": str(tmp_path / "index"),
        "GIT_OBJECT_DIRECTORY": str(other.root / ".git/objects"),
        "GIT_PREFIX": "sub/",
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": "core.bare",
        "GIT_CONFIG_VALUE_0": "true",
        "GIT_AUTHOR_DATE": "2001-01-01T00:00:00Z",
        "GIT_LITERAL_PATHSPECS": "0",
        "GIT_GLOB_PATHSPECS": "1",
    }
    done = subprocess.run(
        [sys.executable, "-c", program, str(author.root)], env={**os.environ, **leaks}, capture_output=True, text=True
    )
    assert done.stdout.strip() == author.git("rev-parse", "HEAD"), done.stderr
    assert author.git("log", "-1", "--format=%ad", "--date=format:%Y") != "2001"
    assert author.status() == " D a"
    assert not (tmp_path / "index").exists()


def test_while_a_merge_is_under_way_nothing_is_committed(author: Author, steps: Steps) -> None:
    author.commit("a", "1")
    author.git("switch", "-qc", "side")
    author.commit("a", "2")
    author.git("switch", "-q", "main")
    author.commit("a", "3")
    for words, busy in (
        (["merge", "side"], "merge"),
        (["rebase", "side"], "rebase"),
        (["cherry-pick", "side"], "cherry-pick"),
    ):
        author.git(*words, ok=False)
        assert steps.busy() == busy
        with pytest.raises(Refused, match=busy):
            save(steps, "a.md", "x")
        with pytest.raises(Refused, match=busy):
            steps.rewind(steps.resolve("HEAD"))
        author.git(words[0], "--abort")
        assert steps.busy() == ""
    author.git("bisect", "start")
    assert steps.busy() == "bisect"
    author.git("bisect", "reset")
    assert save(steps, "a.md", "x")


def test_no_folder_is_said(tmp_path: Path) -> None:
    assert Steps.find(tmp_path / "no") is None
    assert Steps.find(tmp_path) is None
    with pytest.raises(NozzleError, match="not a folder"):
        Steps.open(tmp_path / "no")


def test_a_bare_repository_is_refused(author: Author) -> None:
    author.git("init", "-q", "--bare")
    with pytest.raises(Refused, match="without a worktree"):
        Steps.open(author.root)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_repository_of_another_user_is_refused_with_a_way_out(author: Author) -> None:
    author.git("init", "-q")
    os.chown(author.root, 65534, 65534)
    os.chown(author.root / ".git", 65534, 65534)
    with pytest.raises(Refused, match=r"safe\.directory"):
        Steps.open(author.root)


def test_a_symlinked_root(author: Author, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(author.root)
    with Steps.open(tmp_path / "link") as steps:
        assert steps.root == author.root.resolve()
        made(steps, "a.md", "x")
    assert author.status() == ""


def test_a_worktree_has_its_own_head_and_private_folder(author: Author, steps: Steps, tmp_path: Path) -> None:
    made(steps, "a.md", "1")
    author.git("worktree", "add", "-q", str(tmp_path / "wt"))
    steps.intend({"x": b"main's"})
    with Steps.open(tmp_path / "wt") as other:
        other.intend({"x": b"other's"})
        assert other.thread().name == "wt"
        assert other.private == author.root / ".git/worktrees/wt/nozzle"
        assert other.private.stat().st_mode & 0o777 == 0o700
        made(other, "a.md", "2")
        assert steps.at_head("a.md") == b"1"
        author.git("gc", "-q", "--prune=now")
        assert steps.intent() == {"x": b"main's"}
        assert other.intent() == {"x": b"other's"}
    assert author.status() == ""
    assert Author(tmp_path / "wt").status() == ""


def test_no_process_is_left(author: Author) -> None:
    with Steps.open(author.root) as steps:
        made(steps, "a.md", "1")
        assert _children() != []
    assert _children() == []
    assert list((author.root / ".git/nozzle").iterdir()) == []


def _children() -> list[int]:
    done = subprocess.run(["pgrep", "-P", str(os.getpid()), "git"], capture_output=True, text=True)
    return [int(pid) for pid in done.stdout.split()]


def test_git_processes_that_were_killed_are_started_again(author: Author, steps: Steps) -> None:
    made(steps, "a.md", "1")
    for pid in _children():
        os.kill(pid, signal.SIGKILL)
    made(steps, "a.md", "2")
    assert author.status() == ""


def test_a_kill_leaves_no_git_process(author: Author) -> None:
    program = (
        "import os, sys; from pathlib import Path; from nozzle.steps import Record, Steps\n"
        "s = Steps.open(Path(sys.argv[1])); s.record(Record('save', 'a', 't', {'a': b'x'}))\n"
        "print(os.popen(f'pgrep -P {os.getpid()} git').read(), flush=True); os.kill(os.getpid(), 9)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(author.root)], capture_output=True, text=True)
    pids = done.stdout.split()
    assert len(pids) >= 2, done.stderr
    for pid in pids:
        while os.path.exists(f"/proc/{pid}") and "Z" not in _state(pid):
            pass


def _state(pid: str) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except (FileNotFoundError, ProcessLookupError):
        return "Z"


def test_without_git_it_says_so(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from nozzle.errors import Missing; from nozzle.steps import Steps\n"
        "try: Steps.open(Path(sys.argv[1]))\n"
        "except Missing as error: print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        env={**os.environ, "PATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert done.stdout.startswith("git is not on this machine"), done.stderr


def test_a_repository_inside_this_one_keeps_its_files(author: Author, steps: Steps) -> None:
    made(steps, "a.md", "1")
    for name in ("loose", "module"):
        inner = Author(author.root / name)
        inner.root.mkdir()
        inner.git("init", "-q")
        inner.commit("x", "1")
    author.git("add", "module")
    author.git("commit", "-qm", "a module")
    for path in ("loose/x", "module/x"):
        with pytest.raises(Refused, match="repository of its own"):
            steps.record(Record("save", path, "x", {path: b"2"}))
        assert steps.record(Record("cell", "a.md", "x", {}, adopt=(path,))) is None
    (author.root / "module/.git").rename(author.root / "moved")
    with pytest.raises(Refused, match="repository of its own"):
        steps.record(Record("save", "module/x", "x", {"module/x": b"2"}))


def test_a_folder_with_a_line_break_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a\nb").mkdir()
    with pytest.raises(Refused, match="line break"):
        Steps.open(tmp_path / "a\nb")
