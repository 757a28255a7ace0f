"""Is a curve one of those that other draws of the data give? A test of the whole curve at once."""

from dataclasses import dataclass

import numpy as np
from scipy.special import fdtrc

from learning_dynamics._limits import within_floats
from learning_dynamics._validation import MOST_ENTRIES, instance, integer, moderate, real_array, shown
from learning_dynamics.datasets import FigureDraws, PublishedFigure

LARGEST = 1e6
PANELS = {"a": "perpendicular", "b": "distance", "c": "displacement"}


@dataclass(frozen=True, kw_only=True, eq=False)
class DrawTest:
    r"""A curve against those of independent draws.

    Attributes
    ----------
    mean : numpy.ndarray of float, shape (k,)
        Of the draws.
    deviations : numpy.ndarray of float, shape (k,)
        Standard deviations of one more draw from that mean: those of the draws times :math:`\sqrt{1 + 1/N}`.
    p_value : float
        How likely a curve at least as far away is, if it is one more draw of the same normal law.
    """

    mean: np.ndarray
    deviations: np.ndarray
    p_value: float


def draw_test(curve, draws, *, components=3):
    r"""Test whether a curve is one more draw from the law of some independent ones.

    Parameters
    ----------
    curve : array_like of float, shape (k,)
    draws : array_like of float, shape (N, k)
        Curves of independent draws at the same places.
    components : int
        Number q of principal components of the draws in which curves are compared, >= 1 and at most N - 2 and k.

    Returns
    -------
    DrawTest

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If shapes do not fit, or there are too few draws.

    Notes
    -----
    With the curve's scores u in the components and the covariance S of those of the draws,
    :math:`(N - q) N/(q (N^2 - 1))\,u^T S^{-1} u` has the F distribution with q and N - q degrees of freedom for normal curves
    (Hotelling's test for one more observation). Smooth curves lie nearly in two or three components; what they leave is not tested.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> draws = 1 + 0.1 * rng.standard_normal((40, 1)) + 0.01 * rng.standard_normal((40, 5))
    >>> [round(draw_test(level * np.ones(5), draws, components=1).p_value, 4) for level in (1.1, 2.0)]
    [0.1939, 0.0]
    """
    draws, curve = real_array("draws", draws, ndim=2, squares=True), real_array("curve", curve, ndim=1, squares=True)
    count, places = draws.shape
    if curve.size != places:
        raise ValueError(f"curve must have {places} entries like each of the draws, got {curve.size}")
    q = integer("components", components, at_least=1)
    if q > min(count - 2, places):
        raise ValueError(
            f"components must be at most {min(count - 2, places)} for {count} draws of {places} entries, got {shown(q)}"
        )
    mean = draws.mean(axis=0)
    _, sizes, directions = np.linalg.svd(draws - mean, full_matrices=False)
    if not sizes[q - 1] > 0:
        raise ValueError(f"draws must differ in at least {q} independent ways, got {np.count_nonzero(sizes)}")
    scores = directions[:q] @ (curve - mean)
    with within_floats(curve=curve, draws=draws):
        distance = (count - 1) * np.sum((scores / sizes[:q]) ** 2)
    return DrawTest(
        mean=mean,
        deviations=draws.std(axis=0, ddof=1) * np.sqrt(1 + 1 / count),
        p_value=float(fdtrc(q, count - q, (count - q) * count / (q * (count**2 - 1)) * distance)),
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class RatioTest:
    """Logarithm of a ratio of two curves, as published and as in independent draws of the data.

    Attributes
    ----------
    epochs, published : numpy.ndarray of float, shape (k,)
        Where both published curves could be read, and the logarithm of their ratio.
    test : DrawTest
        The same for the draws; `DrawTest.mean` is the mean of their logarithms.
    """

    epochs: np.ndarray
    published: np.ndarray
    test: DrawTest


def published_curve(figure, panel, width):
    """Return epochs and values of a curve of the figure of paper 3, two arrays of one shape.

    Parameters
    ----------
    figure : PublishedFigure
        ``learning_dynamics.datasets.published_figure("satpathi-srikant-2021", 1)``.
    panel : {"a", "b", "c"}
    width : int
        m: 1000, 2000, 5000 or 10000.

    Returns
    -------
    tuple of numpy.ndarray
        Of shape (k,) each.

    Raises
    ------
    ValueError
        If the figure has no such curve.
    """
    instance("figure", figure, PublishedFigure)
    width = integer("width", width, at_least=1, at_most=MOST_ENTRIES)
    chosen = (figure["panel"] == panel) & (figure["m"] == width) if isinstance(panel, str) else np.zeros(1, bool)
    if not chosen.any():
        raise ValueError(f"panel and width must be those of a published curve, got {shown(panel)} and {width!r}")
    return figure["epoch"][chosen], figure["value"][chosen]


def ratio_test(figure, stored, above, below=None, *, outside=1.0):
    r"""Compare a ratio of two published curves with the same ratio in independent draws of the data, over all common epochs.

    Parameters
    ----------
    figure : PublishedFigure
        As for `published_curve`.
    stored : FigureDraws
        ``learning_dynamics.datasets.figure_draws()``.
    above : tuple of str and int
        Panel and width of the curve that is divided.
    below : tuple of str and int, optional
        Panel and width of the curve that divides; the last published value of `above` if omitted.
    outside : float
        Factor, in [1e-6, 1e6], by which :math:`V_\perp` of the draws is multiplied first: how sharp the test is.

    Returns
    -------
    RatioTest

    Raises
    ------
    ValueError
        If there is no such curve, or `outside` is outside its range.
    """
    instance("stored", stored, FigureDraws)
    outside = moderate("outside", outside, largest=LARGEST)
    _curve("above", above)
    if below is not None:
        _curve("below", below)
    epochs, value = published_curve(figure, *above)
    if below is None:
        published = np.log(value[:-1] / value[-1])
        drawn = _drawn(stored, above, epochs, outside)
        drawn, epochs = np.log(drawn[:, :-1] / drawn[:, -1:]), epochs[:-1]
    else:
        other_epochs, other_value = published_curve(figure, *below)
        epochs, i, j = np.intersect1d(epochs, other_epochs, return_indices=True)
        published = np.log(value[i] / other_value[j])
        drawn = np.log(_drawn(stored, above, epochs, outside) / _drawn(stored, below, epochs, outside))
    return RatioTest(epochs=epochs, published=published, test=draw_test(published, drawn))


def _curve(name, curve):
    if not (isinstance(curve, tuple) and len(curve) == 2):
        raise TypeError(f"{name} must be a pair of panel and width, got {shown(curve)}")


def _drawn(stored, curve, epochs, outside):
    panel, width = curve
    values = stored.curves(PANELS[panel], width=width, epochs=epochs)
    if outside == 1 or panel == "c":
        return values
    return values + (outside - 1) * stored.curves("perpendicular", width=width, epochs=epochs)
