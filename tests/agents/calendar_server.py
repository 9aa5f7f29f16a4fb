"""A tiny MCP server over standard input and output: one tool looks, one writes a line into a file, one never ends."""

import os
import sys
import time


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


if __name__ == "__main__":
    from mcp.server import MCPServer

    server = MCPServer("calendar")
    for tool in (events, add, move):
        server.tool()(tool)
    server.run("stdio")
