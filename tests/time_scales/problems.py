"""The problems on which the tests agree."""

import numpy as np

from learning_dynamics.time_scales import SingleIndex, uniform_start

START = uniform_start(50)


def quadratic(epsilon, **options):
    """ReLU and a target of degree 2."""
    return SingleIndex(**{"activation": "relu", "target": [1, -1, 2 / 3], "epsilon": epsilon, **options})


def cubic(epsilon):
    """An activation and a target of degree 3."""
    return SingleIndex(activation=1 / np.sqrt([1, 1, 2, 6]), target=np.ones(4), epsilon=epsilon)


def plain(target, epsilon):
    """An activation whose coefficients are all 1 up to the degree of the target."""
    return SingleIndex(activation=np.ones(len(target)), target=target, epsilon=epsilon)
