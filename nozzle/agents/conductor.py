"""The conductor: hears prose where `voice: conduct` says so, at pauses, and says what needs no model.

It never speaks in the middle of a save, says a thing once, hears only the author, and is silent when it knows nothing.
A command that was written as prose, or that it says to run, is offered as a cell and runs when it is ticked; a question
is looked up in the journal, or put to the model where there is one; a pasted error is explained by its shape; a task is
offered to the doer where there is a model, and becomes one when it is ticked; several become several. Where nothing
else was said, one question may be asked back. After so many remarks it stops, and says that it does.
"""

import datetime
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import partial

from nozzle.agents.crew import Crew
from nozzle.agents.invitations import Invitations
from nozzle.agents.lookups import Lookups
from nozzle.agents.offered import Made, Offers
from nozzle.beside import Notice
from nozzle.desk import Desk
from nozzle.document import proposal
from nozzle.document.edit import Edit
from nozzle.document.entry import Entry
from nozzle.document.scribe import Hand
from nozzle.document.thought import conduct
from nozzle.document.thought.back import Back, linked
from nozzle.document.thought.conduct import Remark
from nozzle.document.thought.said import said
from nozzle.errors import NozzleError
from nozzle.ledger import Seen
from nozzle.piece import Piece


@dataclass(frozen=True, slots=True)
class Memory:
    """What the steps say of earlier remarks, whichever process made them."""

    told: Callable[[str, str], bool] = lambda rel, digest: False
    """(entry's path, paragraph's digest) -> whether something was ever said to it."""
    alike: Callable[[str, str], Collection[str]] = lambda rel, what: ()
    """(entry's path, a remark's `what`) -> the paragraphs that the same was ever said to."""
    today: Callable[[str], Collection[str]] = lambda rel: ()
    """(entry's path) -> the paragraphs that something was said to today."""


