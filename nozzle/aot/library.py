"""Truly ahead of time: a shared library, a C header, and a Python stub that needs neither nozzle nor MLIR."""

from __future__ import annotations

import inspect
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from nozzle.aot import cache, passes
from nozzle.aot.compiled import Compiled, Special
from nozzle.aot.cpu import LETTERS
from nozzle.aot.frontend.given import OtherType
from nozzle.aot.graph import Boxed, Graph, Node, root
from nozzle.aot.lower import Lowered, lower
from nozzle.aot.lower.text import OURS, ascii_of
from nozzle.aot.passes.quantise import Beyond
from nozzle.aot.sizes import Dim, Size
from nozzle.aot.types import PYTHONS, Annotation
from nozzle.errors import Refused, Unwritable, WrongCommand

FIRST = 97
"""The length that the first letter stands for while the library is traced; the others are the odd numbers after it."""
C = {
    "bool": "uint8_t",
    "int8": "int8_t",
    "int16": "int16_t",
    "int32": "int32_t",
    "int64": "int64_t",
    "uint8": "uint8_t",
    "uint16": "uint16_t",
    "uint32": "uint32_t",
    "uint64": "uint64_t",
    "float16": "_Float16",
    "float32": "float",
    "float64": "double",
    "complex64": "float _Complex",
    "complex128": "double _Complex",
}


ARRAY = """\
def _nz_array(name, value, dtype, axes):
    if isinstance(value, _nz_np.ndarray) and type(value) not in (_nz_np.ndarray, _nz_np.memmap):
        raise TypeError(f"{name} is a {type(value).__name__}, and no plain array")
    value = _nz_np.asarray(value)
    if value.dtype != dtype:
        need = _nz_np.dtype(dtype).name
        raise TypeError(f"{name} is an array of {value.dtype}, and this library is for {need}: {name}.astype('{need}')")
    if value.ndim != axes:
        raise ValueError(f"{name} must have {axes} axes")
    return _nz_np.require(value, requirements="CA")"""
OWN = """\
def _nz_pythons(name, value):
    if isinstance(value, (_nz_np.generic, _nz_np.ndarray)):
        raise TypeError(f"{name} is NumPy's {value.dtype}, and this library is for Python's numbers: {name}.item()")
    return value"""
WHOLE = """\
def _nz_whole(name, value):
    try:
        value = _nz_operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be a whole number, and is a {type(value).__name__}") from None
    if not -(2**63) <= value < 2**63:
        raise OverflowError(f"{name} does not fit 64 bits")
    return value"""
REAL = """\
def _nz_real(name, value):
    if not isinstance(value, (int, float)):
        raise TypeError(f"{name} must be a real number, and is a {type(value).__name__}")
    if float(value) != value and value == value:
        raise OverflowError(f"{name} is no number of 64 bits")
    return float(value)"""
EXACTLY = """\
def _nz_exactly(name, value, dtype):
    if not isinstance(value, _nz_np.generic) or value.dtype != dtype:
        need = _nz_np.dtype(dtype).name
        raise TypeError(f"{name} is a {type(value).__name__}, and this library is for {need}: np.{need}({name})")
    return value.item()"""
TRUTH = """\
def _nz_truth(name, value):
    if not isinstance(value, bool):
        raise TypeError(f"{name} must be True or False, and is a {type(value).__name__}")
    return value"""
TAKEN = {"i": WHOLE, "u": WHOLE, "f": REAL, "b": TRUTH}
NAMES = {"i": "_nz_whole", "u": "_nz_whole", "f": "_nz_real", "b": "_nz_truth"}
"""How a stub takes a number of a kind: nothing is cut down to fit."""


@dataclass(frozen=True, slots=True)
class Library:
    """What was written."""

    library: Path
    header: Path
    stub: Path
    guards: tuple[str, ...]
    constant: tuple[str, ...] = ()
    """Arguments that are said not to change; a library computes what rests on them at every call all the same."""


def samples(types: Sequence[Annotation], names: Sequence[str], sizes: dict[str, int] | None = None) -> list[Any]:
    """Arrays and numbers of these types; every letter has a length of its own."""
    if len(types) != len(names):
        raise WrongCommand(f"{len(types)} types for {len(names)} parameters: {', '.join(names)}")
    letters: dict[str, int] = dict(sizes or {})
    rng = np.random.default_rng(0)
    found = []
    for one in types:
        shape = [
            axis if isinstance(axis, int) else letters.setdefault(axis, FIRST + 2 * len(letters))
            for axis in one.axes or ()
        ]
        dtype = np.dtype(one.dtype or "float64")
        made = (rng.random(shape) if dtype.kind in "fc" else rng.integers(1, 9, shape)).astype(dtype)
        found.append(made if shape else PYTHONS.get(dtype.name, dtype.type)(made))
    return found


