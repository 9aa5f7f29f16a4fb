"""Nothing is due, and nothing has changed since that was found: so nothing is due. Said without opening a room.

Finding out what is due takes a parser, git and the settings; that nothing has changed takes a `stat` of each file that
the answer was made from. The note of them lies beside git and is a cache: it is taken away before anything runs, and
whatever does not look exactly as noted (or is too young to tell) sends the word the long way. It refuses to know what
an entry is, and imports nothing that is slow.
"""

import os
import sys
import time
from collections.abc import Iterable, Sequence

from nozzle import __version__

YOUNG = 50_000_000
"""Nanoseconds: a file that changed so shortly before it was noted can change again and look the same."""
MOST = 20_000
"""Files and folders that are noted at most."""
ENVIRONMENT = ("NOZZLE_HOME", "XDG_CONFIG_HOME", "HOME")
"""Variables that say where the user's settings lie."""
WORDS = {"run": ("-q", "--quiet", "--trust-this-checkout"), "due": ("--json",)}
"""What asks for what is due: its options that do not change the answer."""
NOTHING = "nothing is due"
SILENT = {"-q", "--quiet", "--json"}

Look = list[int | str]


def answer(words: Sequence[str]) -> str | None:
    """What `nozzle WORDS` says when a note holds that nothing is due; None when it has to be found out."""
    if (
        not words
        or words[0] not in WORDS
        or any(word.startswith("-") and word not in WORDS[words[0]] for word in words[1:])
    ):
        return None
    import json

    try:
        paths = [os.path.abspath(word) for word in words[1:] if not word.startswith("-")]
        private = _private(os.path.dirname(paths[0]) if paths else os.getcwd())
        with open(os.path.join(private, "rest.json"), encoding="utf-8") as file:
            note = json.load(file)
        copied = note["private"] != os.path.realpath(
            private
        )  # with all its paths, which lead to what it was copied from
        if (
            copied
            or os.path.getsize(os.path.join(private, "lock"))
            or not _holds(note)
            or not set(paths) <= set(note["entries"])
        ):
            return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return "" if SILENT & set(words) else NOTHING


def noted(private: str | os.PathLike[str], entries: Iterable[str], looks: dict[str, Look | None]) -> None:
    """Note that nothing is due in these entries, as long as all that was looked at stays as it looked."""
    if len(looks) > MOST:
        return
    import json

    note = {**_here(), "private": os.path.realpath(private), "entries": list(entries), "looks": looks}
    part = os.path.join(private, "rest-new.json")
    try:
        with open(part, "w", encoding="utf-8") as file:
            json.dump(note, file)
        os.replace(part, os.path.join(private, "rest.json"))
    except OSError:
        pass  # a cache


def forget(private: str | os.PathLike[str]) -> None:
    """Something is about to run or to be written."""
    try:
        os.unlink(os.path.join(private, "rest.json"))
    except OSError:
        pass


def look(path: str) -> Look | None:
    """How a file or a folder looks now, links followed; None when it is not there."""
    try:
        seen = os.stat(path)
    except OSError:
        return None
    found: Look = [seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns]
    return found if max(found[3:]) < time.time_ns() - YOUNG else [*found, _digest(path)]  # type: ignore[operator]


def _holds(note: dict[str, object]) -> bool:
    looks = note["looks"]
    assert isinstance(looks, dict)
    return all(note.get(key) == value for key, value in _here().items()) and all(
        _same(path, before) for path, before in looks.items()
    )


def _same(path: str, before: Look | None) -> bool:
    try:
        seen = os.stat(path)
    except OSError:
        return before is None
    now = [seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns]
    return before is not None and now == before[:5] and (len(before) == 5 or _digest(path) == before[5])


def _digest(path: str) -> str:
    """Of what a young file or folder holds."""
    import hashlib

    if os.path.isdir(path):
        content = "\0".join(sorted(os.listdir(path))).encode("utf-8", "surrogateescape")
    else:
        with open(path, "rb") as file:
            content = file.read()
    return hashlib.sha256(content).hexdigest()


def _here() -> dict[str, object]:
    """Which nozzle, which Python and which user found it."""
    return {"nozzle": __version__, "python": sys.version, "user": [os.environ.get(name) for name in ENVIRONMENT]}


def _private(folder: str) -> str:
    """Where nozzle keeps its notes in the repository around a folder; nowhere when there is none."""
    while True:
        git = os.path.join(folder, ".git")
        if os.path.isdir(git):
            return os.path.join(git, "nozzle")
        if os.path.isfile(git):
            with open(git, encoding="utf-8", errors="surrogateescape") as file:
                named = file.read().removeprefix("gitdir: ").strip()
            return os.path.join(folder, named, "nozzle")
        above = os.path.dirname(folder)
        if above == folder:
            return os.path.join(folder, ".git", "nozzle")
        folder = above
