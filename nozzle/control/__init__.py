"""The line between a word of the command line and the watch that runs: a Unix socket, and a lock that says whose it is.

One request on a connection, one JSON line: {"word": "run", ...}. The replies are JSON lines too, as they come, the last
one {"end": true, "status": 0}. It refuses to know any word, to hold the watch up (a client that does not read waits
alone), and to talk to another user.
"""

import json
import socket
import time
from collections.abc import Iterator
from pathlib import Path

from nozzle.control.claim import Claim, private_to_us, running
from nozzle.control.server import PATIENCE, TAKEN, Line, Reply, Request, Server, encoded
from nozzle.errors import NozzleError

__all__ = ["Claim", "Ended", "Line", "Reply", "Request", "Server", "ask", "running"]


class Ended(NozzleError):
    """Who was asked went away before the last line of the answer."""


def ask(private: Path, word: str, **args: object) -> Iterator[Line] | None:
    """Send a word to the running watch and yield its replies, the last with "end"; None when no watch runs.

    Raises NozzleError when a watch runs but does not take the request, and Ended when it ends before it has answered.
    """
    deadline = time.monotonic() + PATIENCE
    while (holder := running(private)) is not None and holder["socket"]:
        client = _connected(Path(holder["socket"]))
        if client is not None and _taken(client, {**args, "word": word}):
            return _replies(client, holder)
        if time.monotonic() > deadline:
            raise NozzleError(f"{_named(holder)} does not answer. Stop it: kill {holder['pid']}")
        time.sleep(0.01)  # it has the lock and is about to listen, or is just ending
    return None


def _connected(address: Path) -> socket.socket | None:
    if address.name != "control" and not private_to_us(address.parent):
        return None
    client = socket.socket(socket.AF_UNIX)
    client.settimeout(PATIENCE)
    try:
        client.connect(str(address))
    except OSError:
        client.close()
        return None
    return client


def _taken(client: socket.socket, request: Line) -> bool:
    """Send a request; the watch says at once that it has it, however long the answer takes."""
    try:
        client.sendall(encoded(request))
        if client.recv(len(TAKEN), socket.MSG_WAITALL) == TAKEN:
            client.settimeout(None)
            return True
    except OSError:
        pass
    client.close()
    return False


def _replies(client: socket.socket, holder: Line) -> Iterator[Line]:
    with client, client.makefile("rb") as lines:
        for line in lines:
            reply = json.loads(line)
            yield reply
            if "end" in reply:
                return
    raise Ended(f"{_named(holder)} ended before it had answered. Say it again")


def _named(holder: Line) -> str:
    return f"{holder['root']}: the {holder['what'] or 'watch'} (process {holder['pid']})"
