"""What belongs to the state of a kernel and stands in no name: its environment, its folder, where imports are looked
for, what Python itself was told, how libraries show what they hold.
"""

from __future__ import annotations

import builtins
import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from . import mark

IPYTHONS = re.compile(r"_+$|_i+$|_i?\d+$|_(?:oh|dh|ih|exit_code)$|(?:In|Out)$|__\w+__$")
"""Names that IPython sets at every cell."""
BUILT_IN = "Python's built-in names"
HEARD = "who hears what is logged"
"""Told, and not brought back: a handler holds what it writes to."""


class Thing(NamedTuple):
    """One of them: how to get it, as something that can be pickled, and how to set it."""

    name: str
    get: Callable[[], Any]
    put: Callable[[Any], Any]


class Surroundings:
    """As they are, beside how they were before any cell ran."""

    def __init__(self, folder: str) -> None:
        """`folder` is where the cells begin: their imports are looked for there first."""
        self._environ, self._folder = _environ(), os.getcwd()
        self._path, self._argv = [folder, *sys.path], [""]
        self._built_in: dict[str, int] = {}

    def settle(self) -> None:
        """What runs cells has put its own into the environment and among the built-in names; what comes from now on is
        the cells'."""
        self._environ = _environ()
        self._built_in = {name: id(value) for name, value in vars(builtins).items()}

    def things(self) -> list[Thing]:
        """All of them; what is as it was at the beginning is told as nothing."""
        return [
            Thing("the environment", self._environment, self._put_environment),
            Thing("the folder", lambda: _unless(os.getcwd(), self._folder), lambda to: os.chdir(to or self._folder)),
            Thing("sys.path", lambda: _unless(list(sys.path), self._path), _into(sys, "path", self._path)),
            Thing("sys.argv", lambda: _unless(list(sys.argv), self._argv), _into(sys, "argv", self._argv)),
            Thing("the recursion limit", sys.getrecursionlimit, sys.setrecursionlimit),
            Thing(BUILT_IN, self.built_in, self._put_built_in),
            *_libraries(),
        ]

    def digests(self) -> dict[str, str]:
        """What each of them is, in short. Values among the built-in names are told by identity."""
        said = {thing.name: repr(thing.get()) for thing in self.things() if thing.name != BUILT_IN}
        said[BUILT_IN] = repr({name: id(value) for name, value in self.built_in().items()})
        return {name: hashlib.sha256(words.encode("utf-8", "replace")).hexdigest() for name, words in said.items()}

    def built_in(self) -> dict[str, Any]:
        """What cells put among Python's built-in names."""
        now = list(vars(builtins).items())
        return {name: value for name, value in now if self._is_cells(name, value)}

    def _is_cells(self, name: str, value: Any) -> bool:
        return not IPYTHONS.match(name) and self._built_in.get(name) != id(value)

    def _put_built_in(self, held: dict[str, Any]) -> None:
        vars(builtins).update(held)

    def _environment(self) -> dict[str, Any]:
        now = _environ()
        set_here = {name: held for name, held in sorted(now.items()) if self._environ.get(name) != held}
        return {"set": set_here, "unset": sorted(name for name in self._environ if name not in now)}

    def _put_environment(self, held: dict[str, Any]) -> None:
        os.environ.update({**self._environ, **held["set"]})
        for name in [name for name in _environ() if name not in {**self._environ, **held["set"]}]:
            del os.environ[name]
        for name in held["unset"]:
            os.environ.pop(name, None)


def _environ() -> dict[str, str]:
    """The environment, but for the mark of this kernel, which is another in each."""
    return {name: held for name, held in os.environ.items() if name != mark.NAME}


def _unless(now: Any, before: Any) -> Any:
    return None if now == before else now


def _into(module: Any, name: str, before: list[str]) -> Callable[[Any], None]:
    def put(held: list[str] | None) -> None:
        getattr(module, name)[:] = before if held is None else held

    return put


def _libraries() -> Iterator[Thing]:
    """How libraries that are loaded were told to reckon, and to show what they hold."""
    if warnings := sys.modules.get("warnings"):
        yield Thing("which warnings are shown", lambda: list(warnings.filters), _put_filters)
    if logging := sys.modules.get("logging"):
        yield Thing("what is logged", lambda: _levels(logging), _set_levels)
        yield Thing(HEARD, lambda: _handlers(logging), lambda held: None)
    if decimal := sys.modules.get("decimal"):
        yield Thing("decimal's context", decimal.getcontext().copy, decimal.setcontext)
    if numpy := sys.modules.get("numpy"):
        yield Thing("how NumPy shows arrays", numpy.get_printoptions, lambda held: numpy.set_printoptions(**held))
        yield Thing("what NumPy does on errors", numpy.geterr, lambda held: numpy.seterr(**held))
    if (matplotlib := sys.modules.get("matplotlib")) and hasattr(matplotlib, "rcParams"):
        settings = matplotlib.rcParams
        yield Thing(
            "Matplotlib's settings",
            lambda: {name: settings[name] for name in settings if not name.startswith("backend")},
            settings.update,
        )
    if pandas := sys.modules.get("pandas"):
        yield Thing("how pandas shows tables", lambda: _options(pandas), lambda held: _set_options(pandas, held))


def _options(pandas: Any) -> dict[str, Any]:
    display = pandas.options.display
    names = [name for name in dir(display) if name not in ("html", "latex", "unicode")]
    return {f"display.{name}": pandas.get_option(f"display.{name}") for name in names}


def _set_options(pandas: Any, held: dict[str, Any]) -> None:
    for name, value in held.items():
        pandas.set_option(name, value)


def _put_filters(held: list[Any]) -> None:
    warnings = sys.modules["warnings"]
    warnings.resetwarnings()  # so that what was shown once is not remembered for the filters that were
    warnings.filters.extend(held)


def _levels(logging: Any) -> dict[str, Any]:
    loggers = {"": logging.root, **logging.root.manager.loggerDict}
    levels = {name: logger.level for name, logger in sorted(loggers.items()) if getattr(logger, "level", 0)}
    return {"levels": levels, "disable": logging.root.manager.disable}


def _handlers(logging: Any) -> dict[str, list[tuple[str, int]]]:
    """Of each logger the kinds of its handlers, and from which level these hear; but for those that do nothing, which
    libraries put there as they load."""
    loggers = {"": logging.root, **logging.root.manager.loggerDict}
    found = {name: getattr(logger, "handlers", []) for name, logger in sorted(loggers.items())}
    return {
        name: [(type(each).__qualname__, each.level) for each in handlers if type(each) is not logging.NullHandler]
        for name, handlers in found.items()
        if any(type(each) is not logging.NullHandler for each in handlers)
    }


def _set_levels(held: dict[str, Any]) -> None:
    logging = sys.modules["logging"]
    now = _levels(logging)["levels"]
    for name, level in {**dict.fromkeys(now, 0), **held["levels"]}.items():
        logging.getLogger(name or None).setLevel(level)
    logging.disable(held["disable"])
