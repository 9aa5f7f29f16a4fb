"""What cells may call without importing it: read, write, edit, sh, search, recall, final_answer, mcp.

For the author as for the doer. Files are those of the repository: a path that leads out of it, or into .git, is
refused. The host does what a kernel cannot: search, recall, and the tools of MCP servers.
"""

from __future__ import annotations

import json
import os
import subprocess
from typing import Any

from .channel import Channel
from .servers import Servers

LONGEST = 50_000
"""Characters that `read` and `sh` give back at most."""


def tools(channel: Channel, root: str, answers: list[str]) -> dict[str, Any]:
    """The functions, by the names that cells call them; what `final_answer` is given comes into `answers`."""
    home = os.path.realpath(root)

    def inside(path: str) -> str:
        """Where a path leads, links followed; relative ones from the cell's folder."""
        full = os.path.realpath(path)
        parts = os.path.relpath(full, home).split(os.sep)
        if parts[0] in ("..", ".git", ".nozzle"):
            raise PermissionError(f"{path} is not a file of this journal")
        return full

    def read(path: str, start: int = 0, lines: int = 2000) -> str:
        """The text of a file of the journal: `lines` lines from line `start` (counted from 0)."""
        with open(inside(path), encoding="utf-8", errors="replace") as file:
            rows = file.read().split("\n")[start : start + lines]
        return _cut("\n".join(rows))

    def write(path: str, text: str) -> str:
        """Put text into a file of the journal, making it and its folders; what was there is in the steps."""
        full, data = inside(path), text.encode()  # a text that is none is refused while the file holds what it held
        os.makedirs(os.path.dirname(full), exist_ok=True)
        with open(full, "wb") as file:
            file.write(data)
        return f"{path}: {len(text)} characters"

    def edit(path: str, old: str, new: str) -> str:
        """Replace `old`, which must stand in the file exactly once, by `new`; lines end as they do in the file."""
        with open(inside(path), encoding="utf-8", newline="") as file:
            text = file.read()
        end = "\r\n" if "\r\n" in text else "\r" if "\r" in text and "\n" not in text else "\n"
        found = old if text.count(old) else old.replace("\n", end)
        if (count := text.count(found)) != 1:
            raise ValueError(f"{path}: the old text stands there {count} times, and must stand there once")
        return write(path, text.replace(found, new if end == "\n" else new.replace("\r\n", "\n").replace("\n", end)))

    def sh(command: str, timeout: float = 60.0) -> str:
        """What a shell command prints; its errors too, and how it ended when it did not end well."""
        done = subprocess.run(command, shell=True, capture_output=True, text=True, timeout=timeout, errors="replace")
        ended = f"\n[ended with status {done.returncode}]" if done.returncode else ""
        return _cut(done.stdout + done.stderr) + ended

    def search(query: str) -> list[dict[str, Any]]:
        """Search the web where the author has set a search engine, else the journal: title, url, content of each."""
        return list(ask("search", {"query": str(query)}))

    def recall(query: str) -> list[dict[str, Any]]:
        """Search every entry and step of this journal: title, url, content of each."""
        return list(ask("recall", {"query": str(query)}))

    def final_answer(summary: object) -> None:
        """Say that the task is done, and what came of it."""
        words = str(summary)
        print(words)
        answers.append(_cut(words))

    def ask(name: str, arguments: dict[str, Any]) -> Any:
        reply = channel.ask({"t": "tool", "name": name, "arguments": arguments})["text"]
        if reply is None:
            raise RuntimeError(f"{name}: nobody answers here")
        found = json.loads(reply)
        if isinstance(found, dict) and "error" in found:
            raise RuntimeError(str(found["error"]))
        return found

    functions = {each.__name__: each for each in (read, write, edit, sh, search, recall, final_answer)}
    return {**functions, "mcp": Servers(lambda arguments: ask("mcp", arguments))}


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}\n[{len(text) - LONGEST} more characters]"
