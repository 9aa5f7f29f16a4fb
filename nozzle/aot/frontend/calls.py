"""Calls: of NumPy by the tables of `ops`, of methods, of `math`; helper functions are inlined."""

from __future__ import annotations

import ast
import inspect
import types
from typing import TYPE_CHECKING, Any

import numpy as np

from nozzle.aot import real
from nozzle.aot.build import Refuse, Value, describe
from nozzle.aot.frontend import turns
from nozzle.aot.frontend.helpers import Helper
from nozzle.aot.frontend.instead import INSTEAD
from nozzle.aot.frontend.values import ONCE, Method, Range, has_node, is_once
from nozzle.aot.graph import Node
from nozzle.aot.ops import FUNCTIONS, METHODS, create, elementwise, linear, product
from nozzle.aot.types import Tensor

if TYPE_CHECKING:
    from nozzle.aot.frontend.walker import Walker


DEPTH = 32
"""How many calls deep helper functions are inlined."""


def called(w: Walker, node: ast.Call) -> Value:
    function = w.value(node.func)
    if any(isinstance(one, ast.Starred) for one in node.args) or any(one.arg is None for one in node.keywords):
        raise Refuse("a call with * or **", "name the arguments")
    arguments = [create.together(w.b, w.value(one)) for one in node.args]
    names = {str(one.arg): create.together(w.b, w.value(one.value)) for one in node.keywords}
    w.at(node)
    return apply(w, function, arguments, names)


def apply(w: Walker, function: Any, arguments: list[Value], names: dict[str, Value]) -> Value:
    if isinstance(function, Method):
        return method(w, function, arguments, names)
    if function not in BY_TURNS and any(map(is_once, (*arguments, *names.values()))):
        raise Refuse(f"zip or enumerate goes to {spelled(function)}", ONCE)
    known = not any(has_node(one) for one in (*arguments, *names.values()))
    if isinstance(function, Helper):
        return inline(w, function, arguments, names)
    if function is range:
        bounds = (0, *arguments, 1) if len(arguments) == 1 else (*arguments, 1)[:3]
        if isinstance(bounds[2], int) and bounds[2] == 0:
            raise ValueError("range() arg 3 must not be zero")
        return range(*bounds) if known else Range(*bounds)
    if function in (enumerate, zip):
        return turns.counted(function, arguments, names)
    if known and (function in FOLDED or getattr(function, "__module__", "") == "math"):
        return function(*arguments, **names)
    if isinstance(function, (types.BuiltinFunctionType, type)) and getattr(function, "__module__", "") == "math":
        return by_math(w, function, arguments)
    handler = _handler(function)
    if handler is not None:
        return handed(w, spelled(function), handler, [w.b, *arguments], names)
    inner = _inlined(function)
    if inner in linear.INLINED.values():
        w.b.approximate = True
        halves(function, arguments)
    if isinstance(inner, types.FunctionType):
        return inline(w, inner, arguments, names)
    raise Refuse(
        f"a call of {getattr(function, '__name__', describe(function))}",
        INSTEAD.get(
            getattr(function, "__name__", ""), "print(aot.table()) says what there is; the rest is done outside"
        ),
    )


def halves(function: Any, arguments: list[Value]) -> None:
    """Refuse half precision where NumPy's linear algebra does."""
    given = any(isinstance(one, Node) and one.tensor.dtype == "float16" for one in arguments)
    if given and "linalg" in function.__module__:
        raise Refuse(f"{spelled(function)} of float16, which NumPy has not", "cast it: x.astype(np.float32)")


def by_math(w: Walker, function: Any, arguments: list[Value]) -> Value:
    if function.__name__ in ("floor", "ceil", "trunc"):
        (value,) = arguments
        return elementwise.to_python(w.b, int, elementwise.nearest(w.b, function.__name__, value))
    if function.__name__ in ("isnan", "isinf", "isfinite"):
        return elementwise.to_python(w.b, bool, w.b.ufunc(function.__name__, w.b.cast(arguments[0], "float64")))
    name = MATH.get(function.__name__)
    if name is None:
        raise Refuse(f"math.{function.__name__}", "use NumPy's function")
    operands = [w.b.cast(one, "float64") for one in arguments]
    found = w.b.ufunc(name, *operands)
    if name in STEADY:
        pass
    elif name == "power":
        real.powered(w.b, operands[0], operands[1], found)
    else:
        real.defined(w.b, name, operands, found)
    return w.b.emit("cast", (found,), Tensor("float64", (), True), dtype="float64")


