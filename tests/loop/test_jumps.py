"""Going anywhere, a hundred times: text, files, variables and the agents' history are those of the step.

A journal is written to, asked, edited, run and left at random; after every jump the live state is asked what it holds,
and the agent what it is sent. A session and an agent that have never seen anything answer the same, and going back
gives every byte.
"""

import random
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from nozzle.agents import Seat
from nozzle.agents.questions import Asking
from nozzle.desk import Desk
from nozzle.document.entry import Entry
from nozzle.document.events import Event, Finished
from nozzle.document.outputs import fold
from nozzle.document.prompts import prompts
from nozzle.lm import Scripted
from nozzle.loop import Loop, Moved, Saved
from nozzle.run import jobs
from nozzle.runner import Job, Session
from nozzle.steps import Step
from nozzle.words.journal import journal
from tests.conftest import Workshop
from tests.words.conftest import cell, git

PYTHON = [
    "x = 3 * globals().get('x', 1) + {n}",
    "import random\nrandom.seed({n})\nr = random.random()",
    "r = random.random() if 'random' in globals() else {n}",
    "seen = globals().get('seen', []); seen.append({n}); print(seen)",
    "import os\nz = open('made0').read() if os.path.exists('made0') else {n}",
    "f = open('lines', 'w+'); _ = f.write('a\\nb\\n{n}\\n'); _ = f.seek(0); _ = f.readline()",
    "rest = f.readline() if 'f' in globals() else None",
    "def g(v, n={n}): return v + n\nx = g(globals().get('x', 0))",
]
BASH = ["y=$((y + {n})); echo $y", "echo {n} > made0", "cd ..; cd journal; export e={n}", "h() {{ echo h{n}; }}; h"]
PROBES = {
    "python": "print({k: v for k, v in sorted(globals().items()) if k in ('x', 'r', 'seen', 'z', 'rest')}, end='')",
    "bash": "echo $y $e; declare -f h",
}


def some_cell(dice: random.Random) -> str:
    if dice.random() < 0.3:
        return cell(dice.choice(BASH).format(n=dice.randrange(10)), "bash")
    return cell(dice.choice(PYTHON).format(n=dice.randrange(10)))


def changed(text: str, dice: random.Random) -> str:
    """What an author may do: one more cell, or another number in one."""
    if dice.random() < 0.25:
        return text + f"\n/ask what became of {dice.randrange(100)}?\n\n"
    plain = [number for number, row in enumerate(text.split("\n")) if row.startswith(("x = 3", "y=$", "seen ="))]
    if not plain or dice.random() < 0.5:
        return text + "\n" + some_cell(dice)
    rows = text.split("\n")
    at = dice.choice(plain)
    rows[at] = (
        rows[at][:-1] + str(dice.randrange(10)) if rows[at][-1].isdigit() else rows[at] + f"  # {dice.random()}\n1"
    )
    return "\n".join(rows)


def settle(loop: Loop, path: Path, *, ask: bool) -> Desk:
    """Let the loop look at what happened, and run what is due if it is asked to."""
    loop.messages.put(Moved())
    loop.messages.put(Saved(frozenset({path})))
    loop.run(until_idle=True)
    if ask:
        loop.advance([path])
        loop.run(until_idle=True)
    return loop.desks[path]


def held(session: Session, above: list[Job], language: str) -> list[object]:
    """What a session's variables say after these cells."""
    probe = Job("probe " + language, PROBES[language], language)
    events: list[Event] = list(session.run([*above, probe]))
    assert isinstance(events[-1], Finished)
    return [events[-1].status, *fold(event for event in events if event.cell == probe.cell)]


