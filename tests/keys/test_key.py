"""Keys and signatures as text: one spelling each, nothing a marker may not hold, nothing a terminal would obey."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nozzle.errors import Unreadable, WrongCommand
from nozzle.keys import Key, check, my_key, parse_signature, read_key, signature_text, signed_message, verify
from nozzle.keys.key import decode, encode

short = st.text(max_size=6)


@given(st.binary(min_size=32, max_size=32), st.text(max_size=120))
def test_a_line_is_read_back(public: bytes, name: str) -> None:
    key = Key.of(public, name)
    assert Key.parse(key.line) == key
    assert key.line.isprintable()


@given(st.text(max_size=100))
def test_any_line_is_a_key_or_none(line: str) -> None:
    assert Key.parse(line) is None


def test_an_id_that_is_not_the_keys_is_refused() -> None:
    line = Key.of(bytes(32), "Ada").line
    assert Key.parse("0" + line[1:]) is None
    assert Key.parse(line[:13] + "B" + line[14:]) is None


def test_a_name_cannot_speak_to_the_terminal() -> None:
    assert Key.of(bytes(32), "A\x1b[31m\nB\u202e  C").name == "A [31m B C"


@given(st.binary(max_size=80))
def test_base64_is_safe_in_a_marker_and_has_one_spelling(data: bytes) -> None:
    text = encode(data)
    assert re.fullmatch(r"[A-Za-z0-9._]*", text)
    assert decode(text) == data
    assert decode(text + "=") is None


@given(st.binary(min_size=64, max_size=64), st.integers(0, 98), st.sampled_from("AZaz09._:/-= \n"))
def test_no_character_of_a_signature_can_change_unnoticed(signature: bytes, at: int, char: str) -> None:
    text = signature_text("0123456789ab", signature)
    other = text[:at] + char + text[at + 1 :]
    assert re.fullmatch(r"[0-9a-f]{12}:[A-Za-z0-9._]{86}", text)
    assert (parse_signature(other) == parse_signature(text)) is (other == text)


@pytest.mark.parametrize("text", ["", ":", "ab:", "ab:AAAA", ":" + "A" * 86, "AB:" + "A" * 86, "ab:" + "é" * 86])
def test_what_is_no_signature_is_none(text: str) -> None:
    assert parse_signature(text) is None


@given(st.tuples(short, short, short, short), st.tuples(short, short, short, short))
def test_two_outputs_never_share_a_message(one: tuple[str, ...], two: tuple[str, ...]) -> None:
    assert (signed_message(*one) == signed_message(*two)) is (one == two)


def test_the_message_is_pinned() -> None:
    assert signed_message("1", "a:b,", "", "é") == b"nozzle output\n1:1,4:a:b,,0:,2:\xc3\xa9,"


def test_a_signature_holds_over_its_output_only(tmp_path: Path) -> None:
    mine, other = my_key(tmp_path / "a"), my_key(tmp_path / "b")
    text = mine.sign_output("1", "chain", "digest")
    keys = [other.key(), mine.key("me")]
    assert check(text, "1", "chain", "digest", keys) == mine.key("me")
    assert check(text, "2", "chain", "digest", keys) is None
    assert check(text, "1", "chaim", "digest", keys) is None
    assert check(text, "1", "chain", "digesu", keys) is None
    assert check(text, "1", "chain", "digest", [other.key()]) is None
    assert check(text.replace(mine.id, other.id), "1", "chain", "digest", keys) is None
    assert check("nonsense", "1", "chain", "digest", keys) is None


def test_verify_says_no_to_bytes_that_are_no_key(tmp_path: Path) -> None:
    signer = my_key(tmp_path)
    signature = signer.sign(b"x")
    assert verify(signer.public, b"x", signature)
    assert not verify(signer.public, b"y", signature)
    assert not verify(signer.public, b"x", signature[:-1])
    assert not verify(signer.public[:-1], b"x", signature)
    assert not verify(b"\xff" * 32, b"x", signature)


def test_a_key_is_named_by_line_or_by_file(tmp_path: Path) -> None:
    key = Key.of(bytes(32), "Ada")
    (tmp_path / "key.txt").write_text(f"# mine\n\n{key.line}\n")
    assert read_key(key.line) == read_key(str(tmp_path / "key.txt")) == key


def test_what_is_no_key_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("hello\n")
    with pytest.raises(Unreadable, match="empty: holds no key"):
        read_key(str(tmp_path / "empty"))
    with pytest.raises(Unreadable, match="gone: no such file"):
        read_key(str(tmp_path / "gone"))
    with pytest.raises(WrongCommand, match="copy all of it"):
        read_key("0123456789ab AAAA Ada")
