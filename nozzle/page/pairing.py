"""How a phone is let in: by a code that stands on the terminal, used once, and only a few tries.

The page listens beyond this machine only when the author said so. A code has 8 characters of an alphabet that nobody
misreads; after three wrong tries it is replaced by another, which is said on the terminal, so that guessing costs more
than looking. It refuses to be quick: a wrong try is answered after a second.
"""

import hmac
import secrets
import socket
import threading
from collections.abc import Callable

ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
LENGTH = 8
TRIES = 3


class Pairing:
    """The code that is good now."""

    def __init__(self, say: Callable[[str], None]) -> None:
        """`say` is told each new code, for the terminal."""
        self._say = say
        self._lock = threading.Lock()
        self._code, self._wrong = "", 0
        self._renew()

    @property
    def code(self) -> str:
        return self._code

    def accept(self, words: str) -> bool:
        """Whether this is the code; it is good once, and a few wrong tries make another."""
        said = "".join(words.upper().split()).replace("-", "")
        with self._lock:
            right = hmac.compare_digest(said.encode(errors="replace"), self._code.encode())
            self._wrong += not right
            if right or self._wrong >= TRIES:
                self._renew()
            return right

    def _renew(self) -> None:
        self._code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
        self._wrong = 0
        self._say(f"{self._code[:4]}-{self._code[4:]}")


def outside(host: str) -> str:
    """How a device elsewhere writes this machine's address: the one it listens on; of all of them, that by which this
    machine goes out, where it can be told (nothing is sent).
    """
    if host not in ("0.0.0.0", "::"):
        return f"[{host}]" if ":" in host else host
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        try:
            asked.connect(("192.0.2.1", 9))
            return str(asked.getsockname()[0])
        except OSError:  # it is on no network
            return "ADDRESS-OF-THIS-MACHINE"
