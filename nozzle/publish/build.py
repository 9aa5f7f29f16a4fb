"""Pages -> a folder of HTML. What did not change is not drawn again, and the result is the same as if it had been.

A page's record holds the questions its links asked and the answers it got: it stands as long as its own inputs and
those answers do.
"""

import json
import os
import posixpath
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from nozzle import __version__, whole
from nozzle.document.mdast import Node, children, parse, walk
from nozzle.errors import Unreadable
from nozzle.publish import listing, pages
from nozzle.publish.address import Answer, World
from nozzle.publish.drawing import Drawing
from nozzle.publish.heading import heading
from nozzle.publish.html import draw
from nozzle.publish.leaf import Leaf, leaf, lifted
from nozzle.publish.mystmd import Mystmd
from nozzle.publish.shelf import Shelf, digest, stamp
from nozzle.publish.site import Broken, Page, Report, Site

Front = Callable[[Page], Node]
_PAST = re.compile(r"#cell-[0-9a-f]{12}(-\d+)?")
"""A cell by its digest: one that is on no page stood in an earlier step, as the news of a repair say."""
Asked = dict[str, list[Any]]  # a link -> the line it was asked in, and the answer


def build(
    sources: Iterable[Page],
    root: Path,
    out: Path,
    site: Site,
    *,
    drafts: bool = False,
    front: Literal["python", "mystmd"] = "python",
) -> Report:
    """Publish pages into `out`.

    Raises Refused when the folder holds somebody else's page where one has to be written, or when two sources would
    become one page; Unwritable when it cannot write.
    """
    pages = list(sources)
    maker = Mystmd(pages) if front == "mystmd" else None
    report = _Build(pages, root, Shelf(out, root), site, front, maker.tree if maker else _parsed).run(drafts)
    return replace(report, warnings=(*report.warnings, *maker.warnings)) if maker else report


def bring(built: Path, out: Path, root: Path) -> None:
    """Put a site that was built in a folder of its own into `out`, byte for byte; raises as `build` does."""
    made, shelf = Shelf(built), Shelf(out, root)
    for path in made.files:
        shelf.put(path, (built / path).read_bytes(), path, (built / path).read_bytes)
    shelf.close(made.records)


def _parsed(page: Page) -> Node:
    return parse(page.text)


