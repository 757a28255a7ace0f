"""What the build puts into pages of text: its score, a figure that moves, and how to cite."""

from learning_dynamics.companion.site.text_pages import CITE, SCORE, finished

ROW = {"reference_kind": "paper", "against_reference": "", "against_simulation": "agrees", "known": ""}
CITATION = {"title": "A Book", "authors": [{"name": "A. One"}, {"name": "B. Two"}], "version": "1.0", "license": "MIT"}


def recorded(*verdicts):
    return {"fig": {"rows": [ROW | {"against_simulation": verdict, "known": known} for verdict, known in verdicts]}}


def test_the_score_is_one_sentence():
    verdicts = [("agrees", "")] * 3 + [("disagrees", "a reason"), ("not judged: too early", "")]
    assert finished(SCORE, recorded(*verdicts), "paper") == (
        "**The score of this build:** 5 comparisons of theory and simulation: agreement in 3, "
        "disagreement with a reason that the book gives in 1, no verdict, and the reason in 1."
    )
    assert finished(SCORE, {}, "paper") == ""
    assert finished(SCORE, recorded(("agrees", "")), "paper").endswith("simulation: agreement in 1.")


def test_a_figure_that_moves_is_taken_from_its_chapter():
    page = "Before.\n\n% the figure that moves in one/first\n\nAfter.\n"
    text = finished(page, {}, "paper", moving={"one/first": "<div>\n</div>"}.get)
    assert text == "Before.\n\n````{raw} html\n<div>\n</div>\n````\n\nAfter.\n"
    assert finished(page, {}, "paper", moving=lambda chapter: "") == "Before.\n\n\n\nAfter.\n"


def test_the_entry_to_cite_is_that_of_the_citation_file():
    text = finished(CITE, {}, "paper", "https://host.org/book", citation=CITATION)
    assert text.splitlines()[0] == "```bibtex"
    assert "  title = {{A Book}}," in text
    assert "  author = {{A. One and B. Two}}," in text
    assert "  url = {https://host.org/book}," in text
    assert "url" not in finished(CITE, {}, "paper", citation=CITATION)
