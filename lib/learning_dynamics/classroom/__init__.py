"""Assignments for a course: parameters of each student, checks of answers, release and grading.

The names exported here are the ones that assignments use, and all that a student needs.  Release and grading live in the modules of this package,
need the optional extra ``classroom``, and are reached through ``python -m learning_dynamics classroom|grade``.

The masters are notebooks in nbgrader's form, so that its formgrader and other tools read them.  Its engine is not used, for four reasons: it runs
hidden checks in the student's kernel, where they share names with the answers and can be replaced by them; its gradebook is one file that every
notebook could reach, holds marks, and has to be filled again for each change; its converters put cells back by overruling what
stands there; and it needs fifty packages.  Here ``completion`` plans a run that keeps everything, ``launch_confined`` and ``runner`` run
it, ``judge`` asks for data and judges, and each result is one file.
"""

from .checks import expect, expect_each
from .parameters import parameters

__all__ = ["expect", "expect_each", "parameters"]
