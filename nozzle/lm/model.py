"""What a model is to the rest: messages go in, one reply comes out, pieces of it are told as they come."""

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Literal, Protocol

from nozzle.errors import Missing, NozzleError

Message = Mapping[str, str]
"""{"role": "system" | "user" | "assistant", "content": text}"""

TOKEN = 4
"""Characters that count as one token, where nobody counts them."""
LONGEST = 400_000
"""Characters of a reply after which it is cut off."""

_thought = re.compile(
    r"\s*+(?:<think>(?P<whole>.*?)</think>|(?P<begun>(?:(?!<think>).)*?)</think>[ \t]*(?=\n|\Z))\s*(?P<reply>.*)", re.S
)
"""How a server that knows nothing of reasoning passes it on, before the reply; where its prompt holds the opening tag
already, only the closing one comes, at the end of a line. No part is tried twice: a reply may be long."""

Kind = Literal[
    "timeout",
    "rate",
    "refused",
    "empty",
    "malformed",
    "truncated",
    "unreachable",
    "key",
    "provider",
    "stopped",
]


class Failed(NozzleError):
    """A model gave no usable reply; the message says what happened and what to do."""

    def __init__(self, kind: Kind, words: str, so_far: str = "") -> None:
        super().__init__(words)
        self.kind = kind
        self.so_far = so_far
        """What had come until then."""
        self.usage = Usage()
        """What it cost all the same."""
        self.passes: float | None = None
        """Seconds after which it may be over, 0 where nobody says how many; None: to ask again would not help."""


class Keyless(Failed):
    """A model cannot be asked: there is no key for it on this machine."""

    status = Missing.status

    def __init__(self, words: str) -> None:
        super().__init__("key", words)


