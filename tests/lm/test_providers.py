"""litellm's wires, where it is installed: the same replies, and the markers for the provider's cache."""

import importlib.util
import json
import subprocess
import sys
import threading

import pytest

from nozzle.lm import Call, Choice, Failed, Stop, choose
from nozzle.lm.providers import Provider, _failed, marked
from tests.lm.wire import WireServer

litellm = pytest.mark.skipif(importlib.util.find_spec("litellm") is None, reason="litellm is not installed")
quiet = pytest.mark.filterwarnings("ignore")
MESSAGES = [{"role": "system", "content": "s" * 400}, {"role": "user", "content": "say two words"}]


def test_a_key_in_the_environment_is_not_consent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-ant-x")
    assert choose(Choice()) is None


def test_the_marker_stands_on_the_last_shared_message_and_some_way_before() -> None:
    messages = [{"role": "user", "content": str(number)} for number in range(30)]
    found = marked(messages, 28, "anthropic/claude-sonnet-5")
    assert [at for at, each in enumerate(found) if isinstance(each["content"], list)] == [12, 27]
    assert marked(messages, 28, "hosted_vllm/qwen") == messages
    openai = marked(messages, 28, "openai/gpt-5.6")[27]["content"][0]
    assert openai["prompt_cache_breakpoint"] == {"mode": "explicit"}


def test_choosing_a_model_imports_no_provider() -> None:
    code = (
        "import sys; from nozzle.lm import Choice, choose; choose(Choice('anthropic/x')); choose(Choice('x', 'http://a'));"
        "print([name for name in ('litellm', 'httpx', 'openai') if name in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


@litellm
@quiet
def test_both_wires_answer_through_litellm_and_no_network_is_asked(server: WireServer) -> None:
    call, pieces = Call(MESSAGES, shared=2), []
    base = server.url.removesuffix("/v1")
    first = Provider("anthropic/claude-sonnet-5", base, lambda: "k").reply(call, pieces.append, Stop())
    assert first.text == "".join(pieces) == "echo: say two words"
    assert "cache_control" in json.dumps(server.bodies[0])
    again = Provider("anthropic/claude-sonnet-5", base, lambda: "k").reply(call, pieces.append, Stop())
    assert again.usage.cached > 0
    assert again.usage.input >= again.usage.cached
    other = Provider("openai/some", server.url, lambda: "k").reply(call, lambda piece: None, Stop())
    assert other.text == "echo: say two words"


@litellm
@quiet
@pytest.mark.parametrize(
    ("model", "kind"), [("key", "key"), ("busy", "rate"), ("filter", "refused"), ("empty", "empty")]
)
def test_its_failures_are_told_in_our_words(server: WireServer, model: str, kind: str) -> None:
    with pytest.raises(Failed) as failed:
        Provider(f"openai/{model}", server.url, lambda: "k").reply(Call(MESSAGES), lambda piece: None, Stop())
    assert failed.value.kind == kind


@litellm
@quiet
@pytest.mark.parametrize("model", ["openai/overloaded-once", "anthropic/overloaded-once"])
def test_a_provider_that_is_overloaded_is_asked_again(
    server: WireServer, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    monkeypatch.setattr("nozzle.lm.model.WAIT", 0.01)
    url = server.url if model.startswith("openai") else server.url.removesuffix("/v1")
    found = Provider(model, url, lambda: "k").reply(Call(MESSAGES), lambda piece: None, Stop())
    assert found.text == "echo: say two words"
    assert len(server.bodies) == 2


@litellm
@quiet
@pytest.mark.parametrize("model", ["filter", "length", "cut"])
def test_a_reply_that_fails_says_what_it_cost(server: WireServer, model: str) -> None:
    with pytest.raises(Failed) as failed:
        Provider(f"openai/{model}", server.url, lambda: "k").reply(Call(MESSAGES), lambda piece: None, Stop())
    assert failed.value.usage.input > 0
    assert failed.value.usage.output > 0
    assert failed.value.usage.estimated == (model == "cut")


@litellm
@quiet
@pytest.mark.parametrize("model", ["openai/silent", "anthropic/silent"])
def test_a_stop_does_not_wait_for_a_server_that_has_not_said_a_word(server: WireServer, model: str) -> None:
    stop = Stop()
    waits = threading.Thread(target=lambda: server.taken.wait(60) and stop.say())
    waits.start()
    base = server.url if model.startswith("openai") else server.url.removesuffix("/v1")
    with pytest.raises(Failed, match="you stopped it") as failed:
        Provider(model, base, lambda: "k").reply(Call(MESSAGES, timeout=60), lambda piece: None, stop)
    assert failed.value.kind == "stopped"
    assert not server.let_go.is_set()
    waits.join()


@litellm
@quiet
def test_a_missing_key_is_named_before_anything_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    with pytest.raises(Failed, match="ANTHROPIC_API_KEY"):
        Provider("anthropic/claude-sonnet-5").reply(Call(MESSAGES), lambda piece: None, Stop())


class MidStreamFallbackError(Exception):
    """As litellm's, with what it is made of."""

    original_exception = type("InternalServerError", (Exception,), {})("Overloaded")


@pytest.mark.parametrize(
    ("so_far", "kind", "words"),
    [
        ("Because", "truncated", "a/m: the provider broke off in the middle of its reply; ask again (Overloaded)"),
        ("", "unreachable", "a/m: the provider failed or cannot be reached (Overloaded)"),
    ],
)
def test_a_stream_that_breaks_off_is_told_in_plain_words(so_far: str, kind: str, words: str) -> None:
    failed = _failed("a/m", MidStreamFallbackError("litellm.MidStreamFallbackError: ..."), so_far)
    assert (failed.kind, str(failed), failed.so_far) == (kind, words, so_far)


@litellm
def test_types_that_litellm_makes_when_it_is_called_warn_nobody() -> None:
    code = (
        "from nozzle.lm.providers import load; load()\n"
        "from typing_extensions import ReadOnly, TypedDict\n"
        "from pydantic import TypeAdapter\n"
        "TypeAdapter(TypedDict('Item', {'id': ReadOnly[str]}))\n"
        "TypeAdapter(TypedDict('Items', {'id': ReadOnly[str], 'name': ReadOnly[str]}))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
