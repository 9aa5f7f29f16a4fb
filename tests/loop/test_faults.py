"""What can be wrong with a file, a folder, a disk or a repository is said in plain words, and loses nothing."""

import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

import pytest

from nozzle.errors import NozzleError, Unreadable
from nozzle.loop import Called, Loop
from nozzle.page import Deed
from nozzle.past import Past
from nozzle.words.deeds import Doing
from nozzle.words.do import suggest
from tests.conftest import Workshop

from .conftest import Watched, cells, outputs


def faults(watched: Watched) -> str:
    return "\n".join([*watched.told("fault"), *watched.told("warning")])


def started(watched: Watched) -> int:
    return sum(notice.kind == "started" for notice in list(watched.workshop.notices))


def test_a_file_that_is_no_utf8_is_named_and_left_alone(watched: Watched) -> None:
    path = watched.save(cells("print(1)"))
    watched.until(lambda: outputs(watched.read()))
    path.write_bytes(b"caf\xe9\n" + path.read_bytes())
    watched.until(lambda: "not UTF-8" in faults(watched))
    assert path.read_bytes().startswith(b"caf\xe9\n")
    path.write_bytes(path.read_bytes().replace(b"\xe9", b"e") + cells("print('again')").encode())
    watched.until(lambda: "again\n```\n\n<!-- /nozzle" in watched.read())


def test_a_file_that_goes_bad_under_a_running_cell_gets_its_output_when_it_is_good_again(watched: Watched) -> None:
    path = watched.save(cells("import time; open('began', 'w'); time.sleep(1.5); print('late', 1)"))
    watched.until(lambda: (watched.workshop.root / "journal/began").exists())
    good = path.read_bytes()
    path.write_bytes(b"\xff" + good)
    watched.until(lambda: "not UTF-8" in faults(watched))
    time.sleep(2)
    assert path.read_bytes() == b"\xff" + good
    assert faults(watched).count("not UTF-8") == 1, "it is said once"
    path.write_bytes(good)
    watched.until(lambda: "late 1\n```" in watched.read())
    assert started(watched) == 1


DEEDS = {
    "write": {"what": "prose", "text": "more"},
    "tick": {"id": "p1", "box": "run"},
    "map": {},
    "waiting": {},
}


@pytest.mark.parametrize("word", DEEDS)
def test_what_is_done_on_the_page_while_a_file_is_no_utf8_is_answered_and_the_watch_goes_on(
    watched: Watched, word: str
) -> None:
    path = watched.save("# One\n\n> words\n")
    watched.until(lambda: watched.loop.desks)
    watched.quiet()
    bad = b"# One\n\ncaf\xe9\n"
    path.write_bytes(bad)
    done = Doing(watched.workshop.here, watched.loop)(Deed(word, "journal/entry.html", DEEDS[word]))
    assert word == "waiting" or (not done.ok and "entry.md:3: this is not UTF-8 text" in done.say)
    assert path.read_bytes() == bad
    watched.save("# One\n\n" + cells("print('after', 1)"))
    watched.until(lambda: "after 1\n```" in watched.read())


def test_what_nobody_answers_for_is_told_and_the_watch_goes_on(watched: Watched) -> None:
    def work(loop: Loop) -> None:
        raise Unreadable("a file in the way")

    watched.loop.messages.put(Called(work))
    watched.until(lambda: "a file in the way" in faults(watched))
    assert watched.ask(lambda loop: "there") == "there"


def test_a_program_that_suggests_a_task_where_the_file_is_no_utf8_is_told_the_line(workshop: Workshop) -> None:
    path = workshop.write("# One\n")
    path.write_bytes(b"# One\n\xff\n")
    with pytest.raises(Unreadable, match=r"journal/entry\.md:2: this is not UTF-8"):
        suggest(workshop.here, path, "count")
    assert path.read_bytes() == b"# One\n\xff\n"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_said(watched: Watched) -> None:
    path = watched.save(cells("import time; open('began', 'w'); time.sleep(1); print('late', 1)"))
    watched.until(lambda: (watched.workshop.root / "journal/began").exists())
    path.parent.chmod(0o500)
    watched.until(lambda: "no permission" in faults(watched))
    path.parent.chmod(0o700)
    watched.save(watched.read() + "\n")
    watched.until(lambda: "late 1\n```" in watched.read())


FILL = """
import os
print("kept", 6 * 7)
with open("../filler", "wb") as file:
    try:
        while file.write(bytes(4096)): file.flush()
    except OSError: os._exit
"""


def on_a_small_disk(folder: Path, script: str) -> str:
    """What a script says on a disk of 8 MB, in a mount namespace of its own."""
    before = f"""
        set -e; mount -t tmpfs -o size=8m none {folder}; cd {folder}; git init -qb main; mkdir journal; set +e
        nozzle() {{ {sys.executable} -m nozzle "$@"; }}
    """
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "NOZZLE_HOME": str(folder.parent / "elsewhere")}
    done = subprocess.run(["unshare", "-rm", "bash", "-c", before + script], capture_output=True, text=True, env=env)
    if "mount" in done.stderr or "unshare" in done.stderr:
        pytest.skip(f"no mount namespace here: {done.stderr.strip()[:80]}")
    assert "Traceback" not in done.stdout + done.stderr, done.stdout + done.stderr
    return done.stdout


