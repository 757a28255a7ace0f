"""The page *How to check us* and the counts on other pages, from recorded rows."""

import json

import pytest

from learning_dynamics.companion.pages import checking
from learning_dynamics.companion.pages.build_page import certificate_link
from learning_dynamics.companion.pages.links import link_to_test, named_tests, with_linked_tests
from learning_dynamics.companion.records.agreement import AgreementTable
from learning_dynamics.companion.records.recording import EXECUTED_VARIABLE
from learning_dynamics.companion.records.verdicts import counts_in_words
from learning_dynamics.companion.site.text_pages import COUNTS, finished

FUNCTIONS = ("counts", "false_alarms", "powers", "known_disagreements", "reasons")


def filled():
    table = AgreementTable("fig-first")
    table.row("good | fine", theory=1.0, simulation=1.01, standard_error=0.01, draws=5)
    table.row("found", theory=1.0, simulation=2.0, standard_error=0.01, known="corrections: Figure 1")
    table.row("bad", theory=1.0, simulation=2.0, standard_error=0.01)
    table.row("shown", theory=1.0, not_judged="leading order only")
    return table.curve("line", published=[1.0, 2.0], simulation=[1.0, 2.1], p_value=0.3)


@pytest.fixture
def recorded(project, monkeypatch):
    """A build of the small book whose first chapter has recorded one row of each sort."""
    monkeypatch.chdir(project.book)
    folder = project.results("one/first", "quick")
    folder.mkdir(parents=True)
    content = {"fig-first": {"entry": "fig-first", "rows": filled().as_records(), "data": []}}
    (folder / "fig-first.json").write_text(json.dumps(content["fig-first"]))
    monkeypatch.setenv(EXECUTED_VARIABLE, str(project.build / "executed" / "quick"))
    return content


def test_verdicts_are_counted_by_kind_and_word(recorded):
    text = checking.counts().data
    assert "| theory against simulation | 1 | 1 | 1 | 1 |" in text
    assert "| against the paper | 1 | 0 | 0 | 0 |" in text
    assert "1 of the rows are whole curves of a paper, with 2 points" in text


def test_false_alarms_are_summed(recorded):
    text = checking.false_alarms().data
    assert "4 rows of this build could disagree by chance" in text
    assert "0.017 of them would be expected to" in text
    assert "0.016 of that comes from the 1 rows with at most 10 draws" in text
    assert "2 rows do not say how many draws they have" in text


def test_the_sharpest_row_of_each_figure_is_named(recorded):
    assert "| {numref}`fig-first` | good \\| fine | 4 % | 100 % |" in checking.powers().data


def test_known_disagreements_say_where_they_are_explained(recorded):
    lines = checking.known_disagreements().data.splitlines()
    assert "| {numref}`fig-first` | found | theory against simulation | corrections: Figure 1 |" in lines
    assert not any("| bad |" in line for line in lines)


def test_reasons_are_counted(recorded):
    assert "| leading order only | 1 |" in checking.reasons().data


@pytest.mark.parametrize("name", FUNCTIONS)
def test_outside_a_build_the_page_says_so(project, monkeypatch, name):
    monkeypatch.chdir(project.book)
    monkeypatch.delenv(EXECUTED_VARIABLE, raising=False)
    assert "these pages come from none" in getattr(checking, name)().data
    assert "these pages come from none" in certificate_link().data


class TestMutations:
    """The table of errors that were put in on purpose."""

    HEAD = "name,error,entry,chapter,preset,caught,caught_by,rows,regression_rows,reason,seconds,digest\n"

    def test_without_a_stored_result_the_page_says_so(self, project, monkeypatch):
        monkeypatch.chdir(project.book)
        assert "have not been put in" in checking.mutations().data

    def test_a_miss_is_shown_with_its_reason_or_in_bold(self, project, monkeypatch):
        monkeypatch.chdir(project.book)
        rows = [
            "one,E times 1.02,fig-first,one/first,quick,yes,row,3,0,,1,a",
            "two,a sign,fig-first,one/first,paper,no,,0,0,too small,1,b",
            "three,a | b,fig-first,one/first,quick,no,,0,0,,1,c",
        ]
        (project.book / checking.MUTATIONS).write_text(self.HEAD + "\n".join(rows) + "\n")
        text = checking.mutations().data
        assert "1 of 3 tries were noticed" in text
        assert "| E times 1.02 | {numref}`fig-first` | quick | yes: 3 verdict(s) turn |" in text
        assert "| a sign | {numref}`fig-first` | paper | no: too small |" in text
        assert "| a \\| b | {numref}`fig-first` | quick | **no** |" in text


def test_counts_tell_findings_from_failures(recorded):
    words = counts_in_words(recorded["fig-first"]["rows"])
    assert words == (
        "theory against simulation: 1 agrees, 1 disagrees as explained, 1 disagrees, 1 not judged; against the paper: 1 agrees"
    )


def test_plain_pages_get_counts_and_links(recorded):
    page = f"See `tests/one/test_two.py::test_three` and `tests/conftest.py`.\n\n{COUNTS}\n"
    text = finished(page, recorded, "quick")
    assert "{download}`tests/one/test_two.py::test_three </book/_data/tests/one/test_two.py>`" in text
    assert "- theory against simulation: 1 agrees, 1 disagrees as explained" in text
    assert COUNTS not in text
    assert finished("Nothing.", {}, "quick") == "Nothing."


def test_tests_are_found_in_pages_and_in_the_registry():
    text = "`tests/a/test_b.py::TestC::test_d`, `lib/e.py`\n    check: tests/f/test_g.py::test_h\n"
    assert {path.as_posix() for path in named_tests(text)} == {"tests/a/test_b.py", "tests/f/test_g.py"}
    assert with_linked_tests("`lib/e.py`") == "`lib/e.py`"
    assert link_to_test("tests/f/test_g.py::test_h") == "{download}`tests/f/test_g.py::test_h </book/_data/tests/f/test_g.py>`"
