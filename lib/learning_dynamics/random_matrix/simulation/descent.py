"""Gradient descent and gradient flow on any data, exactly at every time from one matrix of inner products."""

import numpy as np
import scipy.linalg
from scipy.integrate import solve_ivp

from learning_dynamics._threads import one_blas_thread
from learning_dynamics._validation import choice, real, real_array, time_vector
from learning_dynamics.random_matrix.kernels import eigenmodes

DYNAMICS = ("gd", "flow")
METHODS = ("eigen", "stepped")
ROUTES = ("auto", *METHODS)
LARGEST_RATE = 1e300
STEP_ENTRIES, EIGEN_SIZE, EIGEN_STEPS = 15_000, 1.5, 100
"""As timed: the entries of a matrix that take as long as what else a step does, and the steps, 1.5 q + 100, that take as long as
all eigenvectors of a q x q matrix."""
IN_PLACE_OF_ZERO = 1e-150  # there (1 - f)/l is alpha t to all digits, with no division by 0


def descent_weights(X, y, w0, *, alpha, t, dynamics="gd", method="auto"):
    r"""Weights of least-squares training at given times, on any data, paper 1 equation (1).

    Parameters
    ----------
    X : array_like of float, shape (p, n)
        Training points in columns.
    y : array_like of float, shape (n,)
        Targets.
    w0 : array_like of float, shape (p,)
        Initial weights.
    alpha : float
        Step size, > 0.
    t : float or array_like of float, shape (m,)
        Times in gradient steps, >= 0, in any order; integers for "gd".
    dynamics : {"gd", "flow"}
        "gd": :math:`w \leftarrow w + (\alpha/n) X (y - X^T w)`. "flow": :math:`dw/dt = (\alpha/n) X (y - X^T w)`.
    method : {"auto", "eigen", "stepped"}
        "eigen": every time from one eigendecomposition of the smaller of :math:`XX^T/n` and :math:`X^TX/n`. "stepped": step
        by step with X itself ("gd"), or by an adaptive Runge-Kutta method with relative tolerance 1e-12 ("flow"). "auto": "eigen",
        or step by step with the smaller of the two matrices where that is cheaper, see below.

    Returns
    -------
    numpy.ndarray of float, shape (m, p)

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If shapes do not fit, a value is outside its range, or gradient descent would diverge because alpha times the largest
        eigenvalue of :math:`XX^T/n` is 2 or more.
    ArithmeticError
        If the Runge-Kutta method fails.

    Notes
    -----
    With :math:`f_t(l) = (1 - \alpha l)^t` or :math:`e^{-\alpha t l}` and :math:`h = (1 - f_t(l))/l`, which is :math:`\alpha t`
    at l = 0, the weights are :math:`w_0 + h(XX^T/n) X (y - X^T w_0)/n`. Eigenvalues that rounding cannot tell from 0, below
    the size of the matrix times 2.2e-16 times the largest, count as 0: nothing is learnt there, at any time. BLAS and LAPACK
    are held to one thread.

    With q the smaller of p and n, the matrix costs q p n multiply-adds, its eigenvectors about as much time as 1.5 q + 100
    products with it, and a step one product. So "auto" takes the T = max(t) steps of "gd" one by one where T is below about
    1.5 q + 100 + m/2 (less where q < 200), and where alpha times the largest row sum of sizes in the matrix, a bound on its largest
    eigenvalue, is below 2. The weights are the same to rounding.

    Examples
    --------
    >>> descent_weights([[1.0, 1.0]], [1.0, 1.0], [0.0], alpha=0.5, t=[0, 1, 2])
    array([[0.  ],
           [0.5 ],
           [0.75]])
    """
    choice("dynamics", dynamics, DYNAMICS)
    choice("method", method, ROUTES)
    X = real_array("X", X, ndim=2)
    y = vector("y", y, X.shape[1], "one entry a column of X")
    w0 = vector("w0", w0, X.shape[0], "one entry a row of X")
    alpha = real("alpha", alpha, above=0)
    t = times(t, dynamics)
    with one_blas_thread():
        return weights_at(X, y, w0, alpha=alpha, t=t, dynamics=dynamics, method=method)


def times(t, dynamics):
    """Checked times, numpy.ndarray of float, shape (m,); integers for "gd"."""
    t = time_vector("t", t)
    if dynamics == "gd" and (t != np.floor(t)).any():
        raise ValueError(f"t must hold integers for dynamics 'gd', got {t[t != np.floor(t)][0]!s}")
    return t


def vector(name, value, size, meaning):
    """A checked vector of `size` entries; `meaning` says in the error what they belong to."""
    entries = real_array(name, value, ndim=1)
    if entries.size != size:
        raise ValueError(f"{name} must have {size} entries ({meaning}), got {entries.size}")
    return entries


def weights_at(X, y, w0, *, alpha, t, dynamics, method):
    """`descent_weights` without its checks, for arguments that have passed them."""
    if method == "stepped":
        return (_stepped_gd if dynamics == "gd" else _stepped_flow)(X, y, w0, alpha, t)
    if method == "auto" and dynamics == "gd" and _is_short(t, min(X.shape)):
        weights = _weights_by_steps(X, y, w0, alpha, t)
        if weights is not None:
            return weights
    by_size = _weights_by_rows if X.shape[0] <= X.shape[1] else _weights_by_columns
    return by_size(X, y, w0, alpha, t, dynamics)


