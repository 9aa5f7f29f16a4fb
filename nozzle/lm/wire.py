"""Servers that speak OpenAI's chat completions (vLLM, llama.cpp, LM Studio, Ollama, ...), by httpx and nothing more.

httpx costs a tenth of a second to import, litellm several: whoever runs a model of his own should not wait for it.
"""

import contextlib
import json
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from nozzle.errors import Missing
from nozzle.lm.model import LONGEST, Call, Failed, Gathered, Reply, Stop, Tell, Usage, patiently, seconds

if TYPE_CHECKING:
    import httpx

BUSY = (429, 500, 502, 503, 504, 529)
WHOLE = 10 * LONGEST
"""Characters that are read of a reply that comes whole, with what its server says about it."""
_field = re.compile(r"(?:event|id|retry)?:")
"""A line of a stream that is no data."""


@dataclass(frozen=True)
class Wire:
    """A model behind a URL."""

    name: str
    url: str
    """Up to and with /v1."""
    key: Callable[[], str] = lambda: ""

    def reply(self, call: Call, tell: Tell, stop: Stop) -> Reply:
        """Ask, again after a moment where the server says that it is busy."""

        def once() -> Reply:
            gathered = Gathered(tell, stop, sent=call.size)
            with gathered.counting():
                return self._once(call, gathered)

        return patiently(once, stop)

    def _once(self, call: Call, gathered: Gathered) -> Reply:
        httpx = _httpx()
        gathered.heed()
        body = {
            "model": self.name, "messages": [dict(each) for each in call.messages], "max_tokens": call.max_tokens,
            "stream": True, "stream_options": {"include_usage": True},
        }  # fmt: skip
        headers = {"authorization": f"Bearer {self.key() or 'none'}"}
        timeout = httpx.Timeout(call.timeout, connect=min(10.0, call.timeout))
        lines = list[Any]()

        def connected(event: str, about: dict[str, Any]) -> None:
            if event.endswith(("connect_tcp.complete", "start_tls.complete")):
                lines.append(about["return_value"])
                if gathered.stop.said:  # before there was anything to hang up
                    hang_up()

        def hang_up() -> None:
            for line in lines[-1:]:
                with contextlib.suppress(OSError):
                    line.get_extra_info("socket").shutdown(socket.SHUT_RDWR)

        shown = _address(self.url)
        where, extensions = f"{self.url}/chat/completions", {"trace": connected}
        try:
            with (
                gathered.stop.ending(hang_up),
                httpx.Client(timeout=timeout) as client,
                client.stream("POST", where, json=body, headers=headers, extensions=extensions) as got,
            ):
                if got.status_code >= 400:
                    got.read()
                    raise _failure(shown, got.status_code, _words(got.text), got.headers.get("retry-after", ""))
                return _read(_events(got.iter_lines(), shown), gathered)
        except httpx.TimeoutException:
            raise Failed("timeout", f"{shown}: no word for {call.timeout:g} s", gathered.text) from None
        except httpx.ConnectError:
            raise Failed("unreachable", f"{shown}: nobody answers there; is the server running?") from None
        except RecursionError:
            words = f"{shown}: the server sent JSON that is nested too deep to be read"
            raise Failed("malformed", words, gathered.text) from None
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            gathered.heed()  # it broke because it was to stop
            raise Failed(
                "truncated", f"{shown}: the connection broke ({type(error).__name__})", gathered.text
            ) from None


def _failure(url: str, status: int, words: str, after: str) -> Failed:
    if status in BUSY:
        failed = Failed("rate" if status == 429 else "provider", f"{url}: status {status}: {words}")
        failed.passes = seconds(after)
        return failed
    if status in (401, 403):
        return Failed("key", f"{url}: status {status}: the key was not accepted ({words})")
    return Failed("provider", f"{url}: status {status}: {words}")


def _read(events: Iterator[dict[str, Any]], gathered: Gathered) -> Reply:
    model, id_ = "", ""
    for event in events:
        if event.get("error"):
            raise Failed("provider", f"the server broke off: {_words(json.dumps(event))}", gathered.text)
        model, id_ = str(event.get("model") or model), str(event.get("id") or id_)
        gathered.heard(counted(event.get("usage")))
        try:
            said = [_said(choice) for choice in event.get("choices") or ()]
            gathered.refusal += "".join(_refusal(choice) for choice in event.get("choices") or ())
        except (AttributeError, TypeError):
            words = f"the server sent an event of another form: {json.dumps(event)[:200]}"
            raise Failed("malformed", words, gathered.text) from None
        for thought, finish, piece in said:
            gathered.thoughts.append(thought)
            gathered.finish = finish or gathered.finish
            gathered.add(piece)
    gathered.heed()  # it may have ended because it was to stop
    return gathered.done(model, id_)


