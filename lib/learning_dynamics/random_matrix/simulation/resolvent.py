"""Bilinear forms of a resolvent at many points from one eigendecomposition."""

import numpy as np

from learning_dynamics._limits import within_floats
from learning_dynamics._threads import one_blas_thread
from learning_dynamics._validation import number_array, real_array
from learning_dynamics.random_matrix.kernels import resolvents
from learning_dynamics.random_matrix.simulation.descent import vector


def resolvent_bilinear(eigenvalues, eigenvectors, a, b, z):
    r"""Bilinear forms :math:`a^T (A - z I)^{-1} b` of a symmetric matrix A at many points z.

    Parameters
    ----------
    eigenvalues : array_like of float, shape (k,)
        Eigenvalues of A, for instance of :math:`XX^T/n`.
    eigenvectors : array_like of float, shape (k, k)
        Orthonormal eigenvectors in columns, as ``numpy.linalg.eigh`` returns them.
    a, b : array_like of float, shape (k,)
        Vectors of the form.
    z : complex or array_like of complex, shape (...)
        Points, none of them an eigenvalue. Real input gives real output.

    Returns
    -------
    float or complex, or numpy.ndarray of them, shape (...)

    Raises
    ------
    TypeError
        If an argument is of a wrong type.
    ValueError
        If shapes do not fit, an entry is not finite, or a point is an eigenvalue.

    Notes
    -----
    Each point costs k divisions; the two products with the eigenvectors are made once. These forms are the random quantities
    whose limits paper 1 takes in the proof of Theorem 1.
    """
    eigenvalues = real_array("eigenvalues", eigenvalues, ndim=1)
    eigenvectors = real_array("eigenvectors", eigenvectors, ndim=2, squares=True)
    size = eigenvalues.size
    if eigenvectors.shape != (size, size):
        raise ValueError(f"eigenvectors must have shape {(size, size)}, got {eigenvectors.shape}")
    a = vector("a", a, size, "one entry an eigenvalue")
    b = vector("b", b, size, "one entry an eigenvalue")
    z = number_array("z", z)
    hit = np.isin(z, eigenvalues)
    if hit.any():
        raise ValueError(f"z must not be an eigenvalue, got {z[hit][0]!s}")
    with one_blas_thread():
        turned = a @ eigenvectors, b @ eigenvectors
    with within_floats(a=a, b=b, eigenvectors=eigenvectors):
        products = turned[0] * turned[1]
    sums = resolvents.resolvent_sums(eigenvalues, products, z.ravel().astype(np.complex128)).reshape(z.shape)
    return (sums if z.dtype.kind == "c" else sums.real)[()]
