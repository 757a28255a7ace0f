"""What is left of the start in one eigendirection."""

import numpy as np
from numpy.typing import ArrayLike

from learning_dynamics._validation import choice, real, real_array


def decay_filter(x: ArrayLike, t: ArrayLike, *, alpha: float, dynamics: str = "flow") -> np.ndarray:
    r"""Filter :math:`f_t(x) = e^{-\alpha t x}` of the flow, or :math:`(1 - \alpha x)^t` of gradient descent.

    Parameters
    ----------
    x : float or array_like of float, shape (...)
        Eigenvalues of :math:`XX^T/n`, >= 0.
    t : float or array_like of float, shape (m...)
        Times in gradient steps, >= 0; integers for "gd".
    alpha : float
        Step size, > 0.
    dynamics : {"flow", "gd"}

    Returns
    -------
    numpy.ndarray of float, shape (m..., ...)
        For each time the filter at all eigenvalues.

    Raises
    ------
    TypeError
        If an argument does not hold real numbers.
    ValueError
        If an argument is outside its range.
    OverflowError
        If gradient descent has grown beyond the range of floats, which needs alpha x > 2.

    Notes
    -----
    Every filter has :math:`f_0 = 1` and :math:`f_t(0) = 1`. That of the flow falls in x and in t. That of gradient descent
    changes sign from step to step where :math:`1 < \alpha x < 2`, and grows where :math:`\alpha x > 2`.

    Examples
    --------
    >>> decay_filter([0.0, 1.0], [0, 1, 2], alpha=0.5, dynamics="gd")
    array([[1.  , 1.  ],
           [1.  , 0.5 ],
           [1.  , 0.25]])
    """
    choice("dynamics", dynamics, ("flow", "gd"))
    x = real_array("x", x, at_least=0)
    t = real_array("t", t, at_least=0)
    alpha = real("alpha", alpha, above=0)
    if dynamics == "flow":
        return np.exp(-np.multiply.outer(alpha * t, x))
    if (t != np.floor(t)).any():
        raise ValueError(f"t must hold integers for dynamics 'gd', got {t[t != np.floor(t)][0]!s}")
    with np.errstate(over="ignore"):
        values = np.where(
            np.expand_dims(alpha * x < 0.5, tuple(range(-t.ndim, 0))),
            np.exp(np.multiply.outer(np.log1p(-np.minimum(alpha * x, 0.5)), t)),  # to all digits for the smallest rates
            np.power.outer(1 - alpha * x, t),
        )
    if not np.isfinite(values).all():
        raise OverflowError(f"gradient descent with alpha * x = {alpha * x.max():g} leaves the range of floats")
    return np.moveaxis(values, range(x.ndim), range(t.ndim, t.ndim + x.ndim)) if x.ndim else values
