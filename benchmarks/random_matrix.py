"""Cases of paper 1, at the parameters of its figure 1."""

import ctypes
from concurrent.futures import ThreadPoolExecutor
from math import cos, exp, expm1, pi, sin, sqrt

import numpy as np
import scipy.linalg
from harness import Case
from numba import carray, cfunc, types
from scipy import LowLevelCallable
from scipy.integrate import quad
from scipy.special import ndtr
from threadpoolctl import threadpool_limits

from learning_dynamics._threads import one_blas_thread
from learning_dynamics.random_matrix import MixtureClassification, descent_weights, resolvent_bilinear, simulate, statistics
from learning_dynamics.random_matrix.mathematics.quadrature import chebyshev_count

MODEL = MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.1, alpha=0.01)
TIMES = np.linspace(0, 300, 1000)
NODES = chebyshev_count(c=MODEL.c, mu_norm2=MODEL.mu_norm2, exponent=MODEL.alpha * TIMES[-1])
P, N, RUNS, STEPS = 256, 512, 50, 1000
FEW_TIMES = np.arange(0, 300, 6)
JUDGED, CORNER = np.array([6.0, 50.0, 100.0, 200.0, 300.0]), 62
RESOLVENT_SIZE, POINTS, POINTS_TIMED = 512, 1000, 25


def cases():
    """All cases of this wing."""
    return [*_statistics_cases(), *_trajectory_cases(), *_few_times_cases(), *map(_draws_case, (256, 1024)), _resolvent_case()]


def _statistics_cases():
    shared = {
        "title": "E, V, E*, V* and V* - E*^2 at 1000 times, 1 thread",
        "ours": lambda: statistics(MODEL, TIMES),
        "work": {"exps": TIMES.size * (NODES + 2)},
    }
    return [
        Case(
            name="statistics-quad",
            plain_title="`quad` on (4), (5), (7) as printed, Python integrands",
            plain=lambda: _moments_by(_printed_integrals),
            wanted=500,
            repeats=3,
            **shared,
        ),
        Case(
            name="statistics-quad-angle",
            plain_title="`quad` in the angle, Python integrands",
            plain=lambda: _moments_by(_angle_integrals),
            repeats=3,
            **shared,
        ),
        Case(
            name="statistics-quad-compiled",
            plain_title="`quad` in the angle, compiled integrands",
            plain=lambda: _moments_by(_compiled_integrals),
            repeats=3,
            **shared,
        ),
        Case(
            name="statistics-numpy",
            plain_title=f"NumPy, the same {NODES} nodes x all times at once, exp only",
            plain=_numpy_moments,
            repeats=20,
            **shared,
        ),
    ]


def _moments_by(integrals):
    """All moments; the sums over the atoms are the same for each way of doing the integrals."""
    mu2, c = MODEL.mu_norm2, MODEL.c
    kappa, spike = (mu2 + c) / mu2, MODEL.spike
    mass = (mu2**2 - c) / mu2
    moments = []
    for a in MODEL.alpha * TIMES:
        first, second, third = integrals(a)
        g = -expm1(-a * spike)
        E = first + mass * g / spike
        V = second + kappa * mass * g**2 / spike**2
        V_train = third + kappa * mass * g**2 / spike
        moments.append((E, V, kappa * E, V_train, V_train - (kappa * E) ** 2))
    return moments


def _printed_integrals(a):
    mu2, c, sigma2 = MODEL.mu_norm2, MODEL.c, MODEL.sigma2
    kappa, spike = (mu2 + c) / mu2, MODEL.spike
    low, high = MODEL.bulk_edges
    two_pi = 2 * pi

    def first(x):
        return -expm1(-a * x) / x * sqrt((x - low) * (high - x)) / (two_pi * (spike - x))

    def second(x):
        f = exp(-a * x)
        return sqrt((x - low) * (high - x)) / two_pi * (kappa * ((1 - f) / x) ** 2 / (spike - x) + sigma2 * f * f / (c * x))

    def third(x):
        f = exp(-a * x)
        return sqrt((x - low) * (high - x)) / two_pi * (kappa * (1 - f) ** 2 / (x * (spike - x)) + sigma2 * f * f / c)

    return [quad(function, low, high, epsabs=0, epsrel=1e-10)[0] for function in (first, second, third)]


