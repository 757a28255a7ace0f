"""The experiments of paper 1: on drawn mixtures, on pools of given points, at doubled dimensions."""

from learning_dynamics.random_matrix.simulation.descent import descent_weights
from learning_dynamics.random_matrix.simulation.experiment import Simulation, simulate
from learning_dynamics.random_matrix.simulation.filtered import filtered_weights, simulate_filter
from learning_dynamics.random_matrix.simulation.finite_size import FiniteSize, SizeFit, finite_size
from learning_dynamics.random_matrix.simulation.pool import simulate_pool
from learning_dynamics.random_matrix.simulation.resolvent import resolvent_bilinear

__all__ = [
    "FiniteSize",
    "Simulation",
    "SizeFit",
    "descent_weights",
    "filtered_weights",
    "finite_size",
    "resolvent_bilinear",
    "simulate",
    "simulate_filter",
    "simulate_pool",
]
