"""Replicates: one child of the seed each, in order, whatever the number of workers."""

import threading
import time

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from learning_dynamics._randomness import available_processors, replicate


def blas_threads():
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


def test_each_replicate_has_its_own_child_in_order():
    expected = [np.random.default_rng(child).random() for child in np.random.SeedSequence(9).spawn(5)]
    assert replicate(lambda rng: rng.random(), runs=5, seed=9) == expected


@pytest.mark.parametrize("workers", [1, 2, 3, 8, None])
def test_the_number_of_workers_does_not_matter(workers):
    def experiment(rng):
        value = rng.random()
        time.sleep(0.01 * value)
        return value

    assert replicate(experiment, runs=6, seed=1, workers=workers) == replicate(experiment, runs=6, seed=1, workers=1)


def test_workers_run_at_the_same_time():
    meeting = threading.Barrier(3, timeout=20)
    assert len(set(replicate(lambda rng: (meeting.wait(), rng.random())[1], runs=3, seed=1, workers=3))) == 3


def test_blas_has_one_thread_meanwhile_and_its_own_number_afterwards():
    before = blas_threads()
    assert replicate(lambda rng: blas_threads(), runs=2, seed=0, workers=2) == [{1}, {1}]
    assert blas_threads() == before


def test_the_global_generator_is_not_touched():
    np.random.seed(1)
    state = np.random.get_state()[1].copy()
    replicate(lambda rng: rng.random(), runs=2, seed=0)
    np.testing.assert_array_equal(np.random.get_state()[1], state)


def test_an_error_in_a_replicate_comes_out():
    with pytest.raises(ZeroDivisionError):
        replicate(lambda rng: 1 / 0, runs=2, seed=0)


@pytest.mark.parametrize(
    ("changes", "error", "message"),
    [
        ({"runs": 0}, ValueError, "runs must be >= 1, got 0"),
        ({"seed": -1}, ValueError, "seed must be >= 0, got -1"),
        ({"seed": 1.0}, TypeError, "seed must be an integer, got 1.0"),
        ({"workers": 0}, ValueError, "workers must be >= 1, got 0"),
    ],
)
def test_bad_input(changes, error, message):
    with pytest.raises(error) as caught:
        replicate(lambda rng: 0, **{"runs": 1, "seed": 0, **changes})
    assert str(caught.value) == message


def test_available_processors():
    assert available_processors() >= 1
