"""A browser as far as the tests need one: real connections to the page, with the cookie and the stream of events."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from typing import Any
from urllib.parse import quote, urlsplit

from nozzle.page import Page

Event = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str


class Events:
    """What the page is told, as it comes."""

    def __init__(self, response: HTTPResponse) -> None:
        self._response = response

    def next(self) -> Event:
        """Wait for one event; ('', {}) when the line is closed."""
        name = ""
        while line := self._response.readline():
            word, _, rest = line.decode().rstrip("\n").partition(": ")
            if word == "event":
                name = rest
            elif word == "data":
                return name, json.loads(rest)
        return "", {}

    def until(self, name: str) -> list[Event]:
        """Wait for an event of that name; return all up to it."""
        found = [self.next()]
        while found[-1][0] not in (name, ""):
            found.append(self.next())
        assert found[-1][0] == name, found
        return found


@dataclass
class Browser:
    page: Page
    cookie: str = field(init=False)
    port: int = field(init=False)
    token: str = field(init=False)

    def __post_init__(self) -> None:
        link = urlsplit(self.page.url)
        assert link.hostname == "127.0.0.1"
        self.port = link.port or 0
        self.token = link.query.removeprefix("token=")
        self.cookie = self.ask(f"/?{link.query}", cookie=None).headers["Set-Cookie"].partition(";")[0]

    @contextmanager
    def open(
        self, path: str, method: str = "GET", *, cookie: str | None = "", headers: dict[str, str] | None = None
    ) -> Iterator[HTTPResponse]:
        """Ask; a cookie of None sends none."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        sent = {"Cookie": cookie or self.cookie} if cookie is not None else {}
        connection.putrequest(method, path, skip_host="Host" in (headers or {}))
        for name, value in {**sent, **(headers or {})}.items():
            connection.putheader(name, value)
        connection.endheaders()
        response = connection.getresponse()
        try:
            yield response
        finally:
            response.close()
            connection.close()

    def ask(self, path: str, method: str = "GET", **how: Any) -> Answer:
        with self.open(path, method, **how) as response:
            return Answer(response.status, dict(response.getheaders()), response.read().decode())

    @contextmanager
    def look(self, page: str, has: str = "") -> Iterator[Events]:
        """Look at a page; its first event is what it shows."""
        with self.open(f"/_live?page={quote(page)}&has={has}") as response:
            assert response.status == 200
            yield Events(response)


def blocks(*words: str) -> list[tuple[str, str]]:
    """Blocks whose keys are their words."""
    return [(word, f"<p>{word}</p>") for word in words]


def patched(shown: Sequence[str], change: dict[str, Any]) -> list[str]:
    """The keys a browser shows after a patch."""
    at, gone = change["at"], change["gone"]
    return [*shown[:at], *change["keys"], *shown[at + (len(shown) if gone is None else gone) :]]
