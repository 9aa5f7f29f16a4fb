"""A compiled function: it looks at what a call brings, and runs the code made for calls like that.

For every new kind of call (dtypes, ranks, layouts, and what its guards say of the sizes) the function is traced to a
graph. Native code for the graph is made by `cpu` and checked against the interpreter on its first real inputs; without
it, or when it disagrees, the function runs as the Python that it is. A call is never answered by code whose guards do
not hold.
"""

from __future__ import annotations

import functools
import inspect
import logging
import operator
import sys
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nozzle.aot.build import Refuse
from nozzle.aot.constant import Kept, kept
from nozzle.aot.cpu import Native, attach, fault_of, say_once
from nozzle.aot.frontend import Argument, trace
from nozzle.aot.frontend.values import Capture, exactly, parts_of
from nozzle.aot.graph import Graph, Loc, root, stored
from nozzle.aot.interpret import Left, interpret
from nozzle.aot.passes.quantise import BEYOND, Beyond, Quantised, quantised_by
from nozzle.aot.sizes import Dim, Size
from nozzle.aot.source import NotAdmissible, Sourceless
from nozzle.aot.types import DTYPES, PYTHONS, Annotation

log = logging.getLogger("nozzle.aot")
Runner = Callable[[Sequence[Any]], Any]


FAILED = (TypeError, ValueError, IndexError, ArithmeticError, AssertionError, Warning)
"""What a call raises while its graph is made, where it cannot but fail, or warn."""


PLAINLY = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
STARS = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


@dataclass(frozen=True, slots=True)
class Options:
    """How a function is to be compiled."""

    wait: bool | None = None
    """Whether a first call waits for native code; None: in a cell of a journal it does, in a program it does not."""
    quantize: str = ""
    """The scheme that products of matrices are quantised by: i8, f16 or bf16."""
    calibrate: tuple[tuple[Any, ...], ...] = ()
    """Arguments of calls that the scales of `i8` are taken from; none: the first call of each kind."""
    constant: tuple[str, ...] = ()
    """Names of arguments whose arrays do not change."""


@dataclass(slots=True)
class Special:
    """The code for one kind of call."""

    python: Callable[..., Any]
    """The function as it was written: the answer where there is no native code."""
    graph: Graph
    captures: tuple[Capture, ...]
    holds: Callable[..., bool]
    """Of the arguments: whether the guards do."""
    tensors: tuple[int, ...]
    """Which arguments are inputs of the graph."""
    constants: tuple[Any, ...]
    """The arguments, where they are not."""
    quantised: Quantised | None = None
    changed: tuple[int, ...] = ()
    """Which arguments are written to, where it is quantised."""
    kept: Kept | None = None
    """What is computed once for the arrays of constant arguments."""
    native: Runner | None = None
    said: str = ""
    """Why there is no native code, in words."""
    details: dict[str, Any] = field(default_factory=dict)

    def __call__(self, arguments: Sequence[Any]) -> Any:
        if self.native is None:
            return self.plain(arguments)
        if self.quantised is None:
            return self.native(self.inputs(arguments))
        return self.or_in_floats(arguments, lambda: self.native(self.inputs(arguments)))  # type: ignore[misc]

    @property
    def body(self) -> Graph:
        """What native code is of: the graph, less what is kept."""
        return self.graph if self.kept is None else self.kept.graph

    def inputs(self, arguments: Sequence[Any]) -> list[Any]:
        """Those of native code, of all arguments; ValueError where a constant has changed."""
        found = [arguments[at] for at in self.tensors]
        return found if self.kept is None else self.kept.with_values(found)

    def plain(self, arguments: Sequence[Any]) -> Any:
        """The answer without native code: of the function as it was written; of its graph where that is quantised."""
        if self.quantised is None or self.quantised.blank:
            return self.python(*arguments)
        return self.or_in_floats(arguments, lambda: self.interpreted(arguments))

    def or_in_floats(self, arguments: Sequence[Any], quantised: Callable[[], Any]) -> Any:
        """A quantised answer; where a call is beyond its calibration that of the function as it was written."""
        before = {at: arguments[at].copy() for at in self.changed}
        try:
            return quantised()
        except Left:  # without native code, which would have asked Python itself
            return self._again(arguments, before)
        except Beyond:
            what = BEYOND[self.quantised.scheme] if self.quantised is not None else "values beyond its formats"
            say_once(f"nozzle.aot: {self.graph.name} answers in floats where a call brings {what}")
            return self._again(arguments, before)

    def _again(self, arguments: Sequence[Any], before: Mapping[int, Any]) -> Any:
        """The answer of the function as it was written, to arguments as they were."""
        for at, value in before.items():
            arguments[at][...] = value
        return self.python(*arguments)

    def whole(self, inputs: Sequence[Any]) -> list[Any]:
        """All arguments, of those that are inputs of native code."""
        arguments = list(self.constants)
        for at, one in zip(self.tensors, inputs, strict=self.kept is None):
            arguments[at] = one
        return arguments

    def interpreted(self, arguments: Sequence[Any], graph: Graph | None = None) -> Any:
        """What the graph, or one that a pass made of it, means for these arguments."""
        return interpret(graph or self.graph, [arguments[at] for at in self.tensors])


