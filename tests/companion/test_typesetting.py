"""Formulas typeset by the build."""

import pytest

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.site.typesetting import Typesetter, joined, shortened


@pytest.fixture(scope="module")
def memory(tmp_path_factory):
    return tmp_path_factory.mktemp("memory") / "formulas.json"


@pytest.fixture(scope="module")
def typesetter(memory):
    made = Typesetter(memory, {"norm": [r"\lVert #1\rVert", 1]})
    yield made
    made.close()


@pytest.mark.parametrize(
    ("formula", "mathml"),
    [
        ("x_1", "<msub><mi>x</mi><mn>1</mn></msub>"),
        (r"\norm{v}", "<mi>v</mi>"),
        (r"\begin{aligned}a&=b\\c&=d\end{aligned}", "<mtable"),
        (r"a<b", "<mo>&lt;</mo>"),
    ],
)
@pytest.mark.parametrize("display", [False, True])
def test_a_formula_is_drawn_and_has_mathml(typesetter, formula, mathml, display):
    html = typesetter.html(formula, display=display)
    assert html.startswith("<mjx-container") and mathml in html
    assert ('display="true"' in html.partition(">")[0]) is display
    assert "tabindex" not in html and "\\" not in html


@pytest.mark.parametrize("formula", [r"\frac{1}", r"\nosuchmacro", "{", r"\begin{aligned}a"])
def test_what_is_no_tex_is_refused(typesetter, formula):
    with pytest.raises(CompanionError, match=r"^the formula .* must be TeX that MathJax knows: .+\.$"):
        typesetter.html(formula, display=False)


def test_styles_hold_every_glyph_and_the_fonts(typesetter):
    styles = typesetter.styles()
    assert ".mjx-c1D465.TEX-I::before" in styles and 'url("mathjax/MathJax_Main-Regular.woff")' in styles


def test_what_was_typeset_is_remembered_unless_macros_change(tmp_path):
    path = tmp_path / "formulas.json"
    first = Typesetter(path, {})
    html = first.html("y^2", display=True)
    first.close()
    again = Typesetter(path, {})
    assert again.html("y^2", display=True) == html and again.engine is None
    assert Typesetter(path, {"a": "b"}).known == {}
    for damage in ("", "[]", "{"):
        path.write_text(damage)
        assert Typesetter(path, {}).known == {}


def test_equations_of_one_block_stand_under_each_other():
    assert joined("a = b") == "a = b"
    assert joined("a\n\nb") == r"\begin{aligned}a\\b\end{aligned}"
    assert joined("a\\\\b\n") == "\\begin{split}a\\\\b\n\\end{split}"


def test_what_says_nothing_is_left_out():
    assert shortened('<m style="top: -0.15em; left: 10.5em;" unselectable="on">') == '<m style="top:-.15em;left:10.5em">'
    assert shortened("<mrow><mi>x</mi></mrow><mrow><mi>x</mi><mi>y</mi></mrow>") == "<mi>x</mi><mrow><mi>x</mi><mi>y</mi></mrow>"
