"""What tells one content of an array from another, so that a change in place is seen: a few digits, cheap to come by.

An array of up to 8 MB counts whole; of a larger one as much, in pieces from its first byte to its last, so a change of
a few numbers in it may go unseen. Arrays of objects, and those that no buffer shows, have no fingerprint.
"""

from __future__ import annotations

import sys
import zlib
from typing import Any

WHOLE = 8 << 20
"""Bytes that are looked at."""
PIECE = 4096


def fingerprint(value: Any) -> str:
    """Eight hexadecimal digits (CRC-32) of what a NumPy array holds; empty for all else."""
    numpy = sys.modules.get("numpy")
    if numpy is None or type(value) is not numpy.ndarray or value.dtype.hasobject or not value.size:
        return ""
    if not value.flags.c_contiguous:
        value = value.T if value.flags.f_contiguous else value
    if not value.flags.c_contiguous and value.nbytes > WHOLE:
        return ""
    held = memoryview(numpy.ascontiguousarray(value).view(numpy.uint8).reshape(-1))
    return f"{_checksum(held):08x}"


def _checksum(held: memoryview) -> int:
    if held.nbytes <= WHOLE:
        return zlib.crc32(held)
    found, last, pieces = 0, held.nbytes - PIECE, WHOLE // PIECE
    for number in range(pieces):
        start = last * number // (pieces - 1)
        found = zlib.crc32(held[start : start + PIECE], found)
    return found
