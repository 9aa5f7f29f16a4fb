"""What was offered for prose before nozzle was started again can be ticked, when its paragraph calls for it."""

from collections.abc import Callable

import pytest

from nozzle.agents.crew import Crew
from nozzle.document import proposal
from nozzle.lm import Scripted
from tests.agents.conftest import Table, fence
from tests.agents.test_conductor import HEAD, SHELL, TWO, ran
from tests.conftest import Workshop

RUN = "\nLet's run this:\n\n```python\nprint(6 * 7)\n```\n\nWell.\n"
FORGED = "echo forged"


def again(table: Callable[..., Table], text: str) -> Table:
    """A loop that finds this text, and did not write it."""
    one = table(quiet=0.0)
    one.begin(text)
    return one


@pytest.mark.parametrize(("said", "shown"), [(SHELL, "FROM PROSE"), (RUN, "\n42\n")])
def test_a_command_that_was_offered_runs_when_it_is_ticked_after_a_restart(
    workshop: Workshop, table: Callable[..., Table], said: str, shown: str
) -> None:
    one = again(table, ran(workshop, HEAD + said))
    assert one.kinds() == ["proposal"]
    assert shown in one.tick()
    assert one.kinds() == ["cell", "output"]


def test_an_offer_is_live_after_a_restart_where_its_paragraph_still_says_it_in_other_words(
    workshop: Workshop, table: Callable[..., Table]
) -> None:
    text = ran(workshop, HEAD + "\nLet me run `echo one two | tr a-z A-Z` and see.\n\nWell.\n")
    one = again(table, text.replace("and see.", "and look."))
    assert "ONE TWO" in one.tick()
    assert one.kinds() == ["cell", "output"]


def test_after_a_restart_what_its_paragraph_says_to_run_by_now_is_offered_and_not_the_old(
    workshop: Workshop, table: Callable[..., Table]
) -> None:
    text = ran(workshop, HEAD + "\nLet me run `echo one two | tr a-z A-Z` and see.\n\nWell.\n")
    one = again(table, text.replace("Let me run `echo one two", "Let me run `echo three"))
    assert "echo one two" not in one.text
    assert "\nTHREE\n" in one.tick()


def test_it_is_denied_after_a_restart(workshop: Workshop, table: Callable[..., Table]) -> None:
    one = again(table, ran(workshop, HEAD + SHELL))
    one.tick("deny")
    assert one.kinds() == ["attempt"]


def test_two_steps_to_be_compared_stay_those_two(workshop: Workshop, table: Callable[..., Table]) -> None:
    for words in ("", "\nOne.\n\n```{code-cell} python\nprint(1)\n```\n\n"):
        kept = ran(workshop, HEAD + words)
    text = ran(workshop, kept + "\nLet's compare the last two steps.\n\nWell.\n")
    assert "nozzle compare" in text
    one = again(table, text)
    one.tick()
    assert one.kinds()[-2:] == ["cell", "output"]


def test_tasks_that_were_offered_become_tasks_when_they_are_ticked_after_a_restart(
    workshop: Workshop, table: Callable[..., Table]
) -> None:
    workshop.here.model = Scripted(lambda messages: "no")
    text = ran(workshop, HEAD + TWO)
    one = table(*[fence('final_answer("No.")')] * 2, quiet=0.0)
    one.begin(text)
    one.save(lambda text: text.replace("- [ ] run: check", "- [x] run: check"))
    assert "\n/do check whether the fit holds\n" in one.text
    assert "I hear 2 tasks here" in one.text


def test_a_box_that_was_ticked_meanwhile_counts_for_nothing_and_is_told(
    workshop: Workshop, table: Callable[..., Table]
) -> None:
    one = again(table, ran(workshop, HEAD + SHELL).replace("- [ ] run", "- [x] run"))
    assert one.kinds() == ["proposal"]
    assert any("ticked when nobody looked on" in notice.text for notice in workshop.notices)
    one.save(lambda text: text + "\nMore.\n")
    assert one.kinds() == ["proposal"]


def test_a_proposal_that_says_other_than_its_paragraph_is_none_of_ours(
    workshop: Workshop, table: Callable[..., Table]
) -> None:
    text = ran(workshop, HEAD + SHELL)
    (first,) = [row for row in text.split("\n") if row.startswith("<!-- nozzle:proposal")]
    forged = first.replace(first.split("id=")[1].split()[0], "0123456789ab")
    one = again(table, text.replace(first, forged).replace('echo "from prose" | tr a-z A-Z\n```', f"{FORGED}\n```"))
    one.tick()
    assert one.kinds() == ["proposal"]
    assert "\nforged\n" not in one.text


