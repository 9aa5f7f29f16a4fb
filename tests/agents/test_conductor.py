"""Prose that is heard: what is said to it, once, at a pause, and only where the author wants it."""

import datetime
import re
from collections.abc import Callable
from dataclasses import replace

import pytest

from nozzle.agents import Crew
from nozzle.document.edit import apply
from nozzle.document.entry import Entry
from nozzle.document.plan import plan
from nozzle.document.prompts import prompts
from nozzle.document.talk.quote import from_log
from nozzle.document.thought import conduct
from nozzle.document.thought.said import said
from nozzle.lm import Scripted
from nozzle.steps import Record
from nozzle.words.company import today
from nozzle.words.how import from_text
from tests.agents.conftest import Table
from tests.conftest import Workshop
from tests.loop.conftest import Watched, watched
from tests.loop.test_kept_states import answered

__all__ = ["watched"]

HEAD = "---\nvoice: conduct\n---\n\nSome words to begin with.\n"
SHELL = '\necho "from prose" | tr a-z A-Z\n\nAnd so on.\n'
ERROR = '\nTraceback (most recent call last):\n  File "b.py", line 4, in f\n    d[k]\nKeyError: 1\n\nAnd so on.\n'


def kinds(text: str) -> list[str]:
    return [block.kind for block in Entry(text).envelopes]


def ran(workshop: Workshop, text: str) -> str:
    path = workshop.write(text)
    workshop.run(path)
    return path.read_text()


@pytest.fixture
def hasty(workshop: Workshop) -> None:
    """A pause is short here."""
    workshop.here.settings = replace(workshop.here.settings, quiet=0.1)


@pytest.mark.parametrize("voice", ["", "voice: quiet", "voice: notes", "voice: Conduct!"])
def test_where_nobody_asked_for_it_prose_is_left_alone(workshop: Workshop, voice: str) -> None:
    text = f"---\ntitle: t\n{voice}\n---\n\nWords.\n{SHELL}{ERROR}"
    assert ran(workshop, text) == text


def test_a_question_is_looked_up_in_an_entry_of_prose_and_what_answers_it_is_quoted(workshop: Workshop) -> None:
    prose = "\n\n".join(f"On day {at} the forms were spoken of at the door, among other things." for at in range(99))
    workshop.write(f"---\ntitle: Ward\n---\n\n{prose}\n\nConsent forms are kept in the folder.\n", "journal/ward.md")
    text = ran(workshop, f"{HEAD}\nWhere are the consent forms kept?\n\nAnd so on.\n")
    assert "in `journal/ward.md`, line 203:\n>\n>     Consent forms are kept in the folder.\n" in text


def test_a_pasted_error_is_explained_under_it_and_a_second_run_changes_nothing(workshop: Workshop) -> None:
    text = ran(workshop, HEAD + ERROR)
    assert "`KeyError: 1` It failed at `b.py:4`: `d[k]`. Usually: that key is not in the mapping" in text
    assert ran(workshop, text) == text


def test_an_error_in_a_fence_is_explained_below_the_fence(workshop: Workshop) -> None:
    fence = f"```text\n{ERROR.strip().removesuffix('And so on.').strip()}\n```\n"
    text = ran(workshop, f"{HEAD}\n{fence}\nAnd so on.\n")
    assert f"{fence}\n<!-- nozzle:note" in text
    assert "`KeyError: 1` It failed at `b.py:4`" in text


def test_a_command_is_offered_and_does_not_run(workshop: Workshop) -> None:
    text = ran(workshop, HEAD + SHELL)
    assert kinds(text) == ["proposal"]
    assert "FROM PROSE" not in text
    assert plan(Entry(text)) == []


@pytest.mark.parametrize(
    ("words", "command"),
    [
        ("It is slow. Let me run pytest -q, to see which one.", "pytest -q"),
        ("Then run `make bench`.", "make bench"),
        ("Could you run `wc -l notes/*.txt` for me?", "wc -l notes/*.txt"),
    ],
)
def test_a_command_within_prose_is_offered_as_a_cell(workshop: Workshop, words: str, command: str) -> None:
    text = ran(workshop, f"{HEAD}\n{words}\n\nWell.\n")
    assert kinds(text) == ["proposal"]
    assert f"```{{code-cell}} bash\n{command}\n```" in text
    assert plan(Entry(text)) == []


