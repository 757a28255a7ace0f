"""The site as readers load it, from one as Sphinx makes it."""

import io
import json
import os
import subprocess
import sys

import pytest
from fontTools.ttLib import TTFont
from PIL import Image

from learning_dynamics.companion.site.delivery import deliver
from learning_dynamics.companion.site.head import LONGEST, description, plain_title
from learning_dynamics.companion.site.search_data import read_page
from learning_dynamics.companion.site.styles import characters, cut_font, lean_styles
from learning_dynamics.companion.site.typesetting import FONTS_OF_THE_PACKAGE, mathjax_folder

PAGE = """<!DOCTYPE html>
<html lang="en" data-content_root="../">
<head>
<link href="../_static/one.css?v=1" rel="stylesheet" />
<link rel="stylesheet" type="text/css" href="../_static/two.css" />
<script defer src="../_static/fontawesome.js"></script>
<script src="../_static/own.js?v=2"></script>
<script>DOCUMENTATION_OPTIONS.pagename = 'book/page';</script>
</head>
<body><article><section id="top"><h1>1. A title<a class="headerlink" href="#top">#</a></h1>
<p>First words with <mjx-math><mjx-c>drawn</mjx-c></mjx-math><math><mi>x</mi></math>.</p>
<section id="part"><h2>A part</h2><pre>code</pre><p class="used">More.</p>
<img src="../_images/a.png" alt="first"><img src="../_images/a.png" alt="second"></section></section></article>
<p class="copyright">ours</p></body>
</html>
"""


@pytest.fixture
def made(tmp_path):
    folder = tmp_path / "made"
    for name in ("book", "_static", "_images"):
        (folder / name).mkdir(parents=True)
    (folder / "book" / "page.html").write_text(PAGE)
    (folder / "_static" / "one.css").write_text('@import "three.css";\n.used { color: red } .unused { color: blue }')
    (folder / "_static" / "three.css").write_text(".imported, p { margin: 0 }")
    (folder / "_static" / "two.css").write_text(
        ".added::after { content: 'x' } #gone { top: 0 } @media print { .gone { top: 0 } }"
    )
    (folder / "_static" / "own.js").write_text("document.body.classList.add('added')")
    (folder / "_static" / "fontawesome.js").write_text("icons")
    Image.new("RGB", (30, 20)).save(folder / "_images" / "a.png")
    return folder


@pytest.fixture
def delivered(made, tmp_path):
    deliver(made, tmp_path / "new", version="Version 1")
    return tmp_path / "new"


def test_a_page_loads_one_style_sheet_and_one_script(delivered):
    page = (delivered / "book" / "page.html").read_text()
    assert page.count('<link rel="stylesheet"') == page.count("<script defer") == 1
    assert "DOCUMENTATION_OPTIONS" not in page and "fontawesome" not in page
    assert sorted(path.name for path in (delivered / "_static").iterdir()) == ["searchdata.js", "site.css", "site.js"]
    assert (delivered / "_static" / "site.js").read_text() == "document.body.classList.add('added')"


def test_rules_stay_where_a_page_or_a_script_has_their_names(delivered):
    styles = (delivered / "_static" / "site.css").read_text()
    for name, there in {"used": True, "unused": False, "imported": False, "added": True, "gone": False}.items():
        assert (f".{name}" in styles) is there, name
    assert "p{margin: 0}" in styles


def test_pictures_have_a_size_and_later_ones_wait(delivered):
    page = (delivered / "book" / "page.html").read_text()
    assert page.count('width="30" height="20"') == 2 and page.count('loading="lazy"') == 1
    assert page.index('alt="first"') < page.index('loading="lazy"')


