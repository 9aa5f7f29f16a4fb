"""The direct wire: streams, counters, and every way in which a server can fail to answer."""

import json
import re
import socket
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from nozzle.lm import Call, Failed, Stop
from nozzle.lm.model import LONGEST_WAIT, Gathered, Usage, seconds
from nozzle.lm.wire import Wire, _read, _words
from tests.lm.wire import WireServer

HELLO = Call([{"role": "system", "content": "s" * 400}, {"role": "user", "content": "say two words"}], shared=1)


def reply(server: WireServer, model: str, call: Call = HELLO, stop: Stop | None = None) -> tuple[str, list[str]]:
    pieces: list[str] = []
    found = Wire(model, server.url, lambda: "k-123").reply(call, pieces.append, stop or Stop())
    return found.text, pieces


def test_a_reply_comes_in_pieces_and_whole(server: WireServer) -> None:
    text, pieces = reply(server, "qwen")
    assert text == "".join(pieces) == "echo: say two words"
    assert len(pieces) > 2
    assert server.headers[0]["authorization"] == "Bearer k-123"


def test_what_was_sent_before_is_counted_as_cached(server: WireServer) -> None:
    wire = Wire("qwen", server.url)
    wire.reply(HELLO, lambda piece: None, Stop())
    longer = Call([*HELLO.messages, {"role": "user", "content": "and more"}])
    found = wire.reply(longer, lambda piece: None, Stop())
    assert found.usage.cached == (400 + len("say two words")) // 4
    assert found.usage.input > found.usage.cached
    assert found.reasoning == "hm"


def test_a_busy_server_is_asked_again(server: WireServer) -> None:
    assert reply(server, "busy-once")[0].startswith("echo")
    assert len(server.bodies) == 2


@pytest.mark.parametrize(
    ("model", "kind", "words"),
    [
        ("busy", "rate", "slow down"), ("key", "key", "was not accepted"), ("broken", "provider", "no such parameter"),
        ("cut", "truncated", "ended before the reply did"), ("filter", "refused", "refused"),
        ("length", "truncated", "token limit"), ("empty", "empty", "empty"), ("garbage", "malformed", "no JSON"),
        ("long", "truncated", "longer than 400,000 characters"),
    ],
)  # fmt: skip
def test_a_reply_that_fails_says_how(server: WireServer, model: str, kind: str, words: str) -> None:
    with pytest.raises(Failed, match=words) as failed:
        reply(server, model)
    assert failed.value.kind == kind


@pytest.mark.parametrize(
    "after", ["\xb2", "9" * 500, "Fri, 31 Dec 99999 23:59:59 GMT", "Wed, 21 Oct 2015 07:28:00 GMT"]
)
def test_whatever_a_busy_server_says_of_when_to_come_back_it_is_asked_again(after: str) -> None:
    server = WireServer(after=after)
    try:
        stop = Stop()
        stop.wait = lambda seconds: not 0 < seconds <= LONGEST_WAIT  # type: ignore[method-assign]
        assert reply(server, "busy-once", stop=stop)[0].startswith("echo")
    finally:
        server.close()


def test_why_a_reply_is_waited_for_is_said() -> None:
    server, said = WireServer(after="7"), []
    try:
        stop = Stop()
        stop.waits, stop.wait = said.append, lambda seconds: False  # type: ignore[method-assign]
        reply(server, "busy-once", stop=stop)
    finally:
        server.close()
    assert [words.partition("status ")[2] for words in said] == ["429: slow down: asked again in 7 s"]


@pytest.mark.parametrize("by_date", [False, True])
def test_who_is_to_come_back_much_later_is_told_so_at_once(by_date: bool) -> None:
    server = WireServer(after=format_datetime(datetime.now(UTC) + timedelta(hours=1)) if by_date else "3600")
    try:
        stop = Stop()
        stop.wait = lambda seconds: pytest.fail("nobody waits")  # type: ignore[method-assign]
        with pytest.raises(Failed, match=r"slow down; it says to wait 3,\d\d\d s: ask again after 20\d\d-") as failed:
            reply(server, "busy-once", stop=stop)
        assert failed.value.kind == "rate"
    finally:
        server.close()


def test_a_busy_server_may_say_when_to_come_back_by_a_date() -> None:
    assert seconds(format_datetime(datetime.now(UTC) + timedelta(hours=1))) > LONGEST_WAIT


def test_json_that_is_nested_too_deep_is_said_to_be(server: WireServer) -> None:
    with pytest.raises(Failed, match="nested too deep") as failed:
        reply(server, '{"choices": ' + "[" * 100_000)
    assert failed.value.kind == "malformed"
    assert _words("[" * 100_000) == "[" * 300


@pytest.mark.parametrize(
    ("model", "usage"),
    [
        ("length", Usage(103, 4)), ("filter", Usage(103, 4)), ("empty", Usage(103, 0)), ("busy", Usage()),
        ("key", Usage()), ("cut", Usage(103, 3, estimated=True)), ("garbage", Usage(103, 2, estimated=True)),
    ],
)  # fmt: skip
def test_a_reply_that_fails_says_what_it_cost(server: WireServer, model: str, usage: Usage) -> None:
    with pytest.raises(Failed) as failed:
        reply(server, model)
    assert failed.value.usage == usage


