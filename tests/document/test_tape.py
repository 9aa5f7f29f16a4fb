"""What a run shows is the same, however often it is looked at meanwhile."""

import pytest

from nozzle.document.events import DisplayData, Event, Stream
from nozzle.document.outputs import Display, Tape, Text, plain

EVENTS: tuple[Event, ...] = (
    Stream("c", "stdout", "one\n"), Stream("c", "stdout", "two\n"), Stream("c", "stderr", "oh\n"),
    DisplayData("c", {"text/plain": "3"}), Stream("c", "stdout", "four\n"), Stream("c", "stdout", "five\n"),
)  # fmt: skip


def test_looking_at_a_run_does_not_cut_its_stream() -> None:
    looked, left_alone = Tape(), Tape()
    for event in EVENTS:
        looked.add(event)
        left_alone.add(event)
        assert looked.outputs
    assert looked.outputs == left_alone.outputs
    assert looked.outputs == (
        Text("stdout", "one\ntwo\n"), Text("stderr", "oh\n"), Display({"text/plain": "3"}),
        Text("stdout", "four\nfive\n"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("long progress bar\r\x1b[Kdone\n", "done\n"),
        ("abcdef\r\x1b[2Kxy\n", "xy\n"),
        ("one\ntwo\n\x1b[2A\x1b[2Knew\n\x1b[Kmore\n", "new\nmore\n"),
        ("bold\x1b(B\x1b[m end", "bold end"),
        ("ab\x1b[1Dc\x1b[3Cd", "ac   d"),
        ("x\x1b[5Gy", "x   y"),
        ("abc\x1b[2D\x1b[1Kz", "\x20zc"),
        ("\x1b[31mred\x1b[0m\r\x1b[Kplain", "plain"),
        ("a\x1b[999999999Ab", "ab"),
        ("a\x1b[2Bb", "a\n\n b"),
        ("abc\x1b[9B\x1b[9A\x1b[5Dd", "dbc" + "\n" * 9),
        ("a\nb\x1b[1A\x1b[2K\x1b[1B\x1b[1Kc", "\n c"),
    ],
)
def test_a_terminals_cursor_is_followed(said: str, shown: str) -> None:
    assert plain(said) == shown


@pytest.mark.parametrize("move", ["\x1b[999B", "\x1b[999C", "\x1b[999Cx\n", "\x1b[999Bx", "\x1b[999G\x1b[1Kx\n"])
def test_the_screen_grows_with_what_was_said_and_not_with_where_the_cursor_went(move: str) -> None:
    for times in (1, 1_000, 10_000):
        said = move * times + "x"
        assert len(plain(said)) <= 100_000 + 5 * len(said)


def test_an_erasure_reaches_no_further_back_than_a_terminal_is_wide() -> None:
    assert plain("x" * 1200 + "\x1b[1Ky") == "x" * 200 + " " * 1000 + "y"
