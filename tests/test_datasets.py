"""The data files that come with the package and the scripts that make them."""

import gzip
import hashlib
import re
import struct

import numpy as np
import pytest

from learning_dynamics import datasets
from learning_dynamics.data import make_digit_counts, make_wide_descents
from learning_dynamics.data import make_mnist_ones_sevens as maker

NAME = "mnist_ones_sevens.npz"


@pytest.fixture(scope="module")
def data():
    return datasets.mnist_ones_sevens()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets, "DATA_FOLDER", tmp_path)
    return tmp_path


def test_counts_and_types(data):
    assert data.images.shape == (13007, 784)
    assert data.images.dtype == data.digits.dtype == np.uint8
    assert np.count_nonzero(data.digits == 1) == 6742
    assert np.count_nonzero(data.digits == 7) == 6265
    assert data.images.max() == 255


def test_labels(data):
    assert data.labels.dtype == np.float64
    np.testing.assert_array_equal(data.labels[data.digits == 1], -1.0)
    np.testing.assert_array_equal(data.labels[data.digits == 7], 1.0)


def test_original_order(data):
    """The training labels begin 5 0 4 1 9 2 1 3 1 4 3 5 3 6 1 7."""
    assert data.digits[:5].tolist() == [1, 1, 1, 1, 7]


def test_constants_of_the_whole_set(data):
    """Mean and standard deviation of all MNIST training pixels are widely quoted as 0.1307 and 0.3081."""
    assert round(data.pixel_mean, 4) == 0.1307
    assert round(data.pixel_variance**0.5, 4) == 0.3081
    assert 0 < data.centred_power < data.pixel_variance


def test_arrays_are_fresh(data):
    again = datasets.mnist_ones_sevens()
    again.images[:] = 0
    assert data.images.any()


def test_missing_file(folder):
    with pytest.raises(datasets.DataFileError, match=f"{NAME} is missing; restore it"):
        datasets.mnist_ones_sevens()


def test_unreadable_file(folder):
    (folder / NAME).mkdir()
    with pytest.raises(datasets.DataFileError, match=f"{NAME} cannot be read .*restore it"):
        datasets.mnist_ones_sevens()


def flip_a_bit(content):
    return content[:700] + bytes([content[700] ^ 1]) + content[701:]


@pytest.mark.parametrize("damage", [flip_a_bit, lambda c: c[:-1], lambda c: c[:1000], lambda c: b"", lambda c: c + b"\0"])
def test_damaged_file(folder, damage):
    original = maker.TARGET.read_bytes()
    (folder / NAME).write_bytes(damage(original))
    with pytest.raises(datasets.DataFileError, match=f"{NAME} is damaged .*restore it") as caught:
        datasets.mnist_ones_sevens()
    assert "\n" not in str(caught.value)


def test_checksum_stands_in_one_place():
    checksum = datasets.SHA256[NAME]
    assert checksum == hashlib.sha256(maker.TARGET.read_bytes()).hexdigest()
    assert checksum not in maker.TARGET.with_name("README.md").read_text(encoding="utf-8")


def test_bytes_depend_on_the_arrays_alone(data):
    arrays = {
        "images": data.images,
        "digits": data.digits,
        "pixel_mean": np.float64(data.pixel_mean),
        "pixel_variance": np.float64(data.pixel_variance),
        "centred_power": np.float64(data.centred_power),
    }
    assert maker.npz_bytes(arrays) == maker.npz_bytes(dict(arrays))
    with np.load(maker.TARGET) as stored:
        assert list(stored) == list(arrays)
        assert all(np.array_equal(stored[name], arrays[name]) for name in arrays)


def idx(array, *, magic):
    return struct.pack(f">{1 + array.ndim}I", magic, *array.shape) + array.tobytes()


