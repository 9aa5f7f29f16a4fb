"""What the author keeps out of git: whether `.gitignore` names a file that git does not hold.

It is asked again when a `.gitignore` on the way, or git's own list, has changed. It refuses to know any other rule.
"""

import os
from pathlib import PurePosixPath

from nozzle.steps.repo import Repo

Look = tuple[int, ...]


class Ignored:
    """The answers of one repository, as long as what they rest on looks the same."""

    def __init__(self, repo: Repo) -> None:
        self._repo = repo
        self._known: dict[str, tuple[Look, bool]] = {}

    def __call__(self, path: str) -> bool:
        """Whether git would pass over a file of this path, from the root."""
        look = self._look(path)
        if self._known.get(path, ((), False))[0] != look:
            given = b"./" + os.fsencode(path) + b"\0"  # "./": a leading ":" would be magic
            said = self._repo.door.run("check-ignore", "-z", "--stdin", given=given, ok=(0, 1, 128))
            self._known[path] = (look, bool(said))
        return self._known[path][1]

    def _look(self, path: str) -> Look:
        """When what may name the file was last written: lists of folders on the way, git's own, what it holds."""
        folders = [self._repo.root / folder for folder in PurePosixPath(path).parents]
        lists = [*(folder / ".gitignore" for folder in folders), self._repo.common / "info" / "exclude"]
        held = self._repo.objects.leaf(self._repo.tree(self._repo.thread().head), path) is not None
        return (int(held), *map(_changed, lists))


def _changed(path: os.PathLike[str]) -> int:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return 0
