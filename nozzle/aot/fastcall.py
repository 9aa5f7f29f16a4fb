"""The compiled wrapper as a Python function: a table of addresses, and a builtin that carries it."""

from __future__ import annotations

import ctypes
import struct
import sysconfig
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nozzle.aot.lower.python import TABLE

API = {"array": 2, "empty": 184, "scalar": 60}
"""Where NumPy's table of C functions has PyArray_Type, PyArray_Empty and PyArray_Scalar; its ABI keeps them there."""
CALLS = {
    "vectorcall": "PyObject_Vectorcall",
    "as_int": "PyLong_AsLongLongAndOverflow",
    "from_int": "PyLong_FromLongLong",
    "from_float": "PyFloat_FromDouble",
    "from_bool": "PyBool_FromLong",
    "tuple": "PyTuple_New",
    "set": "PyTuple_SetItem",
    "keep": "Py_IncRef",
    "drop": "Py_DecRef",
    "save": "PyEval_SaveThread",
    "restore": "PyEval_RestoreThread",
    "get": "PyMem_RawMalloc",
    "free": "PyMem_RawFree",
}
_api: list[int] = []


class _Method(ctypes.Structure):
    _fields_ = (("name", ctypes.c_char_p), ("call", ctypes.c_void_p), ("flags", ctypes.c_int), ("doc", ctypes.c_char_p))


def _numpy(at: int) -> int:
    """An entry of NumPy's table."""
    if not _api:
        capsule = np._core._multiarray_umath._ARRAY_API  # type: ignore[attr-defined]
        get = ctypes.pythonapi.PyCapsule_GetPointer
        get.restype, get.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
        _api.append(get(capsule, None))
    return int(ctypes.c_void_p.from_address(_api[0] + 8 * at).value or 0)


def possible() -> bool:
    """Whether objects of this Python lie as the wrapper expects: not where there is no global lock."""
    return not sysconfig.get_config_var("Py_GIL_DISABLED") and struct.calcsize("P") == 8


@dataclass(frozen=True, slots=True)
class Python:
    """What answers where the compiled wrapper does not."""

    slow: Callable[..., Any]
    trap: Callable[[int], Any]
    """Raises what native code found wrong."""
    most: int = 1 << 62
    """From so many elements on `slow` answers."""


class Fast:
    """A builtin function around native code; `function` is called, the rest keeps alive what it points to."""

    def __init__(self, library: Any, name: str, dtypes: Sequence[str], python: Python) -> None:
        address = ctypes.cast(getattr(library, f"{name}_call"), ctypes.c_void_p)
        descriptors = [np.dtype(one) for one in dtypes]
        named: dict[str, int] = {what: _numpy(at) for what, at in API.items()}
        for what, symbol in CALLS.items():
            named[what] = ctypes.cast(getattr(ctypes.pythonapi, symbol), ctypes.c_void_p).value or 0
        named["most"] = python.most
        objects = {
            "slow": python.slow,
            "trap": python.trap,
            "float": float,
            "bool": bool,
            "int": int,
            "true": True,
            "none": None,
        }
        named |= {what: id(one) for what, one in objects.items()}
        table = struct.pack(
            f"{len(TABLE) + len(descriptors)}P", *(named[what] for what in TABLE), *map(id, descriptors)
        )
        method = _Method(name.encode(), address.value, 0x80, None)  # METH_FASTCALL
        make = ctypes.pythonapi.PyCFunction_NewEx
        make.restype, make.argtypes = ctypes.py_object, [ctypes.c_void_p, ctypes.py_object, ctypes.c_void_p]
        self.function = make(ctypes.addressof(method), table, None)
        self._held = (library, descriptors, objects, table, method)
