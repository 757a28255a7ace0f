"""The bilinear forms of the resolvent that carry the theorems: one shape for their limits and for their finite-size values."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class BilinearForms:
    r"""Forms :math:`a^T Q(z) b` of the resolvent :math:`Q(z) = (XX^T/n - zI)^{-1}`, all with the shape of `z`.

    The vectors are mu; noise, :math:`Zy/n`; pull, :math:`Xy/n = \mu + Zy/n`, which is what the labels pull w towards; and
    start, :math:`w_0`.

    Attributes
    ----------
    z : numpy.ndarray, shape (...)
        The points.
    mu_mu : numpy.ndarray, shape (...)
        :math:`\mu^T Q \mu`.
    mu_noise : numpy.ndarray, shape (...)
        :math:`\mu^T Q Z y / n`.
    noise_noise : numpy.ndarray, shape (...)
        :math:`y^T Z^T Q Z y / n^2`.
    mu_pull : numpy.ndarray, shape (...)
        :math:`\mu^T Q X y / n`, which carries E.
    pull_pull : numpy.ndarray, shape (...)
        :math:`y^T X^T Q X y / n^2`, which carries V and the training moments.
    start_start : numpy.ndarray, shape (...)
        :math:`w_0^T Q w_0`, which carries the memory of the start.
    mu_start : numpy.ndarray, shape (...)
        :math:`\mu^T Q w_0`.
    pull_start : numpy.ndarray, shape (...)
        :math:`y^T X^T Q w_0 / n`.
    """

    z: np.ndarray
    mu_mu: np.ndarray
    mu_noise: np.ndarray
    noise_noise: np.ndarray
    mu_pull: np.ndarray
    pull_pull: np.ndarray
    start_start: np.ndarray
    mu_start: np.ndarray
    pull_start: np.ndarray


PAIRS = {
    "mu_mu": ("mu", "mu"),
    "mu_noise": ("mu", "noise"),
    "noise_noise": ("noise", "noise"),
    "mu_pull": ("mu", "pull"),
    "pull_pull": ("pull", "pull"),
    "start_start": ("start", "start"),
    "mu_start": ("mu", "start"),
    "pull_start": ("pull", "start"),
}
"""The two vectors of each form."""
