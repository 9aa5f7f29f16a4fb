"""Sums, products, extrema, and where these are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nozzle.aot.graph import Node
from nozzle.aot.lower.elementwise import flat, row_element, total
from nozzle.aot.lower.function import Function
from nozzle.aot.lower.loops import fold, nest
from nozzle.aot.lower.text import register
from nozzle.aot.ops import OPS


def identity(name: str, dtype: str) -> object:
    """What a reduction begins with."""
    if name in ("sum", "prod", "any", "all"):
        return {"sum": 0, "prod": 1, "any": False, "all": True}[name]
    kind = np.dtype(dtype).kind
    if kind == "b":
        return name == "min"
    if kind == "f":
        return -np.inf if name == "max" else np.inf
    info = np.iinfo(dtype)
    return info.min if name == "max" else info.max


def combine(f: Function, name: str, dtype: str, total: str, value: str) -> str:
    """One step of a reduction; sums and products of floats may be reordered."""
    kind = np.dtype(dtype).kind
    if name in ("sum", "prod") and kind == "f":
        return f.t.set(
            f"arith.{'addf' if name == 'sum' else 'mulf'} {total}, {value} fastmath<reassoc> : {register(dtype)}"
        )
    op = {
        "sum": "add",
        "prod": "multiply",
        "max": "maximum",
        "min": "minimum",
        "any": "bitwise_or",
        "all": "bitwise_and",
    }[name]
    emit = OPS[op].emit
    assert emit is not None
    return emit(f.t, dtype, (total, value))


def reduce(f: Function, node: Node) -> None:
    source, axes, name = node.inputs[0], node.attrs["axes"], node.op
    shape = source.tensor.shape
    kept = [at for at in range(len(shape)) if at not in axes]
    dtype = node.tensor.dtype
    start = f.t.const(identity(name, dtype), dtype)
    if not node.tensor.rank and flat(f, [source], shape):
        size = f.dim(total(f, shape))
        f.scalars[node] = fold(
            f, [size], start, dtype, lambda at, acc: combine(f, name, dtype, acc, row_element(f, source, at[0]))
        )
        return
    if kept and kept[-1] == len(shape) - 1 and len(kept) < len(shape) and not f.is_one(shape[-1]):
        _reduce_columns(f, node, kept, start)
        return

    def row(outer: dict[int, str]) -> str:
        def step(inner: list[str], acc: str) -> str:
            index = {**outer, **dict(zip(axes, inner, strict=True))}
            value = f.element(source, tuple(index[at] for at in range(len(shape))))
            return combine(f, name, dtype, acc, value)

        return fold(f, [f.dim(shape[at]) for at in axes], start, dtype, step)

    if not node.tensor.rank:
        f.scalars[node] = row({})
        return
    target = f.buffer(node)
    with nest(f, [f.dim(shape[at]) for at in kept]) as index:
        f.save(row(dict(zip(kept, index, strict=True))), target, placed(f, node, kept, index))


def placed(f: Function, node: Node, kept: Sequence[int], index: Sequence[str]) -> list[str]:
    """Where a reduction over some axes puts what it found."""
    if not node.attrs["keepdims"]:
        return list(index)
    found = dict(zip(kept, index, strict=True))
    return [found.get(at, f.t.index(0)) for at in range(node.tensor.rank)]


def _reduce_columns(f: Function, node: Node, kept: list[int], start: str) -> None:
    """Over axes that are not the last: row is added to row, in memory."""
    source, axes, name = node.inputs[0], node.attrs["axes"], node.op
    shape, dtype = source.tensor.shape, node.tensor.dtype
    target = f.buffer(node)
    with nest(f, [f.dim(dim) for dim in node.tensor.shape]) as index:
        f.save(start, target, index)
    outer = [at for at in kept if at != len(shape) - 1]
    order = [*outer, *axes, len(shape) - 1]
    with nest(f, [f.dim(shape[at]) for at in order]) as index:
        found = dict(zip(order, index, strict=True))
        place = placed(f, node, kept, [found[at] for at in kept])
        value = f.element(source, tuple(found[at] for at in range(len(shape))))
        f.save(combine(f, name, dtype, f.load(target, place), value), target, place)


def arg(f: Function, node: Node) -> None:
    """The place of the first extreme; of the first NaN, where there is one."""
    source, (axis,), name = node.inputs[0], node.attrs["axes"], node.op
    shape, dtype = source.tensor.shape, source.tensor.dtype
    kept = [at for at in range(len(shape)) if at != axis]
    zero, one = f.t.index(0), f.t.index(1)

    def row(outer: dict[int, str]) -> str:
        def value(at: str) -> str:
            index = {**outer, axis: at}
            return f.element(source, tuple(index[k] for k in range(len(shape))))

        first = value(zero)
        found, turn, best, place = f.t.name(), f.t.name(), f.t.name(), f.t.name()
        type = register(dtype)
        head = f"{found}:2 = scf.for {turn} = {one} to {f.dim(shape[axis])} step {one}"
        head += f" iter_args({best} = {first}, {place} = {zero}) -> ({type}, index) {{"
        memo, f.memo = f.memo, {}
        with f.t.block(head):
            here = value(turn)
            if dtype == "bool":
                better = _truer(f, name, here, best)
            else:
                better = f.t.compare("gt" if name == "argmax" else "lt", dtype, here, best)
            if np.dtype(dtype).kind == "f":
                lost = f.t.op(
                    "arith.andi", "bool", f.t.compare("ne", dtype, here, here), f.t.compare("eq", dtype, best, best)
                )
                better = f.t.op("arith.ori", "bool", better, lost)
            new = f.t.select(better, dtype, here, best)
            at = f.t.set(f"arith.select {better}, {turn}, {place} : index")
            f.t.add(f"scf.yield {new}, {at} : {type}, index")
        f.memo = memo
        return f.t.set(f"arith.index_cast {found}#1 : index to i64")

    if not node.tensor.rank:
        f.scalars[node] = row({})
        return
    target = f.buffer(node)
    with nest(f, [f.dim(shape[at]) for at in kept]) as index:
        f.save(row(dict(zip(kept, index, strict=True))), target, placed(f, node, kept, index))


def _truer(f: Function, name: str, here: str, best: str) -> str:
    return f.t.op(f"arith.cmpi {'ugt' if name == 'argmax' else 'ult'},", "bool", here, best)
