"""A device without a device: the kernels that a GPU is sent, each block of one thread, as code of this processor.

With one thread a barrier waits for nobody, and what the threads of a block have together is what the one has. All else
is as on a GPU: who computes what, where it is written, what a kernel leaves to the next, how many blocks there are.
"""

import ctypes

import numpy as np

from nozzle.aot import cache
from nozzle.aot.lower.device import Device
from nozzle.aot.lower.grid import THREADS
from nozzle.aot.lower.processor import Processor
from nozzle.aot.lower.text import register


class Alone(Device):
    """The kernels as functions of the number of a block, and of how many there are."""

    def place(self):
        return self.t.index(0), self.t.index(1), "%block", "%grid"

    def barrier(self):
        pass

    def among(self, value, dtype, both):
        return value

    def shared(self, dtype):
        return f"memref<{THREADS}x{register(dtype)}>", "%shared"

    def module(self):
        lines = [self.t.constants()]
        parameters = ", ".join([*self.parameters, "%block: index", "%grid: index"])
        for at, (dtype, body) in enumerate(self.bodies):
            room = [f"  %shared = memref.alloca() : {self.shared(dtype)[0]}"] if dtype else []
            head = f"func.func @{self.name()}_{at}({parameters}) {{"
            lines += [head, *room, *self.t.prologue, *body, "  return", "}"]
        return "\n".join(lines) + "\n"


class Here:
    """What `gpu.Cuda` is, with arrays of NumPy's."""

    def kernels(self, graph):
        return Alone(graph, Processor()).kernels()

    def load(self, made):
        library = ctypes.CDLL(str(cache.library(made.text)[0]))
        self.launched = []

        def get(name):
            function = getattr(library, name)

            def launch(blocks, arguments):
                self.launched.append((name, blocks))
                bare = [word(one) for one in arguments]
                for block in reversed(range(blocks)):  # no block may wait for another
                    function(*bare, ctypes.c_int64(block), ctypes.c_int64(blocks))

            return launch

        return get

    def empty(self, shape, dtype):
        made = np.empty(shape, dtype)
        made.view("u1").fill(0xA5) if made.ndim and made.size else None
        return made

    def host(self, array):
        return array


def word(value):
    """An argument as a function of C has it."""
    if isinstance(value, np.ndarray):
        return ctypes.c_void_p(value.ctypes.data)
    kind = {"b": ctypes.c_int8, "?": ctypes.c_int8, "h": ctypes.c_int16, "i": ctypes.c_int32, "q": ctypes.c_int64}
    kind |= {"B": ctypes.c_uint8, "H": ctypes.c_uint16, "I": ctypes.c_uint32, "Q": ctypes.c_uint64}
    kind |= {"l": ctypes.c_int64, "L": ctypes.c_uint64, "f": ctypes.c_float, "d": ctypes.c_double}
    return kind[value.dtype.char](value.item())
