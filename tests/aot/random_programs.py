"""Random functions, as source text, with arguments that are meant to hurt: NaN, infinities, nothing, strides."""

import linecache
import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tests.aot.agree import keep

DTYPES = ("f4", "f4", "f8", "f8", "i4", "i8", "u1", "bool", "c16", "f2")
SPECIAL = (0.0, -0.0, np.inf, -np.inf, np.nan, 1e-42, 1.0, -1.0)
UNARY = (
    "-{}",
    "abs({})",
    "np.sqrt(np.abs({}))",
    "{} * 2",
    "{} + 1",
    "np.square({})",
    "np.where({} == {}, {}, {})",
    "np.real({})",
    "np.isnan({} * 1.0)",
    "np.sign({} * 1.0)",
    "np.floor(np.real({}) * 1.0)",
    "{}[np.real({}) > 0].sum() + {}",
)
BINARY = (
    "{} + {}",
    "{} - {} * 2",
    "{} * {}",
    "np.maximum(np.real({}), np.real({}))",
    "{} == {}",
    "np.where(np.real({}) > 0, {}, 3)",
    "({} * 1.0) / ({} + 2)",
    "np.minimum(np.real({}), np.real({}))",
    "np.logical_and({}, {})",
)
PRODUCT = (
    "{0} @ {0}.T",
    "{0}.T @ {0}",
    "{0} @ {0}.T @ {0}",
    "np.maximum(np.real({0} @ {0}.T) + 1, 0)",
    "{0} @ {1}.T",
    "{0}.T @ {1}",
    "np.dot({0}.T, {1}) * 2",
    "np.outer({0}, {1})",
    "({0} @ {0}.T + {0}.T[0]) * 2",
    "np.stack([{0}, {0}]) @ {0}.T",
)
REDUCE = (
    "{}.sum(axis={})",
    "np.real({}).max(axis={}, initial_free)",
    "{}.sum(axis={}, keepdims=True)",
    "np.any({}, axis={})",
    "np.all({}, axis={})",
)
VIEW = (
    "{}[::-1]",
    "{}[1:]",
    "{}[:-1]",
    "{}[::2]",
    "{}.T",
    "{}[None]",
    "{}[..., None]",
    "{}.copy()",
    "{}[-3:]",
    "{}.ravel()",
)

STORE = (
    "{t}[...] = {e}",
    "{t}[1:] = {t}[:-1]",
    "{t}[:-1] = {t}[1:] * 2",
    "{t}[:] = {t}[::-1]",
    "{t}[::2] = {e}",
    "{t}[1:] += {t}[:-1]",
    "{t}[::-1] += {t}",
    "{t} += {t}",
    "{t} *= 2",
    "{t}[0] = 3",
    "{t}[-1] = {t}[0]",
    "{t}[np.real({t}) > 1] = 0",
    "{t}[...] = {t} * {t} + {e}",
    "{t}[:, 0] = {t}[:, -1]",
    "{t}[...] = {t}.T",
    "for i in range(1, len({t})):\n    {t}[i] = {t}[i] + {t}[i - 1]",
    "for i in range(k):\n    {t}[i:] = {t}[: len({t}) - i] + 1",
    "for i in range(len({t})):\n    if i % 2 == 0:\n        {t}[i] *= 2",
    "for i in range(len({t})):\n    if np.real({t}[i]).sum() > 1:\n        break\n    {t}[i] = {t}[i] * 2 + 1",
    "{t}[np.arange(len({t}))[::-1]] = {t}",
    "{t}[np.arange(len({t})) // 2] += 1",
    "{t}[np.arange(k)] = {e}",
    "{t}[np.nonzero({t})] *= 2",
    "{t}[np.real({t}).sum(axis=-1) > 0] = {e}",
    "{t}[:, np.arange(k)] += 1",
    "w = {t}[np.real({t}[0]) > 0] * 2\n{t}[: len(w)] = w",
    "for i in range(len({t})):\n    if i == k:\n        continue\n    {t}[i] = {t}[i] + i",
)


