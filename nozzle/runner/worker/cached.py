"""A cell with `cache: true`: what it made is kept, and comes back without running when nothing that it reads differs.

Kept are its names, the state of the random generators it drew from, the files that it wrote afresh, and what it read
and wrote otherwise, so that a change of that is seen. It is refused, with the reason, where what comes back would not
be what a run makes.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import json
import os
import pickle
import sys
import threading
import types
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from . import bytecode
from .asked import answer
from .content import Content, Refused, can_change, of_file, on_device, place
from .hazards import ticking
from .origins import hold
from .surroundings import BUILT_IN, HEARD, IPYTHONS
from .traces import Traces, listing, stamp

if TYPE_CHECKING:
    from .loop import Kernel

FORMAT = "7"
BLOB, SHOWN = ".made", ".shown"
"""What a cell made; beside it, written by the host, what it showed."""
SEEDS = {"random.seed": "random", "numpy.random.seed": "numpy", "torch.manual_seed": "torch"}
"""What seeds which of the random generators."""
LARGEST = 64 << 20
"""Bytes of the files of one cell that are kept; of more, the cell runs when they are not as it left them."""


class Cached:
    """One cell's, from before its first line to after its last."""

    def __init__(self, folder: int, source: str, kernel: Kernel, *, renew: bool) -> None:
        self.folder = folder
        self.namespace = kernel.names.namespace
        self._surroundings = kernel.around
        self._given = kernel.names.machinery
        self._origins = kernel.origins
        self._root = kernel.root
        self._source, self._loaded = source, set(sys.modules)
        self.renew = renew
        """It is to run, whatever is kept."""
        self.facts: dict[str, Any] | None = None
        """Of the run that came back; None when none did."""
        self.name = ""
        """Under which it is kept, or was found."""
        self.why = ""
        """Why it is not kept."""
        self.content = Content(self.namespace, self._given, self._surroundings.built_in())
        self.before = self._names()
        self.random = {name: _digest(get()) for name, get, _ in generators()}
        """What the random generators of libraries held before it."""
        self.key = ""

    def look(self) -> None:
        """Tell what it reads: time of the cell's own, which may be stopped as the cell may."""
        try:
            self.read = self.content.read(self._source)
            self.modules, self.libraries = self.content.modules(self._root), self.content.libraries()
            self.around = self._surroundings.digests()
        except Refused as refused:
            self.why = str(refused)
            return
        except Exception as error:  # a module may do anything when it is looked at
            self.why = f"what it reads cannot be told ({' '.join(str(error).split())[:120]})"
            return
        told = {name: os.environ[name] for name in self.content.words(self._source) if name in os.environ}
        stands = {name: held for name, held in self.around.items() if name != BUILT_IN}
        there = {name: held for name, held in self.libraries.items() if held}
        known = [FORMAT, sys.version, self._source, *map(repr, (self.modules, there, self.read, stands, told))]
        self.key = hashlib.sha256("\0".join(known).encode("utf-8", "surrogatepass")).hexdigest()[:32]

    def back(self) -> bool:
        """Bring back what an earlier run made; False when there was none like this."""
        if self.why or self.renew:
            return False
        for name in self._kept():
            with contextlib.suppress(Exception):  # what cannot be brought back is made again
                if self._bring(name):
                    return True
        return False

    def settled(self, traces: dict[str, Any], seen: Traces, seconds: float | None) -> dict[str, Any]:
        """The cell is over, after some `seconds` if it ran well: keep what it made, or say why not. Its traces."""
        try:
            if self.facts is not None:
                traces = {**traces, "reads": self.facts["reads"], "writes": self.facts["writes"], "effects": []}
            elif seconds is not None and not self.why:
                self._keep(traces, seen, seconds)
        except Refused as refused:
            self.why = str(refused)
        except OSError as error:
            self.why = f"it could not be written ({error.strerror})"
        os.close(self.folder)
        took = self.facts["seconds"] if self.facts else 0.0
        told = {"name": "" if self.why else self.name, "back": self.facts is not None, "took": took, "why": self.why}
        return {**traces, "cached": told}

    # -- inside -------------------------------------------------------------------------------------------------

    def _names(self) -> dict[str, Any]:
        now = list(self.namespace.items())
        return {name: value for name, value in now if not IPYTHONS.match(name) and self._given.get(name) != id(value)}

    def _kept(self) -> list[str]:
        """Runs of this code on these values, the newest first."""
        there = set(os.listdir(self.folder))
        found = [each for each in self._all() if each.startswith(self.key) and each + SHOWN in there]
        return sorted(found, key=lambda each: -os.stat(each + BLOB, dir_fd=self.folder).st_mtime_ns)

    def _bring(self, name: str) -> bool:
        with open(name + BLOB, "rb", opener=self._opener) as file:
            facts = json.loads(file.readline())
            lost = [path for path, held in facts["left"].items() if of_file(path) != held]
            same = all(of_file(path) == held for path, held in facts["inputs"].items())
            same = same and all(listing(path) == held for path, held in facts["listed"].items())
            same = same and all(answer(asked, path) == said for asked, path, said in facts["told"])
            same = same and hold(facts["origins"])
            if (
                not same
                or not all(path in facts["whole"] and self._is_free(path) for path in lost)
                or any(self.random.get(each, "") != held for each, held in facts["random"].items())
            ):
                return False
            made = _Loader(file, self.namespace).load()
        if not set(lost) <= set(made["files"]):
            return False
        for path in lost:
            _put(path, *made["files"][path])
        for each in made["gone"]:
            self.namespace.pop(each, None)
        self.namespace.update(made["names"])
        for each, _, put in generators():
            if each in made["random"]:
                put(made["random"][each])
        for thing in self._surroundings.things():
            if thing.name in made["around"]:
                thing.put(made["around"][thing.name])
        os.utime(name + BLOB, dir_fd=self.folder)
        self.facts, self.name = facts, name
        return True

    def _is_free(self, path: str) -> bool:
        """Whether there is no file, or one as another run that is kept left it: what somebody else wrote stays."""
        held = of_file(path)
        return not os.path.lexists(path) or any(self._head(each)["left"].get(path) == held for each in self._all())

    def _all(self) -> list[str]:
        """All runs that are kept, whatever they ran on."""
        return [each.removesuffix(BLOB) for each in os.listdir(self.folder) if each.endswith(BLOB)]

    def _head(self, name: str) -> dict[str, Any]:
        with open(name + BLOB, "rb", opener=self._opener) as file:
            facts: dict[str, Any] = json.loads(file.readline())
        return facts

    def _keep(self, traces: dict[str, Any], seen: Traces, seconds: float) -> None:
        if traces["effects"]:
            raise Refused(f"it reached outside ({', '.join(traces['effects'])})")
        if traces["spawned"]:
            raise Refused("it started other programs, whose reads and writes are not seen")
        if any(thread is not threading.main_thread() for thread in threading.enumerate()):
            raise Refused("a thread that it started goes on")
        if ticking():
            raise Refused("a timer that it set has yet to go off")
        if seen.unseen:
            raise Refused(seen.unseen)
        self._look_again()
        after = self._names()
        set_here = self.content.stored
        changed = {
            name: after[name] for name in after if name in set_here or self.before.get(name, self) is not after[name]
        }
        random = {each: get() for each, get, _ in generators()}
        drawn = {each: state for each, state in random.items() if _digest(state) != self.random.get(each)}
        facts: dict[str, Any] = {
            "inputs": {**dict.fromkeys(seen.absent, ""), **{path: of_file(path) for path in seen.inputs}},
            "listed": seen.listed,
            "told": seen.told,
            "left": {path: of_file(path) for path in traces["writes"]},
            "whole": [path for path in seen.whole if path in traces["writes"]],
            "random": {each: self.random.get(each, "") for each in drawn.keys() - self._seeded()},
            "origins": self._origins.told(),
        }
        if other := next((path for path in seen.inputs if stamp(path) != seen.opened.get(path)), ""):
            raise Refused(f"{os.path.basename(other)} was changed while it ran")
        self.name = f"{self.key}-{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:12]}"
        facts |= {"reads": traces["reads"], "writes": traces["writes"], "seconds": seconds}
        made = {"names": changed, "gone": [name for name in self.before if name not in after], "random": drawn}
        made["around"] = self._changed_around()
        made["files"] = _held(facts["whole"])
        self._write(json.dumps(facts), made)

    def _changed_around(self) -> dict[str, Any]:
        """What it changed that is in no name; of a library that it loaded itself it cannot be told."""
        now = self._surroundings.digests()
        changed = {name for name, held in now.items() if self.around.get(name, held) != held}
        if lasting := sorted(changed & {BUILT_IN, HEARD}):
            raise Refused(f"it changes {lasting[0]}")
        return {thing.name: thing.get() for thing in self._surroundings.things() if thing.name in changed}

    def _seeded(self) -> set[str]:
        """Random generators that it seeds before it does anything else: what they held is nothing to it."""
        found = set()
        for called in bytecode.called_first(self._source):
            first, _, rest = called.partition(".")
            held = self.before.get(first)
            full = f"{held.__name__}.{rest}" if isinstance(held, types.ModuleType) and rest else called
            if full not in SEEDS:
                break
            found.add(SEEDS[full])
        return found

    def _look_again(self) -> None:
        """What it read must be as it was: other names may hold the same, and would not see the change come back."""
        again = Content(self.before, self._given, self._surroundings.built_in(), like=self.content)
        for name, held in again.told(self.read).items():
            if self.read[name] != held:
                raise Refused(f"it changes what {name} holds")
        before, now = {**self.libraries, **self.modules}, {**again.libraries(), **again.modules(self._root)}
        other = next((name for name, held in before.items() if now.get(name) != held), "")
        if other := other or next(self._set_on_what_it_loaded(), ""):
            raise Refused(f"it changes what {other} holds")

    def _set_on_what_it_loaded(self) -> Iterator[str]:
        """Modules that the cell loaded itself, and set something on: of them it is not known what they held before."""
        for first, *parts, _ in bytecode.set_on(self._source):
            owner = self.namespace.get(first)
            for part in parts:
                owner = vars(owner).get(part) if isinstance(owner, types.ModuleType) else None
            if isinstance(owner, types.ModuleType) and owner.__name__ not in self._loaded:
                yield owner.__name__

    def _write(self, head: str, made: dict[str, Any]) -> None:
        part = f"{self.name}.{os.getpid()}.part"
        try:
            with open(part, "wb", opener=self._opener) as file:
                file.write(head.encode() + b"\n")
                _Saver(file, self).dump(made)
            os.rename(part, self.name + BLOB, src_dir_fd=self.folder, dst_dir_fd=self.folder)
        except (Refused, OSError):
            raise
        except Exception as error:  # a value may do anything when it is pickled
            raise Refused(f"what it makes cannot be kept ({' '.join(str(error).split())[:120]})") from None
        finally:
            with contextlib.suppress(OSError):
                os.unlink(part, dir_fd=self.folder)

    def _opener(self, path: str, flags: int) -> int:
        return os.open(path, flags, 0o600, dir_fd=self.folder)


