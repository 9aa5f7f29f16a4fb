"""What was asked and answered: OpenTelemetry spans with the GenAI names, OTLP JSON, one line each, only ever appended.

The file needs no SDK and no server. A message is written once: where a call begins with what the call before it in the
same conversation was sent, only how many messages are the same is written, and the rest. Secrets are taken out first.
Whoever wants the spans elsewhere as well (Langfuse) is told of each after it is in the file, and can delay nothing.

Names: OpenTelemetry semantic conventions for generative AI (gen_ai.*), OTLP/JSON (opentelemetry-proto, trace/v1).
"""

import json
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nozzle import whole
from nozzle.lm.model import Call, Message, Reply, Usage
from nozzle.scratch import scratch

SCOPE = "nozzle"
RECENT = 50
"""Calls of which the messages are remembered."""
CLIENT, OK, ERROR = 3, 1, 2


@dataclass(frozen=True)
class Span:
    """One call."""

    trace: str
    """32 hex digits: the conversation."""
    id: str
    """16 hex digits."""
    name: str
    began: int
    """Nanoseconds since 1970."""
    ended: int
    facts: Mapping[str, Any]
    messages: tuple[Message, ...] = ()
    output: str = ""
    status: int = 0
    why: str = ""

    @classmethod
    def chat(cls, model: str, call: Call, began: int, conversation: str, facts: Mapping[str, str]) -> "Span":
        """A call that has begun."""
        provider = model.split("/")[0] if "/" in model else "openai"
        found = {
            "gen_ai.operation.name": "chat", "gen_ai.provider.name": provider, "gen_ai.request.model": model,
            "gen_ai.request.max_tokens": call.max_tokens, "gen_ai.conversation.id": conversation,
            "nozzle.shared.messages": call.shared,
            "nozzle.shared.characters": sum(len(each["content"]) for each in call.messages[: call.shared]),
            "nozzle.sent.characters": sum(len(each["content"]) for each in call.messages), **facts,
        }  # fmt: skip
        trace = conversation[:32] if len(conversation) >= 32 else secrets.token_hex(16)
        return cls(trace, secrets.token_hex(8), f"chat {model}", began, began, found, tuple(call.messages))

    def answered(self, reply: Reply, ended: int) -> "Span":
        found = {
            **self.facts, "gen_ai.response.model": reply.model, "gen_ai.response.id": reply.id,
            "gen_ai.response.finish_reasons": [reply.finish], **_tokens(reply.usage),
        }  # fmt: skip
        return replace(self, facts=found, ended=ended, output=reply.text, status=OK)

    def failed(self, kind: str, why: str, ended: int, usage: Usage | None = None) -> "Span":
        cost = _tokens(usage) if usage else {}
        return replace(self, facts={**self.facts, "error.type": kind, **cost}, ended=ended, status=ERROR, why=why)


def _tokens(usage: Usage) -> dict[str, Any]:
    """What a call took, in the names of the GenAI conventions; whether that is an estimate, and the cost, in ours."""
    return {
        "gen_ai.usage.input_tokens": usage.input, "gen_ai.usage.output_tokens": usage.output,
        "gen_ai.usage.cache_read.input_tokens": usage.cached,
        "gen_ai.usage.cache_creation.input_tokens": usage.written,
        "gen_ai.usage.reasoning.output_tokens": usage.reasoning,
        **({"nozzle.cost.usd": usage.cost} if usage.cost is not None else {}),
        **({"nozzle.usage.estimated": True} if usage.estimated else {}),
    }  # fmt: skip