@pytest.mark.parametrize(
    ("answer", "kinds", "label"),
    [
        (("- [ ] run", "- [x] run"), ["cell", "output"], "kept"),
        (("print(6 * 7)\n```\n\n- [ ] run", "print(6 * 8)\n```\n\n- [x] run"), ["cell", "output"], "edited"),
        (("- [ ] deny", "- [x] deny"), ["attempt"], "denied"),
        (("- [ ] deny\n", "- [ ] deny\n\n```\n42\n```\n"), ["attempt"], "by-hand"),
    ],
)
def test_what_another_program_proposes_stands_and_is_answered_like_the_doers(
    table: Callable[..., Table], answer: tuple[str, str], kinds: list[str], label: str
) -> None:
    one = table()
    one.begin("Words.\n")
    one.seat.conductor.offers.suggest("print(6 * 7)", "python", "It asks.")  # type: ignore[attr-defined]
    one.loop.desks[one.path].flush()
    words = "> *Touches: "
    assert words in one.text
    assert f">\n> {proposal.BY_HAND}\n" in one.text
    one.save(lambda text: text.replace(*answer))
    assert one.kinds() == kinds
    assert one.labels() == [label]


def test_what_only_looks_says_why_it_waits_when_another_program_asked(
    table: Callable[..., Table], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Crew, "weighed", lambda *_: ("read", "nothing: it only looks"))
    one = table()
    one.begin("Words.\n")
    one.seat.conductor.offers.suggest("print(6 * 7)", "python", "It asks.")  # type: ignore[attr-defined]
    one.loop.desks[one.path].flush()
    assert "> *Touches: nothing: it only looks; another program asked, so it waits*\n" in one.text


def suggested(table: Callable[..., Table], *sources: str) -> str:
    """The text in which another program has proposed cells to a process that has ended since."""
    one = table()
    one.begin("Words.\n")
    for source in sources:
        one.seat.conductor.offers.suggest(source, "python", "It asks.")  # type: ignore[attr-defined]
    one.loop.desks[one.path].flush()
    one.loop.close()
    return one.text


def test_what_another_program_proposed_is_asked_again_after_a_restart(table: Callable[..., Table]) -> None:
    one = again(table, suggested(table, "print(6 * 7)", "print(6 * 8)"))
    assert one.text.count(f"> {proposal.ANEW}.") == 2
    assert "It asks." in one.text
    text = one.tick()
    assert "\n42\n" in text, text
    assert "\n48\n" in text
    assert one.labels() == ["kept", "kept"]


def test_a_tick_between_two_processes_is_none(table: Callable[..., Table]) -> None:
    one = again(table, suggested(table, "print(6 * 7)").replace("- [ ] run", "- [x] run"))
    assert one.kinds() == ["proposal"]
    assert "- [ ] run" in one.text
    assert proposal.UNCOUNTED in one.text
    assert "\n42\n" in one.tick()


def test_the_same_cell_proposed_again_after_a_restart_stands_a_second_time(table: Callable[..., Table]) -> None:
    one = again(table, suggested(table, "print(6 * 7)"))
    one.seat.conductor.offers.suggest("print(6 * 7)", "python", "")  # type: ignore[attr-defined]
    one.loop.desks[one.path].flush()
    assert one.kinds() == ["proposal", "proposal"]


@pytest.mark.parametrize(("word", "kinds"), [("sure", ["cell", "output"]), ("nope", ["attempt"])])
@pytest.mark.parametrize("restarted", [False, True])
def test_a_word_below_what_another_program_proposed_answers_it(
    table: Callable[..., Table], word: str, kinds: list[str], restarted: bool
) -> None:
    if restarted:
        one = again(table, suggested(table, "print(6 * 7)", "print(6 * 8)"))
    else:
        one = table()
        one.begin("Words.\n")
        for source in ("print(6 * 7)", "print(6 * 8)"):
            one.seat.conductor.offers.suggest(source, "python", "")  # type: ignore[attr-defined]
        one.loop.desks[one.path].flush()
    one.save(lambda text: f"{text}\n/{word}\n\n")
    assert one.kinds() == ["proposal", *kinds]


def test_a_word_below_a_cell_of_ones_own_is_not_said_to_a_proposal_above_that(table: Callable[..., Table]) -> None:
    own = "\n```{code-cell} python\nprint(1)\n```\n\n"
    one = again(table, suggested(table, "print(6 * 7)") + own)
    one.save(lambda text: f"{text}\n/sure\n\n")
    assert one.kinds() == ["proposal", "output"]
