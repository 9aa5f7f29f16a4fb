"""Every folder that can hold entries, watched by one inotify instance, through watchdog's own wrapper of it.

One watch for each folder: watchdog's recursive observer cannot leave folders out, and takes a thread for each watch.
"""

import errno
import itertools
import os
import stat
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from watchdog.observers.inotify_c import CallbackId, InotifyConstants, InotifyEvent, InotifyFD, Mask, WatchDescriptor

from nozzle.errors import Missing
from nozzle.settings import made_by_programs
from nozzle.watch.batches import Batches
from nozzle.watch.change import HeadMoved, Unseen

_MASK = Mask(
    InotifyConstants.IN_CLOSE_WRITE
    | InotifyConstants.IN_MOVED_FROM
    | InotifyConstants.IN_MOVED_TO
    | InotifyConstants.IN_CREATE
    | InotifyConstants.IN_DELETE
    | InotifyConstants.IN_ONLYDIR
    | InotifyConstants.IN_EXCL_UNLINK
)
"""Who only reads wakes nobody."""

_OTHERS = "worktrees"
"""Where git keeps, for each of the other worktrees, a folder with its HEAD."""

_PLACE = "gitdir"
"""What tells there where that one is: it may be moved."""

Wanted = Callable[[Path], bool]


class Tree:
    """A watch on every folder that can hold entries, and on those that hold HEAD and the branches."""

    def __init__(self, root: Path, wanted: Wanted, news: Batches, git: tuple[Path, ...]) -> None:
        self._root, self._wanted, self._news, self._git = root, wanted, news, git
        self._folders: dict[WatchDescriptor, _Folder] = {}
        self._moving: dict[int, Path] = {}  # cookie of a folder's move -> where it was
        self._ids = itertools.count(1)
        self._lock = threading.RLock()
        try:
            self._notifier = InotifyFD()
        except OSError as error:
            raise Missing(_exhausted(root, error)) from error
        self._notifier.start()
        try:
            self._add_all(root)
            for folder in git:
                self._add_git(folder)
        except OSError as error:
            self.close()
            raise Missing(_exhausted(root, error)) from error

    def close(self) -> None:
        self._notifier.stop()
        self._notifier.join()

    def on_event(self, event: InotifyEvent) -> None:
        """Called by watchdog for each event, in its thread."""
        with self._lock:
            folder = self._folders.get(event.wd)
            if folder is None:
                return
            path = folder.path / os.fsdecode(event.name)
            if folder.heads:
                self._on_head(path, folder, event)
            elif event.is_directory:
                self._on_folder(path, event)
            elif not _ours(path.name) and self._wanted(path):
                self._on_file(path, event)

    def on_watch_deleted(self, wd: WatchDescriptor) -> None:
        """Called by watchdog when a watched folder was removed."""
        with self._lock:
            folder = self._folders.pop(wd, None)
        if folder is not None and folder.path == self._root:
            self._news.gone(self._root)

    def on_queue_overflow(self) -> None:
        """Called by watchdog, once for this callback, when events were lost: everything may have changed."""
        with self._lock:
            self._add_late(self._root)
        self._news.say(HeadMoved())

    def _on_file(self, path: Path, event: InotifyEvent) -> None:
        if event.is_close_write or event.is_moved_to or (event.is_create and _whole_at_birth(path)):
            self._news.saved(path)
        elif event.is_moved_from or event.is_delete:
            self._news.gone(path)

    def _on_folder(self, path: Path, event: InotifyEvent) -> None:
        if event.is_moved_from:
            self._drop(self._moving.values())
            self._moving = {event.cookie: path}
            self._news.gone(path)
        elif event.is_delete:
            self._news.gone(path)
        elif self._passed_over(path):
            return
        elif event.is_create:
            self._add_late(path)
        elif event.is_moved_to:
            self._renamed(self._moving.pop(event.cookie, None), path)
            self._add_late(path)

    def _on_head(self, path: Path, folder: "_Folder", event: InotifyEvent) -> None:
        of_other = folder.path not in self._git and folder.path.parent.name == _OTHERS
        if event.is_directory and event.is_create:
            if not of_other:
                self._add_heads(path)
            if folder.path.name == _OTHERS:
                self._news.say(HeadMoved())  # its HEAD may have been written before anybody looked
        elif (of_other or folder.path in self._git) and path.name not in ("HEAD", "packed-refs", _PLACE):
            return
        elif (event.is_close_write or event.is_moved_to or event.is_delete) and path.suffix != ".lock":
            self._news.say(HeadMoved())

    def _renamed(self, old: Path | None, new: Path) -> None:
        """A folder has moved within the tree: its watches go with it."""
        if old is None:
            return
        for wd, folder in self._folders.items():
            if folder.path.is_relative_to(old):
                self._folders[wd] = folder._replace(path=new / folder.path.relative_to(old))

    def _drop(self, gone: Iterable[Path]) -> None:
        """Stop watching folders that have left the tree."""
        for path in gone:
            for wd, folder in list(self._folders.items()):
                if folder.path.is_relative_to(path):
                    del self._folders[wd]
                    self._notifier.remove_callbacks([(wd, folder.id)])

    def _add_late(self, folder: Path) -> None:
        """Watch what has appeared; what is in it already may still be written."""
        try:
            for path in self._add_all(folder):
                self._news.found(path)
        except OSError as error:
            self._news.say(Unseen(folder, _exhausted(folder, error)))

    def _add_all(self, top: Path) -> list[Path]:
        """Watch a folder and those in it; return the files found after the watch was set."""
        found, folders = [], [top]
        while folders:
            folder = folders.pop()
            if not self._add(folder, heads=False):
                continue
            for entry in _entries(folder):
                if entry.is_dir(follow_symlinks=False):
                    if not self._passed_over(path := Path(entry.path)):
                        folders.append(path)
                elif not _ours(entry.name) and self._wanted(path := Path(entry.path)):
                    found.append(path)
        return found

    def _passed_over(self, folder: Path) -> bool:
        return made_by_programs(folder.relative_to(self._root).as_posix())

    def _add_git(self, git: Path) -> None:
        self._add(git, heads=True)
        for name in ("logs", "refs", _OTHERS):
            self._add_heads(git / name)

    def _add_heads(self, folder: Path) -> None:
        if self._add(folder, heads=True) and folder.parent.name != _OTHERS:
            for entry in _entries(folder):
                if entry.is_dir(follow_symlinks=False):
                    self._add_heads(Path(entry.path))

    def _add(self, path: Path, *, heads: bool) -> bool:
        """Watch one folder; False when it has left again. OSError only when the system's limit is reached."""
        with self._lock:
            number = CallbackId(next(self._ids))
            try:
                wd = self._notifier.add_callback(os.fsencode(path), _MASK, self, number)
            except OSError as error:
                if error.errno in (errno.ENOSPC, errno.EMFILE, errno.ENOMEM):
                    raise
                return False
            if wd == -1:
                self._news.say(Unseen(path, f"{path}: no permission to look into this folder, so it is not watched"))
                return False
            if wd in self._folders:  # its creation was seen twice: once told, once found
                self._notifier.remove_callbacks([(wd, number)])
                self._folders[wd] = self._folders[wd]._replace(path=path)
            else:
                self._folders[wd] = _Folder(path, number, heads)
            return True


class _Folder(NamedTuple):
    path: Path
    id: CallbackId  # watchdog's name for this registration
    heads: bool


def _entries(folder: Path) -> list["os.DirEntry[str]"]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError:
        return []


def _whole_at_birth(path: Path) -> bool:
    """Whether a file that has just appeared is a link, symbolic or hard: these are never written, so never closed."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISLNK(found.st_mode) or found.st_nlink > 1


def _ours(name: str) -> bool:
    return name.startswith(".") and ".nozzle-" in name


def _exhausted(folder: Path, error: OSError) -> str:
    if error.errno == errno.EMFILE:
        return (
            f"{folder}: cannot be watched, too many programs watch folders, or too many files are open. "
            "Allow more: sudo sysctl fs.inotify.max_user_instances=1024, or ulimit -n 4096"
        )
    return (
        f"{folder}: cannot be watched, the system's inotify watches are used up. "
        "Allow more: sudo sysctl fs.inotify.max_user_watches=524288"
    )
