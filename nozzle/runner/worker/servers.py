"""`mcp`: the tools of the MCP servers that the author's settings name, as Python functions: `mcp.calendar.add(...)`.

The host holds the line to a server and does the calling; it also decides whether a cell may. Nothing is asked of a
server before a cell names it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

from .spelled import spelled

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
            rows = {row["name"]: row for row in self._ask({"server": self._name})}
            for word, name in spelled(rows).items():
                self._tools[word] = _function(f"mcp.{self._name}.{word}", self._name, rows[name], self._ask)
        return self._tools


def _function(title: str, server: str, row: dict[str, Any], ask: Ask) -> Callable[..., Any]:
    """A tool as a function: its name, what it says of itself, and the types that its schema tells."""
    told = row["schema"].get("properties", {})
    theirs = spelled(told)
    signature = _signature({word: told[name] for word, name in theirs.items()}, _needed(row["schema"], theirs))

    def call(*given: Any, **named: Any) -> Any:
        own = {name: word for word, name in theirs.items()}
        bound = signature.bind(*given, **{own.get(name, name): value for name, value in named.items()}).arguments
        arguments = {theirs[word]: value for word, value in bound.items()}
        found = ask({"server": server, "tool": row["name"], "arguments": arguments})
        for each in found["besides"]:
            print(each)
        return found["value"]

    words = "It only looks." if row["looks"] else "It may act outside this journal: the author decides."
    call.__name__ = title.rpartition(".")[2]
    call.__qualname__ = title
    call.__doc__ = f"{row['doc'].strip()}\n\n{words}".strip()
    call.__signature__ = signature  # type: ignore[attr-defined]
    return call


def _needed(schema: dict[str, Any], theirs: dict[str, str]) -> set[str]:
    """What must be given, as Python writes it."""
    needed = schema.get("required", ())
    return {word for word, name in theirs.items() if name in needed}


def _signature(told: dict[str, Any], needed: set[str]) -> inspect.Signature:
    """What must be given first, then what may be left out."""
    rows = [(word, what if isinstance(what, dict) else {}) for word, what in told.items()]
    found = [
        inspect.Parameter(
            word,
            inspect.Parameter.POSITIONAL_OR_KEYWORD,
            default=inspect.Parameter.empty if word in needed else what.get("default"),
            annotation=_TYPES.get(str(what.get("type")), Any),
        )
        for word, what in sorted(rows, key=lambda row: row[0] not in needed)
    ]
    return inspect.Signature(found)
