"""What a teacher wants to know of a class: points by task, typical mistakes, answers that are alike; and tables for learning platforms."""

import ast
import re
from collections import Counter
from itertools import combinations
from statistics import fmean, median

from .judge import NO_ANSWER
from .parameters import normalized
from .tables import write_table

SMALLEST = 40
FEW = 6
MOST_PAIRS = 60
NUMBER = re.compile(r"-?\d+(\.\d+)?(e[+-]?\d+)?")


def statistics(assignment, grades):
    """Points of a class as Markdown: of all, and of each task with what was said most often.

    Parameters
    ----------
    assignment : Assignment
    grades : list of Grade

    Returns
    -------
    str
    """
    there = [each for each in grades if any(said != "" for said in each.says.values()) or each.total]
    lines = [f"# {assignment.title}: statistics", "", f"{len(grades)} submissions, {len(there)} of them with an answer."]
    if there:
        totals = [each.total for each in there]
        lines.append(f"Points so far: mean {fmean(totals):.1f}, median {median(totals):g}, of {assignment.points:g}.")
    lines += [
        "",
        "| task | of | mean | full points | no answer yet | open | said most often |",
        "| :-- | --: | --: | --: | --: | --: | :-- |",
    ]
    return "\n".join([*lines, *(_task_row(task, there) for task in assignment.tasks)]) + "\n"


def _task_row(task, grades):
    values = [each.points[task.id] for each in grades]
    given = [value for value in values if value is not None]
    mean = f"{fmean(given):.2f}" if given else ""
    full = f"{100 * sum(value == task.points for value in given) / len(given):.0f} %" if given else ""
    said = Counter(NUMBER.sub("…", each.says.get(task.id, "")) for each in grades)
    unanswered = said.pop(NO_ANSWER, 0)
    said.pop("", None)
    most = "; ".join(f"{_plain(text)} ({count}×)" for text, count in said.most_common(2))
    return f"| `{task.id}` | {task.points:g} | {mean} | {full} | {unanswered} | {values.count(None)} | {most} |"


def _plain(text):
    return re.sub(r"[|`<>\[\]\\*_]", " ", text)[:120]


def fingerprints(sources):
    """What is left of pieces of code without names, texts in words, comments and layout; of those that are long enough to mean something.

    Parameters
    ----------
    sources : iterable of str

    Returns
    -------
    set of str
    """
    found = set()
    for source in sources:
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
        if sum(1 for _ in ast.walk(tree)) >= SMALLEST:
            found.add(ast.dump(_Nameless().visit(tree)))
    return found


class _Nameless(ast.NodeTransformer):
    """Numbers the names of a piece of code in their order, and drops its texts."""

    def __init__(self):
        self.names = {}

    def _name(self, name):
        return f"n{self.names.setdefault(name, len(self.names))}"

    def visit_Name(self, node):
        """Number a name."""
        return ast.Name(self._name(node.id), node.ctx)

    def visit_arg(self, node):
        """Number an argument."""
        return ast.arg(self._name(node.arg), None)

    def visit_FunctionDef(self, node):
        """Number a function."""
        node.name = self._name(node.name)
        return self.generic_visit(node)

    def visit_Constant(self, node):
        """Drop texts."""
        return ast.Constant("") if isinstance(node.value, str) else node


def alike(codes, known, own=()):
    """Pairs of students with code that few others have, as Markdown.

    Parameters
    ----------
    codes : dict
        Fingerprints by student.
    known : set of str
        Fingerprints of what was handed out.
    own : set of str
        Fingerprints of the master's answers.

    Returns
    -------
    str
    """
    owners = {}
    for student, prints in codes.items():
        for each in prints - known:
            owners.setdefault(each, []).append(student)
    pairs = Counter()
    for students in owners.values():
        if len(students) <= FEW:
            pairs.update(combinations(sorted(students), 2))
    lines = [
        "",
        "## Answers that are alike",
        "",
        "Code cells that are the same but for names, texts and layout, and that at most",
    ]
    lines[-1] += f" {FEW} students have. Equal code may have an innocent cause; ask."
    lines += ["", "| students | | cells |", "| :-- | :-- | --: |"]
    lines += [f"| {_plain(one)} | {_plain(other)} | {count} |" for (one, other), count in pairs.most_common(MOST_PAIRS)]
    large = {each: students for each, students in owners.items() if len(students) > FEW}
    lines += ["", f"{len(large)} more cells are shared by larger groups."] if large else []
    same = [student for student, prints in sorted(codes.items()) if prints & set(own)]
    if same:
        lines += ["", f"Cells that are the master's but for names: {', '.join(_plain(student) for student in same)}."]
    return "\n".join(lines) + "\n"


def same_numbers(grades, numbers):
    """Students who gave the same numbers to a task, which are wrong for one of them at least, as Markdown.

    Parameters
    ----------
    grades : list of Grade
    numbers : dict
        By student and task, texts of the numbers that were given, see `judge.given_numbers`.

    Returns
    -------
    str
        Numbers that more than a few have are left out: they are a common mistake.
    """
    points = {each.student: each.points for each in grades}
    givers = {}
    for student, tasks in numbers.items():
        for task, texts in tasks.items():
            for text in texts:
                givers.setdefault((text, task), []).append(student)
    shared = {key: students for key, students in givers.items() if 1 < len(students) <= FEW}
    found = {}
    for (text, task), students in shared.items():
        wrong = [student for student in students if points[student][task] == 0]
        if wrong:
            found.setdefault((text, tuple(sorted(students))), set()).update(wrong)
    lines = [
        "",
        "## The same numbers",
        "",
        "Numbers that agree to six digits and are wrong for one of those who gave them at least. Everybody has parameters of their own.",
    ]
    lines += ["", "| students | wrong for | number |", "| :-- | :-- | :-- |"]
    for (text, students), wrong in sorted(found.items())[:MOST_PAIRS]:
        lines.append(f"| {', '.join(map(_plain, students))} | {', '.join(map(_plain, sorted(wrong)))} | {_plain(text)} |")
    return "\n".join(lines) + "\n"


def write_uploads(folder, assignment, grades, roster):
    """Write tables that Moodle and Canvas import, with a line for everybody in the roster; an open mark leaves the points empty.

    Parameters
    ----------
    folder : Path
    assignment : Assignment
    grades : list of Grade
    roster : Roster
    """
    found = {normalized(each.student): each for each in grades}
    moodle = [["ID number", "Full name", "Email address", assignment.title, "Feedback"]]
    canvas = [
        ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", assignment.title],
        ["Points Possible", "", "", "", "", f"{assignment.points:g}"],
    ]
    for row in roster.rows:
        grade = found.get(normalized(row["identifier"]))
        points = "" if grade is None or grade.open else f"{grade.total:g}"
        notes = "" if grade is None else "; ".join(f"{task}: {said}" for task, said in grade.says.items() if said)
        moodle.append([row["identifier"], row.get("name", ""), row.get("email", ""), points, notes])
        names = [
            row.get("name", ""),
            row.get("canvas", ""),
            row["identifier"],
            row.get("login", row.get("email", "")),
            row.get("section", ""),
        ]
        canvas.append([*names, points])
    write_table(folder / "moodle.csv", moodle)
    write_table(folder / "canvas.csv", canvas)
