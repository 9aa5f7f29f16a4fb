"""Editors that had an entry's file open when it was exchanged, and may still save into it: what they save is his."""

from collections.abc import Callable
from dataclasses import dataclass, field

from nozzle import disk
from nozzle.errors import NozzleError


@dataclass(frozen=True, slots=True)
class Held:
    """A file that lost its place while somebody had it open."""

    late: disk.Late
    head: str
    """The step that its text belongs to."""
    written: bytes
    """What was put into its place."""
    edit: disk.Edit | None
    """How that was made of the author's text; None: by what stands below the cells."""


@dataclass(slots=True)
class Editors:
    """Of one entry."""

    held: list[Held] = field(default_factory=list)

    def hold(self, written: disk.Written, head: str, edit: disk.Edit | None) -> None:
        """The file was exchanged: whoever has the old one open is listened to."""
        if written.late is not None:
            self.held.append(Held(written.late, head, written.content, edit))

    def hear(self, put: Callable[[Held, bytes], None], failed: Callable[[NozzleError], None]) -> None:
        """Put what was saved where it belongs; what cannot be put stays where it is, and is tried again."""
        for held in self.held:
            if (new := held.late.check()) is None:
                continue
            try:
                put(held, new)
            except NozzleError as error:
                failed(error)
            else:
                held.late.take()
        self.held = [held for held in self.held if not held.late.done]