def method(w: Walker, method: Method, arguments: list[Value], names: dict[str, Value]) -> Value:
    if method.name == "item":
        return elementwise.to_python(
            w.b, {"f": float, "c": complex, "b": bool}.get(method.owner.tensor.kind, int), method.owner
        )
    if method.name in ("conj", "conjugate"):
        return elementwise.conjugated(w.b, method.owner)
    if method.name == "fill":
        if not method.owner.tensor.rank:
            raise Refuse("a number, or an array without axes, is filled", "bind the name to the value")
        return w.b.store(method.owner, *arguments)
    return handed(w, f".{method.name}", METHODS[method.name], [w.b, method.owner, *arguments], names)


def handed(w: Walker, what: str, handler: Any, arguments: list[Any], names: dict[str, Value]) -> Value:
    """Have the nodes of a function made; what it may be given and is not compiled is refused by its name."""
    signature = inspect.signature(handler)
    if strange := [f"{name}=" for name in names if name not in signature.parameters]:
        raise Refuse(f"{what} with {' and '.join(strange)}", "leave that out, and compute it beside the call")
    try:
        signature.bind(*arguments, **names)
    except TypeError as error:
        raise Refuse(f"{what} with these arguments: {error}", "leave out what it need not be given") from error
    return handler(*arguments, **names)


def spelled(function: Any) -> str:
    """A function as one writes it."""
    module = str(getattr(function, "__module__", "") or "")
    before = "np.linalg." if "linalg" in module else "np." if module.startswith("numpy") or module == "" else ""
    return f"{before}{getattr(function, '__name__', describe(function))}"


def inline(w: Walker, function: types.FunctionType | Helper, arguments: list[Value], names: dict[str, Value]) -> Value:
    if w.depth >= DEPTH:
        raise Refuse(f"{function.__name__} calls itself, or calls go {DEPTH} deep", "write it as a loop")
    signature = function.signature if isinstance(function, Helper) else inspect.signature(function)
    if any(one.kind in (one.VAR_POSITIONAL, one.VAR_KEYWORD) for one in signature.parameters.values()):
        raise Refuse(f"{function.__name__} takes * or **", "name its parameters")
    numpys: dict[Any, Any] = {ours: one for one, ours in linear.INLINED.items()}
    what = spelled(numpys.get(function, function))
    try:
        bound = signature.bind(*arguments, **names)
    except TypeError as error:
        raise Refuse(f"{what} with these arguments: {error}", f"here it is {what}{_given(signature)}") from error
    bound.apply_defaults()
    if isinstance(function, Helper):
        inner = type(w)(w.b, function.within, w.captures, w.depth + 1, function.source)
        inner.names.update(function.around)
    else:
        inner = type(w)(w.b, function, w.captures, w.depth + 1)
    inner.names.update(bound.arguments)
    try:
        return inner.call()
    except TypeError as error:
        if function not in numpys:
            raise
        raise Refuse(f"{what} of what is no array or number there", f"here it is {what}{_given(signature)}") from error


def _given(signature: inspect.Signature) -> str:
    """A signature without its types."""
    bare = [one.replace(annotation=one.empty) for one in signature.parameters.values()]
    return str(inspect.Signature(bare))


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
    return lambda b, x, y, /: product.each(b, name, x, y)


def _reduced(target: Any) -> Any:
    return lambda b, x, /, axis=0, *, keepdims=False: FUNCTIONS[target](b, x, axis, keepdims=keepdims)


for _name in ("add", "subtract", "multiply", "divide", "maximum", "minimum", "power"):
    FUNCTIONS[getattr(np, _name).outer] = _outer_product(_name)
for _name in ("add", "multiply", "maximum", "minimum"):
    _target = {"add": np.sum, "multiply": np.prod, "maximum": np.max, "minimum": np.min}[_name]
    FUNCTIONS[getattr(np, _name).reduce] = _reduced(_target)
FUNCTIONS[np.add.accumulate] = lambda b, x, /, axis=0: FUNCTIONS[np.cumsum](b, x, axis)
FUNCTIONS[np.multiply.accumulate] = lambda b, x, /, axis=0: FUNCTIONS[np.cumprod](b, x, axis)


FOLDED: set[Any] = {
    np.finfo,
    np.iinfo,
    np.dtype,
    np.result_type,
    np.promote_types,
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
BY_TURNS = (zip, enumerate, tuple, sum, min, max)
"""Those that take what another one gives by turns."""
STEADY = ("fabs", "tanh", "arctan", "arctan2")
"""Those that have a number for every number."""
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
