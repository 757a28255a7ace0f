"""Entry point of ``python -m learning_dynamics``."""

import sys

from .companion.cli import main

if __name__ == "__main__":
    sys.exit(main())
