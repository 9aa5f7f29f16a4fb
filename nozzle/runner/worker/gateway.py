"""A kernel that a Jupyter server keeps (or a Kernel Gateway, an Enterprise Gateway): over HTTP and a websocket.

The token goes with every request, the websocket's too. Where the line drops, the server keeps what the kernel says, and
the same session takes it up; nothing that was sent is sent twice.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import struct
import time
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from .bridge import FAR, LAST_WORDS, MOMENT, START, Bridge, Gone

ANSWER = 15.0
"""Seconds that a server gets to answer."""
DROPPED = 60.0
"""Seconds for which a line that dropped is tried again."""
PAUSE = 0.5
LARGEST = 1 << 30
"""Bytes of one message."""


class Gateway(Bridge):
    def serve(self, kernel: str) -> None:
        """Begin a kernel there, and carry between the two until the host hangs up; then the kernel is ended."""
        message, _ = self.channel.receive()
        address = urlsplit(kernel.removeprefix(FAR))
        self._name = address.fragment
        self._host = address.netloc
        self._base = address._replace(fragment="", query="").geturl().rstrip("/")
        self._headers = {"Authorization": f"token {message['token']}"} if message.get("token") else {}
        self._kernel, self._session = "", uuid.uuid4().hex
        self._socket: Any = None
        self._unsent: list[str] = []
        self._last = 0.0
        asyncio.run(self._carry())

    async def _carry(self) -> None:
        self._over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        try:
            await self._begin()
            loop = asyncio.get_running_loop()
            loop.add_reader(self.channel.line.fileno(), self._try, self._told)
            loop.add_reader(self.woken, self._try, self._signalled)
            listening = asyncio.ensure_future(self._listen())
            done, _ = await asyncio.wait({self._over, listening}, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                each.result()
        finally:
            if self._kernel:
                with contextlib.suppress(Gone):
                    await self._ask("DELETE", f"/api/kernels/{self._kernel}")

    def _try(self, step: Callable[[], None]) -> None:
        """Do it; what it raises ends all."""
        try:
            step()
        except Exception as error:
            if not self._over.done():
                self._over.set_exception(error)

    # -- the server's side --------------------------------------------------------------------------------------

    async def _ask(self, method: str, path: str, said: Any = None) -> Any:
        """What the server says to a request; Gone, in plain words, when it refuses or does not answer."""
        from tornado.httpclient import AsyncHTTPClient

        body = None if method in ("GET", "DELETE") else json.dumps(said)
        with self._in_words():
            request = self._request(self._base + path, method=method, body=body)
            answer = await AsyncHTTPClient(force_instance=True).fetch(request)
            return json.loads(answer.body) if answer.body else {}

    def _request(self, url: str, **options: Any) -> Any:
        from tornado.httpclient import HTTPRequest

        times = {"connect_timeout": ANSWER, "request_timeout": START, "follow_redirects": False}  # it holds a token
        return HTTPRequest(url, headers=self._headers, **times, **options)

    @contextlib.contextmanager
    def _in_words(self) -> Any:
        from tornado.httpclient import HTTPClientError

        try:
            yield
        except HTTPClientError as error:
            raise Gone(self._why(error.code, str(error.message or error))) from None
        except (OSError, ValueError) as error:
            raise Gone(f"{self._host} does not answer ({error})") from None

    def _why(self, code: int, words: str) -> str:
        if code in (401, 403):
            lacks = "the token is not the one it wants" if self._headers else "it wants a token"
            where = "JUPYTER_GATEWAY_URL and JUPYTER_GATEWAY_AUTH_TOKEN say it, or the keyring"
            return f"{self._host} says {code}: {lacks}; {where}"
        if code == 404 and self._kernel:
            return f"{self._host} has it no more"
        return f"{self._host} does not answer" if code == 599 else f"{self._host} says {code}: {words}"

    async def _begin(self) -> None:
        """A kernel of our own there, its line, and what language it speaks."""
        began = await self._ask("POST", "/api/kernels", {"name": self._name} if self._name else {})
        self._kernel = str(began["id"])
        await self._connect()
        asked = self._send("shell", "kernel_info_request", {})
        end = time.monotonic() + START
        while not self.language:
            message = await self._read(end - time.monotonic())
            if message is None:
                raise Gone(f"{self._host} began a kernel that does not answer")
            if message["parent_header"].get("msg_id") == asked and message["msg_type"] == "kernel_info_reply":
                self.language = message["content"].get("language_info") or {"name": "unknown"}

    async def _connect(self) -> None:
        from tornado.websocket import websocket_connect

        line = "ws" + self._base.removeprefix("http")
        url = f"{line}/api/kernels/{self._kernel}/channels?session_id={self._session}"
        with self._in_words():
            self._socket = await websocket_connect(self._request(url), ping_interval=20, max_message_size=LARGEST)
        unsent, self._unsent = self._unsent, []
        for each in unsent:
            self._put(each)

    async def _read(self, seconds: float) -> dict[str, Any] | None:
        """The next message; None when the line is closed or none came in time."""
        try:
            data = await asyncio.wait_for(self._socket.read_message(), max(0.0, seconds))
        except TimeoutError:
            return None
        return None if data is None else _message(data)

    async def _listen(self) -> None:
        while True:
            data = await self._socket.read_message()
            if data is None:
                await self._again()
                continue
            self._last = time.monotonic()
            self._hear(_message(data))
            if self.reply is not None:
                self._end_soon()

    def _end_soon(self) -> None:
        loop = asyncio.get_running_loop()
        for seconds in (MOMENT / 1000, LAST_WORDS):
            loop.call_later(seconds * 1.1, self._try, self._end)

    async def _again(self) -> None:
        """The line dropped: take it up, in the same session, so that what was said meanwhile comes."""
        self._socket, end = None, time.monotonic() + DROPPED
        while True:
            try:
                state = str((await self._ask("GET", f"/api/kernels/{self._kernel}")).get("execution_state"))
                await self._connect()
                break
            except Gone as gone:
                if "no more" in str(gone) or time.monotonic() > end:
                    raise
                await asyncio.sleep(PAUSE)
        if self.cell and state == "idle":
            asyncio.get_running_loop().call_later(LAST_WORDS, self._try, self._lost(self.cell))

    def _lost(self, cell: str) -> Callable[[], None]:
        def look() -> None:
            if self.cell == cell and self.reply is None and time.monotonic() - self._last > LAST_WORDS:
                raise Gone(f"the line to {self._host} dropped, and what became of the cell is not known")

        return look

    def _hear(self, message: dict[str, Any]) -> None:
        match message.get("channel"):
            case "shell":
                self._replied(message)
            case "stdin":
                self._asked(message)
            case "iopub":
                if message["content"].get("execution_state") == "dead":
                    raise Gone("it died there")
                self._told_all(message)

    # -- the bridge's words -------------------------------------------------------------------------------------

    def _execute(self, source: str) -> str:
        options = {"silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": True}
        return self._send("shell", "execute_request", {"code": source, **options, "stop_on_error": False})

    def _answer(self, text: str) -> None:
        self._send("stdin", "input_reply", {"value": text})

    def _interrupt(self) -> None:
        asking = asyncio.ensure_future(self._ask("POST", f"/api/kernels/{self._kernel}/interrupt", {}))
        asking.add_done_callback(lambda done: self._try(done.result))

    def _says_more(self) -> bool:
        return time.monotonic() - self._last < MOMENT / 1000

    def _send(self, channel: str, kind: str, content: dict[str, Any]) -> str:
        number = uuid.uuid4().hex
        header = {"msg_id": number, "msg_type": kind, "session": self._session, "username": "nozzle", "version": "5.3"}
        header["date"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
        rest: dict[str, Any] = {"parent_header": {}, "metadata": {}, "buffers": []}
        self._put(json.dumps({"channel": channel, "header": header, "content": content, **rest}))
        return number

    def _put(self, text: str) -> None:
        from tornado.websocket import WebSocketClosedError

        try:
            if self._socket is None:
                raise WebSocketClosedError
            self._socket.write_message(text)
        except WebSocketClosedError:
            self._unsent.append(text)


def _message(data: str | bytes) -> dict[str, Any]:
    """A message of the websocket: JSON, or JSON with buffers behind it, whose places come first."""
    if isinstance(data, bytes):
        count = struct.unpack_from("!I", data)[0]
        start, *others = struct.unpack_from(f"!{count}I", data, 4)
        data = data[start : others[0] if others else None].decode()
    message: dict[str, Any] = json.loads(data)
    message["msg_type"] = message["header"]["msg_type"]
    message["parent_header"] = message.get("parent_header") or {}
    return message
