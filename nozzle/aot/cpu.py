"""Native code for the CPU: made, loaded, checked against the function it came from, called.

A call lays the addresses, lengths and numbers that it brings in one frame, and hands its address over. Results and
scratch memory are NumPy's; native code allocates nothing. What it cannot take (arrays that overlap what is written,
bytes in another order) the function answers as the Python that it is.
"""

from __future__ import annotations

import copy
import ctypes
import logging
import os
import struct
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nozzle.aot import cache, fastcall, mlir, passes
from nozzle.aot.build import Refuse
from nozzle.aot.graph import VIEWS, Node, walk
from nozzle.aot.interpret import Left, Run, put_together, shaped, sizes_of
from nozzle.aot.lower import Lowered, lower
from nozzle.aot.ops import OPS
from nozzle.aot.passes.quantise import Beyond, apart
from nozzle.aot.ranges import LARGE, Ranges, every, ranges
from nozzle.aot.sizes import Dim, Size
from nozzle.aot.worker import WORKER, CompileFailed

if TYPE_CHECKING:
    from nozzle.aot.compiled import Options, Special

log = logging.getLogger("nozzle.aot")
_said: set[str] = set()


def say_once(text: str) -> None:
    """Tell the person, once."""
    if text not in _said:
        _said.add(text)
        log.warning(text)


Ready = Callable[["Special"], None]


def attach(special: Special, options: Options, arguments: Sequence[Any], ready: Ready) -> None:
    """Give the code for one kind of call its native form; from another thread when it is not to be waited for."""
    try:
        _attach(special, options, arguments, ready)
    except Exception as fault:  # of ours, and no reason for a call to fail
        _faulty(special, fault)


def _faulty(special: Special, fault: Exception) -> None:
    special.said = f"the compiler failed: {fault_of(fault)}"
    log.error("nozzle.aot: %s runs as Python, for %s", special.graph.name, special.said)


def fault_of(fault: Exception) -> str:
    """A fault of the compiler in words: what, and in which line of its own."""
    last = fault.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    where = f" ({Path(last.tb_frame.f_code.co_filename).name}:{last.tb_lineno})" if last is not None else ""
    return f"{type(fault).__name__}: {fault}{where}"


def _attach(special: Special, options: Options, arguments: Sequence[Any], ready: Ready) -> None:
    if not mlir.found():
        special.said = "there is no MLIR, so it runs as Python: pip install 'nozzle[aot]'"
        say_once(f"nozzle.aot: {special.said}")
        return
    try:
        lowered = lower(passes.run(special.body), cache.processor())
    except Refuse as error:
        special.said = f"{error.reason}; instead: {error.instead}" if error.instead else error.reason
        return
    special.details["lowered"] = lowered
    kept = cache.is_warm(lowered.text)
    trial = [[copy.deepcopy(one) for one in arguments] for _ in range(2)]
    if kept or waits(options):
        _finish(special, lowered, trial, ready)
    else:
        WORKER.expect(1)
        threading.Thread(target=_finish_beside, args=(special, lowered, trial, ready), daemon=True).start()


def waits(options: Options) -> bool:
    """Whether a first call waits for its native code: in a cell of a journal, unless it is said."""
    return options.wait if options.wait is not None else "NOZZLE_KERNEL" in os.environ or "IPython" in sys.modules


def _finish_beside(special: Special, lowered: Lowered, trial: Sequence[list[Any]], ready: Ready) -> None:
    """In a thread that a program which ends does not wait for."""
    try:
        _finish(special, lowered, trial, ready)
    except Exception as fault:  # as in `attach`
        _faulty(special, fault)
    finally:
        WORKER.expect(-1)


def _finish(special: Special, lowered: Lowered, trial: Sequence[list[Any]], ready: Ready) -> None:
    try:
        path, warm = cache.library(lowered.text)
        native = Native(special, lowered, path)
    except (CompileFailed, OSError, Refuse) as error:
        if WORKER.left:
            return
        special.said = str(error)
        say_once(f"nozzle.aot: {special.graph.name} runs as Python: {str(error)[:600]}")
        return
    special.details |= {"library": path, "warm": warm}
    wrong = native.check(*trial)
    if wrong in (UNSTEADY, LATE):
        special.said = wrong
        say_once(f"nozzle.aot: {special.graph.name} runs as Python, for {wrong}")
        return
    if wrong:
        special.said = f"native code disagrees with Python: {wrong}"
        log.error("nozzle.aot: %s runs as Python, for its native code disagrees: %s", special.graph.name, wrong)
        return
    special.native = native
    if special.quantised is not None:
        log.info("nozzle.aot: %s is quantised: %s", special.graph.name, special.quantised)
    ready(special)


