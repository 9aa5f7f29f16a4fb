"""What the author keeps out of git: whether `.gitignore` names a file that git does not hold.

It is asked again when a `.gitignore` on the way, or git's own list, has changed. It refuses to know any other rule.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import PurePosixPath

from nozzle.steps.repo import Repo, mtime

Look = tuple[float, ...]


def ignored(repo: Repo, paths: Iterable[str], *how: str, ok: Sequence[int] = (0, 1)) -> set[str]:
    """Those of these paths, from the root, that git would pass over; `how` it is asked, and what may come of it."""
    given = b"".join(b"./" + os.fsencode(path) + b"\0" for path in paths)  # "./": a leading ":" would be magic
    said = repo.door.run("check-ignore", *how, "-z", "--stdin", given=given, ok=ok)
    return {os.fsdecode(row.removeprefix(b"./")) for row in said.split(b"\0") if row}


class Ignored:
    """The answers of one repository, as long as what they rest on looks the same."""

    def __init__(self, repo: Repo) -> None:
        self._repo = repo
        self._known: dict[str, tuple[Look, bool]] = {}

    def __call__(self, path: str) -> bool:
        """Whether git would pass over a file of this path, from the root."""
        look = self._look(path)
        if self._known.get(path, ((), False))[0] != look:
            self._known[path] = (look, bool(ignored(self._repo, [path], ok=(0, 1, 128))))  # 128: behind a link
        return self._known[path][1]

    def _look(self, path: str) -> Look:
        """When what may name the file was last written: lists of folders on the way, git's own, what it holds."""
        folders = [self._repo.root / folder for folder in PurePosixPath(path).parents]
        lists = [*(folder / ".gitignore" for folder in folders), self._repo.common / "info" / "exclude"]
        held = self._repo.objects.leaf(self._repo.tree(self._repo.thread().head), path) is not None
        return (held, *map(mtime, lists))
