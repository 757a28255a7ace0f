"""The assignments of the part `time_scales`."""

from .checks_of_assignments import *  # noqa: F403

NAMES = ("matching", "lottery", "gap")
