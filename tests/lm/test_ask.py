"""Typed questions: the tail after the shared messages, one repair, and a trace of every call."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from nozzle import schema
from nozzle.lm import Failed, Prompts, Reply, Scripted, Signature, Tracer, Usage, ask
from nozzle.lm.ask import Terms
from nozzle.lm.model import Call, Stop, Tell
from nozzle.lm.trace import read
from nozzle.schema import Misfit

SHARED = [{"role": "system", "content": "You are two."}, {"role": "user", "content": "The entry."}]


@dataclass
class Given:
    question: str = ""
    facts: str = ""
    voice: str = ""


@dataclass
class Number:
    value: int = schema.checked(0, "A whole number.")


def number(text: str) -> Number:
    return schema.read(Number, json.loads(text))


SIGNATURE = Signature("answer", Given, Number, number)


def scripted(*replies: str | Reply | Failed) -> Scripted:
    left = list(replies)
    return Scripted(lambda messages: left.pop(0))


def test_what_goes_in_is_checked_too() -> None:
    with pytest.raises(Misfit, match="valid string") as caught:
        ask(scripted('{"value": 3}'), SIGNATURE, Given(question=3), SHARED, Terms())  # type: ignore[arg-type]
    assert caught.value.names == ("question",)


def test_the_question_comes_after_all_that_is_shared() -> None:
    model = scripted('{"value": 3}')
    asked = ask(model, SIGNATURE, Given(question="how many {facts}?"), SHARED, Terms())
    assert asked.value.value == 3
    sent = model.calls[0].messages
    assert list(sent[:2]) == SHARED
    assert sent[2]["content"].startswith("/explain how many {facts}?")


def test_a_reply_that_does_not_hold_is_repaired_once() -> None:
    model = scripted("three", '{"value": 3}')
    assert ask(model, SIGNATURE, Given(question="n"), SHARED, Terms()).value.value == 3
    assert "cannot be used" in model.calls[1].messages[-1]["content"]
    assert model.calls[1].messages[-2] == {"role": "assistant", "content": "three"}


def test_a_second_one_that_does_not_hold_is_a_failure_that_keeps_it() -> None:
    with pytest.raises(Failed) as failed:
        ask(scripted("three", "four"), SIGNATURE, Given(question="n"), SHARED, Terms())
    assert (failed.value.kind, failed.value.so_far) == ("malformed", "four")


def test_what_failed_cost_all_that_was_asked_until_then(tmp_path: Path) -> None:
    cut = Failed("truncated", "cut off", "thr")
    cut.usage = Usage(100, 5, cost=0.5)
    usage = Usage(20, 1)
    for replies, sent in (
        ([Reply("three", usage=usage), cut], 120),
        ([Reply("a", usage=usage), Reply("b", usage=usage)], 40),
    ):
        with pytest.raises(Failed) as failed:
            ask(scripted(*replies), SIGNATURE, Given(question="n"), SHARED, Terms(tracer=Tracer(tmp_path / "t.jsonl")))
        assert failed.value.usage.input == sent
    facts = [span["attributes"] for span in read(tmp_path / "t.jsonl")]
    (broken,) = (each for each in facts if "error.type" in each)
    assert (broken["gen_ai.usage.input_tokens"], broken["nozzle.cost.usd"]) == (100, 0.5)


def test_a_refused_reply_is_asked_for_again() -> None:
    model = scripted('{"value": 1}', '{"value": 2}')
    terms = Terms(refuse=lambda text: "it is one" if "1" in text else "")
    assert ask(model, SIGNATURE, Given(question="n"), SHARED, terms).value.value == 2


def test_the_journals_own_instruction_goes_before_the_shipped_one(tmp_path: Path) -> None:
    (tmp_path / "answer.md").write_text("<!-- mine -->\nBriefly: {question}\n")
    mine = Signature("answer", Given, Number, number, Prompts(tmp_path))
    assert mine.tail(Given(question="why")) == "Briefly: why"
    assert mine.version != SIGNATURE.version


def test_no_secret_of_an_instruction_is_sent(tmp_path: Path) -> None:
    (tmp_path / "answer.md").write_text("/explain by s3cret {question}\n")
    prompts = Prompts(tmp_path, redact=lambda text: text.replace("s3cret", "***"))
    model = scripted('{"value": 3}')
    ask(model, Signature("answer", Given, Number, number, prompts), Given(question="n"), [], Terms())
    assert model.calls[0].messages[0]["content"] == "/explain by *** n"


def test_every_call_is_a_span_with_its_messages_written_once(tmp_path: Path) -> None:
    tracer = Tracer(tmp_path / "t.jsonl", redact=lambda text: text.replace("s3cret", "***"))
    terms = Terms(tracer=tracer, conversation="ab" * 16)
    ask(scripted('{"value": 3}', '{"value": 4}'), SIGNATURE, Given(question="s3cret"), SHARED, terms)
    ask(scripted('{"value": 4}'), SIGNATURE, Given(question="other"), SHARED, terms)
    with pytest.raises(Failed):
        ask(scripted(Failed("rate", "slow down")), SIGNATURE, Given(question="x"), SHARED, terms)
    first, second, third = read(tmp_path / "t.jsonl")
    assert "s3cret" not in (tmp_path / "t.jsonl").read_text()
    assert first["attributes"]["gen_ai.operation.name"] == "chat"
    assert first["attributes"]["nozzle.signature"] == "answer"
    assert second["attributes"]["nozzle.input.same"] == 2
    assert "The entry." not in second["attributes"]["gen_ai.input.messages"]
    assert third["attributes"]["error.type"] == "rate"
    assert third["status"] == {"code": 2, "message": "slow down"}
    assert first["traceId"] == second["traceId"] == "ab" * 16


def test_half_a_line_at_the_end_of_the_file_is_left_out(tmp_path: Path) -> None:
    tracer = Tracer(tmp_path / "t.jsonl")
    ask(scripted('{"value": 3}'), SIGNATURE, Given(question="n"), SHARED, Terms(tracer=tracer))
    with (tmp_path / "t.jsonl").open("ab") as file:
        file.write(b'{"resourceSpans": [{"resou')
    assert len(list(read(tmp_path / "t.jsonl"))) == 1


class Interrupted:
    """A model at whose second word somebody presses Ctrl-C."""

    name = "slow"

    def reply(self, call: Call, tell: Tell, stop: Stop) -> Reply:
        tell("Well, ")
        raise KeyboardInterrupt


def test_a_call_that_ctrl_c_ends_is_a_span_with_what_had_come(tmp_path: Path) -> None:
    tracer = Tracer(tmp_path / "traces.jsonl")
    with pytest.raises(KeyboardInterrupt):
        ask(Interrupted(), SIGNATURE, Given(question="why?"), [], Terms(tracer=tracer))
    (span,) = read(tracer.path)
    assert span["attributes"]["error.type"] == "stopped"
    assert span["status"]["message"] == "you stopped it"
    assert "Well, " in span["attributes"]["gen_ai.output.messages"]
