"""What unusual but legal calls must give, and what must be refused in one sentence."""

import copy
import decimal
import pickle
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from learning_dynamics import random_matrix as rm
from learning_dynamics import time_scales as ts
from learning_dynamics._threads import one_blas_thread
from learning_dynamics.datasets import wide_descents
from learning_dynamics.overparametrized import TwoLayerRegression, polynomial_data, simulate, train
from learning_dynamics.time_scales.mathematics import hermite, overlaps

PROBLEM = ts.SingleIndex(activation="relu", target=[1.0, -1.0, 2 / 3], epsilon=1e-2)
MODEL = rm.MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.1, alpha=0.01)


def blas_threads():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


class TestNullSpace:
    """Directions that the data do not see keep their start for ever, whatever rounding says of their eigenvalue."""

    X = [[1, 2, 4], [3, 1, 2], [4, 3, 6]]  # the third row is the sum of the others

    @pytest.mark.parametrize("dynamics", ["gd", "flow"])
    def test_collinear_features(self, dynamics):
        weights = rm.descent_weights(self.X, [1, 0, 1], [0, 0, 0], alpha=0.05, t=[1e6, 1e16, 1e18], dynamics=dynamics)
        np.testing.assert_allclose(weights, np.tile(np.linalg.pinv(np.transpose(self.X)) @ [1, 0, 1], (3, 1)), atol=1e-12)

    def test_the_start_stays_beside_the_span(self):
        start = np.array([1.0, 1.0, -1.0])  # no row sees it
        weights = rm.descent_weights(self.X, [0, 0, 0], start, alpha=0.05, t=[1e17], dynamics="flow")
        np.testing.assert_allclose(weights[0], start, rtol=1e-12)

    @pytest.mark.parametrize("t", [10.0, 1e10, 1e18])
    def test_two_routes_at_late_times(self, t):
        model = rm.MixtureClassification(mu_norm2=4.0, c=2.0, sigma2=0.1, alpha=0.01)
        flow = rm.simulate(model, p=32, t=t, runs=3, seed=1, dynamics="flow")
        ridge = rm.simulate_filter(model, spectral_filter=rm.ridge_flow(alpha=0.01, penalty=0.0), p=32, t=t, runs=3, seed=1)
        np.testing.assert_allclose(ridge.generalization_error, flow.generalization_error, rtol=1e-12)


class TestThreads:
    """One BLAS thread for all threads of the process, and what was there before afterwards."""

    def test_a_limit_from_a_worker_thread_holds(self):
        before, seen = blas_threads(), []

        def work():
            with one_blas_thread():
                seen.extend(blas_threads())

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert set(seen) == {1}
        assert blas_threads() == before

    def test_the_first_one_out_does_not_lift_the_limit(self):
        inside, go_on, seen = threading.Event(), threading.Event(), []

        def work():
            with one_blas_thread():
                inside.set()
                go_on.wait(10)
                seen.extend(blas_threads())

        before = blas_threads()
        thread = threading.Thread(target=work)
        with one_blas_thread():
            thread.start()
            inside.wait(10)
        go_on.set()
        thread.join()
        assert set(seen) == {1}
        assert blas_threads() == before

    def test_results_are_the_same_from_any_thread(self):
        X = np.random.default_rng(0).standard_normal((120, 200))

        def call(_=None):
            return rm.descent_weights(X, np.ones(200), np.zeros(120), alpha=0.01, t=[5, 100])

        alone = call()
        with ThreadPoolExecutor(3) as pool:
            assert all(np.array_equal(result, alone) for result in pool.map(call, range(12)))

    @pytest.mark.skipif(sys.platform == "win32", reason="there is no fork")
    def test_a_process_forked_meanwhile_works(self):
        code = (
            "import os, numpy as np\n"
            "from learning_dynamics._threads import one_blas_thread\n"
            "with one_blas_thread():\n"
            "    child = os.fork()\n"
            "    if not child:\n"
            "        with one_blas_thread(): np.linalg.eigh(np.eye(50))\n"
            "        os._exit(0)\n"
            "    print(os.waitpid(child, 0)[1])\n"
        )
        ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
        assert ran.stdout.strip() == "0", ran.stderr


