"""One fused block to loops: which of the other files writes it; and what goes row by row."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nozzle.aot.graph import Block, Node
from nozzle.aot.lower.elementwise import item, mapped, store
from nozzle.aot.lower.frame import Buffer
from nozzle.aot.lower.function import Function
from nozzle.aot.lower.loops import fold, nest
from nozzle.aot.lower.matmul import finish, matmul
from nozzle.aot.lower.reduction import arg, combine, identity, reduce
from nozzle.aot.lower.scan import scan
from nozzle.aot.lower.selection import compress, put_by_indices, scatter
from nozzle.aot.ops.product import PRODUCTS
from nozzle.aot.passes.fuse import pulled
from nozzle.aot.passes.rows import FOLDS
from nozzle.aot.types import Tensor


def kernel(f: Function, node: Node) -> None:
    """Write the loops of one fused node."""
    f.memo = {}
    block = node.blocks[0]
    last = block.nodes[-1]
    if "rows" in node.attrs:
        _rows(f, block, node.attrs["phases"], node.attrs["rows"])
    elif "epilogue" in node.attrs:
        finish(f, block)
    elif pulled(last) or last.op == "copy":
        mapped(f, last)
    else:
        KERNELS[last.op](f, last)
    f.memo = {}


def _rows(f: Function, block: Block, phases: Sequence[Node], rank: int) -> None:
    """Several kernels, one row after the other."""
    first = phases[0].inputs[0]
    whole = [one for one in phases if one.op not in FOLDS and not f.is_one(one.tensor.shape[-1])]
    targets = {one: f.buffer(one) if one in block.results else one_row(f, one) for one in whole}
    kept = {one: f.buffer(one) for one in block.results if one not in targets}
    for one in (*targets, *kept):
        f.buffers.pop(one, None)
    with nest(f, [f.dim(dim) for dim in first.tensor.shape[:rank]]) as row:
        ahead = tuple(row)
        for one in phases:
            if one in targets:
                source = one.inputs[0] if one.op == "copy" else one
                with nest(f, [f.dim(one.tensor.shape[-1])]) as (at,):
                    f.save(f.element(source, (*ahead, at)), targets[one], (*ahead, at))
                f.buffers[one] = targets[one]
            else:
                f.row[one] = _row_value(f, one, ahead)
                if one in kept:
                    f.save(f.row[one], kept[one], (*ahead, f.t.index(0))[: one.tensor.rank])
            f.memo = {}
    f.row = {}
    f.buffers |= kept


def _row_value(f: Function, node: Node, ahead: tuple[str, ...]) -> str:
    """A number for one row."""
    if node.op not in FOLDS:
        return f.element(node.inputs[0] if node.op == "copy" else node, (*ahead, f.t.index(0))[: node.tensor.rank])
    source, dtype = node.inputs[0], node.tensor.dtype

    def step(at: list[str], acc: str) -> str:
        return combine(f, node.op, dtype, acc, f.element(source, (*ahead, at[0])))

    start = f.t.const(identity(node.op, dtype), dtype)
    return fold(f, [f.dim(source.tensor.shape[-1])], start, dtype, step)


def one_row(f: Function, node: Node) -> Buffer:
    """Memory for one row, which all rows share."""
    width = Node("empty", (), Tensor(node.tensor.dtype, node.tensor.shape[-1:]))
    zero, one = f.t.index(0), f.t.index(1)
    ref = f.buffer(width).ref
    return Buffer(ref, node.tensor.dtype, node.tensor.shape, (*[zero] * (node.tensor.rank - 1), one))


KERNELS: dict[str, Callable[[Function, Node], None]] = {
    **dict.fromkeys(("sum", "prod", "max", "min", "any", "all"), reduce),
    **dict.fromkeys(("argmax", "argmin"), arg),
    **dict.fromkeys(("cumsum", "cumprod"), scan),
    "store": store,
    "item": item,
    "compress": compress,
    "scatter": scatter,
    "put": put_by_indices,
    **dict.fromkeys(PRODUCTS, matmul),
}
