r"""Gradient descent that moves only the pairs of a neuron and a point that might flip: arrays in, arrays out, no checks.

Arguments are those of `fused_descent`, and:

norms, norm : float64 array, shape (n,), and float
    Norms of the points, and the spectral norm of `points`.
gram : float64 array, shape (n, n)
    :math:`S_{ij} = s (g^2/m) x_i^T x_j`.
halves, kernel : float64 arrays, shape (n, n)
    M in whole halves, where :math:`M + M^T = A^T A` for the matrix A of activities, and :math:`S \circ M`.
"""

import math

import numpy as np

from learning_dynamics._compiled import njit

from . import arrays
from .unrolled import OPTIONS, added, loaded, moved, product, store

ROUNDING = 1e-13  # of a weight, relative to its neuron
FIRST_BLOCK = 4.0  # steps
MOST_GROWTH = 2.0  # from one block to the next
DEVIATION_MARGIN = 1.1  # over the deviation of residuals that keep the speed of their first step
SCAN_COST = 6.0  # of one neuron at the ends of a block, in steps of a hot pair, as timed


@njit(cache=True, nogil=True, **OPTIONS)
def masked_sums(points, zero, mask, r):
    r"""Return the tuple :math:`\sum_i p_i r_i x_i` for the activity p of one neuron, `mask` of shape (n,)."""
    sums = zero
    for i in range(r.size):
        value = r[i]
        sums = added(sums, value if mask[i] else 0.0, points, i)
    return sums


@njit(array_form=arrays.drift_bound, cache=True, nogil=True, **OPTIONS)
def drift_bound(points, norm, path):
    r"""Return :math:`(|X \delta| + |X|_2 |\delta|)/2`, an upper bound of :math:`|X (p \delta)|` over all activities p.

    It holds because p = (1 + e)/2 with entries e of :math:`\pm 1`. Here X is `points` and delta is `path`, of shape (n,).
    """
    square = 0.0
    for i in range(path.size):
        square += path[i] * path[i]
    image = 0.0
    for d in range(points.shape[0]):
        entry = 0.0
        for i in range(path.size):
            entry += points[d, i] * path[i]
        image += entry * entry
    return 0.5 * (math.sqrt(image) + norm * math.sqrt(square))


@njit(cache=True, nogil=True, **OPTIONS)
def flip(active, i, gram, halves, kernel):
    r"""Switch point i of one neuron, of which `active` is the row, and with it row i of `halves` and of `kernel`."""
    change = -1.0 if active[i] else 1.0
    active[i] = False
    halves[i, i] += 0.5 * change
    for j in range(active.size):
        halves[i, j] += change if active[j] else 0.0
        kernel[i, j] = gram[i, j] * halves[i, j]
    active[i] = change > 0.0


@njit(array_form=arrays.settle, cache=True, nogil=True, **OPTIONS)
def settle(points, zero, weights, scales, active, path, step):
    r"""Move all neurons: :math:`w_k \leftarrow w_k - s b_k \sum_i p_{ki} R_i x_i` with R = `path`, shape (n,)."""
    for k in range(scales.size):
        slopes = masked_sums(points, zero, active[k], path)
        store(weights[k], moved(loaded(weights[k], zero), step * scales[k], slopes))


@njit(cache=True, nogil=True, **OPTIONS)
def forecast(points, zero, weights, scale, mask, r, step, length, slack):
    r"""Say where one neuron, with the row `weights`, goes in `length` steps if its activity p = `mask` stays.

    After :math:`\tau` steps :math:`w^T x_i` is :math:`z_i + (\tau/\text{length}) u_i + e_i` with :math:`z_i = w^T x_i`,
    :math:`u_i = v^T x_i` and :math:`|e_i| \le |x_i| \text{reach}`, if `slack` bounds the `drift_bound` of
    :math:`\sum r - \tau r_0` over the block; here :math:`r_0` is `r`.

    Returns
    -------
    tuple
        w and v as tuples, and reach.
    """
    size = 0.0
    for d in range(weights.size):
        size += weights[d] * weights[d]
    velocity = moved(zero, length * step * scale, masked_sums(points, zero, mask, r))
    return loaded(weights, zero), velocity, step * abs(scale) * slack + ROUNDING * math.sqrt(size)


@njit(array_form=arrays.certify, cache=True, nogil=True, **OPTIONS)
def certify(points, zero, norms, weights, scales, active, r, outputs, step, length, slack):
    r"""Recompute the outputs, and return the numbers of the neurons that might reach a kink by their `forecast`."""
    outputs[:] = 0.0
    hot = np.empty(scales.size, np.bool_)
    for k in range(scales.size):
        scale = scales[k]
        w, velocity, reach = forecast(points, zero, weights[k], scale, active[k], r, step, length, slack)
        near = 0
        for i in range(outputs.size):
            z = product(w, points, i)
            u = product(velocity, points, i)
            outputs[i] += scale * max(z, 0.0)
            near += 1 if abs(z) + min(u if z > 0.0 else -u, 0.0) <= reach * norms[i] else 0
        hot[k] = near > 0
    return np.flatnonzero(hot)


