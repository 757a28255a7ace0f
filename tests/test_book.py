"""The source of the book: notebooks in the form kept, registry against chapters and labels."""

import ast
import re

import pytest

from learning_dynamics import datasets
from learning_dynamics.companion.base.notebooks import cleaned, read_notebook
from learning_dynamics.companion.base.project import PRESETS
from learning_dynamics.companion.records.parameters import check_values, declared_parameters
from learning_dynamics.companion.records.registry import load_registry

from .chapters import CHAPTERS, PROJECT

REGISTRY = load_registry(PROJECT.book / "registry.yml")
NOTEBOOKS = PROJECT.chapters()
LABEL = re.compile(r"^:(?:label|name): (\S+)|^\((\S+)\)=$", re.MULTILINE)


def cells(name, kind="code"):
    return [cell for cell in read_notebook(PROJECT.notebook(name)).cells if cell.cell_type == kind]


def figures(name):
    return [cell for cell in cells(name) if "mystnb" in cell.metadata]


def labels(name):
    found = {cell.metadata["mystnb"]["figure"]["name"] for cell in figures(name)}
    for cell in cells(name, "markdown"):
        found |= {next(filter(None, match)) for match in LABEL.findall(cell.source)}
    return found


def parameters(name):
    return declared_parameters(read_notebook(PROJECT.notebook(name)))


def test_no_notebook_is_left_out_of_the_table_of_contents():
    found = {path.relative_to(PROJECT.book).with_suffix("").as_posix() for path in PROJECT.book.rglob("*.ipynb")}
    assert found == set(NOTEBOOKS)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_notebooks_are_kept_clean_and_executed(name):
    text = PROJECT.notebook(name).read_text("utf-8")
    notebook = read_notebook(PROJECT.notebook(name))
    assert cleaned(notebook) == notebook
    assert text.endswith("}\n")
    for number, cell in enumerate(cells(name), 1):
        assert cell.execution_count == number
        assert not any(output.output_type == "error" for output in cell.outputs)
    shown = [cell for cell in cells(name) if cell.source.rstrip().endswith(("plt.show()", "()", ")"))]
    assert any(cell.outputs for cell in shown), "the notebook was never executed"


@pytest.mark.parametrize("name", CHAPTERS)
def test_first_code_cell_declares_checked_parameters(name):
    assert "parameters" in cells(name)[0].metadata.tags
    for parameter in parameters(name).values():
        assert parameter.help, parameter.name
        if parameter.type != "bool":
            assert parameter.allowed, parameter.name
        check_values({parameter.name: parameter.default}, parameters(name))


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_figure_is_registered_captioned_and_described(name):
    for cell in figures(name):
        mystnb = cell.metadata["mystnb"]
        entry = REGISTRY.entry(mystnb["figure"]["name"])
        assert (entry.kind, entry.chapter) == ("figure", name)
        assert "hide-input" in cell.metadata.tags
        assert len(mystnb["figure"]["caption"].split()) >= 4
        assert len(mystnb["image"]["alt"].split()) >= 15
        assert mystnb["image"]["classes"] == "dark-light"
        assert f'record(\n    "{entry.id}"' in cell.source or f'record("{entry.id}"' in cell.source
        assert ".title(" not in cell.source and "set_title" not in cell.source and "title=" not in cell.source


def test_every_chapter_has_an_opening():
    assert list(REGISTRY.openings) == CHAPTERS


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_begins_with_its_result_in_one_sentence(name):
    title, result, *_ = cells(name, "markdown")[0].source.split("\n\n")
    assert title.startswith("# ")
    assert re.fullmatch(r"\*\*[^*]+[.]\*\*", result)
    assert len(re.findall(r"[.?!](?=\s|\*)", result)) == 1
    assert not re.search(r"\d", re.sub(r"\$[^$]*\$", "", result)), "a number stands where it is computed"


@pytest.mark.parametrize("name", CHAPTERS)
def test_captions_say_first_what_to_see(name):
    for cell in figures(name):
        assert re.match(r"\*\*[^*]+[.]\*\* \S", cell.metadata["mystnb"]["figure"]["caption"])


@pytest.mark.parametrize("name", CHAPTERS)
def test_code_is_folded_and_prints_nothing(name):
    for cell in cells(name):
        assert not re.search(r"\bprint\(", cell.source)
        if len(cell.source.splitlines()) > 2:
            assert {"parameters", "hide-input", "remove-input"} & set(cell.metadata.tags)


