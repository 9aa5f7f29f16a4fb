"""The house: imports point down, rooms on one floor do not know each other, each outside library has one door."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1] / "nozzle"
FLOORS = (
    ("__main__",),
    ("cli",),
    ("words",),
    ("loop",),
    ("agents", "side"),
    ("desk",),
    ("kernels", "sheet"),
    ("tools",),
    ("beside", "permit"),
    ("recovery",),
    ("ledger", "run"),
    ("holding",),
    ("sieve",),
    ("afterwards", "book", "killed"),
    ("editors", "intent", "orphans", "past", "piece", "together"),
    ("carried",),
    ("control", "watch", "runner", "explainer", "steps", "keys", "publish", "page", "disk"),
    ("document", "lm", "aot"),
    ("settings",),
    ("scratch", "server"),
    ("schema", "whole"),
    ("errors", "rest"),
)
DOORS = {
    "git": ("steps",),
    "click": ("cli", "words"),
    "rich": ("cli", "words"),
    "watchdog": ("watch",),
    "jinja2": ("publish",),
    "pygments": ("publish",),
    "latex2mathml": ("publish",),
    "markdown_it": ("document",),
    "mdit_py_plugins": ("document",),
    "yaml": ("document",),
    "cryptography": ("keys",),
    "keyring": ("keys",),
    "IPython": ("runner",),
    "jupyter_client": ("runner",),
    "zmq": ("runner",),
    "tornado": ("runner",),
    "cloudpickle": ("runner",),
    "mcp": ("runner",),
    "distributed": ("runner",),
    "pydantic": ("schema",),
    "litellm": ("lm",),
    "httpx": ("lm",),
    "langfuse": ("lm",),
    "opentelemetry": ("lm",),
    "mlir": ("aot",),
    "torch_mlir": ("aot",),
    "mlir_finch": ("aot",),
    "llvmlite": ("aot",),
    "cupy": ("aot",),
    "numpy": ("aot",),
}
IMPURE = {
    "os", "io", "pathlib", "subprocess", "socket", "time", "random", "threading", "tempfile", "shutil", "datetime",
    "multiprocessing", "ctypes", "fcntl", "signal", "sys", "asyncio", "urllib", "http", "secrets", "uuid", "glob",
}  # fmt: skip
PURE = {"io.StringIO", "sys.stdlib_module_names", "urllib.parse", "datetime.UTC", "datetime.date", "datetime.datetime"}
"""Of these rooms of the library, what touches nothing, as long as nobody asks a datetime what time it is."""
CLOCK = {"now", "today", "utcnow"}
CALLS = {"open", "input", "print", "exec", "eval", "compile", "__import__", "breakpoint"}
floor = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0 or "worker" in path.parts, f"{path}: write the whole name"
            if node.level == 0:
                yield node.module or ""
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def taken(path: Path) -> Iterator[str]:
    """What a file imports, each name with its module."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def calls(path: Path) -> Iterator[str]:
    """Functions that are called by their bare name, and the clock's by any."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CLOCK:
            yield node.func.attr


def room_of(path: Path) -> str:
    return path.relative_to(ROOT).with_suffix("").parts[0]


FILES = [path for path in sorted(ROOT.rglob("*.py")) if path != ROOT / "__init__.py"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_imports_point_down_and_through_doors(path: Path) -> None:
    room = room_of(path)
    for name in imports(path):
        package, _, inner = name.partition(".")
        if package == "nozzle":
            other = inner.split(".")[0]
            assert not other or other == room or floor[other] > floor[room], f"{room} may not look at {other}"
        else:
            assert room in DOORS.get(package, (room,)), f"only {DOORS[package]} may import {package}"


@pytest.mark.parametrize("path", [path for path in FILES if room_of(path) == "document"], ids=lambda path: path.name)
def test_the_document_is_pure(path: Path) -> None:
    assert not IMPURE & {name.split(".")[0] for name in taken(path) if not name.startswith(tuple(PURE))}
    assert not (CALLS | CLOCK) & set(calls(path))


def test_no_room_imports_in_a_circle() -> None:
    """A module is imported by itself in a fresh process; a circle shows as an ImportError there."""
    import subprocess
    import sys

    names = [".".join(("nozzle", *path.relative_to(ROOT).with_suffix("").parts)) for path in FILES]
    names = [name for name in names if not name.endswith("__main__") and ".worker" not in name]
    code = "import importlib, sys\nfor name in sys.argv[1:]: importlib.import_module(name)"
    subprocess.run([sys.executable, "-c", code, *names], check=True, cwd=ROOT.parent)
