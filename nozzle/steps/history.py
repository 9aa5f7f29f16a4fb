"""The steps behind a commit, newest first, as git walks them; and the one step some words mean.

It refuses to keep an index of its own: one `git log` answers while it runs, and stops when nobody reads on.
"""

import difflib
import os
import re
from collections.abc import Iterator

from nozzle.errors import WrongCommand
from nozzle.steps.door import fail
from nozzle.steps.repo import HEADS, Repo
from nozzle.steps.step import Step, quoted, step

_LOG = ("log", "-z", "--format=%H%n%ct%n%B", "--no-notes", "--fixed-strings", "--all-match", "--grep=Nozzle-Kind: ")


def history(
    repo: Repo,
    entry: str | None,
    *,
    rev: str = "HEAD",
    until: str = "",
    limit: int | None = None,
    cell: str = "",
    says: str = "",
) -> Iterator[Step]:
    """The steps behind `rev` (`--all`: behind any ref) that `until` lacks: of one entry, of cells that begin so, with
    a trailer that is called so."""
    if rev == "HEAD" and not repo.thread().head:
        return
    line = f"Nozzle-Entry: {quoted(entry or '')}"
    asked = [f"--grep={line}"] if entry is not None else []
    asked += [f"--grep=Nozzle-Cell: {cell}"] if cell else []
    asked += [f"--grep=Nozzle-{says}: "] if says else []
    made = 0
    for text in _records(repo, [*_LOG, *asked, *_range(rev, until)]):
        if limit is not None and made >= limit:
            return
        sha, seconds, words = text.split("\n", 2)
        found = step(sha, int(seconds), words)
        if found.kind and (entry is None or line in words.split("\n")):
            made += 1
            yield found


def resolve(repo: Repo, words: str) -> Step:
    """The commit that is meant: a digest or its beginning, `HEAD~2`, a branch, or a cell's digest (its newest step)."""
    words = words.strip()
    if words and (found := repo.objects.read(f"{words}^{{commit}}")):
        return repo.step(found.sha)
    cell = words.removeprefix("#").removeprefix("cell-").lower()
    if re.fullmatch(r"[0-9a-f]{4,64}", cell):
        for rev in ("HEAD", "--all"):
            for newest in history(repo, None, rev=rev, cell=cell):
                if newest.cell.startswith(cell):
                    return newest
    raise WrongCommand(f"no step is called {words!r}{_near(repo, words)}")


def renamed(repo: Repo, path: str) -> str:
    """What a file was called anew by the last commit behind HEAD that took it away; empty: no other name is known."""
    if not repo.thread().head:
        return ""
    only = ("log", "-1", "--format=%H", "--no-renames", "--diff-filter=D", "HEAD", "--", path)
    sha = repo.door.run("--literal-pathspecs", *only).decode().strip()
    if not sha:
        return ""
    words = ("-z", "-r", "-M", "--diff-filter=R", "--name-status", "--no-commit-id", sha)
    fields = repo.door.run("diff-tree", *words).split(b"\0")
    pairs = zip(fields[1::3], fields[2::3], strict=False)
    return next((os.fsdecode(new) for old, new in pairs if os.fsdecode(old) == path), "")


def _near(repo: Repo, words: str) -> str:
    recent = list(history(repo, None, limit=200))
    names = [
        os.fsdecode(row).removeprefix(HEADS)
        for row in repo.door.run("for-each-ref", "--format=%(refname)", HEADS).splitlines()
    ]
    said = {name: name for name in names}
    for one in reversed(recent):
        said |= {one.sha[:7]: one.sha[:7], one.title: f"{one.sha[:7]} ({one.title})"}
        said |= {one.cell[:12]: one.cell[:12]} if one.cell else {}
    same = [said[key] for key in said if words and words.lower() in key.lower()]
    near = difflib.get_close_matches(words[:40], said, n=3)
    found = list(dict.fromkeys([*same, *(said[key] for key in near)]))[:3]
    if found:
        return f": did you mean {' or '.join(found)}?"
    return ": `nozzle log` lists them" if recent else ": there is no step here yet"


def _range(rev: str, until: str) -> list[str]:
    revs = ["--branches", "--remotes", "--tags"] if rev == "--all" else ["--end-of-options", rev]
    return [*revs, *([f"^{until}"] if until else []), "--"]


def _records(repo: Repo, words: list[str]) -> Iterator[str]:
    """What git prints between NULs, as it prints it."""
    process = repo.door.start(*words)
    rest, whole = b"", False
    try:
        while chunk := process.stdout.read1(1 << 16):
            *records, rest = (rest + chunk).split(b"\0")
            yield from (record.decode("utf-8", "replace") for record in records)
        if rest:
            yield rest.decode("utf-8", "replace")
        whole = True
    finally:
        said = process.end() if whole else process.stop()
    if said.status != 0:
        fail(words, said.err)
