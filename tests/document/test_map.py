"""The map of an entry: every point has its line, the line says it, and what was taken back stands there as both."""

from pathlib import Path

import pytest

from nozzle.document.edit import Edit, apply
from nozzle.document.entry import Entry, Span
from nozzle.document.talk.quote import from_log, guessed
from nozzle.document.thought.map import Map, Point, condense
from nozzle.document.thought.said import named
from nozzle.document.thought.show import anchor, as_dict, as_page, as_text, placed, post
from tests.document.citation import supported

ROOT = Path(__file__).parents[2]
LOG = (ROOT / "tests/talk/scan.md").read_text()
TALK = Entry(from_log(LOG))
ENTRIES = [*sorted((ROOT / "journal").glob("*.md")), ROOT / "README.md"]
CELL = "```{code-cell} python\n#| label: count\nprint(len('bandwidth'))\n```\n"


def output(text: str, status: str = "ok", body: str = "9") -> str:
    """An entry whose last cell has run."""
    of = Entry(text).cells[-1].chain[:12]
    opening = f"<!-- nozzle:output v=1 of={of} status={status} sha=0 -->"
    return f"{text}\n{opening}\n\n```text\n{body}\n```\n\n<!-- /nozzle -->\n"


def states(text: str, *kinds: str) -> list[tuple[str, list[int]]]:
    found = condense(Entry(text)).of(*kinds)
    return [(point.state, [link.line for link in point.links]) for point in found]


def test_a_point_without_a_line_is_refused() -> None:
    with pytest.raises(ValueError, match="without a line"):
        Point("decision", "we stay", ())


@pytest.mark.parametrize("path", [*ENTRIES, None], ids=lambda path: path.name if path else "the talk")
def test_each_link_leads_to_text_that_says_it(path: Path | None) -> None:
    entry = Entry(path.read_text()) if path else TALK
    found = condense(entry)
    assert bool(found.points) != bool(entry.meta.get("condensed"))  # what was condensed says nothing of its own
    assert [point.words for point in found.points if not supported(entry, point)] == []
    assert sum(len(thread.paragraphs) for thread in found.threads) == found.paragraphs > 0


def test_a_link_to_a_line_that_says_something_else_is_not_supported() -> None:
    point = condense(TALK).of("decision", "reversal")[0]
    moved = Entry("\n\n\n" + TALK.text)
    assert not supported(moved, point)


def test_a_talk_gives_its_questions_decisions_reversals_and_the_next_step() -> None:
    found = condense(TALK)
    asked = [(point.words[:33], point.state) for point in found.of("question")]
    assert ("I wonder whether the memory bandw", "closed") not in asked
    assert ("what does numpy do for the carry ", "replied") in asked
    assert "I'm done with the C idea" in " ".join(point.words for point in found.of("reversal"))
    taken = [(TALK.rows[point.links[1].line][:22], point.words[:12]) for point in found.of("reversal")]
    assert ("I'm going to write it ", "Actually scr") in taken
    assert found.next is not None
    assert "math.fsum" in found.next.words


def test_a_machines_words_are_in_no_point() -> None:
    quotes = [block.span for block in TALK.envelopes]
    for point in condense(TALK).points:
        own = [link for link in point.links if link.by != "machine"]
        assert own[0] is point.links[0]
        assert not any(span.start <= link.line < span.stop for link in own for span in quotes)


def test_a_machines_last_question_leaves_the_map_when_its_end_is_moved() -> None:
    text = "RESPONDING\n\n**Yes.** It is — so.\n\nwhat is the first primitive?\n\nlol no\n\nTHINKING:\n\nHm.\n"
    entry = Entry(from_log(text))
    assert len(condense(entry).of("question")) == 1
    line = guessed(entry)[0].span.stop - 1
    moved = Entry(apply(entry.text, Edit(Span(line, line + 1), ""), Edit(Span(line + 4, line + 4), entry.rows[line])))
    assert condense(moved).of("question") == []


