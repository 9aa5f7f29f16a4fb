"""Who wrote it: this machine's signing key, the signers a journal names, and what the user trusts.

The door to cryptography and keyring. A private key never leaves its Signer: no function returns it, no message and no
repr shows it. Nothing here asks or prints; what the user should hear stands in `notices` or in the error.
"""

from nozzle.keys.key import Key, read_key
from nozzle.keys.ring import keys_in, known, publish, with_key
from nozzle.keys.secret import secret
from nozzle.keys.signature import check, parse_signature, signature_text, signed_message, verify
from nozzle.keys.signer import Signer, keeps_in_keyring, my_key, my_public
from nozzle.keys.trust import Trust
from nozzle.keys.typed import add_typed, typed

__all__ = [
    "Key",
    "Signer",
    "Trust",
    "add_typed",
    "check",
    "keeps_in_keyring",
    "keys_in",
    "known",
    "my_key",
    "my_public",
    "parse_signature",
    "publish",
    "read_key",
    "secret",
    "signature_text",
    "signed_message",
    "typed",
    "verify",
    "with_key",
]
