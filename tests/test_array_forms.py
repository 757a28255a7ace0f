"""Where nothing compiles, array forms stand for loops: each against its compiled loop, over awkward sizes and at corners."""

import copy
import importlib
import re
from pathlib import Path

import numpy as np
import pytest

import learning_dynamics
from learning_dynamics import _compiled
from tests.overparametrized import twins

LIB = Path(learning_dynamics.__file__).parent
FORMS = {
    (path.parts[-3], path.stem, loop): form
    for path in sorted(LIB.glob("*/kernels/*.py"))
    for form, loop in re.findall(r"array_form=arrays\.(\w+)[^\n]*\ndef (\w+)\(", path.read_text("utf-8"))
}
SIZES = (1, 2, 3, 17, 300)

pytestmark = pytest.mark.skipif(not _compiled.COMPILES, reason="nothing is compiled here")


def ascending(rng, size):
    return np.sort(rng.uniform(0, 3, size))


def modes(rng, size):
    """Eigenvalues, rates, and a start, with 0 and what is beyond all exponents among them."""
    rates = np.append(rng.uniform(0, 3, size), [0.0, 800.0])
    return rng.uniform(1e-3, 4, size + 2), rates, rng.standard_normal(size + 2)


def spectral_sums(rng, size):
    x, rates, _ = modes(rng, size)
    p, nu = rng.dirichlet(np.ones(x.size)), rng.random(x.size)
    return x, rates, p, p / x, nu, 0.3, np.append(10 ** rng.uniform(-2, 2, size), 0.0)


def descent_modes(rng, size):
    eigenvalues, rates, start = modes(rng, size)
    alternates = rng.integers(0, 2, rates.size).astype(float)
    return eigenvalues, rates, alternates, np.arange(5.0), start, rng.standard_normal(rates.size)


def error_shares(rng, size):
    margins = rng.integers(-2, 3, (4, size)).astype(float)
    margins[0, 0], margins[1, 0] = np.nan, -0.0
    return margins, rng.choice([-1.0, 1.0], size)


def two_step_recurrence(rng, size):
    return rng.uniform(0, 3, size), 0.9, 0.1, np.ones(size), np.zeros(size), 40


def resolvent_sums(rng, size):
    return rng.uniform(0, 4, size), rng.random(size), rng.standard_normal(7) + 1j * rng.uniform(0.1, 1, 7)


def newton_root(rng, size):
    return 1.0 + 0.5j, -0.5 + 0.5j, rng.uniform(0.1, 4, size), rng.dirichlet(np.ones(size)), 50


def noise_sums(rng, size):
    return rng.uniform(0.1, 4, size), rng.dirichlet(np.ones(size)), 0.1, 0.02, np.exp(-np.arange(30.0))


def flow(rng, m, terms=5):
    """Weights, overlaps, coefficients of target and activation, with an overlap 0."""
    s = rng.uniform(-0.9, 0.9, m)
    s[0] = 0.0
    return 3 * rng.standard_normal(m), s, *rng.standard_normal((2, terms))


def residuals(rng, m):
    return *flow(rng, m), Ignored(np.empty(m))


def velocities(rng, m):
    a, s, e, sigma = flow(rng, m)
    return a, s, e, sigma, 0.01, *np.empty((2, m))


def residual_rates(rng, m):
    a, s, _, sigma = flow(rng, m)
    return a, s, *rng.standard_normal((2, m)), sigma, Ignored(np.empty(m))


def attempt(rng, m):
    """Of one step, with coefficients down to none but the constant."""
    a, s, phi, sigma = flow(rng, m, terms=1 if m == 2 else 5)
    e = phi - sigma * np.array([np.mean(a * s**k) for k in range(phi.size)])
    powers = s ** np.arange(phi.size)[:, None]
    lifted = np.arange(phi.size)[:, None] * s ** np.maximum(np.arange(phi.size) - 1, 0)[:, None]
    da, ds = (sigma * e) @ powers / 0.1, (sigma * e) @ lifted * a * (1 - s**2)
    return a, s, da, ds, e, 1e-3, phi, sigma, 0.1, *np.empty((2, m)), *np.empty((2, 6, m)), Ignored(np.empty(m)), np.empty((4, m))


def largest_error(rng, m):
    a, s, _, _ = flow(rng, m)
    return *rng.standard_normal((2, m)), a, s, 1e-6, 0.1


