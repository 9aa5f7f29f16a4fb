"""A watch makes the model ready while it starts."""

import queue

import pytest

from nozzle.lm import Scripted
from nozzle.loop import Loop, Message
from nozzle.words.voice import Voice
from nozzle.words.watch import begin
from tests.conftest import Workshop


def test_what_the_model_needs_is_imported_while_the_watch_starts(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    warmed: list[object] = []
    monkeypatch.setattr("nozzle.lm.warm", warmed.append)
    workshop.here.model = Scripted(lambda messages: "")
    workshop.write("Words.\n")
    messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
    loop = Loop(workshop.here.tools(workshop.notices.append, messages.put), messages)
    begin(loop, workshop.here, Voice())
    loop.close()
    assert warmed == [workshop.here.model]
