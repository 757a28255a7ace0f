r"""Readings of the recipe of paper 1, figure 6: how strong the noise is, and in which unit; and the law of :math:`\|\mu\|^2` under each."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from math import sqrt

import numpy as np
from scipy.stats import ncx2

from learning_dynamics._limits import within_floats
from learning_dynamics._validation import choice, moderate, real, real_array, shown

LARGEST = 1e100
READINGS = ("power ratio", "signal to noise", "unit noise", "inverse variance")


@dataclass(frozen=True, kw_only=True)
class Reading:
    """One reading.

    Attributes
    ----------
    noise, unit : str
        In words: how strong the noise is, and what images and noise are divided by.
    power, scale : float
        Variance of the noise on each pixel, and the factor for the images after that.
    """

    noise: str
    unit: str
    power: float
    scale: float


@dataclass(frozen=True, kw_only=True)
class SignalLaw:
    r"""The law of :math:`\|\mu\|^2` over draws of the noise: a scaled non-central chi-square, exactly.

    Attributes
    ----------
    clean : float
        :math:`\|\mu\|^2` without noise, before scaling.
    spread : float
        Variance of each coordinate of mu, before scaling.
    p : int
        Dimension.
    scale : float
        Factor for the points.
    """

    clean: float
    spread: float
    p: int
    scale: float

    @property
    def mean(self):
        return self.scale**2 * (self.clean + self.p * self.spread)

    @property
    def standard_deviation(self):
        return self.scale**2 * sqrt(4 * self.clean * self.spread + 2 * self.p * self.spread**2)

    def p_value(self, value):
        """Two-sided probability of a value at least as far out, twice the smaller tail; a float from 0 to 1."""
        value = real("value", value)
        law = ncx2(self.p, self.clean / self.spread, scale=self.scale**2 * self.spread)
        with within_floats(value=value):
            return float(min(1.0, 2 * min(law.cdf(value), law.sf(value))))


def noise_and_scale(points, *, reading, decibel=-10.0, pixel_mean, pixel_variance, centred_power):
    r"""Noise power and scale of the images under one of four readings of the recipe of paper 1, figure 6.

    Parameters
    ----------
    points : array_like of float, shape (N, p)
        Images with grey levels from 0 to 1, one a row.
    reading : {"power ratio", "signal to noise", "unit noise", "inverse variance"}
        With :math:`q = 10^{d/10}`:

        - "power ratio": the noise has q times the mean square of a pixel, and the images keep their scale.
        - "signal to noise": the images have q times the power of the noise, by the mean square over the whole data set, and the noise is the
          unit.
        - "unit noise": noise of variance 1, whatever d is; images and noise together are scaled to mean square 1.
        - "inverse variance": the noise has the power q divided by the variance of a pixel; images and noise together are scaled to
          variance 1 a pixel.
    decibel : float
        The noise level d of the text.
    pixel_mean, pixel_variance, centred_power : float
        Mean and variance of all pixels together, and mean over pixels of each pixel's variance, in the data set that the images
        come from; the variances > 0. All at most 1e100 in size. The first reading does not use them.

    Returns
    -------
    power, scale : float
        Variance of the noise to add to each pixel, and factor for the images after that.

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed.
    """
    choice("reading", reading, READINGS)
    ratio = _ratio(decibel)
    points = real_array("points", points, ndim=2, squares=True)
    mean, variance, centred = _pixel_powers(pixel_mean, pixel_variance, centred_power)
    if reading == "power ratio":
        return ratio * float(np.mean(np.square(points))), 1.0
    mean_square = variance + mean**2
    if reading == "signal to noise":
        return mean_square / ratio, sqrt(ratio / mean_square)
    if reading == "unit noise":
        return 1.0, 1 / sqrt(1 + mean_square)
    power = ratio / variance
    return power, 1 / sqrt(power + centred)


def _ratio(decibel):
    return 10 ** (real("decibel", decibel, at_least=-300, at_most=300) / 10)


def _pixel_powers(pixel_mean, pixel_variance, centred_power):
    """Mean, variance and centred power of a data set, checked."""
    mean = real("pixel_mean", pixel_mean, at_least=-LARGEST, at_most=LARGEST)
    variances = {"pixel_variance": pixel_variance, "centred_power": centred_power}
    return mean, *(moderate(name, value, largest=LARGEST) for name, value in variances.items())


def readings_of_the_text(powers, *, decibel=-10.0):
    r"""Every combination of what "noise of d dB" may be relative to and of what the images may then be divided by.

    Parameters
    ----------
    powers : dict of str to float
        Measures of the power of a pixel, by name, each > 0.
    decibel : float
        The noise level d.

    Returns
    -------
    list of Reading
        The noise has a power P of :math:`q = 10^{d/10}` times each measure, or of 1/q times it (d is then the signal-to-noise ratio); or of q or of 1, absolutely.
        Images and noise are divided by nothing, by the root of the measure, of P, or of their sum; for an absolute P, of P plus each measure.

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed.
    """
    ratio = _ratio(decibel)
    powers = {name: moderate("powers", measure, largest=LARGEST) for name, measure in _named(powers)}
    found = []
    for (name, measure), (words, factor) in product(powers.items(), (("noise to signal", ratio), ("signal to noise", 1 / ratio))):
        power = factor * measure
        for unit, square in (("none", 1.0), ("images", measure), ("noise", power), ("both", measure + power)):
            found.append(Reading(noise=f"{words}, {name}", unit=unit, power=power, scale=1 / sqrt(square)))
    for words, power in (("absolute", ratio), ("variance 1", 1.0)):
        units = {"none": 1.0, "noise": power} if power != 1 else {"none": 1.0}
        units |= {f"both, {name}": power + measure for name, measure in powers.items()}
        found += [Reading(noise=words, unit=unit, power=power, scale=1 / sqrt(square)) for unit, square in units.items()]
    return found


def _named(powers):
    if not isinstance(powers, Mapping) or not powers:
        raise TypeError(f"powers must be a dict that holds at least one measure by its name, got {shown(powers)}")
    return powers.items()


def signal_law(points, labels, *, power, scale):
    r"""Law of :math:`\|\mu\|^2` over draws of the noise, where mu is half the difference of the class means of the noisy points.

    Parameters
    ----------
    points : array_like of float, shape (N, p)
        Points without noise, one a row.
    labels : array_like of float, shape (N,)
        -1 (class 1) or +1 (class 2), both present.
    power : float
        Variance of the noise on each coordinate, > 0.
    scale : float
        Factor for the noisy points, > 0.

    Returns
    -------
    SignalLaw
        The noise adds to mu a normal vector of variance :math:`\tfrac14(1/N_1 + 1/N_2)` times the power in each coordinate.

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed.
    """
    points = real_array("points", points, ndim=2, squares=True)
    labels = real_array("labels", labels, ndim=1)
    if labels.shape != points.shape[:1] or not np.isin(labels, (-1, 1)).all() or abs(labels.sum()) == labels.size:
        raise ValueError(f"labels must be -1 or +1, one for each point, and both present, got {shown(labels)}")
    power, scale = real("power", power, above=0), real("scale", scale, above=0)
    classes = [points[labels == a] for a in (-1, 1)]
    half = (classes[1].mean(axis=0) - classes[0].mean(axis=0)) / 2
    spread = power * sum(1 / len(part) for part in classes) / 4
    return SignalLaw(clean=float(half @ half), spread=spread, p=points.shape[1], scale=scale)


def power_measures(points, *, pixel_mean, pixel_variance, centred_power):
    """Six measures of the power of a pixel: of the given points and of the whole data set that they come from.

    Parameters
    ----------
    points : array_like of float, shape (N, p)
    pixel_mean, pixel_variance, centred_power : float
        Of the whole data set, as for `noise_and_scale`.

    Returns
    -------
    dict of str to float
        Mean square, variance of all pixels together, and mean over pixels of each pixel's variance; those of the whole data set end
        in "of all".

    Raises
    ------
    TypeError, ValueError
        If an argument is not allowed.
    """
    points = real_array("points", points, ndim=2, squares=True)
    mean, variance, centred = _pixel_powers(pixel_mean, pixel_variance, centred_power)
    return {
        "mean square": float(np.mean(points**2)),
        "variance": float(points.var()),
        "centred power": float(points.var(axis=0).mean()),
        "mean square of all": variance + mean**2,
        "variance of all": variance,
        "centred power of all": centred,
    }