def stages_of_a_velocity(rng, m):
    k = rng.standard_normal((16, m))
    k[3] = np.nan
    return np.array([0.3, -0.2, 0.1, 0.0, 0.5]), 0.1, k, rng.standard_normal(m)


def network(rng, m, kind):
    """A state of unit vectors, and the system and room of `network_flow`; m = 1 has no pairs."""
    m = min(m, 60)
    u = rng.standard_normal((m, 4))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    pairs = (u @ u.T)[np.triu_indices(m, 1)]
    y = np.concatenate([rng.standard_normal(m), u[:, 0], pairs])
    room = (*np.zeros((2, y.size)), *np.zeros((3, m)), *np.zeros((3, m, m)))
    return y, (kind, rng.random(8), np.array([1.0, 0.5]), rng.standard_normal(4), 0.1), room


def overlaps(rng, size, kind):
    return kind, rng.random(8), np.append(rng.uniform(-1, 1, size), [-1.0, 0.0, 1.0, 1 + 1e-15]), *np.empty((2, size + 4))


def velocity(rng, m, kind):
    y, system, room = network(rng, m, kind)
    return y, np.empty_like(y), system, Ignored(room)


def observe(rng, m, kind):
    y, system, room = network(rng, m, kind)
    return y, np.empty(room[2].size), np.empty(room[2].size), np.empty(2), system, Ignored(room)


