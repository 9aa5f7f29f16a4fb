"""Whether two decisions settle one thing differently: it is done and not, set to another figure, or dropped by name.

It knows no meaning, only what is done to what, word for word. It refuses what is only alike, or holds under a
condition: that a decision is taken back is said of two sentences of which one cannot hold beside the other.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import takewhile
from typing import Literal


def _words(spoken: str) -> frozenset[str]:
    return frozenset(spoken.split())


Clash = Literal["", "taken back", "at odds"]
"""`taken back`: the later decides the very thing otherwise. `at odds`: it does so for a part of it."""

_LEAD = _words(
    "so and okay ok then no right fine well yes now actually decision verdict resolution conclusion "
    "i we i'll we'll i'm we're i've we've i'd we'd let's will won't shall am are have do don't aren't "
    "just finally decided agreed chosen chose going gonna not never longer to that"
)
"""Words before what is done."""
_WHOSE = _words("decision verdict resolution conclusion i we i'll we'll i'm we're i've we've i'd we'd let's")
_NEGATIVE = _words("not never longer won't don't aren't")
_DROPPED = re.compile(
    r"\b(?:dropping|drop|scrapping|scrap|skipping|skip|removing|remove|leaving out|leave out|throwing out|throw out|"
    r"getting rid of|get rid of)\b"
)
_USED = re.compile(
    r"\b(?:go(?:ing)? (?:with|for)|stick(?:ing)? (?:with|to)|stay(?:ing)? (?:with|on|at)|settl(?:e|ed|ing) (?:on|for)|"
    r"using|tak(?:e|ing)|pick(?:ing)?|cho(?:ose|osing|sen)|set(?:ting)?|keep(?:ing)?|fix(?:ing)?|cap(?:ping)?)\b"
)
_FILLS = re.compile(
    r"\b(?:from (?:now|here) on|for now|after all|instead|again|now|then|any ?more|any longer|in (?:the )?future)\b"
)
_DEPENDS = re.compile(
    r"\b(?:until|unless|if|when|while|once|before|after|yet|except|only|but|either|today|tomorrow|tonight|maybe|perhaps|"
    r"probably|might)\b|\?$"
)
"""With one of these it holds at one time and not at another, or not quite."""
_POINTS = _words("or and both it its this these those them that one ones same other another rest else")
"""With one of these, what it is about stands elsewhere, or is more than one thing."""
_NOT_THAT = r",? (?:and )?(?:not|rather than|instead of|in place of) (?P<gone>[^,.;:!?]+)"
_ONLY_NAMED = re.compile(
    r"^(?:(?:so|and|okay|ok|then|no|right|fine|well|hmm+)[,:]? )*(?P<it>[\w'.+-]+(?: [\w'.+-]+){0,3}?)"
    rf"(?:(?: it is|,? then)(?:{_NOT_THAT})?|{_NOT_THAT.replace('gone', 'rest')})[.!]*$"
)
"""A decision that says no more than what is chosen: "Beta then", "beta, not Platt", "beta it is"."""
_TELLS = _words("is are was were has have a an in on with of for by from to as than because")
_NAME = 2
"""Words of a name, before ", not": what is longer may tell something."""
_GONE = re.compile(rf"{_NOT_THAT}[.!]*$|^(?:[\w']+,? )??(?:skip|drop|ditch|leave out|forget) (?P<left>[^,.;:!?]+)[,;] ")
"""What a decision says that it drops for what it chooses."""
_WIDE = re.compile(r"([a-z]{2,})(8|16|32|64|80|128|256)")
"""A type that is named by its bits."""
_TOKEN = re.compile(r"\d[\d.,]*(?<![.,])(?:e[+-]?\d+)?|[a-z][\w']*(?:[-.+/]\w+)*|=")
_SMALL = _words("the a an our my")
_JOINS = _words("of to at = is")
"""Before a figure: it is what something is set to."""
_PLACES = _words("for with in on as without from by at")
_PARTS = _words("equation eq section figure fig table chapter theorem lemma part page line cell")
"""Before a figure these name one of many."""


@dataclass(frozen=True, slots=True)
class _Settled:
    """What is done, to what; figures apart."""

    no: bool
    words: tuple[str, ...]
    """`#` where a figure stands."""
    figures: tuple[str, ...]
    valued: bool
    """Its figure is what something is set to, and does not name one of many."""


def clash(before: str, after: str) -> Clash:
    """Whether a later decision goes against an earlier one.

    >>> clash("I'll use step 0.1.", "We're using step 2.4 from now on.")
    'taken back'
    >>> clash("We won't use numba.", "We use numba for the scan."), clash("I'll keep figure 3.", "I'll keep figure 5.")
    ('at odds', '')
    """
    if found := drops(before, after):
        return found
    one, two = _settled(before), _settled(after)
    if one is None or two is None or not _differ(one, two):
        return ""
    if one.words == two.words:
        return "taken back"
    more = two.words[len(one.words) :]
    return "at odds" if more and two.words[: len(one.words)] == one.words and more[0] in _PLACES else ""


def drops(before: str, after: str) -> Clash:
    """Whether a later sentence names, as what it drops, what an earlier one chose.

    >>> drops("We go with Platt.", "Beta, not Platt."), drops("Beta, not Platt.", "Beta then, not Platt.")
    ('taken back', '')
    """
    one, left = _settled(before), gone(after)
    if one is None or one.no or not left:
        return ""
    held = one.words[1:]
    shorter = min(len(held), len(left))
    if not held or held[:shorter] != left[:shorter]:
        return ""
    if len(left) > shorter:
        return "at odds" if left[shorter] in _PLACES else ""
    return "taken back" if len(held) == shorter or held[shorter] in _PLACES else ""


def gone(sentence: str) -> tuple[str, ...]:
    """The words of what a decision drops by name; none, where they only point at it."""
    plain = _plain(sentence)
    match = _GONE.search(plain)
    if match is None or not (match["left"] or _chosen(plain) or _WHOSE.intersection(plain.split()[:_NAME])):
        return ()
    words = _TOKEN.findall(_USED.sub("", match["gone"] or match["left"]))
    return () if _POINTS.intersection(words) else tuple(_one(word) for word in words if word not in _SMALL)


def _chosen(plain: str) -> str:
    """What a decision chooses that says no more than that; "" of one that says more."""
    match = _ONLY_NAMED.match(plain)
    words = [word for word in match["it"].split() if word != "the"] if match else []
    if match is None or _WHOSE.intersection(words):
        return ""
    return "" if match["rest"] and (len(words) > _NAME or _TELLS.intersection(words)) else match["it"]


def _plain(sentence: str) -> str:
    return sentence.replace("\u2019", "'").lower().strip()


def _differ(one: _Settled, two: _Settled) -> bool:
    if one.figures == two.figures:
        return one.no != two.no
    set_to = one.valued and two.valued and len(one.figures) == len(two.figures) == 1
    return set_to and not (one.no or two.no)


@lru_cache(maxsize=1 << 12)
def _settled(sentence: str) -> _Settled | None:
    """What a decision settles; None when that is not plain."""
    plain = _plain(sentence)
    chosen = _chosen(plain)
    text = _FILLS.sub(" ", f"we use {chosen}" if chosen else plain)
    clause = re.split(r"[;(\u2014]|, |\b(?:because|since)\b", text, maxsplit=1)[0]
    dropped = _DROPPED.sub("use", clause)
    held = _TOKEN.findall(_USED.sub("use", dropped))
    lead = list(takewhile(_LEAD.__contains__, held))
    rest = [word for word in held[len(lead) :] if word not in _SMALL]
    if len(rest) < 2 or not _WHOSE.intersection(lead) or _POINTS.intersection(rest) or _DEPENDS.search(text):
        return None
    figures = [at for at, word in enumerate(rest) if word[0].isdigit() or _WIDE.fullmatch(word)]
    valued = rest[0] == "use" and all(_is_value(rest, at) for at in figures)
    words = tuple(
        _WIDE.sub(r"\1", _one(word)) if word[0].isalpha() else "#"
        for at, word in enumerate(rest)
        if not _joins(rest, at)
    )
    no = bool(_NEGATIVE.intersection(lead)) != (dropped != clause)
    return _Settled(no, words, tuple(rest[at] for at in figures), valued)


def _is_value(words: list[str], at: int) -> bool:
    """Whether a figure is what something is set to: "4 chains", "a step of 2", "step 0.1", and not "figure 3"."""
    before = words[at - 1] if at else ""
    if _WIDE.fullmatch(words[at]):
        return True
    if before in _JOINS:
        return True
    if at == 1:
        return len(words) > 2
    return bool(re.search(r"[.e]", words[at])) and before not in _PARTS


def _joins(words: list[str], at: int) -> bool:
    """Whether a word only stands before a figure, or between two nouns."""
    below = words[at + 1] if at + 1 < len(words) else ""
    return words[at] in ("of", "=", "is") or (words[at] in _JOINS and below[:1].isdigit())


def _one(word: str) -> str:
    return word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word
