"""Make ``mnist_ones_sevens.npz`` from the two original MNIST training files in IDX format.

Run as ``python -m learning_dynamics.data.make_mnist_ones_sevens IMAGES LABELS``. The same input gives the same bytes.
"""

import argparse
import gzip
import hashlib
import io
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np

TARGET = Path(__file__).with_name("mnist_ones_sevens.npz")
IMAGES_MAGIC = 2051
LABELS_MAGIC = 2049
COUNTS = {1: 6742, 7: 6265}


def read_idx(path, *, magic):
    """Return the unsigned bytes of an IDX file as an array.

    Parameters
    ----------
    path : str or path
        The file, plain or compressed with gzip.
    magic : int
        The number that the file must begin with: 2051 for images, 2049 for labels. Its last byte is the number of dimensions.

    Returns
    -------
    numpy.ndarray of uint8

    Raises
    ------
    ValueError
        If the file cannot be read, begins with another number, or is longer or shorter than its header says.
    """
    content = _read_bytes(path)
    head = 4 + 4 * (magic % 256)
    if len(content) < head:
        raise ValueError(f"{path} has {len(content)} bytes, fewer than the {head} of an IDX header")
    found, *shape = struct.unpack(f">{1 + magic % 256}I", content[:head])
    if found != magic:
        raise ValueError(f"{path} begins with the number {found}, not with {magic}")
    wanted = head + int(np.prod(shape, dtype=np.int64))
    if len(content) != wanted:
        raise ValueError(f"{path} has {len(content)} bytes, but its header asks for {wanted}")
    return np.frombuffer(content, dtype=np.uint8, offset=head).reshape(shape)


def _read_bytes(path):
    try:
        content = Path(path).read_bytes()
        return gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    except (OSError, EOFError, zlib.error) as error:
        raise ValueError(f"{path} cannot be read: {error}") from error


def select(images, labels):
    """Return the arrays of the file that is made, from all training images and labels.

    Parameters
    ----------
    images : numpy.ndarray of uint8, shape (60000, 28, 28)
    labels : numpy.ndarray of uint8, shape (60000,)

    Returns
    -------
    dict of str to numpy.ndarray
        ``images`` (13007, 784) and ``digits`` (13007,) in the original order; ``pixel_mean``, ``pixel_variance`` and
        ``centred_power``, computed from all images divided by 255: mean and variance of all pixels together, and the mean over
        pixels of each pixel's variance.

    Raises
    ------
    ValueError
        If the two files are of unequal length or are not the MNIST training files.
    """
    if images.shape != (len(labels), 28, 28):
        raise ValueError(f"images must have shape ({len(labels)}, 28, 28) to go with the labels, got {images.shape}")
    counts = {digit: int(np.count_nonzero(labels == digit)) for digit in COUNTS}
    if counts != COUNTS:
        raise ValueError(f"labels must hold {COUNTS[1]} ones and {COUNTS[7]} sevens, got {counts[1]} and {counts[7]}")
    chosen = (labels == 1) | (labels == 7)
    pixels = images.reshape(len(images), -1)
    return {"images": pixels[chosen], "digits": labels[chosen], **_whole_set_constants(pixels)}


def _whole_set_constants(pixels):
    first = pixels.sum(axis=0, dtype=np.int64)
    second = np.einsum("ij,ij->j", pixels, pixels, dtype=np.int64)
    number = len(pixels)
    variances = (second / number - (first / number) ** 2) / 255**2
    mean = first.sum() / pixels.size
    overall = second.sum() / pixels.size - mean**2
    return {
        "pixel_mean": np.float64(mean / 255),
        "pixel_variance": np.float64(overall / 255**2),
        "centred_power": np.float64(variances.mean()),
    }


def npz_bytes(arrays):
    """Return the content of a compressed ``.npz`` file, without the time of writing, so that it depends on the arrays alone.

    Parameters
    ----------
    arrays : dict of str to numpy.ndarray

    Returns
    -------
    bytes
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, array in arrays.items():
            member = io.BytesIO()
            np.lib.format.write_array(member, np.asarray(array), version=(1, 0), allow_pickle=False)
            entry = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            archive.writestr(entry, member.getvalue(), zipfile.ZIP_DEFLATED, 9)
    return buffer.getvalue()


def main(arguments=None):
    """Make the file and print its SHA-256; a bad input ends in one sentence and exit code 2, and nothing is written."""
    parser = argparse.ArgumentParser(description="Make mnist_ones_sevens.npz from the MNIST training files.")
    parser.add_argument("images", help="train-images-idx3-ubyte, plain or .gz")
    parser.add_argument("labels", help="train-labels-idx1-ubyte, plain or .gz")
    parser.add_argument("--out", type=Path, default=TARGET, help="file to write (default: next to this script)")
    options = parser.parse_args(arguments)
    try:
        images = read_idx(options.images, magic=IMAGES_MAGIC)
        content = npz_bytes(select(images, read_idx(options.labels, magic=LABELS_MAGIC)))
        options.out.write_bytes(content)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    print(f"{hashlib.sha256(content).hexdigest()}  {options.out}")


if __name__ == "__main__":
    main()