class TestCopies:
    """Models travel to other processes and come back as they were."""

    @pytest.mark.parametrize("name", hermite.ACTIVATIONS)
    def test_named_activations_stay_themselves(self, name):
        activation = hermite.ACTIVATIONS[name]
        assert pickle.loads(pickle.dumps(activation)) is activation
        assert copy.deepcopy(activation) is activation

    def test_a_shifted_one_stays_the_same_function(self):
        activation = hermite.shifted_relu(0.25)
        again = pickle.loads(pickle.dumps(activation))
        assert hermite.squared_norm(again) == hermite.squared_norm(activation)

    @pytest.mark.parametrize("copied", [copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
    def test_a_copied_problem_has_its_exact_kernel(self, copied):
        problem = copied(PROBLEM)
        weights, signs = [[1.0, 1.0], [1.0, -1.0]], [1.0, -1.0]
        runs = [ts.population_descent(p, weights, signs, step=0.01, epochs=[0, 10]).risk for p in (PROBLEM, problem)]
        np.testing.assert_array_equal(*runs)


class TestNorms:
    """The norm of a function is refused where it is not known."""

    @pytest.mark.parametrize(
        "function", [lambda x: np.clip(x, -1, 1), lambda x: 1 / x, lambda x: np.sign(x) * (np.abs(x) > 0.7), np.floor]
    )
    def test_kinks_and_poles_are_noticed(self, function):
        with pytest.raises(ArithmeticError, match="declare the points where the function is not smooth"):
            hermite.squared_norm(function)

    def test_with_its_kinks_the_norm_is_right(self):
        activation = hermite.Activation(function=lambda x: np.clip(x, -1, 1), kinks=(-1.0, 1.0))
        assert hermite.squared_norm(activation) == pytest.approx(0.516058551, abs=1e-9)

    @pytest.mark.parametrize(
        ("function", "norm2"), [(lambda x: np.sin(40 * x), 0.5), (lambda x: np.sin(x), (1 - np.exp(-2)) / 2)]
    )
    def test_smooth_functions_have_their_norm(self, function, norm2):
        assert hermite.squared_norm(function) == pytest.approx(norm2, rel=1e-11)


class TestFilters:
    """Smallest rates and largest times."""

    @pytest.mark.parametrize("dynamics", ["flow", "gd"])
    def test_a_tiny_rate_for_a_long_time(self, dynamics):
        assert rm.decay_filter(1e-17, 1e17, alpha=1.0, dynamics=dynamics) == pytest.approx(np.exp(-1), rel=1e-14)
        assert rm.decay_filter(1e-9, 1e9, alpha=1.0, dynamics=dynamics) == pytest.approx(np.exp(-1), rel=1e-8)

    def test_no_overflow_on_the_way(self):
        assert rm.decay_filter(1e155, [1e154], alpha=1e-310) == pytest.approx(np.exp(-0.1), rel=1e-6)

    def test_the_sign_of_descent(self):
        found = rm.decay_filter([0.0, 0.3, 1.0, 1.7], [0, 1, 2, 3], alpha=1.0, dynamics="gd")
        np.testing.assert_allclose(found, np.power.outer([1.0, 0.7, 0.0, -0.7], [0, 1, 2, 3]).T, rtol=1e-13)


def network(**changes):
    data = polynomial_data(n=6, d=3, degree=2, seed=0)
    return TwoLayerRegression(**{"inputs": data.inputs, "targets": data.targets, "width": 20, "learning_rate": 0.01} | changes)


REFUSED = {
    "a huge integer": (
        lambda: rm.MixtureClassification(mu_norm2=10**400, c=0.5, sigma2=0.1, alpha=0.01),
        "mu_norm2 must be finite",
    ),
    "a signal beyond all": (
        lambda: rm.MixtureClassification(mu_norm2=1e155, c=0.5, sigma2=0.1, alpha=0.01),
        r"mu_norm2 must be >= 1e-100 and <= 1e\+100, got 1e\+155",
    ),
    "shapes that do not fit": (
        lambda: rm.classification_error([1, 2, 3], [1, 2]),
        r"margin_variance must have a shape that fits",
    ),
    "points that overflow when squared": (
        lambda: rm.whiten(1e200 * np.random.default_rng(0).standard_normal((40, 3)), np.repeat([-1.0, 1.0], 20)),
        "points must have entries whose squares are finite",
    ),
    "a word for a yes": (lambda: polynomial_data(seed=0, standardize="no"), "standardize must be True or False, got 'no'"),
    "targets that overflow": (
        lambda: polynomial_data(seed=0, norm=1e90, degree=9),
        "degree must leave the targets finite, got 9",
    ),
    "starts that overflow when squared": (lambda: ts.linear_time(PROBLEM, [1e300, -1e300]), "a0 must have entries whose squares"),
    "starts that vanish when squared": (
        lambda: ts.linear_time(PROBLEM, [1e-200, -1e-200, 0.0]),
        "a0 must have entries whose squares",
    ),
    "a quantity that is not stored": (lambda: wide_descents().means("los", epoch=1000), "name must be one of .*got 'los'"),
    "an epoch that is not stored": (lambda: wide_descents().means("loss", epoch=12345), "epoch must be one that was stored"),
    "masked times": (
        lambda: rm.generalization_error(MODEL, np.ma.masked_array([1.0, 2.0], mask=[0, 1])),
        "t must hold no masked",
    ),
    "entries whose squares overflow": (
        lambda: rm.descent_weights([[1e200, 1.0]], [1.0, 1.0], [0.0], alpha=0.1, t=1),
        r"X must have entries whose squares are finite, got one of size 1e\+200",
    ),
    "a seed that is text": (
        lambda: rm.finite_size(MODEL, t=1, smallest_p=8, doublings=1, runs=2, seed="1"),
        "seed must be an integer",
    ),
    "too many doublings": (
        lambda: rm.finite_size(MODEL, t=1, smallest_p=8, doublings=64, runs=2, seed=1),
        "doublings must be .*<= 20, got 64",
    ),
    "a filter that is none": (
        lambda: rm.simulate_filter(MODEL, spectral_filter="x", p=8, t=1, runs=1, seed=1),
        "spectral_filter must be a SpectralFilter, got 'x'",
    ),
    "a filter without functions": (lambda: rm.SpectralFilter(start=None, learnt=np.exp), "start must be a function"),
    "steps without end": (
        lambda: rm.filtered_errors(MODEL, rm.heavy_ball(alpha=0.01, momentum=0.5), [1e12]),
        r"t must be <= 1e\+09",
    ),
    "half a step": (lambda: rm.heavy_ball(alpha=0.01, momentum=0.5).start([1.0], [2.5]), "t must be an integer"),
    "a step before the first": (lambda: rm.heavy_ball(alpha=0.01, momentum=0.5).start([1.0], [-3.0]), "t must be >= 0"),
    "epochs without end": (lambda: train(network(), np.ones((20, 4)), np.ones(20), epochs=1e19), r"epochs must be <= 1e\+09"),
    "more of them": (lambda: simulate(network(), epochs=[10, 1e300], runs=1, seed=1), r"epochs must be <= 1e\+09"),
    "epochs of the first layer": (
        lambda: ts.population_descent(PROBLEM, [[1.0, 1.0]], [1.0], step=0.01, epochs=[1e19]),
        r"epochs must be <= 1e\+09",
    ),
    "an overlap beyond 1": (lambda: overlaps.relu_kernel(2.0), r"r must lie in \[-1, 1\]"),
    "an overlap that is none": (lambda: overlaps.erf_kernel([0.5, np.nan]), "r must be finite"),
    "a complex overlap": (lambda: overlaps.relu_kernel(0.5j), "r must hold real numbers"),
}


@pytest.mark.parametrize("call", REFUSED)
@pytest.mark.filterwarnings("error")
def test_one_sentence(call):
    function, sentence = REFUSED[call]
    with pytest.raises((TypeError, ValueError), match=sentence) as caught:
        function()
    assert "\n" not in str(caught.value)


def test_directions_of_any_length_are_directions():
    for scale in (1e200, 1e-200, 1.0):
        run = rm.simulate(MODEL, p=16, t=50, runs=2, seed=1, mean_direction=scale * np.ones(16))
        assert 0 < run.generalization_error[0] < 0.3


def test_derivatives_beyond_the_degree_vanish():
    assert overlaps.power_series([1.0, 2.0], 0.5, derivative=10**8) == 0.0


class TestFiltersOfTheReader:
    """Functions of the reader in place of gradient descent, and filters that travel."""

    SHAPES = {"a row too few": np.ones((1, 2)), "a number": np.float64(1.0), "text": np.full((2, 2), "1")}

    @pytest.mark.parametrize("values", SHAPES.values(), ids=SHAPES)
    @pytest.mark.parametrize("name", ["start", "learnt"])
    def test_a_wrong_shape_is_named(self, name, values):
        given = {"start": lambda x, t: np.ones((t.size, x.size)), "learnt": lambda x, t: np.ones((t.size, x.size))}
        strange = rm.SpectralFilter(**given | {name: lambda x, t: values})
        with pytest.raises(ValueError, match=rf"^{name} must return real numbers of shape \(2, 2\), one row a time, got "):
            rm.filtered_weights([[1.0, 2.0], [0.0, 1.0]], [1.0, -1.0], [0.0, 0.0], spectral_filter=strange, t=[1.0, 2.0])

    @pytest.mark.parametrize("copied", [copy.deepcopy, lambda value: pickle.loads(pickle.dumps(value))])
    def test_filters_travel(self, copied):
        for one in (rm.ridge_flow(alpha=0.1, penalty=0.2), rm.ridge_regression(), rm.heavy_ball(alpha=0.1, momentum=0.5)):
            x, t = np.array([0.5, 1.0]), np.array([1.0, 3.0])
            np.testing.assert_array_equal(copied(one).learnt(x, t), one.learnt(x, t))


class TestEdges:
    """Right values where a formula cancels, vanishes or starts at its goal."""

    def test_density_of_the_signal_at_the_threshold(self):
        model = rm.MixtureClassification(mu_norm2=0.5, c=0.25, sigma2=0.1, alpha=0.01)
        low, high = model.bulk_edges
        x = np.array([1.0, high - 1e-12, np.nextafter(high, 0.0)])
        np.testing.assert_allclose(rm.signal_density(model, x), np.sqrt((x - low) / (high - x)) / (2 * np.pi), rtol=1e-12)

    @pytest.mark.parametrize("c", ["1.5", "1e8", "1e40", "1e100"])
    def test_stopping_threshold_of_many_dimensions(self, c):
        with decimal.localcontext() as context:
            context.prec = 400
            exact, root = decimal.Decimal(c), decimal.Decimal(c).sqrt()
            share = (root - 1) / (root + 1) * exact / (4 + exact)
            expected = float(exact / ((root - 1) ** 3 * (root + 1)) * (1 - share))
        assert rm.stopping_threshold(mu_norm2=4.0, c=float(c)) == pytest.approx(expected, rel=1e-13)

    @pytest.mark.parametrize("method", ["fused", "cold-hot", "blas"])
    def test_at_the_goal_from_the_start(self, method):
        for seed in range(30):
            inputs = np.random.default_rng(seed).standard_normal((4, 5))
            model = TwoLayerRegression(inputs=inputs, targets=np.zeros(4), width=60, learning_rate=0.02, antisymmetric=True)
            assert simulate(model, epochs=[0, 20], runs=1, seed=seed, method=method).loss.max() < 1e-29

    def test_an_unstable_step_is_told(self):
        with pytest.raises(ArithmeticError, match="descent diverged.*step must be smaller than 0.5"):
            ts.sgd(PROBLEM, ts.uniform_start(5), ts.draw_directions(m=5, d=20, seed=0), d=20, step=0.5, times=[10.0], seed=1)

    def test_a_function_of_numbers_alone(self):
        with pytest.raises(ValueError, match="activation 'custom' must take an array and return one of its shape, got TypeError"):
            ts.SingleIndex(activation=lambda x: float(x), target=[1.0, 1.0], epsilon=0.1)


class TestCosts:
    """What no machine holds is refused at once."""

    SETTING = {"t": 1.0, "runs": 2, "seed": 1}
    CALLS = {
        "dimensions": (lambda: rm.simulate(MODEL, p=10**8, **TestCosts.SETTING), "p and n must be smaller or fewer"),
        "doubled dimensions": (
            lambda: rm.finite_size(MODEL, t=1, smallest_p=10**6, doublings=10, runs=8, seed=1),
            "smallest_p and doublings must be smaller or fewer",
        ),
        "points": (lambda: polynomial_data(seed=0, n=10**9, d=10**4), "n and d must be smaller or fewer"),
        "neurons": (lambda: ts.draw_directions(m=10**7, d=10**9, seed=0), "m and d must be smaller or fewer"),
        "repetitions": (
            lambda: rm.average_test([0.5], [[0.4], [0.6]], runs=10**9, replicates=10**6, seed=1),
            "runs and replicates must be smaller or fewer",
        ),
    }

    @pytest.mark.parametrize("name", CALLS)
    def test_of_memory(self, name):
        call, sentence = self.CALLS[name]
        with pytest.raises(MemoryError, match=f"^{sentence}: .* GiB do not fit into the .* GiB of this machine, got "):
            call()

    def test_of_time(self):
        with pytest.raises(ValueError, match=r"^runs must be <= 1e\+07, got 100000000$"):
            rm.simulate(MODEL, p=8, t=1.0, runs=10**8, seed=1)
