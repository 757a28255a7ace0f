"""Pages for readers who see little or nothing: the rules of WCAG 2, levels A and AA, as axe checks them."""

import pytest

from learning_dynamics.companion.project import find_project

PROJECT = find_project(__file__.rsplit("/tests/", 1)[0])
PAGES = [f"{page}.html" for page in PROJECT.pages()]
KINDS = (PROJECT.chapters()[0], "bridge/explorers", "intro", "atlas", "concordance", "build", "reference")
ONE_OF_EACH_KIND = [f"book/{name}.html" for name in KINDS]


@pytest.mark.parametrize(
    ("page", "scheme"), [*((page, "light") for page in PAGES), *((page, "dark") for page in ONE_OF_EACH_KIND)]
)
def test_axe_finds_nothing(open_page, page, scheme):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    rules = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa"]}}
    violations = axe.run(open_page(page, scheme=scheme), options=rules).response["violations"]
    assert [(found["id"], [node["html"][:160] for node in found["nodes"][:4]]) for found in violations] == []
