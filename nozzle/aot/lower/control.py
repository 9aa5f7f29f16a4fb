"""`for`, `while` and `if` to scf: scalars are carried in registers, arrays in memory of their own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from nozzle.aot.graph import Block, Node, root
from nozzle.aot.lower.frame import Buffer
from nozzle.aot.lower.function import Function, tests
from nozzle.aot.lower.text import register


def _split(nodes: Sequence[Node]) -> tuple[list[int], list[int]]:
    """Which of them are scalars, which arrays."""
    scalars = [at for at, node in enumerate(nodes) if not node.tensor.rank]
    return scalars, [at for at in range(len(nodes)) if at not in scalars]


def _enter(f: Function, params: Sequence[Node], first: Sequence[Node]) -> None:
    """Bring the first value of every carried array to its own memory."""
    for param, value in zip(params, first, strict=True):
        if param.tensor.rank:
            _move(f, value, f.buffer(param))


def _move(f: Function, value: Node, target: Buffer) -> None:
    from nozzle.aot.lower.loops import nest

    with nest(f, [f.dim(dim) for dim in value.tensor.shape]) as index:
        f.save(f.element(value, tuple(index)), target, index)


def _turn(f: Function, params: Sequence[Node], results: Sequence[Node]) -> None:
    """Hand what a turn of the loop made to the next; by way of other memory where one is read for another."""
    pairs = [(p, r) for p, r in zip(params, results, strict=True) if p.tensor.rank and p is not r]
    crossing = {root(r) for _, r in pairs} & set(params)
    moved: list[tuple[Node, Buffer, Buffer]] = []
    for param, result in pairs:
        if root(result) in crossing:
            between = Node("copy", (result,), result.type)
            _move(f, result, f.buffer(between))
            moved.append((result, f.buffers[between], f.buffer(param)))
    for param, result in pairs:
        if root(result) not in crossing:
            _move(f, result, f.buffer(param))
    for result, source, target in moved:
        f.copy(source, target, result.tensor)


def _for(f: Function, node: Node) -> None:
    start, stop, step, *first = node.inputs
    body = node.blocks[0]
    i, *params = body.params
    _enter(f, params, first)
    scalars, _ = _split(params)
    by = step.attrs["value"]
    low, high = f.as_index(start), f.as_index(stop)
    if by != 1:
        gap = f.t.set(f"arith.subi {high}, {low} : index" if by > 0 else f"arith.subi {low}, {high} : index")
        size = f.t.index(abs(by))
        more = f.t.set(f"arith.addi {gap}, {f.t.index(abs(by) - 1)} : index")
        begin, end = f.t.index(0), f.t.set(f"arith.floordivsi {more}, {size} : index")
    else:
        begin, end = low, high
    names = [f.t.name() for _ in scalars]
    dtypes = [params[at].tensor.dtype for at in scalars]
    types = list(map(register, dtypes))

    def whole(turn: str) -> list[str]:
        at = turn
        if by != 1:
            moved = f.t.set(f"arith.muli {turn}, {f.t.index(by)} : index")
            at = f.t.set(f"arith.addi {moved}, {low} : index")
        f.scalars[i] = f.t.set(f"arith.index_cast {at} : index to i64")
        f.scalars.update({params[k]: name for k, name in zip(scalars, names, strict=True)})
        return f.body(body.nodes, dtypes, lambda: _handed(f, params, body.results, scalars))

    if "until" in node.attrs:
        over = _Scalars([f.scalar(first[at]) for at in scalars], types, names)
        found = _until(f, (begin, end), over, scalars.index(node.attrs["until"]), whole)
        _leave(f, node, params, scalars, found)
        return
    turn, found = f.t.name(), f.t.name()
    carried = ", ".join(f"{name} = {f.scalar(first[at])}" for name, at in zip(names, scalars, strict=True))
    head = f"scf.for {turn} = {begin} to {end} step {f.t.index(1)}"
    if scalars:
        head = f"{found}:{len(scalars)} = {head} iter_args({carried}) -> ({', '.join(types)})"
    with f.t.block(head + " {"):
        results = f.under(f.well(), dtypes, lambda: whole(turn), otherwise=names) if tests(node) else whole(turn)
        if scalars:
            f.t.add(f"scf.yield {', '.join(results)} : {', '.join(types)}")
    _leave(f, node, params, scalars, found)


@dataclass(frozen=True, slots=True)
class _Scalars:
    """What a loop carries in registers: the first values, their types, and their names in the body."""

    first: Sequence[str]
    types: Sequence[str]
    names: Sequence[str]


def _until(f: Function, bounds: tuple[str, str], over: _Scalars, stop: int, whole: Callable[[str], list[str]]) -> str:
    """A counted loop that ends when its carried flag is set; the name of what it carried last."""
    t, types = f.t, over.types
    all_types = ", ".join([*types, "index"])
    before, at, turn, found = [t.name() for _ in types], t.name(), t.name(), t.name()
    pairs = zip([*before, at], [*over.first, bounds[0]], strict=True)
    given = ", ".join(f"{name} = {value}" for name, value in pairs)
    t.add(f"{found}:{len(types) + 1} = scf.while ({given}) : ({all_types}) -> ({all_types}) {{")
    t.depth += 1
    more = t.set(f"arith.cmpi slt, {at}, {bounds[1]} : index")
    on = t.set(f"arith.xori {before[stop]}, {t.raw('true', 'i1')} : i1")
    good = t.set(f"arith.andi {t.set(f'arith.andi {more}, {on} : i1')}, {f.well()} : i1")
    t.add(f"scf.condition({good}) {', '.join([*before, at])} : {all_types}")
    t.depth -= 1
    t.add("} do {")
    t.depth += 1
    pairs = zip([*over.names, turn], [*types, "index"], strict=True)
    t.add(f"^bb0({', '.join(f'{name}: {type}' for name, type in pairs)}):")
    results = whole(turn)
    t.add(f"scf.yield {', '.join([*results, t.set(f'arith.addi {turn}, {t.index(1)} : index')])} : {all_types}")
    t.depth -= 1
    t.add("}")
    return found


def _handed(f: Function, params: Sequence[Node], results: Sequence[Node], scalars: Sequence[int]) -> list[str]:
    """What a turn gives the next."""
    _turn(f, params, results)
    return [f.scalar(results[k]) for k in scalars]


def _leave(f: Function, node: Node, params: Sequence[Node], scalars: list[int], found: str) -> None:
    results: list[str | Buffer] = []
    for at, param in enumerate(params):
        if at in scalars:
            results.append(f"{found}#{scalars.index(at)}")
        else:
            results.append(f.buffer(param))
    f.results[node] = results


def _while(f: Function, node: Node) -> None:
    test, body = node.blocks
    first = node.inputs
    _enter(f, body.params, first)
    for one, two in zip(test.params, body.params, strict=True):
        if one.tensor.rank:
            f.buffers[one] = f.buffer(two)
    scalars, _ = _split(body.params)
    types = ", ".join(register(body.params[at].tensor.dtype) for at in scalars)
    found = f.t.name()
    before, after = [f.t.name() for _ in scalars], [f.t.name() for _ in scalars]
    args = ", ".join(f"{name} = {f.scalar(first[at])}" for name, at in zip(before, scalars, strict=True))
    head = f"scf.while ({args}) : ({types}) -> ({types}) {{" if scalars else "scf.while : () -> () {"
    if scalars:
        head = f"{found}:{len(scalars)} = {head}"
    f.t.add(head)
    f.t.depth += 1
    f.scalars.update({test.params[k]: name for k, name in zip(scalars, before, strict=True)})

    def asked() -> list[str]:
        return f.body(test.nodes, ["bool"], lambda: [f.scalar(test.results[0])])

    (good,) = f.under(f.well(), ["bool"], asked) if tests(node) else asked()
    f.t.add(f"scf.condition({good})" + (f" {', '.join(before)} : {types}" if scalars else ""))
    f.t.depth -= 1
    f.t.add("} do {")
    f.t.depth += 1
    if scalars:
        pairs = ", ".join(
            f"{name}: {register(body.params[at].tensor.dtype)}" for name, at in zip(after, scalars, strict=True)
        )
        f.t.add(f"^bb0({pairs}):")
    f.scalars.update({body.params[k]: name for k, name in zip(scalars, after, strict=True)})
    dtypes = [body.params[at].tensor.dtype for at in scalars]
    yielded = f.body(body.nodes, dtypes, lambda: _handed(f, body.params, body.results, scalars))
    f.t.add(f"scf.yield {', '.join(yielded)} : {types}" if scalars else "scf.yield")
    f.t.depth -= 1
    f.t.add("}")
    _leave(f, node, body.params, scalars, found)


def _if(f: Function, node: Node) -> None:
    sides = node.blocks
    scalars, arrays = _split(sides[0].results)
    types = [register(sides[0].results[at].tensor.dtype) for at in scalars]
    targets = {at: f.buffer(Node("copy", (), sides[0].results[at].type)) for at in arrays}
    found = f.t.name()
    test = f.scalar(node.inputs[0])
    head = f"scf.if {test} -> ({', '.join(types)}) {{" if scalars else f"scf.if {test} {{"
    f.t.add(f"{found}:{len(scalars)} = {head}" if scalars else head)
    for side, block in enumerate(sides):
        f.t.depth += 1
        _side(f, block, scalars, targets, types)
        f.t.depth -= 1
        f.t.add("} else {" if side == 0 else "}")
    f.results[node] = [
        targets[at] if at in targets else f"{found}#{scalars.index(at)}" for at in range(len(sides[0].results))
    ]


def _side(f: Function, block: Block, scalars: list[int], targets: dict[int, Buffer], types: list[str]) -> None:
    def given() -> list[str]:
        for at, target in targets.items():
            _move(f, block.results[at], target)
        return [f.scalar(block.results[at]) for at in scalars]

    found = f.body(block.nodes, [block.results[at].tensor.dtype for at in scalars], given)
    if scalars:
        f.t.add(f"scf.yield {', '.join(found)} : {', '.join(types)}")


LOWER: dict[str, Callable[[Function, Node], None]] = {"for": _for, "while": _while, "if": _if}
