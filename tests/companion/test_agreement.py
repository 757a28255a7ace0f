"""Agreement tables: both verdicts of a row, whole curves, and how they are written."""

import math

import numpy as np
import pytest
import yaml

from learning_dynamics.companion import AgreementTable
from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.records.verdicts import count_verdicts, counts_in_words

CHECKED = {"source": "a table", "checked": "by hand"}
REFERENCES = [
    {"quantity": "theory value", "value": 1.0, "tolerance": 0.01, "kind": "paper", **CHECKED},
    {"quantity": "simulated value", "value": 2.0, "tolerance": 0.1, "kind": "stored", "of": "simulation", **CHECKED},
    {"quantity": "formula value", "value": 3.0, "tolerance": 0.1, "kind": "formula", **CHECKED},
]
OTHER = "not judged: other parameters"


@pytest.fixture(autouse=True)
def inside(project, monkeypatch):
    path = project.book / "registry.yml"
    content = yaml.safe_load(path.read_text())
    content["entries"][0].update(references=REFERENCES, at={"c": 0.5})
    path.write_text(yaml.safe_dump(content))
    monkeypatch.chdir(project.book)


def table(at=0.5):
    return AgreementTable("fig-first", at={"c": at})


def verdicts(quantity, *, at=0.5, **values):
    row = table(at).row(quantity, **values).rows[0]
    return row.against_reference, row.against_simulation


def last_line(filled):
    return next(line for line in reversed(repr(filled).splitlines()) if line.startswith("|"))


class TestTheTwoVerdicts:
    """Each is reached on its own."""

    @pytest.mark.parametrize(
        ("simulation", "allowance", "expected"),
        [(1.039, 0, "agrees"), (1.041, 0, "disagrees"), (1.041, 0.002, "agrees"), (0.959, 0, "disagrees")],
    )
    def test_simulation_is_judged_by_four_standard_errors_and_the_allowance(self, simulation, allowance, expected):
        source = "measured" if allowance else ""
        values = {"standard_error": 0.01, "allowance": allowance, "allowance_source": source}
        assert verdicts("other", theory=1.0, simulation=simulation, **values) == ("", expected)

    @pytest.mark.parametrize(("theory", "expected"), [(1.0099, "agrees"), (1.0101, "disagrees")])
    def test_theory_is_judged_by_the_tolerance(self, theory, expected):
        assert verdicts("theory value", theory=theory) == (expected, "")

    @pytest.mark.parametrize(("simulation", "expected"), [(2.09, "agrees"), (2.11, "disagrees")])
    def test_a_reference_may_speak_of_the_simulation(self, simulation, expected):
        assert verdicts("simulated value", simulation=simulation) == (expected, "")

    def test_one_does_not_hide_the_other(self):
        off = {"theory": 1.0, "simulation": 3.0, "standard_error": 0.1}
        assert verdicts("theory value", **off) == ("agrees", "disagrees")
        assert verdicts("theory value", **off | {"theory": 3.0}) == ("disagrees", "agrees")
        assert verdicts("theory value", theory=1.0, simulation=3.0, not_judged="a leading order") == (
            "agrees",
            "not judged: a leading order",
        )

    def test_references_are_not_judged_at_other_parameters(self):
        assert verdicts("theory value", at=0.6, theory=7.0) == (OTHER, "")
        assert verdicts("theory value", at=0.6, theory=7.0, simulation=7.0, standard_error=0.1) == (OTHER, "agrees")

    def test_nan_never_agrees(self):
        assert verdicts("theory value", theory=math.nan)[0] == "disagrees"
        for values in ((1.0, math.nan, 1.0), (1.0, 1.0, math.nan), (math.nan, 1.0, 1.0)):
            row = dict(zip(("theory", "simulation", "standard_error"), values))
            assert verdicts("other", **row)[1] == "disagrees"

    @pytest.mark.parametrize(
        ("quantity", "values", "message"),
        [
            ("other", {}, "needs a theory or a simulation value"),
            ("other", {"theory": 1.0}, "nothing to be compared with; say why in 'not_judged'"),
            ("other", {"theory": 1.0, "simulation": 1.0}, "needs the standard error"),
            ("simulated value", {"theory": 1.0}, "needs its simulation value"),
            ("other", {"theory": 1.0, "simulation": 1.0, "standard_error": 0.0, "allowance": 1.0}, "source of its allowance 1.0"),
        ],
    )
    def test_a_row_that_cannot_be_judged_raises(self, quantity, values, message):
        with pytest.raises(ValueError, match=message):
            table().row(quantity, **values)

    def test_needs_the_parameters_of_its_references(self):
        with pytest.raises(ValueError, match="needs the parameter 'c'"):
            AgreementTable("fig-first")

    def test_unknown_entry_gets_a_suggestion(self):
        with pytest.raises(CompanionError, match="did you mean 'fig-first'"):
            AgreementTable("fig-frist")


