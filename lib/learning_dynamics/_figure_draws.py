"""Stored runs of the experiment of the figure of paper 3, and their curves at any time."""

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from learning_dynamics._validation import choice, integer, real_array, shown

QUANTITIES = tuple(mean + suffix for suffix in ("", "_sd") for mean in ("perpendicular", "distance", "displacement"))


@dataclass(frozen=True, kw_only=True, eq=False)
class FigureDraws:
    r"""Stored runs of the experiment of the figure of paper 3 for many draws of its data, means over 5 starting weights.

    Attributes
    ----------
    command, date : str
        What made the file, and when.
    data_seeds, widths, epochs : numpy.ndarray of int, shapes (s,), (w,) and (e,)
    perpendicular, distance, displacement : numpy.ndarray of float, shape (s, w, e)
        The panels (a), (b) and (c), as in `learning_dynamics.overparametrized.Simulation`.
    perpendicular_sd, distance_sd, displacement_sd : numpy.ndarray of float, shape (s, w, e)
        Standard deviations over the starting weights.
    """

    command: str
    date: str
    data_seeds: np.ndarray
    widths: np.ndarray
    epochs: np.ndarray
    perpendicular: np.ndarray
    distance: np.ndarray
    displacement: np.ndarray
    perpendicular_sd: np.ndarray
    distance_sd: np.ndarray
    displacement_sd: np.ndarray

    def curves(self, name, *, width, epochs):
        """Return a quantity of one width at any epochs of the run, shape (s, k), by cubic interpolation in time.

        Raises
        ------
        TypeError
            If an argument is of a wrong type.
        ValueError
            If the quantity or the width is not stored, or an epoch is outside the run.
        """
        choice("name", name, QUANTITIES)
        if integer("width", width) not in self.widths:
            raise ValueError(f"width must be one of {', '.join(map(str, self.widths))}, got {shown(width)}")
        epochs = real_array("epochs", epochs)
        if not (0 <= epochs.min() and epochs.max() <= self.epochs[-1]):
            raise ValueError(f"epochs must be in [0, {self.epochs[-1]}], got {epochs.min():g} to {epochs.max():g}")
        values = getattr(self, name)[:, list(self.widths).index(width)]
        return CubicSpline(self.epochs, values, axis=1)(epochs)
