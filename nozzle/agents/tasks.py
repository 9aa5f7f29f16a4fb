"""Tasks: the doer proposes a cell, the author or a rule lets it run, the doer sees what came of it, and goes on.

What a process may let run is what it wrote itself and has watched since: offers live here, in memory, and nowhere in
the text. After a checkout or a restart every proposal is made anew before it can be answered.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from nozzle.agents.crew import Crew, Told, Word
from nozzle.agents.forms import facts
from nozzle.agents.moves import DO, Move, Nothing, read
from nozzle.agents.silence import Silence, under
from nozzle.agents.task import Task, overspent, terms, until
from nozzle.beside import Notice
from nozzle.desk import Desk
from nozzle.document import proposal, spoken
from nozzle.document.edit import Edit
from nozzle.document.entry import SHOWN, Cell, Entry, Slot
from nozzle.document.events import Finished
from nozzle.document.options import reach_of
from nozzle.document.prompts import Prompt, prompt, prompts
from nozzle.document.proposal import ByHand, Deny, Offer, Risk, Standing, Wait
from nozzle.document.proposal import Run as Allowed
from nozzle.document.risk import judge, weigh
from nozzle.document.spoken import Outcome, Saying
from nozzle.document.thought.said import anchor
from nozzle.document.trajectory import imitates
from nozzle.errors import NozzleError
from nozzle.explainer.claims import weighed
from nozzle.explainer.links import link
from nozzle.explainer.slices import names
from nozzle.lm import Asked, Model, Signature, ask
from nozzle.lm.ask import Terms as Asking
from nozzle.permit import Answer
from nozzle.piece import Piece
from nozzle.run import Run

NO_MODEL = "No model is set, so nothing was done: `model` in the settings names one. Delete this block to try again."
ONCE = "an agent proposed it, and it may run once on one allowance; 'nozzle run' allows it again"
AGAIN = "`keep` goes on in the kernel as it is, `skip` without it (`/sure keep` and `/sure skip` say so too)"
UNKEPT = "no kernel that has been there is left to go on in; "
REPLAYS: Mapping[str, Answer] = {"keep": "keep", "skip": "skip"}
UNSTARTED = "an agent proposed it, and nozzle ended before it ran; 'nozzle run' allows it"


@dataclass(slots=True)
class Tasks:
    desk: Desk
    crew: Crew
    active: dict[str, Task] = field(default_factory=dict)
    _now: float = 0.0

    # -- what the seat tells ------------------------------------------------------------------------------------

    def wants(self, asked: Prompt) -> bool:
        """Whether this is a task that nobody does and that is not done."""
        return asked.word == "do" and asked.task is None and asked.digest not in self.active

    def begin(self, asked: Prompt) -> None:
        """Begin a task, or take up one that an earlier process left."""
        if self.crew.model is None:
            return self._write_end(asked.digest, "none", Saying(NO_MODEL, by="doer"), {})
        task = self.active[asked.digest] = Task(asked.digest, self._now, number=len(asked.region))
        self._say("task", f"the doer begins: {_title(asked)}")
        last = asked.region[-1] if asked.region else None
        if last is not None and last.kind in ("proposal", "cell"):
            self._offer_again(task, last.kind, last.keys.get("id", ""), proposal.read(last))
        else:
            self._think(task)

    def told(self, said: Told) -> None:
        """`/sure`, `/sure 5`, `/sure all`, `/sure keep`, `/sure skip`, `/nope`, `/stop`, said to a task.

        It is said of the proposal that he saw, if any.
        """
        task = next((task for digest, task in self.active.items() if digest.startswith(said.task)), None)
        if task is None:
            return self._say("held", f"/{said.word}: no task is under way that this could be said to")
        if said.word == "stop":
            return self._stop(task, "you stopped it", "You stopped it.")
        stands = task.offer.id if task.offer and task.state == "standing" else ""
        if (word := REPLAYS.get(said.text)) and not self._of_replay(task, word):
            return self._say("held", f"/sure {said.text}: nothing waits here that would be done again")
        if said.id is None or (said.id and said.id == stands):
            task.answer = "deny" if said.word == "nope" else "run"
        elif said.id or said.word == "nope":
            return self._say("held", f"/{said.word}: what you saw does not stand any more; nothing was answered")
        if said.word == "sure":
            more = int(said.text) if said.text.isdigit() else 0
            task.sure = max(0, more - 1 if task.answer else more) or task.sure
            task.sure_of_all = task.sure_of_all or said.text == "all"

    def answer(self, id_: str, word: Word) -> bool:
        """Answer the proposal that stands (the one of this id, or the first), from the terminal or the page."""
        for task in self.active.values():
            if task.state == "standing" and task.offer and task.offer.id.startswith(id_):
                if word in ("keep", "skip") and not self._of_replay(task, word):
                    continue
                task.answer = "deny" if word == "deny" else "run"
                return True
        return False

    def _of_replay(self, task: Task, word: Answer) -> bool:
        """How a cell is to have its state whose replay would reach outside; False where none asks that."""
        if task.replay is None or task.state != "standing":
            return False
        task.replay = word
        return True

    def again(self) -> None:
        """What was saved last may not have been written by the author: what stands is asked again, unticked."""
        for task in self.active.values():
            if task.state == "standing" and task.offer:
                self._stand(task, task.offer)

    def ended(self, run: Run, finished: Finished) -> None:
        """A cell has ended; perhaps one of the doer's."""
        task = next((task for task in self.active.values() if task.chain == run.cell.chain), None)
        if task is None or task.state != "running":
            return
        slot = self.desk.entry.slot(task.chain)
        self.crew.running.discard(task.chain)
        if slot is None:
            return self._end(task, "stopped", "The cell was taken out while it ran.")
        if finished.status == "ok":
            if task.move and task.move.final:  # which claims, and shows nothing
                evidence = self.crew.evidence(self.desk.entry, self.desk.path.parent, but=task.chain)
                return self._end(task, "done", weighed(_printed(slot), evidence) or "Done.")
            task.shown.append(task.chain)
            asked = prompt(self.desk.entry, task.digest)
            tools = self.desk.tools
            written, _ = tools.ledger.past.written(self.desk.rel, run.cell, finished, run.since)
            there = tuple(path for path in sorted(written) if (tools.root / path).is_file())
            self._astray(task, task.signs.writes(there, asked.text if asked else ""))
            return self._think(task)
        if finished.status == "stopped":
            return self._end(task, "stopped", finished.cause or "It was stopped.")
        self._undo(task, slot)

    def tick(self, now: float) -> None:
        """Look at what stands, and at what waits to run."""
        self._now = now
        for task in list(self.active.values()):
            if prompt(self.desk.entry, task.digest) is None:
                self._forget(task)
            elif task.silence is not None:
                task.silence.tick(now)
            elif task.state == "standing":
                self._decide(task, now)
            elif task.state == "running":
                self._watch(task)

    def wake(self, now: float) -> float | None:
        times = [at - now for task in self.active.values() if (at := self._until(task)) is not None]
        silences = (task.silence for task in self.active.values() if task.silence is not None)
        times += [at for silence in silences if (at := silence.wake(now)) is not None]
        return max(0.02, min(times)) if times else None

    def left(self, id_: str) -> float | None:
        """Seconds until a proposal runs, or is denied, by itself; None: it waits."""
        task = next((each for each in self.active.values() if each.offer and each.offer.id == id_), None)
        at = self._until(task) if task is not None and task.state == "standing" else None
        return None if at is None else max(0.0, at - self._now)

    def _until(self, task: Task) -> float | None:
        return until(task, self.crew.settings, self._now)

    def busy(self) -> bool:
        """Whether something goes on that needs nobody's answer."""
        waits = (task.state != "standing" or self._until(task) is not None for task in self.active.values())
        return any(waits)

    def held(self, cell: Cell) -> str:
        """Why a cell may not run: it stands below a task, or is an agent's that was allowed once."""
        if any(task.chain == cell.chain for task in self.active.values()):
            return ""
        if cell.by and (reason := self._used_up(cell)):
            return reason
        for digest in self.active:
            asked = prompt(self.desk.entry, digest)
            if asked is not None and asked.span.stop <= cell.span.start and not self._is_its_own(asked, cell):
                return f"below a task that is under way ({_title(asked)})"
        return ""

    def _used_up(self, cell: Cell) -> str:
        """Why an agent's cell may not run on the allowance it once had."""
        slot = self.desk.entry.slot(cell.chain)
        output = slot.output if slot else None
        if output is None:
            open_ = (each for each in prompts(self.desk.entry) if self.wants(each))
            again = any(self._is_its_own(each, cell) and each.span.start < cell.span.start for each in open_)
            return UNSTARTED if again or cell.chain not in self.desk.permit.allowed else ""
        edited = output.keys.get("cell") != cell.digest  # by the author: then it is his
        once = not edited and judge(cell.body, cell.language, self._changed()) == "ask"
        return ONCE if once and cell.chain not in self.desk.permit.allowed else ""

    def drop(self) -> None:
        """The text is another one: nothing that was offered counts any more."""
        for task in list(self.active.values()):
            self._forget(task)

    def stop(self, why: str) -> bool:
        """Stop every task here; whether there was one."""
        stopped = list(self.active.values())
        for task in stopped:
            self._stop(task, why, f"Stopped: {why}.")
        return bool(stopped)

    def _stop(self, task: Task, why: str, words: str) -> None:
        """End it; a cell of its own that runs is interrupted, and its end ends the task."""
        run = self.desk.run
        if task.state != "running" or run is None or run.cell.chain != task.chain:
            return self._end(task, "stopped", words)
        task.stop.say()
        run.stop(why)

    # -- thinking -----------------------------------------------------------------------------------------------

    def _think(self, task: Task) -> None:
        """Ask the doer for its next move, in a thread."""
        asked, model = prompt(self.desk.entry, task.digest), self.crew.model
        if asked is None or model is None:
            return self._forget(task)
        if spent := overspent(task, self.crew.settings, self._now):
            return self._end(task, "stopped", spent)
        task.state, task.chain, task.offer = "thinking", "", None
        shared = self.crew.shared(self.desk.entry, asked.below)
        signature = Signature(DO, Nothing, Move, read, self.crew.prompts)
        of, rel, say = anchor(self.desk.entry, asked.span.start), self.desk.rel, self.desk.tools.say
        say(Notice("thinks", rel, of=of))

        def then(found: Asked[Move] | NozzleError) -> None:
            say(Notice("spoken", rel, "done" if isinstance(found, Asked) else "stopped", of=of))
            self._moved(task, found)

        task.silence = silence = Silence(self.desk, self.crew, task.digest, self._now, under(task.digest))

        def hear(piece: str) -> None:
            silence.hear()
            say(Notice("says", rel, piece, of=of))

        terms = Asking(hear, task.stop, self.crew.tracer, task.digest[:32], imitates, self.crew.settings.model_tokens)
        self.crew.work(lambda: _asked(model, signature, shared, terms), then)

    def _moved(self, task: Task, found: Asked[Move] | NozzleError) -> None:
        """The doer has made its move, or could not."""
        if self.active.get(task.digest) is not task or task.stop.said:
            return
        if task.silence is not None:
            task.silence.ended(self._now)
            task.silence = None
        if isinstance(found, NozzleError):
            so_far = getattr(found, "so_far", "")
            return self._end(task, "failed", f"The doer could not go on: {found}", "" if imitates(so_far) else so_far)
        task.spent += found.usage
        task.move = found.value
        task.number += 1
        move = found.value
        self._astray(task, task.signs.proposes(move.source))
        if task.signs.repeats(move.source):
            return self._end(task, "stopped", "Stopped: the same cell was proposed again and again.")
        risk, touches = self._weighed(move.source, move.language)
        name = proposal.name(task.digest, task.number, move.source)
        by_hand = (
            "By hand: copy it into a cell of your own, or run it elsewhere and paste below the boxes what you got."
        )
        offer = Offer(
            name, task.digest, move.source, move.language, move.reason, touches, by_hand if risk == "ask" else "",
            risk,
        )  # fmt: skip
        self._stand(task, offer, facts(found))

    def _weighed(self, source: str, language: str) -> tuple[Risk, str]:
        return weigh(source, language, self._changed(), self.crew.ground(self.desk.rel))

    def _changed(self) -> set[str]:
        """Names that cells of the entry have given a meaning of their own."""
        return {name for cell in self.desk.entry.cells for name in names(cell).defines}

    # -- standing -----------------------------------------------------------------------------------------------

    def _stand(self, task: Task, offer: Offer, more: dict[str, str] | None = None) -> None:
        """Put a proposal into the text, unticked."""
        task.state, task.offer, task.since, task.edited, task.answer = "standing", offer, self._now, None, ""
        hand = self.desk.tools.hand
        title, trailers = f"proposes {_first(offer.source)}", {"Task": offer.task, "Risk": offer.risk, **(more or {})}
        self._put("proposal", offer.id, title, lambda entry: spoken.propose(entry, offer, hand), trailers)
        task.stands = _standing(self.desk.entry, offer)
        words = f"the doer wants to run: {_first(offer.source)}"
        how = {"ask": "it waits for you", "read": "it only looks", "reversible": "runs by itself"}[offer.risk]
        boxes = ("run", *(proposal.OTHERWISE if offer.again else ()), "deny")
        self._say("proposed", f"{words} ({how}; nozzle answer {', '.join(f'--{box}' for box in boxes)})")

    def _offer_again(self, task: Task, kind: str, id_: str, stands: Standing) -> None:
        """What an earlier process offered, or let run and did not run: asked again, and nothing runs by itself."""
        language = stands.language or "python"
        words = "nozzle was started anew, so this is asked again"
        touches = self._weighed(stands.source, language)[1]
        offer = Offer(id_, task.digest, stands.source, language, words, touches, risk="ask")
        hand = self.desk.tools.hand
        if kind == "cell":
            self._put("withdrawn", id_, "asked again", lambda entry: spoken.withdraw(entry, offer, hand), {})
        task.move = Move(reason=words, language=language, source=stands.source or "pass")
        self._stand(task, offer)

    def _decide(self, task: Task, now: float) -> None:
        """What is to be done with the proposal that stands."""
        offer = task.offer
        assert offer is not None, "what stands was offered"
        stands = _standing(self.desk.entry, offer)
        if task.stands is not None and stands is not None and stands.source != task.stands.source:
            task.edited = now
        task.stands = stands
        ticked = next((word for word in REPLAYS.values() if stands and word in stands.ticks), None)
        if ticked and self._of_replay(task, ticked):
            task.answer = task.answer or "run"
        match proposal.decide(offer, stands, terms(task, offer, self.crew.settings), now):
            case Allowed(source, how):
                self._let_run(task, offer, source, how)
            case Deny(how, why):
                self._close(task, offer, Outcome(how, why), how)
                self._think(task)
            case ByHand(shown):
                self._close(task, offer, Outcome("by-hand", "you ran it yourself", shown), "by-hand")
                self._think(task)
            case Wait():
                return

    def _let_run(self, task: Task, offer: Offer, source: str, how: str) -> None:
        """The proposal becomes a cell, which is then due like any other."""
        far = reach_of(source)
        if far not in ("", offer.reach):  # he has edited it so: what he lets it do is to be shown first
            touches = self._weighed(source, offer.language)[1]
            return self._stand(task, replace(offer, source=source, touches=touches, risk="ask"))
        if how == "allowed" and not task.answer and task.sure:
            task.sure -= 1
        hand = self.desk.tools.hand
        trailers = {"Task": offer.task, "Proposal": offer.id, "Answer": how, **({"Reach": far} if far else {})}
        title = f"{how}: {_first(source)}"
        self._put("allowed", offer.id, title, lambda entry: spoken.accept(entry, offer, source, hand), trailers)
        cell = _cell_of(self.desk.entry, offer.id)
        if cell is None or not cell.runs:
            return self._end(task, "stopped", "The cell that was allowed cannot run.")
        task.state, task.chain, task.answer = "running", cell.chain, ""
        if task.move is not None and source != task.move.source:
            task.move = task.move.model_copy(update={"source": source})
        task.offer = replace(offer, source=source, again=False)
        self.crew.running.add(cell.chain)
        self.desk.permit.allowed.add(cell.chain)
        if how == "edited" or (offer.risk == "ask" and how in ("kept", "allowed")):
            self.desk.permit.acting.add(cell.chain)
        if far:
            self.desk.permit.leaving[cell.chain] = far
        if task.replay is not None:
            task.unkept = not self.desk.of_replay(task.replay)
            task.replay = None

    def _close(self, task: Task, offer: Offer, outcome: Outcome, label: str) -> None:
        """A proposal that is not run, or a cell that is undone, stays as a folded record."""
        hand = self.desk.tools.hand
        title = f"{label}: {_first(offer.source)}"
        trailers = {"Task": offer.task, "Proposal": offer.id, "Answer": label}
        self._put("attempt", offer.id, title, lambda entry: spoken.close(entry, offer, outcome, hand), trailers)
        task.offer = task.replay = None

    # -- running ------------------------------------------------------------------------------------------------

    def _watch(self, task: Task) -> None:
        """A cell that was allowed: it runs, or something above stands in its way."""
        if self.desk.run is not None:
            return
        row = next((row for row in self.desk.plan() if row.cell.chain == task.chain), None)
        if row is None:  # the text above has changed, or the cell: its chain is another one now
            cell = _cell_of(self.desk.entry, task.offer.id) if task.offer else None
            if cell is None:
                return self._end(task, "stopped", "You deleted the cell that was allowed.")
            self.crew.running.discard(task.chain)
            self.desk.permit.moved(task.chain, cell.chain)
            task.chain = cell.chain
            self.crew.running.add(cell.chain)
        elif row.do == "held" and self.desk.permit.barred == task.chain:
            self._ask_again(task, row.reason)
        elif row.do == "held":
            self._end(task, "stopped", f"Stopped: its cell cannot run, {row.reason}.")

    def _ask_again(self, task: Task, why: str) -> None:
        """A cell that was allowed needs the state of one that would reach outside again: that is asked too."""
        assert task.offer is not None, "what runs was offered"
        words = f"{UNKEPT if task.unkept else ''}{why.partition(';')[0]}: to run this, that is done again; {AGAIN}"
        hand, offer = self.desk.tools.hand, replace(task.offer, touches=words, by_hand="", risk="ask", again=True)
        for chains in (self.crew.running, self.desk.permit.allowed, self.desk.permit.acting):
            chains.discard(task.chain)
        self._put("withdrawn", offer.id, "asked again", lambda entry: spoken.withdraw(entry, offer, hand), {})
        task.replay = "again"
        self._stand(task, offer)

    def _undo(self, task: Task, slot: Slot) -> None:
        """A cell that failed leaves the text and, since kernels follow the text, the kernel; its record stays."""
        offer = task.offer
        assert offer is not None, "what ran was offered"
        rows = [row for row in slot.output.body if not row.startswith("```")] if slot.output else []
        words = next((row for row in reversed(rows) if row.strip()), "it failed")
        self._close(task, offer, Outcome("undone", words, "\n".join(rows)), "undone")
        self._astray(task, task.signs.fails(words))
        self._think(task)

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
        self._say("news", f"the task is off its way: {words}")

    # -- ending -------------------------------------------------------------------------------------------------

    def _end(self, task: Task, status: str, words: str, folded: str = "") -> None:
        """Write what came of it; a proposal that still stands is closed."""
        if task.silence is not None:
            task.silence.ended(self._now)
        if task.state == "standing" and task.offer:
            self._close(task, task.offer, Outcome("refused", "the task has ended"), "refused")
        spent = task.spent
        cells = [cell for chain in task.shown if (cell := self.desk.entry.cell(chain))]
        proof = f"\n\nShown by: {', '.join(link(cell) for cell in cells)}." if cells else "\n\nNo cell shows it."
        facts = {"Cells": str(task.number), "Tokens-In": str(spent.input), "Tokens-Cached": str(spent.cached)}
        facts |= {"Tokens-Out": str(spent.output), **({"Dollars": f"{spent.cost:.6f}"} if spent.cost else {})}
        via = self.crew.model.name if self.crew.model else ""
        self._forget(task)
        said = Saying(words + proof, folded, "doer", via, fold="what had come until then")
        self._write_end(task.digest, status, said, facts)

    def _write_end(self, digest: str, status: str, said: Saying, more: dict[str, str]) -> None:
        hand = self.desk.tools.hand
        trailers = {"Task": digest, "Status": status, **more}
        self._put(
            "task", digest, f"task {status}", lambda entry: spoken.task(entry, digest, status, said, hand), trailers
        )
        self._say("task", f"{status}: {_first(said.text)}")

    def _forget(self, task: Task) -> None:
        task.stop.say()
        self.crew.running.discard(task.chain)
        self.active.pop(task.digest, None)

    def _is_its_own(self, asked: Prompt, cell: Cell) -> bool:
        return cell.span.start < asked.below

    def _put(
        self, kind: str, name: str, title: str, edit: Callable[[Entry], Edit | None], trailers: dict[str, str]
    ) -> None:
        self.desk.put(Piece(kind, name, title, edit, trailers=trailers))

    def _say(self, kind: str, words: str) -> None:
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


def _printed(slot: Slot) -> str:
    """What a cell printed, out of its fences."""
    return "\n".join(row for row in slot.output.body if not row.startswith("```")).strip() if slot.output else ""


def _title(asked: Prompt) -> str:
    return asked.text.split("\n")[0][:60]


def _first(text: str) -> str:
    row = next((row for row in text.split("\n") if row.strip() and not row.startswith("#|")), "")
    return row if len(row) <= 80 else row[:79] + "…"
