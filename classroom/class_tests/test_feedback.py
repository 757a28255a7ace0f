"""Feedback pages stand alone: one file, formulas included."""

import re

import pytest

pytest.importorskip("latex2mathml")

from learning_dynamics.classroom.feedback import self_contained  # noqa: E402


def test_formulas_become_mathml_and_code_stays():
    page = self_contained(r"<p>If $a&lt;b$, then $$\frac{a}{b}&lt;1$$ &amp; so on.</p><pre>cost = \$x + $y$</pre>")
    assert page.count("<math") == 2 and 'display="block"' in page
    assert "<mfrac>" in page and "$a" not in page and "&amp; so on." in page
    assert r"<pre>cost = \$x + $y$</pre>" in page
    assert self_contained("<p>x<!-- $a$ --></p>") == "<p>x<!-- $a$ --></p>"


@pytest.mark.parametrize("text", ["It costs 5 $ or 6 $.", "one $ alone", "$\\frac{$", "$$\\left($$"])
def test_what_is_no_tex_is_kept(text):
    assert re.sub("<.*?>", "", self_contained(f"<p>{text}</p>")) == text


def test_nothing_is_loaded_from_elsewhere():
    head = (
        '<link href="https://cdn.example/a.css" rel="stylesheet"/><link href="//cdn.example/b.css" rel="stylesheet"/>'
        '<script src="https://cdn.example/c.js"></script><script>MathJax.Hub.Config({})</script><style>p {color: red}</style>'
    )
    assert self_contained(f"<head>{head}</head><p>x</p>") == "<head><style>p {color: red}</style></head><p>x</p>"
