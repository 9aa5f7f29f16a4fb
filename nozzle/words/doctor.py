"""nozzle doctor: what was found on this machine, and what it lacks."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nozzle.errors import Missing, NozzleError

if TYPE_CHECKING:
    from nozzle.runner import Held, Interpreter
    from nozzle.server import Server


@dataclass(frozen=True, slots=True)
class Finding:
    what: str
    state: str
    """ok | lacks | fault."""
    words: str


@click.command(name="doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(as_json: bool) -> int:
    """Say which Python runs your cells and what it lacks, and what else on this machine matters to nozzle.

    Two cells that do nothing are run to see it: whether states of kernels can be kept here (else going back runs cells
    again), and which bounds the cells of agents keep to.

    Exits with 3 when something that nozzle needs is missing.
    """
    _tried.cache_clear()
    findings = [finding for check in CHECKS for finding in _found(check)]
    for finding in findings:
        if as_json:
            click.echo(json.dumps({"what": finding.what, "state": finding.state, "words": finding.words}))
        else:
            mark, color = {"ok": ("✓", "green"), "lacks": ("-", "yellow"), "fault": ("✗", "red")}[finding.state]
            click.echo(click.style(f"{mark} {finding.what:<10} {finding.words}", fg=color))
    return 3 if any(finding.state == "fault" for finding in findings) else 0


def _found(check: Callable[[], list[Finding]]) -> list[Finding]:
    """What a check finds; what keeps it from looking is a fault too, and no other check's."""
    from nozzle.disk import plain

    what = check.__name__.strip("_")
    try:
        return check()
    except NozzleError as error:
        return [Finding(what, "fault", str(error))]
    except OSError as error:
        return [Finding(what, "fault", f"{error.filename or 'this cannot be found out'}: {plain(error)}")]


def _nozzle() -> list[Finding]:
    from nozzle import __version__

    return [Finding("nozzle", "ok", f"{__version__} on Python {sys.version.split()[0]}")]


def _git() -> list[Finding]:
    path = shutil.which("git")
    if path is None:
        return [Finding("git", "fault", "there is no git; steps are git commits: install it")]
    return [Finding("git", "ok", path)]


def _python() -> list[Finding]:
    from nozzle.runner import LENT

    try:
        found = _interpreter()
    except Missing as error:
        return [Finding("cells", "fault", str(error))]
    state = "lacks" if found.missing else "ok"
    words = f"{found.path} ({found.version}; {found.why})" + (f": {found.missing}" if found.missing else "")
    if found.lends:
        words += f", and what that needs: {', '.join(LENT)}; nothing else of nozzle's is found there"
    return [Finding("cells", state, words)]


def _interpreter() -> Interpreter:
    """The Python of cells here; Missing when the one that is named is not there."""
    from nozzle.document.entry import Entry
    from nozzle.runner import find_interpreter
    from nozzle.words.environment import interpreter_for
    from nozzle.words.journal import journal

    try:
        with journal() as here:
            return interpreter_for(here, Entry(""))
    except Missing:
        raise
    except NozzleError:
        return find_interpreter(None)


