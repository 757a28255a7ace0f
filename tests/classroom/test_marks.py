"""Tables: marks given by hand, as spreadsheets leave them, and tables that are safe to open in one."""

import csv
import importlib.util

import pytest

from learning_dynamics.classroom.assignments import require_assignment
from learning_dynamics.classroom.folders import own_folder, refuse_nesting, replace_folder
from learning_dynamics.classroom.marks import MARKS_FILE, read_marks, write_marks
from learning_dynamics.classroom.optional_extra import require_extra
from learning_dynamics.classroom.student_pages import file_name
from learning_dynamics.classroom.tables import read_table, write_table
from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.project import find_project
from learning_dynamics.companion.commands.cli import main

ASSIGNMENT = require_assignment(find_project(), "stieltjes")


def marks_file(folder, text, encoding="utf-8"):
    (folder / MARKS_FILE).write_bytes(text.encode(encoding))
    return folder / MARKS_FILE


HEAD = "student,assignment,task,points,comment\n"


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ("anna,,interpretation,six,", "line 2: points must be a number from 0 to 5, got 'six'"),
        ("anna,,interpretation,5.5,", "line 2: points must be a number from 0 to 5, got '5.5'"),
        ("anna,,interpretation,-1,", "line 2: points must be a number from 0 to 5, got '-1'"),
        ("anna,,interpretation,nan,", "line 2: points must be a number from 0 to 5, got 'nan'"),
        ("anna,stieltjes,interpretatoin,5,", "there is no task 'interpretatoin'"),
        ("anna,averaging,interpretation,5,", "the mark is for the assignment 'averaging', and this is 'stieltjes'"),
        ("anna,,interpretation,5,\nAnna,,interpretation,4,", "line 3: the task 'interpretation' of 'anna' has a line above, too"),
    ],
)
def test_wrong_marks_are_named_by_their_line(tmp_path, row, message):
    with pytest.raises(CompanionError, match=message):
        read_marks(marks_file(tmp_path, HEAD + row + "\n"), ASSIGNMENT, ["anna"])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_marks_are_read_as_spreadsheets_write_them(tmp_path, encoding, separator):
    rows = [["Student", "Task", "Points", "Comment"], [" José ", "interpretation", '"4,5"', "schön"], ["", "", "", ""]]
    text = "\r\n".join(separator.join(row) for row in rows) + "\r\n"
    found = read_marks(marks_file(tmp_path, text, encoding), ASSIGNMENT, ["José"])
    assert found.given == {("José", "interpretation"): (4.5, "schön")}


FREE = "well argued, but late; see me"


