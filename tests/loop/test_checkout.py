"""Somebody goes to another step while the watch runs: nothing runs, no step is made, nothing is lost."""

import random
import time

from .conftest import Watched, cells, outputs


def started(watched: Watched) -> int:
    return sum(notice.kind == "started" for notice in list(watched.workshop.notices))


def test_fifty_checkouts_start_nothing_and_make_no_step(watched: Watched) -> None:
    watched.save(cells("x = 1; print(x)", "print(x + 1)"))
    watched.until(lambda: len(outputs(watched.read())) == 2)
    watched.quiet()
    watched.git("branch", "other", "HEAD~2")
    watched.save(watched.read().replace("x = 1", "x = 5"))
    watched.until(lambda: "```text\n6\n```" in watched.read())
    watched.quiet()
    places = ["main", "other", "HEAD~1", "main~2", "main~3"]
    texts = {each: watched.git("show", f"{each}:journal/entry.md") for each in places if each != "HEAD~1"}
    runs, made, chance = started(watched), watched.git("rev-list", "--branches"), random.Random(4)
    for number in range(50):
        place = chance.choice(list(texts))
        watched.git("checkout", "-q", place)
        assert watched.read().rstrip("\n") == texts[place]
        time.sleep(chance.choice((0, 0.05, 0.1 + 0.4 * chance.random())) if number < 45 else 0.5)
    watched.quiet()
    assert watched.read().rstrip("\n") == texts[place]
    assert started(watched) == runs
    assert watched.git("rev-list", "--branches") == made
    assert watched.told("moved")[-1].startswith("you are at ")


def test_what_is_held_where_somebody_went_is_told_with_the_reason(watched: Watched) -> None:
    watched.save(cells("print(1)"))
    watched.until(lambda: outputs(watched.read()))
    watched.quiet()
    text = f"{watched.read()}\n<<<<<<< main\n{cells('print(2)')}=======\n{cells('print(3)')}>>>>>>> idea\n"
    (aside := watched.workshop.root.parent / "torn").write_text(text)
    sha = watched.git("hash-object", "-w", str(aside))
    watched.git("update-index", "--cacheinfo", f"100644,{sha},journal/entry.md")
    torn = watched.git("commit-tree", "-p", "HEAD", "-m", "torn", watched.git("write-tree"))
    watched.git("read-tree", "HEAD")
    watched.git("checkout", "-q", torn)
    watched.until(lambda: watched.told("moved"))
    line = text[: text.index("<<<<<<<")].count("\n") + 1
    why = f"journal/entry.md: 2 cells held: line {line}: git conflict markers; settle the conflict first"
    assert watched.told("moved")[-1].endswith(f"; 0 cells due, nothing runs until you save; {why}")


def test_cells_below_one_that_failed_are_told_where_somebody_went(watched: Watched) -> None:
    watched.save(cells("1/0", "print(2)", "print(3)"))
    watched.until(lambda: "status=error" in watched.read())
    watched.quiet()
    failed = watched.git("rev-parse", "HEAD")
    watched.save(cells("print(1)"))
    watched.until(lambda: "```text\n1\n```" in watched.read())
    watched.quiet()
    watched.git("checkout", "-q", failed)
    watched.until(lambda: watched.told("moved"))
    why = "journal/entry.md: 2 cells held: below '1/0' (line 5), which failed"
    assert watched.told("moved")[-1].endswith(f"; 0 cells due, nothing runs until you save; {why}")


def test_the_next_save_on_no_branch_starts_a_thread(watched: Watched) -> None:
    watched.save(cells("print(1)", "print(2)"))
    watched.until(lambda: len(outputs(watched.read())) == 2)
    watched.quiet()
    watched.git("checkout", "-q", "HEAD~1")
    watched.until(lambda: watched.told("moved"))
    watched.save(watched.read() + "\nGo on.\n")
    watched.until(lambda: len(outputs(watched.read())) == 2)
    watched.quiet()
    assert watched.git("branch", "--show-current").startswith("nozzle/entry-")


def test_a_checkout_in_the_middle_of_a_run_keeps_its_result_where_it_began(watched: Watched) -> None:
    watched.save(cells("print(1)"))
    watched.until(lambda: outputs(watched.read()))
    watched.quiet()
    old, slow = watched.git("rev-parse", "HEAD"), "import time\nopen('began', 'w')\ntime.sleep(1)\nprint('slow', 6 * 7)"
    watched.save(watched.read() + cells(slow))
    watched.until(lambda: (watched.workshop.root / "journal/began").exists())
    watched.git("checkout", "-q", old)
    then = watched.read()
    watched.until(lambda: any("finished on thread" in text for text in watched.told("aside")))
    thread = next(text for text in watched.told("aside") if "finished on" in text).rsplit(" ", 1)[1]
    assert "slow 42" in watched.git("show", f"{thread}:journal/entry.md")
    watched.quiet()
    assert watched.read() == then
    assert watched.git("rev-parse", "HEAD") == old


def test_a_commit_by_hand_right_after_a_save_is_still_a_save(watched: Watched) -> None:
    watched.save(cells("print(1)"))
    watched.until(lambda: outputs(watched.read()))
    watched.quiet()
    watched.save(watched.read() + cells("print('second')"))
    watched.git("commit", "-qam", "by hand")
    watched.until(lambda: "second\n```\n\n<!-- /nozzle" in watched.read())


def test_a_checkout_that_writes_other_line_ends_starts_nothing(watched: Watched) -> None:
    watched.save("*.md text eol=crlf\n", ".gitattributes")
    watched.git("add", ".gitattributes")
    watched.git("commit", "-qm", "attributes")
    for number in "12":
        watched.save(cells(f"print({number})").replace("\n", "\r\n"))
        watched.until(lambda number=number: f"```text\r\n{number}\r\n```" in watched.read())
        watched.quiet()
    assert watched.git("status", "--porcelain") == ""
    runs = started(watched)
    watched.git("checkout", "-q", "HEAD~1")
    watched.until(lambda: watched.told("moved"))
    watched.quiet()
    assert started(watched) == runs
    assert b"\r\n" in (watched.workshop.root / "journal/entry.md").read_bytes()
    watched.git("switch", "-q", "main")
