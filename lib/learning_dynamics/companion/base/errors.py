"""The one exception that the command line turns into a sentence."""


class CompanionError(Exception):
    """A problem that the user can mend, said in one sentence."""
