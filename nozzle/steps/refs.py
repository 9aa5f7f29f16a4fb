"""Where branches point: HEAD and refs move only from where they were last seen.

It refuses to overwrite: a ref that somebody else moved meanwhile raises `Moved`, and the caller looks again.
"""

import time
from io import BufferedReader

from nozzle.errors import NozzleError, Unwritable
from nozzle.steps.door import Door, fail
from nozzle.steps.talk import Died, Talk, line

PATIENCE = 5.0  # seconds


class Moved(NozzleError):
    """The ref is not where it was last seen."""


class Refs:
    """The refs, by way of a git process that stays."""

    def __init__(self, door: Door, width: int) -> None:
        self._nothing = "0" * 2 * width
        self._talk = Talk(door, "update-ref", "-m", "nozzle", "--stdin")

    def close(self) -> None:
        """End the process."""
        self._talk.close()

    def move(self, ref: str, new: str, old: str) -> None:
        """Point `ref` (or the branch HEAD names) from `old` to `new`; an empty one is no commit."""
        self._change(f"update {ref} {new or self._nothing} {old or self._nothing}")

    def put(self, ref: str, new: str) -> None:
        """Point a ref of our own at `new`, wherever it was."""
        self._change(f"update {ref} {new}")

    def drop(self, ref: str) -> None:
        """Delete a ref of our own."""
        self._change(f"delete {ref}")

    def _change(self, order: str) -> None:
        end, silent = time.monotonic() + PATIENCE, 0
        while True:
            try:
                return self._talk.ask(f"start\n{order}\ncommit\n".encode(), _obeyed, again=False)
            except Died as death:
                said = str(death)
            silent += not said
            if not said and silent == 1:
                continue  # somebody killed it; if it had done its work, `old` is not there any more
            if "but expected" in said or "already exists" in said or "unable to resolve reference" in said:
                raise Moved(said)
            if ".lock': File exists" not in said:
                fail(("update-ref",), said)
            if time.monotonic() > end:
                lock = said.partition("Unable to create '")[2].partition("'")[0]
                raise Unwritable(f"another git process holds {lock}: let it finish, or remove that file if none runs")
            time.sleep(0.02)


def _obeyed(answer: BufferedReader) -> None:
    line(answer)
    line(answer)
