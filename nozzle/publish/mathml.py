r"""What latex2mathml makes of TeX, put right: formulas as TeX means them, in the MathML that browsers draw (Core).

Before it: commands that it does not know, or takes for something else. After it: delimiters that stretch only where
`\left` says so, limits below their operators, letters of their own for bold and script, rules in tables.
"""

import re
import unicodedata
from html import unescape
from xml.etree.ElementTree import Element

ROMAN, LIMITED = "\u2063", "\u2063\u2063"
"""At the beginning of a text: it is an operator's name; one that has its limits below."""
_NAMED = re.compile(r"\\operatorname(\*?)\s*\{((?:[^{}\\]|\\[,;: !~])*)\}")
_ARG = re.compile(r"\\arg(?![A-Za-z])")
_SLASHED = re.compile(r"\\(?:nice|s)frac\s*(\{[^{}]*\}|[A-Za-z0-9])\s*(\{[^{}]*\}|[A-Za-z0-9])")
"""A fraction in the line: one high, one low, a slash between."""
_SPACES = {r"\,": "\u2009", r"\;": "\u2005", r"\:": "\u2005", r"\ ": " ", r"\!": "", "~": "\u00a0"}
_TAG = re.compile(r"\\tag(\*?)\s*\{([^{}]*)\}")
_UNSEEN = re.compile(r"\\(?:label\s*\{[^{}]*\}|nonumber\b|notag\b)")
_BIG_BARS = re.compile(r"(\\[bB]igg?[lrm]?)\s*(?:\\\||\\[lr]?Vert\b)")
_TEXT = re.compile(r"\\text\{((?:[^{}\\]|\\.)*)\}")
_DOLLAR = re.compile(r"(?<!\\)\$")
_COLUMNS = re.compile(r"\\begin\{alignat(\*?)\}\s*\{[^{}]*\}")
_ALIGNED = re.compile(
    r"\\(begin|end)\{(?:aligned|alignedat|align|alignat\*?|flalign\*?|gathered|gather\*?|multline\*?|equation\*?|eqnarray\*?)\}"
)
_DELIMITERS = frozenset("()[]{}|‖∥⌊⌋⌈⌉⟨⟩/")
_LIMITS = frozenset(["max", "min", "sup", "inf", "lim", "det", "gcd", "Pr", "arg max", "arg min", "lim sup", "lim inf"])
_BELOW = {"msub": "munder", "msup": "mover", "msubsup": "munderover"}
_STYLES = {
    "bold": "BOLD", "italic": "ITALIC", "bold-italic": "BOLD ITALIC", "double-struck": "DOUBLE-STRUCK",
    "script": "SCRIPT", "bold-script": "BOLD SCRIPT", "fraktur": "FRAKTUR", "bold-fraktur": "BOLD FRAKTUR",
    "sans-serif": "SANS-SERIF", "bold-sans-serif": "SANS-SERIF BOLD", "sans-serif-italic": "SANS-SERIF ITALIC",
    "monospace": "MONOSPACE",
}  # fmt: skip
_HOLLOW = {"script": {"B": "ℬ", "E": "ℰ", "F": "ℱ", "H": "ℋ", "I": "ℐ", "L": "ℒ", "M": "ℳ", "R": "ℛ", "e": "ℯ",
                      "g": "ℊ", "o": "ℴ"},
           "fraktur": {"C": "ℭ", "H": "ℌ", "I": "ℑ", "R": "ℜ", "Z": "ℨ"},
           "double-struck": dict(zip("CHNPQRZ", "ℂℍℕℙℚℝℤ", strict=True)), "italic": {"h": "ℎ"}}  # fmt: skip
"""Letters that Unicode had before it had the alphabets."""
CLASSES = frozenset({"boxed", "struck", "ruled-right", "ruled-below"})
"""What is left to the style sheet."""
_UNKNOWN = re.compile(r"\\[A-Za-z]+")


class Unknown(ValueError):
    """A command that nobody here knows; its words are the command."""


def before(tex: str) -> str:
    """The formula in words that latex2mathml knows."""
    tex = _NAMED.sub(lambda found: rf"\text{{{LIMITED if found[1] else ROMAN}{_spaced(found[2])}}}", tex)
    tex = _SLASHED.sub(r"{{{}^\1}{/}{{}_\2}}", _ARG.sub(rf"\\text{{{ROMAN}arg}}", tex))
    tex = _TAG.sub(lambda found: rf"\qquad\text{{{found[2] if found[1] else f'({found[2]})'}}}", tex)
    tex = _BIG_BARS.sub(r"\1‖", _UNSEEN.sub("", tex))
    tex = _TEXT.sub(lambda found: _mixed(found[1]), tex)
    return _ALIGNED.sub(r"\\\1{align*}", _COLUMNS.sub(r"\\begin{alignat\1}", tex))


