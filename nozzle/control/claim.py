"""Who looks after a journal: a lock held as long as its process lives, so one left by `kill -9` is taken over."""

import errno
import fcntl
import hashlib
import json
import os
import socket
import stat
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from nozzle.errors import Elsewhere, Unreadable, Unwritable

_GLANCE = 0.3  # seconds, longer than anybody holds the lock only to look who has it
_ADDRESS = 107 if sys.platform == "linux" else 103  # bytes of a socket's path


class Claim:
    """This process looks after a journal, and no other."""

    def __init__(
        self, private: Path, root: Path, *, patience: float = 0.0, address: Path | None = None, what: str = ""
    ) -> None:
        """Take the lock in the folder `private`; Elsewhere says who has it, after `patience` seconds of waiting.

        `what` this process is, in a word for others: a watch, a run.
        """
        try:
            private.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._fd = os.open(private / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Unwritable(
                f"{private}: {os.strerror(error.errno or 0).lower()}, so no watch can start here"
            ) from error
        deadline = time.monotonic() + max(patience, _GLANCE)
        while not _locked(self._fd, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                holder = _holder(self._fd)
                os.close(self._fd)
                raise Elsewhere(_elsewhere(root, holder))
            time.sleep(0.01)
        self._write(
            {
                "pid": os.getpid(),
                "host": socket.gethostname(),
                "started": datetime.now().astimezone().isoformat(timespec="seconds"),
                "root": str(root),
                "socket": str(address) if address else None,
                "what": what,
            }
        )

    def __enter__(self) -> "Claim":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let the journal go."""
        if self._fd >= 0:
            os.ftruncate(self._fd, 0)
            fcntl.flock(self._fd, fcntl.LOCK_UN)  # said aloud: a forked child may still have the file open
            os.close(self._fd)
            self._fd = -1

    def _write(self, holder: dict[str, Any]) -> None:
        try:
            os.ftruncate(self._fd, 0)
            os.pwrite(self._fd, json.dumps(holder).encode(), 0)
        except OSError as error:
            os.close(self._fd)
            why = os.strerror(error.errno or 0).lower()
            raise Unwritable(f"{holder['root']}: {why}, so no watch and no run can start here") from error


def running(private: Path) -> dict[str, Any] | None:
    """Who looks after this journal: pid, host, started, root, what, socket (None: answers no words); None: nobody."""
    try:
        fd = os.open(private / "lock", os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Unreadable(f"{private / 'lock'}: {os.strerror(error.errno or 0).lower()}") from error
    try:
        deadline = time.monotonic() + _GLANCE
        while not _locked(fd, fcntl.LOCK_SH):
            holder = _holder(fd)
            if holder["pid"] or time.monotonic() > deadline:
                return holder
            time.sleep(0.001)  # it has just taken the lock, and is about to write who it is
        return None
    finally:
        os.close(fd)


def address_in(private: Path) -> Path:
    """Where the socket is: in `private`, or where paths are short enough for a socket."""
    plain = private.absolute() / "control"
    if len(os.fsencode(plain)) <= _ADDRESS:
        return plain
    name = hashlib.sha256(os.fsencode(private.resolve())).hexdigest()[:16]
    for base in (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir()):
        folder = Path(base or "/") / f"nozzle-{os.geteuid()}"
        if base and len(os.fsencode(folder / name)) <= _ADDRESS and _made(folder):
            return folder / name
    raise Unwritable(f"{plain}: too long for a socket, and there is no folder of your own in {tempfile.gettempdir()}")


def _made(folder: Path) -> bool:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
    except OSError:
        return False
    return private_to_us(folder) and stat.S_IMODE(folder.lstat().st_mode) == 0o700


def private_to_us(folder: Path) -> bool:
    """Whether a folder is a real one, and nobody else's."""
    try:
        found = folder.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid()


def _locked(fd: int, kind: int) -> bool:
    try:
        fcntl.flock(fd, kind | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno not in (errno.EAGAIN, errno.EACCES):
            raise
        return False
    return True


def _holder(fd: int) -> dict[str, Any]:
    unknown = {"pid": 0, "host": "", "started": "", "root": "", "socket": None, "what": ""}
    try:
        return {**unknown, **json.loads(os.pread(fd, 65536, 0))}
    except ValueError:
        return unknown


def _elsewhere(root: Path, holder: dict[str, Any]) -> str:
    if not holder["pid"]:
        return f"{root}: another nozzle is just starting here. Try again"
    doing = f"a {holder['what']}" if holder["what"] else "another nozzle"
    return (
        f"{root}: {doing} already looks after this journal: process {holder['pid']} on {holder['host']}, "
        f"in {holder['root']}, since {holder['started']}. End that one (Ctrl-C there, or kill {holder['pid']}), "
        "or work there"
    )
