"""nozzle build: the site."""

from __future__ import annotations

from pathlib import Path

import click


@click.command(name="build")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="Where; site/ by default.")
@click.option("--drafts", is_flag=True, help="Drafts too.")
def command(out: Path | None, drafts: bool) -> int:
    """Make the site of the journal: pages that work from a file, a domain, or a folder below one, offline.

    Links are relative and nothing is fetched from elsewhere. Only what changed is made again. A link that leads
    nowhere is told; it does not stop the build. An entry that cannot be read as it was meant (its front matter is no
    YAML, a git conflict stands in it) is told and left out, as a draft is.
    """
    from nozzle.words.counted import counted
    from nozzle.words.journal import journal
    from nozzle.words.site import build_site, destination
    from nozzle.words.visible import echo

    with journal() as here:
        folder = destination(here, out or here.root / "site")
        report = build_site(here, folder, drafts)
        for broken in report.broken:
            echo(f"! {broken.source}:{broken.line}: {broken.link}: {broken.why}", "yellow")
        for warning in report.warnings:
            echo(f"! {warning}", "yellow")
        written, same = len(report.written), len(report.unchanged)
        kept = f"{same} as {'it was' if same == 1 else 'they were'}"
        click.echo(f"{counted(written, 'file')} written, {kept}; open {folder / 'index.html'}")
        return here.told()