@njit(array_form=arrays.hot_pairs, cache=True, nogil=True, **OPTIONS)
def hot_pairs(points, zero, norms, weights, scales, active, r, step, length, slack, caps, hot):
    r"""List the pairs of a neuron and a point that might flip within `length` steps, for the neurons with numbers `hot`.

    If the activity at i may flip, then its share in w may miss the forecast by :math:`s |b| |x_i| \sum |r_i|`, where the sum
    over the block is at most `caps[i]`, shape (n,). So the reach of a neuron grows with every point that comes within it.

    Returns
    -------
    tuple of arrays
        `hot`; `starts`, shape (hot + 1,), where the pairs of a neuron start in the lists that follow; for each pair its point,
        and its height :math:`b_k w_k^T x_i`.
    """
    n = r.size
    near = np.zeros(hot.size * n, np.bool_)
    starts = np.zeros(hot.size + 1, np.int64)
    distances = np.empty(n)
    for h in range(hot.size):
        k = hot[h]
        scale = scales[k]
        own = near[h * n : (h + 1) * n]
        w, velocity, start = forecast(points, zero, weights[k], scale, active[k], r, step, length, slack)
        for i in range(n):
            z = product(w, points, i)
            u = product(velocity, points, i)
            distances[i] = (abs(z) + min(u if z > 0.0 else -u, 0.0)) / norms[i]
        reach, before, count = start, -1, 0
        while count > before:
            before, count, share = count, 0, 0.0
            for i in range(n):
                own[i] = distances[i] <= reach
                count += 1 if own[i] else 0
                share += caps[i] * norms[i] if own[i] else 0.0
            reach = start + step * abs(scale) * share
        starts[h + 1] = starts[h] + count
    places = np.flatnonzero(near) % n
    heights = np.empty(places.size)
    for h in range(hot.size):
        w = loaded(weights[hot[h]], zero)
        for q in range(starts[h], starts[h + 1]):
            heights[q] = scales[hot[h]] * product(w, points, places[q])
    return hot, starts, places, heights


@njit(cache=True, nogil=True, **OPTIONS)
def masked_product(row, mask, path):
    r"""Return :math:`\sum_j S_j p_j R_j` for one row S of `gram` and the activity p = `mask` of one neuron."""
    total = 0.0
    for j in range(path.size):
        total += row[j] * path[j] if mask[j] else 0.0
    return total


@njit(array_form=arrays.watch, cache=True, nogil=True, **OPTIONS)
def watch(points, zero, gram, weights, scales, active, halves, kernel, pairs, path, outputs, step):
    r"""Flip the activities of the `pairs`, as `hot_pairs` lists them, whose height has changed its sign.

    With R = `path`, shape (n,), the sum of the residuals since the block began, the height is now
    :math:`h - \sum_j S_{ij} p_{kj} R_j`. On entry `outputs` belong to the old activities: a flip to 1 adds the height, one to 0
    takes it away. From a flip on, :math:`R_i` is counted or not: `weights` and heights h of the neuron are shifted by what it
    counted so far, so that nothing jumps.

    Returns
    -------
    int
        Number of flips.
    """
    hot, starts, places, heights = pairs
    flips = 0
    for h in range(hot.size):
        k = hot[h]
        mask, scale = active[k], scales[k]
        for q in range(starts[h], starts[h + 1]):
            i = places[q]
            height = heights[q] - masked_product(gram[i], mask, path)
            if (height * scale > 0.0) != mask[i]:
                flips += 1
                outputs[i] += abs(height) if scale > 0.0 else -abs(height)
                flip(mask, i, gram, halves, kernel)
                counted = path[i] if mask[i] else -path[i]
                store(weights[k], added(loaded(weights[k], zero), step * scale * counted, points, i))
                for other in range(starts[h], starts[h + 1]):
                    heights[other] += gram[i, places[other]] * counted
    return flips


@njit(array_form=arrays.kernel_product, cache=True, nogil=True, **OPTIONS)
def kernel_product(kernel, r, image):
    r"""Write :math:`(K + K^T) r` into `image`, shape (n,), in one order of summation; K is `kernel`."""
    image[:] = 0.0
    for i in range(r.size):
        entry = 0.0
        value = r[i]
        for j in range(r.size):
            entry += kernel[i, j] * r[j]
            image[j] += kernel[i, j] * value
        image[i] += entry


@njit(cache=True, nogil=True, **OPTIONS)
def rounding_allowance(zero, weights, scales, step):
    r"""Return how far a sum of residuals may be off without moving a weight by more than its rounding."""
    return ROUNDING * math.sqrt(np.mean(weights * weights) * len(zero)) / (step * abs(scales[0]))


