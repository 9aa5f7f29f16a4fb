"""A watch makes the model ready while it starts."""

import queue

import pytest

from nozzle.lm import Scripted
from nozzle.loop import Loop, Message
from nozzle.words.voice import Voice
from nozzle.words.watch import begin
from tests.conftest import Workshop


def test_a_watch_says_at_its_start_which_tasks_and_proposals_wait(workshop: Workshop) -> None:
    said: list[str] = []
    marker = "<!-- nozzle:proposal v=1 of=0 id=123456789abc by=doer risk=ask -->"
    workshop.write(f"/do look\n\n{marker}\n\n```{{code-cell}}\n1\n```\n\n- [x] run\n\n<!-- /nozzle -->\n")
    messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
    loop = Loop(workshop.here.tools(workshop.notices.append, messages.put), messages)
    voice = Voice(out=lambda text, color, dim: said.append(text))
    begin(loop, workshop.here, voice)
    loop.close()
    waits = "1 task to go on and 1 proposal (once you save it, or say 'nozzle run journal/entry.md')"
    assert f"- waits here: journal/entry.md: {waits}" in said


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
