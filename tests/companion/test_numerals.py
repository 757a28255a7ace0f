"""Numbers in words of their own precision."""

import math

import pytest

from learning_dynamics.companion.base.numerals import deviation, number, rounded_like, with_error


@pytest.mark.parametrize(
    ("value", "error", "expected"),
    [
        (0.49680001, 0.0101, "0.497 ± 0.010"),
        (0.0430712, 4e-8, "0.04307"),
        (-0.4968, 0.0234, "−0.50 ± 0.02"),
        (4.3551e-12, 1.2e-13, "(4.36 ± 0.12) × 10⁻¹²"),
        (1234567.0, 23456.0, "(1.23 ± 0.02) × 10⁶"),
        (0.9915, 0.0, "0.9915"),
        (40.4, 0.05, "40.40 ± 0.05"),
        (0.25971, 5e-5, "0.2597 ± 0.00005"),
        (1.0, 1e-9, "1"),
        (0.0, 0.003, "0.000 ± 0.003"),
        (-1e-5, 0.003, "0.000 ± 0.003"),
        (0.3, 2.6, "0 ± 3"),
        (514.74, 12.0, "515 ± 12"),
        (None, 0.1, "—"),
        (math.nan, 0.1, "not defined"),
        (1.0, math.nan, "1"),
        (math.inf, None, "∞"),
    ],
)
def test_a_value_is_rounded_to_its_error(value, error, expected):
    assert with_error(value, error) == expected


@pytest.mark.parametrize(
    ("value", "error", "expected"), [(0.123456, 0.01, "0.123"), (4.3551e-12, 1.2e-13, "4.36 × 10⁻¹²"), (0.123456, None, "0.1235")]
)
def test_a_theory_is_rounded_as_its_simulation(value, error, expected):
    assert rounded_like(value, error) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (0.5, "0.5"),
        (-0.5, "−0.5"),
        (12345.678, "12350"),
        (999999.0, "1 × 10⁶"),
        (1e-4, "0.0001"),
        (9.9999e-5, "0.0001"),
        (2.5e-7, "2.5 × 10⁻⁷"),
    ],
)
def test_a_number_without_an_error_has_four_digits(value, expected):
    assert number(value) == expected


@pytest.mark.parametrize(
    ("value", "allowed", "expected"),
    [
        (0.00123, 0.049, "0.0012"),
        (1e-12, 0.049, "0"),
        (0.0484, 0.049, "0.048"),
        (1.3579, 0.049, "1.4"),
        (0.0, 0.0, "0"),
        (math.nan, 0.1, "not defined"),
    ],
)
def test_a_deviation_is_as_fine_as_what_is_allowed(value, allowed, expected):
    assert deviation(value, allowed) == expected
