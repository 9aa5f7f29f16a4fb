"""What the words build, serve and publish share: the journal's entries as pages, with what is known of each output."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from nozzle.document.entry import Entry
    from nozzle.publish import Mark, Page, Report, Site
    from nozzle.words.journal import Journal


def build_site(here: Journal, out: Path, drafts: bool = False, quick: bool = False) -> Report:
    """Build the journal into a folder; by mystmd's reading of it where Node is there, unless it shall be quick."""
    from nozzle.publish import build, mystmd

    texts = dict(here.readable(here.entries()))
    linked = any("#said-" in entry.text for entry in texts.values())
    pages = [page(here, path, entry, linked) for path, entry in texts.items()]
    front: Literal["python", "mystmd"] = "mystmd" if mystmd() and not quick else "python"
    return build(pages, here.root, out, site(here), drafts=drafts, front=front)


def destination(here: Journal, folder: Path) -> Path:
    """A folder that the site may be put into; Refused for one where its pages would lie among what they are made of."""
    from nozzle.errors import Refused

    place, root = folder.resolve(), here.root.resolve()
    entries = root / here.settings.journal
    holds = root.is_relative_to(place) or any(each.resolve().is_relative_to(place) for each in here.entries())
    if holds or ".git" in place.parts or (entries != root and place.is_relative_to(entries)):
        better = root / "site"
        raise Refused(f"{folder} holds the journal or lies in it: the site needs another folder, such as {better}")
    return folder


def page(here: Journal, path: Path, entry: Entry, linked: bool = False) -> Page:
    """One entry, as it is published; when some entry links to what was said, with names for it."""
    from nozzle.publish import Page

    unread = f"{entry.held}; it is published when that is mended" if entry.held else ""
    if here.steps.ignores(here.rel(path)):
        unread = ".gitignore names it, so it is on no page that is published"
    names = said(entry) if linked else {}
    return Page(here.rel(path), entry.text, cells(entry), marks(here, entry, path), names, unread=unread)


def said(entry: Entry) -> Mapping[int, str]:
    """Line of a block of the author's that is no cell -> what its anchor is made of."""
    from nozzle.document.thought.said import named

    return {span.start: digest for digest, span in named(entry).items()}


def cells(entry: Entry) -> Mapping[int, tuple[str, str]]:
    """Line of a cell -> what its two anchors are made of: the digest of its chain, and its key."""
    from nozzle.document.entry import SHOWN

    return {cell.span.start: (cell.chain[:SHOWN], cell.key) for cell in entry.cells if cell.runs}


def marks(here: Journal, entry: Entry, path: Path) -> dict[int, Mark]:
    """Line of an output or a quote -> what can be told of it without running anything."""
    from nozzle.document.seal import report_all
    from nozzle.document.talk.quote import guessed
    from nozzle.publish import Mark

    names = {key.id: key.name for key in here.keys}
    found = {}
    for _, block, report in report_all(entry, here.file_digest(path.parent), here.verify):
        signed = f"signed by {names.get(report.signer) or report.signer}" if report.signer else "not signed"
        if report.state == "edited":
            mark = Mark("edited", f"not as it was made: {report.why}")
        elif report.state == "stale":
            mark = Mark("stale", f"stale: {report.why}; {signed}")
        else:
            mark = Mark("signed" if report.signer else "unsigned", f"intact, {signed}")
        found[block.span.start] = mark
    for block in guessed(entry):
        found[block.span.start] = Mark("guess", f"where it ends is a guess, {block.closing.get('sure', '?')} %")
    return found


def site(here: Journal) -> Site:
    from nozzle.publish import Site

    told = here.settings.site
    title = told.title or _heading(here) or here.first.name
    return Site(title, told.author, told.description, told.base_url, told.language)


def _heading(here: Journal) -> str:
    """The first heading of README.md."""
    path = here.root / "README.md"
    if not path.is_file():
        return ""
    rows = path.read_text(errors="replace").split("\n")
    return next((row.removeprefix("# ").strip() for row in rows if row.startswith("# ")), "")
