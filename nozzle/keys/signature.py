"""What is signed, and how a signature is written in a marker: `KEYID:BASE64`.

Stateless: a signature holds over the format, the chain digest of the cell, the digest of the output and the key id,
so it means the same after a squash, a rebase, a shallow clone or a mail.
"""

from collections.abc import Iterable

from nozzle.keys.key import Key, decode, encode


def signed_message(fmt: str, of: str, digest: str, key_id: str) -> bytes:
    """The bytes that are signed: each part with its length in front, so that no two quadruples give the same.

    >>> signed_message("1", "9a0b", "5f1e", "ab12")
    b'nozzle output\\n1:1,4:9a0b,4:5f1e,4:ab12,'
    """
    parts = (part.encode() for part in (fmt, of, digest, key_id))
    return b"nozzle output\n" + b"".join(b"%d:%b," % (len(part), part) for part in parts)


def signature_text(key_id: str, signature: bytes) -> str:
    """As it stands in a closing marker; only [A-Za-z0-9._:] and never "--"."""
    return f"{key_id}:{encode(signature)}"


def parse_signature(text: str) -> tuple[str, bytes] | None:
    """Key id and signature, or None when the text is not exactly what signature_text writes."""
    key_id, _, encoded = text.partition(":")
    signature = decode(encoded)
    if signature is None or len(signature) != 64 or not key_id or set(key_id) - set("0123456789abcdef"):
        return None
    return key_id, signature


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the holder of this public key signed exactly this message; False too for bytes that are no key."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def check(text: str, fmt: str, of: str, digest: str, keys: Iterable[Key]) -> Key | None:
    """The first of these keys that made the signature `text` over this output; None when none of them did."""
    parsed = parse_signature(text)
    if parsed is None:
        return None
    key_id, signature = parsed
    message = signed_message(fmt, of, digest, key_id)
    return next((key for key in keys if key.id == key_id and verify(key.public, message, signature)), None)
