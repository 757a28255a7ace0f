"""What the cells of each chapter cost as functions of its sizes: ``PYTHONPATH=lib python -m benchmarks.costs [CHAPTER ...]`` writes ``book/costs.json``.

Let nothing else run beside it. Each run is a process of its own, and times are those of the processor, all threads together.  The seconds of a cell are measured
at the chapter's defaults; its powers from the quick preset, by making one size three times as large at a time (or as small, where
the chapter refuses more).  The seconds of the whole quick preset are stored for the tests: nothing is derived from them.
"""

import itertools
import json
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from learning_dynamics.companion.execution.estimates import COSTS, START, is_size
from learning_dynamics.companion.records.registry import load_registry
from tests.chapters import CHAPTERS, PROJECT, fitting, knobs, run

FACTOR = 3
RESOLVED = 0.03
"""Seconds that are lost in the noise; they are added before times are compared."""

LEAST_POWER, LARGEST_POWER = 0.3, 4.0


def cell_seconds(chapter, values):
    """Processor seconds of each code cell in a fresh process: a list."""
    command = [sys.executable, "-m", "benchmarks.costs", "--cells", chapter, json.dumps(values)]
    done = subprocess.run(command, cwd=PROJECT.root, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def _print_cells(chapter, values):
    marks = []
    with tempfile.TemporaryDirectory() as folder:
        run(chapter, values, Path(folder), after_cell=lambda: marks.append(time.process_time()))
    print(json.dumps([round(after - before, 3) for before, after in itertools.pairwise(marks)]))


def changed_size(chapter, values, name):
    """The quick preset with one size three times as large, or else as small, as the chapter accepts it; None where it accepts neither."""
    base = values.get(name, knobs(chapter).declared[name].default)
    for size in (base * FACTOR, base * 2, base // FACTOR, base // 2):
        changed = fitting(chapter, values | {name: max(size, 1)})
        if changed[name] != base and not knobs(chapter).refusal(changed):
            return changed
    return None


def power(before, after, ratio):
    """The exponent with which a time grows, in tenths; 0 where it hardly does."""
    found = math.log((max(after, 0) + RESOLVED) / (max(before, 0) + RESOLVED)) / math.log(ratio)
    return round(min(found, LARGEST_POWER), 1) if found >= LEAST_POWER else 0.0


def measured_costs(chapter):
    """The entry of a chapter in the file of costs."""
    declared, quick = knobs(chapter).declared, load_registry().preset(chapter, "quick")
    usual, small = cell_seconds(chapter, {}), cell_seconds(chapter, quick)
    powers = [{} for _ in usual]
    for name in (name for name, parameter in declared.items() if is_size(parameter)):
        changed = changed_size(chapter, quick, name)
        if changed is None:
            continue
        ratio = changed[name] / quick.get(name, declared[name].default)
        for found, before, after in zip(powers, small, cell_seconds(chapter, changed), strict=True):
            if exponent := power(before, after, ratio):
                found[name] = exponent
    return {"quick": round(START + sum(small), 1), "terms": _together(zip(usual, powers, strict=True))}


def _together(cells):
    """The costs of cells as (seconds, powers), those with the same powers added up."""
    sums = {}
    for seconds, powers in cells:
        key = tuple(sorted(powers.items()))
        sums[key] = sums.get(key, 0) + seconds
    return [[round(seconds, 2), dict(key)] for key, seconds in sums.items()]


def _written(costs):
    """The file of costs, a line for each term."""
    chapters = []
    for name, entry in costs.items():
        terms = ",\n".join(f"   {json.dumps(term)}" for term in entry["terms"])
        chapters.append(f' {json.dumps(name)}: {{"quick": {entry["quick"]}, "terms": [\n{terms}]}}')
    return "{\n" + ",\n".join(chapters) + "\n}\n"


def main(chapters):
    """Measure some chapters, or all, and write the file after each."""
    path = PROJECT.root / COSTS
    for chapter in chapters or CHAPTERS:
        found = json.loads(path.read_text("utf-8")) if path.exists() else {}
        found[chapter] = measured_costs(chapter)
        ordered = {name: found[name] for name in CHAPTERS if name in found}
        path.write_text(_written(ordered), "utf-8")
        print(f"{chapter}: measured", flush=True)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--cells"]:
        _print_cells(sys.argv[2], json.loads(sys.argv[3]))
    else:
        main(sys.argv[1:])
