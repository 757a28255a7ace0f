"""Numbers as a reader wants them: rounded to their error, with a true minus and powers of ten."""

import math

MOST_DIGITS = 4
"""Significant digits of a printed number: few enough to be the same on another machine."""

SUPERSCRIPTS = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
PLAIN_EXPONENTS = range(-4, 6)
"""Powers of ten of the leading digit for which a number is written without an exponent."""


def with_error(value, error=None):
    """A value rounded to its error, and the error: ``0.497 ± 0.010``, ``(4.36 ± 0.12) × 10⁻¹²``.

    Parameters
    ----------
    value : float or None
        None is shown as a dash, nan as "not defined".
    error : float, optional
        Standard error or reading error.  It is left out where it is smaller than what the rounded value shows.
    """
    shown = _shown_to(value, error)
    if shown is None:
        return number(value)
    last, exponent = shown
    if exponent in PLAIN_EXPONENTS:
        return f"{_fixed(value, last)} ± {_fixed(error, min(last, _last_digit(error)))}"
    scale = 10.0**exponent
    return f"({_fixed(value / scale, last - exponent)} ± {_fixed(error / scale, last - exponent)}) × {power_of_ten(exponent)}"


def rounded_like(value, error=None):
    """A value rounded as `with_error` rounds it, without the error."""
    shown = _shown_to(value, error)
    if shown is None:
        return number(value)
    last, exponent = shown
    if exponent in PLAIN_EXPONENTS:
        return _fixed(value, last)
    return f"{_fixed(value / 10.0**exponent, last - exponent)} × {power_of_ten(exponent)}"


def _shown_to(value, error):
    """The powers of ten of the last digit shown and of the leading one; None where the error cannot be seen."""
    if value is None or not math.isfinite(value) or not error or not math.isfinite(error):
        return None
    last = max(_last_digit(error), _leading_digit(value) - MOST_DIGITS + 1)
    return None if error < 0.5 * 10.0**last else (last, max(_leading_digit(value), _leading_digit(error)))


def number(value, digits=MOST_DIGITS):
    """A number with at most `digits` significant digits and without trailing zeros."""
    if value is None:
        return "—"
    if math.isnan(value):
        return "not defined"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    if value == 0:
        return "0"
    exponent = _leading_digit(value, digits)
    if exponent in PLAIN_EXPONENTS:
        return _stripped(_fixed(value, exponent - digits + 1))
    return f"{_stripped(_fixed(value / 10.0**exponent, 1 - digits))} × {power_of_ten(exponent)}"


def deviation(value, allowed):
    """A deviation, as finely as matters beside what is allowed: to a hundredth of the leading digit of `allowed`."""
    if not math.isfinite(value) or not allowed or value > allowed:
        return number(value, 2)
    last = _leading_digit(allowed) - 2
    rounded = round(value / 10.0**last) * 10.0**last
    return number(rounded, 2)


def _leading_digit(value, digits=MOST_DIGITS):
    """The power of ten of the first digit, after rounding to `digits` significant ones."""
    return int(f"{abs(value):.{digits - 1}e}".split("e")[1]) if value else -400


def _last_digit(error):
    """The power of ten down to which a value is shown: one digit of the error, two where it begins with 1."""
    mantissa, exponent = f"{error:.1e}".split("e")
    return int(exponent) - (1 if mantissa.startswith("1") else 0)


def _fixed(value, last):
    text = f"{round(value, -last):.{max(0, -last)}f}"
    return text.replace("-", "−") if float(text) else text.removeprefix("-")


def _stripped(text):
    return text.rstrip("0").rstrip(".") if "." in text else text


def power_of_ten(exponent):
    """A power of ten: ``10⁻⁴``."""
    return f"10{str(exponent).translate(SUPERSCRIPTS)}"
