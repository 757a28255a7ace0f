r"""Training of the linearised network in closed form, at w(0) or in the limit of infinite width."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from learning_dynamics._limits import check_room
from learning_dynamics._threads import one_blas_thread
from learning_dynamics._validation import choice, instance, size, time_vector
from learning_dynamics.overparametrized.mathematics.linearization import Linearization, linearize, spectrum
from learning_dynamics.overparametrized.model import TwoLayerRegression
from learning_dynamics.overparametrized.theory.tangent_kernel import kernel_matrix

DYNAMICS = ("gd", "flow")
KINK_WINDOW = 0.05


@dataclass(frozen=True, kw_only=True, eq=False)
class LinearizedTraining:
    r"""Training of the linearised network, which never leaves w(0) plus the span of the gradient's columns.

    Attributes
    ----------
    epochs : numpy.ndarray of float, shape (k,)
        Times; the flow has run for ``epochs * model.step``.
    distance : numpy.ndarray of float, shape (k,)
        :math:`\|w - w_L^*\|^2`; here :math:`V_\perp = 0`.
    displacement : numpy.ndarray of float, shape (k,)
        :math:`\|w - w(0)\|^2`.
    loss : numpy.ndarray of float, shape (k,)
        In the model's normalisation.
    outputs : numpy.ndarray of float, shape (k, n)
        :math:`f_L` on the training inputs.
    weights : numpy.ndarray of float, shape (k, m, D), or None
        None in the limit of infinite width.
    flipped : numpy.ndarray of int, shape (k,), or None
        Number of pairs of a neuron and an input whose activity differs between these weights and w(0): what flips to first
        order. The linearised network itself keeps the activities of w(0).
    """

    epochs: np.ndarray
    distance: np.ndarray
    displacement: np.ndarray
    loss: np.ndarray
    outputs: np.ndarray
    weights: np.ndarray | None
    flipped: np.ndarray | None


def initial_linearization(model, weights, signs):
    r"""Return the `Linearization` at given weights: tangent kernel, :math:`w_L^*`, :math:`P_0` and its complement.

    Parameters
    ----------
    model : TwoLayerRegression
    weights : array_like of float, shape (m, D)
    signs : array_like of float, shape (m,)

    Returns
    -------
    Linearization

    Raises
    ------
    ValueError
        If shapes do not fit, or the gradient has not full column rank to rounding: inputs parallel, more targets than trained
        weights, an input at which no neuron is active.

    Examples
    --------
    >>> from learning_dynamics.overparametrized import TwoLayerRegression
    >>> model = TwoLayerRegression(inputs=[[1.0], [2.0]], targets=[1.0, 0.0], width=1, learning_rate=0.1)
    >>> initial_linearization(model, [[1.0, 1.0]], [1.0]).solution
    array([[-1.,  2.]])
    """
    instance("model", model, TwoLayerRegression)
    weights, scales = model.network(weights, signs)
    return linearize(features=model.features, targets=model.targets, weights=weights, scales=scales)


def check_linearization(model, linearization, *, any_width=False):
    """Raise where a linearisation is not that of a network on the data of a model, and of its width unless any will do."""
    instance("linearization", linearization, Linearization)
    width = linearization.scales.size
    if width != model.width and not any_width:
        raise ValueError(f"linearization must be of a network with the model's width {model.width}, got one of width {width}")
    same = np.array_equal(linearization.features, model.features) and np.array_equal(linearization.targets, model.targets)
    if not same:
        count, dimensions = linearization.features.shape
        raise ValueError(
            f"linearization must be of a network on the model's inputs and targets, got one of {count} other points with {dimensions} features"
        )


def linearized_training(model, epochs, *, linearization=None, dynamics="gd"):
    r"""Train the linearised network in closed form, paper 3 Section 2.

    Parameters
    ----------
    model : TwoLayerRegression
    epochs : float or array_like of float, shape (k,)
        Times, >= 0; integers for "gd".
    linearization : Linearization, optional
        Of `initial_linearization`. If omitted, the limit of infinite width with :math:`f_0 = 0`: H in place of the tangent kernel.
    dynamics : {"gd", "flow"}
        Steps :math:`w \leftarrow w - s \nabla f_0 (f_L - Y)`, or the flow :math:`dw/dt = -\nabla f_0 (f_L - Y)` at t = s epochs.

    Returns
    -------
    LinearizedTraining

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If a time is negative or, for "gd", not an integer; if the kernel is singular; if descent diverges, which is for
        s times the largest eigenvalue >= 2.

    Notes
    -----
    In the eigenbasis of the tangent kernel a residual :math:`q_j` becomes :math:`\phi_j q_j` with
    :math:`\phi = (1 - s \lambda)^k` or :math:`e^{-\lambda t}`, and the weights move by :math:`\nabla f_0 v_j (\phi_j - 1) q_j/\lambda_j`.
    Both :math:`\phi` and :math:`1 - \phi` are formed to full precision.
    """
    instance("model", model, TwoLayerRegression)
    if linearization is not None:
        check_linearization(model, linearization)
    choice("dynamics", dynamics, DYNAMICS)
    epochs = _times(epochs, dynamics)
    with one_blas_thread():
        if linearization is None:
            eigenvalues, vectors = spectrum(kernel_matrix(model), name="H", features=model.features)
            residual = -model.targets
        else:
            eigenvalues, vectors = linearization.eigenvalues, linearization.eigenvectors
            residual = linearization.outputs - model.targets
        left, gone = _decay(model.step, eigenvalues, epochs, dynamics)
        modes = residual @ vectors
        weights = flipped = None
        if linearization is not None:
            moves = (gone * modes / eigenvalues) @ vectors.T
            weights = linearization.weights - np.array([linearization.gradient_product(move) for move in moves])
            flipped = np.array([linearization.flipped(moved) for moved in weights])
        return LinearizedTraining(
            epochs=epochs,
            distance=(left**2) @ (modes**2 / eigenvalues),
            displacement=(gone**2) @ (modes**2 / eigenvalues),
            loss=model.loss_of((left**2) @ modes**2),
            outputs=model.targets + (left * modes) @ vectors.T,
            weights=weights,
            flipped=flipped,
        )


def first_order_escape(model, linearization, epochs, *, steps=100):
    r"""The Lyapunov function :math:`V_\perp` of paper 3 equation (7) to first order in the switches, along the linear flow.

    Neurons move as in the linearised problem, in closed form, and only their changed activities push the weights out of the span:
    :math:`P_0^\perp (w(t) - w(0)) \approx -P_0^\perp \int_0^t (\nabla f(w_L(s)) - \nabla f_0)(f_L(s) - Y)\,ds`. Nothing is trained.

    Parameters
    ----------
    model : TwoLayerRegression
    linearization : Linearization
        Of `initial_linearization`.
    epochs : float or array_like of float, shape (k,)
        Times, >= 0; the flow has run for ``epochs * model.step``.
    steps : int
        Number of intervals of the time integral between 0 and the last time, >= 1. They grow in proportion to the time.

    Returns
    -------
    numpy.ndarray of float, shape (k,)
        :math:`V_\perp` at the epochs, too high at any width, because a neuron that has crossed a kink is no longer pushed by that
        point. One part of the excess falls like :math:`m^{-1/2}`: at the widths of the paper's figure it is 10 to 35 per cent. The rest
        is a single point's share in the push of a neuron, which no width removes: about one per cent for the figure's data, 10 to
        40 per cent in sets of 10 to 80 points. `pairwise_escape` has it.

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If a time is negative, or `steps` is below 1.

    Notes
    -----
    Within an interval the residuals are integrated exactly, and the activities are those at its middle: with n points thousands of
    switches are spread over the intervals, and the error of V is below 1 per cent with the default number.
    """
    instance("model", model, TwoLayerRegression)
    check_linearization(model, linearization)
    epochs, steps = _times(epochs, "flow"), size("steps", steps)
    check_room(8 * steps, steps=steps)
    edges = np.union1d(epochs, _growing(epochs.max(), steps))
    with one_blas_thread():
        modes = (linearization.outputs - linearization.targets) @ linearization.eigenvectors
        escape, values = np.zeros_like(linearization.weights), {0.0: 0.0}
        for before, after in pairwise(edges):
            gone = -np.expm1(-np.outer([before, (before + after) / 2, after], model.step * linearization.eigenvalues))
            reached, middle, end = gone * modes / linearization.eigenvalues @ linearization.eigenvectors.T
            weights = linearization.weights - linearization.gradient_product(middle)
            escape -= linearization.switched_product(weights, end - reached)
            if after in epochs:
                outside = escape - linearization.project(escape)
                values[after] = float(np.vdot(outside, outside))
    return np.array([values[epoch] for epoch in epochs])


def _growing(last, steps):
    """Times from 0 to the last one whose distances grow in proportion, from last/1000."""
    return last / 1000 * np.expm1(np.linspace(0, np.log1p(1000), steps + 1))


def _times(epochs, dynamics):
    epochs = time_vector("epochs", epochs)
    if dynamics == "gd" and (epochs != np.floor(epochs)).any():
        raise ValueError(f"epochs must hold integers for dynamics 'gd', got {epochs[epochs != np.floor(epochs)][0]!s}")
    return epochs


def _decay(step, eigenvalues, epochs, dynamics):
    """The factors phi and 1 - phi, shape (k, n)."""
    rates = step * eigenvalues
    if dynamics == "flow":
        exponents = np.outer(epochs, rates)
        return np.exp(-exponents), -np.expm1(-exponents)
    if not rates[-1] < 2:
        raise ValueError(
            f"learning_rate must make the step < {2 / eigenvalues[-1]:.6g}, 2 over the largest eigenvalue of the tangent kernel, "
            f"or the linearised descent diverges, got the step {step!r}"
        )
    below = rates < 1
    with np.errstate(divide="ignore"):
        logs = np.log1p(-np.where(below, rates, 2 - rates))
    with np.errstate(invalid="ignore"):
        exponents = np.where(epochs[:, None] > 0, epochs[:, None] * logs, 0.0)
    sign = np.where(below, 1.0, 1 - 2 * (epochs[:, None] % 2))
    left = sign * np.exp(exponents)
    return left, np.where(sign > 0, -np.expm1(exponents), 1 - left)


def switched_share(model, epochs, *, samples=100_000, seed):
    r"""Share of pairs of a neuron and an input that have switched, to leading order in :math:`1/\sqrt m`, if neurons move linearly.

    A pair switches if its neuron starts closer to the kink than it moves: the density of neurons at the kink times their mean motion
    there, :math:`(g/\sqrt m)|\sum_j \rho_j \tilde x_i^T \tilde x_j 1\{w^T \tilde x_j > 0\}|`. Here :math:`\rho` is the time integral of
    the residuals at infinite width, in closed form, with :math:`f_0 = 0`.

    Parameters
    ----------
    model : TwoLayerRegression
    epochs : float or array_like of float, shape (k,)
        Numbers of steps, integers >= 0.
    samples : int
        Neurons drawn from the law of the initial weights, over which the mean is taken, >= 1000. No network is trained.
    seed : int
        Seed of the draw, >= 0.

    Returns
    -------
    numpy.ndarray of float, shape (k,)
        Where it is small compared with 1; above about 0.1 it is too large.

    Raises
    ------
    TypeError, ValueError
        As `linearized_training`, and if `samples` or `seed` is outside its range.
    """
    instance("model", model, TwoLayerRegression)
    epochs = _times(epochs, "gd")
    check_room(2 * size("samples", samples, at_least=1000) * model.targets.size, samples=samples)
    wide = replace(model, width=samples, antisymmetric=False)
    features = model.features
    with one_blas_thread():
        eigenvalues, vectors = spectrum(kernel_matrix(model), name="H", features=features)
        _, gone = _decay(model.step, eigenvalues, epochs, "gd")
        integrals = (gone * (model.targets @ vectors) / eigenvalues) @ vectors.T
        heights = wide.draw(seed)[0] @ features.T
        window = KINK_WINDOW * heights.std(axis=0)
        near = np.abs(heights) < window
        shares = []
        for integral in integrals:
            pushes = np.abs(((heights > 0) * integral) @ (features @ features.T))
            shares.append(np.mean((near * pushes).mean(axis=0) / (2 * window)))
    return model.gain / np.sqrt(model.width) * np.array(shares)
