"""Providers (Anthropic, OpenAI, Gemini, ...), by litellm: the one door to their wires.

Imported late and, by the watch, in a thread: it takes seconds. Its price list is the local one, so the import reaches
no network. The markers that tell a provider where its cache should look are set here, not by litellm.
"""

import os
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from nozzle.errors import Missing
from nozzle.lm.model import Call, Failed, Gathered, Keyless, Kind, Message, Reply, Stop, Tell, Usage, patiently, seconds
from nozzle.lm.wire import BUSY, counted

FAR = 15
"""Messages before the last shared one at which a second marker stands: Anthropic looks back over twenty."""

BROKEN = "MidStreamFallbackError"
"""What litellm says of a stream that broke off; why, it says within."""
_KINDS: tuple[tuple[str, Kind, str], ...] = (
    ("AuthenticationError", "key", "the key was not accepted"),
    ("PermissionDeniedError", "key", "the key may not use this model"),
    ("RateLimitError", "rate", "the provider says: not so fast"),
    ("Timeout", "timeout", "no word in time"),
    ("ContentPolicyViolationError", "refused", "the provider refused to answer this"),
    ("ContextWindowExceededError", "provider", "more was sent than the model can read: lower model_context"),
    ("NotFoundError", "provider", "the provider knows no such model"),
    ("BadRequestError", "provider", "the provider did not understand the request"),
    ("InternalServerError", "unreachable", "the provider failed or cannot be reached"),
    ("APIConnectionError", "unreachable", "the provider cannot be reached"),
)  # fmt: skip


@dataclass(frozen=True)
class Provider:
    """A model of a provider's, by litellm's name for it (`anthropic/...`)."""

    name: str
    url: str = ""
    """Another address than the provider's own."""
    key: Callable[[], str] = lambda: ""

    def reply(self, call: Call, tell: Tell, stop: Stop) -> Reply:
        """Ask, again after a moment where the provider says that it is busy."""
        return patiently(lambda: self._once(call, Gathered(tell, stop, sent=call.size)), stop)

    def _once(self, call: Call, gathered: Gathered) -> Reply:
        litellm = load()
        more = {"api_base": self.url} if self.url else {}
        if key := self.key():
            more["api_key"] = key
        elif missing := litellm.validate_environment(self.name).get("missing_keys"):
            raise Keyless(f"{self.name} needs {' or '.join(missing)} in the environment or the keyring")

        def begin() -> Iterable[Any]:
            stream: Iterable[Any] = litellm.completion(
                model=self.name, messages=marked(call.messages, call.shared, self.name), max_tokens=call.max_tokens,
                timeout=call.timeout, stream=True, stream_options={"include_usage": True}, max_retries=0, **more,
            )  # fmt: skip
            return stream

        try:
            with gathered.counting():
                reply = self._read(_until(gathered.stop, begin), gathered)
        except Failed as failed:
            failed.usage = _priced(litellm, self.name, failed.usage)
            raise
        return replace(reply, usage=_priced(litellm, self.name, reply.usage))

    def _read(self, stream: Iterable[Any], gathered: Gathered) -> Reply:
        """What comes, put together; raises Failed, and nothing else."""
        try:
            return self._taken(stream, gathered)
        except Failed:
            raise
        except Exception as error:  # litellm's errors have no common root but this
            raise _failed(self.name, error, gathered.text) from None

    def _taken(self, stream: Iterable[Any], gathered: Gathered) -> Reply:
        model, id_ = "", ""
        for chunk in stream:
            model, id_ = getattr(chunk, "model", "") or model, getattr(chunk, "id", "") or id_
            spent = getattr(chunk, "usage", None)
            gathered.heard(counted(spent.model_dump()) if spent is not None else None)
            for choice in chunk.choices:
                gathered.thoughts.append(getattr(choice.delta, "reasoning_content", "") or "")
                gathered.refusal += getattr(choice.delta, "refusal", "") or ""
                gathered.finish = choice.finish_reason or gathered.finish
                gathered.add(choice.delta.content or "")
        gathered.heed()  # it may have ended because it was to stop
        return gathered.done(model, id_)


