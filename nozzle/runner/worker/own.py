"""What the kernel itself works with between cells, as it was before any of them ran.

A cell may give `open`, `os.listdir` or `json.dumps` another meaning: that is its own business, and reaches neither the
line to the host nor what is told of the cell. So what works there takes from here what other code takes from the
standard library. Built-in functions of their own all modules of the kernel have: `finder` sees to that.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.machinery
import json.decoder
import json.encoder
import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import os as os
    import socket as socket
    import time as time

BUILTINS = dict(vars(builtins))
_encoder: Any = json.encoder
_decoder: Any = json.decoder.JSONDecoder()
_quoted = _encoder.encode_basestring
_c_encoder = _encoder.c_make_encoder
_written = _c_encoder and _c_encoder(None, str, _quoted, None, ": ", ", ", False, False, True)
"""Of C, as is what reads: it calls nothing that a cell could change."""


def encode(message: dict[str, Any]) -> bytes:
    """A message as JSON, in UTF-8; what has no JSON is told as its words."""
    text = "".join(_written(message, 0)) if _written else json.dumps(message, default=str, ensure_ascii=False)
    return text.encode("utf-8", "replace")


def decode(body: bytes) -> dict[str, Any]:
    """What a message says."""
    message: dict[str, Any] = _decoder.scan_once(body.decode(), 0)[0]
    return message


def finder(package: str) -> type[importlib.machinery.PathFinder]:
    """Finds the modules of a package, and gives them built-in functions that no cell changes."""

    class Finder(importlib.machinery.PathFinder):
        @classmethod
        def find_spec(
            cls, fullname: str, path: Any = None, target: Any = None
        ) -> importlib.machinery.ModuleSpec | None:
            spec = super().find_spec(fullname, path, target) if fullname.startswith(f"{package}.") else None
            if spec is not None and spec.origin:
                spec.loader = _Loader(fullname, spec.origin)
            return spec

    return Finder


class _Loader(importlib.machinery.SourceFileLoader):
    def exec_module(self, module: types.ModuleType) -> None:
        vars(module)["__builtins__"] = BUILTINS
        super().exec_module(module)


def _apart(*names: str) -> dict[str, types.ModuleType]:
    """Copies of modules, by name, whose functions see one another and no change of the modules themselves."""
    modules = [importlib.import_module(name) for name in names]
    copies = {name: types.ModuleType(name) for name in names}
    for module in modules:
        vars(copies[module.__name__]).update(vars(module), __builtins__=BUILTINS)
    for copy in copies.values():
        for name, value in list(vars(copy).items()):
            if isinstance(value, types.ModuleType) and value in modules:
                vars(copy)[name] = copies[value.__name__]
            elif isinstance(value, types.FunctionType) and value.__module__ in copies:
                vars(copy)[name] = _again(value, vars(copies[value.__module__]))
    return copies


def _again(function: types.FunctionType, names: dict[str, Any]) -> types.FunctionType:
    """The same function, among other names."""
    copy = types.FunctionType(function.__code__, names, function.__name__, function.__defaults__, function.__closure__)
    copy.__kwdefaults__ = function.__kwdefaults__
    return copy


if not TYPE_CHECKING:
    _copies = _apart("os", "posixpath", "genericpath", "socket", "time")
    os, socket, time = _copies["os"], _copies["socket"], _copies["time"]
