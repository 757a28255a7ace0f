"""Cases of paper 3, at the largest width of its figure."""

import numpy as np
from harness import Case
from threadpoolctl import threadpool_limits

from learning_dynamics._threads import one_blas_thread
from learning_dynamics.overparametrized import (
    TwoLayerRegression,
    initial_linearization,
    kernel_regression,
    polynomial_data,
    simulate,
    tangent_kernel,
)
from learning_dynamics.overparametrized.simulation.descent import Descent

WIDTHS, RUNS = (1000, 2000, 5000, 10000), 5
WIDTH, EPOCHS = WIDTHS[-1], 10_000
PLAIN_EPOCHS, FUSED_EPOCHS = 20, 100
DATA = polynomial_data(seed=0)
POINTS, DIMENSIONS, NEW = (100, 500, 2000), (2, 100), 200
"""Training points, their dimensions, and the points of a prediction."""
FORMS = {
    "numpy-blocks": "NumPy in blocks of 1000 neurons, mask as a matrix factor",
    "numpy-transposed": "NumPy, inputs by neurons, mask as a matrix factor",
    "numpy": "NumPy, mask times residual",
}


def cases():
    """All cases of this wing."""
    model = _model(WIDTH)
    linearization = initial_linearization(model, *model.draw(0))
    n, D = model.features.shape
    fused_flops = 4 * WIDTH * n * D
    blocks, hot_steps = _counts(linearization, model.step)
    cold_flops = 2 * n * (EPOCHS * n + hot_steps) + blocks * 2 * fused_flops

    def ours(method, epochs):
        return lambda: list(Descent(linearization, step=model.step, method=method).states([epochs], None))

    def plain(form, epochs):
        return lambda: _numpy_descent(form, linearization, model.step, epochs)

    rows = []
    for form, title in FORMS.items():
        rows.append(
            Case(
                name=f"fused-{form}",
                title=f"{FUSED_EPOCHS} epochs, m = {WIDTH}, n = {n}, fused, 1 thread",
                plain_title=title,
                plain=plain(form, PLAIN_EPOCHS),
                ours=ours("fused", FUSED_EPOCHS),
                work={"flops": FUSED_EPOCHS * fused_flops},
                wanted=5 if form == "numpy-blocks" else None,
                scale=FUSED_EPOCHS / PLAIN_EPOCHS,
                repeats=10,
            )
        )
        rows.append(
            Case(
                name=f"cold-hot-{form}",
                title=f"{EPOCHS} epochs, m = {WIDTH}, n = {n}, cold/hot, 1 thread",
                plain_title=title,
                plain=plain(form, PLAIN_EPOCHS),
                ours=ours("cold-hot", EPOCHS),
                work={"flops": cold_flops},
                wanted=35 if form == "numpy-blocks" else None,
                scale=EPOCHS / PLAIN_EPOCHS,
            )
        )
    rows.append(
        Case(
            name="cold-hot-fused",
            title=f"{EPOCHS} epochs, m = {WIDTH}, n = {n}, cold/hot, 1 thread",
            plain_title="fused kernel",
            plain=ours("fused", FUSED_EPOCHS),
            ours=ours("cold-hot", EPOCHS),
            work={"flops": cold_flops},
            wanted=6,
            scale=EPOCHS / FUSED_EPOCHS,
        )
    )
    rows.append(
        Case(
            name="figure",
            title=f"the figure: {len(WIDTHS)} widths, {RUNS} runs, {EPOCHS} epochs, all measures at 11 epochs, 2 threads",
            plain_title="NumPy in blocks, 1 thread, descent alone",
            plain=lambda: [plain_run() for plain_run in _plain_runs()],
            ours=_figure,
            work={"flops": RUNS * sum(WIDTHS) / WIDTH * cold_flops},
            scale=RUNS * EPOCHS / PLAIN_EPOCHS,
            repeats=1,
        )
    )
    return [*rows, *(case for n in POINTS for d in DIMENSIONS for case in _kernel_cases(n, d))]


