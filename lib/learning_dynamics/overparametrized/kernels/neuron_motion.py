r"""Compiled motion of neurons in a given field of residuals: arrays in, arrays out, no checks.

The limit of infinite width looks at one kink at a time. A neuron whose height over the kink of point i is :math:`s/\sqrt m` keeps
all its other activities, and moves by

.. math:: \dot s = b(t) + c(t)\,1\{s > 0\},

where c is what the point itself pushes. Time is cut into K intervals with constant speeds. Arguments of one name mean the same
everywhere:

up, down : float64 arrays, shape (K,)
    What a neuron moves in each interval while it is active and while it is not, the integrals of b + c and of b.
push : float64 array, shape (K,)
    Integral of the point's residual over each interval.
"""

import numpy as np

from learning_dynamics._compiled import njit

from . import arrays


@njit(cache=True, nogil=True)
def active_share(height, up, down):
    """Return the height after one interval and the share of it in which the neuron was active.

    Where both speeds drive the neuron to the kink it stays there, and its activity is the share of time that makes them cancel.
    """
    left, active = 1.0, 0.0
    if height > 0:
        if height + up >= 0:
            return height + up, 1.0
        active = -height / up
        left = 1.0 - active
    elif height < 0:
        if height + down <= 0:
            return height + down, 0.0
        left = 1.0 + height / down
    if up < 0 < down:
        return 0.0, active + left * down / (down - up)
    if up + down > 0:
        return left * up, active + left
    return left * down, active


@njit(cache=True, nogil=True)
def add_crossings(up, down, push, starts_active, totals):
    r"""Add :math:`\int I(s_0, t)^2 ds_0` over the heights on one side to totals, shape (K,), at the ends of the intervals.

    :math:`I = \int (1\{s > 0\} - 1\{s_0 > 0\})\,r_i\,dt`. All heights that reach the kink in one interval share their later path,
    so the integral over :math:`s_0` is a sum over intervals: how far the front of those that have reached it advances, times I².
    """
    count, reach, front = len(push), 0.0, 0.0
    resting = 1.0 if starts_active else 0.0
    for first in range(count):
        reach += -up[first] if starts_active else down[first]
        advance = reach - front
        if advance <= 0:
            continue
        front = reach
        height, share = active_share(0.0, 0.5 * up[first], 0.5 * down[first])
        integral = 0.5 * push[first] * (share - resting)
        totals[first] += advance * integral**2
        for k in range(first + 1, count):
            height, share = active_share(height, up[k], down[k])
            integral += push[k] * (share - resting)
            totals[k] += advance * integral**2


@njit(array_form=arrays.crossing_totals, cache=True, nogil=True)
def crossing_totals(drifts, own, push, totals):
    r"""Add :math:`\frac12 \sum_{\pm} \int I^2 ds_0` of each neuron at the kink of one point, over both signs and both sides.

    Parameters
    ----------
    drifts : float64 array, shape (N, K)
        :math:`g \sum_j \tilde x_i^T \tilde x_j \int r_j\,dt` over the other points at which the neuron is active.
    own : float64 array, shape (K,)
        :math:`g |\tilde x_i|^2 \int r_i\,dt`.
    totals : float64 array, shape (N, K)
    """
    for neuron in range(len(drifts)):
        for sign in (-1.0, 1.0):
            down = -sign * drifts[neuron]
            up = down - sign * own
            add_crossings(up, down, push, True, totals[neuron])
            add_crossings(up, down, push, False, totals[neuron])
        totals[neuron] *= 0.5


@njit(array_form=arrays.pair_totals, cache=True, nogil=True)
def pair_totals(heights, scales, drifts, own, push, totals):
    """Add the sum over neurons of (scale I)² at the ends of the intervals to totals, shape (K,).

    Heights and scales, shape (N,), are those of the network, and so are drifts and own as in `crossing_totals`: a neuron moves by
    minus its scale times them.
    """
    for neuron in range(len(heights)):
        height, integral, scale = heights[neuron], 0.0, scales[neuron]
        resting = 1.0 if height > 0 else 0.0
        for k in range(len(push)):
            down = -scale * drifts[neuron, k]
            height, share = active_share(height, down - scale * own[k], down)
            integral += push[k] * (share - resting)
            totals[k] += (scale * integral) ** 2


@njit(array_form=arrays.follow, cache=True, nogil=True)
def follow(up, down, heights):
    """Return the heights at the ends of the intervals, shape (K, N), of neurons that start at `heights`, shape (N,).

    What they move is given for each, shape (N, K).
    """
    neurons, count = up.shape
    paths = np.empty((count, neurons))
    for i in range(neurons):
        height = heights[i]
        for k in range(count):
            height, _ = active_share(height, up[i, k], down[i, k])
            paths[k, i] = height
    return paths


@njit(array_form=arrays.drive, cache=True, nogil=True)
def drive(points, weights, scales, pushes):
    r"""Move each neuron in turn by :math:`-b_k \sum_j 1\{w_k^T \tilde x_j > 0\}\,\tilde x_j \int r_j\,dt`, interval by interval.

    Parameters
    ----------
    points : float64 array, shape (n, D)
    weights : float64 array, shape (m, D)
        Overwritten.
    scales : float64 array, shape (m,)
        The :math:`b_k`.
    pushes : float64 array, shape (K, n)
        Integrals of the residuals over the intervals.
    """
    count, dimension = points.shape
    slope = points[0].copy()
    for neuron in range(len(weights)):
        for k in range(len(pushes)):
            slope[:] = 0.0
            for j in range(count):
                height = 0.0
                for d in range(dimension):
                    height += weights[neuron, d] * points[j, d]
                if height > 0:
                    for d in range(dimension):
                        slope[d] += pushes[k, j] * points[j, d]
            for d in range(dimension):
                weights[neuron, d] -= scales[neuron] * slope[d]