def _angle_integrals(a):
    mu2, c, sigma2 = MODEL.mu_norm2, MODEL.c, MODEL.sigma2
    kappa, spike = (mu2 + c) / mu2, MODEL.spike
    middle, half = 1 + c, 2 * sqrt(c)
    scale = half**2 / (2 * pi)

    def first(angle):
        x = middle + half * cos(angle)
        return -expm1(-a * x) * sin(angle) ** 2 / (x * (spike - x)) * scale

    def second(angle):
        x = middle + half * cos(angle)
        f = exp(-a * x)
        return scale * sin(angle) ** 2 * (kappa * ((1 - f) / x) ** 2 / (spike - x) + sigma2 * f * f / (c * x))

    def third(angle):
        x = middle + half * cos(angle)
        f = exp(-a * x)
        return scale * sin(angle) ** 2 * (kappa * (1 - f) ** 2 / (x * (spike - x)) + sigma2 * f * f / c)

    return [quad(function, 0, pi, epsabs=0, epsrel=1e-10)[0] for function in (first, second, third)]


def _compiled(kind):
    mu2, c, sigma2 = MODEL.mu_norm2, MODEL.c, MODEL.sigma2
    kappa, spike = (mu2 + c) / mu2, MODEL.spike
    middle, half = 1 + c, 2 * sqrt(c)
    scale = half**2 / (2 * pi)

    @cfunc(types.double(types.double, types.voidptr))
    def integrand(angle, data):
        a = carray(data, 1, types.double)[0]
        x = middle + half * cos(angle)
        weight = scale * sin(angle) ** 2
        g = -expm1(-a * x)
        f = 1 - g
        if kind == 1:
            return weight * g / (x * (spike - x))
        if kind == 2:
            return weight * (kappa * (g / x) ** 2 / (spike - x) + sigma2 * f * f / (c * x))
        return weight * (kappa * g * g / (x * (spike - x)) + sigma2 * f * f / c)

    return integrand.ctypes


_COMPILED = [_compiled(kind) for kind in (1, 2, 3)]


def _compiled_integrals(a):
    data = ctypes.cast(ctypes.pointer(ctypes.c_double(a)), ctypes.c_void_p)
    return [quad(LowLevelCallable(f, data), 0, pi, epsabs=0, epsrel=1e-10)[0] for f in _COMPILED]


def _numpy_moments():
    mu2, c, sigma2 = MODEL.mu_norm2, MODEL.c, MODEL.sigma2
    kappa, spike = (mu2 + c) / mu2, MODEL.spike
    angle = (np.arange(NODES) + 0.5) * pi / NODES
    x = 1 + c + 2 * sqrt(c) * np.cos(angle)
    mu = 4 * c * np.sin(angle) ** 2 / (2 * pi * (spike - x)) * (pi / NODES)
    nu = 4 * c * np.sin(angle) ** 2 / (2 * pi * c * x) * (pi / NODES)
    x, mu, nu = np.append(x, spike), np.append(mu, (mu2**2 - c) / mu2), np.append(nu, 0.0)
    f = np.exp(-np.multiply.outer(MODEL.alpha * TIMES, x))
    g, f2 = 1 - f, f * f
    g2 = g * g
    E = g @ (mu / x)
    V_train = g2 @ (kappa * mu / x) + f2 @ (sigma2 * x * nu)
    return E, g2 @ (kappa * mu / x**2) + f2 @ (sigma2 * nu), kappa * E, V_train, V_train - (kappa * E) ** 2


def _trajectory_cases():
    gram_flops = 2 * P * P * N
    product_flops = 2 * STEPS * P * (P + N)
    shared = {
        "ours": lambda: simulate(MODEL, p=P, t=np.arange(STEPS), runs=RUNS, seed=1, workers=1),
        "work": {"flops": RUNS * (gram_flops + 6 * P**3 + product_flops), "exps": RUNS * STEPS * P},
        "title": "both errors of 50 draws x 1000 steps, p = 256, n = 512, 1 thread",
    }
    two = {
        **shared,
        "ours": lambda: simulate(MODEL, p=P, t=np.arange(STEPS), runs=RUNS, seed=1, workers=2),
        "work": {kind: amount / 2 for kind, amount in shared["work"].items()},
        "title": shared["title"].replace("1 thread", "2 threads"),
    }
    return [
        Case(
            name="trajectory-rebuild",
            plain_title=f"stepping that rebuilds X X^T (2 draws timed, x {RUNS // 2})",
            plain=lambda: _all_draws(_rebuilding_step, runs=2, workers=1),
            scale=RUNS / 2,
            wanted=15,
            repeats=2,
            **shared,
        ),
        Case(
            name="trajectory-matvec",
            plain_title="stepping with two matrix-vector products",
            plain=lambda: _all_draws(_two_products, runs=RUNS, workers=1),
            wanted=2,
            **shared,
        ),
        Case(
            name="trajectory-matvec-2",
            plain_title="stepping with two matrix-vector products",
            plain=lambda: _all_draws(_two_products, runs=RUNS, workers=2),
            wanted=2,
            **two,
        ),
    ]


