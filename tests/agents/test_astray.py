"""News of what does not get on: a cell that gives no sign of life, a task that is off its way."""

import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from nozzle.agents.astray import Signs
from nozzle.document.entry import Entry
from nozzle.document.errand import progress
from nozzle.document.prompts import prompts
from nozzle.lm import Call, Reply, Stop
from nozzle.loop import Called, Saved
from tests.agents.conftest import Table, fence
from tests.conftest import Workshop
from tests.words.conftest import cell

Open = Callable[..., Table]
TASK = "/do :here: sum up rows.csv\n\n"


def played(workshop: Workshop, source: str, stall: float) -> str:
    workshop.here.settings = replace(workshop.here.settings, stall=stall)
    path = workshop.write(cell(source))
    workshop.run(path)
    return path.read_text()


def test_a_cell_that_gives_no_sign_of_life_is_news_and_its_end_too(workshop: Workshop) -> None:
    text = played(workshop, "import time\nprint('began', flush=True)\ntime.sleep(4)", 0.5)
    told = [notice.text for notice in workshop.notices if notice.kind == "news"]
    assert told == ["breaking: import time has stalled"]
    assert "status=fixed" in text
    assert "It had stalled, and came to its end: [`import time`](#cell-" in text


@pytest.mark.parametrize(
    "source",
    ["import time\nfor n in range(12):\n    print(n, flush=True)\n    time.sleep(0.3)", "for n in range(10**8): pass"],
)  # fmt: skip
def test_who_prints_or_works_has_not_stalled(workshop: Workshop, source: str) -> None:
    assert "stalled" not in played(workshop, source, 1.5)
    assert not [notice for notice in workshop.notices if notice.kind == "news"]


def test_a_doer_that_repeats_itself_is_news_and_then_stopped(table: Open) -> None:
    same = fence("print(sum([1, 2]))")
    one = table(same, same, same, same)
    text = one.begin(TASK)
    assert "**Hold on, breaking: the task is off its way:** it repeats itself: `print(sum([1, 2]))`" in text
    assert "> Stopped: the same cell was proposed again and again." in text
    (news,) = one.blocks("news")
    assert (news.keys["by"], news.status) == ("watch", "it-repeats-itself")
    assert len(one.model.calls) == 3


def test_a_doer_that_fails_in_the_same_words_makes_no_progress(table: Open) -> None:
    tries = [fence(f"print({n} / 0)") for n in range(1, 4)]
    one = table(*tries, fence('final_answer("I give up.")'))
    text = one.begin(TASK)
    assert "no progress: 3 attempts in a row ended with `ZeroDivisionError: division by zero`" in text
    assert one.blocks("task")[0].status == "done"


def test_a_doer_that_writes_what_the_task_does_not_name_is_news(table: Open) -> None:
    write = fence("write('../src/notes.txt', 'x')\nwrite('../src/rows.csv', '2')\nwrite('_out/a.txt', 'y')")
    one = table(write, fence('final_answer("Done.")'))
    (one.workshop.root / "src").mkdir()
    one.begin(TASK)
    text = one.tick()
    assert "it wrote elsewhere: `src/notes.txt`, which the task does not name" in text


def test_what_is_off_its_way_on_a_thread_is_told_where_the_task_was_set(table: Open) -> None:
    same = fence("print(sum([1, 2]))")
    one = table(same, same, fence("#| reach: network\nimport socket"))
    text = one.begin(TASK)
    (asked,) = prompts(Entry(text))
    assert asked.region[-1].kind == "proposal", "what stands last is what waits"
    assert "; **it repeats itself**; `import socket`" in progress(Entry(text), asked.digest, "there.md").words


def test_signs_are_told_once_and_a_success_ends_a_row_of_failures() -> None:
    signs = Signs()
    assert [bool(signs.proposes("a = 1")) for _ in range(4)] == [False, True, False, False]
    assert [bool(signs.fails("x")) for _ in range(5)] == [False, False, True, False, False]
    assert not signs.writes(["_out/a.png", "src/model.py", "data/rows.csv"], "fix src, and read rows.csv")
    assert [bool(signs.fails("x")) for _ in range(3)] == [False, False, True]
    assert signs.writes(["other.py"], "fix src")
    assert not signs.writes(["other.py"], "fix src")


@pytest.mark.parametrize("asked", ["/ask why?\n\n", "/do :here: find out\n\n"])
def test_a_model_that_says_nothing_is_news_until_it_speaks(table: Open, asked: str) -> None:
    one = table(stall=0.1)
    silent = Mute()
    one.workshop.here.model = silent  # type: ignore[assignment]
    one.loop = one.workshop_loop()
    one.path = one.workshop.write(asked)
    one.loop.advance([one.path])
    seen: list[str] = []

    def look() -> None:
        silent.asked.wait(20)
        while "status=model-is-silent" not in one.text and not silent.let_go.wait(0.05):
            pass
        seen.append(one.text)
        silent.let_go.set()

    threading.Thread(target=look, daemon=True).start()
    text = one.go()
    assert "> **Hold on, breaking: the model is silent:** nothing has come from mute for" in seen[0]
    assert any(each.kind == "news" and "nothing has come from mute" in each.text for each in one.workshop.notices)
    assert "model-is-silent" not in text
    assert "that is over." in text
    assert one.kinds()[-1] in ("answer", "task", "output")
    one.loop.run(until_idle=True)
    assert one.text == text


class Mute:
    """Says nothing for a long time, and then all of it."""

    name = "mute"

    def __init__(self) -> None:
        self.asked, self.let_go = threading.Event(), threading.Event()

    def reply(self, call: Call, tell: Callable[[str], None], stop: Stop) -> Reply:
        self.asked.set()
        self.let_go.wait(30)
        return Reply(fence('final_answer("so")'))


WARNS = cell("import warnings\nwarnings.warn('old data')")
HEARD = "---\nvoice: conduct\n---\n\nSome words to begin with.\n\nWhere did we measure the seven walls?\n\nAnd so on.\n"


@pytest.mark.parametrize("text", [WARNS, cell("1 / 0"), HEARD], ids=["a note", "the news", "prose"])
@pytest.mark.parametrize("ends", ["it speaks", "/stop", "nozzle stop"])
def test_a_model_that_nobody_asked_and_that_says_nothing_is_news_while_it_lasts(
    table: Open, text: str, ends: str
) -> None:
    one = table(stall=0.1, quiet=0.1)
    silent = Mute()
    one.workshop.here.model = silent  # type: ignore[assignment]
    one.loop = one.workshop_loop()
    one.path = one.workshop.write(text)
    one.loop.advance([one.path])
    seen: list[str] = []

    def look() -> None:
        while "status=model-is-silent" not in one.text and not silent.let_go.wait(0.05):
            pass
        seen.append(one.text)
        if ends == "/stop":
            one.path.write_text(one.text + "\n/stop\n\n")
            one.loop.messages.put(Saved(frozenset([one.path])))
        elif ends == "nozzle stop":
            one.loop.messages.put(Called(lambda loop: loop.desk(one.path).stop() and None))
        else:
            silent.let_go.set()

    threading.Thread(target=look, daemon=True).start()
    after = one.go()
    silent.let_go.set()
    assert "> **Hold on, breaking: the model is silent:** nothing has come from mute for" in seen[0]
    assert any(each.kind == "news" and "nothing has come from mute" in each.text for each in one.workshop.notices)
    assert "model-is-silent" not in after
    assert "silent" not in after
    assert ("final_answer" in after) == (ends == "it speaks"), after
