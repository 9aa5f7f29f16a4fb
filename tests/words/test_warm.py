"""A watch makes the model ready while it starts, and kernels."""

import queue

import pytest

from nozzle.lm import Scripted
from nozzle.loop import Loop, Message
from nozzle.words.voice import Voice
from nozzle.words.watch import begin
from tests.conftest import Workshop
from tests.words.conftest import until


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


def test_a_kernel_stands_ready_with_what_entries_here_begin_by_importing(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nozzle.runner.beginnings.WORTH", 0.0)
    numbers = "```{code-cell} python\nimport numpy as np\nnp.arange(3).sum()\n```\n"
    workshop.write(numbers)
    messages: queue.SimpleQueue[Message] = queue.SimpleQueue()
    loop = Loop(workshop.here.tools(workshop.notices.append, messages.put), messages)
    store = loop.tools.snapshots
    assert store is not None
    begin(loop, workshop.here, Voice())
    try:
        until(lambda: [names for names, _ in store.beginnings.rows()] == [("numpy",)])
        for name in ("second", "third", "fourth"):  # one in four is not usual any more
            loop.desk(workshop.write("```{code-cell} python\nimport yaml\nyaml.dump({})\n```\n", f"journal/{name}.md"))
        until(lambda: [names for names, _ in store.beginnings.rows()] == [("yaml",)])
    finally:
        loop.close()
    assert store.beginnings.rows() == []


def test_threads_name_the_kernels_that_stand_ready() -> None:
    from nozzle.words.threads import _ready

    assert list(_ready([{"names": ["numpy", "pandas"], "bytes": 12_300_000}])) == [
        "a kernel stands ready with numpy, pandas imported, 12 MB"
    ]
