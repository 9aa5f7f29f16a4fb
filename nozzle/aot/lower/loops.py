"""Loops over indices, with and without a value that they carry."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from nozzle.aot.lower.function import Function
from nozzle.aot.lower.text import register


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
        name = f.t.name()
        f.t.add(f"scf.for {name} = {zero} to {size} step {one} {{")
        f.t.depth += 1
        index.append(name)
    yield index
    for at in index:
        if at != zero:
            f.t.depth -= 1
            f.t.add("}")
    f.memo = before


def fold(f: Function, sizes: Sequence[str], first: str, dtype: str, step: Callable[[list[str], str], str]) -> str:
    """Loops that carry one value: `step` makes the next of the indices and the last."""
    zero, one = f.t.index(0), f.t.index(1)
    type = register(dtype)
    index: list[str] = []
    carried, results = first, []
    before = f.memo
    f.memo = {}
    for size in sizes:
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
