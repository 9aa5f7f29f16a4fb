"""Questions in the text: each is answered once, by the journal itself or by a model, under where it was asked."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from nozzle.agents.crew import Crew
from nozzle.agents.forms import ANSWER, Given, labelled, linked
from nozzle.agents.silence import Silence, under
from nozzle.beside import Notice
from nozzle.desk import Desk
from nozzle.document import spoken
from nozzle.document.entry import Entry
from nozzle.document.plan import failed
from nozzle.document.prompts import QUESTIONS, Prompt
from nozzle.document.spoken import Saying
from nozzle.document.thought.pasted import pasted
from nozzle.document.thought.said import anchor, said
from nozzle.document.trajectory import imitates, until
from nozzle.errors import NozzleError, Unreadable
from nozzle.explainer import Broke, Elsewhere, Found, Known, Live, answer, asks_how, report, tell, well_above
from nozzle.explainer.news import recorded
from nozzle.lm import Stop
from nozzle.piece import Piece

_fence = re.compile(r" {0,3}(`{3,}|~{3,})")


@dataclass(slots=True)
class Asking:
    """A question on its way."""

    asked: Prompt
    stop: Stop = field(default_factory=Stop)
    pieces: list[str] = field(default_factory=list)
    """What has come of the answer so far."""
    breaks: list[tuple[int, str]] = field(default_factory=list)
    """Where in it something else was said, in characters, and what."""
    of: str = ""
    """Where it stands on the page."""
    silence: Silence | None = None
    """Of the model, where one is asked."""


@dataclass(slots=True)
class Questions:
    desk: Desk
    crew: Crew
    under_way: dict[str, Asking] = field(default_factory=dict)
    """Prompts that are being answered."""
    broke: dict[str, Broke] = field(default_factory=dict)
    now: float = 0.0
    """The loop's clock at the last tick."""
    elsewhere: Callable[[], Sequence[Elsewhere]] = tuple
    """The tasks of this entry on their own threads."""
    remarks: Callable[[], str] = lambda: ""
    """How many remarks to prose were made today."""

    def wants(self, asked: Prompt) -> bool:
        """Whether this is a question without an answer."""
        return asked.word in QUESTIONS and asked.answer is None and asked.digest not in self.under_way

    def is_how(self, asked: Prompt) -> bool:
        """Whether this asks how the work is doing: answered at once, whatever runs."""
        return asked.word == "ask" and asks_how(asked.text)

    def begin(self, asked: Prompt) -> None:
        """Answer it, in a thread."""
        asking = self.under_way[asked.digest] = Asking(asked, of=anchor(self.desk.entry, asked.span.start))
        say, rel = self.desk.tools.say, self.desk.rel
        asking.stop.waits = lambda words: say(Notice("warning", rel, words))
        job = self._job(asking, self.desk.entry)
        self.desk.tools.say(Notice("asked", self.desk.rel, f"{_title(asked)}: being answered", of=asking.of))
        self.crew.work(job, lambda said: self._answered(asked, said))

    def tick(self, now: float) -> None:
        """Look whether a model has gone silent."""
        self.now = now
        for silence in self._silences():
            silence.tick(now)

    def wake(self, now: float) -> float | None:
        times = (at for silence in self._silences() if (at := silence.wake(now)) is not None)
        return min(times, default=None)

    def _silences(self) -> list[Silence]:
        return [asking.silence for asking in self.under_way.values() if asking.silence is not None]

    def drop(self) -> None:
        """The text is another one: nobody waits for these answers."""
        for asking in self.under_way.values():
            asking.stop.say()
            self.desk.tools.say(Notice("spoken", self.desk.rel, "stopped", of=asking.of))
        self.under_way.clear()

    def interrupt(self, words: str) -> None:
        """Something broke while answers are being written: each shows where, and goes on."""
        for asking in self.under_way.values():
            if so_far := "".join(asking.pieces):
                asking.breaks.append((len(so_far), words))
                self.desk.tools.say(Notice("says", self.desk.rel, f"\n\n— {words} —\n\n", of=asking.of))

    def stop(self, digest: str = "", why: str = "you stopped it") -> bool:
        """Stop answering (this one, or all), at once; what was said so far is written."""
        stopped = [asking for name, asking in self.under_way.items() if not digest or name == digest]
        for asking in stopped:
            asking.stop.say()
            so_far = "".join(asking.pieces)
            kept = "" if imitates(so_far) else so_far
            self._answered(asking.asked, Saying(f"No answer: {why}", kept, fold="what had come until then"))
        return bool(stopped)

    def _job(self, asking: Asking, entry: Entry) -> Callable[[], Saying]:
        """What is to be done in the thread, with all that it needs from here."""
        asked = asking.asked
        if self.is_how(asked):
            status = self.how(asked.span.start)
            return lambda: status
        facts = self._failure(asked, entry) if asked.word == "wtf" else None
        if asked.word == "wtf" and facts is None and not (asked.text or _is_wrong(entry, asked.span.start)):
            well = well_above([row for row in self.desk.plan() if row.cell.span.start < asked.span.start])
            return lambda: well
        last = {cell.chain: self.desk.tools.ledger.past.last(self.desk.rel, cell) for cell in entry.cells if cell.runs}
        found = Found(
            entry, self.crew.recall.search, lambda cell: last.get(cell.chain), self.desk.rel, asked.span.start
        )  # fmt: skip
        question = asked.text or "what went wrong here?"

        asking.silence = silence = _silence(self, asked.digest) if self.crew.model else None

        def hear(piece: str) -> None:
            """Words on their way to the terminal and the page; from the thread."""
            if silence is not None:
                silence.hear()
            asking.pieces.append(piece)
            self.desk.tools.say(Notice("says", self.desk.rel, piece, of=asking.of))

        def work() -> Saying:
            said = facts or answer(question, found)
            if self.crew.model is None:
                return said
            given = Given(question=question, facts=known(said))
            evidence = self.crew.evidence(entry, self.desk.path.parent)
            shared = self.crew.shared(entry, until(entry, asked))
            return labelled(self.crew, ANSWER, given, shared, hear, asking.stop, evidence)

        return work

    def how(self, line: int | None = None) -> Saying:
        """The six answers, now."""
        desk = self.desk
        past = desk.tools.ledger.past
        run = desk.run
        live = Live(run.cell, self.now - run.began, run.printed) if run else None
        there, remarks = self.elsewhere(), self.remarks()
        known = Known(desk.plan(), lambda cell: past.last(desk.rel, cell), live, line, there, remarks)
        return report(desk.entry, known, desk.tools.hand.redact)

    def _failure(self, asked: Prompt, entry: Entry) -> Saying | None:
        """What is known of the failure nearest above; None when no cell above has failed."""
        slots = [slot for slot in failed(entry) if slot.cell.span.start < asked.span.start]
        if not slots:
            return None
        slot = slots[-1]
        return tell(recorded(slot, self.broke.get(slot.cell.chain)))

    def _answered(self, asked: Prompt, said: Saying | NozzleError) -> None:
        if (asking := self.under_way.pop(asked.digest, None)) is None:
            return
        if asking.silence is not None:
            asking.silence.ended(self.now)
        ended = "stopped" if asking.stop.said else "done"
        self.desk.tools.say(Notice("spoken", self.desk.rel, ended, of=asking.of))
        kind = "fault" if isinstance(said, Unreadable) else "answered"  # an instruction of the author's is no text
        if isinstance(said, NozzleError):
            said = Saying(f"No answer: {said}", getattr(said, "so_far", ""), fold="what had come until then")
        if said.by_model and asking.breaks:
            said = replace(said, text=_interrupted(said.text, "".join(asking.pieces), asking.breaks))
        said, hand = linked(said, self.desk), self.desk.tools.hand
        title, digest = _title(asked), asked.digest
        self.desk.put(
            Piece(
                "answer", digest, title, lambda entry: spoken.answer(entry, digest, said, hand),
                trailers={"Via": said.via, **said.facts},
            )
        )  # fmt: skip
        self.desk.tools.say(Notice(kind, self.desk.rel, f"{title}: {_first(said.text)}"))


