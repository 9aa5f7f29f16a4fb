"""Tools of MCP servers that the author's settings name, called for cells, which have no network and no keys.

A server is started, or its address called, when a cell first names it; the line ends with the journal's work. Which of
its tools only look is the author's word: what a server says of itself counts for nothing.
"""

from __future__ import annotations

import json
import os
import shlex
import threading
from collections.abc import Callable, Coroutine, Mapping, Sequence
from concurrent.futures import CancelledError, Future
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, TextIO
from urllib.parse import urlsplit

from nozzle.errors import Missing, NozzleError, Refused
from nozzle.runner.call import Call
from nozzle.runner.worker.spelled import spelling

if TYPE_CHECKING:
    import asyncio

PATIENCE = 30.0
"""Seconds that a server is waited for."""
ENDING = 10.0
"""Seconds in which a server that does not end by itself is killed; the library does so in steps of two."""
LONGEST = 200_000
"""Characters of a reply that a cell is given."""
PACKAGE = "MCP needs its package: pip install 'nozzle[mcp]'"
PAGES = 100
"""Of a server's list of tools that are read."""
ENDED = (-32000, -32600)
"""Codes of MCP for a line that broke and a session that is over (CONNECTION_CLOSED, INVALID_REQUEST); by all others a
server says that it is there."""
PERHAPS = "what it was asked to do may have been done all the same"


@dataclass(frozen=True, slots=True)
class Line:
    """How one server is reached, and what it may."""

    command: tuple[str, ...] = ()
    """Of the program that serves; empty: it has a url."""
    env: tuple[str, ...] = ()
    """Names of the variables of this environment that it gets."""
    looks: tuple[str, ...] = ()
    """Its tools that change nothing."""
    url: str = ""
    """Where it serves already, over streamable HTTP."""
    token: str = ""
    """Name of the secret that it is shown there; empty: none."""

    @property
    def by_hand(self) -> str:
        """How the author sees for himself whether it is there; without what an address says behind its path."""
        if not self.url:
            return f"try it by hand: {shlex.join(self.command)}"
        return f"is it there, at {urlsplit(self.url)._replace(query='', fragment='').geturl()}?"