@dataclass(frozen=True, slots=True)
class Usage:
    """Tokens, as the provider counts them; `cached` are part of `input`."""

    input: int = 0
    output: int = 0
    cached: int = 0
    written: int = 0
    """Written into the provider's cache."""
    reasoning: int = 0
    cost: float | None = None
    """US dollars, where the price is known."""
    estimated: bool = False
    """Nobody has counted: so many tokens have as many characters as these."""

    def __bool__(self) -> bool:
        """Whether anything was spent."""
        return self.input + self.output > 0

    def __add__(self, other: "Usage") -> "Usage":
        cost = None if self.cost is None and other.cost is None else (self.cost or 0.0) + (other.cost or 0.0)
        return Usage(
            self.input + other.input, self.output + other.output, self.cached + other.cached,
            self.written + other.written, self.reasoning + other.reasoning, cost, self.estimated or other.estimated,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reply:
    text: str
    reasoning: str = ""
    """The model's own, where the provider returns it."""
    finish: str = "stop"
    usage: Usage = Usage()
    model: str = ""
    """As the provider names it."""
    id: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One request."""

    messages: Sequence[Message]
    shared: int = 0
    """How many messages at the beginning both agents are sent: where the provider's cache is told to look."""
    max_tokens: int = 4096
    timeout: float = 120.0
    """Seconds without a word."""

    @property
    def size(self) -> int:
        """Characters that are sent."""
        return sum(len(each["content"]) for each in self.messages)


class Stop:
    """Said once, from any thread: nobody waits for the reply any more."""

    def __init__(self) -> None:
        self._said = threading.Event()
        self._ends: list[Callable[[], None]] = []
        self.waits: Callable[[str], None] = lambda words: None
        """Told why a reply is waited for before it is asked for once more, from the thread that waits."""

    def say(self) -> None:
        self._said.set()
        for end in list(self._ends):
            end()

    @contextmanager
    def ending(self, end: Callable[[], None]) -> Iterator[None]:
        """When it is said meanwhile, `end` is called, from the thread that says it."""
        self._ends.append(end)
        try:
            yield
        finally:
            self._ends.remove(end)

    @property
    def said(self) -> bool:
        return self._said.is_set()

    def wait(self, seconds: float) -> bool:
        """Wait, but not longer than until it is said; whether it is."""
        return self._said.wait(seconds)


Tell = Callable[[str], None]

TRIES = 3
WAIT = 1.0
"""Seconds before the second try, where the server does not say; doubled before the third."""
LONGEST_WAIT = 20.0
YEAR = 366 * 24 * 3600.0
"""Seconds after which nobody means to be asked again."""


def patiently(once: Callable[[], "Reply"], stop: Stop) -> "Reply":
    """Ask, again after a moment where that may help; nothing is asked twice once words came. A server that says to come
    back much later is taken at its word."""
    wait = WAIT
    for left in reversed(range(TRIES)):
        try:
            return once()
        except Failed as failed:
            if failed.passes is None or failed.so_far or not left:
                raise
            if failed.passes > LONGEST_WAIT:
                raise _later(failed, failed.passes) from None
            stop.waits(f"{failed}: asked again in {failed.passes or wait:,.0f} s")
            if stop.wait(failed.passes or wait):
                raise
            wait *= 2
    raise AssertionError("the last try returns or raises")


def _later(failed: Failed, wait: float) -> Failed:
    """The same, with the time from which the server may be asked again."""
    at = time.strftime("%Y-%m-%d %H:%M", time.localtime(time.time() + wait))
    found = Failed(failed.kind, f"{failed}; it says to wait {wait:,.0f} s: ask again after {at}", failed.so_far)
    found.usage = failed.usage
    return found


def seconds(after: str) -> float:
    """What a server says in Retry-After, seconds or a date (RFC 9110, 10.2.3); 0 where it says nothing of the kind.

    >>> seconds("1.5"), seconds("Wed, 21 Oct 2015 07:28:00 GMT"), seconds("\xb2"), seconds("soon")
    (1.5, 0.0, 0.0, 0.0)
    """
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", after):
        return float(after) if float(after) < YEAR else 0.0
    try:
        until = parsedate_to_datetime(after)
        return max(0.0, until.replace(tzinfo=until.tzinfo or UTC).timestamp() - time.time())
    except (ValueError, OverflowError):
        return 0.0


class Model(Protocol):
    @property
    def name(self) -> str:
        """As the settings name it."""

    def reply(self, call: Call, tell: Tell, stop: Stop) -> Reply:
        """Ask once; `tell` hears each piece of the text as it comes. Raises Failed, and nothing else."""


@dataclass(slots=True)
class Gathered:
    """A reply on its way."""

    tell: Tell
    stop: Stop
    pieces: list[str] = field(default_factory=list)
    thoughts: list[str] = field(default_factory=list)
    size: int = 0
    finish: str = ""
    sent: int = 0
    """Characters that were sent."""
    began: bool = False
    """Something has come: what was sent is taken, and will be paid for."""
    usage: Usage = Usage()
    """As far as the server has counted."""
    refusal: str = ""
    """What the model says instead of a reply, where it refuses."""
    _half: str = ""
    """Of a character that a server cut in two: its second half is still to come."""

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def spent(self) -> Usage:
        """What it has cost until now; estimated where the server has not counted, or not to the end."""
        if not self.began or (self.finish and self.usage):
            return self.usage
        came = self.size + sum(map(len, self.thoughts))
        counted = max(self.usage.input, self.sent // TOKEN), max(self.usage.output, came // TOKEN)
        return replace(self.usage, input=counted[0], output=counted[1], estimated=True)

    @contextmanager
    def counting(self) -> Iterator[None]:
        """What fails within says what it has cost all the same."""
        try:
            yield
        except Failed as failed:
            failed.usage = self.spent
            raise

    def heard(self, usage: Usage | None) -> None:
        """Something has come, and perhaps a count."""
        self.began, self.usage = True, usage or self.usage

    def heed(self) -> None:
        """Raises Failed when it is to stop."""
        if self.stop.said:
            raise Failed("stopped", "you stopped it", self.text)

    def add(self, piece: str) -> None:
        """One more piece; raises Failed when it is to stop, or has become too long."""
        self.heed()
        piece, self._half = _whole(self._half + piece)
        if piece:
            self.pieces.append(piece)
            self.size += len(piece)
            self.tell(piece)
        if self.size > LONGEST:
            raise Failed(
                "truncated", f"the reply is longer than {LONGEST:,} characters; it was cut off", self.text[:LONGEST]
            )

    def done(self, model: str, id_: str) -> Reply:
        """The whole reply; raises Failed for one that is none."""
        text = self.text.replace("\r\n", "\n").replace("\r", "\n")
        if self.finish in ("length", "max_tokens"):
            raise Failed("truncated", "the reply was cut off at the token limit (model_tokens in the settings)", text)
        if self.finish in ("content_filter", "refusal"):
            raise Failed("refused", "the provider refused to answer this", text)
        if said := " ".join(self.refusal.split()):
            raise Failed("refused", f"the model refused to answer this: {said[:500]}", text)
        if not self.finish:
            raise Failed("truncated", "the connection ended before the reply did; ask again", text)
        if match := _thought.match(text):
            self.thoughts.append((match["whole"] or match["begun"] or "").strip())
            text = match["reply"]
        if not any(sign.isprintable() and not sign.isspace() for sign in text):
            called = self.finish in ("tool_calls", "function_call", "tool_use")
            words = "the model called a tool, and was offered none" if called else "the reply was empty"
            raise Failed("empty", f"{words}; ask again, or in other words")
        return Reply(text, "".join(self.thoughts), self.finish, self.spent, model, id_)


def _whole(text: str) -> tuple[str, str]:
    """What can be written of a text that may end within a character, and that half; a half alone is none.

    >>> _whole("a\\ud83d"), _whole("\\ud83d\\ude00!"), _whole("\\ude00!")
    (('a', '\\ud83d'), ('😀!', ''), ('\ufffd!', ''))
    """
    half = text[-1:] if "\ud800" <= text[-1:] <= "\udbff" else ""
    return text[: len(text) - len(half)].encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace"), half
