"""Whether the optional extra is there."""

import importlib.util

from learning_dynamics.companion.errors import CompanionError


def require_extra():
    """Raise a `CompanionError` that says how to install nbgrader where it is missing."""
    if importlib.util.find_spec("nbgrader") is None:
        raise CompanionError(
            "nbgrader is missing; install the extra with `make classroom`, or with "
            "`python -m pip install -r requirements-classroom.txt`."
        )
