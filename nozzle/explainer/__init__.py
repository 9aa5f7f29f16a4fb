"""The explainer: what happened and why, from facts first. It reads; nothing in this room changes anything.

Everything here works without a model, and says so: what a cell defined and changed, what broke and since when, which
edit lies nearest, what the journal says about a question. A model may put the same facts into prose; it is handed in.
"""

from nozzle.explainer.answers import Found, answer, asks_how
from nozzle.explainer.news import Broke, examine, fixed, headline, stalled, tell
from nozzle.explainer.notes import Ran, disagreement, made, surprises
from nozzle.explainer.recall import Passage, Recall
from nozzle.explainer.report import Elsewhere, Known, Live, report, well_above
from nozzle.explainer.voice import flattery

__all__ = [
    "Broke", "Elsewhere", "Found", "Known", "Live", "Passage", "Ran", "Recall", "answer", "asks_how", "disagreement",
    "examine", "fixed", "flattery", "headline", "made", "report", "stalled", "surprises", "tell", "well_above",
]  # fmt: skip
