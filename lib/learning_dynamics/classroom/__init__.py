"""Assignments for a course: parameters of each student, checks of answers, release and grading.

The names exported here are the ones that assignments use.  Release and grading live in the modules of this package, need
the optional extra ``classroom``, and are reached through ``python -m learning_dynamics classroom|grade``.
"""

from .checks import expect, expect_each
from .parameters import parameters

__all__ = ["expect", "expect_each", "parameters"]
