"""Kernels: cells go in, events come out; the state is always that which the cells above make.

A session holds the live workers of one entry in one thread of the journal: Python under the project's own
interpreter, bash, and any other kernel that Jupyter has here. This room knows no entry and no file of the journal,
decides nothing about what is due, and writes nothing; what it knows of the document are the events.
"""

from nozzle.runner.call import Call, Serve, nobody
from nozzle.runner.confine import PRIVATE, Bounds, Held, bounds, possible
from nozzle.runner.connected import Line, Servers
from nozzle.runner.far.scheduler import reached
from nozzle.runner.interpreter import Interpreter, find_interpreter
from nozzle.runner.job import Job, Limits, Replay
from nozzle.runner.kernel import ANYWHERE
from nozzle.runner.kernelspec import Kernelspec, Kernelspecs
from nozzle.runner.session import LEFT, Session
from nozzle.runner.shelf import Kept, Shelf, from_facts, to_facts
from nozzle.runner.snapshots import Snapshots
from nozzle.runner.worker.borrow import LENT

__all__ = [
    "ANYWHERE",
    "LEFT",
    "LENT",
    "PRIVATE",
    "Bounds",
    "Call",
    "Held",
    "Interpreter",
    "Job",
    "Kept",
    "Kernelspec",
    "Kernelspecs",
    "Limits",
    "Line",
    "Replay",
    "Serve",
    "Servers",
    "Session",
    "Shelf",
    "Snapshots",
    "bounds",
    "find_interpreter",
    "from_facts",
    "nobody",
    "possible",
    "reached",
    "to_facts",
]
