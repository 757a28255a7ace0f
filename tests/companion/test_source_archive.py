"""The source as one file: what is in it, what is not, and the words that lead to it."""

import io
import zipfile

import pytest

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.site.addresses import checked_repository
from learning_dynamics.companion.site.render import site_settings
from learning_dynamics.companion.site.source_archive import FILES, FOLDER, source_archive
from learning_dynamics.companion.site.text_pages import CLONE, finished

HOST = "https://github.com/someone/learning-dynamics"


@pytest.fixture(scope="module")
def archive(root):
    return source_archive(root)


@pytest.fixture(scope="module")
def names(archive):
    return zipfile.ZipFile(io.BytesIO(archive)).namelist()


def test_the_archive_has_what_the_book_is_made_of(root, names):
    assert {f"{FOLDER}/{name}" for name in FILES} <= set(names), "each of them exists"
    assert {name.split("/")[0] for name in names} == {FOLDER}
    for name in (
        "book/registry.yml",
        "lib/setup_environment.py",
        "lib/learning_dynamics/data/mnist_ones_sevens.npz",
        "tests/conftest.py",
    ):
        assert f"{FOLDER}/{name}" in names


def test_the_archive_has_nothing_else(root, names):
    """No solutions of assignments, no caches, and nothing that only lies in the folder."""
    assert not any(
        part in name for name in names for part in ("/classroom/spike", "__pycache__", ".egg-info", "/.", "/_build/", "/runs/")
    )
    assert sorted(names) == names and len(set(names)) == len(names)


def test_files_of_ones_own_stay_at_home(tmp_path):
    for name in (
        "README.md",
        "marks.csv",
        "book/intro.md",
        "book/.notes.md",
        "lib/a.py",
        "lib/__pycache__/a.pyc",
        "classroom/a/a.ipynb",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    first = source_archive(tmp_path)
    found = {name.removeprefix(f"{FOLDER}/") for name in zipfile.ZipFile(io.BytesIO(first)).namelist()}
    assert found == {"README.md", "book/intro.md", "lib/a.py"}
    (tmp_path / "README.md").touch()
    assert source_archive(tmp_path) == first


def test_words_lead_to_the_repository_or_to_the_archive():
    page = f"In {CLONE},\n\n    make book\n"
    assert finished(page, {}, "paper", HOST) == f"In [{CLONE}]({HOST}) (`git clone {HOST}`),\n\n    make book\n"
    without = finished(page, {}, "paper")
    assert "{download}`a copy of the source </book/_downloads/learning-dynamics.zip>`" in without
    assert f"cd {FOLDER}" in without


@pytest.mark.parametrize("page", ["intro", "sweeps", "teaching"])
def test_the_pages_that_send_readers_to_the_source_say_where_it_is(root, page):
    assert CLONE in (root / "book" / f"{page}.md").read_text("utf-8")


def test_an_address_switches_the_buttons_on(root, monkeypatch):
    monkeypatch.delenv("REPO_URL", raising=False)
    assert not {"repository", "launch_buttons"} & set(site_settings(root))
    monkeypatch.setenv("REPO_URL", f"{HOST}.git")
    settings = site_settings(root)
    assert settings["repository"] == {"url": HOST, "path_to_book": "", "branch": "main"}
    assert all(settings["html"][f"use_{name}_button"] for name in ("repository", "issues", "edit_page"))
    assert settings["launch_buttons"]["binderhub_url"] == "https://mybinder.org"
    monkeypatch.setenv("REPO_URL", "https://git.example.org/group/sub/name/")
    assert "launch_buttons" not in site_settings(root), "Binder's address for other hosts is another one"


@pytest.mark.parametrize(
    "address", ["github.com/a/b", "https://github.com/a", "git@github.com:a/b", "https://a.org/x y/z", "https://a.org/b/c?d"]
)
def test_what_is_no_address_of_a_repository_is_refused(root, monkeypatch, address):
    monkeypatch.setenv("REPO_URL", address)
    with pytest.raises(CompanionError, match=r"^REPO_URL .* must be an address like https://example.org/owner/name, got '"):
        site_settings(root)


@pytest.mark.parametrize("address", ["", HOST])
def test_an_address_of_a_repository_ends_in_its_name(address):
    for end in ("", "/", ".git", ".git/") if address else ("",):
        assert checked_repository(f"{address}{end}") == address
