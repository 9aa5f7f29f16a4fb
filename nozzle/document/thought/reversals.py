"""What takes back what: reversals, said as such, and decisions that undo another without saying so."""

import re
from collections.abc import Mapping, Sequence, Set

from nozzle.document.thought.cues import Cue
from nozzle.document.thought.heard import LEAVES, MEANS_IT, NEGATIVE, Heard, Text
from nozzle.document.thought.said import Paragraph, Sentence
from nozzle.document.thought.settled import clash, drops, gone
from nozzle.document.thought.threads import terms

_BARE = ("scratch that", "actually no", "forget", "what am I saying", "instead", "came round")
"""Reversals that often do not name what they take back: it is what was decided last."""
OR_DECIDES = ("instead", "is out")
"""Reversals that, where nothing was decided before them, decide."""
_OBJECT = re.compile(
    r"(?i)\b(?:forget|scratch|scrap|strike|bin|shelve|axe|withdraw|take back|never ?mind|changed? my mind (?:on|about)|"
    r"let'?s not)\b((?:[^,.;:!?\u2014]|(?<=\d)[.,](?=\d))*)"
)
"""What a reversal takes back, where it says it."""
_AT_HEAD = re.compile(
    r"(?i)\b(?:on second thou?ghts?|(?:on|upon) reflection|(?:in|with) hindsight),? "
    r"(?:the|my|our|his|her|their|these|those) "
)
"""A reversal that says at once what it is about."""
_BESIDE = re.compile(r"\b(?:for|in|on|at|with|from|to|by|until)\b")
_FIGURE = re.compile(r"\d+(?:[.,/]\d+)*(?:e[+-]?\d+\b)?")
_RETURNS = re.compile(
    r"(?i)\b(?:revert(?:ing|ed)?|(?:go(?:ing)?|return(?:ing)?|roll(?:ing)?|switch(?:ing)?|chang(?:e|ing)|mov(?:e|ing)|"
    r"turn(?:ing)?|set(?:ting)?|put(?:ting)?)\b[^,.;:!?]{0,30}?\bback|back) to ((?:[^,.;:!?\u2014]|(?<=\d)[.,](?=\d))+)"
)
"""What was so before, and is to be so again."""
_SAID = re.compile(
    r"(?i)\b(?:what (?:I|we) (?:just )?(?:said|wrote|claimed|thought|decided|noted)|"
    r"(?:the|that|this|my|our) (?:\w+ )?(?:idea|plan|claim|notion|thought|remark|point|part|bit|business)) "
    r"(?:about|of|on|with|to|that) ([^,.;:!?\u2014]+)"
)
"""What was said of something, as a reversal names it."""
_PROPOSES = re.compile(
    r"(?i)\b(?:should|could|would|might|can|will|let'?s|let me|want|going to|try|use|using|plan|idea|maybe|perhaps|"
    r"the way|works?|best)\b|'(?:ll|d)\b"
)
_AGAINST = re.compile(r"(?i)\b(?:not|no|never|cannot|nothing|nobody|without|fails?|too|wrong|worse|instead)\b|n't\b")
"""With one of these a sentence may speak against what it names."""
_NEAR = 8
"""Paragraphs within which "scratch that" can mean a decision that it does not name."""


def _object(cue: Cue) -> frozenset[str]:
    """What a reversal says that it takes back: its words, or else its figures; nothing, where it names none."""
    found = _OBJECT.search(cue.sentence.text)
    if found is None:
        return frozenset()
    head = terms(_BESIDE.split(found[1])[0]) - MEANS_IT
    return frozenset(head or terms(found[1]) - MEANS_IT or _FIGURE.findall(found[1]))


def _is_meant(text: Text, named: frozenset[str], other: Heard) -> bool:
    """Whether what a reversal names is what was settled there, and not only of one kind with it."""
    shared = named & other.topic
    figures = frozenset(_FIGURE.findall(other.cue.sentence.text))
    return (
        named <= other.topic
        or (bool(shared) and shared == other.topic)
        or len(shared) > 1
        or named <= figures
        or _figured(text, named, other)
    )


