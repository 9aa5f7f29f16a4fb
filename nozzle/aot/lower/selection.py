"""What masks and indices choose, read and written."""

from __future__ import annotations

from nozzle.aot.graph import Node
from nozzle.aot.lower.elementwise import put
from nozzle.aot.lower.function import Function
from nozzle.aot.lower.loops import fold, nest


def compress(f: Function, node: Node) -> None:
    source, mask, _ = node.inputs
    shape = source.tensor.shape
    target = f.buffer(node)

    def step(index: list[str], at: str) -> str:
        place = f.t.set(f"arith.index_cast {at} : i64 to index")
        taken = f.element(mask, tuple(index))
        with f.t.block(f"scf.if {taken} {{"):
            memo, f.memo = f.memo, {}
            f.save(f.element(source, tuple(index)), target, [place])
            f.memo = memo
        one = f.t.cast(taken, "bool", "int64")
        return f.t.op("arith.addi", "int64", at, one)

    fold(f, [f.dim(dim) for dim in shape], f.t.const(0, "int64"), "int64", step)


def scatter(f: Function, node: Node) -> None:
    target, mask, value = node.inputs

    def step(index: list[str], at: str) -> str:
        taken = f.element(mask, tuple(index))
        with f.t.block(f"scf.if {taken} {{"):
            memo, f.memo = f.memo, {}
            place = f.t.set(f"arith.index_cast {at} : i64 to index")
            last = f.t.set(f"arith.minsi {place}, {f.dim(value.tensor.shape[0] - 1)} : index")
            put(f, target, tuple(index), f.element(value, (last,)))
            f.memo = memo
        return f.t.op("arith.addi", "int64", at, f.t.cast(taken, "bool", "int64"))

    sizes = [f.dim(dim) for dim in target.tensor.shape]
    some = f.t.set(f"arith.cmpi sgt, {f.dim(value.tensor.shape[0])}, {f.t.index(0)} : index")
    with f.t.block(f"scf.if {some} {{"):
        fold(f, sizes, f.t.const(0, "int64"), "int64", step)


def put_by_indices(f: Function, node: Node) -> None:
    """One after the other to where the indices point."""
    target, *indices, value = node.inputs
    axis = node.attrs["axis"]
    some = f.filled(target, axis, len(indices)) if node.attrs["bare"] else f.t.raw("true", "i1")
    with f.t.block(f"scf.if {some} {{"), nest(f, [f.dim(dim) for dim in node.attrs["shape"]]) as index:
        found = f.operand(value, tuple(index[len(index) - value.tensor.rank :]))
        put(f, target, f.chosen(target, indices, axis, tuple(index)), found)
