"""A thread is a branch: started where HEAD is, without touching a file or the index; landed as one commit.

It refuses to land what conflicts, and to move a branch that another worktree has checked out. A landed thread stays.
"""

import os
import re
from collections.abc import Callable, Mapping

from nozzle.errors import Refused, WrongCommand
from nozzle.steps.history import history
from nozzle.steps.objects import FILE, Leaf
from nozzle.steps.refs import Moved
from nozzle.steps.repo import HEADS, Repo, Thread
from nozzle.steps.step import Step, message


def start_thread(repo: Repo, name: str, at: str) -> Thread:
    """A new branch at a commit; HEAD names it from now on."""
    if not is_name(repo, name):
        raise WrongCommand(f"{name!r} cannot name a thread: use letters, digits, - and /")
    if repo.objects.read(HEADS + name):
        raise WrongCommand(f"there is a thread {name} already: `git switch {name}` goes there")
    base = came_from(repo)
    if at:
        repo.refs.move(HEADS + name, at, "")
    if base and base != name:
        repo.door.run("config", f"branch.{name}.nozzleBase", base)
    repo.door.run("symbolic-ref", "-m", f"nozzle: thread {name}", "HEAD", HEADS + name)
    return repo.thread()


def is_name(repo: Repo, name: str) -> bool:
    """Whether git takes this as the name of a branch, and nobody takes it for something else: `@` means HEAD."""
    said = repo.door.ask("check-ref-format", "--branch", name)
    return said.status == 0 and os.fsdecode(said.out).strip() == name and any(map(str.isalnum, name))


def put_branch(repo: Repo, branch: str, files: Mapping[str, bytes], title: str) -> str:
    """A commit of just these files on top of a branch that nobody has checked out."""
    if not is_name(repo, branch):
        raise WrongCommand(f"{branch!r} is no name for a branch: use letters, digits, - and /, as in gh-pages")
    if branch == repo.thread().name or _worktree(repo, branch):
        raise Refused(f"{branch} is checked out; the site needs a branch of its own, such as gh-pages")
    old = tip(repo, branch)
    tree = repo.objects.graft("", {path: Leaf(FILE, repo.objects.blob(data)) for path, data in files.items()})
    if old and tree == repo.tree(old):
        return old
    new = repo.objects.commit(tree, [old] if old else [], repo.signed(), title.encode() + b"\n")
    if old:
        repo.refs.move(HEADS + branch, new, old)
    else:  # git says so of a first commit; "nozzle", where a branch begins, says of none who made it
        repo.door.run("update-ref", "-m", f"commit (initial): {title}", HEADS + branch, new, "")
    return new


def unused(repo: Repo, stem: str, sha: str) -> str:
    """A branch name that is not taken."""
    word = re.sub(r"[^\w-]+", "-", stem, flags=re.ASCII).strip("-") or "thread"
    taken = set(branches(repo))
    name = f"nozzle{'-' if 'nozzle' in taken else '/'}{word}-{sha[:7]}".rstrip("-")
    return next(n for n in (name, *(f"{name}-{k}" for k in range(2, len(taken) + 3))) if n not in taken)


def branches(repo: Repo) -> list[str]:
    """The names of all threads."""
    out = repo.door.run("for-each-ref", "--format=%(refname)", "--sort=-committerdate", HEADS)
    return [os.fsdecode(row).removeprefix(HEADS) for row in out.splitlines()]


def tip(repo: Repo, name: str) -> str:
    """The last step of a thread; empty when there is no such thread."""
    found = repo.objects.read(f"{HEADS}{name}^{{commit}}")
    return found.sha if found else ""


def is_branch(repo: Repo, name: str) -> bool:
    """Whether a thread has just this name."""
    return repo.door.ask("show-ref", "--verify", "-q", f"{HEADS}{name}").status == 0


def came_from(repo: Repo) -> str:
    """The branch HEAD is on, or was on before it was detached."""
    here = repo.thread().name
    for back in range(1, 10):
        if here:
            return here
        out = repo.door.ask("rev-parse", "-q", "--symbolic-full-name", f"@{{-{back}}}").out
        here = os.fsdecode(out).strip().removeprefix(HEADS)
    return here


def begun_on(repo: Repo, name: str) -> str:
    """The branch that a thread of nozzle's left; empty of one that it did not start."""
    return os.fsdecode(repo.door.ask("config", f"branch.{name}.nozzleBase").out).strip()


