"""Where a text came from: made in this clone, or brought by git from elsewhere.

Commits name whoever they like as their author; the reflog is this clone's own record of what was done here, and no
fetch writes into it. It refuses to trust anything else.
"""

import contextlib
import os
import re
import secrets
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from nozzle.steps.repo import Repo

_RECORDED = "nozzle"
"""What the reflog says of steps; of a thread that is started it says more, and that brings no commit."""
_here = re.compile(rf"{_RECORDED}|commit( \(initial\))?: .*", re.S)
_again = re.compile(
    r"commit \(merge\): .*|merge .*: Merge made by .*|rebase( -i)?( \((?!start|finish|abort).*\))?: .*|revert: .*"
    r"|cherry-pick: (?!fast-forward).*",
    re.S,
)
"""What the reflog says of commits that git makes here out of others."""
_AMENDED = "commit (amend): "
_NOTE = "nozzle/alone"
"""Where it is noted, in the folder that all worktrees share, behind which commits all was made here."""
_BEGUN = "nozzle: begun"
"""What is read where a branch begins: at a commit that may be anybody's."""
_LANDED = "nozzle: land "
"""What it says of a thread that landed: git may have made one cell of two people's."""
_HIDDEN = ("refs/nozzle/", "refs/stash", "refs/notes/")
"""Names that bring nobody's text: git and nozzle themselves keep there what was here."""
_elsewhere = re.compile(r"(initial )?(clone|pull|fetch|push|am)\b")
"""What it says where those of somebody else come in."""


def alone(repo: Repo, made: Collection[str] = ()) -> bool:
    """Whether all there is was made in this clone: nothing was fetched, and no commit that has a name, or lies behind
    one, is from elsewhere.

    That is noted, since a reflog forgets: what lay behind a commit that was so once does so for ever.
    """
    if any((folder / "FETCH_HEAD").exists() for folder in (repo.git_dir, repo.common)):
        return False
    refs = _refs(repo)
    if repo.door.run("remote").strip() or any(name.startswith("refs/remotes/") for _, name in refs):
        return False
    tips = list(dict.fromkeys(_tips(repo, refs)))
    if not tips:
        return True
    rows = _reflogs(repo, refs)
    if any(_elsewhere.match(action) for each in rows for _, action in each):
        return False
    known = _noted(repo)
    given = "".join([*(f"{sha}\n" for sha in tips), *(f"^{sha}\n" for sha in known)]).encode()
    commits = set(repo.door.run("rev-list", "--stdin", given=given).decode().split())
    if commits - _made_of_own(rows, made_here(repo, rows) | set(made)):
        return False
    if set(tips) - set(known):
        note = repo.common / _NOTE
        with contextlib.suppress(OSError):  # then the reflog is asked again
            note.parent.mkdir(mode=0o700, exist_ok=True)
            note.write_text("\n".join(tips))
    return True


def looks(repo: Repo) -> tuple[tuple[int, ...], ...]:
    """Change with every fetch, with every remote, and with every name of a commit but that of the thread."""
    here = repo.common / "refs" / "heads" / repo.thread().name
    names = [Path(folder, name) for folder, names in _loose(repo) for name in names]
    places = [folder / "FETCH_HEAD" for folder in dict.fromkeys((repo.git_dir, repo.common))]
    places += [repo.common / "config", repo.common / "packed-refs", *(name for name in names if name != here)]
    return tuple(_look(place) for place in places)


def _loose(repo: Repo) -> Iterator[tuple[str, list[str]]]:
    """The folders of the names that are not nozzle's own, and what lies in each."""
    for folder, below, names in os.walk(repo.common / "refs"):
        below[:] = sorted(name for name in below if name != "nozzle" or Path(folder).name != "refs")
        yield folder, sorted(names)


def _look(place: Path) -> tuple[int, ...]:
    try:
        found = place.stat()
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino


def _made_of_own(rows: list[list[tuple[str, str]]], own: set[str]) -> set[str]:
    """With those that git made out of such commits: there are no others where nothing came in from elsewhere."""
    return _amended(rows, own | {sha for each in rows for sha, action in each if _again.fullmatch(action)})


def _amended(rows: list[list[tuple[str, str]]], own: set[str]) -> set[str]:
    """With those that only say anew what such commits said."""
    found = set(own)
    for each in rows:
        for (before, _), (sha, action) in pairwise(reversed(each)):
            if action.startswith(_AMENDED) and before in found:
                found.add(sha)
    return found


