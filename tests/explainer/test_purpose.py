"""What a cell is for is quoted from whoever wrote it, and never guessed."""

import pytest

from nozzle.document.entry import Entry
from nozzle.document.thought.said import said
from nozzle.explainer import Known, report
from nozzle.explainer.purpose import LONGEST, purpose
from tests.words.conftest import cell

DOER = "<!-- nozzle:cell v=1 of=1 id=2 by=doer -->\n\n> Add them up.\n>\n> Then stop.\n\n"


def told(text: str) -> str:
    entry = Entry(text)
    return purpose(entry, entry.cells[-1], tuple(said(entry)))


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (DOER + cell("# no\nx = 1") + "\n<!-- /nozzle -->\n", "Add them up."),
        (cell("#| label: a\n# Load the rows,\n# once.\nx = 1"), "Load the rows, once."),
        (cell("#!/bin/bash\n# list them\nls"), "list them"),
        (cell('"""Fit a line."""\nx = 1'), "Fit a line."),
        (cell('import os\n\n\ndef fit(x):\n    """Fit a line.\n\n    More of it.\n    """'), "Fit a line."),
        ("First this. Now the mean:\n\n" + cell("x = 1"), "Now the mean"),
        ("One.\n\n" + cell("x = 1") + "\n" + cell("y = x"), ""),
        ("/do it\n\n" + cell("x = 1"), ""),
        ("# Title\n\n> Somebody said so.\n\n" + cell("x = 1"), ""),
        (cell("x = ("), ""),
        (cell("# " + "word " * 60), ("word " * 60)[: LONGEST - 1].strip() + "…"),
    ],
)
def test_it_is_what_the_writer_said(text: str, words: str) -> None:
    assert told(text).replace(" …", "…") == words


def test_the_report_says_what_each_part_is_for_and_what_it_makes() -> None:
    entry = Entry("Load it.\n\n" + cell("#| label: load\nx = 1") + "\n" + cell("#| label: show\nprint(x)"))
    folded = report(entry, Known()).folded
    assert "- [load](#load) makes `x`: Load it.\n- [show](#show) prints or shows something" in folded


def test_the_report_tells_what_waits_for_the_author_and_what_the_author_meant_to_do() -> None:
    offer = "<!-- nozzle:proposal v=1 of=1 id=2 by=explainer risk=ask -->\n\n- [ ] run\n\n<!-- /nozzle -->\n"
    folded = report(Entry(f"Let's plot the error.\n\n{offer}"), Known()).folded
    assert "**Waits for you.** 1 proposed: line 3\n" in folded
    assert "**Next.** Nothing is due; you meant to: Let's plot the error. (line 1)" in folded
    assert report(Entry("The rain.\n"), Known()).folded.endswith("**Next.** Nothing is due.")
