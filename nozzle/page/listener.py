"""One browser that looks at a page: what it shows already, what it is still to hear, and how it gets there."""

import json
import selectors
import socket

from nozzle.page.mailbox import Mailbox
from nozzle.page.rendering import Rendering, patch
from nozzle.page.said import Behind, Drawn, Gone, News, Over, Running, Said, Streamed, Waits

HEARTBEAT = 20.0
"""Seconds of silence after which a browser is greeted, so that one which has gone is found out."""
PATIENCE = 10.0
"""Seconds a browser may take to read; then the line is dropped, and it comes back by itself when it can."""

_AHEAD = 256 * 1024  # bytes that the system may hold for a browser: old news is no news


class Listener:
    """The stream of events of one browser."""

    def __init__(self, client: socket.socket, page: str, stamp: str) -> None:
        self.page = page
        self.stamp = stamp
        self.mailbox = Mailbox()
        self._client = client
        self._shown: Rendering | None = None

    def carry(self) -> None:
        """Send what comes, until the watch or the browser ends."""
        self._client.settimeout(PATIENCE)
        self._client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _AHEAD)
        try:
            self._client.sendall(b"retry: 1000\n\n")
            while self._send(self.mailbox.take(HEARTBEAT)):
                pass
        except OSError:  # it has gone, or reads no more
            return

    def gone(self) -> bool:
        """Has the browser hung up? Never waits."""
        with selectors.DefaultSelector() as ready:
            ready.register(self._client, selectors.EVENT_READ)
            return bool(ready.select(0)) and not _says_more(self._client)

    def _send(self, heard: list[Said]) -> bool:
        last = next((at for at, one in enumerate(heard) if isinstance(one, Behind | Over)), None)
        shown = heard if last is None else heard[: last + 1]
        self._client.sendall(b"".join(map(self._event, shown)) or b": still here\n\n")
        return last is None

    def _event(self, said: Said) -> bytes:
        match said:
            case Drawn(rendering):
                return _encoded("patch", self._patch(rendering))
            case Streamed(_, cell, text):
                return _encoded("stream", {"cell": cell, "text": text})
            case Running(_, cell, state, seconds):
                return _encoded("running", {"cell": cell, "state": state, "seconds": round(seconds, 3)})
            case News(text, passes):
                return _encoded("news", {"text": text, **({"passes": True} if passes else {})})
            case Waits():
                return _encoded("waits", {})
            case Gone(away):
                return _encoded("away", {"to": away.to, "words": away.words})
            case Behind():
                return _encoded("reload", {})
            case Over():
                return _encoded("over", {})
            case _:
                return b""

    def _patch(self, now: Rendering) -> dict[str, object]:
        if self._shown is None and self.stamp == now.stamp:
            self._shown = now
        changes = patch(self._shown, now)
        self._shown = now
        return changes


def _says_more(client: socket.socket) -> bool:
    try:
        return bool(client.recv(1, socket.MSG_PEEK))
    except OSError:
        return False


def _encoded(name: str, data: dict[str, object]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(data)}\n\n".encode()