def _is_wrong(entry: Entry, line: int) -> bool:
    """Whether something above went wrong that is no cell's: a task, or what an error says that was pasted."""
    ended = (block.status for block in entry.envelopes if block.kind == "task" and block.span.start < line)
    return any(status not in ("running", "done") for status in ended) or any(
        pasted(each.text) for each in said(entry) if each.span.start < line
    )


def _interrupted(text: str, raw: str, breaks: Sequence[tuple[int, str]]) -> str:
    """An answer that shows where it was interrupted, at the next pause: never within a fence."""
    lead = len(raw) - len(raw.lstrip())
    for at, words in reversed(breaks):
        at = _pause(text, at - lead)
        text = "\n\n".join(part for part in (text[:at].strip("\n"), f"*— {words} —*", text[at:].strip("\n")) if part)
    return text


def _pause(text: str, at: int) -> int:
    """The first blank line from a place on that stands in no fence; the end when there is none."""
    place, opened = 0, ""
    for row in text.split("\n"):
        if not row.strip() and not opened and place >= at:
            return place
        if match := _fence.match(row):
            opened = match[1] if not opened else "" if match[1].startswith(opened) else opened
        place += len(row) + 1
    return len(text)


def _silence(at: Questions, digest: str) -> Silence:
    return Silence(at.desk, at.crew, digest, at.now, under(digest))


def known(said: Saying) -> str:
    """What a model is told beyond the entry: what the program established; what it found in the entry stands there."""
    return f"The program established: {said.text}" if said.via == "facts" else ""


def _title(asked: Prompt) -> str:
    return f"/{asked.word} {asked.text}".split("\n")[0].strip()[:60]


def _first(text: str) -> str:
    line = next((row for row in text.split("\n") if row.strip()), "")
    return line if len(line) <= 160 else line[:159] + "…"
