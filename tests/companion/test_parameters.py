"""Declared parameters: reading, parsing, checking."""

import os
import re
import subprocess
import sys

import nbformat
import pytest

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.notebooks import read_notebook, write_notebook
from learning_dynamics.companion.commands.cli import main
from learning_dynamics.companion.execution.notebook_kernel import installed_kernel
from learning_dynamics.companion.records.parameters import (
    Need,
    check_values,
    declared_needs,
    declared_parameters,
    parse_assignments,
    parse_grid,
    require_needs,
    require_parameters,
)

CELL = """\
runs: int = 50  # independent draws; in [1, 100]
sigma2: float = 0.1  # variance; in [0, inf)
c: float = 0.5  # ratio; in (0, 50]
flow: bool = False  # the limit of small steps
sizes: list[int] = [32, 64]  # dimensions; in [8, 512]
rates: list[float] = [0.1]
dynamics: str = "gd"  # how to move; in {gd, flow}
"""


NO_WHOLE_NUMBER = (
    "0x10",
    "0b11",
    "0o17",
    "1e3",
    "64.0",
    "10:30",
    "2026-13-01",
    "64 # x",
    '!!int "64"',
    "1__0",
    "_1",
    "--1",
    "٤",
    "−5",
    "5 6",
    '"64"',
)
NO_NUMBER = ("0x10", "10:30", "5:00", "2020-01-01", "0,01", "1 # x", '"0.01"', "1e", "۱", ".nan", ".inf", "1 2", "*a")


@pytest.fixture
def declared():
    cell = nbformat.v4.new_code_cell(CELL, metadata={"tags": ["parameters"]})
    return declared_parameters(nbformat.v4.new_notebook(cells=[cell]))


def test_reads_name_type_default_help_and_range(declared):
    assert list(declared) == ["runs", "sigma2", "c", "flow", "sizes", "rates", "dynamics"]
    runs = declared["runs"]
    assert (runs.type, runs.default, runs.help, runs.allowed) == ("int", 50, "independent draws", "[1, 100]")
    assert declared["flow"].help == "the limit of small steps"
    assert declared["rates"].allowed == ""


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("runs=7", 7),
        ("sigma2=1", 1.0),
        ("sigma2=1e-3", 1e-3),
        ("c=50", 50.0),
        ("flow=true", True),
        ("flow=False", False),
        ("sizes=[8,16]", [8, 16]),
        ("sizes=8,16", [8, 16]),
        ("sizes=8", [8]),
        ("rates=[1, 2e-1]", [1.0, 0.2]),
        ("dynamics=flow", "flow"),
        ("runs=010", 10),
        ("runs=+7", 7),
        ("runs=1_0", 10),
        ("sigma2=0123", 123.0),
        ("sigma2=.5", 0.5),
        ("sigma2=5.", 5.0),
        ("sigma2=+1E-2", 0.01),
        ("sigma2=-0", 0.0),
        ("flow=YES", True),
        ("sizes=[010, 0032]", [10, 32]),
    ],
)
def test_parses_every_type(declared, text, value):
    name = text.partition("=")[0]
    found = parse_assignments([text], declared)[name]
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("run=7", "there is no parameter 'run'; did you mean 'runs'?"),
        ("zzzzzz=7", "there is no parameter 'zzzzzz'; known: c, dynamics"),
        ("runs", "a parameter is set as name=value, got 'runs'"),
        ("runs=2.5", "runs must be of type int, got '2.5'"),
        ("runs=true", "runs must be of type int, got 'true'"),
        ("runs=ten", "runs must be of type int, got 'ten'"),
        ("runs=", "runs must be of type int, got ''"),
        ("runs=0", "runs must be in [1, 100], got 0"),
        ("runs=101", "runs must be in [1, 100], got 101"),
        ("c=0", "c must be in (0, 50], got 0.0"),
        ("sigma2=-1", "sigma2 must be in [0, inf), got -1.0"),
        ("sigma2=inf", "sigma2 must be in [0, inf), got inf"),
        ("sigma2=nan", "sigma2 must be in [0, inf), got nan"),
        ("sigma2=yes", "sigma2 must be of type float, got 'yes'"),
        ("rates=nan", "rates must be finite, got nan"),
        ("flow=maybe", "flow must be of type bool, got 'maybe'"),
        ("flow=1", "flow must be of type bool, got '1'"),
        ("sizes=[8,", "sizes must be of type list[int], got '[8,'"),
        ("sizes=8,x", "sizes must be of type list[int], got '8,x'"),
        ("sizes=8,4", "sizes must be in [8, 512], got 4"),
        ("dynamics=jump", "dynamics must be in {gd, flow}, got 'jump'"),
        *((f"runs={text}", f"runs must be of type int, got '{text}'") for text in NO_WHOLE_NUMBER),
        *((f"sigma2={text}", f"sigma2 must be of type float, got '{text}'") for text in NO_NUMBER),
        ("sizes=", "sizes must be of type list[int], got ''"),
        ("sizes=[]", "sizes must be of type list[int], got '[]'"),
        ("sizes=8,,9", "sizes must be of type list[int], got '8,,9'"),
        ("sizes=[[8]]", "sizes must be of type list[int], got '[[8]]'"),
        ("sigma2=1e400", "sigma2 must be in [0, inf), got inf"),
        (f"sigma2={'9' * 400}", "sigma2 must be in [0, inf), got inf"),
        (f"runs={'9' * 400}", f"runs must be in [1, 100], got {'9' * 60}… (400 characters)"),
        (f"runs={'9' * 5000}", f"runs must be of type int, got '{'9' * 59}… (5002 characters)"),
        (f"runs={'[' * 3000}", f"runs must be of type int, got '{'[' * 59}… (3002 characters)"),
        (f"{'x' * 5000}=1", f"there is no parameter '{'x' * 80}'… (5000 characters)"),
    ],
)
def test_refuses_with_one_sentence(declared, text, sentence):
    with pytest.raises(CompanionError) as caught:
        parse_assignments([text], declared)
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("texts", [["runs=7", "runs=8"], ["runs=7", "runs=7"], ["runs=101", "runs=7"]])
def test_a_parameter_is_given_once(declared, texts):
    for parse in (parse_assignments, parse_grid):
        with pytest.raises(CompanionError, match="runs (is given twice|must be in)"):
            parse(texts, declared)


