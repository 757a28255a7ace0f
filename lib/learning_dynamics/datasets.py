"""Data that comes with the package. Nothing here needs the network; where each file comes from stands in ``data/README.md``."""

import csv
import hashlib
import io
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np

from learning_dynamics._figure_draws import FigureDraws
from learning_dynamics._validation import choice, integer, shown

__all__ = [
    "DataFileError", "DigitCounts", "FigureDraws", "OnesSevens", "PublishedFigure", "WideDescents",
    "digit_counts", "figure_draws", "mnist_ones_sevens", "published_figure", "wide_descents",
]  # fmt: skip
DATA_FOLDER = Path(__file__).with_name("data")
SHA256 = {
    "digit_counts.csv": "9d2119ea9ec17c6473a403071ef4a8cb1847a2b5c5fe1e165475081f84147ecf",
    "figure_draws.csv": "c218d195b96978cbd2258a19ad8e80cd984be28635bbf82d0bcb9ff980099f22",
    "mnist_ones_sevens.npz": "3eae6f5a4efc6c8fcc457842a3d22b919e5d100faa0e18bf0a594de851dd045b",
    "wide_descents.csv": "8fa57cd90dbeeb2a72ccf9fb09181e6f3c3255dca6bc1ec73c34d2a2db1f55ed",
    "published/liao-couillet-2018-figure-1.csv": "c3fdfe2cfd5c65e5fcd0d9adcdb61e9d4c2aba0778b2bf2ce2ecb2c20c736f23",
    "published/liao-couillet-2018-figure-2-density.csv": "49d8ee2a1267d37875aa02d3b5c30d93ecfc8b38b41dca35de9c620ab94920c0",
    "published/liao-couillet-2018-figure-2-histogram.csv": "6ce9a1da999b96eaf768a3b248bdfee4d033a042567786f49ca1839ccd6c8a8a",
    "published/liao-couillet-2018-figure-3.csv": "e5a5d28f7dc41cbe6f7640c7db4cf9e664d2a91c867e729344c11dd71a65c64e",
    "published/liao-couillet-2018-figure-4.csv": "a2792643c6151471b6fd3a4945d28e51b50e3150dd1882a581189f9966982db4",
    "published/liao-couillet-2018-figure-5.csv": "b4e881d2333ed8fee255fa14494cfdf016249a21b1ffb92fc8511c1d9461ce85",
    "published/liao-couillet-2018-figure-6.csv": "ee981716d9cc7055982748afe6caa03a6d20f4cc543c41d310bc584fdf43d9c0",
    "published/liao-couillet-2018-figure-7.csv": "bfa8fb997523d5125834ef2763671f578cacb3f3da0e19b629db78bab9a3f8c7",
    "published/satpathi-srikant-2021-figure-1.csv": "458af9d02a6ccffce8ba7f8ec003623f95732d3d87de41e211aeb49b234bbf65",
}
VECTOR = "read from the drawing commands of the PDF file and calibrated on the tick marks, twice and independently"
RASTER = (
    "three raster images of 432 x 288 pixels: the centre of each curve's anti-aliased line, column by column, where no other "
    "curve and no error bar covers it"
)
PRECISION = {
    ("liao-couillet-2018", 1): {"training_simulation": 6e-7, "training_theory": 6e-7, "generalization_simulation": 6e-7, "generalization_theory": 6e-7},
    ("liao-couillet-2018", 2): {"histogram_drawn_left": 5e-6, "histogram_drawn_right": 5e-6, "density_x": 1e-5, "density_relative": 2e-5},
    ("liao-couillet-2018", 3): {"least_error": 6e-7},
    ("liao-couillet-2018", 4): {"simulation": 1.5e-6, "taylor": 1.5e-6, "least_squares": 1.5e-6},
    ("liao-couillet-2018", 5): {"simulation": 2.5e-6, "taylor": 2.5e-6, "least_squares": 2.5e-6},
    ("liao-couillet-2018", 6): {"training_simulation": 6e-7, "training_theory": 6e-7, "generalization_simulation": 6e-7, "generalization_theory": 6e-7},
    ("liao-couillet-2018", 7): {"eigenvalue": 1e-4},
    ("satpathi-srikant-2021", 1): {"a": 0.012, "b": 0.15, "c": 0.14},
}  # fmt: skip
"""Reading error of the published columns, or panels: half of the last digit kept, and what the axis is uncertain by.

The axis of figure 4 is read up to 1.2e-6 low; that of figure 5 is read 1e-6 low at 1/2 and 2.3e-6 high at 0, as its lines of known height show.
The density of figure 2 is calibrated on the height of one count, which is known to 2e-5 of itself.  Columns that are not named are exact: times, counts, grids.
"""
PAGES = {
    ("liao-couillet-2018", 1): 5,
    ("liao-couillet-2018", 2): 6,
    ("liao-couillet-2018", 3): 6,
    ("liao-couillet-2018", 4): 7,
    ("liao-couillet-2018", 5): 8,
    ("liao-couillet-2018", 6): 8,
    ("liao-couillet-2018", 7): 12,
    ("satpathi-srikant-2021", 1): 10,
}
"""Page of each figure in its paper's file."""
PAPER_FILES = {
    "liao-couillet-2018": "the authors' file of the ICML paper with its supplement, 14 pages, made on 27 June 2018",
    "satpathi-srikant-2021": "the file of the proceedings, PMLR 144, pages 373 to 384",
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
        names = ("perpendicular", "parallel", "distance", "displacement", "largest_drift", "loss", "flipped")
        if not isinstance(name, str) or name not in names:
            raise ValueError(f"name must be one of {', '.join(names)}; got {shown(name)}.")
        chosen = self.epoch == integer("epoch", epoch)
        if not chosen.any():
            raise ValueError(f"epoch must be one that was stored, such as {self.epoch.max()}; got {shown(epoch)}.")
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


@dataclass(frozen=True, kw_only=True, eq=False)
class PublishedFigure(Mapping):
    """The curves of a paper's figure, as numbers: a mapping from the name of a column to its values.

    Attributes
    ----------
    paper, figure : str, int
    columns : mapping of str to numpy.ndarray, shape (rows,)
        float64, but for the panels of a figure, which are texts.  Columns of one table have one length.
    precision : mapping of str to float
        Reading error of a column (of a panel, for the figure of paper 3); columns not named are exact.
    source, page, how : str, int, str
        The file that was read, the page in it, and how.
    """

    paper: str
    figure: int
    columns: Mapping
    precision: Mapping
    source: str
    page: int
    how: str

    def __getitem__(self, name):
        if name not in self.columns:
            raise KeyError(f"figure {self.figure} of {self.paper} has the columns {', '.join(self.columns)}; got {shown(name)}")
        return self.columns[name]

    def __iter__(self):
        return iter(self.columns)

    def __len__(self):
        return len(self.columns)


def published_figure(paper, figure):
    """Return the curves that a paper's figure draws, after checking the SHA-256 of their files.

    They are measurements of pictures, with the precision that the result states.

    Parameters
    ----------
    paper : {"liao-couillet-2018", "satpathi-srikant-2021"}
    figure : int
        Number of the figure: 1 to 7 for the first, 1 for the second.

    Returns
    -------
    PublishedFigure
        Fresh arrays at every call.  Figure 2 of the first paper consists of two tables, whose columns begin with
        ``histogram_`` and ``density_``.

    Raises
    ------
    ValueError
        If there is no such figure.
    DataFileError
        If a file is missing, cannot be read or is damaged.

    Examples
    --------
    >>> printed = published_figure("liao-couillet-2018", 6)
    >>> float(printed["generalization_theory"][-1]), printed.page
    (0.040084, 8)
    """
    choice("paper", paper, PAPER_FILES)
    key = (paper, integer("figure", figure))
    if key not in PRECISION:
        known = ", ".join(f"figure {number} of {name!r}" for name, number in PRECISION)
        raise ValueError(f"figure must be that of one of: {known}; got figure {shown(figure)} of {shown(paper)}.")
    stem = f"published/{paper}-figure-{figure}"
    columns = {}
    for name in SHA256:
        if name.startswith((f"{stem}.", f"{stem}-")):
            part = name.removeprefix(stem).removesuffix(".csv").removeprefix("-")
            columns |= {f"{part}_{column}" if part else column: values for column, values in _table(name).items()}
    raster = paper == "satpathi-srikant-2021"
    return PublishedFigure(
        paper=paper,
        figure=figure,
        columns=MappingProxyType(columns),
        precision=MappingProxyType(PRECISION[key]),
        source=PAPER_FILES[paper],
        page=PAGES[key],
        how=RASTER if raster else VECTOR,
    )


def _table(name):
    """The columns of a CSV file: numbers as float64, anything else as text."""
    columns = zip(*csv.reader(_checked_content(name).decode("utf-8").splitlines()))
    return {column: np.array(values, str if values[0].isalpha() else float) for column, *values in columns}


@dataclass(frozen=True, kw_only=True, eq=False)
class DigitCounts:
    """Errors of the experiment of paper 1, figure 6, repeated: one row a reading, a pool, a kind and a class.

    Attributes
    ----------
    command, date : str
        What made the file, and when.
    reading, kind : numpy.ndarray of str, shape (rows,)
        The reading of the recipe; "training" or "generalization".
    pool, digit_class : numpy.ndarray of int, shape (rows,)
        Number of the pool, whose noise is its own; 1 for the ones, 2 for the sevens.
    mu_norm2 : numpy.ndarray of float, shape (rows,)
        Squared norm of mu in the pool, before it was scaled to 6.48155.
    t : numpy.ndarray of int, shape (50,)
        Training times.
    counts : numpy.ndarray of int, shape (rows, 50)
        Missed points in 100 runs, out of `points`.
    """

    command: str
    date: str
    reading: np.ndarray
    kind: np.ndarray
    pool: np.ndarray
    digit_class: np.ndarray
    mu_norm2: np.ndarray
    t: np.ndarray
    counts: np.ndarray

    points = 39_200
    runs = 100

    def of(self, reading, kind, digit_class):
        """Counts of one reading, kind and class, one row a pool, numpy.ndarray of int, shape (pools, 50)."""
        choice("reading", reading, np.unique(self.reading).tolist())
        choice("kind", kind, np.unique(self.kind).tolist())
        digit_class = integer("digit_class", digit_class, at_least=1, at_most=2)
        return self.counts[(self.reading == reading) & (self.kind == kind) & (self.digit_class == digit_class)]


def digit_counts():
    """Return the stored repetitions of the experiment with digits after checking their file's SHA-256.

    Returns
    -------
    DigitCounts

    Raises
    ------
    DataFileError
        If the file is missing, cannot be read or is damaged.

    Examples
    --------
    >>> stored = digit_counts()
    >>> stored.of("power ratio", "training", 1).shape
    (16, 50)
    """
    first, *lines = _checked_content("digit_counts.csv").decode("utf-8").splitlines()
    command, date = first.removeprefix("# ").split(", ")
    head, *rows = csv.reader(lines)
    reading, pool, mu_norm2, kind, digit_class, *counts = map(np.array, zip(*rows))
    return DigitCounts(
        command=command,
        date=date,
        reading=reading,
        kind=kind,
        pool=pool.astype(np.int64),
        digit_class=digit_class.astype(np.int64),
        mu_norm2=mu_norm2.astype(float),
        t=np.array([int(name.removeprefix("t")) for name in head[5:]]),
        counts=np.array(counts, np.int64).T,
    )


def figure_draws():
    """Return the stored draws of the figure of paper 3 after checking their file's SHA-256.

    Returns
    -------
    FigureDraws

    Raises
    ------
    DataFileError
        If the file is missing, cannot be read or is damaged.

    Examples
    --------
    >>> stored = figure_draws()
    >>> stored.widths.tolist(), int(stored.epochs[-1])
    ([1000, 2000, 5000, 10000], 10000)
    """
    first, *lines = _checked_content("figure_draws.csv").decode("utf-8").splitlines()
    command, date = first.removeprefix("# ").split(", ")
    columns = {name: np.array(values, float) for name, *values in zip(*csv.reader(lines))}
    data_seeds, widths, epochs = (np.unique(columns.pop(name)).astype(int) for name in ("data_seed", "width", "epoch"))
    shape = (data_seeds.size, widths.size, epochs.size)
    arrays = {name: values.reshape(shape) for name, values in columns.items()}
    return FigureDraws(command=command, date=date, data_seeds=data_seeds, widths=widths, epochs=epochs, **arrays)


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
