"""nozzle condense: from a ramble to a line."""

from __future__ import annotations

import datetime
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nozzle.errors import Refused, Unreadable, WrongCommand

if TYPE_CHECKING:
    from nozzle.document.thought.map import Map
    from nozzle.words.journal import Journal


_FLAG = {"condense": "--model", "judge": "--judge"}


@click.command(name="condense")
@click.argument("paths", nargs=-1, metavar="[ENTRY]...", type=click.Path(path_type=Path))
@click.option("--post", is_flag=True, help="Draft an entry to be published, in the 'we' of you and the machine.")
@click.option("--watch", "watching", is_flag=True, help="Keep the map beside the entry as you write, until Ctrl-C.")
@click.option("--model", "by_model", is_flag=True, help="Let the model of your settings choose the points.")
@click.option("--judge", "judging", is_flag=True, help="Let the model say of each point whether its lines bear it out.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object for each entry.")
def command(paths: tuple[Path, ...], post: bool, watching: bool, by_model: bool, judging: bool, as_json: bool) -> int:
    """Show what an ENTRY holds: open questions first, decisions and what took them back, what was done, what is next.

    The newest entry when none is named. Every point is followed by the line of yours that says so. No model is asked:
    it is drawn from cue words, from shapes, and from the cells and what they showed. What a machine said in a talk
    that was brought in is never taken for yours.

    --watch writes the map to _out/NAME.map.md beside the entry, now and at each save; it says when the entry is
    renamed, removed or no text, and goes on with the others. --post drafts NAME-condensed.md,
    every sentence linked to where it was said; look it through, and take the draft line away to publish it. With
    --model a model chooses the points and says what each is; one whose words do not stand, letter for letter, in the
    paragraph that it names is refused, and how many were is told. With --judge a model is shown every point beside its
    lines; what it refuses stays, marked so with its reason.
    """
    from nozzle.words.journal import journal

    if sum((post, watching, as_json)) > 1:
        raise WrongCommand("--post, --watch and --json are three different things; say one of them")
    if (by_model or judging) and watching:
        raise WrongCommand("--watch draws the map at each save; a model is asked once: leave one of them out")
    with journal(paths[0] if paths else None) as here:
        entries = here.entries(paths) if paths else _newest(here)
        if watching:
            return _watch(here, entries)
        for path in entries:
            if post:
                click.echo(_posted(here, path, _drawn(here, path, by_model, judging)))
            else:
                _tell(here, path, as_json, _drawn(here, path, by_model, judging))
    return 0


def mapped(here: Journal, path: Path, by_model: bool = False) -> Map:
    """The map of an entry as it is on disk."""
    from nozzle.document.thought.map import condense

    return _chosen(here, path) if by_model else condense(here.read(path))


def weighed(here: Journal, found: Map) -> Map:
    """A map with the verdict of a model on each point; Missing when none is set or it does not answer."""
    from nozzle.document.thought.judge import asked, judged

    if not found.points:
        return found
    reply, model = _reply(here, "judge", asked(found))
    return judged(found, reply, model)


def _drawn(here: Journal, path: Path, by_model: bool, judging: bool) -> Map:
    found = mapped(here, path, by_model)
    return weighed(here, found) if judging else found


def _chosen(here: Journal, path: Path) -> Map:
    """The map whose points a model chooses; Missing when none is set or it does not answer."""
    from nozzle.document.thought.by_model import drawn, shown

    entry = here.read(path)
    return drawn(entry, *_reply(here, "condense", shown(entry)))


def _reply(here: Journal, form: str, facts: str) -> tuple[str, str]:
    """What the model of the settings replies to a form, and its name."""
    from nozzle.agents.forms import Given, labelled
    from nozzle.document.entry import Entry
    from nozzle.errors import Missing
    from nozzle.lm import Stop
    from nozzle.words.company import crew_of

    crew = crew_of(here, lambda work: work())
    if crew.model is None:
        raise Missing(f"no model is set: `model` in your settings.toml names one; without {_FLAG[form]} none is asked")
    said = labelled(crew, form, Given(facts=facts), crew.shared(Entry(""), 0), lambda piece: None, Stop())
    if not said.by_model:
        raise Missing(said.text)
    return f"{said.text}\n{said.folded}", crew.model.name


def keep(here: Journal, path: Path) -> Path:
    """Write an entry's map beside it, when it is not there as it is; where it lies."""
    from nozzle import whole
    from nozzle.document.thought.show import as_page

    place = path.parent / "_out" / f"{path.stem}.map.md"
    text = here.redact(as_page(mapped(here, path), here.rel(path), f"../{path.name}")).encode("utf-8", "replace")
    if place.is_symlink() or not place.exists() or place.read_bytes() != text:
        whole.write(place, text, root=here.root)
    return place


def followed(here: Journal, path: Path) -> str:
    """What became of an entry that is watched: its map is current, or it is there no more, or cannot be read."""
    if not path.exists():
        rel = here.rel(path)
        return f"{rel}: renamed or removed; its map stays as it was. Ctrl-C, and condense --watch with its new name"
    try:
        return f"{_shown(keep(here, path))}: current"
    except Unreadable as error:
        return f"{error}; its map follows then"


def _newest(here: Journal) -> list[Path]:
    """The entry that was written last; README, and what was condensed from another, apart."""
    found = sorted(here.entries(), key=lambda path: path.stat().st_mtime, reverse=True)
    if not found:
        raise WrongCommand("there is no entry yet; 'nozzle new TITLE' starts one")
    read = here.readable(path for path in found if path.name != "README.md")
    return [next((path for path, entry in read if not entry.meta.get("condensed")), found[0])]


def _tell(here: Journal, path: Path, as_json: bool, found: Map) -> None:
    from nozzle.document.thought.show import as_dict, as_text

    click.echo(json.dumps({"entry": here.rel(path), **as_dict(found)}) if as_json else as_text(found, _shown(path)))


def _posted(here: Journal, path: Path, found: Map) -> str:
    from nozzle.document.thought.said import said
    from nozzle.document.thought.show import placed, post

    place = path.with_name(f"{path.stem}-condensed.md")
    if os.path.lexists(place):
        raise Refused(f"{place} is there already; what you wrote in it would be lost: move it, or take it away first")
    entry = here.read(path)
    head = next((each.sentences[0].text for each in said(entry) if each.heading == 1 and each.sentences), "")
    title = " ".join(str(entry.meta.get("title") or head or path.stem).split())
    quoted = f"{title}, condensed".replace("\\", "\\\\").replace('"', '\\"')
    today = datetime.date.today()
    front = f'---\ntitle: "{quoted}"\ndate: {today}\ntags: []\ndraft: true\ncondensed: {path.name}\n---\n\n'
    here.put(place, here.redact(front + post(placed(found, entry), title, path.name)).encode("utf-8", "replace"))
    return _shown(place)


def _watch(here: Journal, entries: list[Path]) -> int:
    """Keep the maps current until Ctrl-C."""
    from nozzle.watch import Saved, changes

    for path in entries:
        click.echo(followed(here, path))
    click.echo("a map follows its entry as you save; Ctrl-C ends it")
    try:
        with changes(here.root, lambda path: path in entries) as saves:
            for change in saves:
                for path in sorted(change.paths) if isinstance(change, Saved) else entries:
                    if path in entries:
                        click.echo(followed(here, path))
    except KeyboardInterrupt:
        return 0
    return 0


def _shown(path: Path) -> str:
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
