"""The command ``predict``: a file with points and labels in, the predicted errors of training and the advice when to stop out."""

import csv
import io
from contextlib import nullcontext

import numpy as np

from learning_dynamics.companion.base.errors import CompanionError, first_line, listed, shown
from learning_dynamics.companion.base.ownership import claimed, require_outside_sources
from learning_dynamics.companion.base.spreadsheets import number, spelling, table_rows
from learning_dynamics.companion.base.whole_files import write_together
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
        raise CompanionError(f"--check must be from 0 to {MOST_CHECKS}, got {shown(runs)}.")
    X, y = read_points(path, label)
    held = nullcontext()
    if out is not None:
        require_outside_sources(None, out)
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
            write_together({out / FILES[0]: _table(columns), out / FILES[1]: _picture(columns)})
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
        raise CompanionError(f"FILE must end in .csv or .npz, got {shown(path.name)}.")
    if (label is None) != (kind == ".npz"):
        raise CompanionError(
            "--label names the column of labels of a .csv file and goes with nothing else, got "
            f"{'none' if label is None else shown(label)} for {shown(path.name)}."
        )
    return _read_arrays(path) if kind == ".npz" else _read_table(path, label)


def _read_arrays(path):
    try:
        arrays = np.load(path, allow_pickle=False)
        names = list(arrays) if isinstance(arrays, np.lib.npyio.NpzFile) else None
        X, y = (arrays[name] if names and name in names else None for name in ("X", "y"))
    except MemoryError:
        raise CompanionError(f"{path} must hold arrays that fit into memory.") from None
    except OSError:
        raise
    except Exception as error:  # a damaged archive shows in any way: ValueError, EOFError, zlib.error, BadZipFile, KeyError, …
        raise CompanionError(f"{path} cannot be read as arrays that np.savez wrote: {first_line(error)}.") from None
    if names is None:
        raise CompanionError(f"{path} must hold the arrays X and y, as np.savez writes them, got a single array.")
    if X is None or y is None:
        raise CompanionError(f"{path} must hold the arrays X and y, got {listed(names) or 'none'}.")
    if X.ndim != 2 or X.dtype.kind not in "iuf":
        raise CompanionError(f"X in {path} must be a matrix of real numbers, got shape {X.shape} and type {first_line(X.dtype)}.")
    return X.astype(float), _one_spelling(path, y) if y.ndim == 1 and y.dtype.kind == "U" else y


def _one_spelling(path, y):
    empty = f"y in {path} must hold a label for every point, got an empty one at index "
    return np.array(_labels(y.tolist(), lambda place: f"{empty}{place}"))


def _read_table(path, label):
    (_, names), *rows = table_rows(path) or [(1, [])]
    if not names:
        raise CompanionError(f"{path} must have the names of its columns in its first line, got an empty one.")
    if names.count(label) != 1:
        twice = " twice" if label in names else ""
        raise CompanionError(f"--label must be a column of {path}, one of {listed(names)}, got {shown(label)}{twice}.")
    other = next((line for line, row in rows if len(row) != len(names)), None)
    if other or not rows or len(names) < 2:
        raise CompanionError(
            f"{path} must have 2 columns or more, and rows as long as the first line, got {len(rows)} rows"
            + (f" and another length in line {other}." if other else ".")
        )
    place = names.index(label)
    lines = [line for line, _ in rows]
    empty = f"column {shown(label)} of {path} must hold a label in every row, got an empty one in line "
    labels = _labels([row[place] for _, row in rows], lambda at: f"{empty}{lines[at]}")
    values = np.array([[_number(path, names[j], line, text) for j, text in enumerate(row) if j != place] for line, row in rows])
    others = [name for name in names if name != label]
    constant = np.flatnonzero(np.ptp(values, axis=0) == 0)
    if constant.size:
        raise CompanionError(f"column {shown(others[constant[0]])} of {path} never changes; leave it out.")
    return values, np.array(labels)


def _labels(texts, empty):
    """Labels of which numbers that are equal, such as 1 and 1.0, have one spelling; `empty` says at which place there is none."""
    spellings = {}
    for place, text in enumerate(texts):
        if not text.strip():
            raise CompanionError(f"{empty(place)}.")
        spellings.setdefault(spelling(text), text)
    return [spellings[spelling(text)] for text in texts]


def _number(path, name, line, text):
    value = number(text)
    if value is None:
        raise CompanionError(f"column {shown(name)} of {path} must hold finite numbers, got {shown(text)} in line {line}.")
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


def _table(columns):
    """The table as the content of its file."""
    made = io.StringIO(newline="")
    writer = csv.writer(made)
    writer.writerow(columns)
    writer.writerows(zip(*columns.values()))
    return made.getvalue().encode()


def _picture(columns):
    """The picture as the content of its file."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    fig, ax = plt.subplots(figsize=(6, 4))
    ax.plot(columns["step"], columns["predicted"], "o", mfc="none", label="predicted")
    if "found" in columns:
        ax.plot(columns["step"], columns["found"], label="found")
    ax.set(xscale="log", xlabel="steps", ylabel="error on points not used")
    ax.legend()
    made = io.BytesIO()
    fig.savefig(made, format="png", dpi=150)
    plt.close(fig)
    return made.getvalue()
