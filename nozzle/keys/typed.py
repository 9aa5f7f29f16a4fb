"""Which cells were typed here while nozzle looked on, and which were seen to come from elsewhere: facts of this clone,
so kept in its git folder and never shared.

One digest a line, only ever appended to; a torn last line costs that digest and no other.
"""

import fcntl
import os
from collections.abc import Iterable
from pathlib import Path

from nozzle.errors import Unreadable, Unwritable


def typed(private: Path, name: str = "typed") -> set[str]:
    """The digests in `<private>/typed`, or under another name; `private` is `<git dir>/nozzle`, that of all
    worktrees.
    """
    try:
        return set((private / name).read_text("ascii", "replace").split())
    except (FileNotFoundError, NotADirectoryError):
        return set()
    except OSError as error:
        reason = str(error.strerror).lower()
        raise Unreadable(f"{private / name}: {reason}: it says which cells are yours; make it readable") from error


def add_typed(private: Path, digests: Iterable[str], name: str = "typed") -> None:
    """Remember these digests too."""
    new = sorted(set(digests) - typed(private, name))
    if new:
        _append(private, name, "\n".join([*new, ""]).encode())


def _append(private: Path, name: str, lines: bytes) -> None:
    try:
        private.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(private / name, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        with os.fdopen(handle, "rb+", buffering=0) as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            size = file.seek(0, os.SEEK_END)
            torn = size > 0 and os.pread(handle, 1, size - 1) != b"\n"
            file.write(b"\n" * torn + lines)
    except OSError as error:
        reason = str(error.strerror).lower()
        raise Unwritable(f"{private / name}: {reason}: nozzle notes here what you typed; make it writable") from error