def test_a_question_is_closed_by_the_cell_below_it_once_that_has_run() -> None:
    text = "How long is the word bandwidth?\n\n" + CELL
    assert states(text, "question") == [("open", [0])]
    assert states(output(text), "question") == [("closed", [0, 2])]
    assert states(output(text, "error", "NameError: x"), "question") == [("open", [0])]


@pytest.mark.parametrize(
    ("asked", "code", "state"),
    [
        ("How fast is a copy?", 'print("unrelated")', "open"),
        ("How fast is a copy?", "copy_ms = 3", "closed"),
        ("How fast is it?", "import timeit", "closed"),
        ("Does the solver show convergence?", "print(converged)", "closed"),
        ("The matrix is banded. Is it symmetric?", "print(matrix == matrix.T)", "closed"),
        ("The matrix is banded. Is it symmetric?", "import os", "open"),
    ],
)
def test_a_cell_right_below_closes_a_question_only_when_it_has_to_do_with_it(asked: str, code: str, state: str) -> None:
    text = output(f"{asked}\n\n```{{code-cell}} python\n{code}\n```\n")
    (point,) = condense(Entry(text)).of("question")
    assert (point.state, point.note) == (state, "a cell" if state == "closed" else "a cell ran below it")
    assert ("(a cell ran below it)" in as_text(condense(Entry(text)), "e.md")) == (state == "open")


@pytest.mark.parametrize(
    ("task", "code", "state"),
    [
        ("Let's plot the residuals.", "print('unrelated')", "open"),
        ("Let's plot the residuals.", "plt.plot(residuals)", "closed"),
        ("Let's plot the residuals.", "residual = y - fit", "closed"),
        ("Can you time the copy?", "import timeit", "closed"),
        ("Can you time the copy?", "import os", "open"),
        ("The residuals are odd. Let's plot them.", "fit(residuals)", "closed"),
        ("TODO compare against fsum", "import os", "open"),
        ("TODO compare against fsum", "math.fsum(x)", "closed"),
        ("Let's try this.", "import os", "closed"),
    ],
)
def test_a_cell_right_below_closes_a_task_only_when_it_has_to_do_with_it(task: str, code: str, state: str) -> None:
    text = output(f"{task}\n\n```{{code-cell}} python\n{code}\n```\n")
    (point,) = condense(Entry(text)).of("task")
    assert (point.state, point.note) == (state, "a cell" if state == "closed" else "a cell ran below it")


@pytest.mark.parametrize(
    ("asked", "said", "state"),
    [
        ("Is the scan stable for odd lengths?", "Yes, the scan is stable for odd lengths.", "closed"),
        ("Is the scan stable for odd lengths?", "The scan is stable for odd lengths.", "closed"),
        ("Is the scan stable for odd lengths?", "No, for odd lengths it breaks.", "closed"),
        ("Is the scan stable for odd lengths?", "I wonder if the scan is stable for odd lengths", "open"),
        ("Is the scan stable for odd lengths?", "We should check the scan is stable for odd lengths.", "open"),
        ("Is the scan stable for odd lengths?", "The scan is an old idea.", "open"),
        ("Is the scan stable for odd lengths?", "Yes, I had lunch.", "open"),
        (
            "How large is the condition number of the Hilbert matrix?",
            "So the condition number is about 1.7e16.",
            "closed",
        ),
        ("How large is the condition number of the Hilbert matrix?", "The condition number is awkward.", "open"),
        ("How fast is a copy?", "We made a copy of 3 files.", "open"),
        ("How fast is a copy?", "A copy takes 3 ms.", "closed"),
    ],
)
def test_a_sentence_with_the_form_of_an_answer_closes_a_question(asked: str, said: str, state: str) -> None:
    points = condense(Entry(f"{asked}\n\nBeautiful weather.\n\n{said}\n")).of("question")
    assert points[0].state == state


