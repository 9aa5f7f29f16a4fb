"""Going back: what would be lost becomes a step first, then git checks the other step out.

It refuses force: never `--hard`, never `clean`, never the stash; a file that .gitignore names is not overwritten.
"""

import os
import shutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from nozzle import whole
from nozzle.errors import Refused
from nozzle.steps.door import Said, unwritten
from nozzle.steps.merge import put_files
from nozzle.steps.objects import FILE, PROGRAM, Leaf
from nozzle.steps.refs import Moved
from nozzle.steps.repo import Repo, Thread
from nozzle.steps.step import Step, Taken, message
from nozzle.steps.threads import start_thread, unused
from nozzle.steps.worktree import dirty, held, stamp


@dataclass(frozen=True, slots=True)
class Rewound:
    """What was left, what of it was kept first, where we are."""

    thread_before: Thread
    """As it is left: with what was kept, also where that began it."""
    rescued: Step | None
    where: Step

    @property
    def left(self) -> str:
        """What leads back there: the thread's name, or where it stands while it has none."""
        return self.thread_before.name or self.thread_before.head[:8]


Unfit = Callable[[str, bytes], str]
"""(path, content) -> why a file must not be kept in a step; empty when it may."""


def rewind(repo: Repo, step: Step, unfit: Unfit, thread: str = "") -> Rewound:
    """Check a step out, on no thread: the next record starts one; or a thread whose last step it is."""
    repo.idle("rewind again")
    repo.index.wait()
    rescued, said = None, Said(1, b"", "HEAD moves all the time")
    for _ in range(5):
        try:
            rescued = rescue(repo, step, unfit) or rescued
        except Moved:
            continue
        before = repo.thread()
        where = (thread, "--") if thread else ("--detach", step.sha)
        said = repo.door.ask("checkout", "-q", "--no-overwrite-ignore", *where)
        if said.status == 0:
            return Rewound(before, rescued, repo.step(step.sha))
        if "index.lock': File exists" in said.err:
            repo.index.wait()
        elif not dirty(repo):
            break  # otherwise the author saved between the rescue and the checkout: that is rescued too
    unwritten(said.err)
    raise Refused(
        f"git cannot go to {step.sha[:7]} without overwriting a file that no step keeps; move it away, then rewind "
        f"again ({' '.join(said.err.split())})"
    )


def put_back(repo: Repo, files: Mapping[str, Taken], step: str) -> tuple[list[str], list[str]]:
    """Files, as they were just taken, that are as a commit elsewhere has them, and so lost by nobody, are as HEAD has
    them again. Which these are; and which stay, that neither of both has so.
    """
    head, back, stay = repo.thread().head, list[str](), list[str]()
    for path, now in files.items():
        here, there = (_file(repo, commit, path) for commit in (head, step))
        if now.sha == (here.sha if here else ""):
            continue
        is_plain = here is None or here.mode in (FILE, PROGRAM)
        if now.sha == (there.sha if there else "") and is_plain and stamp(repo, path) == now.stamp:
            put_files(repo, {path: repo.written(path, here.sha) if here else None}, head)
            whole.prune((repo.root / path).parent, root=repo.root)
            back.append(path)
        else:
            stay.append(path)
    return back, stay


def _file(repo: Repo, commit: str, path: str) -> Leaf | None:
    return repo.objects.leaf(repo.tree(commit), path) if commit else None


def rescue(repo: Repo, target: Step, unfit: Unfit) -> Step | None:
    """Keep what differs from HEAD, staged or not, as a step on the thread that is left."""
    thread = repo.thread()
    paths = _at_stake(repo, target)
    _check(((path, held(repo, path)) for path in paths), target, unfit)
    if not paths:
        if thread.head and not thread.name and not _on_a_branch(repo):
            start_thread(repo, unused(repo, "kept", thread.head), thread.head)
        return None
    staged, tree = _trees(repo, paths)
    if staged and staged != tree:  # else one step keeps both
        _check(((path, repo.objects.file(staged, path) or b"") for path in paths), target, unfit)
    if thread.head and not thread.name:
        thread = start_thread(repo, unused(repo, "kept", thread.head), thread.head)
    return _keep(repo, thread, paths, ("" if staged == tree else staged, tree), f"before going to {target.sha[:7]}")


def _check(files: Iterable[tuple[str, bytes]], target: Step, unfit: Unfit) -> None:
    for path, content in files:
        if why := unfit(path, content):
            raise Refused(
                f"{path}: {why}, so no step may keep it, and going to {target.sha[:7]} would lose it: take that out, "
                "or move the file out of the journal, then rewind again"
            )


def _at_stake(repo: Repo, target: Step) -> list[str]:
    """What differs from HEAD; an untracked file only where it stands in the way of the other step: git leaves it."""
    found = dirty(repo)
    if not any(code == "??" for code, _ in found):
        return [path for _, path in found]
    files = {path for path, _ in repo.objects.walk(repo.tree(target.sha))}
    folders = {str(folder) for path in files for folder in PurePosixPath(path).parents}
    return [path for code, path in found if code != "??" or path in files | folders or _below(path, files)]


def _below(path: str, files: set[str]) -> bool:
    """Whether a folder on the way to a path is a file there."""
    return any(str(folder) in files for folder in PurePosixPath(path).parents)


def _on_a_branch(repo: Repo) -> bool:
    return bool(
        repo.door.run("for-each-ref", "--count=1", "--contains=HEAD", "refs/heads", "refs/remotes", "refs/tags")
    )


def _keep(repo: Repo, thread: Thread, paths: list[str], trees: tuple[str, str], why: str) -> Step | None:
    staged, tree = trees
    entries = [("Entry", path) for path in paths if path.endswith(".md")]
    tip = _commits(repo, thread, [(staged, f"What was staged {why}"), (tree, f"What was there {why}")], entries)
    if tip == thread.head:
        return None
    repo.index.take(paths)
    repo.refs.move("HEAD", tip, thread.head)
    return repo.step(tip)


def _trees(repo: Repo, paths: list[str]) -> tuple[str, str]:
    """What is staged (nothing, while the index is empty or in conflict) and what is on disk: made in a copy of it."""
    copy = repo.private / f"rescue-{os.getpid()}-index"
    door = repo.door.with_index(copy)
    try:
        if repo.index.path.exists():
            shutil.copy2(repo.index.path, copy)
        staged = door.ask("write-tree").out if door.run("ls-files", "-s") else b""
        given = b"".join(os.fsencode(path) + b"\0" for path in paths)
        door.run("update-index", "--add", "--remove", "--replace", "-z", "--stdin", given=given)
        return os.fsdecode(staged).strip(), os.fsdecode(door.run("write-tree")).strip()
    finally:
        copy.unlink(missing_ok=True)


def _commits(repo: Repo, thread: Thread, trees: list[tuple[str, str]], entries: list[tuple[str, str]]) -> str:
    """A commit for each tree that nothing else keeps; HEAD's own where nothing differs."""
    tip, last = thread.head, repo.tree(thread.head)
    for tree, title in trees:
        if tree and tree != last:
            words = message(title, [("Kind", "save"), ("Thread", thread.name), *entries])
            tip, last = repo.objects.commit(tree, [tip] if tip else [], repo.signed(), words), tree
    return tip
