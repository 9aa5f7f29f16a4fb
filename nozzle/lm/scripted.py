"""A model that is a function from messages to words: for tests, for trying nozzle without a provider."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from nozzle.lm.model import TOKEN, Call, Failed, Gathered, Message, Reply, Stop, Tell, Usage


@dataclass
class Scripted:
    """Says what `script` says; counts as cached what it was sent before, as a provider's cache would."""

    script: Callable[[Sequence[Message]], str | Reply | Failed]
    name: str = "scripted"
    calls: list[Call] = field(default_factory=list)

    def reply(self, call: Call, tell: Tell, stop: Stop) -> Reply:
        said = self.script(call.messages)
        cached = max((_same(call.messages, before.messages) for before in self.calls), default=0)
        self.calls.append(call)
        if isinstance(said, Failed):
            raise said
        if isinstance(said, Reply):
            tell(said.text)
            return said
        gathered = Gathered(tell, stop, finish="stop", sent=call.size)
        gathered.heard(Usage(call.size // TOKEN, len(said) // TOKEN, cached // TOKEN))
        with gathered.counting():
            for word in said.split(" ") if len(said) < 100_000 else [said]:
                gathered.add(word if not gathered.pieces else " " + word)
            return gathered.done(self.name, f"scripted-{len(self.calls)}")


def _same(now: Sequence[Message], before: Sequence[Message]) -> int:
    """Characters of the messages at the beginning that are the same."""
    count = 0
    for one, other in zip(now, before, strict=False):
        if dict(one) != dict(other):
            break
        count += len(one["content"])
    return count
