"""The pages that are made of templates: jinja2 is used here only."""

import re
from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jinja2 import Environment


@cache
def folder() -> Path:
    """Return the folder of the templates: beside the package in a checkout, inside it when installed."""
    package = Path(__file__).resolve().parents[1]
    inside = package / "templates"
    return inside if inside.is_dir() else package.parent / "templates"


def files() -> list[Path]:
    """Return every template and asset."""
    return sorted(path for path in folder().iterdir() if path.is_file())


def page(template: str, facts: Mapping[str, Any]) -> bytes:
    """Return one page."""
    return _environment().get_template(template).render(facts).encode(errors="xmlcharrefreplace")


def asset(name: str) -> bytes:
    """Return a file that is served as it is."""
    return (folder() / name).read_bytes()


@cache
def _environment() -> "Environment":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(folder()),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    environment.filters |= {"long": _long, "month": _month, "slug": _slug, "xml": _xml}
    return environment


def _long(iso: str) -> str:
    day = _day(iso)
    return f"{day.day} {day:%B} {day.year}" if day else iso


def _month(iso: str) -> str:
    day = _day(iso)
    return f"{day:%B}" if day else ""


def _day(iso: str) -> date | None:
    try:
        return date.fromisoformat(iso)
    except ValueError:
        return None


def _slug(words: str) -> str:
    from nozzle.document.slug import slug

    return slug(words) or "tag"


def _xml(words: str) -> str:
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "\ufffd", words)
