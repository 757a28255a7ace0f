"""Declared parameters: reading, parsing, checking."""

import nbformat
import pytest

from learning_dynamics.companion.errors import CompanionError
from learning_dynamics.companion.parameters import check_values, declared_parameters, parse_assignments

CELL = """\
runs: int = 50  # independent draws; in [1, 100]
sigma2: float = 0.1  # variance; in [0, inf)
c: float = 0.5  # ratio; in (0, 50]
flow: bool = False  # the limit of small steps
sizes: list[int] = [32, 64]  # dimensions; in [8, 512]
rates: list[float] = [0.1]
dynamics: str = "gd"  # how to move; in {gd, flow}
"""


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
    ],
)
def test_refuses_with_one_sentence(declared, text, sentence):
    with pytest.raises(CompanionError) as caught:
        parse_assignments([text], declared)
    assert str(caught.value).startswith(sentence)
    assert "\n" not in str(caught.value)


def test_checks_values_of_presets(declared):
    assert check_values({"runs": 5}, declared) == {"runs": 5}
    with pytest.raises(CompanionError, match="runs must be of type int"):
        check_values({"runs": "5"}, declared)


def test_refuses_a_line_that_declares_nothing():
    cell = nbformat.v4.new_code_cell("runs = 3", metadata={"tags": ["parameters"]})
    with pytest.raises(CompanionError, match="name: type = value"):
        declared_parameters(nbformat.v4.new_notebook(cells=[cell]))
