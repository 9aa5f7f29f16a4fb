"""The server: connections, what each asks for, and what it is given."""

import os
import secrets
import selectors
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from nozzle.errors import NozzleError, Unwritable
from nozzle.page import files, sheet
from nozzle.page.audience import Audience
from nozzle.page.guard import Guard
from nozzle.page.listener import Listener
from nozzle.page.rendering import Live, rendering
from nozzle.page.reply import Reply, send
from nozzle.page.request import LARGEST, Request, Unanswerable, read
from nozzle.page.said import Changed, Joined, Left, News, Over, Running, Streamed

CONNECTIONS = 64
"""Served at once; a further one is told to come back."""

_GOODBYE = 1.0  # seconds, for browsers to hear that the watch has ended

_NOT_HERE = "There is no such page."


class Page:
    """The journal as it is now, at `url`, until it is closed."""

    def __init__(
        self, files: Path, live: Callable[[str], Live | None], *, port: int = 0, token: str | None = None
    ) -> None:
        """Serve the built site `files`; `live` draws an entry's page, and is called from threads of this server."""
        self._files = files
        self._live = live
        self._listener = _listening(port)
        self._guard = Guard(self._listener.getsockname()[1], token or secrets.token_urlsafe(16))
        self._audience = Audience(live)
        self._connections: dict[threading.Thread, socket.socket] = {}
        self._streams: dict[threading.Thread, Listener] = {}
        self._lock = threading.Lock()
        self._closed = False
        self._wake, self._woken = socket.socketpair()
        self._accepting = threading.Thread(target=self._accept, name="nozzle page door", daemon=True)
        self._accepting.start()

    def __enter__(self) -> "Page":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def url(self) -> str:
        """The link that lets its reader in."""
        return f"http://{self._guard.hosts[0]}/?token={self._guard.token}"

    def changed(self, page: str) -> None:
        """Draw a page anew for those who look at it; from any thread, never blocks."""
        self._audience.tell(Changed(page))

    def streamed(self, page: str, cell: str, text: str) -> None:
        """Show what a running cell prints."""
        self._audience.tell(Streamed(page, cell, text))

    def running(self, page: str, cell: str, state: str, seconds: float) -> None:
        """Say how a cell is doing; 'written' when its output stands in the text."""
        self._audience.tell(Running(page, cell, state, seconds))

    def news(self, text: str) -> None:
        """Show one line on all pages; an empty one takes the last away."""
        self._audience.tell(News(text))

    def close(self) -> None:
        """Tell the readers that it is over, and hang up."""
        if self._wake.fileno() < 0:
            return
        self._wake.close()
        self._accepting.join()
        self._audience.close()
        with self._lock:
            self._closed = True
            left, streams = list(self._connections.items()), dict(self._streams)
        for thread, client in left:
            if thread in streams:
                streams[thread].mailbox.put(Over())
            else:
                _shut(client)
        deadline = time.monotonic() + _GOODBYE
        for thread, client in left:
            thread.join(max(0.0, deadline - time.monotonic()))
            _shut(client)
            thread.join()

    # -- connections --------------------------------------------------------------------------------------------

    def _accept(self) -> None:
        with self._listener, self._woken, selectors.DefaultSelector() as ready:
            ready.register(self._listener, selectors.EVENT_READ)
            ready.register(self._woken, selectors.EVENT_READ)
            while not any(key.fileobj is self._woken for key, _ in ready.select()):
                try:
                    client, _ = self._listener.accept()
                except OSError:  # it has gone already
                    continue
                self._admit(client)

    def _admit(self, client: socket.socket) -> None:
        with self._lock:
            self._sweep()
            if len(self._connections) >= CONNECTIONS:
                _turn_away(client)
                return
            thread = threading.Thread(target=self._serve, args=(client,), name="nozzle page reader", daemon=True)
            self._connections[thread] = client
        thread.start()

    def _sweep(self) -> None:
        """Hang up on browsers that have gone while nothing was said to them."""
        for thread, listener in self._streams.items():
            if listener.gone():
                _shut(self._connections[thread])
                listener.mailbox.put(Over())

    def _serve(self, client: socket.socket) -> None:
        try:
            request = read(client)
            if request is not None:
                self._answer(client, request)
        except Unanswerable as error:
            send(client, Reply.sentence(error.status, str(error)))
        except NozzleError as error:  # the entry cannot be drawn
            send(client, Reply.sentence(500, str(error)))
        except OSError:  # the browser has gone
            pass
        finally:
            with self._lock:
                del self._connections[threading.current_thread()]
                client.close()

    # -- answers ------------------------------------------------------------------------------------------------

    def _answer(self, client: socket.socket, request: Request) -> None:
        self._guard.check(request)
        if request.method not in ("GET", "HEAD"):
            raise Unanswerable(405, "This page is for reading only.")
        if self._guard.brings_token(request):
            send(client, self._let_in(request), request)
        elif request.path == "/_live":
            self._stream(client, request)
        else:
            send(client, self._reply(request), request)

    def _let_in(self, request: Request) -> Reply:
        """Keep the token in the browser, and take it out of the address."""
        return Reply(303, headers={"Set-Cookie": self._guard.cookie, "Location": request.place})

    def _reply(self, request: Request) -> Reply:
        if request.path in sheet.ASSETS:
            return Reply(200, sheet.asset(sheet.ASSETS[request.path]), kind=files.kind(request.path))
        names = files.parts(request.path)
        if names is None:
            raise Unanswerable(404, _NOT_HERE)
        if names[-1].endswith(".html") and "_out" not in names:
            return self._page(names, request.headers["host"])
        file = files.opened(self._files, names)
        if file is None:
            raise Unanswerable(404, _NOT_HERE)
        return _file(file, names)

    def _page(self, names: list[str], host: str) -> Reply:
        page = "/".join(names)
        live = self._live(page)
        file = files.opened(self._files, names)
        if live is None and file is None:
            raise Unanswerable(404, _NOT_HERE)
        built = _text(file) if file is not None else None
        html = sheet.live_page(built, page, rendering(live) if live is not None else None)
        return Reply(
            200, html.encode(errors="xmlcharrefreplace"), kind=files.kind(page), policy=sheet.page_policy(host)
        )

    def _stream(self, client: socket.socket, request: Request) -> None:
        """Tell a browser what happens on a page, for as long as it looks."""
        head = Reply(200, kind="text/event-stream", stream=True)
        if request.method == "HEAD":
            send(client, head, request)
            return
        listener = Listener(client, request.query.get("page", ""), request.query.get("has", ""))
        with self._lock:
            if self._closed:
                return
            self._streams[threading.current_thread()] = listener
        self._audience.tell(Joined(listener))  # first, so that nothing is missed by who has got the head
        try:
            send(client, head, request)
            listener.carry()
        finally:
            with self._lock:
                del self._streams[threading.current_thread()]
            self._audience.tell(Left(listener))


def _listening(port: int) -> socket.socket:
    listener = socket.socket()
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(CONNECTIONS)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        why = os.strerror(error.errno or 0).lower()
        raise Unwritable(f"127.0.0.1:{port}: {why}, so the page cannot be served. Choose another port") from error
    return listener


def _turn_away(client: socket.socket) -> None:
    """Say that there is no room; never waits, since nobody else can come in meanwhile."""
    full = Reply.sentence(503, "Too many pages are open. Close some and load this one again.")
    with client:
        client.setblocking(False)
        try:
            client.send(full.head() + full.content)
            client.shutdown(socket.SHUT_WR)
            client.recv(LARGEST)
        except OSError:  # it has gone, or not asked yet
            return


def _text(file: BinaryIO) -> str:
    with file:
        return file.read().decode(errors="replace")


def _file(file: BinaryIO, names: list[str]) -> Reply:
    kind = files.kind(names[-1])
    return Reply(200, file=file, kind=kind, policy=sheet.file_policy(kind))


def _shut(client: socket.socket) -> None:
    try:
        client.shutdown(socket.SHUT_RDWR)
    except OSError:  # it has gone by itself
        return
