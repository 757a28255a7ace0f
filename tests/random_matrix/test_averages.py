"""A curve against averages over draws: the p-value is honest, sees a displaced curve, and knows what it does not know."""

import numpy as np
import pytest

from learning_dynamics.random_matrix import average_test, least_time


def walks(count, seed, times=20):
    """Random walks: errors at neighbouring times hang together."""
    return np.random.default_rng(seed).standard_normal((count, times)).cumsum(axis=1)


def test_p_values_of_true_averages_are_uniform():
    values = [
        average_test(walks(25, 1000 + k).mean(axis=0), walks(60, 5000 + k), runs=25, replicates=199, seed=k).p_value
        for k in range(300)
    ]
    counts = np.histogram(values, bins=[0, 0.1, 0.25, 0.5, 0.75, 1.0])[0]
    expected = 300 * np.array([0.1, 0.15, 0.25, 0.25, 0.25])
    assert (np.abs(counts - expected) < 4 * np.sqrt(expected)).all()


def test_a_displaced_curve_is_seen():
    draws = walks(200, 1)
    shifted = draws[:25].mean(axis=0)
    shifted[3] += 6 * draws[:, 3].std() / 5
    result = average_test(shifted, draws, runs=25, replicates=1999, seed=1)
    assert result.p_value == 1 / 2000
    assert np.abs(result.deviations).argmax() == 3 and result.largest == np.abs(result.deviations).max()


def test_deviations_in_standard_errors():
    draws = walks(50, 3, times=4)
    result = average_test(draws.mean(axis=0) + 1.0, draws, runs=10, replicates=10, seed=1)
    np.testing.assert_allclose(result.deviations, 1 / (draws.std(axis=0, ddof=1) * np.sqrt(1 / 10 + 1 / 50)))


def test_an_average_of_many_draws_must_be_close():
    draws = walks(100, 4)
    curve = draws.mean(axis=0) + draws.std(axis=0) / 3
    few, many = (average_test(curve, draws, runs=runs, replicates=999, seed=1).p_value for runs in (1, 1000))
    assert few > 0.5 and many < 0.02


def test_where_all_draws_are_equal():
    draws = np.column_stack([np.full(30, 0.5), np.random.default_rng(5).random(30)])
    assert np.isfinite(average_test(draws[:9].mean(axis=0), draws, runs=9, replicates=99, seed=1).largest)
    assert average_test([0.6, 0.5], draws, runs=9, replicates=99, seed=1).p_value == 0.01


def test_same_seed_same_p_value():
    draws = walks(40, 6)
    results = {average_test(draws[0], draws, runs=3, replicates=137, seed=seed).p_value for seed in (7, 7, 7)}
    assert len(results) == 1


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"curve": np.zeros(3)}, ValueError, r"errors_of_runs must have shape \(2 or more, 3\), got \(5, 4\)"),
        ({"errors_of_runs": np.zeros((1, 4))}, ValueError, r"errors_of_runs must have shape \(2 or more, 4\), got \(1, 4\)"),
        ({"runs": 0}, ValueError, "runs must be >= 1, got 0"),
        ({"replicates": 0}, ValueError, "replicates must be >= 1, got 0"),
        ({"seed": -1}, ValueError, "seed must be >= 0, got -1"),
        ({"curve": "x"}, TypeError, "curve"),
    ],
)
def test_refusals(changes, error, message):
    options = {"curve": np.zeros(4), "errors_of_runs": np.zeros((5, 4)), "runs": 2, "replicates": 5, "seed": 1, **changes}
    with pytest.raises(error, match=message):
        average_test(options.pop("curve"), options.pop("errors_of_runs"), **options)


def parabolas(count, seed, times):
    """Errors with their minimum scattered around 50."""
    centres = 50 + 5 * np.random.default_rng(seed).standard_normal(count)
    return (times - centres[:, None]) ** 2


def test_the_least_time_of_parabolas_is_the_mean_of_theirs():
    times = np.arange(0.0, 100.0, 0.1)
    ends = [least_time(times, parabolas(40, seed, times), replicates=200, seed=1) for seed in range(60)]
    assert np.mean([end.standard_error for end in ends]) == pytest.approx(5 / np.sqrt(40), rel=0.05)
    assert np.std([end.time for end in ends]) == pytest.approx(5 / np.sqrt(40), rel=0.3)
    covered = sum(end.interval[0] <= 50 <= end.interval[1] for end in ends)
    assert 51 <= covered <= 60


def test_the_first_of_equal_minima():
    result = least_time([1, 2, 3], [[1, 0, 0], [1, 0, 0]], replicates=10, seed=1)
    assert (result.time, result.standard_error, result.interval) == (2.0, 0.0, (2.0, 2.0))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"t": [1.0]}, r"errors_of_runs must have shape \(2 or more, 1\), got \(5, 4\)"),
        ({"errors_of_runs": np.zeros((1, 4))}, r"errors_of_runs must have shape \(2 or more, 4\), got \(1, 4\)"),
        ({"replicates": 1}, "replicates must be >= 2, got 1"),
        ({"seed": -1}, "seed must be >= 0, got -1"),
    ],
)
def test_refusals_of_the_least_time(changes, message):
    options = {"t": np.arange(4), "errors_of_runs": np.zeros((5, 4)), "replicates": 5, "seed": 1, **changes}
    with pytest.raises(ValueError, match=message):
        least_time(options.pop("t"), options.pop("errors_of_runs"), **options)
