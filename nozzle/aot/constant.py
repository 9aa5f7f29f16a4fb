"""What depends on arguments that do not change, computed once for their arrays, and kept as long as these live.

Which arguments these are is a promise of whoever compiles; an array is known by its identity. The promise is kept an
eye on: at the first call with an array, the second, the fourth and so on, the whole of it is compared with what it was.
"""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from nozzle.aot.graph import Block, Graph, Node, root, stored, walk
from nozzle.aot.interpret import Run, sizes_of
from nozzle.aot.passes.rewrite import swapped
from nozzle.aot.sizes import Dim, Facts, Mixed, Size
from nozzle.aot.source import NotAdmissible


@dataclass(slots=True)
class _Entry:
    arrays: tuple[weakref.ref[Any], ...]
    values: tuple[Any, ...]
    digests: tuple[bytes, ...]
    calls: int = 1


class Kept:
    """A graph without what rests on its constants alone, and the values of that."""

    def __init__(self, graph: Graph, ahead: Block) -> None:
        self.graph = graph
        """Its last inputs are what is kept."""
        self.ahead = ahead
        """What gives them, of the constants."""
        self.inputs = graph.inputs[: len(graph.inputs) - len(ahead.results)]
        self.at = tuple(graph.inputs.index(node) for node in ahead.params)
        self.names = tuple(str(node.attrs["name"]) for node in ahead.params)
        self._entries: dict[Any, _Entry] = {}

    def with_values(self, inputs: Sequence[Any]) -> list[Any]:
        """The inputs of the graph; ValueError where an array has changed after all."""
        arrays = [inputs[at] for at in self.at]
        key = tuple((id(one), one.shape) for one in arrays)
        found = self._entries.get(key)
        if found is None or any(ref() is not one for ref, one in zip(found.arrays, arrays, strict=True)):
            found = self._entries[key] = self._made(key, arrays, sizes_of(self.inputs, inputs))
            return [*inputs, *found.values]
        found.calls += 1
        if not found.calls & (found.calls - 1):
            self._look(key, found, arrays)
        return [*inputs, *found.values]

    def _made(self, key: Any, arrays: Sequence[Any], sizes: dict[str, int]) -> _Entry:
        refs = tuple(weakref.ref(one, lambda _: self._entries.pop(key, None)) for one in arrays)
        run = Run(dict(zip(self.ahead.params, arrays, strict=True)), sizes)
        with np.errstate(all="ignore"):
            values = tuple(map(np.ascontiguousarray, run.block(self.ahead)))
        return _Entry(refs, values, tuple(map(_digest, arrays)))

    def _look(self, key: Any, entry: _Entry, arrays: Sequence[Any]) -> None:
        for name, one, digest in zip(self.names, arrays, entry.digests, strict=True):
            if _digest(one) != digest:
                del self._entries[key]
                raise ValueError(
                    f"the argument {name} was said to be constant, and changed: what {self.graph.name} answered since "
                    "may be of its old values; bring new values in a new array"
                )


def _digest(array: Any) -> bytes:
    return hashlib.blake2b(np.ascontiguousarray(array).view("u1").data if array.size else b"", digest_size=16).digest()


def kept(graph: Graph, names: Collection[str]) -> Kept | None:
    """What can be computed ahead of calls; None where that is nothing. NotAdmissible where a constant is written to."""
    constants = [node for node in graph.inputs if node.attrs["name"] in names and node.tensor.rank]
    written = stored(graph.block.nodes)
    for node in constants:
        if node in written:
            raise NotAdmissible(node.loc, f"{node.attrs['name']} is said to be constant, and is written to", "copy it")
    still = _still(graph, constants, written)
    front = _front(graph, still)
    if not front:
        return None
    own = {
        node: Node("param", (), node.tensor, {"name": f"kept{at}", "dense": True}, node.loc)
        for at, node in enumerate(front)
    }
    rest = [node for node in graph.block.nodes if node not in own]
    whole = [node for node in rest if node not in still or (not node.tensor.rank and node.tensor.kind in "iub")]
    body = Block((*graph.inputs, *own.values()), _needed(rest, (*whole, *graph.outputs)), graph.outputs)
    ahead = Block(tuple(constants), _needed([node for node in graph.block.nodes if node in still], front), tuple(front))
    return Kept(swapped(replace(graph, block=body), own), ahead)


def _still(graph: Graph, constants: Sequence[Node], written: Collection[Node]) -> set[Node]:
    """The nodes that rest on constants alone, their sizes too."""
    facts = Facts.of(graph.guards)
    own = {facts.plain(dim) for node in constants for dim in node.tensor.shape}

    def sized(dim: Dim) -> bool:
        atoms = facts.plain(dim).atoms()
        return all(isinstance(one, Mixed) or (isinstance(one, Size) and Dim.of(one) in own) for one in atoms)

    found: set[Node] = set()
    for node in graph.block.nodes:
        if node.blocks or node.type is None or node.op == "result" or root(node) in written:
            continue
        dims = (*node.tensor.shape, *([node.attrs["of"]] if node.op == "size" else []))
        if all(one in found or one in constants for one in node.inputs) and all(map(sized, dims)):
            found.add(node)
    return found


def _front(graph: Graph, still: Collection[Node]) -> list[Node]:
    """The arrays among them that all else uses; neither what is quickly made, nor what is given back."""
    used = {root(one) for node in walk(graph.block) if node not in still for one in node.inputs}
    given = set(map(root, graph.outputs))
    return [
        node
        for node in graph.block.nodes
        if node in still and node in used and node not in given and node.tensor.rank
        if node.op not in ("full", "iota", "empty")
    ]


def _needed(nodes: Sequence[Node], wanted: Iterable[Node]) -> tuple[Node, ...]:
    """Those of some nodes that others, which are wanted, rest on."""
    found = set(wanted)
    for node in reversed(nodes):
        if node in found:
            found.update(node.inputs)
            found.update(one for block in node.blocks for inner in walk(block) for one in inner.inputs)
            found.update(one for block in node.blocks for one in block.results)
    return tuple(node for node in nodes if node in found)
