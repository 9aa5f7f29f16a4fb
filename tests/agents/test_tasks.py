"""The doer: it proposes, the author or a rule lets it run, it sees what came of it, and goes on."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from nozzle.document.entry import Entry
from nozzle.document.events import Finished
from nozzle.document.prompts import prompts
from nozzle.document.trajectory import trajectory
from nozzle.lm import Call, Failed, Reply, Scripted, Stop, Usage
from nozzle.lm.model import Tell
from nozzle.loop import Called, Quit
from tests.agents.conftest import Table, fence
from tests.conftest import Workshop
from tests.words.conftest import cell

TASK = (
    cell("#| label: data\nx = [1, 2, 3]") + "\n/do :here: add them up\n\n" + cell("#| label: below\nprint('below', x)")
)
Open = Callable[..., Table]


def test_without_a_model_it_says_what_is_missing_in_one_line(workshop: Workshop) -> None:
    path = workshop.write("/do :here: it\n\n")
    workshop.run(path)
    assert "> No model is set, so nothing was done: `model` in the settings names one." in path.read_text()


def test_a_task_of_mere_reads_runs_to_its_end_and_names_the_cells_that_show_it(table: Open) -> None:
    one = table(fence("#| label: total\nprint(sum(x))", "Add."), fence('final_answer("The sum is 6.")', "Done."))
    text = one.begin(TASK)
    assert one.kinds() == ["output", "cell", "output", "cell", "output", "task", "output"]
    assert (
        "> The sum is 6.\n>\n> Shown by: [total](#total). To run it again: `nozzle run --again journal/entry.md`.\n"
        in text
    )
    assert one.blocks("task")[0].status == "done"
    assert one.labels() == ["read", "read"]
    assert "below [1, 2, 3]" in text


@pytest.mark.parametrize(
    "source",
    [
        "error = 0.5\nif error < 1e-6:\n    final_answer('Converged.')\nelse:\n    print('not yet')",
        "words = '''\nfinal_answer('Converged.')\n'''",
    ],
)
def test_a_task_is_done_when_final_answer_was_called_and_not_when_it_is_only_written(table: Open, source: str) -> None:
    one = table(fence(source), fence("print(2)"))
    text = one.begin(TASK)
    assert len(one.model.calls) == 3
    assert "> out of words\n>\n> Shown by:" in text


def test_final_answer_may_be_called_in_any_way_and_more_than_once(table: Open) -> None:
    one = table(fence("y = sum(x); final_answer('One.')\nfinal_answer('Two.')"))
    assert "> One.\n>\n> Two.\n" in one.begin(TASK)
    assert one.blocks("task")[0].status == "done"


def test_cells_below_wait_until_the_task_has_ended(table: Open) -> None:
    one = table(fence("import os"), fence('final_answer("ok")'))
    assert "below [1" not in one.begin(TASK)
    assert one.kinds() == ["output", "proposal"]
    assert "below [1" in one.tick()


def test_what_could_do_anything_stands_until_it_is_ticked_and_runs_once(table: Open) -> None:
    one = table(fence("import os\nprint(os.getpid() > 0)"), fence('final_answer("ok")'))
    text = one.begin(TASK)
    assert "- [ ] run\n- [ ] deny\n" in text
    assert one.go() == text, "it waits, whatever goes on"
    assert "True" in one.tick()
    assert one.labels() == ["kept", "read"]


def test_a_denied_proposal_is_folded_and_the_doer_told(table: Open) -> None:
    one = table(fence("import shutil"), fence('final_answer("I leave it.")'))
    one.begin(TASK)
    text = one.tick("deny")
    assert "<details><summary>you denied it</summary>" in text
    assert '<attempt status="denied">' in one.model.calls[1].messages[-1]["content"]
    assert one.labels() == ["denied", "read"]


def test_the_author_edits_the_fence_and_his_version_runs(table: Open) -> None:
    one = table(fence("import shutil\nshutil.rmtree('x')"), fence('final_answer("ok")'))
    one.begin(TASK)
    text = one.save(lambda text: text.replace("import shutil\nshutil.rmtree('x')", "print('mine')"))
    assert "mine\n```" in text
    assert one.labels()[0] == "edited"


def test_what_the_author_got_by_running_it_himself_is_taken_and_marked(table: Open) -> None:
    one = table(fence("git push", language="bash"), fence('final_answer("pushed by you")'))
    one.begin(TASK)
    text = one.save(lambda text: text.replace("- [ ] deny\n", "- [ ] deny\n\n```\nEverything up-to-date\n```\n"))
    assert "status=by-hand" in text
    assert "Everything up-to-date" in one.model.calls[1].messages[-1]["content"]


def test_a_proposal_that_is_deleted_twice_is_denied(table: Open) -> None:
    one = table(fence("import shutil"), fence('final_answer("fine")'))
    one.begin(TASK)

    def without(text: str) -> str:
        block = next(block for block in Entry(text).envelopes if block.kind == "proposal")
        rows = Entry(text).rows
        return "".join(rows[: block.span.start] + rows[block.span.stop :])

    assert "proposal" in " ".join(one.save(without).split("<!-- nozzle:")), "a stale buffer is not an answer"
    one.save(without)
    assert one.labels()[0] == "deleted" or "fine" in one.text


def test_a_failed_cell_is_undone_in_the_kernel_and_stays_as_a_record(table: Open) -> None:
    one = table(fence("x.append(4)\nprint(1 / 0)"), fence("print(len(x))"), fence('final_answer("ok")'))
    text = one.begin(TASK)
    assert "<details><summary>ZeroDivisionError: division by zero</summary>" in text
    assert "3\n```" in text, "the kernel does not remember the attempt"
    assert "ZeroDivisionError" in one.model.calls[1].messages[-1]["content"]
    assert one.labels() == ["reversible", "undone", "read", "read"] or one.labels()[1] == "undone"


def test_budgets_are_checked_before_each_call(table: Open) -> None:
    one = table(*[fence(f"print({n})") for n in range(9)], task_steps=3)
    text = one.begin(TASK)
    assert len(one.model.calls) == 3
    assert "> Stopped: 3 cells were proposed, and task_steps allows no more." in text
    other = table(*[fence(f"print({n})") for n in range(9)], task_tokens=10)
    assert "task_tokens allows no more" in other.begin(TASK.replace("add", "sum"))


def test_where_no_price_is_known_it_is_said_once_that_dollars_bound_nothing(table: Open) -> None:
    one = table(fence("print(1)"), fence('final_answer("ok")'), fence('final_answer("ok")'))
    one.begin(TASK + "\n/do :here: another\n\n")
    (told,) = (each.text for each in one.workshop.notices if each.kind == "warning")
    assert told.startswith("the price of scripted is not known, so task_dollars bounds no task; task_steps")


@pytest.mark.parametrize(
    "reply", ["no cell at all", "a\n\n```{code-cell} julia\n1\n```", fence("1") + "\n" + fence("2")]
)
def test_a_reply_that_is_no_move_is_repaired_once_and_then_an_honest_block(table: Open, reply: str) -> None:
    one = table(reply, reply)
    text = one.begin(TASK)
    assert "> The doer could not go on: scripted replied twice in a form that cannot be used" in text
    assert one.blocks("task")[0].status == "failed"


def test_a_cell_takes_no_label_that_another_of_the_entry_has(table: Open) -> None:
    own = "\n```{code-cell} python\n#| label: fit\nprint('mine')\n```\n"
    one = table(
        fence("#| label: fit\nprint('theirs')"), fence("#| label: fit-2\nprint('other')"), fence("final_answer('ok')")
    )
    text = one.begin(TASK + own)
    assert "theirs" not in text
    assert text.count("label: fit\n") == 1
    again = one.model.calls[1].messages[-1]["content"]
    assert "a cell of this entry has the label fit already: choose another, or none" in again


def test_a_provider_that_fails_ends_the_task_with_what_had_come(table: Open) -> None:
    one = table(Failed("rate", "not so fast", "half"))
    text = one.begin(TASK)
    assert "> The doer could not go on: not so fast" in text
    assert "> half" in text


def test_a_reply_that_fails_is_counted_too(table: Open) -> None:
    cut = Failed("truncated", "cut off at the token limit")
    cut.usage = Usage(100_000, 4096)
    one = table(fence("print(1)"), cut)
    one.begin(TASK)
    step = next(step for step in one.workshop.here.steps.history() if step.trailers.get("Status") == "failed")
    assert int(step.trailers["Tokens-In"]) > 100_000
    assert int(step.trailers["Tokens-Out"]) > 4096


def test_where_nobody_counts_tokens_an_estimate_bounds_the_task_and_that_is_said(table: Open) -> None:
    silent = [Reply(fence(f"print({n})"), usage=Usage(100, 10, estimated=True), model="own") for n in range(9)]
    one = table(*silent, task_tokens=200)
    assert "> Stopped: about 220 tokens were spent, and task_tokens allows no more." in one.begin(TASK)
    told = [each.text for each in one.workshop.notices if each.kind == "warning"]
    words = "own does not say how many tokens it took, so task_tokens goes by an estimate"
    assert told[0].startswith(f"{words}: a token for every 4")
    assert len(told) == 2
    step = next(step for step in one.workshop.here.steps.history() if step.trailers.get("Status") == "stopped")
    assert step.trailers["Tokens"] == "estimated"


def test_sure_lets_one_run_and_sure_with_a_number_that_many(table: Open) -> None:
    risky = [fence(f"import os\nprint('risky', {n})") for n in range(3)]
    one = table(*risky, fence('final_answer("ok")'))
    one.begin(TASK)
    text = one.save(lambda text: text.replace("print('below', x)\n```\n", "print('below', x)\n```\n\n/sure 2\n\n"))
    assert "risky 1" in text
    assert "risky 2\n```" not in text
    assert one.kinds().count("proposal") == 1


@pytest.mark.parametrize("words", ["0", "-1", "two", "not yet, let me read it", "5 all", "10000", "\u00b2", "\u0663"])
def test_sure_with_words_that_are_no_consent_lets_nothing_run_and_says_so(table: Open, words: str) -> None:
    one = table(fence("import os\nprint('risky')"), fence('final_answer("ok")'))
    one.begin(TASK)
    text = one.save(lambda text: text + f"\n/sure {words}\n\n")
    assert "risky\n```" not in text
    assert f"> nozzle did not understand `/sure {words}`, which allows nothing: say `/sure`, `/sure 5`" in text
    assert [each for each in one.workshop.notices if each.kind == "held" and f"/sure {words}" in each.text]
    text = one.save(lambda text: text + "\n/sure\n\n")
    assert "risky\n```" in text
    assert "did not understand" not in text


def test_words_that_are_no_consent_leave_what_was_edited_and_it_waits(table: Open) -> None:
    one = table(fence("import os\nprint('risky')"), fence('final_answer("ok")'))
    one.begin(TASK)
    text = one.save(lambda text: text.replace("print('risky')", "print('mine')") + "\n/sure, perhaps\n\n/sure so\n\n")
    assert "\nimport os\nprint('mine')\n```\n\n- [ ] run" in text
    assert "mine\n```" in one.save(lambda text: text + "\n/sure\n\n")


def test_words_that_are_no_consent_leave_what_was_denied_or_run_by_hand(table: Open) -> None:
    one = table(*[fence(f"import os\nprint('risky', {n})") for n in range(2)], fence('final_answer("ok")'))
    one.begin(TASK)
    one.save(lambda text: text.replace("- [ ] deny", "- [x] deny") + "\n/sure not\n\n")
    text = one.save(
        lambda text: text.replace("- [ ] deny\n", "- [ ] deny\n\n```\nIt did.\n```\n") + "\n/sure it did\n\n"
    )
    assert "It did." in text
    assert one.labels() == ["denied", "by-hand", "read"]


def test_words_that_are_no_consent_end_what_was_allowed_beforehand(table: Open) -> None:
    one = table(*[fence(f"import os\nprint('risky', {n})") for n in range(3)], fence('final_answer("ok")'))
    one.begin(TASK)
    assert "risky 0\n```" not in one.save(lambda text: text + "\n/sure 3\n\n/sure no\n\n")
    text = one.save(lambda text: text + "\n/sure\n\n")
    assert "risky 0\n```" in text
    assert "risky 1\n```" not in text


def let_run(one: Table) -> None:
    """What stands is allowed, and has not started."""
    assert one.seat.tasks.answer("", "run")
    one.seat.tasks.tick(one.loop.clock())
    assert [each.state for each in one.seat.tasks.active.values()] == ["running"]
    assert one.loop.desks[one.path].run is None


@pytest.mark.parametrize("words", ["A thought.", "/sure 2"])
def test_a_save_between_an_allowance_and_the_start_of_its_cell_is_the_authors(table: Open, words: str) -> None:
    one = table(*[fence(f"import os\nprint('risky', {n})") for n in range(3)], fence('final_answer("ok")'))
    one.begin(TASK)
    let_run(one)
    text = one.save(lambda text: f"{text}\n{words}\n\n")
    assert "risky 0\n```" in text
    assert "Stopped" not in text
    assert ("risky 1\n```" in text) is (words == "/sure 2")
    assert one.kinds().count("proposal") == 1


def test_an_allowed_cell_waits_while_it_is_not_known_whether_another_cell_of_an_agent_wrote_the_text(
    table: Open,
) -> None:
    one = table(fence("import os\nprint('risky')"), fence('final_answer("ok")'))
    one.begin(TASK)
    let_run(one)
    one.seat.crew.running.add("of another entry")
    one.loop.desks[one.path].beside.told("saved", Entry(""))
    one.seat.tasks.tick(one.loop.clock())
    assert one.seat.tasks.active, "the task has not ended"
    for resolve in list(one.seat.crew.doubts):
        resolve(Finished("of another entry", "ok"))
    one.seat.crew.running.clear()
    assert "risky\n```" in one.go()
    assert one.blocks("task")[0].status == "done"


def test_doubts_end_with_the_cell_that_they_are_about_though_it_is_no_longer_in_the_text(table: Open) -> None:
    one = table(fence("import os, time\ntime.sleep(1)\nprint('risky')"), fence('final_answer("ok")'))
    one.begin(TASK)
    let_run(one)
    desk = one.loop.desks[one.path]
    desk.start(one.loop.clock())
    run = desk.run
    assert run is not None
    assert one.seat.crew.running == {run.cell.chain}
    text = one.save(lambda text: text.replace("x = [1, 2, 3]", "x = [1, 2, 4]"))
    assert not one.seat.crew.running
    assert not one.seat.crew.doubts
    assert "[1, 2, 4]" in text


def test_what_the_author_takes_to_answer_is_no_time_of_the_task(table: Open) -> None:
    one = table(fence("import os"), fence("import sys"), fence('final_answer("ok")'), task_seconds=1000.0)
    one.begin(TASK)
    clock = one.loop.clock
    one.loop.clock = lambda: clock() + 5000.0
    one.tick()
    one.loop.clock = lambda: clock() + 10_000.0
    one.tick("deny")
    assert one.blocks("task")[0].status == "done"


def test_what_it_thinks_and_runs_is(table: Open) -> None:
    one = table(fence("import os"), fence('final_answer("ok")'), task_seconds=1000.0)
    one.begin(TASK)
    (task,) = one.seat.tasks.active.values()
    task.began -= 2000.0
    one.tick()
    assert "s, and task_seconds allows no more." in one.text


def test_a_cell_that_runs_is_stopped_when_the_time_is_over(table: Open) -> None:
    one = table(fence("import time\nprint('begun', flush=True)\nwhile True:\n    time.sleep(0.01)"), task_seconds=2.0)
    one.begin(TASK)
    one.tick()
    assert "> Stopped: it took " in one.text
    assert "task_seconds allows no more." in one.blocks("task")[0].body[1]
    assert "\n*Stopped: it took " in one.text
    assert len(one.model.calls) == 1


def test_a_cell_that_asks_its_author_takes_none_of_the_time(table: Open) -> None:
    one = table(fence("import os\nprint('hello', input('who? '))"), fence('final_answer("ok")'), task_seconds=1000.0)
    one.begin(TASK)
    desk, clock, looks = one.loop.desks[one.path], one.loop.clock, [0]

    def later() -> float:
        """It passes while the question stands, which is answered after a while."""
        looks[0] += bool(desk.asks)
        if looks[0] == 60:
            desk.answer("me")
        return clock() + (5000.0 if looks[0] > 20 else 0.0)

    one.loop.clock = later
    one.tick()
    assert "hello me" in one.text
    assert one.blocks("task")[0].status == "done"


def test_a_reply_that_comes_without_end_is_hung_up_on_when_the_time_is_over(table: Open, workshop: Workshop) -> None:
    @dataclass
    class Dripping:
        name: str = "drip"
        hung_up: bool = False

        def reply(self, call: Call, tell: Tell, stop: Stop) -> Reply:
            while not stop.wait(0.01):
                tell("a ")
            self.hung_up = True
            raise Failed("stopped", "you stopped it")

    one, model = table(task_seconds=0.2), Dripping()
    workshop.here.model = model
    one.loop = one.workshop_loop()
    text = one.begin(TASK)
    assert "task_seconds allows no more." in text
    for _ in range(500):
        if not model.hung_up:
            time.sleep(0.01)
    assert model.hung_up


def test_nope_and_stop_are_said_in_the_text_too(table: Open) -> None:
    one = table(fence("import os"), fence("import sys"), fence('final_answer("ok")'))
    one.begin(TASK)
    one.save(lambda text: text + "\n/nope\n\n")
    assert one.labels() == ["refused"]
    text = one.save(lambda text: text + "\n/stop\n\n")
    assert "> You stopped it." in text
    assert one.blocks("proposal") == []


def test_the_terminal_answers_like_the_text(table: Open) -> None:
    one = table(fence("import os\nprint('ran')"), fence('final_answer("ok")'))
    one.begin(TASK)
    assert one.seat.tasks.answer("", "run")
    assert "ran\n```" in one.go()


def test_unattended_a_proposal_is_denied_after_a_limit(table: Open) -> None:
    one = table(fence("import os"), fence('final_answer("ok")'), unattended=0.05)
    text = one.begin(TASK)
    assert one.labels()[0] == "late"
    assert "<details><summary>import os: nobody answered within 0 s</summary>" in text


def test_both_agents_are_sent_the_same_up_to_the_explainers_last_message(table: Open) -> None:
    one = table(fence("print(1)"), fence('final_answer("ok")'), "An answer.")
    one.begin(TASK)
    one.save(lambda text: text + "\n/ask what was done?\n\n")
    first, second, asked = (call.messages for call in one.model.calls)
    assert list(second[: len(first)]) == list(first)
    assert list(asked[: len(second)]) == list(second)
    assert asked[-1]["content"].startswith("/explain")


def test_what_came_of_a_task_that_was_edited_says_so_until_it_is_as_it_was(table: Open) -> None:
    one = table(fence("import os"), fence('final_answer("ok")'))
    one.begin(TASK)
    text = one.tick()
    assert "> *Begun before the task was edited" in one.save(lambda text: text.replace("add them up", "count them"))
    assert one.save(lambda text: text.replace("count them", "add them up")) == text
    assert len(one.model.calls) == 2, "and nothing is done again"


def test_rewinding_the_text_rewinds_the_doer(table: Open) -> None:
    one = table(fence("print(1)"), fence('final_answer("ok")'))
    one.begin(TASK)
    entry = Entry(one.text)
    sent = [message.content for message in trajectory(entry, prompts(entry)[0].span.stop)]
    assert [each["content"] for each in one.model.calls[0].messages[1:]] == sent


def test_what_the_doer_claims_and_no_cell_shows_is_grey(table: Open) -> None:
    one = table(fence("print(sum(x))"), fence('final_answer("The sum is 6. The mean is 2.5.")'))
    text = one.begin(TASK)
    assert '> The sum is 6. <span class="unshown">The mean is 2.5. *(shown nowhere here)*</span>\n' in text


def run_with(one: Table, old: str, new: str) -> str:
    """The author changes a cell, and has all of it run."""
    one.path.write_text(one.text.replace(old, new))
    one.loop.advance([one.path])
    return one.go()


def test_what_was_claimed_is_weighed_anew_when_its_cells_have_run_again(table: Open) -> None:
    one = table(fence("print(sum(x) * 7)"), fence('final_answer("It is 42.")'))
    assert "> It is 42.\n" in one.begin(TASK)
    text = run_with(one, "x = [1, 2, 3]", "x = [1, 2, 4]")
    assert "\n49\n" in text
    assert '> <span class="unshown">It is 42. *(shown nowhere here)*</span>\n>\n> Shown by:' in text
    text = run_with(one, "x = [1, 2, 4]", "x = [1, 2, 3]")
    assert "> It is 42.\n>\n> Shown by:" in text
    assert run_with(one, "", "") == text


def test_what_the_last_cell_says_when_it_runs_again_is_what_the_task_found(table: Open) -> None:
    one = table(fence("y = sum(x) * 7\nprint(y)"), fence('final_answer(f"It is {y}.")'))
    one.begin(TASK.replace("add", "say: add"))
    run_with(one, "say: add", "say: count")
    text = run_with(one, "x = [1, 2, 3]", "x = [1, 2, 4]")
    assert "edited; delete this block to have it done again.*\n>\n> It is 49.\n>\n> Shown by:" in text


def test_what_the_last_cell_shows_besides_its_claims_bears_them_out(table: Open) -> None:
    """And its summary is what final_answer was given, and nothing else that it printed."""
    last = "#| label: last\nprint('working')\nprint(sum(x) * 7)\nfinal_answer('The product is 42. The mean is 2.5.')"
    text = table(fence(last)).begin(TASK)
    grey = '<span class="unshown">The mean is 2.5. *(shown nowhere here)*</span>'
    assert f"> The product is 42. {grey}\n>\n> Shown by: [last](#last)." in text


def test_what_the_last_cell_makes_is_shown_by_it(table: Open) -> None:
    last = "#| label: last\nwrite('_out/made.txt', '1')\nfinal_answer('Made.')"
    text = table(fence(last)).begin(TASK)
    assert "> Made.\n>\n> Shown by: [last](#last). Made: `journal/_out/made.txt`." in text


def test_the_terminal_is_told_the_summary_without_html(table: Open) -> None:
    one = table(fence("final_answer('The mean is 2.5.')"))
    text = one.begin(TASK)
    assert "> No cell shows it." in text
    told = [each.text for each in one.workshop.notices if each.kind == "task"]
    assert told[-1] == "done: The mean is 2.5. *(shown nowhere here)*"


def test_a_task_in_its_place_waits_for_one_above_and_says_so(table: Callable[..., Table]) -> None:
    """In the text and on the terminal, while the one above waits for the author; then it begins and says so no more."""
    end = fence("final_answer('Done.')")
    one = table(fence("import socket\nprint(1)"), end, fence("import socket\nprint(2)"), end)
    text = one.begin("/do :here: first *thing*\n\nWords.\n\n/do :here: second thing\n\nMore.\n")
    waits = "> Waits for [first \\*thing\\*](#said-"
    assert waits in text.partition("/do :here: second thing")[2]
    assert [block.status for block in one.blocks("status")] == ["waiting"]
    assert len(one.blocks("proposal")) == 1
    told = [each.text for each in one.workshop.notices if each.kind == "held"]
    assert told == ["second thing: it waits for 'first *thing*', which is under way above"]
    one.save(lambda text: text.replace("More.", "More of it."))
    assert len([each for each in one.workshop.notices if each.kind == "held"]) == 1
    text = one.tick()
    assert "Waits for" not in text
    text = one.tick()
    assert [block.status for block in one.blocks("task")] == ["done", "done"]
    assert text.startswith("/do :here: first *thing*\n\n<!-- nozzle:cell")
    assert text.endswith("\n\nMore of it.\n")


def test_a_task_in_its_place_says_which_long_cell_it_waits_for(
    table: Callable[..., Table], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nozzle.agents.seat.LONG", 0.0)
    monkeypatch.setattr("nozzle.agents.seat.SETTLE", 0.0)
    one = table(fence("final_answer('Done.')"))
    text = one.begin(
        "```{code-cell} python\n#| label: slow\nimport time\ntime.sleep(1)\n```\n\n/do :here: it\n\nMore.\n"
    )
    told = [each.text for each in one.workshop.notices if each.kind == "held"]
    assert told == ["it: it waits for 'slow', which runs above"]
    assert one.blocks("status") == []
    assert text.endswith("\n\nMore.\n")


@pytest.mark.parametrize("over", [False, True])
def test_what_had_come_when_a_task_was_stopped_is_kept_and_counts(table: Open, over: bool) -> None:
    one = table()

    class Streaming:
        name = "streaming"

        def reply(self, call: Call, tell: Tell, stop: Stop) -> Reply:
            tell("First words. " * 20 + ("<!-- nozzle:output v=1 -->" if over else ""))
            one.loop.messages.put(Called(lambda loop: one.seat.stop() and None))
            while not stop.wait(0.01):
                pass
            raise Failed("stopped", "you stopped it", "First words.")

    one.workshop.here.model = Streaming()
    one.loop = one.workshop_loop()
    text = one.begin("/do :here: it\n\n")
    assert ("First words." in text) is not over
    step = next(step for step in one.workshop.here.steps.history() if step.trailers.get("Status") == "stopped")
    assert int(step.trailers["Tokens-Out"]) >= 60
    assert step.trailers["Tokens"] == "estimated"


def test_what_waits_when_the_loop_ends_is_asked_again_by_the_next(table: Open) -> None:
    one = table(fence("import os"), fence('final_answer("Done.")'))
    text = one.begin(TASK)
    one.loop.messages.put(Quit("nozzle was told to end (SIGTERM)"))
    one.loop.run()
    assert one.text == text, "nobody answered, and nobody stopped it"
    one.loop.close()
    one.loop = one.workshop_loop()
    one.loop.advance([one.path])
    assert one.go().count("nozzle was started anew, so this is asked again") == 1
    assert "> Done." in one.tick()


def test_a_reply_that_streams_when_the_loop_ends_is_stopped_for_its_cause(table: Open) -> None:
    one = table()

    class Streaming:
        name = "streaming"

        def reply(self, call: Call, tell: Tell, stop: Stop) -> Reply:
            one.loop.messages.put(Quit("nozzle was told to end (SIGTERM)"))
            while not stop.wait(0.01):
                pass
            raise Failed("stopped", "you stopped it")

    one.workshop.here.model = Streaming()
    one.loop = one.workshop_loop()
    assert "> Stopped: nozzle was told to end (SIGTERM).\n" in one.begin("/do :here: it\n\n")


@pytest.mark.parametrize("asked", ["/do :here: it", "/ask what?"])
@pytest.mark.parametrize("name", ["system", "do", "answer", "voice"])
def test_an_instruction_that_is_no_text_is_named_in_one_line(workshop: Workshop, asked: str, name: str) -> None:
    workshop.here.model = Scripted(lambda messages: fence('final_answer("ok")'))
    workshop.write("", f"prompts/{name}.md").write_bytes(b"one\ncaf\xe9")
    path = workshop.write(f"# A\n\n{asked}\n\n")
    workshop.run(path)
    concerns = name in {"d": ("system", "do"), "a": ("system", "answer", "voice")}[asked[1]]
    assert (
        f"prompts/{name}.md:2: this instruction is not UTF-8; save it in that encoding" in path.read_text()
    ) is concerns
    faults = [each.text for each in workshop.notices if each.kind == "fault"]
    assert len(faults) == concerns


@pytest.mark.parametrize("kernel", ["ssh://nobody@127.0.0.1:1/~/x", "jupyter+http://127.0.0.1:9/base"])
@pytest.mark.parametrize("here", ["", ":here: "])
def test_where_no_agents_cell_could_run_no_model_is_asked(table: Open, kernel: str, here: str) -> None:
    one = table()
    text = one.begin(f"---\nkernel: {kernel}\n---\n\n# A\n\n/do {here}fit it\n\n")
    assert f"> The cells of this entry run at {kernel}, where nothing keeps those of an agent in bounds" in text
    assert not one.model.calls


def test_a_proposal_whose_task_was_edited_says_why_it_is_asked_again(table: Open) -> None:
    one = table(fence("import os"))
    one.begin(TASK)
    text = one.save(lambda text: text.replace("add them up", "add them all up"))
    assert text.count("Its task, or the text around it, has changed, so this is asked again.") == 1
    assert "started anew" not in text


def test_a_cell_that_was_to_raise_is_not_undone(table: Open) -> None:
    one = table(fence("#| tags: [raises-exception]\n1 / 0"), fence('final_answer("ok")'))
    one.begin(TASK)
    one.tick()
    assert "ZeroDivisionError" in one.text
    assert one.blocks("attempt") == []
    assert one.blocks("task")[0].status == "done"


@pytest.mark.parametrize("sign", ["\u202e", "\u2066", "\u200b"])
def test_a_sign_that_nobody_sees_is_sent_back(table: Open, sign: str) -> None:
    one = table(fence(f"x = 'a{sign}b'"), fence("print(sum(x))"), fence('final_answer("ok")'))
    text = one.begin(TASK)
    assert sign not in text
    assert one.labels() == ["read", "read"]


class _Ahead:
    """A clock that goes on by itself, and by an hour when it is told to; it sees what stands."""

    def __init__(self, one: Table) -> None:
        self.one, self.ahead, self.stood = one, 0.0, False

    def __call__(self) -> float:
        if not self.stood and self.one.blocks("proposal"):
            self.stood = True
            self.ahead += 3600
        return time.monotonic() + self.ahead


def test_a_countdown_begins_when_the_proposal_stands_however_long_the_model_thought(table: Open) -> None:
    one = table(countdown=1800.0, task_seconds=1e6)
    clock, replies = _Ahead(one), [fence("y = 1"), fence('final_answer("ok")')]

    def think(messages: object) -> str:
        clock.ahead += 3600
        return replies.pop(0)

    one.workshop.here.model = Scripted(think)
    one.loop = one.workshop_loop()
    one.loop.clock = clock
    one.path = one.workshop.write(TASK)
    one.loop.advance([one.path])
    one.go()
    assert clock.stood
    assert one.labels() == ["countdown", "read"]
