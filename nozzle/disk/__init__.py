"""Two write one file: the author's editor, and nozzle; whatever they do at the same moment, no text is lost.

A new text is written beside the entry and changes places with it in one step of the kernel. What comes out is read: if
it is what the edit was made from, all is well; if not, it is the author's newest text: it goes back to its place, and
the edit is made again on it. Leases close the two gaps that are left: whoever opens the new file waits until it is
proved right, and an editor that still has the old one open is seen.

It refuses to merge texts, to guess what an author meant, to write where it may not, and to wait for ever.
"""

import errno
import os
import re
import time
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from nozzle.disk.file import LARGEST, NO_SWAP, TEMP, content, open_file, plain, resolve, swap_names, temp_beside
from nozzle.disk.late import Late
from nozzle.disk.lease import TICK, settle
from nozzle.disk.rounds import Before, Edit, Exchange, Written
from nozzle.errors import NozzleError, Unreadable, Unwritable

__all__ = [
    "LARGEST",
    "Before",
    "Edit",
    "Late",
    "Leftover",
    "Written",
    "discard",
    "exchange",
    "is_passing",
    "leftovers",
    "plain",
    "read",
    "readable",
    "rewrite",
    "swaps",
]


@dataclass(frozen=True, slots=True)
class Leftover:
    """A file that a killed `exchange` left beside an entry."""

    temp: Path
    path: Path
    content: bytes
    whole: bool  # False: killed while it was being written, so it holds a part of nozzle's own text


def read(path: Path) -> bytes:
    """Return the bytes of a regular file, when a save under way is done; raise Unreadable, in plain words, else."""
    try:
        fd = open_file(path)
        try:
            settle(fd)
            return content(fd, path)
        finally:
            os.close(fd)
    except OSError as error:
        raise Unreadable(f"{path}: {plain(error)}") from error


def names(path: Path) -> int:
    """How many names a file has in the file system, hard links counted; none when it is gone."""
    try:
        return path.stat().st_nlink
    except OSError:
        return 0


def readable(path: Path) -> bytes | None:
    """The bytes of a regular file; None where it cannot be read."""
    try:
        return read(path)
    except NozzleError:
        return None


def exchange(
    path: Path, base: bytes, edit: Edit, *, before: Before | None = None, over: bytes | None = None
) -> Written:
    """Write `edit(author's bytes)` into a file that its author may be saving at this moment.

    `base` is the author's text, as the caller knows it. Should the file hold another by now, or come to hold another
    meanwhile, the edit is made on that one. None from `edit` means that the author's text is to stand as it is.
    `before(new, temp_name)` is called with every text just before it goes in: record it there, and keep all of them
    until `exchange` returns; then what `leftovers` finds after a kill is one of these, or the author's.

    `over` is what the file holds where that is not `base`: an answer of `Written.late.check()` is newer than the file
    as long as the file holds `Written.content`, so it is taken in by
    `exchange(path, answer, edit, over=written.content)`.

    Mode, group, extended attributes and (as root) the owner are copied. A symbolic link stays: its target is exchanged.
    Other hard links of the file keep the old text, as with every editor that saves by renaming. The new file is synced
    before it goes in, since after a power failure some file systems show a renamed file empty; the folder is not, since
    either of its states is a whole text. Where the system cannot swap (see `swaps`) a link to the old file is kept and
    the new one renamed over it: then a save by renaming that falls between these two calls is lost.
    """
    try:
        return Exchange(path, resolve(path), edit, before).run(base, base if over is None else over)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ELOOP, errno.EISDIR, errno.ENOTDIR):
            raise Unreadable(f"{path}: {plain(error)}") from error
        raise Unwritable(f"{path}: {plain(error)}; the author's text is untouched") from error


def rewrite(path: Path, edit: Edit) -> bytes:
    """What `exchange` writes, for a program that ends after it, with nobody left to listen to a late editor.

    It waits, for a few seconds at most, until an editor that has the old file open has written and closed it, and makes
    the edit again on what that saved.
    """
    written = exchange(path, read(path), edit)
    held = [written.late]
    while editors := [late for late in held if late is not None and not late.done]:
        time.sleep(TICK)
        for late in editors:
            if (new := late.check()) is not None:
                written = exchange(path, new, edit, over=written.content)
                late.take()
                held.append(written.late)
    return written.content


def swaps(folder: Path) -> bool:
    """Whether two files in `folder` can change places in one step; where not, `exchange` has a gap of microseconds."""
    one, two = temp_beside(folder / "probe"), temp_beside(folder / "probe")
    try:
        one.touch()
        two.touch()
        swap_names(one, two)
    except OSError as error:
        if error.errno in NO_SWAP:
            return False
        raise Unwritable(f"{folder}: {plain(error)}") from error
    finally:
        with suppress(OSError):
            one.unlink()
        with suppress(OSError):
            two.unlink()
    return True


def leftovers(folders: Iterable[Path]) -> list[Leftover]:
    """Find what killed exchanges left in these folders, oldest first; none may be under way there, nor any `Late`."""
    found = [each for folder in folders for each in _temps(folder)]
    return [
        Leftover(temp, temp.with_name(match["name"]), read(temp), match["part"] is None)
        for temp, match in sorted(found, key=lambda each: each[0].stat().st_mtime_ns)
    ]


def _temps(folder: Path) -> list[tuple[Path, re.Match[str]]]:
    try:
        with os.scandir(folder) as entries:
            files = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
    except OSError as error:
        raise Unreadable(f"{folder}: {plain(error)}") from error
    return [(folder / name, match) for name in files if (match := TEMP.fullmatch(name))]


def is_passing(name: str) -> bool:
    """Whether a file of this name is one that an exchange has beside an entry while it is under way.

    >>> is_passing(".entry.md.nozzle-0123456789ab.part"), is_passing("entry.md")
    (True, False)
    """
    return TEMP.fullmatch(name) is not None


def discard(temp: Path) -> None:
    """Remove a file that `leftovers` found; refuse any other."""
    if not is_passing(temp.name):
        raise ValueError(f"{temp} was not made by an exchange")
    temp.unlink(missing_ok=True)
