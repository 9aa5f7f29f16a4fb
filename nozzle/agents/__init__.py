"""The agents of an entry, beside its desk: the explainer who answers, the doer who proposes, the news that breaks.

What they work out, they work out in threads, from values; what comes of it returns to the loop and is written by the
desk like everything else. They can only say: a question's answer, a note, a proposal. A cell runs because the author,
or a rule in code, said so, and never because a model did.
"""

from nozzle.agents.conducted import Conducted
from nozzle.agents.crew import Crew
from nozzle.agents.seat import Seat

__all__ = ["Conducted", "Crew", "Seat"]
