"""Typed Python to a graph: the function's syntax tree is walked once with types in place of values.

Names are rebound freely; the graph is in single assignment form. What is known while compiling (numbers, tuples,
dtypes, functions) is computed here and leaves no node; helper functions are inlined. `if`, `for` and `while` over what
is not known become nodes with blocks. What has no place in a graph is refused with its line.
"""

from __future__ import annotations

import ast
import types
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from nozzle.aot.build import Builder, Refuse, Value, common, describe
from nozzle.aot.graph import Block, Graph, Node, check
from nozzle.aot.names import assigned, read_first, reads
from nozzle.aot.ops import FUNCTIONS, METHODS, create, elementwise, index, linear, product, shape, transcendental
from nozzle.aot.sizes import Dim, Size, Var, pruned
from nozzle.aot.source import NotAdmissible, Source, source_of
from nozzle.aot.types import Tensor, weak

DEPTH = 32
"""How many calls deep helper functions are inlined."""


@dataclass(frozen=True, slots=True)
class Capture:
    """A name from outside the function, and what it was: native code holds only while it still is that."""

    scope: Mapping[str, Any] | types.CellType | types.ModuleType
    name: str
    value: Any

    def holds(self) -> bool:
        now = _outer(self.scope, self.name)
        if isinstance(self.value, (bool, int, float, complex, np.generic, tuple, str)):
            return type(now) is type(self.value) and bool(now == self.value)
        return now is self.value


def _outer(scope: Mapping[str, Any] | types.CellType | types.ModuleType, name: str) -> Any:
    if isinstance(scope, types.CellType):
        return scope.cell_contents
    return getattr(scope, name, None) if isinstance(scope, types.ModuleType) else scope.get(name)


@dataclass(frozen=True, slots=True)
class Method:
    """A method of an array, not yet called."""

    owner: Node
    name: str


@dataclass(frozen=True, slots=True)
class Range:
    start: Value
    stop: Value
    step: int


@dataclass(frozen=True, slots=True)
class Unset:
    """A name that may have no value here."""

    why: str


class Nothing:
    """A block that did not return."""


NOTHING = Nothing()


@dataclass(frozen=True, slots=True)
class Argument:
    """What one argument of a call is like: a tensor with the lengths it had, or something known while compiling."""

    name: str
    type: Tensor | None
    value: Any = None
    """Where `type` is None."""
    dense: bool = True
    """Whether it lies in C order without gaps."""

    @staticmethod
    def of(name: str, value: Any) -> Argument:
        if isinstance(value, np.ndarray):
            dims = tuple(Dim.of(Size(f"{name}.{axis}", length)) for axis, length in enumerate(value.shape))
            return Argument(name, Tensor(value.dtype.name, dims), None, bool(value.flags.c_contiguous))
        if isinstance(value, np.generic):
            return Argument(name, Tensor(value.dtype.name))
        if isinstance(value, (bool, int, float, complex)):
            return Argument(name, weak(value))
        return Argument(name, None, value)


@dataclass(frozen=True, slots=True)
class Traced:
    graph: Graph
    captures: tuple[Capture, ...]


def trace(function: Callable[..., Any], arguments: Sequence[Argument], values: Mapping[str, int]) -> Traced:
    """The graph of a function for arguments like these; `values` are the integers among them, as hints.

    Raises NotAdmissible; or what NumPy would raise (ValueError, IndexError) where the call cannot but fail.
    """
    b = Builder()
    walker = Walker(b, function, [])
    b.loc = walker.source.loc(walker.source.tree)
    params = []
    for one in arguments:
        if one.type is None:
            walker.names[one.name] = one.value
            continue
        node = Node("param", (), one.type, {"name": one.name, "dense": one.dense}, b.loc)
        if one.type.rank == 0 and one.type.kind in "iu":
            b.known[node] = Dim.of(Size(one.name, values[one.name]))
        params.append(node)
        walker.names[one.name] = node
    result = walker.call()
    outputs: list[Node] = []
    shape = _outputs(b, result, outputs)
    block = Block(tuple(params), tuple(b.nodes), tuple(outputs))
    graph = Graph(function.__name__, block, shape, pruned(b.facts.guards), b.approximate)
    check(graph)
    return Traced(graph, tuple(walker.captures))


def _outputs(b: Builder, value: Value, outputs: list[Node]) -> Any:
    if value is None:
        return None
    if isinstance(value, tuple):
        return tuple(_outputs(b, one, outputs) for one in value)
    node = b.lift(value)
    if node not in outputs:
        outputs.append(node)
    return outputs.index(node)


