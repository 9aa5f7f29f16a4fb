"""What is said on the way from the watch to a browser: values only, in the order they happened."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nozzle.page.listener import Listener
    from nozzle.page.rendering import Away, Rendering

LONGEST = 64_000
"""Characters of a cell's stream that are kept: the tail is what a reader looks at, the whole is in the entry later."""


@dataclass(frozen=True, slots=True)
class Changed:
    """A page has other blocks than before."""

    page: str


@dataclass(frozen=True, slots=True)
class Streamed:
    """A cell printed this."""

    page: str
    cell: str
    text: str


@dataclass(frozen=True, slots=True)
class Running:
    """How a cell is doing."""

    page: str
    cell: str
    state: str
    seconds: float


@dataclass(frozen=True, slots=True)
class News:
    """One line for all pages; an empty one takes them all away."""

    text: str
    passes: bool = False
    """It goes by itself, and stands under the others; those stay until somebody puts them away."""


@dataclass(frozen=True, slots=True)
class Waits:
    """What waits for an answer may be something else than before, though no page shows it in its text."""


@dataclass(frozen=True, slots=True)
class Joined:
    """A browser looks at a page."""

    listener: "Listener"


@dataclass(frozen=True, slots=True)
class Left:
    """It looks no longer."""

    listener: "Listener"


@dataclass(frozen=True, slots=True)
class Drawn:
    """What a page shows from now on."""

    rendering: "Rendering"


@dataclass(frozen=True, slots=True)
class Gone:
    """The entry of a page is not in the journal now; what the page shows stays."""

    away: "Away"


@dataclass(frozen=True, slots=True)
class Behind:
    """So much happened that it was not kept: load the page anew."""


@dataclass(frozen=True, slots=True)
class Over:
    """The watch has ended."""


Said = Changed | Streamed | Running | News | Waits | Joined | Left | Drawn | Gone | Behind | Over


def size(said: Said) -> int:
    """Return about how many characters a value holds."""
    return len(said.text) if isinstance(said, Streamed) else 0


def joined(last: Said, new: Said) -> Said | None:
    """Return one value that says both; None where both are needed.

    >>> joined(Streamed("a", "c1", "x"), Streamed("a", "c1", "y"))
    Streamed(page='a', cell='c1', text='xy')
    >>> joined(Streamed("a", "c1", "x"), Streamed("a", "c2", "y"))
    """
    match last, new:
        case Streamed(), Streamed() if (last.page, last.cell) == (new.page, new.cell):
            return Streamed(new.page, new.cell, (last.text + new.text)[-LONGEST:])
        case Running(), Running() if (last.page, last.cell, last.state) == (new.page, new.cell, new.state):
            return new
        case Changed(), Changed() if last.page == new.page:
            return new
        case News(), News() if last.passes or not new.text or new == last:
            return new
        case (Drawn() | Gone(), Drawn() | Gone()) | (Waits(), Waits()) | (Behind(), Behind()):
            return new
        case _:
            return None
