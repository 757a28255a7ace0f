"""Entry point of ``python -m learning_dynamics``."""

import sys

from ._cache import provide_settings
from ._start import pinned_first, without_window


def missing(error):
    """Say in a sentence that the library was installed without what the command line needs; returns the exit status."""
    if (error.name or "").startswith("learning_dynamics"):
        raise error
    sentence = (
        f'{error.name} is not installed; python -m pip install "FOLDER[book]" brings it, where FOLDER is this package\'s source'
    )
    print(f"error: {sentence}.", file=sys.stderr)
    return 2


if __name__ == "__main__":
    pinned_first()
    without_window()
    provide_settings()
    try:
        from .companion.commands.cli import main
    except ModuleNotFoundError as error:
        sys.exit(missing(error))
    sys.exit(main())
