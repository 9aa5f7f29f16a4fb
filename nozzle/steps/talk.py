"""A git process that stays and answers questions, one at a time.

It refuses what must not be done twice, unless told: a process that died is started again, and asked again.
It dies with us, because its stdin closes.
"""

import threading
from collections.abc import Callable
from io import BufferedReader
from typing import TypeVar

from nozzle.steps.door import Door, Process, fail

T = TypeVar("T")


class Hush(Exception):
    """The process ended before it answered."""


class Died(Exception):
    """The process ended instead of answering, and must not be asked again."""


class Talk:
    """One command of git, kept running from the first question to `close`."""

    def __init__(self, door: Door, *words: str) -> None:
        self.door = door
        self.words = words
        self._process: Process | None = None
        self._turn = threading.Lock()

    def ask(self, question: bytes, read: Callable[[BufferedReader], T], *, again: bool = True) -> T:
        """Send `question` and `read` its answer; a dead process is asked `again` once, or else raises `Died`."""
        with self._turn:
            try:
                return self._say(question, read)
            except (Hush, BrokenPipeError):
                said = self._bury()
            if not again:
                raise Died(said)
            try:
                return self._say(question, read)
            except (Hush, BrokenPipeError):
                fail(self.words, self._bury())

    def close(self) -> None:
        """Let the process end, and wait until it has."""
        with self._turn:
            self._bury()

    def _say(self, question: bytes, read: Callable[[BufferedReader], T]) -> T:
        if self._process is None:
            self._process = self.door.start(*self.words)
        try:
            self._process.stdin.write(question)
            self._process.stdin.flush()
            return read(self._process.stdout)
        except (Hush, BrokenPipeError):
            raise
        except BaseException:
            self._bury(now=True)  # an answer that was half read would be taken for the next one
            raise

    def _bury(self, *, now: bool = False) -> str:
        """End the process; answer what it complained about."""
        process, self._process = self._process, None
        if process is None:
            return ""
        return (process.stop() if now else process.end()).err


def line(answer: BufferedReader) -> bytes:
    """One line of an answer, without its end."""
    text = answer.readline()
    if not text.endswith(b"\n"):
        raise Hush
    return text[:-1]


def exactly(answer: BufferedReader, size: int) -> bytes:
    """So many bytes of an answer."""
    data = answer.read(size)
    if len(data) != size:
        raise Hush
    return data
