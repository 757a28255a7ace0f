"""The experiment: full-batch training of the first layer, measured against the linearised solution."""

import warnings
from dataclasses import dataclass

import numpy as np

from learning_dynamics._randomness import replicate
from learning_dynamics._threads import one_blas_thread
from learning_dynamics._validation import choice, function, instance, real, step_counts
from learning_dynamics.overparametrized.mathematics.linearization import linearize
from learning_dynamics.overparametrized.model import TwoLayerRegression
from learning_dynamics.overparametrized.simulation.descent import METHODS, MOST_UNROLLED, Descent

DYNAMICS = ("gd", "flow")
MOST_SUBSTEPS = 128
ROWS = 4096
NEGLIGIBLE = 1e-13
MEASURES = ("perpendicular", "parallel", "distance", "displacement", "largest_drift", "loss", "flipped")


@dataclass(frozen=True, kw_only=True, eq=False)
class Training:
    r"""One training run, measured at the `epochs` of shape (k,).

    Attributes
    ----------
    epochs : numpy.ndarray of int, shape (k,)
    perpendicular, parallel : numpy.ndarray of float, shape (k,)
        :math:`V_\perp = \|P_0^\perp (w - w_L^*)\|^2` and :math:`V_\parallel = \|P_0 (w - w_L^*)\|^2`, paper 3 equation (7).
    distance, displacement : numpy.ndarray of float, shape (k,)
        :math:`\|w - w_L^*\|^2`, their sum, and :math:`\|w - w(0)\|^2`.
    largest_drift : numpy.ndarray of float, shape (k,)
        :math:`\max_k \|w_k - w_k(0)\|` over the neurons.
    loss : numpy.ndarray of float, shape (k,)
        In the model's normalisation.
    flipped : numpy.ndarray of int, shape (k,)
        Number of pairs of a neuron and an input whose activity differs from that at w(0).
    outputs : numpy.ndarray of float, shape (k, n)
        f on the training inputs.
    predictions : numpy.ndarray of float, shape (k, l), or None
        f on the `points` asked for.
    weights : numpy.ndarray of float, shape (m, D)
        At the last epoch.
    blocks, hot_steps, flips : int or None
        Of "cold-hot": blocks of epochs, steps of single hot pairs of a neuron and an input, changes of activity, also those that
        were taken back. None for other methods.
    substeps : int
        Steps in an epoch: 1 for "gd"; for "flow" the finer of the two descents from which it was extrapolated.
    """

    epochs: np.ndarray
    perpendicular: np.ndarray
    parallel: np.ndarray
    distance: np.ndarray
    displacement: np.ndarray
    largest_drift: np.ndarray
    loss: np.ndarray
    flipped: np.ndarray
    outputs: np.ndarray
    predictions: np.ndarray | None
    weights: np.ndarray
    blocks: int | None
    hot_steps: int | None
    flips: int | None
    substeps: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Simulation:
    """Training runs from independent initial weights; all arrays but `epochs` have one row a run.

    Attributes
    ----------
    epochs : numpy.ndarray of int, shape (k,)
    perpendicular, parallel, distance, displacement, largest_drift, loss, flipped : numpy.ndarray, shape (runs, k)
        As in `Training`.
    outputs : numpy.ndarray of float, shape (runs, k, n)
    predictions : numpy.ndarray of float, shape (runs, k, l), or None
    """

    epochs: np.ndarray
    perpendicular: np.ndarray
    parallel: np.ndarray
    distance: np.ndarray
    displacement: np.ndarray
    largest_drift: np.ndarray
    loss: np.ndarray
    flipped: np.ndarray
    outputs: np.ndarray
    predictions: np.ndarray | None

    def mean(self, name):
        """Return the mean of a measured quantity over the runs."""
        return getattr(self, choice("name", name, MEASURES)).mean(axis=0)

    def deviation(self, name):
        """Return its standard deviation over the runs, with runs - 1 in the denominator; NaN for a single run."""
        values = getattr(self, choice("name", name, MEASURES))
        return values.std(axis=0, ddof=1) if len(values) > 1 else np.full(values.shape[1], np.nan)


