"""Deterministic predictions of paper 3: tangent kernel, linearised training, the kernel's power series, and the bounds."""

from learning_dynamics.overparametrized.theory.bounds import (
    corollary8_bound,
    lemma1_bounds,
    lemma2_drift_bound,
    lemma2_residual_bound,
    lemma2_width,
    lemma5_bound,
    smallest_constant,
    theorem3_bound,
    theorem4_bound,
    theorem4_step,
    theorem7_bound,
)
from learning_dynamics.overparametrized.theory.kernel import (
    kernel_matrix,
    kernel_regression,
    smallest_angle,
    smallest_eigenvalue,
    squared_norm,
    tangent_kernel,
)
from learning_dynamics.overparametrized.theory.linear import LinearizedTraining, initial_linearization, linearized_training
from learning_dynamics.overparametrized.theory.series import feature_norm2, kernel_coefficients, kernel_series

__all__ = [
    "LinearizedTraining",
    "corollary8_bound",
    "feature_norm2",
    "initial_linearization",
    "kernel_coefficients",
    "kernel_matrix",
    "kernel_regression",
    "kernel_series",
    "lemma1_bounds",
    "lemma2_drift_bound",
    "lemma2_residual_bound",
    "lemma2_width",
    "lemma5_bound",
    "linearized_training",
    "smallest_angle",
    "smallest_constant",
    "smallest_eigenvalue",
    "squared_norm",
    "tangent_kernel",
    "theorem3_bound",
    "theorem4_bound",
    "theorem4_step",
    "theorem7_bound",
]
