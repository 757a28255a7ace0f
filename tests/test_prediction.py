"""The command that predicts for a reader's own file."""

import csv

import numpy as np
import pytest

from learning_dynamics.companion.commands.cli import main


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(8)
    y = np.repeat(["no", "yes"], 200)
    X = rng.standard_normal((400, 12)) * np.linspace(0.5, 2, 12)
    X[200:, 3:6] += 1
    return X, y


def table(folder, X, y, name="table.csv"):
    path = folder / name
    with open(path, "w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(["group", *(f"x{k}" for k in range(X.shape[1]))])
        writer.writerows([label, *row] for label, row in zip(y, X.tolist()))
    return path


def run(capsys, *arguments):
    status = main(["predict", *map(str, arguments)])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


def test_a_table_and_arrays_give_the_same(tmp_path, capsys, data):
    X, y = data
    np.savez(tmp_path / "data.npz", X=X, y=y)
    first = run(capsys, table(tmp_path, X, y), "--label", "group", "--train", 60, "--check", 3)
    second = run(capsys, tmp_path / "data.npz", "--train", 60, "--check", 3)
    assert first == second
    assert first[0] == 0 and "400 points in 12 dimensions" in first[1]
    assert "advice: stop at step" in first[1] and "check:  training finds" in first[1]


@pytest.mark.parametrize(
    ("separator", "point", "encoding"),
    [(";", ",", "utf-8"), ("\t", ".", "utf-16"), (";", ".", "cp1252"), ("|", ",", "utf-8-sig")],
)
def test_a_table_is_read_as_a_spreadsheet_writes_it(tmp_path, capsys, data, separator, point, encoding):
    plain = table(tmp_path, *data)
    given = ("--label", "group", "--train", 60, "--check", 0)
    expected = run(capsys, plain, *given)
    (tmp_path / "other.csv").write_text(plain.read_text("utf-8").replace(",", separator).replace(".", point), encoding)
    assert run(capsys, tmp_path / "other.csv", *given) == expected


def test_a_folder_that_cannot_be_written_is_refused_before_anything_runs(tmp_path, capsys, data):
    (tmp_path / "file").write_text("mine")
    status, output, error = run(
        capsys, table(tmp_path, *data), "--label", "group", "--train", 60, "--out", tmp_path / "file" / "out"
    )
    assert (status, output) == (2, "")
    assert "cannot be written to" in error


def test_results_are_written_and_nothing_of_others_is_replaced(tmp_path, capsys, data):
    path, out = table(tmp_path, *data), tmp_path / "out"
    given = (path, "--label", "group", "--train", 60, "--check", 0, "--out", out)
    assert run(capsys, *given)[0] == 0 == run(capsys, *given)[0]
    rows = list(csv.reader((out / "prediction.csv").read_text("utf-8").splitlines()))
    assert rows[0] == ["step", "predicted", "halves_differ_by"] and all(0 < float(row[1]) < 0.6 for row in rows[1:])
    assert (out / "prediction.png").read_bytes().startswith(b"\x89PNG")
    other = tmp_path / "other"
    other.mkdir()
    (other / "prediction.csv").write_text("mine")
    status, _, error = run(capsys, *given[:-1], other)
    assert status == 2 and "was not made by this command" in error
    assert (other / "prediction.csv").read_text() == "mine"


def test_what_is_wrong_is_said_in_one_sentence(tmp_path, capsys, data):
    X, y = data
    good = ("--label", "group", "--train", 60)
    spoilt = np.array(X)
    spoilt[3, 2] = np.nan
    same = np.array(X)
    same[:, 4] = 1.0
    (tmp_path / "f.csv").write_text("")
    (tmp_path / "g.csv").write_text("group,x\n")
    (tmp_path / "h.csv").write_text('group,x\n"yes,1\n' + 140_000 * "1")
    for path, options, words in (
        (tmp_path / "f.csv", good, "names of its columns in its first line, got an empty one"),
        (tmp_path / "g.csv", good, "got 0 rows"),
        (tmp_path / "h.csv", good, "cannot be read"),
        (table(tmp_path, X, y), ("--label", "class", "--train", 60), "--label must be a column"),
        (table(tmp_path, X, y), ("--train", 60), "--label names the column"),
        (table(tmp_path, X, np.arange(400) % 3, "a.csv"), good, "two different labels, got 3"),
        (table(tmp_path, X, y, "b.csv"), ("--label", "group", "--train", 61), "--train must be even and below 400"),
        (table(tmp_path, spoilt, y, "c.csv"), good, "column 'x2' of"),
        (table(tmp_path, same, y, "d.csv"), good, "column 'x4' of"),
        (table(tmp_path, X[190:203], y[190:203], "e.csv"), good, "at least 4 times, got 3 of yes"),
        (tmp_path / "no.csv", good, "No such file"),
        (tmp_path / "no.txt", good, "must end in .csv or .npz"),
        (table(tmp_path, X, y), (*good, "--check", -1), "--check must be from 0"),
        (table(tmp_path, X, y), (*good, "--sigma2", "nan"), "sigma2 must be finite"),
    ):
        status, output, error = run(capsys, path, *options)
        assert status == 2 and not output
        assert words in error and error.count("\n") == 1 and error.endswith(".\n")
