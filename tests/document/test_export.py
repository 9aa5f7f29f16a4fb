"""Exports as they come: whole, half, out of order, and not exports at all."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nozzle.document.talk.export import conversations
from nozzle.document.talk.turn import Conversation
from nozzle.errors import Unreadable

LEFT = "left out: a message off the branch that was shown last"


def node(role: str, text: str, parent: str | None, at: float = 0) -> dict[str, Any]:
    message = {"author": {"role": role}, "content": {"content_type": "text", "parts": [text]}, "create_time": at}
    return {"message": message, "parent": parent, "children": []}


def chatgpt() -> dict[str, Any]:
    mapping = {
        "root": {"message": None, "parent": None, "children": ["a"]},
        "a": node("system", "be good", "root"),
        "b": node("user", "is it bandwidth?", "a", 1_763_000_000),
        "c": node("assistant", "an answer that was thrown away", "b", 1_763_000_010),
        "d": node("assistant", "yes", "b", 1_763_000_020),
        "e": node("user", "measure it", "d", 1_763_000_030),
    }
    return {"title": "Scan", "create_time": 1_763_000_000.5, "mapping": mapping, "current_node": "e"}


def openwebui() -> dict[str, Any]:
    thought = '<details type="reasoning" done="true">\n<summary>Thought</summary>\n&gt; they &amp; I\n</details>\nyes'
    messages = {
        "1": {"id": "1", "parentId": None, "role": "user", "content": "is it bandwidth?", "timestamp": 1_763_000_000},
        "2": {"id": "2", "parentId": "1", "role": "assistant", "content": thought, "model": "glm-4.5-air"},
    }
    return {"title": "Scan", "chat": {"title": "Scan", "history": {"messages": messages, "currentId": "2"}}}


def said(chat: Conversation) -> list[tuple[str, str]]:
    return [(turn.who, turn.text) for turn in chat.turns]


def read(value: object) -> list[Conversation]:
    return list(conversations(json.dumps(value)))


def test_chatgpt_gives_the_branch_last_shown() -> None:
    (chat,) = read([chatgpt()])
    assert said(chat) == [("author", "is it bandwidth?"), ("machine", "yes"), ("author", "measure it")]
    assert (chat.title, chat.date, chat.notes) == ("Scan", "2025-11-13", (LEFT,))


def test_openwebui_gives_thoughts_apart_and_the_models_name() -> None:
    (chat,) = read([openwebui()])
    assert chat.turns[1].by == "glm-4.5-air"
    assert chat.turns[1].text == "THINKING:\n\nthey & I\n\nRESPONDING\n\nyes"


def test_a_bare_list_of_messages_is_one_chat() -> None:
    assert said(read([{"role": "user", "content": "hi"}, {"role": "assistant", "content": [{"text": "ho"}]}])[0]) == [
        ("author", "hi"),
        ("machine", "ho"),
    ]


def test_turns_that_do_not_hang_together_stand_by_their_times() -> None:
    broken = chatgpt()
    broken["mapping"]["d"]["parent"] = "e"  # a circle
    (chat,) = read([broken])
    assert [text for _, text in said(chat)][:2] == ["is it bandwidth?", "an answer that was thrown away\n\nyes"]
    assert "did not hang together" in chat.notes[0]


def test_a_list_out_of_order_stands_by_its_times() -> None:
    late = {"role": "assistant", "content": "second", "timestamp": 2}
    early = {"role": "user", "content": "first", "timestamp": 1}
    (chat,) = read([{"title": "t", "messages": [late, early]}])
    assert [text for _, text in said(chat)] == ["first", "second"]
    assert "out of order" in chat.notes[0]


def test_half_an_export_is_read_as_far_as_it_goes() -> None:
    whole = json.dumps([chatgpt(), openwebui()])
    first, second = conversations(whole[: whole.index("glm-4.5")])
    assert first.notes == (LEFT,)
    assert [who for who, _ in said(second)] == ["author", "machine"]
    assert "breaks off" in second.notes[0]


@given(st.integers(1, 2000))
@settings(max_examples=150)
def test_an_export_cut_anywhere_gives_a_beginning_or_a_plain_error(cut: int) -> None:
    whole = json.dumps([chatgpt(), openwebui()])
    full = [text for chat in conversations(whole) for _, text in said(chat)]
    with suppress(Unreadable):
        for chat in conversations(whole[:cut]):
            assert {text for _, text in said(chat)} <= {*full, "an answer that was thrown away"}


@pytest.mark.parametrize("text", ["", "[", "[]", "{}", "null", "3", '{"a": 1}', "[1, 2", "not json", "[" * 5000, "}{"])
def test_what_is_no_export_is_said_to_be_none(text: str) -> None:
    with pytest.raises(Unreadable):
        list(conversations(text))


def test_a_picture_is_named_and_code_stays_code() -> None:
    chat = {
        "title": "t",
        "messages": [{"role": "user", "content": {"content_type": "code", "language": "py", "text": "1"}}],
    }
    picture = {
        "role": "user",
        "content": {"content_type": "multimodal_text", "parts": [{"content_type": "image"}, "see"]},
    }
    assert read([chat])[0].turns[0].text == "```py\n1\n```"
    assert read([{"messages": [picture]}])[0].turns[0].text == "[image]\n\nsee"


def test_a_picture_beside_the_words_is_named_where_it_was_and_told() -> None:
    chat = openwebui()
    chat["chat"]["history"]["messages"]["1"]["files"] = [
        {"type": "image", "url": "data:image/png;base64,AAAA"}, {"type": "file", "name": "loss [1].csv"},
    ]  # fmt: skip
    (made,) = read([chat])
    assert made.turns[0].text == "[image]\n\n[file: loss 1 .csv]\n\nis it bandwidth?"
    assert made.notes == ("left out: 2 parts that are no text, such as a picture; named in brackets there",)


def test_a_picture_among_the_words_is_told_too() -> None:
    chat = chatgpt()
    chat["mapping"]["e"]["message"]["content"]["parts"] = [{"content_type": "image_asset_pointer"}, "see"]
    (made,) = read([chat])
    assert made.turns[-1].text == "[image asset pointer]\n\nsee"
    assert made.notes[-1] == "left out: a part that is no text, such as a picture; named in brackets there"


def test_what_chatgpt_replies_after_its_thoughts_is_told_apart_and_its_marks_are_gone() -> None:
    chat = chatgpt()
    chat["mapping"]["d"]["message"]["content"] = {"content_type": "thoughts", "thoughts": [{"content": "They ask."}]}
    chat["mapping"]["f"] = node("assistant", "", "d", 1_763_000_021)
    chat["mapping"]["f"]["message"]["content"] = {"content_type": "reasoning_recap", "content": "Thought for 8 s"}
    chat["mapping"]["g"] = node(
        "assistant", 'Yes \ue200cite\ue202turn0search0\ue201. In \ue200entity\ue202["city","Rome"]\ue201【4:0†a】.', "f"
    )
    chat["mapping"]["e"]["parent"] = "g"
    (made,) = read([chat])
    assert made.turns[1].text == "THINKING:\n\nThey ask.\n\nThought for 8 s\n\nRESPONDING\n\nYes. In Rome."
