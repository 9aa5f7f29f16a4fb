"""Settings: what the author may decide, read from two files and checked once.

The journal's own file (`nozzle.toml`, or `[tool.nozzle]` in `pyproject.toml` when there is none) says what holds for
everybody who reads it; `settings.toml` in the user's config folder goes on top for what belongs to a person or a
machine. This module writes nothing, keeps nothing, and never guesses: a key it does not know stops it, with the key
that was probably meant.
"""

import difflib
import hashlib
import itertools
import json
import os
import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Literal

from nozzle.errors import Missing, Unreadable, WrongCommand
from nozzle.schema import Misfit, checked, read
from nozzle.server import Server

MADE = frozenset({".git", ".nozzle", ".venv", "__pycache__", "node_modules", "site-packages"})
"""Names of folders that programs fill: at any depth they are neither watched, nor copied, nor looked into."""
BUILD = "site"
"""The build's own folder, one of them at the root only: elsewhere it is the author's."""

_OUR_FILES = {"nozzle.toml", "nozzle.keys"}

_PERSONAL = {
    "steps", "run", "python", "timeout", "settle", "quiet", "follow", "keyring", "model", "model_url", "model_key",
    "model_tokens", "model_context", "explain", "task_steps", "task_tokens", "task_seconds", "task_dollars",
    "countdown", "unattended", "snapshots", "agents_online", "agents_memory", "agents_file", "cells", "agents_cpu",
    "reader", "notes", "prompt_label", "stall", "mcp",
}  # fmt: skip
"""Keys that the user's settings.toml may hold: they change what happens here, not what the journal is."""

_ONLY_PERSONAL = {"keyring", "agents_online"}
"""Keys that a journal cannot set: it may come from somebody else, and this is about the user's own key."""


def _inside(path: str) -> str:
    parts = path.split("/")
    if path.startswith("/") or ".." in parts or "\\" in path or not path.isprintable():
        raise ValueError("should be a path inside the repository, with /")
    return "/".join(part for part in parts if part not in ("", "."))


