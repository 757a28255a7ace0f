"""The page *How to check us*: what this build's verdicts are worth, counted from its records."""

import csv
from collections import Counter

from IPython.display import Markdown

from learning_dynamics.companion.base.numerals import number
from learning_dynamics.companion.base.project import find_project
from learning_dynamics.companion.pages.build_page import NOT_BUILT
from learning_dynamics.companion.pages.claims import cell, executed_folder, recorded_results, table, wide
from learning_dynamics.companion.pages.links import entry_link
from learning_dynamics.companion.records.chances import chance_of_a_false_alarm, expected_false_alarms, sharpest
from learning_dynamics.companion.records.registry import load_registry
from learning_dynamics.companion.records.verdicts import (
    AGREES,
    COMPARISONS,
    DISAGREES,
    EXPLAINED,
    NOT_JUDGED,
    count_verdicts,
    is_judged,
)

MUTATIONS = "mutations.csv"
NOT_TRIED = Markdown(
    "The errors have not been put in for this copy of the book. `python -m tests.mutations` does it, in the repository; it takes a while."
)
WORDS = (AGREES, EXPLAINED, DISAGREES, NOT_JUDGED)
FEW_DRAWS = 10


def _rows(recorded):
    return [row for content in recorded.values() for row in content["rows"]]


def counts():
    """A table of all verdicts of this build: kinds of comparison against words."""
    recorded = recorded_results()
    if not recorded:
        return NOT_BUILT
    found = count_verdicts(_rows(recorded))
    lines = [(COMPARISONS[kind], *(str(counter[word]) for word in WORDS)) for kind, counter in found.items()]
    curves = [row for row in _rows(recorded) if row["points"]]
    points = sum(row["points"] for row in curves)
    return Markdown(
        "\n".join(
            [
                f"Preset: `{executed_folder().name}`. {len(curves)} of the rows are whole curves of a paper, with {points} points.",
                "",
                *table(("comparison", *WORDS), lines, (":--", *["--:"] * len(WORDS))),
            ]
        )
    )


def false_alarms():
    """In words: how many false alarms to expect among all judged rows of this build, and where they would come from."""
    recorded = recorded_results()
    if not recorded:
        return NOT_BUILT
    judged = [row for row in _rows(recorded) if chance_of_a_false_alarm(row)]
    few = [row for row in judged if row["draws"] and row["draws"] <= FEW_DRAWS]
    unsaid = [row for row in judged if row["standard_error"] and not row["draws"] and row["p_value"] is None]
    total, share = expected_false_alarms(judged), expected_false_alarms(few)
    text = (
        f"{len(judged)} rows of this build could disagree by chance. If every theory of the book were exactly right, and its simulations "
        f"without bias, {number(total, 2)} of them would be expected to. "
        f"{number(share, 2)} of that comes from the {len(few)} rows with at most {FEW_DRAWS} draws, whose standard errors are themselves "
        f"uncertain; {len(unsaid)} rows do not say how many draws they have, and are taken as having many."
    )
    return Markdown(text)


def powers():
    """A table of the figures with a theory: the sharpest row of each, and how surely it notices an error of 10 %."""
    recorded = recorded_results()
    if not recorded:
        return NOT_BUILT
    lines = [
        _power(entry, recorded[entry.id]["rows"])
        for entry in load_registry().entries
        if entry.kind == "figure" and any(row["theory"] is not None for row in recorded.get(entry.id, {"rows": []})["rows"])
    ]
    columns = ("figure", "sharpest row", "error noticed in half of all cases", "error of 10 % noticed")
    return wide(table(columns, lines, (":--", ":--", "--:", "--:")))


def _power(entry, rows):
    best = sharpest(rows)
    if not best:
        return entry_link(entry), _without_simulation(rows), "—", "—"
    return entry_link(entry), cell(best.quantity), f"{number(100 * best.half, 2)} %", f"{number(100 * best.power, 3)} %"


def _without_simulation(rows):
    """What a figure's theory is held against where no row compares it with a simulation."""
    judged = [row for row in rows if row["reference_of"] == "theory" and is_judged(row["against_reference"])]
    kinds = dict.fromkeys(COMPARISONS[row["reference_kind"]] for row in judged)
    return f"no simulation; the theory is judged {', '.join(kinds)}" if kinds else "no simulation"


def known_disagreements():
    """A table of the rows whose disagreement is a finding, and where each is explained."""
    recorded, registry = recorded_results(), load_registry()
    if not recorded:
        return NOT_BUILT
    lines = [
        (entry_link(registry.entry(entry)), cell(row["quantity"]), _disagrees_with(row), cell(row["known"]))
        for entry, content in recorded.items()
        for row in content["rows"]
        if row["known"] and DISAGREES in (row["against_reference"], row["against_simulation"])
    ]
    if not lines:
        return Markdown("None in this build.")
    return wide(table(("where", "row", "what disagrees", "explained in"), lines))


def _disagrees_with(row):
    pairs = ((row["against_simulation"], "simulation"), (row["against_reference"], row["reference_kind"]))
    return ", ".join(COMPARISONS[kind] for verdict, kind in pairs if verdict == DISAGREES)


def reasons():
    """A table of the reasons why rows of this build are not judged, and how often each is given."""
    recorded = recorded_results()
    if not recorded:
        return NOT_BUILT
    given = [verdict for row in _rows(recorded) for verdict in (row["against_reference"], row["against_simulation"])]
    found = Counter(verdict.partition(": ")[2] for verdict in given if verdict and not is_judged(verdict))
    if not found:
        return Markdown("Every row of this build is judged.")
    return wide(table(("reason", "verdicts"), [(cell(why), str(n)) for why, n in found.most_common()], (":--", "--:")))


def mutations():
    """A table of the errors that were put into the library on purpose, and the tables that noticed them."""
    path = find_project().book / MUTATIONS
    if not path.exists():
        return NOT_TRIED
    with path.open(newline="", encoding="utf-8") as stream:
        tried = list(csv.DictReader(stream))
    known = load_registry().by_id
    lines = [
        (cell(row["error"]), entry_link(known[row["entry"]]), row["preset"], _outcome(row))
        for row in tried
        if row["entry"] in known
    ]
    caught = sum(row["caught"] == "yes" for row in tried)
    head = f"{caught} of {len(tried)} tries were noticed by the table of the figure or claim that must notice them."
    return wide([head, "", *table(("error", "who must notice", "preset", "noticed"), lines)])


def _outcome(row):
    if row["caught"] == "yes":
        return f"yes: {row['rows']} verdict(s) turn"
    return f"no: {cell(row['reason'])}" if row["reason"] else "**no**"
