"""The HTML that is served: a built page with what makes it live, an entry's blocks in the place of the built ones.

The contract with live.js: the blocks of `<article data-keys="k1 k2 ...">` each follow a comment `<!--block-->`, and
`<!--end-->` follows the last. No element is put around a block, so that a live page is styled as a built one is.
"""

import re
from functools import cache
from html import escape, unescape
from pathlib import Path
from urllib.parse import parse_qs, quote

from nozzle.page.rendering import Rendering

_POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy" content="[^"]*">\n?')
_BODY = re.compile(
    r'(?P<open><article class="entry")(?P<head>>.*?<h1>)(?P<title>.*?)(?P<rest></h1>.*?</header>'
    r'(?:\s*<details class="toc">.*?</details>)?\s*)(?P<body>.*)(?P<close></article>)',
    re.S,
)
_HOME = re.compile(r'<a class="home" href="[^"]*index\.html">(.*?)</a>')
"""What leads to the journal's first page, and says its name."""
_TITLE = re.compile(r"<title>(.*?)</title>", re.S)

ASSETS = {"/_live.js": "live.js", "/_live.css": "live.css", "/_deeds.js": "deeds.js"}
"""What is served beside the site: path -> name of the template."""

SCRIPTS = ("/_live.js", "/journal.js", "/search.js", "/search-index.js")
"""All that may run on a page; on one that can be written on, /_deeds.js too."""


@cache
def asset(name: str) -> bytes:
    """Return a file of the templates' folder: beside the package in a checkout, inside it when installed."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "templates"
    return ((inside if inside.is_dir() else package.parent / "templates") / name).read_bytes()


def page_policy(host: str, deeds: bool = False, under: str = "") -> str:
    """Return the Content-Security-Policy of a page: a built page's, its scripts named, and our stream.

    `under`: the path of the built site that it is of, `a/b/`, when that is not at the root.
    """
    own = [f"/{quote(under)}{path.strip('/')}" for path in SCRIPTS if under and not path.startswith("/_")]
    scripts = " ".join(f"{host}{path}" for path in (*SCRIPTS, *own, *(["/_deeds.js"] if deeds else [])))
    return (
        f"default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'self'; script-src {scripts}; "
        "frame-src 'self'; font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


_FRAME_POLICY = (
    "sandbox allow-scripts; default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval' data: blob:; "
    "style-src 'unsafe-inline'; img-src data: blob:; font-src data:; media-src data: blob:; worker-src blob:; "
    "form-action 'none'; base-uri 'none'; frame-ancestors 'self'"
)
"""For HTML that a cell made: it may run, alone, and reach nothing."""

FILE_POLICY = "sandbox; default-src 'none'; img-src data:; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""For all other files: a picture may hold a script."""


def file_policy(kind: str | None) -> str:
    """Return the Content-Security-Policy of a file that is no page; browsers show no PDF in a sandbox."""
    match (kind or "").partition(";")[0]:
        case "text/html":
            return _FRAME_POLICY
        case "application/pdf":
            return "frame-ancestors 'none'"
        case _:
            return FILE_POLICY


PAIR_POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"


def pair_page(wrong: bool = False) -> bytes:
    """The page that asks a new device for the code."""
    words = "That was not the code. Look at the terminal: it may be another one now." if wrong else ""
    return asset("pair.html").replace(b"<!--wrong-->", words.encode())


def code(body: bytes) -> str:
    """The code in what a form sent."""
    return parse_qs(body.decode("latin-1"), max_num_fields=4).get("code", [""])[0]


def live_page(built: str | None, page: str, now: Rendering | None, deed: str = "", key: str = "") -> str:
    """Return a page that follows the journal; `built` is its file, None when there is none yet.

    With `deed`, the token of those who may change something, the page is also a place to write and to act.
    With `key` it goes on with the next watch at its address.
    """
    text = built if built is not None else asset("live.html").decode()
    if now is not None:
        text = _filled(text, now)
    stamp = now.stamp if now is not None else ""
    more = '<link rel="stylesheet" href="/_live.css">\n'
    if "journal.js" not in text:
        more += '<script src="/journal.js" defer></script>\n'
    known = f' data-key="{key}"' if key else ""
    more += f'<script src="/_live.js" data-page="{escape(page)}" data-stamp="{stamp}"{known} defer></script>\n'
    if deed and now is not None:
        place = f'data-thread="{escape(now.thread)}" data-first="{escape(now.first)}"' if now.thread else ""
        more += f'<script src="/_deeds.js" data-page="{escape(page)}" data-deed="{deed}" {place} defer></script>\n'
    head, mark, rest = _POLICY.sub("", text, count=1).partition("</head>")
    return head + more + mark + rest


def _filled(text: str, now: Rendering) -> str:
    found = _BODY.search(text)
    if found is None:
        return text
    keys = f' data-keys="{escape(" ".join(now.keys))}"'
    article = (found["open"], keys, found["head"], now.heading, found["rest"], _blocks(now), found["close"])
    before = text[: found.start()]
    window = _window(before, escape(now.title))
    return _TITLE.sub(lambda _: window, before, count=1) + "".join(article) + text[found.end() :]


def _blocks(now: Rendering) -> str:
    return "".join(f"<!--block-->{html}\n" for _, html in now.blocks) + "<!--end-->"


def _window(text: str, title: str) -> str:
    """The title of an entry's window: its own, and the journal's where that is another one; as live.js does."""
    home = _HOME.search(text)
    name = escape(unescape(home[1])) if home else ""
    return f"<title>{title}{f' · {name}' if name not in ('', title) else ''}</title>"
