"""How long an entry of 1 MB takes to outline, beside a full parse by markdown-it-py with the same MyST plugins.

    python bench/outline.py [FILE...] [--reps 15]

Both arms run in one process, in turn, in shuffled order, in CPU time; each repetition makes another edit. A ratio is
that of one repetition; the median, worst and best are printed. The spans are compared in the same run: a difference
voids the row.
"""

import argparse
import gc
import random
import statistics
import sys
from collections.abc import Callable
from pathlib import Path
from time import process_time
from typing import TypeVar

from markdown_it import MarkdownIt
from mdit_py_plugins.colon_fence import colon_fence_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from mdit_py_plugins.front_matter import front_matter_plugin
from mdit_py_plugins.myst_blocks import myst_block_plugin

from nozzle.document.outline import Outline, outline

T = TypeVar("T")
SIZE = 1_000_000
PROSE = (
    "Does the sum make a *temporary*? It is **not** clear, and `numpy` does not say;\nso we look at `a*b+c` again.\n\n"
)
ENTRY = """\
## Step NUMBER: look

PROSE```{code-cell} python
#| label: step-NUMBER
import numpy as np

print(np.arange(NUMBER).sum())
```

<!-- nozzle:output v=1 of=9a0b1c2d3e4f status=ok sha=5f1e22c09a77 -->

```text
NUMBER
```

<!-- /nozzle sig=Kx0abcdefgh -->

<!-- nozzle:note v=1 of=9a0b1c2d3e4f by=explainer -->

> [!NOTE]
> The numbers up to NUMBER are added. [Step](#step-NUMBER)

<!-- /nozzle -->

- one thing to remember
- another, with `code`

$$
x_NUMBER = 1
$$

""".replace("PROSE", PROSE * 3)
HARD = """\
Text with a list right below it:
- one
  - two, which is nested

  a paragraph of the item NUMBER

1. first

   ```python
   x = NUMBER
   ```
2. second

<details><summary>more</summary>

Setext NUMBER
----------

> quoted
lazily
> - a list
>
> and more

a | b
--|--
1 | NUMBER

[refNUMBER]: https://example.org "title"

(label-NUMBER)=
% a comment
+++
:::{note}
Inside.
:::
</details>

"""
PARSER = MarkdownIt("commonmark").enable("table").use(front_matter_plugin).use(colon_fence_plugin)
PARSER.use(myst_block_plugin).use(dollarmath_plugin)

SAMPLES = {"entry": ENTRY, "prose": PROSE, "hard": HARD}


def sample(unit: str) -> str:
    """About 1 MB of a unit, front matter on top."""
    times = SIZE // len(unit)
    return "---\ntitle: A long entry\n---\n\n" + "".join(unit.replace("NUMBER", str(n)) for n in range(times))


def edited(text: str, chance: random.Random) -> str:
    """One edit of an author: a word, a line or a paragraph somewhere."""
    at = text.index("\n", chance.randrange(len(text) - 1000)) + 1
    return text[:at] + chance.choice(["word ", "a new line\n", "a new paragraph\n\n"]) + text[at:]


def timed(work: Callable[[], T]) -> tuple[float, T]:
    gc.collect()
    gc.disable()
    start = process_time()
    result = work()
    seconds = process_time() - start
    gc.enable()
    return seconds, result


def row(name: str, text: str, reps: int) -> None:
    """Measure one text and print its row."""
    chance, before = random.Random(name), outline(text)
    seconds: dict[str, list[float]] = {"full": [], "first": [], "again": []}
    for _ in range(reps):
        newer = edited(text, chance)
        results = {arm: measured(arm, newer, before) for arm in chance.sample(sorted(seconds), 3)}
        for arm, (spent, spans) in results.items():
            seconds[arm].append(spent)
            if spans != results["full"][1]:
                sys.exit(f"{name}: {arm}: other spans than those of markdown-it-py; the row is void")
    ratios = {arm: [full / own for full, own in zip(seconds["full"], seconds[arm], strict=True)] for arm in seconds}
    print(
        f"{name:12} {len(text) / 1e6:5.2f} MB {len(before.tops):7,} blocks   "
        f"markdown-it-py {statistics.median(seconds['full']) * 1000:5.0f} ms   "
        f"first parse {told(ratios['first'])}   after an edit {told(ratios['again'])}"
    )


def measured(arm: str, text: str, before: Outline) -> tuple[float, list[tuple[str, int, int]]]:
    """Seconds of one arm, and the top-level blocks that it found."""
    if arm == "full":
        spent, tokens = timed(lambda: PARSER.parse(text))
        return spent, [(token.type, token.map[0], token.map[1]) for token in tokens if token.level == 0 and token.map]
    spent, found = timed(lambda: outline(text, before if arm == "again" else None))
    return spent, [(top.kind, top.start, top.stop) for top in found.tops]


def told(ratios: list[float]) -> str:
    middle, least, most = statistics.median(ratios), min(ratios), max(ratios)
    return f"1/{middle:.3g} (1/{least:.3g} to 1/{most:.3g})"


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    words.add_argument("files", type=Path, nargs="*", help="entries to measure beside the made ones, repeated to 1 MB")
    words.add_argument("--reps", type=int, default=15)
    said = words.parse_args()
    for name, unit in SAMPLES.items():
        row(name, sample(unit), said.reps)
    for path in said.files:
        text = path.read_text(encoding="utf-8")
        row(path.name, text * max(1, SIZE // len(text)), said.reps)


if __name__ == "__main__":
    main()
