"""Raw HTML an author or a machine wrote, made harmless: what is not on the list of tags and attributes is not written.

Nothing of the source is passed through: text is escaped, tags are written anew from what was understood. Tags are
balanced within their parent, so that a stray `</div>` cannot end the box that marks whose words these are.
"""

import re
from collections.abc import Callable
from html import escape, unescape

Link = Callable[[str], str | None]

_TAGS = frozenset(
    re.findall(
        r"\S+",
        """
        a abbr address article aside b bdi bdo blockquote br caption center cite code col colgroup dd del
        details dfn div dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main
        mark ol p picture pre q rp rt ruby s samp section small source span strike strong sub summary sup
        table tbody td tfoot th thead time tr tt u ul var video audio wbr
        """,
    )
)
_EMPTY = frozenset(("br", "col", "hr", "img", "source", "wbr"))
_HIDDEN = ("script", "style", "template", "noscript", "iframe", "object", "textarea", "title", "xmp", "svg", "math")
_DROPPED = frozenset(
    re.findall(
        r"\S+",
        """
        html head body meta link base form input button select option label fieldset legend font nav slot
        embed frame frameset applet canvas dialog param
        """,
    )
).union(_HIDDEN)
_ATTRIBUTES = frozenset(
    re.findall(
        r"\S+",
        """
        title lang dir align alt width height colspan rowspan span scope open start reversed datetime
        controls loop
        """,
    )
)
_LINKS = frozenset(("href", "src"))
_SCHEMES = frozenset(("http", "https", "mailto", "tel", "ftp"))
_PICTURE = re.compile(r"data:image/(?:png|jpeg|gif|webp|avif);", re.I)

_ATTRIBUTE = r"""\s+[^\s"'<>/=]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s"'=<>`]+))?"""
_TOKEN = re.compile(
    rf"<!--.*?(?:-->|$)|<[!?][^>]*>?|<({'|'.join(_HIDDEN)})\b.*?(?:</\1\s*>|$)"
    rf"|<(/?)([a-zA-Z][a-zA-Z0-9-]*)((?:{_ATTRIBUTE})*)\s*/?>",
    re.S | re.I,
)
_PAIR = re.compile(r"""([^\s"'<>/=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?""")
_BLANKS = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.I)


class Raw:
    """The raw HTML among the children of one node: fed piece by piece, closed at the end."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._open: list[str] = []

    @property
    def balanced(self) -> bool:
        return not self._open

    def feed(self, source: str) -> str:
        """Return the harmless form of a piece."""
        parts: list[str] = []
        at = 0
        for found in _TOKEN.finditer(source):
            parts.append(words(source[at : found.start()]))
            parts.append(self._tag(found))
            at = found.end()
        return "".join([*parts, words(source[at:])])

    def close(self) -> str:
        """Return the tags that end what is still open."""
        ends = "".join(f"</{tag}>" for tag in reversed(self._open))
        self._open.clear()
        return ends

    def _tag(self, found: re.Match[str]) -> str:
        tag = (found[3] or "").lower()
        if tag not in _TAGS:
            return "" if not tag or tag in _DROPPED else escape(found[0], quote=False)  # Vec<T> is no markup
        if found[2]:
            return self._end(tag)
        if tag not in _EMPTY:
            if len(self._open) >= 50:
                return ""
            self._open.append(tag)
        return f"<{tag}{self._attributes(found[4])}>"

    def _end(self, tag: str) -> str:
        if tag not in self._open:
            return ""
        ends: list[str] = []
        while not ends or ends[-1] != f"</{tag}>":
            ends.append(f"</{self._open.pop()}>")
        return "".join(ends)

    def _attributes(self, source: str) -> str:
        parts: dict[str, str] = {}
        for found in _PAIR.finditer(source):
            name, value = found[1].lower(), unescape(found[2] or found[3] or found[4] or "")
            kept = self._value(name, value)
            if kept is not None:
                parts.setdefault(name, f' {name}="{escape(kept)}"')
        return "".join(parts.values())

    def _value(self, name: str, value: str) -> str | None:
        if name == "class":
            return classes(value) or None
        if name in ("id", "name"):
            return value if re.fullmatch(r"[\w.:-]+", value) else None
        if name in _LINKS:
            return self._link(value) if safe(value) else None
        return value if name in _ATTRIBUTES else None


def words(source: str) -> str:
    """Escape text in which HTML's own entities stand for what they mean.

    >>> words("a &lt; b & c <d")
    'a &lt; b &amp; c &lt;d'
    """
    return escape(unescape(source), quote=False)


def classes(source: str) -> str:
    """Return class names an author may use: not those by which nozzle marks its own words."""
    names = (name for name in source.split() if re.fullmatch(r"[A-Za-z_][\w-]*", name))
    return " ".join(name for name in names if not name.startswith(("nozzle", "badge")))


def safe(url: str) -> bool:
    """Is this a link that only leads somewhere?

    >>> safe("other.md#a"), safe("java\\nscript:alert(1)"), safe("data:image/png;base64,AA==")
    (True, False, True)
    """
    bare = _BLANKS.sub("", url)
    scheme = _SCHEME.match(bare)
    return scheme is None or scheme[1].lower() in _SCHEMES or bool(_PICTURE.match(bare))
