"""What is handed in: found in folders, archives and flat files, read, and told whose it is."""

import copy
import io
import json
import os
import unicodedata
import zipfile

import nbformat
import pytest

from learning_dynamics.classroom.assignments import require_assignment
from learning_dynamics.classroom.judge import SOLUTION
from learning_dynamics.classroom.release import released
from learning_dynamics.classroom.roster import Roster, read_roster
from learning_dynamics.classroom.submissions import assigned_text, find_submissions, named_student
from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.notebooks import notebook_bytes
from learning_dynamics.companion.base.project import find_project

ASSIGNMENT = require_assignment(find_project(), "stieltjes")
RELEASED = released(ASSIGNMENT.master)


def solved(student):
    notebook = copy.deepcopy(RELEASED)
    for original, cell in zip(ASSIGNMENT.master.cells, notebook.cells):
        if original.metadata["nbgrader"]["solution"]:
            cell.source = "\n".join(line for line in original.source.split("\n") if line.strip() not in SOLUTION)
        if original.metadata["nbgrader"]["grade_id"] == "student":
            cell.source = f"student = {student!r}"
    return notebook_bytes(notebook)


def put(folder, name, data):
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)


def zipped(files):
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return held.getvalue()


def students(found):
    return {each.student: each.owner for each in found.submissions}


def test_a_folder_without_students_is_refused(tmp_path):
    with pytest.raises(CompanionError, match="must hold one folder for each student"):
        find_submissions(tmp_path, ASSIGNMENT)
    with pytest.raises(CompanionError, match="does not exist"):
        find_submissions(tmp_path / "nowhere", ASSIGNMENT)


def test_the_notebook_with_more_answers_comes_first_and_the_other_is_named(tmp_path):
    put(tmp_path, "anna/stieltjes.ipynb", notebook_bytes(RELEASED))
    put(tmp_path, "anna/stieltjes (1).ipynb", solved("anna"))
    (found,) = find_submissions(tmp_path, ASSIGNMENT).submissions
    assert found.notes == ("stieltjes (1).ipynb is graded as stieltjes.ipynb", "not graded: stieltjes.ipynb")


def test_the_notebook_of_another_assignment_is_none_of_this(tmp_path):
    other = require_assignment(find_project(), "ensemble")
    put(tmp_path, "anna/stieltjes.ipynb", other.path.read_bytes())
    (found,) = find_submissions(tmp_path, ASSIGNMENT).submissions
    assert found.problem == "stieltjes.ipynb holds no cell of this assignment"


LAYOUTS = {  # name: (files, identifiers by student without a roster)
    "one folder each": ({"anna/stieltjes.ipynb": "anna", "bert/x/stieltjes.ipynb": "bert"}, {"anna": "anna", "bert": "bert"}),
    "flat files": ({"anna.ipynb": "anna", "bert.ipynb": "bert"}, {"anna": "anna", "bert": "bert"}),
    "Moodle": (
        {"Anna Müller_84123_assignsubmission_file/stieltjes.ipynb": "s1", "Bo Li_84124_assignsubmission_file_/a.ipynb": "s2"},
        {"Anna Müller": "s1", "Bo Li": "s2"},
    ),
    "Canvas": (
        {"mulleranna_101_9001_stieltjes.ipynb": "s1", "libo_LATE_102_9002_stieltjes-1.ipynb": "s2"},
        {"mulleranna": "s1", "libo": "s2"},
    ),
    "Blackboard": ({"Homework 1_s1_attempt_2026-11-01-10-11-12_stieltjes.ipynb": "s1"}, {"s1": "s1"}),
    "Gradescope": ({"submission_555/stieltjes.ipynb": "s1", "submission_556/stieltjes.ipynb": "s2"}, {"555": "s1", "556": "s2"}),
    "traces of other systems": (
        {
            "anna/stieltjes.ipynb": "anna",
            "__MACOSX/anna/._stieltjes.ipynb": None,
            "anna/.ipynb_checkpoints/a.ipynb": None,
            ".DS_Store": None,
        },
        {"anna": "anna"},
    ),
}