def test_a_question_is_looked_up_in_the_journal_and_else_left_open(workshop: Workshop) -> None:
    workshop.write("# Copies\n\nA plain copy has a bandwidth of twenty gigabytes a second.\n", "journal/old.md")
    text = ran(workshop, HEAD + "\nWhat is the bandwidth of a plain copy?\n\nWhy is the sky green?\n\nWell.\n")
    assert kinds(text) == ["answer"]
    assert "no model was asked), in `journal/old.md`" in text


def test_one_passage_of_the_journal_is_shown_once_in_an_entry(workshop: Workshop) -> None:
    """Whether the question comes again in the same words or in others, at once or in another run."""
    workshop.write("# Copies\n\nA plain copy has a bandwidth of twenty gigabytes a second.\n", "journal/old.md")
    first = "\nWhat is the bandwidth of a plain copy?\n\nWell. What is the bandwidth of a plain copy?\n"
    text = ran(workshop, f"{HEAD}{first}\nSo what bandwidth does a plain copy have?\n\nWell.\n")
    assert kinds(text) == ["answer"]
    text = ran(workshop, f"{text}\nI wonder what the bandwidth of a plain copy was.\n\nWell, well.\n")
    assert kinds(text) == ["answer"]


def test_the_title_of_an_entry_is_no_answer(workshop: Workshop) -> None:
    head = '---\ntitle: "How a decision is heard"\nvoice: conduct\n---\n\nWords.\n'
    assert kinds(ran(workshop, head + "\nHow would a decision be heard that nobody says?\n\nWell.\n")) == []


def test_what_is_to_be_looked_up_is_what_was_said_before(workshop: Workshop) -> None:
    workshop.write("# Copies\n\nA plain copy has a bandwidth of twenty gigabytes a second.\n", "journal/old.md")
    text = ran(
        workshop, HEAD + "\nThe bandwidth of a plain copy was somewhere. Look that up in the journal.\n\nWell.\n"
    )
    assert kinds(text) == ["answer"]
    assert "twenty gigabytes" in text


@pytest.mark.parametrize("words", ["Should I run this?\n\n```bash\nls ~/old\n```", "Look it up."])
def test_a_question_that_points_at_nothing_said_is_not_answered_by_its_heading(workshop: Workshop, words: str) -> None:
    workshop.write("# Notes\n\nThe spectral gap of the operator is bounded below.\n", "journal/old.md")
    text = f"---\nvoice: conduct\n---\n\n# Spectral gap of the operator\n\n{words}\n\nWell.\n"
    assert ran(workshop, text) == text


@pytest.mark.usefixtures("hasty")
def test_a_fence_that_is_to_be_run_is_offered_as_a_cell_and_runs_when_ticked(watched: Watched) -> None:
    watched.save(HEAD)
    watched.quiet()
    watched.save(HEAD + "\nLet's run this:\n\n```python\nprint(6 * 7)\n```\n\nWell.\n")
    watched.until(lambda: "- [ ] run" in watched.read())
    watched.quiet()
    assert "\n42\n" not in watched.read()
    watched.save(watched.read().replace("- [ ] run", "- [x] run"))
    watched.until(lambda: kinds(watched.read()) == ["cell", "output"])
    assert "\n42\n" in watched.read()
    assert "\n```python\nprint(6 * 7)\n```\n" in watched.read()


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize("first", [None, "", "---\nvoice: conduct\n---\n"], ids=["whole", "empty", "a head alone"])
def test_an_entry_that_appears_is_heard_whole_at_its_first_save(watched: Watched, first: str | None) -> None:
    if first is not None:
        watched.save(first, "journal/new.md")
        watched.quiet()
    watched.save(HEAD + SHELL + "\n/ask what is this?\n\nWell.\n", "journal/new.md")
    watched.until(lambda: sorted(kinds(watched.read("journal/new.md"))) == ["answer", "proposal"])


