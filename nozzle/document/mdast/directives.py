"""Directives: fences with a name in braces. One row per name; one that nobody knows is shown as written."""

import csv
import re
from collections.abc import Callable

from nozzle.document.mdast.build import Reading
from nozzle.document.mdast.fence import Directive
from nozzle.document.mdast.node import Node, children, named, text, walk
from nozzle.document.options import comments, tags

_TITLES = {"seealso": "See also"}
_NUMBERS = re.compile(r"(\d+)(?:\s*-\s*(\d+))?")


def run(directive: Directive, at: Reading) -> list[Node]:
    """Return the nodes a directive stands for."""
    make = _DIRECTIVES.get(directive.name.lower())
    if make is None:
        return [_unknown(directive)]
    nodes = make(directive, at)
    if nodes:
        named(nodes[0], directive.options.get("label") or directive.options.get("name"))
        _classed(nodes[0], directive)
    return nodes


def _classed(node: Node, directive: Directive) -> None:
    words = directive.options.get("class")
    if isinstance(words, str):
        node["class"] = f"{node['class']} {words}" if node.get("class") else words


def _unknown(directive: Directive) -> Node:
    node: Node = {"type": "mystDirective", "name": directive.name, "value": directive.raw}
    return node | {"args": directive.argument} if directive.argument else node


def _option(directive: Directive, name: str) -> str | None:
    value = directive.options.get(name)
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else None


def _kept(**fields: object) -> Node:
    return {key: value for key, value in fields.items() if value is not None}


def _body(directive: Directive, at: Reading) -> list[Node]:
    return at.blocks(directive.body, directive.line)


def _titled(kind: str, words: list[Node]) -> list[Node]:
    return [{"type": kind, "children": words}] if words else []


def _paragraph(words: list[Node]) -> list[Node]:
    return _titled("paragraph", words)


def _admonition(directive: Directive, at: Reading) -> list[Node]:
    name = directive.name.lower()
    said, body = at.inline(directive.argument), _body(directive, at)
    title = said if body else []  # an argument alone is the text, as mystmd has it
    first = [] if body else _paragraph(said)
    if name != "admonition" and not title:
        title = [text(_TITLES.get(name, name.capitalize()))]
    if "dropdown" in str(directive.options.get("class", "")).split():
        return [{"type": "details", "children": [*_titled("summary", title), *first, *body]}]
    return [{"type": "admonition", "kind": name, "children": [*_titled("admonitionTitle", title), *first, *body]}]


def _details(directive: Directive, at: Reading) -> list[Node]:
    summary = {"type": "summary", "children": at.inline(directive.argument) or [text("Details")]}
    node: Node = {"type": "details", "children": [summary, *_body(directive, at)]}
    return [node | {"open": True} if "open" in directive.options else node]


def _said(words: str) -> Callable[[Directive, Reading], list[Node]]:
    def make(directive: Directive, at: Reading) -> list[Node]:
        within = [*_paragraph(at.inline(directive.argument)), *_body(directive, at)]
        return [{"type": "div", "class": words, "children": within}]

    return make


def _code(directive: Directive, _: Reading) -> list[Node]:
    start = _option(directive, "lineno-start") or _option(directive, "number-lines")
    shown = start is not None or "linenos" in directive.options or "number-lines" in directive.options
    first = int(start) if start and start.isdecimal() and len(start) < 9 else 1
    node = _kept(
        type="code",
        lang=directive.argument.split()[0] if directive.argument else "",
        value=directive.body,
        showLineNumbers=shown or None,
        startingLineNumber=first if first != 1 else None,
        emphasizeLines=_numbers(_option(directive, "emphasize-lines") or "") or None,
        filename=_option(directive, "filename"),
    )
    return [_captioned(node, _option(directive, "caption"), "code")]


def _numbers(words: str) -> list[int]:
    found = [(int(first), int(last or first)) for first, last in _NUMBERS.findall(words[:200])]
    return [number for first, last in found for number in range(first, min(last, first + 1000) + 1)]


