"""One draw of the mixture in the basis of its eigenvectors, and what many draws say about the spectrum."""

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from learning_dynamics._limits import check_room
from learning_dynamics._randomness import replicate
from learning_dynamics._threads import one_blas_thread
from learning_dynamics._validation import boolean, instance, integer, number_array, size
from learning_dynamics.random_matrix.kernels import resolvents
from learning_dynamics.random_matrix.mathematics.bilinear_forms import PAIRS, BilinearForms
from learning_dynamics.random_matrix.model import MixtureClassification
from learning_dynamics.random_matrix.simulation.experiment import checked_sizes, class_labels, draw_mixture, mean_vector
from learning_dynamics.random_matrix.simulation.finite_size import MOST_DOUBLINGS, doubled_dimensions, draws_at, halved_runs


@dataclass(frozen=True, kw_only=True)
class SampleSpectrum:
    r"""One draw of the mixture with the eigendecomposition of :math:`XX^T/n`.

    Attributes
    ----------
    X : numpy.ndarray of float, shape (p, n)
        Training points in columns.
    y : numpy.ndarray of float, shape (n,)
        Labels.
    w0 : numpy.ndarray of float, shape (p,)
        Initial weights.
    mu : numpy.ndarray of float, shape (p,)
        Mean of class 2.
    eigenvalues : numpy.ndarray of float, shape (p,)
        Eigenvalues of :math:`XX^T/n`, ascending; the p - n in the null space of :math:`X^T` are exactly 0.
    eigenvectors : numpy.ndarray of float, shape (p, p)
        Their eigenvectors, in columns.
    """

    X: np.ndarray
    y: np.ndarray
    w0: np.ndarray
    mu: np.ndarray
    eigenvalues: np.ndarray
    eigenvectors: np.ndarray

    @property
    def overlap(self):
        """Squared cosine between the leading eigenvector and mu, as a float."""
        return float((self.eigenvectors[:, -1] @ self.mu) ** 2 / (self.mu @ self.mu))

    @property
    def signal_weights(self):
        r"""Masses :math:`(\mu^T u_k)(u_k^T Xy/n)` at the eigenvalues, shape (p,), with sum :math:`\mu^T Xy/n`.

        Their limit is the measure of the signal, paper 1 equation (8): `signal_density` on the bulk, `signal_atom` at the spike.
        """
        return (self.mu @ self.eigenvectors) * ((self.X @ self.y / self.y.size) @ self.eigenvectors)

    def forms(self, z):
        """`BilinearForms` of this draw at the points `z`, none of them an eigenvalue; see `resolvent_bilinear`."""
        z = number_array("z", z)
        hit = np.isin(z, self.eigenvalues)
        if hit.any():
            raise ValueError(f"z must not be an eigenvalue, got {z[hit][0]!s}")
        with one_blas_thread():
            return self._forms(z)

    def _forms(self, z):
        pull = self.X @ self.y / self.y.size
        vectors = {"mu": self.mu, "noise": pull - self.mu, "pull": pull, "start": self.w0}
        turned = {name: vector @ self.eigenvectors for name, vector in vectors.items()}
        points = z.ravel().astype(np.complex128)
        sums = {
            name: resolvents.resolvent_sums(self.eigenvalues, turned[a] * turned[b], points).reshape(z.shape)
            for name, (a, b) in PAIRS.items()
        }
        return BilinearForms(z=z, **{name: value if z.dtype.kind == "c" else value.real for name, value in sums.items()})


@dataclass(frozen=True, kw_only=True)
class Concentration:
    """Bilinear forms over independent draws at doubled dimensions.

    Attributes
    ----------
    p, runs : numpy.ndarray of int, shape (k,)
        The dimensions, and the number of draws at each.
    mean : BilinearForms
        Means over the draws, arrays of shape (k, m).
    standard_deviation : BilinearForms
        Root mean square of the distance from the mean, real arrays of shape (k, m).
    """

    p: np.ndarray
    runs: np.ndarray
    mean: BilinearForms
    standard_deviation: BilinearForms


@dataclass(frozen=True, kw_only=True)
class LeadingPairs:
    """The leading eigenpair over independent draws.

    Attributes
    ----------
    eigenvalue : numpy.ndarray of float, shape (runs,)
        Largest eigenvalue of :math:`XX^T/n`.
    overlap : numpy.ndarray of float, shape (runs,)
        Squared cosine between its eigenvector and mu.
    """

    eigenvalue: np.ndarray
    overlap: np.ndarray


def sample_spectrum(model, *, p, seed, class_proportions=(0.5, 0.5)):
    r"""Draw the mixture once and decompose :math:`XX^T/n`.

    Parameters
    ----------
    model : MixtureClassification
    p : int
        Dimension, >= 1. The number of training points is n = round(p/c).
    seed : int
        Seed, >= 0. The draw is the first one of `simulate` with this seed.
    class_proportions : pair of float
        See `simulate`.

    Returns
    -------
    SampleSpectrum

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed, as for `simulate`.

    Notes
    -----
    mu is :math:`\sqrt{\text{mu\_norm2}} e_1` without loss of generality. LAPACK is held to one thread.

    Examples
    --------
    >>> from learning_dynamics.random_matrix import MixtureClassification
    >>> model = MixtureClassification(mu_norm2=2.25, c=0.5, sigma2=0.1, alpha=0.01)
    >>> sample_spectrum(model, p=64, seed=1).eigenvalues.shape
    (64,)
    """
    instance("model", model, MixtureClassification)
    p, n = checked_sizes(model, p)
    labels = class_labels(n, class_proportions)
    (sample,) = replicate(lambda rng: _sample(model, labels, p, rng), runs=1, seed=seed, workers=1)
    return sample


