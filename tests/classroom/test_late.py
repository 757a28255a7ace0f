"""When something was handed in, by which clock, and what being late costs."""

import csv
import io
import os
import zipfile
from datetime import datetime

import pytest

from learning_dynamics.classroom.assignments import require_assignment
from learning_dynamics.classroom.grading import Grade, write_grades
from learning_dynamics.classroom.late import Late, Policy
from learning_dynamics.classroom.roster import Roster
from learning_dynamics.classroom.student_pages import student_page
from learning_dynamics.classroom.submissions import find_submissions
from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.project import find_project

from .test_submissions import put, solved

ASSIGNMENT = require_assignment(find_project(), "stieltjes")
DEADLINE = "2026-11-30 18:00"
TASKS = [task.id for task in ASSIGNMENT.tasks]


@pytest.mark.parametrize(
    ("time", "days", "share"),
    [
        ("2026-11-30 17:59:59", 0, 0),
        ("2026-11-30 18:00:00", 0, 0),
        ("2026-11-30 18:00:01", 1, 0.3),
        ("2026-12-01 18:00:00", 1, 0.3),
        ("2026-12-01 18:00:01", 2, 0.6),
        ("2027-12-01 18:00:00", 366, 1),
    ],
)
def test_every_day_begun_counts_and_nothing_is_below_nothing(time, days, share):
    late = Policy(DEADLINE, 30).of("anna", datetime.fromisoformat(time), "a clock")
    assert (late.days, late.share) == (days, share)
    assert (late.sentence == "") == (days == 0)


def test_a_date_means_its_end_and_a_roster_comes_first():
    assert Policy("2026-11-30", 10).of("a", datetime(2026, 11, 30, 23, 59), "x").days == 0
    assert Policy("2026-11-30", 10).of("a", datetime(2026, 12, 1, 0, 0), "x").days == 1
    rows = [
        {"identifier": "a", "deadline": "2026-12-05", "handed_in": ""},
        {"identifier": "b", "deadline": "", "handed_in": "2026-12-02T10:00"},
    ]
    policy = Policy(DEADLINE, 10, Roster(rows))
    assert policy.of("a", datetime(2026, 12, 5), "x").days == 0
    assert policy.of("b", datetime(2026, 11, 1), "x") == Late(datetime(2026, 12, 2, 10), "the roster", 2, 0.2)
    assert policy.of("c", None, "").sentence == "when it was handed in is not known"
    assert Policy().of("a", datetime(2026, 12, 1), "x") is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tomorrow", 10), "the deadline must be a time like 2026-11-30 18:00 or a date like 2026-11-30, got 'tomorrow'"),
        ((DEADLINE, 101), "late-per-day must be a percentage from 0 to 100, got 101"),
        ((DEADLINE, -1), "late-per-day must be a percentage from 0 to 100, got -1"),
        ((None, 10), "late-per-day is 10, and there is no deadline"),
        ((DEADLINE, 10, Roster([{"identifier": "a", "handed_in": "7"}])), "the handed_in of 'a' must be a time"),
    ],
)
def test_what_is_wrong_is_one_sentence(arguments, message):
    with pytest.raises(CompanionError, match=message):
        Policy(*arguments)


def stamped(files):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, (time, data) in files.items():
            archive.writestr(zipfile.ZipInfo(name, time), data)
    return held.getvalue()


def test_the_clock_of_the_platform_counts_and_not_that_of_the_student(tmp_path):
    early, late = (2026, 11, 1, 8, 0, 0), (2026, 12, 3, 9, 30, 0)
    own = stamped({"stieltjes.ipynb": (early, solved("bert"))})
    download = stamped(
        {
            "anna/stieltjes.ipynb": (late, solved("anna")),
            "bert/work.zip": (late, own),
            "carl/stieltjes.ipynb": ((1980, 0, 0, 0, 0, 0), solved("carl")),
        }
    )
    (tmp_path / "in.zip").write_bytes(download)
    times = {each.student: each.handed_in for each in find_submissions(tmp_path / "in.zip", ASSIGNMENT).submissions}
    assert times == {"anna": datetime(*late), "bert": datetime(*late), "carl": None}


def test_times_in_names_come_before_times_of_files(tmp_path):
    put(tmp_path, "Homework 1_s1_attempt_2026-11-01-10-11-12_stieltjes.ipynb", solved("s1"))
    put(tmp_path, "Homework 1_s2_attempt_2026-11-31-10-11-12_stieltjes.ipynb", solved("s2"))
    for path in tmp_path.iterdir():
        os.utime(path, (10**9, 10**9))
    one, other = find_submissions(tmp_path, ASSIGNMENT).submissions
    assert (one.handed_in, one.dated_by) == (datetime(2026, 11, 1, 10, 11, 12), "the name of the file")
    assert (other.handed_in, other.dated_by) == (datetime.fromtimestamp(10**9), "the time of the file")


def test_a_deduction_stands_in_the_table_and_on_the_page_beside_what_was_earned(tmp_path):
    late = Policy(DEADLINE, 10).of("anna", datetime(2026, 12, 1, 20), "the time of the file")
    found = Grade("anna", dict.fromkeys(TASKS, 1.0) | {TASKS[-1]: None}, [late.sentence], late=late)
    assert (found.earned, found.deducted, found.total) == (len(TASKS) - 1, 0.2 * (len(TASKS) - 1), 0.8 * (len(TASKS) - 1))
    write_grades(tmp_path / "grades.csv", ASSIGNMENT, [found, Grade("bert", dict.fromkeys(TASKS, 1.0), [])])
    with (tmp_path / "grades.csv").open(newline="", encoding="utf-8-sig") as stream:
        anna, bert = csv.DictReader(stream)
    assert [anna[key] for key in ("points", "handed in", "days late", "deducted")] == ["7.2", "2026-12-01 20:00", "2", "1.8"]
    assert [bert[key] for key in ("points", "handed in", "days late", "deducted")] == [f"{len(TASKS)}", "", "", ""]
    page = student_page(ASSIGNMENT, found, [], {})
    assert (
        "7.2 of 30 points (9 less 1.8 for being late) so far" in page and "2 days late: 20 % of the points are deducted" in page
    )
