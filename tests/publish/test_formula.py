r"""Formulas mean on the page what TeX means, or are shown as TeX, and then the author is told."""

import re

import pytest

from nozzle.document.mdast import parse
from nozzle.publish.flowchart import read
from nozzle.publish.formula import mathml, undrawn
from nozzle.publish.strange import strange


def words(tex: str, display: bool = True) -> str:
    """What stands in a formula, without the tags."""
    return re.sub(r"<[^>]*>", "", mathml(tex, display))


def test_an_operator_has_its_name_upright_and_its_limits_below() -> None:
    shown = mathml(r"\operatorname*{arg\,min}_{x} f", True)
    assert re.search(
        r'<munder><mo [^>]*movablelimits="true"[^>]*>arg\u2009min</mo><mrow><mi>x</mi></mrow></munder>', shown
    )
    assert "<munder><mo>max</mo>" in mathml(r"\max_x f", True)
    assert "<msub><mo>max</mo>" in mathml(r"\max_x f", False)
    assert "<msub><mo" in mathml(r"\operatorname{tr}_x A", True)


def test_bars_grow_only_where_they_are_told_to() -> None:
    plain = mathml(r"\sum_i \lVert x_i \rVert", True)
    assert plain.count('<mo stretchy="false">‖</mo>') == 2
    assert mathml(r"\left\| \sum_i x_i \right\|", True).count('stretchy="true"') == 2
    assert words(r"\bigl\| x \bigr\|") == "‖x‖"
    assert 'stretchy="false">[' not in mathml(r"\begin{bmatrix}1\\2\end{bmatrix}", True)


@pytest.mark.parametrize(
    ("tex", "sign"), [(r"\not=", "≠"), (r"\not\in", "∉"), (r"\not\approx", "≉"), (r"\not<", "≮"), (r"\not\ll", "≪̸")]
)
def test_what_is_struck_out_is_one_sign(tex: str, sign: str) -> None:
    assert words(f"a {tex} b") == f"a{sign}b"


def test_letters_of_another_kind_are_letters_of_their_own() -> None:
    assert words(r"\newcommand{\R}{\mathbb R}\R") == "ℝ"
    assert words(r"\boldsymbol{\theta}\bm{x}") == "𝜽𝒙"


def test_rules_boxes_and_strokes_are_left_to_the_style_sheet() -> None:
    table = mathml(r"\begin{array}{c|c} a & b \\ \hline c & d \end{array}", True)
    assert all(
        each in table for each in ('class="ruled-right ruled-below"', 'class="ruled-below"', 'class="ruled-right"')
    )
    assert table.count("class=") == 3
    assert '<mrow class="boxed">' in mathml(r"\boxed{x}", True)
    assert '<mrow class="struck">' in mathml(r"\cancel{x}", True)


def test_a_formula_within_words_is_one() -> None:
    assert words(r"\text{if $x>0$ or }y").replace("\u00a0", " ") == "if x&gt;0 or y"


def test_a_dollar_that_is_meant_as_one_stays_one() -> None:
    assert words(r"\text{price \$5 per item}").replace("\u00a0", " ") == "price $5 per item"
    assert words(r"\text{\$5 a day, $x$ a night}").replace("\u00a0", " ") == "$5 a day, x a night"


@pytest.mark.parametrize(
    "tex", [r"x = \left", r"\left", r"\left(", r"\begin{align}", r"\frac", r"\sqrt[", r"\text{", "^"]
)
def test_what_is_half_typed_is_shown_as_it_stands(tex: str) -> None:
    assert mathml(tex, True).startswith(("<code", "<math"))


def test_equations_stand_alone_without_dollars_and_number_nothing() -> None:
    (math,) = parse("Before.\n\n\\begin{align}\na &= b \\label{one} \\\\\nc &= d \\tag{7}\n\\end{align}\n")["mdast"][
        "children"
    ][1:]
    assert math["type"] == "math"
    shown = mathml(math["value"], True)
    assert shown.count("<mtr>") == 2
    assert words(math["value"]).replace("\u2003", "") == "a=bc=d(7)"


def test_what_cannot_be_drawn_is_told_with_its_line() -> None:
    text = "# T\n\nOne $x$.\n\n$$\n\\foo{x} + 1\n$$\n"
    assert undrawn(r"\foo{x}", True) == r"\foo is not known"
    ((line, told),) = strange(text, parse(text)["mdast"])
    assert line == 6
    assert told == r"the formula '\\foo{x} + 1' cannot be drawn (\foo is not known): it is shown as it is written"


@pytest.mark.parametrize("edge", ["C--no-->A", "C-- no -->A", "C==no==>A", "C-.no.->A"])
def test_a_label_needs_no_blanks_around_it(edge: str) -> None:
    chart = read(f"graph TD; {edge}")
    assert chart is not None
    ((found,), names) = chart.edges, list(chart.vertices)
    assert (found.start, found.stop, found.words, names) == ("C", "A", "no", ["C", "A"])
    assert read("graph TD; A--oB; B--xC") is not None


def test_the_argument_and_fractions_in_the_line_are_drawn() -> None:
    assert re.search(r"<mo[^>]*>arg</mo><mi>z</mi>", mathml(r"\arg z", False))
    shown = mathml(r"\arg\max_x f", True)
    assert re.search(r"<mo[^>]*>arg</mo><munder><mo>max</mo><mi>x</mi></munder>", shown)
    for tex in (r"\nicefrac{1}{2n}", r"\sfrac 1{2n}"):
        assert re.search(r"<mn>1</mn>.*<mo[^>]*>/</mo>.*<mn>2</mn><mi>n</mi>", mathml(tex, False))
