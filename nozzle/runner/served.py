"""The door to MCP (the Model Context Protocol): functions given to other hosts.

Only the line. What the functions do, and what they refuse, is decided by whoever hands them in.
"""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from nozzle.errors import Missing, NozzleError


def serve(name: str, functions: Sequence[Callable[..., Any]], instructions: str = "") -> None:
    """Serve functions over standard input and output until the host hangs up."""
    built(name, functions, instructions).run("stdio")


def built(name: str, functions: Sequence[Callable[..., Any]], instructions: str = "") -> Any:
    """A server of these functions: their names, docstrings and types are what the host is told."""
    try:
        from mcp.server import MCPServer
        from mcp.server.mcpserver.exceptions import ToolError
    except ImportError:
        raise Missing("MCP needs its package: pip install 'nozzle[mcp]'") from None
    server = MCPServer(name, instructions=instructions)
    for function in functions:
        server.tool()(_telling(function, ToolError))
    return server


def _telling(function: Callable[..., Any], kind: type[Exception]) -> Callable[..., Any]:
    """The host is told in words why a call was refused: of any other kind of error it is shown nothing."""

    @wraps(function)
    def call(*args: Any, **named: Any) -> Any:
        try:
            return function(*args, **named)
        except NozzleError as error:
            raise kind(str(error)) from error

    return call
