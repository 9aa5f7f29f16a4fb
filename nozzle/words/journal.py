"""What most words begin with: the journal that the words were said in, and the rooms wired together for it."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nozzle.errors import NozzleError, Unreadable, Unwritable, WrongCommand

if TYPE_CHECKING:
    from nozzle.beside import Notice
    from nozzle.document.entry import Cell, Entry
    from nozzle.document.seal import Sign
    from nozzle.keys import Key, Signer, Trust
    from nozzle.ledger import Ledger
    from nozzle.lm import Model
    from nozzle.lm.langfuse import Exporter
    from nozzle.runner import Kernelspecs, Servers
    from nozzle.settings import Settings
    from nozzle.steps import Step, Steps, Thread
    from nozzle.tools import Tools
    from nozzle.words.beside import Threads
    from nozzle.words.shelf import Shelf


TRACES = "traces.jsonl"
FOREIGN = "it came by git and may be somebody else's"
UNTRUSTED = "nozzle.toml names MCP servers and came by git: 'nozzle trust' shows them and lets them be started"


@dataclass
class Journal:
    """A root folder, its settings, its steps, this machine's key."""

    root: Path
    steps: Steps
    settings: Settings
    config: Path
    trust_all: bool = False
    """Run what this checkout holds, whoever wrote it."""
    model: Model | None = None
    """A model handed in; else the settings name one, or none."""
    beside: Threads | None = None
    """The other threads that the watch which runs here looks after, if one does."""
    missed: set[str] = field(default_factory=set)
    """Of entries that could not be read: why."""
    _named: set[str] = field(default_factory=set)

    @cached_property
    def signer(self) -> Signer:
        return my_signer(self.config, self.warn)

    @cached_property
    def first(self) -> Path:
        """The root of the first worktree, when this is a thread that was forked beside it; else the root here."""
        return self.steps.worktrees()[0].thread.folder if self.steps.forked() else self.root

    def fork(
        self,
        step: Step,
        name: str | None = None,
        only: Sequence[str] | None = None,
        say: Callable[[str], None] | None = None,
    ) -> Thread:
        """A thread at a step, in a folder of its own; what git does not hold of this journal's settings goes along, and
        of the files that its cells read and wrote: what is to be heard of those is told.

        Its limits would not hold there else. A step that holds other settings than HEAD does keeps its own.
        """
        from nozzle import whole
        from nozzle.settings import settings_file
        from nozzle.words import along

        mine = settings_file(self.root)
        held = mine.read_bytes() if mine else b""
        thread = self.steps.fork(step, name, only)
        if mine is not None and self.steps.text(step, mine.name) == self.steps.text("HEAD", mine.name):
            there = thread.folder / mine.name
            if not there.is_file() or there.read_bytes() != held:
                whole.write(there, held, root=thread.folder)
        for line in along.bring(self, step, thread.folder):
            (say or self.warn)(line)
        return thread

    @property
    def traces(self) -> Path:
        """Where each call of a model is a line: one file for all threads, which outlives their folders."""
        return self.first / ".nozzle" / TRACES

    def bring_traces(self, thread: str = "") -> None:
        """Bring home what an older nozzle wrote of calls in the folders of the threads that it forked, or of one."""
        from nozzle.lm.trace import bring

        first, *others = self.steps.worktrees()
        home = first.thread.folder / ".nozzle" / TRACES
        for worktree in others:
            folder = worktree.thread.folder
            if folder.is_relative_to(self.steps.home()) and thread in ("", worktree.thread.name):
                bring(folder / ".nozzle" / TRACES, home)

    @cached_property
    def trust(self) -> Trust:
        from nozzle.keys import Trust
        from nozzle.settings import personal

        return Trust(self.config, personal(self.config).keyring, self.warn)

    @cached_property
    def keys(self) -> list[Key]:
        """Keys by which a signature can be read: the journal's, this machine's, and those trusted."""
        from nozzle.keys import Key, known

        public = self._public()
        mine = [Key.of(public, my_name())] if public else []
        return [*mine, *self.trust.keys().values(), *known(self.root).values()]

    def _public(self) -> bytes | None:
        """This machine's own key, when there is one that can be read; why it cannot is said where it should sign."""
        from nozzle.keys import my_public
        from nozzle.settings import personal

        try:
            return my_public(self.config, personal(self.config).keyring)
        except NozzleError:
            return None

    def sign(self) -> Sign | None:
        """This machine's hand; None, said once, when it can have no key."""
        from nozzle.document.seal import FORMAT

        try:
            signer = self.signer
        except NozzleError as error:
            self.warn(f"outputs are not signed: {error}")
            return None
        return lambda chain, digest: signer.sign_output(FORMAT, chain, digest)

    def verify(self, chain: str, digest: str, signature: str) -> str | None:
        """Id of the key whose signature this is."""
        from nozzle.document.seal import FORMAT
        from nozzle.keys import check

        key = check(signature, FORMAT, chain, digest, self.keys)
        return key.id if key else None

    @cached_property
    def redact(self) -> Callable[[str], str]:
        """Takes secrets out of a text: their well-known shapes, and the values in this environment."""
        from nozzle.words.environment import known_secrets, redactor

        return redactor(known_secrets(self.settings.keys)[1])

    @contextmanager
    def passing(self, alone: bool = False) -> Iterator[None]:
        """What cannot be read is named, and the others go on without it, unless it was the only one meant."""
        try:
            yield
        except Unreadable as error:
            if alone:
                raise
            self.missed.add(str(error))

    def told(self) -> int:
        """Name what was passed over; the exit status that this makes."""
        for text in sorted(self.missed - self._named):
            self.warn(text)
        self._named |= self.missed
        return 1 if self.missed else 0

    def put(self, path: Path, content: bytes) -> None:
        """Write a file anew: below the root through no link; elsewhere into the folder that was named.

        Raises Unwritable where the disk does not take it.
        """
        from nozzle import disk, whole

        path = Path(os.path.abspath(path))
        try:
            if not path.is_relative_to(self.root):
                path = path.parent.resolve() / path.name
                path.parent.mkdir(parents=True, exist_ok=True)
            whole.write(path, content, root=self.root if path.is_relative_to(self.root) else path.parent)
        except OSError as error:
            raise Unwritable(f"{path}: {disk.plain(error)}") from error

    def warn(self, text: str) -> None:
        from nozzle.words.visible import echo

        echo(f"nozzle: {text}", err=True)

    def rel(self, path: Path) -> str:
        return self.place(path).relative_to(self.root).as_posix()

    def place(self, path: Path) -> Path:
        """Where a path lies, links on the way followed; a link that is itself meant stays one."""
        path = path.absolute()
        return path.parent.resolve() / path.name if path.name not in ("", "..") else path.resolve()

    def paged(self, page: str) -> Path | None:
        """The entry whose page this is."""
        from nozzle.publish import target

        return next((path for path in self.entries() if target(self.rel(path)) == page), None)

    def entries(self, paths: Iterable[Path] = ()) -> list[Path]:
        """The entries that are meant: files as they are, folders by what is in them; all of them when none is named."""
        named = [self.place(path) for path in paths]
        if not named:
            return self.settings.entries_in(self.root)
        found: list[Path] = []
        for path in named:
            if path.is_symlink() and not path.exists():
                raise WrongCommand(f"{path} is a symbolic link that leads nowhere; make it anew, or take it away")
            if not path.exists():
                raise WrongCommand(f"there is no {path}; 'nozzle new TITLE' starts an entry")
            if not path.is_relative_to(self.root):
                raise WrongCommand(f"{path} is outside this journal, {self.root}; run nozzle from its own folder")
            markdown = path.suffix.lower() in (".md", ".markdown")
            if not (path.is_file() or path.is_dir()):
                raise WrongCommand(f"{path} is neither a file nor a folder, so it is no entry")
            if path.is_file() and not markdown:
                raise WrongCommand(f"{path} is no Markdown file, so it is no entry")
            inside = [path] if path.is_file() else [e for e in self.settings.entries_in(self.root) if path in e.parents]
            if markdown and not inside:
                raise WrongCommand(f"{path} is a folder, and no entry is in it")
            found += inside
        return list(dict.fromkeys(found))

    def read(self, path: Path) -> Entry:
        """An entry as it is on disk."""
        from nozzle import disk
        from nozzle.document.entry import Entry
        from nozzle.document.lines import decoded

        return Entry(decoded(disk.read(path), str(path)))

    def readable(self, paths: Iterable[Path]) -> Iterator[tuple[Path, Entry]]:
        """Those entries that can be read."""
        for path in paths:
            entry = None
            with self.passing():
                entry = self.read(path)
            if entry is not None:
                yield path, entry

    def ledger(self, warn: Callable[[str], None]) -> Ledger:
        from nozzle.ledger import Ledger

        return Ledger(self.root, self.steps, self.settings, warn)

    def tools(self, say: Callable[[Notice], None], put: Callable[[Any], None]) -> Tools:
        """What the desks of this journal work with."""
        from nozzle.agents.services import service
        from nozzle.beside import Notice
        from nozzle.document.scribe import Hand
        from nozzle.loop import Called
        from nozzle.runner import Snapshots
        from nozzle.together import Together
        from nozzle.tools import Tools
        from nozzle.words.company import company, recall
        from nozzle.words.environment import interpreter_for, known_secrets, learn

        return Tools(
            root=self.root,
            settings=self.settings,
            ledger=self.ledger(lambda text: say(Notice("warning", "", text))),
            hand=Hand(self.sign(), self.redact, self.settings.output_lines),
            distrust=self.distrust,
            interpreter=lambda entry: interpreter_for(self, entry),
            say=say,
            put=put,
            together=Together(self.settings.cells),
            cells=self.steps.shared / "cells",
            specs=self.kernelspecs(),
            hidden=(self.config,),
            secrets=known_secrets(self.settings.keys)[0],
            learn=learn,
            snapshots=Snapshots(self.settings.snapshots),
            shelf=self.shelf(lambda text: put(Called(lambda loop: say(Notice("warning", "", text))))),
            seen_at=self.first if self.first != self.root else None,
            company=company(self, lambda work: put(Called(lambda loop: work()))),
            serve=service(recall(self).search, self.redact, self.servers),
        )

    def shelf(self, say: Callable[[str], None]) -> Shelf:
        """The states of kernels that outlive every process."""
        from nozzle.words.shelf import Shelf

        return Shelf(self, say)

    @cached_property
    def servers(self) -> Servers:
        """The MCP servers that the settings name; none of a journal of somebody else's is connected to."""
        from nozzle.runner import Line, Servers
        from nozzle.words.company import key

        lines = {
            name: Line(each.command, each.env, each.looks, each.url, each.token)
            for name, each in self.settings.mcp.items()
        }
        return Servers(lines, self.redact, "" if self.trusts_settings("mcp") else UNTRUSTED, key)

    @cached_property
    def exporter(self) -> Exporter | None:
        """What sends the spans of calls on to Langfuse, where the environment names it; closed with the journal. That
        it cannot is said once, and not by every thread."""
        from nozzle.lm import exporter, lacking

        if (why := lacking()) and not self.steps.forked():
            self.warn(why)
        return exporter()

    @cached_property
    def labelled(self) -> Callable[[str], str]:
        """Instructions that are kept in Langfuse, by name."""
        from nozzle.words.company import kept

        return kept(self)

    def kernelspecs(self) -> Kernelspecs:
        """Jupyter's kernels; those in the journal's own environment only when that cannot be somebody else's."""
        from nozzle.runner import Kernelspecs
        from nozzle.words.environment import token_for

        return Kernelspecs(self.first if self.owns(".venv") else None, token_for)

    def distrust(self, entry: Entry, rel: str) -> Callable[[Cell], str]:
        """For a cell, why it may not run: somebody else may have written it, and nobody here accepted it."""
        from nozzle.words.origin import refused

        if (other := self.steps.other(rel)) and not self.trust_all:
            return lambda cell: f"it lies in {other}, a repository of its own: run nozzle there"
        if not self.may_hold_others():
            return lambda cell: ""
        chains = refused(self, entry, rel)
        words = f"{FOREIGN}; 'nozzle trust {rel}' shows it and lets it run"
        return lambda cell: words if cell.chain in chains else ""

    def may_hold_others(self) -> bool:
        """Whether anything here may be somebody else's, as far as nobody said that all of it is to be trusted."""
        return not (self.trust_all or self.steps.alone())

    def trusts_settings(self, *names: str) -> bool:
        """Whether what the journal's settings name by these keys may act here (the Python that runs cells, the model
        that is sent something, servers): said by this user, written here, or accepted."""
        from nozzle.settings import settings_digest, shared_keys

        if not shared_keys(self.root, self.config) & set(names) or self.owns("nozzle.toml", "pyproject.toml"):
            return True
        return bool(self.trust.trusts_files([settings_digest(self.root)]))

    def owns(self, *paths: str) -> bool:
        """Whether these files, or what lies in these folders, cannot have come by git from somebody else."""
        return not self.may_hold_others() or not any(self.steps.tracks(path) for path in paths)

    def file_digest(self, folder: Path) -> Callable[[str], str | None]:
        """SHA-256 of a file in a folder's `_out`."""
        import hashlib

        def digest(name: str) -> str | None:
            path = folder / "_out" / name
            return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else None

        return digest

    def publish_key(self) -> None:
        """Put this machine's public key into the journal, once: its line, and nothing else of the author's there."""
        from nozzle.keys import publish, with_key
        from nozzle.steps import Record

        try:
            key = self.signer.key(my_name())
        except NozzleError:
            return
        held = self.steps.at_head("nozzle.keys") or b""
        if self.steps.busy():
            return
        publish(self.root, key)
        if (content := with_key(held, key)) != held:
            files: dict[str, bytes | None] = {"nozzle.keys": content, **self._ignored()}
            self.steps.record(Record("key", "nozzle.keys", "the key that signs here", files))

    def _ignored(self) -> dict[str, bytes | None]:
        """The .gitignore, when nothing but what 'nozzle new' wrote into it is not committed yet."""
        from nozzle.words.new import ignoring

        path = self.root / ".gitignore"
        held = self.steps.at_head(".gitignore") or b""
        ours = path.is_file() and not path.is_symlink() and path.read_bytes() == ignoring(held) != held
        return {".gitignore": ignoring(held)} if ours else {}


