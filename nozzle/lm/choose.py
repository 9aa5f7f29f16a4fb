"""Which model, by the words of the settings. None named: none is asked, whatever keys lie in the environment."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

from nozzle.lm.model import Model
from nozzle.lm.providers import Provider, load
from nozzle.lm.wire import Wire


@dataclass(frozen=True, slots=True)
class Choice:
    """What the settings say about the model."""

    model: str = ""
    url: str = ""
    """Of a server that speaks OpenAI's wire; empty: the provider's own."""
    key: Callable[[], str] = lambda: ""
    """Found when it is needed, and kept nowhere."""


def choose(choice: Choice) -> Model | None:
    """The model that is meant; None when none is.

    >>> choose(Choice()) is None, type(choose(Choice("qwen", "http://127.0.0.1:8000/v1"))).__name__
    (True, 'Wire')
    """
    if not choice.model:
        return None
    direct = choice.url and not choice.model.startswith(("anthropic/", "gemini/", "bedrock/", "vertex_ai/", "azure/"))
    if direct:
        return Wire(choice.model, choice.url.rstrip("/"), choice.key)
    return Provider(choice.model, choice.url, choice.key)


def warm(model: Model | None) -> None:
    """Import what the model needs, in a thread, so that the first question does not wait for it."""
    if isinstance(model, Provider):
        threading.Thread(target=_load, name="nozzle imports litellm", daemon=True).start()


def _load() -> None:
    from nozzle.errors import Missing

    try:
        load()
    except Missing:
        return  # said when the model is asked
