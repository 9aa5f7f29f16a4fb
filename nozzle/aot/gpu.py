"""The door to CuPy: kernels for the GPU that arrays are on, made, launched, checked against CuPy's own answer.

Kernels are PTX for the least device that is compiled for; the driver makes them code for the one there is. Memory is
CuPy's, and so are products of matrices; nothing is copied to the host, but for the check of the first call. What has
no kernels is answered by CuPy, operation by operation, as it is for arrays of any other library.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from nozzle.aot import cache, mlir, passes
from nozzle.aot.build import Refuse
from nozzle.aot.cpu import by_sizes, differ, exact, follow, least
from nozzle.aot.graph import Graph, Node
from nozzle.aot.interpret import Run, put_together, sizes_of
from nozzle.aot.lower.device import Kernels, kernels
from nozzle.aot.lower.grid import THREADS, Launch
from nozzle.aot.ops import OPS
from nozzle.aot.passes.rows import rows
from nozzle.aot.worker import CompileFailed

if TYPE_CHECKING:
    from nozzle.aot.compiled import Special

log = logging.getLogger("nozzle.aot")
LEAST = int(mlir.CHIP.removeprefix("sm_"))
"""The compute capability that is compiled for, times ten."""
Kernel = Callable[[int, Sequence[Any]], None]
"""(how many blocks, arguments)."""


class Driver(Protocol):
    """A device, and arrays on it."""

    def kernels(self, graph: Graph) -> Kernels: ...
    def load(self, made: Kernels) -> Callable[[str], Kernel]: ...
    def empty(self, shape: Sequence[int], dtype: str) -> Any: ...
    def host(self, array: Any) -> Any:
        """A copy in NumPy's memory."""


class Cuda:
    """A device of NVIDIA's, by CuPy."""

    def __init__(self) -> None:
        self.cupy: Any = importlib.import_module("cupy")

    def kernels(self, graph: Graph) -> Kernels:
        return kernels(graph)

    def load(self, made: Kernels) -> Callable[[str], Kernel]:
        module = self.cupy.RawModule(path=str(cache.ptx(made.text)))

        def get(name: str) -> Kernel:
            function = module.get_function(name)
            return lambda blocks, arguments: function((blocks,), (THREADS,), tuple(arguments))

        return get

    def empty(self, shape: Sequence[int], dtype: str) -> Any:
        return self.cupy.empty(tuple(shape), dtype)

    def host(self, array: Any) -> Any:
        return self.cupy.asnumpy(array)


def unwritten() -> str:
    """What there is not, that writes PTX; empty when all is there."""
    if not mlir.found():
        return "there is no MLIR: pip install 'nozzle[aot-gpu]'"
    if importlib.util.find_spec("llvmlite") is None:
        return "there is no llvmlite, which writes PTX: pip install 'nozzle[aot-gpu]'"
    return ""


def missing() -> str:
    """What there is not, that kernels need; empty when all is there."""
    if words := unwritten():
        return words
    have = int(importlib.import_module("cupy").cuda.Device().compute_capability)
    return "" if have >= LEAST else f"this device is of capability {have / 10}, and kernels are for {LEAST / 10} on"


def stand_in(value: Any) -> Any:
    """An array of NumPy's that lies as one on a device does, and is not to be read."""
    if not hasattr(value, "__cuda_array_interface__"):
        return value
    if not value.shape:
        raise Refuse("a number that is on a device", "pass it as a number: x.item()")
    return np.lib.stride_tricks.as_strided(np.empty(1, value.dtype), value.shape, value.strides)


def attach(special: Special, arguments: Sequence[Any], driver: Driver | None = None) -> None:
    """Give the code for one kind of call its kernels; where it gets none, `said` is why."""
    try:
        found = Launched(special, driver or Cuda())
        wrong = found.check(arguments)
    except Refuse as error:
        special.said = f"{error.reason}; instead: {error.instead}"
    except (CompileFailed, OSError, RuntimeError) as error:  # the last is what CuPy says of its driver
        special.said = f"its kernels could not be made: {error}"
    else:
        if wrong:
            special.said = f"its kernels disagree with its library: {wrong}"
            log.error("nozzle.aot: %s: %s", special.graph.name, special.said)
        else:
            special.native = found


