"""The experiments of paper 1: on drawn mixtures, on pools of given points, at doubled dimensions."""

from learning_dynamics.random_matrix.simulation.averages import AverageTest, LeastTime, average_test, least_time
from learning_dynamics.random_matrix.simulation.descent import descent_weights
from learning_dynamics.random_matrix.simulation.experiment import Simulation, simulate
from learning_dynamics.random_matrix.simulation.filtered import filtered_weights, simulate_filter
from learning_dynamics.random_matrix.simulation.finite_size import FiniteSize, SizeFit, finite_size
from learning_dynamics.random_matrix.simulation.pool import simulate_pool
from learning_dynamics.random_matrix.simulation.resolvent import resolvent_bilinear
from learning_dynamics.random_matrix.simulation.spectrum import (
    Concentration,
    LeadingPairs,
    SampleSpectrum,
    concentration,
    leading_pairs,
    sample_spectrum,
)
from learning_dynamics.random_matrix.simulation.start import least_squares_weights, simulate_start

__all__ = [
    "AverageTest",
    "Concentration",
    "FiniteSize",
    "LeadingPairs",
    "LeastTime",
    "SampleSpectrum",
    "Simulation",
    "SizeFit",
    "average_test",
    "concentration",
    "descent_weights",
    "filtered_weights",
    "finite_size",
    "leading_pairs",
    "least_squares_weights",
    "least_time",
    "resolvent_bilinear",
    "sample_spectrum",
    "simulate",
    "simulate_filter",
    "simulate_pool",
    "simulate_start",
]
