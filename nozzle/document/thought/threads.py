"""Threads of thought: which paragraphs go on about the same thing, though others stand between them.

Words that return are nodes of a graph, tied where they stand in one paragraph or in two that follow each other; groups
of words that hold together (modularity, Newman 2004, merged greedily) are what is talked about. Then the likeliest
course of the whole text through these groups is found (Viterbi 1967), so that a paragraph of a few words stays with
what stands around it. It knows no meaning, only words that return; a thread is named by those that return most.

Many short paragraphs hold too few words for that: there what shares rarer words is put together (agglomerative
clustering), the sooner where it stands next to each other. What then is in no thread joins the one above when it points
back there ("it", "that"), or when it stands between two of one thread; a heading is a break. The rest is told to be in
passing rather than put somewhere by chance.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import combinations, pairwise
from typing import TypeVar

from nozzle.document.entry import Entry
from nozzle.document.thought.common import COMMON
from nozzle.document.thought.pasted import pasted, trace
from nozzle.document.thought.said import Paragraph, said

_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-.+_][A-Za-z0-9]+)*\+*|[^\W\d_]{3,}")
_SHORT = frozenset(("C", "R", "UI", "AI", "ML", "JS", "CI", "DB", "OS", "QA"))
"""Short words that tell something all the same, spelled so."""
_BESIDE = 0.15
"""What it ties two words together that they stand in paragraphs next to each other; in one paragraph it is 1."""
_SWITCH = 1.5
"""What it costs to speak of something else, in the weight of words."""
_WIDE = 25
"""Paragraphs in a thread, about: so many groups are left at most."""
_MOST = 240
"""Words that are told apart in an entry: those that return most."""
_FEW, _OFTEN = 8, 6
"""A thread of that many paragraphs is named by words that stand in every sixth of them, or it is talk in passing."""
PASSING = "in passing"
"""The name of what belongs to no thread."""
_SCATTERED, _TERSE = range(20, 101), 6
"""So many paragraphs of fewer telling words than that, on average, are talk that jumps."""
_ALIKE, _NEXT, _ROOT = 1.2, 1.2, 5
"""What two groups must share to be one thread; what standing next to each other counts; letters that make a word."""
_BACK = re.compile(r"(?i)\b(?:its?|that|this|them|those|they|these|there|one|same)\b")
"""Words that point back, to what was said before."""
_BETWEEN = 2
"""So many paragraphs in no thread, between two of one thread, are of that thread."""
_HELD = 40
"""Words of a paragraph that count, however long it is."""
_Node = TypeVar("_Node", str, int)


@dataclass
class Thread:
    """Paragraphs about one thing, in text order."""

    name: str
    paragraphs: list[Paragraph] = field(default_factory=list)

    @property
    def lines(self) -> frozenset[int]:
        """Every line its paragraphs stand on, from 0."""
        return frozenset(line for each in self.paragraphs for line in range(each.span.start, each.span.stop))


def threads(entry: Entry, paragraphs: Sequence[Paragraph] | None = None) -> list[Thread]:
    """The threads of an entry, in the order in which they begin; `paragraphs`, where known, is all that it says."""
    held = list(said(entry)) if paragraphs is None else paragraphs
    words = [terms(_spoken(paragraph.text)) for paragraph in held]
    if len(held) in _SCATTERED and sum(map(len, words)) < _TERSE * len(held):
        return _scattered(held, words)
    count = Counter(word for each in words for word in each)
    kept = {word for word, many in count.most_common(_MOST) if many > 1}
    known = [_telling(each & kept, count) for each in words]
    path = _course(known, _groups(known, count), count)
    found: dict[int, list[int]] = {}
    for at, group in enumerate(path):
        found.setdefault(group, []).append(at)
    return [Thread(_name(places, words, held), [held[at] for at in places]) for places in found.values()]


def _scattered(held: Sequence[Paragraph], words: Sequence[set[str]]) -> list[Thread]:
    """The threads of short paragraphs, and all the others as one that is in passing."""
    groups = _between(_pointing_back(_alike(words), held), held)
    found = sorted((places for places in groups if len(places) > 1), key=min)
    names = [_name(places, words, held) for places in found]
    loose = sorted(set(range(len(held))) - {at for places in found for at in places})
    named = [Thread(name, [held[at] for at in places]) for name, places in zip(names, found, strict=True)]
    return [*named, Thread(PASSING, [held[at] for at in loose])] if loose else named


def _alike(words: Sequence[set[str]]) -> list[list[int]]:
    """Paragraphs by what they share: the two groups that share most become one, while that is enough."""
    roots = [{word.lower()[:_ROOT] for word in each} for each in words]
    count = Counter(root for each in roots for root in each)
    rare = {root: math.log(1 + len(roots) / many) for root, many in count.items()}
    groups = {at: [at] for at in range(len(roots))}
    ties: dict[tuple[int, int], float] = {}
    for one, two in combinations(groups, 2):
        near = _NEXT if two == one + 1 else 0.0
        if tie := near + sum(rare[root] for root in sorted(roots[one] & roots[two])):
            ties[one, two] = tie
    while ties:
        best = max(ties, key=lambda pair: (ties[pair] / math.sqrt(len(groups[pair[0]]) * len(groups[pair[1]])), pair))
        one, two = best
        if ties[best] / math.sqrt(len(groups[one]) * len(groups[two])) <= _ALIKE:
            break
        groups[one] = sorted(groups[one] + groups.pop(two))
        ties = _merged(ties, one, two)
    return list(groups.values())


def _pointing_back(groups: Sequence[list[int]], held: Sequence[Paragraph]) -> list[list[int]]:
    """What shares no words with anything and points back goes on about what stands above it."""
    group = {at: places for places in groups for at in places}
    for at in range(1, len(held)):
        if len(group[at]) == 1 and _goes_on(held, at) and _BACK.search(_spoken(held[at].text)):
            group[at] = group[at - 1]
            group[at].append(at)
    return _apart(group)


def _between(groups: Sequence[list[int]], held: Sequence[Paragraph]) -> list[list[int]]:
    """What stands alone between two paragraphs of one thread is of that thread."""
    group = {at: places for places in groups for at in places}
    known = sorted(at for places in groups if len(places) > 1 for at in places)
    for above, below in pairwise(known):
        loose = range(above + 1, below)
        if group[above] is group[below] and len(loose) <= _BETWEEN and all(_goes_on(held, at) for at in loose):
            for at in loose:
                group[at] = group[above]
                group[at].append(at)
    return _apart(group)


def _goes_on(held: Sequence[Paragraph], at: int) -> bool:
    """No heading is, or stands right above, this paragraph."""
    return not held[at].heading and not held[at - 1].heading


def _apart(group: Mapping[int, list[int]]) -> list[list[int]]:
    """Each group once, its places in order."""
    return [sorted(places) for places in {id(places): places for places in group.values()}.values()]


def terms(text: str) -> set[str]:
    """The words of a text that tell what it is about, each in its stem.

    >>> sorted(terms("So this is it: the scans are slower than two copies"))
    ['copy', 'scan', 'slower']
    """
    words = set(_WORD.findall(re.sub(r"https?://\S+", " ", text)))
    found = {word.lower() for word in words} - COMMON
    return {stem for word in found if len(stem := _stem(word)) > 2 and stem not in COMMON} | (words & _SHORT)


def _spoken(text: str) -> str:
    """What is said in a paragraph: of an error that was pasted, what it says."""
    if found := pasted(text):
        return found.says
    return "" if trace(text) else text


@lru_cache(maxsize=1 << 15)
def _stem(word: str) -> str:
    """Without the ending of a plural or a tense: enough that the same word is known again."""
    for ending, put in (("ies", "y"), ("sses", "ss"), ("ing", ""), ("ed", ""), ("s", "")):
        if word.endswith(ending) and not word.endswith(("ss", "us", "is")) and len(word) - len(ending) >= 3:
            return word[: -len(ending)] + put
    return word


def _telling(words: set[str], count: Mapping[str, int]) -> frozenset[str]:
    """The words of a paragraph that count: all of them, or of very many the rarer ones."""
    return frozenset(sorted(words, key=lambda word: (count[word], word))[:_HELD])


def _groups(known: Sequence[frozenset[str]], count: Mapping[str, int]) -> list[set[str]]:
    """Words that hold together."""
    ties = _ties(known, count)
    groups = {word: {word} for word in sorted({word for pair in ties for word in pair})}
    most, web = max(2, 1 + round((len(known) / _WIDE) ** 0.9)), _Web(ties, groups)
    while best := web.best():
        gain, (one, two) = best
        if gain <= 0 and len(groups) <= most:
            break
        groups[one] |= groups.pop(two)
        web.merge(one, two)
    return list(groups.values())


class _Web:
    """Groups of words, what ties each two of them, and what it would gain to make them one.

    Of each group the best of its ties to those that come after it is kept, so that a merge looks only at what it moves.
    """

    def __init__(self, ties: Mapping[tuple[str, str], float], names: Iterable[str]) -> None:
        self._ties: dict[str, dict[str, float]] = {name: {} for name in names}
        self._degree = dict.fromkeys(self._ties, 0.0)
        self._total = sum(ties.values())
        for (one, two), tie in ties.items():
            self._ties[one][two] = self._ties[two][one] = tie
            self._degree[one] += tie
            self._degree[two] += tie
        self._best = {name: self._looked(name) for name in self._ties}

    def best(self) -> tuple[float, tuple[str, str]] | None:
        """The gain of the merge that gains most, and its pair in order; None when nothing is tied."""
        return max((each for each in self._best.values() if each), default=None)

    def merge(self, one: str, two: str) -> None:
        """What `two` was tied to is tied to `one`."""
        mine, theirs = self._ties[one], self._ties.pop(two)
        self._degree[one] += self._degree.pop(two)
        del self._best[two]
        for name, tie in theirs.items():
            del self._ties[name][two]
            if name != one:
                mine[name] = self._ties[name][one] = mine.get(name, 0.0) + tie
        for name in (one, *mine):
            if name <= one or (name in theirs and name < two):
                self._best[name] = self._looked(name)

    def _looked(self, one: str) -> tuple[float, tuple[str, str]] | None:
        degree, total = self._degree, self._total
        own = degree[one]
        return max(
            (
                (tie / total - own * degree[two] / (2 * total * total), (one, two))
                for two, tie in self._ties[one].items()
                if one < two
            ),
            default=None,
        )


def _ties(known: Sequence[frozenset[str]], count: Mapping[str, int]) -> dict[tuple[str, str], float]:
    found: Counter[tuple[str, str]] = Counter()
    for words in known:
        for one, two in combinations(sorted(words), 2):
            found[one, two] += 1
    beside: dict[tuple[str, str], float] = {}
    for above, below in pairwise(known):
        for one in above:
            for two in below - {one}:
                pair = (one, two) if one < two else (two, one)
                beside[pair] = beside.get(pair, 0) + _BESIDE
    every = sorted(found.keys() | beside.keys())
    return {
        (one, two): (found[one, two] + beside.get((one, two), 0)) / math.sqrt(count[one] * count[two])
        for one, two in every
    }


def _merged(ties: Mapping[tuple[_Node, _Node], float], one: _Node, two: _Node) -> dict[tuple[_Node, _Node], float]:
    """The ties when what `two` was tied to is tied to `one`."""
    found: dict[tuple[_Node, _Node], float] = {}
    for (a, b), tie in ties.items():
        a, b = one if a == two else a, one if b == two else b
        if a != b:
            pair = (a, b) if a < b else (b, a)
            found[pair] = found.get(pair, 0) + tie
    return found


def _course(known: Sequence[frozenset[str]], groups: list[set[str]], count: Mapping[str, int]) -> list[int]:
    """The group that each paragraph speaks of."""
    groups = [group for group in groups if sum(bool(words & group) for words in known) > 1] or [set()]
    rare = {word: math.log(1 + len(known) / many) for word, many in count.items()}
    best, back = [0.0] * len(groups), []
    for words in known:
        top = max(range(len(groups)), key=best.__getitem__)
        come = [at if best[at] >= best[top] - _SWITCH else top for at in range(len(groups))]
        best = [
            max(best[at], best[top] - _SWITCH) + sum(rare[word] for word in words & group)
            for at, group in enumerate(groups)
        ]
        back.append(come)
    path = [max(range(len(groups)), key=best.__getitem__)]
    for come in reversed(back[1:]):
        path.append(come[path[-1]])
    return path[::-1] if known else []


def _name(places: Sequence[int], words: Sequence[set[str]], held: Sequence[Paragraph]) -> str:
    """The words that are said most in it and least elsewhere, as the author writes them."""
    mine = Counter(word for at in places for word in words[at])
    all_of = Counter(word for each in words for word in each)
    ranked = sorted(mine, key=lambda word: (-(mine[word] ** 2) / all_of[word], word))
    few = len(places) < _FEW
    kept = [word for word in ranked if mine[word] > 1 and (few or mine[word] * _OFTEN >= len(places))]
    kept = kept or (ranked if few else [])
    return ", ".join(_as_written(word, [held[at] for at in places]) for word in kept[:4]) or PASSING


def _as_written(stem: str, paragraphs: Sequence[Paragraph]) -> str:
    spelled = Counter(word.lower() for each in paragraphs for word in _WORD.findall(each.text) if _is(word, stem))
    return spelled.most_common(1)[0][0] if spelled else stem


def _is(word: str, stem: str) -> bool:
    return word.lower().startswith(stem[:-1]) and _stem(word.lower()) == stem
