"""The names of a kernel in a file, and back in another one: a state that outlives every process.

Each name that cannot be saved is told with its reason, and the others go without it: also one that would come back as
something else, such as an array that shares its memory with another. What a library keeps inside is not seen, but for
random generators and what says how numbers and pictures are shown.
"""

from __future__ import annotations

import bisect
import contextlib
import importlib
import io
import os
import pickle
import sys
import types
from importlib import metadata
from typing import TYPE_CHECKING, Any

from . import hazards
from .cached import generators
from .content import Refused, on_device
from .frames import remember
from .surroundings import IPYTHONS

if TYPE_CHECKING:
    from .loop import Kernel

LACKED = "cloudpickle is not installed where the cells run: pip install cloudpickle (with {python})"


def save(kernel: Kernel, file: int) -> dict[str, Any]:
    """Write the state into an open file; what is said of it."""
    try:
        import cloudpickle
    except ImportError:
        return {"t": "unkept", "why": LACKED.format(python=sys.executable)}
    hazards.drained()
    kernel.streams.tidy()
    if why := kernel.hazards.found(kernel.waits.others(), kernel.loops()):
        return {"t": "unkept", "why": why}
    if loaded := _extensions():
        return {"t": "unkept", "why": f"IPython was extended ({loaded[0]})"}
    names = {
        name: value
        for name, value in list(kernel.names.namespace.items())
        if not IPYTHONS.match(name) and kernel.names.machinery.get(name) != id(value)
    }
    library, lacks = _library(kernel), {}
    saver = _saver(cloudpickle)
    while True:  # each round finds one more that cannot be saved; arrays are only looked at meanwhile
        attempt = saver(io.BytesIO(), kernel, looks=True)
        try:
            attempt.dump([names, library])
            break
        except BaseException as error:  # a value may do anything when it is pickled
            if attempt.at not in names:
                return {"t": "unkept", "why": f"what libraries hold cannot be saved ({_short(error)})"}
            lacks[attempt.at] = _short(error)
            del names[attempt.at]
    with os.fdopen(file, "wb", closefd=False) as out:
        saver(out, kernel, looks=False).dump([names, library])
    return {"t": "kept", "names": sorted(names), "lacks": lacks, "made": made()}


def load(kernel: Kernel, file: int, facts: dict[str, Any]) -> dict[str, Any]:
    """Be in the state of a file, that another kernel has written; or say why not, and be good for nothing else."""
    if why := _unlike(facts["made"]):
        return {"t": "astray", "why": why}
    try:
        with os.fdopen(file, "rb", closefd=False) as source, contextlib.redirect_stdout(io.StringIO()):
            names, library = _Loader(source, kernel).load()
        kernel.names.namespace.update(names)
        _put(kernel, library)
    except BaseException as error:  # a value may do anything when it comes back
        return {"t": "astray", "why": f"it could not be brought back ({_short(error)})"}
    for name, source in facts["sources"].items():
        kernel.frames.cells.add(name)
        remember(name, source)
    kernel.names.end()
    kernel.packages.new()
    return {"t": "back"}


def made() -> dict[str, str]:
    """By which Python and which packages the values were made."""
    found = {"python": sys.version.split()[0], "implementation": sys.implementation.name}
    owners = metadata.packages_distributions() if sys.version_info >= (3, 10) else {}
    tops = {name.partition(".")[0] for name in list(sys.modules)}
    for package in sorted({owner for top in tops for owner in owners.get(top, ())}):
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found


def _unlike(there: dict[str, str]) -> str:
    """What differs here from where it was made; empty when nothing does."""
    for name, version in there.items():
        here = made()[name] if name in ("python", "implementation") else _version(name)
        if here != version:
            return f"it was made with {name} {version}, and here is {here or 'none'}"
    return ""


def _version(package: str) -> str:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


class _Name:
    """Stands before the value of a name in the file."""

    def __init__(self, name: str) -> None:
        self.name = name


