"""Files as the system has them: opened, read whole, made beside one another, and swapped."""

import ctypes
import errno
import io
import os
import re
import secrets
import stat
import sys
import time
from pathlib import Path
from typing import NamedTuple

from nozzle.disk.lease import PATIENCE, TICK
from nozzle.errors import Unreadable, Unwritable

LARGEST = 100_000_000
"""Bytes of the largest entry that is read."""

TEMP = re.compile(r"\.(?P<name>.+)\.nozzle-[0-9a-f]{12}(?P<part>\.part)?")
NO_SWAP = (errno.EINVAL, errno.ENOSYS, errno.ENOTSUP)

Inode = tuple[int, int]


class Mark(NamedTuple):
    inode: Inode
    size: int
    changed: int  # nanoseconds


def mark(fd: int) -> Mark:
    found = os.fstat(fd)
    return Mark((found.st_dev, found.st_ino), found.st_size, found.st_mtime_ns)


def inode(path: Path) -> Inode | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


def open_file(path: Path) -> int:
    """Open a regular file for reading; waits while another process holds a lease on it."""
    if not stat.S_ISREG(mode := path.stat().st_mode):
        raise IsADirectoryError(errno.EISDIR, "") if stat.S_ISDIR(mode) else Unreadable(f"{path}: is no regular file")
    return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def content(fd: int, path: Path) -> bytes:
    if os.fstat(fd).st_size > LARGEST:
        raise Unreadable(f"{path}: is larger than {LARGEST // 1_000_000} MB, too large for an entry. Split it")
    chunks, start = [], 0
    while chunk := os.pread(fd, 1 << 24, start):
        chunks.append(chunk)
        start += len(chunk)
    return b"".join(chunks)


def temp_beside(path: Path) -> Path:
    return path.with_name(f".{path.name}.nozzle-{secrets.token_hex(6)}")


def create(part: Path, content: bytes, like: int) -> io.FileIO:
    """Write and sync a new file with the mode, owner and attributes of the open file `like`."""
    file = io.FileIO(os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "r+b")
    try:
        fill(file, content)
        _adorn(file.fileno(), like)
        os.fsync(file.fileno())
    except OSError:
        file.close()
        raise
    return file


def fill(file: io.FileIO, content: bytes) -> None:
    rest, start = memoryview(content), 0
    while rest:
        written = os.pwrite(file.fileno(), rest, start)
        rest, start = rest[written:], start + written
    file.truncate(len(content))


def _adorn(fd: int, like: int) -> None:
    found = os.fstat(like)
    for owner in (found.st_uid, -1):  # another's file: keep at least its group
        try:
            os.fchown(fd, owner, found.st_gid)
            break
        except PermissionError:
            continue
    os.fchmod(fd, stat.S_IMODE(found.st_mode))
    if sys.platform == "linux":
        for name in os.listxattr(like):
            try:
                os.setxattr(fd, name, os.getxattr(like, name))
            except OSError:  # labels that only the system may set
                continue


def resolve(path: Path) -> Path:
    """The file behind the links, if it may be written; waits a moment for one that an editor has just moved aside."""
    patience = time.monotonic() + PATIENCE
    while True:
        try:
            target = Path(os.path.realpath(path, strict=True))
        except FileNotFoundError:
            if time.monotonic() > patience:
                raise
        else:
            if _may(target, os.W_OK):
                break
            if target.exists() and not _may(target, os.W_OK):  # it may have come back meanwhile
                raise Unwritable(f"{path}: no permission to write it; its text is unchanged. Try chmod u+w")
        time.sleep(TICK)
    if not _may(target.parent, os.W_OK | os.X_OK):
        raise Unwritable(
            f"{path}: no permission to make a file beside it; its text is unchanged. Try chmod u+w on the folder"
        )
    return target


def _may(path: Path, mode: int) -> bool:
    return os.access(path, mode, effective_ids=os.access in os.supports_effective_ids)


def swap(temp: Path, target: Path) -> None:
    """Let two files change places; where the system cannot, keep the old one by a link and rename over it."""
    try:
        swap_names(temp, target)
    except OSError as error:
        if error.errno not in NO_SWAP:
            raise
        kept = temp_beside(target)
        try:
            os.link(target, kept)
        except PermissionError:  # no hard links here: for a moment there is no file
            os.rename(target, kept)
        os.rename(temp, target)
        os.rename(kept, temp)


def swap_names(one: Path, two: Path) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if sys.platform == "darwin":
        failed = libc.renamex_np(os.fsencode(one), os.fsencode(two), ctypes.c_uint(2))
    elif hasattr(libc, "renameat2"):
        failed = libc.renameat2(-100, os.fsencode(one), -100, os.fsencode(two), ctypes.c_uint(2))
    else:
        raise OSError(errno.ENOSYS, "no renameat2")
    if failed:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), str(two))


_WORDS = {
    errno.ENOENT: "there is no such file",
    errno.EISDIR: "is a folder, not a file",
    errno.ENOTDIR: "a part of its path is a file, not a folder",
    errno.ELOOP: "its symbolic links go round in a circle",
    errno.EACCES: "no permission",
    errno.EROFS: "the disk is read-only",
    errno.ENOSPC: "the disk is full; make room, then try again",
    errno.EDQUOT: "the disk quota is used up; make room, then try again",
    errno.EFBIG: "the system allows no file that large",
    errno.ENAMETOOLONG: "its name is too long for a second file beside it; shorten it",
}


def plain(error: OSError) -> str:
    return _WORDS.get(error.errno or 0, os.strerror(error.errno or 0).lower())
