"""What a Python cell imports before it does anything else, and which of that the entries of a journal have in common.

Only what nothing can have come before is an opening: a statement that could change how a library begins (a variable of
the environment, a module of one's own) ends it.
"""

import ast
from collections import Counter
from collections.abc import Iterable, Iterator
from sys import stdlib_module_names

from nozzle.document.entry import Entry

SHARE = 3
"""One entry in so many begins with what is usual."""
MOST = 8
"""Names that are usual, at most."""


def opening(source: str) -> tuple[str, ...]:
    r"""The modules that a cell imports first, by their whole names.

    >>> opening("import numpy as np, os\nfrom scipy.optimize import minimize\nos.nice(1)\nimport pandas")
    ('numpy', 'os', 'scipy.optimize')
    """
    try:
        statements = ast.parse(source).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    found: list[str] = []
    for statement in statements:
        match statement:
            case ast.Import(names=names):
                found += [each.name for each in names]
            case ast.ImportFrom(module=str(module), level=0):
                found += [module]
            case ast.Expr(value=ast.Constant()):
                continue
            case _:
                break
    return tuple(found)


def usual(entries: Iterable[Entry]) -> tuple[str, ...]:
    """The libraries that many entries begin with, those of most entries first."""
    openings = [set(_libraries(entry)) for entry in entries]
    openings = [each for each in openings if each]
    counts = Counter(name for each in openings for name in each)
    names = [name for name, count in counts.items() if count * SHARE >= len(openings)]
    return tuple(sorted(names, key=lambda name: (-counts[name], name))[:MOST])


def _libraries(entry: Entry) -> Iterator[str]:
    first = next((cell for cell in entry.cells if cell.runs and cell.language == "python"), None)
    names = opening(first.body) if first is not None else ()
    return (name for name in names if name.partition(".")[0] not in stdlib_module_names)
