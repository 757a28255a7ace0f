"""Compiled loops between matrices of overlaps and states that hold each pair of neurons once."""

from learning_dynamics._compiled import njit

from . import arrays


@njit(array_form=arrays.pack, cache=True, nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})
def pack(a, u, y):
    r"""Write a, the :math:`s_i = u_{i1}`, and the :math:`r_{ij} = \langle u_i, u_j \rangle` for i < j, row by row, one after another.

    Parameters
    ----------
    a, u : float64 arrays, shapes (m,) and (m, q)
    y : float64 array, shape (2m + m(m - 1)/2,)
    """
    m = a.size
    p = 2 * m
    for i in range(m):
        y[i], y[m + i] = a[i], u[i, 0]
        for j in range(i + 1, m):
            total = 0.0
            for n in range(u.shape[1]):
                total += u[i, n] * u[j, n]
            y[p] = total
            p += 1


@njit(array_form=arrays.unpack, cache=True, nogil=True, error_model="numpy")
def unpack(pairs, r):
    r"""Write the matrix of the :math:`r_{ij}`, shape (m, m), with ones on its diagonal, from those with i < j."""
    p = 0
    for i in range(len(r)):
        r[i, i] = 1.0
        for j in range(i + 1, len(r)):
            r[i, j] = r[j, i] = pairs[p]
            p += 1
