"""What a reader does on the page: a word and what goes with it, checked as far as can be without knowing any word.

It refuses to do anything: a deed is handed to whoever made the page, who answers in words.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from nozzle.page.request import Request, Unanswerable


@dataclass(frozen=True, slots=True)
class Deed:
    """One thing that is to be done."""

    word: str
    page: str
    """The page it was done on, as its address."""
    args: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Done:
    """What came of it, in words; `data` is what was asked for."""

    say: str = ""
    ok: bool = True
    data: Mapping[str, object] = field(default_factory=dict)


Act = Callable[[Deed], Done]
"""Called from threads of the server; may take a while."""


def read(request: Request) -> Deed:
    """The deed in a request; Unanswerable when it is none."""
    try:
        held = json.loads(request.body)
    except (ValueError, RecursionError):
        raise Unanswerable(400, "That is no JSON.") from None
    if not isinstance(held, dict) or not all(isinstance(value, str) for value in held.values()):
        raise Unanswerable(400, "A deed is names and words.")
    word, page = held.pop("word", ""), held.pop("page", "")
    if not word:
        raise Unanswerable(400, "A deed has a word.")
    return Deed(word, page, held)


def encoded(done: Done) -> bytes:
    return json.dumps({"say": done.say, "ok": done.ok, **done.data}).encode(errors="replace")
