"""The conductor: hears prose where `voice: conduct` says so, at pauses, and says what needs no model.

It never speaks in the middle of a save, says a thing once, hears only the author, and is silent when it knows nothing.
A command that was written as prose is offered as a cell and runs when it is ticked; a question is looked up in the
journal, or put to the model where there is one; a pasted error is explained by its shape; a task is offered to the doer
where there is a model, and becomes one when it is ticked; several become several. Where nothing else was said, one
question may be asked back. After so many remarks it stops, and says that it does.
"""

import datetime
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field

from nozzle.agents.crew import Crew
from nozzle.agents.forms import ANSWER, BACK, Given, labelled
from nozzle.agents.invitations import Invitations
from nozzle.agents.seat import Seat
from nozzle.desk import Desk, Notice
from nozzle.document import proposal, spoken
from nozzle.document.edit import Edit
from nozzle.document.entry import Cell, Entry, hexdigest
from nozzle.document.proposal import Deny, Offer, Run, Terms
from nozzle.document.risk import weigh
from nozzle.document.scribe import Hand
from nozzle.document.spoken import Outcome, Saying
from nozzle.document.thought import conduct
from nozzle.document.thought.back import Back, back
from nozzle.document.thought.conduct import Remark
from nozzle.document.thought.said import Paragraph, said
from nozzle.document.thought.threads import terms
from nozzle.errors import NozzleError
from nozzle.explainer import Passage
from nozzle.explainer.slices import names
from nozzle.ledger import Seen
from nozzle.lm import Stop
from nozzle.piece import Piece

MCP = "mcp"
"""Who proposes what came from another program; its cells run in bounds."""
SHARED = 2
"""Words that a passage must share with a question to be worth showing."""
LEAST = 15
"""Words that a pause must bring for the model to be asked whether it has a question."""
_reply = re.compile(r"`?([0-9a-f]{8})`?: +(\S.{8,238}\?)")


@dataclass(frozen=True, slots=True)
class Memory:
    """What the steps say of earlier remarks, whichever process made them."""

    told: Callable[[str, str], bool] = lambda rel, digest: False
    """(entry's path, paragraph's digest) -> whether something was ever said to it."""
    today: Callable[[str], Collection[str]] = lambda rel: ()
    """(entry's path) -> the paragraphs that something was said to today."""


