"""A Mermaid flowchart as a picture: SVG made here, because nothing is fetched and no script is needed to see it."""

import textwrap
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from html import escape
from itertools import pairwise
from zlib import crc32

from nozzle.publish.flowchart import Chart, Edge, Vertex, read
from nozzle.publish.layers import layout

_CHAR, _LINE, _PAD = 7.2, 17.0, 11.0
_LOOSE, _TIGHT = 18, 11  # characters in a line of a box: where there is room, and where a row is wide
_MEASURE = 650.0  # the width of a column of text
_BETWEEN = 46.0  # layers
_MARGIN = 10.0

Point = tuple[float, float]


@dataclass(frozen=True)
class _Box:
    vertex: Vertex
    rows: Sequence[str]
    width: float
    height: float
    middle: Point = (0.0, 0.0)


@lru_cache(maxsize=256)
def svg(source: str) -> str | None:
    """Return a diagram as SVG; None when its source is not understood."""
    chart = read(source)
    if chart is None:
        return None
    name = f"d{crc32(source.encode(errors='replace')):08x}"
    loose = _Picture(chart, name, _LOOSE)
    return (loose if loose.size[0] <= _MEASURE else _Picture(chart, name, _TIGHT)).draw()


class _Picture:
    def __init__(self, chart: Chart, name: str, wrap: int) -> None:
        self.chart, self.name = chart, name
        boxes = {vertex.name: _box(vertex, wrap) for vertex in chart.vertices.values()}
        self.sizes = {name: box.height if chart.across else box.width for name, box in boxes.items()}
        self.plan = layout(self.sizes, [(edge.start, edge.stop) for edge in chart.edges])
        self.tops, self.deep = self._depths(boxes)
        self.boxes = {name: self._put(box, name) for name, box in boxes.items()}
        self.wide = max(self.plan.along[name] + self.sizes[name] / 2 for name in boxes)

    def _depths(self, boxes: dict[str, _Box]) -> tuple[list[float], float]:
        """Return the middle of every layer, and the whole depth."""
        count = max(self.plan.layer.values()) + 1
        thick = [0.0] * count
        for name, box in boxes.items():
            layer = self.plan.layer[name]
            thick[layer] = max(thick[layer], box.width if self.chart.across else box.height)
        said = max((_width(edge.words) for edge in self.chart.edges), default=0.0)
        between = max(_BETWEEN, said + 24 if self.chart.across and said else 0.0)
        tops: list[float] = []
        at = 0.0
        for size in thick:
            tops.append(at + size / 2)
            at += size + between
        return tops, at - between

    def _point(self, name: str) -> Point:
        along, depth = self.plan.along[name], self.tops[self.plan.layer[name]]
        depth = self.deep - depth if self.chart.reverse else depth
        return (depth, along) if self.chart.across else (along, depth)

    def _put(self, box: _Box, name: str) -> _Box:
        return _Box(box.vertex, box.rows, box.width, box.height, self._point(name))

    @property
    def size(self) -> Point:
        return (self.deep, self.wide) if self.chart.across else (self.wide, self.deep)

    def draw(self) -> str:
        width, height = self.size
        loops = 30.0 if any(edge.start == edge.stop for edge in self.chart.edges) else 0.0
        width, height = width + 2 * _MARGIN + loops, height + 2 * _MARGIN
        words = "; ".join(f"{self._said(edge.start)} to {self._said(edge.stop)}" for edge in self.chart.edges)
        style = "flowchart big" if width > _MEASURE else "flowchart"
        frame = (
            f'viewBox="{-_MARGIN:g} {-_MARGIN:g} {width:.0f} {height:.0f}" width="{width:.0f}" height="{height:.0f}"'
        )
        lines, labels = zip(*map(self._edge, self.chart.edges), strict=True) if self.chart.edges else ((), ())
        shapes = "".join(map(_shape, self.boxes.values()))
        about = escape(words or ", ".join(map(self._said, self.boxes)))
        marks = f'<defs><marker id="{self.name}" {_ARROW}</marker></defs>'
        return (
            f'<svg class="{style}" {frame} role="img" aria-label="Diagram: {about}">{marks}'
            f"{''.join(lines)}{shapes}{''.join(labels)}</svg>"
        )

    def _said(self, name: str) -> str:
        return self.chart.vertices[name].words.replace("\n", " ")

    def _edge(self, edge: Edge) -> tuple[str, str]:
        if edge.start == edge.stop:
            return self._loop(edge), ""
        path = self.plan.paths.get((edge.start, edge.stop))
        names = list(path) if path else list(self.plan.paths[edge.stop, edge.start])[::-1]
        points = [self._point(name) for name in names]
        points[0] = self._port(self.boxes[edge.start], points[1])
        points[-1] = self._port(self.boxes[edge.stop], points[-2])
        ends = f' marker-end="url(#{self.name})"' if edge.arrow else ""
        ends += f' marker-start="url(#{self.name})"' if edge.both else ""
        return f'<path class="edge {edge.line}" d="{self._curve(points)}"{ends}/>', _label(edge.words, points)

    def _loop(self, edge: Edge) -> str:
        (x, y), box = self.boxes[edge.start].middle, self.boxes[edge.start]
        right = x + box.width / 2
        far = right + 34
        curve = f"M{right:.1f} {y - 8:.1f}C{far:.1f} {y - 22:.1f} {far:.1f} {y + 22:.1f} {right:.1f} {y + 8:.1f}"
        return f'<path class="edge {edge.line}" d="{curve}" marker-end="url(#{self.name})"/>'

    def _port(self, box: _Box, towards: Point) -> Point:
        (x, y), (to_x, to_y) = box.middle, towards
        if self.chart.across:
            return (x + (box.width if to_x > x else -box.width) / 2, y)
        return (x, y + (box.height if to_y > y else -box.height) / 2)

    def _curve(self, points: Sequence[Point]) -> str:
        parts = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
        for (x, y), (to_x, to_y) in pairwise(points):
            half_x, half_y = (x + to_x) / 2, (y + to_y) / 2
            bend = (half_x, y, half_x, to_y) if self.chart.across else (x, half_y, to_x, half_y)
            parts.append("C" + " ".join(f"{value:.1f}" for value in (*bend, to_x, to_y)))
        return "".join(parts)


