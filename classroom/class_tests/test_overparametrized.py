"""The assignments of the part `overparametrized`."""

from .checks_of_assignments import *  # noqa: F403

NAMES = ("minimum_norm", "ensemble", "lyapunov")
