"""The same spans to Langfuse, when LANGFUSE_* is set: by its own SDK, in a thread, behind the file.

A server that is down, slow or refuses costs a call nothing: spans wait in a short queue, and what does not fit is left
out there, for the file has it. Prompts may be kept in Langfuse too; the journal's own files go first.
"""

import os
import queue
import threading
from collections.abc import Callable
from typing import Any

from nozzle.lm.trace import Span

WAITING = 1000
"""Spans that wait to be sent."""
LAST = 3.0
"""Seconds that the end of nozzle waits for what is still to be sent."""


class Exporter:
    """Sends spans; `close` gives what waits a moment."""

    def __init__(self, connect: Callable[[], Any] | None = None) -> None:
        self._connect = connect or _client
        self._spans: queue.Queue[Span | None] = queue.Queue(WAITING)
        self.left_out = 0
        """Spans that did not fit, or could not be sent."""
        self._thread = threading.Thread(target=self._run, name="nozzle langfuse", daemon=True)
        self._thread.start()

    def __call__(self, span: Span) -> None:
        """Take a span; comes back at once."""
        try:
            self._spans.put_nowait(span)
        except queue.Full:
            self.left_out += 1

    def close(self) -> None:
        """Send what waits, as far as that goes quickly."""
        try:
            self._spans.put_nowait(None)
        except queue.Full:
            return
        self._thread.join(LAST)

    def _run(self) -> None:
        client: Any = None
        while (span := self._spans.get()) is not None:
            try:
                client = client or self._connect()
                _send(client, span)
            except Exception:  # another program's server, and whatever its SDK makes of it
                self.left_out += 1
        if client is not None:
            try:
                client.flush()
            except Exception:  # as above
                self.left_out += 1


def wanted() -> bool:
    """Whether the environment names a Langfuse project."""
    return bool(os.environ.get("LANGFUSE_PUBLIC_KEY") and os.environ.get("LANGFUSE_SECRET_KEY"))


def exporter() -> Exporter | None:
    """An exporter when one is wanted and the SDK is there."""
    import importlib.util

    return Exporter() if wanted() and importlib.util.find_spec("langfuse") else None


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
    """A prompt by its label, for whoever keeps them there; empty when it cannot be had within a second."""
    if not wanted():
        return ""
    try:
        return str(_client().get_prompt(name, label=label, max_retries=0, fetch_timeout_seconds=1).prompt)
    except Exception:  # as above
        return ""
