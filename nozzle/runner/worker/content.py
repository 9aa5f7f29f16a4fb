"""What values hold, as digests, so that a cell whose inputs are the same need not run; and which names a cell reads.

Two digests are the same only when the values are; where that cannot be told, it is refused with the reason. What a
library keeps inside itself, and what C code reads by itself, is not seen.
"""

from __future__ import annotations

import ast
import dis
import enum
import hashlib
import os
import pickle
import re
import sys
import types
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from .asked import ASKED
from .surroundings import IPYTHONS

UNSEEN = {
    "eval", "exec", "globals", "locals", "vars", "get_ipython", "__import__", "input", "recall", "search",
}  # fmt: skip
"""Names by which a cell could read anything, unless a cell gave them another meaning."""
SPEAKING = {"query", "eval", "evaluate", "sql", "execute"}
"""Methods of pandas, numexpr and DuckDB that read the names which stand in a text."""
_word = re.compile(r"\w+")
LIBRARY = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, enum.Enum)


class Refused(Exception):
    """It cannot be told what a cell reads, or what it makes; the message says why."""


class Content:
    """The values that a cell reads, and what they hold."""

    def __init__(self, namespace: Mapping[str, Any], given: Mapping[str, int], built_in: Collection[str] = ()) -> None:
        """`given`: what names meant before any cell ran, by identity; `built_in`: what cells put among Python's own."""
        self.namespace = namespace
        self._given = given
        self._built_in = built_in
        self.parts: dict[int, Any] = {}
        """Of what was looked at: everything in it that can change, by identity; held, so that nothing new has that."""
        self.memory: list[tuple[int, int]] = []
        """The same for arrays: from where to where in memory."""
        self.stored: set[str] = set()
        """Names that the cell, or a function of the entry that it reads, may set."""
        self._within: list[int] = []

    def read(self, source: str) -> dict[str, str]:
        """Each name that the code reads, directly, and what it holds now; Refused when that cannot be told."""
        try:
            code = compile(source, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        except SyntaxError:
            raise Refused("it is not plain Python") from None
        self.stored |= _stored(code)
        names = (_loaded(code) - _imported_first(source)) | self._spoken(code)
        return {name: self.named(name) for name in self._entrys(names)}

    def words(self, source: str) -> list[str]:
        """All words in the texts that stand in some code."""
        texts = _texts(compile(source, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True))
        return sorted({word for text in texts for word in _word.findall(text)})

    def modules(self, root: str) -> dict[str, str]:
        """What each module of the repository holds that is loaded: its file, and its names by now, but for its own
        functions, classes and modules; of a value that cannot be told, only its type."""
        return {name: self._module(module) for name, module in of_the_repository(root).items()}

    def _module(self, module: types.ModuleType) -> str:
        found = [of_file(str(module.__file__))]
        for name, value in sorted(vars(module).items()):
            if name.startswith("__") or (isinstance(value, LIBRARY) and not self.is_entrys(value)):
                continue
            try:
                found.append(f"{name}={self.digest(value, name)}")
            except Refused:
                found.append(f"{name}: {type(value).__qualname__}")
        return hashlib.sha256(" ".join(found).encode()).hexdigest()

    def _spoken(self, code: types.CodeType) -> set[str]:
        """Names that stand in texts which a library looks up by itself."""
        if not SPEAKING & set(_attributes(code)):
            return set()
        named = [self.namespace[name] for name in sorted(_loaded(code) & set(self.namespace))]
        texts = [*_texts(code), *(value for value in named if isinstance(value, str))]
        words = {word for text in texts for word in _word.findall(text)}
        return {word for word in words - UNSEEN if word in self.namespace and not self._is_given(word)}

    def _entrys(self, names: set[str]) -> list[str]:
        """Those of them that cells gave a meaning; Refused when another could mean anything."""
        ipythons = {name for name in names if IPYTHONS.match(name)} - {"__name__", "__doc__"}
        made = {name for name in names - ipythons if name in self.namespace and not self._is_given(name)}
        if blind := sorted(ipythons | (names & {*UNSEEN, *self._built_in} - made)):
            raise Refused(f"what it reads through {blind[0]} cannot be seen")
        return sorted(made)

    def _is_given(self, name: str) -> bool:
        return self._given.get(name) == id(self.namespace[name])

    def named(self, name: str) -> str:
        """What a name holds."""
        return self.digest(self.namespace[name], name)

    def digest(self, value: Any, name: str) -> str:
        """What a value holds; `name` is what the reason speaks of."""
        hasher = _Hasher(self)
        try:
            hasher.dump(value)
        except Refused:
            raise
        except Exception as error:  # a value may do anything when it is looked at
            raise Refused(f"what {name} holds cannot be told ({_short(error)})") from None
        return hasher.sha.hexdigest()

    def token(self, value: Any) -> str | None:
        """What stands for a module, and for a function or a class of the entry; None for all else."""
        if isinstance(value, types.ModuleType):
            return f"module {value.__name__} {getattr(value, '__version__', '')}"
        if not self.is_entrys(value):
            return None
        if id(value) in self._within:
            return f"itself {len(self._within) - self._within.index(id(value))}"
        self._within.append(id(value))
        try:
            return " ".join(self._function(value) if isinstance(value, types.FunctionType) else self._class(value))
        finally:
            self._within.pop()

    def is_entrys(self, value: Any) -> bool:
        """Whether this is a function or a class that a cell made."""
        if isinstance(value, types.FunctionType):
            return value.__globals__ is self.namespace
        return isinstance(value, type) and value.__module__ == self.namespace.get("__name__")

    def _function(self, value: types.FunctionType) -> Iterator[str]:
        names = self._entrys(_loaded(value.__code__) | self._spoken(value.__code__))
        self.stored |= _stored(value.__code__) & set(self.namespace)
        held = [cell.cell_contents for cell in value.__closure__ or ()]
        yield f"function {value.__qualname__} {_code(value.__code__)}"
        yield self.digest((value.__defaults__, value.__kwdefaults__, held, vars(value)), value.__name__)
        for name in names:
            yield f"{name}={self.named(name)}"

    def _class(self, value: type) -> Iterator[str]:
        yield f"class {value.__qualname__}"
        yield self.digest(value.__bases__, value.__name__)
        for name, member in vars(value).items():
            if name in ("__dict__", "__weakref__", "__module__", "__firstlineno__", "__static_attributes__"):
                continue
            if isinstance(member, (staticmethod, classmethod)):
                member = member.__func__
            elif isinstance(member, property):
                member = (member.fget, member.fset, member.fdel)
            elif isinstance(member, (types.GetSetDescriptorType, types.MemberDescriptorType)):
                continue
            yield f"{name}={self.digest(member, value.__name__)}"


class _Hasher(pickle.Pickler):
    """Writes a value to nowhere but a digest: without a memo, so that only its content counts."""

    def __init__(self, content: Content) -> None:
        self.sha = hashlib.sha256()
        self._content = content
        super().__init__(self, 5, buffer_callback=self._buffer)
        self.fast = True

    def write(self, data: Any) -> int:
        self.sha.update(data)
        return len(data)

    def persistent_id(self, value: Any) -> Any:
        if can_change(value):
            self._content.parts[id(value)] = value
        if on_device(value):
            raise Refused("it reads what lies on a GPU")
        if type(value) is types.BuiltinFunctionType and value in ASKED:
            raise Refused(f"what it is told of files through {ASKED[value]} cannot be seen: write os.{ASKED[value]}")
        return self._content.token(value)

    def reducer_override(self, value: Any) -> Any:
        """A tensor is its elements: torch itself writes where they lie, too."""
        torch = sys.modules.get("torch")
        if torch is None or not isinstance(value, torch.Tensor) or value.layout != torch.strided:
            return NotImplemented
        if value.is_quantized or on_device(value):
            return NotImplemented
        flat = value.detach().resolve_conj().resolve_neg().contiguous().reshape(-1).view(torch.uint8).numpy()
        what = type(value).__qualname__, str(value.dtype), tuple(value.shape), value.requires_grad
        return tuple, ((*what, flat, value.grad if value.is_leaf else None),)

    def _buffer(self, buffer: pickle.PickleBuffer) -> bool:
        view = buffer.raw()
        self.sha.update(view)
        self._content.memory.append(place(view))
        return False


def can_change(value: Any) -> bool:
    """Whether a value may be another tomorrow, and would then be so for all that hold it."""
    if isinstance(value, LIBRARY):
        return False
    return isinstance(value, set) or hasattr(type(value), "__setitem__") or hasattr(value, "__dict__")


def on_device(value: Any) -> bool:
    """Whether it lies on a GPU."""
    if not type(value).__module__.startswith(("torch", "cupy", "jax")):
        return False
    held = getattr(value, "_untyped_storage", value)  # a storage of torch's that knows its type warns when it is asked
    return "cpu" not in str(getattr(held, "device", "cpu")).lower()


def place(view: memoryview) -> tuple[int, int]:
    """Where a buffer lies in memory; nothing where that cannot be told, for lack of NumPy."""
    numpy = sys.modules.get("numpy")
    if numpy is None or not view.nbytes:
        return (0, 0)
    start = int(numpy.frombuffer(view, numpy.uint8).ctypes.data)
    return (start, start + view.nbytes)


def of_file(path: str) -> str:
    """What a file holds; empty when it cannot be read."""
    try:
        with open(path, "rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest() if sys.version_info >= (3, 11) else _whole(file)
    except OSError:
        return ""


def of_the_repository(root: str) -> dict[str, types.ModuleType]:
    """Its modules that are loaded, by the name under which they are."""
    here = os.path.join(os.path.realpath(root), "")
    files = {name: str(getattr(module, "__file__", None) or "") for name, module in list(sys.modules.items())}
    ours = sorted(name for name, path in files.items() if os.path.realpath(path).startswith(here))
    return {name: sys.modules[name] for name in ours if files[name].endswith(".py")}


def _whole(file: Any) -> str:
    return hashlib.sha256(file.read()).hexdigest()


def _loaded(code: types.CodeType) -> set[str]:
    """Global names that code reads or takes away, with all that stands in it."""
    return set(_names(code, ("LOAD_", "DELETE_")))


def _stored(code: types.CodeType) -> set[str]:
    """Global names that code sets."""
    return set(_names(code, ("STORE_",)))


def _names(code: types.CodeType, words: tuple[str, ...]) -> Iterator[str]:
    for step in dis.get_instructions(code):
        if step.opname.startswith(words) and step.opname.endswith(("NAME", "GLOBAL", "GLOBALS")):
            yield str(step.argval)
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield from _names(each, words)


def _attributes(code: types.CodeType) -> Iterator[str]:
    """What code takes from values and modules by name."""
    for step in dis.get_instructions(code):
        if step.opname in ("LOAD_ATTR", "LOAD_METHOD", "IMPORT_FROM"):
            yield str(step.argval)
    for each in code.co_consts:
        if isinstance(each, types.CodeType):
            yield from _attributes(each)


def _texts(code: types.CodeType) -> Iterator[str]:
    for each in code.co_consts:
        if isinstance(each, str):
            yield each
        elif isinstance(each, types.CodeType):
            yield from _texts(each)


def _imported_first(source: str) -> set[str]:
    """Names that the first lines import: what they meant before is not read."""
    found: set[str] = set()
    for each in ast.parse(source).body:
        if not isinstance(each, (ast.Import, ast.ImportFrom)):
            break
        found |= {alias.asname or alias.name.split(".")[0] for alias in each.names}
    return found


def _code(code: types.CodeType) -> str:
    """What code does, whatever it is called and wherever it stands."""
    consts = [_code(each) if isinstance(each, types.CodeType) else repr(each) for each in code.co_consts]
    what = (code.co_code, consts, code.co_names, code.co_varnames, code.co_freevars, code.co_cellvars, code.co_flags)
    return hashlib.sha256(repr(what).encode()).hexdigest()


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
