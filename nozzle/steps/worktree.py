"""Which files of the worktree differ from HEAD, and which of them a cell has just made or changed.

It refuses to look at what .gitignore names, and inside repositories that lie within this one; except to say what git
could not give back.
"""

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from nozzle.steps.repo import Repo

CHANGING = ("filter", "text", "crlf", "eol", "ident", "working-tree-encoding")
"""Attributes by which git keeps a file otherwise than it lies here."""
UNCHANGED = ("unspecified", "unset")
Stamp = tuple[int, int]  # mtime in ns, size; (0, -1) where there is no file


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The files that differ from HEAD, and how they looked."""

    tracked: Mapping[str, Stamp]
    untracked: Mapping[str, Stamp]


@dataclass(frozen=True, slots=True)
class Changed:
    """What happened since a snapshot; `now` is the next one to compare with."""

    new_files: tuple[str, ...]  # untracked: made, or written again
    newly_dirty: tuple[str, ...]  # tracked, or staged: written or removed
    staged: frozenset[str]  # of all that differ: those of which the index holds something that HEAD does not
    now: Snapshot

    @property
    def paths(self) -> tuple[str, ...]:
        return (*self.new_files, *self.newly_dirty)


def snapshot(repo: Repo) -> Snapshot:
    """How the worktree looks."""
    return _looked(repo, dirty(repo))


def changed(repo: Repo, since: Snapshot | None) -> Changed:
    """What differs from a snapshot, or without one from HEAD."""
    rows = dirty(repo)
    now, staged = _looked(repo, rows), frozenset(path for code, path in rows if code[0] not in " ?")
    before = {**since.tracked, **since.untracked} if since else {}
    new = tuple(path for path, look in now.untracked.items() if before.get(path) != look)
    dirtied = tuple(path for path, look in now.tracked.items() if before.get(path) != look)
    return Changed(new, dirtied, staged, now)


def _looked(repo: Repo, rows: list[tuple[str, str]]) -> Snapshot:
    tracked: dict[str, Stamp] = {}
    untracked: dict[str, Stamp] = {}
    for code, path in rows:
        (untracked if code == "??" else tracked)[path] = stamp(repo, path)
    return Snapshot(tracked, untracked)


def dirty(repo: Repo) -> list[tuple[str, str]]:
    """Git's two letters and the path of every file that differs from HEAD or the index."""
    out = repo.door.run("status", "--porcelain", "-z", "-uall", "--no-renames", "--ignore-submodules=all")
    rows = [(os.fsdecode(row[:2]), os.fsdecode(row[3:])) for row in out.split(b"\0") if row]
    return [(code, path) for code, path in rows if not path.endswith("/")]  # a "/": a repository of its own


def unkept(repo: Repo) -> list[str]:
    """What is here and git could not give back as it is: changed since HEAD, or in no commit, ignored or not.

    A folder of which git holds nothing is one name, with a slash at its end; a submodule with changes is one, too. What
    git was told not to look at (`--assume-unchanged`, `--skip-worktree`) and is here counts, whatever is in it. So does
    what changes on its way into git (nbstripout leaves outputs out, git writes other line ends), where that is not
    what lies here.
    """
    changed = repo.door.ask("diff", "--name-only", "-z", "--ignore-submodules=none", "HEAD")
    if changed.status:  # nothing was committed yet
        return [os.curdir]
    others = repo.door.run("ls-files", "-z", "--others", "--directory", "--no-empty-directory")
    found = [os.fsdecode(path) for path in (*changed.out.split(b"\0"), *others.split(b"\0")) if path]
    unseen = dict.fromkeys([*_overlooked(repo), *_strained(repo)])
    return [*found, *(path for path in unseen if path not in found)]


def _overlooked(repo: Repo) -> Iterator[str]:
    """Files that are here and that git was told not to look at: it tags them with `S`, or with a small letter."""
    for row in repo.door.run("ls-files", "-z", "-v").split(b"\0"):
        tag, path = row[:1], os.fsdecode(row[2:])
        if (tag == b"S" or tag.islower()) and os.path.lexists(repo.root / path):
            yield path


def _strained(repo: Repo) -> Iterator[str]:
    """Files that git keeps otherwise than they lie here, as their bytes say; git-lfs keeps all of them."""
    rows = [
        os.fsdecode(row) for row in repo.door.run("ls-files", "-z", "--stage").split(b"\0") if row.startswith(b"100")
    ]
    known = {path: head.split(" ")[1] for head, _, path in (row.partition("\t") for row in rows)}
    if not any(map(repo.index.filtered, {os.path.dirname(path): path for path in known}.values())):
        return
    here = [path for path in _changing(repo, known) if (repo.root / path).is_file()]
    plain = [path for path in here if "\n" not in path]
    given = b"".join(os.fsencode(path) + b"\n" for path in plain)
    lie = repo.door.run("hash-object", "--no-filters", "--stdin-paths", given=given).decode().split()
    same = {path for path, sha in zip(plain, lie, strict=True) if known[path] == sha}
    yield from (path for path in here if path not in same)


def _changing(repo: Repo, paths: Iterable[str]) -> Iterator[str]:
    """Those of these paths whose bytes git may change on their way in."""
    given = b"".join(os.fsencode(path) + b"\0" for path in paths)
    said = repo.door.run("check-attr", "-z", "--stdin", *CHANGING, given=given).split(b"\0")
    asked = dict[str, dict[str, str]]()
    for path, name, value in zip(*(map(os.fsdecode, said[n::3]) for n in range(3)), strict=False):
        asked.setdefault(path, {})[name] = value
    config = repo.door.ask("config", "-z", "--get-regexp", r"^(filter\..*\.(clean|process)|core\.autocrlf)$").out
    set_to = dict(os.fsdecode(row).partition("\n")[::2] for row in config.split(b"\0") if row)
    programs = {key: value for key, value in set_to.items() if key.startswith("filter.")}
    drivers = {key.removeprefix("filter.").rpartition(".")[0] for key in programs}
    ends = set_to.get("core.autocrlf", "false") != "false"
    for path, by in asked.items():
        if by["filter"] == "lfs" and _is_lfs(programs):
            by["filter"] = "unset"
        changes = any(value not in UNCHANGED or (name == "filter" and value in drivers) for name, value in by.items())
        if changes or (ends and by["text"] != "unset"):
            yield path


def _is_lfs(programs: Mapping[str, str]) -> bool:
    """Whether it is git-lfs that is called so: another program may keep what it likes."""
    named = [programs[key] for key in ("filter.lfs.clean", "filter.lfs.process") if key in programs]
    return bool(named) and all(os.path.basename(words.split(" ")[0]) == "git-lfs" for words in named)


def held(repo: Repo, path: str, most: int = -1) -> bytes:
    """What git would keep of a file, at most so many bytes; of a link, where it points. Nothing where neither is."""
    try:
        mode = os.lstat(repo.root / path).st_mode
        if stat.S_ISLNK(mode):
            return os.fsencode(os.readlink(repo.root / path))
        if stat.S_ISREG(mode):
            with open(os.open(repo.root / path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK), "rb") as file:
                return file.read(most)
    except OSError:
        pass
    return b""


def stamp(repo: Repo, path: str) -> Stamp:
    """How a file looks."""
    try:
        seen = os.lstat(repo.root / path)
    except OSError:
        return 0, -1
    return seen.st_mtime_ns, seen.st_size