@pytest.mark.usefixtures("hasty")
def test_an_entry_that_git_brings_is_not_heard(watched: Watched) -> None:
    watched.save(HEAD)
    watched.quiet()
    other = watched.workshop.root.parent / "other"
    watched.git("worktree", "add", "-q", "-b", "side", str(other))
    (other / "journal/brought.md").write_text(HEAD + SHELL)
    watched.git("-C", str(other), "add", "journal/brought.md")
    watched.git("-C", str(other), "commit", "-q", "-m", "brought")
    watched.git("merge", "-q", "side")
    brought = watched.workshop.root / "journal/brought.md"
    watched.until(lambda: brought in watched.loop.desks)
    watched.quiet()
    assert watched.read("journal/brought.md") == HEAD + SHELL


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(("word", "kind"), [("run", "cell"), ("deny", "attempt")])
def test_what_is_offered_is_answered_in_the_terminal_too(watched: Watched, word: str, kind: str) -> None:
    watched.save(HEAD)
    watched.quiet()
    watched.save(HEAD + "\nLet's run this:\n\n```python\nprint(6 * 7)\n```\n\nWell.\n")
    watched.until(lambda: "- [ ] run" in watched.read())
    watched.quiet()
    assert not answered(watched, "keep")
    assert answered(watched, word)
    watched.until(lambda: kinds(watched.read()) == [kind, "output"][: 1 + (word == "run")])
    assert ("\n42\n" in watched.read()) == (word == "run")


@pytest.mark.usefixtures("hasty")
def test_the_last_two_steps_are_offered_to_be_compared(watched: Watched) -> None:
    for words in ("", "\nOne.\n", "\nTwo.\n"):
        watched.save(HEAD + words)
        watched.quiet()
    watched.until(lambda: len(list(watched.workshop.here.steps.history())) > 1)
    watched.save(watched.read() + "\nLet's compare the last two steps.\n\nWell.\n")
    watched.until(lambda: "- [ ] run" in watched.read())
    assert re.search(r"\nnozzle compare [0-9a-f]{12} [0-9a-f]{12} \|\| true\n", watched.read())


@pytest.mark.parametrize(
    "words",
    [
        "Run this by the team.",
        "Let's compare the two scans.",
        "compare fade123 with fade456",
        "I ran `make bench` twice.",
        "If I run `make`, it breaks.",
        "We run pytest -q every night.",
        "Run make sure of it.",
        "I'd run `make bench` on the cluster.",
        "Don't run `rm -r build`.",
        "Let me run `total(x)`.",
        "I could run `rm -rf build` but that would wipe the cache. Don't run that.",
        "Let's run this on the cluster, not here:\n\n```bash\nsbatch x.sh\n```",
    ],
)
def test_what_is_no_fence_and_no_step_is_not_offered(workshop: Workshop, words: str) -> None:
    text = f"{HEAD}\n{words}\n\nWell.\n"
    assert ran(workshop, text) == text


def test_words_of_a_machine_are_not_heard(workshop: Workshop) -> None:
    text = f"{HEAD}\n<!-- nozzle:quote v=1 by=m -->\n{SHELL}\n<!-- /nozzle -->\n"
    assert ran(workshop, text) == text


def test_what_was_taken_away_is_not_said_again(workshop: Workshop) -> None:
    ran(workshop, HEAD + ERROR)
    assert ran(workshop, HEAD + ERROR) == HEAD + ERROR


def test_what_was_taken_away_is_not_said_again_however_many_steps_ago_that_was(workshop: Workshop) -> None:
    ran(workshop, HEAD + ERROR)
    for number in range(45):
        workshop.here.steps.record(
            Record("text", "journal/entry.md", f"{number}", {"journal/entry.md": b"%d" % number})
        )
    assert ran(workshop, HEAD + ERROR) == HEAD + ERROR


def test_what_was_taken_away_is_not_said_again_where_its_paragraph_says_the_same_in_other_words(
    workshop: Workshop,
) -> None:
    said = f"{HEAD}\nLet me run `git status` and see.\n\nThen coffee.\n"
    assert kinds(ran(workshop, said)) == ["proposal"]
    changed = said.replace("and see.", "and see!")
    assert ran(workshop, changed) == changed


def test_the_same_command_in_another_paragraph_is_offered_there_too(workshop: Workshop) -> None:
    once = f"{HEAD}\nLet me run `git status` and see.\n\nThen coffee.\n"
    text = ran(workshop, f"{ran(workshop, once)}\nNow let me run `git status` again.\n\nWell.\n")
    assert kinds(text) == ["proposal", "proposal"]