def _said(choice: Any) -> tuple[str, str, str]:
    """What an event brings: of the model's reasoning, why the reply ends, and of its text."""
    delta = choice.get("delta") or choice.get("message") or {}
    thought = delta.get("reasoning_content") or delta.get("reasoning")
    reasoning = thought if isinstance(thought, str) else ""
    return reasoning, str(choice.get("finish_reason") or ""), _text(delta.get("content"))


def _refusal(choice: Any) -> str:
    """What the model says instead of a reply, in a field of its own."""
    return _text((choice.get("delta") or choice.get("message") or {}).get("refusal"))


def _text(said: Any) -> str:
    """A text, whole or in parts; TypeError when it is none."""
    if isinstance(said, list):
        return "".join(_text(part.get("text")) for part in said)
    if not isinstance(said, str | None):
        raise TypeError("no text")
    return said or ""


def _events(lines: Iterator[str], where: str) -> Iterator[dict[str, Any]]:
    """What a server sends, piece by piece; a reply that it sends whole, asked for pieces or not, as one piece."""
    streams, other, size = False, list[str](), 0
    for line in lines:
        if not line.startswith("data:"):
            if not streams and not _field.match(line) and size <= WHOLE:
                other.append(line)
                size += len(line)
            continue
        streams = True
        if (data := line.removeprefix("data:").strip()) == "[DONE]":
            continue
        try:
            event = json.loads(data)
        except ValueError:
            raise Failed("malformed", f"the server sent what is no JSON: {data[:80]!r}") from None
        if not isinstance(event, dict):
            raise Failed("malformed", f"the server sent what is no event: {data[:80]!r}")
        yield event
    if not streams and (text := "\n".join(other).strip()):
        yield _whole(text, where)


def _whole(text: str, where: str) -> dict[str, Any]:
    """A reply that came whole, in OpenAI's form or in Anthropic's, as the one event of a stream."""
    try:
        found = json.loads(text)
    except ValueError:
        if text.startswith("{"):  # it broke off
            return {}
        found = None
    match found:
        case {"error": error} if error:
            return {"error": error}
        case {"choices": [*choices]}:
            return {**found, "choices": [{"finish_reason": "stop"}, *choices]}
        case {"type": "message", "content": content}:
            said = {"message": {"content": content}, "finish_reason": found.get("stop_reason") or "stop"}
            return {**found, "choices": [said]}
    words = " ".join(re.sub(r"(?is)<(script|style)\b.*?</\1>|<[^>]*>", " ", text).split())[:80] or text[:80]
    raise Failed("malformed", f"{where}: what came is no reply of a model's server: {words!r}; is the address right?")


def _address(url: str) -> str:
    """An address as it may be shown: without what may be a key."""
    return re.sub(r"//[^/@]*@", "//", url).partition("?")[0]


def counted(usage: Any) -> Usage | None:
    """Tokens in OpenAI's words, or in Anthropic's as they pass through; what is no count is none."""
    if not usage or not isinstance(usage, dict):
        return None

    def count(name: str, among: str = "") -> int:
        table = usage.get(among) if among else usage
        found = table.get(name) if isinstance(table, dict) else 0
        return found if type(found) is int and found > 0 else 0

    cached = count("cached_tokens", "prompt_tokens_details") or count("cache_read_input_tokens")
    written = count("cache_creation_input_tokens")
    return Usage(
        count("prompt_tokens") or (count("input_tokens") and count("input_tokens") + cached + written),
        count("completion_tokens") or count("output_tokens"), cached, written,
        count("reasoning_tokens", "completion_tokens_details"),
    )  # fmt: skip


def _words(text: str) -> str:
    """What a server says of its failure, on one line."""
    try:
        found = json.loads(text)
        error = found.get("error", found) if isinstance(found, dict) else found
        text = str(error.get("message", error)) if isinstance(error, dict) else str(error)
    except (ValueError, RecursionError):
        pass
    return " ".join(text.split())[:300]


def _httpx() -> "type[httpx] | Any":
    try:
        import httpx
    except ImportError:
        raise Missing("a model behind a URL needs httpx: pip install 'nozzle[lm]'") from None
    return httpx