class Walker:
    """One function, walked once."""

    def __init__(self, b: Builder, function: Callable[..., Any], captures: list[Capture], depth: int = 0) -> None:
        self.b, self.function, self.captures, self.depth = b, function, captures, depth
        self.source: Source = source_of(function)
        self.names: dict[str, Value] = {}
        self.loops: list[ast.AST] = [self.source.tree]

    def call(self) -> Value:
        outer = self.b.loc
        result = self.statements(self.source.tree.body)
        self.b.loc = outer
        return None if result is NOTHING else result

    def at(self, node: ast.AST) -> None:
        if hasattr(node, "lineno"):
            self.b.loc = self.source.loc(node)

    def refuse(self, node: ast.AST, reason: str, instead: str = "") -> NotAdmissible:
        return NotAdmissible(self.source.loc(node), reason, instead)

    # statements

    def statements(self, body: Sequence[ast.stmt]) -> Value:
        """What the block returns; NOTHING when it runs to its end."""
        for at, statement in enumerate(body):
            self.at(statement)
            if isinstance(statement, ast.Return):
                return None if statement.value is None else self.value(statement.value)
            if isinstance(statement, ast.If):
                found = self.branch(statement, body[at + 1 :])
                if found is not NOTHING:
                    return found[0]
                continue
            method = STATEMENTS.get(type(statement))
            if method is None:
                word = type(statement).__name__.lower()
                raise self.refuse(statement, f"a {word} statement", INSTEAD.get(word, ""))
            self.guarded(statement, method, statement)
        return NOTHING

    def guarded(self, node: ast.AST, method: Callable[..., Any], *arguments: Any) -> Any:
        """Do it; give what is refused its line."""
        try:
            return method(self, *arguments)
        except Refuse as error:
            raise self.refuse(node, error.reason, error.instead) from None
        except (ValueError, IndexError, TypeError, OverflowError) as error:
            if not hasattr(error, "__notes__"):
                loc = self.source.loc(node)
                error.add_note(f"  at {loc}: {loc.text.strip()}")
            raise

    def assign(self, statement: ast.Assign) -> None:
        value = self.value(statement.value)
        for target in statement.targets:
            self.bind(target, value)

    def annotated(self, statement: ast.AnnAssign) -> None:
        if statement.value is not None:
            self.bind(statement.target, self.value(statement.value))

    def bind(self, target: ast.expr, value: Value) -> None:
        if isinstance(target, ast.Name):
            self.names[target.id] = value
        elif isinstance(target, (ast.Tuple, ast.List)):
            parts = self.unpack(value, len(target.elts))
            for one, part in zip(target.elts, parts, strict=True):
                self.bind(one, part)
        elif isinstance(target, ast.Subscript):
            owner = self.value(target.value)
            if not isinstance(owner, Node):
                raise self.refuse(target, "an item of what is no array is set", "build a new tuple")
            index.assign(self.b, owner, self.key(target.slice), value)
        else:
            raise self.refuse(target, "an attribute is set", "use a variable, or write to a slice: x[:] = ...")

    def unpack(self, value: Value, many: int) -> Sequence[Value]:
        if isinstance(value, Node) and value.tensor.rank:
            length = value.tensor.shape[0]
            self.b.same(length, Dim.of(many), "not the number of values to unpack")
            return [index.index(self.b, value, at) for at in range(many)]
        if not isinstance(value, tuple) or len(value) != many:
            raise Refuse(f"{describe(value)} is unpacked into {many} names")
        return value

    def augmented(self, statement: ast.AugAssign) -> None:
        right = self.value(statement.value)
        target = statement.target
        if isinstance(target, ast.Name):
            old = self.lookup(target)
            new = self.operate(statement.op, old, right)
            if isinstance(old, Node) and old.tensor.rank:
                self.in_place(old, new)
            else:
                self.names[target.id] = new
        elif isinstance(target, ast.Subscript):
            owner, key = self.value(target.value), self.key(target.slice)
            if not isinstance(owner, Node):
                raise self.refuse(target, "an item of what is no array is set")
            if isinstance(key, Node) and key.tensor.dtype == "bool" and key.tensor.rank:
                index.assign(
                    self.b,
                    owner,
                    slice(None),
                    elementwise.where(self.b, key, self.operate(statement.op, owner, right), owner),
                )
                return
            old = index.index(self.b, owner, key)
            new = self.operate(statement.op, old, right)
            if old.tensor.rank:
                self.in_place(old, new)
            else:
                index.assign(self.b, owner, key, new)
        else:
            raise self.refuse(target, "an attribute is set", "use a variable")

    def in_place(self, old: Node, new: Node) -> None:
        if not np.can_cast(new.tensor.dtype, old.tensor.dtype, "same_kind"):
            raise Refuse(f"{new.tensor.dtype} does not go into {old.tensor.dtype} in place", "cast it with astype")
        self.b.store(old, new)

    def expression(self, statement: ast.Expr) -> None:
        if not (isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str)):
            self.value(statement.value)

    def asserted(self, statement: ast.Assert) -> None:
        good = self.value(statement.test)
        message = str(statement.msg.value) if isinstance(statement.msg, ast.Constant) else ""
        if isinstance(good, Node):
            self.b.trap(elementwise.truth(self.b, good), AssertionError, message)
        elif not good:
            raise Refuse(f"an assertion that is false while compiling: {message}")

    def skip(self, statement: ast.stmt) -> None:
        """pass, del, and names that are global only to be read."""

    # branches

    def branch(self, statement: ast.If, rest: Sequence[ast.stmt]) -> Value:
        """An `if`; what comes after goes into both branches when one of them returns. A 1-tuple when it returned."""
        test = self.settled(self.guarded(statement, Walker.test, statement.test))
        returns = any(isinstance(one, ast.Return) for one in ast.walk(statement))
        if not isinstance(test, Node):
            chosen = statement.body if test else statement.orelse
            found = self.statements(chosen)
            return NOTHING if found is NOTHING else (found,)
        after = rest if returns else ()
        before = dict(self.names)
        sides = []
        for body in (statement.body, statement.orelse):
            self.names = dict(before)
            outer = self.b.open()
            found = self.statements([*body, *after])
            sides.append((self.names, found, self.b.nodes))
            self.b.nodes = outer
        if returns:
            self.names = before
            pair = [None if found is NOTHING else found for _, found, _ in sides]
            return (self.guarded(statement, Walker.joined, test, sides, [("", pair[0], pair[1])])[""],)
        self.names = before
        changed = [
            name for name in {**sides[0][0], **sides[1][0]} if not _same(sides[0][0].get(name), sides[1][0].get(name))
        ]
        pairs = []
        for name in changed:
            one, two = sides[0][0].get(name, Unset("one branch only")), sides[1][0].get(name, Unset("one branch only"))
            if isinstance(one, Unset) or isinstance(two, Unset):
                self.names[name] = Unset("it is set in one branch only")
            else:
                pairs.append((name, one, two))
        self.names.update({name: value for name, value in sides[0][0].items() if name not in changed})
        self.names.update(self.guarded(statement, Walker.joined, test, sides, pairs))
        return NOTHING

    def settled(self, test: Value) -> Value:
        """Whether two integers of the call are the same is settled before it is compiled: shapes may follow from it."""
        if not isinstance(test, Node) or test.op not in ("equal", "not_equal"):
            return test
        one, two = (self.b.known.get(side) for side in test.inputs)
        if one is None or two is None or not one.at_entry or not two.at_entry:
            return test
        return self.b.facts.equal(one, two) is (test.op == "equal")

    def test(self, node: ast.expr) -> Value:
        value = self.value(node)
        if isinstance(value, Node):
            if value.tensor.rank:
                raise Refuse("the truth of an array", "use .any() or .all()")
            return elementwise.truth(self.b, value)
        return bool(value)

    def joined(self, test: Node, sides: Sequence[Any], pairs: Sequence[tuple[str, Value, Value]]) -> dict[str, Value]:
        """One `if` node, and for every name what it is behind it."""
        results: tuple[list[Node], list[Node]] = ([], [])
        trees = [(name, self.pair(name, one, two, sides, results)) for name, one, two in pairs]
        blocks = [Block((), tuple(nodes), tuple(found)) for (_, _, nodes), found in zip(sides, results, strict=True)]
        if any(block.nodes for block in blocks):
            node = self.b.emit("if", (test,), None, blocks)
            return {name: self.place(node, tree) for name, tree in trees}
        node = self.b.emit("if", (test,), None, blocks) if results[0] else test
        return {name: self.place(node, tree) for name, tree in trees}

    def pair(
        self, name: str, one: Value, two: Value, sides: Sequence[Any], results: tuple[list[Node], list[Node]]
    ) -> Any:
        """Bring two values to one type, each in its own block."""
        if isinstance(one, tuple) and isinstance(two, tuple) and len(one) == len(two):
            return tuple(self.pair(name, x, y, sides, results) for x, y in zip(one, two, strict=True))
        if _same(one, two) and not isinstance(one, Node):
            return Fixed(one)
        if not all(isinstance(x, (Node, bool, int, float, complex, np.generic)) for x in (one, two)):
            raise Refuse(f"{name or 'the result'} is {describe(one)} in one branch and {describe(two)} in the other")
        lifted = [self.inside(side[2], self.b.lift, value) for side, value in zip(sides, (one, two), strict=True)]
        type = self.meet(name, lifted[0].tensor, lifted[1].tensor)
        for found, side, node in zip(results, sides, lifted, strict=True):
            found.append(self.inside(side[2], self.as_type, node, type))
        return type

    def inside(self, nodes: list[Node], do: Callable[..., Node], *arguments: Any) -> Node:
        outer, self.b.nodes = self.b.nodes, nodes
        try:
            return do(*arguments)
        finally:
            self.b.nodes = outer

    def as_type(self, node: Node, type: Tensor) -> Node:
        if node.tensor.dtype == type.dtype and (type.weak == node.tensor.weak or type.rank):
            return node
        if type.weak:
            return self.b.emit("cast", (node,), Tensor(type.dtype, (), True), dtype=type.dtype)
        return self.b.cast(node, type.dtype)

    def meet(self, name: str, one: Tensor, two: Tensor) -> Tensor:
        """The type that a name has after a branch or a loop; a rank never changes, a number may widen."""
        if one.rank != two.rank or (one.rank and one.dtype != two.dtype):
            raise Refuse(f"{name or 'the result'} changes its type from {one} to {two}", "use another name, or astype")
        for left, right in zip(one.shape, two.shape, strict=True):
            if self.b.facts.equal(left, right) is not True:
                raise Refuse(f"{name or 'the result'} changes its shape from {one} to {two}", "use another name")
        if one.rank or one.dtype == two.dtype:
            return Tensor(one.dtype, one.shape, one.weak and two.weak)
        both = one.weak and two.weak
        return Tensor(np.result_type(one.dtype, two.dtype).name if both else common(one, two), (), both)

    def place(self, node: Node, tree: Any) -> Value:
        if isinstance(tree, tuple):
            return tuple(self.place(node, one) for one in tree)
        if isinstance(tree, Fixed):
            return tree.value
        at = sum(one.op == "result" and one.inputs[0] is node for one in self.b.nodes)
        return self.b.emit("result", (node,), tree, at=at)

    # loops

    def loop(self, statement: ast.For) -> None:
        if statement.orelse:
            raise self.refuse(statement, "a for with else")
        source = self.value(statement.iter)
        if isinstance(source, range):
            source = Range(source.start, source.stop, source.step)
        if isinstance(source, tuple):
            for one in source:
                self.bind(statement.target, one)
                if self.statements(statement.body) is not NOTHING:
                    raise self.refuse(statement, "a return in a loop", "set a variable, and return it after")
            return
        if isinstance(source, Node) and source.tensor.rank:
            length = self.b.length(source, 0)
            self.counted(
                statement, Range(0, length, 1), lambda i: self.bind(statement.target, index.index(self.b, source, i))
            )
        elif isinstance(source, Range):
            self.counted(statement, source, lambda i: self.bind(statement.target, i))
        elif isinstance(source, Enumerated):
            length = self.b.length(source.node, 0)
            self.counted(
                statement,
                Range(0, length, 1),
                lambda i: self.bind(statement.target, (i, index.index(self.b, source.node, i))),
            )
        else:
            raise self.refuse(
                statement.iter, f"a loop over {describe(source)}", "loop over range(n), an array or a tuple"
            )

    def counted(self, statement: ast.For, over: Range, begin: Callable[[Node], None]) -> None:
        bounds = [self.whole(one) for one in (over.start, over.stop)]
        low, high = self.b.dim(over.start), self.b.dim(over.stop)
        ends = (low, high - 1) if over.step > 0 else (high + 1, low)
        step = self.b.lift(over.step)

        def enter() -> list[Node]:
            i = self.b.param(Tensor("int64", (), True))
            self.b.known[i] = Dim.of(Var(i, *ends))
            begin(i)
            return [i]

        names = {name.id for name in ast.walk(statement.target) if isinstance(name, ast.Name)}
        self.carry(statement, names, [*bounds, step], lambda: (enter(), None), "for")

    def whole(self, value: Value) -> Node:
        node = self.b.lift(value)
        if node.tensor.rank or node.tensor.kind not in "iub":
            raise Refuse("the bounds of a range are integers", "use int(x)")
        return node if node.tensor.weak else index._weakly(self.b, node)

    def repeat(self, statement: ast.While) -> None:
        if statement.orelse:
            raise self.refuse(statement, "a while with else")

        def enter() -> tuple[list[Node], Node]:
            test = self.test(statement.test)
            return [], self.b.lift(test)

        self.carry(statement, set(), [], enter, "while")

    def carry(
        self, statement: ast.For | ast.While, targets: set[str], inputs: list[Node], enter: Callable[[], Any], op: str
    ) -> None:
        """A loop: the names that one turn hands to the next become its carried values."""
        changed = assigned(statement.body, self.is_array) | targets
        kept = [
            name
            for name in sorted(changed - targets)
            if name in self.names
            and not isinstance(self.names[name], Unset)
            and (
                read_first(statement.body, name)
                or (isinstance(statement, ast.While) and name in reads(statement.test))
                or self.read_elsewhere(statement, name)
            )
        ]
        first: list[Node] = []
        trees = {name: self.flat(name, self.names[name], first) for name in kept}
        before = dict(self.names)
        for _ in range(4):
            turned = self.turn(statement, trees, [node.tensor for node in first], before, enter, op)
            wider = [
                self.meet("a name in a loop", node.tensor, new.tensor)
                for node, new in zip(first, turned[-1], strict=True)
            ]
            if [type.dtype for type in wider] == [n.tensor.dtype for n in first] and all(
                type.weak == n.tensor.weak or type.rank for type, n in zip(wider, first, strict=True)
            ):
                break
            first = [self.as_type(node, type) for node, type in zip(first, wider, strict=True)]
        blocks, results = turned[0], turned[1]
        del results
        node = self.b.emit(op, (*inputs, *first), None, blocks)
        self.names = before
        places = [self.b.emit("result", (node,), one.tensor, at=at) for at, one in enumerate(first)]
        for name in kept:
            self.names[name] = self.grown(trees[name], places)
        for name in changed - set(kept):
            self.names[name] = Unset("it is set in a loop, which may not run")

    def turn(
        self,
        statement: ast.For | ast.While,
        trees: Mapping[str, Any],
        types: Sequence[Tensor],
        before: dict[str, Value],
        enter: Callable[[], Any],
        op: str,
    ) -> tuple[list[Block], None, list[Node]]:
        """Walk the body once with carried values of these types."""
        blocks = []
        self.names = dict(before)
        if op == "while":
            params = self.carried(trees, types)
            outer = self.b.open()
            _, test = enter()
            blocks.append(self.b.close(outer, params, [test]))
            self.names = dict(before)
        params = self.carried(trees, types)
        outer = self.b.open()
        own = enter()[0] if op == "for" else []
        self.loops.append(statement)
        if self.statements(statement.body) is not NOTHING:
            raise self.refuse(statement, "a return in a loop", "set a variable, and return it after")
        self.loops.pop()
        found: list[Node] = []
        for name, tree in trees.items():
            if isinstance(self.names[name], Unset):
                raise Refuse(f"{name} may have no value at the end of a turn of the loop")
            if _form(self.flat(name, self.names[name], found)) != _form(tree):
                raise Refuse(f"{name} changes its form in a loop", "use another name")
        fitting = [
            self.as_type(node, Tensor(type.dtype, node.tensor.shape, type.weak)) if _fits(node.tensor, type) else node
            for node, type in zip(found, types, strict=True)
        ]
        blocks.append(self.b.close(outer, [*own, *params], fitting))
        return blocks, None, fitting

    def carried(self, trees: Mapping[str, Any], types: Sequence[Tensor]) -> list[Node]:
        params = [Node("param", (), type, {"carried": True}, self.b.loc) for type in types]
        for name, tree in trees.items():
            self.names[name] = self.grown(tree, params)
        return params

    def flat(self, name: str, value: Value, into: list[Node]) -> Any:
        if isinstance(value, tuple):
            return tuple(self.flat(name, one, into) for one in value)
        if not isinstance(value, (Node, bool, int, float, complex, np.generic)):
            raise Refuse(f"{name} is {describe(value)} and changes in a loop")
        into.append(self.b.lift(value))
        return len(into) - 1

    def grown(self, tree: Any, nodes: Sequence[Node]) -> Value:
        return tuple(self.grown(one, nodes) for one in tree) if isinstance(tree, tuple) else nodes[tree]

    def is_array(self, name: str) -> bool:
        value = self.names.get(name)
        return isinstance(value, Node) and value.type is not None and value.tensor.rank > 0

    def read_elsewhere(self, statement: ast.AST, name: str) -> bool:
        """Whether the function reads a name outside this loop and behind its beginning, or in a loop around it."""
        inside = {id(node) for node in ast.walk(statement)}
        around = len(self.loops) > 1
        return any(
            isinstance(node, ast.Name)
            and node.id == name
            and isinstance(node.ctx, ast.Load)
            and id(node) not in inside
            and (around or node.lineno >= getattr(statement, "lineno", 0))
            for node in ast.walk(self.source.tree)
        )

    # expressions

    def value(self, node: ast.expr) -> Value:
        self.at(node)
        method = EXPRESSIONS.get(type(node))
        if method is None:
            word = type(node).__name__.lower()
            raise self.refuse(node, f"a {word} expression", INSTEAD.get(word, ""))
        return self.guarded(node, method, node)

    def constant(self, node: ast.Constant) -> Value:
        return node.value

    def lookup(self, node: ast.Name) -> Value:
        name = node.id
        if name in self.names:
            value = self.names[name]
            if isinstance(value, Unset):
                raise self.refuse(node, f"{name} may have no value here: {value.why}", f"give {name} a value before")
            return value
        if name in {
            one.id for one in ast.walk(self.source.tree) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)
        }:
            raise self.refuse(node, f"{name} has no value yet", f"give {name} a value first")
        return self.outside(node, name)

    def outside(self, node: ast.AST, name: str) -> Value:
        function = self.function
        cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
        scope: Any = cells.get(name, function.__globals__)
        if name not in cells and name not in function.__globals__:
            builtins = function.__globals__.get("__builtins__", {})
            scope = builtins if isinstance(builtins, dict) else vars(builtins)
            if name not in scope:
                raise self.refuse(node, f"the name {name} is not defined")
        return self.captured(node, scope, name)

    def captured(self, node: ast.AST, scope: Any, name: str) -> Value:
        value = _outer(scope, name)
        if isinstance(value, np.ndarray):
            raise self.refuse(node, f"{name} is an array from outside the function", f"pass {name} as an argument")
        if isinstance(value, list):
            raise self.refuse(node, f"{name} is a list from outside the function", "make it a tuple, or pass an array")
        self.captures.append(Capture(scope, name, value))
        return value

    def attribute(self, node: ast.Attribute) -> Value:
        owner = self.value(node.value)
        if isinstance(owner, Node):
            return self.of_array(owner, node.attr)
        if isinstance(owner, types.ModuleType):
            if not hasattr(owner, node.attr):
                raise Refuse(f"the module {owner.__name__} has no {node.attr}")
            if owner.__name__.split(".")[0] in ("numpy", "math"):
                return getattr(owner, node.attr)
            return self.captured(node, owner, node.attr)
        if isinstance(owner, (np.dtype, np.finfo, np.iinfo, np.ufunc, np.generic)):
            return getattr(owner, node.attr)
        raise Refuse(f"an attribute of {describe(owner)}", "objects have no place here; pass arrays and numbers")

    def of_array(self, owner: Node, name: str) -> Value:
        if name == "shape":
            return shape.shape_of(self.b, owner)
        if name == "T":
            return shape.transpose(self.b, owner) if owner.tensor.rank > 1 else owner
        if name == "size":
            return shape.size(self.b, owner)
        if name == "ndim":
            return owner.tensor.rank
        if name == "dtype":
            return np.dtype(owner.tensor.dtype)
        if name in ("real", "imag"):
            return (elementwise.real if name == "real" else elementwise.imag)(self.b, owner)
        if name in METHODS or name in ("item", "conj", "conjugate", "fill"):
            return Method(owner, name)
        raise Refuse(f"an array's .{name}", "docs: the table of what is admissible, aot.table()")

    def called(self, node: ast.Call) -> Value:
        function = self.value(node.func)
        if any(isinstance(one, ast.Starred) for one in node.args) or any(one.arg is None for one in node.keywords):
            raise Refuse("a call with * or **", "name the arguments")
        arguments = [self.value(one) for one in node.args]
        names = {str(one.arg): self.value(one.value) for one in node.keywords}
        self.at(node)
        return self.apply(node, function, arguments, names)

    def apply(self, node: ast.Call, function: Any, arguments: list[Value], names: dict[str, Value]) -> Value:
        if isinstance(function, Method):
            return self.method(function, arguments, names)
        known = not any(_has_node(one) for one in (*arguments, *names.values()))
        if function is range:
            bounds = (0, *arguments, 1) if len(arguments) == 1 else (*arguments, 1)[:3]
            if not isinstance(bounds[2], int) or bounds[2] == 0:
                raise Refuse("a range whose step is not a constant", "write the step as a number")
            return range(*bounds) if known else Range(*bounds)
        if function is enumerate:
            if isinstance(arguments[0], tuple):
                return tuple(enumerate(arguments[0]))
            return Enumerated(self.b.lift(arguments[0]))
        if function is zip and all(isinstance(one, tuple) for one in arguments):
            return tuple(zip(*arguments, strict=False))
        if known and (function in FOLDED or getattr(function, "__module__", "") == "math"):
            return function(*arguments, **names)
        if isinstance(function, (types.BuiltinFunctionType, type)) and getattr(function, "__module__", "") == "math":
            return self.by_math(function, arguments)
        handler = _handler(function)
        if handler is not None:
            return handler(self.b, *arguments, **names)
        inner = _inlined(function)
        self.b.approximate |= inner in linear.INLINED.values()
        if isinstance(inner, types.FunctionType):
            return self.inline(node, inner, arguments, names)
        raise Refuse(
            f"a call of {getattr(function, '__name__', describe(function))}",
            INSTEAD.get(getattr(function, "__name__", ""), "docs: the table of what is admissible, aot.table()"),
        )

    def by_math(self, function: Any, arguments: list[Value]) -> Value:
        name = MATH.get(function.__name__)
        if name is None:
            raise Refuse(f"math.{function.__name__}", "use NumPy's function")
        found = self.b.ufunc(name, *(self.b.cast(one, "float64") for one in arguments))
        return self.b.emit("cast", (found,), Tensor("float64", (), True), dtype="float64")

    def method(self, method: Method, arguments: list[Value], names: dict[str, Value]) -> Value:
        if method.name == "item":
            return elementwise.to_python(
                self.b, {"f": float, "c": complex, "b": bool}.get(method.owner.tensor.kind, int), method.owner
            )
        if method.name in ("conj", "conjugate"):
            return self.b.ufunc("conjugate", method.owner)
        if method.name == "fill":
            return self.b.store(method.owner, *arguments)
        return METHODS[method.name](self.b, method.owner, *arguments, **names)

    def inline(
        self, node: ast.Call, function: types.FunctionType, arguments: list[Value], names: dict[str, Value]
    ) -> Value:
        if self.depth >= DEPTH:
            raise Refuse(f"{function.__name__} calls itself, or calls go {DEPTH} deep", "write it as a loop")
        import inspect

        signature = inspect.signature(function)
        if any(one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD) for one in signature.parameters.values()):
            raise Refuse(f"{function.__name__} takes * or **", "name its parameters")
        bound = signature.bind(*arguments, **names)
        bound.apply_defaults()
        inner = Walker(self.b, function, self.captures, self.depth + 1)
        inner.names.update(bound.arguments)
        return inner.call()

    def binary(self, node: ast.BinOp) -> Value:
        left, right = self.value(node.left), self.value(node.right)
        self.at(node)
        return self.operate(node.op, left, right)

    def operate(self, op: ast.operator, left: Value, right: Value) -> Value:
        if not _has_node(left) and not _has_node(right):
            return FOLD[type(op)](left, right)
        if isinstance(op, ast.MatMult):
            return product.matmul(self.b, left, right)
        if isinstance(left, tuple) or isinstance(right, tuple):
            return FOLD[type(op)](left, right)
        left, right = self.b.lift(left), self.b.lift(right)
        if isinstance(op, ast.Pow):
            return transcendental.raise_to(self.b, left, right, pythons=True)
        name = BINARY[type(op)]
        if name in ("divide", "floor_divide", "remainder") and left.tensor.weak and right.tensor.weak:
            self.not_zero(right)
        found = self.b.ufunc(name, left, right, pythons=True)

        self.remember(name, left, right, found)
        return found

    def not_zero(self, right: Node) -> None:
        if right.op == "const" and right.attrs["value"]:
            return
        dim = self.b.known.get(right)
        if dim is not None and (self.b.facts.at_least(dim, 1) or self.b.facts.at_least(Dim() - dim, 1)):
            return
        self.b.trap(self.b.ufunc("not_equal", right, 0, pythons=True), ZeroDivisionError, "division by zero")

    def remember(self, name: str, left: Node, right: Node, found: Node) -> None:
        """Integers known as sizes stay so through sums, products and quotients."""
        if found.tensor.rank or found.tensor.kind not in "iu":
            return
        one, two = self.b.known.get(left), self.b.known.get(right)
        if one is None or two is None:
            return
        if name in ("add", "subtract", "multiply"):
            self.b.known[found] = one + two if name == "add" else one - two if name == "subtract" else one.times(two)
        elif name in ("floor_divide", "remainder") and self.b.facts.at_least(two, 1):
            self.b.known[found] = one.joined("//" if name == "floor_divide" else "%", two)

    def unary(self, node: ast.UnaryOp) -> Value:
        value = self.value(node.operand)
        if isinstance(node.op, ast.Not):
            if not isinstance(value, Node):
                return not value
            if value.tensor.rank:
                raise Refuse("the truth of an array", "use ~x, or np.logical_not(x)")
            return self.b.ufunc("invert", elementwise.truth(self.b, value), pythons=True)
        if not isinstance(value, Node):
            return FOLD[type(node.op)](value)
        found = self.b.ufunc(
            {ast.USub: "negative", ast.UAdd: "positive", ast.Invert: "invert"}[type(node.op)], value, pythons=True
        )
        if isinstance(node.op, ast.USub) and value in self.b.known:
            self.b.known[found] = Dim() - self.b.known[value]
        return found

    def compare(self, node: ast.Compare) -> Value:
        left = self.value(node.left)
        found: Value = None
        for op, part in zip(node.ops, node.comparators, strict=True):
            right = self.value(part)
            one = self.compare_two(op, left, right)
            found = one if found is None else self.both(found, one)
            left = right
        return found

    def compare_two(self, op: ast.cmpop, left: Value, right: Value) -> Value:
        if isinstance(op, (ast.Is, ast.IsNot)):
            if _has_node(left) or _has_node(right):
                same = False if left is None or right is None else left is right
            else:
                same = left is right
            return same if isinstance(op, ast.Is) else not same
        if not _has_node(left) and not _has_node(right):
            return FOLD[type(op)](left, right)
        if type(op) not in COMPARE:
            raise Refuse("in, of what is not known while compiling", "use np.any(x == y)")
        return self.b.ufunc(COMPARE[type(op)], left, right, pythons=True)

    def both(self, left: Value, right: Value) -> Value:
        if not isinstance(left, Node) or not isinstance(right, Node):
            return (right if left else False) if not isinstance(left, Node) else (left if right else False)
        return self.b.ufunc("bitwise_and", left, right, pythons=True)

    def boolean(self, node: ast.BoolOp) -> Value:
        """`and`, `or`: what stands right is computed only where it counts."""
        return self.chain(node, list(node.values))

    def chain(self, node: ast.BoolOp, values: list[ast.expr]) -> Value:
        left = self.value(values[0])
        if len(values) == 1:
            return left
        wants = isinstance(node.op, ast.And)
        if not isinstance(left, Node):
            return self.chain(node, values[1:]) if bool(left) == wants else left
        if left.tensor.rank:
            raise Refuse("and, or between arrays", "use & and |, or np.logical_and")
        test = elementwise.truth(self.b, left)
        yes: Callable[[], Value] = lambda: self.chain(node, values[1:])  # noqa: E731
        no: Callable[[], Value] = lambda: left  # noqa: E731
        return self.choose(test, *((yes, no) if wants else (no, yes)))

    def choice(self, node: ast.IfExp) -> Value:
        test = self.test(node.test)
        if not isinstance(test, Node):
            return self.value(node.body if test else node.orelse)
        return self.choose(test, lambda: self.value(node.body), lambda: self.value(node.orelse))

    def choose(self, test: Node, yes: Callable[[], Value], no: Callable[[], Value]) -> Value:
        sides = []
        for side in (yes, no):
            outer = self.b.open()
            found = side()
            sides.append((None, found, self.b.nodes))
            self.b.nodes = outer
        return self.joined(test, sides, [("", sides[0][1], sides[1][1])])[""]

    def subscript(self, node: ast.Subscript) -> Value:
        owner, key = self.value(node.value), self.key(node.slice)
        self.at(node)
        if owner is np.mgrid:
            return create.mgrid(self.b, key)
        if isinstance(owner, Node):
            return index.index(self.b, owner, key)
        if isinstance(owner, tuple) and not isinstance(key, Node):
            return owner[key]
        raise Refuse(f"an item of {describe(owner)}", "index arrays, or tuples by constants")

    def key(self, node: ast.expr) -> Value:
        if isinstance(node, ast.Slice):
            return slice(*(None if one is None else self.value(one) for one in (node.lower, node.upper, node.step)))
        if isinstance(node, ast.Tuple):
            return tuple(self.key(one) for one in node.elts)
        return self.value(node)

    def sequence(self, node: ast.Tuple | ast.List) -> Value:
        return tuple(self.value(one) for one in node.elts)

    def comprehension(self, node: ast.ListComp | ast.GeneratorExp) -> Value:
        if len(node.generators) != 1 or node.generators[0].ifs:
            raise Refuse("a comprehension with if, or over two", "write a loop")
        source = self.value(node.generators[0].iter)
        if not isinstance(source, (tuple, range)):
            raise Refuse("a comprehension over what is not known while compiling", "write a loop that fills an array")
        before, found = dict(self.names), []
        for one in source:
            self.bind(node.generators[0].target, one)
            found.append(self.value(node.elt))
        self.names = before
        return tuple(found)


