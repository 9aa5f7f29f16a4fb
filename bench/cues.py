"""How often the rules are wrong about what a paragraph asks for, on 412 paragraphs of our own.

    python bench/cues.py [--wrong] [--half dev|test|fresh|later] [--model NAME --url URL]

For each half: precision and recall of every class, the share of proposals that nobody meant (false proposals: a task
or a shell line proposed for a paragraph that holds none), and of the threads: how often two paragraphs that ask or
settle something are rightly put together; what is in passing is in no thread. `fresh` was written before the rules were
last changed and is only measured; so was `later`, whose writer had seen no rule. What the rules got wrong in `test` has
been seen since: it counts as read.

With --model, the classes are a model's instead, on a server that speaks OpenAI's wire; its key is in $NOZZLE_KEY. Each
paragraph is sent alone, with the words of ASKED and no example.
"""

import argparse
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from nozzle.document.entry import Entry
from nozzle.document.thought.cues import cues
from nozzle.document.thought.said import said
from nozzle.document.thought.threads import PASSING, threads

PLACE = Path(__file__).parent / "paragraphs"
CLASSES = ("task", "question", "decision", "reversal", "traceback", "shell")
HALVES = ("dev", "test", "fresh", "later")


ASKED = """A person thinks aloud. What is this paragraph? Reply with one word:
task (something that could be handed over to somebody), question, decision, reversal (of an earlier decision),
traceback, shell (a command line), or none.

"""


@dataclass(frozen=True)
class Example:
    kinds: frozenset[str]
    thread: str
    text: str


Guess = Callable[[Example], list[tuple[str, str]]]


def examples(path: Path) -> list[Example]:
    found = []
    for block in path.read_text().split("\n@ ")[0:]:
        head, _, text = block.removeprefix("@ ").partition("\n")
        kinds, thread = head.split()
        found.append(Example(frozenset(kinds.split("+")) - {"none"}, thread, text.strip("\n")))
    return found


def guessed(example: Example) -> list[tuple[str, str]]:
    """Class and rule of every cue in it."""
    entry = Entry(example.text + "\n")
    return [(cue.kind, cue.rule) for paragraph in said(entry) for cue in cues(paragraph) if cue.kind in CLASSES]


def by_model(name: str, url: str) -> Guess:
    """A model's word for each paragraph."""
    from nozzle.lm import Call, Choice, Stop, choose

    model = choose(Choice(name, url, lambda: os.environ.get("NOZZLE_KEY", "")))
    assert model is not None, "a model has a name"

    def guess(example: Example) -> list[tuple[str, str]]:
        call = Call([{"role": "user", "content": ASKED + example.text}], max_tokens=2000)
        said = model.reply(call, lambda piece: None, Stop()).text.lower()
        return [(word, name) for word in CLASSES if word in said.split("\n")[-1]][:1]

    return guess


def classes(half: list[Example], wrong: bool, guessed: Guess) -> tuple[int, int]:
    """Print the table; return proposals and those that nobody meant."""
    proposals = false = 0
    right, took, meant = dict.fromkeys(CLASSES, 0), dict.fromkeys(CLASSES, 0), dict.fromkeys(CLASSES, 0)
    for example in half:
        found = guessed(example)
        kinds = {kind for kind, _ in found}
        for kind in CLASSES:
            right[kind] += kind in kinds and kind in example.kinds
            took[kind] += kind in kinds
            meant[kind] += kind in example.kinds
        if proposing := kinds & {"task", "shell"}:
            proposals += 1
            false += not proposing & example.kinds
        if wrong and kinds != example.kinds:
            print(f"  {'+'.join(sorted(example.kinds)) or 'none':10} taken for {found}: {example.text[:110]}")
    for kind in CLASSES:
        _row(kind, right[kind], took[kind], meant[kind])
    _row("all", *(sum(each.values()) for each in (right, took, meant)))
    return proposals, false


def grouped(paths: list[Path]) -> tuple[int, int, int, int]:
    """Pairs rightly put together, put together, that belong together, and all: of paragraphs with a class."""
    right = together = belong = pairs = 0
    for path in paths:
        held = examples(path)
        entry = Entry("\n\n".join(example.text for example in held) + "\n")
        place = {line: thread for thread in threads(entry) if thread.name != PASSING for line in thread.lines}
        line, labels = 0, []
        for example in held:
            labels.append((example.thread, place.get(line), bool(example.kinds)))
            line += example.text.count("\n") + 2
        for (one, mine, counts), (two, theirs, also) in combinations(labels, 2):
            if counts and also:
                pairs += 1
                belong += one == two
                together += mine is theirs and mine is not None
                right += one == two and mine is theirs and mine is not None
    return right, together, belong, pairs


def _row(name: str, right: int, took: int, meant: int) -> None:
    print(f"  {name:10} {meant:4} meant   {_share(right, took)}   {_share(right, meant)}")


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:5.1f} % of {whole:3}" if whole else "    - of   0"


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    asked.add_argument("--wrong", action="store_true", help="show the paragraphs that are taken for something else")
    asked.add_argument("--half", choices=HALVES, help="only one of the halves")
    asked.add_argument("--model", default="", help="ask this model instead of the rules")
    asked.add_argument("--url", default="", help="its server, up to /v1")
    asked_for = asked.parse_args()
    guess = by_model(asked_for.model, asked_for.url) if asked_for.model else guessed
    status = 0
    for name in (asked_for.half,) if asked_for.half else HALVES:
        paths = sorted((PLACE / name).glob("*.txt"))
        half = [example for path in paths for example in examples(path)]
        print(f"{name}: {len(half)} paragraphs          precision          recall")
        proposals, false = classes(half, asked_for.wrong, guess)
        missed = " MISSED" if proposals and false / proposals > 0.05 else ""
        print(f"  false proposals      {_share(false, proposals)}   (goal: 5 % at most){missed}")
        right, together, belong, pairs = grouped(paths)
        print(f"  threads, pairs       {_share(right, together)}   {_share(right, belong)}")
        print(f"  all in one thread    {_share(belong, pairs)}   {_share(belong, belong)}")
        status |= bool(missed)
    sys.exit(status)


if __name__ == "__main__":
    main()
