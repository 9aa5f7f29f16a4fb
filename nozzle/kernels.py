"""The kernels of one entry: where they run, what they may, and the one session that stands in its present state.

They know how a session is made, and nothing of when a cell runs. A session that is given away lives on with who has it.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from nozzle.document.entry import Entry
from nozzle.run import FREE
from nozzle.runner import Bounds, Session, bounds
from nozzle.tools import Tools


@dataclass(slots=True)
class Kernels:
    path: Path
    """Of the entry."""
    tools: Tools
    entry: Callable[[], Entry]
    """Its newest text."""
    warn: Callable[[str], None]
    session: Session | None = None
    """The live one; None until a cell has run."""
    _warned: set[str] = field(default_factory=set)

    def get(self) -> Session:
        """The live session; made at the first call."""
        if self.session is None:
            self.session = self.fresh()
        return self.session

    def fresh(self) -> Session:
        """A session that stands nowhere yet."""
        tools, interpreter = self.tools, self.tools.interpreter(self.entry())
        self._once(interpreter.missing)
        return Session(
            self.path.parent, interpreter, root=tools.root, hidden=tools.hidden, secret_names=tools.secrets,
            snapshots=tools.snapshots, content=lambda path: tools.ledger.past.content(path),
            bounds=self._bounds, seen_at=tools.seen_at, serve=tools.serve, specs=tools.specs, cells=tools.cells,
            shelf=tools.shelf, on=self._on(), made=self._made,
        )  # fmt: skip

    def give_away(self) -> None:
        """Somebody keeps the live session, and closes it: the entry goes on in another."""
        self.session = None

    def take_back(self, session: Session) -> None:
        """A session that was given away is the live one again."""
        self.close()
        self.session = session

    def keep(self) -> None:
        """Keep the state that the live session is in, cheap or not."""
        if self.session is not None:
            self.session.keep()

    def close(self) -> None:
        if self.session is not None:
            self.session.close()
            self.session = None

    def _on(self) -> str:
        """Where the cells run; an entry with an agent's stays here, where it can be bound."""
        on = self.tools.on
        if on and any(cell.runs and cell.by not in FREE for cell in self.entry().cells):
            self.warn(f"an agent's cell stands in it: its cells run here, in bounds, and not on {on}")
            return ""
        return on

    def _made(self, cell: str) -> set[str]:
        return self.tools.ledger.past.made_by(self.path.relative_to(self.tools.root).as_posix(), [cell])

    def _bounds(self) -> Bounds:
        """What binds the cells of agents here: no entry is theirs to write, nor a place where one could appear."""
        tools, settings = self.tools, self.tools.settings
        (self.path.parent / "_out").mkdir(exist_ok=True)
        shut = [*settings.entries_in(tools.root), *settings.folders_in(tools.root)]
        most = (int(settings.agents_memory * 1e9), int(settings.agents_file * 1e9), int(settings.agents_cpu))
        return bounds(
            tools.root, self.path.parent, shut, network=settings.agents_online, at=tools.seen_at, most=most,
            python=tools.interpreter(self.entry()).path, programs=tools.ledger.steps.hooks(),
        )  # fmt: skip

    def _once(self, text: str) -> None:
        if text and text not in self._warned:
            self._warned.add(text)
            self.warn(text)