class TestWholeCurves:
    """Published curves, judged over all their points."""

    PUBLISHED = np.array([0.5, 0.25, 0.125])

    @pytest.mark.parametrize(("shift", "expected"), [(9e-7, "agrees"), (1.1e-6, "disagrees"), (math.nan, "disagrees")])
    def test_every_point_lies_within_the_tolerance(self, shift, expected):
        ours = self.PUBLISHED + [0, shift, 0]
        row = table().curve("markers", published=self.PUBLISHED, theory=ours, tolerance=1e-6).rows[0]
        assert row.against_reference == expected
        assert row.points == 3
        if np.isfinite(shift):
            assert row.largest == pytest.approx(shift)
            assert row.rms == pytest.approx(shift / 3**0.5)

    @pytest.mark.parametrize(("p_value", "expected"), [(0.001, "agrees"), (0.0009, "disagrees"), (math.nan, "disagrees")])
    def test_or_it_is_not_too_unlikely(self, p_value, expected):
        row = table().curve("line", published=self.PUBLISHED, simulation=self.PUBLISHED, p_value=p_value).rows[0]
        assert row.against_reference == expected

    def test_it_is_judged_at_its_own_parameters_only(self):
        row = table(0.6).curve("line", published=self.PUBLISHED, theory=self.PUBLISHED, tolerance=1e-6).rows[0]
        assert row.against_reference == OTHER

    @pytest.mark.parametrize(
        ("values", "message"),
        [
            ({"tolerance": 1e-6}, "needs a theory or a simulation, and not both"),
            ({"theory": PUBLISHED, "simulation": PUBLISHED, "tolerance": 1e-6}, "and not both"),
            ({"theory": PUBLISHED}, "exactly one of 'tolerance', 'p_value' and 'not_judged'"),
            ({"theory": PUBLISHED, "tolerance": 1e-6, "p_value": 0.5}, "exactly one of"),
            ({"theory": PUBLISHED[:2], "tolerance": 1e-6}, r"got \(3,\) and \(2,\)"),
        ],
    )
    def test_what_cannot_be_judged_raises(self, values, message):
        with pytest.raises(ValueError, match=message):
            table().curve("line", published=self.PUBLISHED, **values)


class TestKnownDisagreements:
    """They are findings: it is unexpected if they are not seen."""

    def test_a_disagreement_is_unexpected_unless_it_is_known(self):
        rows = table().row("theory value", theory=2.0).row("theory value", theory=2.0, known="corrections").rows
        assert [row.unexpected for row in rows] == [True, False]

    def test_an_agreement_is_unexpected_where_a_disagreement_is_known(self):
        filled = table().row("theory value", theory=1.0, known="corrections").row("theory value", theory=1.0)
        assert filled.failures == filled.rows[:1]

    def test_what_is_not_judged_is_never_unexpected(self):
        assert not table(0.6).row("theory value", theory=1.0, known="corrections").failures

    def test_the_text_says_where_it_is_explained(self):
        filled = table().row("theory value", theory=2.0, known="*corrections*")
        assert "disagrees, as *corrections* explains (1 of 0.01)" in last_line(filled)


