"""The doer at one task: it proposes a cell, the author or a rule lets it run, it sees what came of it, and goes on."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from nozzle.agents.crew import Crew
from nozzle.agents.forms import counts, facts
from nozzle.agents.moves import DO, REASON, Move, Nothing, read, relabels
from nozzle.agents.silence import Silence, under
from nozzle.agents.task import Task, overspent, terms
from nozzle.beside import Notice
from nozzle.desk import Desk
from nozzle.document import proposal, spoken
from nozzle.document.edit import Edit
from nozzle.document.entry import SHOWN, Cell, Entry, Envelope, Slot
from nozzle.document.events import Finished
from nozzle.document.options import first_code, reach_of
from nozzle.document.outputs import plain
from nozzle.document.prompts import prompt, prompts
from nozzle.document.proposal import ByHand, Deny, Offer, Risk, Standing, Wait
from nozzle.document.proposal import Run as Allowed
from nozzle.document.risk import names_tools
from nozzle.document.spoken import SHOWN_BY, UNSHOWN, Outcome, Saying
from nozzle.document.thought.said import anchor
from nozzle.document.trajectory import imitates, ungreyed
from nozzle.errors import NozzleError, Unreadable
from nozzle.explainer.claims import besides, weighed
from nozzle.explainer.links import link
from nozzle.lm import Asked, Failed, Model, Signature, Usage, ask
from nozzle.lm.ask import Terms as Asking
from nozzle.lm.model import TOKEN
from nozzle.permit import Answer
from nozzle.piece import Piece
from nozzle.run import Run
from nozzle.runner import LEFT

AGAIN = "`keep` goes on in the kernel as it is, `skip` without it (`/sure keep` and `/sure skip` say so too)"
EDITED = f"{proposal.CHANGED}: an edit alone does not let it, so tick run (or say `/sure` below it), or deny."
MEANWHILE = f"{proposal.MEANWHILE}: what git could have given back then, it could not give back now."
ACTED = "more than its code says: it was stopped when it was to act, or to reach what it may not; it waits for you"
LEAVES_AT_WORK = "what goes on when it is over, when nobody weighs what that does: it waits for you"
UNKEPT = "no kernel that has been there is left to go on in; "
REPLAYS: Mapping[str, Answer] = {"keep": "keep", "skip": "skip"}


@dataclass(slots=True)
class Doer:
    desk: Desk
    crew: Crew
    active: dict[str, Task] = field(default_factory=dict)
    """The tasks under way, by the digests of their prompts."""
    now: float = 0.0
    _stood: set[str] = field(default_factory=set)
    """Ids of what this process has offered."""
    _acted: dict[str, str] = field(default_factory=dict)
    """Code that was let run by a rule and did more than that is for, and what: it is asked from then on."""
    _unpriced: bool = False
    """It was said that the price of the model is not known."""
    _estimated: bool = False
    """It was said that nobody counts its tokens."""

    # -- thinking -----------------------------------------------------------------------------------------------

    def think(self, task: Task) -> None:
        """Ask the doer for its next move, in a thread."""
        asked, model = prompt(self.desk.entry, task.digest), self.crew.model
        if asked is None or model is None:
            return self.forget(task)
        if task.stop.said:  # while a cell ran that did not heed it
            return self.end(task, "stopped", task.why)
        if spent := overspent(task, self.crew.settings, self.now):
            return self.end(task, "stopped", spent)
        task.state, task.chain, task.offer = "thinking", "", None
        try:
            shared = self.crew.shared(self.desk.entry, asked.below)
        except NozzleError as error:
            return self._fails(task, error)
        signature = Signature(DO, Nothing, Move, read, self.crew.prompts)
        of, rel, say = anchor(self.desk.entry, asked.span.start), self.desk.rel, self.desk.tools.say
        say(Notice("thinks", rel, of=of))

        def then(found: Asked[Move] | NozzleError) -> None:
            say(Notice("spoken", rel, "done" if isinstance(found, Asked) else "stopped", of=of))
            self._moved(task, found)

        task.silence = silence = Silence(self.desk, self.crew, task.digest, self.now, under(task.digest))

        task.sent, task.heard = sum(len(each["content"]) for each in shared), (heard := [])

        def hear(piece: str) -> None:
            heard.append(piece)
            silence.hear()
            say(Notice("says", rel, piece, of=of))

        labels = frozenset(cell.label for cell in self.desk.entry.cells if cell.label)

        def refuse(reply: str) -> str:
            return imitates(reply) or relabels(reply, labels)

        task.stop.waits = lambda words: say(Notice("warning", rel, words))
        terms = Asking(hear, task.stop, self.crew.tracer, task.digest[:32], refuse, self.crew.settings.model_tokens)
        self.crew.work(lambda: _asked(model, signature, shared, terms), then)

    def _moved(self, task: Task, found: Asked[Move] | NozzleError) -> None:
        """The doer has made its move, or could not."""
        if self.active.get(task.digest) is not task or task.stop.said:
            return
        if task.silence is not None:
            task.silence.ended(self.now)
            task.silence = None
        task.heard = []
        task.spent += found.usage if isinstance(found, Asked | Failed) else Usage()
        if isinstance(found, NozzleError):
            return self._fails(task, found)
        self._tell_unbounded(found)
        task.move = found.value
        task.number += 1
        move = found.value
        self._astray(task, task.signs.proposes(move.source))
        if task.signs.repeats(move.source):
            return self.end(task, "stopped", "Stopped: the same cell was proposed again and again.")
        risk, touches = self._weighed(move.source, move.language)
        name = proposal.name(task.digest, task.number, move.source)
        by_hand = proposal.BY_HAND if risk == "ask" else ""
        offer = Offer(
            name, task.digest, move.source, move.language, move.reason, touches=touches, by_hand=by_hand, risk=risk
        )
        self.stand(task, offer, facts(found))
        task.early = risk == "ask"

    def _fails(self, task: Task, error: NozzleError) -> None:
        """The model could not be asked, or gave nothing of use."""
        so_far = getattr(error, "so_far", "")
        self.end(task, "failed", f"The doer could not go on: {error}", "" if imitates(so_far) else so_far)
        if isinstance(error, Unreadable):  # an instruction of the author's is no text
            self.say("fault", str(error))

    def _tell_unbounded(self, found: Asked[Move]) -> None:
        """Of the budgets one may bound nothing, one go by an estimate: that is said once."""
        name = found.reply.model or "the model"
        if found.usage.estimated and not self._estimated:
            self._estimated = True
            words = f"{name} does not say how many tokens it took, so task_tokens goes by an estimate"
            self.say("warning", f"{words}: a token for every {TOKEN} characters")
        if found.usage.cost is None and not self._unpriced:
            self._unpriced = True
            words = f"the price of {name} is not known, so task_dollars bounds no task"
            self.say("warning", f"{words}; task_steps, task_tokens and task_seconds do")

    def _weighed(self, source: str, language: str) -> tuple[Risk, str]:
        if more := self._acted.get(source.strip()):
            return "ask", more
        return self.crew.weighed(self.desk.entry, self.desk.rel, source, language)

    # -- standing -----------------------------------------------------------------------------------------------

    def stand(self, task: Task, offer: Offer, more: dict[str, str] | None = None) -> None:
        """Put a proposal into the text, unticked."""
        task.state, task.offer, task.since, task.edited, task.answer = "standing", offer, self.now, None, ""
        task.held, task.early, task.fresh = 0.0, False, True
        self._stood.add(offer.id)
        hand = self.desk.tools.hand
        title, trailers = f"proposes {_first(offer.source)}", {"Task": offer.task, "Risk": offer.risk, **(more or {})}
        self._put("proposal", offer.id, title, lambda entry: spoken.propose(entry, offer, hand), trailers)
        task.stands = _standing(self.desk.entry, offer)
        words = f"the doer wants to run: {_first(offer.source)}"
        how = {"ask": "it waits for you", "read": "it only looks", "reversible": "runs by itself"}[offer.risk]
        boxes = ("run", *(proposal.OTHERWISE if offer.again else ()), "deny")
        self.say("proposed", f"{words} ({how}; nozzle answer {', '.join(f'--{box}' for box in boxes)})")

    def offer_again(self, task: Task, block: Envelope) -> None:
        """What was offered, or let run and not run, before the text became another one, or by an earlier process: asked
        again, and nothing runs by itself."""
        kind, id_, stands, words = block.kind, block.keys.get("id", ""), proposal.read(block), proposal.reason(block)
        language = stands.language or "python"
        ticked = kind == "proposal" and bool(stands.ticks)
        why = proposal.MOVED if id_ in self._stood else proposal.ANEW
        notice = f"{why}{proposal.UNCOUNTED if ticked else ''}."
        touches = self._weighed(stands.source, language)[1]
        offer = Offer(id_, task.digest, stands.source, language, words, touches, proposal.BY_HAND, notice=notice)
        if ticked:
            self.say("held", f"{_first(stands.source)}: {notice}")
        hand = self.desk.tools.hand
        if kind == "cell":
            self._put("withdrawn", id_, "asked again", lambda entry: spoken.withdraw(entry, offer, hand), {})
        task.move = Move(reason=words[:REASON], language=language, source=stands.source or "pass")
        self.stand(task, offer)

    def decide(self, task: Task, now: float) -> None:
        """What is to be done with the proposal that stands."""
        offer = task.offer
        task.since, task.fresh = now if task.fresh else task.since, False
        assert offer is not None, "what stands was offered"
        stands = _standing(self.desk.entry, offer)
        if task.stands is not None and stands is not None and stands.source != task.stands.source:
            task.edited = now
        task.stands = stands
        if task.early and not self.desk.sheet.made:
            task.early = False
            self._weigh_anew(task, offer, stands)
            offer = task.offer or offer
        ticked = next((word for word in REPLAYS.values() if stands and word in stands.ticks), None)
        if ticked and self.of_replay(task, ticked):
            task.answer = task.answer or "run"
        match proposal.decide(offer, stands, terms(task, offer, self.crew.settings), now):
            case Allowed() as let:
                self._let_run(task, offer, let)
            case Deny(how, why):
                self._close(task, offer, Outcome(how, why), how)
                self.think(task)
            case ByHand(shown):
                self._close(task, offer, Outcome("by-hand", "you ran it yourself", shown), "by-hand")
                self.think(task)
            case Wait():
                return

    def _weigh_anew(self, task: Task, offer: Offer, stands: Standing | None) -> None:
        """What waited, as it was proposed, may run by itself: the last step, written since, holds what may be lost."""
        if stands is None or not stands.whole or stands.pasted or stands.ticks or proposal.edited(offer, stands):
            return  # he has answered, or is at it
        risk, touches = self._weighed(offer.source, offer.language)
        if risk != "ask":
            self.stand(task, replace(offer, risk=risk, touches=touches, by_hand=""))
            task.fresh = False

    def wait_for_word(self, task: Task, offer: Offer, notice: str) -> None:
        """What stands, as its author has it by now, does not run by itself any more; it says why."""
        stands = _standing(self.desk.entry, offer)
        if stands is None or not stands.whole or stands.pasted or "deny" in stands.ticks:
            return  # he has answered, or is at it
        if proposal.edited(offer, stands):
            touches = self._weighed(stands.source, offer.language)[1]
            offer = replace(offer, source=stands.source, touches=touches)
        self.stand(task, replace(offer, risk="ask", notice=notice))

    def _let_run(self, task: Task, offer: Offer, let: Allowed) -> None:
        """The proposal becomes a cell, which is then due like any other."""
        source, how, far = let.source, let.how, reach_of(let.source)
        risk, touches = self._weighed(source, offer.language)
        by_itself = self._by_itself(task, let)
        if risk == "ask" and by_itself:
            again = replace(offer, touches=touches, by_hand=proposal.BY_HAND, risk="ask", notice=MEANWHILE)
            return self.stand(task, again)
        acts = far or offer.again or (risk == "ask" and names_tools(source))
        if far not in ("", offer.reach) or (acts and not let.said):  # what he lets it do is to be shown as he has it
            touches = offer.touches if offer.again else touches
            return self.stand(task, replace(offer, source=source, touches=touches, risk="ask", notice=EDITED))
        if how == "allowed" and not task.answer and task.sure:
            task.sure -= 1
        hand = self.desk.tools.hand
        more = {**({"Reach": far} if far else {}), **({"Word": "given"} if task.answer else {})}
        trailers = {"Task": offer.task, "Proposal": offer.id, "Answer": how, **more}
        title = f"{how}: {_first(source)}"
        self._put("allowed", offer.id, title, lambda entry: spoken.accept(entry, offer, source, hand), trailers)
        cell = _cell_of(self.desk.entry, offer.id)
        if cell is None or not cell.runs:
            return self.end(task, "stopped", "The cell that was allowed cannot run.")
        task.state, task.chain, task.answer = "running", cell.chain, ""
        if task.move is not None and source != task.move.source:
            task.move = replace(task.move, source=source)
        task.offer = replace(offer, source=source, again=False)
        self.desk.permit.allowed.add(cell.chain)
        if how == "read":
            self.desk.permit.looking.add(cell.chain)
        if by_itself:
            self.desk.permit.unasked.add(cell.chain)
        if let.said and (how == "edited" or offer.risk == "ask"):
            self.desk.permit.acting.add(cell.chain)
        if far:
            self.desk.permit.leaving[cell.chain] = far
        if task.replay is not None:
            task.unkept = not self.desk.of_replay(task.replay)
            task.replay = None

    def _by_itself(self, task: Task, let: Allowed) -> bool:
        """Whether it would run, as it was proposed, because it was taken for no danger, and not for a word about it."""
        if let.how in ("countdown", "read"):
            return True
        ticked = task.stands is not None and "run" in task.stands.ticks
        return let.how == "allowed" and not (ticked or task.answer or task.sure)  # by `/sure all`

    def _close(self, task: Task, offer: Offer, outcome: Outcome, label: str) -> None:
        """A proposal that is not run, or a cell that is undone, stays as a folded record."""
        hand = self.desk.tools.hand
        title = f"{label}: {_first(offer.source)}"
        trailers = {"Task": offer.task, "Proposal": offer.id, "Answer": label}
        self._put("attempt", offer.id, title, lambda entry: spoken.close(entry, offer, outcome, hand), trailers)
        task.offer = task.replay = None

    def of_replay(self, task: Task, word: Answer) -> bool:
        """How a cell is to have its state whose replay would reach outside; False where none asks that."""
        if task.replay is None or task.state != "standing":
            return False
        task.replay = word
        return True

    # -- running ------------------------------------------------------------------------------------------------

    def ended(self, task: Task, run: Run, finished: Finished) -> None:
        """Its cell has ended."""
        slot = self.desk.entry.slot(task.chain)
        if slot is None:
            return self.end(task, "stopped", "The cell was taken out while it ran.")
        if finished.status == "ok" or (finished.status == "error" and slot.cell.options.raises):  # as it was to
            there = tuple(path for path in run.made if (self.desk.tools.root / path).is_file())
            task.made += [path for path in there if path not in task.made]
            claims = self._claims(finished)
            if there or not claims or (slot.output is not None and besides(slot.output, claims)):
                task.shown.append(task.chain)
            if claims:  # which show nothing
                return self.end(task, "done", self._weigh(task.chain, claims))
            asked = prompt(self.desk.entry, task.digest)
            self._astray(task, task.signs.writes(there, asked.text if asked else ""))
            return self.think(task)
        if finished.status == "stopped":
            return self.end(task, "stopped", task.why or finished.cause or "It was stopped.")
        self._undo(task, slot, run, finished)

    def claims_again(self, run: Run, finished: Finished) -> None:
        """The last cell of a task that is done has run again, above another state perhaps, or where it was merged: what
        it claims is weighed against what stands now."""
        cell = self.desk.entry.cell(run.cell.chain)
        around = (
            each
            for each in prompts(self.desk.entry)
            if any(cell and block.kind == "cell" and block.span.stop == cell.enclosed for block in each.region)
        )
        asked, claims, hand = next(around, None), self._claims(finished), self.desk.tools.hand
        if asked is None or not claims:
            return
        digest, words = asked.digest, self._weigh(run.cell.chain, claims)
        if spoken.claim(self.desk.entry, digest, words, hand) is not None:
            title = "what a task found is weighed anew"
            self._put("task", digest, title, lambda entry: spoken.claim(entry, digest, words, hand), {"Task": digest})
            self.say("task", f"weighed anew: {_first(ungreyed(words))}")

    def _claims(self, finished: Finished) -> list[str]:
        return [plain(self.desk.tools.hand.redact(each)).strip("\n") for each in finished.answers]

    def _weigh(self, chain: str, claims: Sequence[str]) -> str:
        """What the cell of this chain claims, in grey where nothing else shows it."""
        evidence = self.crew.evidence(self.desk.entry, self.desk.path.parent, chain, claims)
        return weighed("\n\n".join(claims).strip(), evidence) or "Done."

    def watch(self, task: Task) -> None:
        """A cell that was allowed: it runs, or something above stands in its way."""
        if self.desk.run is not None:
            return
        row = next((row for row in self.desk.plan() if row.cell.chain == task.chain), None)
        if row is None:  # the text above has changed, or the cell: its chain is another one now
            cell = _cell_of(self.desk.entry, task.offer.id) if task.offer else None
            if cell is None:
                return self.end(task, "stopped", "You deleted the cell that was allowed.")
            self.desk.permit.moved(task.chain, cell.chain)
            task.chain = cell.chain
        elif row.do == "held" and self.desk.permit.waits == task.chain:
            self._ask_again(task, row.reason)
        elif row.do == "held" and not self.crew.doubts:  # which are over when the cell is that they are about
            self.end(task, "stopped", f"Stopped: its cell cannot run, {row.reason}.")

    def _ask_again(self, task: Task, why: str) -> None:
        """A cell that was allowed needs the state of one that would reach outside again: that is asked too."""
        assert task.offer is not None, "what runs was offered"
        words = f"{UNKEPT if task.unkept else ''}{why.partition(';')[0]}: to run this, that is done again; {AGAIN}"
        hand, offer = (
            self.desk.tools.hand,
            replace(task.offer, touches=words, by_hand="", risk="ask", again=True, notice=""),
        )
        self.desk.permit.revoke(task.chain)
        self._put("withdrawn", offer.id, "asked again", lambda entry: spoken.withdraw(entry, offer, hand), {})
        task.replay = "again"
        self.stand(task, offer)

    def _undo(self, task: Task, slot: Slot, run: Run, finished: Finished) -> None:
        """A cell that failed leaves the text and, since kernels follow the text, the kernel; its record stays."""
        offer = task.offer
        assert offer is not None, "what ran was offered"
        rows = [row for row in slot.output.body if not row.startswith("```")] if slot.output else []
        told = [row for row in reversed(rows) if row.strip()] or ["it failed"]
        name = run.error.ename if run.error else ""
        words = next((row for row in told if name and row.startswith(name)), told[0])
        refused = next((row for row in rows if row.startswith("PermissionError")), "")
        if offer.risk == "read" and refused:
            return self._ask_after(task, offer, refused, ACTED)
        if finished.cause.startswith(LEFT):
            return self._ask_after(task, offer, words, LEAVES_AT_WORK)
        self._close(task, offer, Outcome("undone", words, "\n".join(rows)), "undone")
        self._astray(task, task.signs.fails(words))
        self.think(task)

    def _ask_after(self, task: Task, offer: Offer, words: str, more: str) -> None:
        """What a rule let run did more than that is for, and was stopped: its author is asked, and no model again."""
        source = offer.source.strip()
        self._acted[source] = more
        self._close(task, offer, Outcome("undone", words, words), "undone")
        task.number += 1
        name = proposal.name(task.digest, task.number, offer.source)
        self.stand(task, replace(offer, id=name, risk="ask", touches=more, by_hand=proposal.BY_HAND))

    def _astray(self, task: Task, words: str) -> None:
        """The task is off its way: told at once, under it."""
        if not words:
            return
        said, hand = (
            Saying(f"**Hold on, breaking: the task is off its way:** {words}.", by="doer", via="facts"),
            self.desk.tools.hand,
        )
        status = words.partition(":")[0].replace(" ", "-")
        self._put(
            "news", f"{task.digest[:SHOWN]} {status}", "a task is off its way",
            lambda entry: spoken.warn(entry, task.digest, said, hand, status), {"Task": task.digest, "Astray": status},
        )  # fmt: skip
        self.say("news", f"the task is off its way: {words}")

    # -- ending -------------------------------------------------------------------------------------------------

    def stop(self, task: Task, why: str, words: str) -> None:
        """End it; a cell of its own that runs is interrupted, and its end ends the task."""
        run = self._its_run(task)
        if run is None:
            if task.state == "running":  # its cell has not begun, and nothing else shall let it
                self.desk.permit.revoke(task.chain)
            return self.end(task, "stopped", words, self._so_far(task))
        task.why = words
        task.stop.say()
        run.stop(why)

    def _so_far(self, task: Task) -> str:
        """What the model had said when it was stopped; what that took is not known to the token, and counts."""
        text = "".join(task.heard)
        if text:
            task.spent += Usage(input=task.sent // TOKEN, output=len(text) // TOKEN, estimated=True)
        return "" if imitates(text) else text

    def asks(self, task: Task) -> bool:
        """Whether its cell waits for a word of the author's."""
        run = self._its_run(task)
        return run is not None and run.session.asks

    def _its_run(self, task: Task) -> Run | None:
        run = self.desk.run
        return run if task.state == "running" and run is not None and run.cell.chain == task.chain else None

    def end(self, task: Task, status: str, words: str, folded: str = "") -> None:
        """Write what came of it; a proposal that still stands is closed."""
        if task.silence is not None:
            task.silence.ended(self.now)
        if task.state == "standing" and task.offer:
            self._close(task, task.offer, Outcome("refused", "the task has ended"), "refused")
        proof = self._proof(task)
        facts = {"Cells": str(task.number), **counts(task.spent)}
        via = self.crew.model.name if self.crew.model else ""
        self.forget(task)
        said = Saying(f"{words}\n\n{proof}", folded, "doer", via, fold="what had come until then")
        self.write_end(task.digest, status, said, facts)

    def _proof(self, task: Task) -> str:
        """What shows it: the cells, the files that they made, and how to run them."""
        cells = [cell for chain in task.shown if (cell := self.desk.entry.cell(chain))]
        if not cells:
            return UNSHOWN
        made = f" Made: {', '.join(f'`{path}`' for path in task.made)}." if task.made else ""
        return f"{SHOWN_BY}{', '.join(map(link, cells))}.{made} To run it again: `nozzle run --again {self.desk.rel}`."

    def write_end(self, digest: str, status: str, said: Saying, more: dict[str, str]) -> None:
        hand = self.desk.tools.hand
        trailers = {"Task": digest, "Status": status, **more}
        self._put(
            "task", digest, f"task {status}", lambda entry: spoken.task(entry, digest, status, said, hand), trailers
        )
        told = _first(ungreyed(said.text))
        self.say("task", told if told.lower().startswith(f"{status}:") else f"{status}: {told}")

    def forget(self, task: Task) -> None:
        task.stop.say()
        self.active.pop(task.digest, None)

    def _put(
        self, kind: str, name: str, title: str, edit: Callable[[Entry], Edit | None], trailers: dict[str, str]
    ) -> None:
        self.desk.put(Piece(kind, name, title, edit, trailers=trailers))

    def say(self, kind: str, words: str) -> None:
        self.desk.tools.say(Notice(kind, self.desk.rel, words))


def _asked(
    model: Model, signature: Signature[Nothing, Move], shared: Sequence[Mapping[str, str]], terms: Asking
) -> Asked[Move]:
    return ask(model, signature, Nothing(), shared, terms)


def _standing(entry: Entry, offer: Offer) -> Standing | None:
    block = proposal.find(entry, offer.id)
    return proposal.read(block) if block else None


def _cell_of(entry: Entry, id_: str) -> Cell | None:
    around = spoken.cell_of(entry, id_)
    return next((cell for cell in entry.cells if around and cell.enclosed == around.span.stop), None)


def _first(text: str) -> str:
    row = first_code(text)
    return row if len(row) <= 80 else row[:79] + "…"
