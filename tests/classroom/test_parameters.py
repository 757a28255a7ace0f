"""Every student's own parameters."""

import itertools
import subprocess
import sys

import pytest

from learning_dynamics.classroom.parameters import PLACEHOLDER, RANGES, parameters
from learning_dynamics.companion.base.errors import CompanionError

CLASS = [f"student {number}" for number in range(200)]


def test_the_parameters_of_an_identifier_never_change():
    assert vars(parameters("stieltjes", "example")) == {"c": 0.19, "c_wide": 1.9, "seed": 497604}
    assert vars(parameters("lottery", "example")) == {"phi_1": 1.22, "sigma_1": 0.72, "m": 16, "seed": 52699}


def test_another_process_draws_the_same():
    code = "from learning_dynamics.classroom import parameters; print(parameters('averaging', 'anna'))"
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in ("0", "1")
    }
    assert runs == {f"{parameters('averaging', 'anna')}\n"}


@pytest.mark.parametrize("name", RANGES)
def test_values_lie_on_the_stated_grid_and_use_all_of_it(name):
    drawn = [vars(parameters(name, student)) for student in CLASS]
    for key, (low, high, step) in RANGES[name].items():
        values = [each[key] for each in drawn]
        assert all(type(value) is type(step) for value in values)
        assert all(abs((value - low) / step - round((value - low) / step)) < 1e-9 for value in values)
        assert low <= min(values) < low + (high - low) / 4 and high - (high - low) / 4 < max(values) <= high
        assert round((high - low) / step) * step == pytest.approx(high - low)


@pytest.mark.parametrize("name", RANGES)
def test_no_two_students_of_a_large_class_share_their_parameters(name):
    drawn = [tuple(vars(parameters(name, student)).values()) for student in CLASS]
    assert all(one != other for one, other in itertools.combinations(drawn, 2))


def test_the_number_on_which_personal_answers_of_stieltjes_depend_is_hardly_ever_shared():
    drawn = [parameters("stieltjes", f"student {number}").c for number in range(500)]
    pairs = list(itertools.combinations(drawn, 2))
    assert sum(one == other for one, other in pairs) < len(pairs) / 500


def test_a_course_has_parameters_of_its_own():
    assert parameters("stieltjes", "anna", course="autumn") != parameters("stieltjes", "anna")
    assert parameters("stieltjes", "Anna ", course="autumn") == parameters("stieltjes", "anna", course="autumn")


def test_case_and_white_space_do_not_count():
    assert parameters("stieltjes", " Anna\n") == parameters("stieltjes", "anna")
    assert parameters("stieltjes", "anna b") == parameters("stieltjes", "Anna\u00a0 b") != parameters("stieltjes", "annab")
    assert parameters("stieltjes", "Zoe\u0308") == parameters("stieltjes", "zo\u00eb")


@pytest.mark.parametrize("student", ["", "  ", PLACEHOLDER, None, 7])
def test_an_identifier_has_to_be_given(student):
    with pytest.raises(ValueError, match="^student must be"):
        parameters("stieltjes", student)


def test_an_unknown_assignment_is_named():
    with pytest.raises(CompanionError, match="there is no assignment 'stieltjs'; did you mean 'stieltjes'"):
        parameters("stieltjs", "anna")