@pytest.fixture
def small():
    """120 images of 28 x 28 random pixels with labels 0 to 9."""
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (120, 28, 28), dtype=np.uint8), np.arange(120, dtype=np.uint8) % 10


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_maker_from_files(tmp_path, small, monkeypatch, capsys, pack):
    images, labels = small
    monkeypatch.setattr(maker, "COUNTS", {1: 12, 7: 12})
    (tmp_path / "i").write_bytes(pack(idx(images, magic=2051)))
    (tmp_path / "l").write_bytes(pack(idx(labels, magic=2049)))
    out = tmp_path / "out.npz"
    maker.main([str(tmp_path / "i"), str(tmp_path / "l"), "--out", str(out)])
    assert capsys.readouterr().out.startswith(hashlib.sha256(out.read_bytes()).hexdigest())
    with np.load(out) as made:
        chosen = (labels == 1) | (labels == 7)
        np.testing.assert_array_equal(made["images"], images.reshape(120, 784)[chosen])
        np.testing.assert_array_equal(made["digits"], labels[chosen])
        assert float(made["pixel_mean"]) == pytest.approx(np.mean(images / 255), rel=1e-12)
        assert float(made["pixel_variance"]) == pytest.approx(np.var(images / 255), rel=1e-12)
        assert float(made["centred_power"]) == pytest.approx(np.var(images / 255, axis=0).mean(), rel=1e-12)


BAD_IMAGES = [
    (lambda c: c[:3], "has 3 bytes, fewer than the 16 of an IDX header"),
    (lambda c: b"", "has 0 bytes"),
    (lambda c: b"\0\0\x08\x01" + c[4:], "begins with the number 2049, not with 2051"),
    (lambda c: c[:-1], "has 94095 bytes, but its header asks for 94096"),
    (lambda c: c + b"\0", "has 94097 bytes"),
    (lambda c: gzip.compress(c)[:-9], "cannot be read"),
    (lambda c: b"\x1f\x8b" + c, "cannot be read"),
]


@pytest.mark.parametrize(("damage", "message"), BAD_IMAGES)
def test_maker_refuses(tmp_path, small, capsys, damage, message):
    images, labels = small
    (tmp_path / "i").write_bytes(damage(idx(images, magic=2051)))
    (tmp_path / "l").write_bytes(idx(labels, magic=2049))
    out = tmp_path / "out.npz"
    with pytest.raises(SystemExit) as caught:
        maker.main([str(tmp_path / "i"), str(tmp_path / "l"), "--out", str(out)])
    assert caught.value.code == 2
    assert re.search(message, capsys.readouterr().err)
    assert not out.exists()


def test_maker_refuses_a_missing_file(tmp_path, capsys):
    with pytest.raises(SystemExit):
        maker.main([str(tmp_path / "i"), str(tmp_path / "l")])
    assert "cannot be read" in capsys.readouterr().err


def test_maker_refuses_other_data(small):
    images, labels = small
    with pytest.raises(ValueError, match="labels must hold 6742 ones and 6265 sevens, got 12 and 12"):
        maker.select(images, labels)
    with pytest.raises(ValueError, match=r"images must have shape \(119, 28, 28\)"):
        maker.select(images, labels[1:])


