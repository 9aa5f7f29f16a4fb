"""A note is written when something surprises, and not otherwise."""

from dataclasses import replace

import pytest

from nozzle.document import scribe
from nozzle.document.edit import apply
from nozzle.document.entry import Entry, Envelope
from nozzle.document.facts import Facts
from nozzle.document.outputs import Output, Text
from nozzle.document.plan import Why
from nozzle.document.scribe import Hand, Result
from nozzle.explainer import Ran, disagreement, flattery, made, surprises
from tests.words.conftest import cell

ENTRY = Entry(cell("print(loss)"))
QUICK = Facts("ok", 0.1, 50_000_000)


def output(*shown: Output) -> Envelope:
    edit = scribe.write(ENTRY, Result(ENTRY.cells[0].chain, "ok", shown), Hand())
    assert edit is not None
    found = Entry(apply(ENTRY.text, edit)).slots[0].output
    assert found is not None
    return found


def said(
    before: Envelope | None, after: Envelope, why: Why = "above changed", last: Facts = QUICK, now: Facts = QUICK
) -> str:
    found = surprises(Ran(ENTRY.cells[0], why, before, after, last, now))
    return f"{found.text}\n{found.folded}" if found else ""


OLD = output(Text("stdout", "loss: 0.31\nsteps 10\n"))


def test_a_number_that_changed_although_the_cell_did_not_is_told() -> None:
    new = output(Text("stdout", "loss: 0.42\nsteps 10\n"))
    assert "`loss`: `0.31` became `0.42`" in said(OLD, new)


@pytest.mark.parametrize("why", ["edited", "new"])
def test_a_number_of_a_cell_that_was_edited_is_no_surprise(why: Why) -> None:
    assert said(OLD, output(Text("stdout", "loss: 0.42\nsteps 10\n")), why) == ""


def test_the_same_again_is_no_surprise() -> None:
    assert said(OLD, OLD) == ""
    assert said(None, OLD, "new") == ""


def test_a_new_warning_is_told_and_an_old_one_is_not() -> None:
    warned = output(Text("stderr", "cell:1: RuntimeWarning: divide by zero\n"))
    assert "New: `RuntimeWarning: divide by zero`" in said(output(), warned, "edited")
    assert said(warned, warned, "edited") == ""


def test_what_a_program_logs_on_stderr_is_no_result() -> None:
    shown = Text("stdout", "loss: 0.31\n")
    was, now = (output(Text("stderr", f"12:0{n} INFO step {n}\n" * n), shown) for n in (1, 2))
    assert said(was, now) == ""
    assert "`0.31` became `0.42`" in said(was, output(Text("stderr", "12:09\n"), Text("stdout", "loss: 0.42\n")))
    quoting = output(Text("stdout", "<details><summary>stderr</summary>\nloss: 0.31\n"))
    assert "became" in said(quoting, output(Text("stdout", "<details><summary>stderr</summary>\nloss: 0.42\n")))


@pytest.mark.parametrize(
    ("was", "now", "told"),
    [
        ("n 1000 auc 0.81", "n 1000 auc 0.62", "`n 1000 auc 0.81` became `n 1000 auc 0.62`"),
        ("{'patients': 1000, 'auc': 0.81}", "{'patients': 1000, 'auc': 0.62}", "`auc`: `0.81` became `0.62`"),
        ("layer1 loss 0.5", "layer1 loss 0.7", "`layer1 loss`: `0.5` became `0.7`"),
        ("loss 0.69", "loss nan", "`loss`: `0.69` became `nan`"),
        ("[1.  0.5]", "[ 1.   -0.25]", "`[1. 0.5]` became `[ 1. -0.25]`"),
        ("cost: 1,000 EUR", "cost: 1,200 EUR", "`cost`: `1,000` became `1,200`"),
        ("x" * 60 + " 1 2 3", "x" * 60 + " 1 2 4", "`3` became `4`"),
    ],
)
def test_the_number_that_changed_is_told_by_its_own_name(was: str, now: str, told: str) -> None:
    found = said(output(Text("stdout", was)), output(Text("stdout", now)))
    assert found.strip() == f"The same code came to another result: {told}."


def test_native_code_that_disagrees_is_told_first_once_and_in_a_quiet_journal_too() -> None:
    words = "nozzle.aot: cubed runs as Python, for its native code disagrees: 1.0 for 0.0 at [0], 4 of 4 differ\n"
    wrong = output(Text("stderr", "RuntimeWarning: old\n" + words))
    told = "Native code disagrees with Python, which answers in its place: `cubed` gave `1.0 for 0.0 at [0], 4 of 4"
    assert said(output(), wrong, "edited").startswith(told)
    ran = Ran(ENTRY.cells[0], "edited", output(), wrong, QUICK, QUICK)
    found = disagreement(ran)
    assert found is not None
    assert found.text.startswith(told)
    assert "RuntimeWarning" not in found.text + found.folded
    assert said(wrong, wrong, "edited") == ""
    assert disagreement(Ran(ENTRY.cells[0], "edited", OLD, output(), QUICK, QUICK)) is None


def test_a_cell_that_grew_slow_or_fat_is_told() -> None:
    found = said(OLD, OLD, "edited", QUICK, Facts("ok", 9.0, 900_000_000))
    assert "It took 9.0 s; last time it was 0.1 s." in found
    assert "It held 900 MB at most" in found


@pytest.mark.parametrize(
    "text", ["Great question! It fails.", "You're absolutely right.", "Let me know if you need more.", "Now go build!"]
)
def test_flattery_and_filler_are_known(text: str) -> None:
    assert flattery(text)


def test_plain_words_are_left_alone() -> None:
    assert flattery("The shape is wrong: `batch` has four rows, `weights` three. Right about the dtype.") == ""


def test_what_a_cell_made_is_told_by_its_facts() -> None:
    names = {
        "x": "ndarray (3, 4) float64 #baf465ae",
        "np": "module numpy",
        "f": "function f",
        "a": "int 1",
        "b": "int 2",
    }
    now = Facts("ok", 34.2, names=names)
    found = made(Ran(ENTRY.cells[0], "new", None, replace(OLD, body=("![a](_out/a.png)",)), None, now))
    assert found is not None
    first = "Made `a`: `int 1`; `b`: `int 2`; `x`: `ndarray (3, 4) float64`; and 1 more, 1 figure, in about 30 s."
    assert (found.text, found.folded) == (f"{first} No model was asked.", "- `f`: `function f`")
    assert made(Ran(ENTRY.cells[0], "new", None, OLD, None, QUICK)) is None
