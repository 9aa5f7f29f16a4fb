"""The kernel's life: wait for a cell, run it, say what it did; one thread, one cell at a time."""

from __future__ import annotations

import contextlib
import importlib.machinery
import importlib.util
import signal
import sys
from typing import TYPE_CHECKING, Any, Protocol

from . import ask, borrow, elsewhere, freeze, hazards, hide, hooks, mend, preload, sandbox
from .channel import Channel
from .frames import Frames
from .hazards import Hazards
from .interrupt import Interrupts
from .looks import REFUSED, Looks
from .names import Names
from .origins import Origins
from .own import os, socket, time
from .packages import Packages
from .streams import Streams
from .surroundings import Surroundings
from .tools import tools
from .traces import Traces
from .waits import Waits

if TYPE_CHECKING:
    from .cached import Cached


class Engine(Protocol):
    """What runs the code of a cell."""

    namespace: dict[str, Any]
    """The cells' names."""

    def run(self, source: str, name: str) -> bool:
        """Run a cell; False when it failed, which was then told."""

    def is_plain(self, source: str) -> bool:
        """Whether it runs as the Python that it is: no line is a magic, or read otherwise."""

    def loops(self) -> list[Any]:
        """The asyncio loops that cells run in."""


class Kernel:
    """All the state of this process that is not the cells' own."""

    def __init__(self, line: socket.socket, config: dict[str, Any], hidden: bool) -> None:
        self.hidden = hidden
        self.root = config["root"]
        self.folder = config["folder"]
        """Where the cells stand."""
        self.around = Surroundings(config["folder"])
        self.waits = Waits()
        self.hazards = Hazards()
        self.hazards.own = {0, 1, 2, line.fileno()}
        self.interrupts = Interrupts()
        signal.signal(signal.SIGINT, self.interrupts)
        self.channel = Channel(line, self.interrupts)
        self.streams = Streams(self.channel)
        self.frames = Frames(config["root"])
        hooks.install(self.frames)
        ask.install(self.channel)
        _leave_no_bytecode(config["root"])
        self.engine = self._engine(config["lent"] if _same_version(config["lender"]) else [])
        self.traces = Traces(config["root"], config["caches"])
        self.packages = Packages()
        self.origins = Origins(config["root"], self.packages)
        self.untouched = True
        """No cell has run here, nor in the process that this one is a copy of."""
        self.answers: list[str] = []
        """What the cell that runs gave `final_answer`."""
        self.looks: Looks | None = None
        """What refuses acts; since there was a cell that was to have none."""
        self.engine.namespace.update(tools(self.channel, config["root"], self.answers))
        self.names = Names(self.engine.namespace)
        elsewhere.prefer(config["root"], self.frames.cells)
        self.around.settle()
        sys.path.insert(0, config["folder"])  # last: what we import ourselves must not be found there

    def run(self, message: dict[str, Any], pipes: list[int]) -> None:
        """Run one cell, from its first line to the last word about it."""
        self.traces.note_in(pipes[2])  # before the streams take the first numbers
        self.streams.begin(pipes[:2])
        self.frames.cells.add(message["name"])
        self.answers.clear()
        self._stand()
        self.untouched = False
        kept = self._cached(message, pipes[3]) if pipes[3:] else None
        began, since, before = time.monotonic(), time.time_ns(), hazards.standing()
        if message.get("looks") and self.looks is None:
            self.looks = Looks(self.root, self.traces.anywhere)
        ok = self._guarded(message["source"], message["name"], kept, looks=bool(message.get("looks")))
        seconds = time.monotonic() - began
        if os.getpid() != self.channel.owner:
            os._exit(0)
        traces = self.traces.end()
        self._stand()
        self.origins.note(since)
        if kept is not None:
            traces = kept.settled(traces, self.traces, seconds if ok else None)
        facts = {"seconds": seconds, "memory": _peak(), "packages": self.packages.new(), **traces}
        facts |= {"names": self.names.end(), "answers": self.answers}
        self.channel.tell({"t": "done", "ok": ok, "left": hazards.at_work(before), **facts})

    def loops(self) -> list[Any]:
        """The asyncio loops that cells run in."""
        return [loop for loop in self.engine.loops() if loop is not None and not loop.is_closed()]

    def move(self, message: dict[str, Any]) -> None:
        """Go on where this kernel was woken for: in another worktree, seen where the first one is."""
        if message["over"]:
            if not hide.lay_over(message["over"]):
                os._exit(1)
            self._stand()
            os.chdir(self.folder)

    def _stand(self) -> None:
        """In the folder of that name, though another one may have been put in its place, as by a checkout."""
        try:
            self.folder = os.getcwd()
        except OSError:
            with contextlib.suppress(OSError):
                os.chdir(self.folder)

    def _cached(self, message: dict[str, Any], folder: int) -> Cached:
        from .cached import Cached

        return Cached(folder, message["source"], self, renew=message["renew"])

    def _engine(self, lent: list[str]) -> Engine:
        if importlib.util.find_spec("IPython") is None:
            borrow.lend(lent)
            self.frames.leave_out(*lent)
        if importlib.util.find_spec("IPython") is None:
            from . import bare

            return bare.Engine(self.channel, self.frames)
        from . import shell

        return shell.Engine(self.channel, self.frames, self.streams)

    def _guarded(self, source: str, name: str, kept: Cached | None, *, looks: bool) -> bool:
        try:
            try:
                self.interrupts.arm()
                self.channel.send({"t": "begun"})
                if kept is not None:
                    kept.look()
                back = kept is not None and kept.back()
                self.traces.begin(careful=kept is not None)
                if back:
                    return True
                if self.looks is not None:
                    self.looks.turn(looks)
                if looks and not self.engine.is_plain(source):
                    refused = PermissionError(REFUSED.format("be run as something else than its Python"))
                    self.channel.tell(self.frames.error(PermissionError, refused, None))
                    return False
                return self.engine.run(source, name)
            finally:
                self.interrupts.armed = False
                if self.looks is not None:
                    self.looks.turn(False)
        except (KeyboardInterrupt, SystemExit):
            self.interrupts.armed = False
            self.channel.tell(self.frames.error(*sys.exc_info()))
            return False


