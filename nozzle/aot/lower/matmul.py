"""Products of matrices and vectors: which way each goes; `product` has the tiles."""

from __future__ import annotations

from collections.abc import Callable

from nozzle.aot.graph import Block, Node
from nozzle.aot.lower.frame import Buffer
from nozzle.aot.lower.function import Function
from nozzle.aot.lower.loops import fold, nest
from nozzle.aot.lower.product import finished, tiled
from nozzle.aot.lower.reduction import combine
from nozzle.aot.lower.text import register
from nozzle.aot.ops import OPS
from nozzle.aot.ops.product import PRODUCTS


def matmul(f: Function, node: Node) -> None:
    """A product of matrices, in the order row, inner, column: exact in that order, the last loop in vectors."""
    left, right = node.inputs
    dtype = node.tensor.dtype
    ranks = left.tensor.rank, right.tensor.rank
    inner = f.dim(left.tensor.shape[-1])

    def times(acc: str, one: str, two: str) -> str:
        emit = OPS["multiply"].emit
        assert emit is not None
        factors = (f.t.cast(one, left.tensor.dtype, dtype), f.t.cast(two, right.tensor.dtype, dtype))
        return combine(f, "sum", dtype, acc, emit(f.t, dtype, factors))

    start = f.t.const(0, dtype)
    if ranks == (1, 1):
        f.scalars[node] = fold(
            f, [inner], start, dtype, lambda at, acc: times(acc, f.element(left, (at[0],)), f.element(right, (at[0],)))
        )
        return
    target = f.buffer(node)
    columns = ranks[1] > 1
    rows = ranks[0] > 1
    stack = node.tensor.shape[: node.tensor.rank - columns - rows]
    with nest(f, [f.dim(dim) for dim in stack]) as outer:
        ahead = tuple(outer)
        if not columns:
            _matrix_times_column(f, node, target, ahead, times)
            return
        width = f.dim(right.tensor.shape[-1])
        height = [f.dim(left.tensor.shape[-2])] if rows else []

        def plain() -> None:
            with nest(f, height) as i:
                with nest(f, [width]) as (j,):
                    f.save(start, target, (*ahead, *i, j))
                with nest(f, [inner]) as (k,):
                    one = f.element(left, (*_stack(f, left, ahead), *i, k) if rows else (k,))
                    with nest(f, [width]) as (j,):
                        place = (*ahead, *i, j)
                        two = f.element(right, (*_stack(f, right, ahead), k, j))
                        f.save(times(f.load(target, place), one, two), target, place)

        if rows:
            tiled(f, node, target, ahead, lambda one: _stack(f, one, ahead), plain)
        else:
            with nest(f, [width]) as (j,):
                f.save(start, target, (*ahead, j))
            _row_times_matrix(f, node, target, ahead, times)


def finish(f: Function, block: Block) -> None:
    """A product and the elementwise kernel behind it, in one."""
    after = block.nodes[-1]
    product = next(node for node in block.nodes if node.op in PRODUCTS)
    target = f.buffer(after)

    def plain() -> None:
        whole = f.buffer(product)
        left, right = product.inputs
        emit = OPS["multiply"].emit
        assert emit is not None
        dtype = product.tensor.dtype
        zero = f.t.const(0, dtype)
        height, width = (f.dim(dim) for dim in product.tensor.shape)
        with nest(f, [height]) as (i,):
            with nest(f, [width]) as (j,):
                f.save(zero, whole, (i, j))
            with nest(f, [f.dim(left.tensor.shape[-1])]) as (k,):
                one = f.t.cast(f.element(left, (i, k)), left.tensor.dtype, dtype)
                with nest(f, [width]) as (j,):
                    two = f.t.cast(f.element(right, (k, j)), right.tensor.dtype, dtype)
                    step = emit(f.t, dtype, (one, two))
                    total = combine(f, "sum", dtype, f.load(whole, (i, j)), step)
                    f.save(total, whole, (i, j))
        with nest(f, [height, width]) as index:
            f.save(f.element(after, tuple(index)), target, index)

    finished(f, product, after, plain)


