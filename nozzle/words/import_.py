"""nozzle import: a talk that was held elsewhere, as an entry."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nozzle.errors import Refused, Unreadable

if TYPE_CHECKING:
    from nozzle.document.talk.turn import Conversation
    from nozzle.words.journal import Journal


@click.command(name="import")
@click.argument("chat", type=click.Path(path_type=Path))
@click.option("--list", "listing", is_flag=True, help="Only list the chats in it, with their numbers.")
@click.option("--pick", type=click.IntRange(1), help="The number of the chat to bring in, when there are several.")
@click.option("--all", "everything", is_flag=True, help="Bring in every chat, each as an entry of its own.")
@click.option("--by", default="machine", help="Name of the machine in a Markdown log.", show_default=True)
@click.option("--to", type=click.Path(path_type=Path), help="The entry's file; in the journal folder by default.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def command(
    chat: Path, listing: bool, pick: int | None, everything: bool, by: str, to: Path | None, as_json: bool
) -> int:
    """Bring CHAT into the journal as an entry: an export of OpenWebUI or ChatGPT, or a Markdown log of a talk.

    A log is also what you copied from the page of a chat ("You said:", "ChatGPT said:"), or has names before the words
    ("User: why?", "Assistant: because").

    What a machine said stands between markers, <!-- nozzle:quote --> and <!-- /nozzle -->: it is never taken for your
    words, and no cell in it ever runs. Some logs name only the machine's turns (THINKING, RESPONDING); where you speak
    again is then guessed, and each guess is listed here. Where one is wrong, move its closing line,
    <!-- /nozzle guess=... -->, to where the machine stops: that is all. What you pasted, of a machine's from elsewhere,
    is told apart too where three blocks or more are written so, and listed. Your own cells wait for 'nozzle run'.
    """
    import json

    from nozzle.words.journal import journal

    with journal(make=True) as here:
        text = _text(chat)
        if chat.suffix.lower() in (".md", ".markdown", ".txt") and not text.lstrip().startswith(("[{", "{")):
            drafts: Iterator[_Draft] = iter([_from_log(text, chat, by)])
        else:
            drafts = _from_export(text, chat, listing, pick, everything, as_json)
        for draft in drafts:
            made = _write(here, draft, to)
            click.echo(json.dumps(made) if as_json else _told(made))
    return 0


@dataclass(frozen=True)
class _Draft:
    name: str
    text: str
    turns: int
    notes: tuple[str, ...] = ()


def _text(path: Path) -> str:
    from nozzle.disk.file import plain

    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Unreadable(
            f"{path}: byte {error.start} is not UTF-8 text; export it again, or save it as UTF-8"
        ) from None
    except OSError as error:
        raise Unreadable(f"{path}: {plain(error)}") from error


def _from_log(text: str, path: Path, by: str) -> _Draft:
    from nozzle.document.entry import Entry
    from nozzle.document.talk.quote import from_log

    if any(block.kind == "quote" for block in Entry(text).envelopes):
        raise Refused(f"{path}: its machine's turns are told apart already; it is an entry as it stands")
    written = from_log(text, by)
    turns = sum(block.kind == "quote" for block in Entry(written).envelopes)
    if not turns:
        raise Refused(
            f"{path}: no turn of a machine is named in it; expected lines such as RESPONDING, or ChatGPT said: or"
            " Assistant: where You said: or User: stands as well"
        )
    return _Draft(path.stem, _waiting(written), turns)


def _from_export(
    text: str, path: Path, listing: bool, pick: int | None, everything: bool, as_json: bool
) -> Iterator[_Draft]:
    import json

    from nozzle.document.talk.export import conversations

    try:
        if pick and not listing:
            found = list(islice(conversations(text), pick - 1, pick))
            if not found:
                raise Refused(f"{path}: there is no chat {pick} in it; --list shows them")
        elif everything and not listing:
            yield from map(_from_chat, conversations(text))
            return
        else:
            found = list(conversations(text))
    except Unreadable as error:
        raise Unreadable(f"{path}: {error}") from None
    if listing or len(found) > 1:
        for number, chat in enumerate(found, 1):
            click.echo(json.dumps(_row(number, chat)) if as_json else _line(number, chat))
        if not listing:
            raise Refused(f"{path} holds {len(found)} chats: --pick N brings in one of them, --all brings in all")
        return
    yield from map(_from_chat, found)


def _from_chat(chat: Conversation) -> _Draft:
    import datetime

    from nozzle.document.talk.quote import from_chat
    from nozzle.words.new import slug

    today = chat.date or str(datetime.date.today())
    quoted = re.sub(r"\s+", " ", chat.title).replace("\\", "\\\\").replace('"', '\\"')
    front = f'---\ntitle: "{quoted}"\ndate: {today}\ntags: []\nrun: ask\n---\n'
    turns = sum(turn.who == "machine" for turn in chat.turns)
    return _Draft(f"{today}-{slug(chat.title)}", from_chat(chat, front), turns, chat.notes)


def _waiting(text: str) -> str:
    """A log whose cells wait until they are asked for, unless it says how they run."""
    from nozzle.document.entry import Entry
    from nozzle.document.lines import eol, split

    entry, end = Entry(text), eol(text)
    if "run" in entry.meta or entry.front.problem:
        return text
    if not entry.front.span[1]:
        return f"---{end}run: ask{end}---{end}{end}" + text
    rows = split(text)
    close = entry.front.span[1] - 1
    return "".join([*rows[:close], f"run: ask{end}", *rows[close:]])


def _write(here: Journal, draft: _Draft, to: Path | None) -> dict[str, object]:
    from nozzle.document.entry import Entry
    from nozzle.document.talk.quote import guessed
    from nozzle.words.new import ignore

    path = (to or here.root / here.settings.journal / f"{draft.name}.md").absolute()
    number = 1
    while to is None and os.path.lexists(path):
        number += 1
        path = path.with_name(f"{draft.name}-{number}.md")
    if os.path.lexists(path):
        raise Refused(f"{path} is already there; name another with --to")
    text = here.redact(draft.text)
    here.put(path, text.encode("utf-8", "replace"))
    ignore(here)
    entry = Entry(text)
    notes = [*draft.notes, *(["what looked like a secret was taken out"] if text != draft.text else [])]
    notes += [
        f"line {block.span.start + 1} to {block.span.stop}: below your own words, and written as the machine writes; "
        "taken for something pasted. If it is yours, take the two lines around it away"
        for block in entry.envelopes
        if block.keys.get("shown") == "author"
    ]
    guesses = [{"line": block.span.stop, "sure": int(block.closing.get("sure", 0))} for block in guessed(entry)]
    shown = path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
    return {
        "entry": str(shown), "turns": draft.turns, "cells": len(entry.cells), "guesses": guesses, "notes": notes,
        "held": entry.held,
    }  # fmt: skip


def _told(made: dict[str, object]) -> str:
    from nozzle.words.counted import counted

    guesses, notes = made["guesses"], made["notes"]
    assert isinstance(guesses, list)
    assert isinstance(notes, list)
    turns, cells = counted(int(str(made["turns"])), "turn"), int(str(made["cells"]))
    waits = f"; {counted(cells, 'cell')} of yours {'waits' if cells == 1 else 'wait'} for 'nozzle run'" if cells else ""
    lines = [str(made["entry"]), f"  {turns} of a machine{waits}"]
    lines += [f"  ! {note}" for note in notes]
    if made["held"]:
        lines.append(f"  ! nothing in it can run: {made['held']}")
    if guesses:
        lines.append(f"  where {len(guesses)} of them end is a guess; move the line that is wrong, least sure first:")
        ordered = sorted(guesses, key=lambda guess: (guess["sure"], guess["line"]))
        lines += [f"  {made['entry']}:{guess['line']}  {guess['sure']} %" for guess in ordered[:8]]
        if len(ordered) > 8:
            lines.append(f"  and {len(ordered) - 8} more that are likelier (--json lists all)")
    return "\n".join(lines)


def _row(number: int, chat: Conversation) -> dict[str, object]:
    return {"number": number, "title": chat.title, "date": chat.date, "turns": len(chat.turns), "notes": chat.notes}


def _line(number: int, chat: Conversation) -> str:
    notes = "".join(f"\n      ! {note}" for note in chat.notes)
    return f"{number:>4}  {chat.date or '-':10}  {len(chat.turns):>4} turns  {chat.title}{notes}"
