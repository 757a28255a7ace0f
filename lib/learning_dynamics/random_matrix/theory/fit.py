"""Which squared norm of mu a drawn theory belongs to."""

import dataclasses

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar

from learning_dynamics._validation import real, real_array
from learning_dynamics.random_matrix.model import MixtureClassification
from learning_dynamics.random_matrix.theory.performance import generalization_error, training_error


def fitted_mu_norm2(
    model: MixtureClassification, t: ArrayLike, *, training: ArrayLike, generalization: ArrayLike, factor: float = 1.2
) -> tuple[float, float]:
    r"""The squared norm of mu whose theory is nearest to two given curves.

    Parameters
    ----------
    model : MixtureClassification
        Gives c, sigma2 and alpha, and a squared norm to begin from.
    t : array_like of float, shape (m,)
        Times in gradient steps.
    training, generalization : array_like of float, shape (m,)
        The errors that are given.
    factor : float
        Norms are sought from mu_norm2/factor to mu_norm2 times factor, > 1.

    Returns
    -------
    mu_norm2, largest : float
        The norm with the least sum of squared deviations over both curves, and the largest deviation there.

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed.
    """
    t = real_array("t", t, ndim=1, at_least=0)
    given = np.concatenate([real_array("training", training, ndim=1), real_array("generalization", generalization, ndim=1)])
    if given.size != 2 * t.size:
        raise ValueError(f"training and generalization must have {t.size} entries each, as t has, got {given.size} together")
    factor = real("factor", factor, above=1)

    def deviations(norm2):
        changed = dataclasses.replace(model, mu_norm2=norm2)
        return np.concatenate([training_error(changed, t), generalization_error(changed, t)]) - given

    found = minimize_scalar(
        lambda norm2: 1e6 * np.sum(deviations(norm2) ** 2),
        bounds=(model.mu_norm2 / factor, model.mu_norm2 * factor),
        method="bounded",
        options={"xatol": 1e-9},
    )
    return float(found.x), float(np.abs(deviations(found.x)).max())