@pytest.mark.parametrize("text", ["runs=010", "sigma2=0123", "c=1e-2", "flow=on", "dynamics=gd"])
def test_a_grid_reads_a_value_as_a_single_run_does(declared, text):
    name = text.partition("=")[0]
    assert parse_grid([text], declared)[name] == [parse_assignments([text], declared)[name]]


@pytest.mark.parametrize(
    ("cell", "sentence"),
    [
        ("a: int = 3  # x; in (0; 100]", "the range of a must be two numbers with a comma, got (0; 100]"),
        ("a: int = 3  # x; in [low, 9]", "the range of a must be two numbers"),
        ("a: int = 3 +", "parameters cell: invalid syntax"),
        ("a: int = len([])", "the value must be written out, got 'a: int = len([])'"),
    ],
)
def test_a_wrong_declaration_is_one_sentence(cell, sentence):
    cells = [nbformat.v4.new_code_cell(cell, metadata={"tags": ["parameters"]})]
    with pytest.raises(CompanionError, match=re.escape(sentence)):
        declared_parameters(nbformat.v4.new_notebook(cells=cells))


@pytest.mark.parametrize(
    ("namespace", "sentence"),
    [
        ({"runs": 0}, r"runs must be in \[1, 100\], got 0"),
        ({"runs": "0512"}, "runs must be of type int, got '0512'"),
        ({"sigma2": float("nan")}, r"sigma2 must be in \[0, inf\), got nan"),
        ({"runs": 60}, "the chapter needs runs . c <= 25, got runs = 60, c = 0.5"),
    ],
)
def test_a_chapter_checks_what_anybody_set(namespace, sentence):
    cells = ["", CELL + "# needs runs * c <= 25", "# Parameters\nruns = 3", "use_style()"]
    require_parameters({"runs": 3, "c": 1, "other": None}, cells)
    with pytest.raises(CompanionError, match=sentence):
        require_parameters(namespace, cells)
    require_parameters(namespace, ["", "runs = 7", "use_style()"])


def test_the_cell_that_was_run_last_declares_the_parameters():
    edited = ["runs: int = 3  # how often; in [1, 10]", "runs: int = 30  # how often; in [1, 40]", "use_style()"]
    require_parameters({"runs": 30}, edited)
    with pytest.raises(CompanionError, match="runs must be in .1, 10., got 30"):
        require_parameters({"runs": 30}, [edited[0], "runs = 30", edited[2]])


def test_a_name_that_papermill_does_not_know_is_refused():
    with pytest.raises(CompanionError, match="there is no parameter 'run'; did you mean 'runs'?"):
        require_parameters({"runs": 50, "run": 7}, [CELL, "# Parameters\nrun = 7\n", "use_style()"])


