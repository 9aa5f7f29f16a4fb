"""nozzle aot: functions to native code, from the command line."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nozzle.errors import Missing, WrongCommand

if TYPE_CHECKING:
    from nozzle.aot import Annotation, Compiled

TYPES = click.option(
    "--types",
    default="",
    help="Of the parameters: 'f32[n], f32[m,n], i64'; a letter is a length. i64, f64, b1 alone are Python's. "
    "Those of its annotations by default.",
)
SIZES = click.option("--sizes", default="", help="Lengths of the letters: 'n=1000000,m=10'.")


@click.group(name="aot")
def command() -> None:
    """Turn a typed NumPy function into native code: build a library, show a rung, measure, explain.

    WHERE is a file and a function in it, as in `kernels.py:saxpy`. The function may be decorated with `aot.compile`
    or plain.
    """


@command.command()
@click.argument("where")
@TYPES
@click.option("--out", default="lib", type=click.Path(path_type=Path), help="The folder to write to.")
@click.option("--json", "as_json", is_flag=True, help="Say what was written as JSON.")
def build(where: str, types: str, out: Path, as_json: bool) -> None:
    """Write a shared library, a C header, and a Python stub that needs neither nozzle nor MLIR."""
    from nozzle.aot import library
    from nozzle.aot.worker import CompileFailed

    function = _function(where)
    try:
        made = library.build(function, _types(function, types), out)
    except CompileFailed as error:
        raise Missing(str(error)) from error
    except ValueError as error:
        raise WrongCommand(str(error)) from error
    written = [str(path) for path in (made.library, made.header, made.stub)]
    if as_json:
        import json

        click.echo(json.dumps({"written": written, "requires": made.guards, "constant": made.constant}))
        return
    for path in written:
        click.echo(path)
    for guard in made.guards:
        click.echo(f"requires {guard}")
    for name in made.constant:
        click.echo(f"{name} is said to be constant: a library keeps nothing, and computes with it at every call")


@command.command()
@click.argument("where")
@TYPES
@SIZES
@click.option(
    "--target",
    default="graph",
    show_default=True,
    type=click.Choice(["graph", "fused", "linalg", "llvm", "asm", "gpu", "ptx"]),
    help="Which rung.",
)
def show(where: str, types: str, sizes: str, target: str) -> None:
    """Print one rung of the compiler: graph, fused, linalg, llvm or asm; gpu or ptx, for a GPU."""
    from nozzle import aot

    function = _function(where)
    with _worded():
        click.echo(aot.show(function, *_samples(function, types, sizes), target=target))


@command.command()
@click.argument("where")
@TYPES
@SIZES
def bench(where: str, types: str, sizes: str) -> None:
    """Measure native code against NumPy and against a copy of as many bytes, in one run."""
    from nozzle.aot.explain import evidence

    function = _function(where)
    with _worded():
        click.echo(str(evidence(function, *_samples(function, types, sizes))))


@command.command()
@click.argument("where")
@TYPES
@SIZES
def explain(where: str, types: str, sizes: str) -> None:
    """Say what fused, what memory that spares, what is taken for granted, and how exact it is."""
    from nozzle.aot.explain import explain as words

    function = _function(where)
    with _worded():
        click.echo(words(function, *_samples(function, types, sizes)))


@contextmanager
def _worded() -> Iterator[None]:
    """The call itself is an error: these types and sizes do not go together."""
    try:
        yield
    except (ValueError, IndexError, TypeError) as error:
        raise WrongCommand(f"a call with these types is an error: {error}") from error


def _function(where: str) -> Compiled:
    """The function that `file.py:name` means, compiled as it says, and so that a first call waits."""
    from nozzle import aot

    file, _, name = where.rpartition(":")
    if not file or not name.isidentifier():
        raise WrongCommand(f"{where} names no function: say file.py:function")
    if not Path(file).is_file():
        raise WrongCommand(f"{file}: there is no such file; say file.py:function")
    import importlib.util

    spec = importlib.util.spec_from_file_location(Path(file).stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    beside = str(Path(file).resolve().parent)
    if beside not in sys.path:
        sys.path.insert(0, beside)  # as Python does for a program
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # what a module says when it is read
        raise WrongCommand(_unread(file, error)) from error
    found = getattr(module, name, None)
    if not callable(found):
        raise WrongCommand(f"{file} has no function {name}")
    if not isinstance(found, aot.Compiled):
        try:
            return aot.compile(found, wait=True)
        except TypeError as error:
            raise WrongCommand(str(error)) from error
    return aot.Compiled(found.python, replace(found.options, wait=True))


def _unread(file: str, error: Exception) -> str:
    """Where reading a file failed, in one line."""
    where, here = file, error.__traceback__
    while here is not None:
        if Path(here.tb_frame.f_code.co_filename).absolute() == Path(file).absolute():
            where = f"{file}:{here.tb_lineno}"
        here = here.tb_next
    words = str(error)
    if isinstance(error, SyntaxError):
        where, words = f"{error.filename}:{error.lineno}", error.msg
    return f"{where}: {type(error).__name__}: {words}; the file must be one that Python can import"


def _samples(function: Compiled, types: str, sizes: str) -> list[Any]:
    from nozzle.aot.library import samples

    parsed = _types(function, types)
    letters = {axis for one in parsed for axis in one.axes or () if isinstance(axis, str)}
    lengths = dict(_length(one, letters) for one in sizes.split(",") if one.strip())
    return samples(parsed, function.names, lengths)


def _types(function: Compiled, types: str) -> list[Annotation]:
    """As they were said, else as the function is annotated."""
    from nozzle.aot.types import parse_types

    try:
        return parse_types(types) if types else function.annotated()
    except ValueError as error:
        raise WrongCommand(str(error)) from error


def _length(words: str, letters: set[str]) -> tuple[str, int]:
    """One of `n=1000`, where n is a letter of the types."""
    letter, _, length = (one.strip() for one in words.partition("="))
    if letter not in letters:
        there = f"there are {', '.join(sorted(letters))}" if letters else "they have none"
        raise WrongCommand(f"--sizes {words.strip()}: no length of the types is called {letter!r}; {there}")
    if not length.isdecimal():
        raise WrongCommand(f"--sizes {words.strip()}: a length is a whole number, as in {letter}=1000")
    return letter, int(length)
