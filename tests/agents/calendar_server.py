"""A tiny MCP server over standard input and output: one tool looks, one writes a line into a file."""

import os
import sys


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


if __name__ == "__main__":
    from mcp.server import MCPServer

    server = MCPServer("calendar")
    for tool in (events, add):
        server.tool()(tool)
    server.run("stdio")