@pytest.mark.parametrize(
    ("said", "state"),
    [
        ("Should we pad the blocks? Yes.", "closed"),
        ("Should we use LU for this? Nope, too slow.", "closed"),
        ("Why is it slow? Because it copies.", "closed"),
        ("Revert to step 0.1? God no.", "closed"),
        ("Any idea for the blocks? No.", "open"),
        ("Should we pad the blocks? No idea.", "open"),
        ("Should we pad the blocks? Yes? I doubt it.", "open"),
        ("Should we pad the blocks? It rains. Yes.", "open"),
        ("Why is it slow? Yes, I had lunch.", "open"),
    ],
)
def test_what_is_asked_and_answered_in_one_breath_is_closed(said: str, state: str) -> None:
    point = condense(Entry(f"{said}\n\nBeautiful weather.\n")).of("question")[0]
    assert point.state == state
    assert [link.words for link in point.links[1:]] == ([said.partition("? ")[2]] if state == "closed" else [])


@pytest.mark.parametrize(
    "text",
    [
        "We'll go with Cholesky for the solve.\n\nHm, not definite.\n\nWe will use LU instead.\n",
        "We'll go with Cholesky for the solve.\n\nHm, not definite.\n\nNope, Cholesky is out.\n",
    ],
)
def test_what_is_out_or_done_otherwise_takes_back_and_is_shown_with_both_lines(text: str) -> None:
    assert states(text, "decision", "reversal") == [("reversed", [0, 4]), ("stands", [4, 0])]
    assert "- We'll go with Cholesky" in as_text(condense(Entry(text)), "e.md")
    alone = text.partition("\n\n")[2]
    assert states(alone, "decision", "reversal") == [("stands", [2])]
    assert not condense(Entry(alone)).of("reversal")


def test_a_question_is_closed_by_a_paragraph_that_answers_it() -> None:
    text = (
        "Why does the calibration drift?\n\nBeautiful weather.\n\nTurns out the calibration used the wrong weekday.\n"
    )
    assert states(text, "question") == [("closed", [0, 4])]
    assert states(text.replace("calibration used", "cat ate"), "question") == [("open", [0])]


def test_a_task_is_closed_by_what_was_done() -> None:
    text = "let's move the reduce to the cpu\n\nit works now, with the reduce on the cpu\n"
    assert states(text, "task") == [("closed", [0, 2])]


def test_what_was_tried_in_vain_closes_no_task_and_is_not_done() -> None:
    text = "TODO: measure the gap of the cube.\n\nI tried to measure the gap of the cube and gave up.\n"
    assert states(text, "task", "done") == [("open", [0])]
    assert states(text.replace("tried to measure", "measured").replace(" and gave up", ""), "task") == [
        ("closed", [0, 2])
    ]


def test_a_ticked_item_is_no_open_task() -> None:
    found = condense(Entry("- [ ] check the parity argument\n- [x] check the degree argument\n"))
    assert [(point.words, point.state) for point in found.of("task")] == [
        ("check the parity argument", "open"),
        ("check the degree argument", "closed"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Should I use float32?\n\nYes.\n", [("closed", [0, 2])]),
        ("Does it converge?\n\nNo, it does not.\n", [("closed", [0, 2])]),
        ("Does the gap survive? Does Cheeger hold?\n\nYes.\n", [("open", [0]), ("closed", [0, 2])]),
        ("Does the gap survive?\n\nIt rains.\n\nYes.\n", [("open", [0])]),
        ("Why is the gap small?\n\nYes.\n", [("open", [0])]),
        ("Does it converge?\n\nNo, that is another matter, of which later.\n", [("open", [0])]),
    ],
)
def test_a_bare_yes_or_no_in_the_next_paragraph_answers_the_last_question(
    text: str, expected: list[tuple[str, list[int]]]
) -> None:
    assert states(text, "question") == expected


def test_what_takes_back_leads_to_what_it_takes_back() -> None:
    text = "We're going with numba.\n\nSo be it.\n\nScratch that, numba stalls for nine seconds.\n"
    assert states(text, "decision", "reversal") == [("reversed", [0, 4]), ("stands", [4, 0])]


