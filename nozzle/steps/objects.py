"""Git's objects: what is read by name, and what is written: blobs, trees, commits.

It refuses to change bytes: no filter, no line ending conversion. A tree is grafted, never checked out: only the folders
on the way to a changed file are read and written, so a step costs the same in a small repository and in a large one.
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path

from nozzle.errors import Refused, Unreadable
from nozzle.steps.door import Door
from nozzle.steps.loose import Loose
from nozzle.steps.talk import Talk, exactly, line

TREE = "040000"
FILE = "100644"
PROGRAM = "100755"
LINK = "120000"
MODULE = "160000"


@dataclass(frozen=True, slots=True)
class Object:
    """One object of the repository."""

    sha: str
    type: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Leaf:
    """An entry of a tree: a file, a program, a symbolic link, a folder, another repository."""

    mode: str
    sha: str


Graft = Mapping[str, Leaf | None]  # path from the root -> what stands there now; None: nothing


class Objects:
    """The object store: read by way of a git process that stays, written as loose objects."""

    def __init__(self, door: Door, store: Path, width: int) -> None:
        self._width = width  # bytes in a digest: 20, or 32 where the repository uses SHA-256
        self._cat = Talk(door, "cat-file", "--batch")
        self._loose = Loose(store, width)
        self._parsed: dict[str, Mapping[bytes, Leaf]] = {}  # trees never change: the latest few, by digest

    def close(self) -> None:
        """End the process."""
        self._cat.close()

    def read(self, name: str) -> Object | None:
        """The object git finds under `name` (a digest, `HEAD`, `HEAD:path`), if there is exactly one."""
        asked = os.fsencode(name)
        if b"\n" in asked or b"\0" in asked:
            return None
        return self._cat.ask(asked + b"\n", lambda answer: _object(asked, answer))

    def file(self, rev: str, path: str) -> bytes | None:
        """The bytes of a file in a commit."""
        if "\n" in path:
            root = self.read(f"{rev}^{{tree}}")
            leaf = self.leaf(root.sha, path) if root else None
            found = self.read(leaf.sha) if leaf else None
        else:
            found = self.read(f"{rev}:{path}")
        return found.data if found and found.type == "blob" else None

    def leaf(self, tree: str, path: str) -> Leaf | None:
        """What stands at a path below a tree."""
        leaf: Leaf | None = Leaf(TREE, tree)
        for name in path.split("/"):
            leaf = self._in(leaf.sha).get(os.fsencode(name)) if leaf and leaf.mode == TREE else None
        return leaf

    def walk(self, tree: str, above: str = "") -> Iterator[tuple[str, Leaf]]:
        """Every file below a tree, with its path."""
        for name, leaf in self._in(tree).items():
            path = above + os.fsdecode(name)
            if leaf.mode == TREE:
                yield from self.walk(leaf.sha, path + "/")
            else:
                yield path, leaf

    def blob(self, data: bytes) -> str:
        """Write a file's bytes; its digest."""
        return self._loose.write("blob", data)

    def commit(self, tree: str, parents: Iterable[str], by: bytes, message: bytes) -> str:
        """Write a commit; `by` is its `author` and `committer` lines."""
        lines = [f"tree {tree}\n", *(f"parent {parent}\n" for parent in parents)]
        return self._loose.write("commit", "".join(lines).encode() + by + b"\n" + message)

    def graft(self, tree: str, changes: Graft) -> str:
        """The tree (an empty `tree` is the empty one) with these paths changed; folders left empty go."""
        return self._graft(tree, changes) or self._plant({})

    def _graft(self, tree: str, changes: Graft) -> str:
        leaves = dict(self._in(tree))
        for head, below in _by_head(changes).items():
            name = os.fsencode(head)
            old = leaves.pop(name, None)
            if old and old.mode == MODULE and any(below):
                raise Refused(f"{head} is a repository of its own: a step here cannot hold what lies in it")
            named, here = "" in below, below.pop("", None)
            inner = old.sha if old and old.mode == TREE and not here else ""
            sub = self._graft(inner, below) if below else ""
            new = Leaf(TREE, sub) if sub else here
            if new:
                leaves[name] = new
            elif old and old.mode != TREE and not named:
                leaves[name] = old  # "nothing at a/b" leaves the file "a" alone
        return self._plant(leaves) if leaves else ""

    def _plant(self, leaves: Mapping[bytes, Leaf]) -> str:
        rows = sorted(leaves.items(), key=lambda row: row[0] + b"/" * (row[1].mode == TREE))
        data = b"".join(
            leaf.mode.lstrip("0").encode() + b" " + name + b"\0" + bytes.fromhex(leaf.sha) for name, leaf in rows
        )
        return self._remember(self._loose.write("tree", data), leaves)

    def _in(self, tree: str) -> Mapping[bytes, Leaf]:
        if tree not in self._parsed:
            found = self.read(tree) if tree else Object("", "tree", b"")
            if found is None:
                raise Unreadable(
                    f"the repository lacks tree {tree}: `git fsck` tells more; fetch it or restore a backup"
                )
            self._remember(tree, dict(_parse(found.data, self._width)))
        return self._parsed[tree]

    def _remember(self, tree: str, leaves: Mapping[bytes, Leaf]) -> str:
        while len(self._parsed) >= 32:
            del self._parsed[next(iter(self._parsed))]
        self._parsed[tree] = leaves
        return tree


def checked(path: str) -> str:
    """A path that can stand in a tree, or a word why not."""
    parts = path.split("/")
    if not path or "\0" in path or any(part in ("", ".", "..") or part.lower() == ".git" for part in parts):
        raise Refused(f"{path!r} cannot be kept in git: a step takes paths from the root of the repository")
    return path


def _object(asked: bytes, answer: BufferedReader) -> Object | None:
    head = line(answer)
    if head in (asked + b" missing", asked + b" ambiguous"):
        return None
    sha, kind, size = head.decode().split(" ")
    data = exactly(answer, int(size))
    exactly(answer, 1)
    return Object(sha, kind, data)


def _parse(data: bytes, width: int) -> Iterator[tuple[bytes, Leaf]]:
    at = 0
    while at < len(data):
        end = data.index(b"\0", at)
        mode, name = data[at:end].split(b" ", 1)
        at = end + 1 + width
        yield name, Leaf(mode.decode().zfill(6), data[end + 1 : at].hex())


def _by_head(changes: Graft) -> dict[str, dict[str, Leaf | None]]:
    heads: dict[str, dict[str, Leaf | None]] = {}
    for path, leaf in changes.items():
        head, _, rest = path.partition("/")
        heads.setdefault(head, {})[rest] = leaf
    return heads


def quoted(path: str | Path) -> bytes:
    """The path as git reads it from a line: quoted where it would be taken for a quoted one."""
    raw = os.fsencode(path)
    if not raw.startswith(b'"') and b"\n" not in raw:
        return raw
    return b'"' + raw.replace(b"\\", b"\\\\").replace(b'"', b'\\"').replace(b"\n", b"\\n") + b'"'
