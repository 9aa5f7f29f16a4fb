"""nozzle verify: does what stands in the text hold?"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from nozzle.document.compare import Verdict
    from nozzle.document.entry import Cell, Entry, Slot
    from nozzle.document.events import Event, Finished
    from nozzle.document.seal import Report
    from nozzle.past import Past
    from nozzle.runner import Job, Session
    from nozzle.tools import Tools
    from nozzle.words.journal import Journal

GONE = "it ran, and its output is no longer here; 'nozzle run' makes it again"
PATIENCE = 10.0
"""Seconds that an author's mask may take."""


@click.command(name="verify")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option("--attest", is_flag=True, help="Run nothing: check that every output is as it was made, and by whom.")
@click.option("--trust-this-checkout", is_flag=True, help="Run what came by git from somebody else, too.")
def command(paths: tuple[Path, ...], attest: bool, trust_this_checkout: bool) -> int:
    """Run PATHS (all entries by default) again in clean kernels, on a copy, and compare with what the text says.

    Addresses, times, dates and scratch paths are masked; pictures are held together by size and pixels. A cell can say
    more: '#| verify: exact', 'shape', 'rtol=1e-6', 'mask=REGEX' or 'skip'. A cell marked '#| once', or
    that reached outside (network, files elsewhere), is not run, and neither is what stands below it. What may be
    somebody else's is not run until you trust it, and until then the exit status is 1, as it is where nothing of an
    entry may run, such as one that holds conflict markers.

    With --attest nothing runs. Three things are told of every output: whether it is intact, which key signed it, and
    whether you trust that key. Exits with 1 when something does not hold.
    """
    from nozzle.words.journal import journal

    with journal(paths[0] if paths else None, trust_this_checkout) as here:
        entries = here.entries(paths)
        if len(entries) == 1 and paths:
            here.read(entries[0])  # the only one that is meant must be there to be read
        status = attest_all(here, entries) if attest else rerun_all(here, entries)
        return here.told() or status


def attest_all(here: Journal, entries: list[Path]) -> int:
    """Check every output without running anything."""
    from collections import Counter

    from nozzle.document.seal import report_all
    from nozzle.words.counted import counted
    from nozzle.words.visible import echo

    signing = signed_here(here)
    told: Counter[str] = Counter()
    signers: Counter[str] = Counter()
    for path, entry in here.readable(entries):
        faults = [(0, "", entry.held)] if entry.held else []
        for cell, block, report in report_all(entry, here.file_digest(path.parent), here.verify):
            title = cell.title if cell else block.kind
            why = fault(report, signing)
            faults += [(block.span.start + 1, title, why)] if why else []
            told["intact"] += not why
            told["stale"] += not why and report.state == "stale"
            told["unsigned"] += not report.signer
            signers[report.signer] += not why and bool(report.signer)
        for line, title, why in faults:
            where = f"{here.rel(path)}:{line}: {title}" if line else here.rel(path)
            echo(f"✗ {where}: {why}", "red")
        told["held"] += bool(entry.held)
        told["not"] += len(faults) - bool(entry.held)
    count = told["intact"] + told["not"]
    words = f"{told['intact']} intact, {told['not']} not; {told['stale']} stale; {told['unsigned']} unsigned"
    click.echo(f"{counted(count, 'output')}: {words}")
    _tell_signers(here, signers)
    return 1 if told["not"] or told["held"] else 0


def fault(report: Report, signing: bool) -> str:
    """What stands against an output; empty when nothing does."""
    return report.why if report.state == "edited" else "it is not signed" if signing and not report.signer else ""


def signed_here(here: Journal) -> bool:
    """Whether somebody signs here, so that what is unsigned was not made by nozzle: the journal names its signers, now,
    in the last commit or in any step, or this machine knows one. Who forges an output can empty the list, too."""
    from nozzle.keys import keys_in

    if here.keys or keys_in(here.steps.at_head("nozzle.keys") or b""):
        return True
    return next(here.steps.history("nozzle.keys", limit=1), None) is not None


def _tell_signers(here: Journal, signers: Mapping[str, int]) -> None:
    for key in {key.id: key for key in here.keys if signers.get(key.id)}.values():
        you = "trusted" if here.trust.trusts_key(key.public) else "not trusted by you; 'nozzle key add' would"
        click.echo(f"  {signers[key.id]} signed by {key.id} {key.name} ({you})")


