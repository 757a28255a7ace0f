"""The mutation test of the book: its list, its table, and a run on a small book."""

import dataclasses
import shutil

import pytest
import yaml

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.notebooks import write_notebook
from learning_dynamics.companion.base.project import find_project
from learning_dynamics.companion.records.registry import load_registry
from tests.mutations import verdicts
from tests.mutations.__main__ import main
from tests.mutations.catalogue import COLUMNS, Mutation, load_catalogue, read_table, write_table
from tests.mutations.runner import Runner

from .conftest import notebook

PROJECT = find_project()
CATALOGUE = load_catalogue()
MUTATIONS = [pytest.param(mutation, id=mutation.name) for mutation in CATALOGUE.mutations]
SPIKE = Mutation(
    name="spike",
    error="Isolated eigenvalue times 1.1",
    file="lib/learning_dynamics/random_matrix/model.py",
    text="return (1 + self.mu_norm2) *",
    replacement="return 1.1 * (1 + self.mu_norm2) *",
    entries={"fig-first": "quick"},
)
TABLE = """
from learning_dynamics.random_matrix import MixtureClassification
from learning_dynamics.companion import AgreementTable, record
model = MixtureClassification(mu_norm2=2.25, c=0.5, sigma2=0.1, alpha=0.01)
table = AgreementTable("fig-first")
table.row("eigenvalue", theory=model.spike, simulation=3.97, standard_error=0.01)
table.row("another", theory=shift, simulation=0.0, standard_error=0.1)
record("fig-first", agreement=table)
"""


def small_book(project, *, shift=0.0):
    """The small book with a table in its first chapter."""
    sources = {"parameters": f"runs: int = 3  # how often; in [1, 10]\nshift: float = {shift}  # of a row", "body": TABLE}
    write_notebook(notebook(sources), project.notebook("one/first"))
    return project


def row(quantity="mass", *, simulation="agrees", kind="", reference="", known=""):
    return {
        "quantity": quantity,
        "against_simulation": simulation,
        "reference_kind": kind,
        "against_reference": reference,
        "known": known,
    }


@pytest.mark.parametrize("mutation", MUTATIONS)
def test_the_text_is_there_once(mutation, tmp_path):
    copy = tmp_path / mutation.file
    copy.parent.mkdir(parents=True)
    shutil.copy(PROJECT.root / mutation.file, copy)
    before = copy.read_text("utf-8")
    mutation.apply(tmp_path)
    assert copy.read_text("utf-8") != before


def test_every_chapter_depends_on_the_file_of_its_errors(tmp_path):
    runner = Runner(PROJECT, tmp_path)
    for mutation in CATALOGUE.mutations:
        assert runner.chapters_of(mutation)


def test_every_figure_has_an_error_or_says_why_not():
    figures = {entry.id for entry in load_registry().entries if entry.kind == "figure"}
    tried = {entry for mutation in CATALOGUE.mutations for entry in mutation.entries}
    assert figures - tried == set(CATALOGUE.without) & figures
    assert not tried & set(CATALOGUE.without)
    assert all(CATALOGUE.without.values())


def test_the_table_is_that_of_the_list():
    chapters = {entry.id: entry.chapter for entry in load_registry().entries}
    expected = [
        (m.name, m.error, entry, chapters[entry], preset, m.missed.get(entry, ""), m.digest)
        for m in CATALOGUE.mutations
        for entry, preset in m.entries.items()
    ]
    names = ("name", "error", "entry", "chapter", "preset", "reason", "digest")
    assert [tuple(found[name] for name in names) for found in read_table(PROJECT)] == expected


def test_every_error_is_caught_or_says_why_not():
    for found in read_table(PROJECT):
        assert (found["caught"] == "yes") != bool(found["reason"]), found
        assert (found["caught"] == "yes") == bool(found["caught_by"]) == (int(found["rows"]) > 0), found


@pytest.mark.parametrize("times", [0, 2])
def test_a_text_that_is_not_there_once_is_refused(times, tmp_path):
    (tmp_path / "a.py").write_text("x = 1\n" * times)
    mutation = dataclasses.replace(SPIKE, file="a.py", text="x = 1")
    with pytest.raises(
        CompanionError, match=f"mutation 'spike': its text must be in a.py exactly once, it is there {times} times."
    ):
        mutation.apply(tmp_path)


def test_a_missing_file_is_one_sentence(tmp_path):
    with pytest.raises(CompanionError, match="mutation 'spike': there is no file lib/.*model.py."):
        SPIKE.apply(tmp_path)


def test_an_error_in_a_notebook(tmp_path):
    write_notebook(notebook({"body": "print('one')\nprint('two')"}), tmp_path / "a.ipynb")
    dataclasses.replace(SPIKE, file="a.ipynb", text="print('one')\nprint", replacement="print").apply(tmp_path)
    assert "print('two')" in (tmp_path / "a.ipynb").read_text("utf-8")
    assert "print('one')" not in (tmp_path / "a.ipynb").read_text("utf-8")


