"""A note after a cell that surprised: the facts at once, then why, by the model, within a budget and for its reader."""

from dataclasses import replace

import pytest

from nozzle.document.entry import Entry
from nozzle.lm import Failed, Scripted
from tests.aot.conftest import needs_mlir
from tests.conftest import Workshop
from tests.words.conftest import cell

WARNS = cell("import warnings\nwarnings.warn('old data')")


def played(workshop: Workshop, model: Scripted, text: str, **settings: object) -> str:
    workshop.here.model = model
    workshop.here.settings = replace(workshop.here.settings, **settings)
    path = workshop.write(text)
    workshop.run(path)
    return path.read_text()


def test_the_facts_stand_behind_what_the_model_says_of_them(workshop: Workshop) -> None:
    model = Scripted(lambda messages: "The data are from last year.")
    text = played(workshop, model, WARNS)
    assert "by=explainer via=scripted -->\n\n> [!NOTE]\n> The data are from last year.\n" in text
    assert "> <details><summary>the facts</summary>\n>\n> New: `UserWarning: old data`" in text
    (call,) = model.calls
    assert call.messages[-1]["content"].startswith("/explain Write a note under the cell")
    assert "UserWarning: old data" in call.messages[-1]["content"]
    assert [block.kind for block in Entry(text).envelopes] == ["output", "note"]


DISAGREES = cell(
    """
import numpy as np
from nozzle import aot
from nozzle.aot import cpu
cpu.Native.run = lambda self, inputs: -1.0
@aot.compile
def cubed(a):
    return a * a * a
print(cubed(np.arange(4.0)).sum())
""".strip()
)


@needs_mlir
@pytest.mark.parametrize("explain", ["surprises", "news"])
def test_native_code_that_disagrees_is_news_in_the_text(workshop: Workshop, explain: str) -> None:
    text = played(workshop, Scripted(lambda messages: "nothing"), DISAGREES, explain=explain)
    assert "> [!NOTE]\n> Native code disagrees with Python, which answers in its place: `cubed` gave" in text
    assert "```text\n36.0\n```" in text


@pytest.mark.parametrize("reply", ["nothing", "Nothing.", Failed("rate", "not so fast")])
def test_where_the_model_has_nothing_to_say_the_facts_stay(workshop: Workshop, reply: str | Failed) -> None:
    text = played(workshop, Scripted(lambda messages: reply), WARNS)
    assert "> [!NOTE]\n> New: `UserWarning: old data`.\n" in text
    assert "via=facts" in text


def test_a_budget_bounds_the_models_notes_and_not_the_facts(workshop: Workshop) -> None:
    model = Scripted(lambda messages: "So it is.")
    text = played(workshop, model, WARNS + "\n" + WARNS.replace("old", "older"), notes=0)
    assert not model.calls
    assert text.count("> New: `UserWarning") == 2


def test_a_quiet_cell_costs_nothing(workshop: Workshop) -> None:
    model = Scripted(lambda messages: "So it is.")
    assert "nozzle:note" not in played(workshop, model, cell("print(1)"))
    assert not model.calls


def test_it_is_told_for_whom_it_writes(workshop: Workshop) -> None:
    model = Scripted(lambda messages: "A warning.")
    played(workshop, model, WARNS, reader="new to Python")
    assert model.calls[0].messages[-1]["content"].rstrip().endswith("The reader: new to Python.")


def noted(workshop: Workshop, voice: str, text: str) -> str:
    path = workshop.write(f"---\ntitle: t\nvoice: {voice}\n---\n\n{text}")
    workshop.run(path)
    workshop.run(path)
    return path.read_text()


def test_where_notes_are_wanted_and_there_is_no_model_a_note_says_what_the_cell_made(workshop: Workshop) -> None:
    text = noted(workshop, "notes", cell("import os\n_x = 1\ngrid = [[0.0] * 4] * 3\ndef half(a):\n    return a / 2"))
    (note,) = (block for block in Entry(text).envelopes if block.kind == "note")
    assert note.keys["via"] == "facts"
    made = "> Made `grid`: `list of 3: [[0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 0.0], [0.…`; `half`: `function half`"
    assert list(note.body) == ["> [!NOTE]", f"{made}, in less than a second. No model was asked."]


def test_what_surprises_stands_above_what_the_cell_made(workshop: Workshop) -> None:
    text = noted(workshop, "notes", cell("import warnings\nq = 1\nwarnings.warn('old data')"))
    assert "> New: `UserWarning: old data`.\n> Made `q`: `int 1`, in less than a second. No model was asked.\n" in text


@pytest.mark.parametrize(("voice", "code"), [("notes", "print(1)"), ("quiet", "x = 1"), ("conduct", "x = 1")])
def test_a_cell_that_made_nothing_or_is_not_to_be_explained_has_no_note(
    workshop: Workshop, voice: str, code: str
) -> None:
    assert "nozzle:note" not in noted(workshop, voice, cell(code))
