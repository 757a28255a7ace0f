"""Paper 1: the dynamics of learning by random matrix theory."""

from learning_dynamics.random_matrix.model import MixtureClassification, classification_error
from learning_dynamics.random_matrix.simulation import Simulation, descent_weights, resolvent_bilinear, simulate
from learning_dynamics.random_matrix.theory import (
    Statistics,
    generalization_error,
    mp_atom,
    mp_density,
    statistics,
    stieltjes,
    training_error,
)

__all__ = [
    "MixtureClassification",
    "Simulation",
    "Statistics",
    "classification_error",
    "descent_weights",
    "generalization_error",
    "mp_atom",
    "mp_density",
    "resolvent_bilinear",
    "simulate",
    "statistics",
    "stieltjes",
    "training_error",
]
