"""What stands on lines of its own: paragraphs, lists, tables, figures, boxes, code, diagrams."""

import re
from html import escape

from nozzle.document.mdast import Node, children, plain
from nozzle.publish import diagram, flowchart, pie, sequence
from nozzle.publish.clean import safe
from nozzle.publish.colour import coloured, lines
from nozzle.publish.drawing import Draw, Drawing, attributes, tag
from nozzle.publish.formula import katex, mathml

_DIAGRAMS = ("graph", "flowchart", "sequenceDiagram", "pie")
_LONG = 200
_KINDS = ("attention", "caution", "danger", "error", "important", "hint", "note", "seealso", "tip", "warning")


def _heading(node: Node, page: Drawing) -> str:
    level = min(6, int(node.get("depth") or 1) + page.shift)
    anchor = escape(str(node.get("html_id") or node.get("identifier") or ""))
    mark = f' <a class="anchor" href="#{anchor}" aria-label="link to this section">#</a>' if anchor else ""
    return f"<h{level}{attributes(node)}>{page.inner(node)}{mark}</h{level}>"


def _list(node: Node, page: Drawing) -> str:
    name = "ol" if node.get("ordered") else "ul"
    start = node.get("start")
    tasks = "tasks" if any(item.get("checked") is not None for item in children(node)) else ""
    more = attributes(node, tasks, start=start if name == "ol" and start not in (None, 1) else None)
    return f"<{name}{more}>{page.inner(node)}</{name}>"


def _item(node: Node, page: Drawing) -> str:
    ticked = node.get("checked")
    name = escape(" ".join(plain(node).split()))
    box = (
        "" if ticked is None else f'<input type="checkbox" aria-label="{name}" disabled{" checked" if ticked else ""}> '
    )
    return f"<li{attributes(node)}>{box}{page.inner(node)}</li>"


def _rule(_: Node, __: Drawing) -> str:
    return "<hr>"


def scrolled(inner: str, style: str) -> str:
    """Put what may be wider than a phone in a box of its own, that a keyboard can scroll too."""
    return f'<div class="{style}" tabindex="0">{inner}</div>'


def _table(node: Node, page: Drawing) -> str:
    rows = children(node)
    head = [row for row in rows if children(row) and all(cell.get("header") for cell in children(row))]
    body = [row for row in rows if row not in head]
    thead = f"<thead>{''.join(map(page.draw, head))}</thead>" if head else ""
    tbody = f"<tbody>{''.join(map(page.draw, body))}</tbody>" if body else ""
    return scrolled(f"<table{attributes(node)}>{thead}{tbody}</table>", "wide")


def _cell(node: Node, page: Drawing) -> str:
    name = "th" if node.get("header") else "td"
    align = node.get("align") if node.get("align") in ("left", "center", "right") else None
    spans = {key: node.get(key) for key in ("colspan", "rowspan") if str(node.get(key) or "").isdecimal()}
    style = f"align-{align}" if align and align != "left" else ""
    return f"<{name}{attributes(node, style, **spans)}>{page.inner(node)}</{name}>"


def _container(node: Node, page: Drawing) -> str:
    align = f"align-{node['align']}" if node.get("align") in ("left", "center", "right") else ""
    return f"<figure{attributes(node, str(node.get('kind') or 'figure'), align)}>{page.inner(node)}</figure>"


def _admonition(node: Node, page: Drawing) -> str:
    kind = str(node.get("kind") or "")
    return f"<aside{attributes(node, 'admonition', kind if kind in _KINDS else '')}>{page.inner(node)}</aside>"


def _aside(node: Node, page: Drawing) -> str:
    return f"<aside{attributes(node, 'aside')}>{page.inner(node)}</aside>"


def _proof(node: Node, page: Drawing) -> str:
    return f"<section{attributes(node, 'proof')}>{page.inner(node)}</section>"


def _details(node: Node, page: Drawing) -> str:
    return f"<details{attributes(node)}{' open' if node.get('open') else ''}>{page.inner(node)}</details>"


def _tabs(node: Node, page: Drawing) -> str:
    name = f"tab-{abs(hash_of(node))}"
    items = [_tab(item, page, name, at == 0) for at, item in enumerate(children(node)) if item["type"] == "tabItem"]
    return f"<div{attributes(node, 'tabs')}>{''.join(items)}</div>"


def _tab(node: Node, page: Drawing, name: str, first: bool) -> str:
    title = escape(str(node.get("title") or "Tab"), quote=False)
    return (
        f'<details class="tab" name="{name}"{" open" if first else ""}>'
        f"<summary>{title}</summary><div>{page.inner(node)}</div></details>"
    )


def hash_of(node: Node) -> int:
    """Return a number for a node that is the same in every build."""
    from zlib import crc32

    line = node.get("position", {}).get("start", {}).get("line", 0)
    return crc32(f"{line} {plain(node)}".encode(errors="replace"))


def _card(node: Node, page: Drawing) -> str:
    url = page.url(node) if node.get("url") and safe(str(node["url"])) else None
    more = f'<a class="whole" href="{escape(url)}" aria-label="open"></a>' if url else ""
    return f"<div{attributes(node, 'card')}>{page.inner(node)}{more}</div>"


