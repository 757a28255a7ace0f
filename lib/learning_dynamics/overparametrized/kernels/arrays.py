"""Array forms of the loops of part III: arguments, shapes and results are those of the loop of the same name."""

import math

import numpy as np

FAR = 0.9
ROUNDING = 1e-13
ROWS = 4096


def split(points, norms, units):
    """As in `angles`."""
    norms[:] = np.sqrt(np.einsum("ij,ij->i", points, points))
    units[:] = points / np.where(norms > 0, norms, 1.0)[:, None]


def weigh_rows(products, first, norms, units, other_norms, other_units, triangle):
    """As in `angles`, all pairs at once."""
    rows = slice(first, first + len(products))
    cosine = products / np.multiply.outer(norms[rows], other_norms)
    size = np.abs(cosine)
    quarter = (1 - size) / 2
    beyond = ~(size <= FAR)
    for row in np.flatnonzero(beyond.any(axis=1)):
        near = np.flatnonzero(beyond[row])
        apart = units[first + row] - np.where(cosine[row, near] < 0, -1.0, 1.0)[:, None] * other_units[near]
        quarter[row, near] = np.einsum("ij,ij->i", apart, apart) / 4
    far = size <= 0.5
    part = np.arcsin(np.where(far, size, np.sqrt(quarter)))
    part = np.where(far, np.pi / 2 + np.where(cosine < 0, -part, part), np.where(cosine < 0, 2 * part, np.pi - 2 * part))
    wanted = np.tri(*products.shape, first, bool) if triangle else True
    np.multiply(products, part / (2 * np.pi), out=products, where=wanted)


def mirror(matrix):
    """As in `angles`, row by row."""
    for i in range(len(matrix)):
        matrix[i, i + 1 :] = matrix[i + 1 :, i]


def descend(features, points, targets, weights, scales, active, outputs, step, epochs, limit):
    """As `fused_descent`, by matrix products of a number of rows; `features` are the inputs in rows, shape (n, D)."""
    rates = step * scales[:, None]
    for epoch in range(epochs):
        residual = outputs - targets
        if not residual @ residual <= limit:
            return epoch
        pull = residual[:, None] * features
        outputs[:] = 0.0
        for first in range(0, scales.size, ROWS):
            rows = slice(first, first + ROWS)
            weights[rows] -= rates[rows] * (active[rows].astype(float) @ pull)
            heights = weights[rows] @ points
            np.greater(heights, 0, out=active[rows])
            outputs += scales[rows] @ np.maximum(heights, 0)
    return epochs


def fused_descent(points, zero, targets, weights, scales, active, outputs, step, epochs, limit):
    """As in the module of this name, by matrix products."""
    features = np.ascontiguousarray(points.T)
    return descend(features, points, targets, weights, scales, active, outputs, step, epochs, limit)


def drift_bound(points, norm, path):
    """As in `hot_pairs`."""
    image = points @ path
    return 0.5 * (math.sqrt(image @ image) + norm * math.sqrt(path @ path))


def settle(points, zero, weights, scales, active, path, step):
    """As in `hot_pairs`, by a matrix product."""
    pull = np.ascontiguousarray((path * points).T)
    for first in range(0, scales.size, ROWS):
        rows = slice(first, first + ROWS)
        weights[rows] -= (step * scales[rows])[:, None] * (active[rows].astype(float) @ pull)


def forecast(points, weights, scales, active, r, step, length, slack):
    r"""As in `hot_pairs` for several neurons: :math:`w^T x_i`, how much nearer :math:`v^T x_i` brings it to 0, and reach."""
    velocities = -(length * step * scales)[:, None] * (active.astype(float) @ np.ascontiguousarray((r * points).T))
    heights, moves = weights @ points, velocities @ points
    towards = np.minimum(np.where(heights > 0.0, moves, -moves), 0.0)
    reaches = step * np.abs(scales) * slack + ROUNDING * np.sqrt(np.einsum("kd,kd->k", weights, weights))
    return heights, towards, reaches


def certify(points, zero, norms, weights, scales, active, r, outputs, step, length, slack):
    """As in `hot_pairs`, a number of neurons at once."""
    outputs[:], hot = 0.0, []
    for first in range(0, scales.size, ROWS):
        rows = slice(first, first + ROWS)
        heights, towards, reaches = forecast(points, weights[rows], scales[rows], active[rows], r, step, length, slack)
        outputs += scales[rows] @ np.maximum(heights, 0.0)
        near = np.abs(heights) + towards <= np.multiply.outer(reaches, norms)
        hot.append(first + np.flatnonzero(near.any(axis=1)))
    return np.concatenate(hot)


def hot_pairs(points, zero, norms, weights, scales, active, r, step, length, slack, caps, hot):
    """As in `hot_pairs`, all hot neurons at once: the reach of one that has found its points grows no more."""
    scale = scales[hot]
    heights, towards, starts = forecast(points, weights[hot], scale, active[hot], r, step, length, slack)
    distances = (np.abs(heights) + towards) / norms
    reaches, before, near = starts, -1, np.zeros(heights.shape, bool)
    while np.count_nonzero(near) > before:
        before, near = np.count_nonzero(near), distances <= reaches[:, None]
        reaches = starts + step * np.abs(scale) * np.where(near, caps * norms, 0.0).sum(axis=1)
    bounds = np.append(0, np.cumsum(np.count_nonzero(near, axis=1)))
    return hot, bounds, np.flatnonzero(near) % r.size, (scale[:, None] * heights)[near]