class TestWideDescents:
    """The stored descents and the script that makes them."""

    def test_table(self):
        stored = datasets.wide_descents()
        assert stored.command == make_wide_descents.COMMAND
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", stored.date)
        for width, runs in make_wide_descents.RUNS.items():
            chosen = stored.width == width
            assert np.array_equal(np.unique(stored.run[chosen]), np.arange(runs))
            assert stored.epoch[chosen].max() == make_wide_descents.EPOCHS[-1]
        assert (stored.flipped[stored.epoch == 0] == 0).all()
        assert (stored.flipped <= 100 * stored.width).all()
        np.testing.assert_array_equal(stored.distance, stored.perpendicular + stored.parallel)

    def test_means(self):
        stored = datasets.wide_descents()
        widths, values = stored.means("loss", epoch=10_000)
        assert widths.tolist() == list(make_wide_descents.RUNS)
        assert values[-1] == stored.loss[(stored.width == 1_000_000) & (stored.epoch == 10_000)].mean()
        assert stored.means("loss", epoch=100_000)[0].max() == 1_000_000

    def test_first_run_is_that_of_the_code(self):
        """The stored numbers come out again, up to what rounding does where a neuron passes a kink."""
        stored = datasets.wide_descents()
        rows = make_wide_descents.rows_of(1000, runs=1, epochs=[0, 1000, 2000])
        mine = (stored.width == 1000) & (stored.run == 0) & (stored.epoch <= 2000)
        for k, name in enumerate(make_wide_descents.MEASURES, 3):
            again = np.array([float(row[k]) for row in rows])
            np.testing.assert_allclose(again, getattr(stored, name)[mine], rtol=1e-3, atol=1e-12, err_msg=name)

    def test_damage_is_noticed(self, folder):
        original = make_wide_descents.TARGET.read_bytes()
        (folder / "wide_descents.csv").write_bytes(original.replace(b"100000", b"100001", 1))
        with pytest.raises(datasets.DataFileError, match="wide_descents.csv is damaged .*restore it"):
            datasets.wide_descents()

    def test_script_goes_on_where_it_stopped(self, tmp_path, monkeypatch, capsys):
        monkeypatch.setattr(make_wide_descents, "EPOCHS", (0, 2, 4))
        monkeypatch.setattr(make_wide_descents, "RUNS", {30: 2, 50: 1})
        out = tmp_path / "out.csv"
        make_wide_descents.main(["--out", str(out)])
        whole = out.read_text("utf-8")
        assert [line.split(",")[:3] for line in whole.splitlines()[2:]] == [
            [width, run, epoch]
            for width, runs, epochs in (("30", "01", "024"), ("50", "0", "024"))
            for run in runs
            for epoch in epochs
        ]
        out.write_text("".join(whole.splitlines(True)[:-3]), "utf-8")
        capsys.readouterr()
        make_wide_descents.main(["--out", str(out)])
        assert out.read_text("utf-8") == whole
        assert "m =      30" not in capsys.readouterr().err

    def test_script_spares_other_files(self, tmp_path, capsys):
        other = tmp_path / "mine.csv"
        other.write_text("a,b\n1,2\n", "utf-8")
        with pytest.raises(SystemExit):
            make_wide_descents.main(["--out", str(other)])
        assert "is not a file of this script" in capsys.readouterr().err
        assert other.read_text("utf-8") == "a,b\n1,2\n"


