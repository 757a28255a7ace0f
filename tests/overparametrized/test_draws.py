"""The published curves of paper 3 against many draws of the data; the test that compares them; the stored draws."""

import re

import numpy as np
import pytest
from scipy import stats

from learning_dynamics import datasets
from learning_dynamics.data import make_figure_draws
from learning_dynamics.overparametrized import draw_test, published_curve, ratio_test

WIDTHS = (1000, 2000, 5000, 10_000)


@pytest.fixture(scope="module")
def figure():
    return datasets.published_figure("satpathi-srikant-2021", 1)


@pytest.fixture(scope="module")
def stored():
    return datasets.figure_draws()


class TestDrawTest:
    def test_p_values_are_uniform(self):
        rng = np.random.default_rng(0)
        values = []
        for _ in range(800):
            curves = rng.standard_normal((21, 3)) @ rng.standard_normal((3, 9))
            values.append(draw_test(curves[0], curves[1:]).p_value)
        assert stats.kstest(values, "uniform").pvalue > 0.01

    def test_one_component_is_the_t_test_of_one_more_draw(self):
        rng = np.random.default_rng(1)
        draws = rng.standard_normal((12, 1))
        statistic = (0.9 - draws.mean()) / (draws.std(ddof=1) * np.sqrt(1 + 1 / 12))
        expected = 2 * stats.t.sf(abs(statistic), 11)
        assert draw_test([0.9], draws, components=1).p_value == pytest.approx(expected, rel=1e-12)

    def test_scale_and_shift_do_not_matter(self):
        rng = np.random.default_rng(2)
        curves = rng.standard_normal((15, 5))
        first = draw_test(curves[0], curves[1:]).p_value
        assert draw_test(3 * curves[0] + 7, 3 * curves[1:] + 7).p_value == pytest.approx(first, rel=1e-10)

    def test_refusals(self):
        with pytest.raises(ValueError, match="curve must have 3 entries like each of the draws, got 2"):
            draw_test([1.0, 2.0], np.ones((6, 3)))
        with pytest.raises(ValueError, match="components must be at most 2 for 4 draws of 3 entries, got 3"):
            draw_test([1.0, 2.0, 3.0], np.ones((4, 3)))


class TestStoredDraws:
    def test_what_is_stored(self, stored):
        assert stored.command == make_figure_draws.COMMAND
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", stored.date)
        assert stored.data_seeds.tolist() == list(range(make_figure_draws.DRAWS))
        assert tuple(stored.widths) == make_figure_draws.WIDTHS == WIDTHS
        assert tuple(stored.epochs) == make_figure_draws.EPOCHS
        assert (stored.perpendicular <= stored.distance * (1 + 1e-5)).all()

    def test_they_are_of_this_code(self, stored):
        rows = make_figure_draws.rows_of(3, widths=(1000,), epochs=(0, 1000, 2000))
        again = np.array([[float(value) for value in row[3:]] for row in rows])
        places = np.searchsorted(stored.epochs, (0, 1000, 2000))
        for k, name in enumerate(make_figure_draws.COLUMNS[3:]):
            np.testing.assert_allclose(again[:, k], getattr(stored, name)[3, 0, places], rtol=1e-3, err_msg=name)

    def test_curves_between_the_stored_epochs(self, stored):
        """Left out, an epoch comes out again by interpolation: the error in between is far below the spread of draws."""
        k = 12
        for name, allowed in (("distance", 2e-3), ("displacement", 2e-3), ("perpendicular", 2e-3)):
            values = getattr(stored, name)[:, 0]
            rest = np.delete(stored.epochs, k)
            guess = datasets.FigureDraws(
                **{key: getattr(stored, key) for key in ("command", "date", "data_seeds", "widths")},
                epochs=rest,
                **{key: np.delete(getattr(stored, key), k, axis=2) for key in make_figure_draws.COLUMNS[3:]},
            ).curves(name, width=1000, epochs=[stored.epochs[k]])[:, 0]
            np.testing.assert_allclose(guess, values[:, k], rtol=4 * allowed)

    def test_refusals(self, stored):
        with pytest.raises(ValueError, match="width must be one of 1000, 2000, 5000, 10000, got 3000"):
            stored.curves("distance", width=3000, epochs=[1])
        with pytest.raises(ValueError, match=r"epochs must be in \[0, 10000\], got 5 to 10001"):
            stored.curves("distance", width=1000, epochs=[5, 10001])

    def test_script_goes_on_where_it_stopped(self, tmp_path, monkeypatch):
        monkeypatch.setattr(make_figure_draws, "EPOCHS", (0, 2))
        monkeypatch.setattr(make_figure_draws, "DRAWS", 2)
        small = make_figure_draws.rows_of
        monkeypatch.setattr(make_figure_draws, "rows_of", lambda seed: small(seed, widths=(60,), epochs=(0, 2), runs=2))
        out = tmp_path / "out.csv"
        make_figure_draws.main(["--out", str(out)])
        whole = out.read_text("utf-8")
        assert [line.split(",")[:3] for line in whole.splitlines()[2:]] == [[s, "60", e] for s in "01" for e in "02"]
        out.write_text("".join(whole.splitlines(True)[:-2]), "utf-8")
        make_figure_draws.main(["--out", str(out)])
        assert out.read_text("utf-8") == whole

    def test_script_spares_other_files(self, tmp_path, capsys):
        other = tmp_path / "mine.csv"
        other.write_text("a,b\n1,2\n", "utf-8")
        with pytest.raises(SystemExit):
            make_figure_draws.main(["--out", str(other)])
        assert "is not a file of this script" in capsys.readouterr().err


def test_a_ratio_against_a_direct_count(figure, stored):
    found = ratio_test(figure, stored, ("c", 10_000), ("c", 1000))
    (at, value), (other_at, other_value) = published_curve(figure, "c", 10_000), published_curve(figure, "c", 1000)
    assert set(found.epochs) == set(at) & set(other_at)
    k = len(found.epochs) // 2
    epoch = found.epochs[k]
    assert found.published[k] == pytest.approx(np.log(value[at == epoch] / other_value[other_at == epoch])[0])
    with pytest.raises(ValueError, match="panel and width must be those of a published curve, got 'd' and 1000"):
        published_curve(figure, "d", 1000)


@pytest.mark.parametrize("panel", "abc")
@pytest.mark.parametrize("width", WIDTHS[1:])
def test_the_published_ratios_of_widths_are_those_of_our_draws(figure, stored, panel, width):
    assert ratio_test(figure, stored, (panel, width), (panel, 1000)).test.p_value > 0.001


@pytest.mark.parametrize("width", WIDTHS)
def test_the_published_course_of_panel_b_is_not_that_of_our_draws(figure, stored, width):
    """Fails if the conventions are found that give it. The other panels have the right course."""
    assert ratio_test(figure, stored, ("b", width)).test.p_value < 0.001
    for panel in "ac":
        assert ratio_test(figure, stored, (panel, width)).test.p_value > 0.001


def test_fifteen_per_cent_less_outside_the_span_is_seen(figure, stored):
    """(a) over (c): with V_perp smaller by 15 per cent the published curves are none of the draws, at any width."""
    for width in WIDTHS:
        assert ratio_test(figure, stored, ("a", width), ("c", width), outside=0.85).test.p_value < 1e-4
