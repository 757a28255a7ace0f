"""One sample of every part: the same bits in any thread and process and for any number of threads, the same numbers uncompiled."""

import json
import multiprocessing
import os
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor

import numpy as np
import pytest

from learning_dynamics import overparametrized as op
from learning_dynamics import random_matrix as rm
from learning_dynamics import time_scales as ts

VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


def sample(_=None):
    """Numbers of all parts, from small experiments."""
    model = rm.MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.1, alpha=0.01)
    drawn = rm.simulate(model, p=32, t=[5.0, 50.0], runs=2, seed=1)
    problem = ts.SingleIndex(activation="relu", target=[1.0, -1.0, 2 / 3], epsilon=1e-2)
    directions = ts.draw_directions(m=3, d=10, seed=0)
    stepped = ts.sgd(problem, ts.uniform_start(3), directions, d=10, step=1e-3, times=[0.05], seed=1)
    network_run = ts.network_flow(problem, ts.uniform_start(3), directions, times=[0.05], kernel="exact")
    flow = ts.mean_field_flow(problem, ts.uniform_start(3), t_end=0.5, rtol=1e-4)
    data = op.polynomial_data(seed=0, n=4, d=2)
    network = op.TwoLayerRegression(inputs=data.inputs, targets=data.targets, width=12, learning_rate=0.05)
    trained = [
        op.simulate(network, epochs=[10], runs=2, seed=1, method=method).distance for method in ("fused", "cold-hot", "blas")
    ]
    return np.concatenate(
        [
            rm.generalization_error(model, [1.0, 30.0]),
            drawn.generalization_error,
            rm.heavy_ball(alpha=0.1, momentum=0.5).start([0.5, 1.0], [7.0]).ravel(),
            stepped.a.ravel(),
            network_run.a.ravel(),
            flow.residuals[-1],
            np.ravel(trained),
            op.tangent_kernel(data.inputs).ravel(),
        ]
    ).tolist()


@pytest.fixture(scope="module")
def numbers():
    return sample()


def in_a_process(**variables):
    """The sample as another process finds it, with variables of the environment set."""
    environment = {name: value for name, value in os.environ.items() if name not in VARIABLES} | variables
    code = "import json; from tests.test_same_numbers import sample; print(json.dumps(sample()))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, timeout=600)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


@pytest.mark.parametrize("threads", ["1", "3"])
def test_number_of_threads(numbers, threads):
    known = "1" if threads == "1" else str(os.cpu_count())
    assert in_a_process(OMP_NUM_THREADS=threads, OPENBLAS_NUM_THREADS=threads, NUMBA_NUM_THREADS=known) == numbers


def test_without_compilation(numbers):
    np.testing.assert_allclose(in_a_process(NUMBA_DISABLE_JIT="1"), numbers, rtol=1e-13, atol=1e-14)


def test_from_several_threads(numbers):
    with ThreadPoolExecutor(3) as pool:
        assert list(pool.map(sample, range(6))) == [numbers] * 6


@pytest.mark.parametrize("method", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded")
def test_from_processes(numbers, method):
    if method not in multiprocessing.get_all_start_methods():
        pytest.skip(f"there is no {method}")
    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context(method)) as pool:
        assert pool.submit(sample).result(timeout=600) == numbers
