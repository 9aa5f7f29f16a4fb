"""The states that were kept for after a restart: in git, each signed by who made it, and read by nobody else.

A state is pickled, and who loads it runs what it says: so its signature is looked at first, and its bytes are handed on
only when a key signed them that is this machine's, or trusted.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import mmap
import os
import re
import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nozzle.errors import NozzleError, Refused
from nozzle.runner import Kept, from_facts, to_facts

if TYPE_CHECKING:
    from nozzle.words.journal import Journal

HEAD, STATE, SIGNATURE = "head", "state", "signature"
SIGNED = b"nozzle kept state\n"
_written = re.compile(rb"[\t\n\r\x20-\x7e]{8,}")
"""What of a pickle may be words; arrays are hardly ever."""


@dataclass
class Shelf:
    here: Journal
    say: Callable[[str], None]
    """Told once of each that cannot be used; from any thread."""
    _refused: set[tuple[str, bytes]] = field(default_factory=set)

    @property
    def _root(self) -> str:
        """Where the cells see the journal's root."""
        return str(self.here.first.resolve())

    def find(self, cell: str) -> Kept | None:
        """The state after a cell, if there is one whose maker is trusted."""
        signature = self.here.steps.kept_file(cell, SIGNATURE)
        if signature is None or (cell, signature) in self._refused:
            return None
        facts = self._facts(cell, signature)
        if isinstance(facts, str):
            self._refuse(cell, signature, facts)
            return None
        return from_facts(facts, self._root)

    def facts(self, cell: str) -> dict[str, Any] | str:
        """What is written of it, or why that is not believed."""
        return self._facts(cell, self.here.steps.kept_file(cell, SIGNATURE) or b"")

    @contextlib.contextmanager
    def open(self, kept: Kept) -> Iterator[int]:
        """Its bytes, when they are those that were signed."""
        facts = self.facts(kept.cell)
        if isinstance(facts, str):
            raise Refused(facts)
        with self._file() as path:
            with path.open("wb", buffering=0) as into:
                self.here.steps.kept_file(kept.cell, STATE, into)
            if _digest(path) != facts["digest"]:
                raise Refused("its bytes are not those that were signed")
            with path.open("rb") as file:
                yield file.fileno()

    def refuse(self, kept: Kept, why: str) -> None:
        """It cannot be used here."""
        self._refuse(kept.cell, self.here.steps.kept_file(kept.cell, SIGNATURE) or b"", why)

    @contextlib.contextmanager
    def room(self) -> Iterator[tuple[Path, int]]:
        """A file that a state can be written into."""
        with self._file() as path, path.open("xb") as file:
            path.chmod(0o600)
            yield path, file.fileno()

    def put(self, kept: Kept, path: Path, about: dict[str, str]) -> dict[str, Any]:
        """Keep a state that was written into a file, signed; what is written of it. `about` is for people.

        Refused when it holds a secret, for git would keep that.
        """
        from nozzle.keys import signature_text

        if kind := _secret(path, self.here.settings.keys):
            raise Refused(f"the state was not kept: a value in it looks like a secret ({kind}); take that out first")
        place = self._root if _holds(path, os.fsencode(self._root)) else ""
        facts = {**to_facts(kept, self._root), "place": place, "bytes": path.stat().st_size, "about": about}
        head = json.dumps({**facts, "digest": _digest(path)}, sort_keys=True).encode()
        signer = self.here.signer
        signature = signature_text(signer.id, signer.sign(SIGNED + head)).encode()
        self.here.steps.keep(kept.cell, {HEAD: head, STATE: path, SIGNATURE: signature})
        return facts

    def _facts(self, cell: str, signature: bytes) -> dict[str, Any] | str:
        from nozzle.keys import parse_signature, verify

        head = self.here.steps.kept_file(cell, HEAD) or b""
        id_, signed = parse_signature(signature.decode("ascii", "replace")) or ("", b"")
        keys = [key for key in self.here.keys if key.id == id_ and verify(key.public, SIGNED + head, signed)]
        if not keys:
            return "its signature is no key's that is known here"
        if not any(self.here.trust.trusts_key(key.public) for key in keys):
            return f"key {id_} made it, and is not trusted: 'nozzle key add' trusts one"
        facts: dict[str, Any] = json.loads(head)
        return facts if facts["cell"] == cell else "it is the state after another cell"

    def _refuse(self, cell: str, signature: bytes, why: str) -> None:
        if (cell, signature) not in self._refused:
            self._refused.add((cell, signature))
            self.say(f"the state that was kept after cell {cell[:8]} is not used: {why}")

    @contextlib.contextmanager
    def _file(self) -> Iterator[Path]:
        path = self.here.steps.private / f"kept-{os.getpid()}-{secrets.token_hex(4)}"
        try:
            yield path
        except OSError as error:
            raise NozzleError(f"{path}: {error.strerror}: a state is written there on its way") from error
        finally:
            path.unlink(missing_ok=True)


def _secret(path: Path, named: Sequence[str]) -> str:
    """The kind of a secret that stands in a file as text, or a secret value of this environment; empty: none does.

    The settings have `named` some of its variables for holding secrets.
    """
    from nozzle.document.secrets import find
    from nozzle.words.environment import known_secrets

    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        text = b"\n".join(found[0] for found in _written.finditer(data)).decode("ascii")
    hits = find(text, known_secrets(named)[1])
    return hits[0].kind if hits else ""


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _holds(path: Path, words: bytes) -> bool:
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        return data.find(words) >= 0