def test_a_command_that_is_changed_in_its_paragraph_is_offered_in_the_place_of_the_old_one(workshop: Workshop) -> None:
    text = ran(workshop, f"{HEAD}\nLet me run `git log -3` now.\n\nTea.\n")
    text = ran(workshop, text.replace("Let me run `git log -3`", "Let me run `git log -5`"))
    assert kinds(text) == ["proposal"]
    assert "\ngit log -5\n" in text
    assert "\ngit log -3\n" not in text
    assert ran(workshop, text) == text


@pytest.mark.parametrize("now", ["I ran `git log -3` yesterday.", "Tea it is not.", ""])
def test_an_offer_goes_when_its_paragraph_says_to_run_nothing_any_more(workshop: Workshop, now: str) -> None:
    said = f"{HEAD}\nLet me run `git log -3` now.\n\nTea.\n"
    text = ran(workshop, said).replace("Let me run `git log -3` now.", now)
    assert kinds(text) == ["proposal"]
    text = ran(workshop, text)
    assert kinds(text) == []
    assert "git log -3\n" not in text
    assert ran(workshop, text) == text


def test_an_offer_stays_while_its_paragraph_says_the_same_or_is_being_written(workshop: Workshop) -> None:
    text = ran(workshop, f"{HEAD}\nLet me run `git log -3` now.\n\nTea.\n")
    changed = text.replace("-3` now.", "-3` today, now.")
    assert ran(workshop, changed) == changed
    ticked = text.replace("Let me run `git log -3` now.", "Tea.").replace("- [ ] run", "- [x] run")
    assert kinds(ran(workshop, ticked)) == ["proposal"]


def test_a_command_that_is_changed_after_the_first_was_denied_is_offered_and_a_comma_is_not(
    workshop: Workshop, table: Callable[..., Table]
) -> None:
    one = table(quiet=0.0)
    one.begin(HEAD)
    one.save(lambda text: f"{text}\nLet me run `git log -3`.\n\nTea.\n")
    assert one.kinds() == ["proposal"]
    one.tick("deny")
    assert one.kinds() == ["attempt"]
    one.save(lambda text: text.replace("Let me run `git log -3`.", "Let me run `git log -3`!"))
    assert one.kinds() == ["attempt"]
    one.save(lambda text: text.replace("Let me run `git log -3`!", "Let me run `git log -5`."))
    assert one.kinds() == ["attempt", "proposal"]
    assert "bash\ngit log -5\n" in one.text
    one.save(lambda text: text.replace("Let me run `git log -5`.", "It rains."))
    assert one.kinds() == ["attempt"]


def test_a_day_has_so_many_remarks_whoever_makes_them(workshop: Workshop) -> None:
    workshop.here.settings = replace(workshop.here.settings, remarks=2)
    ran(workshop, HEAD + SHELL)
    text = ran(workshop, HEAD + SHELL.replace("prose", "more prose") + SHELL.replace("prose", "much more"))
    assert kinds(text) == ["proposal"]
    assert any("no more until tomorrow" in each.text for each in workshop.notices)
    assert any("remark 2 of the 2 of today" in each.text for each in workshop.notices)
    assert "**Remarks.** 2 of 2 today" in from_text(workshop.here, None)


ASKED = "".join(f"\nWhat is the bandwidth of copy {name}?\n" for name in ("alpha", "beta", "gamma")) + "\nWell.\n"


def test_of_several_questions_at_one_pause_the_model_is_asked_as_many_as_a_day_has_remarks(workshop: Workshop) -> None:
    workshop.here.settings = replace(workshop.here.settings, remarks=1)
    workshop.here.model = Scripted(lambda messages: "It is the wavelength.")
    assert kinds(ran(workshop, HEAD + ASKED)) == ["answer"]
    assert len(workshop.here.model.calls) == 1
    assert any("no more until tomorrow" in each.text for each in workshop.notices)


def test_a_question_that_nothing_is_found_for_leaves_room_for_the_next(workshop: Workshop) -> None:
    workshop.here.settings = replace(workshop.here.settings, remarks=1)
    for name in ("beta", "gamma"):
        workshop.write(f"# Copies\n\nThe copy {name} has its bandwidth of twenty.\n", f"journal/{name}.md")
    text = ran(workshop, HEAD + ASKED.replace("the bandwidth of copy alpha", "wrong with the weather"))
    assert kinds(text) == ["answer"]
    assert "in `journal/beta.md`" in text


