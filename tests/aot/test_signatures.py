"""What a compiled function calls takes its arguments in NumPy's order, by NumPy's names, and swallows none."""

import inspect

import numpy as np
import pytest

from nozzle.aot.ops import FUNCTIONS, METHODS, linear

KINDS = inspect.Parameter
BY_PLACE = (KINDS.POSITIONAL_ONLY, KINDS.POSITIONAL_OR_KEYWORD)


def parameters(function):
    """The parameters that Python knows of; None where NumPy tells it none."""
    try:
        return list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):
        return None


def strange(mine, theirs):
    """The parameters of a handler that NumPy has not, or has elsewhere."""
    placed = [one.name for one in theirs if one.kind in BY_PLACE]
    endless = any(one.kind is KINDS.VAR_POSITIONAL for one in theirs)
    names = {one.name for one in theirs}
    every = any(one.kind is KINDS.VAR_KEYWORD for one in theirs)
    for at, one in enumerate(mine):
        there = endless or at < len(placed)
        if one.kind is KINDS.VAR_KEYWORD:
            yield f"**{one.name}"
        elif one.kind is KINDS.POSITIONAL_ONLY and not there:
            yield f"{one.name}, by its place"
        elif one.kind is KINDS.POSITIONAL_OR_KEYWORD and not (there and (endless or placed[at] == one.name)):
            yield f"{one.name}, at place {at}"
        elif one.kind is KINDS.KEYWORD_ONLY and not every and one.name not in names:
            yield f"{one.name}="


def called():
    """(name, the handler's parameters, NumPy's) of everything that may be called."""
    for function, handler in FUNCTIONS.items():
        if callable(function) and not isinstance(function, np.ufunc):
            yield getattr(function, "__qualname__", str(function)), parameters(handler)[1:], parameters(function)
    for name, handler in METHODS.items():
        yield f".{name}", parameters(handler)[1:], parameters(getattr(np.ndarray, name))
    for function, mine in linear.INLINED.items():
        yield function.__qualname__, parameters(mine), parameters(function)


@pytest.mark.parametrize(
    ("name", "mine", "theirs"), list(called()), ids=lambda one: one if isinstance(one, str) else ""
)
def test_arguments_are_numpys_in_numpys_order(name, mine, theirs):
    if theirs is None:
        assert not any(one.kind is KINDS.VAR_KEYWORD for one in mine)
    else:
        assert not list(strange(mine, theirs))


@pytest.mark.parametrize("function", [one for one in FUNCTIONS if isinstance(one, np.ufunc)], ids=str)
def test_universal_functions_take_their_operands_and_what_is_honoured(function):
    rest = [one for one in parameters(FUNCTIONS[function])[1:] if one.kind is not KINDS.VAR_POSITIONAL]
    assert {one.name: one.kind for one in rest if one.kind is not KINDS.POSITIONAL_ONLY} in (
        {"out": KINDS.KEYWORD_ONLY, "dtype": KINDS.KEYWORD_ONLY},
        {},
    )
