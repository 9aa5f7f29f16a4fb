"""Ctrl-C is heard also by a main thread that has just fallen asleep."""

import os
import queue
import signal
import threading

from nozzle.words.signals import on_signals


def test_a_signal_that_another_thread_got_is_heard_at_once() -> None:
    heard: queue.SimpleQueue[str] = queue.SimpleQueue()
    with on_signals(lambda: heard.put("stop")):
        sender = threading.Thread(target=lambda: signal.pthread_kill(threading.get_ident(), signal.SIGINT))
        sender.start()
        assert heard.get(timeout=20) == "stop"
        sender.join()


def test_afterwards_signals_do_what_they_did() -> None:
    before = signal.getsignal(signal.SIGINT)
    with on_signals(lambda: None):
        os.kill(os.getpid(), signal.SIGTERM)
    assert signal.getsignal(signal.SIGINT) == before
