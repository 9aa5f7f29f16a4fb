"""What the author rests on, takes away, or still had open somewhere is a step; what a cell goes on printing is few."""

import pytest

from nozzle.desk import Desk
from nozzle.ledger import Seen

from .conftest import Watched, cells, outputs


def test_prose_that_the_author_rests_on_is_a_step(watched: Watched) -> None:
    watched.save("# Title\n\nan hour of thinking\n")
    watched.until(lambda: "an hour of thinking" in watched.git("log", "--all", "-p"))
    watched.save("# Title\n\nthought better of it\n")
    watched.until(lambda: "thought better" in watched.git("show", "HEAD:journal/entry.md"))
    assert watched.git("status", "--porcelain") == ""


def test_an_entry_that_is_renamed_or_taken_away_is_so_in_git_too(watched: Watched) -> None:
    path = watched.save(cells("print(1)"))
    watched.until(lambda: outputs(watched.read()))
    watched.quiet()
    path.rename(path.with_name("other.md"))
    watched.until(lambda: watched.git("ls-tree", "--name-only", "HEAD", "journal/") == "journal/other.md")
    path.with_name("other.md").unlink()
    watched.until(lambda: watched.git("ls-tree", "--name-only", "HEAD", "journal/") == "")
    assert "print(1)" in watched.git("log", "-p", "--all")


def test_an_editor_that_saves_into_the_old_file_after_a_checkout_loses_nothing(watched: Watched) -> None:
    watched.save("# Title\n\nfirst\n")
    watched.until(lambda: "first" in watched.git("log", "--all", "-p"))
    path = watched.save(cells("import time; open('began', 'w'); time.sleep(1); print('done')"))
    watched.until(lambda: (watched.workshop.root / "journal/began").exists())
    with path.open("r+") as old:  # an editor that keeps its file open
        watched.until(lambda: "done\n```" in watched.read())
        watched.quiet()
        watched.git(
            "checkout", "-q", "--detach", watched.git("log", "--format=%h", "--grep=save", "--reverse").split()[0]
        )
        watched.until(lambda: watched.told("moved"))
        old.seek(0)
        old.write("# Title\n\na late line of the author's\n")
        old.truncate()
    watched.until(lambda: "a late line" in watched.git("log", "--all", "-p"))


def test_a_cell_that_goes_on_printing_is_written_at_growing_intervals(watched: Watched) -> None:
    go = "def go():\n    for n in range(60): print('tick', n, flush=True); time.sleep(0.1)\n"
    watched.save(cells(f"import threading, time\n{go}threading.Thread(target=go).start()"))
    watched.until(lambda: "tick 5" in watched.read(), seconds=60)
    watched.until(lambda: "tick 20" in watched.read(), seconds=60)
    assert int(watched.git("rev-list", "--count", "HEAD")) < 10


def test_an_entry_that_goes_while_it_is_read_is_gone_in_git_too(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = watched.save("# T\n\nan hour of thinking\n")
    watched.until(lambda: "an hour of thinking" in watched.git("log", "--all", "-p"))
    watched.quiet()
    real = Desk.look

    def late(desk: Desk, now: float, git: bool = True) -> Seen:
        desk.path.unlink(missing_ok=True)  # between seeing that it is there and reading it
        return real(desk, now, git)

    monkeypatch.setattr(Desk, "look", late)
    path.write_text("# T\n\nmore\n")
    watched.until(lambda: watched.git("ls-tree", "--name-only", "HEAD", "journal/") == "")


def test_the_marker_of_a_long_cell_is_no_save_of_the_authors(watched: Watched) -> None:
    watched.save("```{code-cell} bash\nsleep 3; echo over\n```\n")
    watched.until(lambda: "status=running" in watched.read())
    watched.until(lambda: "over\n```" in watched.read())
    watched.quiet()
    kinds = watched.git("log", "--reverse", "--format=%(trailers:key=Nozzle-Kind,valueonly,separator=%x20)").split()
    assert [kind for kind in kinds if kind != "key"] == ["save", "cell"]
    assert watched.git("status", "--porcelain") == ""
