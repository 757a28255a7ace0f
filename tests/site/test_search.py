"""The search: forty ways to ask, and the page that must come first."""

import re

import pytest
import yaml

from .test_site import CHAPTERS, PAGES, PROJECT

FIRST = {
    "early stopping": "random_matrix/early_stopping",
    "when should I stop": "random_matrix/early_stopping",
    "double descent": "random_matrix/least_squares",
    "NTK": "overparametrized/setting",
    "neural tangent kernel": "overparametrized/setting",
    "tangent kernel": "overparametrized/setting",
    "lazy": "bridge/regimes",
    "lazy training": "bridge/regimes",
    "feature learning": "bridge/regimes",
    "grokking": "bridge/regimes",
    "BBP": "random_matrix/spectrum",
    "Wishart": "random_matrix/spectrum",
    "Marčenko": "random_matrix/spectrum",
    "Marchenko–Pastur": "random_matrix/spectrum",
    "phase transition": "random_matrix/spectrum",
    "Stieltjes": "random_matrix/spectrum",
    "eigenvalues": "random_matrix/spectrum",
    "saddle": "time_scales/learning_order",
    "staircase": "time_scales/learning_order",
    "canonical learning order": "time_scales/learning_order",
    "time-scales": "time_scales/learning_order",
    "neural network": "time_scales/setting",
    "mean field": "time_scales/setting",
    "Hermite": "time_scales/setting",
    "finite networks": "time_scales/finite_networks",
    "stochastic gradient descent": "random_matrix/minibatch",
    "implicit bias": "overparametrized/minimum_norm",
    "minimum norm": "overparametrized/minimum_norm",
    "overparameterized": "overparametrized/minimum_norm",
    "Corollary 8": "overparametrized/generalisation",
    "generalization": "overparametrized/generalisation",
    "Lemma 2": "overparametrized/bounds",
    "gradient descent": "random_matrix/setting",
    "contour integral": "random_matrix/performance",
    "handwritten digit": "random_matrix/mnist",
    "MNIST": "random_matrix/mnist",
    "Figure 3": "concordance",
    "errata": "corrections",
    "homework": "teaching",
    "cite": "intro",
    "symbols": "notation",
    "SWEEP": "sweeps",
}


@pytest.fixture(scope="module")
def asked(browser, address):
    """The pages that the search page shows for a query, the best first."""
    page = browser.new_page()

    def ask(query, place=address):
        page.goto(f"{place}/search.html?q={query}")
        page.wait_for_function("document.querySelector('.search-results [role=status]')")
        return page.eval_on_selector_all(".search-results li", "all => all.map(one => one.dataset.page)")

    yield ask
    page.close()


@pytest.mark.parametrize("query", FIRST)
def test_the_right_page_comes_first(asked, query):
    assert asked(query)[:1] == [f"book/{FIRST[query]}.html"]


def test_what_is_nowhere_is_not_found(asked):
    assert asked("xylophone") == []
    assert asked("%20.%20") == []


def test_there_are_forty_queries_and_their_pages_exist():
    assert len(FIRST) >= 40
    assert {f"book/{page}.html" for page in FIRST.values()} <= set(PAGES)


def test_the_words_of_the_search_belong_to_pages():
    terms = yaml.safe_load((PROJECT.book / "search.yml").read_text("utf-8"))
    assert {f"{page}.html" for page in terms} <= set(PAGES)
    words = [word for found in terms.values() for word in found]
    assert len(words) == len(set(words))


def test_it_works_from_a_folder(asked, html):
    assert asked("Stieltjes", html.as_uri())[0] == "book/random_matrix/spectrum.html"


def test_excerpts_and_titles_are_free_of_tex(html):
    data = (html / "_static" / "searchdata.js").read_text("utf-8")
    assert not re.search(r"\\\\(?:\(|\[|frac|lVert|beta|mathbb|sigma)", data)


def test_the_dialog_searches_while_one_types_and_loads_its_data_when_it_opens(open_page, address):
    opened = open_page(f"book/{CHAPTERS[0]}.html")
    loaded = []
    opened.on("request", lambda request: loaded.append(request.url))
    assert not opened.locator("script[src*=searchdata]").count()
    opened.keyboard.press("Control+k")
    opened.keyboard.type("early stopping")
    opened.wait_for_selector("#pst-search-dialog .search-results li")
    assert [url for url in loaded if ".js" in url] == [f"{address}/_static/searchdata.js"]
    first = opened.locator("#pst-search-dialog .search-results li a").first
    assert first.inner_text().startswith("4. Early stopping")
    first.click()
    opened.wait_for_url("**/early_stopping.html*")
    assert opened.complaints == []
