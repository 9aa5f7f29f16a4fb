"""Mermaid's flowcharts, read: nodes, edges and their labels. Anything else in the source is `None`, never a guess."""

import re
from dataclasses import dataclass, field

_HEAD = re.compile(r"(?:graph|flowchart)(?:[ \t]+(TB|TD|BT|LR|RL))?[ \t]*(?:;(.*))?$")
_STYLING = re.compile(r"(?:classDef|class|style|linkStyle|click|accTitle|accDescr)\b")
_NAME = re.compile(r"[^\W_][\w]*(?:[-.](?=\w)[\w]+)*|_[\w]+")
_CLASS = re.compile(r":::[\w-]+")
_SHAPES = (  # opening, closing, shape: the longer ones first
    ("(((", ")))", "circle"),
    ("((", "))", "circle"),
    ("([", "])", "stadium"),
    ("[[", "]]", "box"),
    ("[(", ")]", "store"),
    ("[/", "/]", "slant"),
    ("[\\", "\\]", "slant"),
    ("{{", "}}", "hexagon"),
    ("(", ")", "round"),
    ("[", "]", "box"),
    ("{", "}", "diamond"),
    (">", "]", "box"),
)
_EDGE = re.compile(
    r"(?P<tail><|[xo](?=-|=))?"
    r"(?:(?P<line>-{2,}|={2,}|-\.+-?)(?P<head>[>xo](?![\w])|>)?(?:[ \t]*\|(?P<said>[^|]*)\|)?)"
)
_WORDED = re.compile(
    r"(?P<tail><)?(?P<line>--|==|-\.)(?:[ \t]+|(?=[^-=.|>xo\s]))(?P<said>[^-=.|>\n][^|>\n]*?)[ \t]*"
    r"(?P<end>-{2,}|={2,}|\.+-)(?P<head>>|[xo](?!\w))?"
)
_BREAK = re.compile(r"<br\s*/?>|\\n", re.I)
_LIMIT = 150


@dataclass
class Vertex:
    name: str
    words: str
    shape: str = "box"


@dataclass(frozen=True)
class Edge:
    start: str
    stop: str
    words: str = ""
    line: str = "plain"  # plain | dotted | thick
    arrow: bool = True
    both: bool = False


@dataclass
class Chart:
    across: bool  # layers stand side by side instead of one below the other
    reverse: bool
    vertices: dict[str, Vertex] = field(default_factory=dict)
    edges: list[Edge] = field(default_factory=list)


class _NotUnderstood(ValueError):
    """The source says something this reader does not know."""


def read(source: str) -> Chart | None:
    """Return the chart a source describes; None when any of it is not understood."""
    rows = [row for row in (line.strip() for line in source.split("\n")) if row and not row.startswith("%%")]
    head = _HEAD.match(rows[0]) if rows else None
    if head is None:
        return None
    way = head[1] or "TB"
    chart = Chart(way in ("LR", "RL"), way in ("BT", "RL"))
    try:
        for row in [head[2] or "", *rows[1:]]:
            if row and not _STYLING.match(row):
                _Line(row, chart).read()
    except _NotUnderstood:
        return None
    return chart if 0 < len(chart.vertices) <= _LIMIT and len(chart.edges) <= 2 * _LIMIT else None


class _Line:
    """One line: groups of nodes with edges between them."""

    def __init__(self, row: str, chart: Chart) -> None:
        self.row, self.at, self.chart = row, 0, chart

    def read(self) -> None:
        group = self._group()
        while not self._done():
            if self._take(";"):
                if self._done():
                    return
                group = self._group()
                continue
            edge = self._edge()
            following = self._group()
            for start in group:
                for stop in following:
                    self.chart.edges.append(Edge(start, stop, *edge))
            group = following

    def _done(self) -> bool:
        self._blanks()
        return self.at >= len(self.row)

    def _blanks(self) -> None:
        while self.at < len(self.row) and self.row[self.at] in " \t":
            self.at += 1

    def _take(self, mark: str) -> bool:
        self._blanks()
        taken = self.row.startswith(mark, self.at)
        self.at += len(mark) if taken else 0
        return taken

    def _match(self, pattern: re.Pattern[str]) -> re.Match[str] | None:
        found = pattern.match(self.row, self.at)
        self.at = found.end() if found else self.at
        return found

    def _group(self) -> list[str]:
        names = [self._vertex()]
        while self._take("&"):
            names.append(self._vertex())
        return names

    def _vertex(self) -> str:
        self._blanks()
        found = self._match(_NAME)
        if found is None or found[0] in ("subgraph", "end", "direction"):
            raise _NotUnderstood
        vertex = self.chart.vertices.setdefault(found[0], Vertex(found[0], found[0]))
        for opening, closing, shape in _SHAPES:
            if self.row.startswith(opening, self.at):
                vertex.words, vertex.shape = self._label(opening, closing), shape
                break
        self._match(_CLASS)
        return found[0]

    def _label(self, opening: str, closing: str) -> str:
        start = self.at + len(opening)
        quoted = self.row.startswith('"', start)
        stop = self.row.find(f'"{closing}' if quoted else closing, start + quoted)
        if stop < 0:
            raise _NotUnderstood
        self.at = stop + len(closing) + quoted
        return _words(self.row[start + quoted : stop])

    def _edge(self) -> tuple[str, str, bool, bool]:
        self._blanks()
        found = self._match(_WORDED) or self._match(_EDGE)
        if found is None:
            raise _NotUnderstood
        line = {"=": "thick", ".": "dotted"}.get(found["line"][1], "plain")
        return _words(found["said"] or ""), line, bool(found["head"]), bool(found["tail"])


def _words(source: str) -> str:
    return _BREAK.sub("\n", source.strip().strip('"`')).replace("#quot;", '"')