def spectra(model, *, p, runs, seed, signal=True, workers=None):
    r"""Eigenvalues of :math:`XX^T/n` over independent draws.

    Parameters
    ----------
    model : MixtureClassification
    p : int
        Dimension, >= 1. The number of training points is n = round(p/c).
    runs : int
        Number of draws, >= 1.
    seed : int
        Seed, >= 0. The first draw is that of `sample_spectrum`.
    signal : bool
        Whether X holds the class means; without them it is the same noise alone.
    workers : int, optional
        Number of threads, see `simulate`.

    Returns
    -------
    numpy.ndarray of float, shape (runs, p)
        Ascending in each row; those in the null space of :math:`X^T` may differ from 0 by rounding.

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed, as for `simulate`.
    """
    instance("model", model, MixtureClassification)
    p, n = checked_sizes(model, p)
    labels = class_labels(n, (0.5, 0.5))
    mu = mean_vector(model, p)
    boolean("signal", signal)

    def experiment(rng):
        X, _ = draw_mixture(model, mu, labels, rng)
        if not signal:
            X -= np.outer(mu, labels)
        return np.linalg.eigvalsh(X @ X.T / labels.size)

    return np.array(replicate(experiment, runs=runs, seed=seed, workers=workers))


def concentration(model, *, z, smallest_p, doublings, runs, seed, workers=None):
    r"""Measure how the bilinear forms of the resolvent concentrate as the dimension doubles.

    Parameters
    ----------
    model : MixtureClassification
    z : array_like of complex, shape (m,)
        Points, away from the real axis or well away from the spectrum.
    smallest_p : int
        The first dimension is the least one >= smallest_p for which p/c is an integer.
    doublings : int
        How often it is doubled, >= 1.
    runs : int
        Draws at the first dimension; their number is halved with every doubling, but is at least 8.
    seed : int
        Seed. Each dimension has its own.
    workers : int, optional
        Number of threads, see `simulate`.

    Returns
    -------
    Concentration

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed, as for `finite_size`.
    """
    instance("model", model, MixtureClassification)
    z = number_array("z", z)
    if z.ndim != 1:
        raise ValueError(f"z must have 1 dimension, got shape {z.shape}")
    doublings = integer("doublings", doublings, at_least=1, at_most=MOST_DOUBLINGS)
    runs = size("runs", runs)
    seed = integer("seed", seed, at_least=0)
    sizes = doubled_dimensions(model.c, smallest_p, doublings)
    check_room(int(sizes[-1]) ** 2, smallest_p=smallest_p, doublings=doublings)
    counts = halved_runs(runs, doublings)
    drawn = [
        [forms for group in groups for forms in _forms_of_draws(model, z, p, *group, workers=workers)]
        for p, groups in zip(sizes.tolist(), draws_at(model.c, sizes, counts, seed))
    ]
    means, deviations = {}, {}
    for name in PAIRS:
        values = [np.array([getattr(forms, name) for forms in draws]) for draws in drawn]
        means[name] = np.array([value.mean(axis=0) for value in values])
        deviations[name] = np.array([value.std(axis=0, ddof=1) for value in values])
    return Concentration(
        p=sizes,
        runs=counts,
        mean=BilinearForms(z=z, **means),
        standard_deviation=BilinearForms(z=z, **deviations),
    )


def leading_pairs(model, *, p, runs, seed, workers=None):
    r"""Largest eigenvalue of :math:`XX^T/n` and overlap of its eigenvector with mu, over independent draws.

    Parameters
    ----------
    model : MixtureClassification
    p : int
        Dimension, >= 1. The number of training points is n = round(p/c).
    runs : int
        Number of draws, >= 1.
    seed : int
        Seed, >= 0. Models that differ in mu_norm2 alone get the same noise.
    workers : int, optional
        Number of threads, see `simulate`.

    Returns
    -------
    LeadingPairs

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed, as for `simulate`.
    """
    instance("model", model, MixtureClassification)
    p, n = checked_sizes(model, p)
    labels = class_labels(n, (0.5, 0.5))

    def experiment(rng):
        X, _ = draw_mixture(model, mean_vector(model, p), labels, rng)
        values, vectors = scipy.linalg.eigh(
            X @ X.T / labels.size, subset_by_index=[p - 1, p - 1], driver="evr", overwrite_a=True, check_finite=False
        )
        return values[0], vectors[0, 0] ** 2

    eigenvalue, overlap = map(np.array, zip(*replicate(experiment, runs=runs, seed=seed, workers=workers)))
    return LeadingPairs(eigenvalue=eigenvalue, overlap=overlap)


def _sample(model, labels, p, rng):
    mu = mean_vector(model, p)
    X, w0 = draw_mixture(model, mu, labels, rng)
    eigenvalues, eigenvectors = np.linalg.eigh(X @ X.T / labels.size)
    eigenvalues[: max(p - labels.size, 0)] = 0.0
    return SampleSpectrum(X=X, y=labels, w0=w0, mu=mu, eigenvalues=eigenvalues, eigenvectors=eigenvectors)


def _forms_of_draws(model, z, p, n, runs, seed, *, workers):
    labels = class_labels(n, (0.5, 0.5))
    return replicate(lambda rng: _sample(model, labels, p, rng)._forms(z), runs=runs, seed=seed, workers=workers)