class Compiled:
    """What `aot.compile` makes of a function; called like it."""

    def __init__(self, python: Callable[..., Any], options: Options) -> None:
        if not isinstance(python, types.FunctionType):
            what = getattr(python, "__name__", None) or repr(python)
            raise TypeError(f"{what} is no function that was made with def: there is nothing of it to compile")
        functools.update_wrapper(self, python)
        self.python: Callable[..., Any] = python
        self.options = options
        self.specials: dict[Any, list[Special]] = {}
        self.signature = inspect.signature(python)
        self._parts = parts_of(python)
        self.names = tuple(self.signature.parameters)
        if strange := set(options.constant) - set(self.names):
            raise ValueError(f"{python.__name__} has no argument {', '.join(sorted(strange))} to be constant")
        for one in options.calibrate:
            if len(one) != len(self.names):
                raise ValueError(
                    f"calibrate= is a list of calls, each a tuple of the arguments of {python.__name__}: "
                    f"[({', '.join(self.names)}{',' * (len(self.names) == 1)})]"
                )
        self._plain = all(one.kind in PLAINLY for one in self.signature.parameters.values())
        self._annotations = _annotations(python)
        self._fast: Callable[..., Any] = self._slow
        self._held: tuple[tuple[Mapping[str, Any], str, Any], ...] = ()
        self._made_of: tuple[tuple[types.FunctionType, Any, Any], ...] = ()
        """Its helpers, and what they were made of."""
        self._wrappers: list[Any] = []  # all of them: another thread may be in an earlier one

    def _promote(self, special: Special) -> None:
        """Let the compiled wrapper of this code answer first, when names from outside are those of modules."""
        native = special.native
        scopes: list[Any] = [(one.scope, one.name, one.value) for one in special.captures]
        helpers = {getattr(one.value, "python", one.value) for one in special.captures if one.inside}
        in_dicts = all(isinstance(scope, dict) for scope, _, _ in scopes)
        if not (self._plain and isinstance(native, Native) and in_dicts):
            return
        if any(one.__kwdefaults__ for one in helpers):  # they may be changed behind its back
            return
        wrapper = native.fast(self._slow)
        if wrapper is not None:
            self._held = tuple({(id(scope), name): (scope, name, value) for scope, name, value in scopes}.values())
            self._made_of = tuple((one, one.__code__, one.__defaults__) for one in helpers)
            self._wrappers.append(wrapper)
            self._fast = wrapper.function

    def __call__(self, *arguments: Any, **names: Any) -> Any:
        if not names:
            for scope, name, value in self._held:
                if scope.get(name) is not value:
                    return self._slow(*arguments)
            for function, code, defaults in self._made_of:
                if function.__code__ is not code or function.__defaults__ is not defaults:
                    return self._slow(*arguments)
            return self._fast(*arguments)
        return self._slow(*arguments, **names)

    def _slow(self, *arguments: Any, **names: Any) -> Any:
        """Find the code for a call, of all there is; `_fast` comes here with what it does not expect."""
        if names or len(arguments) != len(self.names) or not self._plain:
            self._named()
            arguments = self._bound(arguments, names)
        if any(map(_elsewhere, arguments)):
            return self._there(arguments)
        if any(map(_beyond, arguments)):
            return self.answer(*arguments)
        try:
            special = self.special(arguments)
        except Sourceless as error:
            say_once(f"nozzle.aot: {self.python.__name__} runs as Python: {error.reason}; {error.instead}")
            if self._plain:
                self._fast = self.python
            return self.answer(*arguments)
        except FAILED as error:
            return self._failing(arguments, error)
        except NotAdmissible:
            raise
        except Exception as fault:  # of ours, and no reason for a call to fail
            self._faulty(fault)
            return self.answer(*arguments)
        return special(arguments)

    def _faulty(self, fault: Exception) -> None:
        """Its graph cannot be made: from now on it is Python's."""
        log.error("nozzle.aot: %s runs as Python, for the compiler failed: %s", self.python.__name__, fault_of(fault))
        if self._plain:
            self._fast = self.python

    def _bound(self, arguments: Sequence[Any], names: Mapping[str, Any]) -> tuple[Any, ...]:
        """One value for every name; a default is the one that the function has now."""
        now = parts_of(self.python)
        if len(now) != len(self._parts) or not all(map(operator.is_, now, self._parts)):
            self._parts, self.signature = now, inspect.signature(self.python)
        bound = self.signature.bind(*arguments, **names)
        bound.apply_defaults()
        return tuple(bound.arguments[name] for name in self.names)

    def _failing(self, arguments: Sequence[Any], error: Exception) -> Any:
        """A call that seems to be an error is Python's: it raises what is to be raised, after what comes before it."""
        found = self.answer(*arguments)
        say_once(f"nozzle.aot: {self.python.__name__} runs as Python for a call that seemed to be an error: {error}")
        return found

    def _named(self) -> None:
        """Refuse what has no name for every argument."""
        stars = [one.name for one in self.signature.parameters.values() if one.kind in STARS]
        if stars:
            code = self.python.__code__
            here = Loc(code.co_filename, code.co_firstlineno)
            raise NotAdmissible(here, f"{code.co_name} takes * or **: {', '.join(stars)}", "name its parameters")

    def answer(self, *arguments: Any) -> Any:
        """What Python answers, of one value for every name."""
        if self._plain:
            return self.python(*arguments)
        rest, named = self.put(arguments)
        return self.python(*rest, **named)

    def put(self, arguments: Sequence[Any]) -> tuple[list[Any], dict[str, Any]]:
        """One value for every name as a call brings them: in their order, and by name where that is the only way."""
        given = dict(zip(self.names, arguments, strict=True))
        alone = [name for name, one in self.signature.parameters.items() if one.kind is one.KEYWORD_ONLY]
        return [value for name, value in given.items() if name not in alone], {name: given[name] for name in alone}

    def _there(self, arguments: Sequence[Any]) -> Any:
        """The answer where arrays are on a device: by their own library, which takes NumPy's calls for its own."""
        name = self.python.__name__
        if self.options.quantize:
            raise NotAdmissible(
                self._here(), f"{name} is quantised, and its argument is on a device", "pass arrays of NumPy's"
            )
        library = next(type(one).__module__.partition(".")[0] for one in arguments if _elsewhere(one))
        why = "nothing is fused"
        if library == "cupy":
            special, why = self._on_device(arguments)
            if special is not None and special.native is not None:
                return special(arguments)
        say_once(f"nozzle.aot: {name} runs where its arrays are, by {library}, operation by operation: {why}")
        return self.answer(*arguments)

    def _on_device(self, arguments: Sequence[Any]) -> tuple[Special | None, str]:
        """The code for a call whose arrays are CuPy's; else why there is none."""
        from nozzle.aot import gpu

        try:
            standing = [gpu.stand_in(one) for one in arguments]
            key = ("device", *_key(standing))
            for one in self.specials.get(key, ()):
                if one.holds(*standing) and all(capture.holds() for capture in one.captures):
                    return one, one.said
            if words := gpu.missing():
                return None, words
            made = self.traced(standing)
        except (NotAdmissible, Refuse) as error:
            return None, error.reason
        self.specials.setdefault(key, []).append(made)
        gpu.attach(made, arguments)
        return made, made.said

    def __get__(self, owner: Any, kind: Any = None) -> Any:
        return self if owner is None else functools.partial(self, owner)

    def special(self, arguments: Sequence[Any]) -> Special:
        """The code for a call like this, made when there is none."""
        key = _key(arguments)
        for one in self.specials.get(key, ()):
            if one.holds(*arguments) and all(capture.holds() for capture in one.captures):
                return one
        made = self.make(arguments)
        if made.quantised is None or not made.quantised.blank:
            self.specials.setdefault(key, []).append(made)
        return made

    def traced(self, arguments: Sequence[Any]) -> Special:
        """The graph for a call like this, with nothing compiled."""
        self._check(arguments)
        described = [Argument.of(name, value) for name, value in zip(self.names, arguments, strict=True)]
        whole = {name: int(value) for name, value in zip(self.names, arguments, strict=True) if _is_whole(value)}
        found = trace(self.python, described, whole, self._said(described))
        tensors = tuple(at for at, one in enumerate(described) if one.type is not None)
        constants = tuple(None if one.type is not None else one.value for one in described)
        graph, quantised = found.graph, None
        if self.options.quantize:
            calls = self.calibrations(arguments) or [tuple(arguments)]
            graph, quantised = self._quantised(found.graph, [[call[at] for at in tensors] for call in calls])
            if quantised.blank and self.options.calibrate:
                raise NotAdmissible(
                    self._here(),
                    "what it is calibrated on leaves a factor empty, or all zeros, or too small for a scale",
                    "calibrate on calls like those that will come",
                )
        holds = guard(graph, self.names)
        apart = kept(graph, self.options.constant) if self.options.constant else None
        changed = tuple(tensors[at] for at in written(graph)) if quantised is not None else ()
        return Special(self.answer, graph, found.captures, holds, tensors, constants, quantised, changed, apart)

    def _quantised(self, graph: Graph, calls: Sequence[Sequence[Any]]) -> tuple[Graph, Quantised]:
        """Quantised by the calls that it is calibrated on; NotAdmissible where those cannot be made."""
        try:
            return quantised_by(self.options.quantize, graph, calls)
        except (*FAILED, Left) as error:
            if not self.options.calibrate:
                raise
            reason = f"a call that it is calibrated on, calibrate=, is an error: {error}"
            raise NotAdmissible(self._here(), reason, "calibrate on calls whose arguments fit together") from error

    def calibrations(self, arguments: Sequence[Any]) -> list[tuple[Any, ...]]:
        """The calls that were given to calibrate on, of the kind of this one; NotAdmissible where there are others."""
        kind = list(map(_like, arguments))
        found = [one for one in self.options.calibrate if list(map(_like, one)) == kind]
        if self.options.calibrate and not found:
            there = " and ".join(dict.fromkeys(map(_described, self.options.calibrate)))
            reason = f"it is calibrated on ({there}), and called with {_described(arguments)}"
            raise NotAdmissible(self._here(), reason, "calibrate on arrays of the dtypes and ranks that calls bring")
        return found

    def _here(self) -> Loc:
        return Loc(self.python.__code__.co_filename, self.python.__code__.co_firstlineno)

    def make(self, arguments: Sequence[Any]) -> Special:
        special = self.traced(arguments)
        if special.quantised is not None and special.quantised.blank:
            special.said = (
                "this call leaves a factor empty, all zeros or too small for a scale; the next sets the scales"
            )
        else:
            attach(special, self.options, special.inputs(arguments), self._promote)
        return special

    def _said(self, described: Sequence[Argument]) -> list[tuple[Dim, Dim]]:
        """The lengths that annotations say are the same, or are a number."""
        found, letters = [], dict[str, Dim]()
        for one in described:
            annotation = self._annotations.get(one.name)
            if isinstance(annotation, Annotation) and annotation.axes is not None and one.type is not None:
                for axis, dim in zip(annotation.axes, one.type.shape, strict=True):
                    other = letters.setdefault(axis, dim) if isinstance(axis, str) else Dim.of(axis)
                    found += [(dim, other)] if other is not dim else []
        return found

    def _check(self, arguments: Sequence[Any]) -> None:
        if len(arguments) != len(self.names):
            wanted = ", ".join(self.names)
            raise TypeError(f"{self.python.__name__} is called as {self.python.__name__}({wanted}): give all of these")
        letters: dict[str, int] = {}
        for name, value in zip(self.names, arguments, strict=True):
            wrong, instead = _wrong(value), "pass arrays of numbers, and numbers"
            annotation = self._annotations.get(name)
            if not wrong and isinstance(annotation, Annotation):
                wrong = annotation.against(value, letters)
                wrong = wrong and f"{wrong}, and is said to be {annotation}"
                instead = "pass what the annotation says, or change it; without one any will do"
            if wrong:
                raise NotAdmissible(self._here(), f"the argument {name} {wrong}", instead)

    def __reduce__(self) -> Any:
        """Pickle it as functions are, by its name; where that is another's, its function and how it is compiled."""
        name: str = self.__qualname__  # type: ignore[attr-defined]
        found: Any = sys.modules.get(self.__module__)
        for part in name.split("."):
            found = getattr(found, part, None)
        return name if found is self else (Compiled, (self.python, self.options))

    def _repr_markdown_(self) -> str:
        """What became of it, for the page of a journal: an account of every kind of call so far, its rungs folded."""
        from nozzle.aot.explain import page

        return page(self)

    def annotated(self) -> list[Annotation]:
        """The types that its annotations say; ValueError where one is missing, or leaves the shape open."""
        found = []
        for name in self.names:
            said = self._annotations.get(name)
            pythons = (Annotation(dtype, ()) for dtype, kind in PYTHONS.items() if kind is said)
            one = said if isinstance(said, Annotation) else next(pythons, None)
            if one is None or one.axes is None:
                why = "is of any shape" if one else "has no type"
                raise ValueError(f'{name} {why}: write {name}: aot.{one or "f64"}["n"], or say --types')
            found.append(one)
        return found

    def __repr__(self) -> str:
        return f"<compiled {self.__name__}>"  # type: ignore[attr-defined]


