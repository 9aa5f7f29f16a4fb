"""Each folder in golden/ is a behaviour of the doer: before.md, what was said by the model and the author, after.md.

`said.yaml`: `model`, its replies; `author`, what he does when nothing goes on by itself any more (`tick` a box,
`change` one text into another, `append` a paragraph), or what another program does then (`suggest` a cell, and why);
`settings`; `answers`, the labels that the steps then hold.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from nozzle.control import Reply
from nozzle.document.risk import Ground
from nozzle.loop import Called
from nozzle.words import requests
from nozzle.words.hush import Hush
from nozzle.words.voice import Ears
from tests.agents.conftest import Table
from tests.test_golden import plain

CASES = sorted(path for path in (Path(__file__).parent / "golden").iterdir() if path.is_dir())


def saved(text: str, deed: dict[str, Any]) -> str:
    match deed:
        case {"tick": word}:
            return text.replace(f"- [ ] {word}", f"- [x] {word}")
        case {"change": [old, new]}:
            assert old in text
            return text.replace(old, new)
        case {"append": words}:
            return f"{text}\n{words}\n\n"
    raise AssertionError(deed)


def suggest(one: Table, source: str, reason: str) -> None:
    """What `append` of `nozzle mcp` asks the watch for."""
    args = {"path": str(one.path), "source": source, "language": "python", "reason": reason}
    one.loop.messages.put(Called(lambda loop: requests.suggest(loop, Ears(Hush(str)), args, Reply())))
    one.go()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden(
    case: Path, table: Callable[..., Table], request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nozzle.words.company.ground", lambda here, rel: Ground())  # the same words on every system
    said = yaml.safe_load((case / "said.yaml").read_text())
    one = table(*said["model"], **said.get("settings", {}))
    one.begin((case / "before.md").read_text())
    for deed in said.get("author", ()):
        if "suggest" in deed:
            suggest(one, *deed["suggest"])
        else:
            one.save(lambda text, deed=deed: saved(text, deed))
    actual = plain(one.path.read_bytes())
    if request.config.getoption("--update-golden"):
        (case / "after.md").write_text(actual)
    assert actual == (case / "after.md").read_text()
    assert one.labels() == said["answers"]
    assert not (one.path.parent / "ran").exists(), "nothing runs unseen"
    assert plain(one.go().encode()) == actual, "and nothing goes on by itself"
