"""Running sums and products."""

from __future__ import annotations

import numpy as np

from nozzle.aot.graph import Node
from nozzle.aot.lower.frame import Buffer
from nozzle.aot.lower.function import Function
from nozzle.aot.lower.loops import fold, nest
from nozzle.aot.lower.text import register
from nozzle.aot.ops import OPS


def scan(f: Function, node: Node) -> None:
    source, axis, dtype = node.inputs[0], node.attrs["axis"], node.tensor.dtype
    shape = source.tensor.shape
    target = f.buffer(node)
    others = [at for at in range(len(shape)) if at != axis]
    name = {"cumsum": "add", "cumprod": "multiply"}[node.op]
    emit = OPS[name].emit
    assert emit is not None
    start = f.t.const(_nothing(dtype) if name == "add" else 1, dtype)
    if name == "add" and axis == len(shape) - 1 and dtype in ("float32", "float64", "int32", "int64"):
        with nest(f, [f.dim(shape[at]) for at in others]) as outer:
            _scan_in_vectors(f, source, target, tuple(outer), f.dim(shape[axis]), dtype)
        return
    with nest(f, [f.dim(shape[at]) for at in others]) as outer:
        fixed = dict(zip(others, outer, strict=True))

        def step(inner: list[str], acc: str) -> str:
            index = {**fixed, axis: inner[0]}
            place = tuple(index[at] for at in range(len(shape)))
            found = emit(f.t, dtype, (acc, f.element(source, place)))
            f.save(found, target, place)
            return found

        fold(f, [f.dim(shape[axis])], start, dtype, step)


def _nothing(dtype: str) -> complex:
    """What a sum begins with that keeps the sign of a zero."""
    return {"f": -0.0, "c": complex(-0.0, -0.0)}.get(np.dtype(dtype).kind, 0)


BLOCK = 2048
"""Elements of a scan that are brought near before they are added up."""


def _scan_in_vectors(f: Function, source: Node, target: Buffer, ahead: tuple[str, ...], size: str, dtype: str) -> None:
    """Running sums within a vector by shifted adds, from vector to vector by a carried total."""
    t, zero, one = f.t, f.t.index(0), f.t.index(1)
    lanes, kind = 64 // np.dtype(dtype).itemsize, register(dtype)
    type, ref = f"vector<{lanes}x{kind}>", f"memref<?x{kind}>"
    add = "arith.addf" if kind[0] == "f" else "arith.addi"
    none = t.set(f"vector.broadcast {t.const(_nothing(dtype), dtype)} : {kind} to {type}")

    def vectors(total: str, begin: str, end: str) -> str:
        found, at, last = t.name(), t.name(), t.name()
        head = f"{found} = scf.for {at} = {begin} to {end} step {t.index(lanes)}"
        with t.block(f"{head} iter_args({last} = {total}) -> ({type}) {{"):
            place = f.address(target, (*ahead, at))
            value = t.set(f"vector.load {target.ref}[{place}] : {ref}, {type}")
            shift = 1
            while shift < lanes:
                order = ", ".join(str(k + lanes - shift if k >= shift else k) for k in range(lanes))
                moved = t.set(f"vector.shuffle {none}, {value} [{order}] : {type}, {type}")
                value = t.set(f"{add} {value}, {moved} : {type}")
                shift *= 2
            t.add(f"vector.store {t.set(f'{add} {value}, {last} : {type}')}, {target.ref}[{place}] : {ref}, {type}")
            end_ = t.set(f"vector.extract {value}[{lanes - 1}] : {kind} from {type}")
            spread = t.set(f"vector.broadcast {end_} : {kind} to {type}")
            t.add(f"scf.yield {t.set(f'{add} {last}, {spread} : {type}')} : {type}")
        return found

    found, first, carried = t.name(), t.name(), t.name()
    memo, f.memo = f.memo, {}
    head = f"{found} = scf.for {first} = {zero} to {size} step {t.index(BLOCK)}"
    with t.block(f"{head} iter_args({carried} = {none}) -> ({type}) {{"):
        stop = t.set(f"arith.minsi {t.set(f'arith.addi {first}, {t.index(BLOCK)} : index')}, {size} : index")
        each = t.name()
        with t.block(f"scf.for {each} = {first} to {stop} step {one} {{"):
            f.memo = {}
            f.save(f.element(source, (*ahead, each)), target, (*ahead, each))
        many = t.set(f"arith.subi {stop}, {first} : index")
        over = t.set(f"arith.remui {many}, {t.index(lanes)} : index")
        even = t.set(f"arith.subi {stop}, {over} : index")
        total = vectors(carried, first, even)
        result, at, last = t.name(), t.name(), t.name()
        begin = t.set(f"vector.extract {total}[0] : {kind} from {type}")
        with t.block(
            f"{result} = scf.for {at} = {even} to {stop} step {one} iter_args({last} = {begin}) -> ({kind}) {{"
        ):
            place = f.address(target, (*ahead, at))
            value = t.set(f"memref.load {target.ref}[{place}] : {ref}")
            value = t.set(f"{add} {last}, {value} : {kind}")
            t.add(f"memref.store {value}, {target.ref}[{place}] : {ref}")
            t.add(f"scf.yield {value} : {kind}")
        t.add(f"scf.yield {t.set(f'vector.broadcast {result} : {kind} to {type}')} : {type}")
    f.memo = memo
