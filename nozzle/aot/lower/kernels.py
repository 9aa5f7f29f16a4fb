"""One fused block to loops: elementwise, store, reduction, scan, product, selection."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

import numpy as np

from nozzle.aot.graph import Block, Node
from nozzle.aot.lower.function import Buffer, Function
from nozzle.aot.lower.product import finished, tiled
from nozzle.aot.lower.text import memory, register
from nozzle.aot.ops import OPS
from nozzle.aot.ops.product import PRODUCTS
from nozzle.aot.passes.fuse import pulled
from nozzle.aot.passes.rows import FOLDS
from nozzle.aot.sizes import Dim
from nozzle.aot.types import Tensor


@contextmanager
def nest(f: Function, sizes: Sequence[str]) -> Iterator[list[str]]:
    """Loops over a space, the last axis innermost; the indices."""
    zero, one = f.t.index(0), f.t.index(1)
    index = []
    before = f.memo
    f.memo = {}
    for size in sizes:
        if size == one:
            index.append(zero)
            continue
        name, size = f.t.name(), f.walked(size)
        f.t.add(f"scf.for {name} = {zero} to {size} step {one} {{")
        f.t.depth += 1
        index.append(name)
    yield index
    for at in index:
        if at != zero:
            f.t.depth -= 1
            f.t.add("}")
    f.memo = before


def kernel(f: Function, node: Node) -> None:
    """Write the loops of one fused node."""
    f.memo = {}
    block = node.blocks[0]
    last = block.nodes[-1]
    if "rows" in node.attrs:
        _rows(f, block, node.attrs["phases"], node.attrs["rows"])
    elif "epilogue" in node.attrs:
        _finished(f, block)
    elif pulled(last) or last.op == "copy":
        _map(f, last)
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


def flat(f: Function, nodes: Sequence[Node], shape: Sequence[Dim]) -> bool:
    """Whether all of it can be walked as one row: every array of the same shape, whole, without gaps."""
    want = [f.facts.plain(dim) for dim in shape]

    def whole(node: Node) -> bool:
        if not node.tensor.rank:
            return True
        if [f.facts.plain(dim) for dim in node.tensor.shape] != want:
            return False
        if node in f.buffers:
            return f.buffers[node].strides is None
        if node.op == "full":
            return True
        return node.op not in ("iota", "gather") and pulled(node) and all(map(whole, node.inputs))

    return len(want) > 0 and all(map(whole, nodes))


def total(f: Function, shape: Sequence[Dim]) -> Dim:
    count = Dim.of(1)
    for dim in shape:
        count = count.times(f.facts.plain(dim))
    return count


def _map(f: Function, node: Node) -> None:
    """Every element of an array from elements."""
    if node in f.results:
        return
    source = node.inputs[0] if node.op == "copy" else node
    target = f.buffers.get(node) or f.buffer(node)
    del f.buffers[node]
    if flat(f, [source], node.tensor.shape):
        generic(f, source, target, f.dim(total(f, node.tensor.shape)))
    else:
        with nest(f, [f.dim(dim) for dim in node.tensor.shape]) as index:
            f.save(f.element(source, tuple(index)), target, index)
    f.buffers[node] = target


def generic(f: Function, source: Node, target: Buffer, size: str) -> None:
    """One `linalg.generic` over arrays that are walked as one row."""
    if _rarely(f, source, target):
        _twice(f, source, target, size)
        return
    t, size = f.t, f.walked(size)
    leaves = [one for one in _leaves(f, source) if f.buffers[one].ref != target.ref]
    within = [one for one in _leaves(f, source) if f.buffers[one].ref == target.ref]
    names, views, types = [], [], []
    for buffer in (*(f.buffers[one] for one in leaves), target):
        element = memory(buffer.dtype)
        type = f"memref<?x{element}, strided<[1]>>"
        cast = f"memref.reinterpret_cast {buffer.ref} to offset: [0], sizes: [{size}], strides: [1]"
        views.append(t.set(f"{cast} : memref<?x{element}> to {type}"))
        types.append(type)
        names.append(t.name())
    maps = ", ".join(["affine_map<(i) -> (i)>"] * len(views))
    ins = f"ins({', '.join(views[:-1])} : {', '.join(types[:-1])}) " if leaves else ""
    head = f'linalg.generic {{indexing_maps = [{maps}], iterator_types = ["parallel"]}} {ins}'
    head += f"outs({views[-1]} : {types[-1]}) {{"
    before, f.memo = f.memo, {}
    with t.block(head):
        arguments = (*(f.buffers[one].dtype for one in leaves), target.dtype)
        t.add(f"^bb0({', '.join(f'{name}: {memory(dtype)}' for name, dtype in zip(names, arguments, strict=True))}):")
        for one, name in (*zip(leaves, names, strict=False), *((one, names[-1]) for one in within)):
            value = name
            if one.tensor.dtype == "bool":
                value = t.set(f"arith.cmpi ne, {name}, {t.raw('0', 'i8')} : i8")
            f.memo[one, ("row",)] = value
        found = row_element(f, source, "row")
        if target.dtype == "bool":
            found = t.set(f"arith.extui {found} : i1 to i8")
        t.add(f"linalg.yield {found} : {memory(target.dtype)}")
    f.memo = before


RARE = {("sin", "float32"), ("cos", "float32")}
"""What has a quicker form for nearly all numbers."""
PIECE = 1024
"""Elements that are done again where one of them has not."""


def _rarely(f: Function, source: Node, target: Buffer) -> bool:
    """Whether elements have a quicker form, and may be computed a second time: nothing they come from is written to."""
    seen: set[Node] = set()

    def has(node: Node) -> bool:
        if node in seen or node in f.buffers or node.type is None or not node.tensor.rank:
            return False
        seen.add(node)
        return (node.op, node.tensor.dtype) in RARE or any(map(has, node.inputs))

    return has(source) and all(f.buffers[one].ref != target.ref for one in _leaves(f, source))


def _twice(f: Function, source: Node, target: Buffer, size: str) -> None:
    """Piece by piece in the quicker form; again in the other where a piece has a number that it is not for."""
    t, one, row = f.t, f.t.index(1), Buffer(target.ref, target.dtype, (Dim.of(1),))
    size, first, again, at, bad = f.walked(size), t.name(), t.name(), t.name(), t.name()
    before, f.memo = f.memo, {}
    with t.block(f"scf.for {first} = {t.index(0)} to {size} step {t.index(PIECE)} {{"):
        stop = t.set(f"arith.minsi {t.set(f'arith.addi {first}, {t.index(PIECE)} : index')}, {size} : index")
        head = f"{again} = scf.for {at} = {first} to {stop} step {one} iter_args({bad} = {t.const(False, 'bool')})"
        with t.block(f"{head} -> (i1) {{"):
            t.rare = []
            f.save(row_element(f, source, at), row, [at])
            found = bad
            for condition in t.rare:
                found = t.op("arith.ori", "bool", found, condition)
            t.rare = None
            t.add(f"scf.yield {found} : i1")
        each = t.name()
        with t.block(f"scf.if {again} {{"), t.block(f"scf.for {each} = {first} to {stop} step {one} {{"):
            f.memo = {}
            f.save(row_element(f, source, each), row, [each])
    f.memo = before


def _leaves(f: Function, source: Node) -> list[Node]:
    """The arrays in memory that its elements come from."""
    found: dict[Node, None] = {}

    def visit(node: Node) -> None:
        if node.type is None or not node.tensor.rank or node in found:
            return
        if node in f.buffers:
            found[node] = None
        elif node.op != "full":
            for one in node.inputs:
                visit(one)

    visit(source)
    return list(found)


def row_element(f: Function, node: Node, at: str) -> str:
    """An element by its place in C order; only where `flat` holds."""
    if not node.tensor.rank:
        return f.scalar(node)
    key = node, (at,)
    if key not in f.memo:
        if node in f.buffers:
            f.memo[key] = f.load(Buffer(f.buffers[node].ref, node.tensor.dtype, (Dim.of(1),)), [at])
        elif node.op == "full":
            f.memo[key] = f.scalar(node.inputs[0])
        else:
            f.memo[key] = f.apply(node, [row_element(f, one, at) for one in node.inputs])
    return f.memo[key]


def _store(f: Function, node: Node) -> None:
    target, value = node.inputs
    if target in f.buffers and f.buffers[target].strides is None and flat(f, [value], target.tensor.shape):
        generic(f, value, f.buffers[target], f.dim(total(f, target.tensor.shape)))
        return
    with nest(f, [f.dim(dim) for dim in target.tensor.shape]) as index:
        found = f.operand(value, tuple(index[len(index) - value.tensor.rank :]))
        put(f, target, tuple(index), found)


def put(f: Function, target: Node, index: tuple[str, ...], value: str) -> None:
    """Write one element through a view."""
    while target not in f.buffers:
        target, index = f.seen(target, index)
    f.save(value, f.buffers[target], index)


def _item(f: Function, node: Node) -> None:
    source, index = f.seen(node, ())
    f.scalars[node] = f.element(source, index)


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


def fold(f: Function, sizes: Sequence[str], first: str, dtype: str, step: Callable[[list[str], str], str]) -> str:
    """Loops that carry one value: `step` makes the next of the indices and the last."""
    zero, one = f.t.index(0), f.t.index(1)
    type = register(dtype)
    index: list[str] = []
    carried, results = first, []
    before = f.memo
    f.memo = {}
    for size in map(f.walked, sizes):
        found, turn, inner = f.t.name(), f.t.name(), f.t.name()
        f.t.add(f"{found} = scf.for {turn} = {zero} to {size} step {one} iter_args({inner} = {carried}) -> ({type}) {{")
        f.t.depth += 1
        index.append(turn)
        results.append(found)
        carried = inner
    value = step(index, carried)
    for found in reversed(results):
        f.t.add(f"scf.yield {value} : {type}")
        f.t.depth -= 1
        f.t.add("}")
        value = found
    f.memo = before
    return value


def _reduce(f: Function, node: Node) -> None:
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
        f.save(row(dict(zip(kept, index, strict=True))), target, _placed(f, node, kept, index))


def _placed(f: Function, node: Node, kept: Sequence[int], index: Sequence[str]) -> list[str]:
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
        place = _placed(f, node, kept, [found[at] for at in kept])
        value = f.element(source, tuple(found[at] for at in range(len(shape))))
        f.save(combine(f, name, dtype, f.load(target, place), value), target, place)


def _arg(f: Function, node: Node) -> None:
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
        head = f"{found}:2 = scf.for {turn} = {one} to {f.walked(f.dim(shape[axis]))} step {one}"
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
        f.save(row(dict(zip(kept, index, strict=True))), target, _placed(f, node, kept, index))


def _truer(f: Function, name: str, here: str, best: str) -> str:
    return f.t.op(f"arith.cmpi {'ugt' if name == 'argmax' else 'ult'},", "bool", here, best)


def _scan(f: Function, node: Node) -> None:
    source, axis, dtype = node.inputs[0], node.attrs["axis"], node.tensor.dtype
    shape = source.tensor.shape
    target = f.buffer(node)
    others = [at for at in range(len(shape)) if at != axis]
    name = {"cumsum": "add", "cumprod": "multiply"}[node.op]
    emit = OPS[name].emit
    assert emit is not None
    start = f.t.const(0 if name == "add" else 1, dtype)
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


BLOCK = 2048
"""Elements of a scan that are brought near before they are added up."""


def _scan_in_vectors(f: Function, source: Node, target: Buffer, ahead: tuple[str, ...], size: str, dtype: str) -> None:
    """Running sums within a vector by shifted adds, from vector to vector by a carried total."""
    t, zero, one = f.t, f.t.index(0), f.t.index(1)
    lanes, kind = 64 // np.dtype(dtype).itemsize, register(dtype)
    type, ref = f"vector<{lanes}x{kind}>", f"memref<?x{kind}>"
    add = "arith.addf" if kind[0] == "f" else "arith.addi"
    none, size = t.set(f"vector.broadcast {t.const(0, dtype)} : {kind} to {type}"), f.walked(size)

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


def _compress(f: Function, node: Node) -> None:
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


def _scatter(f: Function, node: Node) -> None:
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


def _put(f: Function, node: Node) -> None:
    """One after the other to where the indices point."""
    target, *indices, value = node.inputs
    axis = node.attrs["axis"]
    some = f.filled(target, axis, len(indices)) if node.attrs["bare"] else f.t.raw("true", "i1")
    with f.t.block(f"scf.if {some} {{"), nest(f, [f.dim(dim) for dim in node.attrs["shape"]]) as index:
        found = f.operand(value, tuple(index[len(index) - value.tensor.rank :]))
        put(f, target, f.chosen(target, indices, axis, tuple(index)), found)


def _matmul(f: Function, node: Node) -> None:
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


def _finished(f: Function, block: Block) -> None:
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
    height, inner = f.walked(f.dim(left.tensor.shape[-2])), f.dim(left.tensor.shape[-1])
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
    inner, width = f.walked(f.dim(left.tensor.shape[-1])), f.dim(right.tensor.shape[-1])
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


KERNELS: dict[str, Callable[[Function, Node], None]] = {
    **dict.fromkeys(("sum", "prod", "max", "min", "any", "all"), _reduce),
    **dict.fromkeys(("argmax", "argmin"), _arg),
    **dict.fromkeys(("cumsum", "cumprod"), _scan),
    "store": _store,
    "item": _item,
    "compress": _compress,
    "scatter": _scatter,
    "put": _put,
    **dict.fromkeys(PRODUCTS, _matmul),
}