@pytest.mark.parametrize(
    ("text", "comment"),
    [
        (f"student,task,points,comment\n\u0141\u00fc,interpretation,2,{FREE}\n", FREE),
        (f"student,task,points,Comment,,\n\u0141\u00fc,interpretation,2,{FREE},,\n", FREE),
        (f'student;task;points;comment\n\u0141\u00fc;interpretation;2;"{FREE}"\n', FREE),
        ("student;task;points;comment\n\u0141\u00fc;interpretation;2;a;b ;c;;\n", "a;b ;c"),
        ("student,task,points,comment\n\u0141\u00fc,interpretation,2,,\n", ""),
        ('student,task,points,comment\n\u0141\u00fc,interpretation,2,"two\nlines"\n', "two\nlines"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_no_word_of_a_comment_is_lost(tmp_path, text, comment, encoding):
    found = read_marks(marks_file(tmp_path, text, encoding), ASSIGNMENT, ["\u0141\u00fc"])
    assert found.given == {("\u0141\u00fc", "interpretation"): (2.0, comment)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("student,comment,task,points\n\nanna,well, but late,interpretation,2", "t.csv, line 3 has 5 fields, must have 4"),
        ("student,task,points\nanna,interpretation,2,x", "t.csv, line 2 has 4 fields, must have 3"),
        ("student,task,points,comment,comment\n", "must have each column once, and has 'comment' twice"),
        ('student,task,points,comment\nanna,interpretation,2,ok\nbert,interpretation,2,"well\ncarl,interpretation,2,', "line 3"),
        ("student,task,points\0", "must be a table of text in UTF-8"),
        ("student," + "x" * 500, "must have a column 'task'; its columns are student, '" + "x" * 59 + "… \\(502 characters\\)"),
    ],
)
def test_a_table_that_would_lose_something_is_refused(tmp_path, text, message):
    (tmp_path / "t.csv").write_text(text, "utf-8")
    with pytest.raises(CompanionError, match=message):
        read_table(tmp_path / "t.csv", ("student", "task", "points"), free="comment")


@pytest.mark.parametrize(
    ("head", "words"),
    [("note", "the column 'note' holds 'ask her'; put it into the comment"), ("", "the column without a name holds 'ask her'")],
)
def test_a_column_of_ones_own_is_not_lost_without_a_word(tmp_path, head, words):
    text = f"student,{head},task,points\nanna,,interpretation,2\nbert,ask her,interpretation,2\n"
    with pytest.raises(CompanionError, match=f"line 3: the table keeps the columns student, .* and {words}"):
        read_marks(marks_file(tmp_path, text), ASSIGNMENT, ["anna", "bert"])
    found = read_marks(marks_file(tmp_path, text.replace("ask her", "")), ASSIGNMENT, ["anna", "bert"])
    assert len(found.given) == 2


class Found:
    def __init__(self, student, open_):
        self.student, self.open = student, open_


def test_marks_survive_being_read_and_written_and_so_do_those_of_others(tmp_path):
    rows = 'anna,stieltjes,interpretation,4.5,"Clear, and short."\ngone,stieltjes,interpretation,3,left\n'
    given = read_marks(marks_file(tmp_path, HEAD + rows), ASSIGNMENT, ["anna", "bert", "-1+1"])
    assert given.given == {("anna", "interpretation"): (4.5, "Clear, and short.")}
    assert given.unused == ["marks of students who have not handed in are kept: gone"]
    students = [Found("anna", []), Found("bert", ["interpretation"]), Found("-1+1", ["interpretation"])]
    write_marks(tmp_path / MARKS_FILE, ASSIGNMENT, students, given)
    again = read_marks(tmp_path / MARKS_FILE, ASSIGNMENT, ["anna", "bert", "-1+1"])
    assert again.given == given.given | {("bert", "interpretation"): (None, ""), ("-1+1", "interpretation"): (None, "")}
    assert again.others == given.others


@pytest.mark.parametrize("value", ["=cmd|' C calc'!A0", "@SUM(1)", "-1+1", "+1+1", "=HYPERLINK(1).ipynb", "\t=1"])
def test_nothing_that_a_spreadsheet_would_compute_is_written(tmp_path, value):
    write_table(tmp_path / "t.csv", [["student"], [value]])
    with (tmp_path / "t.csv").open(newline="", encoding="utf-8-sig") as stream:
        assert list(csv.reader(stream))[1] == ["'" + value]
    assert [row["student"] for _, row in read_table(tmp_path / "t.csv", ("student",))] == [value.strip()] or value[0] == "\t"


def test_tables_have_the_mark_that_spreadsheets_need_and_numbers_stay(tmp_path):
    write_table(tmp_path / "t.csv", [["student", "points"], ["José", "-1.5"]])
    assert (tmp_path / "t.csv").read_bytes() == b"\xef\xbb\xbf" + "student,points\r\nJosé,-1.5\r\n".encode()


@pytest.mark.parametrize(
    "name", ["x" * 251, "a/b", "..", ".", "con", "anna.", "ö" * 200, "a\nb", "=1", "", "\udc80", "日本" * 100]
)
def test_every_name_has_a_file(tmp_path, name):
    (tmp_path / f"{file_name(name)}.html").write_text("x")
    assert [path.name for path in tmp_path.iterdir()] == [f"{file_name(name)}.html"]


def test_other_names_have_other_files():
    names = ["a/b", "a:b", "a_b", "x" * 200, "x" * 201, "anna.", "anna"]
    assert len({file_name(name) for name in names}) == len(names)
    assert file_name("Anna Müller") == "Anna Müller"


def test_folders_of_others_are_never_written_to(tmp_path):
    own_folder(tmp_path / "new", "grades")
    own_folder(tmp_path / "new", "grades")
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "thesis.tex").touch()
    with pytest.raises(CompanionError, match="it holds other files"):
        own_folder(tmp_path / "full", "grades")
    with pytest.raises(CompanionError, match="holds the results of 'grades'; give another folder for 'classroom'"):
        own_folder(tmp_path / "new", "classroom")
    with pytest.raises(CompanionError, match="must be a folder, and is a file"):
        own_folder(tmp_path / "full" / "thesis.tex", "grades")


@pytest.mark.parametrize(("one", "other"), [("a", "a"), ("a", "a/b"), ("a/b", "a"), ("a", "a/../a/c")])
def test_folders_within_each_other_are_refused(tmp_path, one, other):
    with pytest.raises(CompanionError, match="must not lie within each other"):
        refuse_nesting(tmp_path / one, tmp_path / other)
    refuse_nesting(tmp_path / "a", tmp_path / "ab")


def test_a_folder_is_replaced_as_a_whole_or_not_at_all(tmp_path):
    with replace_folder(tmp_path / "x") as folder:
        (folder / "one").touch()
    with pytest.raises(ZeroDivisionError), replace_folder(tmp_path / "x") as folder:
        (folder / "two").touch()
        raise ZeroDivisionError
    assert [path.name for path in tmp_path.iterdir()] == ["x"]
    assert [path.name for path in (tmp_path / "x").iterdir()] == ["one"]


def test_without_the_extra_one_sentence_says_how_to_install_it(monkeypatch, capsys, tmp_path):
    real = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name, *rest: None if name == "bleach" else real(name, *rest))
    with pytest.raises(CompanionError, match="bleach is missing; install the extra with `make classroom`"):
        require_extra()
    assert main(["grade", str(tmp_path), "--assignment", "stieltjes", "--out", str(tmp_path / "out")]) == 2
    assert main(["classroom", "--out", str(tmp_path / "out")]) == 2
    captured = capsys.readouterr().err
    assert captured.count("error: bleach is missing") == 2 and captured.count("\n") == 2