def _captioned(node: Node, caption: str | None, kind: str) -> Node:
    if not caption:
        return node
    words: Node = {"type": "caption", "children": _paragraph([text(caption)])}
    return {"type": "container", "kind": kind, "children": [words, node]}


def _cell(directive: Directive, _: Reading) -> list[Node]:
    said = comments(directive.body.split("\n"))[0]
    options = {**directive.options, **said}
    lang = directive.argument.split()[0] if directive.argument else ""
    code: Node = {"type": "code", "lang": lang, "executable": True, "value": directive.body}
    node: Node = {"type": "block", "kind": "notebook-code", "children": [code]}
    found = tags(options)
    if found:
        node["data"] = {"tags": found}
    if "hide-input" in found or "remove-input" in found:
        code["visibility"] = "remove" if "remove-input" in found else "hide"
    if "remove-cell" in found or "hide-cell" in found:
        node["visibility"] = "remove" if "remove-cell" in found else "hide"
    caption = options.get("caption")
    if isinstance(caption, str):
        node["children"].insert(0, {"type": "caption", "children": _paragraph([text(caption)])})
    return [named(node, options.get("label") or options.get("name"))]


def _leaf(kind: str) -> Callable[[Directive, Reading], list[Node]]:
    return lambda directive, _: [{"type": kind, "value": "\n".join(_lines(directive)).strip("\n")}]


def _lines(directive: Directive) -> list[str]:
    return [directive.argument, directive.body] if directive.argument else [directive.body]


def _image(directive: Directive, _: Reading) -> list[Node]:
    names = ("alt", "width", "height", "align", "title")
    picked = {name: _option(directive, name) for name in names}
    return [_kept(type="image", url=directive.argument, **picked)]


def _figure(directive: Directive, at: Reading) -> list[Node]:
    within = _body(directive, at)
    image = _kept(
        type="image",
        url=directive.argument,
        alt=_option(directive, "alt"),
        width=_option(directive, "width"),
        height=_option(directive, "height"),
    )
    first = within[:1] if within and within[0]["type"] == "paragraph" else []
    rest = within[len(first) :]
    parts = [*([image] if directive.argument else []), *_titled("caption", first), *_titled("legend", rest)]
    return [_kept(type="container", kind="figure", align=_option(directive, "align"), children=parts)]


def _container(directive: Directive, at: Reading, within: list[Node]) -> list[Node]:
    caption = _titled("caption", _paragraph(at.inline(directive.argument)))
    return [{"type": "container", "kind": "table", "children": [*caption, *within]}]


def _table(directive: Directive, at: Reading) -> list[Node]:
    return _container(directive, at, _body(directive, at))


def _list_table(directive: Directive, at: Reading) -> list[Node]:
    within = _body(directive, at)
    if len(within) != 1 or within[0]["type"] != "list":
        return [_unknown(directive)]
    rows = [_row([_bare(cell) for cell in _cells(item)]) for item in children(within[0])]
    return _container(directive, at, [{"type": "table", "children": _headed(rows, directive)}])


def _cells(item: Node) -> list[list[Node]]:
    found = [node for node in children(item) if node["type"] == "list"]
    return [children(cell) for cell in children(found[0])] if found else [children(item)]


def _bare(within: list[Node]) -> list[Node]:
    return children(within[0]) if len(within) == 1 and within[0]["type"] == "paragraph" else within


def _csv_table(directive: Directive, at: Reading) -> list[Node]:
    try:
        found = list(csv.reader(directive.body.split("\n"), skipinitialspace=True, strict=True))
    except csv.Error:
        return [_unknown(directive)]
    head = _option(directive, "header")
    if head is not None:
        found.insert(0, next(csv.reader([head], skipinitialspace=True), []))
    rows = [_row([at.inline(cell) for cell in row]) for row in found if row]
    return _container(directive, at, [{"type": "table", "children": _headed(rows, directive, head is not None)}])


def _row(cells: list[list[Node]]) -> Node:
    return {"type": "tableRow", "children": [{"type": "tableCell", "children": cell} for cell in cells]}