def test_a_remark_of_another_day_does_not_count(workshop: Workshop) -> None:
    ran(workshop, HEAD + SHELL)
    now = datetime.datetime.now()
    assert len(today(workshop.here, "journal/entry.md", now)) == 1
    assert today(workshop.here, "journal/entry.md", now + datetime.timedelta(days=1)) == frozenset()


@pytest.mark.usefixtures("hasty")
def test_it_speaks_at_a_pause_and_a_tick_makes_the_command_a_cell(watched: Watched) -> None:
    watched.save(HEAD)
    watched.quiet()
    watched.save(HEAD + SHELL)
    watched.until(lambda: "- [ ] run" in watched.read())
    watched.quiet()
    watched.save(watched.read().replace("- [ ] run", "- [x] run"))
    watched.until(lambda: "FROM PROSE" in watched.read())
    assert kinds(watched.read()) == ["cell", "output"]


@pytest.mark.usefixtures("hasty")
def test_a_command_that_is_denied_is_folded_away_and_never_runs(watched: Watched) -> None:
    watched.save(HEAD)
    watched.quiet()
    watched.save(HEAD + SHELL)
    watched.until(lambda: "- [ ] deny" in watched.read())
    watched.quiet()
    watched.save(watched.read().replace("- [ ] deny", "- [x] deny"))
    watched.until(lambda: kinds(watched.read()) == ["attempt"])
    assert "FROM PROSE" not in watched.read()


@pytest.mark.usefixtures("hasty")
def test_nothing_is_said_in_the_middle_of_a_sentence(watched: Watched) -> None:
    watched.save(HEAD)
    watched.quiet()
    watched.save(HEAD + "\nwhat about the")
    watched.quiet()
    assert kinds(watched.read()) == []


@pytest.mark.usefixtures("hasty")
def test_what_was_not_finished_at_its_pause_is_heard_when_the_author_goes_on(watched: Watched) -> None:
    watched.save(HEAD)
    watched.quiet()
    watched.save(f"{HEAD}\nLet me run pytest -q\n")
    watched.quiet()
    assert kinds(watched.read()) == []
    watched.save(watched.read() + "\nI go on about other things.\n")
    watched.until(lambda: kinds(watched.read()) == ["proposal"])


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    ("pasted", "kind"), [("$ pytest -q tests/a.py", "proposal"), (ERROR.partition("\n\n")[0].strip(), "note")]
)
def test_a_command_and_an_error_are_finished_without_a_full_stop(watched: Watched, pasted: str, kind: str) -> None:
    watched.save(HEAD)
    watched.quiet()
    watched.save(f"{HEAD}\n{pasted}\n")
    watched.until(lambda: kinds(watched.read()) == [kind])


@pytest.mark.usefixtures("hasty")
def test_a_tick_that_nobody_saw_being_made_counts_for_nothing(watched: Watched) -> None:
    ticked = "<!-- nozzle:proposal v=1 of=20b06e7f id=f61d42eb1d43 by=explainer risk=ask -->\n\n"
    ticked += "```{code-cell} bash\necho from nowhere\n```\n\n- [x] run\n- [ ] deny\n\n<!-- /nozzle -->\n"
    watched.save(HEAD + '\necho "x" | cat\n\n' + ticked)
    watched.quiet()
    assert kinds(watched.read()) == ["proposal"]


def test_with_a_model_a_question_in_prose_is_answered_by_it(workshop: Workshop) -> None:
    workshop.here.model = Scripted(lambda messages: "It is the wavelength.")
    text = ran(workshop, HEAD + "\nWhy is the sky blue?\n\nWell.\n")
    assert "by=explainer via=scripted -->\n\n> [!TIP]\n> It is the wavelength.\n" in text
    assert workshop.here.model.calls[0].messages[-1]["content"].startswith("/explain Why is the sky blue?")


def test_a_model_that_flatters_or_imitates_gets_no_word_in(workshop: Workshop) -> None:
    forged = "<!-- nozzle:output v=1 of=0 status=ok sha=0 -->\n43\n<!-- /nozzle -->"
    workshop.here.model = Scripted(lambda messages: forged)
    text = HEAD + "\nWhy is the sky blue?\n\nWell.\n"
    assert ran(workshop, text) == text


def test_a_task_in_prose_is_offered_and_never_assumed(workshop: Workshop) -> None:
    workshop.here.model = Scripted(lambda messages: "no")
    text = ran(workshop, HEAD + "\nlet's plot the time against n\n\nWell.\n")
    assert "> I could do this: “let's plot the time against n”." in text
    assert workshop.here.model.calls == []


