"""A loopback server that speaks the wires of OpenAI and Anthropic: streams, cache counters, every way to fail.

What it does is in the name of the model: `busy`, `busy-once`, `key`, `broken`, `slow`, `cut`, `filter`, `length`,
`long`, `empty`, `garbage`, `silent`, or it is the one event that is sent, or behind `whole:` all that is; any other
name answers by `answer(messages)`. It remembers every request.
"""

import json
import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Messages = Sequence[dict[str, Any]]


def flat(message: dict[str, Any]) -> str:
    content = message["content"]
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


class WireServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(
        self, answer: Callable[[Messages], str] = lambda messages: f"echo: {flat(messages[-1])}", after: str = "0.01"
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answer = answer
        self.after = after
        """When to come back, as it says while it is busy."""
        self.bodies: list[dict[str, Any]] = []
        self.headers: list[dict[str, str]] = []
        self.let_go = threading.Event()
        self.taken = threading.Event()
        """A request has come."""
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/v1"

    def close(self) -> None:
        self.let_go.set()
        self.shutdown()
        self.server_close()

    def cached(self, messages: Messages) -> int:
        """Tokens of the longest beginning that was sent before."""
        best = 0
        for body in self.bodies[:-1]:
            count = 0
            for one, other in zip(messages, body["messages"], strict=False):
                if flat(one) != flat(other):
                    break
                count += len(flat(one))
            best = max(best, count)
        return best // 4


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: WireServer

    def log_message(self, *words: object) -> None:
        pass

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.server.bodies.append(body)
        self.server.taken.set()
        self.server.headers.append({key.lower(): value for key, value in self.headers.items()})
        model, before = body["model"], len([each for each in self.server.bodies if each["model"] == body["model"]])
        if model == "busy" or (model == "busy-once" and before == 1):
            return self._fail(429, "slow down", {"retry-after": self.server.after})
        if model == "overloaded-once" and before == 1:
            return self._fail(529, "overloaded")
        if model == "key":
            return self._fail(401, "bad key")
        if model == "broken":
            return self._fail(400, "no such parameter")
        if model == "silent":
            self.server.let_go.wait(20)
            return None
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            self._stream(body, model)
        except OSError:
            return None
        return None

    def _stream(self, body: dict[str, Any], model: str) -> None:
        text = {"empty": "", "long": "x" * 10_000_000}.get(model) if model in ("empty", "long") else None
        text = self.server.answer(body["messages"]) if text is None else text
        events = _anthropic if self.path.endswith("/messages") else _openai
        sent = sum(len(flat(each)) for each in body["messages"]) // 4
        if model.startswith("{"):  # what it says is the event
            given = [b"data: " + model.encode() + b"\n\n"]
        elif model.startswith("whole:"):
            given = [model.removeprefix("whole:").encode()]
        else:
            given = list(events(text, model, sent, self.server.cached(body["messages"])))
        for number, event in enumerate(given):
            self.wfile.write(event)
            self.wfile.flush()
            if model == "cut" and number == 3:
                return
            if model == "garbage" and number == 2:
                self.wfile.write(b"data: {no json\n\n")
                self.wfile.flush()
            if model == "slow" and number == 3:
                self.server.let_go.wait(20)

    def _fail(self, status: int, words: str, more: dict[str, str] | None = None) -> None:
        body = json.dumps({"error": {"message": words, "type": "error"}}).encode()
        self.send_response(status)
        for key, value in {
            "content-type": "application/json",
            "content-length": str(len(body)),
            **(more or {}),
        }.items():
            self.send_header(key, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


def _pieces(text: str) -> list[str]:
    return [text[at : at + 100_000] for at in range(0, len(text), 100_000)] if len(text) > 1000 else text.split(" ")


def _openai(text: str, model: str, sent: int, cached: int) -> Iterator[bytes]:
    head = {"id": "c1", "object": "chat.completion.chunk", "created": 1, "model": model}

    def event(choices: list[dict[str, Any]], **more: Any) -> bytes:
        return b"data: " + json.dumps({**head, "choices": choices, **more}).encode() + b"\n\n"

    yield event([{"index": 0, "delta": {"role": "assistant", "content": "", "reasoning_content": "hm"}}])
    for number, piece in enumerate(_pieces(text)):
        yield event([{"index": 0, "delta": {"content": piece if number == 0 or len(piece) > 1000 else " " + piece}}])
    finish = {"filter": "content_filter", "length": "length"}.get(model, "stop")
    yield event([{"index": 0, "delta": {}, "finish_reason": finish}])
    usage = {"prompt_tokens": sent, "completion_tokens": len(text) // 4, "total_tokens": sent + len(text) // 4}
    yield event([], usage={**usage, "prompt_tokens_details": {"cached_tokens": cached}})
    yield b"data: [DONE]\n\n"


def _anthropic(text: str, model: str, sent: int, cached: int) -> Iterator[bytes]:
    def event(kind: str, **more: Any) -> bytes:
        return f"event: {kind}\ndata: {json.dumps({'type': kind, **more})}\n\n".encode()

    usage = {
        "input_tokens": max(0, sent - cached), "output_tokens": 1, "cache_read_input_tokens": cached,
        "cache_creation_input_tokens": 0,
    }  # fmt: skip
    message = {"id": "m1", "type": "message", "role": "assistant", "model": model, "content": [], "usage": usage}
    yield event("message_start", message=message)
    yield event("content_block_start", index=0, content_block={"type": "text", "text": ""})
    for number, piece in enumerate(_pieces(text)):
        words = piece if number == 0 or len(piece) > 1000 else " " + piece
        yield event("content_block_delta", index=0, delta={"type": "text_delta", "text": words})
    yield event("content_block_stop", index=0)
    yield event("message_delta", delta={"stop_reason": "end_turn"}, usage={"output_tokens": len(text) // 4})
    yield event("message_stop")
