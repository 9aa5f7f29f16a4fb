"""Any Jupyter kernel as a worker: a bridge of our own speaks to it through jupyter_client, in a process of its own.

Such a kernel cannot be copied, so no state of it is kept: to go back, its cells run again. Nothing binds it either, for
it needs sockets; so no cell of an agent runs in one.
"""

from collections.abc import Iterator

from nozzle.runner.confine import Bounds
from nozzle.runner.job import Job, Limits
from nozzle.runner.kernel import Image, Kernel, Message, Python, Tainted
from nozzle.runner.kernelspec import FAR, Kernelspec
from nozzle.runner.outputs import Outputs
from nozzle.runner.process import Place, launch

FAREWELL = 5.0
"""Seconds that the bridge gets to end a kernel elsewhere."""


class Jupyter(Python):
    """The bridge says what Python's worker says, and all that is printed goes through one pair of pipes."""

    def __init__(self, place: Place, limits: Limits, spec: Kernelspec) -> None:
        outputs = Outputs(limits)
        kernel = spec.name if spec.name.startswith(FAR) else str(spec.folder)
        super().__init__(place, launch(place, spec.name, outputs, kernel), outputs, limits)
        if spec.name.startswith(FAR):
            self.process.patience = FAREWELL
            self._say({"token": spec.token})
        outputs.handed_over()
        self._name = spec.name

    def begin(self, job: Job) -> bool:
        self.outputs.begin(job.cell)
        self._say({"source": job.source})
        return False

    def hear(self) -> Iterator[Message]:
        for message in super().hear():
            if message["t"] == "gone":
                self.process.told = message["why"]
            else:
                yield message

    def traces(self) -> Message:
        return {"spawned": True}

    def freeze(self) -> "Image | Tainted":
        return Tainted(f"the state of the Jupyter kernel {self._name} cannot be kept")

    def confine(self, bounds: Bounds) -> "Kernel | Tainted":
        return Tainted(f"nothing can bind the Jupyter kernel {self._name}")
