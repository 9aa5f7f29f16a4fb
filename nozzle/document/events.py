"""What can happen while a cell runs, in Jupyter's words.

Events are the only thing a kernel may say. They name a cell by its chain digest, never by its place, so they stay
true while the author edits around it. The queue that carries them pairs each with the path of its entry, which also
names the thread (a thread is a folder).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Status = Literal["ok", "error", "timeout", "stopped", "died"]
"""How a cell ended. `died`: its kernel went away under it (signal, exit, out of memory)."""


@dataclass(frozen=True, slots=True)
class Started:
    cell: str


@dataclass(frozen=True, slots=True)
class Replaying:
    """Before `cell` can run, the cell `number` of `total` above it runs again in a fresh worker; its text stays."""

    cell: str
    above: str
    number: int
    total: int


@dataclass(frozen=True, slots=True)
class Restarted:
    """The cell begins again: what it has shown so far does not count. Nothing that it did outside was repeated."""

    cell: str
    why: str


@dataclass(frozen=True, slots=True)
class Stream:
    cell: str
    name: Literal["stdout", "stderr"]
    text: str


@dataclass(frozen=True, slots=True)
class DisplayData:
    """`data` maps a MIME type to text; what is not text (image/png, image/jpeg) is base64, as in nbformat."""

    cell: str
    data: Mapping[str, str]
    metadata: Mapping[str, Any] = field(default_factory=dict)
    display_id: str = ""
    update: bool = False
    """Replace what was shown under `display_id` instead of adding."""


@dataclass(frozen=True, slots=True)
class ExecuteResult:
    cell: str
    data: Mapping[str, str]
    metadata: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ClearOutput:
    cell: str
    wait: bool = False


@dataclass(frozen=True, slots=True)
class Error:
    """`traceback` holds the author's frames only: no frame and no path of nozzle's or IPython's own."""

    cell: str
    ename: str
    evalue: str
    traceback: tuple[str, ...] = ()
    expression: str = ""
    """The expression that failed, in the author's innermost frame; the line where it is not known."""
    operands: tuple[tuple[str, str], ...] = ()
    """Its names, and what they were: type, shape, dtype, a short value."""
    line: int = 0
    """Of the expression, within the cell, from 1; 0 when there is none."""


@dataclass(frozen=True, slots=True)
class InputRequest:
    """The cell called input(); `nozzle answer` replies."""

    cell: str
    prompt: str
    password: bool = False


@dataclass(frozen=True, slots=True)
class Late:
    """Output that came after its cell had finished (a thread, a background job)."""

    cell: str
    name: Literal["stdout", "stderr"]
    text: str


ASKED = "a question to you"
"""The effect of a cell that called input(): who is to answer when it runs again?"""


@dataclass(frozen=True, slots=True)
class Finished:
    cell: str
    status: Status
    seconds: float = 0.0
    cause: str = ""
    """Why it did not end well, in plain words: 'signal 9 (SIGKILL)', 'exit 3', 'time limit of 5 s'."""
    memory: int = 0
    """Peak resident bytes of the worker."""
    reads: tuple[str, ...] = ()
    """Files under the repository that the cell opened for reading, as far as audit hooks see: absolute paths."""
    writes: tuple[str, ...] = ()
    """Files that the cell opened for writing, renamed or made, as far as audit hooks see: absolute paths."""
    elsewhere: tuple[str, ...] = ()
    """Files outside the repository that it wrote, temporary ones too: absolute paths."""
    effects: tuple[str, ...] = ()
    """Where it reached outside: 'network', 'files:/outside/path', 'program:curl'."""
    spawned: bool = False
    """It started other programs, whose reads and writes are not seen."""
    names: Mapping[str, str] = field(default_factory=dict)
    """Names that the cell made or changed, and what they are: type, shape, dtype; `gone` for those it took away."""
    packages: Mapping[str, str] = field(default_factory=dict)
    """Version of each imported distribution, and of the language under its own name."""
    left_out: str = ""
    """What of its output was not kept, in plain words."""
    took: float = 0.0
    """Seconds that the run took which made what came back now; 0 when it has run."""
    cached: str = ""
    """What became of `cache: true`, in plain words: it came back, or why what it made is not kept."""
    answers: tuple[str, ...] = ()
    """What it gave `final_answer`, each time that it called it."""


Event = (
    Started
    | Replaying
    | Restarted
    | Stream
    | DisplayData
    | ExecuteResult
    | ClearOutput
    | Error
    | InputRequest
    | Late
    | Finished
)
