"""How long a run will take: right where the recorded runs say it, wide where they do not."""

import math

import pytest

from learning_dynamics.companion.cli import main
from learning_dynamics.companion.estimates import START, duration, estimate, total
from learning_dynamics.companion.parameters import Parameter

DECLARED = {
    "n": Parameter(name="n", type="int", default=64, help=""),
    "runs": Parameter(name="runs", type="int", default=10, help=""),
    "seed": Parameter(name="seed", type="int", default=5, help=""),
    "c": Parameter(name="c", type="float", default=0.5, help=""),
}


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
