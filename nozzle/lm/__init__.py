"""Models: typed prompts, one way to ask, one append-only file of what was asked.

This room knows no entry: it takes plain messages (role and content), and gives back a value of a declared type or one
`Failed` that says what happened. No model is the default, and then nobody is asked. A key in the environment is not
consent: only the settings name a model. litellm and httpx are opened here, late, and nowhere else.
"""

from nozzle.lm.ask import Asked, ask
from nozzle.lm.choose import Choice, choose, warm
from nozzle.lm.fetched import Fetched
from nozzle.lm.langfuse import exporter, lacking, wanted
from nozzle.lm.model import Call, Failed, Model, Reply, Stop, Usage
from nozzle.lm.scripted import Scripted
from nozzle.lm.signature import Prompts, Signature
from nozzle.lm.trace import Span, Tracer

__all__ = [
    "Asked", "Call", "Choice", "Failed", "Fetched", "Model", "Prompts", "Reply", "Scripted", "Signature", "Span",
    "Stop", "Tracer", "Usage", "ask", "choose", "exporter", "lacking", "wanted", "warm",
]  # fmt: skip