def _noted(repo: Repo) -> list[str]:
    """The commits behind which all was made here."""
    try:
        known = (repo.common / _NOTE).read_text("ascii", "replace").split()
    except OSError:  # another user's, too
        known = []
    return [sha for sha in known if (found := repo.objects.read(sha)) and found.type == "commit"]


@dataclass(slots=True)
class Sources:
    """Where something of somebody else's may be, as far as git has it here."""

    own: set[str] = field(default_factory=set)
    """Commits that were made here: what one of them adds to its only parent is the author's."""
    names: list[str] = field(default_factory=list)
    """Those of others that all here is built on, or that were fetched; empty: the index, while git brings something."""
    parents: dict[str, list[str]] = field(default_factory=dict)
    """Of the commits above them; known already when they are asked for again."""
    steps: set[str] = field(default_factory=set)
    """Those of his own that nozzle made."""
    at: str = ""
    """HEAD then."""
    logged: int = 0
    """Bytes of HEAD's reflog then."""
    apart: tuple[object, ...] = ()
    """How all looked that nozzle's steps do not touch."""


def sources(repo: Repo, made: Collection[str], known: Sources) -> Sources:
    """Ask the reflogs, which no fetch writes into; a commit of which they do not know is somebody else's.

    The same as is `known`, and the steps since, where these are all that has happened since then.
    """
    brings = repo.busy() or (repo.git_dir / "SQUASH_MSG").exists()
    at, logged, apart = repo.thread().head, _size(repo.git_dir / "logs" / "HEAD"), (brings, *looks(repo))
    if apart == known.apart and (new := _only_steps(repo, made, known, at)) is not None:
        known.own |= new
        known.steps |= new
        known.at, known.logged = at, logged
        return known
    refs = _refs(repo)
    rows = _reflogs(repo, refs)
    landed = {sha for each in rows for sha, action in each if action.startswith(_LANDED)}
    steps = _steps(repo, rows)
    own = _amended(rows, _by_hand(rows) | steps | set(made)) - landed
    tips = dict.fromkeys(_tips(repo, refs))
    mine, theirs, alone = [sha for sha in tips if sha in own], [sha for sha in tips if sha not in own], _noted(repo)
    parents = known.parents | _parents(repo, mine, [*theirs, *alone, *(sha for sha in mine if sha in known.parents)])
    below = _below(mine, own, parents)
    if deeper := [sha for sha in _not_behind(repo, below, alone) if sha in own and sha not in parents]:
        parents |= _parents(repo, deeper, alone)  # somebody built on what was made here
        below = _below(mine, own, parents)
    theirs += [sha for sha in below if sha not in theirs]
    names = [*_not_behind(repo, theirs, alone), *([""] if brings else [])]
    return Sources(own, names, parents, steps, at, logged, apart)


def _only_steps(repo: Repo, made: Collection[str], known: Sources, at: str) -> set[str] | None:
    """The steps that were made here since HEAD was last looked at, if that is all that became of it; no merges."""
    log, found, here = repo.git_dir / "logs" / "HEAD", set[str](), known.at
    for before, now, action in _lines(log, known.logged):
        if action != _RECORDED or before != here:
            return None
        here = now
    if here != at or _size(log) < known.logged:
        return None
    while here != known.at:
        step = repo.objects.read(here) if here in made else None
        parents = re.findall(rb"^parent (\w+)$", step.data.partition(b"\n\n")[0], re.M) if step else []
        if len(parents) != 1:
            return None
        found.add(here)
        here = parents[0].decode()
    return found


def _parents(repo: Repo, tips: list[str], others: list[str]) -> dict[str, list[str]]:
    """Of all commits behind the tips that are not behind the others."""
    given = "".join([*(f"{sha}\n" for sha in tips), *(f"^{sha}\n" for sha in others)]).encode()
    out = repo.door.run("rev-list", "--parents", "--ignore-missing", "--stdin", given=given) if tips else b""
    return {sha: rest for sha, *rest in map(str.split, out.decode().splitlines())}


def _below(tips: list[str], own: set[str], parents: dict[str, list[str]]) -> list[str]:
    """The first commits, from these on down, that are not of the author's alone."""
    found, seen, rest = dict[str, None](), set[str](), list(tips)
    while rest:
        if (sha := rest.pop()) in seen:
            continue
        seen.add(sha)
        if sha in own and len(parents.get(sha, "more")) < 2:
            rest += parents[sha]
        else:
            found[sha] = None
    return list(found)


