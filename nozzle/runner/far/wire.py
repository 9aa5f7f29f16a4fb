"""Messages on a line of bytes: JSON, each with its length before it."""

import json
import os
import struct
from collections.abc import Iterator
from typing import Any

HEADER = struct.Struct("<I")
PING, SILENCE = 30.0, 600.0
"""Seconds after which the near side says that it is still there, and after which the far side thinks it is not."""


def packed(message: dict[str, Any]) -> bytes:
    body = json.dumps(message).encode()
    return HEADER.pack(len(body)) + body


def unpacked(heard: bytearray) -> Iterator[dict[str, Any]]:
    """The whole messages at its front, which are taken away."""
    while len(heard) >= HEADER.size:
        size = HEADER.size + HEADER.unpack_from(heard)[0]
        if len(heard) < size:
            return
        message: dict[str, Any] = json.loads(heard[HEADER.size : size])
        del heard[:size]
        yield message


def written(descriptor: int, data: bytes) -> None:
    """All of it; OSError when nobody reads."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(descriptor, rest) :]
