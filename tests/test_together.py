"""Places to run in, and files outside that more than one thread writes."""

import threading
from pathlib import Path

from nozzle.together import Together

HERE, THERE = Path("/journal"), Path("/journal.threads/idea")


def test_who_finds_no_place_waits_until_there_is_one_or_until_he_is_no_longer_wanted() -> None:
    together, order, second = Together(1), list[str](), threading.Event()

    def work() -> None:
        second.set()
        with together.place(lambda: True) as got:
            order.append(f"second {got}")

    with together.place(lambda: True) as first:
        assert first
        thread = threading.Thread(target=work)
        thread.start()
        second.wait(20)
        with together.place(lambda: False) as got:
            assert not got
        order.append("first")
    thread.join(20)
    assert order == ["first", "second True"]


def test_a_file_that_two_threads_write_is_told_to_the_later_one() -> None:
    together = Together()
    assert together.wrote(HERE, ["/data/a", "/data/b"]) == []
    assert together.wrote(HERE, ["/data/a"]) == []
    assert together.wrote(THERE, ["/data/b", "/data/c"]) == [("/data/b", HERE)]
    assert together.wrote(HERE, ["/data/b"]) == [("/data/b", THERE)]
