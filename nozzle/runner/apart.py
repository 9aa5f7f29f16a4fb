"""A cell that its author let out of its bounds, once: it runs in a kernel of its own, begun for it and ended with it.

Nothing that an earlier cell left behind is in that kernel, so what runs with more rights is what the author saw, and
nothing else. Nothing of it stays but its output and the files that it wrote: it is no part of the state of the entry,
and no replay needs it.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace

from nozzle.document.events import Finished
from nozzle.document.options import Reach
from nozzle.runner.confine import Bounds
from nozzle.runner.job import Job, Limits
from nozzle.runner.kernel import Kernel, start
from nozzle.runner.kernelspec import Kernelspecs
from nozzle.runner.process import Place

EFFECTS: Mapping[Reach, str] = {"network": "network", "all": "outside its bounds"}
"""What the step says of it, whatever it did there: no hook sees all that programs do."""


@contextmanager
def own_kernel(
    job: Job, place: Place, limits: Limits, bounds: Callable[[], Bounds], specs: Kernelspecs
) -> Iterator[Kernel]:
    """A fresh worker for this cell alone; OSError when it does not start, Missing when it cannot be bound."""
    kept = bounds() if job.reach == "network" else None
    kernel = start(job.language, place, limits, kept.online() if kept else None, specs)
    try:
        yield kernel
    finally:
        kernel.process.close()
        kernel.outputs.close()


def told(finished: Finished, reach: Reach) -> Finished:
    """How it ended: it reached outside, and its names are gone with it."""
    effects = dict.fromkeys((*finished.effects, EFFECTS[reach]))
    return replace(finished, effects=tuple(effects), names={})