def test_scratch_that_means_the_last_decision_when_it_names_none() -> None:
    text = "We're going with two passes.\n\nHm.\n\nScratch that.\n"
    assert states(text, "reversal") == [("stands", [4, 0])]


@pytest.mark.parametrize("last", ["Scratch the float64, float32 it is after all.", "No, wait: float32 after all."])
def test_what_was_taken_back_and_taken_up_again_stands_there_as_all_three(last: str) -> None:
    text = f"We will use float32.\n\nScratch that, we go with float64.\n\n{last}\n"
    found = condense(Entry(text))
    expected = [("reversed", [0, 2]), ("reversed", [2, 0]), ("stands", [4, 2])]
    assert states(text, "decision", "reversal") == expected
    shown = [row.split("  ")[1] for row in as_text(found, "e.md").split("Taken back\n")[1].split("\n")[:4]]
    assert shown == ["e.md:1", "e.md:3", "e.md:3", "e.md:5"]
    told = post(found, "e", "e.md")
    assert told.index("First it was “We will") < told.index("First it was “Scratch that, we go with float64")


@pytest.mark.parametrize("words", ["Actually, forget Cheeger entirely.", "Never mind the Cheeger bound."])
def test_what_names_something_else_takes_back_no_decision(words: str) -> None:
    text = f"We settled on 14 cubes.\n\n{words}\n"
    assert states(text, "decision", "reversal") == [("stands", [0]), ("stands", [2])]
    again = text.replace(words, "Actually, forget that idea entirely.")
    assert states(again, "reversal") == [("stands", [2, 0])]


def test_a_reversal_of_nothing_says_so() -> None:
    (point,) = condense(Entry("On second thought the sum comes first.\n")).of("reversal")
    assert (len(point.links), point.note) == (1, "what it takes back was not found")


def test_dropping_what_was_chosen_is_a_reversal_without_the_word() -> None:
    text = "We're going with numba for the scan.\n\nI'm done with numba, the scan stalls.\n"
    assert states(text, "reversal") == [("stands", [2, 0])]


def test_a_pivot_takes_back_what_it_leaves_and_not_what_it_goes_to() -> None:
    text = "We're going with Julia for the compiler.\n\nI'll use Zed for notes.\n\nA massive pivot from Julia to Zed.\n"
    assert states(text, "reversal") == [("stands", [4, 0])]


def test_what_is_wanted_stands_after_the_open_questions() -> None:
    found = condense(Entry("I want to build a place to think.\n\nhow fast is it?\n"))
    shown = as_text(found, "n.md")
    assert shown.index("how fast") < shown.index("What is wanted") < shown.index("a place to think")
    assert "We want this: " in post(found, "n", "n.md")


def test_each_of_two_that_are_alike_is_led_to() -> None:
    entry = Entry("Should I plot it?\n\nBetween.\n\nShould I plot it?\n")
    one, two = (point.links[0].digest for point in placed(condense(entry), entry).of("question"))
    assert (two, list(named(entry))[2]) == (f"{one}-2", f"{one}-2")


def test_what_did_not_run_or_failed_is_not_among_what_is_done() -> None:
    fenced = "```{code-cell} python\nimport os\nfrom math import (\n    pi,\n)\nprint(pi)\n```\n"
    waits = as_text(condense(Entry(fenced)), "e.md")
    assert "Not run, or not as it stands\n  e.md:1  … print(pi)  (not run yet)" in waits
    assert "Done, and what it showed" not in waits
    ran = output(fenced)
    assert "Done, and what it showed\n  e.md:1  ✓ print(pi)" in as_text(condense(Entry(ran)), "e.md")
    assert "Failed\n  e.md:1  ✗ print(pi)" in as_text(condense(Entry(ran.replace("status=ok", "status=error"))), "e.md")


