"""nozzle new: an entry with its front matter."""

from __future__ import annotations

import datetime
import re
import unicodedata
from pathlib import Path

import click

from nozzle.errors import Refused


@click.command(name="new")
@click.argument("title")
@click.option("--folder", type=click.Path(path_type=Path), help="Where; the settings' journal folder by default.")
def command(title: str, folder: Path | None) -> int:
    """Start an entry called TITLE, dated today, in journal/; its path is printed.

    Where there is no git repository yet, one is begun here.
    """
    from nozzle.words.journal import journal

    with journal(make=True) as here:
        today = datetime.date.today()
        path = (folder or here.root / here.settings.journal).absolute() / f"{today}-{slug(title)}.md"
        if path.exists():
            raise Refused(f"{path} is already there; open it, or choose another title")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text(title, today))
        ignore(here.root)
        plugin(here.root)
        click.echo(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
    return 0


def text(title: str, today: datetime.date) -> str:
    """The first lines of an entry."""
    quoted = title.replace("\\", "\\\\").replace('"', '\\"')
    return f'---\ntitle: "{quoted}"\ndate: {today}\ntags: []\n---\n\n'


def slug(title: str) -> str:
    """A title as a file name: small letters, digits, hyphens.

    >>> slug("Kernel fusion: a*b + c")
    'kernel-fusion-a-b-c'
    """
    flat = unicodedata.normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", flat).strip("-")[:60].rstrip("-") or "entry"


def plugin(root: Path) -> None:
    """Where mystmd is used, leave the plugin by which it shows questions and tasks; one that is there stays."""
    from nozzle.words.plugin import MYSTMD

    if (root / "myst.yml").exists() and not (root / "nozzle.mjs").exists():
        (root / "nozzle.mjs").write_text(MYSTMD)


def ignore(root: Path) -> None:
    """Keep the cache and the build out of git, in a journal that does not say so yet."""
    path = root / ".gitignore"
    held = path.read_text() if path.exists() else ""
    missing = [line for line in (".nozzle/", "site/") if line not in held.split()]
    if missing:
        path.write_text(held + ("\n" if held and not held.endswith("\n") else "") + "\n".join(missing) + "\n")
