"""Which files this user made: code is loaded only where a seal fits it that nobody else can make.

A checkout may bring a `.nozzle/aot` of somebody else's, and a file may be cut short. So a seal lies beside each: a
digest of its name and its bytes, by a key that lies in the user's cache, for their eyes only. What its seal does not
fit is as good as not there, and is made anew. Where no key can be kept, what is made lives as long as the process.
"""

from __future__ import annotations

import os
import secrets
from functools import cache
from pathlib import Path

from nozzle.aot import mlir

SIZE = 32
"""Bytes of the key."""


def fits(path: Path) -> bool:
    """Whether there is a file, whole, that this user made under this name."""
    try:
        return mlir.seal(key(), path.name, path.read_bytes()) == mlir.beside(path).read_text()
    except (OSError, UnicodeDecodeError):
        return False


@cache
def key() -> bytes:
    """Of this user, else of this process."""
    return lasting() or secrets.token_bytes(SIZE)


@cache
def lasting() -> bytes:
    """The key in the user's cache, made where there is none; empty where it cannot be kept from others' eyes."""
    try:
        path = home() / "aot.key"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _put(path, secrets.token_bytes(SIZE))
        return _read(path)
    except (OSError, RuntimeError):  # no home, or one that is not ours to write
        return b""


def home() -> Path:
    """nozzle's folder in the user's cache. Raises RuntimeError where no home is known."""
    base = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return (base if base.is_absolute() else Path.home() / ".cache") / "nozzle"


def _put(path: Path, data: bytes) -> None:
    """Whole, or not at all; the first of several processes has its way."""
    passing = path.with_name(f".{path.name}-{secrets.token_hex(6)}")
    try:
        with os.fdopen(os.open(passing, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(data)
        os.link(passing, path)
    except FileExistsError:
        pass
    finally:
        passing.unlink(missing_ok=True)


def _read(path: Path) -> bytes:
    """Empty where it is not a key of this user's alone."""
    with path.open("rb") as file:
        about = os.fstat(file.fileno())
        data = file.read()
    return data if len(data) == SIZE and about.st_uid == os.getuid() and not about.st_mode & 0o077 else b""
