r"""How far a wide network leaves the span of its first gradient: the limit of :math:`\sqrt m\,V_\perp`, and what comes next."""

from dataclasses import dataclass
from math import ceil, log2, pi, sqrt

import numpy as np
from scipy.special import ndtri
from scipy.stats.qmc import Sobol

from learning_dynamics._interruption import in_parts, look_up
from learning_dynamics._limits import check_room
from learning_dynamics._threads import one_blas_thread
from learning_dynamics._validation import instance, integer, real_array, shown, size, time_vector
from learning_dynamics.overparametrized.kernels.neuron_motion import crossing_totals, drive, follow, pair_totals
from learning_dynamics.overparametrized.mathematics.linearization import spectrum
from learning_dynamics.overparametrized.model import TwoLayerRegression
from learning_dynamics.overparametrized.theory.linear_training import check_linearization
from learning_dynamics.overparametrized.theory.tangent_kernel import kernel_matrix

SPAN = 1000  # of the last interval of time over the first
BLOCKS = 8  # independent estimates of the mean over a kink
PART = 2e8  # steps of a compiled call


@dataclass(frozen=True, kw_only=True, eq=False)
class EscapeLimit:
    r"""The limit of :math:`\sqrt m\,V_\perp` as the width m grows.

    Attributes
    ----------
    epochs : numpy.ndarray of float, shape (k,)
    values : numpy.ndarray of float, shape (k,)
    standard_errors : numpy.ndarray of float, shape (k,)
        Of the mean over the law of the initial weights.
    """

    epochs: np.ndarray
    values: np.ndarray
    standard_errors: np.ndarray


