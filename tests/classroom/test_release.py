"""The student versions, and what the judge reads off a master."""

import json

import nbformat
import pytest

from learning_dynamics.classroom.assignments import load_assignments
from learning_dynamics.classroom.borrowing import taken_in
from learning_dynamics.classroom.judge import bound_names, judging_plan, unbound, used_names
from learning_dynamics.classroom.noted_uses import unusual
from learning_dynamics.classroom.release import released
from learning_dynamics.companion.base.project import find_project

ASSIGNMENTS = load_assignments(find_project())
FORBIDDEN = frozenset({"stieltjes", "train"})
MARK = {"cell_type", "grade", "grade_id", "locked", "points", "schema_version", "solution", "task"}


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_masters_carry_the_metadata_of_nbgrader(name):
    ids = []
    for cell in ASSIGNMENTS[name].master.cells:
        mark = cell.metadata["nbgrader"]
        ids.append(mark["grade_id"])
        assert set(mark) <= MARK and mark["schema_version"] == 3 and not mark["task"]
        assert ("points" in mark) == mark["grade"] and mark["locked"] != mark["solution"]
        assert mark.get("cell_type", cell.cell_type) == cell.cell_type
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_checks_need_nothing_but_answers_and_what_the_assignment_sets_up(name):
    plan = judging_plan(ASSIGNMENTS[name].master.cells)
    assert unbound(plan) == {}
    assert all(plan.needs.values()) and set(plan.checks) == {task.id for task in ASSIGNMENTS[name].tasks if not task.by_hand}
    answers = {answer for names in plan.answers.values() for answer in names}
    assert answers == {answer for names in plan.needs.values() for answer in names}


def test_regions_become_stubs():
    cells = [
        nbformat.v4.new_code_cell(
            "def f(x):\n    ### BEGIN SOLUTION\n    return x\n    ### END SOLUTION\n\n\n### BEGIN SOLUTION\ny = 1\n### END SOLUTION"
        ),
        nbformat.v4.new_code_cell("expect(1)\n### BEGIN HIDDEN TESTS\nexpect(2)\n### END HIDDEN TESTS"),
        nbformat.v4.new_markdown_cell("Why?\n\n### BEGIN SOLUTION\nSo.\n### END SOLUTION"),
    ]
    for number, cell in enumerate(cells):
        cell.metadata = {"nbgrader": {"grade_id": str(number)}}
    sources = [cell.source for cell in released(nbformat.v4.new_notebook(cells=cells)).cells]
    assert sources == [
        'def f(x):\n    raise NotImplementedError("no answer yet")  # your answer\n\n\n# your answer',
        "expect(1)",
        "Why?\n\n*Your answer.*",
    ]


@pytest.mark.parametrize(
    "source",
    [
        "### BEGIN SOLUTION\nx",
        "x\n### END SOLUTION",
        "### BEGIN SOLUTION\n### BEGIN HIDDEN TESTS\n### END SOLUTION\n### END HIDDEN TESTS",
    ],
)
def test_a_region_without_an_end_is_refused(source):
    cell = nbformat.v4.new_code_cell(source, metadata={"nbgrader": {"grade_id": "x"}})
    with pytest.raises(ValueError, match="region"):
        released(nbformat.v4.new_notebook(cells=[cell]))


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("x = 1\ny, (z, *w) = f()\nv: int = 3\nu += 1", {"x", "y", "z", "w", "v", "u"}),
        ("def f(a):\n    b = 1\nclass C:\n    d = 2", {"f", "C"}),
        ("for i in range(3):\n    if i:\n        j = i", {"i", "j"}),
        ("import a.b, c as d\nfrom e import f as g", {"a", "d", "g"}),
        ("k = [m for m in range(3)]\nlambda n: n", {"k"}),
        ("with open(x) as f:\n    pass", {"f"}),
        ("def broken(:", set()),
    ],
)
def test_names_that_code_binds(source, names):
    assert bound_names(source) == names


def test_names_that_code_reads():
    assert used_names("y = f(x) + [z for z in w]\nt.u") == {"f", "x", "z", "w", "t"}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("from learning_dynamics.random_matrix import stieltjes as st", {"stieltjes"}),
        ("import learning_dynamics.random_matrix as rm\nrm.stieltjes(1j, c=1)", {"stieltjes"}),
        ("import learning_dynamics.random_matrix\nlearning_dynamics.random_matrix.stieltjes(1j)", {"stieltjes"}),
        ("from learning_dynamics.random_matrix import *", {"stieltjes", "train"}),
        ("from learning_dynamics.classroom import *", set()),
        ("from scipy.special import stieltjes", set()),
        ("stieltjes = 3\nprint(stieltjes)", set()),
        ("p = parameters('stieltjes', 'anna')", set()),
        ("class Net:\n    def train(self):\n        pass\n\nnet = Net()\nnet.train()", set()),
        ("def broken(:", set()),
    ],
)
def test_what_is_taken_from_the_library_is_seen_and_nothing_else(source, found):
    assert taken_in(source, FORBIDDEN) == found


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_right_answers_take_nothing_and_use_nothing_unusual(name):
    for cell in ASSIGNMENTS[name].master.cells:
        if cell.cell_type == "code" and not cell.metadata["nbgrader"]["grade"]:
            assert not taken_in(cell.source, ASSIGNMENTS[name].forbidden)
            assert not unusual(cell.source)


@pytest.mark.parametrize("name", ASSIGNMENTS)
def test_unanswered_numbers_say_so_at_home(name):
    import numpy as np

    from learning_dynamics.classroom import expect, parameters

    plan = judging_plan(ASSIGNMENTS[name].master.cells)
    for cell in released(ASSIGNMENTS[name].master).cells:
        mark = cell.metadata["nbgrader"]
        if cell.cell_type != "code" or not mark["grade"] or not plan.needs[mark["grade_id"]] & used_names(cell.source):
            continue
        needs = plan.needs[mark["grade_id"]]
        functions = {each for answer in released(ASSIGNMENTS[name].master).cells for each in _functions(answer)}
        if needs & functions:
            continue
        scope = {"np": np, "expect": expect, "p": parameters(name, "anna"), **dict.fromkeys(needs)}
        with np.errstate(all="ignore"):
            try:
                exec(cell.source, scope)
            except AssertionError as error:
                assert "there is no answer yet" in str(error), (mark["grade_id"], str(error))
            else:
                raise AssertionError(f"{mark['grade_id']} accepts no answer")


def _functions(cell):
    if cell.cell_type != "code" or not cell.metadata["nbgrader"]["solution"]:
        return set()
    return {line.split("(")[0].removeprefix("def ") for line in cell.source.splitlines() if line.startswith("def ")}


def test_masters_are_json_with_a_final_newline():
    for assignment in ASSIGNMENTS.values():
        text = assignment.path.read_text("utf-8")
        assert text.endswith("}\n") and json.loads(text)["nbformat"] == 4
