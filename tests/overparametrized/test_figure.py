"""The figure of paper 3 under the conventions that reproduce it: ratios between widths, slopes and bands, not single values."""

import numpy as np
import pytest

from learning_dynamics.overparametrized import TwoLayerRegression, polynomial_data, simulate, squared_norm

WIDTHS = (1000, 2000, 5000, 10000)
EPOCHS = np.arange(0, 10_001, 1000)


@pytest.fixture(scope="module")
def figure():
    """Mean curves over 5 initialisations at each width, for one draw of the data; its seed is the first one, 0."""
    data = polynomial_data(seed=0)
    curves = {}
    for width in WIDTHS:
        model = TwoLayerRegression(
            inputs=data.inputs,
            targets=data.targets,
            width=width,
            learning_rate=0.01,
            loss="mean",
            gain=2**0.5,
            bias=False,
            initialization="uniform",
            scale=5**-0.5,
        )
        curves[width] = simulate(model, epochs=EPOCHS, runs=5, seed=width)
    return model, curves


def test_panel_a(figure):
    """The paper ends at 3.10, 2.32, 1.07 and 0.68; draws of the data span 1.7 to 5.0 at m = 1000."""
    ends = [figure[1][width].mean("perpendicular")[-1] for width in WIDTHS]
    assert 1.7 < ends[0] < 5.1
    assert (np.diff(ends) < 0).all()
    slope = np.polyfit(np.log(WIDTHS), np.log(ends) / 2, 1)[0]
    assert -0.38 < slope < -0.28
    shape = figure[1][1000].mean("perpendicular")
    np.testing.assert_allclose(shape[[2, 6]] / shape[10], [0.23, 0.82], atol=0.1)


def test_panel_b(figure):
    model, curves = figure
    for width in WIDTHS:
        distance = curves[width].mean("distance")
        assert distance[0] == pytest.approx(squared_norm(model), rel=0.15)
        assert 27 < distance[0] < 60
        assert (np.diff(distance[:5]) < 0).all()
    ends = [curves[width].mean("distance")[-1] for width in WIDTHS]
    assert -0.32 < np.polyfit(np.log(WIDTHS), np.log(ends) / 2, 1)[0] < -0.2


def test_panel_c(figure):
    """All widths travel the same way: the paper has 35.4, 38.45, 36.1, 35.6 at the end."""
    ends = np.array([figure[1][width].mean("displacement")[-1] for width in WIDTHS])
    assert ends.max() / ends.min() < 1.1
    halfway = np.array([figure[1][width].mean("displacement")[2] for width in WIDTHS]) / ends
    np.testing.assert_allclose(halfway, 0.43, atol=0.08)
