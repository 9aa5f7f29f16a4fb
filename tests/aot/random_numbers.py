"""Random functions of Python's own numbers, and calls whose numbers grow: beyond 2**53, beyond 64 bits, not finite."""

import linecache
import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np

INTS = (
    *("{} + {}", "{} - {}", "{} * {}", "{} // {}", "{} % {}", "{} & {}", "{} | {}", "{} ^ {}", "-{}", "~{}", "abs({})"),
    *(
        "{} << n",
        "{} >> n",
        "{} ** 3",
        "{} * 3 + 1",
        "{} << 40",
        "2 ** n + {}",
        "n * n - {}",
        "({} >> 7) * {}",
        "({} < {}) + ({} < {})",
    ),
)
FLOATS = (
    *("{f} + {f}", "{f} * {f}", "{f} - {i}", "{f} ** 2", "{f} ** {f}", "{i} / {i}", "{f} / {f}", "{f} // {f}"),
    *("{f} % {f}", "math.sqrt({f})", "math.exp({f})", "math.log({f})", "float({i})", "{f} * {i}", "-{f}", "abs({f})"),
)
TESTS = (
    "{i} < {i}",
    "{i} == {f}",
    "{f} > {f}",
    "{i} % 3 == 0",
    "n > 2",
    "{i} < {f} < {i}",
    "{i} > 0 and {i} // {i} > 2",
)
INT = (0, 1, 2, 3, -1, -7, 10, 97, 2**31, 2**40, -(2**40), 2**53 + 1, 2**62, -(2**63), 2**63 - 1)
FLOAT = (0.0, -0.0, 1.0, 0.5, -2.5, 3.0, 1e10, -1e200, 1e308, math.inf, -math.inf, math.nan, 700.0)


class Maker:
    """One random function of ints `a`, `b`, floats `x`, `y`, and a small int `n`."""

    def __init__(self, seed: int) -> None:
        self.r = random.Random(seed)
        self.ints, self.floats = ["a", "b", "n"], ["x", "y"]

    def filled(self, form: str) -> str:
        while "{" in form:
            kind = form[form.index("{") : form.index("}") + 1]
            form = form.replace(kind, self.r.choice(self.floats if kind == "{f}" else self.ints), 1)
        return form

    def line(self) -> list[str]:
        form, name = self.r.random(), f"v{len(self.ints) + len(self.floats)}"
        if form < 0.4:
            made = [f"{name} = {self.filled(self.r.choice(INTS))}"]
            self.ints.append(name)
        elif form < 0.6:
            made = [f"{name} = {self.filled(self.r.choice(FLOATS))}"]
            self.floats.append(name)
        elif form < 0.75:
            one = self.r.choice(self.ints[:-1] or self.ints)
            made = [f"{name} = {one}", f"if {self.filled(self.r.choice(TESTS))}:", f"    {name} = {self.int()}"]
            self.ints.append(name)
        elif form < 0.9:
            step = self.r.choice(
                ("{n} = {n} * 3 + i", "{n} += i", "{n} += {i}", "{n} = {n} * {n} % 1000003", "{n} -= n")
            )
            step = self.filled(step.replace("{n}", name))
            made = [f"{name} = {self.r.choice(self.ints)}", "for i in range(n):", f"    {step}"]
            self.ints.append(name)
        else:
            made = [f"{name} = {self.r.choice(self.ints)} % 1000", f"while {name} > 0:", f"    {name} -= 7"]
            self.ints.append(name)
        return made

    def int(self) -> str:
        return self.filled(self.r.choice(INTS))

    def source(self, name: str) -> str:
        lines = [line for _ in range(self.r.randint(2, 6)) for line in self.line()]
        given = [*self.ints[-3:], self.floats[-1]]
        return "\n".join(
            [f"def {name}(a, b, x, y, n):", *(f"    {line}" for line in lines), f"    return {', '.join(given)}"]
        )

    def call(self, tame: bool) -> tuple[Any, ...]:
        some = (INT[:8], FLOAT[2:6]) if tame else (INT, FLOAT)
        one, two = ([self.r.choice(many) for _ in range(2)] for many in some)
        return (*one, *two, self.r.choice((1, 2, 3, 5)) if tame else self.r.choice((0, 1, 7, 30, 63, 64, 90)))


def make(seed: int, many: int = 12) -> tuple[Callable[..., Any], list[tuple[Any, ...]], str]:
    """A function, calls of it of which the first is harmless, and its source."""
    maker = Maker(seed)
    text = maker.source(f"g{seed}") + "\n"
    file = f"<numbers {seed}>"
    linecache.cache[file] = (len(text), None, text.splitlines(True), file)
    names: dict[str, Any] = {"math": math}
    exec(compile(text, file, "exec"), names)
    return names[f"g{seed}"], [maker.call(at == 0) for at in range(many)], text


def outcome(function: Any, arguments: Any) -> Any:
    try:
        return function(*arguments)
    except ArithmeticError as error:
        return type(error)
    except ValueError as error:
        return type(error)


def alike(got: Any, want: Any) -> bool:
    """Whether two answers are the same number; which of an int and a float it is, the code decides."""
    if isinstance(want, (type, tuple)):
        return got is want or (isinstance(got, tuple) and isinstance(want, tuple) and all(map(alike, got, want)))
    if isinstance(want, int) and isinstance(got, int):
        return got == want
    if isinstance(got, type):
        return False
    one, two = complex(got), complex(want)
    return all(
        np.isclose(g, w, rtol=1e-9, atol=0, equal_nan=True) for g, w in ((one.real, two.real), (one.imag, two.imag))
    )
