"""One repository and worktree: where it is, what HEAD is, whether git is in the middle of something.

It refuses a bare repository, and one that git does not trust.
"""

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from nozzle.errors import NozzleError, Refused, Unreadable
from nozzle.steps.door import Door, fail
from nozzle.steps.index import Index
from nozzle.steps.objects import MODULE, Object, Objects
from nozzle.steps.refs import Refs
from nozzle.steps.step import Step, step

BUSY = (
    ("MERGE_HEAD", "merge"),
    ("rebase-merge", "rebase"),
    ("rebase-apply", "rebase"),
    ("CHERRY_PICK_HEAD", "cherry-pick"),
    ("REVERT_HEAD", "revert"),
    ("sequencer", "cherry-pick"),
    ("BISECT_LOG", "bisect"),
)

HEADS = "refs/heads/"
NOBODY = "nozzle <nozzle@localhost>"


@dataclass(frozen=True, slots=True)
class Thread:
    """A branch; without a name: HEAD is on a commit, on no branch."""

    name: str
    head: str  # empty: it has no commit yet
    folder: Path


@dataclass(slots=True)
class Repo:
    """What every part of this room works on."""

    door: Door
    root: Path
    git_dir: Path
    common: Path
    width: int
    private: Path = field(init=False)
    objects: Objects = field(init=False)
    refs: Refs = field(init=False)
    index: Index = field(init=False)
    filemode: bool = field(init=False)  # whether the disk knows which files are programs
    _trees: dict[str, str] = field(default_factory=dict)  # of the latest commit that was read
    _who: tuple[tuple[float, ...], str, str] | None = None
    _line_ends: tuple[tuple[float, ...], bool] | None = None

    def __post_init__(self) -> None:
        self.private = self.git_dir / "nozzle"
        try:
            self.private.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise NozzleError(
                f"{self.private} cannot be made ({error.strerror}): nozzle keeps its locks there"
            ) from error
        _sweep(self.private)
        self.objects = Objects(self.door, self.common / "objects", self.width)
        self.refs = Refs(self.door, self.width)
        settings = self._settings()
        self.filemode = settings.get("core.filemode", "true") != "false"
        attributes = self._attributes(settings.get("core.attributesfile", ""))
        self.index = Index(self.door, self.root, self.git_dir, attributes, self.width, self._converts)

    def close(self) -> None:
        """End the git processes."""
        self.objects.close()
        self.refs.close()

    def gone(self) -> str:
        """Why nothing can be kept here any more; empty while it can."""
        if os.path.lexists(self.git_dir / "HEAD"):
            return ""
        if self.common.exists() and self.common != self.git_dir:
            return f"{self.root} was taken away, or git knows it no more; its branch holds all steps"
        return (
            f"{self.git_dir} is gone, and with it the steps: the texts stay as they are; bring it back, or say 'nozzle "
            "watch', which begins a new one"
        )

    def thread(self) -> Thread:
        """Where HEAD is."""
        name, found = self._branch(), self.objects.read("HEAD")
        if found:
            self._tree_of(found)
        return Thread(name, found.sha if found else "", self.root)

    def busy(self) -> str:
        """What git is in the middle of."""
        return next((word for name, word in BUSY if (self.git_dir / name).exists()), "")

    def idle(self, doing: str) -> None:
        """Refuse to go on while a merge or its like is under way."""
        if busy := self.busy():
            raise Refused(f"a {busy} is under way in {self.root}: finish or abort it with git, then {doing}")

    def tree(self, commit: str) -> str:
        """The tree of a commit; none for none."""
        if commit in self._trees or not commit:
            return self._trees.get(commit, "")
        found = self.objects.read(f"{commit}^{{commit}}")
        return self._tree_of(found) if found else ""

    def _tree_of(self, commit: Object) -> str:
        tree = commit.data.partition(b"\n")[0].removeprefix(b"tree ").decode()
        self._trees = {commit.sha: tree}
        return tree

    def step(self, sha: str) -> Step:
        """The commit, read as a step."""
        found = self.objects.read(f"{sha}^{{commit}}")
        if found is None:
            raise Unreadable(f"commit {sha} is not in {self.root}: it was pruned, or cut off by a shallow clone")
        head, _, text = found.data.partition(b"\n\n")
        committer = next(line for line in head.split(b"\n") if line.startswith(b"committer "))
        return step(found.sha, int(committer.split()[-2]), text.decode("utf-8", "replace"))

    def signed(self) -> bytes:
        """The `author` and `committer` lines of a commit made now."""
        stamp = tuple(map(mtime, self._configs()))
        if self._who is None or self._who[0] != stamp:
            self._who = (stamp, self._ident("AUTHOR"), self._ident("COMMITTER"))
        now = f"{int(time.time())} {time.strftime('%z', time.localtime()) or '+0000'}"
        return f"author {self._who[1]} {now}\ncommitter {self._who[2]} {now}\n".encode("utf-8", "surrogateescape")

    def canonical(self, path: str) -> str:
        """The path git knows a file by: symbolic links on the way, and of the file itself, followed."""
        real = os.path.realpath(self.root / path)
        try:
            return Path(real).relative_to(self.root).as_posix()
        except ValueError:
            raise Refused(
                f"{path} is a symbolic link to {real}, outside {self.root}: its text cannot be kept in steps here; "
                f"move the file into the journal"
            ) from None

    def kept(self, path: str, data: bytes) -> bytes:
        """The bytes of a file as git keeps them: with its own line ends, where a checkout gives these back as they are,
        or where attributes say that it is text, since git then calls every other form a change.

        No other filter is asked: what git keeps of a text is the text.
        """
        if b"\r\n" not in data or "\n" in path or not self.index.filtered(path):
            return data
        out = self.door.run("check-attr", "-z", "text", "eol", "ident", "filter", "working-tree-encoding", "--", path)
        text, eol, *others = out.split(b"\0")[2::3]
        if set(others) - {b"unspecified", b"unset"}:
            return data
        sha = self.door.run("hash-object", "-w", "--stdin", f"--path={path}", given=data).decode().strip()
        found = self.objects.read(sha)
        is_text = text == b"set" or (text == b"unspecified" and eol in (b"crlf", b"lf"))
        return found.data if found and (is_text or self.written(path, sha) == data) else data

    def written(self, path: str, sha: str) -> bytes:
        """A blob as a checkout writes it to a path."""
        return self.door.run("cat-file", "--filters", f"--path={path}", sha)

    def other(self, path: str) -> Path | None:
        """The folder of another repository that a file lies in, links followed: say a clone, or a submodule."""
        real = Path(os.path.realpath(self.root / path))
        inside = real.is_relative_to(self.root)
        for folder in real.parents:
            if folder == self.root:
                return None
            if _has_repository(folder) or (inside and self._holds_module(folder)):
                return folder
        return None

    def _holds_module(self, folder: Path) -> bool:
        tree = self.tree(self.thread().head)
        leaf = self.objects.leaf(tree, folder.relative_to(self.root).as_posix()) if tree else None
        return leaf is not None and leaf.mode == MODULE

    def _branch(self) -> str:
        file = self.git_dir / "HEAD"
        try:
            text = "" if file.is_symlink() else file.read_text("utf-8", "surrogateescape").strip()
        except (FileNotFoundError, NotADirectoryError):
            raise Unreadable(self.gone()) from None
        if not text or text.endswith("/.invalid"):  # an old link, or a ref store that keeps HEAD elsewhere
            text = "ref: " + os.fsdecode(self.door.ask("symbolic-ref", "-q", "HEAD").out).strip()
        return text.removeprefix("ref: ").removeprefix(HEADS) if text.startswith("ref: ") else ""

    def _converts(self) -> bool:
        """Whether git writes other line ends here than it keeps, whatever a file's attributes say."""
        stamp = tuple(map(mtime, self._configs()))
        if self._line_ends is None or self._line_ends[0] != stamp:
            said = self.door.ask("config", "core.autocrlf").out.strip()
            self._line_ends = (stamp, said not in (b"", b"false"))
        return self._line_ends[1]

    def _ident(self, role: str) -> str:
        said = self.door.ask("-c", "user.useConfigOnly=true", "var", f"GIT_{role}_IDENT")
        return os.fsdecode(said.out).rpartition("> ")[0] + ">" if said.status == 0 else NOBODY

    def _configs(self) -> list[Path]:
        home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
        return [
            self.common / "config",
            self.git_dir / "config.worktree",
            Path.home() / ".gitconfig",
            home / "git/config",
        ]

    def _settings(self) -> dict[str, str]:
        out = self.door.ask("config", "-z", "--get-regexp", r"^core\.(filemode|attributesfile)$").out
        return dict(os.fsdecode(row).partition("\n")[::2] for row in out.split(b"\0") if row)

    def _attributes(self, named: str) -> tuple[Path, ...]:
        home = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
        users = Path(named).expanduser() if named else home / "git/attributes"
        return self.common / "info/attributes", Path("/etc/gitattributes"), users