@njit(array_form=arrays.compare, cache=True, nogil=True, **OPTIONS)
def compare(outputs, targets, first, caps, done, path, lengths, r, deviation):
    r"""Write the residuals r and what their sum, the `path`, will deviate by from a straight one; add their sizes to `lengths`.

    Returns
    -------
    float, int
        The sum of their squares, and how many `lengths` are above their caps.
    """
    square = 0.0
    above = 0
    for i in range(r.size):
        r[i] = outputs[i] - targets[i]
        square += r[i] * r[i]
        deviation[i] = path[i] + r[i] - (done + 1) * first[i]
        lengths[i] += abs(r[i])
        above += 1 if lengths[i] > caps[i] else 0
    return square, above


@njit(array_form=arrays.take_step, cache=True, nogil=True, **OPTIONS)
def take_step(path, r, outputs, image):
    """Add the residuals to their sum, and take what one step changes from the outputs."""
    for i in range(r.size):
        path[i] += r[i]
        outputs[i] -= image[i]


@njit(cache=True, nogil=True, **OPTIONS)
def cold_hot_descent(
    points, zero, norms, norm, gram, targets, weights, scales, active, outputs, halves, kernel, step, epochs, limit, spare,
    counts, block, vectors, pairs, work,
):  # fmt: skip
    r"""Take the same steps as `fused_descent`, but move the neurons only at the end of a block.

    While no activity flips, one step changes the outputs by :math:`-s K r` with the tangent kernel
    :math:`K = (g^2/m) X^T X \circ A^T A`. Only hot pairs of a neuron and a point, which might flip before the block ends, are
    watched step by step. A block ends early, before the step that would break its certificates; one step is always certified.
    The certificates spare what moves no weight by more than its rounding, or a descent that has converged would break them all.
    After about `work` multiplications the call returns, also within a block, and another goes on. `weights`, `active`, `outputs`,
    `halves` and `kernel` are overwritten, and so are the int64 `counts`: epochs, blocks, steps of hot pairs, and flips so far; steps done
    and length of the open block. Of that block: `block` holds the wanted length of the next one and the slack; `vectors`, shape
    (4, n), the residuals at its start, their sum, the sum of their sizes, and its caps; `pairs` are its `hot_pairs`.

    Returns
    -------
    tuple
        Whether all `epochs` are done, or the sum of squared residuals is not at most `limit`; and `pairs`.
    """
    n, first, path, lengths, caps = targets.size, vectors[0], vectors[1], vectors[2], vectors[3]
    r, deviation, image, worked = np.empty(n), np.empty(n), np.empty(n), 0.0
    while counts[0] < epochs:
        if counts[5] == 0:
            for i in range(n):
                first[i] = outputs[i] - targets[i]
            kernel_product(kernel, first, image)
            length = min(int(block[0]), epochs - counts[0])
            allowance = DEVIATION_MARGIN * 0.5 * length * length
            block[1] = allowance * drift_bound(points, norm, image) + spare
            for i in range(n):
                caps[i] = length * abs(first[i]) + allowance * abs(image[i]) + spare / norms[i]
            hot = certify(points, zero, norms, weights, scales, active, first, outputs, step, length, block[1])
            pairs = hot_pairs(points, zero, norms, weights, scales, active, first, step, length, block[1], caps, hot)
            path[:] = 0.0
            lengths[:] = 0.0
            counts[4], counts[5] = 0, length
            worked += 4.0 * scales.size * n * len(zero)
        slack, done, length, flips, diverged = block[1], counts[4], counts[5], 0, False
        cost = 2.0 * n * n + pairs[2].size * n
        while done < length and worked <= work:
            square, above = compare(outputs, targets, first, caps, done, path, lengths, r, deviation)
            if not square <= limit:
                diverged = True
                break
            if done > 0 and (above > 0 or drift_bound(points, norm, deviation) > slack):
                length = done
                break
            kernel_product(kernel, r, image)
            take_step(path, r, outputs, image)
            flips += watch(points, zero, gram, weights, scales, active, halves, kernel, pairs, path, outputs, step)
            done += 1
            worked += cost
        counts[3], counts[4] = counts[3] + flips, done
        if done < length and not diverged:
            return False, pairs
        settle(points, zero, weights, scales, active, path, step)
        counts[0] += done
        counts[1] += 1
        count = pairs[3].size
        counts[2] += done * count
        counts[5] = 0
        if done == 0 or counts[0] == epochs:
            break
        balance = math.sqrt(SCAN_COST * scales.size / max(count * done, 1))
        block[0] = max(1.0, done * min(max(balance, 1 / MOST_GROWTH), MOST_GROWTH))
    return True, pairs