def escape_limit(model, epochs, *, linearization=None, samples=512, steps=50, seed):
    r"""The limit of :math:`\sqrt m\,V_\perp` under the flow of paper 3, for :math:`V_\perp` of its equation (7). Nothing is trained.

    A neuron within :math:`O(m^{-1/2})` of the kink of point i crosses it, or slides along it. With :math:`s = \sqrt m\,w^T \tilde x_i`,
    its sign a and its activities :math:`A_j` at the other points, which stay,

    .. math:: \dot s = -g a \Big(\sum_{j \ne i} A_j r_j \tilde x_i^T \tilde x_j + r_i |\tilde x_i|^2 1\{s > 0\}\Big),

    and r are the residuals of the linear problem. Then

    .. math:: \sqrt m\,V_\perp(t) \to g^2 \sum_i |\tilde x_i|^2\,p_i(0)\,
        \mathrm{E}_i \int \Big(\int_0^t (1\{s > 0\} - 1\{s(0) > 0\})\,r_i\,dt\Big)^2 ds(0),

    where :math:`p_i(0)` is the density of :math:`w(0)^T \tilde x_i` at 0 and :math:`\mathrm{E}_i` the mean over the weights on the kink
    and over a.

    Parameters
    ----------
    model : TwoLayerRegression
        Its width does not matter.
    epochs : float or array_like of float, shape (k,)
        Times, >= 0; the flow has run for ``epochs * model.step``.
    linearization : Linearization, optional
        Of `initial_linearization`: the residuals are those of its tangent kernel and :math:`f_0`. If omitted, those of infinite
        width with :math:`f_0 = 0`, for which H stands in place of the tangent kernel.
    samples : int
        Number of neurons drawn on each kink from the law of the initial weights, >= 8; rounded up to 8 times a power of 2. They come
        from 8 scrambled Sobol sequences, whose scatter gives the standard error.
    steps : int
        Number of intervals of time up to the last one, >= 1. They grow in proportion to the time.
    seed : int
        Seed of the draw, >= 0.

    Returns
    -------
    EscapeLimit
        The error of the intervals falls with the square of their number; it is about 1e-3 for 50.

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If an argument is outside its range, or the initial weights are all 0: then no kink has a density.

    Notes
    -----
    Derived for this book, not proved: neurons near two kinks, the part of the movement that lies in the span, and what switches
    change in the residuals are all of relative order :math:`m^{-1/2}`; `driven_escape` has the first of them.

    Examples
    --------
    One point, where all is explicit: :math:`g^3 |\tilde x|^3 R^3/(6 \sqrt{2 \pi}\,\kappa)`, R being the integral of the residual.

    >>> from learning_dynamics.overparametrized import TwoLayerRegression
    >>> model = TwoLayerRegression(inputs=[[2.0]], targets=[1.0], width=1, learning_rate=0.1, bias=False)
    >>> limit = escape_limit(model, 100, seed=0)
    >>> round(float(limit.values[0] * 6 * (2 * np.pi) ** 0.5), 3)  # R = Y/H = 1/2 at the end
    1.0
    """
    epochs, edges = _checked(model, linearization, epochs, steps)
    check_room(4 * size("samples", samples, at_least=BLOCKS) * len(edges), samples=samples, steps=steps)
    if model.scale == 0:
        raise ValueError(f"scale must be > 0, or no kink has a density of neurons, got {model.scale}")
    rng = np.random.default_rng(integer("seed", seed, at_least=0))
    features = model.features
    estimates = np.zeros((BLOCKS, len(edges)))
    with one_blas_thread():
        pushes = _pushes(model, linearization, edges)
        for i in range(len(features)):
            drifts, own, densities = _motion_at(model, i, pushes, samples, rng)
            totals = np.zeros_like(drifts)
            first = 0
            for part in in_parts(len(drifts), int(PART / max(1, len(pushes)) ** 2)):
                rows = slice(first, first + part)
                crossing_totals(drifts[rows], own, pushes[:, i].copy(), totals[rows])
                first += part
            shares = model.gain**2 * (features[i] @ features[i]) * densities[:, None] * totals
            estimates[:, 1:] += shares.reshape(BLOCKS, len(shares) // BLOCKS, len(pushes)).mean(axis=1)
    at = np.searchsorted(edges, epochs)
    errors = estimates.std(axis=0, ddof=1) / sqrt(BLOCKS)
    return EscapeLimit(epochs=epochs, values=estimates.mean(axis=0)[at], standard_errors=errors[at])


def pairwise_escape(model, linearization, epochs, *, steps=50):
    r"""The sum of which :math:`\mathcal L/\sqrt m` is the mean: each pair of a neuron of this network and a kink on its own.

    As in `escape_limit`, with the neurons that the network has near its kinks in place of their law. It shares their scatter with
    :math:`V_\perp` of the trained network.

    Parameters
    ----------
    model : TwoLayerRegression
    linearization : Linearization
        Of `initial_linearization`.
    epochs : float or array_like of float, shape (k,)
        Times, >= 0; the flow has run for ``epochs * model.step``.
    steps : int
        Number of intervals of time up to the last one, >= 1. They grow in proportion to the time.

    Returns
    -------
    numpy.ndarray of float, shape (k,)
        The error as a prediction of :math:`V_\perp` is of relative order :math:`m^{-1/2}`.

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If a time is negative, or `steps` is below 1.
    """
    epochs, edges = _checked(model, linearization, epochs, steps)
    check_linearization(model, linearization)
    features, scales = linearization.features, linearization.scales
    values = np.zeros(len(edges))
    with one_blas_thread():
        pushes = _pushes(model, linearization, edges)
        gram = features @ features.T
        reaches = np.abs(scales[0]) * np.abs(gram) @ np.abs(pushes).sum(axis=0)
        for i, reach in enumerate(reaches):
            heights = linearization.weights @ features[i]
            near = np.flatnonzero(np.abs(heights) < reach)
            others = linearization.active[near].copy()
            others[:, i] = False
            check_room(4 * near.size * len(pushes), steps=steps)
            drifts = np.ascontiguousarray((others * gram[i]) @ pushes.T)
            totals = np.zeros(len(pushes))
            pair_totals(heights[near], scales[near], drifts, gram[i, i] * pushes[:, i], pushes[:, i].copy(), totals)
            values[1:] += gram[i, i] * totals
            look_up()
    return values[np.searchsorted(edges, epochs)]


def driven_escape(model, linearization, epochs, *, steps=1000):
    r"""The Lyapunov function :math:`V_\perp` of a network whose neurons are driven by the residuals of the linear problem.

    Each neuron follows :math:`\dot w_k = -(g a_k/\sqrt m) \sum_j r_j(t)\,1\{w_k^T \tilde x_j > 0\}\,\tilde x_j` with residuals known in
    closed form, so that it crosses all its kinks as it does in training. What is left out is that the switches change the residuals.

    Parameters
    ----------
    model : TwoLayerRegression
    linearization : Linearization
        Of `initial_linearization`.
    epochs : float or array_like of float, shape (k,)
        Times, >= 0; the flow has run for ``epochs * model.step``.
    steps : int
        Number of intervals of time up to the last one, >= 1. They grow in proportion to the time.

    Returns
    -------
    numpy.ndarray of float, shape (k,)
        The error is of relative order :math:`m^{-1/2}`, with a smaller constant than that of `escape_limit`.

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If a time is negative, or `steps` is below 1.
    """
    epochs, edges = _checked(model, linearization, epochs, steps)
    check_linearization(model, linearization)
    with one_blas_thread():
        pushes = _pushes(model, linearization, edges)
    weights, reached = linearization.weights.copy(), {0: 0.0}
    features, before = np.ascontiguousarray(linearization.features), 0
    for place in np.unique(np.searchsorted(edges, epochs)):
        first = 0
        for part in in_parts(len(weights), int(PART / max(1, features.size * (place - before)))):
            rows = slice(first, first + part)
            drive(features, weights[rows], linearization.scales[rows], pushes[before:place])
            first += part
        reached[place], before = linearization.distances(weights)[0], place
    return np.array([reached[place] for place in np.searchsorted(edges, epochs)])


def kink_paths(model, epochs, *, point, heights, sign=1, linearization=None, steps=100, seed):
    r"""Heights :math:`s = \sqrt m\,w^T \tilde x_i` of neurons over one kink in the limit of infinite width, as in `escape_limit`.

    Parameters
    ----------
    model, epochs, linearization, steps
        As for `escape_limit`.
    point : int
        The i of the kink, from 0.
    heights : array_like of float, shape (h,)
        s at time 0.
    sign : {1, -1}
        The sign a of the neurons.
    seed : int
        Seed of the draw of weights on the kink, >= 0, which gives each neuron its activities at the other points.

    Returns
    -------
    numpy.ndarray of float, shape (k, h)

    Raises
    ------
    TypeError, ValueError
        As `escape_limit`, and if there is no such point.
    """
    epochs, edges = _checked(model, linearization, epochs, steps)
    heights = real_array("heights", heights, ndim=1, squares=True)
    point = integer("point", point, at_least=0, at_most=model.targets.size - 1)
    sign = integer("sign", sign)
    if sign not in (1, -1):
        raise ValueError(f"sign must be 1 or -1, got {shown(sign)}")
    check_room(4 * heights.size * len(edges), heights=heights, steps=steps)
    rng = np.random.default_rng(integer("seed", seed, at_least=0))
    with one_blas_thread():
        drifts, own, _ = _motion_at(model, point, _pushes(model, linearization, edges), max(heights.size, BLOCKS), rng)
    down = -sign * drifts[: heights.size]
    paths = np.vstack([heights, follow(down - sign * own, down, heights)])
    return paths[np.searchsorted(edges, epochs)]


@dataclass(frozen=True, kw_only=True, eq=False)
class WidthFit:
    r"""Values at several widths, extrapolated to infinite width.

    Attributes
    ----------
    level, standard_error : float
        The limit and its standard error.
    slope : float
        Coefficient of :math:`m^{-1/2}`.
    draws : int
        Number of values less the number of other coefficients: what the standard error rests on.
    """

    level: float
    standard_error: float
    slope: float
    draws: int


def infinite_width(widths, values):
    r"""Fit :math:`L + a\,m^{-1/2} + b\,m^{-1}` to values of independent runs, and return L, their limit of infinite width.

    A sum over the :math:`O(\sqrt m)` neurons near a kink has a relative variance of the order :math:`m^{-1/2}`; the values are weighted
    so, and the scatter about the fit gives the standard error.

    Parameters
    ----------
    widths : array_like of float, shape (k,)
        One entry a run, >= 1; at least three different ones.
    values : array_like of float, shape (k,)

    Returns
    -------
    WidthFit

    Raises
    ------
    TypeError, ValueError
        If shapes do not fit, or there are fewer than three widths or four runs.

    Examples
    --------
    >>> widths = [100, 100, 400, 400, 1600, 1600]
    >>> fit = infinite_width(widths, [1 + 2 * m**-0.5 + 3 / m for m in widths])
    >>> round(fit.level, 10), round(fit.slope, 10)
    (1.0, 2.0)
    """
    widths, values = (
        real_array("widths", widths, ndim=1, at_least=1, squares=True),
        real_array("values", values, ndim=1, squares=True),
    )
    if widths.size != values.size:
        raise ValueError(f"values must have one entry for each of the {widths.size} widths, got {values.size}")
    if np.unique(widths).size < 3 or widths.size < 4:
        raise ValueError(f"widths must hold 4 runs or more at 3 different widths or more, got {widths}")
    powers = widths[:, None] ** np.array([0.0, -0.5, -1.0])
    weights = widths**0.25
    root = np.linalg.pinv(powers * weights[:, None])
    fit = root @ (values * weights)
    free = widths.size - len(fit)
    scatter = np.sum((weights * (values - powers @ fit)) ** 2) / free
    return WidthFit(
        level=float(fit[0]), standard_error=float(np.sqrt(scatter * np.sum(root[0] ** 2))), slope=float(fit[1]), draws=free + 1
    )


def _checked(model, linearization, epochs, steps):
    """The checked epochs, and the edges of the intervals of time."""
    instance("model", model, TwoLayerRegression)
    if linearization is not None:
        check_linearization(model, linearization, any_width=True)
    epochs = time_vector("epochs", epochs)
    check_room(size("steps", steps) * model.targets.size, steps=steps)
    return epochs, _edges(epochs, steps)


def _edges(epochs, steps):
    """Times from 0 to the last one, the given ones among them, whose distances grow in proportion."""
    grid = epochs.max() / SPAN * np.expm1(np.linspace(0, np.log1p(SPAN), steps + 1))
    grid[-1] = epochs.max()
    return np.union1d(epochs, grid)


def _pushes(model, linearization, edges):
    r"""The integrals of :math:`f_L - Y` over each interval of time, shape (K, n)."""
    if linearization is None:
        eigenvalues, vectors = spectrum(kernel_matrix(model), name="H", features=model.features)
        residual = -model.targets
    else:
        eigenvalues, vectors = linearization.eigenvalues, linearization.eigenvectors
        residual = linearization.outputs - linearization.targets
    decays = np.exp(-np.outer(edges[:-1], model.step * eigenvalues)) * -np.expm1(
        -np.outer(np.diff(edges), model.step * eigenvalues)
    )
    return np.ascontiguousarray((decays * (residual @ vectors) / eigenvalues) @ vectors.T)


def _motion_at(model, i, pushes, samples, rng):
    r"""What moves neurons drawn on the kink of point i: drifts of shape (N, K), the point's own of shape (K,), and densities."""
    features = model.features
    products = model.gain * (features @ features[i])
    weights, densities = _on_the_kink(model, features[i], samples, rng)
    others = weights @ features.T > 0
    others[:, i] = False
    return np.ascontiguousarray((others * products) @ pushes.T), products[i] * pushes[:, i], densities


def _on_the_kink(model, point, samples, rng):
    r"""Draw weights with :math:`w^T \tilde x = 0`, and the density of that height which each stands for.

    On a cube the coordinate with the largest entry of the point follows from the others; where it lies outside there is no neuron.
    """
    norm, count = np.linalg.norm(point), 2 ** ceil(log2(samples / BLOCKS))
    drawn = np.vstack([Sobol(point.size, seed=rng).random(count) for _ in range(BLOCKS)])
    if model.initialization == "normal":
        weights = model.scale * ndtri(drawn)
        weights -= np.outer(weights @ point, point) / norm**2
        return weights, np.full(len(drawn), 1 / (sqrt(2 * pi) * model.scale * norm))
    largest = np.abs(point).argmax()
    weights = model.scale * (2 * drawn - 1)
    weights[:, largest] = 0
    weights[:, largest] = -(weights @ point) / point[largest]
    inside = np.abs(weights[:, largest]) <= model.scale
    return weights, inside / (2 * model.scale * abs(point[largest]))
