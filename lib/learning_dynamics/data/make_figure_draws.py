"""Make ``figure_draws.csv``: the experiment of the figure of paper 3 for many draws of its data.

Run as ``python -m learning_dynamics.data.make_figure_draws``. The file is written after each draw, and a second call goes on
with the draws that it lacks.
"""

import argparse
import csv
from datetime import date
from pathlib import Path

from learning_dynamics.overparametrized import TwoLayerRegression, polynomial_data, simulate

TARGET = Path(__file__).with_name("figure_draws.csv")
COMMAND = "python -m learning_dynamics.data.make_figure_draws"
DRAWS, RUNS, SEED = 40, 5, 2021
WIDTHS = (1000, 2000, 5000, 10_000)
EPOCHS = (0, 250, 500, 750, 1000, 1250, 1500, *range(2000, 10_001, 500))
MEASURES = ("perpendicular", "distance", "displacement")
COLUMNS = ("data_seed", "width", "epoch", *MEASURES, *(f"{name}_sd" for name in MEASURES))


def model_of(data_seed, width):
    """Return the model of the paper's figure for a draw of the data and a width, a `TwoLayerRegression`."""
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


def starts_of(data_seed, width):
    """Return the seed of the starting weights: another one for each draw of the data and each width, so that all are independent."""
    return SEED + width + 100_000 * data_seed


def rows_of(data_seed, *, widths=WIDTHS, epochs=EPOCHS, runs=RUNS):
    """Return the rows of one draw of the data, a list of lists of strings in the order of `COLUMNS`."""
    rows = []
    for width in widths:
        result = simulate(model_of(data_seed, width), epochs=epochs, runs=runs, seed=starts_of(data_seed, width))
        measured = [result.mean(name) for name in MEASURES] + [result.deviation(name) for name in MEASURES]
        rows += [[str(data_seed), str(width), str(epoch), *map("{:.6g}".format, row)] for epoch, row in zip(epochs, zip(*measured))]
    return rows


def read_rows(path):
    """Return the rows of a file made before, as `rows_of` does; none if there is no file.

    Raises
    ------
    ValueError
        If the file is not one of this script.
    """
    if not path.exists():
        return []
    first, head, *rows = csv.reader(path.read_text("utf-8").splitlines())
    if not first[0].startswith(f"# {COMMAND}") or tuple(head) != COLUMNS:
        raise ValueError(f"{path} is not a file of this script; move it away or give another one with --out")
    return rows


def write_rows(path, rows):
    """Write a comment with command and date, the head and the rows, at one stroke."""
    draft = path.with_suffix(".part")
    with draft.open("w", encoding="utf-8", newline="") as file:
        file.write(f"# {COMMAND}, {date.today().isoformat()}\n")
        csv.writer(file, lineterminator="\n").writerows([COLUMNS, *rows])
    draft.replace(path)


def main(arguments=None):
    """Make the file, draw by draw."""
    parser = argparse.ArgumentParser(description="Make figure_draws.csv; eight minutes of one core.")
    parser.add_argument("--out", type=Path, default=TARGET, help="file to write or to go on with (default: next to this script)")
    path = parser.parse_args(arguments).out
    try:
        rows = read_rows(path)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    there = {row[0] for row in rows}
    for data_seed in range(DRAWS):
        if str(data_seed) not in there:
            rows += rows_of(data_seed)
            write_rows(path, rows)
    print(path)


if __name__ == "__main__":
    main()
