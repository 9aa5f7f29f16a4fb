"""What stands left of `=`: names, tuples of them, items and slices of arrays."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING

from nozzle.aot.build import Listed, Refuse, Value, describe
from nozzle.aot.frontend.values import ONCE, is_once
from nozzle.aot.graph import Node
from nozzle.aot.ops import index
from nozzle.aot.sizes import Dim

if TYPE_CHECKING:
    from nozzle.aot.frontend.walker import Walker


def bind(w: Walker, target: ast.expr, value: Value) -> None:
    if isinstance(target, ast.Name):
        if is_once(value):
            raise w.refuse(target, "zip or enumerate gets a name", ONCE)
        w.names[target.id] = value
    elif isinstance(target, (ast.Tuple, ast.List)):
        starred = [at for at, one in enumerate(target.elts) if isinstance(one, ast.Starred)]
        parts = gathered(w, target, value, *starred) if starred else unpack(w, value, len(target.elts))
        for one, part in zip(target.elts, parts, strict=True):
            bind(w, one.value if isinstance(one, ast.Starred) else one, part)
    elif isinstance(target, ast.Subscript):
        owner = w.value(target.value)
        if not isinstance(owner, Node):
            raise w.refuse(target, "an item of what is no array is set", "build a new tuple")
        index.assign(w.b, owner, key(w, target.slice), value)
    else:
        if isinstance(target, ast.Attribute) and target.attr == "shape":
            raise w.refuse(target, "the shape of an array is set in place", "x = x.reshape(...)")
        raise w.refuse(target, "an attribute is set", "use a variable, or write to a slice: x[:] = ...")


def gathered(w: Walker, target: ast.Tuple | ast.List, value: Value, star: int) -> Sequence[Value]:
    """A tuple for names of which the one at `star` takes what the others leave."""
    behind = len(target.elts) - star - 1
    if not isinstance(value, tuple):
        raise w.refuse(target, "an array goes into a name with *", "slice it: a, b = x[0], x[1:]")
    if len(value) < len(target.elts) - 1:
        raise ValueError(f"not enough values to unpack (expected at least {len(target.elts) - 1}, got {len(value)})")
    return *value[:star], Listed(value[star : len(value) - behind]), *value[len(value) - behind :]


def unpack(w: Walker, value: Value, many: int) -> Sequence[Value]:
    if isinstance(value, Node) and value.tensor.rank:
        length = value.tensor.shape[0]
        w.b.same(length, Dim.of(many), "not the number of values to unpack")
        return [index.index(w.b, value, at) for at in range(many)]
    if not isinstance(value, tuple) or len(value) != many:
        raise Refuse(f"{describe(value)} is unpacked into {many} names")
    return value


def key(w: Walker, node: ast.expr) -> Value:
    if isinstance(node, ast.Slice):
        return slice(*(None if one is None else w.value(one) for one in (node.lower, node.upper, node.step)))
    if isinstance(node, ast.Tuple):
        return tuple(key(w, one) for one in node.elts)
    return w.value(node)
