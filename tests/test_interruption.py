"""Ctrl-C in long compiled computations, and parts of them that change no bit."""

import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from learning_dynamics import overparametrized as op
from learning_dynamics import random_matrix as rm
from learning_dynamics import time_scales as ts
from learning_dynamics._interruption import Abandoned, in_parts, look_up, wanted_until
from learning_dynamics._randomness import replicate
from learning_dynamics.overparametrized.simulation import descent
from learning_dynamics.random_matrix.mathematics import spectral_filters as filters
from learning_dynamics.random_matrix.theory import performance
from learning_dynamics.time_scales.simulation import mean_field, networks, overlap_flow

MOST_SECONDS = 5.0
COMMON = """
import os, signal, threading, time, warnings
import numpy as np
from learning_dynamics import overparametrized as op, random_matrix as rm, time_scales as ts

warnings.simplefilter("ignore")
data = op.polynomial_data(seed=0, n=50, d=5)
model = op.TwoLayerRegression(inputs=data.inputs, targets=data.targets, width=200, learning_rate=0.01)
problem = ts.SingleIndex(activation="relu", target=[1, -1, 2 / 3], epsilon=1e-2)
run = lambda epochs, **options: op.train(model, *model.draw(seed=1), epochs=epochs, **options)
stiff = ts.SingleIndex(activation="relu", target=[1, -1, 2 / 3], epsilon=1e-12)
mixture = rm.MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.1, alpha=0.01)
"""
CALLS = {
    "fused": ("run(2, method='fused')", "run(10**8, method='fused')"),
    "cold-hot": ("run(2)", "run(10**9)"),
    "in threads": ("run(2)", "op.simulate(model, epochs=10**9, runs=4, seed=1)"),
    "sgd": (
        "ts.sgd(problem, [1.0, -1.0], np.eye(2, 300), d=300, step=1e-7, times=[1e-6], seed=1)",
        "ts.sgd(problem, [1.0, -1.0], np.eye(2, 300), d=300, step=1e-7, times=[90.0], seed=1)",
    ),
    "small network": (
        "ts.network_flow(problem, [1.0, -1.0], np.eye(2, 3, 1), times=[1.0])",
        "ts.network_flow(problem, [1.0, -1.0], np.eye(2, 3, 1), times=[1e8], max_steps=10**9)",
    ),
    "large network": (
        "ts.network_flow(problem, [1.0, -1.0], np.eye(2, 3, 1), times=[1.0])",
        "ts.network_flow(problem, ts.uniform_start(800), np.eye(800, 801, 1), times=[1e8], max_steps=10**9)",
    ),
    "mean-field": (
        "ts.mean_field_flow(problem, [1.0, -1.0], t_end=1.0)",
        "ts.mean_field_flow(stiff, ts.uniform_start(100_000), t_end=1.0, rtol=1e-12)",
    ),
    "heavy ball": (
        "rm.filtered_errors(mixture, rm.heavy_ball(alpha=0.01, momentum=0.5), [1])",
        "rm.filtered_errors(mixture, rm.heavy_ball(alpha=0.01, momentum=0.5), [1e9])",
    ),
}
"""A short call, which compiles, and one that takes hours."""
INTERRUPTED = """
def interrupt():
    global began
    time.sleep(1.0)
    began = time.process_time()
    os.kill(os.getpid(), signal.SIGINT)

signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell starts jobs in the background without it
{short}
threading.Thread(target=interrupt, daemon=True).start()
try:
    {long}
except KeyboardInterrupt:
    print(time.process_time() - began)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot send itself Ctrl-C")
@pytest.mark.parametrize("name", CALLS)
def test_an_interrupt_ends_it(name):
    """Measured in seconds of computing, which other processes do not change."""
    short, long = CALLS[name]
    code = COMMON + INTERRUPTED.format(short=short, long=long)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300)
    assert ran.returncode == 0, ran.stderr
    assert float(ran.stdout) < MOST_SECONDS


def trained(method):
    data = op.polynomial_data(seed=0, n=20, d=5)
    model = op.TwoLayerRegression(inputs=data.inputs, targets=data.targets, width=30, learning_rate=0.05)
    run = op.train(model, *model.draw(seed=1), epochs=[0, 10, 700], method=method)
    return run.weights, run.outputs, run.loss, run.blocks, run.hot_steps, run.flips


def descended():
    problem = ts.SingleIndex(activation="relu", target=[1, -1, 2 / 3], epsilon=1e-2)
    run = ts.sgd(problem, ts.uniform_start(5), ts.draw_directions(m=5, d=20, seed=0), d=20, step=5e-4, times=[0.01, 0.5], seed=1)
    return run.a, run.s, run.overlaps


def networked():
    problem = ts.SingleIndex(activation="relu", target=[1, -1, 2 / 3], epsilon=1e-2)
    run = ts.network_flow(problem, ts.uniform_start(5), ts.draw_directions(m=5, d=20, seed=0), times=[0.01, 0.5])
    return run.a, run.s, run.overlaps, run.risk


def flown():
    problem = ts.SingleIndex(activation="relu", target=[1, -1, 2 / 3], epsilon=1e-4)
    flow = ts.mean_field_flow(problem, ts.uniform_start(30), t_end=1.0)
    return flow.t, flow.residuals, flow.residual_rates, flow.a, flow.s


def stepped():
    return rm.heavy_ball(alpha=0.3, momentum=0.5).start([0.1, 1.0, 2.0], [5, 0, 100, 100])


def errors():
    model = rm.MixtureClassification(mu_norm2=4.0, c=0.5, sigma2=0.1, alpha=0.01)
    return rm.training_error(model, np.geomspace(1, 1e4, 50))


PARTS = {
    "fused": (lambda: trained("fused"), descent, "FUSED_WORK", 3 * 20 * 120),
    "cold-hot": (lambda: trained("cold-hot"), descent, "COLD_HOT_WORK", 2e4),
    "sgd": (descended, networks, "WORK_OF_A_CALL", 700),
    "network": (networked, overlap_flow, "WORK_OF_A_CALL", 3 * (5 + 8) ** 2 * (5 + 12)),
    "mean-field": (flown, mean_field, "WORK_OF_A_CALL", 1000),
    "heavy ball": (stepped, filters, "STEPS_A_CALL", 21),
    "theory": (errors, performance, "TIMES_OF_A_CALL", 7),
}


@pytest.mark.parametrize("name", PARTS)
def test_parts_change_no_bit(name, monkeypatch):
    compute, module, constant, small = PARTS[name]
    whole = compute()
    assert small < getattr(module, constant)
    monkeypatch.setattr(module, constant, small)
    for one, other in zip(whole, compute()):
        np.testing.assert_array_equal(one, other)


def test_parts_add_up():
    assert list(in_parts(7, 3)) == [3, 3, 1]
    assert list(in_parts(2, 0)) == [1, 1]
    assert list(in_parts(0, 5)) == []


def test_a_failure_of_one_replicate_ends_the_others():
    event, ended = threading.Event(), threading.Event()

    def experiment(rng):
        if rng.random() == first:
            event.wait(60)
            raise ValueError("one is enough")
        event.set()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            try:
                look_up()
            except Abandoned:
                ended.set()
                raise

    first = np.random.default_rng(np.random.SeedSequence(1).spawn(1)[0]).random()
    with pytest.raises(ValueError, match="one is enough"):
        replicate(experiment, runs=2, seed=1, workers=2)
    assert ended.is_set()


def test_no_thread_is_abandoned_without_a_reason():
    look_up()
    with wanted_until(threading.Event()):
        look_up()