def _not_behind(repo: Repo, commits: list[str], others: list[str]) -> list[str]:
    if not others or not commits:
        return commits
    given = "".join([*(f"{sha}\n" for sha in commits), *(f"^{sha}\n" for sha in others)]).encode()
    out = repo.door.run("rev-list", "--ignore-missing", "--stdin", given=given).decode().split()
    left = set(out)
    return [sha for sha in commits if sha in left]


def _tips(repo: Repo, refs: list[tuple[str, str]]) -> list[str]:
    """All commits that have a name, or were fetched last."""
    heads = ("HEAD", "MERGE_HEAD", "CHERRY_PICK_HEAD", "REBASE_HEAD")
    names = dict.fromkeys([*heads, *_last_fetched(repo), *(sha for sha, _ in refs)])
    given = "".join(f"{name}^{{commit}}\n" for name in names).encode()
    out = repo.door.run("cat-file", "--batch-check=%(objecttype) %(objectname)", given=given).decode().splitlines()
    return [row.removeprefix("commit ") for row in out if row.startswith("commit ")]


def at_head(repo: Repo, path: str) -> bytes:
    """A file as a checkout writes it."""
    return next(iter(brought(repo, path, ["HEAD"])), b"")


def brought(repo: Repo, path: str, names: list[str]) -> list[bytes]:
    """A file as git may have put it here out of these: as a checkout would write it, filters applied, and as it lies
    in git.
    """
    found: list[bytes] = []
    once = [sha for sha in dict.fromkeys(_blobs(repo, names, path)) if sha]
    for sha, filtered in zip(once, _filtered(repo, once, path), strict=True):
        raw = repo.objects.read(sha)
        found += [filtered, raw.data] if raw else [filtered]
    return list(dict.fromkeys(found))


def brought_anywhere(repo: Repo, names: list[str]) -> list[tuple[str, bytes]]:
    """The Markdown files at all paths, as git may have put them here out of these; each content once."""
    found: dict[str, str] = {}
    for name in names:
        words = ("ls-tree", "-r", "-z", "--full-tree", name) if name else ("ls-files", "-s", "-z")
        for row in repo.door.ask(*words).out.split(b"\0"):
            facts, _, path = row.partition(b"\t")
            if facts and path.lower().endswith((b".md", b".markdown")):
                found.setdefault(facts.split()[2 if name else 1].decode(), os.fsdecode(path))
    read = ((path, repo.objects.read(sha)) for sha, path in found.items())
    return [(path, blob.data) for path, blob in read if blob and blob.type == "blob"]


def apart(repo: Repo, path: str, names: list[str]) -> list[tuple[bytes, bytes]]:
    """What a file was where HEAD and each of these went apart, and what it is there; not of those that HEAD is built
    on. One process for each.
    """
    forks = {name: repo.door.ask("merge-base", "HEAD", name).out.decode().strip() for name in names if name}
    pairs = [(base, name) for name, base in forks.items() if base and base != name]
    found = [_blobs(repo, [each[side] for each in pairs], path) for side in (0, 1)] if pairs else ([], [])
    both = dict.fromkeys((before, after) for before, after in zip(*found, strict=True) if before != after)
    return [(_data(repo, before), _data(repo, after)) for before, after in both]


def _data(repo: Repo, blob: str) -> bytes:
    found = repo.objects.read(blob) if blob else None
    return found.data if found else b""


@dataclass(slots=True)
class Versions:
    """What is known of the versions of one file: those behind a commit are not looked for again."""

    head: str = ""
    blobs: dict[str, None] = field(default_factory=dict)
    lines: set[int] = field(default_factory=set)
    """Hashes of all their lines: a part that has another one is in none of them."""
    of: Sources | None = None
    """When they were looked for: nozzle's own steps bring no other one."""