def _saver(cloudpickle: Any) -> Any:
    class Saver(cloudpickle.Pickler):  # type: ignore[misc]
        """Cells' functions keep the cells' names as their globals; what would come back as something else is refused.

        With `looks` nothing of an array is copied.
        """

        def __init__(self, file: Any, kernel: Kernel, looks: bool) -> None:
            super().__init__(file, protocol=5, buffer_callback=(lambda buffer: False) if looks else None)
            self.at = ""
            """The name whose value is being written."""
            self._namespace = kernel.names.namespace
            self._given = {identity: name for name, identity in kernel.names.machinery.items()}
            self._places: list[tuple[int, int]] = []
            self._framed: dict[int, tuple[int, int]] = {}
            """Arrays of tables; from pandas 3 on these copy before they write, so they may share among themselves."""
            self._stores: set[int] = set()
            self._inner: dict[int, Any] = {}
            """Tensors that another is written as: a parameter of a network as its data."""
            self._globals = {"__name__": "__main__"}
            self.globals_ref[id(self._namespace)] = self._globals

        def dump(self, state: Any) -> None:
            names, library = state
            super().dump([[part for name, value in names.items() for part in (_Name(name), value)], _Name(""), library])

        def persistent_id(self, value: Any) -> Any:
            if isinstance(value, _Name):
                self.at = value.name
                return ("name", value.name)
            if value is self._globals or value is self._namespace:
                return ("namespace", "")
            if isinstance(value, types.ModuleType) and sys.modules.get(value.__name__) is value:
                return ("module", value.__name__)
            name = self._given.get(id(value))
            return ("given", name) if name is not None and self._namespace.get(name) is value else None

        def reducer_override(self, value: Any) -> Any:
            if isinstance(value, io.IOBase) and not isinstance(value, (io.BytesIO, io.StringIO)):
                raise Refused("an open file")
            if on_device(value):
                raise Refused("it lies on a GPU")
            numpy, torch = sys.modules.get("numpy"), sys.modules.get("torch")
            if "pandas" in sys.modules:
                self._table(value, sys.modules["pandas"])
            if numpy is not None and isinstance(value, numpy.ndarray):
                self._array(value, numpy)
            if torch is not None and isinstance(value, torch.Tensor):
                return self._tensor(value, torch.Tensor)
            if isinstance(value, types.CodeType):
                return (_named, (value.co_filename, *self.dispatch_table[types.CodeType](value)))
            return super().reducer_override(value)

        def _table(self, value: Any, pandas: Any) -> None:
            if isinstance(value, (pandas.DataFrame, pandas.Series)) and int(pandas.__version__.partition(".")[0]) >= 3:
                held = [block.values for block in value._mgr.blocks]
                self._framed.update((id(each), _extent(each)) for each in held if hasattr(each, "__array_interface__"))

        def _array(self, value: Any, numpy: Any) -> None:
            if isinstance(value, numpy.memmap):
                raise Refused("an array that is a file")
            if not value.size:
                return
            start, stop = _extent(value)
            here = bisect.bisect(self._places, (start, stop))
            near = [
                *self._places[max(here - 1, 0) : here + 1],
                *(() if id(value) in self._framed else self._framed.values()),
            ]
            if any(begin < stop and start < end for begin, end in near):
                raise Refused("it shares its memory with another name's")
            if id(value) not in self._framed:
                self._places.insert(here, (start, stop))

        def _tensor(self, value: Any, kind: type) -> Any:
            if value.grad_fn is not None:
                raise Refused("a tensor that remembers how it was computed: detach() it")
            store = value.untyped_storage().data_ptr()
            if store and store in self._stores and id(value) not in self._inner:
                raise Refused("it shares its memory with another name's")
            self._stores.add(store)
            func, arguments, *rest = value.__reduce_ex__(5)
            self._inner.update((id(each), each) for each in arguments if isinstance(each, kind))
            return (_with_gradient, (func, arguments, value.grad), *rest)

    return Saver


def _named(file: str, make: Any, arguments: tuple[Any, ...]) -> types.CodeType:
    """Code that says which cell it is of; cloudpickle forgets that."""
    code: types.CodeType = make(*arguments)
    return code.replace(co_filename=file)


def _with_gradient(func: Any, arguments: tuple[Any, ...], gradient: Any) -> Any:
    """A tensor as it was, with what its last backward() left in it."""
    tensor = func(*arguments)
    if gradient is not None:
        tensor.grad = gradient
    return tensor


def _extent(array: Any) -> tuple[int, int]:
    """Where the elements of an array lie in memory."""
    start = stop = int(array.__array_interface__["data"][0])
    for size, stride in zip(array.shape, array.strides):  # noqa: B905 (of the cells' Python, which may be 3.9)
        start, stop = start + min(0, (size - 1) * stride), stop + max(0, (size - 1) * stride)
    return start, stop + int(array.itemsize)


class _Loader(pickle.Unpickler):
    def __init__(self, file: Any, kernel: Kernel) -> None:
        self._namespace = kernel.names.namespace
        super().__init__(file)

    def load(self) -> tuple[dict[str, Any], Any]:
        parts, _, library = super().load()
        return dict(zip(parts[::2], parts[1::2])), library  # noqa: B905

    def persistent_load(self, pid: Any) -> Any:
        kind, name = pid
        if kind == "namespace":
            return self._namespace
        if kind == "given":
            return self._namespace[name]
        return name if kind == "name" else importlib.import_module(name)


def _library(kernel: Kernel) -> dict[str, Any]:
    """What is not in the names and belongs to the state."""
    return {
        "modules": [name for name in sys.modules if not name.startswith(("__main__", "_nozzle"))],
        "random": {name: get() for name, get, _ in generators()},
        "around": {thing.name: thing.get() for thing in kernel.around.things()},
    }


def _put(kernel: Kernel, library: dict[str, Any]) -> None:
    for name in library["modules"]:
        if name not in sys.modules:
            with contextlib.suppress(Exception):  # what a name needs was imported with it
                importlib.import_module(name)
    for kept, there in ((library["random"], generators()), (library["around"], kernel.around.things())):
        for name, _, put in there:
            if name in kept:
                put(kept[name])


def _extensions() -> list[str]:
    """What cells loaded into IPython: magics are no names."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    return sorted(getattr(getattr(shell, "extension_manager", None), "loaded", set()) - {"storemagic"})


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
