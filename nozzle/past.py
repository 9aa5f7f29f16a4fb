"""What is known of earlier runs: how long a cell took, what it read and wrote, where it reached.

It comes from the steps' trailers, so any process that can read the repository knows it. It refuses to keep anything
that the steps do not say; digests of files are remembered only as long as these look the same.
"""

import hashlib
import re
import stat
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path, PurePosixPath
from urllib.parse import quote

from nozzle import disk
from nozzle.carried import SHORT, Carried, Row, Rows, newest, row_of, unpacked
from nozzle.document.entry import SHOWN, Cell, Entry, Slot
from nozzle.document.events import Finished
from nozzle.document.facts import Facts, from_trailers, to_trailers
from nozzle.document.naming import names
from nozzle.document.seal import files, is_made_here
from nozzle.settings import Settings
from nozzle.steps import Snapshot, Step, Steps

DEEP = 2000
"""How many steps back the last run of a cell is looked for."""
PROGRAMS = re.compile(
    r"^\s*[!%]|=\s*!|subprocess|os\.(?:system|popen|exec)|spawn|fork|multiprocessing|pexpect|ProcessPool|joblib|n_jobs"
    r"|num_workers",
    re.M,
)
"""Code that may start programs, whose reads and writes no hook sees."""
_NATIVE = re.compile(
    r"\b(?:ctypes|cffi|h5py|netCDF4|pyarrow|parquet|feather|polars|duckdb|cv2|xarray|zarr|tensorflow)\b"
    r"|parquet|HDFStore|to_hdf|CDLL",
    re.I,
)
"""Code whose libraries may open files in C, which no hook sees either."""
GRAIN = 20_000_000
"""Nanoseconds by which a file's time may lag behind the clock."""
_PASSING = re.compile(r"(?:^|/)(?:node_modules|__pycache__)/")
"""Paths of what programs install or leave behind."""
_BY_HAND = re.compile(
    r"(?:^|/)(?:\.|4913$|[^/]*~$|#[^/]*#$)"
    r"|\.(?:ipynb|md|markdown|[qr]md|rst|org|adoc|tex|bib|py|docx|odt|pptx|xlsx)$",
    re.I,
)
"""Paths that an editor, a desktop or the author makes more often than a program does: hidden ones, scraps, texts."""


@dataclass(slots=True)
class Known:
    """Of one entry."""

    facts: dict[str, Facts] = field(default_factory=dict)
    """By a cell's chain (12 hex), and by its own digest."""
    written: set[str] = field(default_factory=set)
    """Files that its cells wrote, from the root."""
    by: dict[str, set[str]] = field(default_factory=dict)
    """The same by the chain (12 hex), and by the own digest, of the cell that did."""

    def of(self, name: str) -> Facts | None:
        """What is known by a chain, or by a cell's own digest."""
        return self.facts.get(name) or self.facts.get(name[:SHOWN]) or self.facts.get(name[:SHORT])

    def add(self, chain: str, digest: str, written: Iterable[str]) -> None:
        """A run of a cell is known."""
        files = set(written)
        for key in (chain, digest):
            self.by.setdefault(key, set()).update(files)
        self.written |= files


@dataclass(frozen=True, slots=True)
class Since:
    """When a run began, and how the worktree looked then, where it was looked at."""

    at: int
    """Nanoseconds since 1970."""
    files: Snapshot | None = None
    natively: bool = False
    """Files may be written in C, and no program be started for that."""
    code: str = ""
    """All that may have named a file that it makes."""
    again: Collection[str] = ()
    """Files of the cells that ran again meanwhile, for its state."""
    lingers: Callable[[], bool] = lambda: False
    """Whether something that a cell above began may be at work yet."""


