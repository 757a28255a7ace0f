"""The certificate of a build, and what another build is told that it is compared with."""

import copy
import json
import math
import socket

import numpy as np
import pytest

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.commands.build import execute_stale
from learning_dynamics.companion.commands.cli import main
from learning_dynamics.companion.commands.verification import compare, difference, read_certificate
from learning_dynamics.companion.execution.build_certificate import SAMPLE, certificate, data_summary, sampled, write_certificate
from learning_dynamics.companion.records.recording import _write_csv


def summary_of(tmp_path, **columns):
    path = tmp_path / "data.csv"
    _write_csv(path, columns)
    return data_summary(path)


def made(data, rows=()):
    return {"entries": {"fig-one": {"data": data, "rows": list(rows)}}}


def row(**changes):
    base = {"quantity": "x", "against_simulation": "agrees", "against_reference": "", "theory": 1.0, "simulation": 1.1}
    return base | {"standard_error": 0.1, "allowance": 0.0} | changes


@pytest.mark.parametrize("length", [0, 1, 7, SAMPLE, SAMPLE + 1, 10_000])
def test_a_column_is_there_as_a_whole_or_sampled_from_end_to_end(length):
    found = list(sampled(length))
    assert len(found) == min(length, SAMPLE) == len(set(found))
    if length:
        assert (found[0], found[-1]) == (0, length - 1)


def test_a_summary_holds_values_and_means(tmp_path):
    found = summary_of(tmp_path, x=[3.0, 4.0], name=["a", "b"], gap=[1.0, math.nan])
    assert found["length"] == 2
    assert found["columns"]["x"] == {"values": [3.0, 4.0], "mean": 3.5, "rms": pytest.approx(12.5**0.5, rel=1e-8)}
    assert found["columns"]["name"] == {"values": ["a", "b"]}
    assert found["columns"]["gap"]["values"] == [1.0, None]


@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_means_survive_any_scale(tmp_path, scale):
    assert summary_of(tmp_path, x=np.full(3, scale))["columns"]["x"]["rms"] == pytest.approx(scale, rel=1e-8)


@pytest.mark.parametrize("length", [5, 3000])
@pytest.mark.parametrize("place", [0, 1, -1])
def test_one_changed_value_is_seen_wherever_it_stands(tmp_path, length, place):
    x = np.linspace(1, 2, length)
    before = summary_of(tmp_path, x=x)
    x[place] *= 1.1
    problem, gap = difference(summary_of(tmp_path, x=x), before)
    assert gap > 1e-6
    assert "in the column x" in problem


def test_differences_are_relative_and_rounding_noise_around_zero_is_none(tmp_path):
    before = summary_of(tmp_path, x=[1e-14, 1e-7, 0.0, 1.0])
    _, gap = difference(summary_of(tmp_path, x=[1.001e-14, 1e-7, 1e-16, 1.0]), before)
    assert gap < 1e-6
    small = summary_of(tmp_path, x=[1e-14, 2e-14])
    assert difference(summary_of(tmp_path, x=[1.01e-14, 2e-14]), small)[1] == pytest.approx(0.0099, rel=1e-2)


def test_data_of_another_form_are_infinitely_different(tmp_path):
    one = summary_of(tmp_path, x=[1.0, 2.0])
    for other in (summary_of(tmp_path, x=[1.0]), summary_of(tmp_path, y=[1.0, 2.0]), summary_of(tmp_path, x=["a", "b"])):
        assert difference(one, other)[1] == math.inf


def test_last_digits_are_the_same_and_more_is_not(tmp_path):
    one = made({"d.csv": summary_of(tmp_path, x=[1.0, 2.0])})
    near, far = made({"d.csv": summary_of(tmp_path, x=[1.0, 2.0 + 1e-8])}), made({"d.csv": summary_of(tmp_path, x=[1.0, 2.1])})
    assert compare(one, one).identical == 1
    found = compare(one, near)
    assert (found.differences, found.identical) == ([], 0)
    assert 4e-9 < found.largest < 8e-9
    assert compare(one, near, 1e-10).differences
    assert compare(one, far).differences == ["fig-one, d.csv: largest relative difference 4.8e-02, in the column x"]


@pytest.mark.parametrize(
    ("theirs", "line"),
    [
        (row(against_simulation="disagrees"), "theory against simulation: here agrees, in the certificate disagrees"),
        (row(against_reference="agrees"), "against the reference: here no verdict, in the certificate agrees"),
        (row(theory=1.0001), "theory here 1.0, in the certificate 1.0001"),
        (row(quantity="y"), "row y: only in the certificate"),
    ],
)
def test_a_changed_row_is_said(theirs, line):
    found = compare(made({}, [row()]), made({}, [theirs]))
    assert any(line in text for text in found.differences)