def rerun_all(here: Journal, entries: list[Path]) -> int:
    """Run entries on a copy of the journal, and compare."""
    from collections import Counter

    from nozzle.words.counted import counted
    from nozzle.words.journal import FOREIGN
    from nozzle.words.visible import echo

    told = Counter(same=0, differs=0, skipped=0, held=0, distrusted=0)
    with _copy(here.root) as root:
        for path, entry in here.readable(entries):
            for where, verdict in rerun(here, path, entry, root / here.rel(path)):
                told[verdict.same] += 1
                if verdict.same != "same":
                    told["distrusted"] += FOREIGN in verdict.why
                    color = "yellow" if verdict.same == "skipped" else "red"
                    echo(f"{'✗' if color == 'red' else '-'} {where}: {verdict.why}", color)
    total = told["same"] + told["differs"] + told["skipped"]
    share = f"{told['skipped'] / total:.0%}" if total else "0%"
    words = f"{told['same']} the same, {told['differs']} differ, {told['skipped']} skipped ({share})"
    words += f"; of {counted(told['held'], 'entry', 'entries')} nothing ran" if told["held"] else ""
    click.echo(f"{counted(total, 'cell')}: {words}")
    if told["distrusted"]:
        click.echo("not verified: 'nozzle trust' shows what came by git; --trust-this-checkout runs all of it")
    return 1 if told["differs"] or told["held"] or told["distrusted"] else 0


def rerun(here: Journal, path: Path, entry: Entry, copy: Path) -> Iterator[tuple[str, Verdict]]:
    """One entry in a clean kernel; a verdict for each of its cells."""
    from nozzle.document import plan
    from nozzle.document.compare import Verdict
    from nozzle.errors import NozzleError
    from nozzle.run import jobs, reach
    from nozzle.runner import Session, bounds

    rel = here.rel(path)
    if entry.held:
        yield rel, Verdict("held", entry.held)
        return
    distrust = here.distrust(entry, rel)
    tools = here.tools(lambda notice: None, lambda said: None)
    try:
        interpreter = tools.interpreter(entry)
    except NozzleError as error:
        yield rel, Verdict("held", str(error))
        return
    root = copy.parents[len(Path(rel).parts) - 1]
    session = Session(
        copy.parent,
        interpreter,
        root=root,
        hidden=tools.hidden,
        secret_names=tools.secrets,
        specs=tools.specs,
        bounds=lambda: bounds(root, copy.parent, also=(here.root,)),  # what is installed from there is read there
    )
    stop = ""
    begun: set[str] = set()
    try:
        for slot in entry.slots:
            cell, where = slot.cell, f"{rel}:{slot.cell.span.start + 1}: {slot.cell.title}"
            if not cell.runs:
                continue
            if slot.output is None:
                why = stop or plan.unfit(cell)
                gone = not why and tools.ledger.past.ran(rel, cell)
                why = why or (GONE if gone else "it was never run")
                yield where, Verdict("differs" if gone else "skipped", why)
                stop = stop or f"a cell above it has no output: {why}"
            elif not stop and reach(cell):  # no cell below needs its state, for it left none
                yield where, Verdict("skipped", "it left its bounds, in a kernel of its own")
            elif reason := stop or distrust(cell) or _cannot(tools, rel, cell):
                yield where, Verdict("skipped", reason)
                stop = stop or f"a cell above it was not run: {reason}"
            elif not slot.fresh:
                yield where, Verdict("differs", "its output is stale: it answers other code")
            else:
                _as_before(tools.ledger.past, rel, cell, root, begun)
                events = list(_unanswered(session, jobs(entry, cell, here.settings)))
                yield where, _verdict(here, entry, slot, events, path, copy)
                if slot.output.status != "ok" and not cell.options.raises:
                    stop = "a cell above it failed, as the text says"
        for block in entry.loose:
            yield f"{rel}:{block.span.start + 1}: output", Verdict("differs", "it stands under no cell")
    finally:
        session.close()


def _cannot(tools: Tools, rel: str, cell: Cell) -> str:
    from nozzle.document import plan

    return tools.ledger.past.outside(rel, cell) or plan.unfit(cell) or tools.specs.lacks(cell.language)


def _as_before(past: Past, rel: str, cell: Cell, root: Path, begun: set[str]) -> None:
    """Before a cell runs on the copy: what it wrote is as its run found it, where git knows that. Else what goes on
    from its own file would never do the same again. Files that a cell above has `begun` are as that left them."""
    steps = past.steps
    made = past.made_by(rel, [cell.chain]) - begun
    runs = (step for step in steps.history(rel, cell=cell.chain) if step.kind == "cell")
    step = next(runs, None) if made else None
    begun |= made
    for path in made:
        target = root / path
        if step is None or steps.text(step, path) is None or target.is_symlink():
            continue
        before = steps.text(f"{step.sha}^", path)
        if before is None:
            target.unlink(missing_ok=True)
        elif target.is_file():
            target.write_bytes(before)