class _Saver(pickle.Pickler):
    """What the cell read goes in by name; what shares a part with it does not go in."""

    def __init__(self, file: Any, cached: Cached) -> None:
        self._content = cached.content
        self._names = {id(cached.before[name]): name for name in cached.read}
        super().__init__(file, 5, buffer_callback=self._buffer)

    def persistent_id(self, value: Any) -> Any:
        if id(value) in self._names:
            return ("name", self._names[id(value)])
        if isinstance(value, types.ModuleType):
            return ("module", value.__name__)
        if self._content.is_entrys(value):
            raise Refused(
                f"it makes {value.__qualname__}, a function or class of the entry: give that a cell of its own"
            )
        if on_device(value):
            raise Refused("what it makes lies on a GPU")
        if id(value) in self._content.parts and can_change(value):
            raise Refused("what it makes shares a part with what it read")
        return None

    def _buffer(self, buffer: pickle.PickleBuffer) -> bool:
        start, stop = place(buffer.raw())
        if any(start < end and begin < stop for begin, end in self._content.memory):
            raise Refused("what it makes shares memory with what it read")
        return True


class _Loader(pickle.Unpickler):
    def __init__(self, file: Any, namespace: dict[str, Any]) -> None:
        self._namespace = namespace
        super().__init__(file)

    def persistent_load(self, pid: Any) -> Any:
        kind, name = pid
        return self._namespace[name] if kind == "name" else importlib.import_module(name)