def test_cells_and_what_they_showed_are_points() -> None:
    found = condense(Entry(output("Text.\n\n" + CELL))).of("cell")
    assert [(point.words, point.state, point.note) for point in found] == [("count", "ok", "9")]
    assert condense(Entry(CELL)).of("cell")[0].state == "waiting"


def test_a_pasted_error_names_its_place_and_is_got_over() -> None:
    (point,) = condense(TALK).of("traceback")
    assert point.note.startswith("at bench.py:4, `np.add.accumulate(x, out=out)`, an array has another size")
    assert point.state == "closed"


def test_open_questions_come_first_in_every_form() -> None:
    found = condense(TALK)
    assert as_text(found, "scan.md").split("\n\n")[1].startswith("Open questions\n  scan.md:")
    assert as_page(found, "scan.md", "../scan.md").split("## ")[1].startswith("Open questions")
    assert "no model was asked" in as_text(found, "scan.md")


def test_a_reversal_is_shown_with_both_lines() -> None:
    shown = as_text(condense(TALK), "scan.md").split("Taken back\n")[1]
    before, after = shown.split("\n")[:2]
    assert "  - I'm going to write it in numba first" in before
    assert "  + Actually scratch that, I'm not doing numba" in after


def test_every_sentence_of_a_post_is_linked_to_what_was_said() -> None:
    found = condense(TALK)
    body = post(found, "A scan", "scan.md")
    names = {anchor(link) for point in found.points for link in point.links}
    rows = [row for row in body.split("\n") if row.startswith(("- ", "We go on"))]
    assert rows
    for row in rows:
        assert any(f"](scan.md#{name})" in row for name in names)
    assert not any(row.startswith("/") for row in body.split("\n"))


def test_words_that_look_like_markup_stay_words() -> None:
    found = condense(Entry("why is `a*b` <b>{code-cell}</b> [x](y)?\n"))
    page = as_page(found, "n", "e")
    assert r"why is \`a\*b\` \<b>\{code-cell}\</b> \[x\](y)?" in page


def test_the_map_of_nothing_is_small() -> None:
    found = condense(Entry(""))
    assert found == Map((), ())
    assert "none" in as_text(found, "e.md")
    assert as_dict(found)["next"] is None


def test_a_paragraph_of_fifty_thousand_words_is_mapped() -> None:
    text = "the scan is slow and " * 10_000 + "so let's plot it\n"
    assert condense(Entry(text)).paragraphs == 1


def test_what_was_asked_of_the_agents_is_a_point_and_its_answer_a_reply() -> None:
    answer = "<!-- nozzle:answer v=1 of=1 by=explainer -->\n\n> [!TIP]\n> Memory.\n\n<!-- /nozzle -->\n"
    text = f"/ask why is it slow?\n\n{answer}"
    assert states(text, "question") == [("replied", [0, 5])]
    assert states("/do plot it\n", "task") == [("open", [0])]
    assert states(f"/ask why?\n\nno\n\n{answer}", "question") == [("open", [0])]


def test_a_command_that_was_offered_and_run_is_closed_by_its_cell() -> None:
    fenced = "```{code-cell} bash\nls\n```"
    cell = f"<!-- nozzle:cell v=1 of=1 id=2 by=explainer -->\n\n> Offered:\n\n{fenced}\n\n<!-- /nozzle -->\n"
    assert states(output("$ ls\n\n" + cell), "shell") == [("closed", [0, 6])]


def test_a_power_in_a_quoted_line_is_no_emphasis() -> None:
    body = post(condense(Entry("why does **it** stop at `2**24` and 3**2?\n")), "t", "e.md")
    assert "“why does it stop at \\`2\\*\\*24\\` and 3\\*\\*2?”" in body


@pytest.mark.parametrize(
    ("status", "body", "note"),
    [
        ("ok", "4 0.3\n8 0.02\n16 0.0001", "4 0.3 … 16 0.0001"),
        ("ok", "9", "9"),
        ("error", "Traceback\nKeyError: 1", "KeyError: 1"),
    ],
)
def test_a_cell_shows_where_its_output_begins_and_where_it_ends(status: str, body: str, note: str) -> None:
    assert [point.note for point in condense(Entry(output(CELL, status, body))).of("cell")] == [note]


