"""The comparison of answers: what is accepted, and what is said."""

import numpy as np
import pytest

from learning_dynamics.classroom import expect, expect_each


@pytest.mark.parametrize(
    ("found", "wanted"),
    [(1.0, 1), (1 + 1e-7, 1.0), ([1, 2], np.array([1.0, 2.0])), (1j, 1j), (np.float32(0.5), 0.5), (np.zeros(0), np.zeros(0))],
)
def test_right_answers_pass(found, wanted):
    expect("it", found, wanted)


@pytest.mark.parametrize(
    ("found", "message"),
    [
        (None, "it: there is no answer yet"),
        (..., "it: there is no answer yet"),
        ("1", "it: a number or an array is asked for, got str"),
        (print, "it: a number or an array is asked for, got builtin_function_or_method"),
        (["a"], "it: a number or an array of numbers is asked for"),
        ([[1], [1, 2]], "it: a number or an array of numbers is asked for"),
        ([1.0], r"it: the shape \(\) is asked for, got \(1,\)"),
        (np.nan, "it: every entry must be finite"),
        (1.1, r"it: off by 1e\+05 times what is accepted"),
        (-1.0, "it: off by"),
    ],
)
def test_wrong_answers_are_told_apart(found, message):
    with pytest.raises(AssertionError, match=f"^{message}"):
        expect("it", found, 1.0)


def test_the_message_does_not_give_the_answer_away():
    with pytest.raises(AssertionError) as caught:
        expect("it", 1.0, 3.14159265)
    assert "3.1" not in str(caught.value)


def test_tolerances_are_the_edges_of_what_passes():
    expect("it", 1.0099, 1.0, rtol=0.01)
    expect("it", 1e-7, 0.0, atol=1e-6)
    with pytest.raises(AssertionError):
        expect("it", 1.0101, 1.0, rtol=0.01)
    with pytest.raises(AssertionError):
        expect("it", 1e-300, 0.0)


def test_functions_are_compared_case_by_case():
    expect_each("square", lambda x: x * x, [(2,), (np.ones(3),)], np.square)
    with pytest.raises(AssertionError, match="^square at 3: off by"):
        expect_each("square", lambda x: 2 * x, [(2,), (3,)], np.square)
    with pytest.raises(AssertionError, match="^square: a function is asked for, got NoneType"):
        expect_each("square", None, [(2,)], np.square)