def _headed(rows: list[Node], directive: Directive, given: bool = False) -> list[Node]:
    wanted = _option(directive, "header-rows") or "0"
    count = (int(wanted) if wanted.isdecimal() and len(wanted) < 5 else 0) + given
    for row in rows[:count]:
        for cell in children(row):
            cell["header"] = True
    return rows


def _tab_set(directive: Directive, at: Reading) -> list[Node]:
    return [{"type": "tabSet", "children": _body(directive, at)}]


def _tab_item(directive: Directive, at: Reading) -> list[Node]:
    return [{"type": "tabItem", "title": directive.argument or "Tab", "children": _body(directive, at)}]


def _grid(directive: Directive, at: Reading) -> list[Node]:
    columns = [int(word) for word in directive.argument.split() if word.isdecimal() and len(word) < 3]
    return [{"type": "grid", "columns": columns or [1, 2, 2, 3], "children": _body(directive, at)}]


def _card(directive: Directive, at: Reading) -> list[Node]:
    title = _titled("cardTitle", at.inline(directive.argument))
    link = _option(directive, "link")
    return [_kept(type="card", url=link, children=[*title, *_body(directive, at)])]


def _aside(directive: Directive, at: Reading) -> list[Node]:
    title = _titled("admonitionTitle", at.inline(directive.argument))
    return [{"type": "aside", "kind": directive.name.lower(), "children": [*title, *_body(directive, at)]}]


def _quote(directive: Directive, at: Reading) -> list[Node]:
    first = _paragraph(at.inline(directive.argument))
    return [{"type": "blockquote", "children": [*first, *_body(directive, at)]}]


def _iframe(directive: Directive, _: Reading) -> list[Node]:
    return [_kept(type="iframe", src=directive.argument, width=_option(directive, "width"))]


def _proof(directive: Directive, at: Reading) -> list[Node]:
    kind = directive.name.lower().removeprefix("prf:")
    words = text(kind.capitalize() + (": " if directive.argument else ""))
    title: Node = {"type": "admonitionTitle", "children": [words, *at.inline(directive.argument)]}
    return [{"type": "proof", "kind": kind, "children": [title, *_body(directive, at)]}]


def _glossary(directive: Directive, at: Reading) -> list[Node]:
    within = _body(directive, at)
    for term in (node for part in within for node in walk(part) if node["type"] == "definitionTerm"):
        named(term, "term-" + "".join(child.get("value", "") for child in children(term)))
    return [{"type": "glossary", "children": within}]


_ADMONITIONS = ("admonition", "attention", "caution", "danger", "error", "important", "hint", "note", "seealso", "tip")
_PROOFS = ("proof", "theorem", "lemma", "corollary", "definition", "example", "axiom", "remark", "conjecture")

_DIRECTIVES: dict[str, Callable[[Directive, Reading], list[Node]]] = {
    **dict.fromkeys((*_ADMONITIONS, "warning"), _admonition),
    **dict.fromkeys([f"prf:{name}" for name in _PROOFS], _proof),
    **dict.fromkeys(("exercise", "solution"), _proof),
    "ask": _said("ask"),
    "do": _said("do"),
    "dropdown": _details,
    "details": _details,
    "code": _code,
    "code-block": _code,
    "sourcecode": _code,
    "code-cell": _cell,
    "math": _leaf("math"),
    "mermaid": _leaf("mermaid"),
    "image": _image,
    "figure": _figure,
    "table": _table,
    "list-table": _list_table,
    "csv-table": _csv_table,
    "tab-set": _tab_set,
    "tab-item": _tab_item,
    "grid": _grid,
    "card": _card,
    "grid-item-card": _card,
    "margin": _aside,
    "sidebar": _aside,
    "aside": _aside,
    "topic": _aside,
    "epigraph": _quote,
    "blockquote": _quote,
    "pull-quote": _quote,
    "iframe": _iframe,
    "glossary": _glossary,
}