@pytest.mark.parametrize("archived", [False, True])
@pytest.mark.parametrize("name", LAYOUTS)
def test_folders_and_files_of_platforms_are_read(tmp_path, name, archived):
    files, expected = LAYOUTS[name]
    files = {path: b"x" if student is None else solved(student) for path, student in files.items()}
    place = tmp_path / "in"
    if archived:
        place = tmp_path / "in.zip"
        place.write_bytes(zipped(files))
    else:
        for path, data in files.items():
            put(place, path, data)
    found = find_submissions(place, ASSIGNMENT)
    assert students(found) == expected
    assert not found.ignored and not any(each.problem for each in found.submissions)


ROSTER = Roster(
    [
        {
            "identifier": "2023/1234",
            "name": "Anna Müller",
            "email": "anna@uni.example",
            "canvas": "101",
            "moodle": "84123",
            "gradescope": "555",
        },
        {
            "identifier": "2023/1235",
            "name": "Bo Li",
            "email": "bo@uni.example",
            "canvas": "102",
            "moodle": "84124",
            "gradescope": "556",
        },
        {
            "identifier": "2023/1236",
            "name": "Cem Öz",
            "email": "cem@uni.example",
            "canvas": "103",
            "moodle": "84125",
            "gradescope": "557",
        },
    ]
)


@pytest.mark.parametrize(
    "files",
    [
        ["Anna Müller_84123_assignsubmission_file/stieltjes.ipynb", "Bo Li_84124_assignsubmission_file/stieltjes.ipynb"],
        ["mulleranna_101_9001_stieltjes.ipynb", "libo_102_9002_stieltjes.ipynb"],
        ["submission_555/stieltjes.ipynb", "submission_556/stieltjes.ipynb"],
        ["anna@uni.example/stieltjes.ipynb", "BO@uni.example/stieltjes.ipynb"],
        [unicodedata.normalize("NFD", "Anna  Müller") + "/stieltjes.ipynb", "Bo Li /stieltjes.ipynb"],
    ],
)
def test_a_roster_says_whose_it_is_and_who_is_missing(tmp_path, files):
    for path, student in zip(files, ["2023/1234", "bo@uni.example"]):
        put(tmp_path, path, solved(student))
    found = find_submissions(tmp_path, ASSIGNMENT, ROSTER)
    assert students(found) == {"2023/1234": "2023/1234", "2023/1235": "bo@uni.example"}
    assert found.missing == ["2023/1236"]
    assert all(each.notes == () for each in found.submissions)


def test_who_is_not_in_the_roster_is_graded_and_named(tmp_path):
    put(tmp_path, "stranger/stieltjes.ipynb", solved("dora"))
    (found,) = find_submissions(tmp_path, ASSIGNMENT, ROSTER).submissions
    assert found.owner == "dora" and found.notes == ("'stranger' is not in the roster; the notebook names 'dora'",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,email\nx,y\n", "roster.csv must have a column 'identifier'"),
        ("identifier;name\n;x\n", "roster.csv, line 2: the identifier is empty"),
        ("identifier\tname\na\tx\nA \ty\n", "roster.csv, line 3: the identifier 'A' stands in line 2, too"),
        ("", "roster.csv is empty"),
        ("identifier,name\ns1,Li, Bo\n", "roster.csv, line 2 has 3 fields, must have 2; a text with the separator in it"),
        ('identifier,name\ns1,"Li\ns2,Ng\n', "roster.csv has a quotation mark in line 2 that is not closed"),
    ],
)
def test_what_is_wrong_with_a_roster_is_one_sentence(tmp_path, text, message):
    (tmp_path / "roster.csv").write_text(text, "utf-8")
    with pytest.raises(CompanionError, match=message):
        read_roster(tmp_path / "roster.csv")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_roster_is_read_as_spreadsheets_write_it(tmp_path, encoding, separator):
    text = separator.join(["Identifier", "Name"]) + "\r\n" + separator.join(["s1", "José Müller"]) + "\r\n\r\n"
    (tmp_path / "roster.csv").write_bytes(text.encode(encoding))
    assert read_roster(tmp_path / "roster.csv").find("José Müller") == "s1"