def build(function: Compiled, types: Sequence[Annotation], folder: Path) -> Library:
    """Write `libname.so`, `name.h` and `name.py`.

    Refused when the function cannot be one library, Unwritable when there is no writing to the folder.
    """
    arguments = samples(types, function.names)
    if function.options.quantize == "i8" and not function.calibrations(arguments):
        raise Refused(
            "its scales would come from made-up numbers: give aot.compile the arguments of calls, calibrate=[...]"
        )
    special = _of_one_type(function.traced(arguments))
    if special.captures and any(not one.holds() for one in special.captures):
        raise Refused("what the function reads from outside has changed; say it again")
    lowered = lower(passes.run(special.graph), cache.processor())
    if any(space != node.tensor.shape for node, space in zip(lowered.outputs, lowered.spaces, strict=True)):
        raise Refused(
            f"the data decides the size of what {special.graph.name} gives back: fill an array of a known one"
        )
    for node in lowered.results:
        if node not in lowered.outputs:
            what = "an argument" if root(node) in lowered.inputs else "what it computes"
            raise Refused(f"{special.graph.name} gives back a view of {what}: copy it, x.copy()")
    if any(node.tensor.kind == "c" and not node.tensor.rank for node in lowered.inputs):
        raise Refused("a complex number as an argument: pass an array of one")
    made, _ = cache.library(lowered.text)
    name = special.graph.name
    guards = special.graph.guards
    library, head, python = folder / f"lib{name}.so", folder / f"{name}.h", folder / f"{name}.py"
    found = Library(library, head, python, tuple(map(str, guards)), function.options.constant)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(made, found.library)
        found.header.write_text(header(lowered, guards), encoding="utf-8")
        found.stub.write_text(stub(lowered, special.graph, function.signature), encoding="utf-8")
    except OSError as error:
        reason = str(error.strerror or error).lower()
        raise Unwritable(f"{folder}: {reason}: nothing was built; name a folder to write to (--out)") from error
    return found


def _of_one_type(special: Special) -> Special:
    """A number that is given back has one type in C, which is that of the code, whatever way a call takes."""
    graph = special.graph
    nodes = [one for one in graph.block.nodes if one.op != "check" or one.attrs["kind"] is not OtherType]
    return replace(special, graph=replace(graph, block=replace(graph.block, nodes=tuple(nodes))))


WORDS = re.compile(
    "alignas|alignof|and|asm|auto|bool|break|case|catch|char|class|compl|const|constexpr|"
    "continue|default|delete|do|double|else|enum|explicit|export|extern|false|float|for|friend|"
    "goto|if|inline|int|long|mutable|namespace|new|noexcept|not|nullptr|operator|or|private|"
    "protected|public|register|requires|restrict|return|short|signed|sizeof|static|struct|switch|"
    "template|this|throw|true|try|typedef|typeid|typename|typeof|union|unsigned|using|virtual|"
    "void|volatile|while|xor"
)
"""What C or C++ keeps to itself."""
BESIDE = re.compile(r".*_[ds]\d+|.*_")
"""What lengths and steps are called, and names that were moved out of the way."""


def c_name(name: str) -> str:
    """What an argument is called in the header.

    >>> [c_name(one) for one in ("x", "double", "out0", "x_d0", "λ")]
    ['x', 'double_', 'out0_', 'x_d0_', 'u3bb__']
    """
    plain = ascii_of(name)
    return plain + "_" * bool(WORDS.fullmatch(plain) or OURS.fullmatch(plain) or BESIDE.fullmatch(plain))


def _spelled(size: Size) -> str:
    name, dot, axis = size.name.partition(".")
    return f"{c_name(name)}_d{axis}" if dot else c_name(name)