@dataclass(slots=True)
class Conductor:
    desk: Desk
    crew: Crew
    memory: Memory
    live: set[str] = field(default_factory=set)
    """Paragraphs that this process saw appear in a save, or was asked about, and has not answered."""
    offers: dict[str, Offer] = field(default_factory=dict)
    looking: set[str] = field(default_factory=set)
    allowed: set[str] = field(default_factory=set)
    """Ids of offers that the author let run while this process looked on."""
    said: set[str] = field(default_factory=set)
    """Paragraphs that something was said to today, as far as this process knows."""
    day: datetime.date | None = None
    _full: bool = False
    """It was said that no more is said today."""
    suggested: int = 0
    """Cells that other programs have proposed."""
    invitations: Invitations = field(init=False)

    def __post_init__(self) -> None:
        self.invitations = Invitations(self.desk)

    def seen(self, seen: Seen, before: Entry) -> None:
        if seen == "moved":
            self.live.clear()
            self.offers.clear()
            self.invitations.standing.clear()
            self.allowed.clear()
        elif seen == "saved":
            if before.text and self._conducts():
                self.live |= _digests(self.desk.entry) - _digests(before)
            if self.crew.running:
                return self._doubt()
            self._answers()
            self.invitations.saved()

    def asked(self) -> None:
        """Somebody wants this entry to run: what nobody has said anything to is heard as well."""
        if self._conducts():
            waiting = {each.digest for each in conduct.remarks(self.desk.entry)}
            self.live |= {digest for digest in waiting if not self.memory.told(self.desk.rel, digest)}

    def tick(self, now: float) -> None:
        if not self.live or self.desk.permit.resting or self.desk.gone or self.desk.entry.held or not self._conducts():
            return
        if now < self._pause():
            return
        fresh, self.live = self.live, set()
        heard = (remark for remark in conduct.remarks(self.desk.entry) if remark.digest in fresh)
        heard = (remark for remark in heard if remark.kind != "task" or self.crew.model is not None)
        remarks = [remark for remark in heard if not self.memory.told(self.desk.rel, remark.digest)]
        for remark in remarks:
            if self._may(remark.digest):
                self._say(remark)
        if not remarks:
            self._ask_back(fresh)

    def wake(self, now: float) -> float | None:
        return (
            max(0.0, self._pause() - now) if self.live and not self.desk.permit.resting and self._conducts() else None
        )

    def busy(self) -> bool:
        waits = bool(self.live) and not (self.desk.permit.resting or self.desk.gone or self.desk.entry.held)
        return (waits and self._conducts()) or bool(self.looking)

    def lets(self, cell: Cell) -> bool:
        """Whether this cell is one that was offered and allowed."""
        blocks = (spoken.cell_of(self.desk.entry, id_) for id_ in self.allowed)
        return any(block and block.span.start < cell.span.start < block.span.stop for block in blocks)

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
        return len(self.said)

    def budget(self) -> str:
        """How many remarks were made today, of how many; nothing where prose is not heard."""
        return f"{self.spent()} of {self.crew.settings.remarks} today" if self._conducts() else ""

    def _may(self, digest: str) -> bool:
        """Whether today's budget has room for a remark to this paragraph."""
        most = self.crew.settings.remarks
        if self.spent() < most or digest in self.said:
            return True
        if not self._full:
            self._full = True
            words = f"{most} remarks were made here today; no more until tomorrow (remarks in nozzle.toml)"
            self.desk.tools.say(Notice("held", self.desk.rel, words))
        return False

    def _say(self, remark: Remark) -> None:
        match remark.kind:
            case "error":
                self._tell(remark, "note", conduct.explained(remark), "shape")
            case "run" if remark.fence is not None:
                self._offer(
                    remark,
                    remark.fence.source,
                    "You say to run this. Tick run, and it is a cell:",
                    remark.fence.language,
                )
            case "run":
                self._offer(
                    remark, remark.cue.sentence.text, "This looks like a line for a terminal. I could run it here:"
                )
            case "compare":
                self._compare(remark)
            case "look" if self.crew.model is not None:
                self._ask(remark)
            case "look":
                self._look_up(remark)
            case "task" if self.crew.model is not None:
                self._invite(remark)

    def _invite(self, remark: Remark) -> None:
        id_, tasks = self.invitations.offer(remark), remark.tasks
        title = "a task offered" if len(tasks) == 1 else f"{len(tasks)} tasks offered"
        self._remark(
            "proposal", remark.digest, title, lambda entry, hand: conduct.invite(entry, remark.digest, id_, tasks, hand)
        )

    def suggest(self, source: str, language: str, reason: str) -> str:
        """Another program would have a cell run here: it stands as a proposal, and runs when it is ticked; its id."""
        changed = {name for cell in self.desk.entry.cells for name in names(cell).defines}
        risk, touches = weigh(source, language, changed, self.crew.ground(self.desk.rel))
        digest = hexdigest("suggested", source)
        reason = f"Another program proposes this cell, which no author has asked for. {reason}".strip()
        offered = Offer(
            proposal.name(digest, self.suggested, source), digest, source, language, reason, touches, by=MCP
        )
        self.suggested += 1
        self.offers[offered.id] = offered
        self._put(
            "proposal", offered.id, "a cell suggested", lambda entry, hand: spoken.offer_at_end(entry, offered, hand)
        )
        self.desk.tools.say(
            Notice("proposed", self.desk.rel, f"another program proposes a cell ({risk}): tick run or deny")
        )
        return offered.id

    def _offer(self, remark: Remark, source: str, reason: str, language: str = "bash") -> None:
        offered = Offer(proposal.name(remark.digest, 0, source), remark.digest, source, language, reason, by=conduct.BY)
        self.offers[offered.id] = offered
        self._remark(
            "proposal", remark.digest, "a command offered", lambda entry, hand: conduct.offer(entry, offered, hand)
        )

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
            self._offer(remark, f"nozzle compare {one} {two} || true", " ".join(reason.split()))

    def _look_up(self, remark: Remark) -> None:
        """In the journal, in a thread; nothing is said when nothing fits."""
        question, rel = remark.words, self.desk.rel
        self.looking.add(remark.digest)

        def then(found: list[Passage] | NozzleError) -> None:
            self.looking.discard(remark.digest)
            if not isinstance(found, NozzleError) and (fits := [each for each in found if _fits(question, each)]):
                self._tell(remark, "answer", _quoted(fits[0], rel), "search")

        self.crew.work(lambda: self.crew.recall.search(question), then)

    def _ask(self, remark: Remark) -> None:
        """The model, which has seen the entry down to the paragraph."""
        entry, crew = self.desk.entry, self.crew
        shared = crew.shared(entry, remark.paragraph.span.stop)
        given = Given(question=remark.cue.sentence.text)
        self.looking.add(remark.digest)

        def then(said: Saying | NozzleError) -> None:
            self.looking.discard(remark.digest)
            if isinstance(said, Saying) and said.facts:  # a model that failed says nothing to prose
                self._tell(remark, "answer", said.text, spoken.key(said.via))

        def work() -> Saying:
            evidence = crew.evidence(entry, self.desk.path.parent)
            return labelled(crew, ANSWER, given, shared, lambda piece: None, Stop(), evidence)

        crew.work(work, then)

    def _tell(self, remark: Remark, kind: str, text: str, via: str) -> None:
        as_kind: conduct.Told = "answer" if kind == "answer" else "note"
        title = {"note": "an error explained", "answer": "a question looked up"}[as_kind]
        if text:
            self._write(remark.digest, as_kind, title, text, via)

    def _write(self, digest: str, kind: conduct.Told, title: str, text: str, via: str) -> None:
        self._remark(kind, digest, title, lambda entry, hand: conduct.tell(entry, digest, kind, text, hand, via))

    def _ask_back(self, fresh: set[str]) -> None:
        """One question about what is new, found by rule or by the model; most often none."""
        entry = self.desk.entry
        new = [each for each in said(entry) if each.digest in fresh and conduct.finished(entry, each)]
        new = [each for each in new if not self.memory.told(self.desk.rel, each.digest)]
        if not new or self.spent() >= self.crew.settings.remarks:
            return
        by_model = self.crew.model is not None
        if by_model and sum(len(each.text.split()) for each in new) < LEAST:
            return
        job = (lambda: self._by_model(entry, new)) if by_model else lambda: back(entry, {each.digest for each in new})
        name = new[0].digest
        self.looking.add(name)

        def then(found: Back | NozzleError | None) -> None:
            self.looking.discard(name)
            if isinstance(found, Back) and self._may(found.digest):
                via = self.crew.model.name if self.crew.model and by_model else "rule"
                self._write(found.digest, "note", "a question asked back", found.words, spoken.key(via))

        self.crew.work(job, then)

    def _by_model(self, entry: Entry, new: Collection[Paragraph]) -> Back | None:
        """The model's question, where it names a paragraph and asks one thing."""
        facts = "\n\n".join(f"{each.digest}: {each.text}" for each in new)
        reply = labelled(self.crew, BACK, Given(facts=facts), self.crew.shared(entry, len(entry.rows)), _nobody, Stop())
        match = _reply.fullmatch(reply.text.strip()) if reply.facts else None
        named = match is not None and match[1] in {each.digest for each in new}
        return Back(match[1], match[2]) if match and named and match[2].count("?") == 1 else None

    def _remark(self, kind: str, digest: str, title: str, edit: Callable[[Entry, Hand], Edit | None]) -> None:
        """Something said to a paragraph: it counts, and is remembered by its step, deleted or not."""
        self.spent()
        self.said.add(digest)
        hand, rel = self.desk.tools.hand, self.desk.rel
        piece = Piece(kind, digest, title, lambda entry: edit(entry, hand), trailers={"Remark": digest})
        self.desk.put(piece)
        words = f"{title}; remark {len(self.said)} of the {self.crew.settings.remarks} of today"
        self.desk.tools.say(Notice("remark", rel, words))

    def _put(self, kind: str, digest: str, title: str, edit: Callable[[Entry, Hand], Edit | None]) -> None:
        hand = self.desk.tools.hand
        self.desk.put(Piece(kind, digest, title, lambda entry: edit(entry, hand)))

    def _answers(self) -> None:
        """What the author did with what was offered: a tick, a change, a deletion."""
        for offered in list(self.offers.values()):
            block = proposal.find(self.desk.entry, offered.id)
            standing = proposal.read(block) if block else None
            verdict = proposal.decide(offered, standing, Terms(), 0.0)
            if isinstance(verdict, Run):
                self._close(offered, "cell", verdict.source, "")
            elif isinstance(verdict, Deny):
                self._close(offered, "attempt", "", verdict.why)

    def _doubt(self) -> None:
        """Saved while an agent's cell ran, which could have ticked: what is ticked now is no longer on offer."""
        for id_ in [*self.offers, *self.invitations.standing]:
            block = proposal.find(self.desk.entry, id_)
            if block and (proposal.read(block).ticks or conduct.ticked(block)):
                self.offers.pop(id_, None)
                self.invitations.standing.pop(id_, None)
                words = "ticked while an agent's cell ran, which could have done it: it counts for nothing"
                self.desk.tools.say(Notice("held", self.desk.rel, words))

    def _close(self, offered: Offer, kind: str, source: str, why: str) -> None:
        del self.offers[offered.id]
        if kind == "cell":
            self.allowed.add(offered.id)
            self._put(
                "accepted", offered.task, "a command allowed", lambda e, hand: spoken.accept(e, offered, source, hand)
            )
        elif proposal.find(self.desk.entry, offered.id):
            outcome = Outcome("denied", why)
            self._put(
                "denied", offered.task, "a command denied", lambda e, hand: spoken.close(e, offered, outcome, hand)
            )


