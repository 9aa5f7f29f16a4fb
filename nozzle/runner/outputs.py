"""The pipes that one cell, and all that it starts, prints to: read as text, kept up to a limit, never blocking."""

import codecs
import os
from collections.abc import Iterator
from typing import Literal

from nozzle.runner.job import Limits

Name = Literal["stdout", "stderr"]
ONCE = 1 << 20
"""Bytes taken from one pipe before the other things that happen are looked at."""


class Outputs:
    """Two pipes; the kernel's ends are open until they were handed over."""

    def __init__(self, limits: Limits) -> None:
        self.cell = ""
        self.seen = 0
        self.quiet = False
        """A replay's: what comes late was told the first time."""
        self.writers: tuple[int, ...] = ()
        self._limits = limits
        self._dropped = 0
        self._pipes: dict[int, Name] = {}
        self._decoders: dict[Name, codecs.IncrementalDecoder] = {}
        self._open()

    def _open(self) -> None:
        names: tuple[Name, ...] = ("stdout", "stderr")
        for name in names:
            reader, writer = os.pipe()
            os.set_blocking(reader, False)
            self._pipes[reader] = name
            self.writers += (writer,)

    def begin(self, cell: str) -> None:
        """What is read from now on is this cell's."""
        self.cell, self.seen, self._dropped, self.quiet = cell, 0, 0, False
        self._decoders = {name: codecs.getincrementaldecoder("utf-8")("replace") for name in self._pipes.values()}

    def handed_over(self) -> None:
        """Close the kernel's ends here, so that the pipes end when the last program that holds them does."""
        for writer in self.writers:
            os.close(writer)
        self.writers = ()

    def readers(self) -> list[int]:
        """Descriptors to wait on."""
        return list(self._pipes)

    def drain(self) -> Iterator[tuple[Name, str]]:
        """What can be read now, standard output first."""
        for reader, name in list(self._pipes.items()):
            data, ended = _read(reader)
            text = self._decoders[name].decode(self._kept(data))
            if ended:
                os.close(reader)
                del self._pipes[reader]
            if text:
                yield name, text

    def last_words(self) -> Iterator[tuple[Name, str]]:
        """At the end of the cell: half a character that never became whole."""
        for name, decoder in self._decoders.items():
            if text := decoder.decode(b"", final=True):
                yield name, text

    @property
    def left_out(self) -> str:
        """What of the cell's output was not kept, in plain words; empty when all was."""
        kept, dropped = _size(self._limits.output_bytes), _size(self._dropped)
        return f"{kept} of output kept, {dropped} more left out" if self._dropped else ""

    def close(self) -> None:
        """Stop reading; a program that still prints gets SIGPIPE."""
        self.handed_over()
        for reader in self._pipes:
            os.close(reader)
        self._pipes.clear()

    def _kept(self, data: bytes) -> bytes:
        room = max(0, self._limits.output_bytes - (self.seen - self._dropped))
        self.seen += len(data)
        self._dropped += max(0, len(data) - room)
        return data[:room]


def _read(reader: int) -> tuple[bytes, bool]:
    """What is there, and whether no more can come."""
    parts: list[bytes] = []
    while sum(map(len, parts)) < ONCE:
        try:
            part = os.read(reader, 1 << 16)
        except BlockingIOError:
            break
        if not part:
            return b"".join(parts), True
        parts.append(part)
    return b"".join(parts), False


def _size(count: int) -> str:
    """
    >>> _size(999), _size(2_000_000)
    ('999 bytes', '2.0 MB')
    """
    return f"{count / 1e6:.1f} MB" if count >= 100_000 else f"{count} bytes"
