"""Make ``figure_draws.csv``: the experiment of the figure of paper 3 for many draws of its data.

Run as ``python -m learning_dynamics.data.make_figure_draws``. The file is written after each draw, and a second call goes on
with the draws that it lacks.
"""

import argparse
from pathlib import Path

from learning_dynamics.data.make_wide_descents import model_of
from learning_dynamics.data.stored_rows import read_rows, write_rows
from learning_dynamics.overparametrized import simulate

TARGET = Path(__file__).with_name("figure_draws.csv")
COMMAND = "python -m learning_dynamics.data.make_figure_draws"
DRAWS, RUNS, SEED = 40, 5, 2021
WIDTHS = (1000, 2000, 5000, 10_000)
EPOCHS = (0, 250, 500, 750, 1000, 1250, 1500, *range(2000, 10_001, 500))
MEASURES = ("perpendicular", "distance", "displacement")
COLUMNS = ("data_seed", "width", "epoch", *MEASURES, *(f"{name}_sd" for name in MEASURES))


def starts_of(data_seed, width):
    """Return the seed of the starting weights: another one for each draw of the data and each width, so that all are independent."""
    return SEED + width + 100_000 * data_seed


def rows_of(data_seed, *, widths=WIDTHS, epochs=EPOCHS, runs=RUNS):
    """Return the rows of one draw of the data, a list of lists of strings in the order of `COLUMNS`."""
    rows = []
    for width in widths:
        result = simulate(model_of(width, data_seed=data_seed), epochs=epochs, runs=runs, seed=starts_of(data_seed, width))
        measured = [result.mean(name) for name in MEASURES] + [result.deviation(name) for name in MEASURES]
        rows += [
            [str(data_seed), str(width), str(epoch), *map("{:.6g}".format, row)] for epoch, row in zip(epochs, zip(*measured))
        ]
    return rows


def main(arguments=None):
    """Make the file, draw by draw."""
    parser = argparse.ArgumentParser(description="Make figure_draws.csv; eight minutes of one core.")
    parser.add_argument("--out", type=Path, default=TARGET, help="file to write or to go on with (default: next to this script)")
    path = parser.parse_args(arguments).out
    try:
        rows = read_rows(path, command=COMMAND, columns=COLUMNS)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    there = {row[0] for row in rows}
    for data_seed in range(DRAWS):
        if str(data_seed) not in there:
            rows += rows_of(data_seed)
            write_rows(path, rows, command=COMMAND, columns=COLUMNS)
    print(path)


if __name__ == "__main__":
    main()
