"""The box below a chapter's parameters: its fields, its commands, and its script against the command line, both ways."""

import json
import random
import re
import shlex

import nbformat
import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner
from papermill.cli import papermill
from py_mini_racer import MiniRacer

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.notebooks import read_source
from learning_dynamics.companion.base.project import PRESETS
from learning_dynamics.companion.commands.cli import _parser
from learning_dynamics.companion.pages.links import binder_address
from learning_dynamics.companion.records.parameters import (
    FUNCTIONS,
    Need,
    complete,
    declared_needs,
    declared_parameters,
    parse_assignments,
    require_needs,
)
from learning_dynamics.companion.records.registry import load_registry
from learning_dynamics.companion.site.page_formulas import page_formula
from learning_dynamics.companion.site.run_box import SCRIPT, box_content, run_box
from learning_dynamics.companion.site.run_commands import as_text, papermill_command, quoted, rerun_command
from learning_dynamics.companion.site.text_pages import source_as_html

from ..chapters import CHAPTERS, PROJECT

REGISTRY = load_registry(PROJECT.book / "registry.yml")
SAFE_WORD = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.=+/-]*|\"[^\"$`\\!\n]*\"|-[-A-Za-z]+")
"""A word that a POSIX shell and PowerShell take as it stands."""

CELL = """\
runs: int = 50  # independent draws; in [1, 100]
sigma2: float = 0.1  # variance; in [0, inf)
c: float = 0.5  # ratio < 1; in (0, 50]
below: float = -3.0  # level in decibel; in [-40, 10]
free: float = 1.0
count: int = 3
flow: bool = False  # the limit of small steps
sizes: list[int] = [32, 64]  # dimensions; in [8, 512]
rates: list[float] = [0.1]
decades: int = 14  # smallest power; in {12, 14, 16}
dynamics: str = "gd"  # how to move; in {gd, flow}
title: str = "a b"
names: list[str] = ["a", "b"]
# needs runs * c <= 25: few runs
# needs runs % 2 == 0: an even number
# needs normal_quantile(c) < 3: a small quantile
"""


def notebook(cell):
    return nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell, metadata={"tags": ["parameters"]})])


DECLARED, NEEDS = declared_parameters(notebook(CELL)), declared_needs(notebook(CELL))
CONTENT = box_content("one/first", DECLARED, NEEDS, {"paper": {}, "quick": {"runs": 4, "sizes": [8]}})
DEFAULTS = {name: as_text(one.default) for name, one in DECLARED.items()}


def chapter_box(chapter):
    """Declarations, rules, presets and HTML of a chapter's box."""
    source = read_source(PROJECT.notebook(chapter))
    presets = {preset: REGISTRY.preset(chapter, preset) for preset in PRESETS}
    declared, needs = declared_parameters(source), declared_needs(source)
    return declared, needs, presets, run_box(chapter, declared, needs, presets, ["Take it."])


@pytest.fixture(scope="module")
def script():
    """Call a function of the script in an engine without a page."""
    engine = MiniRacer()
    engine.eval((PROJECT.book / "_assets" / SCRIPT).read_text("utf-8") + ";0")

    def call(function, *arguments):
        texts = ", ".join(json.dumps(argument) for argument in arguments)
        return json.loads(engine.eval(f"JSON.stringify(runBox.{function}({texts}) ?? null)"))

    yield call
    engine.close()


# ---- what stands on the page


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_fields_are_the_declared_parameters(chapter):
    declared, _needs, presets, text = chapter_box(chapter)
    page = BeautifulSoup(text, "html.parser")
    rows = [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in page.select("tbody tr")]
    assert rows == [[one.name, as_text(one.default), one.allowed, one.help] for one in declared.values()]
    content = json.loads(page.script.string)
    assert [one["name"] for one in content["parameters"]] == list(declared)
    for preset, changes in presets.items():
        texts = [f"{name}={value}" for name, value in content["presets"][preset].items()]
        assert parse_assignments(texts, declared) == changes
    assert page.details.find("summary") and not page.details.has_attr("open")
    ids = [tag["id"] for tag in page.find_all(id=True)]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_rule_is_translated_or_left_to_the_command(chapter):
    _, needs, _, text = chapter_box(chapter)
    page = BeautifulSoup(text, "html.parser")
    content = json.loads(page.script.string)
    shown = [rule.get_text() for rule in page.select(".rules li")]
    assert len(shown) == len(needs) == len(content["needs"])
    for need, words, entry in zip(needs, shown, content["needs"]):
        translated = entry["formula"] is not None
        assert words == (need.words if translated else f"the command checks: {need.words}")
        assert translated is ("normal_quantile" not in need.formula)