def test_archives_within_folders_are_read_and_other_names_of_a_notebook(tmp_path):
    put(tmp_path, "anna/work.zip", zipped({"a/stieltjes.ipynb": solved("anna")}))
    put(tmp_path, "bert/stieltjes.ipynb.txt", b"\xef\xbb\xbf" + solved("bert"))
    put(tmp_path, "carl.zip", zipped({"stieltjes.ipynb": solved("carl")}))
    put(tmp_path, "dora/broken.zip", b"PK\x03\x04 nothing")
    found = find_submissions(tmp_path, ASSIGNMENT)
    assert students(found) == {"anna": "anna", "bert": "bert", "carl": "carl", "dora": "dora"}
    assert [each.student for each in found.submissions if each.problem] == ["dora"]
    assert "cannot be unpacked" in found.submissions[-1].problem


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-be"])
def test_a_notebook_is_read_in_every_encoding_of_unicode(tmp_path, encoding):
    text = solved("anna").decode().replace("student = 'anna'", "student = 'Zo\u00eb \u0141'")
    mark = {"utf-16-be": "\ufeff", "utf-32-be": "\ufeff"}.get(encoding, "")
    put(tmp_path, "Zo\u00eb \u0141/stieltjes.ipynb", (mark + text).encode(encoding))
    (found,) = find_submissions(tmp_path, ASSIGNMENT).submissions
    assert (found.problem, found.notes, found.owner) == ("", (), "Zo\u00eb \u0141")


def without(*names, null=False):
    """A full solution in which cells and outputs lack something, or have null for it."""
    known = json.loads(solved("anna"))
    for cell in known["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"] = [{"output_type": "display_data", "data": {}, "metadata": {}}]
        for part in (known, cell, *cell.get("outputs", ())):
            for name in names:
                if name in part:
                    part.pop(name)
                if null:
                    part[name] = None
    return json.dumps(known).encode()


@pytest.mark.parametrize("null", [False, True])
@pytest.mark.parametrize(
    "names", [("outputs",), ("execution_count",), ("nbformat", "nbformat_minor"), ("data",), ("id", "attachments", "kernelspec")]
)
def test_what_a_cell_lacks_is_empty(tmp_path, names, null):
    put(tmp_path, "anna/stieltjes.ipynb", without(*names, null=null))
    (found,) = find_submissions(tmp_path, ASSIGNMENT).submissions
    assert (found.problem, found.notes, found.owner) == ("", (), "anna")
    whole = nbformat.reads(solved("anna").decode(), as_version=4)
    assert [cell.source for cell in found.notebook.cells] == [cell.source for cell in whole.cells]
    assert all(isinstance(cell.outputs, list) for cell in found.notebook.cells if cell.cell_type == "code")


