"""The page of a comparison: two columns, outputs and pictures side by side; a single file that needs nothing else."""

from __future__ import annotations

import base64
import html
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nozzle.document.contrast import Contrast
    from nozzle.steps import Step
    from nozzle.words.journal import Journal

KINDS = {".png": "image/png", ".jpg": "image/jpeg", ".gif": "image/gif", ".svg": "image/svg+xml"}
STYLE = """
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}body{max-width:76rem;margin:2rem auto;padding:0 1rem}
.pair{display:grid;grid-template-columns:1fr 1fr;gap:1rem}.pair>*{min-width:0}
pre{overflow-x:auto;padding:.5rem;background:color-mix(in srgb,currentColor 7%,transparent);border-radius:.3rem}
img{max-width:100%;background:#fff}.minus{color:#c22}.plus{color:#180}td,th{padding:.1rem .8rem;text-align:right}
@media(max-width:40rem){.pair{grid-template-columns:1fr}}
"""


def write(here: Journal, one: Step, two: Step, found: list[tuple[str, list[Contrast]]], files: list[str]) -> Path:
    """Make the page; where it lies."""
    from nozzle import whole
    from nozzle.errors import Refused
    from nozzle.scratch import scratch

    try:
        folder = scratch(here.root / ".nozzle" / "compare")
    except OSError as error:
        raise Refused(f"the page cannot be written: {error.strerror}") from error
    path = folder / f"{one.sha[:8]}-{two.sha[:8]}.html"
    heads = "".join(f"<h2>{_e(step.sha[:8])} {_e(step.title)}</h2>" for step in (one, two))
    body = "".join(_entry(here, one, two, rel, contrasts) for rel, contrasts in found)
    listed = f"<h2>Files</h2><ul>{''.join(f'<li>{_e(name)}' for name in files)}</ul>" if files else ""
    title = f"{one.sha[:8]} and {two.sha[:8]}"
    page = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f'<title>{title}</title><style>{STYLE}</style><h1>{title}</h1><div class="pair">{heads}</div>{body}{listed}'
    )
    try:
        whole.write(path, page.encode("utf-8", "replace"), root=folder)
    except OSError as error:
        raise Refused(f"{path} cannot be written: {error.strerror}") from error
    return path


def _entry(here: Journal, one: Step, two: Step, rel: str, contrasts: list[Contrast]) -> str:
    shown = "".join(
        f"<section><h3>{_e(contrast.title or 'prose')}</h3><p>{_e(contrast.kind)}</p>"
        f"{_numbers(contrast)}{_columns(contrast)}{_pictures(here, (one, two), rel, contrast)}</section>"
        for contrast in contrasts
    )
    return f"<h2>{_e(rel)}</h2>{shown}"


def _numbers(contrast: Contrast) -> str:
    if not contrast.numbers:
        return ""
    rows = "".join(f"<tr><td>{a:g}<td>{b:g}<td>{b - a:+g}" for a, b in contrast.numbers)
    return f"<table><tr><th>here<th>there<th>difference{rows}</table>"


def _columns(contrast: Contrast) -> str:
    sides = (("-", "minus"), ("+", "plus"))
    columns = ["\n".join(_e(row[2:]) for row in contrast.rows if row[0] == sign) for sign, _ in sides]
    parts = (f'<pre class="{name}">{text}</pre>' for (_, name), text in zip(sides, columns, strict=True))
    return f'<div class="pair">{"".join(parts)}</div>'


def _pictures(here: Journal, steps: tuple[Step, Step], rel: str, contrast: Contrast) -> str:
    if not any(contrast.pictures):
        return ""
    folder = Path(rel).parent / "_out"
    sides = []
    for step, names in zip(steps, contrast.pictures, strict=True):
        sides.append("".join(_image(here, step, (folder / name).as_posix()) for name in names))
    if not any(sides):
        return ""
    return f'<div class="pair"><div>{sides[0]}</div><div>{sides[1]}</div></div>'


def _image(here: Journal, step: Step, path: str) -> str:
    kind, data = KINDS.get(Path(path).suffix), here.steps.text(step, path)
    if kind is None or data is None:
        return ""
    return f'<img alt="{_e(path)}" src="data:{kind};base64,{base64.b64encode(data).decode()}">'


def _e(text: str) -> str:
    return html.escape(text)
