"""What native code may take for granted of the processor that it is made for."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Processor:
    width: int = 32
    """Bytes of a vector register."""
    dots: bool = False
    """Whether it multiplies four pairs of bytes, and adds them to one sum, at once."""
