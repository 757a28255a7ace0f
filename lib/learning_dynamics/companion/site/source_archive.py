"""The source of the book as one file that readers take from the site: unpack it and make the book, or install the library from it."""

import io
import zipfile

PLACE = "book/_downloads/learning-dynamics.zip"
"""Where it stands in the assembled book."""

FOLDER = "learning-dynamics"
FOLDERS = ("book", "lib", "tests", "benchmarks")
FILES = (
    "CHANGELOG.md", "CITATION.cff", "CONTRIBUTING.md", "LICENSE", "MANIFEST.in", "Makefile", "README.md", "SECURITY.md", "_config.yml", "_toc.yml",
    "environment.yml", "pyproject.toml", "requirements-classroom.txt", "requirements-dask.txt", "requirements.txt", "setup.py",
)  # fmt: skip
"""What the archive holds.  The assignments are not in it, since they hold their solutions; nor is what else lies in the folder."""

LEFT_OUT = ("__pycache__", ".ipynb_checkpoints")
DATE = (2026, 1, 1, 0, 0, 0)


def source_archive(root):
    """The archive, the same bytes for the same files.

    Parameters
    ----------
    root : Path
        Folder of the project; files of the list that it does not have are left out.

    Returns
    -------
    bytes
        A ZIP file with the one folder `FOLDER`.
    """
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(_files(root), key=lambda path: path.relative_to(root).as_posix()):
            entry = zipfile.ZipInfo(f"{FOLDER}/{path.relative_to(root).as_posix()}", DATE)
            entry.compress_type, entry.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            archive.writestr(entry, path.read_bytes())
    return stream.getvalue()


def _files(root):
    found = [root / name for name in FILES]
    for folder in FOLDERS:
        found += [path for path in (root / folder).rglob("*") if not _is_left_out(path.relative_to(root))]
    return [path for path in found if path.is_file()]


def _is_left_out(path):
    return any(part in LEFT_OUT or part.endswith(".egg-info") or part.startswith(".") for part in path.parts)