@pytest.mark.parametrize("model", ["key", "broken", "nobody there"])
def test_a_key_in_the_address_is_not_told(server: WireServer, model: str) -> None:
    url = "http://127.0.0.1:1/v1" if model == "nobody there" else server.url
    with pytest.raises(Failed, match=re.escape(url)) as failed:
        Wire(model, url.replace("//", "//me:k-123@") + "?key=k-123").reply(HELLO, lambda piece: None, Stop())
    assert "k-123" not in str(failed.value)


def event(said: str, usage: str = "{}") -> str:
    return f'{{"usage": {usage}, "choices": [{{"finish_reason": "stop", "delta": {{"content": {said}}}}}]}}'


@pytest.mark.parametrize(
    "sent",
    ['{"choices": ["x"]}', '{"choices": [{"delta": "x"}]}', '{"choices": 3}', event("7"), event('["x"]'),
     event('[{"text": 3}]')],
)  # fmt: skip
def test_an_event_of_another_form_is_malformed(server: WireServer, sent: str) -> None:
    with pytest.raises(Failed, match="an event of another form") as failed:
        reply(server, sent)
    assert failed.value.kind == "malformed"


@pytest.mark.parametrize(
    ("said", "text"),
    [('[{"type": "text", "text": "in "}, {"text": "parts"}]', "in parts"), (r'"a\ud83d\ude00"', "a\U0001f600"),
     (r'"a\ude00"', "a\ufffd"), (r'"a\r\n\r---\r\nb"', "a\n\n---\nb")],
)  # fmt: skip
def test_a_text_is_taken_as_it_was_meant(server: WireServer, said: str, text: str) -> None:
    assert reply(server, event(said))[0] == text


THREE = "It is 3, says `</think>`, or <think></think>.\n"


@pytest.mark.parametrize(
    ("sent", "thought", "text"),
    [
        ("So 3 it is.\n\n```{code-cell} python\n3\n```\n</think>\n\nIt is 3.", "So 3 it is.", "It is 3."),
        ("So 3.</think>\nIt is 3.", "So 3.", "It is 3."), ("\n</think>\n\nIt is 3.", "", "It is 3."),
        ("<think>So 3.</think> It is 3.", "So 3.", "It is 3."), (THREE, "", THREE),
    ],
)  # fmt: skip
def test_what_a_model_thought_before_its_reply_is_no_part_of_it(sent: str, thought: str, text: str) -> None:
    gathered = Gathered(lambda piece: None, Stop(), finish="stop")
    gathered.add(sent)
    found = gathered.done("", "")
    assert found.text == text
    assert found.reasoning.startswith(thought)


def test_a_character_in_two_pieces_is_one() -> None:
    told: list[str] = []
    gathered = Gathered(told.append, Stop(), finish="stop")
    for piece in ("a\ud83d", "\ude00b", "\ud83d"):
        gathered.add(piece)
    assert told == ["a", "\U0001f600b"]
    assert gathered.done("", "").text == "a\U0001f600b"


def test_an_error_that_is_null_is_none(server: WireServer) -> None:
    assert reply(server, event('"a"').replace("{", '{"error": null, ', 1))[0] == "a"


@pytest.mark.parametrize(
    ("said", "finish", "words"), [('"\\u200b\\u2060 "', "stop", "empty"), ("null", "tool_calls", "a tool")]
)
def test_a_reply_in_which_nothing_can_be_read_is_none(server: WireServer, said: str, finish: str, words: str) -> None:
    with pytest.raises(Failed, match=words) as failed:
        reply(server, event(said).replace('"stop"', f'"{finish}"'))
    assert failed.value.kind == "empty"


WHOLE = {
    "openai": {
        "choices": [{"index": 0, "message": {"role": "assistant", "content": "It is 3.", "reasoning_content": "hm"}}],
        "usage": {"prompt_tokens": 17, "completion_tokens": 3},
    },
    "anthropic": {
        "type": "message", "role": "assistant", "content": [{"type": "text", "text": "It is 3."}],
        "stop_reason": "end_turn",
        "usage": {"input_tokens": 10, "output_tokens": 3, "cache_read_input_tokens": 7},
    },
}  # fmt: skip


@pytest.mark.parametrize("form", WHOLE)
@pytest.mark.parametrize("indent", [None, 2])
def test_a_reply_that_comes_whole_is_taken(server: WireServer, form: str, indent: int | None) -> None:
    told: list[str] = []
    wire = Wire("whole:" + json.dumps(WHOLE[form], indent=indent), server.url)
    found = wire.reply(HELLO, told.append, Stop())
    assert (found.text, told, found.usage.input, found.usage.output) == ("It is 3.", ["It is 3."], 17, 3)


