"""Records become commits: trees are grafted, the author's index follows, HEAD moves last.

It refuses to commit while a merge is under way, and to commit what the author did not hand in. The index goes before
HEAD: an author's `git commit` in between takes the new text with it, never the old one back.
"""

import os
import stat
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from nozzle.errors import NozzleError, Refused
from nozzle.steps.ignored import ignored
from nozzle.steps.index import Turn
from nozzle.steps.objects import FILE, LINK, PROGRAM, TREE, Leaf, checked, quoted
from nozzle.steps.refs import Moved
from nozzle.steps.repo import HEADS, Repo, Thread
from nozzle.steps.step import Record, Step, Taken, message
from nozzle.steps.threads import start_thread, unused
from nozzle.steps.worktree import stamp


class Elsewhere(NozzleError):
    """HEAD is not where the steps were to be made."""

    def __init__(self, at: str, now: str) -> None:
        super().__init__(f"HEAD went from {at[:8]} to {now[:8]} while a step was being made")
        self.now = now


@dataclass(slots=True)
class _Chain:
    """Commits on their way: HEAD still knows nothing of them."""

    head: str
    tip: str
    tree: str
    shas: list[str] = field(default_factory=list)
    turns: dict[str, Turn] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _Part:
    """A record, with its bytes in git already."""

    record: Record
    turns: dict[str, Turn]
    left_out: tuple[str, ...]


def record_all(
    repo: Repo, records: Sequence[Record], cap: int, at: str | None = None
) -> tuple[list[Step], tuple[str, ...]]:
    """Make the steps, HEAD moved once (only from `at`, where that is named); and the paths that were too large."""
    repo.idle("save again")
    repo.index.wait()
    parts = [_part(repo, record, cap) for record in records]
    left_out = tuple(path for part in parts for path in part.left_out)
    for _ in range(20):
        try:
            return _advance(repo, parts, at), left_out
        except Moved:
            continue  # somebody else committed or switched meanwhile: graft onto what is there now
    raise NozzleError(f"HEAD of {repo.root} moves all the time: is another program committing there? Save again later")


def record_aside(repo: Repo, records: Sequence[Record], cap: int, at: str, name: str) -> Thread:
    """Make the steps on a new branch that starts at a commit; HEAD, the index and the files stay as they are."""
    chain = _chain(repo, at, name, [_part(repo, record, cap) for record in records])
    repo.refs.move(HEADS + name, at, "")
    repo.refs.move(HEADS + name, chain.tip, at)  # a second time: a branch that begins somewhere made nothing there
    return Thread(name, chain.tip, repo.root)


def take(repo: Repo, paths: Sequence[str], cap: int) -> dict[str, Taken]:
    """Put files into git's object store as they are now; by path, without what a step would not hold."""
    stamps = {path: stamp(repo, path) for path in paths}  # before it is read: what is written meanwhile shows
    found, _ = _adopted(repo, Record("cell", "", "", {}, tuple(paths)), cap)
    turns = {path: found[real] for path in paths if (real := _link(repo, path)) in found}
    leaves = {path: turn.after for path, turn in turns.items()}
    return {path: Taken(leaf.mode, leaf.sha, stamps[path]) if leaf else Taken() for path, leaf in leaves.items()}


def _advance(repo: Repo, parts: list[_Part], at: str | None) -> list[Step]:
    thread = repo.thread()
    if at is not None and thread.head != at:
        raise Elsewhere(at, thread.head)
    chain = _chain(repo, thread.head, thread.name, parts)
    if not chain.shas:
        return []
    if not thread.name:  # a commit on no branch would be lost with the next switch
        stem = PurePosixPath(parts[0].record.entry).stem
        thread = start_thread(repo, unused(repo, stem, thread.head), thread.head)
        chain = _chain(repo, thread.head, thread.name, parts)
    repo.index.follow(chain.turns)
    repo.refs.move("HEAD", chain.tip, chain.head)
    repo.index.settled()
    return [repo.step(sha) for sha in chain.shas]


def _chain(repo: Repo, head: str, thread: str, parts: list[_Part]) -> _Chain:
    root = repo.tree(head)
    chain = _Chain(head, head, root)
    for part in parts:
        turns = _with_below(repo, chain.tree, part.turns)
        tree = repo.objects.graft(chain.tree, {path: turn.after for path, turn in turns.items()})
        merges = part.record.merges
        if (tree == chain.tree and not merges and not part.record.anew) or (
            not chain.tree and not any(turn.after for turn in part.turns.values())
        ):
            continue
        words = message(part.record.title, _trailers(part, thread), part.record.body)
        chain.tip = repo.objects.commit(tree, [*filter(None, (chain.tip, merges))], repo.signed(), words)
        chain.tree = tree
        chain.shas.append(chain.tip)
        for path, turn in turns.items():
            before = chain.turns[path].before if path in chain.turns else _leaf(repo, root, path)
            chain.turns[path] = replace(turn, before=before)
    chain.turns = {path: turn for path, turn in chain.turns.items() if turn.before != turn.after}
    return chain


