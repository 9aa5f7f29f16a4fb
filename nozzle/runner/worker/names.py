"""What a cell did to the names: which are new, which mean something else now, which are gone.

Values are told apart by identity, by what `brief` says of them, and arrays by their fingerprint, so that one whose
numbers changed in place is seen. What is told of them is numbers and types, and never text.
"""

from __future__ import annotations

from typing import Any

from .brief import brief, outline
from .fingerprint import fingerprint

MOST = 40
"""Names that are told of one cell."""
FIXED = (int, float, str, bytes, tuple)
"""What holds the same as long as it is the same. `isinstance` would ask a value for its class, and it may say anything.
"""


class Names:
    """The names as they were when the cell began."""

    def __init__(self, namespace: dict[str, Any]) -> None:
        self.namespace = namespace
        self._seen: dict[str, tuple[int, str]] = {}
        self.machinery = {name: id(value) for name, value in namespace.items()}
        """What was there before any cell ran."""

    def end(self) -> dict[str, str]:
        """What is new or changed since the last cell, and `gone` for what is no longer there."""
        now = {name: value for name, value in list(self.namespace.items()) if self._counts(name, value)}
        found: dict[str, str] = {}
        for name, value in now.items():
            before = self._seen.get(name)
            if before is not None and before[0] == id(value) and issubclass(type(value), FIXED):
                continue
            mark = _mark(value)
            words = f"{brief(value)}{mark}"
            if before != (id(value), words):
                self._seen[name] = id(value), words
                found[name] = f"{outline(value)}{mark}"
        for name in [name for name in self._seen if name not in now]:
            del self._seen[name]
            found[name] = "gone"
        return dict(list(found.items())[:MOST])

    def _counts(self, name: str, value: object) -> bool:
        return not name.startswith("_") and self.machinery.get(name) != id(value) and name not in ("In", "Out")


def _mark(value: object) -> str:
    try:
        mark = fingerprint(value)
    except BaseException:  # an array may be of a type that no bytes are seen of; a library's may do anything
        return ""
    return f" #{mark}" if mark else ""
