"""Tasks called personal: the chance that a student can use the numbers of another one."""

from functools import lru_cache

import numpy as np
import pytest

import learning_dynamics.classroom as classroom
from learning_dynamics.classroom.judge import Judge, judging_plan

from .conftest import ASSIGNMENTS

CLASS = 500
MOST = 1 / 500  # of all ordered pairs
FEWER = {
    "stieltjes": 150,
    "lottery": 40,
    "matching": 40,
    "gap": 200,
    "minimum_norm": 20,
    "averaging": 40,
    "spike": 40,
    "lyapunov": 200,
}  # where a reference takes long


@lru_cache(maxsize=1)
def judges(name, count):
    """Judges of an assignment for many identifiers; all its tasks have them in common."""
    plan = judging_plan(ASSIGNMENTS[name].master.cells)
    return plan, [Judge(plan, f"student {number}") for number in range(count)]


def accepted(name, task, count, monkeypatch):
    """For each of many identifiers, the references of a task and how far an answer may be away."""
    (plan, all_judges), seen = judges(name, count), []

    def recorded(what, found, wanted, *, rtol=1e-6, atol=0.0):
        if found is nothing:
            wanted = np.atleast_1d(np.asarray(wanted, dtype=complex))
            seen[-1].append((wanted, atol + rtol * np.abs(wanted)))

    nothing = Nothing()
    monkeypatch.setattr(classroom, "expect", recorded)
    for judge in all_judges:
        seen.append([])
        scope = judge.scope | {"expect": recorded} | dict.fromkeys(plan.needs[task], nothing)
        judge._execute(plan.checks[task], scope)
    return [[np.concatenate(parts) for parts in zip(*each)] for each in seen]


class Nothing:
    """Stands for an answer; what a visible check makes of it is no answer."""

    def __bool__(self):
        return False

    def __ge__(self, other):
        """An answer may be asked to lie between two numbers before it is compared with the reference."""
        return True

    __gt__ = __le__ = __lt__ = __ge__


@pytest.mark.parametrize(("which", "task"), [(name, task) for name in ASSIGNMENTS for task in sorted(ASSIGNMENTS[name].personal)])
def test_numbers_fit_hardly_anybody_else(which, task, monkeypatch):
    found = accepted(which, task, FEWER.get(which, CLASS), monkeypatch)
    wanted, allowed = (np.array(each) for each in zip(*found))
    fits = np.all(np.abs(wanted[:, None] - wanted[None]) <= allowed[None], axis=-1)
    np.fill_diagonal(fits, False)
    count = len(found)
    assert allowed.shape[1] >= 1
    assert fits.sum() / (count * (count - 1)) < MOST
