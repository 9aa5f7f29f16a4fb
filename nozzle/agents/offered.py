"""Cells that were offered without the doer: heard in prose, or proposed by another program. Ticked, one becomes a cell.

It refuses to let run what it does not know: an offer is known to the process that made it. After a restart it is made
out again from the paragraph that it stands under; what another program proposed is asked again, as the doer's is. A
tick counts when it was seen being made, by somebody who was no cell.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from nozzle.agents.crew import Crew
from nozzle.beside import Notice
from nozzle.desk import Desk
from nozzle.document import proposal, spoken
from nozzle.document.edit import Edit
from nozzle.document.entry import Cell, Entry, Envelope, hexdigest
from nozzle.document.options import reach_of
from nozzle.document.proposal import ByHand, Deny, Offer, Risk, Run, Terms
from nozzle.document.scribe import Hand
from nozzle.document.spoken import Outcome
from nozzle.document.thought import conduct
from nozzle.document.thought.conduct import Remark
from nozzle.piece import Piece

MCP = "mcp"
"""Who proposes what came from another program; its cells run in bounds."""
_compared = re.compile(r"nozzle compare [0-9a-f]{12} [0-9a-f]{12} \|\| true")


@dataclass(frozen=True, slots=True)
class Made:
    """A cell as it is made out of a paragraph."""

    source: str
    reason: str = ""
    language: str = "bash"

    @classmethod
    def of(cls, remark: Remark) -> "Made | None":
        """The code that a paragraph says to run; None when it holds none."""
        if remark.kind != "run":
            return None
        if fence := remark.fence:
            return cls(fence.source, "You say to run this. Tick run, and it is a cell:", fence.language)
        return cls(remark.cue.sentence.text, "This looks like a line for a terminal. I could run it here:")


@dataclass(slots=True)
class Offers:
    desk: Desk
    crew: Crew
    standing: dict[str, Offer] = field(default_factory=dict)
    allowed: set[str] = field(default_factory=set)
    """Ids of offers that the author let run while this process looked on."""
    suggested: int = 0
    """Cells that other programs have proposed."""
    unasked: bool = True
    """What other programs proposed before this text was looked at is not asked again yet."""

    def suggest(self, source: str, language: str, reason: str) -> str:
        """Another program would have a cell run here: it stands as a proposal, and runs when it is ticked; its id."""
        source = proposal.written(source)
        risk, touches = self._weighed_for_another(source, language)
        digest = hexdigest("suggested", source)
        reason = f"Another program proposes this cell, which no author has asked for. {reason}".strip()
        while proposal.find(self.desk.entry, id_ := proposal.name(digest, self.suggested, source)):
            self.suggested += 1  # an earlier process counted too
        offered = Offer(id_, digest, source, language, reason, touches, proposal.BY_HAND, by=MCP)
        self.suggested += 1
        self._stand(offered, "a cell suggested")
        self.desk.tools.say(
            Notice("proposed", self.desk.rel, f"another program proposes a cell ({risk}): tick run or deny")
        )
        return offered.id

    def ask_again(self) -> None:
        """What other programs proposed to an earlier process stands again, unticked, as what the doer proposed does."""
        self.unasked = False
        for block in [each for each in self.desk.entry.envelopes if each.kind == "proposal"]:
            id_, stands = block.keys.get("id", ""), proposal.read(block)
            if block.keys.get("by") != MCP or not id_ or id_ in self.standing:
                continue
            if not stands.whole:
                self.unasked = True  # he is typing in it
                continue
            notice = f"{proposal.ANEW}{proposal.UNCOUNTED if stands.ticks else ''}."
            touches = self._weighed_for_another(stands.source, stands.language)[1]
            self._stand(
                Offer(
                    id_, block.of, stands.source, stands.language, proposal.reason(block), touches, proposal.BY_HAND,
                    by=MCP, notice=notice,
                ),
                "asked again",
            )  # fmt: skip
            if stands.ticks:
                self.desk.tools.say(Notice("held", self.desk.rel, f"line {block.span.start + 1}: {notice}"))

    def nearest(self, line: int) -> Envelope | None:
        """The proposal of another program above a line that `/sure` there is said to: no cell of the author's own
        stands between."""
        above = (proposal.find(self.desk.entry, each.id) for each in self.standing.values() if each.by == MCP)
        there = [block for block in above if block and block.span.stop <= line]
        last = max(there, key=lambda block: block.span.start, default=None)
        own = [cell.span.start for cell in self.desk.entry.cells if not cell.by]
        return last if last and not any(last.span.stop <= start < line for start in own) else None

    def saved(self) -> None:
        """The author saved: a tick, a change, a deletion."""
        for offered in list(self.standing.values()):
            block = proposal.find(self.desk.entry, offered.id)
            standing = proposal.read(block) if block else None
            verdict = proposal.decide(offered, standing, Terms(), 0.0)
            match verdict:
                case Run(source, how):
                    self._let_run(offered, source, how)
                case Deny(how, why):
                    self._close(offered, Outcome(how, why))
                case ByHand(shown):
                    self._close(offered, Outcome("by-hand", "you ran it yourself", shown))

    def drop(self) -> None:
        self.standing.clear()
        self.allowed.clear()
        self.unasked = True

    def lets(self, cell: Cell) -> bool:
        """Whether this cell is one that was offered and allowed."""
        blocks = (spoken.cell_of(self.desk.entry, id_) for id_ in self.allowed)
        return any(block and block.span.start < cell.span.start < block.span.stop for block in blocks)

    def make(self, digest: str, made: Made) -> Offer:
        """An offer of what was made out of the paragraph of this digest; it stands from now on."""
        id_ = proposal.name(digest, 0, made.source)
        offered = Offer(id_, digest, made.source, made.language, made.reason, by=conduct.BY)
        self.standing[offered.id] = offered
        return offered

    def again(self, remark: Remark, block: Envelope) -> bool:
        """Whether a proposal that an earlier process wrote is what this paragraph calls for; then it stands again."""
        made = Made.of(remark) or _comparing(remark, block)
        known = made is not None and block.keys.get("id") == proposal.name(block.of, 0, made.source)
        if made and known:
            self.make(block.of, made)
        return known

    def answer(self, id_: str, runs: bool) -> bool:
        """Answer what is on offer (of this id, or the first), from the terminal or the page."""
        for offered in [self.standing[name] for name in self.named(id_, runs)]:
            block = proposal.find(self.desk.entry, offered.id)
            if block is None:
                continue
            if runs:
                self._let_run(offered, proposal.read(block).source, "allowed")
            else:
                self._close(offered, Outcome("denied", "you said no"))
            self.desk.permit.allowed |= {cell.chain for cell in self.desk.entry.cells if self.lets(cell)}
            return True
        return False

    def named(self, id_: str, runs: bool) -> list[str]:
        """The ids of what could be answered, and all of it with yes or no."""
        blocks = {name: proposal.find(self.desk.entry, name) for name in self.standing if name.startswith(id_)}
        return [name for name, block in blocks.items() if block is not None and proposal.read(block).whole]

    def _weighed_for_another(self, source: str, language: str) -> tuple[Risk, str]:
        """The same of what another program proposed, which waits whatever it is."""
        risk, touches = self._weighed(source, language)
        return risk, touches if risk == "ask" else f"{touches}; another program asked, so it waits"

    def _weighed(self, source: str, language: str) -> tuple[Risk, str]:
        return self.crew.weighed(self.desk.entry, self.desk.rel, source, language)

    def _stand(self, offered: Offer, title: str) -> None:
        """Put what another program proposes into the text, unticked."""
        self.standing[offered.id] = offered
        self._put("proposal", offered.id, title, lambda entry, hand: spoken.offer_at_end(entry, offered, hand))

    def _let_run(self, offered: Offer, source: str, how: str) -> None:
        del self.standing[offered.id]
        self.allowed.add(offered.id)
        self._put(
            "accepted", offered.task, "a command allowed", lambda e, hand: spoken.accept(e, offered, source, hand),
            {"Proposal": offered.id, "Answer": how, "Word": "given"},
        )  # fmt: skip
        let = [cell for cell in self.desk.entry.cells if self.lets(cell)]
        self.desk.permit.acting |= {cell.chain for cell in let}
        if far := offered.reach:  # what is shown of it says so; an edit that would go further waits
            self.desk.permit.leaving |= {cell.chain: far for cell in let if reach_of(source) == far}

    def _close(self, offered: Offer, outcome: Outcome) -> None:
        del self.standing[offered.id]
        if proposal.find(self.desk.entry, offered.id):
            self._put(
                "denied", offered.task, f"a command {outcome.status}",
                lambda e, hand: spoken.close(e, offered, outcome, hand),
                {"Proposal": offered.id, "Answer": outcome.status},
            )  # fmt: skip

    def _put(
        self, kind: str, digest: str, title: str, edit: Callable[[Entry, Hand], Edit | None],
        trailers: Mapping[str, str] | None = None,
    ) -> None:  # fmt: skip
        hand = self.desk.tools.hand
        self.desk.put(Piece(kind, digest, title, lambda entry: edit(entry, hand), trailers=dict(trailers or {})))


def _comparing(remark: Remark, block: Envelope) -> Made | None:
    """Two steps that were to be compared: which ones they were, only the block says."""
    source = proposal.read(block).source.strip()
    return Made(source) if remark.kind == "compare" and _compared.fullmatch(source) else None
