"""States of kernels that outlive every process: one under `refs/nozzle/kept` for a cell, on no branch.

They are no steps, and go with no push that does not name them. What is in one is read, and never believed, here.
"""

import os
import shutil
from collections.abc import Mapping
from io import FileIO
from pathlib import Path

from nozzle.steps.door import fail
from nozzle.steps.objects import FILE, Leaf
from nozzle.steps.repo import Repo

KEPT = "refs/nozzle/kept/"


def put(repo: Repo, cell: str, files: Mapping[str, bytes | Path]) -> None:
    """Keep these under a cell's chain, in the place of what was there."""
    leaves = {name: Leaf(FILE, _blob(repo, held)) for name, held in files.items()}
    repo.refs.put(KEPT + cell, repo.objects.graft("", leaves))


def cells(repo: Repo) -> list[str]:
    """Chains of those cells after which a state is kept."""
    out = repo.door.run("for-each-ref", "--format=%(refname)", KEPT)
    return [line.removeprefix(KEPT) for line in os.fsdecode(out).splitlines()]


def read(repo: Repo, cell: str, name: str) -> bytes | None:
    """A small file of one."""
    return repo.objects.file(KEPT + cell, name)


def copy(repo: Repo, cell: str, name: str, into: FileIO) -> None:
    """A file of one, however large, into another that is open."""
    words = ("cat-file", "blob", f"{KEPT}{cell}:{name}")
    process = repo.door.start(*words)
    shutil.copyfileobj(process.stdout, into)
    said = process.end()
    if said.status != 0:
        fail(words, said.err)


def drop(repo: Repo, cell: str) -> None:
    """Keep it no longer; `git gc` gives the space back."""
    repo.refs.drop(KEPT + cell)


def _blob(repo: Repo, held: bytes | Path) -> str:
    if isinstance(held, bytes):
        return repo.objects.blob(held)
    return os.fsdecode(repo.door.run("hash-object", "-w", "--no-filters", "--", str(held.absolute()))).strip()
