"""Threads side by side: each in a worktree of its own, beside the first one's folder.

It refuses to write into a folder that holds something, and to leave half a worktree behind.
"""

import fcntl
import hashlib
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from nozzle.errors import NozzleError, Refused, WrongCommand
from nozzle.steps.door import Door
from nozzle.steps.repo import HEADS, Repo, Thread, find, mtime
from nozzle.steps.step import Step
from nozzle.steps.threads import branches, came_from, is_name

BESIDE = ".threads"
"""What the folder of a journal's threads is called, after the journal's own."""

_PLACE = "gitdir"
"""The file in which git keeps where a worktree is."""


@dataclass(frozen=True, slots=True)
class Worktree:
    """One place where a thread is checked out."""

    thread: Thread
    first: bool
    """The one that holds the repository."""
    gone: bool
    """Somebody deleted its folder."""


def worktrees(repo: Repo) -> list[Worktree]:
    """All of them, the first one first."""
    out = os.fsdecode(repo.door.run("worktree", "list", "--porcelain"))
    found: list[Worktree] = []
    for block in filter(None, out.split("\n\n")):
        rows = dict(row.partition(" ")[::2] for row in block.splitlines())
        if "bare" not in rows:
            folder = Path(rows["worktree"]) if found else _first(repo, Path(rows["worktree"]))
            head = rows.get("HEAD", "").strip("0") and rows["HEAD"]  # only zeros: there is no commit yet
            thread = Thread(rows.get("branch", "").removeprefix(HEADS), head, folder)
            found.append(Worktree(thread, not found, not folder.is_dir()))
    return found


def _first(repo: Repo, named: Path) -> Path:
    """The first worktree; of a submodule git names the folder where it keeps the repository, in the superproject's."""
    if named.resolve() != repo.common:
        return named
    if repo.git_dir.resolve() == repo.common:
        return repo.root
    said = Door(repo.common).ask("rev-parse", "--show-toplevel")
    return Path(os.fsdecode(said.out).removesuffix("\n")) if said.status == 0 else named


def places(repo: Repo) -> tuple[tuple[str, float], ...]:
    """Git's names of the worktrees beside the first, and when it was last written where each is."""
    return tuple(sorted((link.parent.name, mtime(link)) for link in (repo.common / "worktrees").glob(f"*/{_PLACE}")))


def moved_to(repo: Repo) -> Path | None:
    """Where this worktree is by now, as git knows (`git worktree move`), when it is no longer in its folder."""
    try:
        link = Path(os.fsdecode((repo.git_dir / _PLACE).read_bytes()).strip())
    except OSError:  # the first one, or one that is gone
        return None
    now = Path(os.path.normpath(repo.git_dir / link)).parent
    return now if now != repo.root and now.is_dir() and not (repo.root / ".git").exists() else None


def fork(repo: Repo, step: Step, name: str, only: Sequence[str] | None = None) -> Thread:
    """A new branch at a step, checked out in a folder of its own: all its files, or `only` these."""
    if not is_name(repo, name):
        raise WrongCommand(f"{name!r} cannot name a thread: use letters, digits, - and /")
    with _making(repo, name, step):
        return _fork(repo, step, name, only)


@contextmanager
def _making(repo: Repo, name: str, step: Step) -> Iterator[None]:
    """Hold a thread's name while it is made; what one left who was killed over that is taken away first."""
    mark = repo.common / "nozzle" / f"forking-{hashlib.sha256(name.encode()).hexdigest()[:16]}"
    mark.parent.mkdir(mode=0o700, exist_ok=True)
    with mark.open("a+") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise Refused(f"a thread {name} is being made at this moment: wait, or name another") from error
        held.seek(0)
        if begun := held.read():
            _undo(repo, name, begun)
        held.truncate(0)
        held.write(step.sha)
        held.flush()
        try:
            yield
        except NozzleError:
            mark.unlink(missing_ok=True)  # nothing of it is left
            raise
        mark.unlink(missing_ok=True)


def _undo(repo: Repo, name: str, begun: str) -> None:
    """Take a half-made thread away, where nobody has made a step on it or put a file of his own there since."""
    folder, tree = home(repo) / name, repo.tree(begun)
    there = (path for path in folder.rglob("*") if not path.is_dir() and path != folder / ".git")
    files = {path.relative_to(folder).as_posix(): path for path in there}
    if all(path.is_file() and repo.objects.file(tree, rel) == path.read_bytes() for rel, path in files.items()):
        repo.door.ask("worktree", "remove", "--force", "--force", str(folder))
        if repo.door.ask("rev-parse", "-q", "--verify", HEADS + name).out.decode().strip() == begun:
            repo.door.ask("branch", "-q", "-D", name)


def _fork(repo: Repo, step: Step, name: str, only: Sequence[str] | None) -> Thread:
    if lost := next((each for each in worktrees(repo) if each.gone and each.thread.name == name), None):
        raise WrongCommand(
            f"there is a thread {name}, and its folder is gone: 'nozzle fork {name} NAME' goes on from it under "
            f"another name, 'git worktree add -f {lost.thread.folder} {name}' makes the folder again"
        )
    if name in branches(repo):
        raise WrongCommand(f"there is a thread {name} already: name another, or go to it")
    repo.door.run("worktree", "prune")
    folder = home(repo) / name
    if folder.exists() and any(folder.iterdir()):
        raise Refused(f"{folder} is not empty: a thread of that name was there; move it away, or name another")
    base = came_from(repo)
    made = repo.door.ask("worktree", "add", "-q", "--no-checkout", "-b", name, str(folder), step.sha)
    there = find(folder) if made.status == 0 else None
    if there is not None:
        if only is not None:
            given = b"".join(_pattern(path) + b"\n" for path in only)
            made = there.door.ask("sparse-checkout", "set", "--no-cone", "--stdin", given=given)
        if made.status == 0:
            made = there.door.ask("read-tree", "-m", "-u", "HEAD")  # in its own index
        there.close()
    if made.status != 0:
        repo.door.ask("worktree", "remove", "--force", str(folder))
        repo.door.ask("branch", "-q", "-D", name)
        raise Refused(f"git could not make {folder}: {' '.join(made.err.split())}; nothing of it is left")
    if base:
        repo.door.run("config", f"branch.{name}.nozzleBase", base)
    return Thread(name, step.sha, folder)


def is_sparse(repo: Repo) -> bool:
    """Whether this worktree holds only some of its step's files."""
    return (repo.git_dir / "info" / "sparse-checkout").is_file() and (
        repo.door.ask("config", "--bool", "core.sparseCheckout").out.strip() == b"true"
    )


def is_shallow(repo: Repo) -> bool:
    """Whether the clone lacks commits behind those that it has."""
    return (repo.common / "shallow").is_file()


def _pattern(path: str) -> bytes:
    """The pattern that means exactly this file."""
    return b"/" + re.sub(rb"([*?\[\\! #])", rb"\\\1", os.fsencode(path))


def first_folder(repo: Repo) -> Path:
    """Of the worktree that holds the repository."""
    return worktrees(repo)[0].thread.folder


def home(repo: Repo) -> Path:
    """Where the threads of this journal have their folders."""
    first = first_folder(repo)
    return first.parent / f"{first.name}{BESIDE}"
