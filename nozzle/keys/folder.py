"""The user's private folder: made 0700, files in it 0600 and whole at every moment, one writer at a time."""

import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from nozzle.errors import Unwritable


@contextmanager
def locked(config: Path) -> Iterator[None]:
    """Hold the folder (made when missing) against other processes; Unwritable, with what to do, when it cannot be."""
    try:
        config.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(config / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise _unwritable(config, error) from error
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    except OSError as error:
        raise _unwritable(config, error) from error
    finally:
        os.close(handle)


def write_private(path: Path, data: bytes) -> None:
    """Put the data there, for the user's eyes only: old bytes or new ones, never a part. Call it inside `locked`."""
    # A dotfile manager's link stays a link.
    target = path.resolve()
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(handle)
        os.replace(temporary, target)
    except BaseException:
        os.unlink(temporary)
        raise


def exposed(path: Path) -> bool:
    """Whether anybody but the user may read or write the file."""
    return bool(stat.S_IMODE(path.stat().st_mode) & 0o077)


def open_to_writers(config: Path) -> bool:
    """Whether others may put files into the folder (a sticky one keeps them off ours)."""
    mode = config.stat().st_mode
    return bool(mode & 0o022) and not mode & stat.S_ISVTX


def _unwritable(config: Path, error: OSError) -> Unwritable:
    reason = str(error.strerror or error).lower()
    return Unwritable(
        f"{config}: {reason}: nozzle keeps its key and your trust here; make it writable, or set NOZZLE_HOME to a "
        "folder that is"
    )
