"""When work was handed in, and what that costs: stated, and never mixed into the points of a task."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from math import ceil

from learning_dynamics.companion.base.errors import CompanionError, shown

DAY = timedelta(days=1)
SHOWN = "%Y-%m-%d %H:%M"


@dataclass(frozen=True)
class Late:
    """When one student handed in and by what that is known, how many days after the deadline were begun, and the share of the points deducted."""

    handed_in: datetime | None
    known_by: str
    days: int = 0
    share: float = 0.0

    @property
    def stamp(self):
        """The time as a text, empty where it is not known."""
        return self.handed_in.strftime(SHOWN) if self.handed_in else ""

    @property
    def sentence(self):
        """What to say to teacher and student, empty where there is nothing to say."""
        if self.handed_in is None:
            return "when it was handed in is not known"
        if not self.days:
            return ""
        days = "1 day" if self.days == 1 else f"{self.days} days"
        return f"handed in on {self.stamp} (by {self.known_by}), {days} late: {100 * self.share:g} % of the points are deducted"


class Policy:
    """A deadline, a deduction for each day begun after it, and exceptions.

    Parameters
    ----------
    deadline : str, optional
        ``2026-11-30 18:00``, or a date, which means its end; in the clock of the time stamps.
    percent : float
        Of the points earned, for each day begun, in [0, 100].
    roster : Roster, optional
        Columns `deadline` and `handed_in`, where they are filled, count before everything else.

    Raises
    ------
    CompanionError
        If a time cannot be read, the percentage is not allowed, or there is a deduction without a deadline.
    """

    def __init__(self, deadline=None, percent=0.0, roster=None):
        if not 0 <= percent <= 100:
            raise CompanionError(f"late-per-day must be a percentage from 0 to 100, got {percent:g}.")
        rows = {row["identifier"]: row for row in roster.rows} if roster else {}
        self.percent, self.deadline = percent, moment("deadline", deadline) if deadline else None
        self.deadlines, self.times = (
            {who: moment(f"{key} of {shown(who)}", row[key]) for who, row in rows.items() if row.get(key)}
            for key in ("deadline", "handed_in")
        )
        if percent and not (self.deadline or self.deadlines):
            raise CompanionError(f"late-per-day is {percent:g}, and there is no deadline; give one with --deadline.")

    def of(self, student, handed_in, known_by):
        """What holds for one student, or None where there is no deadline.

        Parameters
        ----------
        student : str
        handed_in : datetime.datetime or None
        known_by : str
            What says so.

        Returns
        -------
        Late or None
        """
        deadline = self.deadlines.get(student, self.deadline)
        if student in self.times:
            handed_in, known_by = self.times[student], "the roster"
        if deadline is None:
            return None
        if handed_in is None:
            return Late(None, "")
        days = max(0, ceil((handed_in - deadline) / DAY))
        return Late(handed_in, known_by, days, min(1.0, days * self.percent / 100))


def moment(name, text):
    """A time as people and platforms write it; a date alone means its end."""
    text = text.strip()
    try:
        found = datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        raise CompanionError(
            f"the {name} must be a time like 2026-11-30 18:00 or a date like 2026-11-30, got {shown(text)}."
        ) from None
    return datetime.combine(found.date(), time.max).replace(microsecond=0) if len(text) <= 10 else found