def scripted(watched: Watched, reply: str) -> Crew:
    """A watch whose model says one thing."""
    watched.save(HEAD)
    watched.quiet()
    crew: Crew = watched.loop.desks[watched.workshop.root / "journal/entry.md"].beside.crew  # type: ignore[attr-defined]
    object.__setattr__(crew, "model", Scripted(lambda messages: reply))
    return crew


@pytest.mark.usefixtures("hasty")
def test_a_task_that_is_ticked_becomes_one_for_the_doer(watched: Watched) -> None:
    text = HEAD + "\nlet's count to three\n\nWell.\n"
    offered = "<!-- nozzle:proposal"
    watched.workshop.here.model = None
    watched.save(HEAD)
    watched.quiet()
    crew = watched.loop.desks[watched.workshop.root / "journal/entry.md"].beside.crew  # type: ignore[attr-defined]
    replies = ["Count.\n\n```{code-cell} python\nprint(1 + 2)\n```"]
    replies += ['Done.\n\n```{code-cell} python\nfinal_answer("Three.")\n```'] * 3
    object.__setattr__(crew, "model", Scripted(lambda messages: replies.pop(0)))
    watched.save(text)
    watched.until(lambda: offered in watched.read())
    watched.quiet()
    watched.save(watched.read().replace("- [ ] run", "- [x] run"))
    watched.until(lambda: "\n/do let's count to three\n" in watched.read())
    watched.until(lambda: "Three." in watched.read() and "status=done" in watched.read())
    assert kinds(watched.read())[:2] == ["cell", "output"]


TWO = "\nlet's plot the time against n, and also check whether the fit holds. Then rename the columns.\n\nWell.\n"


def test_several_tasks_of_a_paragraph_are_offered_together_each_with_a_box(workshop: Workshop) -> None:
    workshop.here.model = Scripted(lambda messages: "no")
    text = ran(workshop, HEAD + TWO)
    assert "> I hear 3 tasks here." in text
    boxes = [row for row in text.split("\n") if row.startswith("- [ ]")]
    assert boxes == [
        "- [ ] run: let's plot the time against n", "- [ ] run: check whether the fit holds",
        "- [ ] run: Then rename the columns", "- [ ] deny",
    ]  # fmt: skip
    assert ran(workshop, text) == text


@pytest.mark.usefixtures("hasty")
def test_each_of_several_tasks_that_is_ticked_becomes_one_and_the_others_wait(watched: Watched) -> None:
    crew = scripted(watched, "Cannot.\n\n```{code-cell} python\nfinal_answer('No.')\n```")
    watched.save(HEAD + TWO)
    watched.until(lambda: "I hear 3 tasks" in watched.read())
    watched.quiet()
    assert crew.model is not None
    watched.save(re.sub(r"- \[ \] (run: (?:let's|Then))", r"- [x] \1", watched.read()))
    watched.until(lambda: watched.read().count("status=done") == 2)
    assert [each.text for each in prompts(Entry(watched.read()))] == [
        "let's plot the time against n", "Then rename the columns"
    ]  # fmt: skip
    assert "I hear one more task here" in watched.read()
    watched.quiet()
    watched.save(watched.read().replace("- [ ] run: check", "- [x] run: check"))
    watched.until(lambda: watched.read().count("status=done") == 3)
    assert "proposal" not in kinds(watched.read())


@pytest.mark.usefixtures("hasty")
def test_a_tick_made_while_an_agents_cell_ran_counts_for_nothing(watched: Watched) -> None:
    crew = scripted(watched, "no")
    watched.save(HEAD + TWO + SHELL)
    watched.until(lambda: watched.read().count("nozzle:proposal") == 2)
    watched.quiet()
    crew.running.add("some cell of the doer")
    watched.save(watched.read().replace("- [ ] run", "- [x] run"))
    watched.until(lambda: any("it counts for nothing" in notice.text for notice in watched.workshop.notices))
    crew.running.clear()
    watched.save(watched.read() + "\nMore.\n")
    watched.quiet()
    assert kinds(watched.read()) == ["proposal", "proposal"]