def earlier(repo: Repo, path: str, parts: Collection[bytes], known: Versions, sources: Sources) -> list[bytes]:
    """What ever stood at a path in a commit that is known here and was not made here, if it has all lines of one
    of these parts.

    Git writes a file out of any commit without going there (`restore -s`, `stash pop`), and leaves no trace of it.
    """
    if known.of is not sources:
        new = [sha for sha in _versions(repo, path, known.head, sources) if sha not in known.blobs]
        for text in _texts(repo, path, new):
            known.lines |= {hash(line.strip()) for line in text.split(b"\n")}
        known.of, known.head, known.blobs = sources, sources.at, known.blobs | dict.fromkeys(new)
    rows = [[row for line in part.split(b"\n") if (row := line.strip())] for part in parts]
    rows = [part for part in rows if all(hash(row) in known.lines for row in part)]
    texts = _texts(repo, path, list(known.blobs)) if rows else ()
    return [text for text in dict.fromkeys(texts) if any(all(row in text for row in part) for part in rows)]


def _texts(repo: Repo, path: str, blobs: list[str]) -> list[bytes]:
    """As they lie in git and, where that may differ, as a checkout writes them."""
    raw = {sha: found.data for sha in blobs if (found := repo.objects.read(sha)) and found.type == "blob"}
    return [*raw.values(), *(_filtered(repo, list(raw), path) if repo.index.filtered(path) else ())]


def _versions(repo: Repo, path: str, since: str, sources: Sources) -> list[str]:
    """The blobs, newest first, but for those behind the commit `since`.

    A step's text was looked at as it was made, so what came with it came otherwise, too.
    """
    given = "".join([*(f"{sha}\n" for sha in _last_fetched(repo)), f"^{since}\n" if since else ""]).encode()
    where = ("--exclude=refs/nozzle/*", "--all", "--reflog", "--ignore-missing", "--stdin")
    how = ("--format=%H %P", "--raw", "--no-abbrev", "--no-renames", "--no-ext-diff", "-m", "--full-history")
    out = repo.door.run("--literal-pathspecs", "log", *how, *where, "--", path, given=given).decode("utf-8", "replace")
    ours, found = False, dict[str, None]()
    for row in out.splitlines():
        if row and not row.startswith(":"):
            commit, *parents = row.split()
            ours = commit in sources.steps or (commit in sources.own and len(parents) < 2)
        elif row and not ours and (fields := row.split("\t")[0].split())[1].startswith("100"):
            found[fields[3]] = None
    return list(found)


def _blobs(repo: Repo, names: list[str], path: str) -> list[str]:
    """What each name has at a path, all asked of one process: a blob's digest; empty where there is none."""
    if "\n" in path:  # no question that is a line
        said = [repo.door.ask("rev-parse", "-q", "--verify", f"{name}:{path}").out.decode().strip() for name in names]
        return [sha if (found := repo.objects.read(sha)) and found.type == "blob" else "" for sha in said]
    given = b"".join(os.fsencode(f"{name}:{path}\n") for name in names)
    out = repo.door.run("cat-file", "--batch-check=%(objecttype) %(objectname)", given=given).split(b"\n")
    return [row[5:].decode() if row.startswith(b"blob ") else "" for row in out[: len(names)]]


def _filtered(repo: Repo, blobs: list[str], path: str) -> list[bytes]:
    """Blobs as a checkout writes them to a path; by one process, where a line can name the path."""
    if "\n" in path:
        return [repo.door.run("cat-file", "--filters", f"--path={path}", sha) for sha in blobs]
    mark = secrets.token_hex(16)  # git says how long a blob is, not how long it is when filtered
    given = b"".join(os.fsencode(f"{sha} {path}\n") for sha in blobs)
    out = repo.door.run("cat-file", "--filters", f"--batch={mark}", given=given) if blobs else b""
    return [part.removesuffix(b"\n") for part in out.split(f"{mark}\n".encode())[1:]]


def _last_fetched(repo: Repo) -> list[str]:
    """All commits of the newest fetch: as a name, FETCH_HEAD means the first of them alone."""
    files = {folder / "FETCH_HEAD" for folder in (repo.git_dir, repo.common)}
    rows = [row for file in sorted(files) if file.is_file() for row in file.read_bytes().split(b"\n")]
    return list(dict.fromkeys(found[0].decode() for row in rows if (found := re.match(rb"[0-9a-f]{40,64}", row))))


def _refs(repo: Repo) -> list[tuple[str, str]]:
    """What each points to, and its name, in which a stranger may have put any space or end of line but git's own."""
    rows = os.fsdecode(repo.door.run("for-each-ref", "--format=%(objectname) %(refname)")).split("\n")[:-1]
    return [(sha, name) for sha, _, name in (row.partition(" ") for row in rows) if not name.startswith(_HIDDEN)]


