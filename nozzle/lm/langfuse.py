"""The same spans to Langfuse, when LANGFUSE_* is set: by its own SDK, in a thread, behind the file.

A server that is down, slow or refuses costs a call nothing: spans wait in a short queue, and what does not fit is left
out there, for the file has it. At the end of nozzle what still waits has a moment, and the file has that too. Prompts
may be kept in Langfuse too; the journal's own files go first.
"""

import atexit
import contextlib
import os
import queue
import threading
from collections.abc import Callable
from typing import Any

from nozzle.errors import NozzleError
from nozzle.lm.trace import Span

WAITING = 1000
"""Spans that wait to be sent."""
LAST = 1.0
"""Seconds that the end of nozzle waits for what is still to be sent."""
IMPORTS = 10.0
"""Seconds that the SDK is waited for, which takes its time on a busy machine, before those for a server begin."""


class Exporter:
    """Sends spans; `close` gives what waits a moment."""

    def __init__(self, connect: Callable[[], Any] | None = None) -> None:
        self._connect = connect or _client
        self._spans: queue.Queue[Span | None] = queue.Queue(WAITING)
        """None: somebody only wants it to look."""
        self._connected = threading.Event()
        """The SDK is there, or it is known that it cannot be had."""
        self._client: Any = None
        self._used = False
        self._over = threading.Event()
        self.left_out = 0
        """Spans that did not fit, or could not be sent."""
        self._thread = threading.Thread(target=self._run, name="nozzle langfuse", daemon=True)
        self._thread.start()

    def ready(self) -> None:
        """A call begins: the SDK is loaded meanwhile; comes back at once."""
        self._put(None)

    def __call__(self, span: Span) -> None:
        """Take a span; comes back at once."""
        self._put(span)

    def close(self) -> None:
        """Send what waits, as far as that goes quickly."""
        if not self._used:
            return
        self._over.set()
        self._put(None)
        self._connected.wait(IMPORTS)
        self._thread.join(LAST)
        if self._thread.is_alive() and self._client is not None:
            _leave(self._client)

    def _put(self, span: Span | None) -> None:
        self._used = True
        try:
            self._spans.put_nowait(span)
        except queue.Full:
            self.left_out += 1 if span is not None else 0

    def _run(self) -> None:
        while not (self._over.is_set() and self._spans.empty()):
            span = self._spans.get()
            try:
                self._client = self._client or self._connect()
                self._connected.set()
                if span is not None:
                    _send(self._client, span)
            except Exception:  # another program's server, and whatever its SDK makes of it
                self._connected.set()
                self.left_out += 1 if span is not None else 0
        if self._client is not None:
            try:
                self._client.flush()
            except Exception:  # as above
                self.left_out += 1


def wanted() -> bool:
    """Whether the environment names a Langfuse project."""
    return bool(os.environ.get("LANGFUSE_PUBLIC_KEY") and os.environ.get("LANGFUSE_SECRET_KEY"))


def lacking() -> str:
    """Why Langfuse is not spoken to, although the environment names a project there; empty when it is, or none is."""
    from importlib.util import find_spec

    if not wanted() or find_spec("langfuse"):
        return ""
    return "LANGFUSE_* names Langfuse, to which nothing is sent, nor fetched from: pip install 'nozzle[langfuse]'"


def exporter() -> Exporter | None:
    """An exporter when one is wanted and the SDK is there."""
    return Exporter() if wanted() and not lacking() else None


def load() -> None:
    """Import the SDK, where it is wanted: that takes a second, and no server is needed for it."""
    if wanted():
        with contextlib.suppress(Exception):  # as above; who asks for a prompt gets none
            _client()


def _leave(client: Any) -> None:
    """Nobody waits for this client when Python ends; its SDK would, for as long as a server is silent."""
    resources = getattr(client, "_resources", None)
    for each in (resources, getattr(resources, "tracer_provider", None)):
        if each is not None:
            atexit.unregister(each.shutdown)


def _client() -> Any:
    import logging

    from langfuse import Langfuse

    for name in ("langfuse", "opentelemetry"):
        logging.getLogger(name).setLevel(logging.CRITICAL)  # a server that is down is no news to who writes a journal
    address = os.environ.get("LANGFUSE_BASE_URL") or os.environ.get("LANGFUSE_HOST")
    return Langfuse(base_url=address, timeout=5)


def _send(client: Any, span: Span) -> None:
    """One generation, with the names that Langfuse reads."""
    facts = span.facts
    usage = {
        "input": facts.get("gen_ai.usage.input_tokens", 0), "output": facts.get("gen_ai.usage.output_tokens", 0),
        "cache_read_input_tokens": facts.get("gen_ai.usage.cache_read.input_tokens", 0),
    }  # fmt: skip
    generation = client.start_observation(
        trace_context={"trace_id": span.trace},
        name=span.name,
        as_type="generation",
        model=str(facts.get("gen_ai.request.model", "")),
        input=[dict(each) for each in span.messages],
        output=span.output or None,
        usage_details=usage,
        metadata={
            "nozzle.span": span.id,
            "nozzle.seconds": f"{(span.ended - span.began) / 1e9:.3f}",
            **{key: str(value) for key, value in facts.items()},
        },
        level="ERROR" if span.why else "DEFAULT",
        status_message=span.why or None,
    )
    generation.end()


def prompt(name: str, label: str = "production") -> str:
    """A prompt by its label, for whoever keeps them there; empty when it cannot be had within a second.

    NozzleError when it is no text: a list of messages is no instruction.
    """
    if not wanted():
        return ""
    try:
        found = _client().get_prompt(name, label=label, max_retries=0, fetch_timeout_seconds=1).prompt
    except Exception:  # as above
        return ""
    if not isinstance(found, str):
        raise NozzleError(
            f"the prompt {name} that Langfuse keeps as {label} is a chat, and is not used: an instruction is one text; "
            "make it anew there with the type text"
        )
    return found