def test_a_chapter_without_parameters_has_no_box():
    assert run_box("one/first", {}, [], {}, []) == ""


def test_help_and_ranges_are_text_and_no_markup():
    declared = declared_parameters(notebook("a: int = 1  # below <b> & </script>; in [1, 2]"))
    page = BeautifulSoup(run_box("one/first", declared, [Need(formula="a < 2", words="</script>")], {}, []), "html.parser")
    assert page.select_one("#run-a-help").get_text() == "below <b> & </script>"
    assert page.find("b") is None and len(page.find_all("script")) == 1
    assert json.loads(page.script.string)["needs"][0]["words"] == "</script>"


def test_where_the_source_is_had_from():
    assert source_as_html("https://a.org/b/c", "x.zip") == (
        '<a href="https://a.org/b/c">a clone of the repository</a> (<code>git clone https://a.org/b/c</code>)'
    )
    assert source_as_html("", "../x.zip").startswith('<a href="../x.zip" download>a copy of the source</a> (unpack it')
    assert source_as_html("", "") == "a clone of the repository"
    on_github = "https://github.com/owner/name"
    assert binder_address(on_github, "new/way", "book/a/b.ipynb") == (
        "https://mybinder.org/v2/gh/owner/name/new%2Fway?labpath=book/a/b.ipynb"
    )
    assert binder_address("https://a.org/b/c", "main", "book/a/b.ipynb") == binder_address("", "main", "x") == ""


# ---- commands, read back


def drawn(parameter, rng):
    """A value of a parameter's type and range."""
    if parameter.type.startswith("list["):
        return [_drawn_item(parameter, parameter.type[5:-1], rng) for _ in range(rng.randint(1, 4))]
    return _drawn_item(parameter, parameter.type, rng)


def _drawn_item(parameter, kind, rng):
    if kind == "bool":
        return rng.random() < 0.5
    if parameter.allowed.startswith("{"):
        chosen = rng.choice([item.strip() for item in parameter.allowed[1:-1].split(",")])
        return int(chosen) if kind == "int" else chosen
    if kind == "str":
        return rng.choice(["a", "two words", "it's", "50 %", "12", "True", "[1]", "-x", "a;b", "é"])
    low, high = (float(edge) for edge in parameter.allowed[1:-1].split(",")) if parameter.allowed else (-1e6, 1e6)
    high = min(high, 1e6)
    if kind == "int":
        return rng.choice([int(low), int(high), rng.randint(int(low), int(high))])
    inside = [rng.uniform(low, high), low + (high - low) * 10 ** -rng.uniform(0, 9), 1e-5, 1e-7]
    return rng.choice([value for value in inside if low < value < high])


def draws(declared, seed):
    rng = random.Random(seed)
    return {name: drawn(one, rng) for name, one in declared.items() if rng.random() < 0.6}


def read_by_the_command_line(command, declared):
    """Chapter, preset and values that the project's own parser reads from a command."""
    words = shlex.split(command)
    assert words[:3] == ["python", "-m", "learning_dynamics"]
    options = _parser().parse_args(words[3:])
    return options.chapter, options.preset, parse_assignments(options.assignments, declared)


def read_by_papermill(command, monkeypatch):
    """What papermill takes from a command: the notebook, the folder and the values."""
    taken = {}
    monkeypatch.setattr("papermill.cli.execute_notebook", lambda **options: taken.update(options))
    words = shlex.split(command)
    assert words[0] == "papermill"
    done = CliRunner().invoke(papermill, words[1:], catch_exceptions=False)
    assert done.exit_code == 0
    return taken["input_path"], taken["cwd"], taken["parameters"]