@dataclass(frozen=True, slots=True)
class Fixed:
    """A value that both branches agree on while compiling."""

    value: Value


@dataclass(frozen=True, slots=True)
class Enumerated:
    node: Node


def _same(one: Value, two: Value) -> bool:
    if one is two:
        return True
    if isinstance(one, (Node, Unset)) or isinstance(two, (Node, Unset)) or type(one) is not type(two):
        return False
    if isinstance(one, tuple):
        return len(one) == len(two) and all(map(_same, one, two))
    return bool(one == two)


def _fits(have: Tensor, want: Tensor) -> bool:
    """Whether a scalar goes into another without loss of kind."""
    return (
        not have.rank
        and not want.rank
        and np.result_type(have.dtype, want.dtype).name == want.dtype
        and (have.weak or not want.weak)
    )


def _form(tree: Any) -> Any:
    return tuple(_form(one) for one in tree) if isinstance(tree, tuple) else 0


def _has_node(value: Value) -> bool:
    return isinstance(value, (Node, Range)) or (isinstance(value, tuple) and any(map(_has_node, value)))


def _inlined(function: Any) -> Any:
    """The Python function to walk for a call: of the author, of a compiled one, or ours for one of NumPy's."""
    try:
        return linear.INLINED.get(function) or getattr(function, "python", function)
    except TypeError:
        return function


