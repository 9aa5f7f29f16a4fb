"""Kernels: cells go in, events come out; the state is always that which the cells above make.

A session holds the live workers of one entry in one thread of the journal: Python under the project's own
interpreter, and bash. This room knows no entry and no file of the journal, decides nothing about what is due, and
writes nothing; what it knows of the document are the events.
"""

from nozzle.runner.confine import PRIVATE, Bounds, Held, bounds, possible
from nozzle.runner.course import Serve, nobody
from nozzle.runner.interpreter import Interpreter, find_interpreter
from nozzle.runner.job import Job, Limits
from nozzle.runner.session import Session
from nozzle.runner.snapshots import Snapshots
from nozzle.runner.worker.borrow import LENT

__all__ = [
    "LENT",
    "PRIVATE",
    "Bounds",
    "Held",
    "Interpreter",
    "Job",
    "Limits",
    "Serve",
    "Session",
    "Snapshots",
    "bounds",
    "find_interpreter",
    "nobody",
    "possible",
]