def simulate(
    model, *, epochs, runs, seed, dynamics="gd", method="cold-hot", tolerance=1e-3, points=None, workers=None, progress=None
):
    r"""Train from independent draws of the initial weights.

    Parameters
    ----------
    model : TwoLayerRegression
    epochs, dynamics, method, tolerance, points, progress
        As for `train`. `progress` is called from several threads.
    runs : int
        Number of draws, >= 1.
    seed : int
        Seed, >= 0. Each draw has its own child of ``numpy.random.SeedSequence(seed)``.
    workers : int, optional
        Number of threads, as many as there are processors if omitted. The numbers do not depend on it.

    Returns
    -------
    Simulation

    Raises
    ------
    TypeError, ValueError, ArithmeticError
        As `train`.

    Examples
    --------
    >>> from learning_dynamics.overparametrized import TwoLayerRegression, polynomial_data
    >>> data = polynomial_data(seed=0, n=10, d=3)
    >>> model = TwoLayerRegression(inputs=data.inputs, targets=data.targets, width=50, learning_rate=0.05)
    >>> result = simulate(model, epochs=[0, 10, 100], runs=2, seed=1)
    >>> bool((result.loss[:, -1] < result.loss[:, 0]).all())
    True
    """

    instance("model", model, TwoLayerRegression)

    def experiment(rng):
        options = {"dynamics": dynamics, "method": method, "tolerance": tolerance, "points": points, "progress": progress}
        return train(model, *model.draw(rng), epochs=epochs, **options)

    results = replicate(experiment, runs=runs, seed=seed, workers=workers)
    stacked = {name: np.array([getattr(result, name) for result in results]) for name in (*MEASURES, "outputs")}
    predictions = None if points is None else np.array([result.predictions for result in results])
    return Simulation(epochs=results[0].epochs, predictions=predictions, **stacked)


def train(model, weights, signs, *, epochs, dynamics="gd", method="cold-hot", tolerance=1e-3, points=None, progress=None):
    r"""Train the first layer from given weights by full-batch descent or by its flow.

    Parameters
    ----------
    model : TwoLayerRegression
    weights : array_like of float, shape (m, D)
        w(0), one row a neuron.
    signs : array_like of float, shape (m,)
        The :math:`a_k`, 1 or -1.
    epochs : int or array_like of int, shape (k,)
        Epochs to measure at, >= 0, strictly increasing. The last one ends the run.
    dynamics : {"gd", "flow"}
        "gd": :math:`w \leftarrow w - s \nabla f (f - Y)`, once an epoch. "flow": :math:`dw/dt = -\nabla f (f - Y)` for the time s
        an epoch, extrapolated from descents with :math:`s/q` and :math:`s/(2q)`.
    method : {"cold-hot", "fused", "blas"}
        "cold-hot": exact, and fastest for wide networks: neurons are moved at the end of a block of epochs, within which only
        those pairs of a neuron and an input are followed that might change their activity. "fused": every neuron at every epoch
        in one compiled sweep. "blas": plain matrix products, for any number of inputs. The first two are compiled for each number
        of inputs, up to 16 with the bias.
    tolerance : float
        For "flow": what the extrapolated weights may change, relative to :math:`\|w - w(0)\|`, from one q to the next, > 0.
    points : array_like of float, shape (l, d), optional
        Points at which the network is evaluated too.
    progress : callable, optional
        Called as ``progress(done)`` with the number of epochs done since the last call; for "flow" with that of the descents.

    Returns
    -------
    Training

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If an argument is outside its range, or the linearisation at w(0) is singular, see `initial_linearization`.
    ArithmeticError
        If the descent diverges (the loss passes 1e8 times its scale at the start), or the flow misses its tolerance with 128
        steps an epoch.

    Warns
    -----
    RuntimeWarning
        If s times the largest eigenvalue of the tangent kernel at w(0) is 2 or more, where the linearised descent diverges, and
        if at the end the loss is above that at the start or an input has lost all its neurons.

    Notes
    -----
    relu'(0) = 0. The methods take the same steps up to rounding; w after 10 000 epochs differs by about 1e-14, unless rounding
    puts some :math:`w_k^T x_i` on the other side of 0 at some epoch. No number depends on threads.

    Examples
    --------
    >>> from learning_dynamics.overparametrized import TwoLayerRegression
    >>> model = TwoLayerRegression(inputs=[[1.0], [2.0]], targets=[1.0, 0.0], width=1, learning_rate=0.1)
    >>> train(model, [[1.0, 1.0]], [1.0], epochs=2000).weights.round(6)
    array([[-1.,  2.]])
    """
    instance("model", model, TwoLayerRegression)
    choice("dynamics", dynamics, DYNAMICS)
    choice("method", method, METHODS)
    real("tolerance", tolerance, above=0)
    epochs = step_counts("epochs", epochs)
    weights, scales = model.network(weights, signs)
    features = model.features
    if method != "blas" and features.shape[1] > MOST_UNROLLED:
        raise ValueError(f"method must be 'blas' for more than {MOST_UNROLLED} inputs and bias, got {method!r}")
    if progress is not None:
        function("progress", progress, "a function of the number of epochs")
    extended = None if points is None else model.extend(points)
    linearization = linearize(features=features, targets=model.targets, weights=weights, scales=scales)
    _warn_of_large_step(model.step, linearization.eigenvalues[-1])
    if dynamics == "gd":
        descent, substeps = Descent(linearization, step=model.step, method=method), 1
        states = descent.states(epochs, progress)
    else:
        states, substeps = _flow_states(model, linearization, epochs, method, tolerance, progress)
    rows, evaluated = [], []
    for state in states:
        rows.append(_measure(model, linearization, state))
        if extended is not None:
            evaluated.append(np.maximum(state @ extended.T, 0).T @ scales)
        final = state.copy()
    _warn_of_bad_end(model, linearization, rows[-1]["outputs"], final)
    counters = descent.counters if dynamics == "gd" and method == "cold-hot" else (None, None, None)
    return Training(
        epochs=epochs,
        **{name: np.array([row[name] for row in rows]) for name in (*MEASURES, "outputs")},
        predictions=None if extended is None else np.array(evaluated),
        weights=final,
        substeps=substeps,
        **dict(zip(("blocks", "hot_steps", "flips"), counters)),
    )


