"""Data that comes with the package. Nothing here needs the network; where each file comes from stands in ``data/README.md``."""

import csv
import hashlib
import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np

DATA_FOLDER = Path(__file__).with_name("data")
SHA256 = {
    "mnist_ones_sevens.npz": "3eae6f5a4efc6c8fcc457842a3d22b919e5d100faa0e18bf0a594de851dd045b",
    "wide_descents.csv": "8fa57cd90dbeeb2a72ccf9fb09181e6f3c3255dca6bc1ec73c34d2a2db1f55ed",
}


class DataFileError(Exception):
    """A data file of the package is missing, cannot be read, or is not the one that was published."""


@dataclass(frozen=True, kw_only=True, eq=False)
class OnesSevens:
    """The MNIST training images of the digits 1 and 7.

    Attributes
    ----------
    images : numpy.ndarray of uint8, shape (13007, 784)
        Row by row, grey levels from 0 to 255, in the order of the original file.
    digits : numpy.ndarray of uint8, shape (13007,)
        1 (6742 times) or 7 (6265 times).
    pixel_mean : float
        Mean of all pixels of all 60 000 training images, pixels divided by 255.
    pixel_variance : float
        Variance of all pixels of all 60 000 training images together, pixels divided by 255.
    centred_power : float
        Mean over the 784 pixels of the pixel's variance over all 60 000 training images, pixels divided by 255.
    """

    images: np.ndarray
    digits: np.ndarray
    pixel_mean: float
    pixel_variance: float
    centred_power: float

    @property
    def labels(self):
        """Class labels, numpy.ndarray of float64, shape (13007,): -1 for digit 1, +1 for digit 7."""
        return np.where(self.digits == 7, 1.0, -1.0)


def mnist_ones_sevens():
    """Return the 13 007 MNIST training images of the digits 1 and 7 after checking their file's SHA-256.

    Returns
    -------
    OnesSevens
        Fresh arrays at every call.

    Raises
    ------
    DataFileError
        If the file is missing, cannot be read or is damaged.

    Examples
    --------
    >>> data = mnist_ones_sevens()
    >>> data.images.shape, int((data.digits == 1).sum()), int((data.digits == 7).sum())
    ((13007, 784), 6742, 6265)
    """
    content = _checked_content("mnist_ones_sevens.npz")
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return OnesSevens(
            images=arrays["images"],
            digits=arrays["digits"],
            pixel_mean=float(arrays["pixel_mean"]),
            pixel_variance=float(arrays["pixel_variance"]),
            centred_power=float(arrays["centred_power"]),
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class WideDescents:
    r"""Stored descents of wide networks, in the setting of the figure of paper 3, one row a width, a run and an epoch.

    Attributes
    ----------
    command, date : str
        What made the file, and when.
    width, run, epoch : numpy.ndarray of int, shape (rows,)
    perpendicular, parallel, distance, displacement, largest_drift, loss : numpy.ndarray of float, shape (rows,)
        As in `learning_dynamics.overparametrized.Training`; `distance` is the sum of the first two.
    flipped : numpy.ndarray of int, shape (rows,)
    """

    command: str
    date: str
    width: np.ndarray
    run: np.ndarray
    epoch: np.ndarray
    perpendicular: np.ndarray
    parallel: np.ndarray
    displacement: np.ndarray
    largest_drift: np.ndarray
    loss: np.ndarray
    flipped: np.ndarray

    @property
    def distance(self):
        """Squared distance to the solution of the linearised problem."""
        return self.perpendicular + self.parallel

    def means(self, name, *, epoch):
        """Return the widths that reach an epoch, and the means over their runs of a quantity there, two arrays."""
        chosen = self.epoch == epoch
        widths = np.unique(self.width[chosen])
        return widths, np.array([getattr(self, name)[chosen & (self.width == m)].mean() for m in widths])


def wide_descents():
    """Return the stored descents of wide networks after checking their file's SHA-256.

    Returns
    -------
    WideDescents

    Raises
    ------
    DataFileError
        If the file is missing, cannot be read or is damaged.

    Examples
    --------
    >>> stored = wide_descents()
    >>> int(stored.width.max()), int(stored.epoch.max())
    (1000000, 100000)
    """
    first, *lines = _checked_content("wide_descents.csv").decode("utf-8").splitlines()
    command, date = first.removeprefix("# ").split(", ")
    whole = ("width", "run", "epoch", "flipped")
    columns = {name: values for name, *values in zip(*csv.reader(lines))}
    arrays = {name: np.array(values, np.int64 if name in whole else float) for name, values in columns.items()}
    return WideDescents(command=command, date=date, **arrays)


def _checked_content(name):
    path = DATA_FOLDER / name
    remedy = "restore it from the repository or install the package again"
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise DataFileError(f"{path} is missing; {remedy}") from None
    except OSError as error:
        raise DataFileError(f"{path} cannot be read ({error.strerror}); {remedy}") from error
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256[name]:
        raise DataFileError(
            f"{path} is damaged (SHA-256 begins with {found[:12]} instead of {SHA256[name][:12]}, {len(content)} bytes); {remedy}"
        )
    return content