@dataclass
class _Build:
    sources: list[Page]
    root: Path
    shelf: Shelf
    site: Site
    name: str  # of the front end
    front: Front
    stamp: str = ""
    articles: dict[str, Node] = field(default_factory=dict)
    records: dict[str, Any] = field(default_factory=dict)
    broken: list[Broken] = field(default_factory=list)

    def run(self, drafts: bool) -> Report:
        self.stamp = stamp([*pages.files(), *_code()], __version__, self.name, json.dumps(asdict(self.site)))
        leaves = {page.source: self._leaf(page) for page in self.sources}
        hidden = frozenset(name for name, one in leaves.items() if one.draft and not drafts)
        shown = {name: one for name, one in leaves.items() if name not in hidden}
        folders = {page.source: _folder(page, self.root) for page in self.sources}
        world = World(self.root, shown, folders, hidden)
        order = listing.newest_first(shown.values())
        for page in self.sources:
            if page.source in shown:
                self._page(page, world, order)
            else:  # nothing of a draft goes into the folder, not even into its list
                del self.records[page.source]
        self._assets()
        listing.write(self.shelf, self.site, order, shown)
        removed = self.shelf.close(self.records)
        return self._report(leaves.values(), removed)

    def _leaf(self, page: Page) -> Leaf:
        """Read a page, or take what an earlier build knew of the same text."""
        key = self._key(page)
        known = self.shelf.records.get(page.source)
        if known is None or known["key"] != key:
            known = {"key": key, "leaf": asdict(leaf(page, self._article(page)))}
        self.records[page.source] = known
        return _thawed(known["leaf"])

    def _key(self, page: Page) -> str:
        marks = sorted((line, mark.state, mark.words) for line, mark in page.marks.items())
        facts = [
            page.source,
            page.text,
            sorted(page.cells.items()),
            sorted(page.said.items()),
            marks,
            str(page.when),
            str(page.files),
            page.unread,
        ]
        return digest(json.dumps([self.stamp, *facts, page.unread]).encode())

    def _article(self, page: Page) -> Node:
        if page.source not in self.articles:
            self.articles[page.source] = self.front(page)
        return self.articles[page.source]

    def _page(self, page: Page, world: World, order: Sequence[Leaf]) -> None:
        one, record = world.leaves[page.source], self.records[page.source]
        facts = listing.around(one, order)
        around = digest(json.dumps(facts).encode())
        if record.get("around") == around and self._stands(one, world, record["asked"]):
            self.shelf.keep(one.target, page.source)
        else:
            record = {**record, "around": around, "asked": self._drawn(page, world, one, facts)}
        self.records[page.source] = record
        self.articles.pop(page.source, None)
        self._complain(page, record["asked"])

    def _stands(self, one: Leaf, world: World, asked: Asked) -> bool:
        return self.shelf.holds(one.target) and all(
            asdict(world.ask(one.source, url)) == answer for url, (_, answer) in asked.items()
        )

    def _drawn(self, page: Page, world: World, one: Leaf, facts: dict[str, Any]) -> Asked:
        """Draw a page and write it; return what its links asked."""
        asked: Asked = {}
        drawing = Drawing(cells=page.cells, marks=page.marks, said=page.said)

        def ask(url: str) -> Answer:
            answer = world.ask(page.source, url)
            asked.setdefault(url, [drawing.line, asdict(answer)])
            return answer

        drawing.link, drawing.says = lambda url: ask(url).href, lambda url: ask(url).words
        body, toc = drawn(self._article(page), drawing)
        shown = {**listing.frame(self.site, one.target), "page": one, "body": body, "toc": toc, **facts}
        self.shelf.put(one.target, pages.page("entry.html", shown), page.source)
        return asked

    def _complain(self, page: Page, asked: Asked) -> None:
        for url, (line, answer) in asked.items():
            if answer["href"] is None and not _PAST.fullmatch(url):
                self.broken.append(Broken(page.source, _line(page.text, line, url), url, answer["why"]))

    def _assets(self) -> None:
        wanted = {answer["file"] for record in self.records.values() for _, answer in record["asked"].values()}
        for name in sorted(filter(None, wanted)):
            self.shelf.put(name, self._bytes(name), name, partial(self._bytes, name))

    def _bytes(self, name: str) -> bytes:
        try:
            with whole.opened(self.root / name, root=self.root) as file:
                content = file.read()
                return framed(content) if _rich(name) else content
        except OSError as error:
            where = self.root / name
            raise Unreadable(f"{where}, which a page shows, cannot be read ({error.strerror}): check it") from error

    def _report(self, leaves: Iterable[Leaf], removed: Sequence[str]) -> Report:
        warnings = [words for one in leaves for words in one.warnings]
        shelf = self.shelf
        return Report(
            tuple(shelf.written),
            tuple(shelf.unchanged),
            tuple(removed),
            tuple(self.broken),
            (*warnings, *shelf.warnings),
        )


def drawn(article: Node, drawing: Drawing) -> tuple[str, list[dict[str, Any]]]:
    """Return a page's body, and its headings for a table of contents."""
    blocks, drawing.shift = lifted(article)
    root = {**article["mdast"], "children": blocks}
    return draw(root, drawing), _contents(blocks)


def _contents(blocks: Iterable[Node]) -> list[dict[str, Any]]:
    """Return the author's headings of the two highest levels; of one, where that is many already."""
    own = (node for block in blocks if "nozzle" not in block.get("data", {}) for node in walk(block))
    heads = [node for node in own if node["type"] == "heading" and node.get("html_id")]
    levels = sorted({int(node["depth"]) for node in heads})[:2]
    if sum(node["depth"] in levels[:1] for node in heads) > 20:
        levels = levels[:1]
    shown = (node for node in heads if node["depth"] in levels)
    return [
        {"id": node["html_id"], "words": heading(children(node)), "level": levels.index(node["depth"])}
        for node in shown
    ]


def framed(content: bytes) -> bytes:
    """Wrap rich HTML in a page that may run its own scripts and reach nothing else."""
    return pages.page("frame.html", {"content": content.decode(errors="replace")})


def _rich(name: str) -> bool:
    return posixpath.basename(posixpath.dirname(name)) == "_out" and name.endswith(".html")


def _line(text: str, start: int, url: str) -> int:
    """Return the line a link stands in: at or below the first line of its block, from 1."""
    rows = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return next((at for at in range(max(start, 1), len(rows) + 1) if url in rows[at - 1]), max(start, 1))


def _code() -> list[Path]:
    """Return the files that decide what a page looks like."""
    here = Path(__file__).parent
    return [*here.glob("*.py"), *(here.parent / "document" / "mdast").glob("*.py")]


def _folder(page: Page, root: Path) -> str:
    """Return where a page's relative links start from, as a path from the root."""
    if page.files is None:
        return posixpath.dirname(page.source)
    return Path(os.path.relpath(page.files, root)).as_posix()


def _thawed(known: dict[str, Any]) -> Leaf:
    return Leaf(**{**known, "tags": tuple(known["tags"]), "warnings": tuple(known["warnings"])})