def _handler(function: Any) -> Any:
    try:
        return FUNCTIONS.get(function)
    except TypeError:
        return None


def _outer_product(name: str) -> Any:
    return lambda b, x, y: product.each(b, name, x, y)


for _name in ("add", "subtract", "multiply", "divide", "maximum", "minimum", "power"):
    FUNCTIONS[getattr(np, _name).outer] = _outer_product(_name)
for _name in ("add", "multiply", "maximum", "minimum"):
    _target = {"add": np.sum, "multiply": np.prod, "maximum": np.max, "minimum": np.min}[_name]
    FUNCTIONS[getattr(np, _name).reduce] = lambda b, x, axis=0, _to=_target, **names: FUNCTIONS[_to](
        b, x, axis, **names
    )
FUNCTIONS[np.add.accumulate] = lambda b, x, axis=0: FUNCTIONS[np.cumsum](b, x, axis)
FUNCTIONS[np.multiply.accumulate] = lambda b, x, axis=0: FUNCTIONS[np.cumprod](b, x, axis)

FOLDED: set[Any] = {
    np.finfo,
    np.iinfo,
    np.dtype,
    int,
    float,
    complex,
    bool,
    abs,
    min,
    max,
    len,
    sum,
    round,
    tuple,
    divmod,
}
MATH = {
    "sqrt": "sqrt",
    "exp": "exp",
    "log": "log",
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "tanh": "tanh",
    "sinh": "sinh",
    "cosh": "cosh",
    "atan": "arctan",
    "asin": "arcsin",
    "acos": "arccos",
    "atan2": "arctan2",
    "fabs": "fabs",
    "hypot": "hypot",
    "pow": "power",
    "log1p": "log1p",
    "expm1": "expm1",
    "log2": "log2",
    "log10": "log10",
}
BINARY = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.FloorDiv: "floor_divide",
    ast.Mod: "remainder",
    ast.BitAnd: "bitwise_and",
    ast.BitOr: "bitwise_or",
    ast.BitXor: "bitwise_xor",
    ast.LShift: "left_shift",
    ast.RShift: "right_shift",
}
COMPARE = {
    ast.Eq: "equal",
    ast.NotEq: "not_equal",
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
}
FOLD: dict[type, Callable[..., Any]] = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b,
    ast.Mod: lambda a, b: a % b,
    ast.Pow: lambda a, b: a**b,
    ast.BitAnd: lambda a, b: a & b,
    ast.BitOr: lambda a, b: a | b,
    ast.BitXor: lambda a, b: a ^ b,
    ast.LShift: lambda a, b: a << b,
    ast.RShift: lambda a, b: a >> b,
    ast.MatMult: lambda a, b: a @ b,
    ast.USub: lambda a: -a,
    ast.UAdd: lambda a: +a,
    ast.Invert: lambda a: ~a,
    ast.Eq: lambda a, b: a == b,
    ast.NotEq: lambda a, b: a != b,
    ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b,
    ast.Gt: lambda a, b: a > b,
    ast.GtE: lambda a, b: a >= b,
    ast.In: lambda a, b: a in b,
    ast.NotIn: lambda a, b: a not in b,
}
INSTEAD = {
    "try": "let the caller catch it",
    "with": "open files outside, and pass arrays",
    "raise": "use assert, which becomes a check",
    "break": "put the test into a while",
    "continue": "put the rest into an if",
    "functiondef": "define the helper outside; it is inlined",
    "classdef": "pass arrays and numbers",
    "import": "import at the top of the file",
    "importfrom": "import at the top of the file",
    "lambda": "define the helper with def, outside",
    "joinedstr": "strings have no place here",
    "dict": "use tuples, or separate arguments",
    "set": "use an array",
    "print": "return the value, and print it outside",
    "open": "read the file outside, and pass an array",
    "eval": "write the expression itself",
    "exec": "write the statements themselves",
    "global": "return the value",
    "yield": "fill an array and return it",
    "await": "compiled functions do not wait",
    "sum": "use np.sum",
    "getattr": "write the name",
    "isinstance": "types are known while compiling; write one function for each",
}
STATEMENTS: dict[type, Callable[..., None]] = {
    ast.Assign: Walker.assign,
    ast.AnnAssign: Walker.annotated,
    ast.AugAssign: Walker.augmented,
    ast.Expr: Walker.expression,
    ast.Assert: Walker.asserted,
    ast.For: Walker.loop,
    ast.While: Walker.repeat,
    ast.Pass: Walker.skip,
    ast.Delete: Walker.skip,
}
EXPRESSIONS: dict[type, Callable[..., Value]] = {
    ast.Constant: Walker.constant,
    ast.Name: Walker.lookup,
    ast.Attribute: Walker.attribute,
    ast.Call: Walker.called,
    ast.BinOp: Walker.binary,
    ast.UnaryOp: Walker.unary,
    ast.Compare: Walker.compare,
    ast.BoolOp: Walker.boolean,
    ast.IfExp: Walker.choice,
    ast.Subscript: Walker.subscript,
    ast.Tuple: Walker.sequence,
    ast.List: Walker.sequence,
    ast.ListComp: Walker.comprehension,
    ast.GeneratorExp: Walker.comprehension,
}
