"""Where the page of a journal was last, and what let its reader in: so that an open page goes on when a watch begins
anew.

It stands in the user's own folder, which no cell can read, and is nobody's but the user's. A page for other devices
(`--host`) is not kept: they are let in once, and not for ever. Nor is a token when its port has gone to another
program: open pages still knock there, and bring it.
"""

from __future__ import annotations

import contextlib
import json
import re
from dataclasses import dataclass
from hashlib import sha256
from os import fsencode
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Door:
    """Of one journal: the port and the token of its page."""

    file: Path
    port: int = 0
    token: str = ""

    @classmethod
    def of(cls, root: Path, config: Path) -> Door:
        """As it was last; with no port where none was kept."""
        file = config / "pages" / f"{sha256(fsencode(root)).hexdigest()[:16]}.json"
        with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
            held = json.loads(file.read_bytes())
            port, token = held["port"], held["token"]
            if isinstance(port, int) and 0 < port < 65536 and re.fullmatch(r"[\w-]{20,}", token):
                return cls(file, port, token)
        return cls(file)

    def keep(self, port: int, token: str) -> None:
        """The page is here now. Where this cannot be written, the next one is elsewhere, and that is all."""
        from nozzle import whole

        if (port, token) != (self.port, self.token):
            with contextlib.suppress(OSError):
                self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                whole.write(self.file, json.dumps({"port": port, "token": token}).encode(), 0o600)
