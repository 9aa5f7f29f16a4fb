"""An answer reaches whom it is meant for, and where that is not clear nobody: it may be a password."""

from collections.abc import Mapping
from typing import Any

import pytest

from nozzle.agents import Conducted
from nozzle.words.requests import _acted, answer, at_work, decide

from .conftest import Reply, Watched, cells

ACTS = {"answer": answer, "decide": decide, "at work": at_work}


def said(watched: Watched, word: str, **args: str) -> Reply:
    reply = Reply()
    watched.ask(lambda loop: _acted(ACTS[word], loop, None, args, reply))  # type: ignore[arg-type]
    return reply


def asking(watched: Watched) -> list[Mapping[str, Any]]:
    return [line for line in said(watched, "at work").lines if line.get("asks")]


def test_where_several_cells_wait_it_is_said_what_each_asks_and_none_is_answered(watched: Watched) -> None:
    a = watched.save(cells("print('you said', input('continue? '))"), "journal/a.md")
    b = watched.save(cells("import getpass\nprint(len(getpass.getpass('db password: ')))"), "journal/b.md")
    watched.until(lambda: len(asking(watched)) == 2)
    reply = said(watched, "answer", path="", text="hunter2-Xq9v")
    assert reply.status == 2
    told = reply.lines[0]["say"]
    assert "several wait, and none was answered: say which is meant by --entry (" in told
    assert "in journal/a.md print('you said', input('continue? ')) asks 'continue? '; " in told
    assert "in journal/b.md import getpass asks 'db password: '" in told
    assert said(watched, "answer", path=str(b), text="hunter2-Xq9v").status == 0
    watched.until(lambda: "status=ok" in b.read_text())
    assert said(watched, "answer", path="", text="yes").status == 0
    watched.until(lambda: "you said yes" in a.read_text())


def test_what_was_typed_for_one_cell_reaches_no_other(watched: Watched) -> None:
    path = watched.save(cells("print('you said', input('continue? '))"))
    watched.until(lambda: asking(watched))
    assert said(watched, "answer", path="", text="hunter2-Xq9v", cell="0" * 64).lines == [
        {"say": "that cell does not wait any more"}
    ]
    (chain,) = asking(watched)[0]["asks"]
    assert said(watched, "answer", path="", text="yes", cell=chain).status == 0
    watched.until(lambda: "you said yes" in path.read_text())


@pytest.mark.parametrize("word", ["run", "deny"])
def test_where_several_proposals_stand_one_must_be_named(watched: Watched, word: str) -> None:
    paths = [watched.save("# Title\n", f"journal/{name}.md") for name in "ab"]
    ids: list[str] = []
    for path in paths:
        watched.until(lambda path=path: watched.ask(lambda loop: path in loop.desks))  # type: ignore[misc]
        beside = watched.loop.desks[path].beside
        assert isinstance(beside, Conducted)
        watched.ask(lambda loop, offers=beside.conductor.offers: ids.append(offers.suggest("print(1)", "python", "")))  # type: ignore[misc]
    watched.until(lambda: all("nozzle:proposal" in path.read_text() for path in paths))
    reply = said(watched, "decide", path="", id="", answer=word)
    assert reply.status == 2
    for path, id_ in zip(paths, ids, strict=True):
        assert f"in journal/{path.name} proposals {id_}" in reply.lines[0]["say"]
    assert said(watched, "decide", path=str(paths[1]), id="", answer=word).status == 0
    watched.until(lambda: "nozzle:proposal" not in paths[1].read_text())
    assert "nozzle:proposal" in paths[0].read_text()