def _keep() -> list[Finding]:
    try:
        python = _interpreter().path
    except Missing:
        return []  # that cells do not run is said elsewhere
    import subprocess

    asked = [str(python), "-c", "import cloudpickle; print(cloudpickle.__version__)"]
    try:
        said = subprocess.run(asked, capture_output=True, text=True, cwd="/", timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return []  # that cells do not run is said elsewhere
    if said.returncode:
        words = f"'nozzle keep' saves no state: pip install cloudpickle (with {python})"
        return [Finding("keep", "lacks", words)]
    words = f"'nozzle keep' saves a state across restarts, by cloudpickle {said.stdout.strip()}"
    return [Finding("keep", "ok", words)]


def _bash() -> list[Finding]:
    path = shutil.which("bash")
    return [Finding("bash", "ok", path) if path else Finding("bash", "lacks", "no bash: bash cells do not run")]


def _others() -> list[Finding]:
    from importlib.util import find_spec

    from nozzle.runner import Kernelspecs
    from nozzle.words.journal import journal

    try:
        with journal() as here:
            specs = here.kernelspecs()
    except NozzleError:
        specs = Kernelspecs()
    found = [f"{spec.name} ({spec.language})" for spec in specs.all()]
    if not found:
        return [Finding("kernels", "lacks", "of other languages none: a Jupyter kernel, once installed, is used")]
    if find_spec("jupyter_client") is None:
        words = f"{_listed(found)} cannot be spoken to: pip install 'nozzle[jupyter]'"
        return [Finding("kernels", "lacks", words)]
    return [Finding("kernels", "ok", f"{_listed(found)}, through Jupyter; going back runs their cells again")]


def _writing() -> list[Finding]:
    from nozzle import disk

    if disk.swaps(Path.cwd()):
        return [Finding("writing", "ok", "files change places in one step: a save at the same moment is never lost")]
    return [
        Finding(
            "writing",
            "lacks",
            "this file system cannot exchange two files: a save in the same microseconds may be lost",
        )
    ]


def _aside() -> list[Finding]:
    """What was copied before a cell wrote over it lies there until its author takes it away."""
    from nozzle.holding import YOURS
    from nozzle.words.journal import journal

    try:
        with journal() as here:
            ledger = here.ledger(lambda text: None)
            found, folder = ledger.holding.aside(), here.steps.shared / YOURS
    except NozzleError:
        return []
    if not found:
        return []
    size = sum(path.lstat().st_size for path in found) / 1e6
    files = "1 file" if len(found) == 1 else f"{len(found)} files"
    words = f"{files} of yours that no step may hold ({size:.1f} MB), copied to {folder}; delete what you do not need"
    return [Finding("copies", "ok", words)]


def _key() -> list[Finding]:
    from nozzle.settings import config_folder
    from nozzle.words.journal import my_signer

    notices: list[str] = []
    try:
        signer = my_signer(config_folder(), notices.append)
    except NozzleError as error:
        return [Finding("key", "lacks", f"outputs are not signed: {error}")]
    return [*(Finding("key", "lacks", notice) for notice in notices), _hiding(signer.id)]


def _hiding(signer: str) -> Finding:
    if (tried := _tried()) and tried.hides:
        return Finding("key", "ok", f"outputs are signed by {signer}; no cell can read the key")
    words = "this system does not let it be hidden from cells: a signature says who ran a cell, not that nozzle did"
    return Finding("key", "lacks", f"outputs are signed by {signer}; {words}")


def _snapshots() -> list[Finding]:
    tried = _tried()
    if tried is None:
        words = "no cell runs here: kernels are watched over by pidfd and eventfd, which only Linux has"
        return [Finding("snapshots", "fault", words)]
    if tried.tainted:
        words = f"no state is kept here ({tried.tainted}): going back runs the cells above again, to the same answers"
        return [Finding("snapshots", "lacks", words)]
    words = f"states of cells are kept by fork, in up to {tried.budget / 1e9:.1f} GB: going back wakes one"
    return [Finding("snapshots", "ok", f"{words}, and runs only the cells after it again")]


def _sandbox() -> list[Finding]:
    from nozzle.runner.worker.sandbox import landlock_version

    tried = _tried()
    if tried is None:
        return []
    held, version = tried.held, landlock_version()
    by = [f"Landlock (ABI {version})"] if held.files else []
    by += ["seccomp"] if held.network else []
    rules = (
        (held.files, "write only in their journal and in shared memory"),
        (held.files, "read only it and libraries in your home"), (held.network, "reach no network"),
        (held.signals, "signal no program outside"),
    )  # fmt: skip
    kept, open_ = ([words for is_kept, words in rules if is_kept is which] for which in (True, False))
    said = [f"cells of agents {_listed(kept)}, by {' and '.join(by)}"] if kept else []
    whose = "they" if kept else "cells of agents"
    said += [f"this system does not see to it that {whose} {_listed(open_)}"] if open_ else []
    said += [f"they take at most {_listed(most)}"] if (most := _limits()) else []
    return [Finding("sandbox", "lacks" if open_ else "ok", "; ".join(said))]


def _limits() -> list[str]:
    """What the settings leave to the kernels of agents' cells."""
    from nozzle.words.journal import journal

    try:
        with journal() as here:
            settings = here.settings
    except NozzleError:
        return []
    limits = (
        (settings.agents_memory, "GB of memory"), (settings.agents_file, "GB a file"),
        (settings.agents_cpu, "s of processor time"),
    )  # fmt: skip
    return [f"{most:g} {words}" for most, words in limits if most]


def _listed(words: list[str]) -> str:
    """
    >>> _listed(["a", "b", "c"])
    'a, b and c'
    """
    return " and ".join(filter(None, (", ".join(words[:-1]), *words[-1:])))


@dataclass(frozen=True, slots=True)
class Tried:
    """What two cells showed: one of the author's, one of an agent's."""

    hides: bool
    """The key's folder was out of their reach."""
    tainted: str
    """Why the state after the first was not kept; empty when it was."""
    budget: int
    """Bytes for states."""
    held: Held
    """The bounds that the second kept to."""


@cache
def _tried() -> Tried | None:
    """Run two cells in a folder of nobody's; None where kernels cannot be watched over."""
    import os
    import tempfile

    from nozzle.runner import Held, Job, Session, Snapshots, find_interpreter
    from nozzle.settings import config_folder

    if not (hasattr(os, "pidfd_open") and hasattr(os, "eventfd")):
        return None
    with tempfile.TemporaryDirectory() as folder:
        place, kept = Path(folder), Snapshots("always")
        secret = config_folder()
        if not secret.is_dir():  # no key has been made yet
            (secret := place / "secret").mkdir()
        author, agent = Job("author", "pass\n"), Job("agent", "pass\n", confined=True)
        session = Session(place, find_interpreter(place), root=place, hidden=(secret,), snapshots=kept)
        try:
            list(session.run([author]))
            tainted = session.live.tainted or ("" if kept.all() else "its kernel did not start")
            list(session.run([author, agent]))
            return Tried(bool(session.hides), tainted, kept.budget, session.live.held or Held(False, False, False))
        finally:
            session.close()
            kept.clear()


def _servers() -> list[Finding]:
    """The MCP servers that the settings name: whether they could be reached, without reaching any."""
    from importlib.util import find_spec

    from nozzle.words.journal import journal

    try:
        with journal() as here:
            named, trusted = here.settings.mcp, here.trusts_settings("mcp")
    except NozzleError:
        return []
    if not named:
        return []
    if find_spec("mcp") is None:
        return [Finding("mcp", "lacks", f"{_listed([*named])} cannot be spoken to: pip install 'nozzle[mcp]'")]
    if not trusted:
        return [Finding("mcp", "lacks", f"{_listed([*named])} came by git: 'nozzle trust' shows and allows them")]
    return [_reached(name, server) for name, server in named.items()]


def _reached(name: str, server: Server) -> Finding:
    from urllib.parse import urlsplit

    from nozzle.words.company import key

    if server.command and shutil.which(server.command[0]) is None:
        return Finding("mcp", "lacks", f"mcp.{name}: there is no {server.command[0]}")
    if server.token and not key(server.token):
        return Finding("mcp", "lacks", f"mcp.{name}: neither the environment nor the keyring has {server.token}")
    how = f"started by {server.command[0]}" if server.command else f"called at {urlsplit(server.url).netloc}"
    return Finding("mcp", "ok", f"mcp.{name} is {how} when a cell first names it")


def _langfuse() -> list[Finding]:
    """Where calls are sent as well, and instructions may be kept: whether it can be spoken to, without doing so."""
    from nozzle.lm import lacking, wanted
    from nozzle.words.journal import journal

    try:
        with journal() as here:
            label = here.settings.prompt_label
    except NozzleError:
        label = ""
    if wanted():
        why = lacking()
        words = "calls are sent there too" + (f", and instructions that it keeps as {label} are used" if label else "")
        return [Finding("langfuse", "lacks" if why else "ok", why or words)]
    if label:
        words = f"prompt_label names instructions kept there as {label}: LANGFUSE_PUBLIC_KEY and LANGFUSE_SECRET_KEY"
        return [Finding("langfuse", "lacks", f"{words} are to say where")]
    return []


def _node() -> list[Finding]:
    from nozzle.publish import mystmd

    if mystmd():
        return [Finding("mystmd", "ok", "the site is made from mystmd's reading of the entries")]
    return [
        Finding("mystmd", "lacks", "no mystmd with Node: the site is made by nozzle's own reader, without citations")
    ]


CHECKS: tuple[Callable[[], list[Finding]], ...] = (
    _nozzle, _git, _python, _bash, _others, _snapshots, _keep, _sandbox, _writing, _aside, _key, _servers, _langfuse,
    _node,
)  # fmt: skip