@pytest.mark.parametrize(
    "change, sentence",
    [
        ({"entries": {"fig-frist": "quick"}}, "fig-first"),
        ({"entries": {"fig-first": "quik"}}, "quick"),
        ({"missed": {"obs-second": "why"}}, "obs-second"),
        ({"missed": {"fig-first": ""}}, "needs a reason why fig-first misses it"),
        ({"txet": "x"}, "txet"),
    ],
)
def test_a_wrong_list_is_one_sentence(change, sentence, project):
    path = project.root / "errors.yml"
    path.write_text(yaml.safe_dump({"errors": [vars(SPIKE) | change]}))
    with pytest.raises(CompanionError, match=sentence):
        load_catalogue(load_registry(project.book / "registry.yml"), path)


def test_a_name_twice_is_refused(project):
    path = project.root / "errors.yml"
    path.write_text(yaml.safe_dump({"errors": [vars(SPIKE), vars(SPIKE)]}))
    with pytest.raises(CompanionError, match="mutation 'spike' is listed 2 times."):
        load_catalogue(load_registry(project.book / "registry.yml"), path)


def test_what_turns():
    clean = [row("a"), row("b", kind="paper", reference="agrees"), row("c", kind="stored", reference="agrees"), row("d")]
    wrong = [row("a"), row("b", kind="paper", reference="disagrees"), row("c", kind="stored", reference="disagrees")]
    found = verdicts.turned(clean, [*wrong, row("d", simulation="disagrees")])
    assert [str(one) for one in found] == ["d (theory against simulation)", "b (against the paper)", "c (regression)"]
    assert [one.is_regression for one in found] == [False, False, True]


@pytest.mark.parametrize("before, after", [("disagrees", "agrees"), ("disagrees", "disagrees"), ("agrees", "not judged: why")])
def test_what_does_not_turn(before, after):
    assert verdicts.turned([row(simulation=before)], [row(simulation=after)]) == []


def test_rows_that_are_gone_do_not_count():
    assert verdicts.turned([row("a"), row("b")], [row("b", simulation="disagrees")]) == [verdicts.Turned("b", "simulation")]


def test_what_disagrees_without_an_error():
    rows = [row("a", simulation="disagrees"), row("b", kind="paper", reference="disagrees", known="text"), row("c")]
    assert verdicts.unexpected(rows) == ["a"]


def test_a_caught_error_on_a_small_book(project, tmp_path):
    said = []
    runner = Runner(small_book(project), tmp_path / "kept", workers=1, say=said.append)
    (found,), problems = runner.run([SPIKE])
    assert not problems
    assert (found["caught"], found["rows"], found["regression_rows"]) == ("yes", 1, 0)
    assert found["caught_by"] == "eigenvalue (theory against simulation)"
    assert "1.1" not in (project.root / SPIKE.file).read_text("utf-8").split("def spike")[1].split("def ")[0]
    again = []
    assert Runner(project, tmp_path / "kept", workers=1, say=again.append).run([SPIKE]) == ([found], [])
    assert [line.split(": ")[-1] for line in again] == ["up to date", "up to date"]


def test_a_missed_error_and_one_that_stops_the_chapter(project, tmp_path):
    harmless = dataclasses.replace(SPIKE, name="harmless", replacement="return 1.001 * (1 + self.mu_norm2) *")
    stops = dataclasses.replace(SPIKE, name="stops", replacement="return 1 / 0 * (1 + self.mu_norm2) *")
    (found,), (problem,) = Runner(small_book(project), tmp_path / "kept", workers=2, say=str).run([harmless, stops])
    assert (found["name"], found["caught"], found["caught_by"]) == ("harmless", "no", "")
    assert problem.startswith("stops: one/first, quick: ") and "ZeroDivisionError" in problem


def test_a_chapter_that_disagrees_without_an_error_is_refused(project, tmp_path):
    rows, (problem,) = Runner(small_book(project, shift=1.0), tmp_path / "kept", workers=1, say=str).run([SPIKE])
    assert rows == []
    assert problem == "one/first (quick) disagrees without an error and was refused: another."


def test_a_file_that_the_chapter_does_not_use_is_refused(project, tmp_path):
    other = dataclasses.replace(SPIKE, file="lib/learning_dynamics/time_scales/mathematics/learning_order.py")
    with pytest.raises(CompanionError, match="mutation 'spike': one/first does not depend on lib/.*order.py."):
        Runner(small_book(project), tmp_path).run([other])


def test_the_list_is_shown(capsys):
    assert main(["--list"]) == 0
    assert capsys.readouterr().out.count("\n") == 2 * len(CATALOGUE.mutations)


def test_an_unknown_name_is_one_sentence(capsys):
    assert main(["--only", "signal-maen"]) == 2
    assert "signal-mean" in capsys.readouterr().err


def test_the_table_is_read_as_it_was_written(project):
    assert read_table(project) == []
    written = dict.fromkeys(COLUMNS, 'a, "b"')
    write_table(project, [written])
    assert read_table(project) == [written]
