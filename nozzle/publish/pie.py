"""A Mermaid pie as a picture; what its source says and this does not know is `None`, never a guess."""

import re
from dataclasses import dataclass
from html import escape
from math import cos, isfinite, pi, sin

_HEAD = re.compile(r"pie(?:[ \t]+(showData))?(?:[ \t]+title[ \t]+(.+))?$")
_TITLE = re.compile(r"title[ \t]+(.+)$")
_SLICE = re.compile(r'"([^"]*)"[ \t]*:[ \t]*([0-9]+(?:\.[0-9]+)?)$')
_RADIUS, _ROW, _CHAR = 90.0, 22.0, 7.2
_MOST = 24


@dataclass(frozen=True)
class Pie:
    title: str
    slices: tuple[tuple[str, float], ...]
    data: bool = False  # the numbers stand in the legend


def read(source: str) -> Pie | None:
    """Read a pie."""
    rows = [row.strip() for row in source.strip().split("\n")]
    head, *rest = [row for row in rows if row and not row.startswith("%%")] or [""]
    opened = _HEAD.match(head)
    if opened is None:
        return None
    title, slices = opened[2] or "", []
    for row in rest:
        if named := _TITLE.match(row):
            title = named[1]
        elif found := _SLICE.match(row):
            slices.append((found[1], float(found[2])))
        elif row != "showData":
            return None
    whole = sum(value for _, value in slices)
    if not slices or len(slices) > _MOST or not isfinite(whole) or whole <= 0:
        return None
    return Pie(title.strip(), tuple(slices), bool(opened[1]) or "showData" in rest)


def svg(source: str) -> str | None:
    """Return a pie as SVG; None when its source is not understood."""
    pie = read(source)
    if pie is None:
        return None
    whole = sum(value for _, value in pie.slices)
    top = 34.0 if pie.title else 6.0
    words = [_said(pie, at, whole) for at in range(len(pie.slices))]
    height = top + max(2 * _RADIUS, _ROW * len(words)) + 6
    width = max(2 * _RADIUS + 54 + _CHAR * max(map(len, words)), _CHAR * 1.15 * len(pie.title)) + 12
    x, y = _RADIUS + 6, top + (height - top) / 2
    title = f'<text class="title" x="6" y="18">{escape(pie.title)}</text>' if pie.title else ""
    about = escape("; ".join([*([pie.title] if pie.title else []), *words]))
    frame = f'viewBox="0 0 {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
    first = y - _ROW * (len(words) - 1) / 2
    rows = "".join(_row(at, said, 2 * _RADIUS + 30, first + _ROW * at) for at, said in enumerate(words))
    return (
        f'<svg class="pie" {frame} role="img" aria-label="Pie: {about}">{title}{_slices(pie, whole, x, y)}{rows}</svg>'
    )


def _said(pie: Pie, at: int, whole: float) -> str:
    name, value = pie.slices[at]
    share = f"{100 * value / whole:.0f} %"
    return f"{name} ({value:g}, {share})" if pie.data else f"{name} ({share})"


def _row(at: int, said: str, x: float, y: float) -> str:
    box = f'<rect class="slice-{at % 8}" x="{x:.1f}" y="{y - 7:.1f}" width="14" height="14" rx="3"/>'
    return f'<g>{box}<text x="{x + 22:.1f}" y="{y:.1f}">{escape(said)}</text></g>'


def _slices(pie: Pie, whole: float, x: float, y: float) -> str:
    """The slices, clockwise from the top."""
    parts, done = [], 0.0
    for at, (_, value) in enumerate(pie.slices):
        begin, done = done, done + value / whole
        if value == whole:
            parts.append(f'<circle class="slice-{at % 8}" cx="{x:.1f}" cy="{y:.1f}" r="{_RADIUS:g}"/>')
        elif value:
            (x0, y0), (x1, y1) = (_point(x, y, turn) for turn in (begin, done))
            arc = f"A{_RADIUS:g} {_RADIUS:g} 0 {int(done - begin > 0.5)} 1 {x1:.1f} {y1:.1f}"
            parts.append(f'<path class="slice-{at % 8}" d="M{x:.1f} {y:.1f}L{x0:.1f} {y0:.1f}{arc}Z"/>')
    return "".join(parts)


def _point(x: float, y: float, turn: float) -> tuple[float, float]:
    return x + _RADIUS * sin(2 * pi * turn), y - _RADIUS * cos(2 * pi * turn)
