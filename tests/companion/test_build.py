"""Executing the small book: order, progress, interruption, failure, what stays untouched."""

import json
import shutil

import pytest

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.notebooks import read_notebook, write_notebook
from learning_dynamics.companion.commands.build import build, execute_stale, failed_verdicts, refresh

from .conftest import notebook


@pytest.fixture(autouse=True)
def inside(project, monkeypatch):
    monkeypatch.chdir(project.root)


def replace_body(project, chapter, body):
    tags = {"parameters": "runs: int = 3", "body": body}
    write_notebook(notebook(tags), project.notebook(chapter))


def test_executes_once_and_then_only_what_changed(project):
    sources = {chapter: project.notebook(chapter).read_bytes() for chapter in project.chapters()}
    said = []
    assert execute_stale(project, "quick", say=said.append) == ["one/first", "one/second", "atlas"]
    assert "[1/3] one/first: running" in said
    assert execute_stale(project, "quick", say=said.append) == []
    replace_body(project, "one/second", "print(runs)")
    assert execute_stale(project, "quick", say=said.append) == ["one/second", "atlas"]
    assert project.notebook("one/first").read_bytes() == sources["one/first"]
    assert project.notebook("atlas").read_bytes() == sources["atlas"]


def test_presets_results_and_alt_texts_reach_the_executed_copy(project):
    execute_stale(project, "quick", say=lambda text: None)
    summary = json.loads((project.results("one/first", "quick") / "chapter.json").read_text())
    assert summary["parameters"] == {"runs": 1}
    content = json.loads((project.results("one/first", "quick") / "fig-first.json").read_text())
    assert content["rows"][0]["theory"] == 2.0
    assert (project.results("one/first", "quick") / "fig-first.s.csv").read_text().split() == ["x", "1", "2"]
    alts = [
        cell.metadata["mystnb"]["image"]["alt"]
        for cell in read_notebook(project.executed("one/first", "quick")).cells
        if "mystnb" in cell.metadata
    ]
    assert alts == ["A picture. The product is 6."]
    atlas = project.executed("atlas", "quick").read_text()
    assert "theory against simulation: 1 not judged" in atlas
    assert "not recorded" not in atlas


def test_an_interrupted_build_goes_on_where_it_stopped(project):
    replace_body(project, "one/second", "raise KeyError('lost')")
    with pytest.raises(CompanionError) as caught:
        execute_stale(project, "quick", say=lambda text: None)
    sentence = str(caught.value)
    assert sentence.startswith("second.ipynb failed in its code cell")
    assert "KeyError: 'lost'" in sentence
    assert "second.failed.ipynb" in sentence
    assert not project.results("one/second", "quick").exists()
    replace_body(project, "one/second", "print(runs)")
    assert execute_stale(project, "quick", say=lambda text: None) == ["one/second", "atlas"]


def test_a_failed_rerun_keeps_the_last_good_results(project):
    execute_stale(project, "quick", say=lambda text: None)
    good = project.executed("one/second", "quick").read_bytes()
    replace_body(project, "one/second", "1 / 0")
    with pytest.raises(CompanionError, match="ZeroDivisionError"):
        execute_stale(project, "quick", say=lambda text: None)
    assert project.executed("one/second", "quick").read_bytes() == good


def test_a_recorded_disagreement_fails_the_build_at_default_parameters_only(project):
    replace_body(
        project,
        "one/first",
        "from learning_dynamics.companion import AgreementTable, record\n"
        "table = AgreementTable('fig-first').row('x', theory=1.0, simulation=2.0, standard_error=0.1)\n"
        "record('fig-first', agreement=table)",
    )
    for preset in ("quick", "paper"):
        execute_stale(project, preset, say=lambda text: None)
        assert len(failed_verdicts(project, preset)) == 1
    shutil.rmtree(project.build / "html", ignore_errors=True)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("learning_dynamics.companion.commands.build.render_site", lambda *a, **k: "page")
        assert build(project, "quick", say=lambda text: None) == "page"
        with pytest.raises(CompanionError, match="1 recorded verdict"):
            build(project, "paper", say=lambda text: None)


def test_a_preset_out_of_range_is_refused_before_anything_runs(project):
    path = project.book / "registry.yml"
    path.write_text(path.read_text().replace("runs: 1", "runs: 11"))
    with pytest.raises(CompanionError, match=r"runs must be in \[1, 10\], got 11"):
        execute_stale(project, "quick", say=lambda text: None)


def test_refresh_of_an_unchanged_chapter_changes_nothing(project):
    refresh(project, ["one/first"], say=lambda text: None)
    first = project.notebook("one/first").read_bytes()
    assert b'execution_count": 2' in first
    refresh(project, ["one/first"], say=lambda text: None)
    assert project.notebook("one/first").read_bytes() == first