class TestPublishedFigures:
    """The papers' own curves."""

    @pytest.mark.parametrize(("paper", "figure"), datasets.PRECISION)
    def test_every_figure_is_whole(self, paper, figure):
        printed = datasets.published_figure(paper, figure)
        assert printed.page == datasets.PAGES[paper, figure]
        assert printed.how and printed.source
        for name, values in printed.items():
            assert values.ndim == 1 and len(values)
            assert values.dtype.kind == "U" or np.isfinite(values).all(), name
        measured = np.unique(printed["panel"]) if "panel" in printed else printed
        assert set(printed.precision) <= set(measured)
        assert all(0 < error < 1 for error in printed.precision.values())

    def test_every_file_has_a_checksum_and_nothing_else_lies_there(self):
        found = {f"published/{path.name}" for path in (datasets.DATA_FOLDER / "published").iterdir()}
        assert found == {name for name in datasets.SHA256 if name.startswith("published/")}

    def test_sizes_and_grids(self):
        for figure, points, step in ((1, 50, 6), (6, 50, 6), (4, 100, 10), (5, 100, 10)):
            np.testing.assert_array_equal(datasets.published_figure("liao-couillet-2018", figure)["t"], step * np.arange(points))
        second = datasets.published_figure("liao-couillet-2018", 2)
        assert second["histogram_count"].sum() == 512
        assert len(second["density_x"]) == len(second["density_relative"]) == 200
        third = datasets.published_figure("liao-couillet-2018", 3)
        np.testing.assert_allclose(third["sigma2"], 10 ** np.linspace(-2, 0, 21), rtol=1e-5)
        assert len(datasets.published_figure("liao-couillet-2018", 7)["eigenvalue"]) == 514
        last = datasets.published_figure("satpathi-srikant-2021", 1)
        assert set(last["panel"]) == {"a", "b", "c"}
        assert sorted(set(last["m"])) == [1000, 2000, 5000, 10000]
        assert last["epoch"].max() <= 10_000

    def test_arrays_are_fresh(self):
        datasets.published_figure("liao-couillet-2018", 3)["sigma2"][:] = 0
        assert datasets.published_figure("liao-couillet-2018", 3)["sigma2"].all()

    @pytest.mark.parametrize(
        ("paper", "figure", "error", "sentence"),
        [
            ("liao-couillet-2018", 8, ValueError, "figure must be that of one of: figure 1 of 'liao.*; got figure 8 of 'liao"),
            ("liao-couillet-2018", "1", TypeError, "figure must be an integer, got '1'"),
            ("berthier", 1, ValueError, "paper must be 'liao-couillet-2018' or 'satpathi-srikant-2021', got 'berthier'"),
        ],
    )
    def test_unknown_figures_are_refused(self, paper, figure, error, sentence):
        with pytest.raises(error, match=sentence):
            datasets.published_figure(paper, figure)

    def test_unknown_columns_are_refused(self):
        with pytest.raises(KeyError, match="has the columns sigma2, least_error, best_time; got 'errors'"):
            datasets.published_figure("liao-couillet-2018", 3)["errors"]

    def test_damage_is_noticed(self, folder):
        name = "published/liao-couillet-2018-figure-3.csv"
        (folder / "published").mkdir()
        (folder / name).write_text("sigma2\n1\n")
        with pytest.raises(datasets.DataFileError, match="figure-3.csv is damaged .*restore it"):
            datasets.published_figure("liao-couillet-2018", 3)


class TestDigitCounts:
    def test_what_it_holds(self):
        stored = datasets.digit_counts()
        assert stored.command == make_digit_counts.COMMAND
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", stored.date)
        np.testing.assert_array_equal(stored.t, make_digit_counts.TIMES)
        for reading in make_digit_counts.READINGS:
            for kind in ("training", "generalization"):
                for digit_class in (1, 2):
                    assert stored.of(reading, kind, digit_class).shape == (make_digit_counts.POOLS, 50)
        assert stored.counts.min() == 0 and stored.counts.max() < stored.points
        assert stored.points == 392 * make_digit_counts.RUNS == 392 * stored.runs

    def test_the_script_gives_it_again(self):
        """Up to the points whose score another machine rounds to the other side."""
        stored = datasets.digit_counts()
        chosen = (stored.reading == "signal to noise") & (stored.pool == 3)
        rows = make_digit_counts.rows_of("signal to noise", 3)
        assert [float(row[2]) for row in rows] == pytest.approx(stored.mu_norm2[chosen], rel=1e-6)
        assert np.abs(np.array([row[5:] for row in rows], int) - stored.counts[chosen]).max() <= 3

    def test_a_second_call_goes_on(self, tmp_path, monkeypatch):
        monkeypatch.setattr(make_digit_counts, "rows_of", lambda reading, pool: [[reading, str(pool)]])
        out = tmp_path / "out.csv"
        make_digit_counts.main(["--out", str(out), "--pools", "1"])
        assert len(out.read_text("utf-8").splitlines()) == 2 + 4
        make_digit_counts.main(["--out", str(out), "--pools", "2"])
        assert len(out.read_text("utf-8").splitlines()) == 2 + 8

    def test_damaged_file(self, folder):
        original = make_digit_counts.TARGET.read_bytes()
        (folder / "digit_counts.csv").write_bytes(original + b"\n")
        with pytest.raises(datasets.DataFileError, match="digit_counts.csv is damaged .*restore it"):
            datasets.digit_counts()