def _figured(text: Text, named: Set[str], other: Heard) -> bool:
    """Whether something is what the figures of a decision were said of: "hydration 65, 72, 80", and then "65 vs 80"."""
    figures = set(_FIGURE.findall(other.cue.sentence.text))
    if other.cue.kind != "decision" or len(figures) < 2 or not named:
        return False
    above = (sentence.text for paragraph in text.paragraphs[: other.at + 1] for sentence in paragraph.sentences)
    return any(len(figures.intersection(_FIGURE.findall(words))) > 1 and named <= terms(words) for words in above)


def reversals(text: Text) -> dict[int, int]:
    """Index of what takes back -> index of what it takes back, -1 when that was not found."""
    found: dict[int, int] = {}
    earlier: list[int] = []
    for at, heard in enumerate(text.heard):
        returned = _returned(text, heard, earlier, found)
        if returned is not None:
            found[at] = returned
        elif heard.cue.kind == "reversal":
            found[at] = _taken_back(text, heard, earlier, found)
        elif (undone := _undone(text, heard, earlier)) is not None:
            found[at] = undone
        if found.get(at, -1) >= 0:
            earlier.remove(found[at])
        if _settles(heard):
            earlier.append(at)
    return found


def _returned(text: Text, heard: Heard, earlier: Sequence[int], found: Mapping[int, int]) -> int | None:
    """What is undone by going back to what it had undone, or to a figure that stood before it: "0.17 after all", and
    then "revert to 1/2"."""
    back = _RETURNS.search(heard.cue.sentence.text)
    if back is None or heard.cue.kind not in ("task", "reversal", "decision"):
        return None
    figures = frozenset(_FIGURE.findall(back[1]))
    named = terms(_FIGURE.sub(" ", back[1])) - MEANS_IT or figures
    for i in reversed(earlier):
        other = text.heard[i]
        if heard.at - other.at > _NEAR or other.cue.kind not in ("decision", "reversal") or not named:
            continue
        before = text.heard[found[i]].cue.sentence.text if found.get(i, -1) >= 0 else ""
        if named <= terms(before) | frozenset(_FIGURE.findall(before)):
            return i
        if not before and _is_figure(other) and figures and named == figures and _stood(text, other, figures):
            return i
    return None


def _concludes(heard: Heard) -> bool:
    """Whether a sentence draws its end from the one before: "so back to Lie" goes against nothing in its paragraph."""
    return bool(re.match(r"(?i)so\b", heard.cue.sentence.text)) and goes_back(heard)


def goes_back(heard: Heard) -> bool:
    """Whether a sentence goes back to what was so before."""
    return bool(_RETURNS.search(heard.cue.sentence.text))


def _is_figure(heard: Heard) -> bool:
    """Whether a sentence says nothing but a figure: "0.17 after all."."""
    words = heard.cue.sentence.text
    return bool(_FIGURE.search(words)) and not terms(_FIGURE.sub(" ", words)) - MEANS_IT


def _stood(text: Text, since: Heard, figures: frozenset[str]) -> bool:
    own = since.paragraph.sentences
    before = own[: own.index(since.cue.sentence)] if since.cue.sentence in own else ()
    higher = (each for one in text.paragraphs[max(0, since.at - _NEAR) : since.at] for each in one.sentences)
    above = (each.text for each in (*higher, *before))
    return any(figures <= frozenset(_FIGURE.findall(words)) for words in above)


def _settles(heard: Heard) -> bool:
    return heard.cue.kind in ("decision", "reversal", "task") or heard.cue.rule == "why not"


