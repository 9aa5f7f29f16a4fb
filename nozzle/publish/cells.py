"""What a machine did: cells, their outputs, everything else nozzle wrote. It never looks like the author's words."""

import re
from html import escape
from typing import Any

from nozzle.document.mdast import Node, children, uncommented
from nozzle.publish.drawing import Draw, Drawing, attributes
from nozzle.publish.flow import code

_FRAMED = re.compile(r"(?:^|/)_out/[\w.-]+\.html$")
_WORDS = {
    "output": "Output",
    "note": "Explained",
    "answer": "Answer",
    "status": "Status",
    "news": "Breaking news",
    "proposal": "Proposed",
    "cell": "Written by the doer",
    "attempt": "An attempt that failed",
    "quote": "A machine said",
    "task": "Task",
}
_UNRUN = {
    "denied": "Proposed, and denied",
    "deleted": "Proposed, and taken out",
    "late": "Proposed, and not answered in time",
    "refused": "Proposed, and not run",
    "by-hand": "Proposed, and run by hand",
}
"""What was proposed and is no attempt: it did not run."""
_OFFERED = "Offered by the explainer, run by you"
"""A cell that was heard in the author's prose, and that he ticked."""
_ADDRESSED = {"ask": "Question", "do": "Task for the doer"}


def _block(node: Node, page: Drawing) -> str:
    if node.get("kind") != "notebook-code":
        return f"<div{attributes(node, 'block')}>{page.inner(node)}</div>"
    code = next((each for each in children(node) if each.get("executable")), {})
    name = " ".join(filter(None, (str(code.get("lang") or ""), "cell", str(node.get("html_id") or ""))))
    named = attributes(node, "cell", **{"role": "group", "aria-label": name})
    inner = f"<div{named}>{_anchors(node, page)}{page.inner(node)}</div>"
    return _folded(inner, "Cell") if node.get("visibility") == "hide" else inner


def _anchors(node: Node, page: Drawing) -> str:
    """The places that links lead to: the first is of the state after a cell, the one after it of its code alone."""
    names = zip(("chain", "name"), page.cells.get(_line(node), ()), strict=False)
    return "".join(f'<a class="{kind}" id="cell-{escape(name)}"></a>' for kind, name in names)


def _line(node: Node) -> int:
    """Return the line a block begins in, counted from 0; -1 when it is not known."""
    return int(node.get("position", {}).get("start", {}).get("line", 0)) - 1


def _folded(inner: str, words: str) -> str:
    return f'<details class="folded"><summary>{words}</summary>{inner}</details>'


def _code(node: Node, page: Drawing) -> str:
    if not node.get("executable"):
        return code(node, str(node.get("value") or ""))
    shown = uncommented(str(node.get("value") or ""))
    inner = code(node, shown.strip("\n")) if shown.strip() else '<pre class="empty"><code></code></pre>'
    lang = escape(str(node.get("lang") or ""))
    label = f'<span class="lang">{lang}</span>' if lang else ""
    return _folded(inner, "Code") if node.get("visibility") == "hide" else label + inner


def _div(node: Node, page: Drawing) -> str:
    facts = node.get("data", {}).get("nozzle")
    if isinstance(facts, dict) and facts.get("kind"):
        return _envelope(node, facts, page)
    said = str(node.get("class") or "")
    if said in _ADDRESSED:
        title = f'<p class="who">{_ADDRESSED[said]}</p>'
        return f"<div{attributes(node, 'addressed')}>{title}{page.inner(node)}</div>"
    return f"<div{attributes(node)}>{page.inner(node)}</div>"


def _envelope(node: Node, facts: dict[str, Any], page: Drawing) -> str:
    kind, status = str(facts["kind"]), str(facts.get("status") or "")
    inner = "".join(page.series(_framed(children(node)) if kind == "output" else children(node)))
    mended = kind == "news" and status == "fixed"
    words = "News" if mended else _WORDS.get(kind, kind.capitalize())
    words = _UNRUN.get(status, words) if kind == "attempt" else words
    words = _OFFERED if (kind, facts.get("by")) == ("cell", "explainer") else words
    style = f"nozzle nozzle-{'mended' if mended else kind}"
    style += " failed" if status in ("error", "timeout", "died") else ""
    head = f'<p class="who"><span class="what">{words}</span>{_badge(node, status, page)}</p>'
    box = f'<section class="{style}" aria-label="{words}">{head}{inner}</section>'
    return _folded(box, words) if node.get("visibility") == "hide" or kind == "attempt" else box


def _badge(node: Node, status: str, page: Drawing) -> str:
    words = "" if status in ("", "ok") else f'<span class="status">{escape(status)}</span>'
    mark = page.marks.get(_line(node))
    if mark is None:
        return words
    return f'{words}<span class="badge badge-{escape(mark.state)}">{escape(mark.words)}</span>'


def _framed(nodes: list[Node]) -> list[Node]:
    """Where an output is rich HTML, show it in a frame, and its text folded; a plain table needs no frame."""
    shown: list[Node] = []
    for node in nodes:
        link = _rich(node)
        if link is None:
            shown.append(node)
        elif shown and shown[-1]["type"] == "table":
            shown.append({"type": "nozzleLink", "children": [link]})
        else:
            text = [shown.pop()] if shown and shown[-1]["type"] == "code" else []
            shown.append({"type": "nozzleFrame", "url": link["url"], "title": link, "children": text})
    return shown


def _rich(node: Node) -> Node | None:
    within = children(node)
    if node["type"] != "paragraph" or len(within) != 1 or within[0]["type"] != "link":
        return None
    return within[0] if _FRAMED.search(str(within[0].get("url") or "")) else None


def _frame(node: Node, page: Drawing) -> str:
    url = page.url(node)
    if url is None:
        return f"<p>{page.draw(node['title'])}</p>{page.inner(node)}"
    title = escape("".join(str(part.get("value") or "") for part in children(node["title"])))
    frame = f'<iframe sandbox="allow-scripts" loading="lazy" src="{escape(url)}" title="{title}"></iframe>'
    text = _folded(page.inner(node), "as text") if children(node) else ""
    return f'<div class="frame">{frame}</div><p class="more"><a href="{escape(url)}">alone</a></p>{text}'


def _more(node: Node, page: Drawing) -> str:
    return f'<p class="more">{page.inner(node)}</p>'


def _outputs(node: Node, page: Drawing) -> str:
    inner = page.inner(node)
    return f'<section class="nozzle nozzle-output" aria-label="Output">{inner}</section>' if inner else ""


def _output(node: Node, page: Drawing) -> str:
    """Draw a Jupyter output as mystmd stores it; what nozzle runs stands in envelopes instead."""
    data = node.get("jupyter_data") or {}
    kind = data.get("output_type")
    if kind == "stream":
        return code({"lang": ""}, _joined(data.get("text")))
    if kind == "error":
        return code({"lang": "pytb"}, _joined(data.get("traceback"), "\n"))
    shown = (data.get("data") or {}).get("text/plain")
    return code({"lang": ""}, _joined(shown)) if shown else page.inner(node)


def _joined(value: object, mark: str = "") -> str:
    return mark.join(map(str, value)) if isinstance(value, list) else str(value or "")


DRAWERS: dict[str, Draw] = {
    "block": _block,
    "code": _code,
    "div": _div,
    "nozzleFrame": _frame,
    "nozzleLink": _more,
    "outputs": _outputs,
    "output": _output,
}
