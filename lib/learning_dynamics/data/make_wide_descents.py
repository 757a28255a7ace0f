"""Make ``wide_descents.csv``: long descents of wide networks, with the data and conventions of the figure of paper 3.

Run as ``python -m learning_dynamics.data.make_wide_descents``. The file is written after each width, and a second call goes
on with the widths that it lacks.
"""

import argparse
import sys
from pathlib import Path

from learning_dynamics.data.stored_rows import read_rows, write_rows
from learning_dynamics.overparametrized import TwoLayerRegression, polynomial_data, simulate

TARGET = Path(__file__).with_name("wide_descents.csv")
COMMAND = "python -m learning_dynamics.data.make_wide_descents"
DATA_SEED, SEED = 0, 2021
EPOCHS = (0, 1000, 2000, 5000, 10_000, 20_000, 50_000, 100_000)
RUNS = {1000: 8, 3000: 8, 10_000: 8, 30_000: 4, 100_000: 2, 1_000_000: 2}
MEASURES = ("perpendicular", "parallel", "displacement", "largest_drift", "loss", "flipped")
COLUMNS = ("width", "run", "epoch", *MEASURES)


def model_of(width, *, data_seed=DATA_SEED):
    """Return the model of the paper's figure at a width, for a draw of the data, a `TwoLayerRegression`."""
    data = polynomial_data(seed=data_seed)
    return TwoLayerRegression(
        inputs=data.inputs,
        targets=data.targets,
        width=width,
        learning_rate=0.01,
        loss="mean",
        gain=2**0.5,
        bias=False,
        initialization="uniform",
        scale=5**-0.5,
    )


def rows_of(width, *, runs, epochs, progress=None):
    """Return the rows of one width, a list of lists of strings in the order of `COLUMNS`.

    Parameters
    ----------
    width, runs : int
    epochs : sequence of int
    progress : callable, optional
        Called as ``progress(done)`` with the number of epochs done since the last call.
    """
    result = simulate(model_of(width), epochs=epochs, runs=runs, seed=SEED, progress=progress)
    return [
        [str(width), str(run), str(epoch), *(format(getattr(result, name)[run, k], ".10g") for name in MEASURES)]
        for run in range(runs)
        for k, epoch in enumerate(epochs)
    ]


def main(arguments=None):
    """Make the file; the progress of each width goes to the terminal."""
    parser = argparse.ArgumentParser(description="Make wide_descents.csv; a few minutes on two cores, 1 GB of memory.")
    parser.add_argument("--out", type=Path, default=TARGET, help="file to write or to go on with (default: next to this script)")
    path = parser.parse_args(arguments).out
    try:
        rows = read_rows(path, command=COMMAND, columns=COLUMNS)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    for width, runs in RUNS.items():
        if not any(row[0] == str(width) for row in rows):
            rows += rows_of(width, runs=runs, epochs=EPOCHS, progress=_meter(width, runs * EPOCHS[-1]))
            write_rows(path, rows, command=COMMAND, columns=COLUMNS)
    print(path)


def _meter(width, total):
    parts = []

    def progress(epochs):
        parts.append(epochs)
        share = sum(parts) / total
        print(f"\rm = {width:7d}   {share:4.0%}", end="\n" if share == 1 else "", file=sys.stderr, flush=True)

    return progress


if __name__ == "__main__":
    main()
