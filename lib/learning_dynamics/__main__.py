"""Entry point of ``python -m learning_dynamics``."""

import sys

from ._cache import provide_settings
from ._start import pinned_first

if __name__ == "__main__":
    pinned_first()
    provide_settings()
    from .companion.cli import main

    sys.exit(main())
