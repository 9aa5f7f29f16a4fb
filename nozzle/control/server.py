"""The watch's end of the line."""

import json
import os
import queue
import selectors
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nozzle.control.claim import Claim, address_in
from nozzle.errors import NozzleError, Unwritable

PATIENCE = 5.0
"""Seconds, for the other side to take up the line."""

_GOODBYE = 1.0  # seconds, for clients to read what was said, when the watch ends
_LONGEST = 10_000_000  # bytes of a request

TAKEN = b'{"taken": true}\n'
"""Sent at once for every request."""

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Request:
    """A word and what was said with it."""

    word: str
    args: Line


class Reply:
    """What goes back to one client, from any thread; never blocks, and a client that has gone is no error."""

    def __init__(self) -> None:
        self._lines: queue.SimpleQueue[Line | None] = queue.SimpleQueue()
        self.gone = False

    def __call__(self, line: Line) -> None:
        """Send one line."""
        if not self.gone:
            self._lines.put(line)

    def end(self, status: int = 0) -> None:
        """Say that this was all."""
        self({"end": True, "status": status})
        self._lines.put(None)

    def close(self) -> None:
        """Hang up; the client is told that the answer is incomplete unless `end` came before."""
        self._lines.put(None)

    def carry(self, client: socket.socket) -> None:
        """Send what comes, until the end."""
        try:
            while (line := self._lines.get()) is not None:
                client.sendall(encoded(line))
        except OSError:
            self.gone = True


Handle = Callable[[Request, Reply], object]


class Server:
    """The watch's end: holds the claim, and hands each request to `handle`, which puts it on the loop's queue."""

    def __init__(self, private: Path, handle: Handle, *, root: Path, what: str = "watch") -> None:
        """Start listening; Elsewhere when another one is there. `handle` is called in a thread for each client."""
        self._handle = handle
        self._address = address_in(private)
        self._claim = Claim(private, root, address=self._address, what=what)
        self._calls: dict[threading.Thread, tuple[socket.socket, Reply]] = {}
        self._lock = threading.Lock()
        try:
            self._listener = _listener(self._address)
        except OSError as error:
            self._claim.close()
            why = os.strerror(error.errno or 0).lower()
            raise Unwritable(f"{self._address}: {why}, so words could not reach this watch") from error
        self._wake, self._woken = socket.socketpair()
        self._accepting = threading.Thread(target=self._accept, name="nozzle control", daemon=True)
        self._accepting.start()

    def __enter__(self) -> "Server":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Hang up on everybody and let the journal go; what was said before still reaches those who listen."""
        if self._wake.fileno() < 0:
            return
        self._wake.close()
        self._accepting.join()
        with self._lock:
            calls = list(self._calls.items())
        for _, (client, reply) in calls:
            reply.close()
            _shut(client, socket.SHUT_RD)
        deadline = time.monotonic() + _GOODBYE
        for thread, (client, _) in calls:
            thread.join(max(0.0, deadline - time.monotonic()))
            _shut(client, socket.SHUT_RDWR)
            thread.join()
        self._claim.close()

    def _accept(self) -> None:
        with self._listener, self._woken, selectors.DefaultSelector() as ready:
            ready.register(self._listener, selectors.EVENT_READ)
            ready.register(self._woken, selectors.EVENT_READ)
            while not any(key.fileobj is self._woken for key, _ in ready.select()):
                client, _ = self._listener.accept()
                reply = Reply()
                thread = threading.Thread(target=self._serve, args=(client, reply), name="nozzle client", daemon=True)
                with self._lock:
                    self._calls[thread] = client, reply
                thread.start()
            self._address.unlink(missing_ok=True)

    def _serve(self, client: socket.socket, reply: Reply) -> None:
        try:
            if _same_user(client):
                self._take(client, reply)
                reply.carry(client)
        finally:
            with self._lock:
                del self._calls[threading.current_thread()]
                client.close()

    def _take(self, client: socket.socket, reply: Reply) -> None:
        """Read the request and hand it on; what is wrong with it is answered."""
        try:
            client.settimeout(PATIENCE)
            with client.makefile("rb") as lines:
                line = lines.readline(_LONGEST)
            client.settimeout(None)
            client.sendall(TAKEN)
            request = _request(line)
        except OSError:
            reply.close()
            return
        except ValueError as error:
            reply({"error": f"not a request: {error}"})
            reply.end(2)
            return
        try:
            self._handle(request, reply)
        except NozzleError as error:
            reply({"error": str(error)})
            reply.end(error.status)


def encoded(line: Line) -> bytes:
    """One line of the wire."""
    return json.dumps(line, default=str).encode() + b"\n"


def _shut(client: socket.socket, how: int) -> None:
    try:
        client.shutdown(how)
    except OSError:  # it has gone by itself
        return


def _listener(address: Path) -> socket.socket:
    address.unlink(missing_ok=True)  # the claim is ours, so it was left by a killed watch
    listener = socket.socket(socket.AF_UNIX)
    try:
        listener.bind(str(address))
        address.chmod(0o600)
        listener.listen(64)
    except OSError:
        listener.close()
        raise
    return listener


def _same_user(client: socket.socket) -> bool:
    if sys.platform != "linux":
        return True  # the socket's mode has to do
    size = struct.calcsize("3i")
    _, uid, _ = struct.unpack("3i", client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size))
    return bool(uid == os.geteuid())


def _request(line: bytes) -> Request:
    found = json.loads(line)
    if not isinstance(found, dict) or not isinstance(word := found.pop("word", None), str):
        raise ValueError('expected {"word": "...", ...} on one line')
    return Request(word, found)
