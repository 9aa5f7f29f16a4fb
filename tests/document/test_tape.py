"""What a run shows is the same, however often it is looked at meanwhile."""

from nozzle.document.events import DisplayData, Event, Stream
from nozzle.document.outputs import Display, Tape, Text

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
