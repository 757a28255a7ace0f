"""Chapters in plain Python: their code cells one after the other, with parameters of one's own, and what a reader would see.

``python -m tests.chapters CHAPTER [name=value …]`` runs one, at the small sizes of `SMALL`.
"""

import ast
import contextlib
import io
import json
import math
import os
import random
import re
import sys
from dataclasses import dataclass
from functools import cache
from itertools import islice

import matplotlib
import matplotlib.pyplot as plt

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.notebooks import read_source
from learning_dynamics.companion.base.project import REGISTRY_PAGES, find_project
from learning_dynamics.companion.records.parameters import (
    check_values,
    complete,
    declared_needs,
    declared_parameters,
    parse_assignments,
    require_needs,
)
from learning_dynamics.companion.records.recording import RESULTS_VARIABLE

PROJECT = find_project(__file__.rsplit("/tests/", 1)[0])
CHAPTERS = [name for name in PROJECT.chapters() if name not in REGISTRY_PAGES]
NO_NUMBER = re.compile(r"(?<![A-Za-z_])(nan|inf|NaN|Infinity)(?![A-Za-z_])")
"""What a page must not show; an infinite or undefined value of a table stands there as ∞ or in words."""

SMALL = {  # sizes at which a chapter runs in seconds, where its own ranges allow it
    "random_matrix/setting": dict(p=64, n=128, runs=2, t_max=100),
    "random_matrix/spectrum": dict(p=64, n=128, spectrum_draws=16, draws=2, runs=2, concentration_runs=16),
    "random_matrix/performance": dict(
        p=64, n=128, runs=2, doubling_runs=50, table_runs=10, count_runs=30, t_max=50, smallest_p=8
    ),
    "random_matrix/early_stopping": dict(p=64, n=128, points=5, runs=2, smallest_p=8, doubling_runs=50),
    "random_matrix/least_squares": dict(
        p=64,
        n=128,
        p_square=128,
        t_max=100,
        runs=2,
        square_runs=2,
        count_runs=30,
        smallest_p=8,
        doubling_runs=50,
        end_n=40,
        end_runs=2,
    ),
    "random_matrix/mnist": dict(n=100, t_max=54, runs=2, literal_runs=2, lookalike_runs=2),
    "random_matrix/minibatch": dict(p=64, n=128, t_max=100, runs=10),
    "random_matrix/anisotropic": dict(
        p=64, n=128, t_max=100, runs=10, digit_points=100, digit_runs=2, patch_points=40, patch_runs=5
    ),
    "random_matrix/beyond": dict(p=32, n=64, t_max=100, runs=2, smallest_p=8, doubling_runs=50),
    "time_scales/setting": dict(m=10, largest_m=40, draws=5),
    "time_scales/learning_order": dict(m=10, samples=50),
    "time_scales/stages": dict(m=10, decades=12, samples=11),
    "time_scales/where_the_order_fails": dict(m=10, values=4, largest_nodes=8, degree=50),
    "time_scales/finite_networks": dict(doublings=3, largest_m=40, draws=3, sgd_m=10, sgd_d=50, sgd_runs=3),
    "overparametrized/setting": dict(n=10, widest=16000, runs=4, draws=2),
    "overparametrized/minimum_norm": dict(n=10, width=400, epochs=1000, runs=2),
    "overparametrized/conventions": dict(n=10, width=200, epochs=1000, runs=2, draws=3),
    "overparametrized/generalisation": dict(draws=2, largest_n=64, fresh=50, net_n=5, widest=4096, epochs=1000, runs=2),
    "overparametrized/bounds": dict(n=10, widest=8192, flow_width=256, runs=2, repeats=3, draws=2),
    "overparametrized/beyond": dict(widest=10000, epochs=1000, runs=2, flow_width=400, switch_width=3200, lazy_width=800),
    "overparametrized/constant": dict(widest=3200, epochs=1000, runs=2, samples=64),
    "bridge/regimes": dict(n=100, m=40, runs=2, epochs=40, fresh=500),
    "bridge/explorers": dict(checks=5, m=10, widest=1000, runs=2),
}

CAPS = {  # what only costs time: a walk goes up to here; counts of draws are all alike
    "t_max": 600, "points": 9, "smallest_p": 16, "end_n": 80, "m": 100, "largest_m": 80, "samples": 100, "degree": 200,
    "largest_nodes": 20, "widest": 32000, "width": 2000, "epochs": 2000, "largest_n": 160, "fresh": 2000, "flow_width": 1024,
    "switch_width": 6400, "lazy_width": 1600, "checks": 7, "sgd_m": 20, "sgd_d": 100, "n": 1024, "p": 1024, "p_square": 1024,
}  # fmt: skip
MULTIPLE = re.compile(r"(?P<name>\w+) % (?P<of>\d+) == 0")
DRAWS = re.compile(r"runs|draws|repeats|(.*)_(runs|draws)")
MOST_DRAWS_MORE = 3


@dataclass(frozen=True, kw_only=True)
class Knobs:
    """What a chapter declares: parameters by name, and what it needs of them together."""

    declared: dict
    needs: list

    def refusal(self, values):
        """The sentence that refuses some values, the others at their defaults; empty if they are accepted."""
        try:
            chosen = complete(check_values(values, self.declared), self.declared)
            require_needs(chosen, self.needs)
        except CompanionError as error:
            return str(error)
        return ""

    @property
    def steps(self):
        """Name of a parameter → of what it must be a multiple."""
        matches = (MULTIPLE.fullmatch(need.formula) for need in self.needs)
        return {match["name"]: int(match["of"]) for match in matches if match}


@cache
def knobs(chapter):
    """The `Knobs` of a chapter."""
    notebook = read_source(PROJECT.notebook(chapter))
    return Knobs(declared=declared_parameters(notebook), needs=declared_needs(notebook))


