"""A folder tells when a file in it has been saved: whole, once, and within a few milliseconds.

Only what is finished counts: a file closed after writing, or moved to its place. A write under way is no news; a file
that is moved aside and written anew (Vim) is one save, not a removal. Folders that hold no entries (.git, environments,
the site) are not watched at all, so they cost nothing. HEAD and the branches are watched apart: that somebody moved
them is another kind of news.

It refuses to read the files, to know whether nozzle wrote them itself, and to poll. Symbolic links to folders are not
followed; what another machine saves on a network file system is not seen.
"""

import queue
import sys
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from nozzle.errors import Missing, Unreadable
from nozzle.watch.batches import Batches
from nozzle.watch.change import Change, HeadMoved, Saved, Unseen

if TYPE_CHECKING:
    from nozzle.watch.tree import Wanted

__all__ = ["Change", "HeadMoved", "Saved", "Unseen", "Watch", "changes"]


def changes(
    root: Path,
    wanted: "Wanted",
    *,
    debounce: float = 0.0,
    put: Callable[[Change], object] | None = None,
    git: Iterable[Path] = (),
) -> "Watch":
    """Watch the files below `root` that are `wanted`, and the HEAD and branches in the folders `git`.

    Changes go to `put`, called from a thread of the watch, or else come by iterating over the Watch. Those of
    `debounce` seconds are put together. Paths begin with `root` as it was given. `git`: the repository's own folder
    and, in a worktree, the common one. Raises Missing, with the setting to raise, when the system allows no further
    watches, or is not Linux.
    """
    if sys.platform != "linux":
        raise Missing(f"{root}: watching needs Linux (inotify). Use `nozzle run` after a save")
    if not root.is_dir():
        raise Unreadable(f"{root}: is no folder, so it cannot be watched")
    return Watch(root, wanted, debounce=debounce, put=put, git=git)


class Watch:
    """A watch under way; close it, or use it in a `with`."""

    def __init__(
        self,
        root: Path,
        wanted: "Wanted",
        *,
        debounce: float,
        put: Callable[[Change], object] | None,
        git: Iterable[Path],
    ) -> None:
        self._queue: queue.Queue[Change | None] = queue.Queue()
        self._news = Batches(put or self._queue.put, debounce)
        from nozzle.watch.tree import Tree  # watchdog takes 70 ms to import

        self._tree = Tree(root, wanted, self._news, tuple(git))
        self._news.start()

    def __iter__(self) -> Iterator[Change]:
        while (change := self._queue.get()) is not None:
            yield change

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop; whoever iterates comes to the end."""
        self._tree.close()
        self._news.close()
        self._queue.put(None)
