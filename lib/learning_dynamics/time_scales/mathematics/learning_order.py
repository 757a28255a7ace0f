r"""The canonical learning order: exponents in epsilon, and which degrees a problem learns when."""

import warnings
from dataclasses import dataclass
from math import nan

import numpy as np

from learning_dynamics._limits import within_floats
from learning_dynamics._validation import EXACT_AS_FLOAT, integer, real, real_array, shown

VANISHING, ORDER_ONE, DIVERGING, NEVER = "vanishing time", "O(1) time", "diverging time", "never"
PARTLY = "the time does not vanish, and the degree may be learnt in part or not at all"


@dataclass(frozen=True, kw_only=True)
class Outlook:
    r"""What becomes of one degree of the target as epsilon tends to 0.

    Attributes
    ----------
    degree : int
    verdict : {"vanishing time", "O(1) time", "diverging time", "never"}
    exponent : float
        Exponent of the learning time in epsilon; NaN for "never", and where only the limit is known to be finite.
    reason : str
        Why, in one sentence.
    """

    degree: int
    verdict: str
    exponent: float
    reason: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Extrapolation:
    r"""A limit, and how well it is known.

    Attributes
    ----------
    value : float
        Intercept of the parabola.
    spread : float
        Largest distance of the intercepts of the straight line and of the cubic from it.
    fits : tuple of numpy.polynomial.Polynomial
        Of degree 1, 2 and 3, in :math:`\epsilon^p`.
    """

    value: float
    spread: float
    fits: tuple


def time_exponent(degree, *, after=None):
    r"""Exponent of epsilon in the learning time of a degree.

    Parameters
    ----------
    degree : int
        k >= 0.
    after : int, optional
        Degree l < k, >= 1, that was learnt last; k - 1 if omitted.

    Returns
    -------
    float
        1 for k = 0, 1/(2k) for consecutive degrees (paper 2, Definition 1), and (l + 2 - k)/(2(l + 1)) across a gap:
        0 for one missing degree, negative for more. The formula across a gap is derived in this book, not in the
        paper; for k - l even it needs equal signs of :math:`\sigma_k\varphi_k` and :math:`\sigma_l\varphi_l`.

    Raises
    ------
    TypeError, ValueError
        If an argument is not an integer in its range.

    Examples
    --------
    >>> time_exponent(3), time_exponent(3, after=1), time_exponent(4, after=1)
    (0.16666666666666666, 0.0, -0.25)
    """
    k = integer("degree", integer("degree", degree, at_least=0), at_most=EXACT_AS_FLOAT)
    if after is None:
        return 1 / (2 * k) if k else 1.0
    if k < 2:
        raise ValueError(f"degree must be >= 2 to come after a degree >= 1, got {k}")
    last = integer("after", after, at_least=1, at_most=k - 1)
    return (last + 2 - k) / (2 * (last + 1))


def window_exponent(degree):
    r"""Exponent 1/(k + 1) of epsilon in the width of the window in which degree k >= 1 is learnt, and 1 for k = 0.

    Parameters
    ----------
    degree : int
        k >= 0.

    Returns
    -------
    float
        For k >= 2 it holds at a fixed number of neurons; what it is for infinitely many neurons first is open.

    Raises
    ------
    TypeError, ValueError
        If `degree` is not an integer >= 0.
    """
    return 1 / (integer("degree", integer("degree", degree, at_least=0), at_most=EXACT_AS_FLOAT) + 1)


def size_exponents(degree):
    r"""Exponents w and b with :math:`a = \Theta(\epsilon^{-w})` and :math:`s = \Theta(\epsilon^b)` once degrees 0,
    ..., l are learnt, paper 2 section 6.5, equations (92) to (97).

    Parameters
    ----------
    degree : int
        l >= 0.

    Returns
    -------
    w, b : float
        l/(2(l + 1)) and 1/(2(l + 1)).

    Raises
    ------
    TypeError, ValueError
        If `degree` is not an integer >= 0.
    """
    last = integer("degree", integer("degree", degree, at_least=0), at_most=EXACT_AS_FLOAT)
    return last / (2 * (last + 1)), 1 / (2 * (last + 1))


def local_exponents(epsilon, values):
    r"""Slopes of :math:`\ln y` against :math:`\ln\epsilon` between neighbouring points.

    Parameters
    ----------
    epsilon, values : array_like of float, shape (n,)
        At least two points, all > 0, epsilon without repetition.

    Returns
    -------
    middle, slopes : numpy.ndarray of float, shape (n - 1,)
        Geometric means of neighbouring epsilon, and the slopes.

    Raises
    ------
    TypeError, ValueError
        If an argument is not a vector of positive numbers, or their lengths differ.
    """
    epsilon, values = _paired(epsilon, values, least=2)
    if (values <= 0).any():
        raise ValueError(f"values must be > 0 to have exponents, got {values.min()!s}")
    with within_floats(epsilon=epsilon):
        middle = np.sqrt(epsilon[1:] * epsilon[:-1])
    return middle, np.diff(np.log(values)) / np.diff(np.log(epsilon))


