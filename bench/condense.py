"""How long a talk takes to be told apart and mapped, and what bad input costs.

    python bench/condense.py [LOG]

LOG is a Markdown log or an entry; tests/talk/scan.md without one. The other rows are made here: an entry and a
paragraph of 50,000 words, an export of 100 MB, and half of it. Seconds are of one run on this machine; the ratio is to
reading the same bytes and splitting them into lines.
"""

import json
import random
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from nozzle.document.entry import Entry
from nozzle.document.lines import split
from nozzle.document.talk.export import conversations
from nozzle.document.talk.quote import from_chat, from_log
from nozzle.document.thought.map import condense
from tests.document.citation import supported

ROOT = Path(__file__).resolve().parent.parent
GOAL = 5.0
"""Seconds for a talk of 200 kB, told apart and mapped."""


def timed(name: str, text: str, work: Callable[[str], str]) -> float:
    started = time.perf_counter()
    split(text)
    floor = time.perf_counter() - started
    started = time.perf_counter()
    told = work(text)
    took = time.perf_counter() - started
    print(f"{name:28} {len(text) / 1e6:7.2f} MB {took:8.2f} s {took / floor:9.0f} x   {told}")
    return took


def mapped(text: str) -> str:
    entry = Entry(text if "<!-- nozzle:quote" in text else from_log(text))
    found = condense(entry)
    borne = sum(supported(entry, point) for point in found.points)
    kinds = ", ".join(f"{len(found.of(kind))} {kind}" for kind in ("question", "task", "decision", "reversal"))
    return f"{found.turns} turns; {kinds}; {borne} of {len(found.points)} points borne out by their lines"


def read(text: str) -> str:
    chats = list(conversations(text))
    turns = sum(len(chat.turns) for chat in chats)
    entry = from_chat(chats[-1], "---\ntitle: t\n---\n")
    return (
        f"{len(chats)} chats, {turns} turns; the last is an entry of {len(entry):,} characters; {chats[-1].notes or ''}"
    )


def rambled(words: int) -> str:
    """An entry of so many words, of paragraphs of bench/paragraphs in a random order."""
    draw = random.Random(1)
    blocks = [
        block for path in sorted(ROOT.glob("bench/paragraphs/*/*.txt")) for block in path.read_text().split("\n@ ")
    ]
    held = [block.partition("\n")[2].strip() for block in blocks]
    found: list[str] = []
    while words > 0:
        found.append(draw.choice(held))
        words -= len(found[-1].split())
    return "\n\n".join(found)


def export(size: int) -> str:
    """Chats that come to so many characters, in the shape of OpenWebUI's export."""
    draw = random.Random(0)
    said = "the scan of a block is bound by memory and not by what it adds up so we look at both"
    words = said.split()
    chats: list[str] = []
    while sum(map(len, chats)) < size:
        messages = {
            str(at): {
                "id": str(at), "parentId": str(at - 1) if at else None, "role": ("user", "assistant")[at % 2],
                "content": " ".join(draw.choices(words, k=200)), "timestamp": 1_700_000_000 + at,
            }
            for at in range(200)
        }  # fmt: skip
        chat = {"title": "A scan", "history": {"messages": messages, "currentId": "199"}}
        chats += [json.dumps({"title": "A scan", "chat": chat})] * 10
    return "[" + ",".join(chats) + "]"


def main() -> None:
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "tests/talk/scan.md"
    took = timed(path.name, path.read_text(), mapped)
    timed("an entry of 50,000 words", rambled(50_000), mapped)
    timed("a paragraph of 50,000 words", "the scan is slow and " * 10_000 + "so let's plot it\n", mapped)
    whole = export(100_000_000)
    with tempfile.NamedTemporaryFile("w+", suffix=".json") as file:
        file.write(whole)
        file.seek(0)
        timed("an export of 100 MB", file.read(), read)
    timed("half of it", whole[: len(whole) // 2], read)
    print(f"goal: {path.name} in {GOAL:.0f} s: {'met' if took <= GOAL else 'MISSED'}")
    sys.exit(took > GOAL)


if __name__ == "__main__":
    main()
