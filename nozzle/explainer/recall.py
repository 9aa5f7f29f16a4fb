"""Remembering: every block of every entry, and every step's title, in a full-text index that is rebuilt at will.

The index is a cache beside the journal (SQLite FTS5); what it finds it quotes, with the file and line. It refuses to
keep anything of its own: delete the file and the next question builds it again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from nozzle import whole
from nozzle.document.entry import Entry
from nozzle.document.trajectory import bare, trajectory
from nozzle.scratch import scratch

if TYPE_CHECKING:
    import sqlite3

VERSION = "2"
LONGEST = 4000
"""Characters of a block that are indexed."""
_word = re.compile(r"\w+")
_COMMON = frozenset(
    _word.findall(
        """a an and are as at be by can could did do does for from had has have how i in is it its me my of on or our
        should so than that the their them then there these they this to us was we were what when where which who why
        will with would you your about tell show give say said explain please"""
    )
)


@dataclass(frozen=True, slots=True)
class Passage:
    """Something that was found, with the shape of a web search's result."""

    title: str
    url: str
    """The entry's path from the root, with `#L` and its line; or `step:` and a digest."""
    content: str
    score: float = 0.0

    def as_dict(self) -> dict[str, object]:
        return {
            "title": self.title, "url": self.url, "content": self.content, "score": self.score, "engine": "journal",
        }  # fmt: skip


class Recall:
    """The index of one journal."""

    def __init__(
        self, path: Path, texts: Callable[[], Mapping[str, str]], steps: Callable[[], Iterable[tuple[str, str]]]
    ):
        self._path = path
        self._texts = texts
        """Entries by their path from the root."""
        self._steps = steps
        """Digest and title of steps, newest first."""

    def search(self, query: str, limit: int = 8) -> list[Passage]:
        """The passages that fit best; words of the question that say nothing are left out."""
        words = [word for word in _word.findall(query.lower()) if word not in _COMMON] or _word.findall(query.lower())
        if not words:
            return []
        with closing(self._open()) as index:
            self._refresh(index)
            asked = " OR ".join(f'"{word}"' for word in dict.fromkeys(words))
            rows = index.execute(
                "select title, url, body, bm25(block, 4.0, 0.0, 1.0) from block where block match ? order by 4 limit ?",
                (asked, limit),
            )
            return [Passage(title, url, body, -score) for title, url, body, score in rows]

    def _open(self) -> sqlite3.Connection:
        import sqlite3

        try:
            return self._made()
        except sqlite3.DatabaseError:
            whole.remove(self._path)  # half written by a process that was killed
            return self._made()

    def _made(self) -> sqlite3.Connection:
        import sqlite3

        scratch(self._path.parent)
        if self._path.is_symlink():  # SQLite would follow it
            whole.remove(self._path)
        index = sqlite3.connect(self._path, timeout=5)
        index.execute("create table if not exists seen (name text primary key, digest text)")
        index.execute(
            "create virtual table if not exists block using fts5"
            "(title, url unindexed, body, tokenize = \"unicode61 tokenchars '_'\")"
        )
        return index

    def _refresh(self, index: sqlite3.Connection) -> None:
        """Index again what has changed since."""
        texts = self._texts()
        seen = dict(index.execute("select name, digest from seen"))
        with index:
            for name in [name for name in seen if name not in texts and name != "steps"]:
                self._forget(index, name)
            for name, text in texts.items():
                digest = f"{VERSION} {hash_of(text)}"
                if seen.get(name) != digest:
                    self._forget(index, name)
                    index.executemany("insert into block values (?, ?, ?)", _blocks(name, text))
                    index.execute("insert into seen values (?, ?)", (name, digest))
            self._refresh_steps(index, seen.get("steps", ""))

    def _refresh_steps(self, index: sqlite3.Connection, newest: str) -> None:
        fresh = []
        for sha, title in self._steps():
            if sha == newest:
                break
            fresh.append((title, f"step:{sha}", title))
        if fresh:
            index.executemany("insert into block values (?, ?, ?)", fresh)
            sha = fresh[0][1].removeprefix("step:")
            index.execute("insert or replace into seen values ('steps', ?)", (sha,))

    def _forget(self, index: sqlite3.Connection, name: str) -> None:
        index.execute("delete from block where url = ? or url like ? escape '\\'", (name, f"{_like(name)}#%"))
        index.execute("delete from seen where name = ?", (name,))


def hash_of(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _blocks(name: str, text: str) -> Iterator[tuple[str, str, str]]:
    entry = Entry(text)
    title = str(entry.meta.get("title") or name)
    for message in trajectory(entry):
        words = bare(message.content).strip()
        if message.name != "an answer" and words and not words.startswith(("/ask", "/wtf")):
            yield f"{title}: {message.name}", f"{name}#L{message.line + 1}", words[:LONGEST]


def _like(text: str) -> str:
    return re.sub(r"([%_\\])", r"\\\1", text)
