"""The public names of a package: those that its own text imports or defines."""

from inspect import ismodule


def public(namespace):
    """The names of a package for its ``__all__``.

    Parameters
    ----------
    namespace : dict
        What ``globals()`` returns at the end of the package's ``__init__``.

    Returns
    -------
    list of str
        In alphabetical order, without modules and names that begin with ``_``.
    """
    return sorted(name for name, value in namespace.items() if not name.startswith("_") and not ismodule(value))
