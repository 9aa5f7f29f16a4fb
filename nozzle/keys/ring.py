"""The journal's own list of signers, `nozzle.keys` at its root: names for signatures, and no trust whatever.

Anybody who can push can change the file, so it only says under which name a key goes. It is read tolerantly (a line
that is no key is passed over) and only ever appended to.
"""

import stat
from pathlib import Path

from nozzle import whole
from nozzle.errors import Refused, Unreadable, Unwritable
from nozzle.keys.key import Key

NAME = "nozzle.keys"
_HEAD = "# Who signs outputs here: id, public key, name. It names them; trusting them is up to each reader.\n"
_CAP = 1_000_000


def known(root: Path) -> dict[str, Key]:
    """The keys that the journal names, by id; the first of an id counts."""
    return _named(_text(root / NAME))


def keys_in(content: bytes) -> dict[str, Key]:
    """The keys that this content of `nozzle.keys` names, by id."""
    return _named(content[:_CAP].decode("utf-8", "replace"))


def publish(root: Path, key: Key) -> bool:
    """Add the key unless it stands there already; whether the file was changed."""
    path = root / NAME
    if added := _added(_text(path), key):
        _append(path, added)
    return bool(added)


def with_key(content: bytes, key: Key) -> bytes:
    """This content of `nozzle.keys`, with the key at its end unless it stands there already."""
    return content + _added(content.decode("utf-8", "replace"), key).encode()


def _added(text: str, key: Key) -> str:
    if any(key.public == other.public for line in text.splitlines() if (other := Key.parse(line))):
        return ""
    start = _HEAD if not text else "" if text.endswith(("\n", "\r")) else "\n"
    return f"{start}{key.line}\n"


def _named(text: str) -> dict[str, Key]:
    keys: dict[str, Key] = {}
    for line in text.splitlines():
        if key := Key.parse(line):
            keys.setdefault(key.id, key)
    return keys


def _text(path: Path) -> str:
    try:
        if not stat.S_ISREG(path.lstat().st_mode):
            raise Refused(f"{path}: not a plain file, so nozzle neither reads nor writes it: remove it")
        with path.open("rb") as file:
            return file.read(_CAP).decode("utf-8", "replace")
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise Unreadable(
            f"{path}: {str(error.strerror).lower()}: it names who signed what; make it readable"
        ) from error


def _append(path: Path, text: str) -> None:
    try:
        whole.add(path, text.encode(), 0o644)
    except OSError as error:
        reason = str(error.strerror).lower()
        raise Unwritable(f"{path}: {reason}: your public key belongs in it; add the line of `nozzle key`") from error
