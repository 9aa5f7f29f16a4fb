"""The author was faster: his file takes its place again, and nobody is to have seen nozzle's there."""

import io
import os
from dataclasses import dataclass
from pathlib import Path

from nozzle.disk.file import Inode, content, fill, inode, mark, open_file, swap
from nozzle.disk.lease import awaited, release, settle


@dataclass(frozen=True, slots=True)
class Swapped:
    """The author's file, that has come out as `temp` and is open as `fd`."""

    temp: Path
    target: Path
    fd: int
    text: bytes
    settled: bool  # nobody is writing it, and who wants to must wait


@dataclass(frozen=True, slots=True)
class Ours:
    """Nozzle's file, that is in the place."""

    file: io.FileIO
    text: bytes
    guarded: bool  # whoever opens it waits


def restore(author: Swapped, ours: Ours) -> bytes | None:
    """Give the author's text its place again, and let those who opened nozzle's file in between read it too.

    Where an editor waits to save into nozzle's file, that one stays in place, filled with the author's text. Where one
    was a moment too late for this, what it has saved is returned, and stays in `author.temp`.
    """
    guarded = ours.guarded and author.settled
    stays = guarded and awaited(ours.file.fileno())
    came_back = not stays and _swap_back(author, mark(ours.file.fileno()).inode)
    if ours.guarded:
        fill(ours.file, author.text)
    if came_back and guarded and awaited(ours.file.fileno()):
        came_back = not _swap_again(author)
    ours.file.close()
    if author.settled:
        release(author.fd)
    if came_back and (text := _settled(author.temp)) != (author.text if ours.guarded else ours.text):
        return text
    author.temp.unlink(missing_ok=True)
    return None


def _swap_back(author: Swapped, ours: Inode) -> bool:
    """Swap, unless an even newer file has taken the place; tell whether nozzle's has come out."""
    placed, expected = mark(author.fd).inode, ours
    while inode(author.target) in (expected, None):
        try:
            swap(author.temp, author.target)
        except FileNotFoundError:  # moved aside, nozzle's with it
            try:
                os.link(author.temp, author.target)
            except FileExistsError:
                continue
            return False
        came = inode(author.temp)
        if came is None or came == expected:
            return expected == ours
        placed, expected = came, placed  # a newer one got there just before: it goes back
    return False


def _swap_again(author: Swapped) -> bool:
    """An editor has just come to save into nozzle's file: that one is to be the entry."""
    try:
        if inode(author.target) == mark(author.fd).inode:
            swap(author.temp, author.target)
            return True
    except FileNotFoundError:
        pass
    return False


def _settled(path: Path) -> bytes:
    fd = open_file(path)
    try:
        settle(fd)
        return content(fd, path)
    finally:
        os.close(fd)
