"""Remembering: every paragraph and block of every entry, and every step's title, in a full-text index.

The index is a cache beside the journal (SQLite FTS5), rebuilt at will; what it finds it quotes, with the file and
line. It refuses to keep anything of its own: delete the file and the next question builds it again.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from nozzle import whole
from nozzle.document.entry import Entry
from nozzle.document.trajectory import passages
from nozzle.scratch import scratch

if TYPE_CHECKING:
    import sqlite3

FORM = 3
"""Of the index: one that another form wrote is built again."""
LONGEST = 2000
"""Characters of a passage; a longer paragraph is several."""
QUOTED, ROWS, LEAD = 300, 8, 100
"""Characters and lines of a passage that are quoted, and how many of them may stand before the first word that fits."""
_sentence = re.compile(r"\n|(?<=[.!?])\s+")
_word = re.compile(r"\w+")
_question = re.compile(r"[^.!?\n]*\?(?=[\s\"')\]*_]|\Z)|\bI(?:'m| am)? wonder(?:ing|ed)?\b[^.!?\n]*[.!]?")
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

    @property
    def front(self) -> bool:
        """Whether it is front matter: it tells of an entry, and answers nothing."""
        return self.content.startswith("---\n")

    @property
    def told(self) -> str:
        """What it says, without what it asks: a question is no answer to another."""
        return _question.sub(" ", self.content)

    def repeats(self, question: str) -> bool:
        """Whether the question itself stands in it."""
        return " ".join(question.split()) in " ".join(self.content.split())

    def quoted(self, question: str) -> Passage:
        """The part of it that says most to a question, as much as is quoted, with its own line."""
        text, words = self.content.strip(), set(_asked(question))
        places = [found.start() for found in _word.finditer(text) if found[0].lower() in words]
        if not places or _within(text, 0) == len(text):
            return replace(self, content=_cut(text, 0))
        told = {
            at: len(words & {word.lower() for word in _word.findall(text[at : _within(text, at)])}) for at in places
        }
        best = max(places, key=lambda at: (told[at], -at))
        starts = [0, *(found.end() for found in _sentence.finditer(text[:best]))]
        start = starts[-1] if best - starts[-1] <= LEAD else best
        place, _, line = self.url.partition("#L")
        url = f"{place}#L{int(line) + text.count(chr(10), 0, start)}" if line else self.url
        return replace(self, url=url, content=_cut(text, start))


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
        if not (words := _asked(query)):
            return []
        with closing(self._open()) as index:
            self._refresh(index)
            asked = " OR ".join(f'"{word}"' for word in words)
            rows = index.execute(
                "select title, url, body, bm25(block, 4.0, 0.0, 1.0) from block "
                "where block match ? order by 4, rowid limit ?",
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
        if index.execute("pragma user_version").fetchone()[0] != FORM:
            index.execute("drop table if exists seen")
            index.execute("drop table if exists block")
            index.execute(f"pragma user_version = {FORM}")
        index.execute("create table if not exists seen (name text primary key, digest text, first int, past int)")
        index.execute(
            "create virtual table if not exists block using fts5"
            "(title, url unindexed, body, tokenize = \"unicode61 tokenchars '_'\")"
        )
        return index

    def _refresh(self, index: sqlite3.Connection) -> None:
        """Index again what has changed since; where nothing has, nothing is written."""
        texts = self._texts()
        digests = {name: hash_of(text) for name, text in texts.items()}
        seen = _seen(index)
        steps = self._steps_since(seen.get("steps", ""))
        if seen.items() - {("steps", seen.get("steps", ""))} == digests.items() and not steps:
            return
        with index:
            index.execute("begin immediate")
            seen = _seen(index)  # another may have been at it since
            for name in seen.keys() - texts.keys() - {"steps"}:
                self._forget(index, name)
            for name, text in texts.items():
                if seen.get(name) != digests[name]:
                    self._forget(index, name)
                    first = _next(index)
                    index.executemany("insert into block values (?, ?, ?)", _blocks(name, text))
                    index.execute("insert into seen values (?, ?, ?, ?)", (name, digests[name], first, _next(index)))
            if fresh := self._steps_since(seen.get("steps", "")):
                index.executemany("insert into block values (?, ?, ?)", fresh)
                sha = fresh[0][1].removeprefix("step:")
                index.execute("insert or replace into seen values ('steps', ?, 0, 0)", (sha,))

    def _steps_since(self, newest: str) -> list[tuple[str, str, str]]:
        fresh = []
        for sha, title in self._steps():
            if sha == newest:
                break
            fresh.append((title, f"step:{sha}", title))
        return fresh

    def _forget(self, index: sqlite3.Connection, name: str) -> None:
        """By where it stands in the index: to look through all of it, for each entry, takes too long."""
        for span in index.execute("select first, past from seen where name = ?", (name,)).fetchall():
            index.execute("delete from block where rowid >= ? and rowid < ?", span)
        index.execute("delete from seen where name = ?", (name,))


def hash_of(text: str) -> str:
    import hashlib

    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def _asked(question: str) -> list[str]:
    """The words of a question that say something; all of them, where none does."""
    words = list(dict.fromkeys(_word.findall(question.lower())))
    return [word for word in words if word not in _COMMON] or words


def _seen(index: sqlite3.Connection) -> dict[str, str]:
    return dict(index.execute("select name, digest from seen"))


def _next(index: sqlite3.Connection) -> int:
    last = index.execute("select rowid from block order by rowid desc limit 1").fetchone()
    return int(last[0]) + 1 if last else 1


def _blocks(name: str, text: str) -> Iterator[tuple[str, str, str]]:
    entry = Entry(text)
    title = str(entry.meta.get("title") or name)
    for message in passages(entry):
        words = message.content.strip("\n").rstrip()
        if message.name != "an answer" and words and not words.startswith(("/ask", "/wtf")):
            for row, part in _parts(words):
                yield f"{title}: {message.name}", f"{name}#L{message.line + 1 + row}", part


def _parts(text: str) -> Iterator[tuple[int, str]]:
    """A text in passages, each with the line it begins in, from 0: cut where a line ends, or a sentence, or a word.

    >>> [(row, len(part)) for row, part in _parts("one\\n" + 500 * "two " + "three")]
    [(0, 3), (1, 1999), (1, 5)]
    """
    at = row = 0
    while at < len(text):
        end = at + LONGEST
        if end < len(text):
            cuts = (text.rfind("\n", at, end), text.rfind(". ", at, end) + 1, text.rfind(" ", at, end))
            end = next((cut for cut in cuts if cut > at), end)
        if part := text[at:end].strip():
            yield row, part
        past = end + (text[end : end + 1] in ("\n", " "))
        row += text.count("\n", at, past)
        at = past


def _within(text: str, start: int) -> int:
    """Where a quote that begins here ends: it is not too long and has not too many lines."""
    end = min(len(text), start + QUOTED)
    for at, found in enumerate(re.finditer("\n", text[start:end])):
        if at == ROWS - 1:
            return start + found.start()
    return end


def _cut(text: str, start: int) -> str:
    """What is quoted from here; that something stands before or after it in its line is shown."""
    end = _within(text, start)
    before = "… " if start and text[start - 1] != "\n" else ""
    return f"{before}{text[start:end].rstrip()}{' …' if end < len(text) else ''}"
