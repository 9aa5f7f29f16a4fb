"""Native code for the CPU: none yet without MLIR."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def attach(special: Any, options: Any, inputs: Sequence[Any]) -> None:
    special.said = "no MLIR"
