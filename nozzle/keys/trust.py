"""What the user trusts: `<config>/trust.json`, never in a repository, never written by anything that came with one.

Keys are trusted by all their bytes, cells by their chain digest (so also by everything above them), files by the digest
of what they say. Every change is read, merged and written anew under a lock, so two processes lose nothing. When
in doubt the answer is no.
"""

import itertools
import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from nozzle.errors import NozzleError, Unreadable
from nozzle.keys.folder import locked, write_private
from nozzle.keys.key import Key
from nozzle.keys.signer import my_public

_FORMAT: Final = 1


@dataclass(frozen=True, slots=True)
class _State:
    keys: frozenset[Key] = frozenset()
    cells: frozenset[str] = frozenset()
    files: frozenset[str] = frozenset()


class Trust:
    """The user's trust; `notices` gathers what they should hear about its file, each `tell` at once."""

    def __init__(
        self, config: Path, keyring: bool = False, tell: Callable[[str], object] = lambda notice: None
    ) -> None:
        self.config, self.keyring = config, keyring
        self.path = config / "trust.json"
        self.notices: list[str] = []
        self._tell = tell
        self._seen: tuple[int, ...] | None = None
        self._state = _State()
        self._mine: bytes | None = None

    def keys(self) -> dict[str, Key]:
        """The pinned keys by id (the user's own is not among them)."""
        return {key.id: key for key in sorted(self._read().keys, key=lambda key: key.line)}

    def trusts_key(self, public: bytes) -> bool:
        """Whether these are the bytes of a pinned key, or of the user's own."""
        return any(key.public == public for key in self._read().keys) or public == self._own()

    def trust_key(self, key: Key) -> None:
        """Pin a key; one pinned before with the same bytes is replaced, so a name can change."""
        self._change(lambda old: _State(_without(old.keys, key.public) | {key}, old.cells, old.files))

    def forget_key(self, public: bytes) -> None:
        """Unpin a key; the user's own stays trusted, and a key that was never pinned is no error."""
        self._change(lambda old: _State(_without(old.keys, public), old.cells, old.files))

    def trusts_cells(self, digests: Iterable[str]) -> set[str]:
        """Those of the chain digests that were accepted."""
        accepted = self._read().cells
        return {digest for digest in digests if digest in accepted}

    def trust_cells(self, digests: Iterable[str]) -> None:
        """Accept cells by their chain digests, so each with everything above it as it stands now."""
        new = frozenset(digests)
        self._change(lambda old: _State(old.keys, old.cells | new, old.files))

    def trusts_files(self, digests: Iterable[str]) -> set[str]:
        """Those of the digests of settings, templates and plugins that were accepted."""
        accepted = self._read().files
        return {digest for digest in digests if digest in accepted}

    def trust_files(self, digests: Iterable[str]) -> None:
        """Accept what files say, by the digests of their content wherever they lie."""
        new = frozenset(digests)
        self._change(lambda old: _State(old.keys, old.cells, old.files | new))

    def _own(self) -> bytes | None:
        """The user's own key as long as it can be read; why it cannot is my_key's to say."""
        if self._mine is None:
            try:
                self._mine = my_public(self.config, self.keyring)
            except NozzleError:
                return None
        return self._mine

    def _change(self, change: Callable[[_State], _State]) -> None:
        old = self._read()
        if change(old) == old:
            return
        with locked(self.config):
            new = change(self._read())
            write_private(self.path, _to_json(new))

    def _read(self) -> _State:
        """The state on disk, parsed again only when the file is another one."""
        try:
            with self.path.open("rb") as file:
                facts = os.fstat(file.fileno())
                seen = (facts.st_ino, facts.st_mtime_ns, facts.st_size)
                if seen != self._seen:
                    self._state, self._seen = self._parsed(file.read(), facts.st_ino), seen
        except (FileNotFoundError, NotADirectoryError):
            self._state, self._seen = _State(), None
        except OSError as error:
            reason = str(error.strerror).lower()
            raise Unreadable(f"{self.path}: {reason}: what you trust stands here; make it readable") from error
        return self._state

    def _parsed(self, data: bytes, inode: int) -> _State:
        try:
            return _from_json(json.loads(data))
        except (ValueError, TypeError, KeyError, RecursionError):
            self._set_aside(inode)
            return _State()
        except _Newer:
            raise Unreadable(f"{self.path}: written by a newer nozzle: use that one, or set NOZZLE_HOME") from None

    def _set_aside(self, inode: int) -> None:
        aside = next(path for n in itertools.count() if not (path := self.path.with_name(f"trust.broken-{n}")).exists())
        try:
            # Not if another process has put a good one there meanwhile.
            if self.path.stat().st_ino == inode:
                self.path.rename(aside)
        except OSError:
            aside = self.path
        notice = f"{aside}: a damaged trust.json, kept as it was: nothing is trusted until you say so again"
        self.notices.append(notice)
        self._tell(notice)


class _Newer(Exception):
    """The file is of a format that this nozzle does not know."""


def _without(keys: frozenset[Key], public: bytes) -> frozenset[Key]:
    return frozenset(key for key in keys if key.public != public)


def _to_json(state: _State) -> bytes:
    keys = sorted(key.line for key in state.keys)
    value = {"v": _FORMAT, "keys": keys, "cells": sorted(state.cells), "files": sorted(state.files)}
    return (json.dumps(value, indent=1) + "\n").encode()


def _from_json(value: Any) -> _State:
    if int(value["v"]) > _FORMAT:
        raise _Newer
    keys = [Key.parse(line) for line in value["keys"]]
    if None in keys:
        raise ValueError("a key is damaged")
    return _State(frozenset(filter(None, keys)), _words(value["cells"]), _words(value["files"]))


def _words(value: Any) -> frozenset[str]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise ValueError("not a list of digests")
    return frozenset(value)