@pytest.mark.parametrize("entry", REGISTRY.entries, ids=lambda entry: entry.id)
def test_every_entry_is_a_label_of_its_chapter(entry):
    assert entry.chapter in NOTEBOOKS
    assert entry.id in labels(entry.chapter)


@pytest.mark.parametrize("entry", REGISTRY.entries, ids=lambda entry: entry.id)
def test_every_check_exists(entry):
    if entry.check == "chapter":
        code = "\n".join(cell.source for cell in cells(entry.chapter))
        assert f'AgreementTable("{entry.id}"' in code or f'AgreementTable(\n    "{entry.id}"' in code
    elif entry.check:
        path, _, name = entry.check.partition("::")
        tree = ast.parse((PROJECT.root / path).read_text("utf-8"))
        assert name in {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("entry", REGISTRY.entries, ids=lambda entry: entry.id)
def test_references_hold_at_the_defaults_of_the_chapter(entry):
    defaults = {name: parameter.default for name, parameter in parameters(entry.chapter).items()}
    for name, value in entry.at.items():
        assert defaults[name] == value
    for reference in entry.references:
        assert reference.tolerance > 0
        assert reference.source
        assert reference.checked


@pytest.mark.parametrize("entry", [entry for entry in REGISTRY.entries if entry.references], ids=lambda entry: entry.id)
def test_every_reference_value_is_judged_in_a_table_or_read_by_the_chapter(entry):
    code = "\n".join(cell.source for cell in cells(entry.chapter))
    tables = "\n".join(
        output.data["text/markdown"]
        for cell in cells(entry.chapter)
        for output in cell.outputs
        if "text/markdown" in output.get("data", {})
    )
    read_as_data = f'entry("{entry.id}").references' in "".join(code.split("\n")).replace(" ", "")
    assert read_as_data or all(f"| {reference.quantity} |" in tables for reference in entry.references)


def test_every_published_figure_has_an_entry():
    found = {(entry.paper, entry.published) for entry in REGISTRY.entries if entry.published is not None}
    assert found == set(datasets.PRECISION)


@pytest.mark.parametrize(
    "entry", [entry for entry in REGISTRY.entries if entry.published is not None], ids=lambda entry: entry.id
)
def test_published_curves_are_drawn(entry):
    code = re.sub(r"\s", "", "".join(cell.source for cell in cells(entry.chapter))).replace(",)", ")")
    assert f'published_figure("{entry.paper}",{entry.published})' in code
    figure = next(cell for cell in figures(entry.chapter) if cell.metadata["mystnb"]["figure"]["name"] == entry.id)
    assert "PUBLISHED" in code
    assert re.search(r'"paper\b', figure.source), "the paper's curve has a place in the legend"


@pytest.mark.parametrize("name", CHAPTERS)
def test_no_stored_table_disagrees_without_an_explanation(name):
    for cell in cells(name):
        for output in cell.outputs:
            lines = output.get("data", {}).get("text/markdown", "").splitlines()
            assert not [line for line in lines if "disagrees (" in line]


@pytest.mark.parametrize("chapter", CHAPTERS)
@pytest.mark.parametrize("preset", [preset for preset in PRESETS if preset != "paper"])
def test_presets_are_legal_and_change_something(chapter, preset):
    values = REGISTRY.preset(chapter, preset)
    declared = parameters(chapter)
    assert values
    check_values(values, declared)
    assert all(declared[name].default != value for name, value in values.items())


def test_presets_are_of_known_chapters():
    assert set(REGISTRY.presets) <= set(CHAPTERS)


@pytest.mark.parametrize("name", CHAPTERS)
def test_every_chapter_has_its_parts(name):
    text = "\n".join(cell.source for cell in cells(name, "markdown"))
    for heading in ("## What you need to know first", "## What to notice", "## Use your own", "## Exercises"):
        assert heading in text, heading
    exercises = re.findall(r"\{exercise(?:-start)?\}", text)
    solutions = re.findall(r"\{solution(?:-start)?\} \S+\n:class: dropdown", text)
    assert len(exercises) == len(solutions) >= 2


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_no_page_names_a_place_outside_the_book(name):
    text = PROJECT.notebook(name).read_text("utf-8")
    assert not re.search(r"/(?:tmp|work|root|home)/", text)
