"""What goes along into a forked thread's folder though no step holds it: files that cells were seen to read or wrote.

As they were for the step, and together no more than a step may hold of one file. It refuses to copy what looks like it
holds secrets: that is named, as is all else that is not there.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nozzle.holding import Holding
    from nozzle.steps import Step
    from nozzle.words.journal import Journal

SECRET = re.compile(
    r"(?:^|/)(?:\.env(?:\..*)?|\.netrc|\.pgpass|id_[a-z0-9]+|[^/]*\.(?:pem|key|p12|pfx|kdbx)"
    r"|[^/]*(?:credential|secret)[^/]*)$",
    re.I,
)
"""Names under which secrets are kept, whatever they look like."""


def bring(here: Journal, step: Step, folder: Path) -> list[str]:
    """Put them into a folder that was forked at a step; a line of those that are there now, and one of those that are
    not, and why."""
    from nozzle.document.naming import few
    from nozzle.settings import MADE
    from nozzle.words.sparse import seen

    held, found = set(here.steps.paths(step)), seen(here, step, _chains(here, step))[0]
    loose = {path: found[path] for path in found if path not in held and MADE.isdisjoint(path.split("/"))}
    as_then = _as_then(here, step)
    brought, lacking, room = list[str](), list[str](), here.steps.cap
    for path in sorted(loose, key=lambda path: (_size(here.root / path), path)):
        size = _size(here.root / path)
        if size < 0 and not loose[path]:
            continue  # what a cell wrote and took away again
        why = _why_not(here, path, partial(as_then, path, loose[path])) or ("it is too large" if size > room else "")
        if not (why := why or _copied(here.root / path, folder / path, here.root, folder)):
            brought.append(path)
            room -= size
        else:
            lacking.append(f"{path} ({why})")
    if brought:
        _noted(here, folder, brought)
    said = [f"brought along, for no step holds them: {few(sorted(brought))}"] if brought else []
    return [*said, *([f"not there, though cells read or wrote them: {few(sorted(lacking))}"] if lacking else [])]


def _chains(here: Journal, step: Step) -> set[str]:
    """The chains of the cells of a step's entry."""
    from nozzle.document.entry import Entry

    text = here.steps.text(step, step.entry) if step.entry else None
    return {cell.chain for cell in Entry((text or b"").decode("utf-8", "replace")).cells if cell.runs}


def _why_not(here: Journal, path: str, as_then: Callable[[], bool]) -> str:
    """Why a file is not to be copied, that is as it was for the step or is not; empty when it is."""
    if _size(here.root / path) < 0:
        return "it is not here either"
    if SECRET.search(path):
        return "its name is that of a secret"
    if _size(here.root / path) > here.steps.cap:
        return "it is too large"
    if here.steps.other(path):
        return "it lies in a repository of its own"
    if not as_then():
        return "it is not as it was then, as far as is known"
    return here.steps.unfit(path, _content(here.root / path, here.root))


def _as_then(here: Journal, step: Step) -> Callable[[str, Collection[str]], bool]:
    """Whether a file is as it was read, by the digests; all are where this folder stands at the step."""
    from nozzle import disk
    from nozzle.past import Past

    text = here.steps.text(step, step.entry) if step.entry else None
    stands = step.sha == here.steps.thread().head or (
        text is not None and disk.readable(here.root / step.entry) == text
    )
    past = Past(here.root, here.steps, here.settings)
    return lambda path, as_read: stands or past.content(str(here.root / path)) in as_read


def _copied(source: Path, target: Path, root: Path, folder: Path) -> str:
    """Copy a file, with its mode and its time; why it could not be."""
    from nozzle import whole
    from nozzle.errors import Unwritable

    try:
        looks = source.stat()
        whole.write(target, _content(source, root), looks.st_mode & 0o777, root=folder)
        os.utime(target, ns=(looks.st_atime_ns, looks.st_mtime_ns))
    except Unwritable:
        return "a link is in its place"
    except OSError as error:
        return error.strerror or str(error)
    return ""


def _noted(here: Journal, folder: Path, paths: Iterable[str]) -> None:
    """Those that are as cells left them are so there, too."""
    from nozzle.holding import Holding
    from nozzle.steps import Steps

    mine: Holding = here.ledger(here.warn).holding
    left: Mapping[str, tuple[int, int]] = mine.noted()
    with Steps.open(folder) as there:
        Holding(mine.sieve, there).note({p: left[p] for p in paths if left.get(p) == here.steps.stamp(p)})


def _content(path: Path, root: Path) -> bytes:
    from nozzle import whole

    try:
        with whole.opened(path, root=root) as file:
            return file.read()
    except OSError:
        return b""


def _size(path: Path) -> int:
    """Of a file that is one, and no link; less than none where there is none."""
    try:
        return path.stat().st_size if path.is_file() else -1
    except OSError:
        return -1