class Native:
    """One native function, and how to call it."""

    def __init__(self, special: Special, lowered: Lowered, path: Path) -> None:
        self.special, self.lowered, self.graph = special, lowered, special.body
        self.library = ctypes.CDLL(str(path))
        self.entry = getattr(self.library, f"{lowered.name}_entry")
        self.entry.argtypes, self.entry.restype = [ctypes.c_char_p], None
        self.names = [str(node.attrs["name"]) for node in lowered.inputs]
        self.format = "=" + "".join(self._letters(slot) for slot in lowered.slots)
        self.writes = [at for at, node in enumerate(lowered.inputs) if node in lowered.writes]
        self.arrays = [at for at, node in enumerate(lowered.inputs) if node.tensor.rank]
        self.sizes = by_sizes(self.names, [dim for space in lowered.spaces for dim in space])
        self.counts = by_sizes(self.names, [place.count for place in lowered.scratch])
        self.exact = exact(special)
        self.ranges = ranges(special.body, lowered.outputs)
        self.beside = by_sizes(self.names, self.ranges.beside if self.ranges is not None else ())
        self.gap: float | None = None
        """How far its first answer was from Python's, as a share of the greatest result."""
        self.checks = False
        """Whether this is the check of a first call."""
        self._chains()

    def _letters(self, slot: tuple[str, str]) -> str:
        kind, name = slot
        if kind != "scalar":
            return "q"
        dtype = next(node.tensor.dtype for node in self.lowered.inputs if node.attrs["name"] == name)
        return LETTERS[dtype]

    def _chains(self) -> None:
        """Refuse views whose place only the running code knows."""
        for node in self.lowered.results:
            while node not in self.lowered.outputs and node not in self.lowered.inputs:
                if node.op not in VIEWS or any(one.op not in ("const", "size") for one in node.inputs[1:]):
                    raise Refuse("a view whose place depends on the data is a result", "copy it: x[i:].copy()")
                node = node.inputs[0]

    def __call__(self, inputs: Sequence[Any]) -> Any:
        if not self.takes(inputs):
            return self.special.plain(self.special.whole(inputs))
        try:
            return self.run(inputs)
        except (Left, MemoryError):  # memory is asked for before anything is written, and Python may need less
            return self.special.plain(self.special.whole(inputs))

    def takes(self, inputs: Sequence[Any]) -> bool:
        """Whether native code may have these: what is written overlaps nothing else, no byte is in another order."""
        for at in self.arrays:
            one = inputs[at]
            if not one.flags.aligned or not one.dtype.isnative:
                return False
            if not self.lowered.inputs[at].attrs["dense"] and any(step % one.itemsize for step in one.strides):
                return False
        for at in self.writes:
            if not inputs[at].flags.writeable:
                return False
            if any(other != at and np.may_share_memory(inputs[at], inputs[other]) for other in self.arrays):
                return False
            if not self.lowered.inputs[at].attrs["dense"] and _may_overlap_itself(inputs[at]):
                return False
        return True

    def run(self, inputs: Sequence[Any]) -> Any:
        results = self._marked(inputs) if self.checks else self._made(inputs)
        parts = self.ranges.parts(inputs) if self.ranges is not None else []
        if self.ranges is not None and len(parts) > 1 and self._splits(inputs, parts):
            self._in_parts(self.ranges, inputs, results, parts)
        else:
            self._into(inputs, results)
        return self._answer(inputs, results)

    def _made(self, inputs: Sequence[Any]) -> list[Any]:
        """Memory for the results."""
        lengths = iter(self.sizes(*inputs))
        return [
            np.empty([next(lengths) for _ in space], node.tensor.dtype)
            for node, space in zip(self.lowered.outputs, self.lowered.spaces, strict=True)
        ]

    def _marked(self, inputs: Sequence[Any]) -> list[Any]:
        """Memory for the results that holds no answer, so that what is never written is seen."""
        made = self._made(inputs)
        for one, node in zip(made, self.lowered.outputs, strict=True):
            if node.op != "empty":  # what the function leaves as it found it may be anything
                one.reshape(-1).view(np.uint8)[...] = MARK
        return made

    def _splits(self, inputs: Sequence[Any], parts: Sequence[slice]) -> bool:
        """Whether what native code takes for granted holds of every part too."""
        assert self.ranges is not None
        return all(self.special.holds(*self.special.whole(self.ranges.taken(inputs, part))) for part in parts)

    def _in_parts(self, over: Ranges, inputs: Sequence[Any], results: list[Any], parts: Sequence[slice]) -> None:
        pieces: list[list[Any]] = []
        for part in parts:
            made = self._made([one[:0] if has else one for one, has in zip(inputs, over.inputs, strict=True)])
            pieces.append([result[part] if result.ndim else other for result, other in zip(results, made, strict=True)])
        every(lambda at: self._into(over.taken(inputs, parts[at]), pieces[at]), range(len(parts)))
        lengths = [part.stop - part.start for part in parts]
        for at, (result, beside) in enumerate(zip(results, self.beside(*inputs), strict=True)):
            if result.ndim:
                over.moved(at, result, parts)
            else:
                counts = [length * beside for length in lengths]
                result[...] = over.joined(at, [piece[at] for piece in pieces], counts)

    def _into(self, inputs: Sequence[Any], results: Sequence[Any]) -> None:
        """Run native code."""
        scratch = [
            np.empty(many, place.dtype) for many, place in zip(self.counts(*inputs), self.lowered.scratch, strict=True)
        ]
        status = ctypes.c_int64(0)
        frame = struct.pack(self.format, *self._frame(inputs, results, scratch, ctypes.addressof(status)))
        self.entry(frame)
        if status.value:
            self.trapped(status.value)

    def trapped(self, code: int) -> Any:
        """Raise what native code found wrong."""
        trap = self.lowered.traps[code - 1]
        if trap.python:
            raise Left(trap.message)
        raise trap.kind(f"{trap.message} ({trap.loc})")

    def fast(self, slow: Callable[..., Any]) -> fastcall.Fast | None:
        """The compiled wrapper; None where there is none, or Python's objects lie otherwise here."""
        if self.special.quantised is not None:
            return None  # a call may be beyond its calibration, or its format
        if self.lowered.wrapper is None or not fastcall.possible() or len(self.special.constants) != len(self.names):
            return None
        alone = self.ranges is None or self.ranges.many() < 2
        python = fastcall.Python(slow, self.trapped, *(() if alone else (LARGE,)))
        return fastcall.Fast(self.library, self.lowered.name, self.lowered.wrapper, python)

    def _frame(self, inputs: Sequence[Any], results: Sequence[Any], scratch: Sequence[Any], status: int) -> list[Any]:
        """The values of the slots, in order."""
        named = dict(zip(self.names, inputs, strict=True))
        fresh = iter(results)
        values: list[Any] = []
        for kind, name in self.lowered.slots:
            if kind == "data":
                values.append(named[name].ctypes.data)
            elif kind == "dim":
                owner, _, axis = name.rpartition(".")
                values.append(named[owner].shape[int(axis)])
            elif kind == "stride":
                owner, _, axis = name.rpartition(".")
                values.append(named[owner].strides[int(axis)] // named[owner].itemsize)
            elif kind == "scalar":
                values += _numbers(named[name])
            elif kind == "status":
                values.append(status)
            elif kind == "scratch":
                values.append(scratch[int(name)].ctypes.data)
            else:
                values.append(next(fresh).ctypes.data)
        return values

    def _answer(self, inputs: Sequence[Any], results: Sequence[Any]) -> Any:
        run = Run(dict(zip(self.lowered.inputs, inputs, strict=True)), {})
        for node, value in zip(self.lowered.outputs, results, strict=True):
            run.values[node] = shaped(value[()] if not node.tensor.rank else value, node.tensor)
        sized = [node for node in self.lowered.outputs if not all(dim.at_entry for dim in node.tensor.shape)]
        if sized or any(node not in run.values for node in self.lowered.results):
            run.sizes = sizes_of(self.lowered.inputs, inputs)
            for node in sized:
                run.values[node].resize([run.size(dim) for dim in node.tensor.shape], refcheck=False)
            for node in self.lowered.results:
                follow(run, node)
        return put_together(self.graph.shape, [run.values[node] for node in self.lowered.results])

    def check(self, mine: list[Any], theirs: list[Any]) -> str:
        """How native code and Python differ on copies of one call's inputs; empty when they do not.

        They must give back the same kind of value, or raise the same kind of error, and leave every argument alike.
        """
        if not self.takes(mine):
            return ""
        spare = [copy.deepcopy(one) if at in self.writes else one for at, one in enumerate(theirs)]
        with np.errstate(all="ignore"):
            want = _outcome(lambda: self.special.plain(self.special.whole(theirs)))
        self.checks = True
        got = _outcome(lambda: self.run(mine))
        self.checks = False
        if isinstance(got, NOTHING_SAID) or isinstance(want, (*NOTHING_SAID, Warning)):
            return ""
        if isinstance(got, Exception) and not (isinstance(want, type(got)) or isinstance(got, type(want))):
            late = any(trap.late and str(got).startswith(trap.message) for trap in self.lowered.traps)
            return LATE if late else f"{_described(got)} for {_described(want)}"
        bound = least(self.special)
        said = "" if isinstance(got, Exception) else differ(got, want, self.exact, bound)
        said = said or next(
            (
                f"argument {self.names[at]}: {words}"
                for at, one in enumerate(theirs)
                if (words := differ(mine[at], one, self.exact, bound))
            ),
            "",
        )
        if said and not self.exact and self._fickle((got, mine), (want, theirs), spare):
            return UNSTEADY
        if not said and not isinstance(got, Exception):
            self.gap = apart((got, [mine[at] for at in self.writes]), (want, [theirs[at] for at in self.writes]))
        return said

    def _fickle(self, got: Any, want: Any, inputs: list[Any]) -> bool:
        """Whether Python's own answer moves as far when the inputs move by their last bit: nobody is wrong then."""
        moved = [_moved(one) for one in inputs]
        try:
            with np.errstate(all="ignore"):
                other = self.special.plain(self.special.whole(moved)), moved
        except Exception:  # the moved inputs are beside the point
            return False
        written = [at for at, _ in enumerate(inputs) if at in self.writes]
        far, near = (
            drift((one[0], [one[1][at] for at in written]), (want[0], [want[1][at] for at in written]))
            for one in (got, other)
        )
        return 0 < far <= FICKLE * near


NOTHING_SAID = (Left, Beyond)
"""Where nothing was computed that could be wrong, or it was answered in floats."""


def _outcome(call: Callable[[], Any]) -> Any:
    """What a call gives back, or what it raises."""
    try:
        return call()
    except Exception as error:
        return error


def _described(outcome: Any) -> str:
    return f"{type(outcome).__name__}: {outcome}" if isinstance(outcome, Exception) else "an answer"


def by_sizes(names: Sequence[str], dims: Sequence[Dim]) -> Callable[..., tuple[int, ...]]:
    """Sizes as one function of the inputs, whose names these are."""

    def spell(size: Size) -> str:
        name, dot, axis = size.name.partition(".")
        return f"_{names.index(name)}.shape[{axis}]" if dot else f"int(_{names.index(name)})"

    parameters = ", ".join(f"_{at}" for at in range(len(names)))
    body = "".join(f"max({dim.source(spell)}, 0), " for dim in dims)
    found: Callable[..., tuple[int, ...]] = eval(f"lambda {parameters}: ({body})", {})  # sizes of our own making
    return found


def follow(run: Run, node: Node) -> None:
    """Compute a view, and what it needs."""
    if node in run.values:
        return
    for one in node.inputs:
        follow(run, one)
    run.node(node)


LETTERS = {
    "bool": "?7x",
    "int8": "b7x",
    "int16": "h6x",
    "int32": "i4x",
    "int64": "q",
    "uint8": "B7x",
    "uint16": "H6x",
    "uint32": "I4x",
    "uint64": "Q",
    "float16": "e6x",
    "float32": "f4x",
    "float64": "d",
    "complex64": "ff",
    "complex128": "dd",
}


def _numbers(value: Any) -> list[Any]:
    plain = value.item() if isinstance(value, (np.generic, np.ndarray)) else value
    return [plain.real, plain.imag] if isinstance(plain, complex) else [plain]


def exact(special: Special) -> bool:
    """Whether every operation of a graph is exact, so that native code may differ in no bit."""
    nodes = [node for node in walk(special.graph.block) if node.op in OPS and node.type]
    complex = any(node.tensor.kind == "c" for node in nodes)  # NumPy itself fuses complex products
    return (
        not complex
        and not special.graph.approximate
        and not any(OPS[node.op].ulp and node.tensor.kind == "f" for node in nodes)
    )


MARK = 0x5A
"""The bytes of a result that nothing has written to, in the check of a first call."""
UNSTEADY = "the last bit of its inputs decides its answer, and native code adds in another order"
LATE = "its first call needs Python's own numbers after something was written to"
FICKLE = 16
"""How many times as far as by a last bit of the inputs an answer may move, all its numbers together."""


def _moved(value: Any) -> Any:
    """Real numbers by a last bit; all else as it is."""
    if isinstance(value, (np.ndarray, np.floating)) and value.dtype.kind == "f":
        return np.nextafter(value, np.inf, dtype=value.dtype)
    return np.nextafter(value, np.inf).item() if type(value) is float else value


def drift(got: Any, want: Any) -> float:
    """How far two answers are apart, all their numbers together; what is not finite in both counts for itself."""
    if isinstance(want, (tuple, list)):
        return sum(map(drift, got, want))
    one, two = np.asarray(got), np.asarray(want)
    if one.shape != two.shape or two.dtype.kind not in "iufcb":
        return float("inf") if one.shape != two.shape else 0.0
    wide = "c16" if two.dtype.kind == "c" else "f8"
    gap = np.abs(one.astype(wide) - two.astype(wide))
    there = np.isfinite(one) & np.isfinite(two)
    return float(np.sum(gap[there])) + float(np.sum(np.isfinite(one) != np.isfinite(two)))


STEP = 1 / 128
"""What a last bit may come to before a product of bytes, where it may decide between two whole numbers."""


def least(special: Special) -> float:
    """What share of the greatest result may differ: half the digits of the coarsest sum or function on the way."""
    found = [STEP] if special.quantised is not None else []
    for node in walk(special.graph.block):
        if node.op in OPS and OPS[node.op].ulp and node.type and node.tensor.kind == "f":
            found.append(float(np.finfo(node.tensor.dtype).eps) ** 0.5)
    return max(found, default=0.0)


def _may_overlap_itself(array: Any) -> bool:
    """Whether two places of a strided array may be one in memory."""
    reach = array.itemsize
    for step, many in sorted((abs(s), n) for s, n in zip(array.strides, array.shape, strict=True) if n > 1):
        if step < reach:
            return True
        reach += step * (many - 1)
    return False


def differ(got: Any, want: Any, exact: bool, least: float = 0.0) -> str:
    """How two answers differ, in words; empty when they do not: in no bit, else in no digit of the first half.

    Of what is not exact, a share of `least` of the greatest may differ in any case.
    """
    if isinstance(want, (tuple, list)):
        if type(got) is not type(want) or len(got) != len(want):
            return f"{len(want)} results, and got {got!r}"
        return next((words for g, w in zip(got, want, strict=True) if (words := differ(g, w, exact, least))), "")
    if isinstance(want, Exception):
        return f"an answer for {_described(want)}"
    if want is None or got is None:
        return "" if want is got else f"{got!r} for {want!r}"
    if not _alike(got, want):
        return f"a value of type {type(got).__name__} for {type(want).__name__}"
    one, two = np.asarray(got), np.asarray(want)
    if one.dtype != two.dtype or one.shape != two.shape:
        return f"{one.dtype}{list(one.shape)} for {two.dtype}{list(two.shape)}"
    if one.dtype.kind not in "fc" or exact:
        same = np.array_equal(one, two, equal_nan=one.dtype.kind in "fc")
        if one.dtype.kind == "b" and np.any(one.view(np.uint8) == MARK):
            return "what was never written"
        return "" if same else f"{_worst(one, two)}"
    if one.dtype.kind == "c":  # an infinity in one part says nothing of the other
        one, two = (np.stack([x.real, x.imag]) for x in (one, two))
        lost = (np.isnan(one) & ~np.isfinite(two)) | (np.isnan(two) & ~np.isfinite(one))
        one, two = (np.where(lost, np.nan, x) for x in (one, two))  # BLAS multiplies by 1 + 0j: inf + nan j is nan
    finite = np.abs(two[np.isfinite(two)])
    bound = max(float(np.finfo(two.dtype).eps) ** 0.5, least)
    close = np.allclose(one, two, rtol=bound, atol=bound * float(finite.max(initial=0)), equal_nan=True)
    return "" if close else _worst(one, two)


def _alike(got: Any, want: Any) -> bool:
    """Whether both are arrays, or numbers of NumPy's, or of one type of Python's.

    What is NumPy's in one branch and Python's in the other is NumPy's.
    """
    pythons = (float, bool)
    if any(isinstance(got, one) and isinstance(want, one) for one in (np.ndarray, np.generic)):
        return True
    return type(got) is type(want) or (isinstance(got, (np.float64, np.bool_)) and type(want) in pythons)


def _worst(one: Any, two: Any) -> str:
    apart = one != two
    if one.dtype.kind in "fc":
        apart &= ~(np.isnan(one) & np.isnan(two))
    at = tuple(int(k[0]) for k in np.nonzero(np.atleast_1d(apart)))
    where = f" at {list(at)}" if one.ndim else ""
    return f"{np.atleast_1d(one)[at]} for {np.atleast_1d(two)[at]}{where}, {int(apart.sum())} of {one.size} differ"
