"""How much of what the explainer is sent the provider has seen before, over a task of many steps.

    python bench/agents.py [--steps 30]

A real loop, a real kernel, and a server on this machine that speaks OpenAI's wire and counts, like a provider's cache,
how much of each request begins like an earlier one. Whenever the doer waits, the explainer is asked about the work so
far, as `nozzle ask` does it. Shared is characters: those at the beginning that the doer was sent too, of all that the
explainer was sent. The goal is 0.98.
"""

import argparse
import queue
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from nozzle.document.entry import Entry
from nozzle.lm.trace import read
from nozzle.lm.wire import Wire
from nozzle.loop import Loop, Message, Saved
from nozzle.words.ask import answer as ask
from nozzle.words.journal import journal
from tests.lm.wire import Messages, WireServer, flat

GOAL = 0.98
ENTRY = """# A long task

The points lie on a line, near enough; what is its slope, and how sure can one be of it?

```{code-cell} python
#| label: points
points = [(x, 2 * x + x % 3) for x in range(50)]
```

/do :here: find the slope, step by step, and check each step

"""


def script(steps: int) -> "list[str]":
    """What the doer says: it looks, it makes names, it wants to do more than that, and it fails now and then."""
    moves = []
    for number in range(steps - 1):
        rows = f"for x, y in points[{number}:{number + 40}]:"
        table = f"{rows}\n    print(x, y, round(y / (x + 1), 6), 'residual', round(y - 2 * x, 6))"
        source = (
            table,
            f"slope{number} = (points[{number + 1}][1] - points[0][1]) / {number + 1}",
            f"import os\n{table}\nprint('step', {number}, len(os.sep))",
            f"print(points[{number}][2])",
        )[number % 4 if number % 8 != 7 else 0]
        moves.append(f"Step {number}: the next thing to know.\n\n```{{code-cell}} python\n{source}\n```")
    return [*moves, 'Done.\n\n```{code-cell} python\nfinal_answer("The slope is about two.")\n```']


def play(folder: Path, steps: int) -> "tuple[WireServer, Path, str]":
    """Do the task, ticking what waits, and ask on the way."""
    left = script(steps)

    def answer(messages: Messages) -> str:
        return "As it says above." if flat(messages[-1]).startswith("/explain") else left.pop(0)

    server = WireServer(answer)
    with journal(folder, make=True) as here:
        settings = {"countdown": 0.0, "settle": 0.0, "quiet": 0.0, "task_steps": steps + 1, "explain": "asked"}
        here.settings = replace(here.settings, **settings)
        here.model = Wire("bench", server.url)
        messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
        loop = Loop(here.tools(lambda notice: None, messages.put), messages)
        path = folder / "journal" / "entry.md"
        path.parent.mkdir()
        path.write_text(ENTRY)
        (folder / "rows.csv").write_text("x,y\n")  # in no step: what could lose it waits for the author
        loop.advance([path])
        loop.run(until_idle=True)
        for number in range(10 * steps):
            text = path.read_text()
            if "- [ ] run" not in text:
                break
            changed = text.replace("- [ ] run", "- [x] run" if number % 5 else "- [ ] run", 1)
            if number % 5 == 0:
                changed = text.replace("len(os.sep))", "len(os.sep), 'edited')").replace("- [ ] run", "- [x] run", 1)
            if number % 7 == 6:
                changed = text.replace("- [ ] deny", "- [x] deny", 1)
            rel = here.rel(path)
            said = ask(here, Entry(text), rel, f"how sure is the slope, after {number} looks?")
            assert said.text == "As it says above."
            path.write_text(changed)
            loop.messages.put(Saved(frozenset([path])))
            loop.run(until_idle=True)
        loop.close()
        labels = " ".join(step.trailers.get("Answer", "") for step in here.steps.history())
    server.close()
    return server, path, labels


def shared(server: WireServer) -> "list[tuple[int, int]]":
    """For each request of the explainer's: characters that the doer is sent too, word for word, and all of them."""
    doers = [body["messages"] for body in server.bodies if not flat(body["messages"][-1]).startswith("/explain")]
    asks = [body["messages"] for body in server.bodies if flat(body["messages"][-1]).startswith("/explain")]
    found = []
    for sent in asks:
        size = sum(len(flat(each)) for each in sent)
        found.append((max(_same(sent, other) for other in doers), size))
    return found


def _same(sent: Messages, other: Messages) -> int:
    count = 0
    for one, two in zip(sent, other, strict=False):
        if flat(one) != flat(two):
            break
        count += len(flat(one))
    return count


def main() -> None:
    """Print the line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=30)
    steps = parser.parse_args().steps
    with tempfile.TemporaryDirectory(prefix="nozzle-bench-") as name:
        subprocess.run(["git", "init", "-q", name], check=True)
        server, path, words = play(Path(name), steps)
        spans = list(read(Path(name) / ".nozzle" / "traces.jsonl"))
        counts, labels = shared(server), Counter(words.split())
        block = next(each for each in Entry(path.read_text()).envelopes if each.kind == "task")
    sent = sum(span["attributes"].get("gen_ai.usage.input_tokens", 0) for span in spans)
    cached = sum(span["attributes"].get("gen_ai.usage.cache_read.input_tokens", 0) for span in spans)
    shares = [same / size for same, size in counts]
    whole = sum(same for same, _ in counts) / sum(size for _, size in counts)
    verdict = "ok" if whole >= GOAL else "MISSED"
    print(f"task {block.status}: {len(server.bodies)} calls, {len(shares)} of them the explainer's")
    print(f"shared share of the explainer's prompts: {whole:.3f} of all characters  (goal {GOAL}: {verdict})")
    print(f"  of single prompts: median {statistics.median(shares):.3f}, least {min(shares):.3f} (the earliest)")
    print(f"tokens: {sent:,} sent, {cached:,} of them cached ({cached / max(1, sent):.3f})")
    print("proposals: " + ", ".join(f"{count} {word}" for word, count in sorted(labels.items())))
    sys.exit(verdict != "ok")


if __name__ == "__main__":
    main()
