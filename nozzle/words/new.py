"""nozzle new: an entry with its front matter."""

from __future__ import annotations

import datetime
import os
import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nozzle.errors import Refused, Unwritable, WrongCommand

if TYPE_CHECKING:
    from nozzle.words.journal import Journal


@click.command(name="new")
@click.argument("title")
@click.option("--folder", type=click.Path(path_type=Path), help="Where; the settings' journal folder by default.")
def command(title: str, folder: Path | None) -> int:
    """Start an entry called TITLE, dated today, in journal/; its path is printed.

    Where there is no git repository yet, one is begun here.
    """
    from nozzle.words.journal import journal

    if not title.strip():
        raise WrongCommand("an entry needs a title: nozzle new TITLE")
    with journal(make=True) as here:
        today = datetime.date.today()
        path = (folder or here.root / here.settings.journal).absolute() / f"{today}-{slug(title)}.md"
        if os.path.lexists(path):
            raise Refused(f"{path} is already there; open it, or choose another title")
        here.put(path, text(title, today).encode())
        ignore(here)
        plugin(here.root)
        click.echo(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
        _passed_by(here, path)
    return 0


def _passed_by(here: Journal, path: Path) -> None:
    """Say so, where no watch, run or site takes the new file for an entry."""
    if not here.place(path).is_relative_to(here.root):
        here.warn(f"it lies outside this journal, {here.root}: 'nozzle run' with its path runs it, no watch sees it")
    elif not here.settings.is_entry(rel := here.rel(path)):
        wanted = f'entries = ["{Path(rel).parent.as_posix()}"]'
        here.warn(f"no watch, run or site takes it for an entry until nozzle.toml says {wanted}; its path runs it")


def text(title: str, today: datetime.date) -> str:
    """The first lines of an entry."""
    quoted = title.replace("\\", "\\\\").replace('"', '\\"')
    return f'---\ntitle: "{quoted}"\ndate: {today}\ntags: []\n---\n\n'


def slug(title: str) -> str:
    """A title as a file name: small letters, digits, hyphens, each word in its own script; Latin ones without marks.

    >>> slug("Kernel fusion: a*b + c")
    'kernel-fusion-a-b-c'
    >>> slug("Maß und Größe")
    'mass-und-grosse'
    >>> slug("日本語")
    '日本語'
    >>> slug("Xλ Ωμέγα résumé")
    'xλ-ωμέγα-resume'
    """
    flat = re.sub(r"([a-z])[\u0300-\u036f]+", r"\1", unicodedata.normalize("NFKD", title.casefold()))
    name = "".join(
        each if unicodedata.category(each)[0] in "LMN" else "-" for each in unicodedata.normalize("NFC", flat)
    )
    return re.sub("-+", "-", name).strip("-")[:60].rstrip("-") or "entry"


def plugin(root: Path) -> None:
    """Where mystmd is used, leave the plugin by which it shows questions and tasks; one that is there stays."""
    from nozzle import whole
    from nozzle.words.plugin import MYSTMD

    if (root / "myst.yml").exists() and not os.path.lexists(root / "nozzle.mjs"):
        whole.write(root / "nozzle.mjs", MYSTMD.encode(), root=root)


def ignore(here: Journal) -> None:
    """Keep the cache and the build out of git, in a journal that does not say so yet."""
    from nozzle import whole

    path = here.root / ".gitignore"
    try:
        held = path.read_bytes() if path.exists() else b""
        added = ignoring(held)[len(held) :]
        if added:
            whole.add(path, added, root=here.root)
    except (OSError, Unwritable) as error:
        why = str(error) if isinstance(error, Unwritable) else f"{path}: {str(error.strerror).lower()}"
        here.warn(f"{why}: write .nozzle/ and site/ into it, so that git passes them by")


def ignoring(held: bytes) -> bytes:
    """A .gitignore that holds this, and the lines nozzle wants in it where they are not, in its own line ends.

    >>> ignoring(b"*.pyc\\r\\nsite/")
    b'*.pyc\\r\\nsite/\\r\\n.nozzle/\\r\\n'
    """
    end = b"\r\n" if b"\r\n" in held else b"\n"
    missing = [line + end for line in (b".nozzle/", b"site/") if line not in held.split()]
    between = end if missing and held and not held.endswith(b"\n") else b""
    return held + between + b"".join(missing)
