"""`for` and `while`: which names a turn hands to the next, and of which types they are."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from nozzle.aot.bounds import Turns
from nozzle.aot.build import Refuse, Value, describe
from nozzle.aot.frontend import binding, turns
from nozzle.aot.frontend.branches import as_type, blank, condition, meet
from nozzle.aot.frontend.jumps import RESULT, Until, unless
from nozzle.aot.frontend.values import Enumerated, Range, Unset, Zipped
from nozzle.aot.graph import Block, Node, walk
from nozzle.aot.names import assigned, read_first, reads
from nozzle.aot.ops import index
from nozzle.aot.sizes import Dim, Var
from nozzle.aot.types import Tensor

if TYPE_CHECKING:
    from nozzle.aot.frontend.walker import Walker


def loop(w: Walker, statement: ast.For) -> None:
    source = w.value(statement.iter)
    if isinstance(source, range):
        source = Range(source.start, source.stop, source.step)
    if isinstance(source, tuple):
        unrolled(w, statement, source)
        return
    if isinstance(source, Range):
        source = turns.pythons(w, source)
    if isinstance(source, Node) and source.tensor.rank:
        length = w.b.length(source, 0)
        counted(
            w, statement, Range(0, length, 1), lambda i: binding.bind(w, statement.target, index.index(w.b, source, i))
        )
    elif isinstance(source, Range) and isinstance(source.step, Node):
        many = turns.turns(w, source)
        begin = lambda i: binding.bind(w, statement.target, turns.at(w, source, i))  # noqa: E731
        counted(w, statement, Range(0, many, 1), begin)
    elif isinstance(source, Range):
        name = statement.target.id if isinstance(statement.target, ast.Name) else ""
        before = w.names.get(name)
        counted(w, statement, source, lambda i: binding.bind(w, statement.target, i))
        last = turns.ended(w, statement, source, before) if name and read_elsewhere(w, statement, name) else None
        if last is not None:
            w.names[name] = last
    elif isinstance(source, (Zipped, Enumerated)):
        many = turns.length(w, source)
        counted(w, statement, Range(0, many, 1), lambda i: binding.bind(w, statement.target, turns.each(w, source, i)))
    else:
        raise w.refuse(statement.iter, f"a loop over {describe(source)}", "loop over range(n), an array or a tuple")


def unrolled(w: Walker, statement: ast.For, values: tuple[Value, ...]) -> None:
    """Over what is known while compiling: the body once for each."""
    stop = statement.until if isinstance(statement, Until) else ""
    for one in values:
        stopped = w.names.get(stop, False)
        if stopped is True:
            return
        binding.bind(w, statement.target, one)
        w.statements([unless(statement, stop)] if isinstance(stopped, Node) else statement.body)
    if isinstance(w.names.get(stop), Node):
        for name in _names(statement.target):
            w.names[name] = Unset("the loop may have ended before")


def counted(w: Walker, statement: ast.For, over: Range, begin: Callable[[Node], None]) -> None:
    bounds = [turns.whole(w, one) for one in (over.start, over.stop)]
    low, high = w.b.dim(over.start), w.b.dim(over.stop)
    ends = (low, high - 1) if over.step > 0 else (high + 1, low)
    step = w.b.lift(over.step)

    def enter() -> list[Node]:
        i = w.b.param(Tensor("int64", (), True))
        w.b.known[i] = Dim.of(Var(i, *ends))
        begin(i)
        return [i]

    known = all(isinstance(one, int) for one in (over.start, over.stop))
    runs = known and len(range(over.start, over.stop, over.step)) > 0
    carry(w, statement, _names(statement.target), [*bounds, step], lambda: (enter(), None), "for", runs)


def _names(target: ast.expr) -> set[str]:
    return {name.id for name in ast.walk(target) if isinstance(name, ast.Name)}


def repeat(w: Walker, statement: ast.While) -> None:
    def enter() -> tuple[list[Node], Node]:
        return [], w.b.lift(condition(w, statement.test))

    known = not any(isinstance(w.names.get(name), Node) for name in reads(statement.test))
    carry(w, statement, set(), [], enter, "while", known and w.value(statement.test) is True)


def carry(
    w: Walker,
    statement: ast.For | ast.While,
    targets: set[str],
    inputs: list[Node],
    enter: Callable[[], Any],
    op: str,
    runs: bool,
) -> None:
    """A loop: the names that one turn hands to the next become its carried values; `runs`: it has a first turn."""
    changed = assigned(statement.body, lambda name: is_array(w, name)) | targets
    stop = statement.until if isinstance(statement, Until) else ""
    kept = [
        name
        for name in sorted(changed - targets)
        if name in w.names
        and not isinstance(w.names[name], (Unset, type(None)))
        and (
            name in (stop, RESULT)
            or read_first(statement.body, name)
            or (isinstance(statement, ast.While) and name in reads(statement.test))
            or read_elsewhere(w, statement, name)
        )
    ]
    first: list[Node] = []
    trees = {name: flat(w, name, w.names[name], first) for name in kept}
    before = dict(w.names)
    made = [RESULT] if RESULT in changed and RESULT not in w.names else []
    if runs:
        free = (name for name in sorted(changed - targets) if isinstance(w.names.get(name, Unset("")), Unset))
        made += [name for name in free if name != RESULT and read_elsewhere(w, statement, name)]
    if made:  # a first turn says of which type it is
        turn(w, statement, trees, [node.tensor for node in first], before, enter, op)
        ended, w.names = w.names, before
        values = {name: blank(w, ended[name]) for name in made if name == RESULT or _is_told(ended.get(name))}
        before = before | values
        for name, value in values.items():
            if value is not None:
                kept.append(name)
                trees[name] = flat(w, name, value, first)
    for _ in range(4):
        turned = turn(w, statement, trees, [node.tensor for node in first], before, enter, op)
        wider = [
            meet(w, "a name in a loop", node.tensor, new.tensor) for node, new in zip(first, turned[-1], strict=True)
        ]
        if [type.dtype for type in wider] == [n.tensor.dtype for n in first] and all(
            type.weak == n.tensor.weak or type.rank for type, n in zip(wider, first, strict=True)
        ):
            break
        first = [as_type(w, node, type) for node, type in zip(first, wider, strict=True)]
    learnt = Turns(w.b.bounds, _carried(turned[0]), first, turned[-1], inputs)
    if _tests_ints(turned[0]) and learnt.learn():
        turned = turn(w, statement, trees, [node.tensor for node in first], before, enter, op, learnt)
    blocks = turned[0]
    node = w.b.emit(op, (*inputs, *first), None, blocks, **({"until": trees[stop]} if stop else {}))
    w.names = before
    places = [w.b.emit("result", (node,), one.tensor, at=at) for at, one in enumerate(first)]
    if learnt.spans:
        learnt.say(places)
    for name in kept:
        w.names[name] = grown(w, trees[name], places)
    for name in changed - set(kept):
        if name != RESULT:
            w.names[name] = Unset("it is set in a loop, which may not run")


def turn(
    w: Walker,
    statement: ast.For | ast.While,
    trees: Mapping[str, Any],
    types: Sequence[Tensor],
    before: dict[str, Value],
    enter: Callable[[], Any],
    op: str,
    learnt: Turns | None = None,
) -> tuple[list[Block], list[Node]]:
    """Walk the body once with carried values of these types, and bounds where they are known."""
    blocks = []
    w.names = dict(before)
    if op == "while":
        params = carried(w, trees, types, learnt)
        outer = w.b.open()
        _, test = enter()
        blocks.append(w.b.close(outer, params, [test]))
        w.names = dict(before)
    params = carried(w, trees, types, learnt)
    outer = w.b.open()
    own = enter()[0] if op == "for" else []
    w.loops.append(statement)
    w.statements(statement.body)
    w.loops.pop()
    found: list[Node] = []
    for name, tree in trees.items():
        if isinstance(w.names[name], Unset):
            raise Refuse(f"{name} may have no value at the end of a turn of the loop")
        if _form(flat(w, name, w.names[name], found)) != _form(tree):
            raise Refuse(f"{name} changes its form in a loop", "use another name")
    fitting = [
        as_type(w, node, Tensor(type.dtype, node.tensor.shape, type.weak)) if _fits(node.tensor, type) else node
        for node, type in zip(found, types, strict=True)
    ]
    blocks.append(w.b.close(outer, [*own, *params], fitting))
    return blocks, fitting


def _carried(blocks: Sequence[Block]) -> list[Node]:
    """The parameters of the body that are carried."""
    return [one for one in blocks[-1].params if "carried" in one.attrs]


def _tests_ints(blocks: Sequence[Block]) -> bool:
    """Whether there are tests that bounds may prove."""
    return any(one.op == "fits" for block in blocks for one in walk(block))


def carried(w: Walker, trees: Mapping[str, Any], types: Sequence[Tensor], learnt: Turns | None) -> list[Node]:
    params = [Node("param", (), type, {"carried": True}, w.b.loc) for type in types]
    if learnt is not None:
        learnt.say(params)
    for name, tree in trees.items():
        w.names[name] = grown(w, tree, params)
    return params


def _is_told(value: Value) -> bool:
    """Whether a turn of a loop surely sets a value, of a size that is known before."""
    if isinstance(value, tuple):
        return all(map(_is_told, value))
    if isinstance(value, Node):
        return value.type is not None and all(dim.at_entry for dim in value.tensor.shape)
    return isinstance(value, (bool, int, float, complex, np.generic))


def flat(w: Walker, name: str, value: Value, into: list[Node]) -> Any:
    if isinstance(value, tuple):
        return type(value)(flat(w, name, one, into) for one in value)
    if not isinstance(value, (Node, bool, int, float, complex, np.generic)):
        raise Refuse(f"{name} is {describe(value)} and changes in a loop")
    into.append(w.b.lift(value))
    return len(into) - 1


def grown(w: Walker, tree: Any, nodes: Sequence[Node]) -> Value:
    return type(tree)(grown(w, one, nodes) for one in tree) if isinstance(tree, tuple) else nodes[tree]


def is_array(w: Walker, name: str) -> bool:
    value = w.names.get(name)
    return isinstance(value, Node) and value.type is not None and value.tensor.rank > 0


def read_elsewhere(w: Walker, statement: ast.AST, name: str) -> bool:
    """Whether the function reads a name outside this loop and behind its beginning, or in a loop around it."""
    inside = {id(node) for node in ast.walk(statement)}
    around = len(w.loops) > 1
    return any(
        isinstance(node, ast.Name)
        and node.id == name
        and isinstance(node.ctx, ast.Load)
        and id(node) not in inside
        and (around or node.lineno >= getattr(statement, "lineno", 0))
        for node in ast.walk(w.source.tree)
    )


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
