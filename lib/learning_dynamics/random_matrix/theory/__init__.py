"""Deterministic predictions of paper 1."""

from learning_dynamics.random_matrix.theory.anisotropic import (
    anisotropic_errors,
    anisotropic_final_error,
    anisotropic_statistics,
    anisotropic_stopping,
    mean_weights,
)
from learning_dynamics.random_matrix.theory.companion import companion_stieltjes, largest_eigenvalue
from learning_dynamics.random_matrix.theory.equivalents import (
    deterministic_equivalents,
    signal_atom,
    signal_density,
    signal_parts,
    spike_overlap,
)
from learning_dynamics.random_matrix.theory.filtered import filtered_errors, filtered_statistics
from learning_dynamics.random_matrix.theory.filters import decay_filter
from learning_dynamics.random_matrix.theory.fit import fitted_mu_norm2
from learning_dynamics.random_matrix.theory.limits import (
    ScoreMoments,
    best_error,
    final_error,
    least_squares_error,
    many_samples_slope,
    many_samples_statistics,
    sample_size,
    taylor_error,
    taylor_statistics,
)
from learning_dynamics.random_matrix.theory.marchenko_pastur import expected_counts, mp_atom, mp_density, stieltjes
from learning_dynamics.random_matrix.theory.minibatch import (
    largest_noisy_step,
    minibatch_errors,
    minibatch_statistics,
    one_pass_errors,
    one_pass_statistics,
)
from learning_dynamics.random_matrix.theory.paths import ContourParts, Contours, contour_parts, contours
from learning_dynamics.random_matrix.theory.performance import (
    Statistics,
    generalization_error,
    noise_fit,
    start_kept,
    statistics,
    training_error,
)
from learning_dynamics.random_matrix.theory.pools import Prediction, pool_errors, pool_model, predict
from learning_dynamics.random_matrix.theory.projections import projected_errors
from learning_dynamics.random_matrix.theory.rectangle import rectangle_errors, rectangle_statistics
from learning_dynamics.random_matrix.theory.stopping import OptimalStopping, optimal_stopping, stopping_threshold

__all__ = [
    "ContourParts",
    "Contours",
    "OptimalStopping",
    "Prediction",
    "ScoreMoments",
    "Statistics",
    "anisotropic_errors",
    "anisotropic_final_error",
    "anisotropic_statistics",
    "anisotropic_stopping",
    "best_error",
    "companion_stieltjes",
    "contour_parts",
    "contours",
    "decay_filter",
    "deterministic_equivalents",
    "expected_counts",
    "filtered_errors",
    "filtered_statistics",
    "final_error",
    "fitted_mu_norm2",
    "generalization_error",
    "largest_eigenvalue",
    "largest_noisy_step",
    "least_squares_error",
    "many_samples_slope",
    "many_samples_statistics",
    "mean_weights",
    "minibatch_errors",
    "minibatch_statistics",
    "mp_atom",
    "mp_density",
    "noise_fit",
    "one_pass_errors",
    "one_pass_statistics",
    "optimal_stopping",
    "pool_errors",
    "pool_model",
    "predict",
    "projected_errors",
    "rectangle_errors",
    "rectangle_statistics",
    "sample_size",
    "signal_atom",
    "signal_density",
    "signal_parts",
    "spike_overlap",
    "start_kept",
    "statistics",
    "stieltjes",
    "stopping_threshold",
    "taylor_error",
    "taylor_statistics",
    "training_error",
]
