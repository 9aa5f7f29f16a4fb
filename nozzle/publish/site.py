"""What goes into a site and what comes out of a build: values only."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nozzle.publish.drawing import Mark


@dataclass(frozen=True)
class Page:
    """One source to be published."""

    source: str  # posix path from the root of the journal
    text: str
    cells: Mapping[int, tuple[str, ...]] = field(default_factory=dict)  # line of a cell, from 0 -> chain digest, key
    marks: Mapping[int, Mark] = field(default_factory=dict)  # line of an envelope's opening marker, from 0
    said: Mapping[int, str] = field(default_factory=dict)  # line of a paragraph others link to, from 0 -> its digest
    when: str | datetime.date | None = None  # None: the front matter's date, or the one in the file's name
    files: Path | None = None  # the folder its relative links start from, when it is not the source's own
    unread: str = ""  # why it cannot be read as its author meant it: then it may be a draft, and is shown as one


@dataclass(frozen=True)
class Site:
    """What the author says about the journal as a whole."""

    title: str = "Journal"
    author: str = ""
    description: str = ""
    base_url: str = ""  # for the feed and the sitemap only: every other link is relative
    language: str = "en"


@dataclass(frozen=True)
class Broken:
    """A link that leads nowhere."""

    source: str
    line: int  # from 1
    link: str
    why: str


@dataclass(frozen=True)
class Report:
    """What a build did: paths are relative to the output folder."""

    written: tuple[str, ...] = ()
    unchanged: tuple[str, ...] = ()
    removed: tuple[str, ...] = ()
    broken: tuple[Broken, ...] = ()
    warnings: tuple[str, ...] = ()