@pytest.mark.parametrize("declared", [DECLARED, *(chapter_box(chapter)[0] for chapter in CHAPTERS)])
def test_commands_are_read_back_as_the_same_values(declared, monkeypatch):
    for seed in range(15):
        changes = draws(declared, seed)
        preset = PRESETS[seed % 3]
        command = rerun_command("one/first", preset, changes)
        assert read_by_the_command_line(command, declared) == ("one/first", preset, changes)
        other = papermill_command("one/first", changes)
        place, folder, values = read_by_papermill(other, monkeypatch)
        assert (place, folder, values) == ("book/one/first.ipynb", "book/one", changes)
        assert all(type(values[name]) is type(value) for name, value in changes.items())
        for text in (command, other):
            assert "".join(re.findall(rf"(?:{SAFE_WORD.pattern})(?: |$)", text)) == text


def test_commands_name_what_differs():
    assert rerun_command("one/first", "paper", {}) == "python -m learning_dynamics rerun one/first"
    assert rerun_command("a/b", "quick", {"n": 2, "sizes": [8, 9], "below": -2.0}) == (
        'python -m learning_dynamics rerun a/b --preset quick -p n=2 -p "sizes=8,9" -p below=-2.0'
    )
    assert papermill_command("a/b", {"n": 2, "sizes": [8, 9], "below": -2.0, "flow": True, "rates": [1e-5], "word": "x y"}) == (
        'papermill book/a/b.ipynb mine.ipynb --cwd book/a -p n 2 -y "sizes: [8, 9]" -p below "-2.0" -p flow True '
        '-y "rates: [1.0e-05]" -r word "x y"'
    )


def test_what_no_quotes_protect_is_refused():
    with pytest.raises(CompanionError, match="must do without signs that shells read differently"):
        quoted("it's $5")


# ---- the script says what the command line says

TEXTS = {
    "int": ["7", "010", "+7", "1_0", " 8 ", "-0", "0", "101", "2.5", "1e3", "ten", "", "0x10", "٤", "−5", "1__0", "--1", "9" * 400,
            "9" * 4300, "9" * 4301, "[" * 99, "it's", '"', "'\"", "\\", "\u200b", "\u2028x", "\xa07\x1f", "\ufeff7", "é" * 70, "😀" * 70, "12", "16"],
    "float": ["1", "1e-3", ".5", "5.", "+1E-2", "-0", "0123", "1_0.0_1", "inf", "-Infinity", "nan", "1e400", "1e-400", "1e16", "1e15",
              "123456789012345678", "0.0001", "0.00001", "1e22", "1.5e-7", "50", "50.1", "-40", "-41", "yes", "1e", "0x1", "1,5", "1 2",
              "", "_1", "1_", "1__0", "1e1_0", "۱", "9" * 400, "0.1" * 40],
    "bool": ["true", "Yes", "OFF", "1", "", "maybe", "True", "İ"],
    "list[int]": ["8", "8,16", "[8,16]", "[010, 32]", "[]", "[8,", "8,,9", "8,x", "8,4", "[[8]]", "600", "[", "]", ""],
    "list[float]": ["1, 2e-1", "[1e-5,3]", "nan", "x", "1,inf", "0.1,,"],
    "str": ["gd", "flow", "jump", "", " gd ", "a b", "it's", "it's $1", '"', "tab\tin", "é" * 70],
    "list[str]": ["a", "[a, b]", "a,,b", "12"],
}  # fmt: skip


@pytest.mark.parametrize("name", DECLARED)
def test_a_typed_value_gets_the_sentence_of_the_command_line(script, name):
    parameter = DECLARED[name]
    for text in TEXTS[parameter.type]:
        said = script("checked", next(one for one in CONTENT["parameters"] if one["name"] == name), text)
        try:
            value = parse_assignments([f"{name}={text}"], DECLARED)[name]
            quoted(as_text(value))
            expected = None
        except CompanionError as error:
            expected = str(error)
        assert said.get("error") == expected, text
        if expected is None:
            found = said["value"]
            assert ",".join(item["text"] for item in found.get("items", [found])) == as_text(value), text


