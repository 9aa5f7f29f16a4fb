"""Where the page of a journal was last, and the key by which an open page goes on when a watch begins anew.

It stands in the user's own folder, which no cell can read, and is nobody's but the user's. A page for other devices
(`--host`) is not kept: they are let in once, and not for ever.
"""

from __future__ import annotations

import contextlib
import json
import re
import secrets
from dataclasses import dataclass
from hashlib import sha256
from os import fsencode
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Door:
    """Of one journal: the port of its page, and the key; with neither it opens to nobody."""

    file: Path
    port: int = 0
    key: str = ""

    @classmethod
    def of(cls, root: Path, config: Path) -> Door:
        """As it was last; with no port, and another key, where none was kept."""
        file = config / "pages" / f"{sha256(fsencode(root)).hexdigest()[:16]}.json"
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            held = json.loads(file.read_bytes())
            port, key = held["port"], held["key"]
            if isinstance(port, int) and 0 < port < 65536 and re.fullmatch(r"[\w-]{20,}", key, re.ASCII):
                return cls(file, port, key)
        return cls(file, 0, secrets.token_urlsafe(32))

    def keep(self, port: int) -> None:
        """The page is here now. Where this cannot be written, the next one is elsewhere, and that is all."""
        from nozzle import whole

        if port != self.port:
            with contextlib.suppress(OSError):
                self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                whole.write(self.file, json.dumps({"port": port, "key": self.key}).encode(), 0o600)
