"""Deterministic predictions of paper 1."""

from learning_dynamics.random_matrix.theory.marchenko_pastur import mp_atom, mp_density, stieltjes
from learning_dynamics.random_matrix.theory.performance import (
    Statistics,
    generalization_error,
    noise_fit,
    statistics,
    training_error,
)
from learning_dynamics.random_matrix.theory.projections import projected_errors

__all__ = [
    "Statistics",
    "generalization_error",
    "mp_atom",
    "mp_density",
    "noise_fit",
    "projected_errors",
    "statistics",
    "stieltjes",
    "training_error",
]
