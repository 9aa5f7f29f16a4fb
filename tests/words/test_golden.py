"""Each folder in golden/ is a talk with the agent of an earlier step: before.md at that step, since.md what came after.

`said.yaml`: `author`, what he asks, a line each; `model`, its replies. It leads to talk.txt, what he sees on the
terminal, and to sent.txt, what the model was sent for the last question, but for what both agents are always told.
"""

import json
import re
from pathlib import Path

import pytest
import yaml

from nozzle.lm import Reply, Scripted
from tests.test_golden import plain
from tests.words.conftest import Say, entry, git

CASES = sorted(path for path in (Path(__file__).parent / "golden").iterdir() if path.is_dir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_golden(
    case: Path, say: Say, folder: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    said = yaml.safe_load((case / "said.yaml").read_text())
    replies = [Reply(**each) for each in said["model"]]
    model = Scripted(lambda messages: replies.pop(0))
    path = entry(folder, (case / "before.md").read_text())
    say("run")
    step = json.loads(say("log", "-n", "1", "--json").out)["sha"]
    path.write_text(path.read_text() + (case / "since.md").read_text())
    say("run")
    before, head = path.read_bytes(), git(folder, "rev-parse", "HEAD")
    monkeypatch.setattr("nozzle.words.company.model", lambda here: model)
    talk = say("teleport", step, input="".join(f"{each}\n" for each in [*said["author"], ""])).out
    assert (path.read_bytes(), git(folder, "rev-parse", "HEAD")) == (before, head), "it reads only"
    sent = "".join(f"# {each['role']}\n\n{each['content']}\n\n" for each in model.calls[-1].messages[1:])
    sent = re.sub(r'seal="\w+"', 'seal="…"', sent)
    found = {"talk.txt": talk.replace(step, "STEP"), "sent.txt": sent}
    for name, text in found.items():
        shown = plain(text.encode())
        if request.config.getoption("--update-golden"):
            (case / name).write_text(shown)
        assert shown == (case / name).read_text(), name
