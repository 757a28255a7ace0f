"""How long a run will take: right where the recorded runs say it, wide where they do not."""

import json
import math

import pytest

from learning_dynamics.companion.commands.cli import main
from learning_dynamics.companion.execution.estimates import COSTS as COSTS_FILE
from learning_dynamics.companion.execution.estimates import START, Known, duration, is_size, read_costs, total
from learning_dynamics.companion.execution.estimates import estimate as estimate_known
from learning_dynamics.companion.records.parameters import Parameter
from learning_dynamics.companion.records.registry import load_registry

from ..chapters import CHAPTERS, PROJECT, knobs

DECLARED = {
    "n": Parameter(name="n", type="int", default=64, help=""),
    "runs": Parameter(name="runs", type="int", default=10, help=""),
    "seed": Parameter(name="seed", type="int", default=5, help=""),
    "c": Parameter(name="c", type="float", default=0.5, help=""),
}


COSTS = [(2.0, {}), (1.0, {"n": 3.0}), (5.0, {"runs": 1.0})]


def estimate(runs, wanted, declared, costs=()):
    return estimate_known(Known(runs=runs, costs=costs), wanted, declared)


def recorded(*points, power=3):
    """Runs whose time is 0.1 (n / 16)^power seconds a run, behind the start."""
    return [({"n": n, "runs": runs}, START + 0.1 * (n / 16) ** power * runs) for n, runs in points]


def test_the_time_of_a_recorded_run_is_its_time():
    found = estimate(recorded((64, 10)), {}, DECLARED)
    assert found.middle == pytest.approx(START + 64)
    assert found.low > (START + 64) / 3 and found.high < (START + 64) * 3


def test_powers_are_learnt_from_runs_that_differ():
    few, many = recorded((64, 10)), recorded(*((n, runs) for n in (32, 64, 128, 256) for runs in (5, 10, 50)))
    wanted = {"n": 512, "runs": 100}
    truth = START + 0.1 * 32**3 * 100
    guess, known = (estimate(runs, wanted, DECLARED) for runs in (few, many))
    assert guess.low < truth < guess.high
    assert known.middle == pytest.approx(truth, rel=0.5)
    assert known.high / known.low < guess.high / guess.low / 5


@pytest.mark.parametrize("power", [0, 1, 2, 3])
def test_the_interval_holds_the_time_for_any_usual_power(power):
    found = estimate(recorded((64, 10), power=power), {"n": 256}, DECLARED)
    assert found.low <= recorded((256, 10), power=power)[0][1] <= found.high


def test_the_further_away_the_wider_and_seeds_cost_nothing():
    width = [
        math.log(found.high / found.low) for found in (estimate(recorded((64, 10)), {"n": n}, DECLARED) for n in (64, 128, 1024))
    ]
    assert width == sorted(width)
    assert estimate(recorded((64, 10)), {"seed": 10**6, "c": 9.0}, DECLARED) == estimate(recorded((64, 10)), {}, DECLARED)


def test_costs_of_cells_add_up():
    found = estimate([], {"n": 256, "runs": 20}, DECLARED, COSTS)
    assert found.middle == pytest.approx(START + 2 + 4**3 + 10)
    assert found.high / found.low < 40, "though nothing was recorded on this machine"


def test_a_recorded_run_says_how_fast_the_machine_is():
    slow = [({}, START + 3 * 8.0)]
    found = estimate(slow, {"n": 256}, DECLARED, COSTS)
    share = 0.5**2 / (
        0.5**2 + 0.3**2 + (0.25 * math.log(4)) ** 2
    )  # of the logarithm, by the variances of machine, time and power
    assert found.middle - START == pytest.approx(3**share * (2 + 4**3 + 5))
    assert found.low < START + 3 * (2 + 4**3 + 5) < found.high


def test_recorded_runs_correct_the_powers():
    truth = [({"n": n}, START + 2 + (n / 64) ** 4 + 5) for n in (64, 128, 256, 512, 1024)]
    few, many = (estimate(runs, {"n": 2048}, DECLARED, COSTS) for runs in (truth[:1], truth))
    right = START + 2 + 32**4 + 5
    assert abs(math.log(many.middle / right)) < abs(math.log(few.middle / right)) / 2
    assert many.high / many.low < few.high / few.low


def costs_of(chapter):
    return json.loads((PROJECT.root / COSTS_FILE).read_text("utf-8"))[chapter]


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_every_chapter_has_costs_in_its_sizes(chapter):
    sizes = {name for name, parameter in knobs(chapter).declared.items() if is_size(parameter)}
    terms = read_costs(PROJECT, chapter)
    assert terms and all(seconds >= 0 and set(powers) <= sizes for seconds, powers in terms)
    assert any(powers for _, powers in terms)


@pytest.mark.parametrize("chapter", CHAPTERS)
def test_the_quick_preset_takes_what_is_estimated_from_the_costs_at_the_defaults(chapter):
    """Measured on its own, up to eight times smaller in up to five sizes."""
    found = estimate([], load_registry().preset(chapter, "quick"), knobs(chapter).declared, read_costs(PROJECT, chapter))
    assert found.low < costs_of(chapter)["quick"] < found.high
    assert found.high / found.low < 20


def test_a_sweep_takes_its_share_of_the_sum_and_at_least_its_longest_run():
    one, ten = (estimate(recorded((64, runs)), {"runs": runs}, DECLARED) for runs in (10, 10000))
    assert total([one] * 6, 2).middle == pytest.approx(3 * one.middle)
    assert total([one, ten], 2).middle == ten.middle


@pytest.mark.parametrize(
    ("seconds", "text"), [(3.14159, "3.1 s"), (119, "120 s"), (150, "2.5 min"), (9000, "2.5 h"), (1e6, "12 days")]
)
def test_times_are_said_in_the_unit_that_fits(seconds, text):
    assert duration(seconds) == text


def test_nothing_runs_but_a_measurement_where_nothing_is_recorded(project, monkeypatch, capsys):
    monkeypatch.chdir(project.root)
    before = sorted(project.root.rglob("*.ipynb"))
    assert main(["rerun", "one/first", "-p", "runs=4", "--estimate"]) == 0
    assert main(["sweep", "one/first", "-p", "runs=1,2", "--estimate", "--workers", "2"]) == 0
    out = capsys.readouterr().out
    assert out.count("no run is recorded here; measuring one with the quick preset") == 2
    assert "one/first: about " in out and "judging by one recorded run" in out
    assert "2 runs, 0 finished before, 2 to run: about " in out
    assert sorted(project.root.rglob("*.ipynb")) == before
    assert not (project.root / "runs").exists()
    assert main(["sweep", "one/first", "-p", "runs=1", "--workers", "1"]) == 0
    capsys.readouterr()
    assert main(["rerun", "one/first", "-p", "runs=4", "--estimate"]) == 0
    assert "measuring" not in (out := capsys.readouterr().out) and "judging by one recorded run" in out
    assert main(["rerun", "one/first", "-p", "runs=11", "--estimate"]) == 2
