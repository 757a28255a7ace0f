"""Tables of values that nothing is compared with, and the sentences that go with them."""

import re

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.numerals import number, power_of_ten

SIGN = re.compile(r"(?<![\w.\-])-(?=\d)")
EXPONENT = re.compile(r"(?<![\w.])(\d+(?:\.\d+)?)e([+-]?\d+)\b")
VALUE = re.compile(r"[−+±\d.,\s×⁰¹²³⁴⁵⁶⁷⁸⁹⁻%()∞—]+")
"""A number as it is printed, with its error, or the sign that there is none."""


class ValueTable:
    """A table of values, shown as the output of a cell.

    A cell is a text, or a number, which is rounded to three significant digits.  Numbers in a text may be written as Python
    writes them: minus signs and powers of ten are typeset.

    Parameters
    ----------
    *columns : str
        Headings; without any, there are only notes.
    """

    def __init__(self, *columns):
        self.columns = columns
        self.rows, self.notes = [], []

    def row(self, *cells):
        """Add a row.

        Raises
        ------
        CompanionError
            Where there are not as many cells as columns.
        """
        if len(cells) != len(self.columns):
            raise CompanionError(f"cells of a row must be as many as columns, {len(self.columns)}; got {len(cells)}.")
        self.rows.append([as_printed(cell) for cell in cells])

    def note(self, sentence):
        """Add a sentence below the table."""
        self.notes.append(as_printed(sentence))

    def _repr_markdown_(self):
        lines = _table([as_printed(name) for name in self.columns], self.rows) if self.rows else []
        return "\n\n".join(["\n".join(lines), *self.notes] if lines else self.notes)

    def __repr__(self):
        return self._repr_markdown_()


def sentence(text):
    """A sentence with computed values, shown as the output of a cell."""
    shown = ValueTable()
    shown.note(text)
    return shown


def as_printed(value):
    """A text, or a number, with true minus signs and powers of ten."""
    if not isinstance(value, str):
        return number(value, 3)
    return EXPONENT.sub(lambda match: f"{match[1]} × {power_of_ten(int(match[2]))}", SIGN.sub("−", value))


def _table(columns, rows):
    rules = ["--:" if all(VALUE.fullmatch(row[k]) for row in rows) else ":--" for k in range(len(columns))]
    return ["| " + " | ".join(cells) + " |" for cells in (columns, rules, *rows)]
