"""Whether a sentence answers a question, or a cell has to do with it: by its form and the words they share.

No model is asked. It refuses what is only likely: a question left open is looked at, one closed wrongly is lost.
"""

import re
from collections.abc import Set

from nozzle.document.thought.threads import terms

_OPENS = r"(?i)^(?:(?:so|ok|okay|ah|oh|well|and|god|hell|heavens)[,:]? +)*"
_ECHO = (
    r"(?:it|they|that|this|these|those|we|he|she) "
    r"(?:(?:is|are|was|were|does|do|did|can|could|has|have|had|will|should)(?: not|n['\u2019]t)?|"
    r"cannot|won['\u2019]t|can['\u2019]t)"
)
_YES = re.compile(rf"{_OPENS}(?:yes|yep|yeah|no|nope|indeed|{_ECHO})\b ?[,.:;!\u2014\u2013-]")
_ECHOES = re.compile(rf"{_OPENS}{_ECHO}\b ?[,.:;!\u2014\u2013-]")
_HALF = re.compile(
    r"(?i)\b(?:perhaps|maybe|possibly|probably|presumably|hopefully|likely|roughly speaking|in part|partly|sort of|"
    r"kind of|more or less|yes and no|might|may|depends?|unknown|unclear|unsure|not sure|no idea|no clue|who knows|"
    r"hard to (?:say|tell)|not yet|yet|later|nobody knows|(?:I|we) (?:think|guess|suppose|hope|believe|assume|doubt|"
    r"don['\u2019]t know)|good question|if|unless)\b"
)
"""With one of these, what is said behind a question leaves it open."""
_YES_OR_NO = re.compile(
    r"(?i)^(?:(?:so|and|but|now|ok|okay)[,:]? +)?(?:i wonder (?:if|whether)|is|are|was|were|does|do|did|can|could|has|"
    r"have|had|will|would|should)\b"
)
_NO_YES = re.compile(r"(?i)\b(?:how|why|what|where|when|which|who|whose|any(?:one|body)?)\b")
"""A question with one of these is not answered by yes or no."""
_MEASURE = re.compile(
    r"(?i)\bhow (?:large|big|small|many|much|long|fast|slow|often|far|high|low|deep|wide|accurate|exact|good|bad)\b|"
    r"\bwhat (?:is|are|was) the\b|\bwhich\b"
)
_SAYS = re.compile(
    r"(?i)\b(?:is|are|was|were|takes?|took|needs?|costs?|reaches|comes? to|has|have|runs? (?:at|in))\b|[=\u2248:]"
)
_UNSURE = re.compile(
    r"(?i)\b(?:if|whether|wonder\w*|maybe|perhaps|should|could|would|might|let'?s|let us|need|want|check\w*|test\w*|"
    r"try|see|ask\w*|question|suppose|assume|expect\w*|hope|guess|think|not sure|don'?t know|unclear|unsure)\b"
)
BACK = re.compile(r"(?i)\b(?:it|its|that|this|they|them|those|these)\b")
"""Words of a question that point back, to what its paragraph is about."""
_TIME = re.compile(
    r"(?i)\bhow (?:fast|slow|long|quick(?:ly)?|much time)\b|\b(?:faster|slower|quicker)\b|"
    r"\b(?:time|benchmark|profile) (?:the|it|this|that|both|each|all|an?|one)\b"
)
_TIMED = frozenset(("timeit", "perf", "monotonic", "second", "millisecond", "elapsed", "duration"))
"""Of these a cell has one that takes the time."""
_BREATH = 5
"""Words of an answer that only names what was asked for: "Four, for now."."""
_COUNTED = "zero one two three four five six seven eight nine ten eleven twelve"
_NUMBERS = {word: str(at) for at, word in enumerate(_COUNTED.split())}
_FILL = (
    "the a an of in on at by to for with is are was were it its it's that that's we i or and not do does should as now "
    "course clearly obviously then again only just always still surely definitely"
)
_SMALL = frozenset(_FILL.split())
_PICKS = frozenset(("both", "neither", "former", "latter", "first", "second"))
"""Words that choose between two that were named."""
_COUNTS = re.compile(r"(?i)\bhow (?:many|much|large|big|small|long|fast|slow|often|far|high|low|deep|wide)\b")
_WHEN = re.compile(r"(?i)^(?:(?:so|and|but|now|ok|okay)[,:]? +)?(?:when|what day|which (?:day|week|month|year))\b")
_DATE = re.compile(
    r"(?i)\d|\b(?:(?:mon|tues|wednes|thurs|fri|satur|sun)day|january|february|march|april|may|june|july|august|september|"
    r"october|november|december|spring|summer|autumn|winter|today|tomorrow|tonight|yesterday|never|weekly|daily|monthly)\b"
)
_HOW = re.compile(
    r"(?i)^(?:(?:so|and|but|now|ok|okay)[,:]? +)?how (?:do|does|did|can|could|should|would|will|is|are)\b"
)
_BY = re.compile(r"(?i)^(?:by|through|using|with) (?!the way\b|now\b|all means\b|(?:some )?luck\b|then\b)\w")
_WHY = re.compile(r"(?i),? (?:because|since)\b|[:;\u2014]")
"""What follows gives the reason for an answer."""
_NAMES = re.compile(r"(?i)^(?:(?:so|and|but|now|ok|okay)[,:]? +)?(?:who|whose|which)\b")
_NAMED = re.compile(
    r"(?:The|A|An|Our|My|[A-Z][\w.+-]*[A-Z\d][\w.+-]*)\b.*\w|[A-Z][\w.+-]{2,}(?:, for (?:now|the moment).*)?"
)
"""A name, or a thing, and no more than that."""
_VERB = re.compile(
    r"(?i)\b(?:is|are|was|were|be|am|has|have|had|do|does|did|can|could|will|would|should|must|\w+n['\u2019]t|\w+ed)\b"
)
_REMARK = re.compile(
    r"(?i)^(?:(?:an?|the) )?(?:\w+ )?(?:anyway|anyhow|whatever|sigh|odd|strange|weird|curious|interesting|funny|wow|"
    r"ouch|oops|damn|right|true|fine|good|great|nice|okay|well|sorry|coffee|lunch|question|mess|mystery|puzzle|idea|next|enough|stop|"
    r"wait|hold|time|moment|pity|shame|nonsense|exactly|indeed|please|thanks|todo|note|remark|"
    r"both|neither|nobody|anyone)\b"
)
"""Said of the question, or of something else."""
_SAME = 5
"""Letters at their beginning by which two longer words are known to be one."""