def _taken_back(text: Text, heard: Heard, earlier: Sequence[int], found: Mapping[int, int]) -> int:
    """What a reversal takes back: what shares the rarer words of its topic, later before earlier, or took back what it
    returns to; else, where it names nothing, what was decided last."""
    named = _object(heard.cue)
    meant = [i for i in earlier if not named or _is_meant(text, named, text.heard[i])]
    meant = [i for i in meant if not (_concludes(heard) and text.heard[i].at == heard.at)]
    best = max(((_shared(text, heard, text.heard[i]), i) for i in meant), default=(0.0, -1))
    if best[0] > 0 or (named and meant):
        return best[1]
    undid = (i for i in reversed(earlier) if found.get(i, -1) >= 0)
    if (back := next((i for i in undid if _shared(text, heard, text.heard[found[i]])), None)) is not None:
        return back
    if heard.cue.rule == "after all" and _is_figure(heard):
        near = [i for i in earlier if heard.at - text.heard[i].at <= _NEAR and text.heard[i].cue.kind == "decision"]
        set_to = [i for i in near if len(_FIGURE.findall(text.heard[i].cue.sentence.text)) == 1]
        return set_to[0] if len(set_to) == 1 else -1
    if named or _AT_HEAD.search(heard.cue.sentence.text):
        return -1
    near = [i for i in earlier if heard.at - text.heard[i].at <= _NEAR and text.heard[i].thread == heard.thread]
    last = [i for i in near if text.heard[i].cue.kind in ("decision", "reversal")] or near
    return last[-1] if last and heard.cue.rule in _BARE else -1


def _shared(text: Text, one: Heard, other: Heard) -> float:
    weight = sum(text.rare.get(word, 0.0) for word in one.topic & other.topic)
    return weight * (1.5 if other.cue.kind in ("decision", "reversal") else 1.0) if weight else 0.0


def _undone(text: Text, heard: Heard, earlier: Sequence[int]) -> int | None:
    """What a decision undoes without saying so: it drops what was chosen, keeps what was to be renamed, or settles the
    same thing otherwise; of a task, only that it does what was not to be done, or the other way round."""
    if heard.cue.kind not in ("decision", "task"):
        return None
    for i in reversed(earlier):
        other = text.heard[i]
        before, after = other.cue.sentence.text, heard.cue.sentence.text
        if heard.cue.kind == "task":
            if other.cue.kind == "decision" and clash(before, after) == "taken back":
                return i
            continue
        if other.cue.kind == "task" and drops(before, after) == "taken back":
            return i
        if other.cue.kind != "decision" and other.cue.rule not in OR_DECIDES:
            continue
        done_with = (
            heard.cue.rule in NEGATIVE and other.cue.rule not in NEGATIVE and text.is_rare(heard.topic & other.topic)
        )
        keeps = heard.cue.rule == "rather keep" and other.cue.rule == "I'll call it" and heard.at - other.at <= _NEAR
        otherwise = clash(before, after) == "taken back" or _figured(text, terms(" ".join(gone(after))), other)
        if done_with or keeps or otherwise:
            return i
    return None


def claim(text: Text, heard: Heard) -> tuple[Sentence, Paragraph] | None:
    """The last sentence above that says something of what a reversal names as its topic; of what it only names, one
    that proposes it."""
    leaves = heard.cue.rule in LEAVES
    said = _SAID.search(heard.cue.sentence.text) if leaves else None
    topic = terms(said[1]) - MEANS_IT if said else _object(heard.cue) if leaves else frozenset()
    told = ("decision", "done", "wish") if said else ("done", "wish")
    asked = {(other.at, other.cue.sentence) for other in text.heard if other.cue.kind not in told}
    for at in range(heard.at, -1, -1) if topic else ():
        paragraph = text.paragraphs[at]
        own = paragraph.sentences
        above = own[: own.index(heard.cue.sentence)] if at == heard.at and heard.cue.sentence in own else own
        for sentence in reversed(above if not paragraph.heading else ()):
            speaks = topic <= terms(sentence.text) and not sentence.text.endswith("?") and (at, sentence) not in asked
            if speaks and (said or _proposes(sentence.text)):
                return sentence, paragraph
    return None


def _proposes(sentence: str) -> bool:
    return bool(_PROPOSES.search(sentence) and not _AGAINST.search(sentence))