def asked(desk: Desk, workshop: Workshop, copy: Path) -> tuple[object, object]:
    """The variables of the live state, and those of a fresh replay in a copy of the journal."""
    done = [row.cell for row in desk.plan() if row.do == "done"]
    above = jobs(desk.entry, done[-1], desk.tools.settings) if done else []
    session = desk.kernels.get()
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(workshop.root, copy, ignore=shutil.ignore_patterns(".git"))
    files = {path: path.read_bytes() for path in (workshop.root / "journal").iterdir() if path.is_file()}
    fresh = Session(copy / "journal", session.live.place.interpreter, root=copy)
    try:
        found = [(held(session, above, language), held(fresh, above, language)) for language in PROBES]
    finally:
        fresh.close()
        for path, content in files.items():  # a replay writes what its cells write
            path.write_bytes(content)
    return [mine for mine, _ in found], [other for _, other in found]


def sent(desk: Desk, model: Scripted) -> list[list[Mapping[str, str]]]:
    """What the agent beside a desk is sent when it is asked something below all that stands there."""
    assert isinstance(desk.beside, Seat)
    model.calls.clear()
    entry = Entry(desk.entry.text + "\n\n/ask where are we?\n\n")
    desk.beside.questions._job(Asking(prompts(entry)[-1]), entry)()
    return [list(call.messages) for call in model.calls]


def sent_afresh(workshop: Workshop, copy: Path) -> list[list[Mapping[str, str]]]:
    """The same, in a clone of the journal as it stands, where nobody has been asked anything yet."""
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(workshop.root, copy)
    with journal(copy) as here:
        here.model = model = Scripted(lambda messages: "as it says")
        loop = Loop(here.tools(lambda notice: None, lambda said: None))
        try:
            return sent(loop.desk(copy / "journal" / "entry.md"), model)
        finally:
            loop.close()


def jump_about(workshop: Workshop, policy: str, jumps: int, seed: int) -> None:
    dice, root = random.Random(seed), workshop.root
    workshop.here.settings = replace(workshop.here.settings, snapshots=policy)
    workshop.here.model = model = Scripted(lambda messages: f"It became {len(messages)}.")
    path = workshop.write("# Jumps\n\n" + cell("x = 1"))
    loop = workshop.loop()
    steps: list[Step] = []
    try:
        settle(loop, path, ask=True)
        for _ in range(jumps):
            path.write_bytes(changed(path.read_text(), dice).encode())
            settle(loop, path, ask=True)
            git(root, "add", "-A")
            git(root, "-c", "user.name=a", "-c", "user.email=a@x.org", "commit", "-qm", "by hand", "--allow-empty")
            steps.append(workshop.here.steps.resolve("HEAD"))
            before, thread = path.read_bytes(), git(root, "rev-parse", "HEAD")
            goal = dice.choice(steps)
            workshop.here.steps.rewind(goal)
            desk = settle(loop, path, ask=False)
            assert path.read_bytes() == workshop.here.steps.text(goal, "journal/entry.md")
            assert git(root, "status", "--porcelain") == ""
            mine, other = asked(desk, workshop, root.parent / "copy")
            assert mine == other
            heard = sent(desk, model)
            assert heard == sent_afresh(workshop, root.parent / "clone")
            assert heard[0][-1]["content"].count("where are we?") == 1
            if dice.random() < 0.5:
                git(root, "checkout", "-q", thread)
                assert path.read_bytes() == before
                settle(loop, path, ask=False)
            git(root, "switch", "-q", "-c", f"thread-{len(steps)}")
    finally:
        loop.close()


@pytest.mark.timeout(300)
@pytest.mark.parametrize("policy", ["always", "never"])
def test_after_a_jump_all_is_as_it_was_at_that_step(workshop: Workshop, policy: str) -> None:
    jump_about(workshop, policy, jumps=6, seed=1)


@pytest.mark.heavy
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("policy", ["always", "never"])
def test_after_a_hundred_jumps_too(workshop: Workshop, policy: str, request: pytest.FixtureRequest) -> None:
    if "heavy" not in str(request.config.getoption("-m")):
        pytest.skip("takes minutes: pytest -m heavy")
    jump_about(workshop, policy, jumps=100, seed=2)
