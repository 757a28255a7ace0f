"""The problem of this wing: regression by a wide two-layer ReLU network, of which the first layer is trained."""

from dataclasses import dataclass
from math import sqrt

import numpy as np

from learning_dynamics._limits import check_room, within_floats
from learning_dynamics._validation import (
    LARGEST_SQUARABLE,
    MOST_ENTRIES,
    boolean,
    choice,
    integer,
    moderate,
    real,
    real_array,
    shown,
    size,
)

LOSSES = ("sum", "half sum", "mean", "half mean")
INITIALIZATIONS = ("normal", "uniform")
LARGEST = 1e100
LARGEST_FACTOR = 1e20


@dataclass(frozen=True, kw_only=True, eq=False)
class TwoLayerRegression:
    r"""Data, a network :math:`f(x) = (g/\sqrt m) \sum_k a_k \max(w_k^T \tilde x, 0)`, a loss and a step.

    :math:`\tilde x` is (x, 1) with a bias and x without. The :math:`a_k` are 1 or -1 and fixed. A gradient step on the loss is
    :math:`w \leftarrow w - s \nabla f (f - Y)`, where the factor :math:`s` is `step`. relu'(0) = 0.

    Parameters
    ----------
    inputs : array_like of float, shape (n, d)
        One point a row; no row 0 if there is no bias.
    targets : array_like of float, shape (n,)
        Y.
    width : int
        Number m of neurons, >= 1; even if `antisymmetric`.
    learning_rate : float
        Step on the gradient of the loss, in [1e-200, 1e200].
    loss : {"sum", "half sum", "mean", "half mean"}
        The sum or mean of :math:`(f(x_i) - y_i)^2`, or half of it. "half sum" makes `step` the learning rate, as in paper 3.
    gain : float
        g, in [1e-20, 1e20]; 1 in paper 3.
    bias : bool
        Whether the inputs get a last entry 1, as in paper 3.
    initialization : {"normal", "uniform"}
        Each weight is drawn from N(0, scale^2) or uniformly from (-scale, scale).
    scale : float
        Size of the initial weights, in [0, 1e20]; kappa in paper 3.
    antisymmetric : bool
        If so, each neuron of the first half comes again in the second with the other sign, so that :math:`f_0 = 0`.

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If an argument is outside its range or shapes do not fit.

    Examples
    --------
    >>> model = TwoLayerRegression(inputs=[[1.0], [-1.0]], targets=[0.5, 1.0], width=4, learning_rate=0.1, loss="mean")
    >>> model.step
    0.1
    >>> weights, signs = model.draw(seed=1)
    >>> weights.shape
    (4, 2)
    """

    inputs: np.ndarray
    targets: np.ndarray
    width: int
    learning_rate: float
    loss: str = "half sum"
    gain: float = 1.0
    bias: bool = True
    initialization: str = "normal"
    scale: float = 1.0
    antisymmetric: bool = False

    def __post_init__(self):
        inputs = real_array("inputs", self.inputs, ndim=2)
        targets = real_array("targets", self.targets, ndim=1)
        if targets.size != len(inputs):
            raise ValueError(f"targets must hold one entry a row of inputs, {len(inputs)}, got {targets.size}")
        for name in ("bias", "antisymmetric"):
            boolean(name, getattr(self, name))
        _check_sizes(inputs, targets, self.bias)
        width = size("width", self.width)
        check_room(width * (inputs.shape[1] + 1), width=width)
        if self.antisymmetric and width % 2:
            raise ValueError(f"width must be even for antisymmetric pairs, got {width}")
        choice("loss", self.loss, LOSSES)
        choice("initialization", self.initialization, INITIALIZATIONS)
        checked = {
            "inputs": inputs,
            "targets": targets,
            "width": width,
            "learning_rate": moderate("learning_rate", self.learning_rate, largest=LARGEST**2),
            "gain": moderate("gain", self.gain, largest=LARGEST_FACTOR),
            "scale": real("scale", real("scale", self.scale, at_least=0), at_most=LARGEST_FACTOR),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        inputs.flags.writeable = targets.flags.writeable = False

    @property
    def features(self):
        r"""The :math:`\tilde x_i`, shape (n, D), where D is d + 1 with a bias and d without."""
        return self.extend(self.inputs)

    @property
    def step(self):
        r"""The factor s of :math:`\nabla f (f - Y)` in a step, a float."""
        return self.learning_rate * (2 if self.loss in ("sum", "mean") else 1) * self._share

    def loss_of(self, squares):
        r"""Return the loss for sums of squared residuals :math:`\sum_i (f(x_i) - y_i)^2`."""
        squares = real_array("squares", squares, at_least=0)
        return squares * (1 if self.loss in ("sum", "mean") else 0.5) * self._share

    def extend(self, points):
        """Return points of shape (k, d) with a last column of ones if there is a bias."""
        return extended(self, "points", points)

    def draw(self, seed):
        """Draw initial weights and signs.

        Parameters
        ----------
        seed : int or numpy.random.Generator
            Seed, >= 0, or the generator to draw from.

        Returns
        -------
        weights : numpy.ndarray of float, shape (m, D)
        signs : numpy.ndarray of float, shape (m,)
            1 or -1, with probability 1/2 each.
        """
        rng = seed if isinstance(seed, np.random.Generator) else np.random.default_rng(integer("seed", seed, at_least=0))
        drawn = self.width // 2 if self.antisymmetric else self.width
        shape = (drawn, self.features.shape[1])
        unit = rng.standard_normal(shape) if self.initialization == "normal" else rng.uniform(-1, 1, shape)
        weights, signs = self.scale * unit, rng.choice([-1.0, 1.0], drawn)
        if self.antisymmetric:
            return np.vstack([weights, weights]), np.concatenate([signs, -signs])
        return weights, signs

    def network(self, weights, signs):
        r"""Check weights and signs, and return the weights and :math:`g a_k/\sqrt m`.

        Parameters
        ----------
        weights : array_like of float, shape (m, D)
        signs : array_like of float, shape (m,)
            Entries 1 or -1.

        Returns
        -------
        weights : numpy.ndarray of float, shape (m, D)
            A copy.
        scales : numpy.ndarray of float, shape (m,)

        Raises
        ------
        ValueError
            If a shape does not fit, or a sign is not 1 or -1.
        """
        weights = real_array("weights", weights, ndim=2, squares=True)
        signs = real_array("signs", signs, ndim=1)
        wanted = (self.width, self.features.shape[1])
        if weights.shape != wanted:
            raise ValueError(f"weights must have shape {wanted}, one row a neuron, got {weights.shape}")
        if signs.shape != wanted[:1] or not np.all(np.abs(signs) == 1):
            raise ValueError(f"signs must be {self.width} numbers 1 or -1, got {shown(signs)}")
        return weights, self.gain / sqrt(self.width) * signs

    def outputs(self, weights, signs, points):
        r"""Return the outputs f(x) of a network.

        Parameters
        ----------
        weights : array_like of float, shape (m, D)
        signs : array_like of float, shape (m,)
        points : array_like of float, shape (k, d)

        Returns
        -------
        numpy.ndarray of float, shape (k,)
        """
        weights, scales = self.network(weights, signs)
        features = self.extend(points)
        outputs = np.zeros(len(features))
        _check_products(weights, features)
        for first in range(0, self.width, 4096):
            rows = slice(first, first + 4096)
            outputs += scales[rows] @ np.maximum(weights[rows] @ features.T, 0)
        return outputs

    @property
    def _share(self):
        return 1 / self.targets.size if "mean" in self.loss else 1.0


@dataclass(frozen=True, kw_only=True, eq=False)
class PolynomialData:
    r"""Points :math:`x_i` and targets :math:`y = ((x^T \beta)^p - \text{shift})/\text{spread}`.

    Attributes
    ----------
    inputs : numpy.ndarray of float, shape (n, d)
    targets : numpy.ndarray of float, shape (n,)
    beta : numpy.ndarray of float, shape (d,)
    degree : int
        p.
    norm : float
        Norm of every point.
    shift, spread : float
        Mean and (population) standard deviation of :math:`(x_i^T \beta)^p` over the points; 0 and 1 if not standardised.
    """

    inputs: np.ndarray
    targets: np.ndarray
    beta: np.ndarray
    degree: int
    norm: float
    shift: float
    spread: float

    def target(self, points):
        """Return the targets of points of shape (k, d), shape (k,)."""
        points = real_array("points", points, ndim=2, squares=True)
        if points.shape[1] != self.beta.size:
            raise ValueError(f"points must have {self.beta.size} columns, got {points.shape[1]}")
        heights = points @ self.beta
        with within_floats(points=points):
            return (heights**self.degree - self.shift) / self.spread

    def fresh(self, *, count, seed):
        """Draw other points of the same kind; return them, shape (count, d), and their targets, shape (count,)."""
        rng = np.random.default_rng(integer("seed", seed, at_least=0))
        check_room(3 * size("count", count) * self.beta.size, count=count)
        points = _points_of_norm(rng, count, self.beta.size, self.norm)
        return points, self.target(points)


def polynomial_data(*, seed, n=100, d=5, degree=2, norm=1.0, standardize=True, beta_norm=None):
    r"""Draw the data of the figure of paper 3, or its like.

    The points are uniform on :math:`[-1, 1]^d` and then scaled to one norm; beta is uniform on :math:`[-1, 1]^d`.

    Parameters
    ----------
    seed : int
        Seed, >= 0. The points are drawn first, then beta.
    n, d : int
        Numbers of points and of inputs, >= 1.
    degree : int
        p, >= 0.
    norm : float
        Norm of every point, > 0: 1 in the text of the figure, :math:`\sqrt d` in the theory.
    standardize : bool
        Whether the targets get mean 0 and standard deviation 1.
    beta_norm : float, optional
        If given, beta is scaled to this norm, in [1e-100, 1e100].

    Returns
    -------
    PolynomialData

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If an argument is outside its range, or equal targets are to be standardised.

    Examples
    --------
    >>> data = polynomial_data(seed=0)
    >>> data.inputs.shape, round(float(data.targets.std()), 12)
    ((100, 5), 1.0)
    """
    rng = np.random.default_rng(integer("seed", seed, at_least=0))
    n, d = size("n", n), size("d", d)
    check_room(3 * n * d, n=n, d=d)
    degree, norm = (
        integer("degree", integer("degree", degree, at_least=0), at_most=MOST_ENTRIES),
        moderate("norm", norm, largest=LARGEST),
    )
    boolean("standardize", standardize)
    inputs = _points_of_norm(rng, n, d, norm)
    beta = rng.uniform(-1, 1, d)
    if beta_norm is not None:
        beta *= moderate("beta_norm", beta_norm, largest=LARGEST) / np.linalg.norm(beta)
    with np.errstate(over="ignore"):
        powers = (inputs @ beta) ** degree
    if not np.isfinite(powers).all():
        raise ValueError(f"degree must leave the targets finite, got {degree} with points of norm {norm:g}")
    with np.errstate(over="ignore", invalid="ignore"):
        shift, spread = (float(powers.mean()), float(powers.std())) if standardize else (0.0, 1.0)
    if not np.isfinite(spread):
        raise ValueError(f"degree must leave the squares of the targets finite, got {degree} with points of norm {norm:g}")
    if not spread > 1e-12 * abs(shift):
        raise ValueError(
            f"standardize must be False where all targets are equal, got {powers[0]:g} at n = {n}, degree = {degree}"
        )
    targets = (powers - shift) / spread
    return PolynomialData(inputs=inputs, targets=targets, beta=beta, degree=degree, norm=norm, shift=shift, spread=spread)


def _check_products(weights, features):
    """Refuse weights and points of which one product overflows."""
    largest = float(np.abs(weights).max()) * float(np.abs(features).max())
    if not largest * features.shape[1] <= LARGEST_SQUARABLE:
        raise ValueError(f"weights and points must have products up to {LARGEST_SQUARABLE:g}, got one of size {largest:.3g}")


def _points_of_norm(rng, count, dimension, norm):
    points = rng.uniform(-1, 1, (count, dimension))
    return norm * points / np.linalg.norm(points, axis=1, keepdims=True)


def extended(model, name, points):
    """`TwoLayerRegression.extend` for points that have another name where they come from."""
    points = real_array(name, points, ndim=2, squares=True)
    if points.shape[1] != model.inputs.shape[1]:
        raise ValueError(f"{name} must have {model.inputs.shape[1]} columns, got {points.shape[1]}")
    return np.hstack([points, np.ones((len(points), 1))]) if model.bias else points


def _check_sizes(inputs, targets, bias):
    """Refuse what would overflow, or vanish, once it is squared."""
    for name, values in (("inputs", inputs), ("targets", targets)):
        if np.abs(values).max() > LARGEST:
            raise ValueError(f"{name} must be at most {LARGEST:g} in size, got {np.abs(values).max():.3g}")
    largest = np.abs(inputs).max(axis=1)
    if not bias and largest.min() < 1 / LARGEST:
        raise ValueError(
            f"inputs must hold no row of zeros without a bias, got the largest entry {largest.min():.3g} at row {largest.argmin()}"
        )