class Maker:
    """One random function."""

    def __init__(self, seed: int) -> None:
        self.r = random.Random(seed)
        self.rng = np.random.default_rng(seed)
        self.lines: list[str] = []
        self.count = 0
        self.products = self.r.random() < 0.5
        """Whether there may be products of matrices. Complex numbers are finite then: NumPy's library multiplies sums
        by 1 + 0i at last, which makes NaN of what stands beside an infinity."""

    def arguments(self) -> dict[str, Any]:
        n, m = self.r.choice((0, 1, 2, 3, 5, 8, 17)), self.r.choice((1, 2, 4, 9))
        shapes = ((n,), (n, m), (m,), (n, m), (), (1, m))
        found = {f"a{at}": self.array(self.r.choice(shapes)) for at in range(self.r.randint(1, 3))}
        found["k"] = self.r.choice((0, 1, 2, 3))
        return found

    def array(self, shape: tuple[int, ...]) -> Any:
        dtype = self.r.choice(DTYPES)
        if not shape:
            return self.values((), dtype)[()]
        way = self.r.choice(("plain", "plain", "reversed", "strided", "turned", "readonly"))
        if way == "strided":
            return self.values((shape[0] * 2, *shape[1:]), dtype)[::2]
        if way == "turned":
            return self.values(shape[::-1], dtype).T
        made = self.values(shape, dtype)
        made.flags.writeable = way != "readonly"
        return made[::-1] if way == "reversed" else made

    def values(self, shape: tuple[int, ...], dtype: str) -> Any:
        kind = np.dtype(dtype).kind
        if kind in "iub":
            return self.rng.integers(0, 2 if kind == "b" else 100, shape).astype(dtype)
        made = self.rng.standard_normal(shape)
        if self.r.random() < 0.3 and made.size and not (self.products and kind == "c"):
            spots = self.rng.random(shape) < 0.2
            made = np.where(spots, self.rng.choice(SPECIAL, shape), made)
        return (made + 1j * self.rng.standard_normal(shape)).astype(dtype) if kind == "c" else made.astype(dtype)

    def source(self, name: str, arguments: dict[str, Any]) -> str:
        values = [one for one in arguments if one != "k"]
        for _ in range(self.r.randint(1, 6)):
            values.append(self.step(values))
        kept = self.r.sample(values, min(len(values), self.r.randint(1, 3)))
        head = f"def {name}({', '.join(arguments)}):"
        return "\n".join([head, *(f"    {line}" for line in self.lines), f"    return {', '.join(kept)},"]) + "\n"

    def step(self, values: list[str]) -> str:
        name = f"v{self.count}"
        self.count += 1
        form = self.r.random()
        one, two = self.r.choice(values), self.r.choice(values)
        if form < 0.3:
            text = self.r.choice(UNARY)
            self.lines.append(f"{name} = {text.replace('{}', one)}")
        elif form < 0.42 and self.products:
            self.lines.append(f"{name} = {self.r.choice(PRODUCT).format(one, two)}")
        elif form < 0.62:
            text = self.r.choice(BINARY)
            self.lines.append(f"{name} = {text.format(*[one, two, one][: text.count('{}')])}")
        elif form < 0.7:
            axis = self.r.choice(("None", "0", "-1"))
            text = self.r.choice([one for one in REDUCE if "initial_free" not in one])
            self.lines.append(f"{name} = {text.format(f'np.asarray({one})', axis)}")
        elif form < 0.79:
            self.lines.append(f"{name} = {self.r.choice(VIEW).format(one)}")
        elif form < 0.82:
            self.lines += [f"{name} = ({one} * 1).copy() if k > 1 else {one} + 0"]
        elif form < 0.98:
            changed = self.r.choice(["a0", name])
            self.lines += [f"{name} = ({one} + 0).copy()"]
            seen = self.r.choice(["", f"w{self.count} = {name}[1:]", f"w{self.count} = {name}.T"])
            text = self.r.choice(STORE).format(t=changed, e=two)
            self.lines += [line for line in (seen, *text.splitlines()) if line]
            if seen:
                self.lines.append(f"{name} = {name} + w{self.count}.sum()")
        else:
            self.lines += [f"{name} = {one} + 0", "for i in range(k):", f"    {name} = {name} + {one} * i"]
        return name


def others(seed: int, arguments: Sequence[Any]) -> list[Any]:
    """Arguments for a later call: of the same dtypes, shapes and layouts, with other values, some extreme."""
    rng, r = np.random.default_rng(seed), random.Random(seed)
    found = []
    for one in arguments:
        if not isinstance(one, (np.ndarray, np.generic)):
            found.append(r.choice((0, 1, 2, 3)))
            continue
        kind = one.dtype.kind
        if kind in "iu":
            info = np.iinfo(one.dtype)
            values = rng.choice([info.min, info.max, 0, 1, 2, 3, 7], one.shape)
        elif kind == "b":
            values = rng.random(one.shape) < 0.5
        else:
            values = rng.standard_normal(one.shape) * 100
            # BLAS makes NaN of a complex infinity, by 1 + 0j, where the sums themselves do not
            special = [x for x in SPECIAL[:6] if kind == "f" or not np.isinf(x)]
            values = np.where(rng.random(one.shape) < 0.2, rng.choice(special, one.shape), values)
        if not isinstance(one, np.ndarray):
            found.append(one.dtype.type(values))
            continue
        made = keep(one)
        writeable, made.flags.writeable = made.flags.writeable, True
        made[...] = values
        made.flags.writeable = writeable
        found.append(made)
    return found


def make(seed: int, name: str = "f") -> tuple[Callable[..., Any], dict[str, Any], str]:
    """A function, its arguments and its source."""
    maker = Maker(seed)
    arguments = maker.arguments()
    text = maker.source(name, arguments)
    file = f"<random {seed}>"
    linecache.cache[file] = (len(text), None, text.splitlines(True), file)
    names: dict[str, Any] = {"np": np}
    exec(compile(text, file, "exec"), names)
    return names[name], arguments, text