def test_on_reflection_takes_back_what_was_decided_last() -> None:
    text = (
        "We will go with the Rayleigh quotient. On reflection, no: the gap via inverse iteration is what we go with.\n"
    )
    assert next((each.kind, each.state) for each in condense(Entry(text)).points) == ("decision", "reversed")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("I've decided not to publish the second chain.", "Decision: publish the second chain."),
        ("I'll use step 0.1.", "We're using step 2.4 from now on."),
        ("We'll use a mesh of 200 cells.", "We'll go with a mesh of 400 cells, it is fast enough."),
        ("We keep the boundary term.", "We're dropping the boundary term."),
        ("Platt it is.", "Beta then, not Platt."),
        ("We go with Platt for the first month.", "Beta, not Platt."),
        ("We go with beta, not Platt.", "Platt then, not beta."),
        ("Decision: we vary the hydration.", "Skip the hydration, vary autolyse."),
        ("We use float32.", "float64 it is."),
        ("We'll use 200 cells.", "Let's go with 400 cells."),
    ],
)
def test_what_is_decided_otherwise_later_is_taken_back(before: str, after: str) -> None:
    text = f"{before}\n\nBeautiful weather.\n\n{after}\n"
    assert states(text, "decision", "reversal") == [("reversed", [0, 4]), ("stands", [4, 0])]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("We will publish the second chain.", "We will not publish the first chain."),
        ("We will publish the chain.", "We won't publish the chain plots."),
        ("We won't publish the chain until Anna has looked.", "We will publish the chain."),
        ("We won't use it.", "We'll use it."),
        ("We'll keep figure 3.", "We'll keep figure 5."),
        ("We'll use a mesh of 200 cells.", "We'll use a step of 10 seconds."),
        ("I'll use step 0.1 for the coarse mesh.", "I'll use step 2.4 for the fine mesh."),
        ("We won't use numba for the tests.", "We'll use numba."),
        ("We won't use Platt.", "Beta, not Platt."),
        ("We go with beta, not Platt.", "Beta then, not Platt."),
        ("We go with Platt.", "A plan, not a promise."),
        ("We use the mean.", "The median is robust, not the mean."),
        ("We use numba.", "A problem with the disk, not numba."),
        ("We use Platt.", "Anna prefers beta instead of Platt."),
        ("We keep chain1.", "We keep chain2."),
    ],
)
def test_decisions_about_different_things_both_stand_and_nothing_is_said_of_it(before: str, after: str) -> None:
    text = f"{before}\n\nBeautiful weather.\n\n{after}\n"
    assert {(state, len(lines)) for state, lines in states(text, "decision", "reversal")} == {("stands", 1)}


@pytest.mark.parametrize(
    ("back", "taken"),
    [
        ("Skip hydration, do autolyse at 72.", True),
        ("Forget hydration.", True),
        ("Skip bulk time, do autolyse at 72.", False),
        ("Forget the flour.", False),
    ],
)
def test_figures_are_of_what_they_were_said_of(back: str, taken: bool) -> None:
    text = f"Three loaves: hydration 65, 72, 80. Flour 500 g.\n\nDecision: 65 vs 80, three loaves each.\n\n{back}\n"
    assert states(text, "decision")[0] == (("reversed", [2, 4]) if taken else ("stands", [2]))


def test_what_is_named_as_dropped_takes_back_the_task_that_chose_it() -> None:
    text = "Let's use Platt.\n\nHm.\n\nBeta instead of Platt.\n"
    assert states(text, "task", "decision", "reversal") == [("reversed", [0, 4]), ("stands", [4, 0])]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("We use float32.", "We use float64 for the solver."),
        ("We go with Platt.", "Beta, not Platt for the first month."),
    ],
)
def test_what_is_settled_otherwise_for_a_part_is_at_odds(before: str, after: str) -> None:
    assert states(f"{before}\n\nHm.\n\n{after}\n", "decision") == [("stands", [0, 4]), ("stands", [4, 0])]


