"""What values hold, as digests, so that a cell whose inputs are the same need not run; and which names a cell reads.

Two digests are the same only when the values are; where that cannot be told, it is refused with the reason. Of a
library is seen what the author put there, and what stands there under a name that the code says; what else it keeps
inside itself, and what C code reads by itself, is not.
"""

from __future__ import annotations

import ast
import builtins
import enum
import functools
import hashlib
import os
import pickle
import sys
import types
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from . import bytecode
from .asked import ASKED
from .packages import sites
from .surroundings import IPYTHONS

UNSEEN = {
    "eval", "exec", "globals", "locals", "vars", "get_ipython", "__import__", "input", "recall", "search",
}  # fmt: skip
"""Names by which a cell could read anything, unless a cell gave them another meaning."""
SPEAKING = {"query", "eval", "evaluate", "sql", "execute"}
"""Methods of pandas, numexpr and DuckDB that read the names which stand in a text."""
BY_TEXT = {
    "getattr", "setattr", "hasattr", "delattr", "attrgetter", "methodcaller", "__dict__", "import_module", "modules",
}  # fmt: skip
"""Names by which code takes what it names in a text from values and modules."""
LIBRARY = (type, types.ModuleType, types.FunctionType, types.BuiltinFunctionType, enum.Enum)
PLAIN = {int, float, complex, bool, str, bytes, type(None)}
PYTHONS = {
    "__dict__", "__weakref__", "__module__", "__firstlineno__", "__static_attributes__", "__builtins__", "__loader__",
    "__spec__", "__cached__", "_abc_impl",
}  # fmt: skip
"""What Python puts into a class or module, and nobody reads."""
UNCHANGING = 1 << 8
"""The flag of a class that nothing can be put into (Py_TPFLAGS_IMMUTABLETYPE)."""
REMEMBERING = functools._lru_cache_wrapper
DISPATCHING: Any = functools.singledispatch(len)
"""One of the functions that `functools.singledispatch` makes: all of them have its code."""
DISPATCHERS = {"register", "dispatch", "registry", "_clear_cache"}
"""The attributes that it puts there."""
TOLD_APART = {
    ("sys", "path"), ("sys", "argv"), ("os", "environ"), ("matplotlib", "rcParams"), ("matplotlib.pyplot", "rcParams"),
    ("pandas", "options"), ("warnings", "filters"), ("sys", "modules"),
}  # fmt: skip
"""What modules hold that belongs to the surroundings: of those it is told, and they come back."""


class Refused(Exception):
    """It cannot be told what a cell reads, or what it makes; the message says why."""


