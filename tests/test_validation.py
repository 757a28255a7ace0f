"""Every check names the parameter, the value and what is allowed."""

from fractions import Fraction

import numpy as np
import pytest

from learning_dynamics._validation import choice, integer, number_array, real, real_array, shown


@pytest.mark.parametrize("value", [2, 2.0, np.float32(2), np.int8(2), Fraction(2)])
def test_real_numbers_of_any_type_become_floats(value):
    number = real("x", value)
    assert type(number) is float
    assert number == 2.0


@pytest.mark.parametrize(
    ("bounds", "value", "message"),
    [
        ({"above": 0}, 0, "x must be > 0, got 0.0"),
        ({"at_least": 0}, -1e-9, "x must be >= 0, got -1e-09"),
        ({"below": 2}, 2.0, "x must be < 2, got 2.0"),
        ({"at_most": 2}, 2.5, "x must be <= 2, got 2.5"),
        ({"above": 0, "below": 1}, 1, "x must be > 0 and < 1, got 1.0"),
        ({}, float("nan"), "x must be finite, got nan"),
        ({}, float("-inf"), "x must be finite, got -inf"),
    ],
)
def test_real_out_of_bounds(bounds, value, message):
    with pytest.raises(ValueError) as caught:
        real("x", value, **bounds)
    assert str(caught.value) == message


def test_real_on_the_allowed_bounds():
    assert real("x", 0, at_least=0, at_most=0) == 0.0


@pytest.mark.parametrize("value", [True, np.True_, "1", None, 1j, [1.0], np.ones(1), np.array(1.0)])
def test_real_of_a_wrong_type(value):
    with pytest.raises(TypeError, match="^x must be a real number, got "):
        real("x", value)


@pytest.mark.parametrize("value", [True, 1.0, "1", None, np.float64(1), np.True_])
def test_integer_of_a_wrong_type(value):
    with pytest.raises(TypeError, match="^k must be an integer, got "):
        integer("k", value)


def test_integer():
    assert type(integer("k", np.int16(3), at_least=3, at_most=3)) is int
    with pytest.raises(ValueError, match="^k must be >= 1, got 0$"):
        integer("k", 0, at_least=1)
    with pytest.raises(ValueError, match="^k must be >= 1 and <= 3, got 4$"):
        integer("k", 4, at_least=1, at_most=3)


@pytest.mark.parametrize("value", ["c", None, 1, "A", ["a"]])
def test_choice(value):
    assert choice("x", "a", ("a", "b")) == "a"
    with pytest.raises(ValueError) as caught:
        choice("x", value, ("a", "b"))
    assert str(caught.value) == f"x must be 'a' or 'b', got {value!r}"


@pytest.mark.parametrize("value", [[1, 2], (1.0, 2.0), np.array([1, 2], np.float32), range(1, 3)])
def test_real_array_copies_to_doubles(value):
    array = real_array("x", value)
    assert array.dtype == np.float64
    assert array.flags.c_contiguous
    assert array is not value
    np.testing.assert_array_equal(array, [1, 2])


def test_arrays_are_copies():
    source = np.ones(3)
    real_array("x", source)[0] = 5
    number_array("x", source)[0] = 5
    assert (source == 1).all()


@pytest.mark.parametrize(
    ("value", "options", "error", "message"),
    [
        ([True, 1.0], {}, TypeError, "x must hold real numbers, got booleans"),
        (np.array([True]), {}, TypeError, "x must hold real numbers, got booleans"),
        (["a"], {}, TypeError, "x must hold real numbers, got an array of type <U1"),
        ([1, None], {}, TypeError, "x must hold real numbers, got an array of type object"),
        ([1j], {}, TypeError, "x must hold real numbers, got an array of type complex128"),
        ([[1], [1, 2]], {}, ValueError, "x must be a regular array, got rows of unequal length"),
        ([], {}, ValueError, "x must hold at least one value, got an empty array"),
        ([1.0, np.nan], {}, ValueError, "x must be finite, got nan"),
        ([1.0, np.inf], {}, ValueError, "x must be finite, got inf"),
        ([1.0, -2.0], {"at_least": 0}, ValueError, "x must be >= 0, got -2.0"),
        ([1.0], {"ndim": 2}, ValueError, "x must have 2 dimensions, got shape (1,)"),
        ([[1.0]], {"ndim": 1}, ValueError, "x must have 1 dimension, got shape (1, 1)"),
    ],
)
def test_real_array_refusals(value, options, error, message):
    with pytest.raises(error) as caught:
        real_array("x", value, **options)
    assert str(caught.value) == message


def test_number_array_keeps_real_and_complex_apart():
    assert number_array("z", [1, 2]).dtype == np.float64
    assert number_array("z", np.array([1j], np.complex64)).dtype == np.complex128
    with pytest.raises(ValueError, match="^z must be finite, got "):
        number_array("z", [complex(0, np.inf)])
    with pytest.raises(TypeError, match="^z must hold real or complex numbers, got booleans$"):
        number_array("z", False)


@pytest.mark.parametrize("digits", [31, 32, 33, 100, 309, 310, 1000, 5001])
def test_very_long_integers_are_told_by_their_exact_number_of_digits(digits):
    for number in (10 ** (digits - 1), 10**digits - 1, -(10**digits) + 1, 3 * 10 ** (digits - 1)):
        assert shown(number) == f"an integer of {digits} digits"
