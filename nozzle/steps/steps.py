"""The steps of one journal: record, look back, rewind, start a thread, land it.

It refuses to keep anything git does not: delete `.git/nozzle` at any moment and nothing is lost, but for what an author
made of files that no step may hold, which lies in its folder `yours`.
"""

import contextlib
import hashlib
import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from io import FileIO
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Self

from nozzle.document import secrets
from nozzle.errors import NozzleError, Refused, WrongCommand
from nozzle.steps import commit, fork, history, intent, kept, merge, origin, repo, rewind, threads, worktree
from nozzle.steps.fork import Worktree
from nozzle.steps.ignored import Ignored
from nozzle.steps.objects import FILE, PROGRAM
from nozzle.steps.refs import Moved
from nozzle.steps.repo import Repo, Thread
from nozzle.steps.rewind import Rewound
from nozzle.steps.step import Record, Step, Taken
from nozzle.steps.worktree import Changed, Snapshot

CAP = 20_000_000  # bytes; larger files that a cell wrote stay out of its step
REMEMBERED = 10_000  # texts that were found fit for a step, so that none is searched twice in a row


class Steps:
    """One repository, in one worktree. Close it: it keeps a few git processes."""

    def __init__(self, repo: Repo, cap: int = CAP) -> None:
        self._repo = repo
        self.root = repo.root
        self.private = repo.private
        self.cap = cap
        self.rule: rewind.Unfit = secrets.unfit
        self._fit: set[bytes] = set()
        self.ignores = Ignored(repo)
        self._made: set[str] = set()
        self._alone: tuple[str, tuple[tuple[int, ...], ...], bool] = ("", (), False)
        self._sources: tuple[tuple[int, ...], origin.Sources] = ((), origin.Sources())
        self._brought: dict[str, tuple[tuple[int, ...], list[bytes]]] = {}
        self._versions: dict[str, origin.Versions] = {}
        self._earlier: dict[str, tuple[tuple[tuple[int, ...], frozenset[bytes]], list[bytes]]] = {}
        self._anywhere: tuple[tuple[str | int, ...], list[tuple[str, bytes]]] = ((), [])
        self.left_out: tuple[str, ...] = ()  # by the latest `record`, for being larger than `cap`

    @classmethod
    def find(cls, folder: Path) -> Self | None:
        """The steps of the repository a folder is in."""
        found = repo.find(folder)
        return cls(found) if found else None

    @classmethod
    def open(cls, folder: Path, own: bool = False) -> Self:
        """The steps of the repository a folder is in; a new one where there is none, or an `own` one is meant."""
        return cls(repo.start(folder, own))

    def close(self) -> None:
        """End the git processes; the next question starts them again."""
        self._repo.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def thread(self) -> Thread:
        """Where HEAD is."""
        return self._repo.thread()

    def gone(self) -> str:
        """Why nothing can be kept here any more, since git's folder was taken away; empty while it can."""
        return self._repo.gone()

    def busy(self) -> str:
        """`merge`, `rebase`, `cherry-pick`, `revert` or `bisect`, while one is under way."""
        return self._repo.busy()

    def at_head(self, path: str) -> bytes | None:
        """The bytes of a file at HEAD; of what it points to, if it is a symbolic link."""
        return self._repo.objects.file("HEAD", self._repo.canonical(path))

    def is_at_head(self, path: str, content: bytes) -> bool:
        """Whether a file holds what HEAD has, as git keeps it or as a checkout writes it."""
        real = self._repo.canonical(path)
        found = self._repo.objects.read(f"HEAD:{real}")
        if found is None or found.type != "blob":
            return False
        return content == found.data or (
            self._repo.index.filtered(real) and content == self._repo.written(real, found.sha)
        )

    def record(self, record: Record) -> Step | None:
        """Make a step; none when nothing differs from HEAD."""
        made = self.record_all([record])
        return made[0] if made else None

    def record_all(self, records: Sequence[Record], at: str | None = None) -> list[Step]:
        """Make steps in a row; those that change nothing are left out. `Elsewhere` when HEAD is not `at`."""
        self.check(records)
        made, self.left_out = commit.record_all(self._repo, records, self.cap, at)
        self._made |= {step.sha for step in made}
        return made

    def take(self, paths: Sequence[str]) -> dict[str, Taken]:
        """Files as they are now, put into git for a step that is made later; by path."""
        return commit.take(self._repo, paths, self.cap)

    def stamp(self, path: str) -> tuple[int, int]:
        """How a file looks: its time, in nanoseconds, and its size."""
        return worktree.stamp(self._repo, path)

    def held(self, path: str) -> bytes:
        """What a step would keep of a file as it is now, up to the largest; of a link, where it points."""
        return worktree.held(self._repo, path, self.cap)

    def record_aside(self, records: Sequence[Record], at: str) -> Thread:
        """Make steps on a thread of their own that starts at a commit; HEAD, index and files stay as they are."""
        self.check(records)
        stem = PurePosixPath(records[0].entry).stem
        for _ in range(20):
            with contextlib.suppress(Moved):  # somebody took the name in this moment
                return commit.record_aside(self._repo, records, self.cap, at, threads.unused(self._repo, stem, at))
        raise NozzleError(
            f"no thread could be begun at {at[:8]}: other programs make branches all the time; save again"
        )

    def unfit(self, path: str, content: bytes) -> str:
        """Why a file must not be kept in a step, by the `rule`; empty when it may be."""
        seen = hashlib.sha256(os.fsencode(path) + b"\0" + content).digest()
        if seen in self._fit:
            return ""
        why = self.rule(path, content)
        if not why:
            self._fit = self._fit if len(self._fit) < REMEMBERED else set()
            self._fit.add(seen)
        return why

    def check(self, records: Sequence[Record]) -> None:
        """Refused when a file of a record is `unfit`; not for what a merge finds in the commit that it brings in."""
        for record in records:
            for path, data in record.files.items():
                why = self.unfit(path, data) if data is not None else ""
                if why and not (record.merges and self.text(record.merges, path) == data):
                    raise Refused(f"{path}: {why}, so no step may keep it: take that out, then try again")

    def moving(self) -> bool:
        """Whether somebody's git is at work in this worktree, or was a moment ago: what it wrote is no save."""
        return self._repo.index.moving()

    def committed_by_hand(self) -> bool:
        """Whether HEAD came where it is by a `git commit` here, and not by going to another commit."""
        return origin.committed_by_hand(self._repo)

    def history(
        self,
        entry: str | None = None,
        *,
        limit: int | None = None,
        rev: str = "HEAD",
        until: str = "",
        cell: str = "",
        says: str = "",
    ) -> Iterator[Step]:
        """The steps (of one entry, of what is named so in it) behind a commit, that `until` lacks, newest first."""
        return history.history(self._repo, entry, rev=rev, until=until, limit=limit, cell=cell, says=says)

    def resolve(self, words: str) -> Step:
        """The commit some words mean: a digest, `HEAD~2`, a branch, a cell's digest."""
        return history.resolve(self._repo, words)

    def renamed(self, path: str) -> str:
        """What a file that is gone was called anew, by the commit that took it away; empty: that is not known."""
        return history.renamed(self._repo, path)

    def diff(self, step: Step, paths: Sequence[str] | None = None) -> str:
        """What a step changed, as a patch."""
        words = ("-p", "-M", "--no-ext-diff", "--no-textconv", "--no-color")
        return self._changes(step, *words, paths=paths or ()).decode("utf-8", "replace")

    def files(self, step: Step) -> list[tuple[str, str]]:
        """The files a step changed: `A`, `M`, `D` or `T`, and the path."""
        fields = self._changes(step, "--name-status", "--no-renames", "-z").split(b"\0")
        return [(os.fsdecode(a), os.fsdecode(b)) for a, b in zip(fields[::2], fields[1::2], strict=False)]

    def hooks(self) -> list[Path]:
        """The folders that `core.hooksPath` names, from which git starts programs for the author."""
        said = self._repo.door.ask("config", "-z", "--type=path", "--get-all", "core.hooksPath").out.split(b"\0")
        return [self.root / os.fsdecode(name) for name in said if name not in (b"", os.fsencode(os.devnull))]

    def text(self, at: Step | str, path: str) -> bytes | None:
        """The bytes of a file in a step."""
        return self._repo.objects.file(at.sha if isinstance(at, Step) else at, path)

    def files_at(self, step: Step, wanted: Callable[[str], bool]) -> Iterator[tuple[str, bytes]]:
        """The files of a step whose paths are wanted, and what they hold; no links."""
        for path, leaf in self._repo.objects.walk(self._repo.tree(step.sha)):
            if leaf.mode in (FILE, PROGRAM) and wanted(path) and (found := self._repo.objects.read(leaf.sha)):
                yield path, found.data

    def blob(self, at: str, path: str) -> str:
        """Git's digest of a file in a commit; empty when it is not there."""
        leaf = self._repo.objects.leaf(self._repo.tree(at), path)
        return leaf.sha if leaf else ""

    def rewind(self, step: Step) -> Rewound:
        """Go to a step; what would be lost is a step of its own first. Refused when a file of it is `unfit` for one."""
        return rewind.rewind(self._repo, step, self.unfit)

    def left(self) -> tuple[str, Step] | None:
        """The thread that was left by a rewind, or for the one that HEAD is on, and its last step."""
        name = threads.left(self._repo)
        return (name, self._repo.step(tip)) if name and (tip := threads.tip(self._repo, name)) else None

    def names_thread(self, words: str) -> bool:
        """Whether this is the name of a thread that one can go on with here: no other worktree has it."""
        taken = (each.thread.name for each in self.worktrees() if each.thread.folder != self.root)
        return threads.is_branch(self._repo, words) and words not in taken

    def return_to(self, name: str) -> Rewound:
        """Go on a thread again, at its last step; what would be lost is a step of its own first."""
        if not (tip := threads.tip(self._repo, name)):
            raise WrongCommand(f"there is no thread {name}: 'git branch' lists them")
        return rewind.rewind(self._repo, self._repo.step(tip), self.unfit, name)

    def put_back(self, files: Mapping[str, Taken], step: str) -> tuple[list[str], list[str]]:
        """Make those files HEAD's again that are as they were taken, and as another step has them; which, and which
        stay: they are as neither has them.
        """
        return rewind.put_back(self._repo, files, step)

    def start_thread(self, name: str | None = None, at: str | None = None) -> Thread:
        """A new branch, at HEAD or at a commit; no file and no index is touched."""
        head = self.resolve(at).sha if at else self.thread().head
        return threads.start_thread(self._repo, name or threads.unused(self._repo, "thread", head), head)

    def fork(self, step: Step, name: str | None = None, only: Sequence[str] | None = None) -> Thread:
        """A new branch at a step, checked out in a folder of its own: all its files, or `only` these."""
        return fork.fork(self._repo, step, name or threads.unused(self._repo, "fork", step.sha), only)

    def is_sparse(self) -> bool:
        """Whether this worktree holds only some of its step's files, by git's sparse checkout."""
        return fork.is_sparse(self._repo)

    def is_shallow(self) -> bool:
        """Whether the clone lacks commits behind those that it has."""
        return fork.is_shallow(self._repo)

    def paths(self, step: Step) -> list[str]:
        """Every file of a step."""
        return sorted(path for path, _ in self._repo.objects.walk(self._repo.tree(step.sha)))

    def home(self) -> Path:
        """Where forked threads have their folders."""
        return fork.home(self._repo)

    def worktrees(self) -> list[Worktree]:
        """All places where threads of this repository are checked out, the first one first."""
        return fork.worktrees(self._repo)

    def worktrees_since(self) -> tuple[tuple[str, float], ...]:
        """Something that changes when one of them is made, moved or forgotten."""
        return fork.places(self._repo)

    def moved_to(self) -> Path | None:
        """Where this worktree is by now, as git knows, when it is no longer in its folder."""
        return fork.moved_to(self._repo)

    def forked(self) -> bool:
        """Whether this worktree is one that `fork` made."""
        return self.root.is_relative_to(fork.home(self._repo))

    def merge_base(self, one: str, two: str) -> str:
        """The last commit that both come from; empty when there is none."""
        return merge.merge_base(self._repo, one, two)

    def merge_text(self, ours: bytes, base: bytes, theirs: bytes, names: tuple[str, str]) -> tuple[bytes, bool]:
        """Both changes in one text, and whether they meet nowhere; where they do, git's conflict markers stand."""
        return merge.merge_text(self._repo, ours, base, theirs, names)

    def merged_files(self, other: Step, apart: Collection[str]) -> dict[str, bytes | None]:
        """What merging a step changes here, by path, but for the paths `apart`."""
        return merge.merged_files(self._repo, other, apart)

    def put_files(self, files: Mapping[str, bytes | None], like: str = "") -> None:
        """Write files of the worktree, or take them away; their modes are those in a commit that they are `like`."""
        merge.put_files(self._repo, files, like)

    def differing(self, one: str, two: str) -> list[str]:
        """Paths that differ between two commits."""
        out = self._repo.door.run("diff-tree", "-r", "-z", "--no-renames", "--name-only", one, two)
        return [os.fsdecode(path) for path in out.split(b"\0") if path]

    def renames(self, one: str, two: str) -> dict[str, str]:
        """Files that have another name in the second commit, as git finds them: the new name -> the old one."""
        out = self._repo.door.run("diff-tree", "-r", "-z", "-M", "--diff-filter=R", "--name-status", one, two)
        fields = [os.fsdecode(field) for field in out.split(b"\0")]
        return dict(zip(fields[2::3], fields[1::3], strict=False))

    def land(
        self,
        message: str | None = None,
        over: bool = False,
        carried: Callable[[str, str], str] = lambda thread, branch: "",
    ) -> Step:
        """Squash the thread into one commit on the branch it came from, and go there.

        `carried` says what steps carry along that stand on the thread's last commit and on the branch's, which is empty
        where the thread has all of it. Refused where both changed the same lines, unless the thread's files are to go
        `over` the branch's.
        """
        return threads.land(self._repo, message, over, carried)

    def is_thread(self, branch: str) -> bool:
        """Whether nozzle started this branch, for steps."""
        return bool(threads.begun_on(self._repo, branch))

    def journal_only(self, known: Callable[[str], bool]) -> bool:
        """Does the repository hold nothing but files that are `known`?"""
        tracked = self._repo.door.run("ls-files", "-z").split(b"\0")
        return all(known(os.fsdecode(path)) for path in tracked if path)

    def missing(self) -> list[str]:
        """Files of the newest step that the author took from the disk, and no sparse checkout leaves out.

        Of a step that git is just leaving, nothing is missing.
        """
        gone = self._gone()
        return self._gone() if gone and self._repo.index.rests() else []

    def _gone(self) -> list[str]:
        if not self.thread().head:
            return []
        out = self._repo.door.run("diff-index", "--name-only", "--diff-filter=D", "--no-renames", "-z", "HEAD")
        return [os.fsdecode(path) for path in out.split(b"\0") if path]

    @property
    def shared(self) -> Path:
        """A folder of nozzle's own in the repository's, for all its worktrees; it comes with no clone."""
        return self._repo.common / "nozzle"

    @property
    def git_folders(self) -> tuple[Path, ...]:
        """Where HEAD and the branches lie: the repository's own folder and, in a worktree, the common one."""
        return tuple(dict.fromkeys((self._repo.git_dir, self._repo.common)))

    def alone(self) -> bool:
        """Whether all there is was made in this clone."""
        head, looks, found = self._alone
        now, new = self.thread().head, origin.looks(self._repo)
        if looks != new or (head != now and not (head and now in self._made)):
            found = origin.alone(self._repo, self._made)
        self._alone = (now, new, found)
        return found

    def head_text(self, path: str) -> bytes:
        """A file of HEAD as a checkout writes it; empty where there is none."""
        return origin.at_head(self._repo, self._repo.canonical(path))

    def brought(self, path: str) -> list[bytes]:
        """A file as git may have put it here from elsewhere, as a checkout writes it and as git keeps it."""
        stamp, sources = self._elsewhere()
        if self._brought.get(path, ((), []))[0] != stamp:
            self._brought[path] = (stamp, origin.brought(self._repo, self._repo.canonical(path), sources.names))
        return self._brought[path][1]

    def earlier(self, path: str, parts: Collection[bytes]) -> list[bytes]:
        """Texts that a file had in the history known here, and which hold all of one of these `parts`' lines."""
        stamp, sources = self._elsewhere()
        key = (stamp, frozenset(parts))
        if self._earlier.get(path, (((), frozenset()), []))[0] != key:
            real = self._repo.canonical(path)
            known = self._versions.setdefault(real, origin.Versions())
            self._earlier[path] = (key, origin.earlier(self._repo, real, parts, known, sources))
        return self._earlier[path][1]

    def brought_anywhere(self) -> list[tuple[str, bytes]]:
        """The paths of all Markdown files, and what git may have put there from elsewhere."""
        stamp, sources = self._elsewhere()
        key: tuple[str | int, ...] = (*sources.names, *(stamp if "" in sources.names else ()))
        if key != self._anywhere[0]:
            self._anywhere = (key, origin.brought_anywhere(self._repo, sources.names))
        return self._anywhere[1]

    def apart(self, path: str) -> list[tuple[bytes, bytes]]:
        """What a file was where HEAD and each commit of somebody else's went apart, and what it is there."""
        return origin.apart(self._repo, self._repo.canonical(path), self._elsewhere()[1].names)

    def _elsewhere(self) -> tuple[tuple[int, ...], origin.Sources]:
        if (now := origin.stamp(self._repo)) != self._sources[0]:
            self._sources = (now, origin.sources(self._repo, self._made, self._sources[1]))
        return self._sources

    def other(self, path: str) -> Path | None:
        """The folder of another repository that a file here lies in: what came with it no step can hold."""
        return self._repo.other(path)

    def tracks(self, path: str) -> bool:
        """Whether git brought a file here, or anything below a folder."""
        return origin.tracks(self._repo, path)

    def put_branch(self, branch: str, files: Mapping[str, bytes], title: str) -> str:
        """Make these files, and no others, the newest commit of a branch that is not checked out; its digest."""
        return threads.put_branch(self._repo, branch, files, title)

    def remotes(self) -> list[str]:
        """The names of the remotes."""
        return os.fsdecode(self._repo.door.run("remote")).split("\n")[:-1]

    def intend(self, what: Mapping[str, bytes | str]) -> None:
        """Keep what is about to be written, by name, until `fulfilled`."""
        intent.intend(self._repo, what)

    def intent(self) -> dict[str, bytes] | None:
        """What was intended and not fulfilled."""
        return intent.intent(self._repo)

    def fulfilled(self) -> None:
        """Forget the intent."""
        intent.fulfilled(self._repo)

    def keep(self, cell: str, files: Mapping[str, bytes | Path]) -> None:
        """Keep the state after a cell, by its chain: these files."""
        kept.put(self._repo, cell, files)

    def kept(self) -> list[str]:
        """Chains of those cells after which a state is kept."""
        return kept.cells(self._repo)

    def kept_file(self, cell: str, name: str, into: FileIO | None = None) -> bytes | None:
        """A file of a state that is kept, or None; a large one goes `into` another that is open."""
        if into is None:
            return kept.read(self._repo, cell, name)
        kept.copy(self._repo, cell, name, into)
        return None

    def drop_kept(self, cell: str) -> None:
        """Keep a state no longer."""
        kept.drop(self._repo, cell)

    def snapshot(self) -> Snapshot:
        """How the files look that differ from HEAD."""
        return worktree.snapshot(self._repo)

    def unkept(self) -> list[str]:
        """What is here and git could not give back as it is."""
        return worktree.unkept(self._repo)

    def changed(self, since: Snapshot | None) -> Changed:
        """The files that were made or changed since a snapshot."""
        return worktree.changed(self._repo, since)

    def _changes(self, step: Step, *words: str, paths: Sequence[str] = ()) -> bytes:
        first = ("--root", "-r", "-m", "--first-parent", "--no-commit-id")
        return self._repo.door.run("--literal-pathspecs", "diff-tree", *first, *words, step.sha, "--", *paths)