def generators() -> list[tuple[str, Any, Any]]:
    """The random generators that libraries hold for everybody: name, how to get their state, how to set it."""
    found: list[tuple[str, Any, Any]] = []
    if random := sys.modules.get("random"):
        found.append(("random", random.getstate, random.setstate))
    if numpy := sys.modules.get("numpy.random"):
        found.append(("numpy", lambda: numpy.get_state(legacy=False), numpy.set_state))
    if (torch := sys.modules.get("torch")) and hasattr(torch, "get_rng_state"):
        found.append(("torch", torch.get_rng_state, torch.set_rng_state))
    return found


def _held(paths: list[str]) -> dict[str, tuple[int, bytes]]:
    """What these files hold, with their modes; nothing of them when that is too much to keep."""
    if sum(os.stat(path).st_size for path in paths) > LARGEST:
        return {}
    held = {}
    for path in paths:
        with open(path, "rb") as file:
            held[path] = os.fstat(file.fileno()).st_mode & 0o777, file.read()
    return held


def _put(path: str, mode: int, data: bytes) -> None:
    """Write a file as it was; like the cell, into what is there, so that links and owners stay."""
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb", opener=lambda name, flags: os.open(name, flags, mode)) as file:
        file.write(data)


def _digest(state: Any) -> str:
    return hashlib.sha256(pickle.dumps(state, 5)).hexdigest()