def _until(stop: Stop, begin: Callable[[], Iterable[Any]]) -> Iterator[Any]:
    """The pieces of a stream, which is read in a thread of its own: who stops does not wait for a silent server.

    litellm knows no hanging up; a stream that nobody waits for is left at its next piece, or at its timeout.
    """
    came: queue.SimpleQueue[tuple[Any, BaseException | None] | None] = queue.SimpleQueue()

    def read() -> None:
        try:
            for piece in begin():
                if stop.said:
                    return
                came.put((piece, None))
            came.put(None)
        except BaseException as error:
            came.put((None, error))

    threading.Thread(target=read, name="nozzle provider", daemon=True).start()
    with stop.ending(lambda: came.put(None)):
        while not stop.said and (one := came.get()) is not None:
            piece, error = one
            if error is not None:
                raise error
            yield piece


def load() -> Any:
    """litellm, with nothing fetched."""
    os.environ["LITELLM_LOCAL_MODEL_COST_MAP"] = "True"
    os.environ.setdefault("LITELLM_LOG", "CRITICAL")
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import litellm
    except ImportError:
        raise Missing("a provider's model needs litellm: pip install 'nozzle[providers]'") from None
    # it makes more of its types when it is first called, in threads of its own
    warnings.filterwarnings("ignore", "Items? '.*' on TypedDict class|Pydantic serializer warnings", UserWarning)
    litellm.suppress_debug_info = True
    litellm.telemetry = False
    return litellm


def marked(messages: Sequence[Message], shared: int, model: str) -> list[dict[str, Any]]:
    """Messages with cache markers on the last shared one, and on one some way before it.

    >>> marked([{"role": "user", "content": "a"}], 1, "anthropic/x")[0]["content"][0]["cache_control"]
    {'type': 'ephemeral'}
    """
    found: list[dict[str, Any]] = [dict(each) for each in messages]
    for at in {shared - 1, shared - 1 - FAR} if _markers(model) else ():
        if 0 <= at < len(found):
            found[at]["content"] = [{"type": "text", "text": found[at]["content"], **_markers(model)}]
    return found


def _markers(model: str) -> dict[str, Any]:
    provider, _, name = model.rpartition("/")
    if "anthropic" in provider or name.startswith("claude"):
        return {"cache_control": {"type": "ephemeral"}}
    if name.startswith(("gpt-5.6", "gpt-6")) and provider in ("", "openai"):
        return {"prompt_cache_breakpoint": {"mode": "explicit"}}
    return {}


def _priced(litellm: Any, model: str, usage: Usage) -> Usage:
    if not usage:
        return usage
    try:
        counts = {"prompt_tokens": usage.input, "completion_tokens": usage.output}
        cache = {"cache_read_input_tokens": usage.cached, "cache_creation_input_tokens": usage.written}
        cost = sum(litellm.cost_per_token(model=model, **counts, **cache))
    except Exception:  # a model without a price, which litellm says in many ways
        return usage
    return replace(usage, cost=cost)


def _failed(model: str, error: Exception, so_far: str) -> Failed:
    names = [kind.__name__ for kind in type(error).__mro__]
    inner = getattr(error, "original_exception", None)
    if BROKEN in names and isinstance(inner, Exception):
        if not so_far:
            return _failed(model, inner, so_far)
        error = inner
    words = " ".join(str(error).split())[:300]
    if BROKEN in names:
        return Failed(
            "truncated", f"{model}: the provider broke off in the middle of its reply; ask again ({words})", so_far
        )
    found = next(((kind, said) for name, kind, said in _KINDS if name in names), None)
    kind, said = found or ("truncated" if so_far else "provider", type(error).__name__)
    failed = Failed(kind, f"{model}: {said} ({words})", so_far)
    unheard = kind == "timeout" or "APIConnectionError" in names  # which litellm gives a status of its own
    said_so = getattr(getattr(error, "response", None), "headers", None) or {}
    after = str(said_so.get("retry-after", ""))
    failed.passes = seconds(after) if getattr(error, "status_code", 0) in BUSY and not unheard else None
    return failed
