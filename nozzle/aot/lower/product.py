"""A product of matrices at the speed of a library: panels packed, a tile of the result held in vector registers.

The right matrix is copied panel by panel, a panel as wide as a tile, so that the innermost loop reads it in order; the
tile is as many rows as the registers hold. After the last step of a tile what follows the product (a bias, a residual,
a rectifier) is computed on it while it is near, and only that goes to memory.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from nozzle.aot.graph import Node
from nozzle.aot.lower.frame import Buffer
from nozzle.aot.lower.function import Function
from nozzle.aot.lower.text import register
from nozzle.aot.sizes import Dim
from nozzle.aot.types import Tensor

SMALL = 2048
"""A product of fewer multiplications than this is done in plain loops."""


class Tiles:
    """Writes one product into `target`, or hands every row of a tile to `finish`."""

    def __init__(self, f: Function, node: Node, target: Buffer, after: Node | None = None) -> None:
        self.f, self.node, self.target, self.after = f, node, target, after
        self.left, self.right = node.inputs
        self.dtype = node.tensor.dtype
        lanes = f.processor.width // np.dtype(self.dtype).itemsize
        self.columns = 2 * lanes
        self.rows = 8 if f.processor.width >= 64 else 4
        self.kind = register(self.dtype)
        self.type = f"vector<{self.columns}x{register(self.dtype)}>"
        self.memory = f"memref<?x{register(self.dtype)}>"
        depth = self.left.tensor.shape[-1]
        packed = Node("empty", (), Tensor(self.dtype, (f.bound(depth), Dim.of(self.columns))))
        self.packed = f.buffer(packed)
        tile = Node("empty", (), Tensor(self.dtype, (Dim.of(self.rows), Dim.of(self.columns))))
        self.tile = f.buffer(tile) if after is not None else None
        self.seen = "", "", ""
        """Where the right factor is read: its memory, where a panel begins there, how far apart its rows are."""
        self.depth, self.height = f.dim(depth), f.dim(self.left.tensor.shape[-2])
        self.breadth = f.dim(self.right.tensor.shape[-1])

    def whole(self, ahead: tuple[str, ...], places: tuple[tuple[str, ...], tuple[str, ...]]) -> None:
        """All tiles of one matrix; `places` are the indices of the two factors in their stacks."""
        t = self.f.t
        zero, step, rows = t.index(0), t.index(self.columns), t.index(self.rows)
        full = t.set(f"arith.divui {self.height}, {rows} : index")
        full = t.set(f"arith.muli {full}, {rows} : index")
        j = t.name()
        memo, self.f.memo = self.f.memo, {}
        self._ahead(places[0])
        with t.block(f"scf.for {j} = {zero} to {self.breadth} step {step} {{"):
            left = t.set(f"arith.subi {self.breadth}, {j} : index")
            wide = t.set(f"arith.minui {left}, {step} : index")
            mask = t.set(f"vector.create_mask {wide} : vector<{self.columns}xi1>")
            self._ready(places[1], j, wide)
            for begin, end, many in ((zero, full, self.rows), (full, self.height, 1)):
                i = t.name()
                with t.block(f"scf.for {i} = {begin} to {end} step {t.index(many)} {{"):
                    self._tile(ahead, places[0], i, j, many, mask, wide)
        self.f.memo = memo

    def _ready(self, place: tuple[str, ...], j: str, wide: str) -> None:
        """Pack a panel; or read the right factor as it lies, where there are rows for one tile only."""
        f, t = self.f, self.f.t
        zero, step = t.index(0), t.index(self.columns)
        buffer = f.buffers.get(self.right)
        if buffer is None or buffer.strides is not None or self.right.tensor.dtype != self.dtype:
            self.seen = self.packed.ref, zero, step
            self._pack(place, j, wide)
            return
        few = t.set(f"arith.cmpi ule, {self.height}, {t.index(self.rows)} : index")
        full = t.set(f"arith.cmpi eq, {wide}, {step} : index")
        lies = t.set(f"arith.andi {few}, {full} : i1")
        apart = t.set(f"arith.xori {lies}, {t.raw('true', 'i1')} : i1")
        with t.block(f"scf.if {apart} {{"):
            self._pack(place, j, wide)
        f.memo = {}
        there = f.address(buffer, (*place, zero, j))
        self.seen = (
            t.set(f"arith.select {lies}, {buffer.ref}, {self.packed.ref} : {self.memory}"),
            t.set(f"arith.select {lies}, {there}, {zero} : index"),
            t.set(f"arith.select {lies}, {self.breadth}, {step} : index"),
        )

    def _pack(self, place: tuple[str, ...], j: str, wide: str) -> None:
        f, t = self.f, self.f.t
        zero, one = t.index(0), t.index(1)
        k, at, rest = t.name(), t.name(), t.name()
        with t.block(f"scf.for {k} = {zero} to {self.depth} step {one} {{"):
            with t.block(f"scf.for {at} = {zero} to {wide} step {one} {{"):
                column = t.set(f"arith.addi {j}, {at} : index")
                f.memo = {}
                f.save(self._of(self.right, (*place, k, column)), self.packed, (k, at))
            with t.block(f"scf.for {rest} = {wide} to {t.index(self.columns)} step {one} {{"):
                f.save(t.const(0, self.dtype), self.packed, (k, rest))

    def _of(self, node: Node, index: tuple[str, ...]) -> str:
        """An element of a factor, as wide as the sum."""
        return self.f.t.cast(self.f.element(node, index), node.tensor.dtype, self.dtype)

    def _ahead(self, place: tuple[str, ...]) -> None:
        """What is done once, before the first tile."""

    def _tile(
        self, ahead: tuple[str, ...], place: tuple[str, ...], i: str, j: str, many: int, mask: str, wide: str
    ) -> None:
        f, t = self.f, self.f.t
        rows = [i if r == 0 else t.set(f"arith.addi {i}, {t.index(r)} : index") for r in range(many)]
        found = self._sums(place, rows)
        f.memo = {}
        if self.tile is not None:
            self._finish(rows, j, wide, found)
            return
        for row, value in zip(rows, found, strict=True):
            at = f.address(self.target, (*ahead, row, j))
            kinds = f"{self.memory}, vector<{self.columns}xi1>, {self.type}"
            t.add(f"vector.maskedstore {self.target.ref}[{at}], {mask}, {value} : {kinds}")

    def _sums(self, place: tuple[str, ...], rows: list[str]) -> list[str]:
        """A row of the tile for every row, summed over the whole depth."""
        f, t = self.f, self.f.t
        zero, one = t.index(0), t.index(1)
        many, kind = len(rows), self.kind
        first = t.set(f"vector.broadcast {t.const(0, self.dtype)} : {kind} to {self.type}")
        sums, k, found = [t.name() for _ in range(many)], t.name(), t.name()
        carried = ", ".join(f"{name} = {first}" for name in sums)
        types = ", ".join([self.type] * many)
        with t.block(
            f"{found}:{many} = scf.for {k} = {zero} to {self.depth} step {one} iter_args({carried}) -> ({types}) {{"
        ):
            f.memo = {}
            ref, start, step = self.seen
            at = t.set(f"arith.addi {start}, {t.set(f'arith.muli {k}, {step} : index')} : index")
            panel = t.set(f"vector.load {ref}[{at}] : {self.memory}, {self.type}")
            new = []
            for row, total in zip(rows, sums, strict=True):
                value = self._of(self.left, (*place, row, k))
                spread = t.set(f"vector.broadcast {value} : {kind} to {self.type}")
                new.append(self._step(spread, panel, total))
            t.add(f"scf.yield {', '.join(new)} : {types}")
        return [f"{found}#{r}" if many > 1 else found for r in range(many)]

    def _step(self, one: str, two: str, total: str) -> str:
        if self.kind[0] == "f":
            return self.f.t.set(f"vector.fma {one}, {two}, {total} : {self.type}")
        product = self.f.t.set(f"arith.muli {one}, {two} : {self.type}")
        return self.f.t.set(f"arith.addi {total}, {product} : {self.type}")

    def _finish(self, rows: list[str], j: str, wide: str, found: list[str]) -> None:
        """Compute what follows the product on a tile that is near."""
        f, t, after = self.f, self.f.t, self.after
        assert after is not None
        assert self.tile is not None
        for r, value in enumerate(found):
            place = f.address(self.tile, (t.index(r), t.index(0)))
            t.add(f"vector.store {value}, {self.tile.ref}[{place}] : {self.memory}, {self.type}")
        for r, row in enumerate(rows):
            at = t.name()
            with t.block(f"scf.for {at} = {t.index(0)} to {wide} step {t.index(1)} {{"):
                f.memo = {}
                column = t.set(f"arith.addi {j}, {at} : index")
                f.row[self.node] = f.load(self.tile, (t.index(r), at))
                f.save(f.element(after, (row, column)), self.target, (row, column))
                del f.row[self.node]
        f.memo = {}


def tiles_of(f: Function, node: Node, target: Buffer, after: Node | None = None) -> Tiles:
    """In the way that suits the processor."""
    from nozzle.aot.lower.dots import Dots

    return (Dots if node.op == "wide_matmul" and f.processor.dots else Tiles)(f, node, target, after)


def finished(f: Function, node: Node, after: Node, plain: Callable[[], None]) -> None:
    """A product and what follows it, element for element."""
    target = f.buffer(after)
    del f.buffers[after]
    _either(f, tiles_of(f, node, target, after), (), ((), ()), plain)
    f.buffers[after] = target


def tiled(
    f: Function,
    node: Node,
    target: Buffer,
    ahead: tuple[str, ...],
    places: Callable[[Node], tuple[str, ...]],
    plain: Callable[[], None],
) -> None:
    """By tiles, where that pays; else by `plain`."""
    left, right = node.inputs
    if node.tensor.dtype not in ("float32", "float64", "int32", "int64"):
        plain()
        return
    _either(f, tiles_of(f, node, target), ahead, (places(left), places(right)), plain)


Places = tuple[tuple[str, ...], tuple[str, ...]]


def _either(f: Function, tiles: Tiles, ahead: tuple[str, ...], places: Places, plain: Callable[[], None]) -> None:
    """By tiles where the product is large enough, else plainly."""
    area = f.t.set(f"arith.muli {tiles.height}, {tiles.breadth} : index")
    work = f.t.set(f"arith.muli {area}, {tiles.depth} : index")
    large = f.t.set(f"arith.cmpi sge, {work}, {f.t.index(SMALL)} : index")
    tall = f.t.set(f"arith.cmpi sge, {tiles.height}, {f.t.index(4)} : index")
    large = f.t.set(f"arith.andi {large}, {tall} : i1")
    memo, f.memo = f.memo, {}
    f.t.add(f"scf.if {large} {{")
    f.t.depth += 1
    tiles.whole(ahead, places)
    f.t.depth -= 1
    f.t.add("} else {")
    f.t.depth += 1
    f.memo = {}
    plain()
    f.t.depth -= 1
    f.t.add("}")
    f.memo = memo