def _with_below(repo: Repo, tree: str, turns: dict[str, Turn]) -> dict[str, Turn]:
    """The same, and where a folder goes, all that this tree has in it: the index knows only files."""
    gone = [path for path, turn in turns.items() if turn.after is None]
    folders = [(path, leaf) for path in gone if (leaf := repo.objects.leaf(tree, path)) and leaf.mode == TREE]
    below = {path: Turn(None, None) for name, leaf in folders for path, _ in repo.objects.walk(leaf.sha, name + "/")}
    return {path: turn for path, turn in below.items() if path not in turns} | turns


def _trailers(part: _Part, thread: str) -> list[tuple[str, str]]:
    record = part.record
    fixed = [("Kind", record.kind), ("Entry", record.entry), ("Thread", thread)]
    given = [(key, value) for key, value in record.trailers.items() if key not in dict(fixed)]
    return [*fixed, *given, ("Left-Out", "\n".join(part.left_out))]


def _part(repo: Repo, record: Record, cap: int) -> _Part:
    turns, left_out = _adopted(repo, record, cap)
    for path, data in record.files.items():
        if data is None:
            turns[_link(repo, path)] = Turn(None, None)
        else:
            real = repo.canonical(checked(path))
            if _foreign(repo, real):
                raise Refused(f"{path} lies in a repository of its own: open the journal there, its steps belong there")
            turns[real] = Turn(None, Leaf(_mode(repo, real), repo.objects.blob(repo.kept(real, data))), data)
    return _Part(record, turns, left_out)


def _adopted(repo: Repo, record: Record, cap: int) -> tuple[dict[str, Turn], tuple[str, ...]]:
    """What was taken before, or else stands on disk, the way git would add it; and what is too large to."""
    taken = _there(repo, record.taken)
    paths, found = _kept(repo, [_link(repo, path) for path in record.adopt]), dict[str, Leaf | None]()
    plain: dict[str, str] = {}
    left_out: list[str] = []
    for path in paths:
        if path in taken:
            continue
        try:
            seen = os.lstat(repo.root / path)
        except (FileNotFoundError, NotADirectoryError):
            found[path] = None
            continue
        if stat.S_ISLNK(seen.st_mode):
            found[path] = Leaf(LINK, repo.objects.blob(os.fsencode(os.readlink(repo.root / path))))
        elif stat.S_ISREG(seen.st_mode) and seen.st_size > cap:
            left_out.append(path)
        elif stat.S_ISREG(seen.st_mode):
            plain[path] = _mode(repo, path)
    turns = {path: Turn(None, leaf) for path, leaf in (found | _hashed(repo, plain)).items()}
    return turns | {path: taken[path] for path in paths if path in taken}, tuple(left_out)


def _there(repo: Repo, taken: Mapping[str, Taken]) -> dict[str, Turn]:
    """What was taken, as it turns out in a step; without what `git gc` threw away since."""
    return {
        _link(repo, path): Turn(None, Leaf(each.mode, each.sha) if each.sha else None, taken=True)
        for path, each in taken.items()
        if not each.sha or repo.objects.read(each.sha)
    }


def _hashed(repo: Repo, modes: dict[str, str]) -> dict[str, Leaf | None]:
    if not modes:
        return {}
    given = b"".join(quoted(path) + b"\n" for path in modes)
    said = repo.door.ask("hash-object", "-w", "--stdin-paths", given=given)
    there = {path: mode for path, mode in modes.items() if os.access(repo.root / path, os.R_OK)}
    if said.status != 0 and len(there) < len(modes):  # gone, or closed to us, since we looked
        return _hashed(repo, there)
    if said.status != 0:
        raise NozzleError(f"git could not keep what the cell wrote: {said.err}")
    return {path: Leaf(mode, sha.decode()) for (path, mode), sha in zip(modes.items(), said.out.split(), strict=True)}


def _kept(repo: Repo, paths: list[str]) -> list[str]:
    """Without those that .gitignore names; a tracked file is never ignored."""
    paths = [path for path in dict.fromkeys(paths) if not _foreign(repo, path)]
    root = repo.tree(repo.thread().head)
    strangers = [path for path in paths if not _leaf(repo, root, path)]
    if not strangers:
        return paths
    named = ignored(repo, strangers, "--no-index") & set(strangers)
    return [path for path in paths if path not in named]


def _foreign(repo: Repo, path: str) -> bool:
    """Whether a folder on the way is another repository."""
    return any((repo.root / folder / ".git").exists() for folder in list(PurePosixPath(path).parents)[:-1])


def _link(repo: Repo, path: str) -> str:
    """The path itself, not what it points to; the folders on the way are followed."""
    folder, _, name = checked(path).rpartition("/")
    above = repo.canonical(folder) if folder else "."
    return name if above == "." else f"{above}/{name}"


def _mode(repo: Repo, path: str) -> str:
    try:
        mode = os.lstat(repo.root / path).st_mode if repo.filemode else None
    except OSError:
        mode = None
    if mode is not None and stat.S_ISREG(mode):
        return PROGRAM if mode & stat.S_IXUSR else FILE
    old = _leaf(repo, repo.tree(repo.thread().head), path)
    return old.mode if old and old.mode in (FILE, PROGRAM) else FILE


def _leaf(repo: Repo, root: str, path: str) -> Leaf | None:
    """What stands at a path below a tree; None for a folder."""
    leaf = repo.objects.leaf(root, path)
    return leaf if leaf and leaf.mode != TREE else None
