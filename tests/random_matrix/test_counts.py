"""The simulated curves of paper 1's figure 6 are counts, on as many points as one class has in all runs."""

import numpy as np
import pytest

from learning_dynamics.datasets import published_figure


@pytest.mark.parametrize("name", ["training_simulation", "generalization_simulation"])
def test_figure_6_counts_errors_on_one_class(name):
    values = published_figure("liao-couillet-2018", 6)[name]

    def off(count):
        return np.abs(values * count - np.round(values * count)).max()

    assert off(392 * 100) < 392 * 100 * 1.5e-6
    assert off(392 * 50) > 0.4
    divisors = [count for count in range(19_000, 60_000, 50) if off(count) < count * 1.5e-6]
    assert divisors == [39_200]