def stamp(repo: Repo) -> tuple[int, ...]:
    """Changes whenever what `brought` would find may have changed."""
    heads = ("HEAD", "index", "MERGE_HEAD", "CHERRY_PICK_HEAD", "REBASE_HEAD", "FETCH_HEAD", "SQUASH_MSG", "logs/HEAD")
    places = [repo.git_dir / name for name in heads] + [repo.common / "packed-refs"]
    places += [Path(folder) for folder, _ in _loose(repo)]
    return tuple(place.stat().st_mtime_ns if place.exists() else 0 for place in places)


def tracks(repo: Repo, path: str) -> bool:
    """Whether git has brought or keeps a file here, or anything below a folder."""
    return bool(repo.door.run("--literal-pathspecs", "ls-files", "-z", "--", path))


def made_here(repo: Repo, rows: list[list[tuple[str, str]]]) -> set[str]:
    """Commits that this clone's reflogs say were committed here, in whichever worktree or thread."""
    return _by_hand(rows) | _steps(repo, rows)


def _by_hand(rows: list[list[tuple[str, str]]]) -> set[str]:
    return {sha for each in rows for sha, action in each if _here.fullmatch(action)}


def _steps(repo: Repo, rows: list[list[tuple[str, str]]]) -> set[str]:
    """Steps that were made in a row have one line in a reflog."""
    pairs = {(row[0], older[0]) for each in rows for row, older in pairwise(each) if row[1] == _RECORDED}
    return {sha for each in rows for sha, action in each if action == _RECORDED} | _between(repo, sorted(pairs))


def _reflogs(repo: Repo, refs: list[tuple[str, str]]) -> list[list[tuple[str, str]]]:
    beside = repo.common / "worktrees"
    names = ["HEAD", "main-worktree/HEAD"] if beside.is_dir() else ["HEAD"]
    names += [f"worktrees/{folder.name}/HEAD" for folder in beside.glob("*")]
    branches = (name for _, name in refs if name.startswith("refs/heads/"))
    return [_reflog(repo, name) for name in dict.fromkeys([*names, *branches])]


def _reflog(repo: Repo, name: str) -> list[tuple[str, str]]:
    """One reflog, newest first: the commit that was gone to, and what was done.

    Read from the disk: git would open every commit that it names.
    """
    file = repo.git_dir / "logs" / name if name == "HEAD" else repo.common / "logs" / name
    if name.startswith("main-worktree/"):
        file = repo.common / "logs" / "HEAD"
    elif name.startswith("worktrees/"):
        file = repo.common / name.rpartition("/")[0] / "logs" / "HEAD"
    rows = _lines(file)[::-1]
    found = [(sha, action) for _, sha, action in rows]
    begun = name.startswith("refs/") and rows and rows[-1][0].startswith("0" * 40) and found[-1][1] == _RECORDED
    return [*found[:-1], (found[-1][0], _BEGUN)] if begun else found


def _lines(log: Path, since: int = 0) -> list[tuple[str, str, str]]:
    """What a reflog says, oldest first, after so many bytes of it: from where, to where, and what was done."""
    try:
        with log.open("rb") as file:
            file.seek(since)
            rows = [line.partition(b"\t") for line in file.read().split(b"\n") if line]
    except OSError:
        return []
    moves = [(fields.split(b" ", 2), os.fsdecode(action)) for fields, _, action in rows]
    return [(before.decode(), now.decode(), action) for (before, now, *_), action in moves]


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def committed_by_hand(repo: Repo) -> bool:
    """Whether the reflog's newest line is a `git commit` of the author's."""
    said = repo.door.ask("log", "-g", "-1", "--format=%gs", "HEAD")
    return said.out.startswith(b"commit")


def _between(repo: Repo, pairs: list[tuple[str, str]]) -> set[str]:
    """The commits from each first one down to, and without, its second; none where that is not below it."""
    tips = "".join(f"{tip}\n" for tip, _ in pairs).encode()
    out = repo.door.run("rev-list", "--parents", "--first-parent", "--stdin", given=tips) if pairs else b""
    parents = {row.split()[0]: [*row.split(), ""][1] for row in out.decode().splitlines()}
    found: set[str] = set()
    for tip, stop in pairs:
        row = [tip]
        while (at := parents.get(row[-1], "")) and at != stop:
            row.append(at)
        found |= set(row) if at == stop else set()
    return found