def find(folder: Path) -> Repo | None:
    """The repository a folder is in."""
    if not folder.is_dir():
        return None
    door = Door(folder)
    words = ("rev-parse", "--show-object-format", "--absolute-git-dir", "--git-common-dir", "--show-toplevel")
    said = door.ask(*words)
    if said.status == 0:
        lines = os.fsdecode(said.out).removesuffix("\n").split("\n")
        if len(lines) != 4:
            raise Refused(f"{folder} has a line break in its path, which nozzle cannot work with: rename the folder")
        form, git_dir, common, root = lines
        where = (f"--git-dir={git_dir}", f"--work-tree={root}")
        inside = Door(Path(root), where, (("GIT_INDEX_FILE", str(Path(git_dir) / "index")),))
        return Repo(inside, Path(root), Path(git_dir), (folder / common).resolve(), _WIDTH[form])
    if "not a git repository" in said.err:
        return None
    if "must be run in a work tree" in said.err:
        raise Refused(f"{folder} is a git repository without a worktree: clone it, and work in the clone")
    fail(words, said.err)


def start(folder: Path, own: bool = False) -> Repo:
    """The repository a folder is in; a new one where there is none, or where it shall have its `own`."""
    if not folder.is_dir():
        raise NozzleError(f"{folder} is not a folder: make it first, a journal lives in one")
    found = find(folder)
    if found is None or (own and found.root != folder.resolve()):
        Door(folder).run("init", "-q", "-b", "main")
        found = find(folder)
    assert found is not None
    return found


def _has_repository(folder: Path) -> bool:
    """Whether git would take a folder for the root of a worktree."""
    return (folder / ".git").is_file() or os.path.lexists(folder / ".git" / "HEAD")


_WIDTH = {"sha1": 20, "sha256": 32}


def mtime(path: Path) -> float:
    """When a file was last written; 0 where there is none."""
    try:
        return path.stat().st_mtime
    except OSError:
        return 0.0


def _sweep(private: Path) -> None:
    """Take away what a killed process left: such files are named after it."""
    for left in private.glob("*-[0-9]*-*"):
        try:
            os.kill(int(left.name.split("-")[1]), 0)
        except ProcessLookupError:
            left.unlink(missing_ok=True)
        except (PermissionError, ValueError):
            continue  # it lives, as another user; or the file is not ours