def ends(parameter):
    """The values at the ends of a parameter's range, or all of a set; an end that is left out has no value."""
    if parameter.allowed.startswith("{"):
        return [_typed(parameter, item) for item in parameter.allowed[1:-1].split(",")]
    low, high = parameter.allowed[1:-1].split(",")
    kept = [low] * (parameter.allowed[0] == "[") + [high] * (parameter.allowed[-1] == "]")
    return [_typed(parameter, end) for end in kept]


def _typed(parameter, text):
    return {"int": int, "float": float}[parameter.type](text.strip())


def anywhere(rng, parameter):
    """A value in a parameter's range, its logarithm uniform where the range is wide."""
    values = ends(parameter)
    if parameter.allowed.startswith("{"):
        return rng.choice(values)
    low, high = (float(edge) for edge in parameter.allowed[1:-1].split(","))
    wide = low > 0 and high > 20 * low
    value = math.exp(rng.uniform(math.log(low), math.log(high))) if wide else rng.uniform(low, high)
    return min(max(round(value), math.ceil(low)), math.floor(high)) if parameter.type == "int" else value


def drawn_points(chapter, *, seed, at_ends=0.0):
    """Random points of a chapter without end, whether they go together or not; `at_ends` is the share of values at an end of their range."""
    rng, declared = random.Random(f"{chapter} {seed}"), knobs(chapter).declared

    def value(parameter):
        at_end = at_ends and rng.random() < at_ends and ends(parameter)
        return rng.choice(ends(parameter)) if at_end else anywhere(rng, parameter)

    while True:
        yield {name: value(parameter) for name, parameter in declared.items()}


def fitting(chapter, values):
    """The same values, brought down to the multiples that the chapter needs."""
    steps = knobs(chapter).steps
    return {name: value - value % steps[name] if name in steps else value for name, value in values.items()}


def accepted_points(chapter, *, seed, count, fixed=(), tries=4000):
    """Random points of a chapter that it accepts, with some values fixed: at most `count` dictionaries."""
    drawn = (fitting(chapter, values) | dict(fixed) for values in islice(drawn_points(chapter, seed=seed), tries))
    return list(islice((values for values in drawn if not knobs(chapter).refusal(values)), count))


def capped(chapter, values):
    """The same values with what only costs time cut down; parities and multiples of the range's least value stay."""
    least = {name: ends(parameter)[0] for name, parameter in knobs(chapter).declared.items()}
    return {name: _capped(name, value, least[name]) for name, value in values.items()}


def _capped(name, value, least):
    if DRAWS.fullmatch(name):
        return min(value, least + MOST_DRAWS_MORE)
    return min(value, max(CAPS.get(name, value), least))


@dataclass(frozen=True, kw_only=True)
class Page:
    """What a run left: text as a reader sees it, and alternative texts."""

    text: str
    alts: str

    @property
    def no_numbers(self):
        """The lines that hold a number that is none."""
        return [line for line in (self.text + "\n" + self.alts).splitlines() if NO_NUMBER.search(line)]


def run(chapter, values, results, after_cell=lambda: None):
    """Run all code cells of a chapter in this process, with figures drawn, and return the `Page`.

    Parameters
    ----------
    chapter : str
    values : dict
        Set after the cell of parameters, as papermill does.
    results : Path
        Folder to record into.
    after_cell : callable, optional
        Called without arguments after each code cell.
    """
    shown, variables = io.StringIO(), {"__name__": "__main__"}
    before, here = os.environ.get(RESULTS_VARIABLE), os.getcwd()
    os.environ[RESULTS_VARIABLE] = str(results)
    os.chdir(PROJECT.notebook(chapter).parent)
    backend = matplotlib.get_backend()
    matplotlib.use("Agg")
    try:
        with contextlib.redirect_stdout(shown):
            for cell in read_source(PROJECT.notebook(chapter)).cells:
                if cell.cell_type == "code":
                    shown.write(f"{_shown(_run_cell(cell.source, variables))}\n")
                    if "parameters" in cell.metadata.get("tags", []):
                        variables.update(values)
                    after_cell()
    finally:
        plt.close("all")
        matplotlib.use(backend)
        os.chdir(here)
        os.environ.pop(RESULTS_VARIABLE)
        if before is not None:
            os.environ[RESULTS_VARIABLE] = before
    recorded = [json.loads(path.read_text("utf-8")) for path in sorted(results.glob("*.json"))]
    return Page(text=shown.getvalue(), alts="\n".join(content["alt"] for content in recorded))


def _run_cell(source, variables):
    """Run a cell; the value of its last line, with all figures drawn once."""
    statements = ast.parse(source)
    last = statements.body.pop() if isinstance(statements.body[-1], ast.Expr) else None
    exec(compile(statements, "<cell>", "exec"), variables)
    value = eval(compile(ast.Expression(last.value), "<cell>", "eval"), variables) if last else None
    for number in plt.get_fignums():
        figure = plt.figure(number)
        figure.set_dpi(20)
        figure.canvas.draw()
    plt.close("all")
    return value


def _shown(value):
    for way in ("_repr_markdown_", "_repr_html_"):
        if hasattr(value, way):
            return getattr(value, way)()
    return "" if value is None else repr(value)


def main(chapter, *assignments):
    """Run one chapter and print what it shows."""
    import tempfile
    from pathlib import Path

    own = knobs(chapter)
    values = SMALL[chapter] | parse_assignments(assignments, own.declared)
    sentence = own.refusal(values)
    if sentence:
        raise SystemExit(sentence)
    with tempfile.TemporaryDirectory() as folder:
        page = run(chapter, values, Path(folder))
    print(page.text, page.alts, *page.no_numbers, sep="\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
