"""Whether the optional extra is there."""

import importlib.util

from learning_dynamics.companion.base.errors import CompanionError

NEEDED = ("bleach", "latex2mathml")


def require_extra():
    """Raise a `CompanionError` that says how to install what is missing."""
    for name in NEEDED:
        if importlib.util.find_spec(name) is None:
            raise CompanionError(
                f"{name} is missing; install the extra with `make classroom`, or with "
                "`python -m pip install -r requirements-classroom.txt`."
            )
