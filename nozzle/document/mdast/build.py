"""markdown-it's flat tokens become nested nodes: one row per token type, a stack, no recursion over an author's depth.

Nothing is resolved here (references.py does that) and nothing of nozzle's own is known (envelopes.py).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from markdown_it.common.utils import unescapeAll
from markdown_it.token import Token

from nozzle.document.mdast import grammar
from nozzle.document.mdast.fence import directive
from nozzle.document.mdast.node import Node, named, text
from nozzle.document.mdast.roles import role

_DEEPEST = 80  # levels of nesting that are kept: deeper marks are dropped, their words stay
_DIRECTIVES = 8  # a directive inside that many others is shown as it was written
_ALERT = re.compile(r"^\[!(NOTE|TIP|IMPORTANT|WARNING|CAUTION)\][ \t]*(?:\n|$)", re.I)
_TICK = re.compile(r"^\[([ xX])\](?=\s|$)\s*")


@dataclass(frozen=True)
class Reading:
    """Where in an entry a text is being read: what bodies of directives share with the page around them."""

    names: grammar.Names = field(default_factory=dict)
    line: int = 0
    depth: int = 0  # levels of nodes around this text
    inside: int = 0  # directives around this text

    def blocks(self, source: str, line: int | None = None) -> list[Node]:
        """Read Markdown; `line` is where it begins in the entry."""
        at = self if line is None else replace(self, line=line)
        return build(grammar.blocks(source, self.names), at)

    def inline(self, source: str) -> list[Node]:
        """Read one run of text."""
        return build(grammar.inline(source, self.names), self) if source else []


@dataclass
class _Open:
    token: Token
    children: list[Node] = field(default_factory=list)


def build(tokens: Sequence[Token], at: Reading) -> list[Node]:
    """Nest a token stream."""
    stack = [_Open(Token("root", "", 0))]
    for token in tokens:
        if token.nesting == 1:
            stack.append(_Open(token))
        elif token.nesting == -1 and len(stack) > 1:
            done = stack.pop()
            for node in _close(done, at, at.depth + len(stack)):
                _append(stack[-1].children, node)
        else:
            for node in _leaf(token, replace(at, depth=at.depth + len(stack))):
                _append(stack[-1].children, node)
    return stack[0].children


def _append(siblings: list[Node], node: Node) -> None:
    if node["type"] == "text" and siblings and siblings[-1]["type"] == "text":
        siblings[-1] = text(siblings[-1]["value"] + node["value"])
    else:
        siblings.append(node)


def _close(done: _Open, at: Reading, depth: int) -> list[Node]:
    if depth > _DEEPEST or done.token.hidden:
        return done.children
    make = _NESTED.get(done.token.type)
    if make is None:
        return done.children
    return [_placed(node, done.token, at) for node in make(done.token, done.children)]


def _leaf(token: Token, at: Reading) -> list[Node]:
    if token.type == "inline":
        return build(token.children or [], at)
    if token.type in ("fence", "colon_fence"):
        return [_placed(node, token, at) for node in _fence(token, at)]
    make = _LEAVES.get(token.type)
    return [_placed(node, token, at) for node in make(token)] if make else []


def _placed(node: Node, token: Token, at: Reading) -> Node:
    if token.map and "position" not in node:
        node["position"] = {"start": {"line": at.line + token.map[0] + 1}, "end": {"line": at.line + token.map[1]}}
    return node


def _fence(token: Token, at: Reading) -> list[Node]:
    from nozzle.document.mdast.directives import run  # bodies of directives are read with this module

    found = directive(token.info, token.content, at.line + (token.map or [0])[0] + 1)
    if found and at.inside < _DIRECTIVES and at.depth < _DEEPEST:
        return run(found, replace(at, inside=at.inside + 1, line=found.line))
    if token.type == "colon_fence" and not found and at.inside < _DIRECTIVES:
        within = replace(at, inside=at.inside + 1).blocks(token.content, at.line + (token.map or [0])[0] + 1)
        return [{"type": "div", "class": token.info.strip(), "children": within}]
    return [_code(token.info, token.content)]


def _code(info: str, content: str) -> Node:
    words = unescapeAll(info).split()
    lang = words[0] if words else ""
    value = content.removesuffix("\n")
    if lang in ("math", "mermaid"):
        return {"type": lang, "value": value.strip("\n")}
    return {"type": "code", "lang": lang, "value": value}


def _nested(kind: str) -> Callable[[Token, list[Node]], list[Node]]:
    return lambda _, within: [{"type": kind, "children": within}]


def _list(token: Token, within: list[Node]) -> list[Node]:
    ordered = token.type.startswith("ordered")
    node: Node = {"type": "list", "ordered": ordered, "spread": False, "children": within}
    return [node | {"start": int(token.attrs.get("start", 1))} if ordered else node]


def _item(_: Token, within: list[Node]) -> list[Node]:
    node: Node = {"type": "listItem", "spread": True, "children": within}
    line = within[0]["children"] if within and within[0]["type"] == "paragraph" else within
    ticked = _TICK.match(line[0]["value"]) if line and line[0]["type"] == "text" else None
    if ticked:
        node["checked"] = ticked[1] != " "
        line[0] = text(line[0]["value"][ticked.end() :])
    return [node]


def _quote(_: Token, within: list[Node]) -> list[Node]:
    line = within[0]["children"] if within and within[0]["type"] == "paragraph" else []
    alert = _ALERT.match(line[0]["value"]) if line and line[0]["type"] == "text" else None
    if alert is None:
        return [{"type": "blockquote", "children": within}]
    line[0] = text(line[0]["value"][alert.end() :])
    said = within if line[0]["value"] or len(line) > 1 else within[1:]
    title = {"type": "admonitionTitle", "children": [text(alert[1].capitalize())]}
    return [{"type": "admonition", "kind": alert[1].lower(), "children": [title, *said]}]


def _link(token: Token, within: list[Node]) -> list[Node]:
    return [_titled({"type": "link", "url": str(token.attrs.get("href", "")), "children": within}, token)]


def _image(token: Token) -> list[Node]:
    alt = "".join(_alt(child) for child in token.children or [])
    return [_titled({"type": "image", "url": str(token.attrs.get("src", "")), "alt": alt}, token)]


def _alt(token: Token) -> str:
    if token.type == "softbreak":
        return "\n"
    if token.type == "image":
        return "".join(_alt(child) for child in token.children or [])
    return token.content


def _titled(node: Node, token: Token) -> Node:
    return node | {"title": str(token.attrs["title"])} if "title" in token.attrs else node


def _cell(token: Token, within: list[Node]) -> list[Node]:
    node: Node = {"type": "tableCell", "children": within}
    if token.type == "th_open":
        node["header"] = True
    style = str(token.attrs.get("style", ""))
    return [node | {"align": style.partition(":")[2]} if style else node]


def _value(kind: str) -> Callable[[Token], list[Node]]:
    return lambda token: [{"type": kind, "value": token.content}]


def _math(token: Token) -> list[Node]:
    return [named({"type": "math", "value": token.content.strip("\n")}, token.info)]


_NESTED: dict[str, Callable[[Token, list[Node]], list[Node]]] = {
    "paragraph_open": _nested("paragraph"),
    "heading_open": lambda token, within: [{"type": "heading", "depth": int(token.tag[1]), "children": within}],
    "em_open": _nested("emphasis"),
    "strong_open": _nested("strong"),
    "s_open": _nested("delete"),
    "link_open": _link,
    "blockquote_open": _quote,
    "bullet_list_open": _list,
    "ordered_list_open": _list,
    "list_item_open": _item,
    "table_open": _nested("table"),
    "tr_open": _nested("tableRow"),
    "th_open": _cell,
    "td_open": _cell,
    "dl_open": _nested("definitionList"),
    "dt_open": _nested("definitionTerm"),
    "dd_open": _nested("definitionDescription"),
    "footnote_reference_open": lambda token, within: [
        named({"type": "footnoteDefinition", "children": within}, token.meta["label"])
    ],
}

_LEAVES: dict[str, Callable[[Token], list[Node]]] = {
    "text": lambda token: [text(token.content)] if token.content else [],
    "text_special": lambda token: [text(token.content)] if token.content else [],
    "softbreak": lambda _: [text("\n")],
    "hardbreak": lambda _: [{"type": "break"}],
    "code_inline": _value("inlineCode"),
    "html_inline": _value("html"),
    "html_block": lambda token: [{"type": "html", "value": token.content.rstrip("\n")}],
    "image": _image,
    "hr": lambda _: [{"type": "thematicBreak"}],
    "code_block": lambda token: [_code("", token.content)],
    "math_inline": _value("inlineMath"),
    "math_inline_double": _math,
    "math_block": _math,
    "amsmath": _math,
    "math_block_label": _math,
    "myst_role": lambda token: [role(token.meta["name"], token.content)],
    "myst_line_comment": lambda token: [{"type": "mystComment", "value": token.content.strip()}],
    "myst_block_break": lambda token: [{"type": "blockBreak"} | ({"meta": token.content} if token.content else {})],
    "myst_target": lambda token: [{"type": "mystTarget", "label": token.content}],
    "footnote_ref": lambda token: [named({"type": "footnoteReference"}, token.meta["label"])],
}
