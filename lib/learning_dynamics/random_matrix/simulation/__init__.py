"""The experiments of paper 1: on drawn mixtures, on pools of given points, at doubled dimensions."""

from learning_dynamics.random_matrix.simulation.anisotropic import simulate_anisotropic
from learning_dynamics.random_matrix.simulation.averages import AverageTest, LeastTime, average_test, least_time
from learning_dynamics.random_matrix.simulation.descent import descent_weights
from learning_dynamics.random_matrix.simulation.experiment import Simulation, simulate
from learning_dynamics.random_matrix.simulation.filtered import filtered_weights, simulate_filter
from learning_dynamics.random_matrix.simulation.finite_size import FiniteSize, SizeFit, finite_size
from learning_dynamics.random_matrix.simulation.labelled import simulate_labelled
from learning_dynamics.random_matrix.simulation.minibatch import simulate_minibatch, simulate_one_pass
from learning_dynamics.random_matrix.simulation.pool import ErrorCounts, count_errors, simulate_pool
from learning_dynamics.random_matrix.simulation.replicates import combined_error, replicate_test
from learning_dynamics.random_matrix.simulation.resolvent import resolvent_bilinear
from learning_dynamics.random_matrix.simulation.spectrum import (
    Concentration,
    LeadingPairs,
    SampleSpectrum,
    concentration,
    leading_pairs,
    sample_spectrum,
    spectra,
)
from learning_dynamics.random_matrix.simulation.start import least_squares_weights, simulate_start

__all__ = [
    "AverageTest",
    "Concentration",
    "ErrorCounts",
    "FiniteSize",
    "LeadingPairs",
    "LeastTime",
    "SampleSpectrum",
    "Simulation",
    "SizeFit",
    "average_test",
    "combined_error",
    "concentration",
    "count_errors",
    "descent_weights",
    "filtered_weights",
    "finite_size",
    "leading_pairs",
    "least_squares_weights",
    "least_time",
    "replicate_test",
    "resolvent_bilinear",
    "sample_spectrum",
    "simulate",
    "simulate_anisotropic",
    "simulate_filter",
    "simulate_labelled",
    "simulate_minibatch",
    "simulate_one_pass",
    "simulate_pool",
    "simulate_start",
    "spectra",
]