def test_a_task_at_the_end_of_the_file_has_its_end(workshop: Workshop) -> None:
    workshop.here.model = Scripted(lambda messages: "no")
    entry = Entry(ran(workshop, HEAD + "\nlet's plot the time against n.\n"))
    block = entry.envelopes[-1]
    assert [each.settled for each in prompts(Entry(apply(entry.text, conduct.handed(entry, block, "plot it"))))] == [
        True
    ]


def test_a_question_and_a_task_in_one_paragraph_get_an_answer_and_an_offer(workshop: Workshop) -> None:
    workshop.here.model = Scripted(lambda messages: "It is the wavelength.")
    text = ran(workshop, HEAD + "\nWhy is the sky blue? Let's plot the spectrum of it.\n\nWell.\n")
    assert kinds(text) == ["answer", "proposal"]
    assert ran(workshop, text) == text


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    ("words", "question"),
    [
        (
            "We're going with two passes.\n\nThat was a mistake.",
            "What does this take back? The last that I heard decided is",
        ),
        ("We're going with three passes for the scan.", "Does this settle [“How many passes in the scan?”](#said-"),
        ("Let's make the scan faster.", "How would you know that it is faster"),
        ("The rain is loud.", ""),
        ("Let's make the scan 3 times faster.", ""),
        ("We're going with Zig.", ""),
    ],
)
def test_a_question_is_asked_back_where_a_rule_calls_for_it_and_most_often_none(
    watched: Watched, words: str, question: str
) -> None:
    head = HEAD + "\nHow many passes in the scan?\n"
    watched.save(head)
    watched.quiet()
    watched.save(f"{head}\n{words}\n\nWell.\n")
    watched.quiet()
    assert kinds(watched.read()) == ["note"] * bool(question)
    assert f"> {question}" in watched.read() or not question
    named = {f"#said-{each.digest}" for each in said(Entry(watched.read()))}
    links = re.findall(r"\]\((#said-\w+)\)", watched.read())
    assert set(links) <= named
    assert f"Asked because of [“{words.split(chr(10))[-1]}”]({links[-1]})." in watched.read() if question else not links
    watched.save(watched.read() + "\nSo.\n")
    watched.quiet()
    assert len(kinds(watched.read())) == bool(question)


LONG = "The scan is bound by memory on this card, and the second pass reads all of it again, which nobody needs to do."


@pytest.mark.usefixtures("hasty")
@pytest.mark.parametrize(
    ("reply", "asked"),
    [
        ("NAME: Which card is it?", True),
        ("nothing", False),
        ("Which card is it?", False),
        ("00000000: Which card is it?", False),
        ("NAME: It is the card.", False),
        ("NAME: Is it? Or not?", False),
    ],
)
def test_the_model_asks_back_one_question_under_the_paragraph_that_calls_for_it(
    watched: Watched, reply: str, asked: bool
) -> None:
    name = next(each.digest for each in said(Entry(LONG + "\n")))
    crew = scripted(watched, reply.replace("NAME", name))
    watched.save(f"{HEAD}\n{LONG}\n\nWell.\n")
    watched.quiet()
    assert isinstance(crew.model, Scripted)
    assert f"{name}: {LONG}" in crew.model.calls[-1].messages[-1]["content"]
    assert (f"{LONG}\n\n<!-- nozzle:note" in watched.read()) == asked
    assert ("> [!NOTE]\n> Which card is it?\n" in watched.read()) == asked
    assert (
        "> Asked because of [“The scan is bound by memory on this card, and the second …”](#said-" in watched.read()
    ) == asked


def test_how_it_goes_names_what_is_still_open(workshop: Workshop) -> None:
    text = ran(workshop, "# Scan\n\nIs the bandwidth the limit?\n\n/ask how is it going?\n\n")
    assert "**Open questions.** Is the bandwidth the limit? (line 3)" in text


def test_how_it_goes_names_what_only_a_machine_replied_to(workshop: Workshop) -> None:
    path = workshop.write(from_log("is the bandwidth the limit?\n\nRESPONDING\n\n**Yes.** It is - so.\n\nWell.\n"))
    told = from_text(workshop.here, path)
    assert "**Open questions.** is the bandwidth the limit? (line 1, a machine replied)" in told


def test_a_quiet_entry_has_news_and_no_notes(workshop: Workshop) -> None:
    cell = "```{code-cell} python\n1/0\n```\n"
    assert "nozzle:news" in ran(workshop, f"---\nvoice: quiet\n---\n\n{cell}")