def header(lowered: Lowered, guards: Sequence[Any]) -> str:
    """The C header."""
    parameters, notes = [], []
    written = _written(lowered)
    fresh = iter(lowered.outputs)
    for kind, name in lowered.slots:
        node = next((one for one in lowered.inputs if one.attrs["name"] == name), None)
        if kind == "data" and node is not None:
            parameters.append(f"{'' if name in written else 'const '}{C[node.tensor.dtype]} *{c_name(name)}")
        elif kind in ("dim", "stride"):
            owner, _, axis = name.rpartition(".")
            parameters.append(f"int64_t {c_name(owner)}_{kind[0]}{axis}")
        elif kind == "scalar" and node is not None:
            parameters.append(f"{C[node.tensor.dtype]} {c_name(name)}")
        elif kind == "status":
            parameters.append("int64_t *status")
        elif kind == "scratch":
            place = lowered.scratch[int(name)]
            parameters.append(f"{C[place.dtype]} *scratch{name}")
            notes.append(f" * scratch{name}: {place.count.source(_spelled)} elements, of no meaning before or after")
        else:
            output = next(fresh)
            parameters.append(f"{C[output.tensor.dtype]} *{name}")
            shape = ", ".join(dim.source(_spelled) for dim in output.tensor.shape)
            notes.append(f" * {name}: the result, of shape ({shape})")
    notes += [f" * requires {guard.source(_spelled)}" for guard in guards]
    notes += [f" * *status = {at}: {trap.kind.__name__}: {trap.message}" for at, trap in enumerate(lowered.traps, 1)]
    guard = f"{lowered.name.upper()}_H"
    text = [
        f"#ifndef {guard}",
        f"#define {guard}",
        "#include <stdint.h>",
        "",
        "#ifdef __cplusplus",
        'extern "C" {',
        "#endif",
        "",
        "/* Arrays are in C order; none overlaps one that is written.",
    ]
    text += [*notes, " */", f"void {lowered.name}({', '.join(parameters)});", ""]
    text += ["#ifdef __cplusplus", "}", "#endif", "", "#endif", ""]
    return "\n".join(text)


def _written(lowered: Lowered) -> set[str]:
    return {str(node.attrs["name"]) for node in lowered.inputs if node in lowered.writes}


def stub(lowered: Lowered, graph: Graph, signature: inspect.Signature) -> str:
    """A Python module that loads the library beside it, with NumPy and nothing else.

    Its own names begin with `_nz_`, as no author's do.
    """
    guards, shape, name = graph.guards, graph.shape, graph.name
    arrays = {str(node.attrs["name"]): node for node in lowered.inputs if node.tensor.rank}

    def spell(size: Size) -> str:
        name, dot, axis = size.name.partition(".")
        return f"{name}.shape[{axis}]" if dot else f"_nz_int({name})"

    def sizes(dims: Sequence[Dim]) -> str:
        return "[" + ", ".join(f"_nz_max({dim.source(spell)}, 0)" for dim in dims) + "]"

    numbers = {str(node.attrs["name"]): node for node in lowered.inputs if not node.tensor.rank}
    used = {_taken(node) for node in numbers.values()} | ({ARRAY} if arrays else set())
    used |= {OWN} if any(node.tensor.weak for node in numbers.values()) else set()
    lines = [
        '"""Native code, made ahead of time; see the C header beside it."""',
        "",
        "import ctypes as _nz_ctypes",
        *(["import operator as _nz_operator"] if WHOLE in used else []),
        "import struct as _nz_struct",
        "from pathlib import Path as _nz_path",
        "",
        "import numpy as _nz_np",
        "",
        "_nz_int, _nz_max, _nz_isinstance, _nz_error = int, max, isinstance, ValueError",
    ]
    lines += [f'_nz_entry = _nz_ctypes.CDLL(str(_nz_path(__file__).with_name("lib{name}.so"))).{lowered.name}_entry']
    traps = ", ".join(f"({_raised(trap.kind)}, {trap.message!r})" for trap in lowered.traps)
    lines += [
        "_nz_entry.argtypes, _nz_entry.restype = [_nz_ctypes.c_char_p], None",
        f"_nz_traps = ({traps}{',' if traps else ''})",
        "",
        "",
        *(
            line
            for one in (ARRAY, OWN, WHOLE, REAL, EXACTLY, TRUTH)
            if one in used
            for line in [*one.splitlines(), "", ""]
        ),
    ]
    lines.append(f"def {name}{_called(lowered, signature)}:")
    written = [one for one in arrays if one in _written(lowered)]
    for one, node in arrays.items():
        if one in written:
            unfit = f"{one}.dtype != _nz_np.{node.tensor.dtype} or not {one}.flags.carray"
            lines.append(f"    if not _nz_isinstance({one}, _nz_np.ndarray) or {unfit}:")
            need = f"{node.tensor.dtype}, in C order, writeable"
            lines.append(f'        raise _nz_error("{one} is written to: it must be {need}")')
        lines.append(f'    {one} = _nz_array("{one}", {one}, _nz_np.{node.tensor.dtype}, {node.tensor.rank})')
    for one in written:
        for other in arrays:
            if other != one:
                lines.append(f"    if _nz_np.may_share_memory({one}, {other}):")
                lines.append(f'        raise _nz_error("{one} is written to, and overlaps {other}: copy one of them")')
    for one, node in numbers.items():
        if node.tensor.weak:
            lines.append(f'    {one} = {NAMES[node.tensor.kind]}("{one}", _nz_pythons("{one}", {one}))')
        else:
            lines.append(f'    {one} = _nz_exactly("{one}", {one}, _nz_np.{node.tensor.dtype})')
    for guard in guards:
        lines.append(f"    if not {guard.source(spell)}:")
        lines.append(f'        raise _nz_error("this library is for calls where {guard}")')
    for at, node in enumerate(lowered.outputs):
        lines.append(f"    _nz_out{at} = _nz_np.empty({sizes(node.tensor.shape)}, _nz_np.{node.tensor.dtype})")
    for at, place in enumerate(lowered.scratch):
        lines.append(f"    _nz_scratch{at} = _nz_np.empty({sizes([place.count])}, _nz_np.{place.dtype})")
    lines.append("    _nz_status = _nz_ctypes.c_int64(0)")
    values, letters, fresh = [], "=", iter(range(len(lowered.outputs)))
    for kind, what in lowered.slots:
        owner, _, axis = what.rpartition(".")
        given = next((one for one in lowered.inputs if one.attrs["name"] == what), None)
        letters += LETTERS[given.tensor.dtype] if kind == "scalar" and given is not None else "q"
        values.append(
            {
                "data": f"{what}.ctypes.data",
                "dim": f"{owner}.shape[{axis}]",
                "scalar": what,
                "status": "_nz_ctypes.addressof(_nz_status)",
                "scratch": f"_nz_scratch{what}.ctypes.data",
            }.get(kind)
            or f"_nz_out{next(fresh)}.ctypes.data"
        )
    lines += [
        f'    _nz_entry(_nz_struct.pack("{letters}", {", ".join(values)}))',
        "    if _nz_status.value:",
        "        _nz_kind, _nz_message = _nz_traps[_nz_status.value - 1]",
        "        raise _nz_kind(_nz_message)",
    ]
    lines += [f"    return {_returned(lowered, shape)}", ""]
    return "\n".join(lines)


