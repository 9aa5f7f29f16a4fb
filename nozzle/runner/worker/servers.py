"""`mcp`: the tools of the MCP servers that the author's settings name, as Python functions: `mcp.calendar.add(...)`.

The host holds the line to a server and does the calling; it also decides whether a cell may. Nothing is asked of a
server before a cell names it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

Ask = Callable[[dict[str, Any]], Any]
"""The host is asked; what it gives. RuntimeError says why it gives nothing."""

_TYPES = {"string": str, "integer": int, "number": float, "boolean": bool, "array": list, "object": dict}


class Servers:
    """The servers; `print(mcp)` names them, and `print(mcp.NAME)` what one of them can do."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._known: dict[str, Server] = {}

    def __getattr__(self, name: str) -> Server:
        if name.startswith("_"):
            raise AttributeError(name)
        if name not in self._known:
            self._known[name] = Server(name, self._ask)
        return self._known[name]

    def __dir__(self) -> list[str]:
        return list(self._ask({}))

    def __repr__(self) -> str:
        names = self._ask({})
        return "\n".join(f"mcp.{name}" for name in names) if names else "no MCP server is named in the settings"


class Server:
    """One server; its tools are its attributes."""

    def __init__(self, name: str, ask: Ask) -> None:
        self._name = name
        self._ask = ask
        self._tools: dict[str, Callable[..., Any]] = {}

    def __getattr__(self, name: str) -> Callable[..., Any]:
        if name.startswith("_"):
            raise AttributeError(name)
        tools = self._all()
        if name not in tools:
            raise AttributeError(f"mcp.{self._name} has no tool {name}; it has {', '.join(tools) or 'none'}")
        return tools[name]

    def __dir__(self) -> list[str]:
        return list(self._all())

    def __repr__(self) -> str:
        rows = []
        for name, tool in self._all().items():
            first = (tool.__doc__ or "").strip().split("\n")[0]
            rows.append(f"mcp.{self._name}.{name}{inspect.signature(tool)}  {first}".rstrip())
        return "\n".join(rows) or f"mcp.{self._name} has no tools"

    def _all(self) -> dict[str, Callable[..., Any]]:
        if not self._tools:
            for row in self._ask({"server": self._name}):
                self._tools[re.sub(r"\W", "_", row["name"])] = _function(self._name, row, self._ask)
        return self._tools


def _function(server: str, row: dict[str, Any], ask: Ask) -> Callable[..., Any]:
    """A tool as a function: its name, what it says of itself, and the types that its schema tells."""
    signature = _signature(row["schema"])

    def call(*given: Any, **named: Any) -> Any:
        arguments = signature.bind(*given, **named).arguments
        return ask({"server": server, "tool": row["name"], "arguments": dict(arguments)})["value"]

    words = "It only looks." if row["looks"] else "It may act outside this journal: the author decides."
    call.__name__ = re.sub(r"\W", "_", row["name"])
    call.__qualname__ = f"mcp.{server}.{call.__name__}"
    call.__doc__ = f"{row['doc'].strip()}\n\n{words}".strip()
    call.__signature__ = signature  # type: ignore[attr-defined]
    return call


def _signature(schema: dict[str, Any]) -> inspect.Signature:
    """What must be given first, then what may be left out."""
    needed = set(schema.get("required", ()))
    rows = sorted(schema.get("properties", {}).items(), key=lambda row: row[0] not in needed)
    found = [
        inspect.Parameter(
            name,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=inspect.Parameter.empty if name in needed else what.get("default"),
            annotation=_TYPES.get(str(what.get("type")), Any),
        )
        for name, what in rows
        if name.isidentifier()
    ]
    return inspect.Signature(found)
