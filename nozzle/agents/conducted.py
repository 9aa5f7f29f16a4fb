"""A seat that hears prose too."""

from dataclasses import dataclass, field

from nozzle.agents.conductor import Conductor, Memory
from nozzle.agents.crew import Word
from nozzle.agents.invitations import Invitations
from nozzle.agents.offered import Offers
from nozzle.agents.seat import Seat
from nozzle.document.entry import Cell, Entry
from nozzle.document.prompts import Prompt
from nozzle.ledger import Seen


@dataclass(slots=True)
class Conducted(Seat):
    memory: Memory = field(default_factory=Memory)
    conductor: Conductor = field(init=False)

    def __post_init__(self) -> None:
        Seat.__post_init__(self)
        self.conductor = Conductor(self.desk, self.crew, self.memory)
        self.questions.remarks = self.conductor.budget

    def told(self, seen: Seen, before: Entry) -> None:
        Seat.told(self, seen, before)
        self.conductor.seen(seen, before)

    def asked(self) -> None:
        Seat.asked(self)
        self.conductor.asked()

    def tick(self, now: float) -> None:
        if self.conductor.invitations.handed:
            self.conductor.invitations.handed, self._dirty = False, True
        Seat.tick(self, now)
        self.conductor.tick(now)

    def wake(self, now: float) -> float | None:
        times = [at for at in (Seat.wake(self, now), self.conductor.wake(now)) if at is not None]
        return min(times, default=None)

    def busy(self) -> bool:
        return Seat.busy(self) or self.conductor.busy()

    def answer(self, id_: str, word: Word) -> bool:
        if Seat.answer(self, id_, word):
            return True
        return any(each.answer(id_, word == "run") for each in self._offers(word))

    def standing(self, id_: str, word: Word) -> list[str]:
        offered = [name for each in self._offers(word) for name in each.named(id_, word == "run")]
        return [*Seat.standing(self, id_, word), *offered]

    def _offers(self, word: Word) -> tuple[Offers | Invitations, ...]:
        return (self.conductor.offers, self.conductor.invitations) if word in ("run", "deny") else ()

    def _answers(self, there: tuple[Prompt, ...], said: Prompt) -> bool:
        """Whether it was said to the nearest above that waits for it: also to what another program proposed."""
        offers = self.conductor.offers
        block = offers.nearest(said.span.start) if said.word in ("sure", "nope") and not said.text else None
        if block is None:
            return Seat._answers(self, there, said)
        below = tuple(each for each in there if each.span.start > block.span.start)
        return Seat._answers(self, below, said) or offers.answer(block.keys["id"], said.word == "sure")

    def stop(self) -> bool:
        return self.conductor.lookups.stop() | Seat.stop(self)

    def end(self, cause: str) -> None:
        self.conductor.lookups.stop()
        Seat.end(self, cause)

    def stop_above(self, line: int) -> bool:
        return Seat.stop_above(self, line) or self.conductor.stop_above(line)

    def held(self, cell: Cell) -> str:
        return "" if self.conductor.offers.lets(cell) else Seat.held(self, cell)
