"""Arrays whose elements are each computed for itself, to new memory or through a view."""

from __future__ import annotations

from collections.abc import Sequence

from nozzle.aot.graph import Node
from nozzle.aot.lower.frame import Buffer
from nozzle.aot.lower.function import Function
from nozzle.aot.lower.loops import nest
from nozzle.aot.lower.text import memory
from nozzle.aot.passes.fuse import pulled
from nozzle.aot.sizes import Dim


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


def mapped(f: Function, node: Node) -> None:
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
    t = f.t
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
    first, again, at, bad = t.name(), t.name(), t.name(), t.name()
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


def store(f: Function, node: Node) -> None:
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


def item(f: Function, node: Node) -> None:
    source, index = f.seen(node, ())
    f.scalars[node] = f.element(source, index)