def watch(points, zero, gram, weights, scales, active, halves, kernel, pairs, path, outputs, step):
    """As in `hot_pairs`: all heights at once; of the pairs that flip then, the first of each neuron, the second of each, and so on."""
    hot, starts, places, heights = pairs
    owners = np.repeat(np.arange(hot.size), np.diff(starts))
    neurons = hot[owners]
    moved = (active[hot] * (step * scales[0] ** 2 * path)) @ points.T
    now = heights - np.einsum("qd,dq->q", moved[owners], points[:, places])
    flipping = ((now * scales[neurons] > 0.0) != active[neurons, places]).nonzero()[0]
    rest = flipping
    while rest.size:
        first = np.ones(rest.size, bool)
        np.not_equal(owners[rest[1:]], owners[rest[:-1]], out=first[1:])
        flips, rest = rest[first], rest[~first]
        k, i = neurons[flips], places[flips]
        outputs += np.bincount(i, np.copysign(now[flips], scales[k]), outputs.size)
        counted = flip(k, i, active, gram, halves, kernel) * path[i]
        weights[k] += (step * scales[k] * counted)[:, None] * points[:, i].T
        jumps = np.zeros((hot.size, path.size))
        jumps[owners[flips]] = counted[:, None] * gram[i]
        heights += jumps[owners, places]
    return flipping.size


def flip(neurons, places, active, gram, halves, kernel):
    """Switch one point each of several neurons; return 1 where it is active now, and -1 where it is not.

    What is counted in `halves` is exact in any order.
    """
    rows, each = active[neurons], np.arange(places.size)
    changes = np.where(rows[each, places], -1.0, 1.0)
    rows[each, places] = False
    switched = np.zeros(rows.shape)
    switched[each, places] = changes
    halves += switched.T @ rows
    halves.reshape(-1)[:: len(halves) + 1] += 0.5 * switched.sum(axis=0)
    np.multiply(gram, halves, out=kernel)
    active[neurons, places] = changes > 0.0
    return changes


def compare(outputs, targets, first, caps, done, path, lengths, r, deviation):
    """As in `hot_pairs`."""
    r[:] = outputs - targets
    deviation[:] = path + r - (done + 1) * first
    lengths += np.abs(r)
    return r @ r, np.count_nonzero(lengths > caps)


def take_step(path, r, outputs, image):
    """As in `hot_pairs`."""
    path += r
    outputs -= image


def kernel_product(kernel, r, image):
    """As in `hot_pairs`."""
    image[:] = kernel @ r + r @ kernel


def active_share(height, up, down):
    """As in `neuron_motion`, for arrays that are broadcast against one another."""
    falls, rises = height > 0, height < 0
    ends_above, ends_below = falls & (height + up >= 0), rises & (height + down <= 0)
    before = np.where(falls, -height / up, 0.0)
    left = np.where(falls, 1.0 - before, np.where(rises, 1.0 + height / down, 1.0))
    rests, goes_up = (up < 0) & (0 < down), up + down > 0
    end = np.where(rests, 0.0, left * np.where(goes_up, up, down))
    share = before + left * np.where(rests, down / (down - up), goes_up)
    end = np.where(ends_above, height + up, np.where(ends_below, height + down, end))
    return end, np.where(ends_above, 1.0, np.where(ends_below, 0.0, share))


def add_crossings(up, down, push, starts_active, totals):
    """As in `neuron_motion` for several neurons, shape (N, K): those that reach the kink in different intervals go side by side."""
    resting, count = float(starts_active), len(push)
    fronts = np.maximum.accumulate(np.maximum(np.cumsum(-up if starts_active else down, axis=1), 0.0), axis=1)
    advances = np.diff(fronts, axis=1, prepend=0.0)
    heights, shares = active_share(0.0, 0.5 * up, 0.5 * down)
    integrals = 0.5 * push * (shares - resting)
    for k in range(count):
        now = slice(0, k)
        heights[:, now], shares = active_share(heights[:, now], up[:, k : k + 1], down[:, k : k + 1])
        integrals[:, now] += push[k] * (shares - resting)
        totals[:, k] += np.einsum("ij,ij->i", advances[:, : k + 1], integrals[:, : k + 1] ** 2)


def crossing_totals(drifts, own, push, totals):
    """As in `neuron_motion`, a number of neurons at once."""
    for sign in (-1.0, 1.0):
        down = -sign * drifts
        for starts_active in (True, False):
            add_crossings(down - sign * own, down, push, starts_active, totals)
    totals *= 0.5


def pair_totals(heights, scales, drifts, own, push, totals):
    """As in `neuron_motion`, all neurons at once."""
    resting, integrals = (heights > 0).astype(float), np.zeros(heights.size)
    for k in range(len(push)):
        down = -scales * drifts[:, k]
        heights, shares = active_share(heights, down - scales * own[k], down)
        integrals += push[k] * (shares - resting)
        totals[k] += np.sum((scales * integrals) ** 2)


def follow(up, down, heights):
    """As in `neuron_motion`, all neurons at once."""
    paths = np.empty(up.T.shape)
    for k in range(len(paths)):
        heights, _ = active_share(heights, up[:, k], down[:, k])
        paths[k] = heights
    return paths


def drive(points, weights, scales, pushes):
    """As in `neuron_motion`, all neurons at once."""
    for push in pushes:
        weights -= scales[:, None] * ((weights @ points.T > 0) @ (push[:, None] * points))