def _matrix_times_column(
    f: Function, node: Node, target: Buffer, ahead: tuple[str, ...], times: Callable[[str, str, str], str]
) -> None:
    """A matrix times a vector: several rows in one pass over the vector, each with a sum of its own."""
    left, right = node.inputs
    type = register(node.tensor.dtype)
    height, inner = f.dim(left.tensor.shape[-2]), f.dim(left.tensor.shape[-1])
    over = f.t.set(f"arith.remui {height}, {f.t.index(AT_ONCE)} : index")
    even = f.t.set(f"arith.subi {height}, {over} : index")
    start = f.t.const(0, node.tensor.dtype)
    memo, f.memo = f.memo, {}
    for begin, end, many in ((f.t.index(0), even, AT_ONCE), (even, height, 1)):
        first, k, found = f.t.name(), f.t.name(), f.t.name()
        sums = [f.t.name() for _ in range(many)]
        with f.t.block(f"scf.for {first} = {begin} to {end} step {f.t.index(many)} {{"):
            rows = [first if r == 0 else f.t.set(f"arith.addi {first}, {f.t.index(r)} : index") for r in range(many)]
            carried = ", ".join(f"{name} = {start}" for name in sums)
            types = ", ".join([type] * many)
            head = f"{found}:{many} = scf.for {k} = {f.t.index(0)} to {inner} step {f.t.index(1)}"
            with f.t.block(f"{head} iter_args({carried}) -> ({types}) {{"):
                f.memo = {}
                other = f.element(right, (k,))
                place = _stack(f, left, ahead)
                new = [
                    times(total, f.element(left, (*place, row, k)), other)
                    for row, total in zip(rows, sums, strict=True)
                ]
                f.t.add(f"scf.yield {', '.join(new)} : {types}")
            f.memo = {}
            for r, row in enumerate(rows):
                f.save(f"{found}#{r}" if many > 1 else found, target, (*ahead, row))
    f.memo = memo


AT_ONCE = 4
"""Rows of a matrix that are added to the result in one pass over it."""


def _row_times_matrix(
    f: Function, node: Node, target: Buffer, ahead: tuple[str, ...], times: Callable[[str, str, str], str]
) -> None:
    """A vector times a matrix: rows of the matrix added up, several in one pass over the result."""
    left, right = node.inputs
    inner, width = f.dim(left.tensor.shape[-1]), f.dim(right.tensor.shape[-1])
    over = f.t.set(f"arith.remui {inner}, {f.t.index(AT_ONCE)} : index")
    even = f.t.set(f"arith.subi {inner}, {over} : index")
    for begin, end, many in ((f.t.index(0), even, AT_ONCE), (even, inner, 1)):
        k = f.t.name()
        memo, f.memo = f.memo, {}
        with f.t.block(f"scf.for {k} = {begin} to {end} step {f.t.index(many)} {{"):
            rows = [k if r == 0 else f.t.set(f"arith.addi {k}, {f.t.index(r)} : index") for r in range(many)]
            factors = [f.element(left, (row,)) for row in rows]
            with nest(f, [width]) as (j,):
                total = f.load(target, (*ahead, j))
                for row, factor in zip(rows, factors, strict=True):
                    total = times(total, factor, f.element(right, (*_stack(f, right, ahead), row, j)))
                f.save(total, target, (*ahead, j))
        f.memo = memo


def _stack(f: Function, node: Node, ahead: tuple[str, ...]) -> tuple[str, ...]:
    """The index into a stack of matrices, broadcast."""
    dims = node.tensor.shape[:-2]
    own = ahead[len(ahead) - len(dims) :] if dims else ()
    return tuple(f.t.index(0) if f.is_one(dim) else at for dim, at in zip(dims, own, strict=True))
