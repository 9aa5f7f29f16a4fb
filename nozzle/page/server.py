"""The server: connections, what each asks for, and what it is given."""

import os
import secrets
import selectors
import socket
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import BinaryIO

from nozzle.errors import NozzleError, Unwritable
from nozzle.page import deed, files, sheet
from nozzle.page.audience import Audience
from nozzle.page.guard import Guard
from nozzle.page.listener import Listener
from nozzle.page.pairing import Pairing, outside
from nozzle.page.rendering import Away, Live, rendering
from nozzle.page.reply import Reply, send
from nozzle.page.request import LARGEST, Request, Unanswerable, read
from nozzle.page.said import Changed, Joined, Left, News, Over, Running, Streamed, Waits

CONNECTIONS = 64
"""Served at once; a further one is told to come back."""

_SLOW = 1.0
"""Seconds until a wrong code is answered."""
_GOODBYE = 1.0  # seconds, for browsers to hear that the watch has ended

_NOT_HERE = "There is no such page."


class Page:
    """The journal as it is now, at `url`, until it is closed."""

    def __init__(
        self,
        files: Path,
        live: Callable[[str], Live | Away | None],
        *,
        look: Callable[[str], None] = lambda place: None,
        port: int = 0,
        last: int = 0,
        key: str = "",
        act: deed.Act | None = None,
        host: str = "",
        code: Callable[[str, str], None] = lambda where, code: None,
    ) -> None:
        """Serve the built site `files`; `live` draws an entry's page, and is called from threads of this server.

        `look` is told of a file that is not there, and returns when it is there, or will not be. `act` does what a
        reader wants done; without it the page is for reading only. Without a `port` it is at the `last` one, where that
        is free; a page that was opened there goes on when the `key` is the same. With a `host`, an address of this
        machine's or 0.0.0.0, others may knock; they are let in by a code, and `code` is told where, and each new one.
        """
        self._files = files
        self._mounted: dict[str, Path] = {}
        self._live = live
        self._look = look
        self._act = act
        self._listener = _listening(host or "127.0.0.1", port, last)
        at = self._listener.getsockname()[1]
        self._pairing = Pairing(partial(code, f"http://{outside(host)}:{at}/")) if host else None
        self._guard = Guard(at, secrets.token_urlsafe(16), bool(host), key)
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
    def port(self) -> int:
        return self._guard.port

    @property
    def url(self) -> str:
        """The link that lets its reader in."""
        return f"http://{self._guard.hosts[0]}/?token={self._guard.token}"

    def mount(self, under: str, files: Path) -> None:
        """Serve another built site under a path, `a/b/`: its pages are drawn and acted on by their whole names."""
        self._mounted = {**self._mounted, under: files}

    def unmount(self, under: str) -> None:
        """Serve it no longer."""
        self._mounted = {each: folder for each, folder in self._mounted.items() if each != under}

    def changed(self, page: str) -> None:
        """Draw a page anew for those who look at it; from any thread, never blocks."""
        self._audience.tell(Changed(page))

    def streamed(self, page: str, cell: str, text: str) -> None:
        """Show what a running cell prints."""
        self._audience.tell(Streamed(page, cell, text))

    def running(self, page: str, cell: str, state: str, seconds: float) -> None:
        """Say how a cell is doing; 'written' when its output stands in the text."""
        self._audience.tell(Running(page, cell, state, seconds))

    def news(self, text: str, passes: bool = False) -> None:
        """Show one line on all pages, for a while where it passes; an empty one takes the last away."""
        self._audience.tell(News(text, passes))

    def waits(self) -> None:
        """Have all pages look again at what waits for an answer."""
        self._audience.tell(Waits())

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
            thread.join(_GOODBYE)  # not for ever: a deed may wait for a loop that has ended

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
        if self._pairing is not None:
            self._guard.check_place(request)
            if not self._guard.knows(request):
                return send(client, self._knock(request, self._pairing), request)
        if self._guard.key and request.path == "/_again":
            return send(client, self._again(request), request)
        self._guard.check(request)
        if request.method == "POST" and request.path == "/_do" and self._act is not None:
            return send(client, self._deed(request, self._act), request)
        if request.method not in ("GET", "HEAD"):
            raise Unanswerable(405, "This page is for reading only.")
        if self._guard.brings_token(request):
            send(client, self._let_in(request), request)
        elif request.path == "/_live":
            self._stream(client, request)
        else:
            send(client, self._reply(request), request)

    def _deed(self, request: Request, act: deed.Act) -> Reply:
        self._guard.check_deed(request)
        done = act(deed.read(request))
        return Reply(200 if done.ok else 409, deed.encoded(done), kind="application/json")

    def _again(self, request: Request) -> Reply:
        """A page that an earlier watch served: show it that this is a watch, and let it in when it shows the same."""
        self._guard.check_place(request)
        if request.method != "POST":
            return Reply(200, f"{self._guard.salt} {self._guard.proof(request.query.get('asked', ''))}".encode())
        if request.headers.get("origin") is None or not self._guard.proven(request.body.decode("latin-1")):
            raise Unanswerable(403, "Only a page of an earlier watch here is let in so.")
        return Reply(200, self._guard.deed.encode(), headers={"Set-Cookie": self._guard.cookie})

    def _knock(self, request: Request, pairing: Pairing) -> Reply:
        """Somebody without the token: the page that asks for the code, or the way in."""
        if request.method == "POST" and request.path == "/_pair":
            if request.headers.get("origin") is not None and pairing.accept(sheet.code(request.body)):
                return Reply(303, headers={"Set-Cookie": self._guard.cookie, "Location": "/"})
            time.sleep(_SLOW)
            return _asking(403, sheet.pair_page(wrong=True))
        if request.path in ("/journal.css", "/_live.css"):
            return Reply(200, sheet.asset(request.path.strip("/_")), kind="text/css; charset=utf-8")
        if request.path != "/" or request.method not in ("GET", "HEAD"):
            raise Unanswerable(403, "Open this address without anything behind it, and enter the code.")
        return _asking(200, sheet.pair_page())

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
        file = self._opened(names)
        if file is None:
            raise Unanswerable(404, _NOT_HERE)
        return _file(file, names)

    def _opened(self, names: list[str]) -> BinaryIO | None:
        """A file of the site, or of the one that is mounted where its path leads."""
        under = self._under("/".join(names))
        folder, inside = self._mounted.get(under, self._files), names[under.count("/") :]
        found = files.opened(folder, inside)
        if found is None:
            self._look("/".join(names))
            found = files.opened(folder, inside)
        return found

    def _under(self, page: str) -> str:
        return next((each for each in self._mounted if page.startswith(each)), "")

    def _page(self, names: list[str], host: str) -> Reply:
        page = "/".join(names)
        live = self._live(page)
        if isinstance(live, Away):
            live, file = live.live, None  # what was built of it would pass for the entry
        else:
            file = self._opened(names)
        if live is None and file is None:
            raise Unanswerable(404, _NOT_HERE)
        built = _text(file) if file is not None else None
        now = rendering(live) if live is not None else None
        html = sheet.live_page(built, page, now, self._guard.deed if self._act is not None else "", self._guard.key)
        return Reply(
            200,
            html.encode(errors="xmlcharrefreplace"),
            kind=files.kind(page),
            policy=sheet.page_policy(host, self._act is not None, self._under(page)),
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


def _listening(host: str, port: int, last: int = 0) -> socket.socket:
    if last and not port:
        try:
            return _listening(host, last)
        except NozzleError:
            pass  # somebody else has it by now
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(CONNECTIONS)
        listener.setblocking(False)
    except OSError as error:
        listener.close()
        why = os.strerror(error.errno).lower() if error.errno and error.errno > 0 else "no address of this machine"
        raise Unwritable(f"{host}:{port}: {why}, so the page cannot be served. Choose another port") from error
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


def _asking(status: int, content: bytes) -> Reply:
    """The page with the form; without a referrer a browser would not say that the form came from here."""
    own = {"Referrer-Policy": "same-origin"}
    return Reply(status, content, kind="text/html; charset=utf-8", policy=sheet.PAIR_POLICY, headers=own)


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
