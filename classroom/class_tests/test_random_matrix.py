"""The assignments of the part `random_matrix`."""

from .checks_of_assignments import *  # noqa: F403

NAMES = ("stieltjes", "averaging", "spike")
