"""Compiled count of wrong sides."""

import numpy as np

from learning_dynamics._compiled import njit

from . import arrays


@njit(array_form=arrays.error_shares, cache=True, nogil=True, error_model="numpy")
def error_shares(margins, labels):
    r"""Return for each row the share of labels y_j with y_j m_ij < 0, where m_ij = 0 counts one half.

    Parameters
    ----------
    margins : float64 array, shape (m, n)
    labels : float64 array, shape (n,)

    Returns
    -------
    float64 array, shape (m,)
    """
    shares = np.empty(margins.shape[0])
    for i in range(margins.shape[0]):
        halves = 0
        for j in range(labels.size):
            signed = margins[i, j] * labels[j]
            halves += int(signed < 0) + int(signed <= 0)
        shares[i] = halves / (2 * labels.size)
    return shares