@dataclass(slots=True)
class Servers:
    """The servers of a journal, by the names that cells call them."""

    lines: Mapping[str, Line]
    redact: Callable[[str], str] = lambda text: text
    refusal: str = ""
    """Why none of them is connected to."""
    key: Callable[[str], str] = lambda name: ""
    """A secret by its name; empty when there is none."""
    _loop: asyncio.AbstractEventLoop | None = None
    _open: dict[str, _Held] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def serve(self, call: Call) -> str:
        """Do what a cell asks: the names of all servers, the tools of one, or a call of one."""
        server, tool = str(call.arguments.get("server", "")), str(call.arguments.get("tool", ""))
        try:
            if not server:
                return json.dumps(sorted(self.lines) if not self.refusal else [])
            if not tool:
                return json.dumps(self._tools(server, call))
            if not (call.acts or tool in self._line(server).looks):
                raise Refused(
                    f"{_named(server, tool)} may act outside this journal, and nobody has allowed this cell to: "
                    "propose a cell that calls it by this name, and the author decides"
                )
            return self._called(server, tool, call)
        except NozzleError as error:
            return json.dumps({"error": self._hushed(str(error))})

    @property
    def looks(self) -> tuple[str, ...]:
        """The tools that change nothing, as cells call them."""
        return tuple(_named(server, tool) for server, line in self.lines.items() for tool in line.looks)

    def close(self) -> None:
        """End all servers."""
        with self._lock:
            held, self._open = list(self._open.values()), {}
        for each in held:
            each.close()
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._loop = None

    def _line(self, server: str) -> Line:
        if self.refusal:
            raise Refused(self.refusal)
        if server not in self.lines:
            raise Refused(f"the settings name no MCP server {server}; [mcp.{server}] in settings.toml would")
        return self.lines[server]

    def _tools(self, server: str, call: Call) -> list[dict[str, Any]]:
        held, looks = self._held(server, call), self._line(server).looks
        found: list[Any] = []
        cursor: str | None = None
        for _ in range(PAGES):
            page = held.ask(partial(held.client.list_tools, cursor=cursor), call)
            found += page.tools
            cursor = page.next_cursor
            if cursor is None:
                break
        return [
            {
                "name": each.name, "doc": self._hushed(each.description or ""), "schema": each.input_schema,
                "looks": each.name in looks,
            }
            for each in found
        ]  # fmt: skip

    def _called(self, server: str, tool: str, call: Call) -> str:
        held, given = self._held(server, call), call.arguments.get("arguments")
        arguments = dict(given) if isinstance(given, Mapping) else {}
        named, acts = _named(server, tool), tool not in held.line.looks
        if acts and not call.outside(named):
            raise Refused("the cell was stopped")
        found = held.ask(lambda: held.client.call_tool(tool, arguments), call, acts)
        said = "\n".join(filter(None, map(_told, found.content)))
        if found.is_error:
            raise Refused(f"{named}: {said or 'it failed, and does not say why'}")
        value = found.structured_content
        if isinstance(value, dict) and set(value) == {"result"}:
            value = value["result"]
        besides = [] if value is None else [_told(part) for part in found.content if part.type != "text"]
        text = self._hushed(json.dumps({"value": said if value is None else value, "besides": besides}))
        if len(text) > LONGEST:
            raise Refused(f"{named} gave {len(text):,} characters, and a cell is given {LONGEST:,} at most")
        return text

    def _held(self, server: str, call: Call) -> _Held:
        """The open line to a server, which is started when there is none."""
        line = self._line(server)
        with self._lock:
            held = self._open.get(server)
            if held is None or held.over:
                held = self._open[server] = _Held(self._running(), server, line, self._token(server, line))
        held.await_start(call)
        return held

    def _token(self, server: str, line: Line) -> str:
        token = self.key(line.token) if line.token else ""
        if line.token and not token:
            raise Refused(
                f"the MCP server {server} wants a token, and neither the environment nor the keyring has {line.token}"
            )
        return token

    def _hushed(self, text: str) -> str:
        """Without secrets; also those that only the keyring knows, and a server repeats."""
        with self._lock:
            tokens = {held.token for held in self._open.values() if held.token}
        for token in tokens:
            text = text.replace(token, "[redacted: token]")
        return self.redact(text)

    def _running(self) -> asyncio.AbstractEventLoop:
        import asyncio

        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            threading.Thread(target=_run, args=(self._loop,), name="nozzle mcp", daemon=True).start()
        return self._loop