@pytest.mark.parametrize("null", [False, True])
def test_cells_without_metadata_are_known_by_their_ids(tmp_path, null):
    """Only the answers need be known here: grading knows them by what they define."""
    known = json.loads(solved("anna"))
    for number, cell in enumerate(known["cells"]):
        if number % 2 == 0:
            cell.pop("metadata")
        if number % 2 == 0 and null:
            cell["metadata"] = None
    known["metadata"] = None
    put(tmp_path, "anna/stieltjes.ipynb", json.dumps(known).encode())
    (found,) = find_submissions(tmp_path, ASSIGNMENT).submissions
    assert found.problem == "" and found.notebook.cells[0].metadata == {}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[]", "its JSON is a list"),
        (b"17", "its JSON is a number"),
        (b"1.5", "its JSON is a number"),
        (b'"x"', "its JSON is a text"),
        (b"true", "its JSON is true or false"),
        (b"null", "its JSON is null"),
        (b"{}", "it has no list of cells"),
        (b'{"cells": null}', "it has no list of cells"),
        (b'{"cells": [1]}', "cell 1 is not in the form of a notebook"),
        (b'{"cells": [{"cell_type": "markdown"}, {"cell_type": "x"}]}', "cell 2 is not in the form of a notebook"),
        (b'{"cells": [{"cell_type": "code", "source": 3}]}', "cell 1 is not in the form of a notebook"),
        (b'{"cells": [{}]}', "is not in the form of a notebook"),
        (b'{"cells": [], "nbformat": "x"}', "its JSON is not in the form of a notebook"),
        (b'{"worksheets": [1], "nbformat": 3}', "its JSON is not in the form of a notebook"),
        (b"9" * 5000, "its text is not JSON"),
        (b"[" * 100_000, "its text is not JSON"),
        (b"{'cells': []}", "its text is not JSON"),
        ('{"cells": "\u00e9"}'.encode("latin-1"), "its text must be in UTF-8, or in UTF-16 or UTF-32"),
        (b"\xff\xfe{", "its text must be in UTF-8, or in UTF-16 or UTF-32"),
    ],
)
def test_what_is_no_notebook_is_said_in_words(tmp_path, content, reason):
    put(tmp_path, "anna/stieltjes.ipynb", content)
    (found,) = find_submissions(tmp_path, ASSIGNMENT).submissions
    assert reason in found.problem and found.problem.startswith("stieltjes.ipynb is not a notebook (")
    assert "Error" not in found.problem and "\n" not in found.problem


def test_what_is_not_taken_is_named(tmp_path):
    put(tmp_path, "anna/stieltjes.ipynb", solved("anna"))
    put(tmp_path, "stray.ipynb", solved("bert"))
    put(tmp_path, "carl/notes.txt", b"x")
    os.symlink(tmp_path / "anna", tmp_path / "dora")
    (tmp_path / "emil").mkdir()
    os.symlink(tmp_path / "anna" / "stieltjes.ipynb", tmp_path / "emil" / "stieltjes.ipynb")
    found = find_submissions(tmp_path, ASSIGNMENT)
    assert found.ignored == [
        "dora: it is a link",
        "emil/stieltjes.ipynb: it is a link",
        "stray.ipynb: it is in no folder of a student",
    ]
    assert {each.student: each.problem for each in found.submissions} == {
        "anna": "",
        "carl": "there is no notebook in the folder, only notes.txt",
        "emil": "there is no notebook in the folder",
    }


def test_an_identifier_that_two_use_is_named(tmp_path):
    for number in (1, 2):
        put(tmp_path, f"submission_{number}/stieltjes.ipynb", solved("anna"))
    for each in find_submissions(tmp_path, ASSIGNMENT).submissions:
        assert "the same identifier 'anna' is used by" in each.notes[-1]


@pytest.mark.parametrize("folder", [unicodedata.normalize("NFD", "Zoë"), "Zoë ", "ZOË"])
def test_names_differ_in_nothing_that_machines_change(tmp_path, folder):
    put(tmp_path, f"{folder}/stieltjes.ipynb", solved("Zoë"))
    (found,) = find_submissions(tmp_path, ASSIGNMENT).submissions
    assert found.notes == ()


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("student = 'anna'", "anna"),
        ("student = 'a'\nstudent = 'b'", "b"),
        ("student = 3", None),
        ("student = ", None),
        ("", None),
    ],
)
def test_the_identifier_of_a_notebook_is_read_without_running_it(source, name):
    assert assigned_text(source, "student") == name


def test_the_placeholder_names_nobody():
    assert named_student(["student = 'your identifier'"]) is None
    assert named_student(["student = 'anna'", "student = 'your identifier'"]) == "anna"
