"""What a cell did outside its process, as far as Python's audit hooks see: files read and written, network, programs.

The hook only remembers; names are judged after the cell. What C code opens by itself is not seen.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import site
import stat
import sys
import sysconfig
import types
from collections.abc import Callable, Iterable
from typing import Any

from .asked import MOST as MOST_ASKED
from .asked import Asked
from .own import os

MOST = 10_000
"""Names remembered per cell; a cell that touches more files than this is not told apart further."""

MOST_ELSEWHERE = 1000
"""Names of files outside that are told of one cell."""
SYSTEM = ("/dev/", "/proc/", "/sys/")
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
NETWORK = ("socket.connect", "socket.sendto", "socket.sendmsg")
PROGRAMS = ("subprocess.Popen", "os.system", "os.posix_spawn", "os.exec", "os.spawn", "os.fork", "os.forkpty")
CHANGES = {
    "os.mkdir": ((0, 2),),
    "os.remove": ((0, 1),),
    "os.rmdir": ((0, 1),),
    "os.link": ((1, 3),),
    "os.symlink": ((1, 2),),
}
"""Where in an event's arguments the changed name stands, and the descriptor of the folder that it is in."""
UNSEEN = {"__pycache__", ".git", ".nozzle", ".ipynb_checkpoints"}


