"""Paper 1: the dynamics of learning by random matrix theory."""

from learning_dynamics.random_matrix.model import MixtureClassification, classification_error
from learning_dynamics.random_matrix.simulation import (
    FiniteSize,
    Simulation,
    SizeFit,
    descent_weights,
    finite_size,
    resolvent_bilinear,
    simulate,
    simulate_pool,
)
from learning_dynamics.random_matrix.theory import (
    Statistics,
    generalization_error,
    mp_atom,
    mp_density,
    noise_fit,
    projected_errors,
    statistics,
    stieltjes,
    training_error,
)
from learning_dynamics.random_matrix.whitening import (
    WhitenedMixture,
    add_noise,
    noise_and_scale,
    surrogate,
    whiten,
)

__all__ = [
    "FiniteSize",
    "MixtureClassification",
    "Simulation",
    "SizeFit",
    "Statistics",
    "WhitenedMixture",
    "add_noise",
    "classification_error",
    "descent_weights",
    "finite_size",
    "generalization_error",
    "mp_atom",
    "mp_density",
    "noise_and_scale",
    "noise_fit",
    "projected_errors",
    "resolvent_bilinear",
    "simulate",
    "simulate_pool",
    "statistics",
    "stieltjes",
    "surrogate",
    "training_error",
    "whiten",
]
