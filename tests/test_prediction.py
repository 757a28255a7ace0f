"""The command that predicts for a reader's own file."""

import csv
import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from learning_dynamics.companion.base.project import find_project
from learning_dynamics.companion.commands.cli import main
from learning_dynamics.prediction import read_points


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
    (tmp_path / "i.csv").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR,\0")
    (tmp_path / "j.csv").write_text(",".join(f"{'x' * 99}{k}" for k in range(500)) + "\n")
    (tmp_path / "k.csv").write_text("group,x,group\nno,1,yes\n")
    (tmp_path / "l.csv").write_text("group,x\nno,1\nyes,2\n  ,3\n")
    (tmp_path / "m.csv").write_text(f"group,x\nno,{'a' * 400}\n")
    (tmp_path / "n.csv").write_text("group,x\nno,1_000\n")
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
        (table(tmp_path, X[190:203], y[190:203], "e.csv"), good, "at least 4 times, got 3 of 'yes'"),
        (tmp_path / "no.csv", good, "No such file"),
        (tmp_path / "no.txt", good, "must end in .csv or .npz, got 'no.txt'"),
        ("", good, "FILE must end in .csv or .npz, got ''"),
        (tmp_path / "i.csv", good, "i.csv must be a table of text"),
        (tmp_path / "j.csv", good, "… (102 characters), "),
        (tmp_path / "j.csv", good, " and 488 more, got 'group'"),
        (tmp_path / "k.csv", good, "got 'group' twice"),
        (tmp_path / "l.csv", good, "must hold a label in every row, got an empty one in line 4"),
        (tmp_path / "m.csv", good, "'" + "a" * 59 + "… (402 characters) in line 2"),
        (tmp_path / "n.csv", good, "must hold finite numbers, got '1_000'"),
        (table(tmp_path, X, y), (*good, "--check", -1), "--check must be from 0"),
        (table(tmp_path, X, y), (*good, "--sigma2", "nan"), "sigma2 must be finite"),
    ):
        status, output, error = run(capsys, path, *options)
        assert status == 2 and not output
        assert words in error and error.count("\n") == 1 and error.endswith(".\n") and len(error) < 1500


def _damaged(content):
    place = content.index(b"\x93NUMPY") + 200
    return content[:place] + b"damage" + content[place + 6 :]


def test_a_file_that_holds_no_arrays_is_said_in_one_sentence(tmp_path, capsys, data):
    X, y = data
    np.savez(tmp_path / "whole.npz", X=X, y=y)
    whole = (tmp_path / "whole.npz").read_bytes()
    files = {
        "X and y, as np.savez writes them, got a single array": lambda path: np.save(path.open("wb"), X),
        "cannot be read as arrays that np.savez wrote: No data left in file": lambda path: path.write_bytes(b""),
        "cannot be read as arrays": lambda path: path.write_bytes(b"X,y\n1,2\n"),
        "cannot be read as arrays that np": lambda path: path.write_bytes(whole[: len(whole) // 2]),
        "cannot be read as arrays that np.savez wrote: Bad CRC": lambda path: path.write_bytes(_damaged(whole)),
        "got X, z": lambda path: np.savez(path, X=X, z=y),
        "cannot be read as arrays that np.savez wrote: Object arrays": lambda path: np.savez(path, X=X, y=np.array([{}, 1])),
        "matrix of real numbers, got shape (400,) and type [('aaa": lambda path: np.savez(
            path, X=np.zeros(400, [("a" * 500, float)]), y=y
        ),
        "got an empty one at index 3": lambda path: np.savez(path, X=X, y=np.where(np.arange(400) == 3, " ", y)),
        "X and y, got x0, x1": lambda path: np.savez(path, **{f"x{k}": X[:1] for k in range(30)}),
    }
    for words, write in files.items():
        path = tmp_path / "data.npz"
        write(path)
        status, output, error = run(capsys, path, "--train", 60)
        assert (status, output) == (2, "")
        assert words in error and error.count("\n") == 1 and len(error) < 600, error


@pytest.mark.parametrize(("one", "other"), [("1", "1.0"), ("2", "2,0"), ("-1", "\u22121"), ("+0", "-0.0"), ("1e1", "10")])
def test_numbers_that_are_equal_are_one_label(tmp_path, one, other):
    rows = [f"{label};{k}" for k, label in enumerate([one, other, "9007199254740992", "9007199254740993"])]
    (tmp_path / "t.csv").write_text("\n".join(["y;x", *rows]), "utf-8")
    assert read_points(tmp_path / "t.csv", "y")[1].tolist() == [one, one, "9007199254740992", "9007199254740993"]
    np.savez(tmp_path / "t.npz", X=np.arange(3.0)[:, None], y=[one, "no", other])
    assert read_points(tmp_path / "t.npz", None)[1].tolist() == [one, "no", one]


@pytest.mark.parametrize("place", [".", "book", "lib/learning_dynamics/data", "_build/mine"])
def test_the_sources_of_a_book_are_no_place_for_a_prediction(tmp_path, capsys, data, monkeypatch, place):
    """Wherever the command is run."""
    monkeypatch.chdir(tmp_path)
    out = find_project(Path(__file__).parent).root / place
    before = set(out.iterdir()) if out.exists() else None
    status, output, error = run(capsys, table(tmp_path, *data), "--label", "group", "--train", 60, "--out", out)
    assert (status, output) == (2, "") and "--out must not be in " in error
    assert (set(out.iterdir()) if out.exists() else None) == before


@pytest.mark.parametrize("failing", [0, 1])
def test_a_full_disk_leaves_both_results_as_they_were(tmp_path, capsys, data, monkeypatch, failing):
    out = tmp_path / "out"
    given = (table(tmp_path, *data), "--label", "group", "--train", 60, "--check", 0, "--out", out)
    assert run(capsys, *given)[0] == 0
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    calls, write = [], Path.write_bytes

    def full(path, content):
        calls.append(path)
        write(path, content[:100])
        if len(calls) == failing + 1:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    status, _, error = run(capsys, *given[:4], 80, *given[5:])
    free = f"{shutil.disk_usage(out).free / 1e9:.0f}"[:-1]
    name = out / ("prediction.csv", "prediction.png")[failing]
    assert status == 2 and f"error: No space left on device ({name}; {free}" in error
    assert error.endswith(f" GB free in {out}).\n")
    after = {path.name: path.read_bytes() for path in out.iterdir()}
    assert after == before


def test_no_window_is_asked_for(tmp_path, data):
    """A backend that is not there, or no backend at all, stops no command."""
    path, out = table(tmp_path, *data), tmp_path / "out"
    command = [sys.executable, "-m", "learning_dynamics", "predict", path, "--label", "group", "--train", "60", "--check", "0"]
    surroundings = os.environ | {"MPLBACKEND": "nonsense", "PYTHONPATH": str(Path(read_points.__code__.co_filename).parents[1])}
    done = subprocess.run([*command, "--out", out], env=surroundings, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert (out / "prediction.png").read_bytes().startswith(b"\x89PNG")
