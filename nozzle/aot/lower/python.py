"""The CPython function around a native one, compiled with it: it looks at its arguments, and calls.

`name_call(self, arguments, count)` has the form of METH_FASTCALL. `self` is a bytes object that holds a table of
addresses, so that nothing of one process is in the code. It reads PyArrayObject where NumPy's stable ABI has its
fields. Whatever it does not expect (another type, another layout, a guard that does not hold, arrays that overlap)
goes to the Python function in the table, which looks again and knows every case.
"""

from __future__ import annotations

from collections.abc import Sequence

from nozzle.aot.graph import Boxed, Graph, Listed, Node, stored
from nozzle.aot.lower.text import Text
from nozzle.aot.sizes import Dim, Guard, Mixed, Size

TABLE = (
    *("slow", "trap", "array", "empty", "scalar", "float", "bool", "int", "true", "vectorcall", "as_int", "from_int"),
    *("from_float", "from_bool", "tuple", "set", "none", "keep", "drop", "save", "restore", "get", "free", "most"),
)
"""What the table of addresses begins with; descriptors of dtypes follow, in the order of `dtypes`.

`most` is a number: of elements, from which on Python answers.
"""
LARGE = 1 << 16
"""A call that brings more elements than this lets other threads run meanwhile."""


class Unwrapped(Exception):
    """This function has no compiled wrapper; the Python one serves it."""


