"""What is done about a proposal: every answer of the author's, every risk, and no answer at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nozzle.document.entry import Envelope, Span
from nozzle.document.proposal import ByHand, Deny, Offer, Run, Standing, Terms, Wait, decide, read

NONE: frozenset[str] = frozenset()
TICK, DENY = frozenset({"run"}), frozenset({"deny"})


def offer(risk: str = "ask") -> Offer:
    return Offer("id", "task", "ls", "bash", risk=risk)  # type: ignore[arg-type]


def stands(source: str = "ls", ticks: frozenset[str] = NONE, pasted: str = "", whole: bool = True) -> Standing:
    return Standing(source, "bash", ticks, pasted, whole)


@pytest.mark.parametrize(
    ("risk", "standing", "terms", "verdict"),
    [
        ("ask", stands(), Terms(), Wait(None)),
        ("ask", stands(ticks=TICK), Terms(), Run("ls", "kept", said=True)),
        ("ask", stands("ls -l", TICK), Terms(), Run("ls -l", "edited", said=True)),
        ("ask", stands("ls -l"), Terms(edited=94.0), Run("ls -l", "edited")),
        ("ask", stands("\n\tls  \n"), Terms(edited=9.0), Wait(None)),
        ("ask", stands("ls -"), Terms(edited=99.0), Wait(104.0)),
        ("ask", stands(ticks=DENY | TICK), Terms(), Deny("denied", "you denied it")),
        ("ask", None, Terms(), Deny("deleted", "you deleted it")),
        ("ask", stands(pasted="a.txt"), Terms(), ByHand("a.txt")),
        ("ask", stands(), Terms(allowed=True), Run("ls", "allowed", said=True)),
        ("ask", stands(ticks=TICK), Terms(refused="you stopped it"), Deny("refused", "you stopped it")),
        ("ask", stands(ticks=TICK), Terms(seen=False), Wait(None)),
        ("ask", stands(), Terms(seen=False, allowed=True), Wait(None)),
        ("ask", stands("rm -r .", whole=False), Terms(), Wait(None, "its fence is not whole: close it, or tick deny")),
        ("read", stands(), Terms(), Run("ls", "read")),
        ("read", stands(), Terms(seen=False), Wait(None)),
        ("reversible", stands(), Terms(since=98.0), Wait(103.0)),
        ("reversible", stands(), Terms(since=90.0), Run("ls", "countdown")),
        ("reversible", stands(), Terms(since=90.0, seen=False), Wait(None)),
        ("reversible", stands(), Terms(since=90.0, held=140.0), Wait(145.0)),
        ("reversible", stands(), Terms(since=90.0, held=98.0), Wait(103.0)),
        ("reversible", stands("cd"), Terms(since=10.0, edited=20.0, held=140.0), Wait(145.0)),
        ("reversible", stands("ls "), Terms(since=10.0, edited=98.0), Wait(103.0)),
        ("reversible", stands(ticks=TICK), Terms(held=140.0), Run("ls", "kept", said=True)),
        ("read", stands(), Terms(held=140.0), Wait(140.0)),
        ("ask", stands(), Terms(since=90.0, limit=20.0), Wait(110.0)),
        ("ask", stands(), Terms(since=70.0, limit=20.0, held=140.0), Wait(160.0)),
        ("ask", stands(), Terms(since=70.0, limit=20.0), Deny("late", "nobody answered within 20 s")),
    ],
)
def test_a_proposal_is_decided(risk: str, standing: Standing | None, terms: Terms, verdict: object) -> None:
    assert decide(offer(risk), standing, terms, 100.0) == verdict


@given(st.floats(0, 1e9), st.sampled_from([stands(), stands("rm", TICK), stands(pasted="x"), None]))
def test_what_this_process_did_not_see_written_never_runs(now: float, standing: Standing | None) -> None:
    for risk in ("read", "reversible", "ask"):
        assert not isinstance(decide(offer(risk), standing, Terms(seen=False, allowed=True), now), Run)


def test_what_the_author_pastes_below_the_boxes_is_read_and_marked() -> None:
    body = ("> [!IMPORTANT]", "> why", "", "```{code-cell} bash", "ls", "```", "", "- [ ] run", "- [ ] deny", "")
    found = read(Envelope("proposal", {}, (*body, "```", "a.txt", "```"), Span(0, 1)))
    assert (found.source, found.pasted, found.ticks) == ("ls", "a.txt", NONE)


@pytest.mark.parametrize("row", ["> - [x] run", "    - [x] run", "- [ ] run [x]", "- [x] running", "[x] run"])
def test_what_only_looks_like_a_tick_is_none(row: str) -> None:
    found = read(Envelope("proposal", {}, ("```{code-cell} bash", "- [x] run", "```", "", row), Span(0, 1)))
    assert found.ticks == NONE
