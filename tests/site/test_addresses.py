"""Addresses that readers keep go on leading to what they led to; the site's own address stands in one place."""

import shutil
from xml.etree import ElementTree

import pytest
import yaml
from bs4 import BeautifulSoup

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.site.addresses import checked_base
from learning_dynamics.companion.site.render import render, site_settings

from ..addresses import present, published
from .test_site import PAGES, anchors, soup

BASE = "https://example.org/shelf/"
REPOSITORY = "https://github.com/someone/shelf"
LOCATION = "{http://www.sitemaps.org/schemas/sitemap/0.9}loc"


def test_every_address_ever_published_leads_to_its_place(html):
    for address in sorted(published()):
        page, _, anchor = address.partition("#")
        assert (html / page).exists(), f"{address}: a page that moves needs a line under moved_pages in _config.yml"
        refresh = soup(html, page).select_one("meta[http-equiv=refresh]")
        place = html / page if refresh is None else (html / page).parent / refresh["content"].partition("url=")[2]
        assert not anchor or anchor in anchors(place.resolve()), f"{address}: keep the old label beside the new one"


def test_every_address_is_on_the_list():
    missing = sorted(present() - published())
    assert not missing, f"run `python -m tests.addresses` to add {', '.join(missing[:3])} …"


def test_without_an_address_of_its_own_the_site_names_none(html):
    assert not (html / "sitemap.xml").exists()
    for page in PAGES:
        assert soup(html, page).select_one("link[rel=canonical]") is None


@pytest.fixture(scope="module")
def small(root, tmp_path_factory):
    """A site of one page, with an address and a page that has moved."""
    folder = tmp_path_factory.mktemp("small")
    source = folder / "source"
    (source / "book" / "new").mkdir(parents=True)
    (source / "book" / "new" / "place.md").write_text("# A title & more\n\n(here)=\n## A heading\n\nWords.\n")
    (source / "_toc.yml").write_text("format: jb-book\nroot: book/new/place\n")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("BASE_URL", BASE.rstrip("/"))
        patch.setenv("REPO_URL", REPOSITORY)
        settings = site_settings(root)
    shutil.copyfile(root / "book" / "references.bib", source / "book" / "references.bib")
    settings["html"]["favicon"] = ""
    (source / "book" / "_assets").mkdir()
    (source / "book" / "_assets" / "own.css").write_text("h1 { letter-spacing: 1px; }\n")
    settings["sphinx"]["config"] |= {"moved_pages": {"book/old": "book/new/place"}, "html_css_files": ["own.css"]}
    (source / "_config.yml").write_text(yaml.safe_dump(settings))
    render(source, folder, strict=True)
    return folder / "_build" / "html"


def test_one_variable_sets_every_address(small):
    page = BeautifulSoup((small / "book/new/place.html").read_text("utf-8"), "html.parser")
    assert page.select_one("link[rel=canonical]")["href"] == BASE + "book/new/place.html"
    places = [tag.text for tag in ElementTree.parse(small / "sitemap.xml").iter(LOCATION)]
    assert places == [BASE + "book/new/place.html"]


def test_a_page_that_has_moved_takes_readers_along_to_the_same_heading(small, browser):
    page = browser.new_page()
    page.goto((small / "book" / "old.html").as_uri() + "#here")
    page.wait_for_url("**/book/new/place.html#here")
    page.close()
    moved = BeautifulSoup((small / "book/old.html").read_text("utf-8"), "html.parser")
    assert moved.select_one("body a")["href"] == "new/place.html"
    assert moved.select_one("body a").text == "A title & more"


def test_a_change_of_style_alone_reaches_the_site(small):
    folder = small.parents[1]
    style = folder / "source" / "book" / "_assets" / "own.css"
    before = style.read_text("utf-8")
    assert "letter-spacing: 1px" in (small / "_static" / "site.css").read_text("utf-8")
    try:
        style.write_text("h1 { letter-spacing: 2px; }\n")
        render(folder / "source", folder, strict=True)
        assert "letter-spacing: 2px" in (small / "_static" / "site.css").read_text("utf-8")
    finally:  # the other tests find the site as it was; a copy would be a new site, of which everything is made anew
        style.write_text(before)
        render(folder / "source", folder, strict=True)


def test_a_page_leads_to_its_source(small):
    links = {link["href"] for link in soup(small, "book/new/place.html").select("a[href]")}
    assert {REPOSITORY, f"{REPOSITORY}/edit/main/book/new/place.md"} <= links
    assert any(link.startswith(f"{REPOSITORY}/issues/new") for link in links)


def test_without_an_address_of_the_source_no_page_has_its_buttons(html):
    for page in PAGES:
        assert not soup(html, page).select(".btn-source-repository-button, .btn-source-issues-button, .dropdown-launch-buttons")


@pytest.mark.parametrize("address", ["example.org", "ftp://example.org/", "https://", "https://a b/", "https://a.org/?x"])
def test_what_is_no_address_is_refused_before_anything_runs(root, monkeypatch, address):
    monkeypatch.setenv("BASE_URL", address)
    with pytest.raises(CompanionError, match=r"BASE_URL .* must be an address like https://example.org/book/, got "):
        site_settings(root)


@pytest.mark.parametrize("address", ["", "https://a.org/", "http://a.org/shelf/"])
def test_an_address_ends_in_one_slash(address):
    assert checked_base(address) == address
    assert checked_base(address.rstrip("/")) == address
