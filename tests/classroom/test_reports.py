"""What a teacher learns of a class, and tables for learning platforms."""

import csv
import json
import shutil

import numpy as np
import pytest

from learning_dynamics.classroom.assignments import load_assignments, require_assignment
from learning_dynamics.classroom.grading import Grade
from learning_dynamics.classroom.judge import given_numbers, judging_plan, without_marks
from learning_dynamics.classroom.parameters import parameters
from learning_dynamics.classroom.release import released, write_course
from learning_dynamics.classroom.reports import alike, fingerprints, same_numbers, statistics, write_uploads
from learning_dynamics.classroom.roster import Roster
from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.project import Project, find_project

ASSIGNMENT = require_assignment(find_project(), "stieltjes")
TASKS = [task.id for task in ASSIGNMENT.tasks]
CODE = """def transform(z, c):
    root = np.sqrt(z - c) * np.sqrt(z + c)
    linear = 1 - c - z
    return (linear + root) / (2 * c * z) + np.where(root > 0, 1, 2)
"""


def graded(student, points, says=""):
    return Grade(student, dict.fromkeys(TASKS, points), [], dict.fromkeys(TASKS, says))


def test_statistics_count_the_class_and_what_was_said():
    wrong = [graded(name, 0.0, f"m: off by {number}e+05 times what is accepted") for name, number in (("a", 2), ("b", 3))]
    text = statistics(ASSIGNMENT, [*wrong, graded("c", 2.0), graded("d", 0.0, "no answer yet")])
    row = next(line for line in text.splitlines() if line.startswith("| `circle`"))
    assert row == "| `circle` | 3 | 0.50 | 0 % | 1 | 0 | m: off by … times what is accepted (2×) |"
    assert "4 submissions, 4 of them with an answer" in text
    assert statistics(ASSIGNMENT, []).count("| `") == len(TASKS)


def test_code_is_alike_beyond_names_layout_and_texts():
    other = '"""Mine."""\n' + CODE.replace("root", "w").replace("linear", "other").replace("    ", "  ")
    assert fingerprints([CODE]) == fingerprints([CODE.replace("root", "w").replace("transform", "m").replace("    ", "  ")])
    assert fingerprints([CODE]) != fingerprints([CODE.replace("2 * c", "3 * c")])
    assert not fingerprints(["x = 1", "def broken(:"]) and len(fingerprints([other])) == 1


def test_pairs_with_the_same_code_are_listed_and_what_was_handed_out_is_not():
    stub = fingerprints([CODE.replace("1 - c", "7 - c")])
    codes = {name: fingerprints([CODE]) | stub for name in ("anna", "bert")} | {"carl": stub}
    text = alike(codes, stub, fingerprints([CODE]))
    assert "| anna | bert | 1 |" in text and "| carl" not in text
    assert text.rstrip().endswith("Cells that are the master's but for names: anna, bert.")


def test_numbers_that_tell_something_are_kept():
    found = {
        "a": 0.123456789,
        "b": np.float64(2.5),
        "c": 7,
        "d": "text",
        "e": np.array([1.0, 1 / 3]),
        "f": np.ones(3) * np.pi,
        "g": float("nan"),
        "h": np.ones(99) / 7,
        "i": 1j / 3,
    }
    assert given_numbers(found) == ("a = 0.123457", "e = 1, 0.333333", "f = 3.14159, 3.14159, 3.14159", "i = 0+0.333333j")


def test_the_same_numbers_are_listed_where_they_are_wrong_for_somebody():
    grades = [
        graded(name, points) for name, points in (("anna", 3.0), ("bert", 0.0), ("carl", 0.0), ("dora", 3.0), ("emil", 3.0))
    ]
    own, other, common = "log_mean = -0.234567", "sd_L = 1.23457", "mean_L = 0.777777"
    numbers = {
        "anna": {"log-mean": [own]},
        "bert": {"log-mean": [own], "experiment-sd": [other]},
        "carl": {"experiment-sd": [other]},
    }
    numbers |= {name: {"log-mean": ["log_mean = 0.555555"]} for name in ("dora", "emil")}
    text = same_numbers(grades, numbers)
    assert "| anna, bert | bert | log mean = -0.234567 |" in text and "| bert, carl | bert, carl | sd L = 1.23457 |" in text
    assert "dora" not in text
    many = {f"s{number}": {"log-mean": [common]} for number in range(9)}
    assert "0.777777" not in same_numbers([graded(name, 0.0) for name in many], many)


def test_the_master_is_told_from_what_is_handed_out():
    cells = [cell for cell in ASSIGNMENT.master.cells if cell.cell_type == "code"]
    handed_out = fingerprints(cell.source for cell in released(ASSIGNMENT.master).cells if cell.cell_type == "code")
    answers = fingerprints(without_marks(cell.source) for cell in cells if cell.metadata["nbgrader"]["solution"])
    assert answers and not answers & handed_out


def test_platforms_get_a_line_for_everybody_and_no_points_that_are_not_final(tmp_path):
    rows = [
        {"identifier": name, "name": name.title(), "email": f"{name}@uni.example", "canvas": str(number)}
        for number, name in enumerate(("anna", "bert", "carl"))
    ]
    write_uploads(tmp_path, ASSIGNMENT, [graded("Anna", 1.0, "=1"), graded("bert", None)], Roster(rows))
    with (tmp_path / "moodle.csv").open(newline="", encoding="utf-8-sig") as stream:
        moodle = list(csv.reader(stream))
    with (tmp_path / "canvas.csv").open(newline="", encoding="utf-8-sig") as stream:
        canvas = list(csv.reader(stream))
    assert [row[3] for row in moodle] == [ASSIGNMENT.title, f"{len(TASKS)}", "", ""]
    assert canvas[1] == ["Points Possible", "", "", "", "", "30"]
    assert canvas[2] == ["Anna", "0", "anna", "anna@uni.example", "", f"{len(TASKS)}"] and canvas[4][-1] == ""


def test_a_course_has_masters_of_its_own_at_other_parameters(tmp_path):
    real = find_project()
    for name in load_assignments(real):
        shutil.copytree(real.root / "classroom" / name, tmp_path / "classroom" / name)
    project = Project(root=tmp_path, output=tmp_path)
    word = 'autumn "2026" \\ ü'
    write_course(project, word, say=lambda text: None)
    for name, assignment in load_assignments(project).items():
        assert assignment.path.parent == tmp_path / "classroom" / "private" / name
        json.loads(assignment.path.read_text("utf-8"))
        plan = judging_plan(assignment.master.cells)
        calls = [source for source in (*plan.setup, *plan.checks.values()) if f'parameters("{name}"' in source]
        assert len(calls) >= 2 and all("course=" in source for source in calls)
        scope = {"student": "anna"}
        exec(plan.setup[0] + "\n" + "\n".join(line for line in plan.setup[1].splitlines() if line.startswith("p = ")), scope)
        assert scope["p"] == parameters(name, "anna", course=word) != parameters(name, "anna")
    with pytest.raises(CompanionError, match="exists already; move it away"):
        write_course(project, "spring", say=lambda text: None)
    with pytest.raises(CompanionError, match="course must be a word of your own"):
        write_course(project, " ", say=lambda text: None)
