"""The forms in which a model is asked, and how its reply is read: nothing is taken that only the executor may write."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from nozzle import schema
from nozzle.agents.crew import Crew
from nozzle.desk import Desk
from nozzle.document.spoken import Saying
from nozzle.document.trajectory import SHARE, imitates, within
from nozzle.explainer import flattery
from nozzle.explainer.claims import Evidence, weighed
from nozzle.explainer.links import checked
from nozzle.lm import Asked, Signature, Stop, Usage, ask
from nozzle.lm.ask import Terms
from nozzle.lm.model import Failed

T = TypeVar("T")
QUESTION = 8000
"""Characters of a question in the explainer's last message: one in the text stands above it too."""

ANSWER, NOTE, NEWS, BACK = "answer", "note", "news", "back"


@dataclass(frozen=True)
class Given:
    """What goes into the explainer's last message."""

    question: str = ""
    facts: str = ""
    cell: str = ""
    voice: str = ""


@dataclass(frozen=True)
class Said:
    """What the explainer replies: a little at once, more behind a fold."""

    text: str = schema.checked("", "What stands at once.", min_length=1)
    more: str = schema.checked("", "What stands behind the fold.")


def read(text: str) -> Said:
    r"""A reply as what it is: the part before a line `---`, and the rest.

    >>> read("Short.\n\n---\n\nLong.")
    Said(text='Short.', more='Long.')
    """
    first, _, rest = text.strip().partition("\n---\n")
    return schema.read(Said, {"text": first.strip(), "more": rest.strip()})


def refusing(courtesy: bool = True) -> Callable[[str], str]:
    """Why a reply is sent back: an imitation always, flattery once."""
    left = [courtesy]

    def refuse(text: str) -> str:
        if why := imitates(text):
            return why
        if left[0] and (why := flattery(text)):
            left[0] = False
            return why
        return ""

    return refuse


def labelled(
    crew: Crew, name: str, given: Given, shared: Sequence[Mapping[str, str]], tell: Callable[[str], None], stop: Stop,
    evidence: Evidence | None = None,
) -> Saying:  # fmt: skip
    """Ask the explainer; its words, grey where the `evidence` and the given facts do not bear them out; which model."""
    assert crew.model is not None, "who has no model asks none"
    clean = {name: crew.redact(words) for name, words in vars(given).items()}
    clean["question"] = within(clean["question"], min(QUESTION, crew.settings.model_context // SHARE))
    reader = f"The reader: {crew.redact(crew.settings.reader)}." if crew.settings.reader else ""
    given = Given(**{**clean, "voice": "\n\n".join(part for part in (crew.prompts.text("voice"), reader) if part)})
    signature = Signature(name, Given, Said, read, crew.prompts)
    settings = crew.settings
    terms = Terms(tell, stop, crew.tracer, refuse=refusing(), max_tokens=settings.model_tokens)
    try:
        asked = ask(crew.model, signature, given, shared, terms)
    except Failed as failed:
        kept = failed.so_far if not imitates(failed.so_far) else ""
        return Saying(
            f"No answer: {failed}", kept, fold="what had come until then", via=crew.model.name, status=failed.status,
            facts=counts(failed.usage) if failed.usage else {},
        )  # fmt: skip
    said = asked.value
    if evidence is not None:
        known = replace(evidence, text=f"{evidence.text}\n{clean['facts']}\n{clean['question']}")
        said = Said(text=weighed(said.text, known), more=weighed(said.more, known))
    return Saying(said.text, said.more, "explainer", crew.model.name, thought=asked.reply.reasoning, facts=facts(asked))


def linked(said: Saying, desk: Desk) -> Saying:
    """A model's saying with its links looked up, in the entry and on disk."""
    if not said.by_model:
        return said

    def there(path: str) -> bool:
        return (desk.path.parent / path).exists()

    return replace(said, text=checked(said.text, desk.entry, there), folded=checked(said.folded, desk.entry, there))


def facts(asked: Asked[T]) -> dict[str, str]:
    """What a step says of the calls behind it."""
    trace = " ".join(f"{span.trace}-{span.id}" for span in asked.spans)
    found = {"Model": asked.reply.model, **counts(asked.usage), "Trace": trace}
    return {key: value for key, value in found.items() if value}


def counts(usage: Usage) -> dict[str, str]:
    """What a step says of tokens, and of dollars where the price is known."""
    return {
        "Tokens-In": str(usage.input), "Tokens-Cached": str(usage.cached), "Tokens-Out": str(usage.output),
        **({"Tokens": "estimated"} if usage.estimated else {}),
        **({"Dollars": f"{usage.cost:.6f}"} if usage.cost is not None else {}),
    }  # fmt: skip
