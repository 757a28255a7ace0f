"""Feedback pages stand alone and run nothing: formulas are in them, and nothing else than what is allowed."""

import html
import re

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


def test_pages_forbid_what_might_slip_through():
    soup = BeautifulSoup(page("<title>", "<p>x</p>"), "html.parser")
    policy = soup.select_one("meta[http-equiv=Content-Security-Policy]")["content"]
    assert "default-src 'none'" in policy and "script" not in policy and "http" not in policy
    assert soup.title.string == "<title>"
