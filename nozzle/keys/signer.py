"""This machine's signing key: made at first use, kept in `<config>/key` or in the system's keyring.

It is never made again over a key that cannot be read: a new key would disown every output signed before.
"""

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from nozzle.errors import Missing, Unreadable
from nozzle.keys.folder import exposed, locked, open_to_writers, write_private
from nozzle.keys.key import Key
from nozzle.keys.signature import signature_text, signed_message

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_SERVICE, _USER = "nozzle", "signing key"


@dataclass(frozen=True, slots=True, eq=False)
class Signer:
    id: str
    public: bytes = field(repr=False)
    _private: "Ed25519PrivateKey" = field(repr=False)
    notices: tuple[str, ...] = field(default=(), repr=False)
    """What the user should hear about the key, once."""

    def sign(self, message: bytes) -> bytes:
        return self._private.sign(message)

    def sign_output(self, fmt: str, of: str, digest: str) -> str:
        """The signature of an output as its closing marker shows it."""
        return signature_text(self.id, self.sign(signed_message(fmt, of, digest, self.id)))

    def key(self, name: str = "") -> Key:
        """The public half, under a name that others may read."""
        return Key.of(self.public, name)


class _Store(Protocol):
    """Where the private key lies, as PEM."""

    def load(self) -> bytes | None: ...

    def save(self, pem: bytes) -> None: ...

    def notices(self) -> tuple[str, ...]: ...


def my_key(config: Path, keyring: bool = False) -> Signer:
    """This machine's key, made when there is none yet; $NOZZLE_KEYRING (1 or 0) outranks `keyring`.

    Raises Unwritable or Unreadable (with what to do) when it can be neither kept nor read, and Missing when the keyring
    was asked for and is not there: the caller then works unsigned and gives the message as the reason.
    """
    store = _store(config, keyring)
    notices = store.notices()
    pem = store.load() or _first(config, store)
    return _signer(config, pem, notices)


def my_public(config: Path, keyring: bool = False) -> bytes | None:
    """The public half of this machine's key, or None while there is none; it makes and mends nothing."""
    pem = _store(config, keyring).load()
    return _signer(config, pem).public if pem else None


def _store(config: Path, keyring: bool) -> _Store:
    return _Keyring(config) if keeps_in_keyring(keyring) else _File(config)


def keeps_in_keyring(asked: bool) -> bool:
    """Whether the key is kept in the keyring; $NOZZLE_KEYRING (1 or 0) outranks what the settings ask."""
    return os.environ.get("NOZZLE_KEYRING", "1" if asked else "0") not in ("", "0")


def _first(config: Path, store: _Store) -> bytes:
    """Make the key and keep it, unless another process did while we waited."""
    with locked(config):
        pem = store.load()
        if pem is None:
            # A key that was kept in the file so far moves along: a new one would be somebody else.
            pem = _File(config).load() or _made()
            store.save(pem)
        return pem


def _made() -> bytes:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _signer(config: Path, pem: bytes, notices: tuple[str, ...] = ()) -> Signer:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        private = load_pem_private_key(pem, password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        private = None
    if not isinstance(private, Ed25519PrivateKey):
        raise Unreadable(
            f"{config / 'key'}: holds no Ed25519 key that can be read: put the right one back, or move it away and "
            "nozzle makes a new one (what the old one signed stays signed by it)"
        )
    public = private.public_key().public_bytes_raw()
    return Signer(Key.of(public).id, public, private, notices)


class _File:
    """`<config>/key`, for the user's eyes only."""

    def __init__(self, config: Path) -> None:
        self.path = config / "key"

    def load(self) -> bytes | None:
        try:
            # An empty file is broken, not missing: it must not be taken for "no key yet".
            return self.path.read_bytes() or b"empty"
        except (FileNotFoundError, NotADirectoryError):
            return None
        except OSError as error:
            reason = str(error.strerror).lower()
            raise Unreadable(
                f"{self.path}: {reason}: your signing key must be readable by you, and by you only"
            ) from error

    def save(self, pem: bytes) -> None:
        write_private(self.path, pem)

    def notices(self) -> tuple[str, ...]:
        """Close a key file that others could read, and say so."""
        try:
            return (*self._mended(), *self._warned())
        except (FileNotFoundError, NotADirectoryError):
            return ()

    def _mended(self) -> tuple[str, ...]:
        if not exposed(self.path):
            return ()
        try:
            self.path.chmod(0o600)
        except PermissionError:
            return (f"{self.path}: others can read your signing key, and it is not yours to close: chmod 600 it",)
        if exposed(self.path):
            return (f"{self.path}: others can read your signing key, and this disk keeps no modes: set NOZZLE_HOME",)
        return (f"{self.path}: others could read your signing key: closed (0600); if they may have, remove it",)

    def _warned(self) -> tuple[str, ...]:
        folder = self.path.parent
        return (f"{folder}: others can write here, so they could swap your key: chmod 700 it",) * open_to_writers(
            folder
        )


class _Keyring:
    """The system's keyring, through the extra of that name."""

    def __init__(self, config: Path) -> None:
        self.old = config / "key"

    def load(self) -> bytes | None:
        with _named_errors():
            text = _keyring().get_password(_SERVICE, _USER)
        return None if text is None else text.encode()

    def save(self, pem: bytes) -> None:
        with _named_errors():
            _keyring().set_password(_SERVICE, _USER, pem.decode())

    def notices(self) -> tuple[str, ...]:
        if not self.old.exists():
            return ()
        return (
            f"{self.old}: your key is kept in the keyring now: remove this file once `nozzle key` shows the same id",
        )


class _Passwords(Protocol):
    def get_password(self, service: str, user: str) -> str | None: ...

    def set_password(self, service: str, user: str, password: str) -> None: ...


def _keyring() -> _Passwords:
    try:
        module: _Passwords = importlib.import_module("keyring")
    except ImportError as error:
        raise Missing("the keyring was asked for: pip install 'nozzle[keyring]', or set NOZZLE_KEYRING=0") from error
    return module


@contextmanager
def _named_errors() -> Iterator[None]:
    """A keyring's own errors as Missing, by kind only: their text may hold anything."""
    _keyring()
    errors = importlib.import_module("keyring.errors")
    try:
        yield
    except errors.KeyringError as error:
        kind = type(error).__name__
        raise Missing(f"the system's keyring did not answer ({kind}): unlock it, or set NOZZLE_KEYRING=0") from None
