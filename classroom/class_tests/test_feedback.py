"""Feedback pages stand alone and run nothing: formulas are in them, and nothing else than what is allowed."""

import html
import re
import unicodedata

import pytest
from bs4 import BeautifulSoup

pytest.importorskip("latex2mathml")

from learning_dynamics.classroom.feedback import TAGS, cell_html, cleaned, page, rendered

PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
HOSTILE = [
    "<script>alert(1)</script>",
    "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "<img src=x onerror=alert(1)>",
    "<details open ontoggle=alert(1)>x</details>",
    "<iframe src=https://evil.example></iframe>",
    "<form action=https://evil.example><input name=x><button>x</button></form>",
    "<a href='javascript:alert(1)'>x</a><a href='JaVaScRiPt:alert(1)'>x</a><a href='data:text/html,x'>x</a>",
    "<base href=https://evil.example><link rel=stylesheet href=https://evil.example><meta http-equiv=refresh content=0>",
    "<object data=https://evil.example></object><embed src=https://evil.example>",
    "<style>@import url(https://evil.example)</style><p style='background:url(https://evil.example)'>x</p>",
    "<img src=https://evil.example/x.png><img srcset=https://evil.example/x.png>",
    "![x](https://evil.example/x.png) ![x](javascript:alert(1)) [x](javascript:alert(1)) <javascript:alert(1)>",
    "<math><mtext><script>alert(1)</script></mtext><mi xlink:href='javascript:alert(1)'>x</mi></math>",
    "<ScRiPt\n>alert(1)</sCrIpT\n><script>alert(1)",
    "$\\href{javascript:alert(1)}{x}$ $\\text{<script>alert(1)</script>}$ $\\class{x}{y}$ $<img src=x onerror=alert(1)>$",
    "<!--><img src=x onerror=alert(1)>-->",
    "<h1 onclick=alert(1) id=a class=b>Score: 30/30</h1>",
    "```\n<script>alert(1)</script>\n```",
]
MATH = {"math", "mrow", "mi", "mn", "mo", "mtext", "msub", "msup", "mfrac", "mspace", "mstyle"}
HARMLESS = {
    "title",
    "lang",
    "dir",
    "href",
    "src",
    "alt",
    "width",
    "height",
    "colspan",
    "rowspan",
    "scope",
    "class",
    "display",
    "xmlns",
    "stretchy",
    "mathvariant",
}


def test_formulas_become_mathml_and_code_stays():
    shown = rendered("If $a<b$, then $$\\frac{a}{b}<1$$ & so on. `$c$`\n\n```\ncost = \\$x + $y$\n```\n")
    assert shown.count("<math") == 2 and 'display="block"' in shown
    assert "<mfrac>" in shown and "$a" not in shown and "&amp; so on." in shown
    assert "<code>$c$</code>" in shown and "cost = \\$x + $y$" in shown


def test_stars_and_underscores_of_formulas_are_not_those_of_markdown():
    shown = rendered("*so* $a_1 * b_1 * c_1$ *and* $d_2$")
    assert shown.count("<em>") == 2 and shown.count("<msub>") == 4


@pytest.mark.parametrize("text", ["It costs 5 $ or 6 $.", "one $ alone", "$\\frac{$", "$$\\left($$"])
def test_what_is_no_tex_is_kept(text):
    assert html.unescape(re.sub("<.*?>", "", rendered(text))).strip() == text


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("made", [cleaned, rendered])
def test_nothing_active_passes(made, text):
    soup = BeautifulSoup(made(text), "html.parser")
    for tag in soup.find_all(True):
        assert tag.name in TAGS | MATH, tag
        assert set(tag.attrs) <= HARMLESS, tag
        assert not str(tag.get("src", "data:")).startswith(("http", "java", "//"))
        assert re.match(r"https?://|mailto:|#", tag.get("href", "#"))


@pytest.mark.parametrize(
    "data",
    [
        {"text/html": "<script>alert(1)</script>"},
        {"image/svg+xml": "<svg onload='alert(1)'/>"},
        {"image/png": "x' onerror='alert(1)"},
        {"text/plain": "<script>"},
    ],
)
def test_outputs_are_clean(data):
    shown = cell_html({"cell_type": "code", "source": "<script>", "outputs": [{"output_type": "display_data", "data": data}]})
    soup = BeautifulSoup(shown, "html.parser")
    assert not soup.select("script, svg, [onload], [onerror]")


def test_pictures_and_colours_of_outputs():
    outputs = [
        {"output_type": "display_data", "data": {"image/png": PIXEL, "text/plain": "<Figure>"}},
        {"output_type": "error", "ename": "E", "evalue": "x", "traceback": ["\x1b[31mE: x\x1b[0m"]},
        {"output_type": "stream", "name": "stderr", "text": "a warning"},
    ]
    shown = cell_html({"cell_type": "code", "source": "1/0", "outputs": outputs})
    assert f"data:image/png;base64,{PIXEL}" in shown and ">E: x</pre>" in shown and "warning" not in shown


