"""The command ``python -m tests.mutations``."""

import argparse
import sys
from pathlib import Path

from learning_dynamics.companion.base.errors import CompanionError
from learning_dynamics.companion.base.project import find_project

from .catalogue import TABLE, load_catalogue, read_table, write_table
from .runner import Runner

KEPT = "_build/mutations"


def main(arguments=None):
    """Run the command and return its exit status: 0, 1 where an error is missed without a reason, 2 where one could not be tried."""
    options = _parser().parse_args(arguments)
    try:
        return _list() if options.list else _run(options)
    except CompanionError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\ninterrupted: what has run is kept, the same command goes on from there.", file=sys.stderr)
        return 130


def _parser():
    parser = argparse.ArgumentParser(
        prog="python -m tests.mutations",
        description=f"Put errors into copies of the library, run the chapters, and write book/{TABLE}.",
    )
    parser.add_argument("--list", action="store_true", help="show the list of errors and run nothing")
    parser.add_argument(
        "--only", metavar="NAME", nargs="+", default=[], help="run these errors; the other rows of the table stay"
    )
    parser.add_argument("--workers", type=int, metavar="N", help="runs at a time (default: one a processor)")
    parser.add_argument("--keep", type=Path, metavar="DIR", help=f"folder for what the runs record (default: {KEPT})")
    parser.add_argument("--dry", action="store_true", help="leave the table as it is")
    return parser


def _list():
    for mutation in load_catalogue().mutations:
        where = ", ".join(f"{entry} ({preset})" for entry, preset in mutation.entries.items())
        print(f"{mutation.name}: {mutation.error}\n    {mutation.file}; {where}")
    return 0


def _run(options):
    project = find_project()
    catalogue = load_catalogue()
    runner = Runner(project, options.keep or project.root / KEPT, workers=options.workers, say=_say)
    rows, problems = runner.run(catalogue.chosen(options.only))
    missed = [row for row in rows if row["caught"] == "no" and not row["reason"]]
    needless = [row for row in rows if row["caught"] == "yes" and row["reason"]]
    if not options.dry:
        write_table(project, _merged(catalogue, read_table(project), rows))
    print(f"{len(rows)} errors tried, {sum(row['caught'] == 'yes' for row in rows)} caught.")
    for row in missed:
        print(f"missed: {row['name']}, by {row['entry']} in {row['chapter']} ({row['preset']})")
    for row in needless:
        print(f"caught, although a reason for missing it is given: {row['name']}, by {row['entry']}")
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    return 2 if problems else int(bool(missed or needless))


def _merged(catalogue, old, new):
    """The table in the order of the list: new rows, and old ones where there are none."""
    rows = {(row["name"], row["entry"]): row for row in [*old, *new]}
    keys = [(mutation.name, entry) for mutation in catalogue.mutations for entry in mutation.entries]
    return [rows[key] for key in keys if key in rows]


def _say(line):
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())
