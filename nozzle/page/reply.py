"""What goes back: a status, the headers that keep a page to itself, and the content."""

import os
import socket
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import BinaryIO

from nozzle.page.request import Request
from nozzle.page.sheet import FILE_POLICY

PATIENCE = 10.0
"""Seconds a browser may take to read on."""

_LINGERING = 0.5  # seconds

_KEPT_TO_ITSELF = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
    "Connection": "close",
}
_ALONE = {"Cross-Origin-Opener-Policy": "same-origin"}
"""Said where a browser heeds it: on this machine. Elsewhere, over plain HTTP, it is an error in the console."""


@dataclass(frozen=True)
class Reply:
    """One answer; of `kind` None the browser is told to keep it as a file."""

    status: int
    content: bytes = b""
    kind: str | None = "text/plain; charset=utf-8"
    policy: str = FILE_POLICY
    headers: Mapping[str, str] = field(default_factory=dict)
    file: BinaryIO | None = None  # sent after the content, and closed
    stream: bool = False  # more follows, nobody knows how much

    @classmethod
    def sentence(cls, status: int, words: str) -> "Reply":
        """Say it in plain words."""
        headers = {"Allow": "GET, HEAD"} if status == HTTPStatus.METHOD_NOT_ALLOWED else {}
        return cls(status, f"{words}\n".encode(), headers=headers)

    def head(self, host: str = "") -> bytes:
        """Return the status line and the headers, for who asked this host."""
        own = _ALONE if host.partition(":")[0] in ("127.0.0.1", "localhost") else {}
        rows = {**_KEPT_TO_ITSELF, **own, "Content-Security-Policy": self.policy, **self.headers}
        rows["Content-Type"] = self.kind or "application/octet-stream"
        if self.kind is None:
            rows["Content-Disposition"] = "attachment"
        if not self.stream:
            rows["Content-Length"] = str(len(self.content) + (os.fstat(self.file.fileno()).st_size if self.file else 0))
        lines = [f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}", *(f"{k}: {v}" for k, v in rows.items())]
        return "\r\n".join([*lines, "", ""]).encode("latin-1")


def send(client: socket.socket, reply: Reply, request: Request | None = None) -> None:
    """Send an answer; who does not read it goes without. Of no request, an unread one is waiting."""
    bare = request is not None and request.method == "HEAD"
    try:
        client.settimeout(PATIENCE)
        host = request.headers.get("host", "") if request is not None else ""
        client.sendall(reply.head(host) + (b"" if bare else reply.content))
        if reply.file is not None and not bare:
            client.sendfile(reply.file)
        if not reply.stream:
            client.shutdown(socket.SHUT_WR)
        if request is None or request.has_body:
            _drain(client)
    except OSError:  # it has gone
        pass
    finally:
        if reply.file is not None:
            reply.file.close()


def _drain(client: socket.socket) -> None:
    """Take in what was still being sent, so that hanging up does not tear the answer away."""
    client.settimeout(_LINGERING)
    for _ in range(16):
        if not client.recv(4096):
            return
