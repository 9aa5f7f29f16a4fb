"""Instructions that are kept in Langfuse under a label, fetched in threads while nozzle starts.

What is sent first must not change from call to call, or no cache could serve it: an instruction is settled when it is
first used, by what had come until then. Who uses one at the very start, as a command does that only asks, waits for it
a moment; nobody waits for a server that is silent longer than that.
"""

import threading
import time
from collections.abc import Callable, Iterable

from nozzle.errors import NozzleError
from nozzle.lm.langfuse import IMPORTS, load, prompt
from nozzle.lm.signature import SHIPPED

PATIENCE = 1.0
"""Seconds from the first request in which an instruction is waited for."""


class Fetched:
    """The words under a name, settled at its first use; empty where none had come, or none is kept."""

    def __init__(
        self, label: str, fetch: Callable[[str, str], str] = prompt, names: Iterable[str] | None = None,
        warn: Callable[[str], None] = lambda words: None,
    ) -> None:  # fmt: skip
        self._come: dict[str, str] = {}
        self._settled: dict[str, str] = {}
        self._names = sorted(names if names is not None else (path.stem for path in SHIPPED.glob("*.md")))
        self._fetch, self._label, self._warn = fetch, label, warn
        self._asked = threading.Event()
        self._until = 0.0
        """When nobody waits any more."""
        self._threads = [threading.Thread(target=self._come_for, args=(name,), daemon=True) for name in self._names]
        threading.Thread(target=self._begin, name="nozzle prompts", daemon=True).start()

    def __call__(self, name: str) -> str:
        if name not in self._settled:
            self._asked.wait(IMPORTS)
            self.wait(max(0.0, self._until - time.monotonic()))
        return self._settled.setdefault(name, self._come.get(name, ""))

    def wait(self, seconds: float) -> None:
        """Wait until all have come that will, for so long at most."""
        end = time.monotonic() + seconds
        self._asked.wait(seconds)
        for each in self._threads if self._asked.is_set() else ():
            each.join(max(0.0, end - time.monotonic()))

    def _begin(self) -> None:
        try:
            load()
            for each in self._threads:
                each.start()
        finally:
            self._until = time.monotonic() + PATIENCE
            self._asked.set()

    def _come_for(self, name: str) -> None:
        try:
            self._come[name] = self._fetch(name, self._label)
        except NozzleError as error:
            self._warn(str(error))
