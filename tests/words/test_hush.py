"""What is told while a cell runs holds no secret, however it comes."""

from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nozzle.beside import Notice
from nozzle.document.events import Finished, InputRequest, Stream
from nozzle.document.secrets import redact
from nozzle.words.hush import Hush

TOKEN = "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
KEY = "-----BEGIN PRIVATE KEY-----\n" + "MIIEvQIBADANBgkqhkiG9w0BAQEFAASC\n" * 4 + "-----END PRIVATE KEY-----\n"


def told(*pieces: str) -> str:
    hush = Hush(lambda text: redact(text, ["sesame-open-now"]))
    notices = [Notice("stream", "e.md", event=Stream("c", "stdout", piece)) for piece in pieces]
    notices.append(Notice("finished", "e.md", event=Finished("c", "ok")))
    events = [one.event for notice in notices for one in hush(notice)]
    assert isinstance(events[-1], Finished)
    return "".join(event.text for event in events if isinstance(event, Stream))


@given(st.lists(st.integers(0, 400), max_size=8), st.sampled_from([TOKEN, "sesame-open-now", KEY]))
@example([192], KEY)  # the last line is there, and not whole
def test_a_secret_in_pieces_is_still_one(cuts: list[int], secret: str) -> None:
    text = f"before {secret}\nafter\nthe end"
    ends = [0, *sorted(cuts), len(text)]
    pieces = [text[a:b] for a, b in pairwise(ends)]
    assert told(*pieces) == redact(text, ["sesame-open-now"])


@given(st.lists(st.integers(0, 400), max_size=8), st.sampled_from([TOKEN, KEY, f"Bearer {TOKEN}", "sesame-open-now"]))
def test_a_secret_that_a_model_says_in_pieces_is_still_one(cuts: list[int], secret: str) -> None:
    text = f"It is {secret} I think.\nAnd `x` is\n\n2, the end"
    ends = [0, *sorted(cuts), len(text)]
    hush = Hush(lambda text: redact(text, ["sesame-open-now"]))
    notices = [Notice("says", "e.md", text[a:b], of="said-1") for a, b in pairwise(ends)]
    heard = [one for notice in [*notices, Notice("spoken", "e.md", of="said-1")] for one in hush(notice)]
    assert "".join(one.text for one in heard[:-1]) == redact(text, ["sesame-open-now"])
    assert heard[-1].kind == "spoken"


@pytest.mark.parametrize("blank", [" ", ""])
def test_a_long_line_of_a_model_is_not_looked_at_anew_for_each_of_its_words(blank: str) -> None:
    text = f"word{blank}" * 30_000 + f" It is {TOKEN} I think."
    looked: list[int] = []

    def clean(words: str) -> str:
        looked.append(len(words))
        return redact(words)

    hush = Hush(clean)
    notices = [Notice("says", "e.md", text[at : at + 50], of="said-1") for at in range(0, len(text), 50)]
    heard = [one for notice in [*notices, Notice("spoken", "e.md", of="said-1")] for one in hush(notice)]
    assert "".join(one.text for one in heard[:-1]) == redact(text)
    assert sum(looked) < 100 * len(text)


def test_words_of_two_answers_do_not_mix() -> None:
    hush = Hush(redact)
    told = [one for of in ("a", "b", "a") for one in hush(Notice("says", "e.md", f"{of} one", of=of))]
    assert [(one.of, one.text) for one in told] == [("a", "a "), ("b", "b "), ("a", "onea ")]


def test_a_prompt_is_told_after_what_came_before_it_and_without_secrets() -> None:
    hush = Hush(redact)
    assert list(hush(Notice("stream", "e.md", event=Stream("c", "stdout", "half a line")))) == []
    first, second = hush(Notice("input", "e.md", event=InputRequest("c", f"{TOKEN}? ")))
    assert first.event == Stream("c", "stdout", "half a line")
    assert isinstance(second.event, InputRequest)
    assert TOKEN not in second.event.prompt
