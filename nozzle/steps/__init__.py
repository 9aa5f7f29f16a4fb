"""Every step is a git commit with `Nozzle-*` trailers; a thread is a branch; rewinding never destroys work.

The room's lease: git, through GitPython's command interface, and nothing else. It knows paths, bytes and trailers; what
an entry, a cell or an output is, it does not.
"""

from nozzle.steps.commit import Elsewhere
from nozzle.steps.fork import Worktree
from nozzle.steps.repo import Thread
from nozzle.steps.rewind import Rewound
from nozzle.steps.step import Record, Step, Taken
from nozzle.steps.steps import Steps
from nozzle.steps.worktree import Changed, Snapshot

__all__ = ["Changed", "Elsewhere", "Record", "Rewound", "Snapshot", "Step", "Steps", "Taken", "Thread", "Worktree"]