def _flow_states(model, linearization, epochs, method, tolerance, progress):
    r"""Weights of the flow: :math:`2 w_{2q} - w_q`, with q doubled until they change by less than the tolerance."""

    def descended(substeps):
        descent = Descent(linearization, step=model.step, method=method, substeps=substeps)
        return np.array([state.copy() for state in descent.states(epochs, progress)])

    coarse, fine, before, substeps = descended(1), descended(2), None, 2
    while True:
        states = 2 * fine - coarse
        if before is not None:
            change = _relative_change(states, before, linearization.weights)
            if change <= tolerance:
                return states, substeps
            if substeps >= MOST_SUBSTEPS:
                raise ArithmeticError(
                    f"the flow is uncertain by {change:.1e} with {substeps} steps an epoch, more than the tolerance {tolerance:g}"
                )
        substeps *= 2
        before, coarse, fine = states, fine, descended(substeps)


def _relative_change(states, before, start):
    size = np.sqrt(np.max(np.sum((states - start) ** 2, axis=(1, 2))))
    change = np.sqrt(np.max(np.sum((states - before) ** 2, axis=(1, 2))))
    return change / size if change > NEGLIGIBLE * np.linalg.norm(start) else 0.0


def _measure(model, linearization, weights):
    perpendicular, parallel, displacement = linearization.distances(weights)
    outputs, drift = np.zeros(model.targets.size), 0.0
    with one_blas_thread():
        for first in range(0, len(weights), ROWS):
            rows = slice(first, first + ROWS)
            outputs += linearization.scales[rows] @ np.maximum(weights[rows] @ linearization.features.T, 0)
            drift = max(drift, np.linalg.norm(weights[rows] - linearization.weights[rows], axis=1).max())
    return {
        "perpendicular": perpendicular,
        "parallel": parallel,
        "distance": perpendicular + parallel,
        "displacement": displacement,
        "largest_drift": drift,
        "loss": model.loss_of(np.sum((outputs - model.targets) ** 2)),
        "flipped": linearization.flipped(weights),
        "outputs": outputs,
    }


def _warn_of_large_step(step, largest):
    if step * largest >= 2:
        warnings.warn(
            f"the step {step:.6g} on grad f (f - Y) is not below {2 / largest:.6g}, 2 over the largest eigenvalue of the tangent "
            "kernel at the initial weights: the linearised descent diverges",
            RuntimeWarning,
            stacklevel=3,
        )


def _warn_of_bad_end(model, linearization, outputs, weights):
    first, last = (float(np.sum((f - model.targets) ** 2)) for f in (linearization.outputs, outputs))
    reasons = []
    if last > first * (1 + NEGLIGIBLE) and last > NEGLIGIBLE**2:
        reasons.append(f"the loss rose from {model.loss_of(first):.6g} to {model.loss_of(last):.6g}")
    alive = np.zeros(model.targets.size, bool)
    for start in range(0, len(weights), ROWS):
        alive |= (weights[start : start + ROWS] @ linearization.features.T > 0).any(axis=0)
    if not alive.all():
        reasons.append(f"no neuron is active any more at {np.count_nonzero(~alive)} of {alive.size} inputs")
    if reasons:
        cause = f"the step {model.step:.6g} may be too large or the network too narrow"
        warnings.warn(f"{' and '.join(reasons)}: {cause}", RuntimeWarning, stacklevel=3)