def test_on_a_full_disk_no_run_starts_and_it_is_said(tmp_path: Path) -> None:
    said = on_a_small_disk(
        tmp_path,
        f"""
        printf %s {shlex.quote(cells("print('kept', 6 * 7)"))} > journal/e.md
        nozzle doctor > /dev/null; head -c 100M /dev/zero > filler 2> /dev/null
        nozzle run 2>&1 | tail -1
        rm filler; nozzle run; cat journal/e.md
        """,
    )
    assert "no space left on device, so no watch and no run can start here" in said
    assert "kept 42\n```" in said


def test_a_disk_that_fills_up_under_a_cell_costs_nothing(tmp_path: Path) -> None:
    said = on_a_small_disk(
        tmp_path,
        f"""
        printf %s {shlex.quote(cells(FILL))} > journal/e.md; cp journal/e.md /dev/shm/nozzle-{os.getpid()}
        nozzle run 2>&1; cmp journal/e.md /dev/shm/nozzle-{os.getpid()} && echo untouched; rm /dev/shm/nozzle-*
        rm filler; sed -i 's/while file/while False and file/' journal/e.md; nozzle run; cat journal/e.md
        """,
    )
    assert "! journal/e.md: the disk is full" in said
    assert "untouched" in said
    assert said.count("kept 42\n```") == 1


def test_a_lock_of_another_git_is_waited_for_then_named_and_the_steps_come_later(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nozzle.loop.GIT", 1.0)
    monkeypatch.setattr("nozzle.steps.index.PATIENCE", 1.0)
    watched.save(cells("print(1)"))
    watched.until(lambda: outputs(watched.read()))
    watched.quiet()
    lock = watched.workshop.root / ".git/index.lock"
    with lock.open("w"):
        watched.save(watched.read() + cells("print('second', 2)"))
        watched.until(lambda: "second 2\n```" in watched.read(), 40)
        watched.until(lambda: "index.lock" in faults(watched))
    lock.unlink()
    watched.until(lambda: "second" in watched.git("log", "-1", "--format=%s"))
    watched.quiet()
    assert watched.git("status", "--porcelain") == ""


def test_while_a_merge_is_under_way_cells_run_and_no_step_is_made(watched: Watched) -> None:
    watched.save(cells("print(1)"))
    watched.until(lambda: outputs(watched.read()))
    watched.quiet()
    head = watched.git("rev-parse", "HEAD")
    (watched.workshop.root / ".git/MERGE_HEAD").write_text(head + "\n")
    watched.save(watched.read() + cells("print('second', 2)", "print('third', 3)"))
    watched.until(lambda: "third 3\n```" in watched.read())
    watched.quiet()
    assert watched.git("rev-parse", "HEAD") == head
    assert faults(watched).count("a merge is under way") == 1


def test_an_entry_that_is_a_link_stays_one(watched: Watched) -> None:
    folder = watched.workshop.root / "journal"
    folder.mkdir()
    (watched.workshop.root / "elsewhere").mkdir()
    real = watched.workshop.root / "elsewhere/real.txt"
    real.write_text(cells("print('linked', 1)"))
    (folder / "entry.md").symlink_to("../elsewhere/real.txt")
    watched.until(lambda: "linked 1\n```" in real.read_text())
    assert (folder / "entry.md").is_symlink()
    watched.quiet()
    assert watched.git("status", "--porcelain", "elsewhere") == ""


def test_links_in_a_circle_are_said(watched: Watched) -> None:
    folder = watched.workshop.root / "journal"
    folder.mkdir()
    (folder / "round.md").symlink_to("round.md")
    watched.save(cells("print('well', 1)"))
    watched.until(lambda: "well 1\n```" in watched.read())


def test_what_a_cell_writes_into_its_own_entry_is_a_save(watched: Watched) -> None:
    write = "with open('entry.md', 'a') as me: me.write('\\nWritten by the cell.\\n')\nprint('wrote', 1)"
    watched.save(cells(write))
    watched.until(lambda: "wrote 1\n```" in watched.read())
    watched.quiet()
    assert watched.read().count("\nWritten by the cell.\n") == 1
    assert started(watched) == 1


def test_what_a_cell_writes_into_another_entry_is_a_save_there(watched: Watched) -> None:
    other = cells("print('other', 2)")
    watched.save(cells(f"open('other.md', 'w').write({other!r})"))
    watched.until(lambda: (watched.workshop.root / "journal/other.md").exists())
    watched.until(lambda: "other 2\n```" in watched.read("journal/other.md"))


def test_an_entry_of_fifty_megabytes_does_not_stop_the_others(watched: Watched) -> None:
    watched.save("# Big\n\n" + ("word " * 20 + "\n") * 500_000, "journal/big.md")
    watched.save(cells("print('small', 1)"))
    watched.until(lambda: "small 1\n```" in watched.read(), 60)


def test_a_cell_of_which_nothing_can_be_taken_in_is_over_and_runs_no_second_time(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(past: Past, *given: object) -> None:
        raise NozzleError("git status failed")

    monkeypatch.setattr(Past, "written", refused)
    watched.save(cells("print(1)"))
    watched.until(lambda: "git status failed" in faults(watched))
    watched.quiet()
    assert started(watched) == 1
    monkeypatch.undo()
    watched.save(cells("print(2)"))
    watched.until(lambda: "```text\n2" in watched.read())