class Content:
    """The values that a cell reads, and what they hold."""

    def __init__(
        self,
        namespace: Mapping[str, Any],
        given: Mapping[str, int],
        built_in: Collection[str] = (),
        like: Content | None = None,
    ) -> None:
        """`given`: what names meant before any cell ran, by identity; `built_in`: what cells put among Python's own.
        `like`: who looked at the same when the names were those of the entry's functions."""
        self.namespace = namespace
        self._given = given
        self._built_in = built_in
        self._live: Mapping[str, Any] = like._live if like else namespace
        self.parts: dict[int, Any] = {}
        """Of what was looked at: everything in it that can change, by identity; held, so that nothing new has that."""
        self.memory: list[tuple[int, int]] = []
        """The same for arrays: from where to where in memory."""
        self.met: dict[int, int] | None = None
        """While names are told: everything that can change and was met, by identity, and the how manyth it was."""
        self.generators = _shared_generators()
        self._known: dict[int, tuple[Any, str]] = {}
        """While names are told: functions, classes and modules of the entry that were, and what stands for each."""
        self._alone: dict[int, tuple[Any, str]] = {}
        """The same for what is in a set."""
        self.stored: set[str] = set()
        """Names that the cell, or a function of the entry that it reads, may set."""
        self._attributes: set[str] = set(like._attributes) if like else set()
        """What these take by name from values, modules and classes, or set there."""
        self._owners: dict[int, Any] = dict(like._owners) if like else {}
        """Modules and classes of libraries that they reach, by identity."""
        self._within: list[int] = []
        self._looked = 0
        """How many functions, classes and modules of the entry were looked into."""

    def read(self, source: str) -> dict[str, str]:
        """Each name that the code reads, directly, and what it holds now; Refused when that cannot be told."""
        try:
            code = compile(source, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        except SyntaxError:
            raise Refused("it is not plain Python") from None
        self.stored |= bytecode.stored(code)
        self._look_through(code)
        names = (bytecode.loaded(code) - bytecode.imported_first(source)) | self._spoken(code)
        return self.told(self._entrys(names))

    def told(self, names: Iterable[str]) -> dict[str, str]:
        """What each name holds, and what they share: of what was met before it is told where."""
        self.met = {}
        try:
            return {name: self.named(name) for name in names}
        finally:
            self.met, self._known, self._alone = None, {}, {}

    def words(self, source: str) -> list[str]:
        """All words in the texts that stand in some code."""
        code = compile(source, "<cell>", "exec", ast.PyCF_ALLOW_TOP_LEVEL_AWAIT, dont_inherit=True)
        return sorted(bytecode.words(bytecode.texts(code)))

    def modules(self, root: str) -> dict[str, str]:
        """What each module of the repository holds that is loaded: its file, and its names by now, with what its own
        functions carry with them and what stands in its classes; of a value that cannot be told, only its type."""
        return {name: self._module(module) for name, module in of_the_repository(root).items()}

    def _module(self, module: types.ModuleType) -> str:
        found = [of_file(str(module.__file__))]
        for name, value in sorted(vars(module).items()):
            if not name.startswith("__"):
                found += self._own(module, name, value)
        return _sum(found)

    def _own(self, module: types.ModuleType, name: str, value: Any) -> Iterator[str]:
        if self.is_entrys(value) or not _is(value, LIBRARY):
            yield self._told(name, value)
        elif _is(value, types.ModuleType):
            self._reach(value)
        elif getattr(value, "__module__", None) != module.__name__:
            return
        elif _is(value, types.FunctionType):
            self._look_through(value.__code__, _carried(value))
            yield self._told(name, _carried(value))
        elif _is(value, type) and value.__qualname__ == name:
            for each, member in _members(value):
                for part in member:
                    yield from self._own(module, f"{name}.{each}", part)

    def libraries(self) -> dict[str, str]:
        """What stands in the modules and classes of libraries that were reached, by their names: the entry's functions
        and classes, and what the code names there. Nothing of one in which all of that is the library's own code."""
        while True:  # what the entry put there may reach more
            looked = len(self._owners), len(self._attributes)
            told = {_full_name(owner): self._standing(owner) for owner in list(self._owners.values())}
            if looked == (len(self._owners), len(self._attributes)):
                return {name: _sum(found) if found else "" for name, found in told.items()}

    def _standing(self, owner: Any) -> list[str]:
        found = []
        for name, value in sorted(vars(owner).items()):
            parts = _unpacked(value)
            if any(map(self.is_entrys, parts)):
                found.append(f"{name}={self.digest(parts, name)}")
            elif name in self._attributes and (owner.__name__, name) not in TOLD_APART:
                said = self._told(name, parts)
                found += [] if _is_in_place(owner, name, value) else [said]
        return found

    def _told(self, name: str, value: Any) -> str:
        """What a value of a module holds; of one that cannot be told, its type."""
        looked = self._looked
        try:
            return f"{name}={self.digest(value, name)}"
        except Refused:
            if self._looked > looked:
                raise  # there is something of the entry's in it
            return f"{name}: {type(value).__qualname__}"

    def _look_through(self, code: types.CodeType, near: Collection[Any] = ()) -> None:
        """Note what code may take from modules and classes, and those that it imports, also by texts in it or near."""
        said = bytecode.names(code)
        if not BY_TEXT.isdisjoint(said):
            held = [*near, *(self.namespace[name] for name in said if name in self.namespace)]
            texts = {*bytecode.texts(code), *(text for each in held for text in _texts(each))}
            said = said | texts | bytecode.words(texts)
        self._attributes |= said
        for name in said & set(sys.modules):
            self._reach(sys.modules[name])

    def _reach(self, owner: Any) -> None:
        if _is(owner, (type, types.ModuleType)) and owner is not builtins:
            self._owners[id(owner)] = owner

    def _spoken(self, code: types.CodeType) -> set[str]:
        """Names that stand in texts which a library looks up by itself."""
        if not SPEAKING & bytecode.attributes(code):
            return set()
        named = [self.namespace[name] for name in sorted(bytecode.loaded(code) & set(self.namespace))]
        words = bytecode.words([*bytecode.texts(code), *(value for value in named if isinstance(value, str))])
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
        """What stands for a module, a set, and a function or a class of the entry; None for all else."""
        if type(value) in (set, frozenset):
            return f"{type(value).__name__} {sorted(map(self._element, value))}"
        tell = self._how(value)
        if tell is None:
            return None
        if id(value) in self._within:
            return f"itself {len(self._within) - self._within.index(id(value))}"
        self._looked += tell != self._module_of_a_library
        known = self._known if self.met is not None else self._alone
        if id(value) in known:
            return known[id(value)][1]
        self._within.append(id(value))
        try:
            said = " ".join(tell(value))
        finally:
            self._within.pop()
        if self.met is not None:
            known[id(value)] = value, f"known {len(known)}"
        elif not self._within:
            known[id(value)] = value, said
        return said

    def _how(self, value: Any) -> Callable[[Any], Iterator[str]] | None:
        """How to tell what is in it, where a name would not say it."""
        if isinstance(value, types.ModuleType):
            return self._module_of_the_entry if _is_made(value) else self._module_of_a_library
        if isinstance(value, types.FunctionType):
            return None if not self.is_entrys(value) and _is_found(value) else self._function
        if isinstance(value, type) and (self.is_entrys(value) or _is_made(sys.modules.get(value.__module__))):
            return self._class
        if isinstance(value, REMEMBERING) and self.is_entrys(value):
            return self._remembering
        for each in value.__mro__ if isinstance(value, type) else ():
            if not each.__flags__ & UNCHANGING:
                self._reach(each)
        return None

    def _element(self, value: Any) -> str:
        if _is_plain(value):
            return repr(value)
        met, self.met = self.met, None  # a set has no order in which to meet them
        try:
            return self.digest(value, "a set")
        finally:
            self.met = met

    def is_entrys(self, value: Any) -> bool:
        """Whether this is a function or a class that a cell made, also where a library has wrapped it."""
        if _is(value, types.FunctionType) and value.__globals__ is self._live:
            return True
        of_cells = _is(value, (type, types.FunctionType, REMEMBERING))
        return of_cells and value.__module__ == self._live.get("__name__")

    def says_its_name(self, value: Any) -> bool:
        """Whether something of the entry is told by nothing but its name, as what was wrapped by C code may be."""
        if isinstance(value, (type, types.FunctionType)) or not isinstance(getattr(value, "__qualname__", None), str):
            return False
        is_here = getattr(value, "__module__", None) == self._live.get("__name__")
        return is_here and isinstance(value.__reduce_ex__(5), str)

    def _module_of_a_library(self, value: types.ModuleType) -> Iterator[str]:
        self._reach(value)
        yield f"module {value.__name__} {getattr(value, '__version__', '')}"

    def _module_of_the_entry(self, value: types.ModuleType) -> Iterator[str]:
        if vars(value) is self._live:
            raise Refused(f"what it reads through {value.__name__} cannot be seen")
        held = {name: each for name, each in vars(value).items() if name not in PYTHONS}
        yield f"module {self.digest(held, value.__name__)}"

    def _function(self, value: types.FunctionType) -> Iterator[str]:
        yield f"function {value.__qualname__} {bytecode.digest(value.__code__)}"
        yield self.digest(_carried(value), value.__name__)
        for name, held in self._read_by(value).items():
            yield f"{name}={self.digest(held, name)}"

    def _read_by(self, value: types.FunctionType) -> dict[str, Any]:
        """The global names that a function reads, unless it is of a library."""
        code, there = value.__code__, value.__globals__
        if there is not self._live and not _is_made(sys.modules.get(there.get("__name__", "")), there):
            return {}
        self._look_through(code, _carried(value))
        names = bytecode.loaded(code) | self._spoken(code)
        if there is self._live:
            self.stored |= bytecode.stored(code) & set(self.namespace)
            return {name: self.namespace[name] for name in self._entrys(names)}
        if blind := sorted(names & UNSEEN - set(there)):
            raise Refused(f"what it reads through {blind[0]} cannot be seen")
        return {name: there[name] for name in sorted(names & set(there))}

    def _remembering(self, value: Any) -> Iterator[str]:
        if value.cache_info().currsize:
            raise Refused(f"what {value.__name__} remembers of its calls cannot be seen")
        yield f"remembering {sorted(value.cache_parameters().items())}"
        yield self.digest(value.__wrapped__, value.__name__)

    def _class(self, value: type) -> Iterator[str]:
        yield f"class {value.__qualname__}"
        yield self.digest((type(value), *value.__bases__), value.__name__)
        for name, member in _members(value):
            yield f"{name}={self.digest(member, value.__name__)}"


class _Hasher(pickle.Pickler):
    """Writes a value to nowhere but a digest: without pickle's memo, for only content counts, and what shares it."""

    def __init__(self, content: Content) -> None:
        self.sha = hashlib.sha256()
        self._content = content
        super().__init__(self, 5, buffer_callback=self._buffer)
        self.fast = True

    def write(self, data: Any) -> int:
        self.sha.update(data)
        return len(data)

    def persistent_id(self, value: Any) -> Any:
        kind = type(value)
        if kind in PLAIN or kind is tuple:
            return None
        if kind is dict or kind is list or can_change(value):
            self._content.parts[id(value)] = value
            if (met := self._content.met) is not None:
                if id(value) in met:
                    return f"again {met[id(value)]}"
                met[id(value)] = len(met)
        if kind is dict or kind is list:
            return None
        if on_device(value):
            raise Refused("it reads what lies on a GPU")
        if type(value) is types.BuiltinFunctionType and value in ASKED:
            raise Refused(f"what it is told of files through {ASKED[value]} cannot be seen: write os.{ASKED[value]}")
        if (generator := self._content.generators.get(id(value))) is not None:
            return generator
        return self._content.token(value)

    def reducer_override(self, value: Any) -> Any:
        """A tensor is its elements: torch itself writes where they lie, too. What only says its name in the entry is
        not told by that."""
        if self._content.says_its_name(value):
            raise Refused(f"what {value.__qualname__} does cannot be seen")
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


def _is_plain(value: Any) -> bool:
    """Whether the words of a value say all of it."""
    return type(value) in PLAIN or (type(value) is tuple and all(map(_is_plain, value)))


def _is(value: Any, kinds: Any) -> bool:
    """Whether a value is of a kind; `isinstance` would ask it for its class, and a library's may do anything then."""
    return issubclass(type(value), kinds)


def _carried(function: types.FunctionType) -> tuple[Any, ...]:
    """What a function has with it: defaults, variables of the functions around it, attributes, what is registered."""
    attributes = vars(function)
    if function.__code__ is DISPATCHING.__code__:
        registered = list(attributes["registry"].items())
        own = {name: each for name, each in attributes.items() if name not in DISPATCHERS}
        return (registered, own)
    held = [(cell.cell_contents,) for cell in function.__closure__ or () if cell != types.CellType()]
    types_of = {name: repr(each) for name, each in function.__annotations__.items()}
    return (function.__defaults__, function.__kwdefaults__, held, attributes, types_of)


def _members(value: type) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """What stands in a class, by name, but for what Python puts there."""
    for name, member in vars(value).items():
        if name == "__dataclass_fields__":
            yield name, tuple((each, repr(field.type), dict(field.metadata)) for each, field in member.items())
        elif name not in PYTHONS and not _is(member, (types.GetSetDescriptorType, types.MemberDescriptorType)):
            yield name, _unpacked(member)


def _unpacked(member: Any) -> tuple[Any, ...]:
    """The functions in a member of a class; itself, if it is no wrapper of Python's."""
    if _is(member, (staticmethod, classmethod)):
        return (member.__func__,)
    if _is(member, property):
        return (member.fget, member.fset, member.fdel)
    if _is(member, functools.cached_property):
        return (member.func,)
    return (member,)


def _is_made(module: Any, names: Any = None) -> bool:
    """Whether a module was not loaded under its name: somebody made it; or whether these names are no module's."""
    if not isinstance(module, types.ModuleType):
        return True
    held = vars(module)
    return held.get("__spec__") is None or (names is not None and names is not held)


def _is_found(function: types.FunctionType) -> bool:
    """Whether a function is had by its name from the module that it says, and that was loaded."""
    found: Any = sys.modules.get(function.__module__)
    if _is_made(found):
        return False
    for part in function.__qualname__.split("."):
        found = getattr(found, part, None)
    return found is function


def _is_in_place(owner: Any, name: str, value: Any) -> bool:
    """Whether a function, class or module of a library is where that put it: no other than when it was loaded."""
    if _is(value, types.ModuleType):
        return bool(value.__name__ == f"{owner.__name__}.{name}")
    here = owner.__name__ if isinstance(owner, types.ModuleType) else owner.__module__
    is_code = _is(value, (type, types.FunctionType, types.BuiltinFunctionType))
    return is_code and value.__name__ == name and value.__module__ == here


def _full_name(owner: Any) -> str:
    return f"{owner.__module__}.{owner.__qualname__}" if isinstance(owner, type) else str(owner.__name__)


def _texts(value: Any) -> Iterator[str]:
    """A text, or those in a list or tuple of them, and in a dictionary's keys."""
    if isinstance(value, str):
        yield value
    elif type(value) in (list, tuple, set, frozenset, dict):
        yield from (each for each in value if isinstance(each, str))


def _shared_generators() -> dict[int, str]:
    """The random generators that libraries hold for everybody, by identity: whoever draws looks at what they hold."""
    found = {"random": "_inst", "numpy.random.mtrand": "_rand"}
    held = {name: getattr(sys.modules.get(name), each, None) for name, each in found.items()}
    return {id(each): f"generator {name}" for name, each in held.items() if each is not None}


def _sum(found: list[str]) -> str:
    return hashlib.sha256(" ".join(found).encode()).hexdigest()


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
    """Its modules that are loaded, by the name under which they are; none of what is installed in a folder of it."""
    here, installed = os.path.join(os.path.realpath(root), ""), sites()
    files = {name: str(getattr(module, "__file__", None) or "") for name, module in list(sys.modules.items())}
    found = {name for name, path in files.items() if not path.startswith(installed)}
    ours = sorted(name for name in found if os.path.realpath(files[name]).startswith(here))
    return {name: sys.modules[name] for name in ours if files[name].endswith(".py")}


def _whole(file: Any) -> str:
    return hashlib.sha256(file.read()).hexdigest()


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:120] or type(error).__name__
