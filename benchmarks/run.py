"""Speed against the plain way: ``python benchmarks/run.py [NAME ...]`` prints one Markdown table."""

import importlib
import sys

import harness

WINGS = ("random_matrix", "time_scales", "overparametrized")


def main(names):
    """Run the cases whose names contain one of `names`, or all."""
    modules = [importlib.import_module(wing) for wing in WINGS]
    cases = [case for module in modules for case in module.cases()]
    chosen = [case for case in cases if not names or any(name in case.name for name in names)]
    if not chosen:
        sys.exit(f"no case is named like {' or '.join(names)}; there are: {', '.join(case.name for case in cases)}")
    rates = harness.measure_machine()
    print(
        f"One thread does {rates['flops'] / 1e9:.1f} Gflop/s in a matrix product and {rates['exps'] / 1e9:.2f} G "
        "exponentials/s in a bare loop. The limit of a case counts its matrix products and decompositions at the first rate and "
        "its exponentials at the second, and nothing else.\n"
    )
    print(harness.header())
    for case in chosen:
        print(harness.row(case, rates), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
