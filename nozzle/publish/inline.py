"""What stands in a line of text: emphasis, links, references, formulas, images."""

import re
from html import escape

from nozzle.document.mdast import Node
from nozzle.publish.clean import safe
from nozzle.publish.drawing import Draw, Drawing, attributes, nothing, tag
from nozzle.publish.formula import katex, mathml

_SIZE = re.compile(r"(\d{1,5})(?:\.\d+)?(px|%)?")
_ALIGN = frozenset(("left", "center", "right"))


def _text(node: Node, _: Drawing) -> str:
    return escape(str(node.get("value") or ""), quote=False)


def _code(node: Node, _: Drawing) -> str:
    return f"<code{attributes(node)}>{escape(str(node.get('value') or ''), quote=False)}</code>"


def _link(node: Node, page: Drawing) -> str:
    url = page.url(node) if safe(str(node.get("url") or "")) else None
    inner = page.inner(node) or page.says(str(node.get("url"))) or escape(str(node.get("url") or ""), quote=False)
    if url is None:
        return f'<span class="broken" title="this link leads nowhere">{inner}</span>'
    away = "noopener" if re.match(r"[a-z]+:", url) else None
    return f"<a{attributes(node, href=url or '#', title=node.get('title'), rel=away)}>{inner}</a>"


def _reference(node: Node, page: Drawing) -> str:
    target = node.get("html_id") or node.get("identifier") or ""
    asked = f"{node.get('url') or ''}#{target}"
    url = page.link(asked)
    inner = page.inner(node) or page.says(asked)
    if url is None or (node.get("resolved") is False and not inner and node.get("kind")):
        kind, name = escape(str(node.get("kind") or "ref")), escape(str(node.get("identifier") or ""))
        shown = inner or f'<code class="kind">{{{kind}}}</code><code>{name}</code>'
        return f'<span class="broken" title="this reference leads nowhere">{shown}</span>'
    more = attributes({}, "ref", href=url, title=node.get("title"))
    return f"<a{more}>{inner or escape(str(target))}</a>"


def _note(node: Node, page: Drawing) -> str:
    name = str(node.get("identifier"))
    if name not in page.definitions:
        return f"[^{escape(str(node.get('label') or name))}]"
    first = name not in page.notes
    if first:
        page.notes.append(name)
    anchor = f' id="fnref-{escape(name)}"' if first else ""
    return f'<sup class="note"><a href="#fn-{escape(name)}"{anchor}>{page.notes.index(name) + 1}</a></sup>'


def _image(node: Node, page: Drawing) -> str:
    url = page.url(node) if safe(str(node.get("url") or "")) else None
    alt = str(node.get("alt") or "")
    if url is None:
        return f'<span class="broken" title="this picture is not there">{escape(alt or str(node.get("url")))}</span>'
    if url.startswith(("http:", "https:", "//")):  # nothing is fetched from elsewhere
        return f'<a class="away" href="{escape(url)}" rel="noopener">{escape(alt or url)}</a>'
    align = f"align-{node['align']}" if node.get("align") in _ALIGN else ""
    size = {name: _pixels(node.get(name)) for name in ("width", "height")}
    more = attributes(node, align, src=url, title=node.get("title"), **size, loading="lazy")
    return f'<img{more} alt="{escape(alt)}">'


def _pixels(value: object) -> str | None:
    found = _SIZE.fullmatch(str(value or "").strip())
    return found[1] + ("%" if found[2] == "%" else "") if found else None


def _formula(node: Node, _: Drawing) -> str:
    return katex(str(node.get("html") or "")) or mathml(str(node.get("value") or ""), display=False)


def _role(node: Node, page: Drawing) -> str:
    if node.get("children"):
        return page.inner(node)
    name, value = escape(str(node.get("name"))), escape(str(node.get("value") or ""), quote=False)
    return f'<span class="unhandled"><code class="kind">{{{name}}}</code><code>{value}</code></span>'


def _abbreviation(node: Node, page: Drawing) -> str:
    return f"<abbr{attributes(node, title=node.get('title'))}>{page.inner(node)}</abbr>"


def _cited(node: Node, page: Drawing) -> str:
    words = f"{escape(str(node.get('prefix') or ''))} {page.inner(node)} {escape(str(node.get('suffix') or ''))}"
    return f'<a class="cite" href="#cite-{escape(str(node.get("identifier")))}">{words.strip()}</a>'


def _citations(node: Node, page: Drawing) -> str:
    words = "; ".join(page.series(node.get("children") or [])[:-1])
    return f"({words})" if node.get("kind") == "parenthetical" else words


def _break(_: Node, __: Drawing) -> str:
    return "<br>\n"


DRAWERS: dict[str, Draw] = {
    "text": _text,
    "inlineCode": _code,
    "link": _link,
    "crossReference": _reference,
    "footnoteReference": _note,
    "footnoteDefinition": nothing,
    "image": _image,
    "inlineMath": _formula,
    "mystRole": _role,
    "abbreviation": _abbreviation,
    "cite": _cited,
    "citeGroup": _citations,
    "break": _break,
    "emphasis": tag("em"),
    "strong": tag("strong"),
    "delete": tag("del"),
    "underline": tag("u"),
    "subscript": tag("sub"),
    "superscript": tag("sup"),
    "smallcaps": tag("span", "smallcaps"),
    "keyboard": tag("kbd"),
    "span": tag("span"),
    "captionNumber": tag("span", "caption-number"),
    "comment": nothing,
    "mystComment": nothing,
    "blockBreak": nothing,
    "mystTarget": nothing,
    "definition": nothing,
    "si": tag("span", "si"),
}
