"""Names and attributes: of the function, of what is around it, of arrays."""

from __future__ import annotations

import ast
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from nozzle.aot.build import Refuse, Value, describe
from nozzle.aot.frontend.values import Capture, Method, Unset, outer
from nozzle.aot.graph import Node
from nozzle.aot.names import bound
from nozzle.aot.ops import METHODS, create, elementwise, shape

if TYPE_CHECKING:
    from nozzle.aot.frontend.walker import Walker


def lookup(w: Walker, node: ast.Name) -> Value:
    name = node.id
    if name in w.names:
        value = w.names[name]
        if isinstance(value, Unset):
            raise w.refuse(node, f"{name} may have no value here: {value.why}", f"give {name} a value before")
        return value
    if name in bound(w.source.tree.body):
        raise w.refuse(node, f"{name} has no value yet", f"give {name} a value first")
    return outside(w, node, name)


def outside(w: Walker, node: ast.AST, name: str) -> Value:
    function = w.function
    cells = dict(zip(function.__code__.co_freevars, function.__closure__ or (), strict=True))
    scope: Any = cells.get(name, function.__globals__)
    if name not in cells and name not in function.__globals__:
        builtins = function.__globals__.get("__builtins__", {})
        scope = builtins if isinstance(builtins, dict) else vars(builtins)
        if name not in scope:
            raise w.refuse(node, f"the name {name} is not defined", "define it before the call, or pass it")
        w.captures.append(Capture.of(function.__globals__, name, None))  # no name of the file hides it
    return captured(w, node, scope, name)


def captured(w: Walker, node: ast.AST, scope: Any, name: str) -> Value:
    value = outer(scope, name)
    if isinstance(value, np.ndarray):
        raise w.refuse(node, f"{name} is an array from outside the function", f"pass {name} as an argument")
    if isinstance(value, list):
        raise w.refuse(node, f"{name} is a list from outside the function", "make it a tuple, or pass an array")
    w.captures.append(Capture.of(scope, name, value))
    return value


def attribute(w: Walker, node: ast.Attribute) -> Value:
    owner = create.together(w.b, w.value(node.value))
    if isinstance(owner, Node):
        return of_array(w, owner, node.attr)
    if isinstance(owner, types.ModuleType):
        if not hasattr(owner, node.attr):
            raise Refuse(f"the module {owner.__name__} has no {node.attr}")
        if owner.__name__.split(".")[0] in ("numpy", "math"):
            return getattr(owner, node.attr)
        return captured(w, node, owner, node.attr)
    if isinstance(owner, (np.dtype, np.finfo, np.iinfo, np.ufunc, np.generic)):
        return getattr(owner, node.attr)
    if isinstance(owner, tuple):
        what = f".{node.attr} of {describe(owner)}"
        raise Refuse(what, "make an array, out = np.empty(...), and fill it: out[i] = ...")
    raise Refuse(f"an attribute of {describe(owner)}", "objects have no place here; pass arrays and numbers")


def of_array(w: Walker, owner: Node, name: str) -> Value:
    if name == "shape":
        return shape.shape_of(w.b, owner)
    if name == "T":
        return shape.transpose(w.b, owner) if owner.tensor.rank > 1 else owner
    if name == "size":
        return shape.size(w.b, owner)
    if name == "ndim":
        return owner.tensor.rank
    if name == "dtype":
        return np.dtype(owner.tensor.dtype)
    if name in ("real", "imag"):
        return (elementwise.real if name == "real" else elementwise.imag)(w.b, owner)
    if name in METHODS or name in ("item", "conj", "conjugate", "fill"):
        return Method(owner, name)
    raise Refuse(f"an array's .{name}", "docs: the table of what is admissible, aot.table()")
