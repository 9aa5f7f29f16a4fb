"""Mermaid's flowcharts, conversations and pies as pictures, and what is left as its source."""

import re
from html import escape
from xml.etree.ElementTree import fromstring

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nozzle.publish import diagram, pie, sequence
from nozzle.publish.flowchart import read
from nozzle.publish.layers import layout
from nozzle.publish.live import render


def boxes(svg: str) -> dict[str, tuple[float, float, float, float]]:
    """Words -> left, top, width, height of every plain box."""
    found = {}
    for group in fromstring(svg).iter("g"):
        rect = group.find("rect")
        if group.get("class") == "node" and rect is not None:
            words = " ".join(span.text or "" for span in group.iter("tspan"))
            found[words] = tuple(float(rect.get(key, "0")) for key in ("x", "y", "width", "height"))
    return found  # type: ignore[return-value]


def test_a_chart_reads_its_nodes_and_edges() -> None:
    chart = read(
        "graph TB; A[Start] --> B{ok?}\n%% a comment\nB -- yes --> C & D\nB -.->|no| A\nC ==> D((end))\nD --- A"
    )
    assert chart is not None
    assert {name: (one.words, one.shape) for name, one in chart.vertices.items()} == {
        "A": ("Start", "box"),
        "B": ("ok?", "diamond"),
        "C": ("C", "box"),
        "D": ("end", "circle"),
    }
    edges = [(e.start, e.stop, e.words, e.line, e.arrow) for e in chart.edges]
    assert edges == [
        ("A", "B", "", "plain", True),
        ("B", "C", "yes", "plain", True),
        ("B", "D", "yes", "plain", True),
        ("B", "A", "no", "dotted", True),
        ("C", "D", "", "thick", True),
        ("D", "A", "", "plain", False),
    ]


@pytest.mark.parametrize(
    "source",
    [
        "",
        "graph",
        "sequenceDiagram\nA->>B: x",
        "graph TB\nsubgraph s\nA\nend",
        "graph TB\nA -->",
        "graph TB\nA[open",
        "pie",
    ],
)
def test_what_is_not_understood_is_no_picture(source: str) -> None:
    assert diagram.svg(source) is None


@pytest.mark.parametrize(
    ("source", "why"),
    [
        ("gantt\n  title <a>", "'gantt' is of a kind that is not drawn here"),
        ("<b>\n", "'<b>' is of a kind that is not drawn here"),
        ("%% nothing", "it is empty"),
        ('pie\n  "a" : 1\n  "b" : c', "line 3 does not parse"),
        ("sequenceDiagram\n  A->>B: hi\n  end", "line 3 does not parse"),
        ("flowchart LR\n  subgraph x\n  A --> B\n  end", "it does not parse, or says what is not drawn here"),
    ],
)
def test_what_is_not_drawn_stands_as_its_source_and_says_why(source: str, why: str) -> None:
    (_, page), *_ = render("a.md", f"```mermaid\n{source}\n```\n")[1]
    assert f'tabindex="0">{escape(source.rstrip(), quote=False)}</pre>' in page
    assert escape(f"is not drawn: {why}.") in page


def test_boxes_never_overlap_and_layers_follow_the_direction() -> None:
    rows = "\n".join(f"N{a} --> N{b}" for a in range(12) for b in (2 * a + 1, 2 * a + 2, (7 * a) % 20) if a != b)
    for way, axis in (("TB", 1), ("LR", 0)):
        svg = diagram.svg(f"graph {way}\n{rows}")
        assert svg is not None
        found = list(boxes(svg).items())
        for at, (_, (x, y, w, h)) in enumerate(found):
            for _, (x2, y2, w2, h2) in found[at + 1 :]:
                assert x + w <= x2 or x2 + w2 <= x or y + h <= y2 or y2 + h2 <= y
        assert boxes(svg)["N0"][axis] <= min(place[axis] for place in boxes(svg).values()) + 1


def test_a_cycle_and_a_loop_are_drawn() -> None:
    svg = diagram.svg("flowchart LR\nA --> B --> C --> A\nB --> B")
    assert svg is not None
    assert len(re.findall('class="edge', svg)) == 4


