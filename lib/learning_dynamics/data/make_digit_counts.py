"""Make ``digit_counts.csv``: the experiment of paper 1, figure 6, repeated on pools with noise of their own.

Run as ``python -m learning_dynamics.data.make_digit_counts``. The file is written after each pool, and a second call goes on
with the pools that it lacks.
"""

import argparse
import dataclasses
import sys
from math import sqrt
from pathlib import Path

import numpy as np

from learning_dynamics.data.stored_rows import read_rows, write_rows
from learning_dynamics.datasets import mnist_ones_sevens
from learning_dynamics.random_matrix import MixtureClassification, add_noise, count_errors, noise_and_scale, whiten
from learning_dynamics.random_matrix.mathematics.noise_readings import READINGS

TARGET = Path(__file__).with_name("digit_counts.csv")
COMMAND = "python -m learning_dynamics.data.make_digit_counts"
POOLS, RUNS, SEED = 16, 100, 2018
PRINTED_NORM2 = 6.48155
TIMES = np.arange(0, 295, 6)
COLUMNS = ("reading", "pool", "mu_norm2", "kind", "class", *(f"t{t}" for t in TIMES))


def rows_of(reading, pool, *, runs=RUNS):
    """Return the four rows of one pool, lists of strings in the order of `COLUMNS`.

    Parameters
    ----------
    reading : str
        See `learning_dynamics.random_matrix.noise_and_scale`.
    pool : int
        Number of the pool, which gives its noise and its runs their seed.
    runs : int

    Returns
    -------
    list of list of str
        `mu_norm2` is that of the pool; mu is then scaled to the squared norm 6.48155, which the printed theory gives away, so that
        readings differ in how strong the noise is, and in nothing else.
    """
    data = mnist_ones_sevens()
    images = data.images / 255
    constants = {name: getattr(data, name) for name in ("pixel_mean", "pixel_variance", "centred_power")}
    power, scale = noise_and_scale(images, reading=reading, **constants)
    drawn = whiten(add_noise(images, power=power, seed=SEED + pool), data.labels, scale=scale)
    mixture = dataclasses.replace(drawn, mu=drawn.mu * sqrt(PRINTED_NORM2 / drawn.mu_norm2))
    model = MixtureClassification(mu_norm2=PRINTED_NORM2, c=1.0, sigma2=0.1, alpha=0.01)
    counts = count_errors(mixture, model=model, t=TIMES, runs=runs, seed=SEED + pool)
    return [
        [reading, str(pool), format(drawn.mu_norm2, ".8g"), kind, str(a + 1), *map(str, getattr(counts, kind)[:, a].sum(axis=0))]
        for kind in ("training", "generalization")
        for a in range(2)
    ]


def main(arguments=None):
    """Make the file; each pool that is done is named on the terminal."""
    parser = argparse.ArgumentParser(description="Make digit_counts.csv; about ten minutes on two cores, 1 GB of memory.")
    parser.add_argument("--out", type=Path, default=TARGET, help="file to write or to go on with (default: next to this script)")
    parser.add_argument("--pools", type=int, default=POOLS, help=f"number of pools (default: {POOLS})")
    options = parser.parse_args(arguments)
    try:
        rows = read_rows(options.out, command=COMMAND, columns=COLUMNS)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    done = {(row[0], row[1]) for row in rows}
    for pool in range(options.pools):
        for reading in READINGS:
            if (reading, str(pool)) not in done:
                rows += rows_of(reading, pool)
                write_rows(options.out, rows, command=COMMAND, columns=COLUMNS)
                print(f"pool {pool}, {reading}", file=sys.stderr)


if __name__ == "__main__":
    main()