def test_a_decision_against_a_part_of_another_is_named_with_it() -> None:
    text = "We won't publish the second chain.\n\nHm.\n\nDecision: publish the second chain with a caveat.\n"
    assert states(text, "decision", "reversal") == [("stands", [0, 4]), ("stands", [4, 0])]
    found = condense(Entry(text))
    assert "second chain.  (at odds with e.md:5)\n" in as_text(found, "e.md")
    assert "at odds with another decision ([there](e.md#said-" in post(found, "e", "e.md")


@pytest.mark.parametrize(
    ("said", "back", "line"),
    [
        ("No tempering: it is overkill here.", "I take back what I said about tempering.", 2),
        ("Tempering is the way to the second mode.", "Scrap the idea of tempering.", 2),
        ("Is tempering of use?", "I take back what I said about tempering.", 0),
        ("Tempering is the way to the second mode.", "I take back what I said about the mesh.", 0),
        ("Let's try tempering.", "Forget the part about the mesh.", 0),
        ("Tempering is the way to the second mode.", "Back to the idea of tempering.", 0),
        ("Tempering should do it.", "Forget tempering.", 2),
        ("Tempering loses the square.", "Forget tempering.", 0),
        ("Tempering should not be tried.", "Forget tempering.", 0),
        ("Canonical paths should do it.", "Forget paths of tempering.", 0),
    ],
)
def test_a_reversal_that_names_its_topic_leads_to_what_was_said_of_it(said: str, back: str, line: int) -> None:
    text = f"# Tempering\n\n{said}\n\nBeautiful weather.\n\n{back}\n"
    (point,) = condense(Entry(text)).of("reversal")
    assert [link.line for link in point.links] == ([6, line] if line else [6])
    assert bool(point.note) == (not line)


@pytest.mark.parametrize(
    ("decided", "back"),
    [
        ("We agreed in May on 0.4 because it gives few alerts.", "On second thoughts the second alert worries me."),
        ("We agreed in May on 0.4 because it gives few alerts.", "Scratch the alert sound."),
        (
            "We agreed on Monday to buy the sensor.",
            "On second thoughts the cable worries me: on Monday the sensor was fine.",
        ),
        ("We go with the red wire.", "Forget the red cable."),
        ("We settled on 14 cubes.", "Forget the 0.4."),
        ("We keep the scan.", "I'm done with numba, the scan stalls."),
        ("We'll use the coarse mesh for the plot.", "Forget the plot."),
    ],
)
def test_a_decision_is_not_taken_back_by_a_word_that_is_not_its_topic(decided: str, back: str) -> None:
    text = f"{decided}\n\nHm.\n\n{back}\n"
    assert [state for state in states(text, "decision", "reversal") if state[1][0] == 0] == [("stands", [0])]


@pytest.mark.parametrize(
    ("decided", "back"),
    [
        ("We settled on 0.4, alerts are rare then.", "Forget the 0.4."),
        ("We use a ring buffer for the queue.", "Scrap the ring buffer rewrite."),
        ("We go with Cheeger.", "Never mind the Cheeger bound."),
        ("Verdict: two tables.", "Forget the two tables, one will do."),
    ],
)
def test_a_decision_is_taken_back_by_what_it_is_about(decided: str, back: str) -> None:
    assert states(f"{decided}\n\nHm.\n\n{back}\n", "decision")[0] == ("reversed", [0, 4])


@pytest.mark.parametrize(
    "text",
    [
        "We use a step of 1/2.\n\n0.17 after all.\n\nRevert to 1/2.\n",
        "The rate is 3e-4.\n\n1e-3 after all.\n\nRevert to 3e-4.\n",
        "Step 1/2 looks right to me.\n\n0.17 after all.\n\nRevert to 1/2.\n",
    ],
)
def test_what_goes_back_to_a_figure_takes_back_what_had_replaced_it_and_is_no_task(text: str) -> None:
    assert states(text, "task") == []
    assert ("stands", [4, 2]) in states(text, "reversal")


