"""One object, written into the repository as git writes a loose one: named by its content, whole at every moment.

A step is four small objects and a ref. Handed to git's own processes one by one they cost more than all the rest of it,
so this writes the files that `git hash-object -w` and `git mktree` would (gitformat-loose, gitrepository-layout). It
refuses to read, to pack and to know what an object means; where one is already, nothing is written.
"""

import hashlib
import os
import secrets
import stat
import zlib
from pathlib import Path

from nozzle.errors import NozzleError, Unwritable

_HASH = {20: hashlib.sha1, 32: hashlib.sha256}
_FAST = 1  # git's own level for loose objects


class Loose:
    """The folder `objects` of a repository; `width` is the size of its digests in bytes, 20 or 32."""

    def __init__(self, folder: Path, width: int) -> None:
        self._folder = folder
        self._hash = _HASH[width]

    def write(self, kind: str, data: bytes) -> str:
        """Put an object there; its digest. Unwritable when the disk is full or closed to us."""
        whole = f"{kind} {len(data)}\0".encode() + data
        sha = self._hash(whole).hexdigest()
        place = self._folder / sha[:2] / sha[2:]
        try:
            if not place.exists():
                self._put(place, zlib.compress(whole, _FAST))
        except OSError as error:
            if "No space" in str(error.strerror):
                raise NozzleError("the disk is full, no step could be written: free some space and try again") from None
            raise Unwritable(
                f"{place.parent}: {error.strerror}: git's own folder must be writable for steps"
            ) from error
        return sha

    def _put(self, place: Path, packed: bytes) -> None:
        self._furnish(place.parent)
        part = place.with_name(f"tmp_obj_{secrets.token_hex(8)}")  # a name that `git gc` sweeps, should we be killed
        try:
            with open(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444), "wb") as file:
                file.write(packed)
            os.rename(part, place)
        except OSError:
            part.unlink(missing_ok=True)
            raise

    def _furnish(self, folder: Path) -> None:
        """Make a folder of objects, open to whom the whole store is open (`core.sharedRepository`)."""
        try:
            folder.mkdir()
        except FileExistsError:
            return
        os.chmod(folder, stat.S_IMODE(self._folder.stat().st_mode))
