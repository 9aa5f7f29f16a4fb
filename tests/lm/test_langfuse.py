"""Langfuse behind the file: what it is sent, by its own SDK, and that it can hold nothing up."""

import gzip
import json
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from nozzle.cli import cli
from nozzle.errors import NozzleError
from nozzle.lm import Call, Reply, Scripted, Span, Tracer, Usage
from nozzle.lm.langfuse import WAITING, Exporter, exporter, prompt
from nozzle.lm.trace import read


def span() -> Span:
    call = Call([{"role": "user", "content": "why"}])
    reply = Reply("because", usage=Usage(100, 10, 60), model="m-1")
    return Span.chat("vendor/m", call, 1, "ab" * 16, {"nozzle.signature": "answer"}).answered(reply, 10**9)


def test_without_keys_there_is_no_exporter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LANGFUSE_PUBLIC_KEY", raising=False)
    assert exporter() is None
    assert prompt("answer") == ""


def test_a_server_that_never_answers_holds_nothing_up_and_the_file_has_it_all(tmp_path: Path) -> None:
    never = threading.Event()
    slow = Exporter(lambda: never.wait(30))
    tracer = Tracer(tmp_path / "t.jsonl", also=slow)
    for _ in range(WAITING + 100):
        tracer.add(span())
    assert len(list(read(tmp_path / "t.jsonl"))) == WAITING + 100
    assert slow.left_out >= 99
    never.set()
    slow.close()


def test_a_server_that_refuses_loses_nothing_from_the_file(tmp_path: Path) -> None:
    class Refusing:
        def start_observation(self, **words: object) -> None:
            raise PermissionError("401")

        def flush(self) -> None:
            raise PermissionError("401")

    refused = Exporter(Refusing)
    tracer = Tracer(tmp_path / "t.jsonl", also=refused)
    tracer.add(span())
    refused.close()
    assert refused.left_out == 2
    assert len(list(read(tmp_path / "t.jsonl"))) == 1


FOUND = {
    "name": "answer", "version": 3, "type": "text", "prompt": "Briefly: {question}", "config": {},
    "labels": ["production"], "tags": [],
}  # fmt: skip


class Double(ThreadingHTTPServer):
    """Langfuse's public API, as far as it is used."""

    daemon_threads = True
    spans: list[Any]

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.spans = []
        threading.Thread(target=self.serve_forever, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1
    server: Double

    def log_message(self, *words: object) -> None:
        pass

    def do_POST(self) -> None:
        from opentelemetry.proto.collector.trace.v1 import trace_service_pb2 as wire

        body = self.rfile.read(int(self.headers["content-length"]))
        body = gzip.decompress(body) if self.headers.get("content-encoding") == "gzip" else body
        for resource in wire.ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                self.server.spans += scope.spans
        self._reply(200, wire.ExportTraceServiceResponse().SerializeToString(), "application/x-protobuf")

    def do_GET(self) -> None:
        if "/v2/prompts/answer" in self.path:
            return self._reply(200, json.dumps(FOUND).encode(), "application/json")
        if "/v2/prompts/chat" in self.path:
            chat = {**FOUND, "name": "chat", "type": "chat", "prompt": [{"role": "system", "content": "Be brief."}]}
            return self._reply(200, json.dumps(chat).encode(), "application/json")
        return self._reply(404, b'{"message": "not found"}', "application/json")

    def _reply(self, status: int, body: bytes, kind: str) -> None:
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()


@pytest.fixture
def double(monkeypatch: pytest.MonkeyPatch) -> Iterator[Double]:
    pytest.importorskip("langfuse")
    server = Double()
    monkeypatch.setenv("LANGFUSE_PUBLIC_KEY", f"pk-lf-{server.server_port}")  # the SDK keeps one client for each
    monkeypatch.setenv("LANGFUSE_SECRET_KEY", "sk-lf-test")
    monkeypatch.setenv("LANGFUSE_BASE_URL", f"http://127.0.0.1:{server.server_port}")
    yield server
    server.shutdown()
    server.server_close()


@pytest.mark.filterwarnings("ignore")
def test_the_same_spans_arrive_through_the_sdk_and_prompts_come_by_label(double: Double) -> None:
    export = exporter()
    assert export is not None
    export(span())
    export.close()
    (sent,) = double.spans
    facts = {each.key: each.value.string_value for each in sent.attributes}
    assert sent.name == "chat vendor/m"
    assert sent.trace_id.hex() == "ab" * 16
    assert facts["langfuse.observation.type"] == "generation"
    assert json.loads(facts["langfuse.observation.usage_details"])["cache_read_input_tokens"] == 60
    assert "because" in facts["langfuse.observation.output"]
    assert prompt("answer") == "Briefly: {question}"
    assert prompt("unknown") == ""
    with pytest.raises(NozzleError, match="chat that Langfuse keeps as production is a chat"):
        prompt("chat")


@pytest.mark.filterwarnings("ignore")
def test_a_question_on_the_command_line_is_sent_there_with_the_words_kept_there(
    double: Double, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []

    def reply(messages: Sequence[Mapping[str, str]]) -> str:
        sent.append(messages[-1]["content"])
        return "Because."

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("nozzle.words.company.model", lambda here: Scripted(reply))
    (tmp_path / "nozzle.toml").write_text('prompt_label = "production"\n')
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal/entry.md").write_text("# T\n")
    subprocess.run(["git", "init", "-q"], check=True)
    assert CliRunner().invoke(cli, ["ask", "why?"], standalone_mode=False).return_value == 0
    assert sent == ["Briefly: why?"]
    assert [each.name for each in double.spans] == ["chat scripted"]


def test_a_question_says_once_that_the_package_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANGFUSE_PUBLIC_KEY", "pk-lf-1")
    monkeypatch.setenv("LANGFUSE_SECRET_KEY", "sk-lf-1")
    monkeypatch.setitem(sys.modules, "langfuse", None)
    monkeypatch.setattr("nozzle.words.company.model", lambda here: Scripted(lambda messages: "Because."))
    (tmp_path / "nozzle.toml").write_text('prompt_label = "production"\n')
    (tmp_path / "journal").mkdir()
    (tmp_path / "journal/entry.md").write_text("# T\n")
    subprocess.run(["git", "init", "-q"], check=True)
    asked = CliRunner().invoke(cli, ["ask", "why?"], standalone_mode=False)
    assert (asked.return_value, asked.stderr.count("pip install 'nozzle[langfuse]'")) == (0, 1)


def test_nobody_waits_at_the_end_for_a_server_that_is_silent() -> None:
    never, left = threading.Event(), []

    class Silent:
        def start_observation(self, **words: object) -> None:
            left.append("begun")
            never.wait(60)

    silent = Exporter(Silent)
    silent.ready()
    silent(span())
    silent.close()
    assert left == ["begun"]
    assert silent._thread.is_alive()
    never.set()


def test_who_asked_nothing_waits_for_nothing_at_the_end() -> None:
    never = threading.Event()
    Exporter(lambda: never.wait(60)).close()