def after(root: Element, display: bool) -> Element:
    """The tree, put right in place; Unknown when a command in it is none."""
    for element in list(root.iter()):
        element.text = unescape(element.text or "") or None
        tag, text = element.tag, element.text or ""
        if tag != "mtext" and (unknown := _UNKNOWN.match(text)):
            raise Unknown(f"{unknown[0]} is not known")
        if tag == "mtext" and text.startswith(ROMAN):
            element.tag, element.text = "mo", text.lstrip(ROMAN)
            element.attrib |= {"lspace": "0", "rspace": "0.167em", "stretchy": "false"}
            if text.startswith(LIMITED):
                element.set("movablelimits", "true")
        variant = element.get("mathvariant", "normal")
        if variant != "normal":
            element.text = "".join(_letter(char, variant) for char in text)
            del element.attrib["mathvariant"]
        if tag == "mtable":
            _ruled(element)
        elif tag == "menclose":
            element.tag = "mrow"
            element.set("class", {"box": "boxed"}.get(element.attrib.pop("notation", ""), "struck"))
    for parent in list(root.iter()):
        _beside(parent)
        if display and parent.tag in _BELOW and len(parent) and _has_limits(parent[0]):
            parent.tag = _BELOW[parent.tag]
    return root


def _spaced(words: str) -> str:
    return re.sub(r"\\.|~", lambda found: _SPACES.get(found[0], ""), words)


def _mixed(words: str) -> str:
    r"""`\text` with formulas in it, as texts and formulas in a row."""
    parts = [part if number % 2 else _words(part) for number, part in enumerate(_DOLLAR.split(words))]
    return "".join(parts) or r"\text{}"


def _words(part: str) -> str:
    plain = part.replace(r"\$", "$")
    return rf"\text{{{plain}}}" if plain else ""


def _has_limits(base: Element) -> bool:
    return base.tag == "mo" and (
        (base.text or "").replace("\u2006", " ") in _LIMITS or base.get("movablelimits") == "true"
    )


def _beside(parent: Element) -> None:
    """What depends on the neighbours: a delimiter grows with a table alone, a stroke goes through the next sign."""
    children = list(parent)
    for number, child in enumerate(children):
        if child.tag == "mo" and child.text in _DELIMITERS and not ({"stretchy", "minsize"} & set(child.attrib)):
            around = children[max(0, number - 1) : number + 2]
            if not any(each.tag == "mtable" for each in around):
                child.set("stretchy", "false")
        struck = child.tag == "mpadded" and child.get("width") == "0" and len(child) == 1 and child[0].text == "⧸"
        if struck and number + 1 < len(children) and children[number + 1].text:
            following = children[number + 1]
            following.text = unicodedata.normalize("NFC", f"{following.text}\u0338")
            parent.remove(child)


def _letter(char: str, variant: str) -> str:
    """
    >>> _letter("R", "double-struck"), _letter("x", "bold-italic"), _letter("θ", "bold-italic"), _letter("+", "bold")
    ('ℝ', '𝒙', '𝜽', '+')
    """
    if (there := _HOLLOW.get(variant, {}).get(char)) is not None:
        return there
    name = unicodedata.name(char, "").replace("LATIN ", "").replace("GREEK ", "").replace(" LETTER", "")
    try:
        return unicodedata.lookup(f"MATHEMATICAL {_STYLES.get(variant, '')} {name}")
    except KeyError:
        return char


def _ruled(table: Element) -> None:
    """Rules of a table, on the sides of its cells: MathML Core leaves them to the style sheet."""
    columns = (table.attrib.pop("columnlines", "") or "none").split()
    rows = (table.attrib.pop("rowlines", "") or "none").split()
    framed = table.attrib.pop("frame", "none") != "none"
    if framed:
        table.set("class", "boxed")
    for down, row in enumerate(table):
        for across, cell in enumerate(row):
            sides = ["ruled-right"] if across + 1 < len(row) and _is_solid(columns, across) else []
            sides += ["ruled-below"] if down + 1 < len(table) and _is_solid(rows, down) else []
            if sides:
                cell.set("class", " ".join(sides))


def _is_solid(lines: list[str], number: int) -> bool:
    return lines[min(number, len(lines) - 1)] != "none"
