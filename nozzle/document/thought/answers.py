"""Whether a sentence answers a question, or a cell has to do with it: by its form and the words they share.

No model is asked. It refuses what is only likely: a question left open is looked at, one closed wrongly is lost.
"""

import re
from collections.abc import Set

from nozzle.document.thought.threads import terms

_YES = re.compile(
    r"(?i)^(?:(?:so|ok|okay|ah|oh|well|and|god|hell|heavens)[,:]? +)*"
    r"(?:yes|yep|yeah|no|nope|indeed|it (?:is|does|can))\b ?[,.:;!\u2014\u2013-]"
)
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
    told = bool(_YES.match(sentence)) and not sentence.rstrip().endswith("?")
    return told and (not _NO_YES.search(question) or any(_YES_OR_NO.match(part.strip()) for part in (question, *asks)))


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
