"""How much of MyST's own test suite the built-in front end and the renderer pass.

    npm pack myst-spec@0.0.5 && tar xzf myst-spec-0.0.5.tgz
    python bench/myst_spec.py package/dist/myst.tests.json [--show N]

Two scores: the tree against the suite's tree (its directive and role wrappers, which mystmd removes, are removed), and
the HTML from source. As upstream does, blanks between tags do not count; neither does what this renderer adds on
purpose: heading anchors, lazy images, colours and the boxes that let wide things scroll. Raw HTML passes as it is here;
the site cleans it.
"""

import json
import re
import sys
from collections import Counter
from html import unescape
from pathlib import Path

from nozzle.document.mdast import Node, children, parse
from nozzle.publish.clean import Link, Raw
from nozzle.publish.drawing import Drawing
from nozzle.publish.html import draw

_ADDED = (
    (r' <a class="anchor".*?</a>', ""),
    (r'<div class="wide" tabindex="0">(.*?)</div>', r"\1"),
    (r"<span class=\"[\w ]*\">((?:(?!<span).)*?)</span>(?=(?:(?!<pre).)*</pre>)", r"\1"),
    (r' (?:tabindex|loading|rel|name|id)="[^"]*"', ""),
    (r' id="[^"]*"', ""),
)
_RESOLVED = ("mystTarget", "captionNumber", "admonitionTitle")
_LOST = {"position", "html_id", "label", "enumerator", "resolved", "spread", "start", "data"}


class _Trusted(Raw):
    def feed(self, source: str) -> str:
        return source


def main() -> None:
    tests = json.loads(Path(sys.argv[1]).read_text())
    shown = int(sys.argv[3]) if len(sys.argv) > 3 else 0
    trees, pages = Counter(), Counter()
    for test in tests:
        group = "CommonMark" if test["title"].startswith("cmark") else "MyST"
        root = parse(test["myst"])["mdast"]
        trees[group, _bare(root) == _bare(_unwrapped(test["mdast"]))] += 1
        if test.get("html") is None:
            continue
        page = draw(root, Drawing(raw=_raw))
        same = _normal(page) == _normal(test["html"])
        pages[group, same] += 1
        if not same and shown:
            shown -= 1
            print(f"--- {test['title']}\n{test['myst']}\n<<< {_normal(test['html'])}\n>>> {_normal(page)}\n")
    for what, score in (("tree", trees), ("HTML", pages)):
        for group in ("CommonMark", "MyST"):
            print(f"{what:5} {group:11} {score[group, True]:4} of {score[group, True] + score[group, False]}")


def _raw(link: Link) -> Raw:
    return _Trusted(link)


def _unwrapped(node: Node) -> Node:
    found: list[Node] = []
    for child in children(node):
        one = _unwrapped(child)
        wrapper = one["type"] in ("mystDirective", "mystRole") and one.get("children") is not None
        found += children(one) if wrapper else [one]
    return {**node, "children": found} if "children" in node else node


def _bare(node: Node) -> object:
    kept = {key: value for key, value in node.items() if key not in _LOST and value not in (None, "", False, [])}
    if node["type"] in ("link", "crossReference"):  # resolved here, not yet in the suite
        return "reference"
    if children(node):
        kept["children"] = [_bare(child) for child in children(node) if child["type"] not in _RESOLVED]
    if kept.get("kind") == "admonition" or node["type"] == "heading":
        kept.pop("kind", None)
        kept.pop("identifier", None)
    return kept


def _normal(page: str) -> str:
    for pattern, by in _ADDED:
        page = re.sub(pattern, by, page, flags=re.S)
    page = re.sub(r"\s*(<[^>]*>)\s*", r"\1", page).replace(" />", ">").replace("/>", ">")
    page = re.sub(r"<[^>]*>", _sorted, page)
    return re.sub(r"\s+", " ", unescape(page)).strip()


def _sorted(found: re.Match[str]) -> str:
    tag = found[0]
    pairs = sorted(re.findall(r'\s([\w-]+(?:="[^"]*")?)', tag))
    name = re.match(r"</?[\w!-]*", tag)
    return f"{name[0] if name else ''} {' '.join(pairs)}>".replace(" >", ">")


if __name__ == "__main__":
    main()