@dataclass
class Tracer:
    """Writes spans to one file."""

    path: Path
    redact: Callable[[str], str] = lambda text: text
    also: Callable[[Span], None] | None = None
    """Told of each span afterwards; must come back at once."""
    soon: Callable[[], None] = lambda: None
    """Told when a call begins, whose span will come."""
    _last: dict[str, tuple[str, tuple[Message, ...]]] = field(default_factory=dict)
    _recent: list[tuple[str, tuple[Message, ...]]] = field(default_factory=list)
    """Model and messages of the last calls: what its cache may hold."""
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, span: Span) -> None:
        """Append a span: one write, so that several processes may."""
        clean = replace(
            span,
            messages=tuple({**each, "content": self.redact(each["content"])} for each in span.messages),
            output=self.redact(span.output),
            why=self.redact(span.why),
        )
        with self._lock:
            clean = replace(clean, facts={**clean.facts, "nozzle.expected.characters": self._expected(clean)})
            line = json.dumps(self._request(clean), ensure_ascii=False, separators=(",", ":"), sort_keys=True)
            self._last[clean.trace] = clean.id, clean.messages
            scratch(self.path.parent)
            whole.add(self.path, line.encode("utf-8", "replace") + b"\n", 0o600)
        if self.also is not None:
            self.also(clean)

    def _expected(self, span: Span) -> int:
        """Characters at the beginning that an earlier call of this model was sent: a cache should have had them."""
        model = str(span.facts.get("gen_ai.request.model", ""))
        best = max((_same(span.messages, sent) for name, sent in self._recent if name == model), default=0)
        self._recent = [*self._recent[1 - RECENT :], (model, span.messages)]
        return sum(len(each["content"]) for each in span.messages[:best])

    def _request(self, span: Span) -> dict[str, Any]:
        """An ExportTraceServiceRequest of one span."""
        before, messages = self._last.get(span.trace, ("", ()))
        same = _same(span.messages, messages)
        facts = {**span.facts, "gen_ai.input.messages": _parts(span.messages[same:])}
        if same:
            facts |= {"nozzle.input.same": same, "nozzle.input.same_as": before}
        if span.output:
            facts["gen_ai.output.messages"] = _parts([{"role": "assistant", "content": span.output}])
        shown = {
            "traceId": span.trace, "spanId": span.id, "name": span.name, "kind": CLIENT,
            "startTimeUnixNano": str(span.began), "endTimeUnixNano": str(span.ended),
            "attributes": [{"key": key, "value": _value(value)} for key, value in sorted(facts.items())],
            "status": {"code": span.status, **({"message": span.why} if span.why else {})},
        }  # fmt: skip
        resource = {"attributes": [{"key": "service.name", "value": {"stringValue": "nozzle"}}]}
        return {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": {"name": SCOPE}, "spans": [shown]}]}]}


def bring(path: Path, home: Path) -> None:
    """Put the lines of one file at the end of another, and take the first away; nothing where it is none.

    `path` is one in `.nozzle`. Killed between the two it leaves lines in both, and `read` gives each span once.
    """
    folder = path.parent.parent
    try:
        file = whole.opened(path, root=folder)
    except OSError:
        return
    with file:
        scratch(home.parent)
        while lines := file.read():
            whole.add(home, lines if lines.endswith(b"\n") else lines + b"\n", 0o600)
    whole.remove(path, root=folder)


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The spans of a file, oldest first: what a line holds, its attributes as a dict; half a line is left out."""
    found = {(span.get("traceId"), span.get("spanId")): span for span in _spans(path)}
    yield from sorted(found.values(), key=lambda span: int(span["startTimeUnixNano"]))


def _spans(path: Path) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        return
    with path.open("rb") as lines:
        for line in lines:
            try:
                request = json.loads(line)
                span = request["resourceSpans"][0]["scopeSpans"][0]["spans"][0]
                int(span["startTimeUnixNano"])
            except (ValueError, LookupError, TypeError):
                continue
            span["attributes"] = {each["key"]: _plain(each["value"]) for each in span["attributes"]}
            yield span


def _same(now: Sequence[Message], before: Sequence[Message]) -> int:
    count = 0
    for one, other in zip(now, before, strict=False):
        if dict(one) != dict(other):
            break
        count += 1
    return count


def _parts(messages: Sequence[Message]) -> str:
    shown = [{"role": each["role"], "parts": [{"type": "text", "content": each["content"]}]} for each in messages]
    return json.dumps(shown, ensure_ascii=False, sort_keys=True)


def _value(value: object) -> dict[str, Any]:
    match value:
        case bool():
            return {"boolValue": value}
        case int():
            return {"intValue": str(value)}
        case float():
            return {"doubleValue": value}
        case list() | tuple():
            return {"arrayValue": {"values": [_value(each) for each in value]}}
    return {"stringValue": str(value)}


def _plain(value: Mapping[str, Any]) -> Any:
    if "intValue" in value:
        return int(value["intValue"])
    if "arrayValue" in value:
        return [_plain(each) for each in value["arrayValue"].get("values", ())]
    return next(iter(value.values()), "")
