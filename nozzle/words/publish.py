"""nozzle publish: the site, brought out."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nozzle.errors import Refused

if TYPE_CHECKING:
    from nozzle.publish import Report
    from nozzle.words.journal import Journal


@click.command(name="publish")
@click.option("--to", "folder", type=click.Path(file_okay=False, path_type=Path), help="A folder to put the site into.")
@click.option("--branch", help="A branch to commit the site to, such as gh-pages; no file of yours is touched.")
@click.option("--pages", is_flag=True, help="Write .github/workflows/pages.yml, which does it at every push.")
@click.option("--anyway", is_flag=True, help="Publish in spite of what is found.")
def command(folder: Path | None, branch: str | None, pages: bool, anyway: bool) -> int:
    """Make the site anew and bring it out: to a folder, to a branch, or by a workflow on GitHub Pages.

    Refuses when an output is not as it was made, a link is broken, an entry cannot be read as it was meant, or a page
    holds what looks like a secret; --anyway publishes all the same. Drafts are never published, and neither is an entry
    that cannot be read: it may be one.
    """
    from nozzle.publish import bring
    from nozzle.words.journal import journal
    from nozzle.words.site import build_site, destination

    places = sum((folder is not None, branch is not None, pages))
    if places != 1:
        said = "say one place at a time" if places else "say where to"
        raise click.UsageError(f"{said}: --to FOLDER, --branch NAME, or --pages")
    with journal() as here:
        if pages:
            return _workflow(here.root)
        if folder:
            destination(here, folder)
        with tempfile.TemporaryDirectory(prefix="nozzle-site-") as scratch:
            built = Path(scratch) / "site"
            report = build_site(here, built)
            _check(here, report, built, anyway)
            if folder:
                bring(built, folder, here.root)
                click.echo(f"published to {folder}")
            else:
                assert branch is not None
                click.echo(f"published to the branch {branch}: {_commit(here, built, branch)[:8]}")
        return here.told()


def _check(here: Journal, report: Report, built: Path, anyway: bool) -> None:
    """Refuse to bring out what is wrong: broken links, outputs made by hand, and secrets in any file that would go."""
    from nozzle.document.seal import report_all
    from nozzle.words.counted import counted
    from nozzle.words.verify import fault, signed_here
    from nozzle.words.visible import echo

    found = [f"{each.source}:{each.line}: the link {each.link}: {each.why}" for each in report.broken]
    signing = signed_here(here)
    for path, entry in here.readable(here.entries()):
        if entry.held:
            found.append(f"{here.rel(path)}: {entry.held}")
        for _, block, seen in report_all(entry, here.file_digest(path.parent), here.verify):
            if why := fault(seen, signing):
                found.append(f"{here.rel(path)}:{block.span.start + 1}: not as it was made: {why}")
    found += [f"{name}: {why}" for name, why in _secrets(here, built)]
    for line in found:
        echo(f"✗ {line}", "red", err=True)
    if found and not anyway:
        them, stand = ("it", "stands") if len(found) == 1 else ("them", "stand")
        things = counted(len(found), "thing")
        raise Refused(f"{things} {stand} against publishing; mend {them}, or say --anyway")


def _secrets(here: Journal, built: Path) -> Iterator[tuple[str, str]]:
    """Files that no step may keep, as a secret stands in them by its looks or as this environment knows it; and why.

    Of a secret in an entry that goes out, the entry is named: pages and lists that were made of it are not.
    """
    from nozzle.publish import target

    named = False
    for path, entry in here.readable(here.entries()):
        rel = here.rel(path)
        if (built / target(rel)).exists() and (why := here.steps.unfit(rel, entry.text.encode())):
            named = True
            yield rel, why
    for path in sorted(path for path in built.rglob("*") if path.is_file()):
        content, name = path.read_bytes(), path.relative_to(built).as_posix()
        made = not (here.root / name).is_file()
        if not (named and made) and (why := here.steps.unfit(name, content)):
            yield name, why


def _commit(here: Journal, built: Path, branch: str) -> str:
    """The site as the newest commit of a branch."""
    files = {path.relative_to(built).as_posix(): path.read_bytes() for path in built.rglob("*") if path.is_file()}
    files = {name: data for name, data in files.items() if not name.startswith(".")}
    return here.steps.put_branch(branch, {**files, ".nojekyll": b""}, "The site")


def _workflow(root: Path) -> int:
    from nozzle import whole
    from nozzle.words.workflow import pages

    path, workflow = root / ".github" / "workflows" / "pages.yml", pages(root)
    if path.is_symlink() or (path.exists() and path.read_bytes() != workflow.encode()):
        raise Refused(f"{path} is already there and is not what nozzle would write; move it away first")
    whole.write(path, workflow.encode(), root=root)
    click.echo(
        f"{path.relative_to(root)}: commit and push it, and choose 'GitHub Actions' in the repository's Pages settings"
    )
    return 0