@dataclass(slots=True)
class Conductor:
    desk: Desk
    crew: Crew
    memory: Memory
    live: set[str] = field(default_factory=set)
    """Paragraphs that this process saw appear in a save, or was asked about, and has not answered."""
    begun: set[str] = field(default_factory=set)
    """Those that were not finished at their pause: they are heard once the author has gone on."""
    said: set[str] = field(default_factory=set)
    """Paragraphs that something was said to today, as far as this process knows, or that a model was asked about."""
    day: datetime.date | None = None
    _known: bool = False
    """What an earlier process offered has been looked for."""
    _parked: frozenset[str] = frozenset()
    """Ids of what was found ticked: it can be ticked again when its box was cleared."""
    _outdated: bool = False
    """Something is on offer under a paragraph that says something else by now, and was not looked at."""
    _full: bool = False
    """It was said that no more is said today."""
    offers: Offers = field(init=False)
    invitations: Invitations = field(init=False)
    lookups: Lookups = field(init=False)

    def __post_init__(self) -> None:
        self.offers = Offers(self.desk, self.crew)
        self.invitations = Invitations(self.desk)
        self.lookups = Lookups(self.desk, self.crew)

    def seen(self, seen: Seen, before: Entry) -> None:
        if seen == "moved":
            self.live.clear()
            self.begun.clear()
            self.offers.drop()
            self.invitations.standing.clear()
        if seen == "moved" or not self._known or self._parked:
            self._found(before if before.text and seen != "moved" else self.desk.entry)
        if seen == "saved":
            if self._conducts():  # an entry that is new is heard whole
                self.live |= _digests(self.desk.entry) - (_digests(before) - self.begun)
                self._outdated = any(conduct.outdated(self.desk.entry))
            if self.crew.running:
                return self._doubt()
            self.offers.saved()
            self.invitations.saved()

    def asked(self) -> None:
        """Somebody wants this entry to run: what nobody has said anything to is heard as well."""
        if self._conducts():
            self.live |= {each.digest for each in conduct.remarks(self.desk.entry) if not self._told(each)}
            self._outdated = any(conduct.outdated(self.desk.entry))

    def tick(self, now: float) -> None:
        self.lookups.calls.tick(now)
        if not self._known:
            self._found(self.desk.entry)
        if self.offers.unasked and not self._is_out():
            self.offers.ask_again()
        if not self._hears() or now < self._pause():
            return
        fresh, self.live = self.live, set()
        self.begun = conduct.begun(self.desk.entry, fresh)
        fresh -= self.begun
        heard = list(conduct.remarks(self.desk.entry))
        heard = [remark for remark in heard if remark.kind != "task" or self.crew.model is not None]
        if self._outdated:
            self._withdraw({remark.digest for remark in heard if remark.kind != "look"})
        remarks = [remark for remark in heard if remark.digest in fresh and not self._told(remark)]
        for remark in remarks:
            if self._may(remark.digest):
                self._say(remark)
            elif self.lookups.under_way:
                self.live.add(remark.digest)  # one of those may come to nothing, and leave room for this
        if not remarks:
            self._ask_back(fresh)

    def _withdraw(self, calling: Collection[str]) -> None:
        """Take away what is on offer under a paragraph that calls for nothing any more."""
        self._outdated = False
        for paragraph, block in list(conduct.outdated(self.desk.entry)):
            id_ = block.keys.get("id", "")
            if paragraph.digest not in calling:
                self.offers.standing.pop(id_, None)
                self.invitations.standing.pop(id_, None)
                edit = partial(conduct.withdraw, id_=id_)
                self.desk.put(Piece("denied", block.of, "an offer withdrawn", edit))

    def _told(self, remark: Remark) -> bool:
        """Whether it was said: to this paragraph, or to one that stands here no more, which this one was before."""
        rel = self.desk.rel
        return self.memory.told(rel, remark.digest) or not _digests(self.desk.entry).issuperset(
            self.memory.alike(rel, remark.what)
        )

    def wake(self, now: float) -> float | None:
        times = [at for at in (self.lookups.calls.wake(now),) if at is not None]
        if self._hears():
            times.append(max(0.0, self._pause() - now))
        return min(times, default=None)

    def busy(self) -> bool:
        return self._hears() or bool(self.lookups.under_way)

    def stop_above(self, line: int) -> bool:
        """End what a model is asked for paragraphs above this line; whether there was something."""
        return self.lookups.stop({each.digest for each in said(self.desk.entry) if each.span.start < line}.__contains__)

    def _found(self, entry: Entry) -> None:
        """What an earlier process offered can be ticked again, where it is what its paragraph calls for."""
        self._known, parked, self._parked = True, self._parked, frozenset()
        offered = (each for each in entry.envelopes if each.kind == "proposal")
        blocks = [each for each in offered if each.keys.get("by") == conduct.BY]
        if not blocks:
            return
        calls = list(conduct.remarks(entry, {block.of for block in blocks}))
        now = {block.keys.get("id", ""): paragraph.digest for paragraph, block in conduct.outdated(entry)}
        for block in blocks:
            mine = [remark for remark in calls if remark.digest in (block.of, now.get(block.keys.get("id", "")))]
            id_ = block.keys.get("id", "")
            if proposal.read(block).ticks or conduct.ticked(block):
                self._parked |= {id_}
                if id_ in parked:
                    continue
                line = f"line {block.span.start + 1}: "
                self._held(f"{line}ticked when nobody looked on, which counts for nothing; clear the box, save, tick")
            elif id_ in self.offers.standing or id_ in self.invitations.standing:
                continue
            elif not any(self.offers.again(remark, block) for remark in mine):
                self.invitations.again(mine, block)

    def _hears(self) -> bool:
        """Whether something is to be heard at the next pause; not while all that may be said today is under way."""
        if not (self.live or self._outdated) or self._is_out() or not self._conducts():
            return False
        return not (self.lookups.under_way and self.spent() >= self.crew.settings.remarks)

    def _is_out(self) -> bool:
        """Nothing is to be said here now."""
        return bool(self.desk.permit.resting or self.desk.gone or self.desk.entry.held)

    def _conducts(self) -> bool:
        return conduct.voice(self.desk.entry, self.crew.settings.voice) == "conduct"

    def _pause(self) -> float:
        """When the author has been quiet long enough; at once when he only asked."""
        return self.desk.saved + self.crew.settings.quiet if self.desk.saved else 0.0

    def spent(self) -> int:
        """Remarks made here today, by any process; those under way too."""
        today = datetime.date.today()
        if self.day != today:
            self.day, self._full, self.said = today, False, set(self.memory.today(self.desk.rel))
        return len(self.said | self.lookups.under_way)

    def budget(self) -> str:
        """How many remarks were made today, of how many; nothing where prose is not heard."""
        return f"{self.spent()} of {self.crew.settings.remarks} today" if self._conducts() else ""

    def _may(self, digest: str) -> bool:
        """Whether today's budget has room for a remark to this paragraph."""
        most = self.crew.settings.remarks
        if self.spent() < most or digest in self.said:
            return True
        if not (self._full or self.lookups.under_way):
            self._full = True
            words = f"{most} of {most} remarks of today are made; no more until tomorrow (remarks in nozzle.toml)"
            self._held(words)
        return False

    def _say(self, remark: Remark) -> None:
        match remark.kind:
            case "error":
                self._tell(remark, "note", conduct.explained(remark), "shape")
            case "run" if made := Made.of(remark):
                self._offer(remark, made)
            case "compare":
                self._compare(remark)
            case "look" if self.crew.model is not None:
                self.said.add(remark.digest)  # a model that was asked has cost something, whatever it says
                self.lookups.ask(remark, lambda text, via: self._tell(remark, "answer", text, via))
            case "look":
                self.lookups.search(remark, lambda text, via: self._tell(remark, "answer", text, via))
            case "task" if self.crew.model is not None:
                self._invite(remark)

    def _invite(self, remark: Remark) -> None:
        id_, tasks = self.invitations.offer(remark), remark.tasks
        title = "a task offered" if len(tasks) == 1 else f"{len(tasks)} tasks offered"
        self._remark(
            "proposal", remark, title, lambda entry, hand: conduct.invite(entry, remark.digest, id_, tasks, hand)
        )

    def _offer(self, remark: Remark, made: Made) -> None:
        offered = self.offers.make(remark.digest, made)
        self._remark("proposal", remark, "a command offered", lambda entry, hand: conduct.offer(entry, offered, hand))

    def _compare(self, remark: Remark) -> None:
        """Two steps that are named, or the last two of this entry; nothing when there are none."""
        steps = self.desk.tools.ledger.steps
        try:
            if all(remark.steps):
                found = [steps.resolve(name) for name in remark.steps]
            else:
                found = list(steps.history(self.desk.rel, limit=2))[::-1]
        except NozzleError:
            return
        if len(found) == 2:
            one, two = (step.sha[:12] for step in found)
            reason = f"I could compare these two steps, “{found[0].title}” and “{found[1].title}”:"
            self._offer(remark, Made(f"nozzle compare {one} {two} || true", " ".join(reason.split())))

    def _tell(self, remark: Remark, kind: str, text: str, via: str) -> None:
        as_kind: conduct.Told = "answer" if kind == "answer" else "note"
        title = {"note": "an error explained", "answer": "a question looked up"}[as_kind]
        if text:
            self._write(remark, as_kind, title, text, via)

    def _write(self, of: Remark | Back, kind: conduct.Told, title: str, text: str, via: str) -> None:
        self._remark(kind, of, title, lambda entry, hand: conduct.tell(entry, of.digest, kind, text, hand, via))

    def _remark(self, kind: str, of: Remark | Back, title: str, edit: Callable[[Entry, Hand], Edit | None]) -> None:
        """Something said to a paragraph: it counts, and is remembered by its step, deleted or not."""
        self.spent()
        digest, trailers = of.digest, {"Remark": of.digest, "Remark-What": of.what}
        self.said.add(digest)
        hand, rel = self.desk.tools.hand, self.desk.rel
        piece = Piece(kind, digest, title, lambda entry: edit(entry, hand), trailers=trailers)
        self.desk.put(piece)
        words = f"{title}; remark {len(self.said)} of the {self.crew.settings.remarks} of today"
        self.desk.tools.say(Notice("remark", rel, words))

    def _ask_back(self, fresh: set[str]) -> None:
        """One question about what is new; most often none."""
        entry = self.desk.entry
        new = [each for each in said(entry) if each.digest in fresh and conduct.finished(entry, each)]
        new = [each for each in new if not self.memory.told(self.desk.rel, each.digest)]
        if self.spent() < self.crew.settings.remarks:
            self.lookups.back(new, self._back)

    def _back(self, found: Back, via: str) -> None:
        if self._may(found.digest):
            self._write(found, "note", "a question asked back", linked(self.desk.entry, found), via)

    def _doubt(self) -> None:
        """Saved while an agent's cell ran, which could have ticked: what is ticked now is no longer on offer."""
        for id_ in [*self.offers.standing, *self.invitations.standing]:
            block = proposal.find(self.desk.entry, id_)
            if block and (proposal.read(block).ticks or conduct.ticked(block)):
                self.offers.standing.pop(id_, None)
                self.invitations.standing.pop(id_, None)
                self._held("ticked while an agent's cell ran, which could have done it: it counts for nothing")

    def _held(self, words: str) -> None:
        self.desk.tools.say(Notice("held", self.desk.rel, words))


def _digests(entry: Entry) -> set[str]:
    return {paragraph.digest for paragraph in said(entry)}