@dataclass(slots=True)
class Conducted(Seat):
    """A seat that hears prose too."""

    memory: Memory = field(default_factory=Memory)
    conductor: Conductor = field(init=False)

    def __post_init__(self) -> None:
        Seat.__post_init__(self)
        self.conductor = Conductor(self.desk, self.crew, self.memory)
        self.questions.remarks = self.conductor.budget

    def seen(self, seen: Seen, before: Entry) -> None:
        Seat.seen(self, seen, before)
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

    def held(self, cell: Cell) -> str:
        return "" if self.conductor.lets(cell) else Seat.held(self, cell)


def _nobody(piece: str) -> None:
    """Nobody looks on while it comes."""


def _digests(entry: Entry) -> set[str]:
    return {paragraph.digest for paragraph in said(entry)}


def _fits(question: str, passage: Passage) -> bool:
    """Whether a passage says something to a question, and is not the question itself."""
    asked, there = terms(question), terms(passage.content)
    same = " ".join(question.split()) in " ".join(passage.content.split())
    return len(asked & there) >= min(SHARED, max(1, len(asked))) and not same


def _quoted(passage: Passage, place: str) -> str:
    """A passage with its place; labelled as what it is."""
    where, _, line = passage.url.partition("#L")
    source = "this entry" if where == place else f"`{where}`"
    rows = passage.content.strip()[:300].split("\n")[:6]
    body = "\n".join(f"    {row}" for row in rows)
    return f"The journal says, found by search (no model was asked), in {source}" + (
        f", line {line}:\n\n{body}" if line else f":\n\n{body}"
    )
