"""Reading the registry: what it accepts and the sentence with which it refuses."""

import copy

import pytest
import yaml

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.records.registry import load_registry

from .conftest import REGISTRY


@pytest.fixture
def load(tmp_path):
    def read(change):
        content = copy.deepcopy(REGISTRY)
        change(content)
        path = tmp_path / "registry.yml"
        path.write_text(yaml.safe_dump(content))
        return load_registry(path)

    return read


def test_reads_entries_presets_and_references(load):
    reference = {"quantity": "x", "value": 1.0, "tolerance": 0.1, "kind": "paper", "source": "here", "checked": "twice"}
    registry = load(lambda c: c["entries"][0].update(references=[reference]))
    assert [entry.id for entry in registry.of_chapter("one/first")] == ["fig-first"]
    assert registry.entry("fig-first").reference("x").value == 1.0
    assert registry.entry("fig-first").reference("y") is None
    assert registry.preset("one/first", "quick") == {"runs": 1}
    assert registry.preset("one/first", "paper") == {}
    assert registry.preset("one/second", "large") == {}


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda c: c["entries"][0].update(colour="red"), "entry 'fig-first' has the unknown key 'colour'"),
        (lambda c: c["entries"][0].pop("statement"), "entry 'fig-first'.*'statement'"),
        (lambda c: c["entries"][0].update(kind="picture"), "kind of entry 'fig-first' must be one of figure"),
        (lambda c: c["entries"][0].update(status="fine"), "status of entry 'fig-first' must be one of verified"),
        (lambda c: c["entries"][0].update(parameters="mine"), "parameters of entry 'fig-first' must be one of paper"),
        (lambda c: c["entries"][0].update(paper="b-paper", reproduces="1"), "unknown paper 'b-paper'"),
        (lambda c: c["entries"][0].update(paper="a-paper"), "needs both 'paper' and 'reproduces'"),
        (lambda c: c["entries"][0].pop("check"), "entry 'fig-first' names no 'check'"),
        (lambda c: c["entries"][1].pop("reason"), "entry 'obs-second' is not checked and gives no 'reason'"),
        (lambda c: c["entries"][1].update(id="fig-first"), "the id 'fig-first' stands twice"),
        (lambda c: c["entries"][0].update(references=[{"quantity": "x"}]), "entry 'fig-first'.*'value'"),
        (
            lambda c: c["entries"][0].update(
                references=[{"quantity": "x", "value": 1, "tolerance": 1, "kind": "own", "source": "s", "checked": "c"}]
            ),
            "kind of the reference 'x' of entry 'fig-first' must be one of paper, formula, stored; got 'own'",
        ),
        (lambda c: c["entries"][0].update(published=1), "entry 'fig-first' has published curves and no 'paper'"),
        (lambda c: c["papers"][0].update(others=[{"number": "Lemma 2"}]), "paper 'a-paper'.*'statement'"),
        (lambda c: c["papers"][0].update(others=[{"where": "there"}]), "paper 'a-paper' has the unknown key 'where'"),
        (lambda c: c["entries"].append("text"), "an entry must be a mapping"),
        (
            lambda c: c.update(openings={"one/first": "obs-second"}),
            "opening of 'one/first' must be one of its figures, got 'obs-second'",
        ),
        (lambda c: c.update(openings={"one/second": "fig-first"}), "opening of 'one/second' must be one of its figures"),
        (lambda c: c.update(openings=["fig-first"]), "openings must be a mapping"),
        (lambda c: c["presets"]["one/first"].update(paper={}), "preset 'paper' of 'one/first'"),
        (lambda c: c["presets"]["one/first"].update(quik={}), "no preset .* 'quik'; did you mean 'quick'"),
    ],
)
def test_refuses_with_one_sentence(load, change, sentence):
    with pytest.raises(CompanionError, match=sentence):
        load(change)


def test_reads_openings(load):
    assert load(lambda c: None).openings == {}
    assert load(lambda c: c.update(openings={"one/first": "fig-first"})).openings == {"one/first": "fig-first"}


def test_unknown_paper_gets_a_suggestion(load):
    with pytest.raises(CompanionError, match="did you mean 'a-paper'"):
        load(lambda c: None).paper("a-papr")


def test_unknown_preset_gets_a_suggestion(load):
    with pytest.raises(CompanionError, match="did you mean 'quick'"):
        load(lambda c: None).preset("one/first", "quik")