class Launched:
    """The kernels of one function, and how to launch them."""

    def __init__(self, special: Special, driver: Driver) -> None:
        self.special, self.driver = special, driver
        self.made = driver.kernels(passes.run(special.graph, upto=rows))
        names = [str(node.attrs["name"]) for node in self.made.inputs]
        self.dtypes = {str(node.attrs["name"]): node.tensor.dtype for node in self.made.inputs}
        launches = [step for step in self.made.steps if isinstance(step, Launch)]
        self.launches: dict[Launch, Kernel] = {}
        if launches:
            get = driver.load(self.made)
            self.launches = {step: get(step.name) for step in launches}
        self.blocks = by_sizes(names, [step.blocks for step in self.launches])
        self.counts = by_sizes(names, [place.count for place in self.made.scratch])
        self.sizes = by_sizes(names, [dim for node in self.made.outputs for dim in node.tensor.shape])
        self.writes = [at for at, node in enumerate(self.made.inputs) if node in self.made.writes]

    def __call__(self, inputs: Sequence[Any]) -> Any:
        if not self.takes(inputs):
            return self.special.plain(self.special.whole(inputs))
        return self.run(inputs)

    def takes(self, inputs: Sequence[Any]) -> bool:
        """Whether what is written overlaps nothing else."""
        spans = [_span(one) if node.tensor.rank else (0, 0) for one, node in zip(inputs, self.made.inputs, strict=True)]
        for at in self.writes:
            low, high = spans[at]
            if any(other != at and low < end and start < high for other, (start, end) in enumerate(spans)):
                return False
        return True

    def run(self, inputs: Sequence[Any]) -> Any:
        values = self._values(inputs)
        run = Run(dict(zip(self.made.inputs, inputs, strict=True)), sizes_of(self.made.inputs, inputs))
        for node, slot in self.made.places.items():
            shape = [run.size(dim) for dim in node.tensor.shape]
            run.values[node] = values[slot].reshape(shape) if slot[0] == "scratch" else values[slot]
        arguments = [values[slot] for slot in self.made.slots]
        blocks = dict(zip(self.launches, self.blocks(*inputs), strict=True))
        for step in self.made.steps:
            if isinstance(step, Node):
                self._product(run, step)
            elif blocks[step]:
                self.launches[step](blocks[step], arguments)
        for node in self.made.results:
            follow(run, node)
        return put_together(self.special.graph.shape, [run.values[node] for node in self.made.results])

    def _values(self, inputs: Sequence[Any]) -> dict[tuple[str, str], Any]:
        """What every parameter is in a call; arrays for their addresses."""
        found: dict[tuple[str, str], Any] = {}
        for node, value in zip(self.made.inputs, inputs, strict=True):
            name = str(node.attrs["name"])
            if not node.tensor.rank:
                found["scalar", name] = found["data", name] = np.dtype(self.dtypes[name]).type(value)
                continue
            found["data", name] = value
            for axis in range(node.tensor.rank):
                found["dim", f"{name}.{axis}"] = np.int64(value.shape[axis])
                found["stride", f"{name}.{axis}"] = np.int64(value.strides[axis] // value.dtype.itemsize)
        lengths = iter(self.sizes(*inputs))
        for at, node in enumerate(self.made.outputs):
            shape = [next(lengths) for _ in node.tensor.shape]
            found["out", f"out{at}"] = self.driver.empty(shape, node.tensor.dtype)
        for at, (place, count) in enumerate(zip(self.made.scratch, self.counts(*inputs), strict=True)):
            found["scratch", str(at)] = self.driver.empty([count], place.dtype)
        return found

    def _product(self, run: Run, node: Node) -> None:
        """A product of matrices, by the library that has the arrays."""
        for one in node.inputs:
            follow(run, one)
        run.values[node][...] = OPS[node.op].run(*(run.values[one] for one in node.inputs))

    def check(self, arguments: Sequence[Any]) -> str:
        """How kernels and library differ on copies of one call's arguments; empty when they do not."""
        mine, theirs = ([one.copy() if getattr(one, "shape", ()) else one for one in arguments] for _ in range(2))
        try:
            want = self.special.python(*theirs)
        except Exception as error:  # the call itself will raise it
            return f"it raises {type(error).__name__}"
        got, want = (
            (answer, tuple(all_of[at] for at in self.special.tensors))
            for answer, all_of in ((self.run([mine[at] for at in self.special.tensors]), mine), (want, theirs))
        )
        host = self.driver.host
        return differ(on_host(got, host), on_host(want, host), exact(self.special), least(self.special))


def on_host(value: Any, host: Callable[[Any], Any]) -> Any:
    """An answer with its arrays in NumPy's memory; one without axes is a number there, as every number here is one."""
    if isinstance(value, tuple):
        return tuple(on_host(one, host) for one in value)
    found = host(value) if hasattr(value, "__cuda_array_interface__") else value
    return found[()] if isinstance(found, np.ndarray) else found


def _span(array: Any) -> tuple[int, int]:
    """The bytes that an array looks at, from where to where."""
    held = getattr(array, "__cuda_array_interface__", None) or array.__array_interface__
    low = high = int(held["data"][0])
    if 0 in array.shape:
        return low, low
    for length, step in zip(array.shape, array.strides, strict=True):
        low += min(0, (length - 1) * step)
        high += max(0, (length - 1) * step)
    return low, high + int(array.dtype.itemsize)