class Wrapper:
    """Writes the wrapper of one graph."""

    def __init__(self, graph: Graph, name: str, early: int) -> None:
        self.graph, self.name, self.t = graph, name, Text()
        self.early = early
        """Tests up to this number stand before anything is written to: where one fails, the call can be done again."""
        self.dtypes: list[str] = []
        self.sizes: dict[str, str] = {}
        self.values: dict[str, str] = {}

    # small things

    def load(self, base: str, offset: int, type: str) -> str:
        at = self.t.set(f"llvm.getelementptr {base}[{offset}] : (!llvm.ptr) -> !llvm.ptr, i8")
        return self.t.set(f"llvm.load {at} : !llvm.ptr -> {type}")

    def entry(self, what: str) -> str:
        return self.load("%table", 8 * TABLE.index(what), "!llvm.ptr")

    def descriptor(self, dtype: str) -> str:
        if dtype not in self.dtypes:
            self.dtypes.append(dtype)
        return self.load("%table", 8 * (len(TABLE) + self.dtypes.index(dtype)), "!llvm.ptr")

    def call(self, function: str, arguments: Sequence[tuple[str, str]], result: str = "!llvm.ptr") -> str:
        values, types = ", ".join(v for v, _ in arguments), ", ".join(t for _, t in arguments)
        text = f"llvm.call {function}({values}) : !llvm.ptr, ({types}) -> {result or '()'}"
        if result:
            return self.t.set(text)
        self.t.add(text)
        return ""

    def number(self, value: int, type: str = "i64") -> str:
        return self.t.raw(str(value), type)

    def unless(self, good: str) -> None:
        """Go on only where it holds."""
        self.count += 1
        self.t.add(f"llvm.cond_br {good}, ^go{self.count}, ^slow")
        self.t.add(f"^go{self.count}:")

    count = 0

    def same(self, left: str, right: str) -> str:
        one, two = (self.t.set(f"llvm.ptrtoint {p} : !llvm.ptr to i64") for p in (left, right))
        return self.t.set(f"arith.cmpi eq, {one}, {two} : i64")

    # the function

    def whole(
        self,
        parameters: Sequence[str],
        slots: Sequence[tuple[str, str]],
        outputs: Sequence[Node],
        scratch: Sequence[tuple[str, Dim]],
    ) -> tuple[str, list[str]]:
        t = self.t
        written = stored(self.graph.block.nodes)
        count = t.set(f"arith.cmpi eq, %nargs, {self.number(len(self.graph.inputs))} : i64")
        self.unless(count)
        for at, node in enumerate(self.graph.inputs):
            value = self.load("%arguments", 8 * at, "!llvm.ptr")
            if node.tensor.rank:
                self._array(node, value, node in written)
            else:
                self._scalar(node, value)
        for guard in self.graph.guards:
            self._guard(guard)
        self._apart([node for node in self.graph.inputs if node.tensor.rank], written)
        self.many = self._elements()
        most = self.load("%table", 8 * TABLE.index("most"), "i64")
        self.unless(t.set(f"arith.cmpi slt, {self.many}, {most} : i64"))
        held = self._memory(scratch)
        made = [self._output(node) for node in outputs]
        status = t.set(f"llvm.alloca {self.number(1)} x i64 : (i64) -> !llvm.ptr")
        t.add(f"llvm.store {self.number(0)}, {status} : i64, !llvm.ptr")
        self._run(parameters, slots, made, held, status)
        for one in held:
            self.call(self.entry("free"), [(one, "!llvm.ptr")], "")
        code = t.set(f"llvm.load {status} : !llvm.ptr -> i64")
        well = t.set(f"arith.cmpi eq, {code}, {self.number(0)} : i64")
        t.add(f"llvm.cond_br {well}, ^well, ^trapped")
        t.add("^trapped:")
        for node, value in zip(outputs, made, strict=True):
            if node.tensor.rank:
                self.call(self.entry("drop"), [(value, "!llvm.ptr")], "")
        if self.early:
            self.unless(t.set(f"arith.cmpi sgt, {code}, {self.number(self.early)} : i64"))
        self._raise(code)
        t.add("^well:")
        results = {node: self._result(node, value) for node, value in zip(outputs, made, strict=True)}
        t.add(f"llvm.return {self._together(results)} : !llvm.ptr")
        t.add("^slow:")
        t.add(f"llvm.return {self._python('slow', '%arguments', '%nargs')} : !llvm.ptr")
        plain = (
            'attributes {passthrough = ["noinline", "optnone"]}'  # as it stands it is quick, and made in a third less
        )
        parameters = "%self: !llvm.ptr, %arguments: !llvm.ptr, %nargs: i64"
        head = f"llvm.func @{self.name}_call({parameters}) -> !llvm.ptr {plain} {{"
        first = "  %table = llvm.getelementptr %self[32] : (!llvm.ptr) -> !llvm.ptr, i8"
        return "\n".join([head, first, *t.prologue, *t.lines, "}", ""]), self.dtypes

    def _raise(self, code: str) -> None:
        """What a failed test says."""
        which = self.call(self.entry("from_int"), [(code, "i64")])
        place = self.t.set(f"llvm.alloca {self.number(1)} x !llvm.ptr : (i64) -> !llvm.ptr")
        self.t.add(f"llvm.store {which}, {place} : !llvm.ptr, !llvm.ptr")
        self.t.add(f"llvm.return {self._python('trap', place, self.number(1))} : !llvm.ptr")

    def _python(self, what: str, arguments: str, count: str) -> str:
        """Call a Python function of the table."""
        null = self.t.set("llvm.mlir.zero : !llvm.ptr")
        given = [(self.entry(what), "!llvm.ptr"), (arguments, "!llvm.ptr"), (count, "i64"), (null, "!llvm.ptr")]
        return self.call(self.entry("vectorcall"), given)

    def _array(self, node: Node, value: str, writes: bool) -> None:
        t, name = self.t, node.attrs["name"]
        if not node.attrs["dense"]:
            raise Unwrapped
        self.unless(self.same(self.load(value, 8, "!llvm.ptr"), self.entry("array")))
        rank = self.load(value, 24, "i32")
        descriptor = self.same(self.load(value, 56, "!llvm.ptr"), self.descriptor(node.tensor.dtype))
        wanted = 0x101 | (0x400 if writes else 0)
        flags = t.set(f"arith.andi {self.load(value, 64, 'i32')}, {self.number(wanted, 'i32')} : i32")
        good = t.set(f"arith.cmpi eq, {flags}, {self.number(wanted, 'i32')} : i32")
        good = t.set(f"arith.andi {good}, {descriptor} : i1")
        fits = t.set(f"arith.cmpi eq, {rank}, {self.number(node.tensor.rank, 'i32')} : i32")
        self.unless(t.set(f"arith.andi {good}, {fits} : i1"))
        self.values[name] = self.load(value, 16, "!llvm.ptr")
        dims = self.load(value, 32, "!llvm.ptr")
        for axis in range(node.tensor.rank):
            self.sizes[f"{name}.{axis}"] = self.load(dims, 8 * axis, "i64")

    def _scalar(self, node: Node, value: str) -> None:
        t, name, type = self.t, node.attrs["name"], node.tensor
        if not type.weak or type.kind not in "bif":
            raise Unwrapped
        kind = {"b": "bool", "i": "int", "f": "float"}[type.kind]
        self.unless(self.same(self.load(value, 8, "!llvm.ptr"), self.entry(kind)))
        if kind == "float":
            self.values[name] = self.load(value, 16, "f64")
        elif kind == "bool":
            true = self.same(value, self.entry("true"))
            self.values[name] = t.set(f"arith.extui {true} : i1 to i8")
            self.sizes[name] = t.set(f"arith.extui {true} : i1 to i64")
        else:
            over = t.set(f"llvm.alloca {self.number(1)} x i32 : (i64) -> !llvm.ptr")
            whole = self.call(self.entry("as_int"), [(value, "!llvm.ptr"), (over, "!llvm.ptr")], "i64")
            flag = t.set(f"llvm.load {over} : !llvm.ptr -> i32")
            self.unless(t.set(f"arith.cmpi eq, {flag}, {self.number(0, 'i32')} : i32"))
            self.values[name] = self.sizes[name] = whole

    def _guard(self, guard: Guard) -> None:
        predicate = {"==": "eq", "!=": "ne", ">=": "sge"}[guard.kind]
        self.unless(self.t.set(f"arith.cmpi {predicate}, {self.dim(guard.dim)}, {self.number(0)} : i64"))

    def dim(self, dim: Dim) -> str:
        """A size as an i64."""
        total = self.number(dim.const)
        for atom, factor in dim.terms:
            if isinstance(atom, Size):
                part = self.sizes[atom.name]
            elif isinstance(atom, Mixed) and atom.op in ("*", "//", "min", "max"):
                left, right = self.dim(atom.left), self.dim(atom.right)
                if atom.op == "//" and not (atom.right.fixed or 0) > 0:
                    raise Unwrapped
                name = {"*": "muli", "//": "floordivsi", "min": "minsi", "max": "maxsi"}[atom.op]
                part = self.t.set(f"arith.{name} {left}, {right} : i64")
            else:
                raise Unwrapped
            part = part if factor == 1 else self.t.set(f"arith.muli {part}, {self.number(factor)} : i64")
            total = part if total == self.number(0) else self.t.set(f"arith.addi {total}, {part} : i64")
        return total

    def _count(self, dim: Dim) -> str:
        return self.t.set(f"arith.maxsi {self.dim(dim)}, {self.number(0)} : i64")

    def _bytes(self, node: Node) -> tuple[str, str]:
        """Where an array begins and ends."""
        import numpy as np

        start = self.t.set(f"llvm.ptrtoint {self.values[node.attrs['name']]} : !llvm.ptr to i64")
        many = self.number(np.dtype(node.tensor.dtype).itemsize)
        for axis in range(node.tensor.rank):
            many = self.t.set(f"arith.muli {many}, {self.sizes[node.attrs['name'] + f'.{axis}']} : i64")
        return start, self.t.set(f"arith.addi {start}, {many} : i64")

    def _apart(self, arrays: Sequence[Node], written: set[Node]) -> None:
        for node in arrays:
            for other in arrays:
                if node in written and other is not node:
                    (a, b), (c, d) = self._bytes(node), self._bytes(other)
                    one = self.t.set(f"arith.cmpi sle, {b}, {c} : i64")
                    two = self.t.set(f"arith.cmpi sle, {d}, {a} : i64")
                    self.unless(self.t.set(f"arith.ori {one}, {two} : i1"))

    def _elements(self) -> str:
        """How many elements the arguments have."""
        t, many = self.t, self.number(0)
        for node in self.graph.inputs:
            if node.tensor.rank:
                size = self.number(1)
                for axis in range(node.tensor.rank):
                    size = t.set(f"arith.muli {size}, {self.sizes[node.attrs['name'] + f'.{axis}']} : i64")
                many = t.set(f"arith.addi {many}, {size} : i64")
        return many

    def _memory(self, scratch: Sequence[tuple[str, Dim]]) -> list[str]:
        """Scratch memory from Python's allocator; the slow way, where there is none."""
        import numpy as np

        held = []
        for dtype, many in scratch:
            size = self.t.set(f"arith.muli {self._count(many)}, {self.number(np.dtype(dtype).itemsize)} : i64")
            held.append(self.call(self.entry("get"), [(size, "i64")]))
            nothing = self.same(held[-1], self.t.set("llvm.mlir.zero : !llvm.ptr"))
            self.unless(self.t.set(f"arith.xori {nothing}, {self.t.raw('true', 'i1')} : i1"))
        return held

    def _output(self, node: Node) -> str:
        """An array of NumPy's, or a place for a number."""
        t = self.t
        if not node.tensor.rank:
            return t.set(f"llvm.alloca {self.number(2)} x i64 : (i64) -> !llvm.ptr")
        dims = t.set(f"llvm.alloca {self.number(node.tensor.rank)} x i64 : (i64) -> !llvm.ptr")
        for axis, dim in enumerate(node.tensor.shape):
            at = t.set(f"llvm.getelementptr {dims}[{axis}] : (!llvm.ptr) -> !llvm.ptr, i64")
            t.add(f"llvm.store {self._count(dim)}, {at} : i64, !llvm.ptr")
        descriptor = self.descriptor(node.tensor.dtype)
        self.call(self.entry("keep"), [(descriptor, "!llvm.ptr")], "")
        made = self.call(
            self.entry("empty"),
            [
                (self.number(node.tensor.rank, "i32"), "i32"),
                (dims, "!llvm.ptr"),
                (descriptor, "!llvm.ptr"),
                (self.number(0, "i32"), "i32"),
            ],
        )
        zero = t.set("llvm.mlir.zero : !llvm.ptr")
        there = t.set(f"arith.xori {self.same(made, zero)}, {t.raw('true', 'i1')} : i1")
        self.count += 1
        t.add(f"llvm.cond_br {there}, ^go{self.count}, ^none{self.count}")
        t.add(f"^none{self.count}:")
        t.add(f"llvm.return {zero} : !llvm.ptr")
        t.add(f"^go{self.count}:")
        return made

    def _run(
        self, parameters: Sequence[str], slots: Sequence[tuple[str, str]], made: list[str], held: list[str], status: str
    ) -> None:
        t, fresh = self.t, iter(made)
        values = []
        for kind, name in slots:
            if kind == "data":
                values.append(self.values[name])
            elif kind == "dim":
                values.append(self.sizes[name])
            elif kind == "scalar":
                values.append(self.values[name])
            elif kind == "status":
                values.append(status)
            elif kind == "scratch":
                values.append(held[int(name)])
            elif kind == "stride":
                raise Unwrapped
            else:
                value = next(fresh)
                values.append(self.load(value, 16, "!llvm.ptr") if kind == "out" else value)
        types = [one.split(": ", 1)[1].split(" {")[0] for one in parameters]
        call = f"func.call @{self.name}({', '.join(values)}) : ({', '.join(types)}) -> ()"
        large = t.set(f"arith.cmpi sgt, {self.many}, {self.number(LARGE)} : i64")
        t.add(f"llvm.cond_br {large}, ^large, ^small")
        t.add("^large:")
        state = self.call(self.entry("save"), [])
        t.add(call)
        self.call(self.entry("restore"), [(state, "!llvm.ptr")], "")
        t.add("llvm.br ^done")
        t.add("^small:")
        t.add(call)
        t.add("llvm.br ^done")
        t.add("^done:")

    def _result(self, node: Node, value: str) -> str:
        type, t = node.tensor, self.t
        if type.rank:
            return value
        if not type.weak:
            zero = t.set("llvm.mlir.zero : !llvm.ptr")
            return self.call(
                self.entry("scalar"),
                [(value, "!llvm.ptr"), (self.descriptor(type.dtype), "!llvm.ptr"), (zero, "!llvm.ptr")],
            )
        if type.kind == "f":
            return self.call(self.entry("from_float"), [(t.set(f"llvm.load {value} : !llvm.ptr -> f64"), "f64")])
        if type.kind == "b":
            raw = t.set(f"llvm.load {value} : !llvm.ptr -> i8")
            return self.call(self.entry("from_bool"), [(t.set(f"arith.extui {raw} : i8 to i64"), "i64")])
        if type.kind == "i":
            return self.call(self.entry("from_int"), [(t.set(f"llvm.load {value} : !llvm.ptr -> i64"), "i64")])
        raise Unwrapped

    def _together(self, results: dict[Node, str]) -> str:
        shape = self.graph.shape
        if isinstance(shape, Listed):
            raise Unwrapped
        if shape is None:
            none = self.entry("none")
            self.call(self.entry("keep"), [(none, "!llvm.ptr")], "")
            return none
        places = shape if isinstance(shape, tuple) else (shape,)
        if any(isinstance(one, Boxed) for one in places):
            raise Unwrapped
        nodes = [self.graph.outputs[one] if isinstance(one, int) else None for one in places]
        if len(set(nodes)) != len(results) or len(nodes) != len(results) or any(one not in results for one in nodes):
            raise Unwrapped
        values = [results[one] for one in nodes if one is not None]
        if isinstance(shape, int):
            return values[0]
        whole = self.call(self.entry("tuple"), [(self.number(len(values)), "i64")])
        for at, value in enumerate(values):
            self.call(self.entry("set"), [(whole, "!llvm.ptr"), (self.number(at), "i64"), (value, "!llvm.ptr")], "i32")
        return whole