def serve(line: socket.socket, config: dict[str, Any], hidden: bool) -> None:
    """Be a kernel until the host hangs up."""
    kernel = Kernel(line, config, hidden)
    kernel.channel.send({"t": "ready", "hidden": hidden})
    try:
        with contextlib.suppress(EOFError, ConnectionError):
            while True:
                _heed(kernel, *kernel.channel.receive())
    except (
        Exception
    ) as fault:  # ours, or what a cell made of Python: it is told as the end of this process, not printed
        with contextlib.suppress(Exception):
            kernel.channel.send({"t": "lost", "why": _place(fault)})
        os._exit(1)
    os._exit(0)


def _heed(kernel: Kernel, message: dict[str, Any], pipes: list[int]) -> None:
    if "source" in message:
        kernel.run(message, pipes)
    elif "freeze" in message:
        freeze.freeze(kernel, message["freeze"], pipes[0])
    elif "preload" in message:
        kernel.channel.send(preload.load(kernel, message["preload"]))
    elif "confine" in message:
        kernel.channel.send(_bound(kernel, message["confine"]))
    elif "keep" in message or "back" in message:
        kernel.channel.send(_kept(kernel, message, *pipes))


def _place(fault: Exception) -> str:
    """What went wrong, and where in the kernel's own code or in what it called."""
    trace = fault.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    at = f" at {os.path.basename(trace.tb_frame.f_code.co_filename)}:{trace.tb_lineno}" if trace is not None else ""
    return f"{type(fault).__name__}{at}"


def _kept(kernel: Kernel, message: dict[str, Any], file: int) -> dict[str, Any]:
    """Save the state into a file, or take it from there."""
    from . import kept

    try:
        return kept.save(kernel, file) if "keep" in message else kept.load(kernel, file, message["back"])
    except OSError as error:
        return {"t": "unkept", "why": f"it could not be written ({error.strerror})"}
    finally:
        os.close(file)


def _bound(kernel: Kernel, message: dict[str, Any]) -> dict[str, Any]:
    """Bind this process, unless something of it would stay free: the system binds the thread that asks, no other one,
    and neither a program nor a socket that is there already. Each would do what a bound cell asks of it."""
    hazards.drained()
    kernel.streams.tidy()
    mend.pause_openmp()
    why = kernel.hazards.found(kernel.waits.others(), kernel.loops())
    if not why and (others := hazards.left()):
        why = f"a thread of a library goes on ({others[0]})"
    why = why or _written_outside(kernel.hazards.files(), message["write"])
    if why:
        return {"t": "tainted", "why": why}
    read = [*message["read"], *sandbox.libraries()]
    return {"t": "confined", **sandbox.bound({**message, "read": read})}


def _written_outside(files: list[tuple[int, int, int, str]], allowed: list[str]) -> str:
    """A file out of bounds that is open for writing: what is open stays so. What is read is in the variables anyway."""
    places = tuple(os.path.join(os.path.realpath(place), "") for place in allowed)
    for _, flags, _, path in files:
        is_written = flags & os.O_ACCMODE != os.O_RDONLY and not path.endswith(" (deleted)")
        if is_written and not os.path.join(path, "").startswith(places):
            return f"it holds a file out of bounds open for writing ({os.path.basename(path)})"
    return ""


def _peak() -> int:
    """The most memory that this process ever held, in bytes; getrusage would count its parent's too."""
    with open("/proc/self/status", "rb") as status:
        return next((int(line.split()[1]) * 1024 for line in status if line.startswith(b"VmHWM")), 0)


def _same_version(lender: list[int]) -> bool:
    return list(sys.version_info[: len(lender)]) == lender


def _leave_no_bytecode(root: str) -> None:
    """Import what lies in the repository from its source, always: no __pycache__ beside the author's files."""
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    here = os.path.join(os.path.realpath(root), "")
    libraries = os.path.join(os.path.realpath(sys.prefix), "")

    def hook(folder: str) -> importlib.machinery.FileFinder:
        place = os.path.join(os.path.realpath(folder), "")
        if not place.startswith(here) or (place.startswith(libraries) and not here.startswith(libraries)):
            raise ImportError("not in the repository")
        extensions = (importlib.machinery.ExtensionFileLoader, importlib.machinery.EXTENSION_SUFFIXES)
        return importlib.machinery.FileFinder(folder, extensions, (Source, importlib.machinery.SOURCE_SUFFIXES))

    sys.path_hooks.insert(0, hook)
    for folder in [folder for folder in sys.path_importer_cache if os.path.join(folder, "").startswith(here)]:
        del sys.path_importer_cache[folder]


class Source(importlib.machinery.SourceFileLoader):
    """Loads a module without bytecode: with no time of change there is none to read and none to write."""

    def path_stats(self, path: Any) -> Any:
        raise OSError("no bytecode for this one")