def test_the_commands_of_the_script_are_those_of_the_library(script):
    for seed in range(60):
        changes = draws(DECLARED, seed)
        for preset in CONTENT["presets"]:
            chosen = DEFAULTS | CONTENT["presets"][preset] | {name: as_text(value) for name, value in changes.items()}
            now = script("assessed", CONTENT, chosen)
            assert now["errors"] == {}
            values = complete(parse_assignments([f"{name}={text}" for name, text in chosen.items()], DECLARED), DECLARED)
            base = complete(
                parse_assignments([f"{k}={text}" for k, text in CONTENT["presets"][preset].items()], DECLARED), DECLARED
            )
            defaults = complete({}, DECLARED)
            assert script("commands", CONTENT, now["values"], preset) == {
                "rerun": rerun_command("one/first", preset, {k: v for k, v in values.items() if v != base[k]}),
                "papermill": papermill_command("one/first", {k: v for k, v in values.items() if v != defaults[k]}),
            }


def legal_values(declared, rng):
    """All parameters: defaults, ends of ranges and values between them."""
    return {name: one.default if rng.random() < 0.3 else drawn(one, rng) for name, one in declared.items()}


def broken_rules(needs, values):
    """For each rule the sentence of the command line, or None where it holds."""
    sentences = []
    for need in needs:
        try:
            require_needs(values, [need])
            sentences.append(None)
        except CompanionError as error:
            sentences.append(str(error))
    return sentences


@pytest.mark.parametrize("chapter", [name for name in CHAPTERS if chapter_box(name)[1]])
def test_rules_hold_on_the_page_where_they_hold_for_the_command(script, chapter):
    declared, needs, presets, _ = chapter_box(chapter)
    content, seen = box_content(chapter, declared, needs, presets), set()
    for seed in range(150):
        values = complete(legal_values(declared, random.Random(seed)), declared)
        said = script("assessed", content, {name: as_text(value) for name, value in values.items()})
        assert said["errors"] == {}
        expected = broken_rules(needs, values)
        for k, need in enumerate(content["needs"]):
            if need["formula"] is not None:
                assert said["broken"][k] == expected[k]
                seen.add((k, expected[k] is None))
    left = [k for k, need in enumerate(content["needs"]) if need["formula"] is None]
    assert len(seen) == 2 * (len(needs) - len(left)), "each rule is seen to hold and to be broken"


FORMULAS = (
    "a % b == r", "a // b < c", "-a % b > 0", "(a - b) // 3 == -2", "a ** 2 >= b ** 0.5 and not a > b", "a < b <= r + 2 or c > 1",
    "max(a, b, c) - min(a, 2) > +b", "sqrt(a - b) >= 0", "a / (b - 2) > 1", "b < 3 or 1 / (b - 3) > 0", "10 ** (c * 300) > 1",
    "c % 0.3 < 0.1", "c // 0.1 == 9", "a", "a * 1000000 * b < 12000000", "sqrt(max(a / b, b / a)) < 1.5", "0 ** a == 1",
    "b ** -1 < 0.4",
)  # fmt: skip


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_means_the_same_to_the_script(script, formula):
    tree = page_formula(formula)
    assert tree is not None
    outcomes = set()
    rng = random.Random(1)
    for _ in range(60):
        values = {"a": rng.randint(0, 9), "b": rng.randint(1, 6), "c": round(rng.uniform(-2, 2), 2), "r": rng.randint(0, 2)}
        expected = not any(broken_rules([Need(formula=formula, words=formula)], values))
        assert script("holds", tree, values) is expected, values
        outcomes.add(expected)
    assert outcomes == {True, False}


@pytest.mark.parametrize(
    "formula",
    ["normal_quantile(a) < 1", "a < 'x'", "a == True", "a << 2 > 1", "~a > 1", "max(a) < 1", "a < 9007199254740993", "sqrt(a, b) > 1",
     "max(a, key=b) > 1", "a in b", "a @ b > 1", "a < None", "a < 1j"],
)  # fmt: skip
def test_what_a_page_cannot_compute_is_left_to_the_command(formula):
    assert page_formula(formula) is None


def test_a_tree_reads_as_its_formula():
    assert page_formula("2 * n < m") == ["<", ["*", 2, "n"], "m"]
    assert page_formula("a < b <= 1 or not c == 2.5") == [
        "or",
        ["and", ["<", "a", "b"], ["<=", "b", 1]],
        ["not", ["==", "c", 2.5]],
    ]
    assert set(FUNCTIONS) - {"max", "min", "sqrt"} == {"normal_quantile"}, "a new function is translated, or left to the command"
