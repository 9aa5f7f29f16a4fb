"""What is found out for prose, in threads: a passage of the journal, the model's answer, one question to ask back.

It refuses to fill silence: where nothing fits, or a model fails, nothing is said.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import TypeVar

from nozzle.agents.crew import Crew
from nozzle.agents.forms import ANSWER, BACK, Given, labelled
from nozzle.agents.unasked import Call, Unasked
from nozzle.desk import Desk
from nozzle.document import spoken
from nozzle.document.entry import Entry
from nozzle.document.spoken import Saying
from nozzle.document.thought.back import Back, back
from nozzle.document.thought.conduct import Remark
from nozzle.document.thought.said import Paragraph
from nozzle.document.thought.threads import terms
from nozzle.errors import NozzleError
from nozzle.explainer import Passage

SHARED = 2
"""Words that a passage must share with a question to be worth showing."""
LEAST = 15
"""Words that a pause must bring for the model to be asked whether it has a question."""
_reply = re.compile(r"`?([0-9a-f]{8})`?: +(\S.{8,238}\?)")
Told = Callable[[str, str], None]
"""What is said, and where it comes from."""
_Found = TypeVar("_Found")


@dataclass(slots=True)
class Lookups:
    desk: Desk
    crew: Crew
    under_way: set[str] = field(default_factory=set)
    """Paragraphs that something is being found out for."""
    shown: set[str] = field(default_factory=set)
    """What was found and is on its way into the text, or was."""
    calls: Unasked = field(init=False)

    def __post_init__(self) -> None:
        self.calls = Unasked(self.desk, self.crew)

    def search(self, remark: Remark, tell: Told) -> None:
        """In the journal; nothing is said when nothing fits, or when this entry shows the same passage already."""
        question, rel = remark.words, self.desk.rel

        def then(found: list[Passage]) -> None:
            fits = [each for each in found if _fits(question, each)]
            words = _quoted(fits[0].quoted(question), rel) if fits else ""
            if words and words not in self.shown and not _stands(words, self.desk.entry):
                self.shown.add(words)
                tell(words, "search")

        self._work(remark.digest, lambda: self.crew.recall.search(question), then)

    def ask(self, remark: Remark, tell: Told) -> None:
        """The model, which has seen the entry down to the paragraph; a model that failed says nothing to prose."""
        entry, crew = self.desk.entry, self.crew
        shared = crew.shared(entry, remark.paragraph.span.stop)
        given, call = Given(question=remark.cue.sentence.text), self.calls.of_paragraph(remark.digest)

        def work() -> Saying:
            evidence = crew.evidence(entry, self.desk.path.parent)
            return labelled(crew, ANSWER, given, shared, call.hear, call.stop, evidence)

        def then(said: Saying) -> None:
            if said.by_model:
                tell(said.text, spoken.key(said.via))

        self._work(remark.digest, work, then, call)

    def back(self, new: Collection[Paragraph], tell: Callable[[Back, str], None]) -> None:
        """One question about what is new, found by rule or by the model; most often none."""
        entry, model = self.desk.entry, self.crew.model
        if not new or (model is not None and sum(len(each.text.split()) for each in new) < LEAST):
            return

        def then(found: Back | None) -> None:
            if found is not None:
                tell(found, spoken.key(model.name if model else "rule"))

        digests, last = {each.digest for each in new}, list(new)[-1].digest
        if model is None:
            return self._work(last, lambda: back(entry, digests), then)
        call = self.calls.of_paragraph(last)
        self._work(last, lambda: self._by_model(entry, new, call), then, call)

    def _by_model(self, entry: Entry, new: Collection[Paragraph], call: Call) -> Back | None:
        """The model's question, where it names a paragraph and asks one thing."""
        facts = "\n\n".join(f"{each.digest}: {each.text}" for each in new)
        shared = self.crew.shared(entry, len(entry.rows))
        reply = labelled(self.crew, BACK, Given(facts=facts), shared, call.hear, call.stop)
        match = _reply.fullmatch(reply.text.strip()) if reply.by_model else None
        named = match is not None and match[1] in {each.digest for each in new}
        return Back(match[1], match[2]) if match and named and match[2].count("?") == 1 else None

    def stop(self, names: Callable[[str], bool] = lambda name: True) -> bool:
        """Say nothing to these paragraphs that a model would have to say; whether it was asked."""
        stopped = self.calls.stop(names)
        self.under_way -= stopped
        return bool(stopped)

    def _work(
        self, name: str, job: Callable[[], _Found], then: Callable[[_Found], None], call: Call | None = None
    ) -> None:
        self.under_way.add(name)

        def done(found: _Found | NozzleError) -> None:
            if name not in self.under_way:
                return
            self.under_way.discard(name)
            if call is not None:
                self.calls.ended(name, call)
            if not isinstance(found, NozzleError):
                then(found)

        self.crew.work(job, done)


def _fits(question: str, passage: Passage) -> bool:
    """Whether a passage says something to a question; neither the question itself nor front matter does."""
    if passage.front or passage.repeats(question):
        return False
    asked, there = terms(question), terms(passage.told)
    return len(asked & there) >= min(SHARED, max(1, len(asked)))


def _stands(words: str, entry: Entry) -> bool:
    """Whether an answer says this already."""
    rows = [row.strip() for row in words.split("\n")]
    answers = (block for block in entry.envelopes if block.kind == "answer")
    return any(rows == [row.removeprefix(">").strip() for row in block.body][1 : len(rows) + 1] for block in answers)


def _quoted(passage: Passage, place: str) -> str:
    """A passage with its place; labelled as what it is."""
    where, _, line = passage.url.partition("#L")
    source = "this entry" if where == place else f"`{where}`"
    body = "\n".join(f"    {row}" for row in passage.content.split("\n"))
    return f"The journal says, found by search (no model was asked), in {source}" + (
        f", line {line}:\n\n{body}" if line else f":\n\n{body}"
    )
