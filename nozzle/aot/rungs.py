"""The rungs of the compiler, as text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nozzle.aot.compiled import Compiled

RUNGS = ("graph", "fused", "linalg", "llvm", "asm")


def rung(function: Compiled, arguments: Sequence[Any], target: str) -> str:
    """One rung for a call with these arguments."""
    if target not in RUNGS:
        raise ValueError(f"there is no rung {target!r}; there are {', '.join(RUNGS)}")
    special = function.traced(arguments)
    if target == "graph":
        return str(special.graph)
    from nozzle.aot import passes

    return str(passes.run(special.graph))
