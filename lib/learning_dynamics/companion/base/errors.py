"""The one exception that the command line turns into a sentence, and how what the user wrote stands in it."""

LONGEST_SHOWN = 60
MOST_LISTED = 12


class CompanionError(Exception):
    """A problem that the user can mend, said in one sentence."""


def shown(value):
    """A value as it stands in a sentence: on one line, and not longer than one."""
    try:
        text = repr(value)
    except ValueError:  # Python writes no whole number of thousands of digits
        return "a number of thousands of digits"
    return text if len(text) <= LONGEST_SHOWN else f"{text[:LONGEST_SHOWN]}… ({len(text)} characters)"


def listed(names):
    """Names as they stand in a sentence: the first few, each as it is where it is a short word, and how many more."""
    names = list(names)
    parts = [name if name.isprintable() and 0 < len(name) <= LONGEST_SHOWN else shown(name) for name in names[:MOST_LISTED]]
    more = f" and {len(names) - MOST_LISTED} more" if len(names) > MOST_LISTED else ""
    return ", ".join(parts) + more


def first_line(error):
    """What an error says, on one line and not longer than one; its kind where it says nothing."""
    text = str(error).strip().partition("\n")[0].rstrip(".")
    text = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text[: 4 * LONGEST_SHOWN])
    return text or type(error).__name__
