"""The line to the host: messages in Jupyter's shapes as JSON, each with its length before it, and descriptors.

Only the main thread waits for an answer. SIGINT is held back while a message is under way, so that an interrupt
never cuts one in two.
"""

from __future__ import annotations

import ctypes
import select
import struct
import threading
from typing import Any

from .interrupt import Interrupts
from .own import decode, encode, os, socket

HEADER = struct.Struct("<I")


class Channel:
    """One end of the socket pair; messages from a fork of the kernel are dropped."""

    def __init__(self, line: socket.socket, interrupts: Interrupts) -> None:
        self.line = line
        self.interrupts = interrupts
        self.owner = os.getpid()
        self._lock = threading.Lock()
        self._number = 0
        self._flush = ctypes.CDLL(None).fflush

    def send(self, message: dict[str, Any]) -> None:
        """Say it; the host answers nothing."""
        body = encode(message)
        with self.interrupts.held, self._lock:
            self.line.sendall(HEADER.pack(len(body)) + body)

    def tell(self, message: dict[str, Any]) -> None:
        """Say it after all that was printed before it, and wait until the host has taken both."""
        if os.getpid() != self.owner:
            return
        self._flush(None)
        if threading.current_thread() is not threading.main_thread():
            self.send(message)
            return
        self.ask(message)

    def ask(self, message: dict[str, Any]) -> dict[str, Any]:
        """Say it and wait for the answer; an interrupt ends the waiting."""
        self._number += 1
        number = self._number
        self.send({**message, "ask": number})
        poll = select.poll()
        poll.register(self.line, select.POLLIN)
        while True:
            poll.poll()
            with self.interrupts.held:
                answer, _ = self.receive()
            if answer.get("answer") == number:
                return answer

    def receive(self) -> tuple[dict[str, Any], list[int]]:
        """The next message and the descriptors that came with it."""
        head, descriptors, _, _ = socket.recv_fds(self.line, HEADER.size, 4)
        head += self._exactly(HEADER.size - len(head)) if head else b""
        if not head:
            raise EOFError
        message: dict[str, Any] = decode(self._exactly(HEADER.unpack(head)[0]))
        return message, list(descriptors)

    def _exactly(self, size: int) -> bytes:
        parts = []
        while size:
            part = self.line.recv(min(size, 1 << 20))
            if not part:
                raise EOFError
            parts.append(part)
            size -= len(part)
        return b"".join(parts)