def _div(node: Node, page: Drawing) -> str:
    return f"<div{attributes(node)}>{page.inner(node)}</div>"


def _code(node: Node, page: Drawing) -> str:
    return code(node, str(node.get("value") or ""))


def code(node: Node, value: str) -> str:
    """Draw a block of code; a wide one scrolls in its own box."""
    lang = str(node.get("lang") or "")
    inner = coloured(lang, value)
    marked = frozenset(number for number in node.get("emphasizeLines") or [] if isinstance(number, int))
    if marked or node.get("showLineNumbers"):
        first = node.get("startingLineNumber")
        inner = lines(inner, first if isinstance(first, int) else 1, bool(node.get("showLineNumbers")), marked)
    name = node.get("filename")
    title = f'<div class="filename">{escape(str(name))}</div>' if name else ""
    style = f' class="language-{escape(lang)}"' if re.fullmatch(r"[\w+#.-]+", lang) else ""
    return f'{title}<pre{attributes(node)} tabindex="0"><code{style}>{inner}\n</code></pre>'


def _math(node: Node, _: Drawing) -> str:
    number = f'<span class="number">({escape(str(node["enumerator"]))})</span>' if node.get("enumerator") else ""
    inner = katex(str(node.get("html") or "")) or mathml(str(node.get("value") or ""), display=True)
    return f'<div{attributes(node, "formula")} tabindex="0">{inner}{number}</div>'


def drawn(source: str) -> str | None:
    """A Mermaid diagram as SVG; None when it does not parse, or is of a kind that is not drawn here."""
    return diagram.svg(source) or sequence.svg(source) or pie.svg(source)


def undrawn(source: str) -> str:
    """Why a Mermaid diagram is not drawn, in words; empty when it is. Of a long one, no line is looked for.

    >>> undrawn("graph TD\\n  A --> B\\n  B[no end"), undrawn("gantt\\n  title a")
    ('line 3 does not parse', "'gantt' is of a kind that is not drawn here")
    """
    if drawn(source) is not None:
        return ""
    rows = source.split("\n")
    said = [row.strip() for row in rows if row.strip() and not row.strip().startswith("%%")]
    kind = said[0].split()[0].rstrip(";") if said else ""
    if kind not in _DIAGRAMS:
        return f"'{kind[:30]}' is of a kind that is not drawn here" if kind else "it is empty"
    for at in range(len(rows) if len(rows) <= _LONG else 0):
        rest = "\n".join([*rows[:at], *rows[at + 1 :]])
        if any(read(rest) is not None for read in (flowchart.read, sequence.read, pie.read)):
            return f"line {at + 1} does not parse"
    return "it does not parse, or says what is not drawn here"


def _mermaid(node: Node, _: Drawing) -> str:
    source = str(node.get("value") or "")
    picture = drawn(source)
    if picture is None:
        words = f"A Mermaid diagram that is not drawn: {escape(undrawn(source))}. Its source stands above."
        inner = f'<pre class="mermaid" tabindex="0">{escape(source, quote=False)}</pre>'
        return f"<figure{attributes(node, 'diagram')}>{inner}<figcaption>{words}</figcaption></figure>"
    box = scrolled(picture, "picture")
    return f"<figure{attributes(node, 'diagram')}>{box}</figure>"


def _directive(node: Node, page: Drawing) -> str:
    if children(node):
        return page.inner(node)
    name, said = escape(str(node.get("name"))), escape(str(node.get("args") or ""))
    title = f'<code class="kind">{{{name}}}</code>{f" <code>{said}</code>" if said else ""}'
    body = escape(str(node.get("value") or ""), quote=False)
    return f'<div{attributes(node, "unhandled")}><p>{title}</p><pre tabindex="0"><code>{body}</code></pre></div>'


def _iframe(node: Node, page: Drawing) -> str:
    url = escape(str(node.get("src") or ""))
    if not url.startswith(("https://", "http://")):
        return f"<p><code>{url}</code></p>"
    return f'<p><a href="{url}" rel="noopener">{url}</a></p>'


DRAWERS: dict[str, Draw] = {
    "root": lambda node, page: page.inner(node),
    "paragraph": tag("p"),
    "heading": _heading,
    "thematicBreak": _rule,
    "blockquote": tag("blockquote"),
    "list": _list,
    "listItem": _item,
    "table": _table,
    "tableRow": tag("tr"),
    "tableCell": _cell,
    "container": _container,
    "caption": tag("figcaption"),
    "legend": tag("div", "legend"),
    "admonition": _admonition,
    "admonitionTitle": tag("p", "admonition-title"),
    "aside": _aside,
    "proof": _proof,
    "exercise": _proof,
    "solution": _proof,
    "details": _details,
    "summary": tag("summary"),
    "definitionList": tag("dl"),
    "definitionTerm": tag("dt"),
    "definitionDescription": tag("dd"),
    "tabSet": _tabs,
    "grid": tag("div", "grid"),
    "card": _card,
    "cardTitle": tag("p", "card-title"),
    "header": tag("header"),
    "footer": tag("footer"),
    "glossary": tag("div", "glossary"),
    "embed": tag("div", "embed"),
    "code": _code,
    "math": _math,
    "mermaid": _mermaid,
    "mystDirective": _directive,
    "iframe": _iframe,
}
