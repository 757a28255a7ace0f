"""Which squared norm of mu a drawn theory belongs to."""

import dataclasses

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar

from learning_dynamics._validation import instance, real, real_array
from learning_dynamics.random_matrix.model import LARGEST, MixtureClassification
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
    instance("model", model, MixtureClassification)
    t = real_array("t", t, ndim=1, at_least=0)
    drawn = {"training": training, "generalization": generalization}
    curves = {name: real_array(name, curve, ndim=1, squares=True) for name, curve in drawn.items()}
    for name, curve in curves.items():
        if curve.size != t.size:
            raise ValueError(f"{name} must have {t.size} entries, as t has, got {curve.size}")
    given = np.concatenate(list(curves.values()))
    largest = min(LARGEST / model.mu_norm2, LARGEST * model.mu_norm2)
    factor = real("factor", factor, above=1, at_most=largest)

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