@pytest.mark.parametrize("back", ["Revert to commit 3f2a1b.", "Revert to the last release.", "Revert to 1/3."])
def test_what_goes_back_to_something_that_nobody_said_before_is_a_task(back: str) -> None:
    assert states(f"We use a step of 1/2.\n\n0.17 after all.\n\n{back}\n", "task") == [("open", [4])]


def test_a_task_against_a_decision_takes_it_back_and_is_still_to_be_done() -> None:
    found = condense(Entry("We will not retrain weekly.\n\nHm.\n\nLet's retrain weekly instead.\n"))
    assert [(point.kind, point.state) for point in found.points] == [
        ("decision", "reversed"), ("reversal", "stands"), ("task", "open"),
    ]  # fmt: skip
    assert "- We will not retrain weekly" in as_text(found, "a.md")


@pytest.mark.parametrize("between", [" ", "\n\n"])
@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("Does the bound hold?", "It does, by Young's inequality applied twice to both of the terms."),
        ("Is it 3 or 4?", "Four."),
        ("Should I prove it in $L^2$ or in $H^1$?", "In $H^1$, because the other side of it needs that."),
        ("How do we notice drift, then?", "By a control chart on the mean prediction."),
        ("Beta or Platt?", "Beta, of course."),
        ("Is it the prior or the likelihood?", "Both."),
        ("How many sites are there?", "Seven."),
        ("Who signs the protocol?", "The chair."),
        ("Which optimiser?", "Adam, for now."),
        ("When is the deadline?", "Next Friday."),
    ],
)
def test_a_short_answer_right_behind_a_question_closes_it(asked: str, between: str, said: str) -> None:
    assert [state for state, _ in states(f"{asked}{between}{said}\n", "question")] == ["closed"]


@pytest.mark.parametrize("between", [" ", "\n\n"])
@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("Does the bound hold?", "Perhaps."),
        ("Does the bound hold?", "Not sure yet."),
        ("Does the bound hold?", "It does, I think."),
        ("Is it 3 or 4?", "Perhaps 4."),
        ("Is it 3 or 4?", "4 sites answered."),
        ("Beta or Platt?", "Platt costs more."),
        ("How many sites are there?", "Odd."),
        ("How do we notice drift?", "With some luck."),
        ("How do we notice drift?", "By then, perhaps."),
        ("Who signs the protocol?", "Whatever."),
        ("Which optimiser?", "Good question."),
        ("When is the deadline?", "Ask the chair."),
        ("Why does it diverge?", "Let's plot it."),
    ],
)
def test_what_is_no_answer_behind_a_question_leaves_it_open(asked: str, between: str, said: str) -> None:
    assert [state for state, _ in states(f"{asked}{between}{said}\n", "question")] == ["open"]


def test_what_follows_from_a_reversal_takes_nothing_back_of_its_own_paragraph() -> None:
    text = "We go with Strang.\n\nOn second thoughts, Lie splitting is enough. So back to Lie.\n"
    found = condense(Entry(text)).of("reversal")
    assert [point.state for point in found] == ["stands", "stands"]


def test_what_somebody_else_said_should_be_done_is_no_task() -> None:
    assert states("Anna said we should use the national registry.\n", "task") == []
    assert states("We should plot the residuals.\n", "task") == [("open", [0])]


def test_a_link_to_a_file_of_an_output_is_not_what_it_showed() -> None:
    body = "9 rows\n```\n\n[python, output 1 as HTML](_out/0c8c65c0.html)\n\n```text"
    (cell,) = condense(Entry(output("```{code-cell} python\nrows\n```\n", body=body))).of("cell")
    assert cell.note == "9 rows"