@pytest.mark.parametrize(
    ("sent", "kind", "words"),
    [
        ('{"choices": [{"finish_reason": "length", "message": {"content": "It"}}]}', "truncated", "token limit"),
        ('{"type": "message", "stop_reason": "max_tokens", "content": []}', "truncated", "token limit"),
        ('{"choices": [{"finish_reason": "tool_calls", "message": {"content": null}}]}', "empty", "a tool"),
        ('{"choices": [{"finish_reason": "stop", "message": {"refusal": "I won\'t."}}]}', "refused", "I won't"),
        (
            'data: {"choices": [{"delta": {"refusal": "I "}}]}\n\n'
            'data: {"choices": [{"delta": {"refusal": "won\'t."}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n',
            "refused", "to answer this: I won't",
        ),
        ('{"choices": []}', "empty", "empty"), ('{"error": {"message": "no memory"}}', "provider", "no memory"),
        ('{"choices": [{"mess', "truncated", "ended before the reply did"),
        (": alive\n\nevent: ping\n\n", "truncated", "ended before the reply did"),
        ("<html><head><title>Sign in</title></head>\n<p>Bad gateway</html>", "malformed", "'Sign in Bad gateway'"),
        ('{"detail": "Not Found"}', "malformed", "no reply of a model's server"), ("[]", "malformed", "no reply"),
    ],
)  # fmt: skip
def test_what_comes_whole_and_is_no_reply_says_what_it_is(server: WireServer, sent: str, kind: str, words: str) -> None:
    url = server.url.replace("//", "//me:k-123@") + "?key=k-123"
    with pytest.raises(Failed, match=words) as failed:
        Wire(f"whole:{sent}", url).reply(HELLO, lambda piece: None, Stop())
    assert failed.value.kind == kind
    assert "k-123" not in str(failed.value)
    assert kind != "malformed" or server.url in str(failed.value)


@pytest.mark.parametrize(
    "usage", ['{"prompt_tokens": "many", "completion_tokens": 12.5}', "[1]", '{"prompt_tokens_details": 3}']
)
def test_where_no_count_comes_tokens_are_estimated(server: WireServer, usage: str) -> None:
    found = Wire(event('"a"', usage), server.url).reply(HELLO, lambda piece: None, Stop())
    assert found.usage == Usage(HELLO.size // 4, 0, estimated=True)


def test_a_stop_hangs_up_on_a_server_that_has_not_said_a_word(server: WireServer) -> None:
    stop = Stop()
    waits = threading.Thread(target=lambda: server.taken.wait(60) and stop.say())
    waits.start()
    with pytest.raises(Failed, match="you stopped it") as failed:
        reply(server, "silent", stop=stop)
    assert failed.value.kind == "stopped"
    waits.join()


def test_a_stop_that_was_said_before_the_line_stood_is_heard(
    server: WireServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop, real = Stop(), socket.create_connection

    def connect(*args: Any, **named: Any) -> socket.socket:
        stop.say()
        return real(*args, **named)

    monkeypatch.setattr(socket, "create_connection", connect)
    with pytest.raises(Failed, match="you stopped it"):
        reply(server, "silent", Call(HELLO.messages, timeout=20), stop=stop)
    monkeypatch.undo()
    with pytest.raises(Failed, match="you stopped it"):
        reply(server, "silent", Call(HELLO.messages, timeout=20), stop=stop)


def test_a_stream_that_ends_because_it_was_to_stop_was_stopped() -> None:
    stop = Stop()

    def events() -> Iterator[dict[str, Any]]:
        yield {"choices": [{"delta": {"content": "echo"}}]}
        stop.say()

    with pytest.raises(Failed, match="you stopped it") as failed:
        _read(events(), Gathered(lambda piece: None, stop))
    assert (failed.value.kind, failed.value.so_far) == ("stopped", "echo")


def test_what_came_before_the_line_was_cut_is_kept(server: WireServer) -> None:
    with pytest.raises(Failed) as failed:
        reply(server, "cut")
    assert failed.value.so_far == "echo: say two"


def test_a_silent_server_is_not_waited_for_longer_than_was_said(server: WireServer) -> None:
    with pytest.raises(Failed) as failed:
        reply(server, "silent", Call(HELLO.messages, timeout=0.1))
    assert failed.value.kind == "timeout"


def test_a_stop_ends_the_stream_at_the_next_piece_and_keeps_what_came(server: WireServer) -> None:
    stop = Stop()

    def tell(piece: str) -> None:
        stop.say()
        server.let_go.set()

    with pytest.raises(Failed) as failed:
        Wire("slow", server.url).reply(HELLO, tell, stop)
    assert failed.value.kind == "stopped"
    assert failed.value.so_far.startswith("echo:")


def test_nobody_at_the_address_is_said_so() -> None:
    with pytest.raises(Failed, match="is the server running") as failed:
        Wire("x", "http://127.0.0.1:9/v1").reply(HELLO, lambda piece: None, Stop())
    assert failed.value.kind == "unreachable"


def test_two_questions_at_once_do_not_wait_for_each_other(server: WireServer) -> None:
    slow = threading.Thread(target=lambda: reply(server, "slow"), daemon=True)
    slow.start()
    assert reply(server, "qwen")[0] == "echo: say two words"
    server.let_go.set()
    slow.join(10)
