"""The command ``predict``: a file with points and labels in, the predicted errors of training and the advice when to stop out."""

import csv
import zipfile
from contextlib import nullcontext

import numpy as np

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.ownership import claimed
from learning_dynamics.companion.base.spreadsheets import number, table_rows
from learning_dynamics.random_matrix import predict, simulate_labelled

FILES = ("prediction.csv", "prediction.png")
MOST_CHECKS = 10**4


def predict_file(path, *, label, training_points, sigma2, alpha, runs, seed, out, say):
    """Predict for a file, say the result line by line, and write it into a folder if one is named.

    Parameters
    ----------
    path : Path
        A table ``.csv`` with names in its first line, as `table_rows` reads it, with decimal points or commas; or ``.npz`` with
        the arrays X and y.
    label : str or None
        Column of the table that holds the labels.
    training_points, sigma2, alpha, seed
        As for `learning_dynamics.random_matrix.predict`.
    runs : int
        Number of trainings to compare with; 0 for none.
    out : Path or None
        Folder for the table and the picture.
    say : callable
        Takes a line of text.

    Raises
    ------
    CompanionError
        One sentence, if the file or an argument is not allowed.
    """
    if not 0 <= runs <= MOST_CHECKS:
        raise CompanionError(f"--check must be from 0 to {MOST_CHECKS}, got {runs}.")
    X, y = read_points(path, label)
    held = nullcontext()
    if out is not None:
        held = claimed(out, command="predict", about=str(path.resolve()), names=FILES, doing="predicting")
    with held:
        try:
            found = predict(X, y, training_points=training_points, sigma2=sigma2, alpha=alpha, seed=seed)
            columns = _columns(found, _checked(found, training_points, runs, seed))
        except (ValueError, TypeError, ArithmeticError, MemoryError) as error:
            raise CompanionError(f"{str(error).replace('training_points', '--train')}.") from None
        for line in _lines(found, columns, X.shape, training_points):
            say(line)
        if out is not None:
            _write(out, columns)
            say(f"table:   {out / FILES[0]}")
            say(f"picture: {out / FILES[1]}")


def read_points(path, label):
    """Points, shape (N, p), and labels, shape (N,), of a file.

    Raises
    ------
    CompanionError
        If it cannot be read, or does not hold what is wanted.
    """
    kind = path.suffix.lower()
    if kind not in (".csv", ".npz"):
        raise CompanionError(f"FILE must end in .csv or .npz, got {path.name}.")
    if (label is None) != (kind == ".npz"):
        raise CompanionError(
            f"--label names the column of labels of a .csv file and goes with nothing else, got {label!r} for {path.name}."
        )
    try:
        return _read_arrays(path) if kind == ".npz" else _read_table(path, label)
    except (ValueError, zipfile.BadZipFile) as error:
        raise CompanionError(f"{path} cannot be read: {error}.") from None


def _read_arrays(path):
    with np.load(path, allow_pickle=False) as arrays:
        missing = [name for name in ("X", "y") if name not in arrays]
        if missing:
            raise CompanionError(f"{path} must hold the arrays X and y, got {', '.join(arrays) or 'none'}.")
        X, y = arrays["X"], arrays["y"]
    if X.ndim != 2 or X.dtype.kind not in "iuf":
        raise CompanionError(f"X in {path} must be a matrix of real numbers, got shape {X.shape} and type {X.dtype}.")
    return X.astype(float), y


def _read_table(path, label):
    (_, names), *rows = table_rows(path) or [(1, [])]
    if not names:
        raise CompanionError(f"{path} must have the names of its columns in its first line, got an empty one.")
    if label not in names:
        raise CompanionError(f"--label must be a column of {path}, one of {', '.join(names)}, got {label!r}.")
    other = next((line for line, row in rows if len(row) != len(names)), None)
    if other or not rows or len(names) < 2:
        raise CompanionError(
            f"{path} must have 2 columns or more, and rows as long as the first line, got {len(rows)} rows"
            + (f" and another length in line {other}." if other else ".")
        )
    place = names.index(label)
    values = np.array([[_number(path, names[j], line, text) for j, text in enumerate(row) if j != place] for line, row in rows])
    others = [name for name in names if name != label]
    constant = np.flatnonzero(np.ptp(values, axis=0) == 0)
    if constant.size:
        raise CompanionError(f"column {others[constant[0]]!r} of {path} never changes; leave it out.")
    return values, np.array([row[place] for _, row in rows])


def _number(path, name, line, text):
    value = number(text)
    if value is None:
        raise CompanionError(f"column {name!r} of {path} must hold finite numbers, got {text!r} in line {line}.")
    return value


def _checked(found, training_points, runs, seed):
    if not runs:
        return None
    return simulate_labelled(
        found.pool, model=found.model, t=found.t, training_points=training_points, runs=runs, seed=seed
    ).generalization_error


def _columns(found, held_out):
    gap = np.abs(found.halves[0] - found.halves[1])
    columns = {"step": found.t, "predicted": found.generalization, "halves_differ_by": gap}
    return columns if held_out is None else columns | {"found": held_out}


def _lines(found, columns, shape, training_points):
    yield f"{shape[0]} points in {shape[1]} dimensions, {training_points} to train on, step size {found.model.alpha:.3g}"
    yield "".join(f"{name:>18}" for name in columns)
    for row in zip(*columns.values()):
        yield f"{row[0]:>18.0f}" + "".join(f"{value:>18.4f}" for value in row[1:])
    k = int(columns["predicted"].argmin())
    yield f"advice: stop at step {found.best_time:.0f}, where the predicted error is {found.best_error:.4f}"
    yield f"trust:  halves of the points differ by {columns['halves_differ_by'][k]:.4f} there"
    if "found" in columns:
        yield f"check:  training finds {columns['found'][k]:.4f} there, and {columns['found'].min():.4f} at its best time"


def _write(folder, columns):
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    with open(folder / FILES[0], "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values()))
    fig, ax = plt.subplots(figsize=(6, 4))
    ax.plot(columns["step"], columns["predicted"], "o", mfc="none", label="predicted")
    if "found" in columns:
        ax.plot(columns["step"], columns["found"], label="found")
    ax.set(xscale="log", xlabel="steps", ylabel="error on points not used")
    ax.legend()
    fig.savefig(folder / FILES[1], dpi=150)
    plt.close(fig)
