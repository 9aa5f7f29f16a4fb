"""A tiny MCP server: one tool looks, one writes a line into a file, one never ends.

`calendar_server.py FILE` serves over standard input and output; `calendar_server.py FILE TOKEN` over HTTP, at the port
that it prints, to whoever shows that token.
"""

import os
import socket
import sys
import time
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Scope]]
Send = Callable[[Scope], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


def events(day: str) -> list[str]:
    """What stands on a day.

    Nothing, mostly.
    """
    return [f"{day}: nothing", f"as {os.environ.get('CALENDAR_USER', 'nobody')}, {os.environ.get('OTHER', 'no other')}"]


def add(title: str, hours: float = 1.0) -> str:
    """Put something into the calendar."""
    if not title:
        raise ValueError("a title is wanted")
    with open(sys.argv[1], "a") as file:
        file.write(f"{title} {hours}\n")
    return f"added {title}"


def move(title: str) -> str:
    """Put something off, which never comes to an end."""
    with open(sys.argv[1], "a") as file:
        file.write(f"{title} begins to move\n")
    while True:
        time.sleep(1)


def key() -> str:
    """Repeat the token, as a careless server might."""
    return f"your token is {sys.argv[2]}"


def guarded(app: App, token: str) -> App:
    """The same for whoever shows this token."""

    async def asked(scope: Scope, receive: Receive, send: Send) -> None:
        shown = dict(scope.get("headers", ())).get(b"authorization")
        if scope["type"] != "http" or shown == f"Bearer {token}".encode():
            return await app(scope, receive, send)
        await send({"type": "http.response.start", "status": 401, "headers": []})
        await send({"type": "http.response.body", "body": b"no"})

    return asked


if __name__ == "__main__":
    from mcp.server import MCPServer

    server = MCPServer("calendar")
    for tool in (events, add, move, *([key] if sys.argv[2:] else [])):
        server.tool()(tool)
    if not sys.argv[2:]:
        server.run("stdio")
    else:
        import uvicorn

        listening = socket.create_server(("127.0.0.1", 0))
        print(listening.getsockname()[1], flush=True)
        config = uvicorn.Config(guarded(server.streamable_http_app(), sys.argv[2]), log_level="critical")
        uvicorn.Server(config).run([listening])
