r"""Compiled loops over the angles between all pairs of points: arrays in, arrays out, no checks.

Every angle is :math:`\theta = 2 \arcsin \sqrt z` with :math:`z = (1 - \cos\theta)/2 = |u - v|^2/4` for the unit vectors, or its
complement. Up to a cosine of 0.9 the first form of z is as good as the second; nearer to parallel points only the second keeps
its digits.
"""

import math

import numpy as np

from learning_dynamics._compiled import njit

from . import arrays

FAR = 0.9
TILE = 32
HALF_PI = math.pi / 2


@njit(array_form=arrays.split, cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})
def split(points, norms, units):
    """Write the norms of points, shape (k,), and the points divided by them, shape (k, D); a point 0 stays 0."""
    for i in range(len(points)):
        total = 0.0
        for j in range(points.shape[1]):
            total += points[i, j] * points[i, j]
        norms[i] = math.sqrt(total)
        divisor = norms[i] if total > 0 else 1.0
        for j in range(points.shape[1]):
            units[i, j] = points[i, j] / divisor


@njit(cache=True, nogil=True, error_model="numpy")
def arcsine(s, z):
    r"""Return :math:`\arcsin s` for s in [0, 1/2] and z = s^2, to two units in the last place.

    :math:`(\arcsin s - s)/s^3` is replaced by the polynomial of degree 11 in z that interpolates it at the Chebyshev nodes of
    [0, 1/4]; it is off by 6e-17. There is no branch, so that loops over it become vector instructions.
    """
    q = 0.028169218060881414
    q = q * z - 0.010749050339697808
    q = q * z + 0.01603551434914882
    q = q * z + 0.0078029494773533175
    q = q * z + 0.011875494382636922
    q = q * z + 0.013929652902326633
    q = q * z + 0.017355259955786323
    q = q * z + 0.02237204763174451
    q = q * z + 0.03038194736709848
    q = q * z + 0.044642857103423646
    q = q * z + 0.07500000000020764
    q = q * z + 0.1666666666666665
    return s + s * (z * q)


@njit(cache=True, nogil=True, error_model="numpy")
def cosines(products, norm, norms, cosine, quarter):
    r"""Write the cosines c of the angles and, for the angle or its complement, :math:`z = (1 - |c|)/2`; shape (l,) each."""
    for j in range(products.size):
        cosine[j] = products[j] / (norm * norms[j])
        quarter[j] = (1 - abs(cosine[j])) / 2


@njit(cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})
def squared_distance(u, v, sign):
    r"""Return :math:`|u \mp v|^2` for a sign of :math:`\pm 1`."""
    total = 0.0
    for k in range(u.size):
        part = u[k] - sign * v[k]
        total += part * part
    return total


@njit(cache=True, nogil=True, error_model="numpy")
def mend_near(cosine, unit, units, quarter):
    """Overwrite z by its exact form where points are nearly parallel or opposite, or where the cosine is no number."""
    for j in range(cosine.size):
        if not abs(cosine[j]) <= FAR:
            sign = -1.0 if cosine[j] < 0 else 1.0
            quarter[j] = squared_distance(unit, units[j], sign) / 4


@njit(cache=True, nogil=True, error_model="numpy")
def weigh(products, cosine, quarter):
    r"""Multiply by :math:`(\pi - \theta)/(2 \pi)`."""
    for j in range(products.size):
        size = abs(cosine[j])
        far = size <= 0.5
        s = size if far else math.sqrt(quarter[j])
        part = arcsine(s, size * size if far else quarter[j])
        opposite = cosine[j] < 0
        around = HALF_PI - part if opposite else HALF_PI + part
        near = 2 * part if opposite else math.pi - 2 * part
        products[j] *= (around if far else near) / (2 * math.pi)


@njit(array_form=arrays.weigh_rows, cache=True, nogil=True, error_model="numpy")
def weigh_rows(products, first, norms, units, other_norms, other_units, triangle):
    r"""Overwrite inner products :math:`x_i^T z_j` of some rows with :math:`x_i^T z_j (\pi - \theta_{ij})/(2\pi)`.

    Parameters
    ----------
    products : float64 array, shape (r, l)
        Of the points x with the indices first, ..., first + r - 1.
    first : int
    norms, units : float64 arrays, shapes (k,) and (k, D)
        Norms of all points x, and the points divided by them; a point 0 stays 0.
    other_norms, other_units : float64 arrays, shapes (l,) and (l, D)
        The same for z.
    triangle : bool
        Whether the pairs with j > i are left alone.
    """
    cosine, quarter = np.empty(products.shape[1]), np.empty(products.shape[1])
    for row in range(products.shape[0]):
        i = first + row
        last = i + 1 if triangle else products.shape[1]
        cosines(products[row, :last], norms[i], other_norms[:last], cosine, quarter)
        mend_near(cosine[:last], units[i], other_units, quarter)
        weigh(products[row, :last], cosine, quarter)


@njit(array_form=arrays.mirror, cache=True, nogil=True, error_model="numpy")
def mirror(matrix):
    """Copy the lower triangle of a square matrix to the upper one, in tiles that stay in the cache."""
    n = len(matrix)
    for top in range(0, n, TILE):
        for left in range(0, top + 1, TILE):
            for i in range(top, min(top + TILE, n)):
                for j in range(left, min(left + TILE, i)):
                    matrix[j, i] = matrix[i, j]
