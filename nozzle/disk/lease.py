"""Who has a file open: leases tell at once, where the system has them; else only time does."""

import errno
import fcntl
import os
import signal
import sys
import time

STILL = 0.1
"""Seconds without a change, after which a file that somebody holds open counts as saved."""

PATIENCE = 1.0
"""Seconds, the longest wait for a save under way, or for a file that an editor has moved aside."""

TICK = 0.001


def settle(fd: int, *, keep: bool = False) -> bool | None:
    """Wait for a save under way; then tell what `writers` tells."""
    patience = time.monotonic() + PATIENCE
    while True:
        held = writers(fd, keep=keep)
        still = time.time() - os.fstat(fd).st_mtime > STILL
        if not held or still or time.monotonic() > patience:
            return held
        time.sleep(TICK)


def writers(fd: int, *, keep: bool = False) -> bool | None:
    """Whether somebody has this file, open here for reading only, open for writing; None if the system does not tell.

    `keep`: from now on whoever opens it for writing waits, until `release`.
    """
    try:
        _lease(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except OSError as error:
        return True if error.errno == errno.EAGAIN else None
    if not keep:
        release(fd)
    return False


def awaited(fd: int) -> bool:
    """Whether somebody waits to open for writing a file that `writers` has kept, or that is guarded."""
    return _lease(fd, fcntl.F_GETLEASE) == fcntl.F_UNLCK


def release(fd: int) -> None:
    """Let in who waits."""
    _lease(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)


def guard(fd: int) -> bool:
    """Let whoever opens this file wait until it is closed here; False where that cannot be."""
    try:
        _lease(fd, fcntl.F_SETLEASE, fcntl.F_WRLCK)
    except OSError:
        return False
    return True


def _lease(fd: int, command: int, kind: int = 0) -> int:
    if sys.platform != "linux":
        raise OSError(errno.ENOSYS, "no leases")
    fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)  # ignored by default; SIGIO would end the process that holds a lease
    return fcntl.fcntl(fd, command, kind)
