"""The students of a course by all their names, and names as they are compared."""

import unicodedata

from learning_dynamics.companion.base.errors import CompanionError, shown

from .parameters import normalized
from .tables import read_table


class Roster:
    """The students of a course, by any of the names in a table.

    Parameters
    ----------
    rows : list of dict
        Column `identifier`, and any others: name, email, numbers of a learning platform.
    """

    def __init__(self, rows):
        self.rows = rows
        self.names = {}
        for row in rows:
            for value in row.values():
                for key in {name_key(value), name_key(value).replace(" ", "")} - {""}:
                    self.names.setdefault(key, set()).add(row["identifier"])

    def find(self, *names):
        """The identifier that one of some names stands for, or None where there is none or more than one."""
        for name in names:
            found = self.names.get(name_key(name), set())
            if len(found) == 1:
                return next(iter(found))
        return None

    def also(self, identifier):
        """All names of one student, as compared."""
        return {name_key(value) for row in self.rows if row["identifier"] == identifier for value in row.values()} - {""}


def read_roster(path):
    """Read a roster; a CompanionError names what is wrong with it."""
    if not path.exists():
        raise CompanionError(f"the roster {path} does not exist.")
    rows, seen = [], {}
    for line, row in read_table(path, ("identifier",)):
        if not row["identifier"]:
            raise CompanionError(f"{path.name}, line {line}: the identifier is empty.")
        key = name_key(row["identifier"])
        if key in seen:
            raise CompanionError(
                f"{path.name}, line {line}: the identifier {shown(row['identifier'])} stands in line {seen[key]}, too."
            )
        seen[key] = line
        rows.append(row)
    return Roster(rows)


def name_key(name):
    """A name as it is compared."""
    return normalized(str(name))


def clean_name(name):
    """A name with its letters composed and single spaces."""
    return " ".join(unicodedata.normalize("NFC", name).split())
