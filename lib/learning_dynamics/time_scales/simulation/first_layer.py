r"""A ReLU network of which only the first layer is trained, on the population risk."""

import numpy as np

from learning_dynamics._threads import one_blas_thread
from learning_dynamics._validation import instance, real, real_array, shown, step_counts
from learning_dynamics.time_scales.mathematics import overlaps
from learning_dynamics.time_scales.mathematics.hermite import ACTIVATIONS
from learning_dynamics.time_scales.model import SingleIndex
from learning_dynamics.time_scales.simulation.networks import network_run, overlap_kernel


def population_descent(problem, weights, signs, *, step, epochs):
    r"""Descend on the population risk R with the first layer alone: :math:`w_k \leftarrow w_k - h m \nabla_{w_k} R`.

    The network is :math:`f(x) = \frac1m \sum_k b_k \max(\langle w_k, x \rangle, 0)` with fixed signs :math:`b_k`: this is paper 3's training, on paper 2's population risk R. With
    :math:`a_k = b_k |w_k|` and :math:`u_k = w_k/|w_k|` the network is that of paper 2, and for small steps it follows

    .. math:: a_k' = F_k, \qquad u_k' = \frac{1}{a_k} G_k,

    where paper 2's equations (5), (6) are :math:`a_k' = F_k`, :math:`u_k' = \epsilon a_k G_k` in the time
    :math:`t/\epsilon`. Each neuron has its own :math:`\epsilon = 1/a_k^2`; the problem's `epsilon` plays no part.

    Parameters
    ----------
    problem : SingleIndex
        Its activation must be "relu".
    weights : array_like of float, shape (m, q)
        Initial :math:`w_k`, none of them 0, with :math:`u_* = e_1`.
    signs : array_like of float, shape (m,)
        The :math:`b_k`, 1 or -1.
    step : float
        h > 0.
    epochs : array_like of int, shape (n,)
        Increasing numbers of steps, >= 0, at which the state is kept.

    Returns
    -------
    NetworkRun
        With times h epochs, the signed norms :math:`b_k |w_k|` as its `a`, and the exact population risk.

    Raises
    ------
    TypeError, ValueError
        If an argument is of a wrong type or outside its range, shapes do not fit, or the activation is not "relu".
    ArithmeticError
        If the weights overflow, because the step is too large.

    Notes
    -----
    A step costs O(m^2 q). A neuron may shrink to nearly 0, where its direction turns at once; that is why
    steps are taken, and no flow is integrated. BLAS is held to one thread.

    Examples
    --------
    >>> from learning_dynamics.time_scales import SingleIndex
    >>> problem = SingleIndex(activation="relu", target=[0, 1], epsilon=1.0)
    >>> run = population_descent(problem, [[1.0, 1.0], [1.0, -1.0]], [1.0, -1.0], step=0.01, epochs=[0, 100])
    >>> run.risk.round(4)
    array([0.6704, 0.4273])
    """
    instance("problem", problem, SingleIndex)
    if problem.activation is not ACTIVATIONS["relu"]:
        raise ValueError(f"activation must be 'relu' to train the first layer alone, got {problem.activation!r}")
    weights, signs = _checked(weights, signs)
    step = real("step", step, above=0)
    epochs = step_counts("epochs", epochs)
    system, seen = FirstLayer(problem, signs), []
    with one_blas_thread():
        for count in np.diff(epochs, prepend=0):
            with np.errstate(over="ignore", invalid="ignore"):
                for _ in range(count):
                    weights += step * system.velocity(weights)
            if not np.isfinite(weights).all():
                raise ArithmeticError(f"descent diverged: step must be smaller than {step:g}")
            seen.append(system.observe(weights))
        return network_run(problem, system.U, step * epochs, seen)


class FirstLayer:
    """The velocity of the weights."""

    def __init__(self, problem, signs):
        self.signs, self.U = signs, overlap_kernel(problem, "exact")
        c = problem.sigma * problem.phi
        self.V, self.V_slope = c, c[1:] * np.arange(1, c.size)

    def observe(self, w):
        norms = np.linalg.norm(w, axis=1)
        u = w / norms[:, None]
        return self.signs * norms, u[:, 0], u @ u.T

    def velocity(self, w):
        a, s, r = self.observe(w)
        pull = self.U(r, derivative=1) * (a / a.size)
        slope = overlaps.series(self.V_slope, s)
        radial = overlaps.series(self.V, s) - self.U(r) @ a / a.size
        along = radial - slope * s + np.einsum("ij,ij->i", pull, r)
        u = w / np.abs(a)[:, None]
        force = along[:, None] * u - pull @ u
        force[:, 0] += slope
        return self.signs[:, None] * force


def _checked(weights, signs):
    weights = real_array("weights", weights, ndim=2, squares=True)
    signs = real_array("signs", signs, ndim=1)
    if signs.size != len(weights) or not np.all(np.abs(signs) == 1):
        raise ValueError(f"signs must be {len(weights)} numbers 1 or -1, one for each row of weights, got {shown(signs)}")
    norms = np.linalg.norm(weights, axis=1)
    if not norms.all():
        raise ValueError(f"weights must hold no row of zeros, got one at row {int(np.argmin(norms))}, whose norm is 0")
    return weights, signs
