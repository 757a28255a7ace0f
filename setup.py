"""A wheel brings the registry of the book along, so that a chapter runs without the repository."""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

SOURCE = Path("book", "registry.yml")
TARGET = Path("learning_dynamics", "companion", "registry.yml")


class BuildWithRegistry(build_py):
    """Copies the registry into the package; an editable installation reads it where it is."""

    def run(self):
        """Build as usual, then copy."""
        super().run()
        if not self.editable_mode:
            self.copy_file(str(SOURCE), str(Path(self.build_lib) / TARGET))


setup(cmdclass={"build_py": BuildWithRegistry})
