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
    nowhere is told; it does not stop the build.
    """
    from nozzle.words.journal import journal
    from nozzle.words.site import build_site
    from nozzle.words.visible import echo

    with journal() as here:
        folder = out or here.root / "site"
        report = build_site(here, folder, drafts)
        for broken in report.broken:
            echo(f"! {broken.source}:{broken.line}: {broken.link}: {broken.why}", "yellow")
        for warning in report.warnings:
            echo(f"! {warning}", "yellow")
        click.echo(
            f"{len(report.written)} files written, {len(report.unchanged)} as they were; open {folder / 'index.html'}"
        )
        return here.told()