def test_rounding_noise_of_a_row_is_none():
    assert not compare(made({}, [row(theory=0.0)]), made({}, [row(theory=1e-12)])).differences


def test_a_quantity_that_stands_twice_is_compared_twice():
    found = compare(made({}, [row(), row()]), made({}, [row(), row(theory=2.0)]))
    assert len(found.differences) == 1
    assert "x #2" in found.differences[0]


def test_missing_figures_and_files_are_differences(tmp_path):
    one, none = made({"d.csv": summary_of(tmp_path, x=[1.0])}), made({})
    assert compare(none, one).differences == ["fig-one, d.csv: only in the certificate"]
    assert compare({"entries": {}}, one).differences == ["fig-one: in the certificate, and not in this book"]
    assert compare(one, {"entries": {}}).differences == ["fig-one: in this book, and not in the certificate"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("no json", "it holds no JSON"),
        ("[]", "its 'format' must be"),
        ('{"format": "something"}', "its 'format' must be"),
        ('{"format": "learning-dynamics certificate", "version": 9}', "has version 9"),
        ('{"format": "learning-dynamics certificate", "version": 1, "preset": "fast"}', "'preset' must be one of"),
        ('{"format": "learning-dynamics certificate", "version": 1, "preset": "quick"}', "it lists no figure"),
        (
            '{"format": "learning-dynamics certificate", "version": 1, "preset": "quick", "entries": {"fig-one": {}}}',
            "'fig-one' must have 'data' and 'rows'",
        ),
    ],
)
def test_what_is_no_certificate_is_refused_in_one_sentence(tmp_path, text, sentence):
    path = tmp_path / "c.json"
    path.write_text(text)
    with pytest.raises(CompanionError, match=sentence) as caught:
        read_certificate(path)
    assert "\n" not in str(caught.value)


class TestABuild:
    """One build of the small book, its certificate, and what a stranger is told."""

    @pytest.fixture
    def path(self, project, monkeypatch):
        monkeypatch.chdir(project.root)
        execute_stale(project, "quick", say=lambda text: None)
        return write_certificate(project, "quick")

    def test_the_same_book_is_confirmed_and_a_changed_one_is_not(self, project, path, capsys):
        assert main(["verify", str(path)]) == 0
        assert "the same: 1 figures and claims, 1 data files, 1 of them to the last digit" in capsys.readouterr().out
        changed = json.loads(path.read_text())
        changed["entries"]["fig-first"]["data"]["fig-first.s.csv"]["columns"]["x"]["values"][0] = 1.5
        changed["entries"]["fig-first"]["data"]["fig-first.s.csv"]["sha256"] = "another"
        changed["machine"]["processor"] = "another"
        other = path.with_name("other.json")
        other.write_text(json.dumps(changed))
        assert main(["verify", str(other), "--preset", "quick"]) == 1
        said = capsys.readouterr().out
        assert "fig-first, fig-first.s.csv: largest relative difference 3.3e-01, in the column x" in said
        assert "in the certificate system" in said and "processor another" in said
        assert main(["verify", str(other), "--tolerance", "0.5"]) == 0

    def test_wrong_use_ends_in_one_sentence(self, project, path, capsys):
        (project.root / "note.txt").write_text("hello")
        large = json.loads(path.read_text()) | {"preset": "large"}
        (project.root / "large.json").write_text(json.dumps(large))
        for arguments, sentence in (
            (["verify", "nowhere.json"], "No such file"),
            (["verify", "note.txt"], "it holds no JSON"),
            (["verify", str(path), "--preset", "paper"], "is about the preset 'quick'"),
            (["verify", str(path), "--tolerance", "0"], "tolerance must be in (0, 1), got 0.0"),
            (["verify", "large.json"], "python -m learning_dynamics build --preset large"),
        ):
            assert main(arguments) == 2
            captured = capsys.readouterr()
            assert sentence in captured.err and captured.err.count("\n") == 1
            assert captured.out == ""

    def test_a_book_that_changed_since_it_was_built_is_not_compared(self, project, path, capsys):
        registry = project.book / "registry.yml"
        registry.write_text(registry.read_text().replace("runs: 1", "runs: 2"))
        assert main(["verify", str(path)]) == 2
        assert "have not run here as they are now, one/first among them" in capsys.readouterr().err

    def test_a_certificate_names_no_place(self, project, path):
        text = path.read_text()
        assert str(project.root) not in text and socket.gethostname() not in text
        content = json.loads(text)
        assert content["entries"]["fig-first"]["chapter"] == "one/first"
        assert content["chapters"]["one/first"]["seconds"] > 0
        assert content["machine"]["cores"] >= 1
        again = certificate(project, "quick")
        assert copy.deepcopy(content) == json.loads(json.dumps(again))
