"""A state that is kept across restarts: what stands above an edited cell does not run again, tomorrow either.

Every `nozzle run` here ends all its kernels, and `RAN` counts outside of all that is watched how often a cell ran.
"""

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from nozzle.keys import Key, my_key, signature_text
from nozzle.words.shelf import SIGNED
from tests.words.conftest import Say, cell, entry, git

RAN = "import os; os.write(run := os.open(os.environ['RAN'], os.O_APPEND | os.O_WRONLY), b'.'); os.close(run)\n"
LABEL = "#| label: slow\n"


@pytest.fixture
def ran(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    file = tmp_path / "ran"
    file.touch()
    monkeypatch.setenv("RAN", str(file))
    return lambda: file.stat().st_size


Edit = Callable[[str, str], str]


@pytest.fixture
def edit(say: Say, folder: Path) -> Edit:
    """Put one word in the place of another, in a text that then runs; what that said, and the text."""

    def edited(old: str, new: str) -> str:
        path = folder / "journal" / "entry.md"
        path.write_text(path.read_text().replace(old, new))
        return say("run").out + path.read_text()

    return edited


@pytest.fixture
def slow(say: Say, folder: Path, ran: Callable[[], int]) -> Path:
    """An entry whose first cell has run twice: once for its output, once to keep its state."""
    path = entry(folder, cell(f"{LABEL}{RAN}x = [1]; y = x\ndef f(): return x, z"))
    assert say("run").status == 0
    kept = say("keep", "HEAD")
    assert (kept.status, ran()) == (0, 2)
    assert kept.out.startswith("1 cell of the step runs again for it\nkept: the state after slow: 5 names, ")
    path.write_text(path.read_text() + "\n" + cell("z = 2; x.append(3); print('first', f(), y is x)"))
    return path


def test_a_cell_below_goes_on_from_it_and_nothing_above_runs_again(
    say: Say, slow: Path, ran: Callable[[], int], edit: Edit
) -> None:
    assert "first ([1, 3], 2) True" in edit("", "")
    assert "second ([1, 3], 2) True" in edit("'first'", "'second'")
    assert ran() == 2
    assert git(slow.parent, "for-each-ref", "--format=%(objecttype)", "refs/nozzle/kept") == "tree"
    git(slow.parent, "fsck", "--strict")
    listed = say("keep", "--list").out
    assert listed.endswith(" kB  journal/entry.md: slow\n")
    told = say("threads", "-v").out
    assert "1 state kept across restarts:" in told
    assert listed.strip() in told
    assert json.loads(say("keep", "--list", "--json").out)["title"] == "slow"


def test_it_is_used_no_more_when_it_is_dropped(say: Say, slow: Path, ran: Callable[[], int], edit: Edit) -> None:
    assert say("keep", "--drop", "HEAD").out.endswith("is kept no longer\n")
    assert say("keep", "--list").out == "no state is kept across restarts; 'nozzle keep STEP' keeps one\n"
    assert "first ([1, 3], 2) True" in edit("", "")
    assert ran() == 3
    again = say("keep", "--drop", "HEAD")
    assert (again.status, "no state of HEAD is kept" in again.out) == (2, True)


def test_of_two_states_only_the_one_that_is_meant_is_dropped(say: Say, slow: Path) -> None:
    assert say("run").status == 0
    first = git(slow.parent, "log", "--format=%H", "--grep=Nozzle-Kind: cell", "--reverse").split("\n")[0]
    assert say("keep", "HEAD").status == 0
    assert len(say("keep", "--list").out.splitlines()) == 2
    assert say("keep", "--drop", first).status == 0
    (left,) = say("keep", "--list").out.splitlines()
    assert left.endswith(": z = 2; x.append(3); print('first', f(), y is x)")
    assert say("keep", "--drop", left[:8]).status == 0


def test_an_edit_above_it_makes_it_the_state_of_another_text(
    say: Say, slow: Path, ran: Callable[[], int], edit: Edit
) -> None:
    assert "first ([5, 3], 2) True" in edit("x = [1]", "x = [5]")
    assert ran() == 3


class Bomb:
    """Whoever loads it, obeys it."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[object, ...]:
        return open, (str(self.file), "w")


def forged(folder: Path, bomb: Path, signed: Callable[[bytes], str] | None, keeps_head: bool) -> None:
    """Put a state that obeys somebody else in the place of the one that is kept."""
    ref = git(folder, "for-each-ref", "--format=%(refname)", "refs/nozzle/kept")
    head, signature = (git(folder, "show", f"{ref}:{name}").encode() for name in ("head", "signature"))
    state = pickle.dumps([[], None, {"modules": [Bomb(bomb)]}])
    if not keeps_head:
        import hashlib

        head = json.dumps({**json.loads(head), "digest": hashlib.sha256(state).hexdigest()}).encode()
    held = {"head": head, "state": state, "signature": signed(SIGNED + head).encode() if signed else signature}
    rows = []
    for name, data in held.items():
        (folder / "part").write_bytes(data)
        rows.append(f"100644 blob {git(folder, 'hash-object', '-w', 'part')}\t{name}")
    (folder / "part").write_text("\n".join(rows) + "\n")
    with (folder / "part").open() as file:
        import subprocess

        tree = subprocess.run(["git", "mktree"], cwd=folder, stdin=file, capture_output=True, text=True, check=True)
    (folder / "part").unlink()
    git(folder, "update-ref", ref, tree.stdout.strip())


@pytest.mark.parametrize("keeps_head", [True, False])
def test_bytes_that_this_machine_did_not_sign_are_never_loaded(
    say: Say, slow: Path, ran: Callable[[], int], edit: Edit, tmp_path: Path, keeps_head: bool
) -> None:
    forged(slow.parent, tmp_path / "boom", None, keeps_head)
    said = edit("", "")
    assert "first ([1, 3], 2) True" in said
    assert ("not those that were signed" if keeps_head else "its signature is no key's that is known here") in said
    assert (ran(), (tmp_path / "boom").exists()) == (3, False)


def test_what_another_key_signed_is_loaded_only_when_that_key_is_trusted(
    say: Say, slow: Path, ran: Callable[[], int], edit: Edit, tmp_path: Path
) -> None:
    other = my_key(tmp_path / "elsewhere")
    with (slow.parents[1] / "nozzle.keys").open("a") as file:
        file.write(other.key("mallory").line + "\n")
    forged(slow.parent, tmp_path / "boom", lambda head: signature_text(other.id, other.sign(head)), False)
    counted = (tmp_path / "ran").read_bytes()
    said = edit("", "")
    assert "first ([1, 3], 2) True" in said
    assert f"key {other.id} made it, and is not trusted: 'nozzle key add' trusts one" in said
    assert (ran(), (tmp_path / "boom").exists()) == (3, False)
    assert "not used" in say("keep", "--list").out
    assert say("key", "add", other.key().line).status == 0
    (tmp_path / "ran").write_bytes(counted)  # as the cell left it
    edit("'first'", "'second'")
    assert (tmp_path / "boom").exists()  # so it was not for another reason that it was not loaded
    assert Key.parse(other.key("mallory").line) is not None


def test_what_cannot_be_saved_is_named_and_the_rest_is_kept(
    say: Say, folder: Path, ran: Callable[[], int], edit: Edit
) -> None:
    path = entry(folder, cell(f"{LABEL}{RAN}f = (n for n in 'abc'); x = 1"))
    assert say("run").status == 0
    kept = say("keep", "HEAD")
    assert kept.status == 1
    assert "could not be saved: `f` (cannot pickle 'generator' object)\n" in kept.out
    path.write_text(path.read_text() + "\n" + cell("print('x is', x)"))
    assert "x is 1" in edit("", "")
    assert ran() == 2
    assert "x is a" in edit("'x is', x", "'x is', next(f)")
    assert ran() == 3
    assert say("keep", "--list").out.endswith("slow  without f\n")


def test_without_cloudpickle_it_says_what_to_install(
    say: Say, folder: Path, ran: Callable[[], int], monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = "import sys; sys.modules['cloudpickle'] = None"
    entry(folder, cell(blocked))
    assert say("run").status == 0
    kept = say("keep", "HEAD")
    assert kept.status == 1
    assert "cloudpickle is not installed where the cells run: pip install cloudpickle (with " in kept.out


def test_what_the_author_made_of_a_file_is_a_step_before_cells_run_for_it(say: Say, folder: Path) -> None:
    entry(folder, cell("x = open('labels.csv', 'w').write('one')"))
    assert say("run").status == 0
    (folder / "journal" / "labels.csv").write_text("an hour of work")
    assert "! journal/labels.csv: no step has it as it is" in say("keep", "HEAD").out
    assert git(folder, "show", "HEAD:journal/labels.csv") == "an hour of work"


def test_what_there_is_no_state_of(say: Say, folder: Path) -> None:
    entry(folder, "# Words only\n")
    assert say("run").status == 0
    assert say("keep").status == 2
    entry(folder, "# Words\n\n" + cell("1 / 0"))
    assert say("run").status == 1
    kept = say("keep", "HEAD")
    assert (kept.status, "no cell of journal/entry.md had run at that step" in kept.out) == (1, True)


def test_cells_of_another_language_do_not_run_again_for_nothing(say: Say, folder: Path, ran: Callable[[], int]) -> None:
    entry(folder, cell(f"{LABEL}{RAN}") + "\n" + cell("x=1", "bash"))
    assert say("run").status == 0
    kept = say("keep", "HEAD")
    assert (kept.status, kept.out) == (1, "the state was not kept: of cells in bash none is saved\n")
    assert ran() == 1


@pytest.mark.parametrize(
    "value", ["'ghp_' + 'x1' * 18", "{'header': ['Bearer ' + 'a1B2c3' * 6]}", "open('../own').read()"]
)
def test_a_state_that_holds_a_secret_is_not_kept(
    say: Say, folder: Path, monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setenv("OWN_PASSWORD", "correct-horse-battery")
    (folder / "own").write_text("correct-horse-battery")
    entry(folder, cell(f"held = {value}"))
    assert say("run").status == 0
    said = say("keep", "HEAD")
    assert said.status == 1
    assert "a value in it looks like a secret" in said.out
    assert git(folder, "for-each-ref", "refs/nozzle/kept") == ""