def _all_inside(paths: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(map(_inside, paths))


def _folder(path: str) -> str:
    if _wild(path):
        raise ValueError("should be a folder; entries takes globs")
    return _inside(path)


def _published(url: str) -> str:
    if url and not re.match(r"https?://[^/\s]", url):
        raise ValueError("should begin with https:// or http://")
    return url


def _amount(default: float, description: str, most: float = 1e9) -> Any:
    """Seconds, dollars, GB: from 0 on."""
    return checked(default, description, ge=0, le=most, allow_inf_nan=False)


@dataclass(frozen=True)
class Site:
    """The published pages."""

    title: str = checked("", "Name of the journal; empty: the first heading of README.md.")
    author: str = checked("", "Who writes it, as shown on the pages and in the feed.")
    description: str = checked("", "One sentence for search engines and the feed.")
    base_url: str = checked(
        "", "Where it is published, for the feed; links between pages stay relative.", check=_published
    )
    language: str = checked("en", "Language of the text, as in HTML's lang.")


@dataclass(frozen=True)
class Settings:
    """All of nozzle's settings; each has a default that works with no file at all."""

    journal: str = checked("journal", "Folder of the entries: every .md file in and below it.", check=_folder)
    entries: tuple[str, ...] = checked(
        (), "More entries, as globs from the root; README.md is always one.", check=_all_inside
    )
    steps: Literal["auto", "here", "thread"] = checked(
        "auto",
        "Where steps are committed: on this branch, on a thread, or (auto) here when the repository holds "
        "only a journal and has no remote.",
    )
    run: Literal["save", "ask", "never"] = checked("save", "What a save starts; an entry may say otherwise.")
    python: str = checked("", "Interpreter for Python cells; empty: the project's .venv, else nozzle's own.")
    timeout: float | None = checked(
        None, "Seconds a cell may run unless it says its own; unset: no limit.", gt=0, le=2_000_000, allow_inf_nan=False
    )
    settle: float = _amount(0.3, "Seconds a changed cell must rest before it runs (half-typed lines).", 3600)
    quiet: float = _amount(3.0, "Seconds without a save after which a late result is written.", 3600)
    follow: float = _amount(10.0, "Seconds of cells below an edit that may run again unasked.")
    snapshots: Literal["auto", "always", "never"] = checked(
        "auto",
        "When a kernel's state is kept after a cell, so that going back is quick: when that pays, always, "
        "or never; the answers are the same.",
    )
    output_lines: int = checked(60, "Lines of an output kept in the text; the whole goes to a file.", ge=2)
    file_cap: int = checked(20_000_000, "Bytes; a larger file that a cell wrote is left out of a step.", ge=0)
    keyring: bool = checked(False, "Keep the signing key in the system's keyring instead of a file.")
    model: str = checked("", "The model that answers and does tasks, by its name; empty: none is asked, ever.")
    model_url: str = checked("", "A server that speaks OpenAI's wire, up to /v1 (vLLM, llama.cpp, Ollama, LM Studio).")
    model_key: str = checked("", "Name of the environment variable, or of the keyring's entry, that holds the key.")
    model_tokens: int = checked(4096, "Tokens that one reply may have.", gt=0)
    model_context: int = checked(400_000, "Characters of an entry that are sent; what does not fit is named.", gt=1000)
    explain: Literal["surprises", "news", "asked"] = checked(
        "surprises", "What is explained unasked: all that surprises, only what breaks, or nothing."
    )
    voice: Literal["", "quiet", "notes", "conduct"] = checked(
        "", "How much is said: when asked, notes on cells too, or to plain prose as well; an entry may say otherwise."
    )
    prompt_label: str = checked("", "Label of instructions kept in Langfuse; the journal's own prompts/ go first.")
    reader: str = checked("", "For whom the model explains, in your words: 'knows statistics, is new to Python'.")
    notes: int = checked(20, "Notes that the model writes in one entry while a watch runs.", ge=0)
    remarks: int = checked(40, "Remarks to plain prose that one entry gets in a day.", ge=0)
    stall: float = _amount(
        120.0, "Seconds without output or work of the processor after which a running cell is news; 0: never."
    )
    task_steps: int = checked(20, "Cells that one task may propose.", gt=0)
    task_tokens: int = checked(500_000, "Tokens that one task may cost.", gt=0)
    task_seconds: float = _amount(
        3600.0, "Seconds that one task may think and run; not those in which it waits for you."
    )
    task_dollars: float = _amount(5.0, "US dollars that one task may cost, where the price is known.")
    agents_online: bool = checked(False, "Leave the cells of agents the network; each then waits until you let it run.")
    cells: int = checked(0, "Cells that run at once, over all threads; 0: as many as there are processors.", ge=0)
    agents_memory: float = _amount(0.0, "GB of address space that a kernel of agents' cells may take; 0: no limit.")
    agents_file: float = _amount(0.0, "GB that one file of theirs may hold; 0: no limit.")
    agents_cpu: float = _amount(
        0.0, "Seconds of processor time that their kernel, or a program of theirs, may take; 0: any."
    )
    countdown: float = _amount(5.0, "Seconds after which a proposal that changes nothing outside runs by itself.")
    unattended: float = _amount(0.0, "Seconds after which an unanswered proposal is denied; 0: it waits.")
    mcp: dict[str, Server] = checked(
        {},
        "MCP servers by name, each a table [mcp.NAME] with command and env, or url and token, and looks.",
        names=r"^[a-z][a-z0-9_]*$",
    )
    site: Site = checked(Site(), "The published pages.")

    @property
    def keys(self) -> tuple[str, ...]:
        """Names of the variables that hold secrets, because the settings name them for that."""
        return tuple(filter(None, (self.model_key, *(server.token for server in self.mcp.values()))))

    def is_entry(self, relative: str) -> bool:
        """Whether this path from the root (with /) is an entry's, whatever lies there.

        >>> Settings().is_entry("journal/2026/a.md"), Settings().is_entry("journal/_out/a.md")
        (True, False)
        """
        parts = tuple(relative.split("/"))
        if _passed_over(parts) or parts[-1] in _OUR_FILES:
            return False
        return any(_matches(parts, tuple(glob.split("/"))) for glob in self._globs())

    def entries_in(self, root: Path) -> list[Path]:
        """Every entry under `root`, sorted. Symlinked folders are not entered (git does not either), and a link to
        another entry is not a second one."""
        found = {
            name: link for glob in self._globs() for name, link in _files(root, _literal(glob)) if self.is_entry(name)
        }
        real = root.resolve()
        plain = {os.path.join(real, name) for name, link in found.items() if not link}
        once = (name for name, link in found.items() if not link or os.path.realpath(root / name) not in plain)
        return [root / name for name in sorted(once, key=lambda name: name.split("/"))]

    def folders_in(self, root: Path) -> list[Path]:
        """Every folder under `root` in which an entry could appear, whether it is there or not."""
        starts = {_literal(glob) for glob in self._globs()}
        return [root / start for start in starts] + [root / name for start in starts for name in _folders(root, start)]

    def _globs(self) -> tuple[str, ...]:
        """What is an entry; a name without a wildcard may be a folder's, and means all that is in it."""
        folders = (self.journal, *(glob for glob in self.entries if not _wild(glob.rpartition("/")[2])))
        return ("README.md", *self.entries, *(f"{folder}/**/*.md".lstrip("/") for folder in folders))


_ALL = frozenset(each.name for each in fields(Settings))


def config_folder() -> Path:
    """The user's own folder: $NOZZLE_HOME, else $XDG_CONFIG_HOME/nozzle, else ~/.config/nozzle. Not made here."""
    try:
        if named := os.environ.get("NOZZLE_HOME"):
            return Path(named).expanduser().absolute()
        base = Path(os.environ.get("XDG_CONFIG_HOME", ""))
        return (base if base.is_absolute() else Path.home() / ".config") / "nozzle"
    except RuntimeError as error:
        raise Missing("no home folder is known for this user: set NOZZLE_HOME to a folder of your own") from error


def load(root: Path, config: Path | None = None) -> Settings:
    """The settings of the journal at `root`; WrongCommand for a key or value that is none, Unreadable for no TOML."""
    shared = _shared(root)
    shared.check(_refuse_if_the_users)
    return read(Settings, {**shared.values, **_personal(config or config_folder()).values})


def personal(config: Path) -> Settings:
    """What this user's own settings.toml says, whatever journal he is in."""
    return read(Settings, _personal(config).values)


def _personal(config: Path) -> "_Table":
    table = _Table.read(config / "settings.toml")
    table.check(_refuse_unless_personal)
    return table


def shared(root: Path) -> Mapping[str, Any]:
    """What the journal's own settings say, also where the user's say otherwise."""
    return _shared(root).values


def settings_file(root: Path) -> Path | None:
    """Where the journal's own settings stand; None when it has none."""
    table = _shared(root)
    return table.path if table.values else None


def shared_keys(root: Path, config: Path | None = None) -> set[str]:
    """The keys that hold because the journal says so, and not the user's own settings.toml."""
    return set(shared(root)) - set(_Table.read((config or config_folder()) / "settings.toml").values)


def settings_digest(root: Path) -> str:
    """SHA-256 of what the journal's own settings say (not how): what trust in them is about; "" when there are none."""
    values = shared(root)
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest() if values else ""


def _refuse_unless_personal(key: str) -> str | None:
    return None if key in _PERSONAL else f"{key} belongs to the journal: write it in its nozzle.toml"


def _refuse_if_the_users(key: str) -> str | None:
    return f"{key} belongs to you, not to a journal: write it in settings.toml" if key in _ONLY_PERSONAL else None


class _Table:
    """The keys of one file, and where they stand in it."""

    def __init__(self, path: Path, text: str, header: str, values: Mapping[str, Any]) -> None:
        self.path, self.text, self.header, self.values = path, text, header, values

    @classmethod
    def read(cls, path: Path, header: str = "") -> "_Table":
        text = _text(path)
        # A pyproject.toml that never names nozzle is not ours to judge, broken or not.
        if header and "nozzle" not in text:
            return cls(path, "", header, {})
        values: Any = _parsed(path, text)
        for name in header.split(".") if header else ():
            values = values.get(name, {})
            if not isinstance(values, dict):
                raise WrongCommand(f"{path}: {header} should be a table")
        return cls(path, text, header, values)

    def check(self, refused: Callable[[str], str | None]) -> None:
        """Raise for the first key or value that is wrong, with its place."""
        for key in self.values:
            if key in _ALL and (reason := refused(key)):
                raise WrongCommand(f"{self._place((key,))}: {reason}")
        try:
            read(Settings, self.values)
        except Misfit as misfit:
            names = misfit.names
            raise WrongCommand(f"{self._place(names)}: {_complaint(names, misfit.kind, str(misfit))}") from None

    def _place(self, names: tuple[str, ...]) -> str:
        header = ".".join(filter(None, (self.header, *names[:-1])))
        inside = ""
        for number, line in enumerate(re.split(r"\r\n|\n|\r", self.text), 1):
            if opened := re.match(r"\s*\[+\s*([^\]]*?)\s*\]", line):
                inside = opened[1].replace('"', "").replace(" ", "")
            if (inside == header and re.match(rf'\s*"?{re.escape(names[-1])}"?\s*=', line)) or (
                opened and inside == ".".join(filter(None, (header, names[-1])))
            ):
                return f"{self.path}:{number}"
        return str(self.path)


_PLAINLY = {"model_type": "should be a table", "tuple_type": "should be a list"}


def _shared(root: Path) -> _Table:
    own = root / "nozzle.toml"
    return _Table.read(own) if os.path.exists(own) else _Table.read(root / "pyproject.toml", "tool.nozzle")


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError as error:
        raise Unreadable(f"{path}: not UTF-8 at byte {error.start}: save it as UTF-8") from error
    except OSError as error:
        raise Unreadable(f"{path}: {str(error.strerror).lower()}: settings must be readable") from error


def _parsed(path: Path, text: str) -> dict[str, Any]:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Unreadable(f"{path}: no TOML: {error}") from error


def _complaint(names: tuple[str, ...], kind: str, message: str) -> str:
    name = "".join(char if char.isprintable() else "?" for char in ".".join(names))
    if kind != "extra_forbidden":
        said = _PLAINLY.get(kind, message)
        return f"{name}: {said.removeprefix('Value error, ').replace('Input should', 'should')}"
    near = _nearest(names)
    return f"{name} is no setting" + (f": did you mean {near}?" if near else f"; there are {', '.join(_known())}")


def _known() -> list[str]:
    return [
        *(each.name for each in fields(Settings) if each.name != "site"),
        *(f"site.{each.name}" for each in fields(Site)),
    ]


def _nearest(names: tuple[str, ...]) -> str:
    """The known key most like this one: spelled almost so, or right but in the wrong table."""
    for name in _known():
        if name.rpartition(".")[2] == names[-1].replace("-", "_"):
            return name
    close = difflib.get_close_matches(".".join(names), _known(), n=1)
    return close[0] if close else ""


def _matches(parts: tuple[str, ...], glob: tuple[str, ...]) -> bool:
    if not glob or not parts:
        return not glob and not parts
    if glob[0] == "**":
        return len(glob) == 1 or any(_matches(parts[at:], glob[1:]) for at in range(len(parts)))
    return fnmatchcase(parts[0], glob[0]) and _matches(parts[1:], glob[1:])


def _wild(segment: str) -> bool:
    return any(sign in segment for sign in "*?[")


def _literal(glob: str) -> str:
    """The part of a glob before its first wildcard segment: where to look."""
    return "/".join(itertools.takewhile(lambda part: not _wild(part), glob.split("/")))


def made_by_programs(relative: str) -> bool:
    """Whether the folder at this path from the root is none of the author's, all above it being his.

    >>> made_by_programs("site"), made_by_programs("journal/site"), made_by_programs("journal/.venv")
    (True, False, True)
    """
    return relative == BUILD or relative.rpartition("/")[2] in MADE


def _passed_over(parts: tuple[str, ...]) -> bool:
    """Whether there can be no entry: programs' folders, what cells made, and dot folders."""
    return parts[0] == BUILD or any(part in MADE or part == "_out" or part.startswith(".") for part in parts)


def _folders(root: Path, start: str) -> Iterator[str]:
    """The folders at and below a path from the root that entries are looked for in."""
    folders = [start] if os.path.isdir(root / start) else []
    while folders:
        folder = folders.pop()
        yield folder
        inner = [item.name for item in _listed(root / folder) if item.is_dir(follow_symlinks=False)]
        names = (f"{folder}/{name}".lstrip("/") for name in inner)
        folders += [name for name in names if not _passed_over(tuple(name.split("/")))]


def _files(root: Path, start: str) -> Iterator[tuple[str, bool]]:
    """The files at and below a path from the root, each with whether it is a link."""
    _refuse_link(root, start)
    if os.path.isfile(root / start):
        yield start, os.path.islink(root / start)
        return
    folders = [start]
    while folders:
        folder = folders.pop()
        for item in _listed(root / folder):
            name = f"{folder}/{item.name}".lstrip("/")
            if item.is_dir(follow_symlinks=False):
                folders += [] if _passed_over(tuple(name.split("/"))) else [name]
            elif os.path.isfile(item) if item.is_symlink() else item.is_file():
                yield name, item.is_symlink()


def _listed(folder: Path) -> "list[os.DirEntry[str]]":
    """What a folder holds: nothing when it is gone, but one that may not be read might hold entries."""
    try:
        with os.scandir(folder) as items:
            return list(items)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except PermissionError as error:
        raise Unreadable(f"{folder}: permission denied: entries may be in there; make it readable") from error


def _refuse_link(root: Path, start: str) -> None:
    for number in range(1, start.count("/") + 2 if start else 0):
        folder = root.joinpath(*start.split("/")[:number])
        if folder.is_symlink() and folder.is_dir():
            raise Unreadable(f"{folder}: a symbolic link, and git keeps no file behind one: use a true folder")
