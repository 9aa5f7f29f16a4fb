"""What a graph means: each node done by NumPy, one after the other. The oracle of the compiler."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from nozzle.aot.graph import Block, Boxed, Graph, Listed, Node
from nozzle.aot.ops import OPS
from nozzle.aot.ops.index import chosen
from nozzle.aot.sizes import JOIN, Atom, Dim, Mixed, Size
from nozzle.aot.types import Tensor

PYTHON: dict[str, type] = {"b": bool, "i": int, "u": int, "f": float, "c": complex}


class Left(Exception):
    """What a graph cannot say, and the Python that it came from can."""


def interpret(graph: Graph, arguments: Sequence[Any]) -> Any:
    """The results of a graph for these arguments; arrays among them are written to where the graph stores."""
    run = Run(dict(zip(graph.inputs, arguments, strict=True)), sizes_of(graph.inputs, arguments))
    with np.errstate(all="ignore"):
        results = run.block(graph.block)
    return put_together(graph.shape, results)


def put_together(shape: Any, results: Sequence[Any]) -> Any:
    if isinstance(shape, tuple):
        parts = (put_together(one, results) for one in shape)
        return list(parts) if isinstance(shape, Listed) else tuple(parts)
    found = None if shape is None else results[shape]
    return np.asarray(found) if isinstance(shape, Boxed) and isinstance(found, np.generic) else found


def sizes_of(inputs: Sequence[Node], arguments: Sequence[Any]) -> dict[str, int]:
    """The lengths and integers that a call brings, by name."""
    sizes = {}
    for node, value in zip(inputs, arguments, strict=True):
        if node.tensor.rank:
            sizes.update({f"{node.attrs['name']}.{at}": length for at, length in enumerate(value.shape)})
        elif node.tensor.kind in "iu":
            sizes[str(node.attrs["name"])] = int(value)
    return sizes


class Run:
    """The values of the nodes computed so far."""

    def __init__(self, values: dict[Node, Any], sizes: dict[str, int]) -> None:
        self.values, self.sizes = values, sizes

    def block(self, block: Block) -> list[Any]:
        for node in block.nodes:
            self.node(node)
            if "origin" in node.attrs:
                self.values[node.attrs["origin"]] = self.values[node]
        return [self.values[one] for one in block.results]

    def node(self, node: Node) -> None:
        special = SPECIAL.get(node.op)
        if special is not None:
            special(self, node)
            return
        inputs = [self.values[one] for one in node.inputs]
        attrs = {key: self.sized(value) for key, value in node.attrs.items() if key != "name"}
        if node.op == "empty":
            attrs["dtype"] = node.tensor.dtype
        self.values[node] = shaped(OPS[node.op].run(*inputs, **attrs), node.tensor)

    def sized(self, value: Any) -> Any:
        """With the numbers that sizes have in this call."""
        if isinstance(value, Dim):
            return self.size(value)
        if isinstance(value, tuple):
            return tuple(self.sized(one) for one in value)
        return value

    def size(self, dim: Dim) -> int:
        return dim.const + sum(factor * self.atom(atom) for atom, factor in dim.terms)

    def atom(self, atom: Atom) -> int:
        if isinstance(atom, Size):
            return self.sizes[atom.name]
        if isinstance(atom, Mixed):
            return JOIN[atom.op](self.size(atom.left), self.size(atom.right))
        return int(self.values[atom.node])


def shaped(value: Any, type: Tensor) -> Any:
    """As its type says: a Python number, a NumPy scalar, or an array."""
    if type.weak:
        return PYTHON[type.kind](value)
    return np.asarray(value)[()] if type.rank == 0 else value


def _const(run: Run, node: Node) -> None:
    run.values[node] = node.attrs["value"]


def _size(run: Run, node: Node) -> None:
    run.values[node] = run.size(node.attrs["of"])


def _store(run: Run, node: Node) -> None:
    target, value = node.inputs
    if target.op == "slice":  # of rank 0 it is no view in NumPy
        inputs = tuple(run.values[one] for one in target.inputs)
        inputs[0][chosen(target.attrs["key"], inputs)] = run.values[value]
    else:
        run.values[target][...] = run.values[value]


def _scatter(run: Run, node: Node) -> None:
    target, mask, value = (run.values[one] for one in node.inputs)
    target[mask] = value


def _put(run: Run, node: Node) -> None:
    target, *indices, value = (run.values[one] for one in node.inputs)
    target[(slice(None),) * node.attrs["axis"] + tuple(indices)] = value


def _check(run: Run, node: Node) -> None:
    if not run.values[node.inputs[0]]:
        if "python" in node.attrs:
            raise Left(f"{node.attrs['message']} ({node.loc})")
        raise node.attrs["kind"](f"{node.attrs['message']} ({node.loc})")


def _for(run: Run, node: Node) -> None:
    start, stop, step, *carried = (run.values[one] for one in node.inputs)
    body = node.blocks[0]
    for at in range(start, stop, step):
        run.values.update(zip(body.params, (at, *carried), strict=True))
        carried = run.block(body)
        if "until" in node.attrs and carried[node.attrs["until"]]:
            break
    run.values[node] = carried


def _while(run: Run, node: Node) -> None:
    test, body = node.blocks
    carried = [run.values[one] for one in node.inputs]
    while True:
        run.values.update(zip(test.params, carried, strict=True))
        if not run.block(test)[0]:
            break
        run.values.update(zip(body.params, carried, strict=True))
        carried = run.block(body)
    run.values[node] = carried


def _if(run: Run, node: Node) -> None:
    run.values[node] = run.block(node.blocks[0 if run.values[node.inputs[0]] else 1])


def _result(run: Run, node: Node) -> None:
    run.values[node] = run.values[node.inputs[0]][node.attrs["at"]]


def _fused(run: Run, node: Node) -> None:
    run.values[node] = run.block(node.blocks[0])


SPECIAL: dict[str, Callable[[Run, Node], None]] = {
    "const": _const,
    "size": _size,
    "store": _store,
    "scatter": _scatter,
    "put": _put,
    "check": _check,
    "for": _for,
    "while": _while,
    "if": _if,
    "result": _result,
    "fused": _fused,
}