def test_an_edge_over_layers_passes_through_each() -> None:
    plan = layout({"a": 10.0, "b": 10.0, "c": 10.0}, [("a", "b"), ("b", "c"), ("a", "c")])
    assert [plan.layer[name] for name in "abc"] == [0, 1, 2]
    assert len(plan.paths["a", "c"]) == 3


def test_a_tree_stands_above_its_children() -> None:
    plan = layout({"a": 10.0, "b": 10.0, "c": 30.0}, [("a", "b"), ("a", "c")])
    assert plan.along["a"] == pytest.approx((plan.along["b"] + plan.along["c"]) / 2)


TALK = """sequenceDiagram
    participant A as Alice
    actor Bob
    %% a comment
    A->>Bob: Hello <b>Bob</b>, how are you?
    Bob-->>-A: Fine
    loop Every minute
    A-xBob: ping
    end
    Note over A,Bob: a note
    alt good
    Bob->>Bob: think
    else bad
    Bob--)C: lost
    end
"""


def test_a_conversation_is_drawn_from_top_to_bottom() -> None:
    svg = fromstring(str(sequence.svg(TALK)))
    people = [str(group.findtext("text")) for group in svg.iter("g") if group.get("class") == "node"]
    assert people == ["Alice", "Bob", "C"]
    said = [text.text for text in svg.findall("text")]
    assert said[:4] == ["Hello <b>Bob</b>, how are you?", "Fine", "loop [Every minute]", "ping"]
    assert said[4:] == ["alt [good]", "think", "else [bad]", "lost"]
    heights = [float(text.get("y", "0")) for text in svg.findall("text")]
    assert heights == sorted(heights)
    assert len([rect for rect in svg.iter("rect") if rect.get("class") == "frame"]) == 2
    assert "Alice to Bob: Hello <b>Bob</b>, how are you?; Bob to Alice: Fine" in str(svg.get("aria-label"))


def test_a_conversation_stays_inside_its_picture() -> None:
    svg = fromstring(str(sequence.svg(TALK + "Note left of A: " + "far " * 20 + "\nNote right of C: " + "far " * 30)))
    width = float(str(svg.get("width")))
    for rect in svg.iter("rect"):
        left = float(rect.get("x", "0"))
        assert 0 <= left <= left + float(rect.get("width", "0")) <= width


def test_a_pie_is_drawn_with_its_shares() -> None:
    svg = fromstring(str(pie.svg('pie showData title Pets & co\n"Dogs" : 3\n"Cats" : 1\n"None" : 0')))
    assert [text.text for text in svg.iter("text")] == [
        "Pets & co",
        "Dogs (3, 75 %)",
        "Cats (1, 25 %)",
        "None (0, 0 %)",
    ]
    assert [path.get("class") for path in svg.iter("path")] == ["slice-0", "slice-1"]
    assert fromstring(str(pie.svg('pie\n"All" : 2.5'))).find("circle") is not None


@pytest.mark.parametrize(
    "source",
    [
        "sequenceDiagram",
        "sequenceDiagram\nA->>B",
        "sequenceDiagram\nloop x\nA->>B: y",
        "sequenceDiagram\nA->>B: y\nend",
        "sequenceDiagram\nelse\nA->>B: y",
        "sequenceDiagram\nbox Purple\nA->>B: y\nend",
        "pie",
        'pie\n"a" : 0',
        'pie\n"a" : -1',
        'pie\n"a" : 1\nwhat',
    ],
)
def test_what_is_no_conversation_or_pie_for_certain_is_no_picture(source: str) -> None:
    assert (sequence.svg(source), pie.svg(source)) == (None, None)


@given(st.lists(st.text(alphabet='ABab->x)(:+ ,<\n"0123456789', max_size=30), max_size=8))
def test_any_source_is_drawn_as_xml_or_not_at_all(rows: list[str]) -> None:
    for head, svg in (("sequenceDiagram", sequence.svg), ("pie", pie.svg)):
        drawn = svg("\n".join([head, *rows]))
        assert drawn is None or fromstring(drawn) is not None