class Traces:
    """The hook, and what it remembered since the cell began."""

    def __init__(self, root: str, caches: list[str]) -> None:
        self.on = False
        self._sheet = -1
        self.inputs: list[str] = []
        """All files that the last cell read, wherever they lie, beside those of libraries."""
        self.opened: dict[str, tuple[int, ...]] = {}
        """How they looked when it opened them: time of change, size, number."""
        self.whole: list[str] = []
        """Files that the last cell wrote from their first byte on, whatever they held before."""
        self.careful = False
        """Remember what folders were listed, too, and which files were asked for in vain."""
        self.absent: set[str] = set()
        """Files that the last careful cell asked for, and there were none."""
        self.listed: dict[str, str] = {}
        """Folders that it listed, and what they held then."""
        self.told: list[tuple[str, str, str]] = []
        """What it asked of files by their names: question, name, answer."""
        self.unseen = ""
        """Why what it was told of files is not known; empty when it is."""
        self._asked = Asked(self._asked_of, self._is_library)
        self._root = os.path.join(os.path.realpath(root), "")
        self._libraries = tuple(path for path in _folders(_libraries()) if not self._root.startswith(path))
        self._caches = _folders([*caches, _cache()])
        self.anywhere = _folders([*caches, *_temporary(), "/dev", "/proc", "/sys"])
        """Folders in which what is written matters to nobody."""
        self._handles: dict[str, tuple[int, int]] = {}
        """Files that cells above have left open for writing, as they were when the cell began."""
        self._forget()
        self._hear: dict[str, Callable[[Any], None]] = {
            "open": self._open,
            "os.truncate": self._truncate,
            "os.chmod": self._mode,
            "os.rename": self._rename,
            "sqlite3.connect": self._database,
            "os.listdir": self._list,
            "os.scandir": self._scan,
            **dict.fromkeys(NETWORK, self._network),
            **dict.fromkeys(PROGRAMS, self._program),
        }
        sys.addaudithook(self._hook)

    def note_in(self, sheet: int) -> None:
        """What the next cell does outside is noted in this open file as it is done."""
        self._sheet = fcntl.fcntl(sheet, fcntl.F_DUPFD_CLOEXEC, 3)
        os.close(sheet)

    def begin(self, *, careful: bool = False) -> None:
        """Forget the last cell and listen."""
        self._forget()
        self.careful = careful
        self._handles = _handles()
        if careful:
            from .content import of_the_repository

            self._asked.begin(of_the_repository(self._root).values())
        self.on = True

    def end(self) -> dict[str, Any]:
        """Stop listening and say what there was."""
        self.on = False
        self._asked.end()
        with contextlib.suppress(OSError):  # the cell may have closed it
            os.close(self._sheet)
        self._sheet = -1
        self._written |= {path for path, stamp in self._handles.items() if _stamp(path) != stamp}
        gone = {path for path in self._moved if not os.path.lexists(path)}
        removed = set(map(_real, self._removed | gone))
        writes = {path for path in map(_real, self._written) if os.path.lexists(path)} | removed
        reads = {path for path in map(_real, self._read) if os.path.isfile(path)} - writes
        self.inputs = sorted(path for path in reads if not path.startswith((*self._libraries, "/proc/", "/sys/")))
        self.opened = {_real(path): seen for path, seen in self._opened.items()}
        otherwise = self._removed | (self._read - self._afresh)
        afresh = set(map(_real, self._afresh)) - set(map(_real, otherwise))
        self.whole = sorted(path for path in afresh if os.path.isfile(path) and not os.path.islink(path))
        self.told = [(*each, said) for each, said in sorted(self._asked.answers.items()) if self._matters(*each)]
        if len(self._asked.answers) > MOST_ASKED:
            self.unseen = f"it asks about more than {MOST_ASKED} files"
        outside = {f"files:{path}" for path in writes if self._reaches_out(path)}
        return {
            "reads": sorted(filter(self._is_ours, reads)),
            "writes": sorted(filter(self._is_ours, writes)),
            "elsewhere": sorted(filter(self._is_elsewhere, writes))[:MOST_ELSEWHERE],
            "effects": sorted(outside | ({"network"} if self._reached else set())),
            "spawned": self._spawned,
        }

    def _forget(self) -> None:
        self._read: set[str] = set()
        self._opened: dict[str, tuple[int, ...]] = {}
        """How what was read looked when it was opened first: another may write it before anybody asks what it holds."""
        self._written: set[str] = _Noted(self._note)
        self._afresh: set[str] = set()
        self._removed: set[str] = _Noted(self._note)
        self._moved: set[str] = _Noted(self._note)
        """Files of folders that were to get another name: those that are gone in the end did."""
        self.absent, self.listed, self.told, self.unseen = set(), {}, [], ""
        self._reached = self._spawned = False

    def _note(self, path: str) -> None:
        """Leave word of a file that is about to change, for whoever finds this process gone before the cell's end."""
        path = _real(path)
        if self._is_ours(path):
            self._leave_word("writes", path)
        elif self._reaches_out(path):
            self._leave_word("effects", f"files:{path}")

    def _leave_word(self, name: str, what: str = "") -> None:
        if self._sheet >= 0 and self.on:
            with contextlib.suppress(OSError):  # the cell may have closed it
                os.write(self._sheet, os.fsencode(f"{name} {what}\0"))

    def _hook(self, event: str, arguments: Any) -> None:
        if not self.on:
            return
        if event in self._hear:
            self._hear[event](arguments)
        elif event in CHANGES:
            for name, folder in CHANGES[event]:
                self._change(arguments[name], arguments[folder])

    def _open(self, arguments: Any) -> None:
        path, mode, flags = arguments
        if isinstance(path, str) and (path.startswith(self._libraries) or _is_bytecode(path)):
            return
        writing = not set("wax+").isdisjoint(mode) if isinstance(mode, str) else bool(flags & WRITING)
        truncates = not set("wx").isdisjoint(mode) if isinstance(mode, str) else bool(flags & (os.O_TRUNC | os.O_EXCL))
        if writing and (link := _linked(path)):
            return _add(self._written, link)  # what it leads to is written, and not from a name that stays what it is
        if writing and truncates and self._read.isdisjoint(names := _named(path)) and self._written.isdisjoint(names):
            _add(self._afresh, path)
        _add(self._written if writing else self._read, path)
        for name in _named(path) if not writing else ():
            self._opened.setdefault(name, stamp(name))
        if self.careful and not writing:
            self.absent.update(name for name in _named(path) if name not in self._written and not os.path.exists(name))

    def _scan(self, arguments: Any) -> None:
        """What is found so tells more than names, to whoever is no library: there is no seeing that."""
        caller = sys._getframe(2)
        if self.careful and not self._is_library(caller.f_code.co_filename):
            self.unseen = "what it is told of files through os.scandir cannot be seen: write os.listdir, or glob.glob"
        self._list(arguments, caller)

    def _list(self, arguments: Any, caller: types.FrameType | None = None) -> None:
        """A folder is about to be listed; importing lists those that it searches, and is told by what it opens."""
        caller = caller or sys._getframe(2)
        if not self.careful or caller.f_code.co_filename.startswith("<frozen importlib"):
            return
        for name in _named("." if arguments[0] is None else arguments[0]):
            if name not in self.listed and not name.startswith((*self._libraries, *SYSTEM)) and not _hidden(name):
                self.on = False
                self.listed[name] = listing(name)
                self.on = True

    def _asked_of(self, path: Any, folder: Any) -> list[str]:
        """What a cell wrote itself it knows."""
        known = self._written, self._removed
        return [
            name
            for name in _named(path, folder)
            if not name.startswith((*self._libraries, *SYSTEM))
            and not _hidden(name)
            and not any(name in each for each in known)
        ]

    def _matters(self, question: str, name: str) -> bool:
        """A library that looks whether there is a file before it writes it anew does not tell what was there."""
        return _real(name) not in self.whole or (question, name) in self._asked.own

    def _is_library(self, path: str) -> bool:
        return path.startswith((*self._libraries, "<frozen "))

    def _database(self, arguments: Any) -> None:
        if arguments[0] != ":memory:":
            _add(self._written, _linked(arguments[0]) or arguments[0])

    def _truncate(self, arguments: Any) -> None:
        _add(self._written, _linked(arguments[0]) or arguments[0])

    def _mode(self, arguments: Any) -> None:
        """Git keeps of a mode whether the file is a program: where that changes, the file does."""
        path, mode, folder = arguments
        for name in map(os.path.realpath, _named(path, folder)):
            with contextlib.suppress(OSError):
                was = os.stat(name).st_mode
                if stat.S_ISREG(was) and (was ^ mode) & stat.S_IXUSR:
                    self._written.add(name)

    def _rename(self, arguments: Any) -> None:
        """A folder that is given another name is what all its files are, as many as are remembered."""
        from_, to, from_folder, to_folder = arguments
        names = [*_named(from_, from_folder), *_named(to, to_folder)]
        below = _below(names[0], MOST - len(self._moved)) if len(names) == 2 else None
        if below is None:
            self._change(from_, from_folder)
            self._change(to, to_folder)
            return
        for name, known in zip(names, (self._moved, self._written), strict=True):
            if self._is_ours(os.path.join(_real(name), "")):
                known.update(os.path.join(name, each) for each in below)
            else:
                self._change(name, -1)

    def _change(self, path: Any, folder: Any) -> None:
        """Something is about to be made here, or what is here to be taken away."""
        for name in _named(path, folder):
            (self._removed if os.path.lexists(name) else self._written).add(name)

    def _network(self, arguments: Any) -> None:
        if getattr(arguments[0], "family", None) != 1 and not self._reached:  # AF_UNIX
            self._reached = True
            self._leave_word("effects", "network")

    def _program(self, arguments: Any) -> None:
        if not self._spawned:
            self._spawned = True
            self._leave_word("spawned")

    def _is_ours(self, path: str) -> bool:
        return path.startswith(self._root) and not path.startswith(self._libraries) and not _hidden(path)

    def _is_elsewhere(self, path: str) -> bool:
        return not path.startswith((self._root, *self._libraries, *self._caches, *SYSTEM)) and not _hidden(path)

    def _reaches_out(self, path: str) -> bool:
        folder = os.path.join(path, "")
        return not folder.startswith((self._root, *self._libraries, *self.anywhere)) and not _hidden(path)


