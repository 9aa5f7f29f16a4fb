"""The process of a kernel: started through the worker's script, watched, and ended with all that it started."""

import contextlib
import json
import os
import secrets
import select
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from nozzle.runner.confine import Bounds
from nozzle.runner.environment import MARK, cache_folder, environment, lent_folders, own_version
from nozzle.runner.interpreter import Interpreter
from nozzle.runner.keeper import Keeper
from nozzle.runner.outputs import Outputs
from nozzle.runner.watchdog import used

SCRIPT = Path(__file__).with_name("worker") / "__main__.py"


@dataclass(frozen=True, slots=True)
class Place:
    """Where and as what the kernels of a session run."""

    folder: Path
    root: Path
    interpreter: Interpreter
    secret_names: tuple[str, ...] = ()
    hidden: tuple[Path, ...] = ()
    seen_at: Path | None = None
    """Where the root lies for the cells, when that is not where it is: at the place of the journal's first worktree."""

    @property
    def seen_root(self) -> Path:
        return self.seen_at or self.root

    @property
    def seen_folder(self) -> Path:
        return self.seen_root / self.folder.relative_to(self.root) if self.seen_at else self.folder

    @property
    def kind(self) -> "Place":
        """The same for all worktrees whose cells see the same paths."""
        return replace(self, root=self.seen_root, folder=self.seen_folder, seen_at=None)

    def real(self, path: str) -> str:
        """Where a path of the cells is."""
        inside = f"{self.seen_root}{os.sep}"
        return f"{self.root}{os.sep}{path[len(inside) :]}" if self.seen_at and path.startswith(inside) else path

    def over(self) -> list[tuple[str, str]]:
        """What is laid where, so that the cells see this worktree: (path, what is seen there), in this order."""
        if self.seen_at is None:
            return []
        kept = [*self._environment(), *self._git()]
        before = [(str(store), str(self.seen_at / name)) for name, store, _ in kept]
        after = [(str(self.seen_at / name), str(again)) for name, _, again in kept]
        return [*before, (str(self.seen_at), str(self.root)), *after]

    def _environment(self) -> list[tuple[str, Path, Path]]:
        """The interpreter's own folder, where it lies in the first worktree: all of them use it."""
        folder = self.interpreter.path.parent.parent
        if self.seen_at is None or not folder.is_relative_to(self.seen_at) or folder == self.seen_at:
            return []
        name = folder.relative_to(self.seen_at).as_posix()
        store = cache_folder() / "environment"
        for each in (store, self.root / name):
            each.mkdir(parents=True, exist_ok=True)
        return [(name, store, store)]

    def _git(self) -> list[tuple[str, Path, Path]]:
        """A folder in which the first worktree's git folder is seen, and a file that leads there."""
        link = self.root / ".git"
        if self.seen_at is None or not link.is_file() or not (self.seen_at / ".git").is_dir():
            return []
        store = cache_folder() / "git"
        store.mkdir(exist_ok=True)
        name = Path(link.read_text().partition("gitdir:")[2].strip()).name
        file = cache_folder() / f"git-{sha256(os.fsencode(self.root)).hexdigest()[:12]}"
        file.write_text(f"gitdir: {store / 'worktrees' / name}\n")
        return [(".git", store, file)]


