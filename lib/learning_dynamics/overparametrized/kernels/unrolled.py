"""Loops over the inputs of a neuron, unrolled by the compiler: it knows the length of a tuple, so weights stay in registers.

Numba unrolls no loop over a tuple of which it knows the length, but it compiles a function for each length: each of these takes the
last entry and calls itself for the others. A name stands for the plain Python function, which says what is computed;
`numba.extending.overload` says below how it is compiled.
"""

from learning_dynamics._compiled import overload

OPTIONS = {"fastmath": {"contract", "reassoc"}, "error_model": "numpy"}

product = lambda weights, points, i: sum(w * x for w, x in zip(weights, points[:, i]))  # noqa: E731
added = lambda sums, factor, points, i: tuple(s + factor * x for s, x in zip(sums, points[:, i]))  # noqa: E731
moved = lambda weights, rate, slopes: tuple(w - rate * g for w, g in zip(weights, slopes))  # noqa: E731
loaded = lambda row, like: tuple(row[: len(like)])  # noqa: E731
store = lambda row, values: row.__setitem__(slice(None), values)  # noqa: E731


@overload(product, jit_options=OPTIONS)
def unrolled_product(weights, points, i):
    r"""Compile :math:`\sum_d w_d x_{di}` for a tuple of weights."""
    last = weights.count - 1
    if last == 0:
        return lambda weights, points, i: weights[0] * points[0, i]
    return lambda weights, points, i: product(weights[:-1], points, i) + weights[last] * points[last, i]


@overload(added, jit_options=OPTIONS)
def unrolled_added(sums, factor, points, i):
    r"""Compile the tuple of all :math:`s_d + q x_{di}`."""
    last = sums.count - 1
    if last == 0:
        return lambda sums, factor, points, i: (sums[0] + factor * points[0, i],)
    return lambda sums, factor, points, i: added(sums[:-1], factor, points, i) + (sums[last] + factor * points[last, i],)


@overload(moved, jit_options=OPTIONS)
def unrolled_moved(weights, rate, slopes):
    r"""Compile the tuple of all :math:`w_d - \eta g_d`."""
    last = weights.count - 1
    if last == 0:
        return lambda weights, rate, slopes: (weights[0] - rate * slopes[0],)
    return lambda weights, rate, slopes: moved(weights[:-1], rate, slopes[:-1]) + (weights[last] - rate * slopes[last],)


@overload(loaded, jit_options=OPTIONS)
def unrolled_loaded(row, like):
    """Compile the row of an array as a tuple of the length of `like`."""
    last = like.count - 1
    if last == 0:
        return lambda row, like: (row[0],)
    return lambda row, like: loaded(row, like[:-1]) + (row[last],)


@overload(store, jit_options=OPTIONS)
def unrolled_store(row, values):
    """Compile the copy of a tuple into the row of an array."""
    last = values.count - 1

    def one(row, values):
        row[0] = values[0]

    def several(row, values):
        store(row, values[:-1])
        row[last] = values[last]

    return one if last == 0 else several