class TestText:
    """Tables as their readers see them."""

    def test_values_are_rounded_to_their_errors(self):
        filled = table().row("theory value", theory=1.00123456, simulation=1.00234567, standard_error=0.012345)
        assert repr(filled).splitlines() == [
            "| quantity | paper | theory | simulation | theory against simulation | against paper |",
            "| :-- | --: | --: | --: | :-- | :-- |",
            "| theory value | 1.000 ± 0.010 | 1.001 | 1.002 ± 0.012 | agrees (0.0011 of 0.049) | agrees (0.0012 of 0.01) |",
        ]
        assert filled._repr_markdown_() == repr(filled)

    def test_each_kind_of_reference_has_a_column_of_its_own(self):
        filled = table().row("theory value", theory=1.0).row("formula value", theory=3.0)
        assert repr(filled).splitlines()[0] == "| quantity | paper | formula | theory | against paper, formula |"
        assert last_line(filled) == "| formula value | — | 3.00 ± 0.10 | 3 | agrees (0 of 0.1) |"

    def test_an_empty_column_is_left_out(self):
        filled = table().row("other", theory=1.0, simulation=1.0, standard_error=0.1)
        assert repr(filled).splitlines()[0] == "| quantity | theory | simulation | theory against simulation |"

    def test_the_source_of_an_allowance_stands_below(self):
        row = {"theory": 1.0, "simulation": 1.1, "standard_error": 0.01, "allowance": 0.1}
        filled = table().row("a", **row, allowance_source="B/p").row("b", **row, allowance_source="half the width")
        assert "agrees (0.1 of 0.04 + 0.1 [b])" in repr(filled)
        assert repr(filled).splitlines()[-2:] == ["", "[a] B/p; [b] half the width"]

    def test_no_reference_value_is_shown_that_does_not_apply(self):
        assert last_line(table(0.6).row("theory value", theory=7.0)) == f"| theory value | 7 | {OTHER} |"

    def test_curves_have_a_table_of_their_own(self):
        filled = table().row("theory value", theory=1.0)
        filled.curve("line", published=[0.5, 0.25], simulation=[0.51, 0.25], p_value=0.3)
        filled.curve("markers", published=[0.5, 0.25], theory=[0.5, 0.25], tolerance=1e-6)
        assert repr(filled).splitlines()[3:] == [
            "",
            "| whole curve of the paper | points | largest difference | rms | allowed, or *p* | ours against paper |",
            "| :-- | --: | --: | --: | --: | :-- |",
            "| line | 2 | 0.01 | 0.0071 | p = 0.3 | agrees |",
            "| markers | 2 | 0 | 0 | 1 × 10⁻⁶ | agrees |",
        ]

    def test_a_curve_of_one_point_stands_among_the_values(self):
        filled = table().curve("height", published=[39.9], theory=[41.25], p_value=0.3)
        assert repr(filled).splitlines()[0] == "| quantity | paper | theory | against paper |"
        assert last_line(filled) == "| height | 39.9 | 41.25 | agrees (1.4; p = 0.3) |"
        filled = table().curve("sum", published=[514.5], theory=[514.25], tolerance=4.0)
        assert last_line(filled) == "| sum | 514.5 | 514.2 | agrees (0.25 of 4) |"

    def test_a_regression_is_called_one(self):
        assert last_line(table().row("simulated value", simulation=2.01)).endswith("| regression: agrees (0.01 of 0.1) |")

    def test_a_bar_in_a_quantity_is_no_border_of_a_cell(self):
        filled = table().row("|x|", theory=1.0, not_judged="only shown")
        assert last_line(filled) == r"| \|x\| | 1 | not judged: only shown |"


def test_verdicts_are_counted_kind_by_kind():
    filled = table().row("theory value", theory=1.0, simulation=3.0, standard_error=0.1)
    filled.row("simulated value", simulation=2.0).row("other", theory=1.0, not_judged="only shown")
    assert count_verdicts(filled.as_records()) == {
        "simulation": {"disagrees": 1, "not judged": 1},
        "paper": {"agrees": 1},
        "stored": {"agrees": 1},
    }
    assert counts_in_words(filled.as_records()).endswith("against the paper: 1 agrees; regression: 1 agrees")
