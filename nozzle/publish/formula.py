r"""TeX -> MathML, which browsers draw by themselves: no script, no fonts. What cannot be drawn is shown as TeX.

latex2mathml's own writer un-escapes what it wrote, so that `\text{<script>}` would be a script: its tree is written
here instead, from a list of attributes.
"""

import re
from functools import lru_cache
from html import escape, unescape
from xml.etree.ElementTree import Element, ParseError, fromstring

from nozzle.publish.mathml import CLASSES, Unknown, after, before

_ATTRIBUTES = frozenset(
    re.findall(
        r"\S+",
        """
        accent accentunder align columnalign columnlines columnspacing depth display displaystyle fence form
        frame height linebreak linethickness lspace mathbackground mathcolor mathsize mathvariant maxsize
        minsize movablelimits notation rowlines rowspacing rspace scriptlevel separator stretchy symmetric
        voffset width xmlns
        """,
    )
)
_TAGS = re.compile(r"m[a-z]+")
_MATH = re.compile(r"<math\b.*?</math>", re.S)
_VARIANT = re.compile(r'mathvariant="(?!normal")')  # MathML Core has letters of their own for these
_FOREIGN = (ArithmeticError, AttributeError, LookupError, RuntimeError, StopIteration, TypeError, ValueError)


def mathml(tex: str, display: bool) -> str:
    """Return a formula as HTML."""
    return _drawn(tex, display)[0]


def undrawn(tex: str, display: bool) -> str:
    r"""Why a formula is shown as TeX; empty when it is drawn, or is none.

    >>> undrawn("x", False), undrawn(r"\foo x", False)
    ('', '\\foo is not known')
    """
    return _drawn(tex, display)[1]


@lru_cache(maxsize=4096)
def _drawn(tex: str, display: bool) -> tuple[str, str]:
    shown = before(tex.strip())
    if not shown or len(shown) > 20_000:
        return _source(tex, ""), "" if len(shown) <= 20_000 else "it is too long"
    from latex2mathml import converter, exceptions

    named = [kind for kind in vars(exceptions).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    failures: tuple[type[Exception], ...] = (*named, *_FOREIGN)
    try:
        root = converter.convert_to_element(shown, display="block" if display else "inline")
        return _written(after(root, display)), ""
    except failures as error:
        why = str(error) if isinstance(error, Unknown) else f"{type(error).__name__} {error}".strip()
        return _source(tex, why), why


def katex(html: str) -> str | None:
    """Return the MathML inside a formula that mystmd has drawn with KaTeX; None when browsers could not show it."""
    found = _MATH.search(html)
    if found is None or _VARIANT.search(found[0]):
        return None
    try:
        return _written(fromstring(found[0]))
    except (ParseError, RecursionError):
        return None


def _source(tex: str, why: str) -> str:
    title = f' title="{escape(why)}"' if why else ""
    return f'<code class="math"{title}>{escape(tex, quote=False)}</code>'


def _written(element: Element) -> str:
    name = element.tag.rpartition("}")[2]
    if name == "annotation":  # KaTeX keeps the TeX beside the formula
        return ""
    tag = name if _TAGS.fullmatch(name) else "mrow"
    kept = "".join(f' {name}="{escape(value)}"' for name, value in element.attrib.items() if name in _ATTRIBUTES)
    if element.get("class") and set(element.attrib["class"].split()) <= CLASSES:
        kept += f' class="{element.attrib["class"]}"'
    words = escape(unescape(element.text or ""), quote=False)
    return f"<{tag}{kept}>{words}{''.join(map(_written, element))}</{tag}>"