_ARROW = (
    'viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto-start-reverse">'
    '<path class="head" d="M0 0L10 5L0 10z"/>'
)


def _width(words: str) -> float:
    return _CHAR * max((_columns(row) for row in words.split("\n")), default=0)


def _columns(row: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in row)


def _box(vertex: Vertex, wrap: int) -> _Box:
    rows = [
        row for part in vertex.words.split("\n") for row in textwrap.wrap(part, wrap, break_long_words=False) or [""]
    ]
    width, height = _width("\n".join(rows)) + 2 * _PAD, _LINE * len(rows) + _PAD
    if vertex.shape == "circle":
        width = height = max(width, height)
    if vertex.shape == "diamond":
        width, height = width * 1.35 + 10, height * 1.7
    if vertex.shape in ("hexagon", "slant", "stadium"):
        width += 14
    return _Box(vertex, rows, max(width, 44.0), height)


def _shape(box: _Box) -> str:
    (x, y), wide, high = box.middle, box.width / 2, box.height / 2
    left, top, right, low = x - wide, y - high, x + wide, y + high
    corners = {
        "diamond": [(x, top), (right, y), (x, low), (left, y)],
        "hexagon": [(left + 12, top), (right - 12, top), (right, y), (right - 12, low), (left + 12, low), (left, y)],
        "slant": [(left + 10, top), (right, top), (right - 10, low), (left, low)],
    }.get(box.vertex.shape)
    if corners:
        shape = f'<polygon points="{" ".join(f"{a:.1f},{b:.1f}" for a, b in corners)}"/>'
    elif box.vertex.shape == "circle":
        shape = f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{wide:.1f}"/>'
    else:
        round_ = {"round": 10.0, "stadium": high, "store": 14.0}.get(box.vertex.shape, 4.0)
        size = f'width="{box.width:.1f}" height="{box.height:.1f}" rx="{round_:g}"'
        shape = f'<rect x="{left:.1f}" y="{top:.1f}" {size}/>'
    first = y - _LINE * (len(box.rows) - 1) / 2
    rows = "".join(
        f'<tspan x="{x:.1f}" y="{first + _LINE * at:.1f}">{escape(row)}</tspan>' for at, row in enumerate(box.rows)
    )
    return f'<g class="node">{shape}<text>{rows}</text></g>'


def _label(words: str, points: Sequence[Point]) -> str:
    if not words:
        return ""
    at = len(points) // 2
    x, y = (points[at - 1][0] + points[at][0]) / 2, (points[at - 1][1] + points[at][1]) / 2
    width = _width(words) * 0.9 + 8
    back = f'<rect x="{x - width / 2:.1f}" y="{y - 9:.1f}" width="{width:.1f}" height="18"/>'
    said = escape(words.replace("\n", " "))
    return f'<g class="said">{back}<text x="{x:.1f}" y="{y:.1f}">{said}</text></g>'
