"""Output that ends in the middle of a word: half a key looks like none, so it is not written."""

import pytest

from nozzle.document import scribe
from nozzle.document.edit import apply
from nozzle.document.entry import Entry
from nozzle.document.outputs import Text
from nozzle.document.scribe import Hand, Result
from nozzle.document.secrets import redact

TOKEN = "ghp_" + "x1" * 18
HAND = Hand(redact=lambda text: redact(text, ["sesame-open-now"]))


def written(text: str, cut: bool) -> str:
    entry = Entry("```{code-cell} python\n1\n```\n")
    edit = scribe.write(entry, Result(entry.cells[0].chain, "running", [Text("stdout", text)], cut=cut), HAND)
    assert edit is not None
    return apply(entry.text, edit)


@pytest.mark.parametrize("secret", [TOKEN, "sesame-open-now"])
def test_no_part_of_a_key_is_written_however_much_of_it_was_printed(secret: str) -> None:
    for length in range(1, len(secret) + 1):
        shown = written(f"the key: {secret[:length]}", cut=True)
        assert "the key:" in shown
        assert secret[:length] not in shown.replace("the key:", "") or length < 2


def test_what_is_whole_is_written_though_more_comes() -> None:
    assert "step 41\n" in written("step 41\n", cut=True)
    assert "....\n" in written("....", cut=True)
    assert "step 41\n" in written("step 41", cut=False)


def test_what_comes_after_its_cell_is_written_in_whole_words_too() -> None:
    text = written("a\n", cut=False).replace("status=running", "status=ok")
    entry = Entry(text)
    edit = scribe.late(entry, entry.cells[0].chain, f"key {TOKEN[:38]}", HAND)
    assert edit is not None
    assert TOKEN[:8] not in apply(text, edit)
