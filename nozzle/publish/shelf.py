"""The output folder: what is written there, what is taken away, what is never touched as nozzle did not put it there.

The list of what nozzle wrote lies in the folder itself, so that it goes where the folder goes.
"""

import json
import os
from collections.abc import Callable, Iterable
from hashlib import blake2b
from pathlib import Path
from typing import Any

from nozzle import whole
from nozzle.errors import Refused, Unwritable

MANIFEST = ".nozzle-site.json"


def digest(content: bytes) -> str:
    """Return the name of a content."""
    return blake2b(content, digest_size=12).hexdigest()


class Shelf:
    """One build's view of an output folder, in which no link is followed."""

    def __init__(self, out: Path, root: Path | None = None) -> None:
        self.out, self.root = _place(out, root)
        self.records: dict[str, Any] = {}  # by source, what the earlier build knew
        self.written: list[str] = []
        self.unchanged: list[str] = []
        self.warnings: list[str] = []
        self._ours: dict[str, str] = {}
        self._now: dict[str, str] = {}
        self._waiting: dict[str, Callable[[], bytes]] = {}
        """What is written when all of it has its place: a build that is refused leaves nothing behind."""
        self._origin: dict[str, str] = {}
        self._load()

    def _load(self) -> None:
        try:
            with whole.opened(self.out / MANIFEST, root=self.root) as file:
                known = json.load(file)
            inside = {path: name for path, name in known["files"].items() if ".." not in path and path[:1] not in "/."}
            complete = {
                name: one for name, one in known["pages"].items() if one.keys() >= {"key", "leaf", "around", "asked"}
            }
            self._ours, self.records = inside, complete
        except (
            OSError,
            ValueError,
            KeyError,
            TypeError,
            AttributeError,
        ):  # no list, or not one of ours: everything is built anew
            self._ours, self.records = {}, {}

    @property
    def files(self) -> list[str]:
        """What the earlier build wrote there."""
        return sorted(self._ours)

    def holds(self, path: str) -> bool:
        """Does the folder hold what the earlier build wrote there, byte for byte?"""
        return path in self._ours and self._found(path) == self._ours[path]

    def _found(self, path: str) -> str | None:
        try:
            with whole.opened(self.out / path, root=self.root) as file:
                return digest(file.read())
        except OSError:
            return None

    def keep(self, path: str, origin: str) -> None:
        """Leave a file as the earlier build wrote it."""
        self._claim(path, origin)
        self._now[path] = self._ours[path]
        self.unchanged.append(path)

    def put(self, path: str, content: bytes, origin: str, again: Callable[[], bytes] | None = None) -> None:
        """Have a file written when the shelf is closed, unless it holds that already. `again` gives its content once
        more, so that what may be large is not held until then."""
        self._claim(path, origin)
        name, found = digest(content), self._found(path)
        if found is not None and found != name and path not in self._ours:
            where = self.out / path
            raise Refused(f"{where} was not written by nozzle: move it away, or build into another folder")
        self._now[path] = name
        if found == name:
            self.unchanged.append(path)
            return
        self._waiting[path] = again or (lambda: content)
        self.written.append(path)

    def _claim(self, path: str, origin: str) -> None:
        other = self._origin.setdefault(path.lower(), origin)
        if other != origin:
            raise Refused(f"{origin} and {other} would both become {path}: rename one of them")

    def close(self, records: dict[str, Any]) -> list[str]:
        """Write what was put here, take away what earlier builds wrote and this one did not; write the list."""
        for path, again in self._waiting.items():
            content = again()
            self._now[path] = digest(content)
            self._write(path, content)
        gone = sorted(path for path in self._ours if path not in self._now)
        removed = [path for path in gone if self._remove(path)]
        known = {"files": dict(sorted(self._now.items())), "pages": dict(sorted(records.items()))}
        text = json.dumps(known, ensure_ascii=False, separators=(",", ":")).encode(errors="surrogatepass")
        if self._found(MANIFEST) != digest(text):
            self._write(MANIFEST, text)
        return removed

    def _remove(self, path: str) -> bool:
        if self._found(path) != self._ours[path]:
            if (self.out / path).exists():
                self.warnings.append(f"{path} was changed by another hand since: it is left where it is")
            return False
        whole.remove(self.out / path, root=self.root)
        whole.prune((self.out / path).parent, root=self.out)
        return True

    def _write(self, path: str, content: bytes) -> None:
        where = self.out / path
        try:
            self.root.mkdir(parents=True, exist_ok=True)
            whole.write(where, content, root=self.root)
        except OSError as error:
            raise Unwritable(f"{where} cannot be written ({error.strerror}): check the folder and the disk") from error


def _place(out: Path, root: Path | None) -> tuple[Path, Path]:
    """Where the folder lies, and below what no link is followed: the journal's root, or the folder itself elsewhere."""
    named = Path(os.path.abspath(out))
    if root is not None and named.is_relative_to(root):
        return named, root
    place = Path(os.path.realpath(out))
    return place, place


def stamp(paths: Iterable[Path], *words: str) -> str:
    """Return a digest of what every page depends on."""
    parts = blake2b(digest_size=12)
    for path in sorted(paths):
        parts.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    parts.update("\0".join(words).encode(errors="surrogatepass"))
    return parts.hexdigest()
