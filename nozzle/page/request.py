"""One request as it comes over the wire: read within bounds, or refused."""

import re
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qs, unquote

LARGEST = 16_384
"""Bytes of a request's head."""
LARGEST_BODY = 400_000
"""Bytes of what is sent along: a paragraph, however long."""
PATIENCE = 5.0
"""Seconds in which it has to be there."""

_LINE = re.compile(r"([A-Z]{1,16}) (/[!-~]*) HTTP/1\.[01]")
_HEADER = re.compile(r"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*(.*?)[ \t]*")
_ONCE = ("host", "origin", "cookie", "content-length", "transfer-encoding", "sec-fetch-site", "sec-fetch-mode")


DEEDS = ("/_do", "/_pair", "/_again")
"""Where something can be sent to."""


class Unanswerable(Exception):
    """This is no request that gets an answer other than a status and a sentence."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked; header names in lower case."""

    method: str
    path: str
    place: str  # the path as it was written, and safe to send somebody to
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = b""
    """Of a request to one of DEEDS; what is sent along with any other is not read."""

    @property
    def has_body(self) -> bool:
        return self.headers.get("content-length", "0") != "0" or "transfer-encoding" in self.headers


def read(client: socket.socket) -> Request | None:
    """Read a request; None when the other side hung up before it said anything."""
    head, rest = _head(client)
    if not head:
        return None
    first, *rows = head.decode("latin-1").split("\r\n")
    line = _LINE.fullmatch(first)
    if line is None:
        raise Unanswerable(400, "That is no request this page understands.")
    path, _, query = line[2].partition("?")
    pairs = parse_qs(query, keep_blank_values=True, max_num_fields=20) if query.count("&") < 20 else {}
    asked = {name: values[-1] for name, values in pairs.items()}
    headers = _headers(rows)
    body = _body(client, rest, headers) if line[1] == "POST" and path in DEEDS else b""
    return Request(line[1], unquote(path), "/" + path.lstrip("/"), asked, headers, body)


def _body(client: socket.socket, found: bytes, headers: Mapping[str, str]) -> bytes:
    """What is sent along, to its last byte; its length has to be said."""
    length = headers.get("content-length", "")
    if not length.isascii() or not length.isdigit() or "transfer-encoding" in headers:
        raise Unanswerable(411, "How long what was sent is has to be said.")
    if int(length) > LARGEST_BODY:
        raise Unanswerable(413, f"That is too long: {LARGEST_BODY:,} bytes at most.")
    body, deadline = bytearray(found), time.monotonic() + PATIENCE
    while len(body) < int(length):
        try:
            client.settimeout(max(0.001, deadline - time.monotonic()))
            some = client.recv(65_536)
        except TimeoutError:
            raise Unanswerable(408, "The request did not come in time.") from None
        if not some:
            raise Unanswerable(400, "The request broke off.")
        body += some
    return bytes(body[: int(length)])


def _head(client: socket.socket) -> tuple[bytes, bytes]:
    """The head of a request, and what came behind it."""
    found = bytearray()
    deadline = time.monotonic() + PATIENCE
    while (end := found.find(b"\r\n\r\n")) < 0:
        if len(found) > LARGEST:
            raise Unanswerable(431, "That request is too long.")
        try:
            client.settimeout(max(0.001, deadline - time.monotonic()))
            some = client.recv(4096)
        except TimeoutError:
            raise Unanswerable(408, "The request did not come in time.") from None
        if not some:
            return b"", b""
        found += some
    if end > LARGEST:
        raise Unanswerable(431, "That request is too long.")
    return bytes(found[:end]), bytes(found[end + 4 :])


def _headers(rows: list[str]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for row in rows:
        header = _HEADER.fullmatch(row)
        if header is None or (header[1].lower() in headers and header[1].lower() in _ONCE):
            raise Unanswerable(400, "That is no request this page understands.")
        headers[header[1].lower()] = header[2]
    return headers
