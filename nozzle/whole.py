"""The one place through which files come into the journal and go: a file is written whole, and no link is followed.

A stranger's commit and a cell can leave links where nozzle writes. So every folder below a root is opened by its name
in the one above it, and a link in its place is an error. The root is trusted: it is where the caller was told to work.
"""

import errno
import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from nozzle.errors import Unwritable

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_FILE = os.O_NOFOLLOW | os.O_CLOEXEC


def write(path: Path, content: bytes, mode: int = 0o666, *, root: Path | None = None) -> None:
    """Put `content` at `path`, over a file or a link of that name; the file holds the old bytes or the new ones.

    Folders that are missing are made. `root`: below it no link is followed; by default not as the file's own folder.
    `mode` is that of a new file, less the umask. Raises Unwritable where a link is on the way, else OSError.
    """
    with _within(path, root, make=True) as (folder, name):
        part = f".{name[:200]}.{secrets.token_hex(8)}.part"
        try:
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FILE, mode, dir_fd=folder), "wb") as file:
                file.write(content)
            os.replace(part, name, src_dir_fd=folder, dst_dir_fd=folder)
        except OSError:
            with suppress(OSError):  # the first one tells why
                os.unlink(part, dir_fd=folder)
            raise


def add(path: Path, content: bytes, mode: int = 0o666, *, root: Path | None = None) -> None:
    """Write at the end of a file, in one piece where the system can; Unwritable where it is a link, else as `write`."""
    with _within(path, root, make=True) as (folder, name):
        try:
            out = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_APPEND | _FILE, mode, dir_fd=folder)
        except OSError as error:
            raise _linked(path) if error.errno == errno.ELOOP else error from error
        try:
            while content:  # a full disk, or a signal, may cut it short
                content = content[os.write(out, content) :]
        finally:
            os.close(out)


def remove(path: Path, *, root: Path | None = None) -> bool:
    """Take a file or a link away; whether there was one."""
    try:
        with _within(path, root) as (folder, name):
            os.unlink(name, dir_fd=folder)
    except (FileNotFoundError, NotADirectoryError):
        return False
    return True


def prune(folder: Path, *, root: Path) -> None:
    """Take away a folder and those above it, below the root, as far as they are empty."""
    while folder != root:
        try:
            with _within(folder, root) as (above, name):
                os.rmdir(name, dir_fd=above)
        except OSError:
            return
        folder = folder.parent


def make(folder: Path, *, root: Path) -> Path:
    """Make a folder below a root, and those above it, where there is none; the folder."""
    with _opened(folder, root, make=True):
        return folder


def opened(path: Path, *, root: Path) -> BinaryIO:
    """Open a regular file to read it; OSError when there is none, or a link is on the way."""
    try:
        with _within(path, root) as (folder, name):
            found = os.open(name, os.O_RDONLY | os.O_NONBLOCK | _FILE, dir_fd=folder)
    except Unwritable as error:
        raise OSError(errno.ELOOP, "a link is on the way", str(path)) from error
    if not stat.S_ISREG(os.fstat(found).st_mode):
        os.close(found)
        raise FileNotFoundError(errno.ENOENT, "no regular file", str(path))
    return open(found, "rb")


@contextmanager
def _within(path: Path, root: Path | None, make: bool = False) -> Iterator[tuple[int, str]]:
    """The folder that a file lies in, opened, and its name there."""
    with _opened(path.parent, root or path.parent.parent, make) as folder:
        yield folder, path.name


@contextmanager
def _opened(folder: Path, root: Path, make: bool) -> Iterator[int]:
    names = folder.relative_to(root).parts if folder.is_relative_to(root) else ("..",)
    if ".." in names:
        raise FileNotFoundError(errno.ENOENT, f"not below {root}", str(folder))
    here = os.open(root, _FOLDER)
    try:
        for depth, name in enumerate(names, 1):
            inner = _step(here, name, root.joinpath(*names[:depth]), make)
            os.close(here)
            here = inner
        yield here
    finally:
        os.close(here)


def _step(above: int, name: str, path: Path, make: bool) -> int:
    if make:
        with suppress(FileExistsError):
            os.mkdir(name, dir_fd=above)
    try:
        return os.open(name, _FOLDER | os.O_NOFOLLOW, dir_fd=above)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENOTDIR) and stat.S_ISLNK(os.lstat(name, dir_fd=above).st_mode):
            raise _linked(path) from error
        raise


def _linked(path: Path) -> Unwritable:
    return Unwritable(f"{path} is a link to elsewhere, and none is followed here: make it a true one, or take it away")
