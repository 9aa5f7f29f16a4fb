"""nozzle doctor: what was found on this machine, and what it lacks."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import click


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

    Exits with 3 when something that nozzle needs is missing.
    """
    findings = [finding for check in CHECKS for finding in check()]
    for finding in findings:
        if as_json:
            click.echo(json.dumps({"what": finding.what, "state": finding.state, "words": finding.words}))
        else:
            mark, color = {"ok": ("✓", "green"), "lacks": ("-", "yellow"), "fault": ("✗", "red")}[finding.state]
            click.echo(click.style(f"{mark} {finding.what:<10} {finding.words}", fg=color))
    return 3 if any(finding.state == "fault" for finding in findings) else 0


def _nozzle() -> list[Finding]:
    from nozzle import __version__

    return [Finding("nozzle", "ok", f"{__version__} on Python {sys.version.split()[0]}")]


def _git() -> list[Finding]:
    path = shutil.which("git")
    if path is None:
        return [Finding("git", "fault", "there is no git; steps are git commits: install it")]
    return [Finding("git", "ok", path)]


def _python() -> list[Finding]:
    from nozzle.document.entry import Entry
    from nozzle.errors import NozzleError
    from nozzle.runner import LENT, find_interpreter
    from nozzle.words.environment import interpreter_for
    from nozzle.words.journal import journal

    try:
        with journal() as here:
            found = interpreter_for(here, Entry(""))
    except NozzleError:
        found = find_interpreter(None)
    state = "lacks" if found.missing else "ok"
    words = f"{found.path} ({found.version}; {found.why})" + (f": {found.missing}" if found.missing else "")
    if found.lends:
        words += f", and what that needs: {', '.join(LENT)}; nothing else of nozzle's is found there"
    return [Finding("cells", state, words)]


def _bash() -> list[Finding]:
    path = shutil.which("bash")
    return [Finding("bash", "ok", path) if path else Finding("bash", "lacks", "no bash: bash cells do not run")]


def _disk() -> list[Finding]:
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


def _key() -> list[Finding]:
    from nozzle.errors import NozzleError
    from nozzle.settings import config_folder
    from nozzle.words.journal import my_signer

    notices: list[str] = []
    try:
        signer = my_signer(config_folder(), notices.append)
    except NozzleError as error:
        return [Finding("key", "lacks", f"outputs are not signed: {error}")]
    return [*(Finding("key", "lacks", notice) for notice in notices), _hiding(signer.id)]


def _hiding(signer: str) -> Finding:
    from nozzle.settings import config_folder

    if _hides(config_folder()):
        return Finding("key", "ok", f"outputs are signed by {signer}; no cell can read the key")
    words = "this system does not let it be hidden from cells: a signature says who ran a cell, not that nozzle did"
    return Finding("key", "lacks", f"outputs are signed by {signer}; {words}")


def _hides(config: Path) -> bool:
    """Whether a cell that tries cannot reach a folder."""
    import tempfile

    from nozzle.runner import Job, Session, find_interpreter

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        session = Session(place, find_interpreter(place), root=place, hidden=(config,))
        try:
            for _ in session.run([Job("doctor", "pass\n")]):
                pass
            return bool(session.hides)
        finally:
            session.close()


def _node() -> list[Finding]:
    from nozzle.publish import mystmd

    if mystmd():
        return [Finding("mystmd", "ok", "the site is made from mystmd's reading of the entries")]
    return [
        Finding("mystmd", "lacks", "no mystmd with Node: the site is made by nozzle's own reader, without citations")
    ]


CHECKS: tuple[Callable[[], list[Finding]], ...] = (_nozzle, _git, _python, _bash, _disk, _key, _node)
