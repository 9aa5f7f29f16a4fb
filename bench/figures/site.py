"""A folder of Markdown becomes a site: nozzle, mkdocs and eleventy, all with coloured code, all from nothing.

Every page has prose, a table, a list and five Python blocks of its own (about 4 kB), so that nothing is coloured twice.
"""

import json
import random
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from contest import Arm, Took, Void, process, race
from peers import plain
from table import Row, raced
from workplace import Workplace

SIZES = {100: 3, 1000: 1}
"""Pages -> repetitions."""
PATIENCE = 150.0
WORDS = ("kernel", "fusion", "memory", "cache", "tile", "loop", "vector", "the", "of", "and", "is", "not", "twice")
CODE = '''\
```python
import numpy as np


def step_{n}(a: np.ndarray, b: np.ndarray, *, scale: float = {n}.5) -> np.ndarray:
    """Multiply, then add {n}; one temporary."""
    out = np.empty_like(a)
    for i in range(0, len(a), {m}):
        np.multiply(a[i : i + {m}], b[i : i + {m}], out=out[i : i + {m}])
        if not np.isfinite(out[i]):  # never seen
            raise ValueError(f"row {{i}} of {n} is no number")
    return out * scale + {n}


print(step_{n}(np.arange({m}.0), np.ones({m})).sum())
```
'''
MARK = re.compile(r"mark-(\d+)-end")
ELEVENTY = """\
import highlight from "@11ty/eleventy-plugin-syntaxhighlight";
export default function (config) {
  config.addPlugin(highlight);
  config.addGlobalData("layout", "page.njk");
  return { dir: { input: "docs", output: "site" } };
}
"""
LAYOUT = """\
<!doctype html>
<html><head><title>{{ title }}</title></head><body><main>{{ content | safe }}</main></body></html>
"""


def rows(where: Workplace) -> Iterator[Row]:
    for peer, make in {"mkdocs": _mkdocs, "eleventy": _eleventy}.items():
        for count, usual in SIZES.items():
            name = f"build of {count} entries"
            if why := where.peers.missing(peer):
                yield Row("build", f"{name}, beside {peer}", why=why)
                continue
            found = race(
                _nozzle(where, count), make(where, count), where.times(usual), where.control, _alike, warm=count <= 100
            )
            mine, other = (sum(each.seconds for each in side) / len(side) for side in (found.ours, found.theirs))
            notes = [f"{count} entries: nozzle {count / mine:.0f} pages/s, {peer} {count / other:.0f} pages/s"]
            yield raced("build", name, found, peer, notes=notes)


def _nozzle(where: Workplace, count: int) -> Arm:
    folder = where.repository("site")
    _write(folder / "journal", count)
    return _arm(folder / "site", count, lambda: where.nozzle(folder, "build", patience=PATIENCE))


def _mkdocs(where: Workplace, count: int) -> Arm:
    folder = where.new("mkdocs")
    _write(folder / "docs", count)
    extensions = [{"codehilite": {"guess_lang": False}}, "fenced_code", "tables"]
    (folder / "mkdocs.yml").write_text(json.dumps({"site_name": "Bench", "markdown_extensions": extensions}))
    words = [where.peers.program("mkdocs", "mkdocs"), "build", "-q"]
    return _arm(folder / "site", count, lambda: process(words, folder, plain(), patience=PATIENCE))


def _eleventy(where: Workplace, count: int) -> Arm:
    folder = where.new("eleventy")
    _write(folder / "docs", count)
    (folder / "docs" / "_includes").mkdir()
    (folder / "docs" / "_includes" / "page.njk").write_text(LAYOUT)
    (folder / "package.json").write_text('{"type": "module"}\n')
    (folder / "eleventy.config.js").write_text(ELEVENTY)
    (folder / "node_modules").symlink_to(where.peers.place / "eleventy" / "node_modules")
    words = [where.peers.program("eleventy", "eleventy"), "--quiet"]
    return _arm(folder / "site", count, lambda: process(words, folder, plain(), patience=PATIENCE))


def _arm(site: Path, count: int, build: Callable[[], Took]) -> Arm:
    """Build from nothing, and look whether every page came out, with its text and its colours."""

    def work(rep: int) -> Took:
        shutil.rmtree(site, ignore_errors=True)
        done = build()
        pages = (path.read_text() for path in site.rglob("*.html"))
        marks = {found[1] for page in pages if _coloured(page) and (found := MARK.search(page))}
        if len(marks) < count:
            raise Void(f"{len(marks)} of {count} pages came out whole")
        return Took(done.seconds, done.cpu, "whole")

    return work


def _coloured(page: str) -> bool:
    """Whether a word of the code stands in a span of its own, as all three mark it."""
    return page.count("<span class=") > 100


def _alike(ours: object, theirs: object) -> str:
    return "" if ours == theirs else "not the same pages"


def _write(folder: Path, count: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for at in range(count):
        (folder / f"page-{at:04}.md").write_text(_page(at))


def _page(at: int) -> str:
    dice = random.Random(at)

    def prose(words: int) -> str:
        return " ".join(dice.choice(WORDS) for _ in range(words)).capitalize() + "."

    cells = "\n".join(CODE.format(n=at * 10 + n, m=dice.randrange(10**6)) for n in range(5))
    day = f"20{20 + at // 336:02}-{at // 28 % 12 + 1:02}-{at % 28 + 1:02}"
    table = f"| a | b |\n|---|---|\n| {at} | {prose(3)} |"
    lists = f"- {prose(6)}\n- **{prose(5)}**\n- `{at}` {prose(4)}"
    front = f"---\ntitle: Page {at}\ndate: {day}\n---"
    body = [front, prose(60), "## One", prose(80), table, lists, cells, "## Three", f"{prose(80)} mark-{at}-end"]
    return "\n\n".join(body) + "\n"