def test_the_version_stands_in_the_footer_and_metadata_in_the_head(delivered):
    page = (delivered / "book" / "page.html").read_text()
    assert '<p class="version">Version 1</p>' in page
    assert '<meta name="description" content="First words with x. More.">' in page
    assert '<meta property="og:title" content="A title">' in page
    data = json.loads(page.partition('<script type="application/ld+json">')[2].partition("</script>")[0])
    assert data["@type"] == "WebPage" and data["name"] == "A title"
    assert "og:url" not in page and "og:image" not in page
    assert (delivered / "404.html").exists()


def test_with_an_address_the_picture_and_the_page_have_theirs(made, tmp_path):
    deliver(made, tmp_path / "new", base="https://example.org/shelf/")
    page = (tmp_path / "new" / "book" / "page.html").read_text()
    assert '<meta property="og:url" content="https://example.org/shelf/book/page.html">' in page
    assert '<meta property="og:image" content="https://example.org/shelf/_images/a.png">' in page
    assert '<base href="https://example.org/shelf/">' in (tmp_path / "new" / "404.html").read_text()


def contents(folder):
    """Every file below a folder, and None for a folder."""
    return {path.relative_to(folder): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


def test_delivery_twice_gives_the_same_bytes(made, tmp_path, delivered):
    """Also where sets have another order."""
    code = (
        "import sys; from pathlib import Path; from learning_dynamics.companion.site.delivery import deliver; "
        "deliver(Path(sys.argv[1]), Path(sys.argv[2]), version='Version 1')"
    )
    for seed in ("0", "1"):
        again = tmp_path / f"again {seed}"
        subprocess.run([sys.executable, "-c", code, made, again], env=os.environ | {"PYTHONHASHSEED": seed}, check=True)
        assert contents(again) == contents(delivered)


def test_what_the_search_knows_of_a_page():
    found = read_page(PAGE)
    assert found["title"] == "1. A title" and found["image"] == "../_images/a.png"
    assert [(part["id"], part["title"], part["text"]) for part in found["parts"]] == [
        ("", "1. A title", "First words with x."),
        ("part", "A part", "More."),
    ]
    assert read_page("<p>no article</p>") == {"title": "", "parts": [], "summary": "", "image": ""}


def test_a_font_holds_the_wanted_glyphs_and_stays_whole_where_it_has_none_of_them():
    folder = mathjax_folder() / FONTS_OF_THE_PACKAGE
    cut = cut_font(folder / "MathJax_Math-Italic.woff", {"x", "y", "→"})
    assert set(TTFont(io.BytesIO(cut)).getBestCmap()) == {ord("x"), ord("y")}
    assert len(cut) < 1500  # measured: 1356
    whole = TTFont(io.BytesIO(cut_font(folder / "MathJax_Zero.woff", {"x"})))
    assert len(whole.getGlyphOrder()) == len(TTFont(folder / "MathJax_Zero.woff").getGlyphOrder())


def test_characters_of_a_font_are_those_of_its_class():
    styles = '.mjx-c78.TEX-I::before{content:"x"}.mjx-c31::before{content:"\\31"}.fa-bars::before{content:"\\f0c9"}'
    assert characters(styles, "MJXTEX-I") == {"x", "\uf0c9"}
    assert characters(styles, "MJXTEX") == {"1", "\uf0c9"}
    assert characters(styles, "Icons") == {"\uf0c9"}


def test_glyphs_need_their_very_classes_and_unread_variables_go(tmp_path):
    path = tmp_path / "a.css"
    path.write_text(".mjx-c78.TEX-I::before{top:0}.mjx-c78.TEX-B::before{top:0}p{--unread:1;--read:2;left:var(--read)}")
    assert lean_styles([path], {"mjx-c78", "TEX-I", "TEX-B", "TEX-I mjx-c78", "p"}) == (
        ".mjx-c78.TEX-I::before{top:0}p{--read:2;left:var(--read)}"
    )


def test_descriptions_end_at_a_word():
    assert description("short") == "short"
    long = description("word " * 60)
    assert len(long) <= LONGEST and long.endswith("word…")
    assert plain_title("12. Finite networks") == "Finite networks" and plain_title("2.1. A") == "A"