def _unanswered(session: Session, jobs: list[Job]) -> Iterator[Event]:
    """Run cells; a question gets no answer, for nobody is there."""
    from nozzle.document.events import InputRequest

    for event in session.run(jobs):
        if isinstance(event, InputRequest):
            session.answer(None)
        yield event


def _verdict(here: Journal, entry: Entry, slot: Slot, events: list[Event], path: Path, copy: Path) -> Verdict:
    from nozzle.document import scribe
    from nozzle.document.compare import Verdict, compare
    from nozzle.document.edit import apply
    from nozzle.document.entry import Entry
    from nozzle.document.events import Error, Finished
    from nozzle.document.outputs import fold
    from nozzle.run import cause, hint
    from nozzle.words.environment import known_secrets, redactor

    finished = next(event for event in events if isinstance(event, Finished))
    error = next((event for event in events if isinstance(event, Error)), None)
    hand = scribe.Hand(redact=redactor(known_secrets(here.settings.keys)[1]), lines=here.settings.output_lines)
    result = scribe.Result(
        slot.cell.chain, finished.status, fold(events), cause(finished), hint(slot.cell, error), bool(finished.left_out)
    )
    edit = scribe.write(entry, result, hand)
    after = Entry(apply(entry.text, edit)).slot(slot.cell.chain) if edit else None
    if edit is None or after is None or after.output is None or slot.output is None:
        return Verdict("differs", "its output could not be written")
    old, new = _reader(path.parent / "_out"), edit.files
    depth = len(Path(here.rel(path)).parts) - 1
    roots = [str(here.root), str(copy.parents[depth]), str(copy.resolve().parents[depth])]
    was, now, rule = slot.output, after.output, slot.cell.options.verify

    def compared() -> Verdict:
        return compare(was, now, rule, old, lambda name: new.get(f"_out/{name}"), roots)

    verdict = _timely(compared) if rule.startswith("mask=") else compared()
    if verdict.same == "differs" and (moved := _environment(here, slot.cell, finished)):
        return Verdict("differs", f"{moved}; {verdict.why}")
    return verdict


def _timely(compared: Callable[[], Verdict]) -> Verdict:
    """A comparison in a process of its own: an author's mask can be a pattern that never ends."""
    import multiprocessing

    from nozzle.document.compare import Verdict

    def work() -> None:
        there.send(compared())

    fork = multiprocessing.get_context("fork")
    here, there = fork.Pipe(duplex=False)
    process = fork.Process(target=work, daemon=True)
    process.start()
    there.close()
    try:
        return here.recv() if here.poll(PATIENCE) else Verdict("differs", f"its mask took more than {PATIENCE:.0f} s")
    except EOFError:
        return Verdict("differs", "it could not be compared")
    finally:
        process.kill()
        process.join()
        here.close()


def _environment(here: Journal, cell: Cell, finished: Finished) -> str:
    """How the environment differs from that of the recorded run."""
    from nozzle.document.facts import from_trailers

    step = next((step for step in here.steps.history(limit=2000) if step.trailers.get("Cell") == cell.chain), None)
    if step is None:
        return ""
    before = from_trailers(step.trailers).packages
    moved = [
        f"{name} {before[name]} -> {now}" for name, now in finished.packages.items() if before.get(name, now) != now
    ]
    return "environment: " + ", ".join(moved) if moved else ""


def _reader(folder: Path) -> Callable[[str], bytes | None]:
    def read(name: str) -> bytes | None:
        path = folder / name
        return path.read_bytes() if path.is_file() else None

    return read


@contextmanager
def _copy(root: Path) -> Iterator[Path]:
    """The journal's files, where a cell may write without touching the author's."""
    import shutil
    import tempfile

    with tempfile.TemporaryDirectory(prefix="nozzle-verify-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder) / root.name
        shutil.copytree(root, copy, symlinks=True, ignore=lambda at, names: _left_out(root, Path(at), names))
        yield copy


def _left_out(root: Path, folder: Path, names: list[str]) -> set[str]:
    """What a copy goes without: caches, the build at the root, and what is neither file, folder nor link."""
    from nozzle.settings import made_by_programs

    odd = {name for name in names if not (folder / name).is_symlink() and not _ordinary(folder / name)}
    return odd | {name for name in names if made_by_programs((folder / name).relative_to(root).as_posix())}


def _ordinary(path: Path) -> bool:
    return (path.is_file() or path.is_dir()) and os.access(path, os.R_OK)