def _kernel_cases(n, d):
    rng = np.random.default_rng(n)
    x, new, y = rng.standard_normal((n, d)), rng.standard_normal((NEW, d)), rng.standard_normal(n)
    model = TwoLayerRegression(inputs=x, targets=y, width=1, learning_rate=1.0)
    products = n * n * (d + 1)
    return [
        Case(
            name=f"kernel-{n}-{d}",
            title=f"tangent kernel of {n} points in {d} dimensions, 1 thread",
            plain_title="NumPy: products, norms, arccos",
            plain=lambda: _plain_kernel(x, x),
            ours=lambda: tangent_kernel(x),
            work={"flops": products, "exps": n * n / 2},
            wanted=1,
        ),
        Case(
            name=f"regression-{n}-{d}",
            title=f"kernel regression on {n} points in {d} dimensions at {NEW} others, 1 thread",
            plain_title="NumPy: the same kernel, `np.linalg.solve`",
            plain=lambda: _plain_regression(x, y, new),
            ours=lambda: kernel_regression(model, new),
            work={"flops": products + 2 * n**3 / 3},
            wanted=1,
        ),
    ]


def _plain_kernel(x, z):
    with one_blas_thread():
        x, z = (np.hstack([points, np.ones((len(points), 1))]) for points in (x, z))
        products = x @ z.T
        cosines = products / np.multiply.outer(np.linalg.norm(x, axis=1), np.linalg.norm(z, axis=1))
        return products * (np.pi - np.arccos(np.clip(cosines, -1, 1))) / (2 * np.pi)


def _plain_regression(x, y, new):
    with one_blas_thread():
        return _plain_kernel(new, x) @ np.linalg.solve(_plain_kernel(x, x), y)


def _model(width):
    return TwoLayerRegression(
        inputs=DATA.inputs,
        targets=DATA.targets,
        width=width,
        learning_rate=0.01,
        loss="mean",
        gain=2**0.5,
        bias=False,
        initialization="uniform",
        scale=5**-0.5,
    )


def _counts(linearization, step):
    """Blocks, and steps of hot pairs, of the cold/hot descent."""
    descent = Descent(linearization, step=step, method="cold-hot")
    list(descent.states([EPOCHS], None))
    return descent.counters[:2]


def _figure():
    for width in WIDTHS:
        simulate(_model(width), epochs=np.arange(0, EPOCHS + 1, 1000), runs=RUNS, seed=width, workers=2)


def _plain_runs():
    for width in WIDTHS:
        model = _model(width)
        linearization = initial_linearization(model, *model.draw(0))
        yield lambda: _numpy_descent("numpy-blocks", linearization, model.step, PLAIN_EPOCHS)


def _numpy_descent(form, linearization, step, epochs):
    run = {"numpy": _by_mask, "numpy-transposed": _transposed, "numpy-blocks": _in_blocks}[form]
    with threadpool_limits(limits=1, user_api="blas"):
        return run(linearization.features, linearization.targets, linearization.weights, linearization.scales, step, epochs)


def _by_mask(X, y, weights, scales, step, epochs):
    w, columns = weights, np.ascontiguousarray(X.T)
    z, pull = np.empty((len(w), len(X))), np.empty((len(w), len(X)))
    active = np.empty(z.shape, bool)
    for _ in range(epochs):
        np.matmul(w, columns, out=z)
        np.greater(z, 0, out=active)
        np.maximum(z, 0, out=z)
        residual = scales @ z - y
        np.multiply(active, residual, out=pull)
        w = w - (step * scales)[:, None] * (pull @ X)
    return w


def _transposed(X, y, weights, scales, step, epochs):
    """f(x_i) is x_i times the sum of b_k w_k over the active neurons, so the mask enters products alone."""
    w = np.ascontiguousarray(weights.T)
    z, active = np.empty((len(X), w.shape[1])), np.empty((len(X), w.shape[1]))
    for _ in range(epochs):
        np.matmul(X, w, out=z)
        np.greater(z, 0, out=active)
        residual = np.einsum("id,di->i", X, (scales * w) @ active.T) - y
        w = w - (step * scales) * ((residual[:, None] * X).T @ active)
    return w.T


def _in_blocks(X, y, weights, scales, step, epochs, rows=1000):
    """As `_transposed`, but neurons by inputs in blocks that stay in the cache."""
    w, columns = weights.copy(), np.ascontiguousarray(X.T)
    blocks = [slice(first, first + rows) for first in range(0, len(w), rows)]
    z, active = np.empty((min(rows, len(w)), len(X))), np.empty((len(w), len(X)))
    for _ in range(epochs):
        total = np.zeros_like(X)
        for block in blocks:
            np.matmul(w[block], columns, out=z)
            np.greater(z, 0, out=active[block])
            total += active[block].T @ (scales[block, None] * w[block])
        pull = step * (np.einsum("id,id->i", X, total) - y)[:, None] * X
        for block in blocks:
            w[block] -= scales[block, None] * (active[block] @ pull)
    return w