class _Word(str):
    """A default as the stub spells it."""

    __repr__ = str.__str__


def _called(lowered: Lowered, signature: inspect.Signature) -> str:
    """The parameters of the stub: those of the function, with the defaults that are numbers of the types asked for."""
    nodes = {str(node.attrs["name"]): node for node in lowered.inputs}
    found: list[inspect.Parameter] = []
    needed = False
    for one in reversed([*signature.parameters.values()]):
        alone = one.kind is one.KEYWORD_ONLY
        default = _default(one.default, nodes[one.name]) if alone or not needed else ""
        needed = needed if alone else not default
        found.insert(0, one.replace(annotation=one.empty, default=_Word(default) if default else one.empty))
    return str(inspect.Signature(found))


def _default(value: Any, node: Node) -> str:
    """A number of Python's as source text; empty where a call must bring one of the type that was asked for."""
    if not node.tensor.weak or type(value) is not PYTHONS[node.tensor.dtype]:
        return ""
    endless = isinstance(value, float) and not np.isfinite(value)
    return f'float("{value}")' if endless else repr(value)


def _taken(node: Node) -> str:
    """The function of a stub that takes a number."""
    return TAKEN[node.tensor.kind] if node.tensor.weak else EXACTLY


def _raised(kind: type[Exception]) -> str:
    """An exception as the stub spells it."""
    if kind.__module__ == "builtins":
        return kind.__name__
    return "ValueError" if kind is Beyond else f"_nz_np.linalg.{kind.__name__}"


def _returned(lowered: Lowered, shape: Any) -> str:
    if isinstance(shape, tuple):
        return "(" + "".join(f"{_returned(lowered, one)}, " for one in shape) + ")"
    if shape is None:
        return "None"
    at = lowered.outputs.index(lowered.results[shape])
    node = lowered.outputs[at]
    name = f"_nz_out{at}"
    if node.tensor.rank or isinstance(shape, Boxed):
        return name
    return f"{name}.item()" if node.tensor.weak else f"{name}[()]"