def _all_draws(stepping, *, runs, workers):
    children = np.random.SeedSequence(1).spawn(runs)
    with threadpool_limits(limits=1, user_api="blas"), ThreadPoolExecutor(workers) as pool:
        return np.mean(list(pool.map(lambda child: _errors(stepping, child), children)), axis=0)


def _errors(stepping, child):
    rng = np.random.default_rng(child)
    y = np.repeat([-1.0, 1.0], N // 2)
    X = rng.standard_normal((P, N))
    X[0] += sqrt(MODEL.mu_norm2) * y
    w = sqrt(MODEL.sigma2 / P) * rng.standard_normal(P)
    errors = np.empty((STEPS, 2))
    for t, (now, scores) in enumerate(stepping(X, y, w)):
        errors[t] = ndtr(-sqrt(MODEL.mu_norm2) * now[0] / sqrt(now @ now)), np.count_nonzero(scores * y < 0) / N
    return errors


def _rebuilding_step(X, y, w):
    for _ in range(STEPS):
        yield w, w @ X
        w = w - MODEL.alpha / N * (X @ X.T @ w - X @ y)


def _two_products(X, y, w):
    step = MODEL.alpha / N
    for _ in range(STEPS):
        scores = w @ X
        yield w, scores
        w = w + X @ (step * (y - scores))


def _few_times_cases():
    rng = np.random.default_rng(2)
    X, y, w0 = rng.standard_normal((P, N)), rng.choice([-1.0, 1.0], N), rng.standard_normal(P) / sqrt(P)
    options = {"alpha": MODEL.alpha, "t": FEW_TIMES}
    shared = {
        "title": f"weights at {FEW_TIMES.size} times to {FEW_TIMES[-1]} on one data set, p = {P}, n = {N}, 1 thread",
        "ours": lambda: descent_weights(X, y, w0, **options),
        "work": {"flops": P * P * N + 2 * FEW_TIMES[-1] * P * P},
        "wanted": 1,
    }
    return [
        Case(
            name="few-times-steps",
            plain_title="NumPy, steps with X X^T/n, no check of stability",
            plain=lambda: _gram_steps(X, y, w0),
            **shared,
        ),
        Case(
            name="few-times-eigen",
            plain_title="all eigenvectors of X X^T/n",
            plain=lambda: descent_weights(X, y, w0, method="eigen", **options),
            **shared,
        ),
    ]


def _gram_steps(X, y, w):
    with one_blas_thread():
        matrix, pull = X @ X.T / N, X @ y / N
        kept = []
        for t in range(FEW_TIMES[-1] + 1):
            if t % FEW_TIMES[1] == 0:
                kept.append(w)
            w = w + MODEL.alpha * (pull - matrix @ w)
    return np.array(kept)


def _draws_case(p):
    """A draw of which only a corner of its four diagonals is trained, which has as many rows as CORNER."""
    options = {"p": p, "t": JUDGED, "seed": 4, "workers": 1}
    return Case(
        name=f"banded-draws-{p}",
        title=f"both errors at {JUDGED.size} times to {JUDGED[-1]:.0f}, 200 draws, p = {p}, n = {2 * p}, 1 thread",
        plain_title="all np numbers of a draw, and all eigenvectors",
        plain=lambda: simulate(MODEL, runs=1, **options),
        ours=lambda: simulate(MODEL, runs=200, draws="banded", **options),
        work={"flops": 200 * 9 * CORNER**3},
        scale=200,
        wanted=10,
    )


def _resolvent_case():
    size = RESOLVENT_SIZE
    rng = np.random.default_rng(3)
    X = rng.standard_normal((size, 2 * size))
    X[0] += 1.5 * np.repeat([-1.0, 1.0], size)
    A = X @ X.T / (2 * size)
    a, b = rng.standard_normal((2, size))
    z = 2 + 3 * np.exp(2j * pi * (np.arange(POINTS) + 0.5) / POINTS)

    def ours():
        with threadpool_limits(limits=1, user_api="blas"):
            return resolvent_bilinear(*scipy.linalg.eigh(A, driver="evd"), a, b, z)

    def plain():
        with threadpool_limits(limits=1, user_api="blas"):
            shift = np.eye(size)
            return [a @ scipy.linalg.solve(A - point * shift, b, check_finite=False) for point in z[:POINTS_TIMED]]

    return Case(
        name="resolvent",
        title="a^T (A - zI)^-1 b at 1000 z, p = 512, eigendecomposition included, 1 thread",
        plain_title=f"one linear solve for each z ({POINTS_TIMED} timed, x {POINTS // POINTS_TIMED})",
        plain=plain,
        ours=ours,
        work={"flops": 6 * size**3 + 4 * size**2},
        scale=POINTS / POINTS_TIMED,
        wanted=20,
        repeats=3,
    )