def my_signer(config: Path, tell: Callable[[str], object]) -> Signer:
    """This machine's key, from where the user's settings keep it; what he should hear about it is told."""
    from nozzle.keys import my_key
    from nozzle.settings import personal

    signer = my_key(config, personal(config).keyring)
    for notice in signer.notices:
        tell(notice)
    return signer


def my_name() -> str:
    """Under which name this machine's key goes."""
    return f"{getpass.getuser()}@{socket.gethostname()}"


def begun(folder: Path) -> bool:
    """Whether there is a journal around a folder, or an entry in it with which one could begin."""
    from nozzle.settings import load
    from nozzle.steps import Steps

    steps = Steps.find(folder)
    if steps is None:
        return bool(load(folder).entries_in(folder))
    steps.close()
    return True


@contextmanager
def journal(start: Path | None = None, trust_all: bool = False, make: bool = False) -> Iterator[Journal]:
    """The journal around a folder, the current one by default; with `make`, git is begun where there is none."""
    from nozzle.settings import config_folder, load
    from nozzle.steps import Steps
    from nozzle.words.environment import known_secrets, rule
    from nozzle.words.new import ignore

    folder = (start or Path.cwd()).absolute()
    while not folder.is_dir():  # a folder on the way may be gone, or meant from elsewhere
        folder = folder.parent
    steps = Steps.find(folder)
    begins = steps is None and make and folder.is_relative_to(Path.cwd())
    if begins:
        if Path.cwd() not in (Path.home(), Path(folder.anchor)):
            folder = Path.cwd()  # the journal is here, and the entry somewhere in it
        if folder in (Path.home(), Path(folder.anchor)):
            raise WrongCommand(f"{folder} is no place for a journal: make a folder for it, and begin there")
        steps = Steps.open(folder)
    if steps is None:
        raise WrongCommand(
            f"{folder} is in no journal: there is no git repository around it; 'nozzle new TITLE' starts one"
        )
    with steps:
        settings = load(steps.root)
        steps.cap = settings.file_cap
        steps.rule = rule(known_secrets(settings.keys)[1])
        here = Journal(steps.root, steps, settings, config_folder(), trust_all)
        if begins:
            here.warn(f"a git repository is begun in {here.root}: each step will be a commit in it")
            ignore(here)
        try:
            yield here
        finally:
            if "servers" in vars(here):
                here.servers.close()
            if sends := vars(here).get("exporter"):
                sends.close()
