"""Instructions that are kept in Langfuse under a label, fetched in a thread while nozzle starts.

What is sent first must not change from call to call, or no cache could serve it: an instruction is settled when it is
first used, by what had come until then, and nobody waits for a server.
"""

import threading
from collections.abc import Callable, Iterable

from nozzle.lm.langfuse import prompt
from nozzle.lm.signature import SHIPPED


class Fetched:
    """The words under a name, settled at its first use; empty where none had come, or none is kept."""

    def __init__(
        self, label: str, fetch: Callable[[str, str], str] = prompt, names: Iterable[str] | None = None
    ) -> None:
        self._come: dict[str, str] = {}
        self._settled: dict[str, str] = {}
        self._names = sorted(names if names is not None else (path.stem for path in SHIPPED.glob("*.md")))
        self._thread = threading.Thread(target=self._fetch, args=(fetch, label), name="nozzle prompts", daemon=True)
        self._thread.start()

    def __call__(self, name: str) -> str:
        return self._settled.setdefault(name, self._come.get(name, ""))

    def wait(self, seconds: float) -> None:
        """Wait until all have come that will, for so long at most."""
        self._thread.join(seconds)

    def _fetch(self, fetch: Callable[[str, str], str], label: str) -> None:
        for name in self._names:
            self._come[name] = fetch(name, label)