@dataclass(slots=True)
class Past:
    root: Path
    steps: Steps
    settings: Settings
    carried: Carried = field(init=False)
    _known: dict[str, Known] = field(default_factory=dict)
    _digests: dict[str, tuple[tuple[int, ...] | None, str]] = field(default_factory=dict)
    _spawned: set[str] = field(default_factory=set)
    """Entries of which a cell has started programs."""
    _ended_aside: dict[str, Facts] = field(default_factory=dict)
    """By chain (12 hex): runs whose result has no place in a text here, while this process lives."""
    _makers: dict[tuple[str, str, str], tuple[Entry, str] | None] = field(default_factory=dict)
    """By HEAD, path and digest of a file."""
    _beside: dict[str, Facts] | None = None
    """By chain (12 hex): runs that reached outside, of which steps tell that HEAD lacks; None: not looked for yet."""

    def __post_init__(self) -> None:
        self.carried = Carried(self.steps)

    def last(self, rel: str, cell: Cell) -> Facts | None:
        """What is known of this cell's last run: of this very state, else of the same code."""
        known = self._of(rel)
        return known.of(cell.chain) or known.of(cell.digest)

    def then(self, rel: str, cell: Cell, at: Step) -> Facts | None:
        """What was known of this cell's last run when a step was made."""
        known = self._told(rel, at.sha)
        return known.of(cell.chain) or known.of(cell.digest)

    def ran(self, rel: str, cell: Cell) -> bool:
        """Whether a run of this cell is known, below these very cells."""
        return self._of(rel).of(cell.chain) is not None

    def outside(self, rel: str, cell: Cell) -> str:
        """Why a cell that has run is not to run again unasked: what it does outside would be done twice."""
        if cell.options.once:
            return "it says once"
        fact = self.last(rel, cell)
        return f"it reached outside ({', '.join(fact.effects)})" if fact and fact.effects else ""

    def reached_aside(self, cell: Cell) -> tuple[str, ...]:
        """Where a run of this very cell reached whose result is not here, but on another thread, whichever entry's."""
        if self._beside is None:
            head = self.steps.thread().head
            steps = self.steps.history(rev="--all", until=head, says="Effects", limit=DEEP)
            self._beside = {step.cell[:SHOWN]: from_trailers(step.trailers) for step in steps if step.cell}
        known = self._ended_aside.get(cell.chain[:SHOWN]) or self._beside.get(cell.chain[:SHOWN])
        return known.effects if known else ()

    def changed(self, rel: str, cell: Cell) -> bool:
        """Whether a file that the cell read is not what it was; those that the entry itself writes do not count."""
        return any(True for _ in self.changed_inputs(rel, cell))

    def changed_inputs(self, rel: str, cell: Cell) -> Iterator[tuple[str, str]]:
        """Those files, and what they hold now, as a digest."""
        known = self._of(rel)
        facts = known.of(cell.chain)
        reads = facts.reads.items() if facts else ()
        now = ((path, seen, self._digest(path)) for path, seen in reads if path not in known.written)
        return ((path, found) for path, seen, found in now if found != seen)

    def saved_at(self, path: str) -> int:
        """When a file was written last, in nanoseconds since 1970; 0 where there is none."""
        try:
            return (self.root / path).stat().st_mtime_ns
        except OSError:
            return 0

    def maker(self, path: str) -> tuple[Entry, str] | None:
        """Of the cell that wrote a file as it is now: its entry as it stood then, and its chain; None when none did, or
        somebody has changed or committed the file since."""
        now = (self.steps.thread().head, path, self._digest(path))
        if now not in self._makers:
            self._makers[now] = self._maker(path)
        return self._makers[now]

    def _maker(self, path: str) -> tuple[Entry, str] | None:
        word = quote(path, safe="/")
        steps = self.steps.history(limit=DEEP, says="Writes")
        step = next((each for each in steps if word in each.trailers.get("Writes", "").split()), None)
        text = self.steps.text(step, step.entry) if step else None
        if step is None or text is None:
            return None
        kept, content = self.steps.blob(step.sha, path), disk.readable(self.root / path)
        its = content is not None and self.steps.is_at_head(path, content) and self.steps.blob("HEAD", path) == kept
        return (Entry(text.decode("utf-8", "replace")), step.cell) if its or not kept else None

    def lost(self, rel: str, slot: Slot) -> bool:
        """Whether an output shows a file that is gone, and that git does not hold either."""
        folder = PurePosixPath(rel).parent / "_out"
        gone = (
            path
            for name in files(slot.output.body if slot.output else ())
            if not (self.root / (path := folder / name)).exists()
        )
        return any(not self.steps.blob("HEAD", path.as_posix()) for path in gone)

    def all_written(self) -> set[str]:
        """The files that cells wrote, of all entries."""
        entries = (each.relative_to(self.root).as_posix() for each in self.settings.entries_in(self.root))
        return set().union(*(self._of(rel).written for rel in entries))

    def reads(self, rel: str) -> set[str]:
        """Files that cells of the entry read, from the root."""
        return {path for facts in self._of(rel).facts.values() for path in facts.reads}

    def written_by(self, rel: str, entry: Entry, chains: Collection[str]) -> set[str]:
        """Files that cells of an entry wrote when they last ran, by their chains.

        One that never ran may be another made over: then what no cell of the entry is known to write is its, too, and
        what it names, whichever entry wrote that.
        """
        known = self._of(rel)
        cells = [cell for cell in entry.cells if cell.chain in chains]
        found = {path for cell in cells for path in known.by.get(cell.digest, ())}
        new = [cell.body for cell in cells if cell.digest not in known.by]
        if new:
            found |= known.written.difference(*(known.by.get(cell.digest, ()) for cell in entry.cells))
            written = known.written.union(*(row.writes for row in self.carried.anywhere().values()))
            found |= {path for path in written if any(names(body, path) for body in new)}
        return found

    def made_by(self, rel: str, chains: Iterable[str]) -> set[str]:
        """Files that these very cells of an entry wrote, from the root."""
        return {path for chain in chains for path in self._of(rel).by.get(chain[:SHOWN], ())}

    def facts(self, finished: Finished) -> Facts:
        """What a run leaves in its step."""
        own = self.own(finished)
        inside = sorted({rel for path in finished.reads if (rel := self._inside(path)) and rel not in own})
        named = [path for path in inside if not self.settings.is_entry(path) and not self.steps.unfit(path, b"")]
        reads = {path: self._digest(path) for path in named}
        return Facts(
            finished.status, finished.took or finished.seconds, finished.memory,
            {path: seen for path, seen in reads.items() if seen}, finished.effects, finished.packages, finished.names,
        )  # fmt: skip

    def reads_anew(self, rel: str, chain: str, facts: Facts) -> bool:
        """Whether a run read something else than the steps say of it: they are to say so, or its cell is due for ever,
        also where what it shows is the same."""
        known = unpacked(newest(self.steps)).get(rel, {}).get(chain[:SHOWN]) if facts.reads else None
        return known is not None and dict(known.reads) != dict(facts.reads)

    def own(self, finished: Finished) -> set[str]:
        """Files under the root that a run wrote, as far as its hooks saw."""
        return {path for each in finished.writes if (path := self._inside(each, follow=False))}

    def content(self, path: str) -> str:
        """What a file holds, wherever it lies, as a digest; empty for entries."""
        rel = self._inside(path)
        return self._digest(rel or path) if not (rel and self.settings.is_entry(rel)) else ""

    def before(self, rel: str, cells: Sequence[Cell]) -> Since:
        """How things stand as the last of these cells begins: what it calls may be defined in any of those above."""
        may_start = rel in self._spawned or any(c.language != "python" or PROGRAMS.search(c.body) for c in cells)
        natively = any(_NATIVE.search(cell.body) for cell in cells)
        code = "\n".join(cell.body for cell in cells)
        return Since(time.time_ns(), self.steps.snapshot() if may_start or natively else None, natively, code)

    def written(self, rel: str, cell: Cell, finished: Finished, since: Since) -> tuple[set[str], set[str]]:
        """Files under the root that a run of a cell of an entry wrote: seen by its hooks, or changed while its programs
        ran; and those that changed in that time and may be the author's own, who works here, too.

        What programs do is not seen; so of the files that changed `since` the run began those count that were then as
        HEAD has them and are not staged: the others are the author's, who was at them already. A file that git has, or
        that a cell above made, is the cell's where its code names it, where it wrote it before, where what a cell above
        began goes on, or where nobody else works: on a thread beside. So is a new one where no program ran, and only C
        code may have written, and one of those that people make. Where nobody looked before, all are in doubt that are
        younger than the run.
        """
        seen = self.own(finished)
        if finished.spawned:
            self._spawned.add(rel)
        if not (finished.spawned or since.natively):
            return self._kept(seen), set()
        now, theirs = self.steps.changed(since.files), self._of(rel).written  # some in a step that is still to be made
        if since.files is None:
            stamps = {**now.now.tracked, **now.now.untracked}
            young = {path for path, (changed, _) in stamps.items() if changed >= since.at - GRAIN}
            its = self._its(rel, cell, since, young & theirs)
            return self._kept(seen | its), self._kept(young - seen - its)
        before = {**since.files.tracked, **since.files.untracked}
        new = {path for path in now.new_files if path not in before}
        named = {path for path in new if PurePosixPath(path).name in since.code}
        if finished.spawned:
            seen = seen | named | {path for path in new if not _BY_HAND.search(path)}
        asked = {path for path in now.paths if path not in before or path in theirs} - seen
        alone = self.steps.forked()
        staged = set() if alone else asked & now.staged
        its = self._its(rel, cell, since, asked & theirs)
        sure = {path for path in asked if alone or path in its or names(cell.body, path, since.code)}
        return self._kept(seen | (sure - staged)), self._kept(asked - (sure - staged))

    def _its(self, rel: str, cell: Cell, since: Since, paths: set[str]) -> set[str]:
        """Those of these files, all made by cells, that are this one's to write, or of one that is at work yet."""
        its = paths & {*since.again, *self._of(rel).by.get(cell.digest, ())}
        return paths if its != paths and since.lingers() else its

    def _kept(self, paths: Iterable[str]) -> set[str]:
        """Without entries, also those that are run by name wherever they lie, and what nozzle and installers write."""
        found = (
            path
            for path in paths
            if not (self.settings.is_entry(path) or path in self._known)
            if not (is_made_here(path) or _PASSING.search(path) or path.startswith(".nozzle/"))
            and not disk.is_passing(PurePosixPath(path).name)
        )
        return {path for path in found if not self._in_environment(path)}

    def _in_environment(self, path: str) -> bool:
        """Whether a file lies in a virtual environment: what is installed there can be installed again."""
        return any((self.root / folder / "pyvenv.cfg").exists() for folder in list(PurePosixPath(path).parents)[:-1])

    def remember(self, rel: str, cell: Cell, facts: Facts, written: Iterable[str]) -> None:
        """A run has ended."""
        known = self._of(rel)
        known.facts[cell.chain[:SHOWN]] = known.facts[cell.digest] = facts
        known.add(cell.chain[:SHOWN], cell.digest, written)
        for aside in (self._ended_aside, self._beside or {}):
            aside.pop(cell.chain[:SHOWN], None)

    def remember_aside(self, cell: Cell, facts: Facts) -> None:
        """A run has ended whose result has no place in the text."""
        self._ended_aside[cell.chain[:SHOWN]] = facts

    def forget(self, rel: str) -> None:
        """HEAD is elsewhere: other steps lie behind it."""
        self._known.pop(rel, None)
        self._beside = None
        self.carried.forget()

    def rename(self, old: str, new: str) -> None:
        """An entry has another name, and its cells are the same."""
        if old in self._known:
            self._known[new] = self._known.pop(old)
        self.carried.put(new, self.carried.of(old))
        self.carried.put(old, {})

    def bring(self, rel: str, at: str, there: str) -> None:
        """Parts of an entry, called so `there`, come here from another step: what is known there of their runs is known
        here too."""
        known = self._of(rel)
        for chain, row in unpacked(newest(self.steps, at)).get(there, {}).items():
            self._carry(known, chain, row)

    def settle(self, rel: str, entry: Entry) -> None:
        """These outputs stand in the text: what is known of them is what the next step says, stale or not."""
        known, rows = self._of(rel), dict[str, Row]()
        for output in (slot.output for slot in entry.slots if slot.output):
            if fact := known.of(output.of):
                writes = tuple(path for path in sorted(known.by.get(output.of, ())) if not self.steps.unfit(path, b""))
                effects = tuple(map(self._said, fact.effects))
                rows[output.of] = Row(output.keys.get("cell", ""), fact.seconds, fact.reads, writes, effects)
        self.carried.put(rel, rows)

    def _said(self, effect: str) -> str:
        """Where a run reached; of a place whose name holds a secret no more than what kind it is."""
        return effect.partition(":")[0] if self.steps.unfit("", effect.encode("utf-8", "replace")) else effect

    def trailers(self, cell: Cell, facts: Facts, written: Iterable[str]) -> dict[str, str]:
        """What the step of a run says, for `last` to read."""
        words = " ".join(quote(path, safe="/") for path in written)
        return to_trailers(cell, facts) | ({"Writes": words} if words else {})

    def _of(self, rel: str) -> Known:
        if rel not in self._known:
            self._known[rel] = found = self._told(rel)
            for chain, row in (self.carried.of(rel) or self._as_elsewhere(rel, found)).items():
                self._carry(found, chain, row)
        return self._known[rel]

    def _told(self, rel: str, rev: str = "HEAD") -> Known:
        """What the steps behind a commit tell."""
        found = Known()
        for step in self.steps.history(rel, rev=rev, limit=DEEP):
            if step.kind == "cell":
                row = row_of(step)
                self._learn(found, step.cell[:SHOWN], row.source, from_trailers(step.trailers), row.writes)
        return found

    def _carry(self, known: Known, chain: str, row: Row) -> None:
        """What a step carries of an output: where its own step is known as well, it may have been run since."""
        if row.reads and (told := known.facts.get(chain)):
            known.facts[chain] = known.facts[row.source] = replace(told, reads=row.reads)
        facts = Facts("", row.seconds, reads=row.reads, effects=row.effects)
        self._learn(known, chain, row.source, facts, row.writes)

    def _learn(self, known: Known, chain: str, source: str, facts: Facts, writes: tuple[str, ...]) -> None:
        """What an older run left, where no newer one is known."""
        known.facts.setdefault(chain, facts)
        known.facts.setdefault(source, facts)
        known.add(chain, source, writes)

    def _as_elsewhere(self, rel: str, found: Known) -> Rows:
        """What is known of the outputs of an entry that was moved or copied here: they are named as they were there."""
        every = {} if found.facts else self.carried.anywhere()
        text = disk.readable(self.root / rel) if every else None
        slots = Entry(text.decode("utf-8", "replace")).slots if text else ()
        chains = (name for slot in slots if slot.output for name in (slot.output.of, slot.output.of[:SHORT]))
        return {name: every[name] for name in chains if name in every}

    def _digest(self, path: str) -> str:
        """Of a file's content; remembered as long as its time and size stay."""
        try:
            seen = (self.root / path).stat()
            if not stat.S_ISREG(seen.st_mode):
                return ""
            key = (seen.st_mtime_ns, seen.st_ctime_ns, seen.st_size)
            known, digest = self._digests.get(path, (None, ""))
            if known != key:
                with (self.root / path).open("rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()[:SHOWN]
                if time.time_ns() - seen.st_mtime_ns >= GRAIN:  # one written this moment may be written again unseen
                    self._digests[path] = (key, digest)
            return digest
        except OSError:
            return ""

    def _inside(self, path: str, follow: bool = True) -> str:
        """Path from the root; empty for what is outside or nozzle's and git's own. A link is what it leads to, where
        that was read; where it was written, it is itself what changed."""
        try:
            real = Path(path).resolve() if follow else Path(path).parent.resolve() / Path(path).name
            rel = real.relative_to(self.root.resolve()).as_posix()
        except (ValueError, OSError):
            return ""
        return "" if rel.split("/")[0] in (".git", ".nozzle") else rel
