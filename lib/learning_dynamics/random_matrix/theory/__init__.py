"""Deterministic predictions of paper 1."""

from learning_dynamics.random_matrix.theory.equivalents import (
    deterministic_equivalents,
    signal_atom,
    signal_density,
    signal_parts,
    spike_overlap,
)
from learning_dynamics.random_matrix.theory.filters import spectral_filter
from learning_dynamics.random_matrix.theory.marchenko_pastur import mp_atom, mp_density, stieltjes
from learning_dynamics.random_matrix.theory.paths import ContourParts, Contours, contour_parts, contours
from learning_dynamics.random_matrix.theory.performance import (
    Statistics,
    generalization_error,
    noise_fit,
    start_kept,
    statistics,
    training_error,
)
from learning_dynamics.random_matrix.theory.projections import projected_errors

__all__ = [
    "ContourParts",
    "Contours",
    "Statistics",
    "contour_parts",
    "contours",
    "deterministic_equivalents",
    "generalization_error",
    "mp_atom",
    "mp_density",
    "noise_fit",
    "projected_errors",
    "signal_atom",
    "signal_density",
    "signal_parts",
    "spectral_filter",
    "spike_overlap",
    "start_kept",
    "statistics",
    "stieltjes",
    "training_error",
]
