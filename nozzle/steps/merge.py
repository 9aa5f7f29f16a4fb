"""Bringing one thread's changes into another: git's three-way merge, of texts and of files.

It refuses to overwrite a file that is in no step yet, and to decide for the author where both changed the same lines.
"""

import os
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path

from nozzle import whole
from nozzle.errors import Refused
from nozzle.steps.objects import FILE, PROGRAM
from nozzle.steps.repo import Repo
from nozzle.steps.step import Step
from nozzle.steps.worktree import dirty

Text = bytes


def merge_base(repo: Repo, one: str, two: str) -> str:
    """The last commit that both come from; empty when there is none."""
    return os.fsdecode(repo.door.ask("merge-base", one, two).out).strip()


def merge_text(repo: Repo, ours: Text, base: Text, theirs: Text, names: tuple[str, str]) -> tuple[Text, bool]:
    """Both changes in one text, and whether they meet nowhere; where they do, git's conflict markers stand."""
    with tempfile.TemporaryDirectory(dir=repo.private) as folder:
        paths = [Path(folder, name) for name in ("ours", "base", "theirs")]
        for path, text in zip(paths, (ours, base, theirs), strict=True):
            path.write_bytes(text)
        labels = [word for name in (names[0], "before both", names[1]) for word in ("-L", name)]
        said = repo.door.ask("merge-file", "-p", "-q", *labels, *map(str, paths))
    if said.status < 0 or said.status > 127:
        raise Refused(f"git cannot merge these texts: {said.err}")
    return said.out, said.status == 0


def merged_files(repo: Repo, other: Step, apart: Collection[str]) -> dict[str, bytes | None]:
    """What merging a step changes here, by path; the paths `apart` are left to the caller.

    Refused when the same lines of a file changed here and there.
    """
    head = repo.thread().head
    said = repo.door.ask("merge-tree", "--write-tree", "--name-only", "--no-messages", "-z", head, other.sha)
    tree, *conflicts = os.fsdecode(said.out).split("\0")
    if said.status not in (0, 1):
        raise Refused(f"git cannot merge {other.sha[:8]}: {said.err}")
    if met := sorted({path for path in conflicts if path} - set(apart)):
        raise Refused(f"{', '.join(met)}: changed here and there; merge {other.sha[:8]} with git, then go on here")
    out = repo.door.run("diff-tree", "-r", "-z", "--no-renames", "--name-only", head, tree.strip())
    paths = [os.fsdecode(path) for path in out.split(b"\0") if path and os.fsdecode(path) not in apart]
    for path in _clean(repo, paths):
        leaf = repo.objects.leaf(tree.strip(), path)
        if (repo.root / path).is_symlink() or (leaf and leaf.mode not in (FILE, PROGRAM)):
            raise Refused(f"{path}: is a link here or there; merge {other.sha[:8]} with git, then go on here")
    return {path: repo.objects.file(tree.strip(), path) for path in paths}


def _clean(repo: Repo, paths: list[str]) -> list[str]:
    """The same paths; Refused when one of them holds on disk what no step holds."""
    unsaved = {path for _, path in dirty(repo)}
    if met := sorted(unsaved.intersection(paths)):
        raise Refused(f"{', '.join(met)}: changed here and in no step yet; save a step first, or move it away")
    return paths


def put_files(repo: Repo, files: Mapping[str, bytes | None], like: str = "") -> None:
    """Write files, or take them away; a program is one that is one in the commit they are `like`, or was one here.

    Unwritable where a folder on the way is a link: git keeps no file behind one.
    """
    tree = repo.tree(like) if like else ""
    for name, data in files.items():
        path = repo.root / name
        if data is None:
            whole.remove(path, root=repo.root)
            continue
        leaf = repo.objects.leaf(tree, name) if tree else None
        program = leaf.mode == PROGRAM if leaf else os.access(path, os.X_OK)
        whole.write(path, data, 0o777 if program else 0o666, root=repo.root)