def _annotations(python: Callable[..., Any]) -> dict[str, Any]:
    try:
        return inspect.get_annotations(python, eval_str=True)
    except (NameError, SyntaxError, TypeError, AttributeError):
        return {}


def _elsewhere(value: Any) -> bool:
    """Whether it is an array in the memory of a device: by the protocol that CuPy, numba and torch share."""
    return not isinstance(value, (np.ndarray, np.generic, int, float, complex)) and hasattr(
        value, "__cuda_array_interface__"
    )


PLAIN = (np.ndarray, np.memmap)
"""Arrays whose arithmetic is NumPy's own; a masked array, or a matrix, has another."""


def _beyond(value: Any) -> bool:
    """Whether it is a Python int that no 64 bits hold."""
    return isinstance(value, int) and not -(2**63) <= value < 2**63


def _is_whole(value: Any) -> bool:
    """Whether it is a whole number, also in an array without axes."""
    return isinstance(value, (int, np.integer, np.bool_)) or (
        isinstance(value, np.ndarray) and not value.ndim and value.dtype.kind in "iub"
    )


def _wrong(value: Any) -> str:
    if isinstance(value, np.ndarray):
        if type(value) not in PLAIN:
            return f"is a {type(value).__name__}, not a plain array"
        if value.dtype.name not in DTYPES:
            return f"is an array of {value.dtype}"
    elif isinstance(value, np.generic):
        if value.dtype.name not in DTYPES:
            return f"is a number of {value.dtype}" if value.dtype.kind in "fc" else f"is a {type(value).__name__}"
    elif isinstance(value, (bool, int, float, complex, str, type(None), np.dtype, type)):
        if isinstance(value, int) and not -(2**63) <= value < 2**63:
            return "does not fit 64 bits"
    elif not (isinstance(value, tuple) and all(isinstance(one, (int, float, str)) for one in value)):
        return f"is a {type(value).__name__}"
    return ""


