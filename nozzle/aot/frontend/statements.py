"""Statements that neither branch nor loop: assignments, `+=`, assertions."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

import numpy as np

from nozzle.aot.build import Refuse, Value
from nozzle.aot.frontend import binding, expressions, scope
from nozzle.aot.frontend.values import Unset
from nozzle.aot.graph import WRITES, Node
from nozzle.aot.ops import elementwise, index

if TYPE_CHECKING:
    from nozzle.aot.frontend.walker import Walker


def assign(w: Walker, statement: ast.Assign) -> None:
    value = w.value(statement.value)
    for target in statement.targets:
        binding.bind(w, target, value)


def annotated(w: Walker, statement: ast.AnnAssign) -> None:
    if statement.value is not None:
        binding.bind(w, statement.target, w.value(statement.value))


def augmented(w: Walker, statement: ast.AugAssign) -> None:
    right = w.value(statement.value)
    target = statement.target
    if isinstance(target, ast.Name):
        old = scope.lookup(w, target)
        new = expressions.operate(w, statement.op, old, right)
        if isinstance(old, Node) and w.b.boxed(old):
            raise w.refuse(target, f"{target.id}, an array without axes, is changed in place", "write x = x + 1")
        if isinstance(old, Node) and old.tensor.rank:
            in_place(w, old, new)
        else:
            w.names[target.id] = new
    elif isinstance(target, ast.Subscript):
        owner, key = w.value(target.value), binding.key(w, target.slice)
        if not isinstance(owner, Node):
            raise w.refuse(target, "an item of what is no array is set")
        if isinstance(key, Node) and key.tensor.dtype == "bool" and 0 < key.tensor.rank == owner.tensor.rank:
            masked(w, statement.op, owner, key, right)
            return
        old = index.index(w.b, owner, key)
        new = expressions.operate(w, statement.op, old, right)
        if old.tensor.rank:
            fits(old, new)
        if old.tensor.rank and old.op == "slice":
            in_place(w, old, new)
        else:
            index.assign(w.b, owner, key, new)
    else:
        raise w.refuse(target, "an attribute is set", "use a variable")


def masked(w: Walker, op: ast.operator, owner: Node, mask: Node, right: Value) -> None:
    """`x[mask] += y`: element by element, where the right side is a number or chosen by the same mask."""
    whole = chosen_by(w, mask, owner, w.b.lift(right))
    if whole is None:
        old = index.index(w.b, owner, mask)
        new = expressions.operate(w, op, old, right)
        fits(old, new)
        index.assign(w.b, owner, mask, new)
        return
    new = expressions.operate(w, op, owner, whole)
    fits(owner, new)
    index.assign(w.b, owner, slice(None), elementwise.where(w.b, mask, w.b.cast(new, owner.tensor.dtype), owner))


def chosen_by(w: Walker, mask: Node, owner: Node, right: Node) -> Node | None:
    """The right side before the mask: itself where it is a number; None where that mask did not choose it."""
    if not right.tensor.rank:
        return right
    if right.op != "compress" or right.inputs[1] is not mask or right not in w.b.nodes:
        return None
    since = w.b.nodes[w.b.nodes.index(right) :]
    if any(one.op in WRITES or one.blocks for one in since):
        return None
    found = right.inputs[0]
    same = all(map(w.b.facts.equal, found.tensor.shape, owner.tensor.shape))
    return found if same and found.tensor.rank == owner.tensor.rank else None


def fits(old: Node, new: Node) -> None:
    """Refuse an operation in place whose result is of a kind that does not go there, as NumPy does."""
    if not np.can_cast(new.tensor.dtype, old.tensor.dtype, "same_kind"):
        raise Refuse(f"{new.tensor.dtype} does not go into {old.tensor.dtype} in place", "cast it with astype")


def in_place(w: Walker, old: Node, new: Node) -> None:
    fits(old, new)
    w.b.store(old, new)


def expression(w: Walker, statement: ast.Expr) -> None:
    if not (isinstance(statement.value, ast.Constant) and isinstance(statement.value.value, str)):
        w.value(statement.value)


def asserted(w: Walker, statement: ast.Assert) -> None:
    good = w.value(statement.test)
    message = _words(w, statement.msg)
    kind = AssertionError if w.place is None else np.linalg.LinAlgError
    if isinstance(good, Node):
        w.b.trap(elementwise.truth(w.b, good), kind, message)
    elif not good and w.place is not None:
        raise kind(f"{message} ({w.place})")
    elif not good:
        w.b.fail(AssertionError, message)


def _words(w: Walker, node: ast.expr | None) -> str:
    """The words of an assertion, where they are known."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    return str(w.value(node)) if isinstance(node, ast.Name) and node.id == "SQUARE" and w.place is not None else ""


def deleted(w: Walker, statement: ast.Delete) -> None:
    for target in statement.targets:
        if not isinstance(target, ast.Name):
            raise w.refuse(target, "a part of something is deleted", "bind a name to what is left")
        scope.lookup(w, target)
        w.names[target.id] = Unset("it was deleted")


def skip(w: Walker, statement: ast.stmt) -> None:
    """pass, and names that are global only to be read."""
