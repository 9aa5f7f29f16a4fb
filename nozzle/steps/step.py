"""A step is a commit with `Nozzle-*` trailers: what one holds, and how its message is written and read again.

It refuses to let a value forge another: a title is one line, a trailer's value is one line, and only the last paragraph
of a message is read.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from nozzle.errors import Refused


@dataclass(frozen=True, slots=True)
class Taken:
    """A file as it was at some moment, and as git would add it: its content is in git's object store."""

    mode: str = ""  # empty: there was none
    sha: str = ""
    stamp: tuple[int, int] = (0, -1)  # mtime in ns, size


@dataclass(frozen=True, slots=True)
class Record:
    """What a step shall hold."""

    kind: str  # save | cell | note | repair | rewind | land
    entry: str  # posix path from the root
    title: str
    files: Mapping[str, bytes | None]  # path from the root -> content; None: removed
    adopt: tuple[str, ...] = ()  # paths from the root, taken as they are on disk
    trailers: Mapping[str, str] = field(default_factory=dict)  # "Cell" is written as "Nozzle-Cell"
    merges: str = ""  # a commit that this one brings in: its second parent
    body: str = ""  # what the commit says between its title and its trailers
    taken: Mapping[str, Taken] = field(default_factory=dict)  # those of `adopt` that are kept as they were before
    anew: bool = False  # a step even where no file is another: what it says is


@dataclass(frozen=True, slots=True)
class Step:
    """A commit; one that nozzle did not make has no kind."""

    sha: str
    thread: str
    entry: str
    cell: str
    kind: str
    title: str
    when: datetime  # aware, UTC
    trailers: Mapping[str, str]  # without "Nozzle-"; of a key that stands twice, the first


def message(title: str, trailers: Iterable[tuple[str, str]], body: str = "") -> bytes:
    """The commit message."""
    head = " ".join(title.replace("\0", " ").split()) or "A step"  # git cuts a message at a NUL
    lines = [f"Nozzle-{_key(key)}: {quoted(value)}" for key, value in trailers if value]
    parts = filter(None, (head, body.replace("\0", " ").strip("\n"), "\n".join(lines)))
    return ("\n\n".join(parts) + "\n").encode("utf-8", "replace")


def step(sha: str, seconds: int, text: str) -> Step:
    """Read a commit's message back."""
    trailers = _trailers(text)
    return Step(
        sha=sha,
        thread=trailers.get("Thread", ""),
        entry=trailers.get("Entry", ""),
        cell=trailers.get("Cell", ""),
        kind=trailers.get("Kind", ""),
        title=text.strip().partition("\n")[0],
        when=datetime.fromtimestamp(seconds, UTC),
        trailers=trailers,
    )


def quoted(value: str) -> str:
    r"""A value on one line, of which nothing is lost.

    >>> quoted("a\nb 5% %41")
    'a%0Ab 5% %2541'
    """
    value = re.sub(r"%(?=[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4})", "%25", value)
    return re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]|^\s|\s$", _percent, value)


def unquoted(value: str) -> str:
    r"""What `quoted` was given.

    >>> unquoted(quoted("50%25\n ")) == "50%25\n "
    True
    """
    return re.sub(r"%u([0-9A-Fa-f]{4})|%([0-9A-Fa-f]{2})", lambda m: chr(int(m[1] or m[2], 16)), value)


def _percent(found: re.Match[str]) -> str:
    point = ord(found[0])
    return f"%{point:02X}" if point < 0x100 else f"%u{point:04X}"


def _key(key: str) -> str:
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", key):
        raise Refused(f"{key!r} cannot name a trailer: letters, digits and hyphens can")
    return key


def _trailers(text: str) -> dict[str, str]:
    head, _, last = text.rstrip("\n").rpartition("\n\n")
    found: dict[str, str] = {}
    for line in last.split("\n") if head else ():
        key, colon, value = line.partition(": ")
        if colon and key.startswith("Nozzle-"):
            found.setdefault(key.removeprefix("Nozzle-"), unquoted(value.strip()))
    return found