class Process:
    """A running kernel: its control line, its process, and the keeper that ends it."""

    def __init__(self, keeper: Keeper, pid: int, mark: str, line: socket.socket) -> None:
        self.keeper = keeper
        self.pid = pid
        self.line = line
        self._mark = mark
        self.told = ""
        """What it said itself of why it goes."""
        self.left = False
        """It said that a cell has left a thread or a timer at work in it."""
        self.patience = 0.0
        """Seconds that it gets to go by itself, once nobody listens to it."""
        self._killings = _out_of_memory_kills()
        self.ended = os.pidfd_open(pid)
        """Becomes readable when the kernel's process is gone."""

    @property
    def ears(self) -> int:
        return self.line.fileno()

    def used(self) -> float | None:
        return used(self.pid)

    def signal(self, number: signal.Signals) -> None:
        """Send it to the kernel and to what runs in its process group."""
        try:
            os.killpg(self.pid, number)
        except ProcessLookupError:
            pass

    def is_gone(self, wait: float = 0.0) -> bool:
        """Whether its process has ended, or does so within `wait` seconds."""
        poll = select.poll()
        poll.register(self.ended, select.POLLIN)
        return bool(poll.poll(wait * 1000))

    def cause(self) -> str:
        """How it ended, in plain words; waits for that."""
        if self.told:
            return self.told
        ended = self.keeper.how_ended(self.pid)
        if ended is None:
            return "it was ended together with what watches over it"
        code, status = ended
        if code == os.CLD_EXITED:
            return f"exit {status}"
        name = signal.Signals(status).name
        if name == "SIGKILL" and _out_of_memory_kills() > self._killings:
            return "out of memory: the system killed it (signal 9, SIGKILL)"
        return f"signal {status} ({name})"

    def lingers(self) -> bool:
        """Whether something that it started is at work yet: a program by its mark, or by descent."""
        if self.left:
            return True
        family = MARK.encode() + b"="
        if any(family not in _environ(pid) for each in (self.pid, self.keeper.pid) for pid in _children(each)):
            return True
        own, mark = {self.pid, self.keeper.pid}, self._mark.encode()
        return any(
            mark in _environ(pid) for name in os.listdir("/proc") if name.isdigit() and (pid := int(name)) not in own
        )

    def end(self) -> None:
        """Kill it and all that it started, from any thread; comes back when they are gone."""
        if self.patience:
            with contextlib.suppress(OSError):
                self.line.shutdown(socket.SHUT_WR)
            self.is_gone(self.patience)
        self.keeper.end(self.pid, self._mark)

    def close(self) -> None:
        """End it and give back what it holds here."""
        self.end()
        self.line.close()
        os.close(self.ended)
        self.keeper.release()


def launch(place: Place, language: str, outputs: Outputs, script: str = "", bounds: Bounds | None = None) -> Process:
    """Start the first kernel of a family, and its keeper; OSError when it does not start.

    `script` is what bash lives by; of any other language but Python the folder of a kernelspec.
    """
    mark = new_mark()
    control, line = socket.socketpair()
    keeper_control, keeper_line = socket.socketpair()
    config = {
        "language": language,
        "control": line.fileno(),
        "keeper": keeper_line.fileno(),
        "folder": str(place.seen_folder),
        "root": str(place.seen_root),
        "over": place.over(),
        "apart": [str(place.folder), str(place.root)],
        "hidden": [str(folder) for folder in place.hidden],
        "caches": [str(cache_folder())],
        "lent": lent_folders(),
        "lender": own_version(),
        "script": script,
        "bounds": bounds.message() if bounds else None,
    }
    runs = {"python": [str(place.interpreter.path)], "bash": [sys.executable, "-I", "-S"]}
    python = runs.get(language, [sys.executable, "-P"])  # jupyter_client is nozzle's own
    with contextlib.ExitStack() as unless_started, line, keeper_line:
        for resource in (control, keeper_control, outputs):
            unless_started.callback(resource.close)
        child = subprocess.Popen(
            [*python, str(SCRIPT), json.dumps(config)],
            stdin=subprocess.DEVNULL,
            stdout=outputs.writers[0],
            stderr=outputs.writers[1],
            pass_fds=(line.fileno(), keeper_line.fileno()),
            cwd=place.folder,
            env=environment(os.environ, place.interpreter.path, mark, place.secret_names),
            start_new_session=True,
        )
        unless_started.pop_all()
    keeper = Keeper(keeper_control, child)
    try:
        return Process(keeper, keeper.kernel(), mark, control)
    except OSError:
        control.close()
        outputs.close()
        keeper.release()
        raise


def new_mark(kind: str = "") -> str:
    """By which a kernel's processes are known; all of one length."""
    return kind + secrets.token_hex(8)[len(kind) :]


def _children(pid: int) -> list[int]:
    """Those of all its threads that have not ended."""
    found: list[int] = []
    for path in Path(f"/proc/{pid}/task").glob("*/children"):
        with contextlib.suppress(OSError):
            found += map(int, path.read_text().split())
    return [each for each in found if not _has_ended(each)]


def _has_ended(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "ZX"
    except OSError:
        return True


def _environ(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/environ").read_bytes()
    except OSError:  # it is gone, or somebody else's
        return b""


def _out_of_memory_kills() -> int:
    """How many processes the system has killed for memory so far."""
    try:
        counters = Path("/proc/vmstat").read_text()
    except OSError:
        return 0
    return int(dict(line.split() for line in counters.splitlines()).get("oom_kill", 0))
