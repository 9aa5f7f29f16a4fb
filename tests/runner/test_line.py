"""The line to another machine, with a program at its end that only talks."""

import os
import sys
import threading
from dataclasses import dataclass
from typing import Any, cast

import pytest

from nozzle.runner.far import line
from nozzle.runner.far.address import Address

TALKS = """
import json, os, struct, sys, threading, time

def say(**said):
    body = json.dumps({"kernel": 1, "said": said}).encode()
    sys.stdout.buffer.write(struct.pack("<I", len(body)) + body)
    sys.stdout.buffer.flush()

def hear():
    while data := os.read(0, 65536):
        if b"ping" in data:
            say(t="pinged")
    os._exit(0)

threading.Thread(target=hear, daemon=True).start()
while True:
    say(t="printed")
    time.sleep(0.01)
"""


@dataclass
class Talker:
    host: str = "talker"
    name: str = "talker"
    scheme: str = "ssh"

    def command(self) -> list[str]:
        return [sys.executable, "-c", TALKS]


def test_a_cell_that_prints_and_prints_is_still_told_that_somebody_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "PING", 0.2)
    monkeypatch.setattr(line, "sent", lambda: b"")
    pinged = threading.Event()

    def hear(said: dict[str, Any]) -> None:
        if said["t"] == "pinged":
            pinged.set()

    here = line.Line(cast(Address, Talker()), os.environ)
    try:
        here.listen(1, hear)
        assert pinged.wait(20)
    finally:
        here.release()


def test_a_line_that_drops_is_hung_up_though_somebody_holds_it_still(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "sent", lambda: b"")
    gone = threading.Event()
    here = line.Line(cast(Address, Talker()), os.environ)
    here.hold()
    here.listen(1, lambda said: gone.set() if said["t"] == "gone" else None)
    here._program.kill()
    assert gone.wait(20)
    assert here._program.stdin is not None
    assert here._program.stdin.closed
    here.release()
    here.release()