def weighted_square(rng, m):
    return *rng.standard_normal((3, 2 * m + m * (m - 1) // 2)), m, 1e-3


def pack(rng, m):
    return rng.standard_normal(m), rng.standard_normal((m, 3)), np.empty(2 * m + m * (m - 1) // 2)


def unpack(rng, m):
    return rng.standard_normal(m * (m - 1) // 2), np.empty((m, m))


def descend(rng, m, kind):
    a, _, sigma, phi = flow(rng, m)
    u = rng.standard_normal((m, 6))
    u /= np.linalg.norm(u, axis=1, keepdims=True)
    return a, u, kind, 0.1 * sigma, 0.1 * phi, np.sqrt(np.arange(7.0)), 1e-3, 1e-2, 20, np.random.default_rng(m)


def split(rng, size):
    points = rng.standard_normal((size, 3))
    points[0] = 0.0
    return points, np.empty(size), np.empty_like(points)


def weigh_rows(rng, size, triangle):
    """Among the points are one that is 0, and pairs that are parallel, opposite and nearly so."""
    points = rng.standard_normal((size + 5, 3))
    points[:5] = points[5] * np.array([0.0, 1.0, 2.0, -1.0, 1.0])[:, None]
    points[4] += 1e-9
    norms = np.linalg.norm(points, axis=1)
    units = points / np.where(norms > 0, norms, 1.0)[:, None]
    products = np.ascontiguousarray((points @ points.T)[1:])
    return products, 1, norms, units, norms, units, triangle


def trained(size, D):
    """Inputs, targets, weights, scales, activities and outputs of a network, and a step."""
    X, y, weights, scales = twins.problem(min(size, 40), size, D)
    points, f = np.ascontiguousarray(X.T), twins.outputs(X, weights, scales)
    return X, points, (0.0,) * D, y, weights, scales, weights @ X.T > 0, f, 0.3 / np.linalg.norm(X, 2) ** 2


def fused_descent(rng, size):
    _, points, zero, y, weights, scales, active, f, step = trained(size, 3)
    return points, zero, y, weights, scales, active, f, step, 12, 1e9


def settle(rng, size):
    _, points, zero, y, weights, scales, active, _, step = trained(size, 3)
    return points, zero, weights, scales, active, y, step


def drift_bound(rng, size):
    return rng.standard_normal((3, size)), 2.0, rng.standard_normal(size)


def certify(rng, size):
    X, points, zero, y, weights, scales, active, f, step = trained(size, 3)
    return points, zero, np.linalg.norm(X, axis=1), weights, scales, active, f - y, np.empty_like(f), step, 4, 0.1


def hot_pairs(rng, size):
    *options, r, _, step, length, slack = certify(rng, size)
    hot = np.flatnonzero(rng.random(size) < 0.7)
    return *options, r, step, length, slack, 4 * np.abs(r), hot


def watch(rng, size):
    """After so long a path that many pairs flip, several of one neuron."""
    loops = importlib.import_module("learning_dynamics.overparametrized.kernels.hot_pairs")
    points, zero, norms, weights, scales, active, r, *rest = hot_pairs(rng, size)
    pairs = loops.hot_pairs(points, zero, norms, weights, scales, active, r, *rest)
    step, path, ones = rest[0], 4 * r, active.astype(float)
    gram, halves = step * scales[0] ** 2 * points.T @ points, 0.5 * ones.T @ ones
    return points, zero, gram, weights, scales, active, halves, gram * halves, pairs, path, np.zeros(r.size), step


def kernel_product(rng, size):
    return rng.standard_normal((size, size)), rng.standard_normal(size), np.empty(size)


def compare(rng, size):
    first, path, outputs, targets = rng.standard_normal((4, size))
    return outputs, targets, first, rng.random(size), 3, path, rng.random(size), *np.empty((2, size))


def take_step(rng, size):
    return tuple(rng.standard_normal((4, size)))


def intervals(rng, size):
    """What neurons are moved, and by their own point, where some rest at the kink and some do not move at all."""
    drifts, own = rng.standard_normal((size, 9)), rng.standard_normal(9)
    drifts[0], own[4] = 0.0, 0.0
    return drifts, own, rng.standard_normal(9)


def crossing_totals(rng, size):
    drifts, own, push = intervals(rng, size)
    return drifts, own, push, np.zeros_like(drifts)


def pair_totals(rng, size):
    heights = rng.standard_normal(size)
    heights[0] = 0.0
    return heights, rng.choice([-1.0, 1.0], size), *intervals(rng, size), np.zeros(9)


def follow(rng, size):
    drifts, own, _ = intervals(rng, size)
    return drifts - own, drifts, np.append(0.0, rng.standard_normal(size - 1))


def drive(rng, size):
    return (
        rng.standard_normal((7, 3)),
        rng.standard_normal((size, 3)),
        rng.standard_normal(size),
        0.1 * rng.standard_normal((5, 7)),
    )


class Ignored:
    """Working memory: what is in it afterwards does not count."""

    def __init__(self, content):
        self.content = content


KINDS = (0, 1, 2)
MAKERS = {
    ("time_scales", "network_flow", "add_stages"): stages_of_a_velocity,
    ("time_scales", "rosenbrock", "copy"): lambda rng, m: (rng.standard_normal(m), np.empty(m)),
    ("time_scales", "network_flow", "kernel_with_slope"): overlaps,
    ("random_matrix", "resolvents", "_newton_root"): newton_root,
    ("random_matrix", "resolvents", "_companion_inverse"): lambda rng, size: newton_root(rng, size)[:-1],
    ("overparametrized", "angles", "mirror"): lambda rng, n: (rng.standard_normal((n, n)),),
}
CHOICES = {"kernel_with_slope": KINDS, "velocity": KINDS, "observe": KINDS, "descend": KINDS, "weigh_rows": (True, False)}


def cases():
    for place in FORMS:
        for choice in CHOICES.get(place[-1], (None,)):
            yield pytest.param(place, choice, id="-".join(map(str, (*place[1:], *(() if choice is None else (choice,))))))


def arrays_of(value):
    """The arrays and numbers in a value, however deep, as a list."""
    if isinstance(value, (tuple, list)):
        return [array for part in value for array in arrays_of(part)]
    return [] if value is None or isinstance(value, (Ignored, np.random.Generator)) else [np.asarray(value)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("place", "choice"), list(cases()))
def test_the_array_form_does_what_the_loop_does(place, choice, size):
    part, file, name = place
    room = f"learning_dynamics.{part}.kernels"
    loop = getattr(importlib.import_module(f"{room}.{file}"), name)
    form = getattr(importlib.import_module(f"{room}.arrays"), FORMS[place])
    maker, rng = MAKERS.get(place) or globals()[name], np.random.default_rng([size, len(name)])
    arguments = maker(rng, size) if choice is None else maker(rng, size, choice)
    results = []
    for function in (loop, form):
        own = copy.deepcopy(arguments)
        with np.errstate(all="ignore"):
            value = function(*(one.content if isinstance(one, Ignored) else one for one in own))
        results.append(arrays_of([value, own]))
    assert len(results[0]) == len(results[1]) > 0
    for expected, got in zip(*results):
        assert got.shape == expected.shape and got.dtype.kind == expected.dtype.kind
        scale = np.abs(expected[np.isfinite(expected)]).max(initial=0)
        np.testing.assert_allclose(got, expected, rtol=1e-12, atol=1e-12 * scale)