def test_attachments_are_shown():
    assert PIXEL in rendered("![x](attachment:x.png)", {"x.png": {"image/png": PIXEL}})
    assert "attachment" not in rendered("![x](attachment:x.png)", {"x.png": {"text/html": "<b>"}}).replace('alt="x"', "")


NAMED = {"x.png", "r\u00e9s.png", "my plot.png", "plot (1).png", "100%.png", "it's.png", "a&b.png"}


@pytest.mark.parametrize("form", ["NFC", "NFD"])
@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('![b](attachment:r%C3%A9s.png "t")', "r\u00e9s.png"),
        ("![b](attachment:re\u0301s.png)", "r\u00e9s.png"),
        ("![b](attachment:r\u00e9s.png)", "r\u00e9s.png"),
        ("![b][r]\n\n[r]: attachment:r%c3%a9s.png", "r\u00e9s.png"),
        ('<img src="attachment:my plot.png">', "my plot.png"),
        ("<IMG alt='a > b' SRC = 'attachment:my%20plot.png' width=9/>", "my plot.png"),
        ("![b](attachment:my plot.png)", "my plot.png"),
        ("![b](<attachment:my plot.png> 't')", "my plot.png"),
        ("![plot (1).png](attachment:plot%20(1).png)", "plot (1).png"),
        ('![b](attachment:plot (1).png "t (u)")', "plot (1).png"),
        ("![b](attachment:100%.png)", "100%.png"),
        ("![b](attachment:it's.png)", "it's.png"),
        ('<img src="attachment:a&amp;b.png">', "a&b.png"),
    ],
)
def test_an_attached_picture_is_found_however_its_name_is_written(text, key, form):
    kept = {unicodedata.normalize(form, each): {"image/png": "AAAA"} for each in NAMED - {key}}
    kept[unicodedata.normalize(form, key)] = {"text/plain": "x", "image/png": [PIXEL[:20] + "\n", PIXEL[20:]]}
    (picture,) = BeautifulSoup(rendered(f"one\n\n{text}\n\ntwo", kept), "html.parser").select("img")
    assert picture["src"] == f"data:image/png;base64,{PIXEL}"


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("![c](attachment:none.png)", "[the picture none.png is not attached to this cell]"),
        ("![c](attachment:ke%CC%81y.png)", "[the picture k\u00e9y.png is not attached to this cell]"),
        ('<img src="attachment:<b>.png">', "[the picture <b>.png is not attached to this cell]"),
        ("![c](attachment:x.png)", "[the picture x.png cannot be shown: what is attached is no picture]"),
        ("![c](attachment:y.png)", "[the picture y.png is not attached to this cell]"),
        ("![c](plot.png)", "[a picture that is not in the notebook is not shown: plot.png]"),
        ("<img srcset=x>", "[a picture that is not in the notebook is not shown: it has no address]"),
    ],
)
def test_a_note_stands_for_a_picture_that_is_not_there(text, note):
    soup = BeautifulSoup(rendered(text, {"x.png": {"text/html": "<b>"}, "y.png": None}), "html.parser")
    assert soup.get_text().strip() == note and not soup.select("img, b")
    assert rendered(text).count("<em>") == 1 and len(rendered(f"![x](attachment:{'n' * 9999}.png)")) < 300


def test_code_and_odd_attachments_stay():
    assert "<code>![x](attachment:x.png)</code>" in rendered("`![x](attachment:x.png)`", {"x.png": {"image/png": PIXEL}})
    for odd in ([], "x", {"x.png": []}, {"x.png": {"image/png": None}}):
        assert "[the picture x.png" in rendered("![x](attachment:x.png)", odd)
    shown = cell_html({"cell_type": "code", "source": "", "outputs": [HTML]})
    assert "[a picture that is not in the notebook is not shown: plot.png]" in shown


HTML = {"output_type": "display_data", "data": {"text/html": "<img src='plot.png'>"}}


@pytest.mark.parametrize("formula", ["a<b", '"onerror=alert(1) \\frac{', "'\"><script>alert(1)</script>"])
def test_a_formula_in_the_words_for_a_picture_is_text(formula):
    soup = BeautifulSoup(rendered(f"![the ${formula}$ curve](attachment:x.png)", {"x.png": {"image/png": PIXEL}}), "html.parser")
    (picture,) = soup.select("img")
    assert set(picture.attrs) == {"src", "alt"} and picture["alt"] == f"the ${formula}$ curve" and not soup.select("math, script")


def test_pages_forbid_what_might_slip_through():
    soup = BeautifulSoup(page("<title>", "<p>x</p>"), "html.parser")
    policy = soup.select_one("meta[http-equiv=Content-Security-Policy]")["content"]
    assert "default-src 'none'" in policy and "script" not in policy and "http" not in policy
    assert soup.title.string == "<title>"
