"""A public key as one line of text: `<id> <public> <name...>`, in `nozzle.keys` and as `nozzle key` prints it.

The id is short and for reading only: it is cut from a digest of the key, so a line whose id does not fit its key was
changed by hand. What is trusted is always the whole key.
"""

import base64
import binascii
import hashlib
from dataclasses import dataclass
from pathlib import Path

from nozzle.errors import Unreadable, WrongCommand

_ALTCHARS = b"._"
"""For + and /: with them everything here is made of what a marker may hold, and never of "--"."""


@dataclass(frozen=True, slots=True)
class Key:
    id: str
    public: bytes
    """The 32 raw bytes of an Ed25519 public key."""
    name: str = ""

    @classmethod
    def of(cls, public: bytes, name: str = "") -> "Key":
        """The key with these bytes; its name loses line breaks and whatever a terminal would obey.

        >>> Key.of(bytes(32), "Ada  Lovelace").line
        '66687aadf862 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA Ada Lovelace'
        """
        printable = "".join(char if char.isprintable() else " " for char in name)
        return cls(hashlib.sha256(public).hexdigest()[:12], public, " ".join(printable.split())[:100])

    @property
    def line(self) -> str:
        return f"{self.id} {encode(self.public)} {self.name}".rstrip()

    @classmethod
    def parse(cls, line: str) -> "Key | None":
        """The key of one line, or None when it is none (a comment, a torn line, an id that is not this key's)."""
        id_, _, rest = line.strip().partition(" ")
        text, _, name = rest.strip().partition(" ")
        public = decode(text)
        if public is None or len(public) != 32:
            return None
        key = cls.of(public, name)
        return key if key.id == id_ else None


def read_key(words: str) -> Key:
    """The key that the user named: a line of text, or a file whose first key it is."""
    if key := Key.parse(words):
        return key
    path = Path(words).expanduser()
    if len(words.split()) > 1 and not path.exists():
        raise WrongCommand("this line is no key (`nozzle key` on the other machine prints one): copy all of it")
    try:
        text = path.read_bytes()[:1_000_000].decode("utf-8", "replace")
    except OSError as error:
        raise Unreadable(
            f"{path}: {str(error.strerror).lower()}: give a key's line or a file that holds one"
        ) from error
    keys = [key for line in text.splitlines() if (key := Key.parse(line))]
    if not keys:
        raise Unreadable(f"{path}: holds no key: `nozzle key` on the other machine prints the line it needs")
    return keys[0]


def encode(data: bytes) -> str:
    """Base64 with . and _ and no padding.

    >>> encode(bytes([255, 255, 254]))
    '___.'
    """
    return base64.b64encode(data, _ALTCHARS).decode().rstrip("=")


def decode(text: str) -> bytes | None:
    """The bytes, or None: each value has one spelling, so no character of it can be changed unnoticed."""
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), _ALTCHARS, validate=True)
    except (binascii.Error, ValueError):
        return None
    return data if encode(data) == text else None
