"""Following a figure back to the functions of the library behind it."""

import nbformat
import pytest

from learning_dynamics.companion.pages.provenance import functions_behind

IMPORTS = (
    "import numpy as np\nimport matplotlib.pyplot as plt\n"
    "from learning_dynamics.part import f, g, h as other\nfrom learning_dynamics.companion import record"
)


def behind(*sources):
    cells = [nbformat.v4.new_code_cell(source) for source in (IMPORTS, *sources)]
    cells[-1].metadata["mystnb"] = {"figure": {"name": "fig-a"}}
    names = functions_behind(nbformat.v4.new_notebook(cells=cells))["fig-a"]
    return [name.removeprefix("learning_dynamics.part.") for name in names]


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        (["plt.plot(f(1))"], ["f"]),
        (["x = f(1)\ny = g(2)", "plt.plot(x)"], ["f"]),
        (["x = f(1)", "y = g(x)", "plt.plot(y)\nrecord('fig-a')"], ["f", "g"]),
        (["x = f(1)\nx = other(2)", "plt.plot(x)"], ["h"]),
        (["x = f(1)\nx += g(2)", "plt.plot(x)"], ["f", "g"]),
        (["rows = []\nfor k in range(3):\n    rows.append(f(k))", "plt.plot(rows)"], ["f"]),
        (["found = {}\nfound['a'] = f(1)\nfound['b'] = g(2)", "plt.plot(found['a'])"], ["f", "g"]),
        (["t = f(1)\nx = [g(t) for t in range(3)]", "plt.plot(x)"], ["g"]),
        (["ax = f(1)", "fig, ax = plt.subplots()\nax.plot([1])"], []),
        (["t = f(1)", "for t in range(3):\n    plt.plot(t)"], []),
        (["for t in f(1):\n    last = t", "plt.plot(last)"], ["f"]),
        (["plt.plot(g(1))", "x = f(1)", "plt.plot(x)"], ["f"]),
        (["print(g(1))", "plt.plot(1)\nprint(2)"], []),
        (["%matplotlib inline\nx = f(1)", "plt.plot(x)"], ["f"]),
    ],
)
def test_finds_what_the_data_went_through_and_nothing_else(sources, expected):
    assert behind(*sources) == expected


def test_what_comes_after_the_figure_does_not_count():
    cells = [nbformat.v4.new_code_cell(source) for source in (IMPORTS, "x = f(1)", "plt.plot(x)", "x = g(1)")]
    cells[2].metadata["mystnb"] = {"figure": {"name": "fig-a"}}
    assert functions_behind(nbformat.v4.new_notebook(cells=cells)) == {"fig-a": ["learning_dynamics.part.f"]}
