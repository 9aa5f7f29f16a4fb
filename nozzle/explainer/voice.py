"""How the explainer must not sound: a list, checked by code, because a model asked not to flatter still does."""

import re

_FLATTERY = (
    r"great question", r"good question", r"excellent (?:question|point|work|idea)",
    r"what a (?:great|fascinating)",
    r"you(?:'|’)re absolutely right", r"you are absolutely right", r"absolutely!", r"certainly!", r"of course!",
    r"i(?:'|’)?d be happy to", r"i hope this helps", r"feel free to", r"let me know if", r"happy (?:coding|to help)",
    r"now go (?:and )?build", r"great job", r"well done", r"amazing", r"awesome", r"brilliant", r"fascinating",
    r"as an ai\b", r"as a large language model", r"delve", r"game.?changer", r"exciting",
)  # fmt: skip
_flattery = re.compile(r"(?i)(?<!\w)(?:" + "|".join(_FLATTERY) + r")")
_code = re.compile(r"```.*?```|`[^`\n]*`", re.S)


def flattery(text: str) -> str:
    """Why a reply is sent back; empty when it may stand. Code is not looked at.

    >>> flattery("Great question! The cell fails.")
    'it flatters or fills ("Great question"): say it without'
    >>> flattery("`amazing` is undefined.")
    ''
    """
    found = _flattery.search(_code.sub("", text))
    return f'it flatters or fills ("{found[0]}"): say it without' if found else ""
