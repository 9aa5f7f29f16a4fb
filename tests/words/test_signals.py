"""Ctrl-C is heard also by a main thread that has just fallen asleep."""

import os
import queue
import signal
import threading

import pytest

from nozzle.words.signals import on_signals


@pytest.mark.parametrize(
    ("number", "who"),
    [(signal.SIGINT, "you stopped it"), (signal.SIGTERM, "nozzle was told to end (SIGTERM)")],
)
def test_a_signal_that_another_thread_got_is_heard_at_once(number: signal.Signals, who: str) -> None:
    heard: queue.SimpleQueue[str] = queue.SimpleQueue()
    with on_signals(heard.put):
        sender = threading.Thread(target=lambda: signal.pthread_kill(threading.get_ident(), number))
        sender.start()
        assert heard.get(timeout=60) == who
        sender.join()


def test_afterwards_signals_do_what_they_did() -> None:
    before = signal.getsignal(signal.SIGINT)
    with on_signals(lambda who: None):
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGINT) == before
