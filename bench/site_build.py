"""How fast a journal becomes a site: clean, unchanged, one page edited; and, with --entry, one real entry.

    python bench/site_build.py [--pages 100] [--entry journal/long.md]

Every page has prose, a formula, a table, a picture of a chart and five code cells of its own with outputs (about 6 kB):
no two cells are alike, so that nothing is coloured twice. Each figure is the median of three builds in this process,
after a build that warms imports; the incremental result is compared with a clean one byte for byte.
"""

import argparse
import random
import statistics
import tempfile
import time
from pathlib import Path

from nozzle.document.mdast import parse
from nozzle.publish import Page, Report, Site, build
from nozzle.publish.colour import coloured
from nozzle.publish.diagram import svg
from nozzle.publish.formula import mathml

WORDS = ("kernel", "fusion", "memory", "cache", "tile", "loop", "vector", "the", "of", "and", "is", "not", "twice")
CODE = """
```{{code-cell}} python
#| label: c{n}
import numpy as np

def step_{n}(a: np.ndarray, b: np.ndarray, *, scale: float = {n}.5) -> np.ndarray:
    \"\"\"Multiply, then add {n}; one temporary.\"\"\"
    out = np.empty_like(a)
    for i in range(0, len(a), {m}):
        np.multiply(a[i : i + {m}], b[i : i + {m}], out=out[i : i + {m}])
        if not np.isfinite(out[i]):  # never seen
            raise ValueError(f"row {{i}} of {n} is no number")
    return out * scale + {n}

print(step_{n}(np.arange({m}.0), np.ones({m})).sum())
```

<!-- nozzle:output v=1 of={n:012x} status=ok sha={m:012x} -->

```text
{n} {m} {words}
```

<!-- /nozzle -->
"""


def text(at: int) -> str:
    """One page of its own."""
    dice = random.Random(at)

    def prose(count: int) -> str:
        return " ".join(dice.choice(WORDS) for _ in range(count)).capitalize() + "."

    cells = "".join(CODE.format(n=at * 10 + n, m=dice.randrange(10**6), words=prose(8)) for n in range(5))
    day = f"20{20 + at // 336:02}-{at // 28 % 12 + 1:02}-{at % 28 + 1:02}"
    head = (
        f"---\ntitle: Page {at}\ndate: {day}\ntags: [{dice.choice(WORDS)}]\n---\n\n{prose(60)}\n\n## One\n\n{prose(80)}"
    )
    formula = f"See [](#c{at * 10}).\n\n$$\ny_{{{at}}} = \\sum_i a_i b_i + {at}\n$$\n\n## Two"
    table = f"| a | b |\n|---|---|\n| {at} | {prose(3)} |"
    chart = f"```mermaid\ngraph TB\nA{at} --> B --> C\nA{at} --> C\n```"
    return f"{head} {formula}\n\n{table}\n\n{chart}\n{cells}\n## Three\n\n{prose(80)}\n"


def timed(pages: list[Page], root: Path, out: Path) -> tuple[float, Report]:
    start = time.perf_counter()
    report = build(pages, root, out, Site("Bench"))
    return time.perf_counter() - start, report


def forget() -> None:
    """Empty what this process remembers."""
    for memo in (coloured, mathml, svg):
        memo.cache_clear()


def content(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def journal(count: int) -> None:
    with tempfile.TemporaryDirectory() as name:
        root = Path(name)
        pages = [Page(f"journal/page-{at}.md", text(at)) for at in range(count)]
        timed(pages[:2], root, root / "warm")
        clean, same, edit = [], [], []
        for turn in range(3):
            forget()
            out = root / f"site-{turn}"
            clean.append(timed(pages, root, out)[0])
            same.append(timed(pages, root, out)[0])
            changed = [*pages[:-1], Page(pages[-1].source, pages[-1].text + f"\nOne more {turn}.\n")]
            seconds, report = timed(changed, root, out)
            edit.append(seconds)
            timed(changed, root, root / f"clean-{turn}")
            assert content(out) == content(root / f"clean-{turn}"), "incremental is not clean"
            assert len(report.written) == 2, report.written
    seconds = statistics.median(clean)
    print(f"{count} pages of {len(text(1))} bytes: clean {seconds:.2f} s, {count / seconds:.0f} pages/s")
    unchanged, edited = (statistics.median(times) * 1e3 for times in (same, edit))
    print(f"nothing changed {unchanged:.0f} ms; one page edited {edited:.0f} ms")


def entry(path: Path) -> None:
    source = path.read_text()
    times = []
    with tempfile.TemporaryDirectory() as name:
        for turn in range(3):
            forget()
            times.append(timed([Page(path.name, source)], path.parent, Path(name) / str(turn))[0])
    start = time.perf_counter()
    parse(source)
    tree = time.perf_counter() - start
    print(
        f"{path.name}, {len(source)} characters: {statistics.median(times) * 1e3:.0f} ms, its tree {tree * 1e3:.0f} ms"
    )


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--pages", type=int, default=100)
    options.add_argument("--entry", type=Path)
    chosen = options.parse_args()
    journal(chosen.pages)
    if chosen.entry:
        entry(chosen.entry)


if __name__ == "__main__":
    main()