class _Noted(set[str]):
    """Names, each told once as it comes."""

    def __init__(self, note: Callable[[str], None]) -> None:
        super().__init__()
        self._tell = note

    def add(self, name: str) -> None:
        if name not in self:
            super().add(name)
            self._tell(name)

    def update(self, *names: Iterable[str]) -> None:
        for each in names:
            for name in each:
                self.add(name)


def listing(folder: str) -> str:
    """The names in a folder, as a digest; empty where it cannot be listed."""
    try:
        names = sorted(os.listdir(folder))
    except OSError:
        return ""
    return hashlib.sha256("\0".join(names).encode("utf-8", "surrogateescape")).hexdigest()


def _add(names: set[str], path: Any) -> None:
    if len(names) < MOST:
        names.update(_named(path))


def _named(path: Any, folder: Any = -1) -> list[str]:
    """The absolute name, in a list; none for what is open already or is gone."""
    if isinstance(path, int):
        return []
    try:
        name = os.fsdecode(path)
        at = os.readlink(f"/proc/self/fd/{folder}") if isinstance(folder, int) and folder >= 0 else os.getcwd()
    except (TypeError, OSError):
        return []
    return [os.path.join(at, name)]


def _linked(path: Any) -> str:
    """What a name leads to that is a link; empty when it is none."""
    return next((os.path.realpath(name) for name in _named(path) if os.path.islink(name)), "")