def extrapolate(epsilon, values, *, power=1 / 12):
    r"""Limit of a quantity as epsilon tends to 0, from polynomials in :math:`\epsilon^p`.

    Parameters
    ----------
    epsilon, values : array_like of float, shape (n,)
        At least five points, epsilon > 0.
    power : float
        p > 0; 1/12 where the corrections are those of neighbouring stages of degree 2 and beyond.

    Returns
    -------
    Extrapolation

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed or the lengths differ.

    Examples
    --------
    >>> epsilon = np.logspace(-10, -16, 7)
    >>> round(extrapolate(epsilon, 2 + 3 * epsilon ** (1 / 12)).value, 6)
    2.0
    """
    epsilon, values = _paired(epsilon, values, least=5)
    x = epsilon ** real("power", power, above=0)
    if np.unique(x).size < 4:
        raise ValueError(f"power must leave at least 4 of the powers of epsilon different, got {power!r}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", np.exceptions.RankWarning)
            fits = tuple(np.polynomial.Polynomial.fit(x, values, degree) for degree in (1, 2, 3))
    except np.exceptions.RankWarning:
        raise ValueError(f"power must leave the powers of epsilon apart, got {power!r} for {shown(epsilon)}") from None
    value = float(fits[1](0.0))
    return Extrapolation(value=value, spread=max(abs(float(fit(0.0)) - value) for fit in fits), fits=fits)


def outlooks(sigma, phi, starts):
    """Return a tuple with the `Outlook` of every degree that the target has.

    Parameters
    ----------
    sigma, phi : numpy.ndarray of float, shape (K + 1,)
        Hermite coefficients of activation and target.
    starts : numpy.ndarray of float, shape (m,)
        Initial second-layer weights.
    """
    found = []
    for k in np.flatnonzero(phi):
        found.append(_outlook(int(k), sigma, phi, starts, found))
    return tuple(found)


def moving_values(sigma, starts):
    """Return the distinct starting weights that count, and which distinguish neurons, as a vector.

    Without a constant in the activation a neuron that starts at 0 stays there, and with an odd activation w and -w
    start the same neuron.
    """
    values = np.unique(starts if sigma[::2].any() else np.abs(starts))
    return values if sigma[0] else values[values != 0]


def _paired(epsilon, values, *, least):
    epsilon, values = real_array("epsilon", epsilon, ndim=1), real_array("values", values, ndim=1, squares=True)
    if epsilon.size != values.size or epsilon.size < least:
        raise ValueError(f"epsilon and values must have one length >= {least}, got {epsilon.size} and {values.size}")
    if (epsilon <= 0).any() or np.unique(epsilon).size < epsilon.size:
        raise ValueError(f"epsilon must be > 0 and without repetition, got {shown(epsilon)}")
    return epsilon, values


def _outlook(k, sigma, phi, starts, found):
    learnt = [outlook for outlook in found if outlook.degree >= 1 and outlook.verdict != NEVER]
    verdict, exponent, reason = (
        _blocked(k, sigma, phi, starts)
        or _against_signs(k, sigma, phi, starts, [outlook.degree for outlook in learnt])
        or _behind_never(sigma, found)
        or _past_zero(k, sigma, phi, starts)
        or _in_time(k, sigma, starts, learnt[-1] if learnt else None)
    )
    return Outlook(degree=k, verdict=verdict, exponent=exponent, reason=reason)


def _blocked(k, sigma, phi, starts):
    if sigma[k] == 0:
        return NEVER, nan, f"the activation has no component of degree {k}, so the risk keeps {phi[k] ** 2 / 2:.4g}"
    if k == 0:
        return None
    if sigma[1] * phi[1] == 0:
        whose = "activation" if sigma[1] == 0 else "target"
        return NEVER, nan, f"the {whose} has no component of degree 1, so the overlaps stay 0"
    if not starts.any() and sigma[0] * phi[0] == 0:
        return NEVER, nan, "all weights start at 0, where the flow stands still"
    return None


def _against_signs(k, sigma, phi, starts, learnt):
    """Across an odd gap, and without a constant in the activation, the neurons keep their signs."""
    wanted = np.sign(sigma[k]) * np.sign(phi[k])
    keeping = [j for j in (learnt[-1:] if sigma[0] else learnt) if (k - j) % 2 == 0]
    if keeping:
        j = keeping[-1]
        if np.sign(sigma[j]) * np.sign(phi[j]) != wanted:
            return NEVER, nan, f"sigma phi has opposite signs in degrees {j} and {k}, and neurons keep their signs"
    elif sigma[0] == 0 and k % 2 == 0 and not (starts * wanted > 0).any():
        return NEVER, nan, f"no weight starts with the sign that degree {k} needs, and weights keep their signs"
    return None


def _behind_never(sigma, found):
    for outlook in found:
        if outlook.degree >= 1 and outlook.verdict == NEVER and sigma[outlook.degree] != 0:
            return NEVER, nan, f"it waits for degree {outlook.degree}"
    return None


def _past_zero(k, sigma, phi, starts):
    """Without a constant in the activation, moments of one sign cannot stay 0 as the target wants them to."""
    if sigma[0] != 0:
        return None
    one_sign = (starts >= 0).all() or (starts <= 0).all()
    for j in range(2, k):
        if sigma[j] != 0 and phi[j] == 0 and (j % 2 == 1 or one_sign):
            return ORDER_ONE, nan, f"the neurons keep signs with which degree {j} cannot stay 0: {PARTLY}"
    return None


def _in_time(k, sigma, starts, last):
    if k == 0:
        return VANISHING, 1.0, "only the mean of the second layer has to move"
    wanted = 1 + np.count_nonzero(sigma[:k])
    distinct = moving_values(sigma, starts).size
    if distinct < wanted:
        return ORDER_ONE, nan, (f"the start has {distinct} distinct value{'s' * (distinct != 1)}, fewer than {wanted}: {PARTLY}")
    if k == 1:
        return VANISHING, 0.5, "deviations from the mean grow exponentially"
    if last.verdict != VANISHING:
        return last.verdict, last.exponent, f"it waits for degree {last.degree}"
    exponent = time_exponent(k, after=last.degree)
    if k == last.degree + 1:
        return VANISHING, exponent, f"degree {last.degree} comes just before"
    verdict = ORDER_ONE if exponent == 0 else DIVERGING
    return verdict, exponent, f"a gap of {k - last.degree - 1} after degree {last.degree}"