def left(repo: Repo) -> str:
    """The branch to go back to: HEAD was on it before it stood on none, or its thread left it; empty: there is none."""
    name = repo.thread().name
    found = begun_on(repo, name) if name else came_from(repo)
    return "" if not found or _worktree(repo, found) else found


def land(repo: Repo, title: str | None, over: bool, carried: Callable[[str, str], str]) -> Step:
    """Squash the thread into one commit on the branch it came from, and go there; `over` what that branch has.

    `carried` says what steps carry along that stand on the thread's last and on the branch's, which is empty where the
    thread has all of that.
    """
    repo.idle("land again")
    thread, base = repo.thread(), _base(repo)
    top = repo.objects.read(HEADS + base)
    old = top.sha if top else ""
    fork = os.fsdecode(repo.door.ask("merge-base", old, thread.head).out).strip() if old else ""
    if fork == thread.head or not thread.head:
        raise Refused(f"thread {thread.name} has no step that {base} lacks: there is nothing to land")
    steps = list(history(repo, None, rev=thread.head, until=fork))
    if not old and len(steps) < int(repo.door.run("rev-list", "--count", thread.head)):
        raise Refused(
            f"{base}, the branch that {thread.name} came from, is gone: `git branch {base} COMMIT` brings it back"
        )
    tree = repo.tree(thread.head) if old == fork else _merged(repo, old, thread, over)
    trailers = [("Kind", "land"), ("Thread", thread.name), ("Steps", str(len(steps)))]
    trailers += [("Entry", entry) for entry in dict.fromkeys(step.entry for step in reversed(steps)) if entry]
    trailers += [("Inputs", carried(thread.head, old if old != fork else ""))]
    count = "1 step" if len(steps) == 1 else f"{len(steps)} steps"
    words = message(title or f"Land {thread.name}: {count}", trailers)
    sha = repo.objects.commit(tree, [old] if old else [], repo.signed(), words)
    _arrive(repo, thread, base, old, sha, merged=old != fork)
    return repo.step(sha)


def _base(repo: Repo) -> str:
    name = repo.thread().name
    if not name:
        raise Refused("HEAD is on no thread: run something first, or `git switch` to the thread to land")
    base = begun_on(repo, name)
    if not base:
        raise Refused(f"{name} is no thread that nozzle started: merge it with git")
    if elsewhere := _worktree(repo, base):
        raise Refused(f"{base} is checked out in {elsewhere}: land from a thread of that worktree, or switch it away")
    return base


def _worktree(repo: Repo, branch: str) -> str:
    out = os.fsdecode(repo.door.run("worktree", "list", "--porcelain"))
    for block in out.split("\n\n"):
        if f"branch {HEADS}{branch}" in block.split("\n"):
            return block.partition("\n")[0].removeprefix("worktree ")
    return ""


def _merged(repo: Repo, old: str, thread: Thread, over: bool) -> str:
    said = repo.door.ask("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", old, thread.head)
    tree, *paths = os.fsdecode(said.out).split("\0")
    if said.status == 0:
        return tree.strip()
    conflicts = list(dict.fromkeys(path for path in paths if path))
    if over and conflicts:
        ours = repo.tree(thread.head)
        return repo.objects.graft(tree.strip(), {path: repo.objects.leaf(ours, path) for path in conflicts})
    raise Refused(
        f"{thread.name} and the branch it came from changed the same lines ({', '.join(conflicts) or said.err}): "
        "'nozzle land --over' lands these files as they are on this thread, what the branch had stays behind them; "
        "or merge that branch into this thread with git, then land again"
    )


def _arrive(repo: Repo, thread: Thread, base: str, old: str, sha: str, *, merged: bool) -> None:
    if merged:  # files that only the base changed must come to the disk
        said = repo.door.ask("checkout", "-q", "--no-overwrite-ignore", "--detach", sha)
        if said.status != 0:
            raise Refused(f"landing {thread.name} would overwrite what is not in a step yet, save first: {said.err}")
    try:
        repo.refs.move(HEADS + base, sha, old)
    except Moved:
        repo.door.run("symbolic-ref", "HEAD", HEADS + thread.name)
        raise Refused(f"{base} moved while {thread.name} was landing: land again") from None
    repo.door.run("symbolic-ref", "-m", f"nozzle: land {thread.name}", "HEAD", HEADS + base)
