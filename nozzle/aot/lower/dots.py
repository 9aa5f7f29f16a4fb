"""A product of matrices of bytes by the instruction that multiplies four pairs of them and adds them to one sum.

`vpdpbusd` wants one factor without sign: the left one is moved up by 128, and every sum begins with 128 times the sum
of its column taken off. Four steps of the depth lie side by side in one word, in both factors. Every sum is exact.
"""

from __future__ import annotations

from collections.abc import Callable

from nozzle.aot.graph import Node
from nozzle.aot.lower.frame import Buffer
from nozzle.aot.lower.function import Function
from nozzle.aot.lower.product import Tiles
from nozzle.aot.sizes import Dim
from nozzle.aot.types import Tensor

TOGETHER = 4
BYTES, WORDS = "memref<?xi8>", "memref<?xi32>"


class Dots(Tiles):
    """Tiles of sums of 32 bits over factors of 8."""

    def __init__(self, f: Function, node: Node, target: Buffer, after: Node | None = None) -> None:
        super().__init__(f, node, target, after)
        self.lanes = self.columns // 2
        self.half, self.quads = f"vector<{self.lanes}xi32>", f"vector<{self.lanes * TOGETHER}xi8>"
        words = (f.bound(self.left.tensor.shape[-1]) + (TOGETHER - 1)).joined("//", Dim.of(TOGETHER))
        self.full = f.t.set(f"arith.divui {self.depth}, {f.t.index(TOGETHER)} : index")
        more = f.t.set(f"arith.addi {self.depth}, {f.t.index(TOGETHER - 1)} : index")
        self.words = f.t.set(f"arith.divui {more}, {f.t.index(TOGETHER)} : index")
        self.panel, self.panel_bytes = self._scratch((words, Dim.of(self.columns)))
        self.lines, self.line_bytes = self._scratch((f.bound(self.left.tensor.shape[-2]), words))
        self.start, _ = self._scratch((Dim.of(self.columns),))

    def _scratch(self, shape: tuple[Dim, ...]) -> tuple[Buffer, str]:
        """Words, and the same memory as bytes."""
        buffer = self.f.buffer(Node("empty", (), Tensor("int32", shape)))
        with self.f.t.at_entry():
            return buffer, self.f.memref(f"%scratch{len(self.f.scratch) - 1}", "int8")

    def _word(self, node: Node, to: tuple[str, str, str], place: Callable[[str], tuple[str, ...]], sure: bool) -> None:
        """Four bytes of a factor to one word: `to` is the memory, the word there, the depth it begins at.

        Unless it is `sure` that all four are there, zeros stand behind the depth.
        """
        f, t = self.f, self.f.t
        memory, word, first = to
        at = t.set(f"arith.muli {word}, {t.index(TOGETHER)} : index")
        for n in range(TOGETHER):
            f.memo = {}
            k = t.set(f"arith.addi {first}, {t.index(n)} : index")
            inside = t.set(f"arith.cmpi ult, {k}, {self.depth} : index")
            value = f.element(node, place(k if sure else t.set(f"arith.select {inside}, {k}, {first} : index")))
            if node is self.left:
                value = t.set(f"arith.xori {value}, {t.raw('-128', 'i8')} : i8")
            if not sure:
                value = t.set(f"arith.select {inside}, {value}, {t.raw('0', 'i8')} : i8")
            t.add(f"memref.store {value}, {memory}[{t.set(f'arith.addi {at}, {t.index(n)} : index')}] : {BYTES}")

    def _words(self, body: Callable[[str, str, bool], None]) -> None:
        """A loop over the words of the depth: (word, where it begins, whether it is whole)."""
        t = self.f.t
        for begin, end, sure in ((t.index(0), self.full, True), (self.full, self.words, False)):
            word = t.name()
            with t.block(f"scf.for {word} = {begin} to {end} step {t.index(1)} {{"):
                body(word, t.set(f"arith.muli {word}, {t.index(TOGETHER)} : index"), sure)

    def _ahead(self, place: tuple[str, ...]) -> None:
        """All rows of the left factor, without sign."""
        t, i = self.f.t, self.f.t.name()
        with t.block(f"scf.for {i} = {t.index(0)} to {self.height} step {t.index(1)} {{"):
            line = t.set(f"arith.muli {i}, {self.words} : index")

            def body(word: str, first: str, sure: bool) -> None:
                to = t.set(f"arith.addi {line}, {word} : index")
                self._word(self.left, (self.line_bytes, to, first), lambda k: (*place, i, k), sure)

            self._words(body)

    def _ready(self, place: tuple[str, ...], j: str, wide: str) -> None:
        self._pack(place, j, wide)

    def _pack(self, place: tuple[str, ...], j: str, wide: str) -> None:
        """A panel of the right factor, and what its sums begin with."""
        f, t = self.f, self.f.t

        def body(word: str, first: str, sure: bool) -> None:
            at, rest = t.name(), t.name()
            line = t.set(f"arith.muli {word}, {t.index(self.columns)} : index")
            with t.block(f"scf.for {at} = {t.index(0)} to {wide} step {t.index(1)} {{"):
                column = t.set(f"arith.addi {j}, {at} : index")
                to = t.set(f"arith.addi {line}, {at} : index")
                self._word(self.right, (self.panel_bytes, to, first), lambda k: (*place, k, column), sure)
            with t.block(f"scf.for {rest} = {wide} to {t.index(self.columns)} step {t.index(1)} {{"):
                f.save(t.const(0, "int32"), self.panel, (word, rest))

        self._words(body)
        zero = t.set(f"vector.broadcast {t.const(0, 'int32')} : i32 to {self.half}")
        ups = t.set(f"vector.broadcast {t.raw('-128', 'i8')} : i8 to {self.quads}")
        for half, value in enumerate(self._over(lambda _: [ups], [zero, zero])):
            less = t.set(f"arith.subi {zero}, {value} : {self.half}")
            t.add(f"vector.store {less}, {self.start.ref}[{t.index(half * self.lanes)}] : {WORDS}, {self.half}")

    def _over(self, lefts: Callable[[str], list[str]], starts: list[str]) -> list[str]:
        """Sums over the depth of some left factors with both halves of the panel; `lefts` are those of a word."""
        f, t = self.f, self.f.t
        word, found = t.name(), t.name()
        sums = [t.name() for _ in starts]
        carried = ", ".join(f"{name} = {value}" for name, value in zip(sums, starts, strict=True))
        types = ", ".join([self.half] * len(sums))
        head = f"{found}:{len(sums)} = scf.for {word} = {t.index(0)} to {self.words} step {t.index(1)}"
        with t.block(f"{head} iter_args({carried}) -> ({types}) {{"):
            at = f.address(self.panel, (word, t.index(0)))
            places = [at, t.set(f"arith.addi {at}, {t.index(self.lanes)} : index")]
            loaded = [t.set(f"vector.load {self.panel.ref}[{place}] : {WORDS}, {self.half}") for place in places]
            rights = [t.set(f"vector.bitcast {one} : {self.half} to {self.quads}") for one in loaded]
            new = [
                self._dot(sums[2 * at + half], left, right)
                for at, left in enumerate(lefts(word))
                for half, right in enumerate(rights)
            ]
            t.add(f"scf.yield {', '.join(new)} : {types}")
        return [f"{found}#{at}" for at in range(len(sums))]

    def _dot(self, total: str, left: str, right: str) -> str:
        name = f"llvm.x86.avx512.vpdpbusd.{32 * self.lanes}"
        types = f"({self.half}, {self.quads}, {self.quads}) -> {self.half}"
        return self.f.t.set(f'llvm.call_intrinsic "{name}"({total}, {left}, {right}) : {types}')

    def _sums(self, place: tuple[str, ...], rows: list[str]) -> list[str]:
        t = self.f.t

        def lefts(word: str) -> list[str]:
            found = []
            for row in rows:
                line = t.set(f"arith.muli {row}, {self.words} : index")
                at = t.set(f"arith.addi {line}, {word} : index")
                value = t.set(f"memref.load {self.lines.ref}[{at}] : {WORDS}")
                spread = t.set(f"vector.broadcast {value} : i32 to {self.half}")
                found.append(t.set(f"vector.bitcast {spread} : {self.half} to {self.quads}"))
            return found

        starts = [
            t.set(f"vector.load {self.start.ref}[{t.index(half * self.lanes)}] : {WORDS}, {self.half}")
            for half in range(2)
        ]
        found = self._over(lefts, starts * len(rows))
        order = ", ".join(map(str, range(self.columns)))
        return [
            t.set(f"vector.shuffle {one}, {two} [{order}] : {self.half}, {self.half}")
            for one, two in zip(found[::2], found[1::2], strict=True)
        ]
