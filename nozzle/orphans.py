"""The files beside entries that show what cells made: put there, and which of them no entry names any more.

An entry anywhere in the journal may show a file of any folder's `_out`, so all entries are asked, and every other
Markdown file beside it, which somebody may have run by its name; each is read again only when it has changed.
It refuses to judge a file that nozzle did not name: those in `_out` with another kind of name are the author's.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nozzle import whole
from nozzle.document import seal
from nozzle.errors import Unwritable
from nozzle.settings import Settings

_OURS = re.compile(r"[0-9a-f]{16}\.[a-z]{2,5}")


@dataclass(slots=True)
class Orphans:
    root: Path
    settings: Settings
    _named: dict[Path, tuple[tuple[int, int, int], frozenset[str]]] = field(default_factory=dict)
    """What each entry names, and how the entry looked when it did."""

    def beside(self, folder: Path) -> list[str]:
        """The names of files in the `_out` of a folder that no entry names; none while an entry cannot be read."""
        return self.unnamed(folder, {path.name for path in (folder / "_out").glob("*")})

    def unnamed(self, folder: Path, names: Collection[str]) -> list[str]:
        """Those of these files of the `_out` of a folder that nozzle made and no entry names."""
        there = {name for name in names if _OURS.fullmatch(name)}
        try:
            asked = {*self.settings.entries_in(self.root), *folder.glob("*.md")} if there else set()
            named = {name for path in asked if path.is_file() for name in self._names(path)}
        except OSError:
            return []
        return sorted(there - named)

    def _names(self, path: Path) -> frozenset[str]:
        stat = path.stat()
        looks = stat.st_ino, stat.st_mtime_ns, stat.st_size
        if path not in self._named or self._named[path][0] != looks:
            self._named[path] = looks, frozenset(_OURS.findall(path.read_bytes().decode("utf-8", "replace")))
        return self._named[path][1]


def shown(text: bytes) -> list[str]:
    """The names of the files in `_out` that a text shows."""
    return seal.files(text.decode("utf-8", "replace").split("\n"))


def put_files(folder: Path, files: Mapping[str, bytes]) -> None:
    """Content-named files: one that is there is the same."""
    for name, data in files.items():
        target = folder / name
        if target.is_file() and not target.is_symlink() and target.read_bytes() == data:
            continue
        try:
            whole.write(target, data, root=folder)
        except OSError as error:
            raise Unwritable(f"{target}: {error.strerror}; the entry was not touched") from error
