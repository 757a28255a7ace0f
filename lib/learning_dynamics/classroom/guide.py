"""The guide for teachers, written from what the assignments say of themselves."""

from .parameters import RANGES

INTRODUCTION = """# Assignments: guide for teachers

Two assignments for each of the three papers. Each comes as a notebook for students, in `student/`. Its master, with solutions
and hidden checks, is `classroom/<name>/<name>.ipynb` in the repository.

{overview}

## Step by step

1. **Hand out** the notebooks in `student/`. Students need the library, which the notebooks import, and something that opens notebooks:
   a clone of the repository with `make setup-classroom`, then `source .venv/bin/activate` and `jupyter lab`.
2. A student writes the identifier under which the work is handed in into the cell below *Your parameters*. All parameters follow from it.
   Agree on the identifiers beforehand: student numbers, for instance. Upper and lower case do not matter.
3. **Collect** one folder a student, named by the identifier: `submissions/<identifier>/<name>.ipynb`. Folders as nbgrader and most
   learning platforms make them, `submissions/<identifier>/<name>/<name>.ipynb`, are read too.
4. **Grade**, in the repository, with its environment active:

   ```
   python -m learning_dynamics grade submissions --assignment stieltjes --out graded
   ```

   One line a student is printed. `graded/grades.csv` holds the points by task, `graded/feedback/<identifier>.html` is the page for the
   student, `graded/graded/<identifier>.ipynb` the executed notebook.
5. **Mark by hand** what the column "to mark" names: write points, and a comment if you like, into `graded/marks.csv`, with the rubric
   below, and grade again. The marks are entered in the table and on the feedback pages; they are never overwritten. A row
   with any other task overrules the automatic points of that task.

## What is checked, and what is not

- Functions are checked at the student's own parameters, at others, and at corner cases. Numbers are checked at the student's own
  parameters, within the tolerance that the notebook states. Every check is worth its own points, so an answer can earn a part.
- **Parameters come from the name of the folder**, not from the cell that a student can edit. Numbers that were passed on belong
  to other parameters and earn nothing: these are the tasks called *personal* below. The table names every notebook that
  works with another's parameters.
- **Code can be passed on**: a correct function is correct at every parameter. What the parameters protect are numbers and
  interpretation. If you need more, ask the student to explain a line.
- **The library is public, and so are the masters.** A cell that names one of the library's functions that the assignment asks
  for is not run, and the feedback says why. Copying the library's source text under another name is not detected.
- Hidden checks appear in the feedback pages. Hand the pages out after the deadline. Each is one file and needs no network.
- A notebook runs on your machine with your rights. Grade in a container or under an account of its own if that is a concern.
- A cell may run for 60 seconds (`--timeout`), a notebook for five times as long. After that it is interrupted, and the
  cells that follow still count. Warnings never cost points.
- Deleted, doubled, moved or edited cells of the assignment are put back as they were handed out, with the student's answers in
  them. A notebook of another name is found by its cells. An empty or broken file earns 0 and is named in the table.
"""

ASSIGNMENT = """
## {title}

`{name}` · {paper} · about {minutes} minutes · {points:g} points

Read first: {chapters}.

Learning goals:

{goals}

| task | points | marked | personal | what it asks |
| :-- | --: | :-- | :-- | :-- |
{tasks}

{parameters}

Rubric for what is marked by hand (a good answer stands in the master):

{rubric}

Typical wrong answers, and what they earn of the {automatic:g} points that are given automatically:

| answer | earns |
| :-- | --: |
{mistakes}
"""


def guide(assignments):
    """The guide as Markdown.

    Parameters
    ----------
    assignments : dict of Assignment by name

    Returns
    -------
    str
    """
    head = ["| assignment | paper | minutes | points |", "| :-- | :-- | --: | --: |"]
    rows = [f"| {each.title} (`{each.name}`) | {each.paper} | {each.minutes} | {each.points:g} |" for each in assignments.values()]
    parts = [INTRODUCTION.format(overview="\n".join(head + rows))]
    return "".join(parts + [_section(each) for each in assignments.values()])


def _section(assignment):
    automatic = sum(task.points for task in assignment.tasks if not task.by_hand)
    return ASSIGNMENT.format(
        title=assignment.title,
        name=assignment.name,
        paper=assignment.paper,
        minutes=assignment.minutes,
        points=assignment.points,
        chapters=", ".join(assignment.chapters),
        goals=_listed(assignment.goals),
        tasks="\n".join(
            f"| `{task.id}` | {task.points:g} | {'by hand' if task.by_hand else 'automatically'} "
            f"| {'yes' if task.id in assignment.personal else ''} | {assignment.about[task.id]} |"
            for task in assignment.tasks
        ),
        parameters=_parameters(assignment.name),
        rubric="\n".join(f"`{task}`:\n\n{_listed(lines)}\n" for task, lines in assignment.rubric.items()),
        automatic=automatic,
        mistakes="\n".join(
            f"| {mistake.says} | {automatic - lost(assignment, mistake):g} |" for mistake in assignment.mistakes
        ),
    )


def lost(assignment, mistake):
    """The automatic points that a typical wrong answer loses."""
    points = {task.id: task.points for task in assignment.tasks}
    return sum(points[task] for task in mistake.loses)


def _parameters(name):
    ranges = ", ".join(f"`{key}` {low:g} to {high:g} in steps of {step:g}" for key, (low, high, step) in RANGES[name].items())
    return f"Parameters drawn from the identifier: {ranges}."


def _listed(lines):
    return "\n".join(f"- {line}" for line in lines)