class _Held:
    """One server, held open by one task, for its line must be closed by whom it was opened."""

    def __init__(self, loop: asyncio.AbstractEventLoop, name: str, line: Line, token: str) -> None:
        import asyncio

        self.client: Any = None
        self.line, self.token = line, token
        self._loop, self._name = loop, name
        self._started: Future[str] = Future()
        """Why it has not; empty when it has."""
        self._end = asyncio.Event()
        self._task = asyncio.run_coroutine_threadsafe(self._hold(), loop)

    def await_start(self, call: Call) -> None:
        """Until it has started, or nobody waits for that any more."""
        moment = threading.Event()
        self._started.add_done_callback(lambda started: moment.set())
        call.on_stop(moment.set)
        moment.wait(PATIENCE)
        if call.stopped:
            raise Refused("the cell was stopped")
        fault = self._started.result() if self._started.done() else f"no word within {PATIENCE:.0f} s"
        if fault:
            self.close()
            verb = "answer" if self.line.url else "start"
            raise Refused(f"the MCP server {self._name} did not {verb}: {fault}; {self.line.by_hand}")

    @property
    def over(self) -> bool:
        """Whether it has ended."""
        return self._task.done()

    def ask(self, words: Callable[[], Coroutine[Any, Any, Any]], call: Call, acts: bool = False) -> Any:
        """What a request gives, waited for from any thread until the call is stopped; whether it `acts`, its failure
        says."""
        import asyncio

        asked = asyncio.run_coroutine_threadsafe(words(), self._loop)
        call.on_stop(asked.cancel)
        try:
            return asked.result(PATIENCE)
        except CancelledError:
            raise Refused("the cell was stopped") from None
        except TimeoutError:
            asked.cancel()
            raise Refused(f"the MCP server {self._name} gave no answer within {PATIENCE:.0f} s; {PERHAPS}") from None
        except Exception as error:  # whatever a library says of a line that broke
            from mcp import MCPError

            if isinstance(error, MCPError) and error.code not in ENDED:
                raise Refused(f"the MCP server {self._name} says: {error.message} ({error.code})") from None
            self.close()
            why = error.message if isinstance(error, MCPError) else f"{type(error).__name__}: {error}"
            perhaps = f"; {PERHAPS}" if acts else ""
            raise Refused(f"the line to the MCP server {self._name} broke: {why}{perhaps}") from None

    def close(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        try:
            self._task.result(ENDING)
        except Exception:  # it ends as it may; nothing waits for it
            self._task.cancel()

    async def _hold(self) -> None:
        try:
            if self.line.url:
                async with _http(self.token) as http:
                    await self._hold_open(_called(self.line.url, http))
            else:
                with open(os.devnull, "w") as silent:
                    await self._hold_open(_started(self.line, silent))
        except NozzleError as error:
            self._begun(str(error))
        except Exception as error:  # of the library, or of the operating system
            self._begun(_plain(error))
        finally:
            self._begun("it ended")

    async def _hold_open(self, client: Any) -> None:
        async with client:
            self.client = client
            self._begun("")
            await self._end.wait()

    def _begun(self, fault: str) -> None:
        if not self._started.done():
            self._started.set_result(fault)


def _named(server: str, tool: str) -> str:
    """A tool as cells write it."""
    return f"mcp.{server}.{spelling(tool)}"


def _told(part: Any) -> str:
    """A part of a reply as text: its own, or what came that is none, and how large it is."""
    held = getattr(part, "resource", part)
    text, data = getattr(held, "text", None), getattr(held, "data", None) or getattr(held, "blob", None)
    if part.type == "text":
        return text or ""
    facts = [
        str(getattr(held, "uri", "") or ""), getattr(held, "mime_type", "") or "",
        f"{len(data) * 3 // 4 - data[-2:].count('='):,} bytes" if data else "",
        f"{held.size:,} bytes" if getattr(held, "size", None) is not None else "",
    ]  # fmt: skip
    what = f"[{part.type.replace('_', ' ')}: {', '.join(filter(None, facts)) or 'nothing is said of it'}]"
    return f"{what}\n{text}" if text else what


def _started(line: Line, errors: TextIO) -> Any:
    """The client of a server that is started for it."""
    try:
        from mcp import Client, StdioServerParameters
        from mcp.client.stdio import stdio_client
    except ImportError:
        raise Missing(PACKAGE) from None
    given = {name: os.environ[name] for name in line.env if name in os.environ}
    command, *rest = line.command
    told = StdioServerParameters(command=command, args=rest, env=given)
    return Client(stdio_client(told, errlog=errors))


def _http(token: str) -> Any:
    """What speaks HTTP to a server, and shows it the token; it follows no redirection to another host."""
    try:
        from mcp.client.streamable_http import create_mcp_http_client
    except ImportError:
        raise Missing(PACKAGE) from None
    return create_mcp_http_client({"Authorization": f"Bearer {token}"} if token else None)


def _called(url: str, http: Any) -> Any:
    """The client of a server that serves already."""
    from mcp import Client
    from mcp.client.streamable_http import streamable_http_client

    return Client(streamable_http_client(url, http_client=http))


def _plain(error: BaseException) -> str:
    """What is wrong, out of the groups in which a library packs it."""
    inner: Sequence[BaseException] = getattr(error, "exceptions", ())
    return _plain(inner[0]) if inner else f"{type(error).__name__}: {error}"


def _run(loop: asyncio.AbstractEventLoop) -> None:
    try:
        loop.run_forever()
    finally:
        loop.close()