def _is_short(t, q):
    """Whether steps with a q x q matrix up to the last of the times are cheaper than its eigenvectors."""
    return t.max() * (q * q + STEP_ENTRIES) <= q * q * (EIGEN_SIZE * q + EIGEN_STEPS + t.size / 2)


def _weights_by_steps(X, y, w0, alpha, t):
    """Step by step with the smaller of XX^T/n and X^T X/n; None where their row sums do not prove the steps stable."""
    p, n = X.shape
    matrix = alpha * _gram(X if p <= n else X.T, n)
    if not np.abs(matrix).sum(axis=1).max() < 2:
        return None
    pull = alpha * (y - w0 @ X) / n
    return w0 + (_summed_steps(matrix, X @ pull, t) if p <= n else _summed_steps(matrix, pull, t) @ X.T)


def _summed_steps(matrix, pull, t):
    """The sums of (1 - M)^s pull over s < t, for every time t, shape (m, q)."""
    wanted, place = np.unique(t, return_inverse=True)
    sums = np.empty((wanted.size, pull.size))
    total, now = np.zeros_like(pull), 0
    for row, time in zip(sums, wanted):
        for _ in range(int(time) - now):
            total += pull
            pull = pull - matrix @ pull
        row[:], now = total, int(time)
    return sums[place]


def _weights_by_rows(X, y, w0, alpha, t, dynamics):
    """p <= n: w moves along the eigenvectors of XX^T/n."""
    n = X.shape[1]
    eigenvalues, vectors = eigenpairs(X, n)
    start = w0 @ vectors
    pull = beside_null_space(eigenvalues, (X @ y / n) @ vectors - eigenvalues * start)
    return modes(eigenvalues, alpha, t, dynamics, start, pull) @ vectors.T


def _weights_by_columns(X, y, w0, alpha, t, dynamics):
    """p > n: w moves along X times the eigenvectors of X^T X/n, and the part of w0 outside the span of X stays."""
    n = X.shape[1]
    eigenvalues, vectors = eigenpairs(X.T, n)
    pull = beside_null_space(eigenvalues, (y - w0 @ X) @ vectors / n)
    return w0 + modes(eigenvalues, alpha, t, dynamics, np.zeros(n), pull) @ (X @ vectors).T


def eigenpairs(rows, n):
    """Eigenvalues and eigenvectors of rows @ rows.T / n, by NumPy: SciPy's routine lets no other thread run meanwhile."""
    eigenvalues, vectors = np.linalg.eigh(_gram(rows, n))
    least = max(eigenvalues.size * np.finfo(float).eps * eigenvalues[-1], IN_PLACE_OF_ZERO)
    return np.where(eigenvalues > least, eigenvalues, IN_PLACE_OF_ZERO), vectors


def _gram(rows, n):
    with np.errstate(over="ignore", invalid="ignore"):
        matrix = rows @ rows.T / n
    if not np.isfinite(matrix).all():
        raise ValueError(f"X must have entries whose squares are finite, got one of size {np.abs(rows).max():g}")
    return matrix


def beside_null_space(eigenvalues, pull):
    """The pull of the data on each eigenvector, 0 where the eigenvalue is 0 up to rounding.

    There the exact pull is 0; what rounding leaves of it would grow with time without a bound.
    """
    return np.where(eigenvalues > IN_PLACE_OF_ZERO, pull, 0.0)


def modes(eigenvalues, alpha, t, dynamics, start, pull):
    """start + h_t(l) pull for every time and eigenvalue l > 0, shape (m, k)."""
    rates = alpha * eigenvalues
    alternates = np.zeros_like(rates)
    if dynamics == "gd":
        _check_stable(alpha, eigenvalues[-1])
        alternates = (rates > 1).astype(float)
        with np.errstate(divide="ignore"):
            rates = np.minimum(-np.log1p(-np.where(rates > 1, 2 - rates, rates)), LARGEST_RATE)
    return eigenmodes.descent_modes(eigenvalues, rates, alternates, t, start, pull)


def _check_stable(alpha, largest):
    if not alpha * largest < 2:
        raise ValueError(
            f"alpha must be < {2 / largest:.6g}, 2 over the largest eigenvalue of X X^T/n, or gradient descent diverges, "
            f"got {alpha!r}"
        )


def _stepped_gd(X, y, w0, alpha, t):
    _check_stable(alpha, scipy.linalg.svdvals(X)[0] ** 2 / X.shape[1])
    wanted, place = np.unique(t, return_inverse=True)
    rows = np.empty((wanted.size, w0.size))
    w, now = w0, 0
    for row, time in zip(rows, wanted):
        for _ in range(int(time) - now):
            w = w + (alpha / y.size) * (X @ (y - w @ X))
        row[:], now = w, int(time)
    return rows[place]


def _stepped_flow(X, y, w0, alpha, t):
    wanted, place = np.unique(t, return_inverse=True)
    scale = 1 + np.abs(w0).max()
    result = solve_ivp(
        lambda _, w: (alpha / y.size) * (X @ (y - w @ X)),
        (0.0, max(wanted[-1], 1.0)),
        w0,
        method="DOP853",
        t_eval=wanted,
        rtol=1e-12,
        atol=1e-14 * scale,
    )
    if not result.success:
        raise ArithmeticError(f"the Runge-Kutta method failed: {result.message}")
    return result.y.T[place]
