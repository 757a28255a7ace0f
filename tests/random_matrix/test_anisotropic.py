"""Points with a covariance: white ones against the older theory, a second route, exact steps, the end of training, draws, corners."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from learning_dynamics.random_matrix import (
    AnisotropicMixture,
    MixtureClassification,
    anisotropic_errors,
    anisotropic_final_error,
    anisotropic_statistics,
    anisotropic_stopping,
    classification_error,
    companion_stieltjes,
    final_error,
    labelled_pool,
    largest_eigenvalue,
    mean_weights,
    optimal_stopping,
    pool_errors,
    pool_model,
    predict,
    simulate,
    simulate_anisotropic,
    simulate_labelled,
    statistics,
    stieltjes,
)

MOMENTS = ("E", "V", "E_train", "V_train", "train_variance")
ATOMS = dict(eigenvalues=[4.0, 1.0, 0.25], shares=[0.25, 0.5, 0.25], signal=[1.0, 1.0, 0.5])


def white(c, **options):
    given = dict(sigma2=0.1, alpha=0.01) | options
    mu_norm2 = given.pop("mu_norm2", 4.0)
    both = dict(c=c, **given)
    return MixtureClassification(mu_norm2=mu_norm2, **both), AnisotropicMixture(
        eigenvalues=[1.0], shares=[1.0], signal=[mu_norm2], **both
    )


def three(c, **options):
    return AnisotropicMixture(**ATOMS, **(dict(c=c, sigma2=0.1, alpha=0.01) | options))


@pytest.mark.parametrize("dynamics", ["flow", "gd"])
@pytest.mark.parametrize("c", [0.1, 0.5, 1.0, 2.0, 5.0])
def test_white_points_are_those_of_the_paper(c, dynamics):
    older, newer = white(c)
    t = [0, 1, 6, 50, 300, 3000]
    expected, found = (f(model, t, dynamics=dynamics) for f, model in ((statistics, older), (anisotropic_statistics, newer)))
    for name in MOMENTS:
        np.testing.assert_allclose(getattr(found, name), getattr(expected, name), rtol=1e-10, atol=1e-12)
    assert largest_eigenvalue(newer) == pytest.approx(older.largest_eigenvalue, rel=1e-12)
    assert anisotropic_final_error(newer) == pytest.approx(final_error(older), rel=1e-12)


def test_white_points_stop_when_the_paper_says():
    older, newer = white(0.5)
    best, found = optimal_stopping(older), anisotropic_stopping(newer, longest=5000.0)
    assert found.time == pytest.approx(best.time, rel=1e-6)
    assert found.error == pytest.approx(best.error, rel=1e-12)
    assert anisotropic_stopping(newer, longest=50.0).time == 50.0


def test_the_companion_transform_solves_its_equation():
    model = three(0.7)
    z = np.array([[1 + 1j, -0.5 + 1e-3j], [3 - 0.1j, 1e-2 + 1e-2j]])
    m = companion_stieltjes(model, z)
    pull = sum(model.c * w * at / (1 + at * m) for w, at in zip(model.shares, model.eigenvalues))
    np.testing.assert_allclose(1 / m, -z + pull, rtol=1e-12)
    assert (m.imag * z.imag > 0).all()
    plain = white(0.7)[1]
    np.testing.assert_allclose(companion_stieltjes(plain, z), 0.7 * stieltjes(z, c=0.7) - 0.3 / z, rtol=1e-11)


def test_an_atom_in_two_parts_and_another_unit_change_nothing():
    t = [1.0, 30.0, 400.0]
    plain = anisotropic_statistics(three(0.5), t)
    parts = AnisotropicMixture(
        eigenvalues=[0.25, 1.0, 4.0, 1.0],
        shares=[0.25, 0.2, 0.25, 0.3],
        signal=[0.5, 0.7, 1.0, 0.3],
        c=0.5,
        sigma2=0.1,
        alpha=0.01,
    )
    scaled = replace(
        three(0.5), eigenvalues=1e3 * three(0.5).eigenvalues, signal=1e3 * three(0.5).signal, sigma2=1e-4, alpha=1e-5
    )
    for other in (parts, scaled):
        for name in MOMENTS:
            np.testing.assert_allclose(getattr(anisotropic_statistics(other, t), name), getattr(plain, name), rtol=1e-11)


@pytest.mark.parametrize("c", [0.5, 1.0, 3.0])
def test_the_first_step_is_exact(c):
    model = three(c, sigma2=0.3, alpha=0.02)
    found = anisotropic_statistics(model, 1, dynamics="gd")
    moment = [model.shares @ model.eigenvalues**k for k in range(4)]
    a = model.alpha
    learnt = a**2 * (model.signal @ model.eigenvalues + c * moment[2])
    start = moment[1] - 2 * a * moment[2] + a**2 * (moment[3] + c * moment[1] * moment[2])
    assert found.E == pytest.approx(a * model.mu_norm2, rel=1e-11)
    assert found.V == pytest.approx(learnt + 0.3 * start, rel=1e-11)
    assert found.E_train == pytest.approx(a * (model.mu_norm2 + c * moment[1]), rel=1e-11)


@pytest.mark.parametrize("c", [0.4, 2.5])
def test_the_end_of_training(c):
    for sigma2 in (0.0, 0.5):
        model = three(c, sigma2=sigma2, alpha=0.1)
        late, _ = anisotropic_errors(model, 40000.0)
        assert late == pytest.approx(anisotropic_final_error(model), rel=1e-6)


def _bulk(model, nodes=4000):
    """Nodes, weights and companion transform on the only bulk of two atoms, from the roots of the cubic; for c < 1."""
    (l1, l2), (w1, w2), c = model.eigenvalues, model.shares, model.c

    def inverse(m):
        return -1 / m + c * (w1 * l1 / (1 + l1 * m) + w2 * l2 / (1 + l2 * m))

    small, large = sorted((l1, l2))
    right = minimize_scalar(inverse, bounds=(-(1 - 1e-9) / large, -1e-3), method="bounded", options={"xatol": 1e-13}).fun
    left = -minimize_scalar(
        lambda m: -inverse(m), bounds=(-1e3, -(1 + 1e-9) / small), method="bounded", options={"xatol": 1e-13}
    ).fun
    angle = (np.arange(nodes) + 0.5) * np.pi / nodes
    x = (left + right) / 2 - (right - left) / 2 * np.cos(angle)
    weights = (right - left) / 2 * np.sin(angle) * np.pi / nodes
    first, second = np.array([l1, 1.0]), np.array([l2, 1.0])
    m = []
    for point in x:  # (1 + x m)(1 + l1 m)(1 + l2 m) = c m (w1 l1 (1 + l2 m) + w2 l2 (1 + l1 m))
        whole = np.polymul(np.polymul([point, 1.0], first), second)
        pull = c * np.polymul([1.0, 0.0], np.polyadd(w1 * l1 * second, w2 * l2 * first))
        m.append(max(np.roots(np.polysub(whole, pull)), key=lambda root: root.imag))
    return x, weights, np.array(m)


def test_densities_on_the_real_axis_give_the_same():
    """E, V and the training moments from densities, with the divided differences of h; no contour, another solver."""
    model = AnisotropicMixture(eigenvalues=[2.0, 1.0], shares=[0.4, 0.6], signal=[0.1, 0.1], c=0.3, sigma2=0.2, alpha=0.05)
    x, weights, m = _bulk(model)
    D = 1 + sum(b * m / (1 + at * m) for b, at in zip(model.signal, model.eigenvalues))
    D0 = 1 + sum(b / at for b, at in zip(model.signal, model.eigenvalues))
    nodes = np.append(x, 0.0)
    P = np.append(weights * (m / D).imag / np.pi, (1 - model.c) / D0)
    kappa = weights * (-1 / m).imag / np.pi
    assert P.sum() == pytest.approx(1, abs=1e-7)
    for t in (1.0, 40.0, 300.0):
        exponent = model.alpha * t
        f = np.exp(-exponent * nodes)
        h = np.divide(1 - f, nodes, out=np.full_like(f, exponent), where=nodes > 0)
        slope = np.divide(exponent * f - h, nodes, out=np.zeros_like(f), where=nodes > 0)
        gaps = nodes[:, None] - x
        ratios = np.where(gaps == 0, slope[:, None], (h[:, None] - h[:-1]) / np.where(gaps == 0, 1, gaps))
        r = 1 - f - model.c * model.mean_eigenvalue * h - ratios @ kappa
        E, E_train = P @ r, P @ (1 - f)
        start = model.sigma2 * (f[:-1] ** 2 @ (kappa / x)) / model.c
        found = anisotropic_statistics(model, t)
        assert found.E == pytest.approx(E, rel=1e-6)
        assert found.V == pytest.approx(P @ (r - E) ** 2 + start, rel=1e-6)
        assert found.E_train == pytest.approx(E_train, rel=1e-6)


@pytest.mark.parametrize("c", [0.5, 1.0, 2.0])
def test_draws_extrapolate_to_the_theory(c):
    model, t = three(c), np.array([3, 30, 200])
    theory = anisotropic_errors(model, t, dynamics="gd")
    small, large = (simulate_anisotropic(model, p=p, t=t, runs=runs, seed=5) for p, runs in ((64, 400), (128, 200)))
    for limit, name in zip(theory, ("generalization", "training")):
        found = 2 * getattr(large, f"{name}_error") - getattr(small, f"{name}_error")
        error = np.hypot(2 * getattr(large, f"{name}_se"), getattr(small, f"{name}_se"))
        assert (np.abs(found - limit) <= 4 * error).all()


def test_white_draws_are_those_of_the_older_simulation():
    older, newer = white(0.5)
    one = simulate(older, p=32, t=[5, 50], runs=3, seed=2)
    two = simulate_anisotropic(newer, p=32, t=[5, 50], runs=3, seed=2)
    np.testing.assert_allclose(two.generalization_runs, one.generalization_runs, rtol=1e-12)
    np.testing.assert_array_equal(two.training_runs, one.training_runs)


def test_mu_where_there_is_no_noise_is_learnt_without_error():
    model = AnisotropicMixture(eigenvalues=[1.0, 0.0], shares=[0.5, 0.5], signal=[0.5, 1.0], c=0.5, sigma2=0.1, alpha=0.05)
    assert anisotropic_final_error(model) == 0.0
    errors, _ = anisotropic_errors(model, [10.0, 100.0, 1000.0])
    assert errors[0] > 0.01 > 1e-6 > errors[2]
    runs = simulate_anisotropic(model, p=128, t=[10], runs=100, seed=1)
    assert runs.generalization_error[0] == pytest.approx(errors[0], abs=4 * runs.generalization_se[0])


def test_one_direction_of_much_noise():
    model = AnisotropicMixture(eigenvalues=[1e4, 1.0], shares=[0.01, 0.99], signal=[0.1, 4.0], c=0.5, sigma2=0.1, alpha=1e-5)
    t = [100, 10_000]
    theory, _ = anisotropic_errors(model, t, dynamics="gd")
    runs = simulate_anisotropic(model, p=200, t=t, runs=200, seed=4)
    half = simulate_anisotropic(model, p=100, t=t, runs=400, seed=4)
    error = np.hypot(2 * runs.generalization_se, half.generalization_se)
    assert (np.abs(2 * runs.generalization_error - half.generalization_error - theory) <= 4 * error).all()


def test_mean_weights_carry_the_mean_margin():
    model, t = three(1.5), [0.0, 1.0, 30.0, 1000.0]
    weights = mean_weights(model, t)
    np.testing.assert_allclose(weights @ model.signal, anisotropic_statistics(model, t).E, atol=1e-12)
    older, newer = white(0.5)
    np.testing.assert_allclose(mean_weights(newer, t)[:, 0], statistics(older, t).E / 4, atol=1e-13)


def _points(number, seed, skewed=False):
    rng = np.random.default_rng(seed)
    labels = np.repeat([-1.0, 1.0], number // 2)
    noise = rng.exponential(size=(number, 30)) - 1 if skewed else rng.standard_normal((number, 30))
    X = noise * np.linspace(0.3, 2, 30)
    X[:, 5:10] += 0.5 * labels[:, None]
    return X, labels


@pytest.mark.parametrize("skewed", [False, True])
def test_points_of_a_pool_are_predicted(skewed):
    X, y = _points(4000, 3, skewed)
    found = predict(X, y, training_points=100, t=[3, 30, 300])
    runs = simulate_labelled(labelled_pool(X, y), model=found.model, t=found.t, training_points=100, runs=200, seed=6)
    assert (np.abs(runs.generalization_error - found.generalization) <= 4 * runs.generalization_se).all()
    assert np.abs(runs.generalization_error / found.generalization - 1).max() < 0.05
    assert np.abs(np.diff(found.halves, axis=0)).max() < 0.02
    assert found.best_error == found.generalization.min()


def test_a_prediction_does_not_know_the_names_of_the_labels_or_the_place_of_the_points():
    X, y = _points(400, 4)
    one = predict(X, y, training_points=60, t=[5, 50])
    two = predict(X[::-1] + 7, np.where(y > 0, "yes", "no")[::-1], training_points=60, t=[5, 50])
    np.testing.assert_allclose(two.generalization, one.generalization, rtol=1e-9)
    assert one.model.alpha * largest_eigenvalue(one.model) == pytest.approx(0.1)


def test_a_pool_without_its_margins_is_the_mixture():
    X, y = _points(400, 5)
    pool = labelled_pool(X, y)
    model = pool_model(pool, training_points=60, sigma2=0.1)
    moments = anisotropic_statistics(model, [20], dynamics="gd")
    own, _ = pool_errors(pool, model, [20])
    assert own == pytest.approx(classification_error(moments.E, moments.V), rel=2e-3)


def test_what_is_refused():
    X, y = _points(40, 1)
    with pytest.raises(ValueError, match="columns that vary, got a constant one at place 2"):
        labelled_pool(np.where(np.arange(30) == 2, 1.0, X), y)
    with pytest.raises(ValueError, match="two different labels, got 3"):
        labelled_pool(X, np.arange(40) % 3)
    with pytest.raises(ValueError, match="at least 4 times, got 1"):
        labelled_pool(X, np.arange(40) == 0)
    with pytest.raises(ValueError, match="must be finite, got nan"):
        labelled_pool(np.where(X == X[0, 0], np.nan, X), y)
    with pytest.raises(ValueError, match="even and below 40"):
        predict(X, y, training_points=40)
    with pytest.raises(ValueError, match="whole number of dimensions"):
        simulate_anisotropic(three(0.5), p=30, t=[1], runs=1, seed=0)
    with pytest.raises(ValueError, match="shares must be > 0 with sum 1"):
        AnisotropicMixture(eigenvalues=[1.0, 2.0], shares=[0.5, 0.6], signal=[1, 1], c=1.0, sigma2=0.1, alpha=0.1)
    with pytest.raises(ValueError, match="as many entries"):
        AnisotropicMixture(eigenvalues=[1.0, 2.0], shares=[1.0], signal=[1], c=1.0, sigma2=0.1, alpha=0.1)
    with pytest.raises(ArithmeticError, match="the contour needs"):
        anisotropic_statistics(three(0.5), 1e9)
    with pytest.raises(ValueError, match="alpha must be <"):
        anisotropic_statistics(three(0.5, alpha=0.2), 3, dynamics="gd")
    with pytest.raises(ValueError, match="sigma2 > 0"):
        anisotropic_stopping(three(0.5, sigma2=0.0), longest=10.0)


class TestUnits:
    """The unit in which the columns are measured does not matter, nor does where they begin."""

    @pytest.fixture
    def points(self):
        rng = np.random.default_rng(0)
        y = np.repeat([0, 1], 100)
        return rng.standard_normal((200, 8)) + np.where(y == 1, 1.5, -1.5)[:, None], y

    @pytest.mark.parametrize("unit", [1e-9, 1e-6, 1e-3, 1e3, 1e6, 1e9])
    def test_of_all_columns(self, points, unit):
        X, y = points
        expected, found = (predict(scaled, y, training_points=20) for scaled in (X, unit * X + 5 * unit))
        np.testing.assert_allclose(found.generalization, expected.generalization, rtol=0, atol=1e-12)
        np.testing.assert_array_equal(found.t, expected.t)

    def test_of_one_column(self, points):
        X, y = points
        X = X.copy()
        X[:, 0] *= 1e4
        assert np.isfinite(predict(X, y, training_points=20).generalization).all()

    def test_a_start_that_hides_all_is_named(self, points):
        with pytest.raises(ArithmeticError, match="sigma2 = 1e[+]09 times the largest eigenvalue must be smaller"):
            predict(*points, training_points=20, sigma2=1e9)


@pytest.mark.parametrize(("number", "columns", "trained"), [(20, 19, 6), (20, 300, 6), (200, 100, 2), (200, 8, 2)])
def test_few_points_of_noise_are_predicted(number, columns, trained):
    X = np.random.default_rng(0).standard_normal((number, columns))
    found = predict(X, np.repeat([0, 1], number // 2), training_points=trained)
    assert np.abs(found.generalization - 0.5).max() < 0.1


def test_a_model_of_other_points_is_refused():
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1], 50)
    pool, other = (labelled_pool(rng.standard_normal((100, p)) + y[:, None], y) for p in (8, 5))
    model = pool_model(pool, training_points=20, sigma2=0.1)
    with pytest.raises(ValueError, match="model must be that of the pool, got one with the 8 eigenvalues of other points"):
        pool_errors(other, model, [1])
    with pytest.raises(ValueError, match="training_points must be p/c = 20 for this model, got 50"):
        pool_errors(pool, model, [1], training_points=50)


@pytest.mark.parametrize("size", [1e4, 1e16, 1e30, 1e100])
def test_eigenvalue_of_a_huge_signal_is_its_square(size):
    model = AnisotropicMixture(eigenvalues=[4, 1], shares=[0.5, 0.5], signal=[size, 3], c=0.5, sigma2=0.1, alpha=0.1 / size)
    assert largest_eigenvalue(model) == pytest.approx(size, rel=20 / size + 1e-14)