def _below(folder: str, most: int) -> list[str] | None:
    """The first files in a folder, at any depth, from there; None for what is no folder."""
    if os.path.islink(folder) or not os.path.isdir(folder):
        return None
    found: list[str] = []
    for at, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if name not in UNSEEN]
        links = [name for name in folders if os.path.islink(os.path.join(at, name))]
        found += [os.path.relpath(os.path.join(at, name), folder) for name in (*files, *links)]
        if len(found) >= most:
            break
    return found[: max(most, 0)]


def _handles() -> dict[str, tuple[int, int]]:
    """The files that are open for writing, and how they look."""
    found = {}
    for number in os.listdir("/proc/self/fd") if os.path.isdir("/proc/self/fd") else ():
        try:
            seen = os.fstat(int(number))
            is_file = stat.S_ISREG(seen.st_mode) and seen.st_nlink
            if is_file and fcntl.fcntl(int(number), fcntl.F_GETFL) & os.O_ACCMODE:
                found[os.readlink(f"/proc/self/fd/{number}")] = (seen.st_mtime_ns, seen.st_size)
        except OSError:  # the one by which the folder was listed
            continue
    return found


def stamp(path: str) -> tuple[int, ...]:
    """How a file looks without being read; nothing for none."""
    try:
        seen = os.stat(path)
    except OSError:
        return ()
    return seen.st_mtime_ns, seen.st_size, seen.st_ino


def _stamp(path: str) -> tuple[int, int]:
    try:
        seen = os.stat(path)
    except OSError:
        return 0, -1
    return seen.st_mtime_ns, seen.st_size


def _real(path: str) -> str:
    """Without links on the way; a link itself stays, for it is what was written."""
    try:
        return os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
    except OSError:  # behind another process's root, which nobody may look at
        return path


def _is_bytecode(path: str) -> bool:
    """Whether Python made a file by itself: what stands in it is told by the module that it is of."""
    return os.path.basename(os.path.dirname(path)) == "__pycache__"


def _hidden(path: str) -> bool:
    return not UNSEEN.isdisjoint(path.split(os.sep))


def _folders(paths: list[str]) -> tuple[str, ...]:
    return tuple({os.path.join(name, "") for path in paths if path for name in (path, os.path.realpath(path))})


def _libraries() -> list[str]:
    paths = sysconfig.get_paths()
    own = [sys.prefix] if sys.prefix != sys.base_prefix else []
    names = ("stdlib", "platstdlib", "purelib", "platlib", "scripts", "include")
    return [*own, *site.getsitepackages(), site.getusersitepackages(), *(paths[name] for name in names)]


def _temporary() -> list[str]:
    return [os.environ.get("TMPDIR", ""), "/tmp", "/var/tmp", _cache()]


def _cache() -> str:
    return os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