def _key(arguments: Sequence[Any]) -> tuple[Any, ...]:
    return tuple([_kind(one) for one in arguments])


def _kind(value: Any) -> Any:
    """What of an argument decides which code may run."""
    if isinstance(value, np.ndarray):
        lies = value.dtype, value.ndim, value.flags.c_contiguous, value.flags.writeable
        return lies if type(value) in PLAIN else (type(value), *lies)
    if isinstance(value, np.generic):
        return value.dtype
    if isinstance(value, (bool, int, float, complex)):
        return type(value)
    return exactly(value) if isinstance(value, (str, tuple, type, np.dtype)) else (type(value), repr(value))


def _like(value: Any) -> Any:
    """What of an argument decides which calibration is of its kind: not how an array lies."""
    return (value.dtype, value.ndim) if isinstance(value, np.ndarray) else _kind(value)


def _described(arguments: Sequence[Any]) -> str:
    """The kinds of some arguments, in words."""
    return ", ".join(
        f"{one.dtype}[{', '.join(map(str, one.shape))}]" if isinstance(one, np.ndarray) else type(one).__name__
        for one in arguments
    )


def guard(graph: Graph, names: Sequence[str]) -> Callable[..., bool]:
    """A test of the arguments, as one Python expression."""
    if not graph.guards:
        return lambda *_: True

    def spell(size: Size) -> str:
        name, dot, axis = size.name.partition(".")
        return f"_{names.index(name)}.shape[{axis}]" if dot else f"int(_{names.index(name)})"

    tests = " and ".join(one.source(spell) for one in graph.guards)
    parameters = ", ".join(f"_{at}" for at in range(len(names)))
    found = eval(f"lambda {parameters}: {tests}", {})  # of our own making: sizes and numbers only
    return lambda *arguments: bool(found(*arguments))


def written(graph: Graph) -> set[int]:
    """The positions of the inputs that the graph writes to."""
    roots = stored(graph.block.nodes)
    return {at for at, node in enumerate(graph.inputs) if root(node) in roots}
