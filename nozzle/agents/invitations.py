"""Tasks that were heard in prose and offered: what the author ticks is handed to the doer, one task for each tick.

It refuses to assume one: a tick counts when this process offered it, and saw it made by somebody who was no cell.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from nozzle.desk import Desk
from nozzle.document import proposal, scribe
from nozzle.document.edit import Edit
from nozzle.document.entry import Entry, Envelope
from nozzle.document.thought import conduct
from nozzle.document.thought.conduct import Remark
from nozzle.piece import Piece


@dataclass(slots=True)
class Invitations:
    desk: Desk
    standing: dict[str, str] = field(default_factory=dict)
    """Id of what was offered -> its words, where it is one task; of several the words stand in the text."""
    handed: bool = False
    """A task was handed over, and nobody has looked at the text since."""

    def offer(self, remark: Remark) -> str:
        """Remember what is offered; its id."""
        return self._remember(_id(remark.digest, remark.tasks), remark.tasks)

    def again(self, heard: Sequence[Remark], block: Envelope) -> None:
        """What an earlier process offered stands again, where its paragraph calls for it."""
        id_ = block.keys.get("id", "")
        for remark in heard:
            if remark.tasks and id_ == _id(block.of, remark.tasks):
                self._remember(id_, remark.tasks)

    def saved(self) -> None:
        """The author saved: ticked it is handed over, denied or deleted it is gone."""
        for id_, words in list(self.standing.items()):
            self._look(id_, words)

    def answer(self, id_: str, runs: bool) -> bool:
        """Answer the task that is on offer (of this id, or the first); of several the author ticks which he means."""
        for name in self.named(id_, runs):
            words, block = self.standing[name], proposal.find(self.desk.entry, name)
            if block is not None:
                self._hand(name, block.of, words, [words]) if runs else self._deny(name, block.of)
                return True
        return False

    def named(self, id_: str, runs: bool) -> list[str]:
        """The ids of what could be answered so."""
        there = [name for name, words in self.standing.items() if name.startswith(id_) and (words or not runs)]
        return [name for name in there if proposal.find(self.desk.entry, name) is not None]

    def _remember(self, id_: str, tasks: Sequence[str]) -> str:
        self.standing[id_] = tasks[0] if len(tasks) == 1 else ""
        return id_

    def _look(self, id_: str, words: str) -> None:
        block = proposal.find(self.desk.entry, id_)
        if block is None:
            del self.standing[id_]
        elif "deny" in proposal.read(block).ticks:
            self._deny(id_, block.of)
        elif chosen := [words] if words and proposal.read(block).ticks else conduct.ticked(block):
            self._hand(id_, block.of, words, chosen)

    def _deny(self, id_: str, of: str) -> None:
        del self.standing[id_]
        self.desk.put(Piece("denied", of, "a task denied", lambda entry: _gone(entry, id_)))

    def _hand(self, id_: str, of: str, words: str, chosen: Sequence[str]) -> None:
        self.handed = True
        title = "a task handed over" if len(chosen) == 1 else f"{len(chosen)} tasks handed over"
        self.desk.put(Piece("task", of, title, lambda entry: _handed(entry, id_, words)))


def _id(digest: str, tasks: Sequence[str]) -> str:
    return proposal.name(digest, 1, "\n".join(tasks))


def _handed(entry: Entry, id_: str, words: str) -> Edit | None:
    block = proposal.find(entry, id_)
    return conduct.handed(entry, block, words) if block and (words or conduct.ticked(block)) else None


def _gone(entry: Entry, id_: str) -> Edit | None:
    block = proposal.find(entry, id_)
    return scribe.remove(entry, block) if block else None