def test_plain_papermill_gives_the_sentence_before_anything_runs(tmp_path):
    """With the cells of a chapter, by the plain command, in a folder that knows no book."""
    cells = [nbformat.v4.new_code_cell("runs: int = 3  # how often; in [1, 10]", metadata={"tags": ["parameters"]})]
    cells += [nbformat.v4.new_code_cell("from learning_dynamics.companion import use_style\nuse_style()\nprint('begun')")]
    notebook = nbformat.v4.new_notebook(cells=cells)
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(notebook, tmp_path / "in.ipynb")
    with installed_kernel() as variables:
        command = [sys.executable, "-m", "papermill", "--no-progress-bar", "in.ipynb", "out.ipynb", "-p", "runs", "11"]
        done = subprocess.run(command, cwd=tmp_path, env=os.environ | variables, capture_output=True, text=True)
    assert done.returncode != 0
    assert done.stderr.strip().splitlines()[-1] == "CompanionError: runs must be in [1, 10], got 11."
    ran = nbformat.read(tmp_path / "out.ipynb", as_version=4)
    assert [output.output_type for cell in ran.cells[1:] for output in cell.get("outputs", ())][-1:] == ["error"]
    assert not any(output.get("text") for cell in ran.cells for output in cell.get("outputs", ()))


def test_checks_values_of_presets(declared):
    assert check_values({"runs": 5}, declared) == {"runs": 5}
    with pytest.raises(CompanionError, match="runs must be of type int"):
        check_values({"runs": "5"}, declared)


def test_refuses_a_line_that_declares_nothing():
    cell = nbformat.v4.new_code_cell("runs = 3", metadata={"tags": ["parameters"]})
    with pytest.raises(CompanionError, match="name: type = value"):
        declared_parameters(nbformat.v4.new_notebook(cells=[cell]))


def test_what_must_hold_of_parameters_together(project, monkeypatch, capsys):
    notebook = read_notebook(project.notebook("one/first"))
    notebook.cells[1].source = (
        "runs: int = 4  # how often; in [1, 10]\nscale: float = 2.0  # a factor; in (0, 5]\n"
        "# needs runs % 2 == 0: an even number of runs\n# needs runs * scale <= 20"
    )
    write_notebook(notebook, project.notebook("one/first"))
    monkeypatch.chdir(project.root)
    for command, sentence in (
        (["rerun", "one/first", "-p", "runs=5"], "the chapter needs an even number of runs, got runs = 5."),
        (
            ["rerun", "one/first", "-p", "runs=6", "-p", "scale=5"],
            "the chapter needs runs * scale <= 20, got runs = 6, scale = 5.0.",
        ),
        (["sweep", "one/first", "-p", "runs=2,4,7"], "the chapter needs an even number of runs, got runs = 7."),
        (["rerun", "one/first", "--preset", "quick"], "the chapter needs an even number of runs, got runs = 1."),
        (["build", "--preset", "quick"], "the chapter needs an even number of runs, got runs = 1."),
    ):
        assert main(command) == 2
        captured = capsys.readouterr()
        assert captured.err == f"error: {sentence}\n"
        assert "running" not in captured.out
    assert main(["rerun", "one/first", "--list"]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == ["needs an even number of runs", "needs runs * scale <= 20"]


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("# needs __import__('os')", "must be a comparison of parameters and numbers"),
        ("# needs runs.real > 0", "must be a comparison of parameters and numbers"),
        ("# needs runs >", "must be a comparison of parameters and numbers"),
        ("# needs open('x') > 0", "must be a comparison of parameters and numbers"),
        ("# needs sqrt.real > 0", "must be a comparison of parameters and numbers"),
        ("# needs (lambda: runs)() > 0", "must be a comparison of parameters and numbers"),
        ("# needs sqrt > 0", "there is no parameter 'sqrt'"),
        ("# needs rums > 0", "there is no parameter 'rums'; did you mean 'runs'?"),
    ],
)
def test_a_need_is_a_formula_of_parameters(line, sentence):
    cells = [nbformat.v4.new_code_cell(CELL + line, metadata={"tags": ["parameters"]})]
    with pytest.raises(CompanionError, match=re.escape(sentence)):
        declared_needs(nbformat.v4.new_notebook(cells=cells))


@pytest.mark.parametrize(
    ("formula", "holds"),
    [
        ("sqrt(a) <= 2", True),
        ("max(a, b) < 4", False),
        ("min(a, b) >= 0", False),
        ("sqrt(b) >= 0", False),
        ("normal_quantile(a / 8) == 0", True),
        ("normal_quantile(a) < 0", False),
    ],
)
def test_functions_in_a_need(formula, holds):
    need = [Need(formula=formula, words=formula)]
    if holds:
        require_needs({"a": 4, "b": -1}, need)
        return
    with pytest.raises(CompanionError, match="the chapter needs"):
        require_needs({"a": 4, "b": -1}, need)


def test_a_division_by_zero_is_not_allowed_either():
    with pytest.raises(CompanionError, match="needs a / b > 1, got a = 1, b = 0"):
        require_needs({"a": 1, "b": 0}, [Need(formula="a / b > 1", words="a / b > 1")])