def apart(code: str) -> str:
    """Code with its names taken apart into words.

    >>> apart("copy_ms = timeCopy(a.b)")
    'copy ms = time Copy(a b)'
    """
    return re.sub(r"[_.+-]|(?<=[a-z])(?=[A-Z])", " ", code)


def about(asked: Set[str], shown: Set[str]) -> bool:
    """Whether what a question is about is spoken of: one of its words, or one that begins as it does.

    >>> about({"convergence"}, {"converged"}), about({"copy"}, {"copyright"})
    (True, False)
    """
    roots = {word.lower()[:_SAME] for word in shown if len(word) >= _SAME}
    return bool(asked & shown) or any(len(word) >= _SAME and word.lower()[:_SAME] in roots for word in asked)


def measured(question: str) -> frozenset[str]:
    """Names by which a cell takes what a question asks for, where that can be told: how long something takes."""
    return _TIMED if _TIME.search(question) else frozenset()


def replies(question: str, sentence: str) -> bool:
    """Whether what is said right after a question says yes or no to it.

    >>> replies("Should we pad the blocks?", "Yes."), replies("Should we pad?", "No idea."), replies("Why?", "Yes.")
    (True, False, False)
    >>> replies("Revert to step 0.1?", "God no.")
    True
    """
    asks = re.split(r"[,:;\u2014] | and | but ", question.rstrip("?"))
    told = bool(_YES.match(sentence)) and not sentence.rstrip().endswith("?") and not _HALF.search(sentence)
    return told and (not _NO_YES.search(question) or any(_YES_OR_NO.match(part.strip()) for part in (question, *asks)))


def echoes(sentence: str) -> bool:
    """Whether it says yes or no in the words of a question, and so to one: "It does, by Young's inequality."."""
    return bool(_ECHOES.match(sentence))


def names(question: str, sentence: str) -> bool:
    """Whether what is said right behind a question only names what it asks for: one of two, a number, a day, a name.

    >>> names("Is it 3 or 4?", "Four."), names("How many sites?", "Seven."), names("Which optimiser?", "Adam.")
    (True, True, True)
    >>> names("Is it 3 or 4?", "Perhaps 4."), names("How many sites?", "Odd."), names("Why?", "The chair.")
    (False, False, False)
    """
    if sentence.endswith(("?", ":", "\u2026", "...")) or _HALF.search(sentence):
        return False
    if _HOW.match(question):
        return bool(_BY.match(sentence))
    sentence = _WHY.split(sentence)[0]
    if len(sentence.split()) > _BREATH:
        return False
    said = _tokens(sentence)
    if re.search(r"(?i)\w[`*_$]* or [`*_$]*\w", question):
        return bool(said) and said <= _tokens(question) | _PICKS
    if _COUNTS.search(question):
        return any(word[0].isdigit() for word in said)
    if _VERB.search(sentence):
        return False
    if _WHEN.match(question):
        return bool(_DATE.search(sentence))
    return bool(
        not _REMARK.match(sentence)
        and _NAMES.match(question)
        and _NAMED.fullmatch(sentence.rstrip(".!"))
        and terms(sentence)
    )


def _tokens(words: str) -> set[str]:
    """What a few words name; a number that is spelt is its figure."""
    found = (word.strip(".,/-") for word in re.findall(r"[\w.,/-]+", words.lower()))
    return {_NUMBERS.get(word, word) for word in found if word and word not in _SMALL}


def answers(question: str, sentence: str, asked: Set[str]) -> bool:
    """Whether a sentence that shares a word with a question has the form of its answer.

    >>> asked = frozenset(("scan", "stable"))
    >>> answers("Is the scan stable?", "The scan is stable: it loses nothing.", asked)
    True
    >>> answers("Is the scan stable?", "I should check whether the scan is stable.", asked)
    False
    """
    if sentence.rstrip().endswith("?") or _UNSURE.search(sentence):
        return False
    if _YES_OR_NO.search(question):
        return bool(_YES.search(sentence)) or (len(asked) > 1 and asked <= terms(sentence))
    says = _SAYS.search(sentence)
    if says is None or not _MEASURE.search(question):
        return False
    return bool(asked & terms(sentence[: says.start()])) and bool(re.search(r"\d", sentence[says.end() :]))
