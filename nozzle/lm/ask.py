"""Asking: the shared messages, one short last one, a reply that is checked, and once more when it does not hold."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Generic, TypeVar

from nozzle.lm.model import Call, Failed, Message, Model, Reply, Stop, Tell, Usage
from nozzle.lm.signature import Signature
from nozzle.lm.trace import Span, Tracer
from nozzle.schema import Misfit

I_ = TypeVar("I_")
O_ = TypeVar("O_")


@dataclass(frozen=True)
class Asked(Generic[O_]):
    """What came of it."""

    value: O_
    reply: Reply
    usage: Usage
    """Of all calls it took."""
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Terms:
    """How a question is asked."""

    tell: Tell = lambda piece: None
    stop: Stop = field(default_factory=Stop)
    tracer: Tracer | None = None
    conversation: str = ""
    """Name of what the spans belong to: a task, a question."""
    refuse: Callable[[str], str] = lambda text: ""
    """Why a reply is not taken, although it can be read; empty when it is."""
    max_tokens: int = 4096
    timeout: float = 120.0


def ask(model: Model, signature: Signature[I_, O_], given: I_, shared: Sequence[Message], terms: Terms) -> Asked[O_]:
    """Ask a model; a reply that does not hold is repaired once. Raises Failed."""
    tail = signature.tail(given)
    messages: list[Message] = [*shared, *([{"role": "user", "content": tail}] if tail else [])]
    spans: list[Span] = []
    spent = Usage()
    complaint = ""
    for _ in range(2):
        call = Call(messages, len(shared), terms.max_tokens, terms.timeout)
        try:
            reply, span = _traced(model, signature, call, terms)
        except Failed as failed:
            failed.usage += spent
            raise
        spans.append(span)
        spent += reply.usage
        try:
            complaint = terms.refuse(reply.text)
            if not complaint:
                return Asked(signature.read(reply.text), reply, spent, tuple(spans))
        except Misfit as misfit:
            complaint = f"{'.'.join(misfit.names)}: {misfit}"
        except ValueError as error:
            complaint = str(error)
        again = f"That reply cannot be used: {complaint}. Reply again, and only with what was asked for."
        messages = [*messages, {"role": "assistant", "content": reply.text}, {"role": "user", "content": again}]
    failure = Failed("malformed", f"{model.name} replied twice in a form that cannot be used: {complaint}", reply.text)
    failure.usage = spent
    raise failure


def _traced(model: Model, signature: Signature[I_, O_], call: Call, terms: Terms) -> tuple[Reply, Span]:
    """One call and its span, also when it fails."""
    began = time.time_ns()
    facts = {"nozzle.signature": signature.name, "nozzle.signature.version": signature.version}
    span = Span.chat(model.name, call, began, terms.conversation, facts)
    pieces: list[str] = []
    if terms.tracer:
        terms.tracer.soon()

    def hear(piece: str) -> None:
        pieces.append(piece)
        terms.tell(piece)

    try:
        reply = model.reply(call, hear, terms.stop)
    except KeyboardInterrupt:
        if terms.tracer:
            stopped = span.failed("stopped", "you stopped it", time.time_ns())
            terms.tracer.add(replace(stopped, output="".join(pieces)))
        raise
    except Failed as failed:
        if terms.tracer:
            terms.tracer.add(span.failed(failed.kind, str(failed), time.time_ns(), failed.usage or None))
        raise
    span = span.answered(reply, time.time_ns())
    if terms.tracer:
        terms.tracer.add(span)
    return reply, span
